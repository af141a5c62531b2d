"""Reverse mode: cotangents of tensors, one tensor of the graph after the other, from the results back.

The cotangent of `T[e]` read under indices W is, at p, the sum over W of what flows into the read where e = p.  An index
that stands alone in e is renamed to its place of p, `i + c` is solved for i, and only what is left becomes a condition.
A cotangent keeps the condition of the branch it came through: a branch not chosen is multiplied by nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import OPERATIONS, apply
from optgen.passes.differentiate import depends, standard_draws
from optgen.passes.forward import ZERO, weight, zeros

ONE = ir.constant(Fraction(1), "real")


@dataclass(frozen=True, slots=True)
class Flow:
    """A scalar cotangent: `value` where `condition` holds (None: everywhere), else 0."""

    value: Scalar
    condition: Scalar | None = None


@dataclass(slots=True)
class Sweep:
    """One backward sweep: contributions to each tensor's cotangent, and views of it as (offset, axes, cotangent)."""

    active: set[AnyNode]
    whole: dict[AnyNode, list[Tensor]] = field(default_factory=dict)
    pieces: dict[AnyNode, list[tuple[Scalar, Tensor]]] = field(default_factory=dict)

    def add(self, tensor: Tensor, cotangent: Tensor) -> None:
        self.whole.setdefault(tensor, []).append(cotangent)

    def total(self, tensor: Tensor) -> Tensor | None:
        parts = list(self.whole.get(tensor, ()))
        if tensor in self.pieces:
            parts.append(_tiled(tensor, self.pieces[tensor]))
        return _summed(parts)


def pull_back(node: ir.Derivative, traced: dict[ir.Loop, ir.Loop]) -> tuple[Tensor, ...]:
    """The cotangents of the parameters at the point, from those of the results."""
    function = node.function
    results = walk.rewrite(function.results, standard_draws)
    cotangents = backward(results, list(node.seeds), list(function.parameters))
    made = [zeros(p) if c is None else c for p, c in zip(function.parameters, cotangents, strict=True)]
    return tuple(walk.substitute(made, dict(zip(function.parameters, node.at, strict=True))))


def backward(results: Sequence[Tensor], seeds: Sequence[Tensor], leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """Cotangents of the leaves; None where nothing flows."""
    roots = separated(results, set(leaves))
    sweep = Sweep(depends(list(roots), set(leaves)))
    for root, seed in zip(roots, seeds, strict=True):
        if root in sweep.active:
            sweep.add(root, seed)
    order = [n for n in walk.postorder(roots) if n in sweep.active]
    wanted: set[AnyNode] = set(leaves)
    for node in reversed(order):
        if node in wanted:
            continue
        match node:
            case ir.Array() | ir.Concat() | ir.View():
                cotangent = sweep.total(node)
                if cotangent is not None:
                    _tensor(node, cotangent, sweep)
            case ir.Loop():
                _loop(node, sweep)
            case ir.Call():
                _call(node, sweep)
    return [sweep.total(leaf) for leaf in leaves]


def separated(results: Sequence[Tensor], leaves: set[AnyNode]) -> list[Tensor]:
    """Every reduction that a derivative flows through as an array of its own, so that no work is repeated."""
    active = depends(list(results), leaves)
    flows: set[AnyNode] = set()

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Reduce) or not _may_flow(node):
            return None
        outer = sorted(node.free, key=lambda index: index.name)
        places = [Index(index.extent, index.name) for index in outer]
        body = walk.substitute([node], dict(zip(outer, places, strict=True)))[0]
        made = ir.array(places, body, node.kind)
        flows.add(made)
        return ir.access(made, *outer)

    def _may_flow(node: ir.Reduce) -> bool:
        return node.dtype == "real" and node.kind in ("sum", "prod", "max", "min")

    del active
    inside = {n for n in walk.postorder(results) if isinstance(n, ir.Loop)}
    protected = {n for loop_ in inside for n in walk.postorder([*loop_.body, *loop_.traces])}
    outside = _outside(results)
    return walk.rewrite(results, rule, skip=lambda n: n in protected and n not in outside)


def _outside(roots: Sequence[Tensor]) -> set[AnyNode]:
    """Nodes reached without entering a loop's region."""
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node.initial if isinstance(node, ir.Loop) else walk.children(node))
    return seen


# ---------------------------------------------------------------- tensors


def _tensor(node: ir.Array | ir.Concat | ir.View, cotangent: Tensor, sweep: Sweep) -> None:
    match node:
        case ir.Array(indices=indices, body=body):
            _scalar(body, Flow(ir.access(cotangent, *indices)), indices, sweep)
        case ir.Concat(parts=parts):
            offset: Scalar = ir.constant(0)
            for part in parts:
                if part in sweep.active:
                    sweep.add(part, ir.view(cotangent, offset, part.axes))
                offset = extents.total((offset, extents.product(part.axes)))
        case ir.View(tensor=tensor, offset=offset):
            sweep.pieces.setdefault(tensor, []).append((offset, cotangent))


def _summed(parts: Sequence[Tensor]) -> Tensor | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    indices = tuple(Index(axis, "ijlp"[k % 4]) for k, axis in enumerate(parts[0].axes))
    total = ir.access(parts[0], *indices)
    for part in parts[1:]:
        total = apply("add", total, ir.access(part, *indices))
    return ir.array(indices, total)


def _tiled(tensor: Tensor, pieces: Sequence[tuple[Scalar, Tensor]]) -> Tensor:
    """The cotangent of a tensor from those of its views: laid end to end if they tile it, else each between zeros."""
    by_place: dict[Scalar, list[Tensor]] = {}
    for offset, cotangent in pieces:
        by_place.setdefault(extents.normal(offset), []).append(cotangent)
    size = extents.product(tensor.axes)
    runs: list[tuple[Scalar, Tensor]] = []
    for offset, cotangents in by_place.items():
        first = [c for c in cotangents if extents.same(extents.product(c.axes), extents.product(cotangents[0].axes))]
        if len(first) == len(cotangents):
            runs.append((offset, _summed([ir.view(c, ir.constant(0), cotangents[0].axes) for c in cotangents])))  # type: ignore[arg-type]
        else:
            runs += [(offset, c) for c in cotangents]
    laid: list[list[tuple[Scalar, Tensor]]] = []
    for run in _in_order(runs):
        if laid and extents.same(_end(laid[-1][-1]), run[0]):
            laid[-1].append(run)
        else:
            laid.append([run])
    made = [_between_zeros(group, size) for group in laid]
    total = _summed(made)
    assert total is not None
    return ir.view(total, ir.constant(0), tensor.axes)


def _end(run: tuple[Scalar, Tensor]) -> Scalar:
    return extents.total((run[0], extents.product(run[1].axes)))


def _in_order(runs: Sequence[tuple[Scalar, Tensor]]) -> list[tuple[Scalar, Tensor]]:
    """Runs so that each begins where the last ends, as far as that is known."""
    left = list(runs)
    result: list[tuple[Scalar, Tensor]] = []
    while left:
        place = next((k for k, run in enumerate(left) if result and extents.same(_end(result[-1]), run[0])), None)
        if place is None:
            ends = [_end(run) for run in left]
            place = next((k for k, run in enumerate(left) if not any(extents.same(end, run[0]) for end in ends)), 0)
        result.append(left.pop(place))
    return result


def _between_zeros(group: Sequence[tuple[Scalar, Tensor]], size: Scalar) -> Tensor:
    parts: list[Tensor] = []
    before, after = group[0][0], extents.total((size, apply("neg", _end(group[-1]))))
    for length in (before,):
        if not _nothing(length):
            parts.append(ir.array((Index(length, "i"),), ZERO))
    parts += [cotangent for _, cotangent in group]
    if not _nothing(after):
        parts.append(ir.array((Index(after, "i"),), ZERO))
    made = ir.concat(parts)
    return made if len(made.axes) == 1 else ir.concat((made,))


def _nothing(length: Scalar) -> bool:
    return isinstance(length, ir.Constant) and length.value == 0


# ---------------------------------------------------------------- scalars


def _scalar(body: Scalar, flow: Flow, within: tuple[Index, ...], sweep: Sweep) -> None:
    """What flows into the body of an array, down to the reads of active tensors."""
    flows: dict[AnyNode, list[Flow]] = {body: [flow]}
    inner: dict[AnyNode, tuple[Index, ...]] = {body: within}
    order = [n for n in walk.postorder([body]) if n in sweep.active and _is_scalar(n)]
    reached = {body}
    for node in reversed(order):
        if node not in reached:
            continue
        here, indices = _joined(flows[node]), inner[node]
        for child, child_flow, child_indices in _children(node, here, indices, sweep):
            flows.setdefault(child, []).append(child_flow)
            inner[child] = child_indices
            reached.add(child)
        if isinstance(node, ir.Access):
            _read(node, here, indices, sweep)


def _is_scalar(node: AnyNode) -> bool:
    return isinstance(node, ir.Operation | ir.Access | ir.Reduce | ir.Choose)


def _joined(flows: Sequence[Flow]) -> Flow:
    """Several flows into one scalar as one; it counts where any of them does."""
    if len(flows) == 1:
        return flows[0]
    total: Scalar | None = None
    condition: Scalar | None = None
    same = all(f.condition is flows[0].condition for f in flows)
    for flow in flows:
        value = flow.value if same or flow.condition is None else ir.choose(flow.condition, flow.value, ZERO)
        total = value if total is None else apply("add", total, value)
    assert total is not None
    if same:
        return Flow(total, flows[0].condition)
    if any(f.condition is None for f in flows):
        return Flow(total)
    for flow in flows:
        condition = flow.condition if condition is None else apply("or", condition, flow.condition)  # type: ignore[arg-type]
    return Flow(total, condition)


def _children(node: AnyNode, flow: Flow, indices: tuple[Index, ...], sweep: Sweep):  # type: ignore[no-untyped-def]
    match node:
        case ir.Operation(name=name, arguments=arguments):
            partials = OPERATIONS[name].partials
            if partials is None:
                if any(a in sweep.active for a in arguments):
                    raise ir.IRError(f"no derivative of {name}")
                return
            for argument, partial in zip(arguments, partials(*arguments), strict=True):
                if partial is not None and argument in sweep.active:
                    yield argument, Flow(_times(flow.value, partial), flow.condition), indices
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            if then in sweep.active:
                yield then, Flow(flow.value, _and(flow.condition, condition)), indices
            if otherwise in sweep.active:
                yield otherwise, Flow(flow.value, _and(flow.condition, apply("not", condition))), indices
        case ir.Reduce(kind=kind, condition=condition, body=body):
            if body in sweep.active:
                value = flow.value if kind == "sum" else _times(flow.value, weight(node))
                both = flow.condition if condition is None else _and(flow.condition, condition)
                yield body, Flow(value, both), (*indices, *node.indices)


def _times(value: Scalar, factor: Scalar) -> Scalar:
    if isinstance(factor, ir.Constant) and factor.value == -1:
        return apply("neg", value)
    return apply("mul", value, factor)


def _and(condition: Scalar | None, other: Scalar) -> Scalar:
    return other if condition is None else apply("and", condition, other)


def _read(node: ir.Access, flow: Flow, within: tuple[Index, ...], sweep: Sweep) -> None:
    """The contribution of one read to the cotangent of the tensor it reads."""
    tensor = node.tensor
    if tensor not in sweep.active:
        return
    places = tuple(Index(axis, "pqrs"[k % 4]) for k, axis in enumerate(tensor.axes))
    known: dict[Index, Scalar] = {index: index for index in within if index in tensor.free}
    bounds: list[Scalar] = []
    equalities: list[tuple[Scalar, Scalar]] = []
    for place, entry in zip(places, node.indices, strict=True):
        solved = _solve(entry, place, set(within) - set(known))
        if solved is None:
            equalities.append((entry, place))
            continue
        index, value = solved
        known[index] = value
        if not (value is place and extents.same(index.extent, place.extent)):
            if value is not place:
                bounds.append(apply("ge", value, ir.constant(0)))
            bounds.append(apply("lt", value, index.extent))
    left = [index for index in within if index not in known]
    copies = {index: Index(index.extent, index.name) for index in left}
    renaming: dict[AnyNode, AnyNode] = {**{i: v for i, v in known.items() if i is not v}, **copies}
    conditions = [apply("eq", entry, place) for entry, place in equalities]
    if flow.condition is not None:
        conditions.append(flow.condition)
    value, *tests = walk.substitute([flow.value, *conditions], renaming) if renaming else [flow.value, *conditions]
    summed = set(copies.values())
    under = [test for test in tests if test.free & summed]
    outside = [*bounds, *(test for test in tests if not test.free & summed)]
    made = ir.reduce("sum", tuple(copies.values()), value, _all(under)) if copies else value
    if outside:
        made = ir.choose(_all(outside), made, ZERO)  # type: ignore[arg-type]
    sweep.add(tensor, ir.array(places, made))


def _all(conditions: Sequence[Scalar]) -> Scalar | None:
    result: Scalar | None = None
    for condition in conditions:
        result = condition if result is None else apply("and", result, condition)
    return result


def _solve(entry: Scalar, place: Index, free: set[Index]) -> tuple[Index, Scalar] | None:
    """The index that `entry = place` determines, and its value: of `i`, `i + c`, `i - c`, `c - i`, c without free indices."""
    match entry:
        case Index() if entry in free:
            return entry, place
        case ir.Operation(name="add", arguments=(Index() as i, c)) if i in free and not (c.free & free):
            return i, apply("sub", place, c)
        case ir.Operation(name="add", arguments=(c, Index() as i)) if i in free and not (c.free & free):
            return i, apply("sub", place, c)
        case ir.Operation(name="sub", arguments=(Index() as i, c)) if i in free and not (c.free & free):
            return i, apply("add", place, c)
        case ir.Operation(name="sub", arguments=(c, Index() as i)) if i in free and not (c.free & free):
            return i, apply("sub", c, place)
    return None


# ---------------------------------------------------------------- loops and calls


def _cotangents(node: AnyNode, count: int, sweep: Sweep) -> list[Tensor | None]:
    """Cotangents of the outputs of a node with several."""
    found: list[Tensor | None] = [None] * count
    for tensor in {*sweep.whole, *sweep.pieces}:
        if isinstance(tensor, ir.Output) and tensor.source is node:
            total = sweep.total(tensor)
            before = found[tensor.position]
            found[tensor.position] = total if before is None or total is None else _summed([before, total])
    return found


def _call(node: ir.Call, sweep: Sweep) -> None:
    from optgen.passes.derivative_calls import backward_call

    cotangents = _cotangents(node, len(node.outputs), sweep)
    if all(c is None for c in cotangents):
        return
    for argument, cotangent in zip(node.arguments, backward_call(node, cotangents), strict=True):
        if cotangent is not None and argument in sweep.active:
            sweep.add(argument, cotangent)


def _loop(node: ir.Loop, sweep: Sweep) -> None:
    """Back through the steps: a loop from the last to the first over traces of the carried values."""
    count = len(node.parameters)
    cotangents = _cotangents(node, count + 1 + len(node.traces), sweep)
    if all(c is None for c in cotangents):
        return
    capacity = node.limit if node.limit is not None else node.capacity
    if capacity is None:
        raise ir.IRError(f"the loop {node.name} has no largest number of steps, so its derivative can't be kept")
    forward = ir.loop(
        node.counter, node.parameters, node.initial, node.body, limit=node.limit, condition=node.condition,
        traces=(*node.traces, *node.parameters), capacity=capacity, name=node.name,
    )
    steps = ir.access(ir.output(forward, count))
    kept = [ir.output(forward, count + 1 + len(node.traces) + k, p.name) for k, p in enumerate(node.parameters)]
    real = [k for k, p in enumerate(node.parameters) if p.dtype == "real"]
    captured = _captured(node, sweep)

    back = ir.Input("back", "int")
    step = apply("sub", apply("sub", steps, ir.constant(1)), ir.access(back))
    carried = {k: ir.Input(f"{node.parameters[k].name}_bar", "real", node.parameters[k].axes) for k in real}
    gathered = [ir.Input(f"{getattr(t, 'name', '') or 'captured'}_bar", "real", t.axes) for t in captured]
    results = [node.body[k] for k in real]
    seeds: list[Tensor] = [carried[k] for k in real]
    for k, trace in enumerate(node.traces):
        flow = cotangents[count + 1 + k]
        if flow is not None:
            results.append(trace)
            seeds.append(_row(flow, step))
    leaves = [*(node.parameters[k] for k in real), *captured]
    found = backward(results, seeds, leaves)
    rows: dict[AnyNode, AnyNode] = {p: _row(kept[k], step) for k, p in enumerate(node.parameters)}
    rows[node.counter] = ir.array((), step)
    body: list[Tensor] = []
    for place, (leaf, cotangent) in enumerate(zip(leaves, found, strict=True)):
        made = zeros(leaf) if cotangent is None else walk.substitute([cotangent], rows)[0]
        if place >= len(real):
            made = _summed([gathered[place - len(real)], made])  # type: ignore[assignment]
        body.append(made)
    initial = [cotangents[k] or zeros(node.parameters[k]) for k in real]
    made_loop = ir.loop(
        back, (*carried.values(), *gathered), (*initial, *(zeros(t) for t in captured)), body,
        limit=steps, name=f"{node.name}_back",
    )
    for place, k in enumerate(real):
        if node.initial[k] in sweep.active:
            sweep.add(node.initial[k], ir.output(made_loop, place))
    for place, tensor in enumerate(captured):
        sweep.add(tensor, ir.output(made_loop, len(real) + place))


def _row(table: Tensor, step: Scalar) -> Tensor:
    places = tuple(Index(axis, "ijlp"[k % 4]) for k, axis in enumerate(table.axes[1:]))
    return ir.array(places, ir.access(table, step, *places), getattr(table, "name", "") or "row")


def _captured(node: ir.Loop, sweep: Sweep) -> list[Tensor]:
    """Active tensors from outside that the loop's region reads."""
    own: set[AnyNode] = {node.counter, *node.parameters}
    inside: set[AnyNode] = set()
    found: list[Tensor] = []
    order = list(walk.postorder([*node.body, *node.traces]))
    for item in order:
        if item in own or any(child in inside for child in walk.children(item)):
            inside.add(item)
    seen: set[AnyNode] = set()
    for item in order:
        if item not in inside:
            continue
        for child in walk.children(item):
            _outer_tensors(child, inside, own, sweep, seen, found)
    for root in (*node.body, *node.traces):
        _outer_tensors(root, inside, own, sweep, seen, found)
    return found


def _outer_tensors(
    root: AnyNode, inside: set[AnyNode], own: set[AnyNode], sweep: Sweep, seen: set[AnyNode], found: list[Tensor]
) -> None:
    """The first active tensors met going down from a node that stands outside the region."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node in inside or node in seen or node in own:
            continue
        seen.add(node)
        if node in sweep.active and isinstance(node, ir.Input | ir.Array | ir.Concat | ir.View | ir.Output):
            found.append(node)
        else:
            stack.extend(walk.children(node))
