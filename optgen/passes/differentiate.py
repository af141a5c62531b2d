"""Derivatives expanded: jvp and vjp, nested, through loops.

Expects any function; afterwards no Derivative node is left.  Preserves reals exactly, where the derivative exists.
Innermost first: a product with a Hessian is the jvp of a vjp.
"""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Tensor
from optgen.ir.program import Function


def differentiate(function: Function) -> Function:
    """The function with every Derivative replaced by what it is."""
    from optgen.passes.forward import push_forward
    from optgen.passes.reverse import pull_back

    expanded: dict[ir.Derivative, tuple[Tensor, ...]] = {}
    traced: dict[ir.Loop, ir.Loop] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Output) or not isinstance(node.source, ir.Derivative):
            return None
        source = node.source
        if source not in expanded:
            expanded[source] = push_forward(source) if source.kind == "jvp" else pull_back(source, traced)
        return expanded[source][node.position]

    if not any(isinstance(node, ir.Derivative) for node in walk.postorder([t for _, t in function.results])):
        return function
    names, tensors = zip(*function.results, strict=True)
    made = walk.rewrite(tensors, rule)
    return Function(function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc)


def standard_draws(node: AnyNode) -> AnyNode | None:
    """A draw whose parameters may be differentiated, as a formula of a draw that has none."""
    if not isinstance(node, ir.Draw) or node.law not in ("normal", "uniform", "exponential"):
        return None
    zero, one = ir.constant(0, "real"), ir.constant(1, "real")
    plain = (one,) if node.law == "exponential" else (zero, one)
    if node.parameters == plain:
        return None
    from optgen.ir.operations import apply

    z = ir.draw(node.law, plain, node.place, node.seed, node.counters, node.position)
    if node.law == "exponential":
        return apply("div", z, node.parameters[0])
    first, second = node.parameters
    scale = second if node.law == "normal" else apply("sub", second, first)
    return apply("add", first, apply("mul", scale, z))


def depends(roots: list[AnyNode], leaves: set[AnyNode]) -> set[AnyNode]:
    """The nodes below the roots through which a derivative by the leaves can flow: reals that depend on them."""
    found: set[AnyNode] = set()
    for node in walk.postorder(roots):
        if node in leaves:
            found.add(node)
        elif isinstance(node, ir.Loop):
            if _loop_depends(node, found):
                found.add(node)
        elif any(child in found for child in _differentiable(node)):
            found.add(node)
    return found


def _loop_depends(node: ir.Loop, found: set[AnyNode]) -> bool:
    return any(part in found for part in (*node.initial, *node.body, *node.traces))


def _differentiable(node: AnyNode) -> tuple[AnyNode, ...]:
    """The parts through which a derivative flows: no integers, no conditions."""
    match node:
        case ir.Operation(name="stop_gradient"):
            return ()
        case ir.Access(tensor=tensor, dtype=dtype):
            return (tensor,) if dtype == "real" else ()
        case ir.Reduce(kind=kind, body=body):
            return (body,) if kind not in ("any", "all", "argmax", "argmin") else ()
        case ir.Choose(then=then, otherwise=otherwise):
            return (then, otherwise)
        case ir.Draw(parameters=parameters):
            return parameters
        case ir.View(tensor=tensor):
            return (tensor,)
        case ir.Array(body=body):
            return (body,)
        case ir.Input() | ir.Index():
            return ()
    if getattr(node, "dtype", "real") != "real":
        return ()
    return walk.children(node)
