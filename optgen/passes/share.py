"""Equal definitions become one: closed tensors and sums that differ only in the names of their indices.

Expects any function; preserves floats exactly.  Nodes are interned, so expressions over the same indices are shared
already; binding places are unique, so two sums written alike are different nodes until they are compared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode
from optgen.ir.program import Function
from optgen.passes.naming import author, derived


def share(function: Function) -> Function:
    """The function with one node for all closed nodes that are equal up to their bound indices."""
    known: dict[Any, AnyNode] = {}
    better: dict[AnyNode, str] = {}  # names of definitions like one that a pass named

    def rule(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Access):
            return _transposed(node, known)
        if node.free or not isinstance(node, ir.Array | ir.Reduce | ir.Concat | ir.View):
            return None
        first = known.setdefault(key(node), node)
        if not isinstance(first, ir.Reduce) and _better(node.name, first.name):  # type: ignore[union-attr]
            better.setdefault(first, node.name)  # type: ignore[union-attr]
        return first

    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = walk.rewrite(tensors, rule)
    if better:
        made = walk.rewrite(made, lambda node: _renamed(node, better))
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _transposed(node: ir.Access, known: dict[Any, AnyNode]) -> AnyNode | None:
    """A read of a reduction that is another one with its axes in another order, from that."""
    tensor = node.tensor
    if (
        len(node.indices) < 2
        or tensor.free
        or not isinstance(tensor, ir.Array)
        or not isinstance(tensor.body, ir.Reduce)
    ):
        return None
    numbers, lines = _numbered(tensor.body)
    if not all(index in numbers for index in tensor.indices):
        return None
    first = known.setdefault(("axes in any order", lines), tensor)
    if first is tensor:
        return None
    assert isinstance(first, ir.Array) and isinstance(first.body, ir.Reduce)
    theirs, _ = _numbered(first.body)
    if not all(index in theirs for index in first.indices):
        return None
    places = {numbers[index]: read for index, read in zip(tensor.indices, node.indices, strict=True)}
    return ir.access(first, *(places[theirs[index]] for index in first.indices))


def _better(name: str, other: str) -> bool:
    """Whether a name is the author's, where the other is not."""
    return bool(author(name)) and not derived(name) and (not author(other) or derived(other))


def _renamed(node: AnyNode, better: Mapping[AnyNode, str]) -> AnyNode | None:
    name = better.get(node)
    if name is None:
        return None
    match node:
        case ir.Array(indices=indices, body=body):
            return ir.array(indices, body, name)
        case ir.Concat(parts=parts):
            return ir.concat(parts, name)
        case ir.View(tensor=tensor, offset=offset, axes=axes):
            return ir.view(tensor, offset, axes, name)
    return None


def key(root: AnyNode) -> tuple[Any, ...]:
    """Structure of a closed node: its open parts numbered, closed parts by identity, indices by their first use."""
    return _numbered(root)[1]


def _numbered(root: AnyNode) -> tuple[dict[AnyNode, int], tuple[Any, ...]]:
    """The numbers of the open parts and indices below a node, and its structure in these numbers."""
    numbers: dict[AnyNode, int] = {}
    lines: list[tuple[Any, ...]] = []
    stack: list[tuple[AnyNode, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in numbers:
            continue
        if not ready:
            stack.append((node, True))
            stack.extend(
                (c, False)
                for c in reversed(walk.children(node))
                if (c.free or isinstance(c, ir.Index)) and c not in numbers
            )
            if isinstance(node, ir.Array | ir.Reduce):
                stack.extend((index, False) for index in reversed(node.indices) if index not in numbers)
            continue
        numbers[node] = len(numbers)
        parts = tuple(numbers.get(c, c) for c in walk.children(node))
        lines.append((*_payload(node, numbers), *parts))
    return numbers, tuple(lines)


def _payload(node: AnyNode, numbers: dict[AnyNode, int]) -> tuple[Any, ...]:
    match node:
        case ir.Index():
            return ("index",)
        case ir.Operation(name=name):
            return ("op", name)
        case ir.Reduce(kind=kind, indices=indices, condition=condition):
            return ("reduce", kind, tuple(numbers[i] for i in indices), condition is None)
        case ir.Array(indices=indices, dtype=dtype):
            return ("array", dtype, tuple(numbers[i] for i in indices))
        case ir.Draw(law=law, place=place):
            return ("draw", law, place, len(node.parameters), len(node.counters))
        case ir.Output(position=position):
            return ("output", position)
        case ir.Access() | ir.Choose():
            return (type(node).__name__,)
        case ir.View() | ir.Concat():
            return (type(node).__name__, len(node.axes))
        case ir.Call(function=function, attributes=attributes, outputs=outputs):
            return ("call", function, attributes, outputs)
        case _:
            return (type(node).__name__, id(node))
