"""Parts that are written several times become arrays of their own, for backends that print one line a definition.

Two parts are the same if they differ only in the names of their indices.  Expects closed, materialised functions;
preserves floats exactly.  What is cheaper to compute again than to name stays where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.program import Function
from optgen.passes.materialise import COSTLY

WORTH = 3  # operations from which a part deserves a name
FREE = ("to_real", "not", "neg", "bool_to_int", "int_to_bits")


def common(function: Function) -> Function:
    """The function with a definition for each part that it writes more than once."""
    for _ in range(3):  # parts that read a definition may be alike in turn
        before, function = function, _defined_once(function)
        if function is before:
            break
    return function


def _defined_once(function: Function) -> Function:
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    order = list(walk.postorder(tensors))
    groups, places = _groups(order)
    lengths = frozenset(walk.postorder(_lengths(order)))
    chosen = _written_twice(order, groups, places) - {groups[node] for node in lengths if node in groups}
    if not chosen:
        return function
    wishes = {
        groups[node.body]: node for node in order if isinstance(node, ir.Array) and groups.get(node.body) in chosen
    }
    made: dict[int, ir.Tensor] = {}
    done: dict[AnyNode, AnyNode] = {}
    for node in order:
        rebuilt = walk.rebuild(node, done)
        group = groups.get(node)
        if group is not None and group in chosen:
            if group not in made:
                made[group] = _definition(rebuilt, places[node], wishes.get(group))  # type: ignore[arg-type]
            rebuilt = ir.access(made[group], *places[node])
        done[node] = rebuilt
    results = tuple((name, done[tensor]) for name, tensor in zip(names, tensors, strict=True))
    return Function(function.name, function.dims, function.parameters, results, function.doc)  # type: ignore[arg-type]


def _lengths(order: Iterable[AnyNode]) -> Iterator[AnyNode]:
    """The lengths of axes and the ranges of indices: what they are must be known without reading an array."""
    for node in order:
        match node:
            case ir.Index(extent=extent):
                yield extent
            case ir.Input(axes=axes) | ir.Array(axes=axes) | ir.View(axes=axes):
                yield from axes
            case ir.Reduce(indices=indices):
                yield from (index.extent for index in indices)
            case ir.Loop(capacity=capacity) if capacity is not None:
                yield capacity
            case ir.Call(outputs=outputs):
                yield from (axis for _, axes in outputs for axis in axes)


def _definition(body: Scalar, indices: tuple[Index, ...], wish: ir.Array | None) -> ir.Tensor:
    """An array for a part; with the name of the definition that is this part, if there is one."""
    fresh: dict[AnyNode, AnyNode] = {index: Index(index.extent, index.name) for index in indices}
    name = (wish.name if wish is not None else "") or ("" if indices else "value")  # of rank 0 only named ones stay
    return ir.array([fresh[i] for i in indices], walk.substitute([body], fresh)[0], name)  # type: ignore[misc]


def _groups(order: Iterable[AnyNode]) -> tuple[dict[AnyNode, int], dict[AnyNode, tuple[Index, ...]]]:
    """For each scalar a number that parts written alike share, and its free indices in order of appearance."""
    groups: dict[AnyNode, int] = {}
    places: dict[AnyNode, tuple[Index, ...]] = {}
    known: dict[tuple[Any, ...], int] = {}
    for node in order:
        match node:
            case ir.Index() if not node.extent.free:
                groups[node] = known.setdefault(("index", node.extent), len(known))
                places[node] = (node,)
                continue
            case ir.Constant() | ir.Dim():
                groups[node], places[node] = known.setdefault(("atom", node), len(known)), ()
                continue
            case ir.Operation(name=head, arguments=parts):
                pass
            case ir.Choose():
                head, parts = "choose ", (node.condition, node.then, node.otherwise)
            case ir.Access(tensor=head, indices=parts):
                pass
            case _:
                continue
        if any(part not in groups for part in parts):
            continue
        own = tuple(dict.fromkeys(index for part in parts for index in places[part]))
        pattern = tuple((groups[part], tuple(own.index(index) for index in places[part])) for part in parts)
        groups[node] = known.setdefault((head, pattern, tuple(index.extent for index in own)), len(known))
        places[node] = own
    return groups, places


def _written_twice(
    order: Iterable[AnyNode], groups: Mapping[AnyNode, int], places: Mapping[AnyNode, tuple[Index, ...]]
) -> set[int]:
    """Groups with several readers, those written alike counted once, that are worth a name."""
    uses: Counter[int] = Counter()
    cost: dict[int, int] = {}
    seen: set[int] = set()
    for node in order:
        group = groups.get(node)
        if group in seen:
            continue
        if group is not None:
            seen.add(group)
        parts = [groups[child] for child in walk.children(node) if child in groups]
        uses.update(parts)
        if group is not None and isinstance(node, ir.Operation | ir.Choose):
            cost[group] = min(_own_cost(node, places[node]) + sum(cost.get(part, 0) for part in set(parts)), 99)
    return {group for group, total in cost.items() if uses[group] > 1 and total >= WORTH}


def _own_cost(node: ir.Operation | ir.Choose, indices: tuple[Index, ...]) -> int:
    """Operations of an array count by what they cost, those of single numbers by the length of their text."""
    if isinstance(node, ir.Operation) and node.name in FREE:
        return 0
    if isinstance(node, ir.Operation) and node.name in ("minimum", "maximum"):
        return 2  # a call, and twice that to stay inside an axis
    if isinstance(node, ir.Choose) or not indices:
        return 1
    return 3 if node.name in COSTLY else 2
