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
        if node.free or not isinstance(node, ir.Array | ir.Reduce):
            return None
        first = known.setdefault(key(node), node)
        if isinstance(node, ir.Array) and isinstance(first, ir.Array) and _better(node.name, first.name):
            better.setdefault(first, node.name)
        return first

    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = walk.rewrite(tensors, rule)
    if better:
        made = walk.rewrite(made, lambda node: _renamed(node, better))
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _better(name: str, other: str) -> bool:
    """Whether a name is the author's, where the other is not."""
    return bool(author(name)) and not derived(name) and (not author(other) or derived(other))


def _renamed(node: AnyNode, better: Mapping[AnyNode, str]) -> AnyNode | None:
    name = better.get(node)
    return ir.array(node.indices, node.body, name) if name and isinstance(node, ir.Array) else None


def key(root: AnyNode) -> tuple[Any, ...]:
    """Structure of a closed node: its open parts numbered, closed parts by identity, indices by their first use."""
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
    return tuple(lines)


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
