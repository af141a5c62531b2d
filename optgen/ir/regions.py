"""Which loops a value changes with."""

from __future__ import annotations

from collections.abc import Iterable

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode


def regions(order: Iterable[AnyNode]) -> dict[AnyNode, tuple[ir.Loop, ...]]:
    """The loops that a node's value changes with, outermost first."""
    order = list(order)
    owner: dict[AnyNode, ir.Loop] = {}
    for node in order:
        if isinstance(node, ir.Loop):
            owner[node.counter] = node
            owner.update(dict.fromkeys(node.parameters, node))
    found: dict[AnyNode, frozenset[ir.Loop]] = {}
    for node in order:
        parts = frozenset().union(*(found.get(child, frozenset()) for child in walk.children(node)))
        if isinstance(node, ir.Reduce | ir.Array):
            parts = parts.union(*(found.get(index.extent, frozenset()) for index in node.indices))
        if node in owner:
            parts = parts | {owner[node]}
        if isinstance(node, ir.Loop):
            parts = parts - {node}
        found[node] = parts
    depth: dict[ir.Loop, int] = {}
    for node in order:
        if isinstance(node, ir.Loop):
            depth[node] = 0
    for node in reversed([n for n in order if isinstance(n, ir.Loop)]):
        depth[node] = 1 + max((depth[outer] for outer in found[node]), default=0)
    return {node: tuple(sorted(loops, key=depth.__getitem__)) for node, loops in found.items()}
