"""What a derivative flows through, and where: activity, the regions of loops, copies with new binding places.

What both modes of differentiation share.  Knows nodes; makes none but copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Input, Tensor
from optgen.ir.operations import apply

TENSORS = (ir.Input, ir.Array, ir.Concat, ir.View, ir.Output)
NOWHERE: frozenset[Input] = frozenset()


def depends(roots: Iterable[AnyNode], leaves: Iterable[AnyNode]) -> set[AnyNode]:
    """The nodes below the roots through which a derivative by the leaves can flow: reals that depend on them."""
    found: set[AnyNode] = {leaf for leaf in leaves if getattr(leaf, "dtype", "real") == "real"}
    for node in walk.postorder(roots):
        if node not in found and any(child in found for child in _differentiable(node)):
            found.add(node)
    return found


def _differentiable(node: AnyNode) -> tuple[AnyNode, ...]:
    """The parts through which a derivative flows: no integers, no conditions."""
    match node:
        case ir.Loop(initial=initial, body=body, traces=traces):
            return (*initial, *body, *traces)
        case ir.Call() | ir.Lambda():
            return walk.children(node)
        case ir.Output(source=source, dtype="real"):
            return (source,)
        case ir.Operation(name="stop_gradient") | ir.Input() | ir.Index() | ir.Derivative():
            return ()
        case ir.Operation(arguments=arguments, dtype="real"):
            return arguments
        case ir.Access(tensor=tensor, dtype="real") | ir.View(tensor=tensor, dtype="real"):
            return (tensor,)
        case ir.Reduce(body=body, dtype="real") | ir.Array(body=body, dtype="real"):
            return (body,)
        case ir.Choose(then=then, otherwise=otherwise, dtype="real"):
            return (then, otherwise)
        case ir.Concat(parts=parts, dtype="real"):
            return parts
        case ir.Draw(parameters=parameters, dtype="real"):
            return parameters
    return ()


def open_places(roots: Iterable[AnyNode]) -> dict[AnyNode, frozenset[Input]]:
    """For each node inside a region of a loop below the roots, the bound inputs it depends on; others are left out."""
    order = list(walk.postorder(roots))
    bound = {place for node in order if isinstance(node, ir.Loop) for place in (node.counter, *node.parameters)}
    found: dict[AnyNode, frozenset[Input]] = {}
    if not bound:
        return found
    for node in order:
        places = frozenset((node,)) if isinstance(node, Input) and node in bound else NOWHERE
        for child in walk.children(node):
            places |= found.get(child, NOWHERE)
        if isinstance(node, ir.Loop):
            places -= {node.counter, *node.parameters}
        if places:
            found[node] = places
    return found


def captured(node: ir.Loop, active: set[AnyNode]) -> list[Tensor]:
    """The active tensors from outside that the loop's region reads, in the order in which they are met."""
    inside = open_places([node])
    found: dict[Tensor, None] = {}
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [*reversed((*node.body, *node.traces))]
    while stack:
        item = stack.pop()
        if item in seen:
            continue
        seen.add(item)
        if item not in inside:
            if item not in active:
                continue
            if isinstance(item, TENSORS) and item.free <= node.free:
                found[item] = None
                continue
        stack.extend(reversed(walk.children(item)))
    return list(found)


def active_places(node: ir.Loop, active: set[AnyNode], outside: Sequence[Tensor]) -> list[int]:
    """The carried values that depend on something active: at the start, or through the steps."""
    count = range(len(node.parameters))
    places = {k for k in count if node.initial[k] in active and node.parameters[k].dtype == "real"}
    while True:
        inside = depends(node.body, [*outside, *(node.parameters[k] for k in places)])
        more = places | {k for k in count if node.body[k] in inside}
        if more == places:
            return sorted(places)
        places = more


def instantiate(roots: Sequence[Tensor], mapping: Mapping[AnyNode, AnyNode]) -> list[Tensor]:
    """The roots with inputs replaced; what depends on them is a copy with binding places of its own.

    Two copies of one function value then share no place, also where one comes to stand inside the other.
    """
    inside: set[AnyNode] = set(mapping)
    places: dict[AnyNode, AnyNode] = {}
    for node in walk.postorder(roots):
        if node in inside or not any(child in inside for child in walk.children(node)):
            continue
        inside.add(node)
        match node:
            case ir.Array(indices=indices) | ir.Reduce(indices=indices):
                places.update((index, Index(index.extent, index.name)) for index in indices)
            case ir.Loop(counter=counter, parameters=parameters):
                places.update((place, Input(place.name, place.dtype, place.axes)) for place in (counter, *parameters))
    return walk.substitute(roots, {**places, **mapping})


def standard_draws(node: AnyNode) -> AnyNode | None:
    """A draw whose parameters may be differentiated, as a formula of a draw that has none."""
    if not isinstance(node, ir.Draw) or node.law not in ("normal", "uniform", "exponential"):
        return None
    zero, one = ir.constant(0, "real"), ir.constant(1, "real")
    plain = (one,) if node.law == "exponential" else (zero, one)
    if node.parameters == plain:
        return None
    z = ir.draw(node.law, plain, node.place, node.seed, node.counters, node.position)
    if node.law == "exponential":
        return apply("div", z, node.parameters[0])
    first, second = node.parameters
    scale = second if node.law == "normal" else apply("sub", second, first)
    return apply("add", first, apply("mul", scale, z))


def merged(roots: Sequence[Tensor]) -> list[Tensor]:
    """The roots with one loop for those of which one does all that the others do: a derivative's and its function's."""
    result = list(roots)
    while True:
        mapping = _covered(result)
        if not mapping:
            return result
        result = walk.substitute(result, mapping)


def _covered(roots: Sequence[Tensor]) -> dict[AnyNode, AnyNode]:
    """Outputs of loops that another loop of the same steps has too."""
    order = list(walk.postorder(roots))
    groups: dict[tuple[AnyNode | None, ...], list[ir.Loop]] = {}
    for node in order:
        if isinstance(node, ir.Loop):
            groups.setdefault((node.counter, node.limit, node.condition), []).append(node)
    larger: dict[ir.Loop, ir.Loop] = {}
    for group in groups.values():
        best = max(group, key=lambda loop: len(loop.parameters) + len(loop.traces))
        larger.update((loop, best) for loop in group if loop is not best and _covers(best, loop))
    return {
        node: ir.output(larger[node.source], _place(node.source, larger[node.source], node.position), node.name)
        for node in order
        if isinstance(node, ir.Output) and isinstance(node.source, ir.Loop) and node.source in larger
    }


def _covers(big: ir.Loop, small: ir.Loop) -> bool:
    if small.finals:
        return False
    carried = set(zip(big.parameters, big.initial, big.body, strict=True))
    if not all(item in carried for item in zip(small.parameters, small.initial, small.body, strict=True)):
        return False
    return not small.traces or (small.capacity is big.capacity and set(small.traces) <= set(big.traces))


def _place(small: ir.Loop, big: ir.Loop, position: int) -> int:
    """The output of the larger loop for one of the smaller."""
    count = len(small.parameters)
    if position < count:
        return big.parameters.index(small.parameters[position])
    if position == count:
        return len(big.parameters)
    return len(big.parameters) + 1 + big.traces.index(small.traces[position - count - 1])
