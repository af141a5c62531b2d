"""The traversals every pass uses: work lists, never recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode

N = TypeVar("N", bound=AnyNode)


def children(node: AnyNode) -> tuple[AnyNode, ...]:
    """All nodes a node is built from, without the places it binds (indices, parameters, the counter)."""
    try:
        parts_of = _CHILDREN[type(node)]
    except KeyError:
        raise ir.IRError(f"not a node: {node!r}") from None
    return parts_of(node)


def _of_reduce(node: ir.Reduce) -> tuple[AnyNode, ...]:
    extents = tuple([index.extent for index in node.indices])
    return (*extents, node.body) if node.condition is None else (*extents, node.condition, node.body)


def _of_loop(node: ir.Loop) -> tuple[AnyNode, ...]:
    optional = [s for s in (node.limit, node.condition, node.capacity) if s is not None]
    return (*node.initial, *optional, *node.body, *node.traces, *node.finals)


_CHILDREN: dict[type, Callable[[Any], tuple[AnyNode, ...]]] = {
    ir.Constant: lambda node: (),
    ir.Dim: lambda node: (),
    ir.Index: lambda node: (node.extent,),
    ir.Operation: lambda node: node.arguments,
    ir.Access: lambda node: (node.tensor, *node.indices),
    ir.Reduce: _of_reduce,
    ir.Choose: lambda node: (node.condition, node.then, node.otherwise),
    ir.Draw: lambda node: (*node.parameters, node.seed, *node.counters, node.position),
    ir.Input: lambda node: node.axes,
    ir.Array: lambda node: (*node.axes, node.body),
    ir.Concat: lambda node: node.parts,
    ir.View: lambda node: (node.tensor, node.offset, *node.axes),
    ir.Output: lambda node: (node.source,),
    ir.Loop: _of_loop,
    ir.Call: lambda node: node.arguments,
    ir.Lambda: lambda node: node.results,
    ir.Derivative: lambda node: (node.function, *node.at, *node.seeds),
}


def postorder(roots: Iterable[AnyNode]) -> Iterator[AnyNode]:
    """Every node below the roots once, what it is built from before it."""
    seen: set[AnyNode] = set()
    stack: list[AnyNode | None] = [*roots]  # None: the parts of the last open node are done
    stack.reverse()
    opened: list[AnyNode] = []
    while stack:
        node = stack.pop()
        if node is None:
            yield opened.pop()
        elif node not in seen:
            seen.add(node)
            parts = children(node)
            if parts:
                opened.append(node)
                stack.append(None)
                stack.extend(parts[::-1])
            else:
                yield node


def rewrite(
    roots: Iterable[N],
    rule: Callable[[AnyNode], AnyNode | None],
    start: Mapping[AnyNode, AnyNode] | None = None,
    skip: Callable[[AnyNode], bool] | None = None,
) -> list[N]:
    """Rebuild the graph bottom up.

    `rule` gets each node with its parts already rebuilt and gives its replacement, or None to keep it.  `start` maps
    nodes (bound places among them) to what stands for them; they are not visited.  Nodes that `skip` accepts are kept
    with all below them.
    """
    done: dict[AnyNode, AnyNode] = dict(start or {})
    roots = list(roots)
    stack: list[AnyNode | None] = [*reversed(roots)]  # None: the parts of the last open node are done
    opened: list[tuple[AnyNode, tuple[AnyNode, ...]]] = []
    while stack:
        node = stack.pop()
        if node is None:
            node, parts = opened.pop()
            rebuilt = _rebuilt(node, parts, done)
            replaced = rule(rebuilt)
            done[node] = rebuilt if replaced is None else replaced
        elif node in done:
            continue
        elif skip is not None and skip(node):
            done[node] = node
        elif parts := children(node):
            opened.append((node, parts))
            stack.append(None)
            stack.extend([child for child in parts if child not in done])
        else:
            replaced = rule(node)
            done[node] = node if replaced is None else replaced
    return [done[root] for root in roots]  # type: ignore[misc]


def substitute(roots: Iterable[N], mapping: Mapping[AnyNode, AnyNode]) -> list[N]:
    """The roots with nodes (usually inputs or indices) replaced.  Binding places are unique, so nothing is captured."""
    if all(isinstance(place, ir.Index) for place in mapping):
        places = frozenset(mapping)
        return rewrite(roots, lambda node: None, mapping, lambda node: places.isdisjoint(node.free))
    return rewrite(roots, lambda node: None, mapping)


def fresh(root: N) -> N:
    """A copy in which every binding place is new; needed when one body comes to stand inside a copy of itself."""
    places: dict[AnyNode, AnyNode] = {}
    for node in postorder([root]):
        for place in bound(node):
            if isinstance(place, ir.Index):
                places[place] = ir.Index(place.extent, place.name)
            else:
                places[place] = ir.Input(place.name, place.dtype, place.axes)
    return substitute([root], places)[0] if places else root


def rebuild(node: AnyNode, done: Mapping[AnyNode, AnyNode]) -> AnyNode:
    """A node from what its parts became; itself if none changed."""
    return _rebuilt(node, children(node), done)


def _rebuilt(node: AnyNode, parts: tuple[AnyNode, ...], done: Mapping[AnyNode, AnyNode]) -> AnyNode:
    new = done.get
    for part in parts:
        if new(part, part) is not part:
            return _changed(node, done)
    return _changed(node, done) if type(node) in _BINDERS and _rebinds(node, done) else node


def _changed(node: AnyNode, done: Mapping[AnyNode, AnyNode]) -> AnyNode:
    new = done.get

    def each(items: Iterable[AnyNode]) -> list[Any]:
        return [new(item, item) for item in items]

    match node:
        case ir.Index():
            return ir.Index(new(node.extent), node.name)  # type: ignore[arg-type]
        case ir.Operation():
            from optgen.ir.operations import apply

            return apply(node.name, *each(node.arguments))
        case ir.Access():
            return ir.access(new(node.tensor), *each(node.indices))  # type: ignore[arg-type]
        case ir.Reduce():
            condition = None if node.condition is None else new(node.condition)
            return ir.reduce(node.kind, _places(node.indices, done), new(node.body), condition)  # type: ignore[arg-type]
        case ir.Choose():
            return ir.choose(*each((node.condition, node.then, node.otherwise)))
        case ir.Draw():
            return ir.draw(
                node.law,
                each(node.parameters),
                node.place,
                new(node.seed),  # type: ignore[arg-type]
                each(node.counters),
                new(node.position),  # type: ignore[arg-type]
            )
        case ir.Input():
            return ir.Input(node.name, node.dtype, tuple(each(node.axes)))
        case ir.Array():
            return ir.array(_places(node.indices, done), new(node.body), node.name)  # type: ignore[arg-type]
        case ir.Concat():
            return ir.concat(each(node.parts), node.name)
        case ir.View():
            return ir.view(new(node.tensor), new(node.offset), each(node.axes), node.name)  # type: ignore[arg-type]
        case ir.Output():
            return ir.output(new(node.source), node.position, node.name)  # type: ignore[arg-type]
        case ir.Loop():
            return _rebuild_loop(node, done)
        case ir.Call():
            extents = {axis: new(axis, axis) for _, axes in node.outputs for axis in axes}
            outputs = [(dtype, tuple(extents[axis] for axis in axes)) for dtype, axes in node.outputs]
            return ir.call(node.function, each(node.arguments), outputs, node.attributes)  # type: ignore[arg-type]
        case ir.Lambda():
            return ir.function_value(_places(node.parameters, done), each(node.results))
        case ir.Derivative():
            return ir.derivative(node.kind, new(node.function), each(node.at), each(node.seeds))  # type: ignore[arg-type]
    raise ir.IRError(f"not a node: {node!r}")


_BINDERS = frozenset((ir.Reduce, ir.Array, ir.Loop, ir.Lambda))


def bound(node: AnyNode) -> tuple[ir.Index | ir.Input, ...]:
    """The places a node binds."""
    match node:
        case ir.Reduce() | ir.Array():
            return node.indices
        case ir.Loop():
            return (node.counter, *node.parameters)
        case ir.Lambda():
            return node.parameters
    return ()


def _rebinds(node: AnyNode, done: Mapping[AnyNode, AnyNode]) -> bool:
    return any(done.get(place, place) is not place for place in bound(node))


def _places(places: Iterable[ir.Index | ir.Input], done: Mapping[AnyNode, AnyNode]) -> list:  # type: ignore[type-arg]
    """The bound places after a rewrite; one that stands for something else now can't be bound any more."""
    result = []
    for place in places:
        new = done.get(place, place)
        if not isinstance(new, ir.Index | ir.Input):
            raise ir.IRError(f"{place.name} is bound here and was replaced by an expression")
        if new is place and isinstance(place, ir.Index) and done.get(place.extent, place.extent) is not place.extent:
            new = ir.Index(done[place.extent], place.name)  # type: ignore[arg-type]
        result.append(new)
    return result


def _rebuild_loop(node: ir.Loop, done: Mapping[AnyNode, AnyNode]) -> ir.Loop:
    def new(item: Any) -> Any:
        return None if item is None else done.get(item, item)

    return ir.loop(
        new(node.counter),
        _places(node.parameters, done),
        [new(item) for item in node.initial],
        [new(item) for item in node.body],
        limit=new(node.limit),
        condition=new(node.condition),
        traces=[new(item) for item in node.traces],
        capacity=new(node.capacity),
        finals=[new(item) for item in node.finals],
        name=node.name,
    )


def free_in_order(node: AnyNode) -> tuple[ir.Index, ...]:
    """The free indices of a node in the order in which they first appear: the same in every run."""
    left = set(node.free)
    found: list[ir.Index] = []
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [node]
    while stack and left:
        item = stack.pop()
        if item in seen or left.isdisjoint(item.free):
            continue
        seen.add(item)
        if isinstance(item, ir.Index) and item in left:
            left.discard(item)
            found.append(item)
        stack.extend(reversed(children(item)))
    return tuple(found)
