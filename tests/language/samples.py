"""Texts that the tests read, and trees without their places."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optgen.diagnostics import Span

HERE = Path(__file__).parent
SKETCHES = sorted((HERE / "sketches").glob("*.opt"))
SHIPPED = sorted((HERE.parents[1] / "specs").rglob("*.opt"))


def without_places(node: Any) -> Any:
    """A tree as nested tuples, spans left out: what two texts that say the same have in common."""
    if isinstance(node, Span):
        return None
    if dataclasses.is_dataclass(node):
        fields = dataclasses.fields(node)
        return (type(node).__name__, *(without_places(getattr(node, field.name)) for field in fields))
    if isinstance(node, tuple):
        return tuple(without_places(item) for item in node)
    return node


def nodes(tree: Any) -> Iterator[Any]:
    """Every node of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif dataclasses.is_dataclass(node) and not isinstance(node, Span):
            yield node
            waiting.extend(getattr(node, field.name) for field in dataclasses.fields(node))
