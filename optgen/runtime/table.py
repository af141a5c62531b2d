"""What is known about a program's inputs before any call: one entry an input, with its checks ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optgen.ir import nodes as ir
from optgen.ir.program import Condition, Function, Program, Slot
from optgen.ir.walk import postorder
from optgen.runtime.code import Engine, Kernel
from optgen.runtime.convert import dtype_of
from optgen.runtime.scalars import Evaluator, evaluator


@dataclass(frozen=True, slots=True)
class Check:
    """A domain: `names` are the inputs it reads; `quick` evaluates it in Python if it is a short formula of numbers.

    `standing` says that it holds for the default values, whatever the shapes, so only other values are checked.
    """

    slot: Slot
    condition: Condition
    names: frozenset[str]
    quick: Evaluator | None
    standing: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An input: `axes` has the name of a dim that shapes fix, or None where the length is checked by `lengths`.

    `constant` is a default that is a number; `quick` evaluates a default that is a short formula.  A `schedule` has one
    entry a step.
    """

    slot: Slot
    position: int
    dtype: np.dtype[Any]
    axes: tuple[str | None, ...]
    lengths: tuple[tuple[int, Evaluator], ...]
    constant: np.ndarray | None
    quick: Evaluator | None
    schedule: str


@dataclass(frozen=True, slots=True)
class Table:
    """Entries by name in the order of the program's slots, derived dims, checks; `kernels` fills as they are needed."""

    program: Program
    real: str
    engine: Engine
    entries: Mapping[str, Entry]
    sizes: tuple[tuple[str, ir.Scalar, Evaluator | None], ...]
    dims: frozenset[str]
    checks: tuple[Check, ...]
    kernels: dict[str, tuple[Function, Kernel]] = field(default_factory=dict)


def build(program: Program, engine: Engine, real: str) -> Table:
    """The table of a program; `engine` compiles what is not a short formula."""
    sizes = tuple((name, scalar, evaluator(scalar)) for name, scalar in program.sizes)
    derived = {name for name, _ in program.sizes}
    entries = {slot.name: _entry(slot, i, program, derived, real) for i, slot in enumerate(program.slots)}
    checks = [_check(slot, condition, program, entries) for slot in program.slots for condition in slot.conditions]
    return Table(program, real, engine, entries, sizes, frozenset((*program.dims, *derived)), tuple(checks))


def _entry(slot: Slot, position: int, program: Program, derived: set[str], real: str) -> Entry:
    dtype = dtype_of(slot.input.dtype, real)
    axes: list[str | None] = []
    lengths: list[tuple[int, Evaluator]] = []
    for place, axis in enumerate(slot.input.axes):
        by_shape = isinstance(axis, ir.Dim) and axis.name not in derived
        axes.append(axis.name if by_shape else None)  # type: ignore[union-attr]
        known = None if by_shape else evaluator(axis)
        if known is not None:
            lengths.append((place, known))
    schedule = ""
    if slot.kind == "param" and len(axes) == 1 and axes[0] is not None and axes[0] not in program.dims:
        schedule = axes[0]
    quick = evaluator(ir.access(slot.value)) if slot.value is not None and not slot.input.axes else None
    return Entry(slot, position, dtype, tuple(axes), tuple(lengths), _constant(slot, dtype), quick, schedule)


def _constant(slot: Slot, dtype: np.dtype[Any]) -> np.ndarray | None:
    """A default that is one number, as a rank-0 array."""
    match slot.value:
        case ir.Array(body=ir.Constant(value=value)):
            return np.array(float(value) if dtype.kind == "f" else value, dtype)
    return None


def _check(slot: Slot, condition: Condition, program: Program, entries: Mapping[str, Entry]) -> Check:
    read = inputs_of([condition.holds], program)
    names = frozenset(made.name for made in read)
    quick = evaluator(condition.holds)
    environment = {}
    for made in read:
        entry = entries.get(made.name)
        if entry is not None and entry.constant is not None and not made.axes:
            environment[made] = entry.constant[()].item()
    try:
        standing = quick is not None and bool(quick(environment))
    except KeyError:
        standing = False
    return Check(slot, condition, names, quick, standing)


def inputs_of(roots: Iterable[ir.AnyNode], program: Program) -> tuple[ir.Input, ...]:
    """The inputs of the program (its slots and its seed) that the roots read, in the program's order."""
    reached = {node for node in postorder(roots) if isinstance(node, ir.Input)}
    return tuple(made for made in (*(slot.input for slot in program.slots), program.seed) if made in reached)


def computed(
    table: Table, name: str, value: ir.Tensor, dims: Mapping[str, int], arrays: Mapping[ir.Input, np.ndarray]
) -> np.ndarray:
    """A tensor over inputs, by a kernel compiled at the first need.  Raises KeyError if one of them is not there."""
    if name not in table.kernels:
        used = inputs_of([value], table.program)
        names = sorted({node.name for node in postorder([value, *_axes(used)]) if isinstance(node, ir.Dim)})
        function = Function(name, tuple(names), used, ((name, value),))
        table.kernels[name] = (function, table.engine(function))
    function, kernel = table.kernels[name]
    lengths = {dim: dims[dim] for dim in function.dims}
    return kernel(lengths, [arrays[made] for made in function.parameters])[0]


def _axes(inputs: Iterable[ir.Input]) -> list[ir.Scalar]:
    return [axis for made in inputs for axis in made.axes]
