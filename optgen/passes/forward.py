"""Forward mode: tangents carried through every node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.ir.operations import apply, declared
from optgen.passes.derivative_calls import forward_call
from optgen.passes.derivative_parts import ONE, ZERO, attained, others, zeros
from optgen.passes.derivative_regions import (
    active_places,
    captured,
    depends,
    instantiate,
    merged,
    open_places,
    standard_draws,
)


def push_forward(node: ir.Derivative) -> tuple[Tensor, ...]:
    """The tangents of the results at the point, along the seeds."""
    function = node.function
    results = walk.rewrite(function.results, standard_draws)
    places = [ir.Input(f"{p.name}_dot", s.dtype, s.axes) for p, s in zip(function.parameters, node.seeds, strict=True)]
    tangents = forward(results, dict(zip(function.parameters, places, strict=True)))
    made = merged([zeros(r) if t is None else t for r, t in zip(results, tangents, strict=True)])
    values: dict[AnyNode, AnyNode] = dict(zip((*function.parameters, *places), (*node.at, *node.seeds), strict=True))
    return tuple(instantiate(made, values))


def forward(roots: Sequence[Tensor], seeds: Mapping[Tensor, Tensor]) -> list[Tensor | None]:
    """Tangents of the roots given tangents of tensors; None where the tangent is zero."""
    active = depends(roots, seeds)
    inside = open_places(roots)
    tangent: dict[AnyNode, AnyNode | None] = {leaf: step for leaf, step in seeds.items() if leaf in active}
    outputs: dict[AnyNode, Sequence[Tensor | None]] = {}
    for node in walk.postorder(roots):
        if node in tangent or node not in active or node in inside:
            continue
        match node:
            case ir.Loop():
                outputs[node] = _loop(node, active, tangent)
            case ir.Call():
                outputs[node] = forward_call(node, [tangent.get(a) for a in node.arguments])  # type: ignore[misc]
            case ir.Output():
                tangent[node] = outputs[node.source][node.position]
            case _:
                tangent[node] = _tangent(node, tangent)
    return [tangent.get(root) for root in roots]  # type: ignore[misc]


def _tangent(node: AnyNode, tangent: dict[AnyNode, AnyNode | None]) -> AnyNode | None:
    of = tangent.get
    match node:
        case ir.Operation(name=name, arguments=arguments):
            partials = declared(name).partials
            if partials is None:
                raise ir.IRError(f"no derivative of {name}")
            total: Scalar | None = None
            for argument, partial in zip(arguments, partials(*arguments), strict=True):
                step = of(argument)
                if step is not None and partial is not None:
                    total = _plus(total, partial, step)  # type: ignore[arg-type]
            return total
        case ir.Access(tensor=tensor, indices=indices):
            step = of(tensor)
            return None if step is None else ir.access(step, *indices)  # type: ignore[arg-type]
        case ir.Reduce():
            return _reduce(node, of(node.body))  # type: ignore[arg-type]
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            a, b = of(then), of(otherwise)
            if a is None and b is None:
                return None
            return ir.choose(condition, a or ZERO, b or ZERO)  # type: ignore[arg-type]
        case ir.Array(indices=indices, body=body, name=name):
            step = of(body)
            return None if step is None else ir.array(indices, step, name and f"{name}_dot")  # type: ignore[arg-type]
        case ir.Concat(parts=parts, name=name):
            steps = [of(part) or zeros(part) for part in parts]
            return ir.concat(steps, name and f"{name}_dot")  # type: ignore[arg-type]
        case ir.View(tensor=tensor, offset=offset, axes=axes, name=name):
            step = of(tensor)
            return None if step is None else ir.view(step, offset, axes, name and f"{name}_dot")  # type: ignore[arg-type]
    raise ir.IRError(f"no forward derivative of {type(node).__name__}")


def _plus(total: Scalar | None, partial: Scalar, step: Scalar) -> Scalar:
    """`total + partial*step`."""
    minus = isinstance(partial, ir.Constant) and partial.value == -1
    term = step if minus or partial is ONE else apply("mul", partial, step)
    if total is None:
        return apply("neg", term) if minus else term
    return apply("sub" if minus else "add", total, term)


def _reduce(node: ir.Reduce, step: Scalar | None) -> Scalar | None:
    if step is None:
        return None
    if node.kind == "sum":
        return ir.reduce("sum", node.indices, step, node.condition)
    if node.kind == "prod":
        return ir.reduce("sum", node.indices, apply("mul", others(node), step), node.condition)
    return walk.substitute([step], attained(node))[0]


def _loop(node: ir.Loop, active: set[AnyNode], tangent: Mapping[AnyNode, AnyNode | None]) -> list[Tensor | None]:
    """Tangents of a loop's outputs: a loop that carries the tangents of its active values beside them."""
    outside = [t for t in captured(node, active) if tangent.get(t) is not None]
    places = active_places(node, active, outside)
    steps = [ir.Input(f"{node.parameters[k].name}_dot", "real", node.parameters[k].axes) for k in places]
    seeds = {t: tangent[t] for t in outside} | {node.parameters[k]: s for k, s in zip(places, steps, strict=True)}
    moved = forward([*(node.body[k] for k in places), *node.traces], seeds)  # type: ignore[arg-type]
    body = [m or zeros(p) for m, p in zip(moved, steps, strict=False)]
    rows = [(k, m) for k, m in enumerate(moved[len(places) :]) if m is not None]
    initial: list[Tensor] = [tangent.get(node.initial[k]) or zeros(node.initial[k]) for k in places]  # type: ignore[misc]
    made = ir.loop(
        node.counter,
        (*node.parameters, *steps),
        (*node.initial, *initial),
        (*node.body, *body),
        limit=node.limit,
        condition=node.condition,
        traces=(*node.traces, *(m for _, m in rows)),
        capacity=node.capacity,
        name=node.name,
    )
    count = len(node.parameters)
    outputs: list[Tensor | None] = [None] * (count + 1 + len(node.traces))
    for k, place in enumerate(places):
        outputs[place] = ir.output(made, count + k)
    first = count + len(places) + 1 + len(node.traces)
    for position, (k, _) in enumerate(rows):
        outputs[count + 1 + k] = ir.output(made, first + position)
    return outputs
