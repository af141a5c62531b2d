"""Structured values at the border: nested dicts and tuples of arrays outside, one flat vector inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, Span, suggestion
from optgen.ir.program import Leaf
from optgen.runtime.scalars import text

Shapes = Sequence[tuple[int, ...]]


def leaves_of(value: Any, leaves: Sequence[Leaf], name: str, span: Span | None) -> tuple[list[Any], list[Diagnostic]]:
    """The parts of a nested dict, tuple or list in the order of `leaves`, and what is wrong with its form.

    A leaf `u.W1` is `value["u"]["W1"]`; a tuple or list gives the parts in order.
    """
    if isinstance(value, tuple | list):
        if len(value) != len(leaves):
            message = f"{name} has {len(value)} parts, here it needs {len(leaves)}: {_names(leaves)}"
            return [], [Diagnostic("E0607", message, span)]
        return list(value), []
    flat = dict(_walk(value))
    known = [leaf.name for leaf in leaves]
    wrong = [
        Diagnostic(
            "E0607", f"{name} has no part {key}", span, help=suggestion(key, known) or f"it has {_names(leaves)}"
        )
        for key in flat
        if key not in known
    ]
    missing = [key for key in known if key not in flat]
    if missing:
        wrong.append(Diagnostic("E0607", f"{name} lacks its part{'s'[: len(missing) > 1]} {', '.join(missing)}", span))
    return ([] if wrong else [flat[key] for key in known]), wrong


def _walk(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, part in value.items():
        name = f"{prefix}{key}"
        pairs.extend(_walk(part, f"{name}.") if isinstance(part, Mapping) else [(name, part)])
    return pairs


def _names(leaves: Sequence[Leaf]) -> str:
    return ", ".join(f"{leaf.name} ({', '.join(text(axis) for axis in leaf.axes)})" for leaf in leaves)


def pack(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The entries of the parts one after the other."""
    return np.concatenate([part.reshape(-1) for part in parts])


def unpack(vector: np.ndarray, names: Sequence[str], shapes: Shapes) -> dict[str, Any]:
    """The nested dict of views of a flat vector."""
    result: dict[str, Any] = {}
    offset = 0
    for name, shape in zip(names, shapes, strict=True):
        size = int(np.prod(shape, dtype=np.int64))
        *path, last = name.split(".")
        place = result
        for key in path:
            place = place.setdefault(key, {})
        place[last] = vector[offset : offset + size].reshape(shape)
        offset += size
    return result
