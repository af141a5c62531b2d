"""The short way for solves of a few steps: code tied to its arrays, called again without looking at anything.

A plan is made after a solve that was short enough; later solves of the same sizes copy what changed into its inputs,
call three pieces of machine code and copy the outcome.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optgen.ir.program import Phase
from optgen.runtime.code import Code, Prepared, prepare, prepare_phase
from optgen.runtime.drive import CHUNK_SECONDS, TRACE_BYTES, Pace, capped, completed, converged
from optgen.runtime.inputs import Binding
from optgen.runtime.outcome import states_of
from optgen.runtime.result import Result, Status

COPIED_BYTES = 1 << 26  # inputs larger than this are not copied: such a solve gains nothing here

Named = tuple[tuple[str, np.ndarray], ...]
Trace = tuple[str, np.ndarray, np.ndarray | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """setup, advance and finish on shared arrays: what one writes the next one reads.

    `inputs` are the plan's own arrays, with the values of the arrays in `last[0]`; arrays of the binding that are
    `steady` never change, so they need not be copied again.  What the code leaves behind is named once: `states`,
    `count`, `finite`, `ended`, `failed`, `traces` (with the array of the last entry of a record outside the step),
    `stop`, `lets`, `objective`.  One solve at a time: `lock`.
    """

    code: Code
    binding: Binding
    inputs: list[np.ndarray]
    last: list[list[np.ndarray]]
    steady: tuple[bool, ...]
    setup: Prepared
    advance: Prepared
    finish: Prepared
    states: Named
    structured: bool
    count: np.ndarray
    finite: np.ndarray
    ended: np.ndarray
    failed: np.ndarray
    traces: tuple[Trace, ...]
    stop: np.ndarray
    lets: Named
    objective: np.ndarray | None
    lock: Any = field(default_factory=threading.Lock)


def plan(code: Code, binding: Binding, pace: Pace, steady: tuple[bool, ...]) -> Plan | None:
    """The plan of a solve; None if that can take long or the backend cannot tie code to arrays.

    `steady` says which arrays of the binding nobody else can change.
    """
    if len(code.program.phases) != 1 or binding.steps * pace.seconds.get(0, 1.0) > CHUNK_SECONDS:
        return None
    held = binding.steps * pace.bytes.get(0, 0)
    if held > TRACE_BYTES or sum(array.nbytes for array in binding.arrays) > COPIED_BYTES:
        return None
    inputs = [array.copy() for array in binding.arrays]
    setup = prepare(code.setup, binding.dims, inputs)
    if setup is None:
        return None
    width = len(code.program.states)
    ends = [np.array(0, np.int64), np.array(binding.steps, np.int64)]
    phase = prepare_phase(code, binding.dims, [*inputs, *setup.outputs], ends, width)
    return None if phase is None else _named(code, binding, inputs, steady, (setup, *phase))


def _named(
    code: Code,
    binding: Binding,
    inputs: list[np.ndarray],
    steady: tuple[bool, ...],
    kernels: tuple[Prepared, Prepared, Prepared],
) -> Plan:
    setup, advance, finish = kernels
    program, outputs, final = code.program, advance.outputs, finish.outputs
    width = len(program.states)
    states = tuple((state.name, array) for state, array in zip(program.states, outputs[:width], strict=True))
    last = iter(final[1:])
    records = zip(program.phases[0].records, outputs[width + 4 :], strict=True)
    traces = tuple((record.name, rows, None if record.inner else next(last)) for record, rows in records)
    lets = tuple((name, next(last)) for name, _ in program.lets)
    count, finite, ended, failed = outputs[width : width + 4]
    return Plan(
        code, binding, inputs, [binding.arrays], steady, setup, advance, finish, states,
        any(state.structure or state.index_base for state in program.states),
        count, finite, ended, failed, traces, final[0], lets, next(last, None),
    )  # fmt: skip


def replay(plan: Plan, binding: Binding) -> Result | None:
    """Solve by the plan; None if the long way is needed: other sizes, a failure, another thread that uses the plan."""
    if binding is not plan.binding and (binding.steps != plan.binding.steps or binding.dims != plan.binding.dims):
        return None
    if not plan.lock.acquire(blocking=False):
        return None
    try:
        _load(plan, binding.arrays)
        return _solve(plan)
    finally:
        plan.lock.release()


def _load(plan: Plan, arrays: list[np.ndarray]) -> None:
    """Copy inputs that are not those of the last solve, or that their owner may have changed since."""
    last, own = plan.last[0], plan.binding.arrays
    if arrays is last and arrays is own and all(plan.steady):
        return
    for k, array in enumerate(arrays):
        if not (plan.steady[k] and array is own[k] and array is last[k]):
            np.copyto(plan.inputs[k], array)
    plan.last[0] = arrays


def _solve(plan: Plan) -> Result | None:
    started = time.perf_counter()
    plan.setup()
    plan.advance()
    if not plan.finite.item() or plan.failed.item():
        return None
    plan.finish()
    count = plan.count.item()
    program = plan.code.program
    status, reason = _verdict(program.phases[0], count, plan)
    traces = {}
    for name, rows, last in plan.traces:
        if last is None:
            traces[name] = rows[:count].copy()
        else:
            traces[name] = whole = np.empty((count + 1, *rows.shape[1:]), rows.dtype)
            whole[:count] = rows[:count]
            whole[count] = last
    states: dict[str, Any] = {name: array.copy() for name, array in plan.states}
    if plan.structured:
        states = states_of(program, list(states.values()), plan.binding)
    lets = {name: array.copy()[()] for name, array in plan.lets}
    objective = None if plan.objective is None else plan.objective.item()
    seconds = time.perf_counter() - started
    return Result(program.name, states, status, reason, count, seconds, traces, lets, objective)


def _verdict(phase: Phase, count: int, plan: Plan) -> tuple[Status, str]:
    ended = plan.ended.item()
    if ended:
        return "converged", converged(count, phase.untils[ended - 1].reason)
    stop = plan.stop.item()
    if stop:
        return "converged", converged(count, phase.stops[stop - 1].reason)
    return ("completed", completed(count)) if count < plan.binding.steps else ("max_steps", capped(count, phase))
