"""Choices by one truth value: what only the side not chosen needs is not computed.

A choice decides about a loop or a call if these are read by one of its sides and by nothing else in their block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, BranchBlocks, Computed
from optgen.ir.nodes import AnyNode, Scalar

Side = tuple[ir.Array, bool]  # a choice, and whether its `then` is meant
_DEAR = (ir.Loop, ir.Call)


def spares(node: Scalar) -> bool:
    """Whether a scalar is a choice by one truth value, a side of which reads a loop or call that the rest does not."""
    if not isinstance(node, ir.Choose) or node.condition.free:
        return False
    sides = [_dear(part) for part in (node.condition, node.then, node.otherwise)]
    return bool(sides[1] - sides[2] - sides[0] or sides[2] - sides[1] - sides[0])


def _dear(root: AnyNode) -> set[AnyNode]:
    return {node for node in walk.postorder([root]) if isinstance(node, _DEAR)}


def branched(block: Block, readers: Sequence[AnyNode]) -> Block:
    """The block with such nodes inside the choices that decide about them; `readers` is what reads it from outside."""
    choices = [node for node in block.nodes if _is_choice(node)]
    if not choices or not any(isinstance(node, _DEAR) for node in block.nodes):
        return block
    side = _sides(block.nodes, readers)
    deciding = {choice for node in block.nodes if isinstance(node, _DEAR) for choice, _ in _around(node, side)}
    if not deciding:
        return block
    places: dict[Side | None, list[Computed]] = {None: []}
    for node in block.nodes:
        around = [place for place in _around(node, side) if place[0] in deciding]
        places.setdefault(around[0] if around else None, []).append(node)
    return _nested(block, places, deciding, None)


def _is_choice(node: AnyNode) -> bool:
    return isinstance(node, ir.Array) and isinstance(node.body, ir.Choose) and not node.body.condition.free


def _nested(
    block: Block, places: Mapping[Side | None, list[Computed]], deciding: set[ir.Array], place: Side | None
) -> Block:
    nodes = tuple(places.get(place, ()))
    loops = {node: block.loops[node] for node in nodes if isinstance(node, ir.Loop)}
    branches = {
        node: BranchBlocks(*(_nested(block, places, deciding, (node, then)) for then in (True, False)))
        for node in nodes
        if isinstance(node, ir.Array) and node in deciding
    }
    return Block(nodes, loops, branches)


def _sides(nodes: Sequence[Computed], readers: Iterable[AnyNode]) -> dict[AnyNode, Side | None]:
    """The innermost side of a choice that all readers of a node stand on; None if there is none."""
    members = frozenset(nodes)
    side: dict[AnyNode, Side | None] = {}

    def read(roots: Iterable[AnyNode], place: Side | None) -> None:
        for node in _read(roots, members):
            side[node] = _common(side[node], place, side) if node in side else place

    read([reader for reader in readers if reader not in members], None)
    for reader in readers:
        if reader in members:
            side[reader] = None
    for node in reversed(nodes):
        place = side.setdefault(node, None)
        if isinstance(node, ir.Array) and _is_choice(node) and isinstance(node.body, ir.Choose):
            read([node.body.condition, *node.axes], place)
            read([node.body.then], (node, True))
            read([node.body.otherwise], (node, False))
        else:
            read(walk.children(node), place)
    return side


def _read(roots: Iterable[AnyNode], members: frozenset[AnyNode]) -> list[AnyNode]:
    """The members that are reached from the roots before any other member."""
    found: list[AnyNode] = []
    seen: set[AnyNode] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in members:
            found.append(node)
        else:
            stack.extend(walk.children(node))
    return found


def _around(node: AnyNode, side: Mapping[AnyNode, Side | None]) -> list[Side]:
    """The sides of choices around a node, innermost first."""
    found = []
    place = side[node]
    while place is not None:
        found.append(place)
        place = side[place[0]]
    return found


def _common(left: Side | None, right: Side | None, side: Mapping[AnyNode, Side | None]) -> Side | None:
    """The innermost side around both."""
    around = set()
    while left is not None:
        around.add(left)
        left = side[left[0]]
    while right is not None and right not in around:
        right = side[right[0]]
    return right
