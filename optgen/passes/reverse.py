"""Reverse mode: cotangents of tensors, one tensor of the graph after the other, from the results back.

The cotangent of `T[e]` read under indices W is, at p, the sum over W of what flows into the read where e = p.  An index
that stands alone in e is renamed to its place of p, `i + c` is solved for i, and only what is left becomes a condition.
A cotangent keeps the condition of the branch it came through: a branch not chosen is multiplied by nothing.
A read outside an axis, which a Choose has to guard, has no cotangent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply, declared
from optgen.passes.cotangents import Sweep, added, repeated
from optgen.passes.derivative_calls import backward_call
from optgen.passes.derivative_parts import ZERO, attained, both, others, places_of, zeros
from optgen.passes.derivative_regions import (
    active_places,
    captured,
    depends,
    instantiate,
    merged,
    open_places,
    standard_draws,
)
from optgen.passes.materialise import materialised


@dataclass(frozen=True, slots=True)
class Flow:
    """A scalar cotangent under the indices `within`: `value` where `condition` holds (None: everywhere), else 0."""

    value: Scalar
    condition: Scalar | None
    within: tuple[Index, ...]


def pull_back(node: ir.Derivative) -> tuple[Tensor, ...]:
    """The cotangents of the parameters at the point, from those of the results."""
    function = node.function
    results = materialised(walk.rewrite(function.results, standard_draws))
    places = [
        ir.Input(f"{getattr(r, 'name', '')}_bar", s.dtype, s.axes) for r, s in zip(results, node.seeds, strict=True)
    ]
    cotangents = backward(results, places, function.parameters, function.free)
    made = merged([zeros(p) if c is None else c for p, c in zip(function.parameters, cotangents, strict=True)])
    values: dict[AnyNode, AnyNode] = dict(zip((*function.parameters, *places), (*node.at, *node.seeds), strict=True))
    return tuple(instantiate(made, values))


def backward(
    results: Sequence[Tensor], seeds: Sequence[Tensor], leaves: Sequence[Tensor], fixed: frozenset[Index]
) -> list[Tensor | None]:
    """Cotangents of the leaves; None where nothing flows.  No cotangent is summed over the free indices `fixed`."""
    active = depends(results, leaves)
    inside = open_places(results)
    sweep = Sweep(fixed)
    for root, seed in zip(results, seeds, strict=True):
        if root in active:
            sweep.add(root, seed)
    ends = set(leaves)
    for node in reversed(list(walk.postorder(results))):
        if node not in active or node in ends or node in inside:
            continue
        match node:
            case ir.Array():
                _array(node, sweep, active)
            case ir.Concat() | ir.View():
                _relaid(node, sweep, active)
            case ir.Loop():
                _loop(node, sweep, active)
            case ir.Call():
                _call(node, sweep, active)
    return [sweep.total(leaf) for leaf in leaves]


# ---------------------------------------------------------------- tensors


def _relaid(node: ir.Concat | ir.View, sweep: Sweep, active: set[AnyNode]) -> None:
    cotangent = sweep.total(node)
    if cotangent is None:
        return
    if isinstance(node, ir.View):
        sweep.add_piece(node.tensor, node.offset, cotangent)
        return
    offset: Scalar = ir.constant(0)
    for part in node.parts:
        if part in active:
            sweep.add(part, ir.view(cotangent, offset, part.axes))
        offset = extents.total((offset, extents.product(part.axes)))


def _array(node: ir.Array, sweep: Sweep, active: set[AnyNode]) -> None:
    """What flows into the body, down to the reads of active tensors."""
    cotangent = sweep.total(node)
    if cotangent is None:
        return
    within = (*node.indices, *repeated(node, sweep.fixed))
    condition = sweep.condition(node, node.indices)
    flows: dict[AnyNode, list[Flow]] = {node.body: [Flow(ir.access(cotangent, *node.indices), condition, within)]}
    for scalar in reversed(_scalars(node.body, active)):
        if scalar not in flows:
            continue
        flow = _joined(flows[scalar])
        if isinstance(scalar, ir.Access):
            _read(scalar, flow, sweep)
        for part, part_flow in _parts(scalar, flow):
            if part in active:
                flows.setdefault(part, []).append(part_flow)


def _scalars(body: Scalar, active: set[AnyNode]) -> list[Scalar]:
    """The active scalars of a body, parts first; tensors that it reads are not entered."""
    order: list[Scalar] = []
    seen: set[AnyNode] = set()
    stack: list[tuple[AnyNode, bool]] = [(body, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)  # type: ignore[arg-type]
        elif node not in seen and node in active:
            seen.add(node)
            stack.append((node, True))
            if not isinstance(node, ir.Access):
                stack.extend((part, False) for part in walk.children(node))
    return order


def _joined(flows: Sequence[Flow]) -> Flow:
    """Several flows into one scalar as one; it counts where any of them does."""
    first = flows[0]
    if len(flows) == 1:
        return first
    same = all(flow.condition is first.condition for flow in flows)
    total: Scalar | None = None
    counts: Scalar | None = None
    for flow in flows:
        value = flow.value if same or flow.condition is None else ir.choose(flow.condition, flow.value, ZERO)
        total = value if total is None else apply("add", total, value)
        if flow.condition is not None:
            counts = flow.condition if counts is None else apply("or", counts, flow.condition)
    assert total is not None
    everywhere = any(flow.condition is None for flow in flows)
    return Flow(total, first.condition if same else None if everywhere else counts, first.within)


def _parts(node: Scalar, flow: Flow) -> Iterator[tuple[Scalar, Flow]]:
    """What flows on into each part of a scalar."""
    value, within = flow.value, flow.within
    match node:
        case ir.Operation(name=name, arguments=arguments):
            partials = declared(name).partials
            if partials is None:
                raise ir.IRError(f"no derivative of {name}")
            for argument, partial in zip(arguments, partials(*arguments), strict=True):
                if partial is not None:
                    yield argument, Flow(_times(value, partial), flow.condition, within)
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            yield then, Flow(value, both(flow.condition, condition), within)
            yield otherwise, Flow(value, both(flow.condition, apply("not", condition)), within)
        case ir.Reduce(kind=kind, indices=indices, body=body):
            condition = both(flow.condition, node.condition)  # type: ignore[assignment]
            if kind == "prod":
                value = _times(value, others(node))
            elif kind in ("max", "min"):
                for index, position in attained(node).items():
                    condition = both(condition, apply("eq", index, position))  # type: ignore[arg-type, assignment]
            yield body, Flow(value, condition, (*within, *indices))


def _times(value: Scalar, factor: Scalar) -> Scalar:
    if isinstance(factor, ir.Constant) and factor.value == -1:
        return apply("neg", value)
    return apply("mul", value, factor)


# ---------------------------------------------------------------- reads


def _read(node: ir.Access, flow: Flow, sweep: Sweep) -> None:
    """The contribution of one read to the cotangent of the tensor it reads."""
    places = sweep.places(node.tensor)
    unknown = [index for index in flow.within if index not in node.tensor.free]
    plain, shifted, equations = _solved(node.indices, places, unknown)
    left = [index for index in unknown if index not in plain and index not in shifted]
    copies = [Index(index.extent, index.name) for index in left]
    renaming: dict[AnyNode, AnyNode] = dict(zip(left, copies, strict=True))
    renaming.update(plain.items())
    tests: list[Scalar] = [] if flow.condition is None else [flow.condition]
    tests += [
        apply("lt", place, index.extent)
        for index, place in plain.items()
        if not extents.same(index.extent, place.extent)
    ]
    tests += [apply("eq", entry, place) for entry, place in equations]
    for index in reversed(shifted):
        value = walk.substitute([shifted[index]], renaming)[0]
        tests += [apply("ge", value, ir.constant(0)), apply("lt", value, index.extent)]
        renaming[index] = value
    body, *conditions = walk.substitute([flow.value, *tests], renaming)
    under = outside = None
    for condition in conditions:
        if condition.free.isdisjoint(copies):
            outside = both(outside, condition)
        else:
            under = both(under, condition)
    sweep.add_flow(node.tensor, ir.reduce("sum", copies, body, under), outside)


def _solved(
    entries: Sequence[Scalar], places: Sequence[Index], unknown: Sequence[Index]
) -> tuple[dict[Index, Index], dict[Index, Scalar], list[tuple[Scalar, Index]]]:
    """What `entries = places` determines: indices that stand alone, indices in a sum or difference, equations left.

    The value of an index in a sum is in terms of any but those solved for before it.
    """
    plain: dict[Index, Index] = {}
    shifted: dict[Index, Scalar] = {}
    rest: list[tuple[Scalar, Index]] = []
    left: list[tuple[Scalar, Index]] = []
    for entry, place in zip(entries, places, strict=True):
        if isinstance(entry, Index) and entry in unknown and entry not in plain:
            plain[entry] = place
        else:
            rest.append((entry, place))
    for entry, place in rest:
        for index, value in _inverses(entry, place):
            if index in unknown and index not in plain and index not in shifted and value.free.isdisjoint(shifted):
                shifted[index] = value
                break
        else:
            left.append((entry, place))
    return plain, shifted, left


def _inverses(entry: Scalar, place: Scalar) -> Iterator[tuple[Index, Scalar]]:
    """`entry = place` solved for an index that is one side of a sum or difference."""
    match entry:
        case ir.Operation(name="add", arguments=(a, b)):
            sides = ((a, b, apply("sub", place, b)), (b, a, apply("sub", place, a)))
        case ir.Operation(name="sub", arguments=(a, b)):
            sides = ((a, b, apply("add", place, b)), (b, a, apply("sub", a, place)))
        case _:
            return
    for side, other, value in sides:
        if isinstance(side, Index) and side not in other.free:
            yield side, value


# ---------------------------------------------------------------- loops and calls


def _call(node: ir.Call, sweep: Sweep, active: set[AnyNode]) -> None:
    cotangents = sweep.outputs(node, len(node.outputs))
    if all(cotangent is None for cotangent in cotangents):
        return
    for argument, cotangent in zip(node.arguments, backward_call(node, cotangents), strict=True):
        if cotangent is not None and argument in active:
            sweep.add(argument, cotangent)


def _loop(node: ir.Loop, sweep: Sweep, active: set[AnyNode]) -> None:
    """Back through the steps: a loop from the last to the first, over traces of the carried values."""
    count = len(node.parameters)
    cotangents = sweep.outputs(node, count + 1 + len(node.traces))
    if all(cotangent is None for cotangent in cotangents):
        return
    outside = captured(node, active)
    places = active_places(node, active, outside)
    forward = _traced(node)
    steps = ir.access(ir.output(forward, count))
    back = ir.Input("back", "int")
    step = apply("sub", apply("sub", steps, ir.constant(1)), ir.access(back))

    carried = [ir.Input(f"{node.parameters[k].name}_bar", "real", node.parameters[k].axes) for k in places]
    gathered = [ir.Input(f"{getattr(t, 'name', '') or 'captured'}_bar", "real", t.axes) for t in outside]
    rows = [(t, c) for t, c in zip(node.traces, cotangents[count + 1 :], strict=True) if c is not None]
    row_seeds = [ir.Input("row_bar", "real", t.axes) for t, _ in rows]
    leaves = [*(node.parameters[k] for k in places), *outside]
    results = [*(node.body[k] for k in places), *(t for t, _ in rows)]
    found = backward(results, [*carried, *row_seeds], leaves, sweep.fixed | node.free)
    values: dict[AnyNode, AnyNode] = {node.counter: ir.array((), step)}
    values.update((seed, _row(c, step)) for seed, (_, c) in zip(row_seeds, rows, strict=True))
    for k, parameter in enumerate(node.parameters):
        values[parameter] = _row(ir.output(forward, count + 1 + len(node.traces) + k, parameter.name), step)
    body = instantiate([zeros(t) if c is None else c for t, c in zip(leaves, found, strict=True)], values)
    body[len(places) :] = [added(a, b) for a, b in zip(gathered, body[len(places) :], strict=True)]
    made = ir.loop(
        back,
        (*carried, *gathered),
        [*(cotangents[k] or zeros(node.parameters[k]) for k in places), *map(zeros, outside)],
        body,
        limit=steps,
        capacity=forward.capacity,
        name=f"{node.name}_back",
    )
    for position, tensor in enumerate((*(node.initial[k] for k in places), *outside)):
        if tensor in active:
            sweep.add(tensor, ir.output(made, position))


def _traced(node: ir.Loop) -> ir.Loop:
    """The loop with its carried values kept at each step."""
    capacity = node.capacity
    if not node.traces and node.limit is not None and _plain(node.limit):
        capacity = node.limit
    if capacity is None:
        raise ir.IRError(
            f"the loop {node.name} has no largest number of steps, so its values can't be kept for a derivative"
        )
    return ir.loop(
        node.counter,
        node.parameters,
        node.initial,
        node.body,
        limit=node.limit,
        condition=node.condition,
        traces=(*node.traces, *node.parameters),
        capacity=capacity,
        name=node.name,
    )


def _plain(extent: Scalar) -> bool:
    """Whether an extent is arithmetic over dims and inputs, known before anything is computed."""
    return all(
        isinstance(n, ir.Constant | ir.Dim | ir.Operation | ir.Access | ir.Input) for n in walk.postorder([extent])
    )


def _row(table: Tensor, step: Scalar) -> Tensor:
    places = places_of(table.axes[1:])
    return ir.array(places, ir.access(table, step, *places), getattr(table, "name", "") or "row")
