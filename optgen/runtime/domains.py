"""Domains of inputs at run time: does what is declared hold for what was given, and if not, where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic
from optgen.ir import nodes as ir
from optgen.runtime.table import Check, Table, computed


def violations(
    table: Table,
    given: Mapping[str, Any],
    dims: Mapping[str, int],
    arrays: Mapping[ir.Input, np.ndarray],
    numbers: Mapping[Any, Any],
    quick_only: bool = False,
) -> list[Diagnostic]:
    """What is declared and does not hold.  `quick_only`: among short formulas whose inputs are there."""
    environment: Mapping[Any, Any] | None = None
    wrong = []
    for position, check in enumerate(table.checks):
        if check.standing and check.names.isdisjoint(given):
            continue
        if check.quick is not None:
            environment = {**dims, **numbers} if environment is None else environment
            try:
                holds = bool(check.quick(environment))
            except KeyError:  # reads an input that is missing or wrong itself
                continue
        elif quick_only:
            continue
        else:
            value = ir.array((), check.condition.holds, "holds")
            holds = bool(computed(table, f"check_{position}", value, dims, arrays))
        if not holds:
            wrong.append(_violated(table, position, check, dims, arrays))
    return wrong


def _violated(
    table: Table, position: int, check: Check, dims: Mapping[str, int], arrays: Mapping[ir.Input, np.ndarray]
) -> Diagnostic:
    slot, condition = check.slot, check.condition
    array = arrays[slot.input]
    span = condition.span or slot.span
    if array.ndim == 0:
        return Diagnostic("E0606", f"{slot.name} is {array.item()}: {condition.sentence}", span)
    where = _first_outside(table, position, condition.holds, dims, arrays)
    if where is not None and len(where) == array.ndim:
        place = ", ".join(str(entry) for entry in where)
        return Diagnostic("E0606", f"{slot.name}[{place}] is {array[where]}: {condition.sentence}", span)
    return Diagnostic("E0606", f"{slot.name} is outside its domain: {condition.sentence}", span)


def _first_outside(
    table: Table, position: int, holds: ir.Scalar, dims: Mapping[str, int], arrays: Mapping[ir.Input, np.ndarray]
) -> tuple[int, ...] | None:
    """The place, counted from 0, of the first entry for which a condition on all entries fails."""
    match holds:
        case ir.Reduce(kind="all", indices=indices, condition=None, body=body):
            inside = computed(table, f"inside_{position}", ir.array(indices, body, "inside"), dims, arrays)
            return tuple(int(axis[0]) for axis in np.nonzero(~inside))
    return None
