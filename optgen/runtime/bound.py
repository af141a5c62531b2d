"""The short way for a bound solver: code tied to its arrays, called without looking at anything again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optgen.ir.program import Phase
from optgen.runtime.code import Code, Prepared, prepare
from optgen.runtime.drive import CHUNK_SECONDS, TRACE_BYTES, Pace, Run, capped, completed, converged
from optgen.runtime.inputs import Binding
from optgen.runtime.outcome import lets_of, states_of
from optgen.runtime.result import Result, Status

COPIED_BYTES = 1 << 26  # inputs larger than this are not copied: such a solve gains nothing here


@dataclass(frozen=True, slots=True)
class Plan:
    """setup, advance and finish on shared arrays: what one writes the next one reads.

    `inputs` are the plan's own copies of `binding.arrays`.
    """

    code: Code
    binding: Binding
    inputs: list[np.ndarray]
    setup: Prepared
    advance: Prepared
    finish: Prepared


def plan(code: Code, binding: Binding, pace: Pace, run: Run) -> Plan | None:
    """The plan of a solve like `run`; None if it is long or the backend cannot tie code to arrays"""
    if len(code.program.phases) != 1 or run.total * pace.seconds.get(0, 1.0) > CHUNK_SECONDS:
        return None
    if (
        binding.steps * pace.bytes.get(0, 0) > TRACE_BYTES
        or sum(array.nbytes for array in binding.arrays) > COPIED_BYTES
    ):
        return None
    inputs = [array.copy() for array in binding.arrays]
    setup = prepare(code.setup, binding.dims, inputs)
    if setup is None:
        return None
    width = len(code.program.states)
    ends = [np.array(0, np.int64), np.array(binding.steps, np.int64)]
    advance = prepare(code.advances[0], binding.dims, [*inputs, *setup.outputs, *ends])
    if advance is None:
        return None
    finish = prepare(code.finishes[0], binding.dims, [*inputs, *advance.outputs[: width + 1]])
    return None if finish is None else Plan(code, binding, inputs, setup, advance, finish)


def replay(plan: Plan, binding: Binding) -> Result | None:
    """Solve by the plan, with the binding's inputs; None if it needs the long way (other sizes, a failure)."""
    if binding is plan.binding:
        return _solve(plan)
    if binding.dims != plan.binding.dims or binding.steps != plan.binding.steps:
        return None
    changed = [k for k, array in enumerate(binding.arrays) if array is not plan.binding.arrays[k]]
    for k in changed:
        np.copyto(plan.inputs[k], binding.arrays[k])
    result = _solve(plan)
    for k in changed:
        np.copyto(plan.inputs[k], plan.binding.arrays[k])
    return result


def _solve(plan: Plan) -> Result | None:
    started = time.perf_counter()
    plan.setup()
    plan.advance()
    outputs = plan.advance.outputs
    program = plan.code.program
    width = len(program.states)
    if not outputs[width + 1] or outputs[width + 3]:  # not finite, or failed
        return None
    plan.finish()
    final = plan.finish.outputs
    phase = program.phases[0]
    count = outputs[width].item()
    status, reason = _verdict(phase, count, plan.binding.steps, outputs[width + 2].item(), final[0].item())
    traces = _traces(phase, count, outputs[width + 4 :], final) if phase.records else {}
    states = states_of(program, [state.copy() for state in outputs[:width]], plan.binding)
    lets, objective = lets_of(program, 0, [value.copy() for value in final])
    return Result(program.name, states, status, reason, count, time.perf_counter() - started, traces, lets, objective)


def _verdict(phase: Phase, count: int, steps: int, ended: int, stop: int) -> tuple[Status, str]:
    if ended:
        return "converged", converged(count, phase.untils[ended - 1].reason)
    if stop:
        return "converged", converged(count, phase.stops[stop - 1].reason)
    return ("completed", completed(count)) if count < steps else ("max_steps", capped(count, phase))


def _traces(phase: Phase, count: int, made: Sequence[np.ndarray], final: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Copies of the rows reached; records outside the step end with the entry at the last states."""
    traces = {}
    place = 1
    for record, trace in zip(phase.records, made, strict=True):
        rows = np.empty((count + (not record.inner), *trace.shape[1:]), trace.dtype)
        rows[:count] = trace[:count]
        if not record.inner:
            rows[count] = final[place]
            place += 1
        traces[record.name] = rows
    return traces
