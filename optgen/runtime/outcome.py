"""A run that has ended, as the Result its caller sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from optgen.ir import nodes as ir
from optgen.ir.program import Program, State
from optgen.runtime.drive import Run
from optgen.runtime.inputs import Binding
from optgen.runtime.result import Result
from optgen.runtime.scalars import evaluator
from optgen.runtime.structure import unpack


def result_of(run: Run) -> Result:
    """States structured again, traces joined, lets by name."""
    program = run.code.program
    traces = {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in run.traces.items()}
    lets, objective = lets_of(program, run.phase, run.final)
    states = states_of(program, run.states, run.binding)
    assert run.status is not None
    return Result(program.name, states, run.status, run.reason, run.total, run.seconds, traces, lets, objective)


def states_of(program: Program, arrays: list[np.ndarray], binding: Binding) -> dict[str, Any]:
    """The states by name, as they cross the border: structures as dicts, indices from 0."""
    states: dict[str, Any] = {}
    for state, array in zip(program.states, arrays, strict=True):
        if state.index_base:
            array = array - state.index_base
        states[state.name] = _structured(state, array, binding) if state.structure else array
    return states


def _structured(state: State, array: np.ndarray, binding: Binding) -> dict[str, Any]:
    environment = {**binding.dims, **binding.values}
    shapes = [tuple(_length(axis, environment) for axis in leaf.axes) for leaf in state.structure]
    return unpack(array, [leaf.name for leaf in state.structure], shapes)


def _length(axis: ir.Scalar, environment: dict[Any, Any]) -> int:
    quick = evaluator(axis)
    if quick is None:
        raise ir.IRError("the axes of a structure are formulas of dims")
    return int(quick(environment))


def lets_of(program: Program, phase: int, final: list[np.ndarray]) -> tuple[dict[str, Any], float | None]:
    """Lets by name and the objective, from what `finish` gave."""
    records = program.phases[phase].records if program.phases else ()
    first = 1 + sum(not record.inner for record in records)
    values = final[first : first + len(program.lets)]
    lets = {name: value[()] for (name, _), value in zip(program.lets, values, strict=True)}
    objective = float(final[first + len(program.lets)]) if program.objective is not None else None
    return lets, objective
