"""Forward mode: tangents carried through every node."""

from __future__ import annotations

from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.ir.operations import OPERATIONS, apply
from optgen.passes.differentiate import depends, standard_draws

ZERO = ir.constant(Fraction(0), "real")


def push_forward(node: ir.Derivative) -> tuple[Tensor, ...]:
    """The tangents of the results at the point, along the seeds."""
    function = node.function
    results = walk.rewrite(function.results, standard_draws)
    tangents = forward(results, dict(zip(function.parameters, node.seeds, strict=True)))
    made = [zeros(r) if t is None else t for r, t in zip(results, tangents, strict=True)]
    return tuple(walk.substitute(made, dict(zip(function.parameters, node.at, strict=True))))


def zeros(like: Tensor) -> Tensor:
    indices = tuple(ir.Index(axis, "ijlp"[k % 4]) for k, axis in enumerate(like.axes))
    return ir.array(indices, ZERO)


def forward(roots: list[Tensor], seeds: dict[ir.Input, Tensor]) -> list[Tensor | None]:
    """Tangents of the roots given tangents of inputs; None where the tangent is zero."""
    leaves: set[AnyNode] = set(seeds)
    active = depends(list(roots), leaves)
    tangent: dict[AnyNode, AnyNode | None] = dict(seeds)
    outputs: dict[AnyNode, tuple[Tensor | None, ...]] = {}
    for node in walk.postorder(roots):
        if node in tangent or node not in active:
            continue
        if isinstance(node, ir.Loop):
            outputs[node] = _loop(node, tangent)
        elif isinstance(node, ir.Call):
            from optgen.passes.derivative_calls import forward_call

            outputs[node] = forward_call(node, [tangent.get(a) for a in node.arguments])  # type: ignore[misc]
        elif isinstance(node, ir.Output):
            tangent[node] = outputs[node.source][node.position] if node.source in outputs else None
        else:
            tangent[node] = _tangent(node, tangent)
    return [tangent.get(root) for root in roots]  # type: ignore[misc]


def _tangent(node: AnyNode, tangent: dict[AnyNode, AnyNode | None]) -> AnyNode | None:
    of = tangent.get
    match node:
        case ir.Operation(name=name, arguments=arguments):
            partials = OPERATIONS[name].partials
            if partials is None:
                return None
            total: Scalar | None = None
            for argument, partial in zip(arguments, partials(*arguments), strict=True):
                step = of(argument)
                if step is not None and partial is not None:
                    term = apply("mul", partial, step)  # type: ignore[arg-type]
                    total = term if total is None else apply("add", total, term)
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


def _reduce(node: ir.Reduce, step: Scalar | None) -> Scalar | None:
    if step is None:
        return None
    if node.kind == "sum":
        return ir.reduce("sum", node.indices, step, node.condition)
    return ir.reduce("sum", node.indices, apply("mul", weight(node), step), node.condition)


def weight(node: ir.Reduce) -> Scalar:
    """The derivative of a product or extremum by its entry, under the reduction's own indices."""
    if node.kind == "prod":
        return _others(node)
    ties = apply("eq", node.body, node)
    count = ir.reduce("sum", node.indices, ir.constant(1), _and(node.condition, ties))
    share = apply("div", ir.constant(Fraction(1), "real"), apply("to_real", count))
    return ir.choose(ties, share, ZERO)


def _others(node: ir.Reduce) -> Scalar:
    """The product of all other entries; exact also where entries are 0."""
    copies = tuple(ir.Index(index.extent, index.name) for index in node.indices)
    renamed = dict(zip(node.indices, copies, strict=True))
    body = walk.substitute([node.body], renamed)[0]
    condition = None if node.condition is None else walk.substitute([node.condition], renamed)[0]
    different: Scalar = ir.constant(False)
    for index, copy in zip(node.indices, copies, strict=True):
        different = apply("or", different, apply("ne", index, copy))
    return ir.reduce("prod", copies, body, _and(condition, different))


def _and(condition: Scalar | None, other: Scalar) -> Scalar:
    return other if condition is None else apply("and", condition, other)


def _loop(node: ir.Loop, tangent: dict[AnyNode, AnyNode | None]) -> tuple[Tensor | None, ...]:
    """A loop that carries the tangents of its real values beside them."""
    real = [place for place, p in enumerate(node.parameters) if p.dtype == "real"]
    steps = {place: ir.Input(f"{node.parameters[place].name}_dot", "real", node.parameters[place].axes) for place in real}
    seeds = {node.parameters[place]: step for place, step in steps.items()}
    inside = [*(node.body[place] for place in real), *node.traces]
    captured = {n: t for n, t in tangent.items() if t is not None and isinstance(n, ir.Input | ir.Array | ir.Concat | ir.View | ir.Output)}
    moved = forward(inside, {**captured, **seeds})  # type: ignore[arg-type]
    body = [moved[k] or zeros(node.body[place]) for k, place in enumerate(real)]
    traces = [moved[len(real) + k] or zeros(t) for k, t in enumerate(node.traces)]
    initial = [tangent.get(node.initial[place]) or zeros(node.initial[place]) for place in real]
    made = ir.loop(
        node.counter, (*node.parameters, *steps.values()), (*node.initial, *initial), (*node.body, *body),  # type: ignore[arg-type]
        limit=node.limit, condition=node.condition, traces=(*node.traces, *traces), capacity=node.capacity, name=node.name,
    )
    made = walk.fresh(made)
    count = len(node.parameters)
    outputs: list[Tensor | None] = [None] * (count + 1 + len(node.traces))
    for k, place in enumerate(real):
        outputs[place] = ir.output(made, count + k)
    first = count + len(real) + 1 + len(node.traces)
    for k, trace in enumerate(node.traces):
        if trace.dtype == "real":
            outputs[count + 1 + k] = ir.output(made, first + k)
    return tuple(outputs)
