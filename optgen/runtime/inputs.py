"""What a caller gives, checked and bound: names, dtypes, shapes, finiteness, domains.

All problems are found before anything is computed, and reported together in one SpecError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError, suggestion
from optgen.ir import nodes as ir
from optgen.ir.program import Leaf
from optgen.runtime.convert import convert, finite, not_finite
from optgen.runtime.domains import violations
from optgen.runtime.scalars import evaluator, text
from optgen.runtime.structure import leaves_of, pack
from optgen.runtime.table import Entry, Table, computed

LONGEST_SCHEDULE = 10**8


@dataclass(slots=True)
class Binding:
    """Inputs ready for kernels: `arrays` in the order of the slots, then the seed; `values` the numbers by input."""

    dims: dict[str, int]
    arrays: list[np.ndarray]
    values: dict[Any, Any]
    steps: int


@dataclass(slots=True)
class _Bound:
    """The state of one binding: what is known so far, and what is wrong so far."""

    table: Table
    given: Mapping[str, Any]
    dims: dict[str, int]
    arrays: dict[ir.Input, np.ndarray]
    numbers: dict[Any, Any]
    wrong: list[Diagnostic]


def bind(table: Table, given: Mapping[str, Any], seed: int = 0) -> Binding:
    """All inputs of the program from what the caller gave.  Raises SpecError with everything that is wrong."""
    bound = _Bound(table, given, {}, {}, {}, [])
    entries = table.entries
    for name in given:
        if name not in entries:
            _dimension_or_unknown(name, bound)
    _bind_seed(seed, bound)
    late = []
    for name, entry in entries.items():
        if name not in given:
            if entry.slot.value is None:
                bound.wrong.append(_missing(entry))
            elif entry.constant is not None and not entry.axes:
                _store(entry, entry.constant, bound)
            else:
                late.append(entry)
        elif entry.schedule and callable(given[name]):
            late.append(entry)
        else:
            _bind_given(entry, given[name], bound)
    if late or table.sizes:
        _bind_late(late, bound)
    _check_shapes(bound)
    outside = violations(table, given, bound.dims, bound.arrays, bound.numbers, quick_only=bool(bound.wrong))
    if bound.wrong or outside:
        raise SpecError([*bound.wrong, *outside])
    arrays = [bound.arrays[entry.slot.input] for entry in entries.values()]
    arrays.append(bound.arrays[table.program.seed])
    return Binding(bound.dims, arrays, bound.numbers, _steps(bound))


def _store(entry: Entry, array: np.ndarray, bound: _Bound) -> None:
    bound.arrays[entry.slot.input] = array
    if not entry.axes:
        bound.numbers[entry.slot.input] = array.item()


def _steps(bound: _Bound) -> int:
    entry = bound.table.entries.get("steps")
    return 2**62 if entry is None else int(bound.numbers.get(entry.slot.input, 0))


def _bind_seed(seed: Any, bound: _Bound) -> None:
    made = bound.table.program.seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= int(seed) < 2**64:
        bound.wrong.append(Diagnostic("E0603", f"seed is {seed!r}; it must be an integer from 0 to 2^64 - 1"))
        seed = 0
    bound.arrays[made] = np.array(int(seed), np.uint64)
    bound.numbers[made] = int(seed)


def _dimension_or_unknown(name: str, bound: _Bound) -> None:
    table, value = bound.table, bound.given[name]
    if name not in table.dims:
        known = [*table.entries, *table.dims, "seed"]
        hint = suggestion(name, known) or f"its inputs are {', '.join(table.entries)}"
        bound.wrong.append(Diagnostic("E0601", f"{table.program.name} has no input {name}", help=hint))
    elif isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        bound.wrong.append(Diagnostic("E0603", f"the dimension {name} is {value!r}; it must be an integer >= 0"))
    else:
        bound.dims[name] = int(value)


def _missing(entry: Entry) -> Diagnostic:
    slot = entry.slot
    shape = f"an array of shape {_shape(slot.input.axes)}" if slot.input.axes else "a number"
    kinds = {"data": "the data", "param": "the parameter", "start": "the start of"}
    message = f"{kinds[slot.kind]} {slot.name} is not given"
    return Diagnostic("E0602", message, slot.span, help=f"call with {slot.name} = {shape}")


def _shape(axes: tuple[ir.Scalar, ...]) -> str:
    inner = ", ".join(text(axis) for axis in axes)
    return f"({inner},)" if len(axes) == 1 else f"({inner})"


# ---------------------------------------------------------------- values that are given


def _bind_given(entry: Entry, value: Any, bound: _Bound) -> None:
    slot = entry.slot
    if slot.structure and isinstance(value, Mapping | tuple | list):
        _bind_structure(entry, value, bound)
        return
    if type(value) is np.ndarray and value.dtype == entry.dtype and value.flags.c_contiguous:
        array: np.ndarray | Diagnostic = value
    else:
        array = convert(value, entry.dtype, slot.name, slot.span)
    if isinstance(array, Diagnostic):
        bound.wrong.append(array)
        return
    if entry.schedule and array.ndim == 0:
        array = array.reshape(1)
    if array.ndim != len(entry.axes):
        bound.wrong.append(_wrong_rank(slot.name, array, slot.input.axes, entry))
        return
    for name, length in zip(entry.axes, array.shape, strict=True):
        if name is not None and bound.dims.setdefault(name, length) != length:
            bound.wrong.append(_mismatch(entry, name, array.shape, bound))
    if entry.dtype.kind == "f":
        if entry.axes or slot.kind != "param":
            if not finite(array):
                bound.wrong.append(not_finite(array, slot.name, slot.span))
        elif array != array:  # a parameter may be infinite, if its domain allows that
            bound.wrong.append(not_finite(array, slot.name, slot.span))
            return
    _store(entry, array, bound)


def _wrong_rank(name: str, array: np.ndarray, axes: tuple[ir.Scalar, ...], entry: Entry) -> Diagnostic:
    wanted = f"shape {_shape(axes)}" if axes else "a single number"
    plural = "axis" if array.ndim == 1 else "axes"
    has = f"{array.ndim} {plural}, shape {array.shape}" if array.ndim else "a single number"
    return Diagnostic(
        "E0604", f"{name} has {has}; it must be {wanted}".replace("has a single", "is a single"), entry.slot.span
    )


def _mismatch(entry: Entry, dim: str, shape: tuple[int, ...], bound: _Bound) -> Diagnostic:
    """Two lengths of one dim, naming both arrays."""
    here = f"{entry.slot.name} with shape {shape}"
    length = shape[entry.axes.index(dim)] if dim in entry.axes else shape[0]
    for other in bound.table.entries.values():
        array = bound.arrays.get(other.slot.input)
        if dim in other.axes and array is not None:
            message = (
                f"{dim} is {bound.dims[dim]} in {other.slot.name} with shape {array.shape}, but {length} in {here}"
            )
            places = ((other.slot.span, f"{dim} is fixed here"),) if other.slot.span is not None else ()
            return Diagnostic("E0604", message, entry.slot.span, secondary=places)
    if dim in bound.given:
        return Diagnostic("E0604", f"{dim} was given as {bound.dims[dim]}, but is {length} in {here}", entry.slot.span)
    return Diagnostic("E0604", f"{dim} has two lengths in {here}", entry.slot.span)


def _bind_structure(entry: Entry, value: Any, bound: _Bound) -> None:
    slot = entry.slot
    parts, wrong = leaves_of(value, slot.structure, slot.name, slot.span)
    arrays = []
    for leaf, part in zip(slot.structure, parts, strict=False):
        array = convert(part, entry.dtype, f"{slot.name}.{leaf.name}", slot.span)
        problem = array if isinstance(array, Diagnostic) else _leaf_problem(entry, leaf, array, bound)
        if problem is not None:
            wrong.append(problem)
        else:
            arrays.append(array)
    if wrong:
        bound.wrong.extend(wrong)
        return
    flat = pack(arrays)  # type: ignore[arg-type]
    for name in entry.axes:
        if name is not None and bound.dims.setdefault(name, len(flat)) != len(flat):
            bound.wrong.append(_mismatch(entry, name, flat.shape, bound))
    _store(entry, flat, bound)


def _leaf_problem(entry: Entry, leaf: Leaf, array: np.ndarray, bound: _Bound) -> Diagnostic | None:
    name, span = f"{entry.slot.name}.{leaf.name}", entry.slot.span
    if array.ndim != len(leaf.axes):
        return _wrong_rank(name, array, leaf.axes, entry)
    for axis, length in zip(leaf.axes, array.shape, strict=True):
        known = bound.dims.setdefault(axis.name, length) if isinstance(axis, ir.Dim) else _length(axis, bound)
        if known is not None and known != length:
            message = f"{text(axis)} is {known}, but {length} in {name} with shape {array.shape}"
            return Diagnostic("E0604", message, span)
    if array.dtype.kind == "f" and not finite(array):
        return not_finite(array, name, span)
    return None


def _length(axis: ir.Scalar, bound: _Bound) -> int | None:
    quick = evaluator(axis)
    try:
        return None if quick is None else int(quick({**bound.dims, **bound.numbers}))
    except KeyError:
        return None


# ---------------------------------------------------------------- values that follow from others


def _bind_late(late: list[Entry], bound: _Bound) -> None:
    """Derived dims and defaults, each as soon as what it needs is there."""
    pending: list[Callable[[], None]] = []
    for name, scalar, quick in bound.table.sizes:
        if name not in bound.given:
            pending.append(partial(_bind_size, name, scalar, quick, bound))
    pending += [partial(_bind_default, entry, bound) for entry in late]
    while pending:
        waiting: list[Callable[[], None]] = []
        for work in pending:
            try:
                work()
            except KeyError:  # something it needs is not known yet
                waiting.append(work)
        if len(waiting) == len(pending):
            return
        pending = waiting


def _bind_size(name: str, scalar: ir.Scalar, quick: Any, bound: _Bound) -> None:
    if quick is not None:
        bound.dims[name] = int(quick({**bound.dims, **bound.numbers}))
    else:
        value = computed(bound.table, f"dim_{name}", ir.array((), scalar), bound.dims, bound.arrays)
        bound.dims[name] = int(value)
    if bound.dims[name] < 0:
        bound.wrong.append(Diagnostic("E0604", f"the dimension {name} comes out as {bound.dims[name]}"))
        bound.dims[name] = 0


def _bind_default(entry: Entry, bound: _Bound) -> None:
    slot = entry.slot
    if entry.schedule and slot.name in bound.given:
        _bind_callable(entry, bound)
        return
    if entry.schedule and entry.schedule not in bound.dims:
        bound.dims[entry.schedule] = 1 if entry.constant is not None else _schedule_length(entry, bound)
    if entry.quick is not None:
        _store(entry, np.array(entry.quick({**bound.dims, **bound.numbers}), entry.dtype), bound)
        return
    if entry.constant is not None:
        shape = tuple(_known_length(axis, bound) for axis in slot.input.axes)
        _store(entry, np.full(shape, entry.constant), bound)
        return
    assert slot.value is not None
    made = computed(bound.table, f"default_{slot.name}", slot.value, bound.dims, bound.arrays)
    _store(entry, np.ascontiguousarray(made, entry.dtype).reshape(made.shape), bound)


def _known_length(axis: ir.Scalar, bound: _Bound) -> int:
    length = _length(axis, bound)
    if length is None:
        raise KeyError(text(axis))
    return length


def _schedule_length(entry: Entry, bound: _Bound) -> int:
    """The number of steps a run can have: the cap, or the lengths of its phases."""
    steps_entry = bound.table.entries.get("steps")
    steps = 2**62 if steps_entry is None else int(bound.numbers[steps_entry.slot.input])
    lengths = [None if phase.length is None else _length(phase.length, bound) for phase in bound.table.program.phases]
    if all(length is not None for length in lengths):
        steps = min(steps, sum(lengths))  # type: ignore[arg-type]
    if steps > LONGEST_SCHEDULE:
        message = f"{entry.slot.name} is given for each of {steps} steps, more than {LONGEST_SCHEDULE}"
        raise SpecError([Diagnostic("E0610", message, entry.slot.span, help="give steps, or an array")])
    return max(steps, 1)


def _bind_callable(entry: Entry, bound: _Bound) -> None:
    slot, function = entry.slot, bound.given[entry.slot.name]
    count = _schedule_length(entry, bound)
    values = convert([function(k) for k in range(1, count + 1)], entry.dtype, slot.name, slot.span)
    if isinstance(values, Diagnostic) or values.ndim != 1:
        message = f"{slot.name} must give one number for each step k = 1, 2, ..."
        bound.wrong.append(Diagnostic("E0610", message, slot.span))
        return
    if not finite(values):
        bound.wrong.append(not_finite(values, slot.name, slot.span))
    bound.dims[entry.schedule] = count
    _store(entry, values, bound)


def _check_shapes(bound: _Bound) -> None:
    """Lengths that are formulas of other lengths, and dims nothing fixes."""
    program = bound.table.program
    for entry in bound.table.entries.values():
        array = bound.arrays.get(entry.slot.input)
        if not entry.lengths or array is None or array.ndim != len(entry.axes):
            continue
        environment = {**bound.dims, **bound.numbers}
        for place, length in entry.lengths:
            try:
                expected = int(length(environment))
            except KeyError:
                continue
            if expected != array.shape[place]:
                axis = text(entry.slot.input.axes[place])
                message = f"{entry.slot.name} has shape {array.shape}; its axis {place + 1}, {axis}, must be {expected}"
                bound.wrong.append(Diagnostic("E0604", message, entry.slot.span))
    if not bound.wrong:
        for name in program.dims:
            if name not in bound.dims:
                message = f"nothing that was given fixes the dimension {name}"
                bound.wrong.append(
                    Diagnostic("E0608", message, help=f"give {name} = .., or an array that has it as an axis")
                )
