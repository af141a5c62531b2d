"""Which tensors print where they are read: unnamed ones with one reader, short enough for its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, Scheduled
from optgen.ir.nodes import AnyNode
from optgen.ir.regions import regions
from optgen.passes.naming import author

LONGEST = 9  # operations in one line
_LINES = (ir.Array, ir.Concat, ir.View, ir.Loop, ir.Call)


def read_once(scheduled: Scheduled) -> frozenset[AnyNode]:
    """Constants of rank 0, and unnamed arrays that are part of the one line that reads them."""
    results = [tensor for _, tensor in scheduled.function.results]
    order = list(walk.postorder(results))
    times, reader, home = _times_printed(order, results), _readers(order), _homes(order)
    inside, branched = regions(order), set(_branched(scheduled.body))
    found: set[AnyNode] = set()
    weight: dict[AnyNode, int] = {}
    for node in order:
        if not isinstance(node, ir.Array) or node in branched:
            continue
        weight[node] = _weight(node.body, weight, found)
        if not node.indices and isinstance(node.body, ir.Constant):
            found.add(node)
        elif not author(node.name) and weight[node] <= LONGEST and times[node] == 1 and node in reader:
            here = _region(node, reader[node], home, inside) == inside[node]
            if here and not _draws(node):
                found.add(node)
    return frozenset(found)


def _branched(block: Block) -> Iterator[AnyNode]:
    """The arrays that are a choice with work on its sides."""
    yield from block.branches
    for sides in block.branches.values():
        yield from _branched(sides.then)
        yield from _branched(sides.otherwise)
    for parts in block.loops.values():
        yield from _branched(parts.head)
        yield from _branched(parts.tail)


def _times_printed(order: Sequence[AnyNode], results: Sequence[AnyNode]) -> Counter[AnyNode]:
    """How often the code of a node would print if every tensor had a line of its own; a result counts more."""
    times: Counter[AnyNode] = Counter()
    for result in results:
        times[result] += 2
    for node in reversed(order):
        for child in walk.children(node):
            times[child] += 1 if isinstance(node, _LINES) else times[node]
    return times


def _readers(order: Sequence[AnyNode]) -> dict[AnyNode, AnyNode]:
    """What reads a tensor where its code can stand: an access at distinct plain indices, a line that takes it whole."""
    found: dict[AnyNode, AnyNode] = {}
    for node in order:
        match node:
            case ir.Access(tensor=tensor, indices=indices):
                if all(isinstance(i, ir.Index) for i in indices) and len(set(indices)) == len(indices):
                    found[tensor] = node
            case ir.Concat() | ir.Call() | ir.Loop():
                found.update((child, node) for child in walk.children(node))
    return found


def _homes(order: Sequence[AnyNode]) -> dict[AnyNode, AnyNode]:
    """The line in which a scalar prints."""
    home: dict[AnyNode, AnyNode] = {}
    for node in reversed(order):
        line = node if isinstance(node, _LINES) else home.get(node)
        if line is not None:
            for child in walk.children(node):
                home.setdefault(child, line)
    return home


def _region(
    node: AnyNode, reader: AnyNode, home: Mapping[AnyNode, AnyNode], inside: Mapping[AnyNode, tuple[ir.Loop, ...]]
) -> tuple[ir.Loop, ...] | None:
    """The loops around the line that reads a tensor."""
    line = home.get(reader) if isinstance(reader, ir.Access) else reader
    if line is None:
        return None
    if isinstance(line, ir.Loop) and node not in line.initial:
        return (*inside[line], line)  # its condition or its next values
    return inside[line]


def _weight(body: AnyNode, weight: Mapping[AnyNode, int], found: Collection[AnyNode]) -> int:
    """How many operations print in the line of a body."""
    total, stack = 0, [body]
    while stack and total <= LONGEST:
        node = stack.pop()
        if isinstance(node, ir.Access):
            total += weight.get(node.tensor, 0) if node.tensor in found else 0
            stack.extend(node.indices)
        elif isinstance(node, ir.Operation | ir.Choose | ir.Reduce):
            total += 1
            stack.extend(walk.children(node))
    return total


def _draws(node: ir.Array) -> bool:
    """Whether the body draws random bits: that is a line of its own."""
    stack: list[AnyNode] = [node.body]
    while stack:
        part = stack.pop()
        if isinstance(part, ir.Operation) and part.name == "threefry":
            return True
        if isinstance(part, ir.Operation | ir.Choose | ir.Reduce):
            stack.extend(walk.children(part))
    return False
