"""Derivatives of whole-array functions: one forward and one backward rule a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optgen.ir import calls
from optgen.ir import nodes as ir
from optgen.ir.nodes import Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.passes.forward import ZERO

Maybe = Tensor | None


def forward_call(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Tangents of the results from those of the arguments."""
    if node.function.startswith("oracle "):
        return _oracle_forward(node, tangents)
    rule = _FORWARD.get(node.function)
    if rule is None:
        raise ir.IRError(f"no forward derivative of {node.function}")
    return rule(node, tangents)


def backward_call(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Cotangents of the arguments from those of the results."""
    if node.function.startswith("oracle "):
        return _oracle_backward(node, cotangents)
    rule = _BACKWARD.get(node.function)
    if rule is None:
        raise ir.IRError(f"no derivative of {node.function}")
    return rule(node, cotangents)


def _batch(node: ir.Call) -> int:
    return dict(node.attributes).get("batch", 0)


def _indices(axes: Sequence[Scalar]) -> tuple[Index, ...]:
    return tuple(Index(axis, "ijlpqr"[k % 6]) for k, axis in enumerate(axes))


def _turned(matrix: Tensor) -> Tensor:
    places = _indices(matrix.axes)
    return ir.array((*places[:-2], places[-1], places[-2]), ir.access(matrix, *places))


def _matvec(matrix: Tensor, vector: Tensor) -> Tensor:
    """Product over the last axis, leading axes in common."""
    places, j = _indices(matrix.axes[:-1]), Index(matrix.axes[-1], "k")
    body = apply("mul", ir.access(matrix, *places, j), ir.access(vector, *places[:-1], j))
    return ir.array(places, ir.reduce("sum", (j,), body))


def _minus(left: Maybe, right: Tensor) -> Tensor:
    places = _indices(right.axes)
    first = ZERO if left is None else ir.access(left, *places)
    return ir.array(places, apply("sub", first, ir.access(right, *places)))


def _solve_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    matrix, _ = node.arguments
    x = ir.output(node, 0)
    right = tangents[1]
    if tangents[0] is not None:
        right = _minus(right, _matvec(tangents[0], x))
    return (None if right is None else calls.apply(node.function, matrix, right)[0],)


def _solve_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """b_bar = A^-T x_bar, A_bar = -b_bar x^T."""
    matrix, _ = node.arguments
    flow = cotangents[0]
    assert flow is not None
    function = "solve" if node.function == "solve_lower" else node.function
    transposed = matrix if node.function == "solve_spd" else _turned(matrix)
    right = calls.apply(function, transposed, flow)[0]
    x = ir.output(node, 0)
    places = _indices(matrix.axes)
    rows, columns = places[:-1], (*places[:-2], places[-1])
    outer = apply("neg", apply("mul", ir.access(right, *rows), ir.access(x, *columns)))
    return ir.array(places, outer), right


def _order(node: ir.Call) -> Tensor:
    return calls.apply("argsort", node.arguments[0])[0]


def _sort_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    step = tangents[0]
    if step is None:
        return (None,)
    order, places = _order(node), _indices(node.arguments[0].axes)
    return (ir.array(places, ir.access(step, *places[:-1], ir.access(order, *places))),)


def _sort_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    flow = cotangents[0]
    assert flow is not None
    order, places = _order(node), _indices(node.arguments[0].axes)
    j = Index(places[-1].extent, "k")
    here = apply("eq", ir.access(order, *places[:-1], j), places[-1])
    return (ir.array(places, ir.reduce("sum", (j,), ir.access(flow, *places[:-1], j), here)),)


def _nothing_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    return (None,) * len(node.outputs)


def _nothing_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    return (None,) * len(node.arguments)


def _det_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """A_bar = det_bar det A^-T, column by column."""
    (matrix,) = node.arguments
    flow = cotangents[0]
    assert flow is not None
    inverse = _inverse(matrix)
    places = _indices(matrix.axes)
    scale = apply("mul", ir.access(flow, *places[:-2]), ir.access(ir.output(node, 0), *places[:-2]))
    return (ir.array(places, apply("mul", scale, ir.access(inverse, *places[:-2], places[-1], places[-2]))),)


def _det_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    (matrix,), step = node.arguments, tangents[0]
    if step is None:
        return (None,)
    inverse = _inverse(matrix)
    lead = _indices(matrix.axes[:-2])
    i, j = _indices(matrix.axes[-2:])
    trace = ir.reduce("sum", (i, j), apply("mul", ir.access(inverse, *lead, i, j), ir.access(step, *lead, j, i)))
    return (ir.array(lead, apply("mul", ir.access(ir.output(node, 0), *lead), trace)),)


def _inverse(matrix: Tensor) -> Tensor:
    places = _indices(matrix.axes)
    unit = apply("to_real", apply("bool_to_int", apply("eq", places[-2], places[-1])))
    return calls.apply("solve_matrix", matrix, ir.array(places, unit))[0]


def _eigh_parts(node: ir.Call) -> tuple[Tensor, Tensor, Callable[[Scalar, Scalar], Scalar]]:
    """Values, vectors, and 1/(w_j - w_i), 0 on the diagonal."""
    values, vectors = ir.output(node, 0), ir.output(node, 1)

    def gap(i: Scalar, j: Scalar) -> Scalar:
        difference = apply("sub", ir.access(values, j), ir.access(values, i))
        return ir.choose(apply("eq", i, j), ZERO, apply("div", ir.constant(1, "real"), difference))

    return values, vectors, gap


def _product(left: Callable[[Scalar, Scalar], Scalar], right: Callable[[Scalar, Scalar], Scalar], size: Scalar) -> Tensor:
    i, j, k = Index(size, "i"), Index(size, "j"), Index(size, "k")
    return ir.array((i, j), ir.reduce("sum", (k,), apply("mul", left(i, k), right(k, j))))


def _eigh_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    step = tangents[0]
    if step is None:
        return (None, None)
    if _batch(node):
        raise ir.IRError("no forward derivative of a batch of eigh")
    _, vectors, gap = _eigh_parts(node)
    size = vectors.axes[0]
    inner = _product(lambda i, k: ir.access(step, i, k), lambda k, j: ir.access(vectors, k, j), size)
    turned = _product(lambda i, k: ir.access(vectors, k, i), lambda k, j: ir.access(inner, k, j), size)
    i = Index(size, "i")
    values = ir.array((i,), ir.access(turned, i, i))
    moved = _product(lambda a, k: ir.access(vectors, a, k), lambda k, j: apply("mul", gap(k, j), ir.access(turned, k, j)), size)
    return values, moved


def _eigh_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """A_bar = V (diag(w_bar) + F * (V^T V_bar)) V^T, symmetrised."""
    if _batch(node):
        raise ir.IRError("no derivative of a batch of eigh")
    _, vectors, gap = _eigh_parts(node)
    size = vectors.axes[0]
    of_values, of_vectors = cotangents
    i, j = Index(size, "i"), Index(size, "j")
    inner = ZERO if of_values is None else ir.choose(apply("eq", i, j), ir.access(of_values, i), ZERO)
    if of_vectors is not None:
        turned = _product(lambda a, k: ir.access(vectors, k, a), lambda k, b: ir.access(of_vectors, k, b), size)
        inner = apply("add", inner, apply("mul", gap(i, j), ir.access(turned, i, j)))
    middle = ir.array((i, j), inner)
    left = _product(lambda a, k: ir.access(vectors, a, k), lambda k, b: ir.access(middle, k, b), size)
    full = _product(lambda a, k: ir.access(left, a, k), lambda k, b: ir.access(vectors, b, k), size)
    p, q = Index(size, "p"), Index(size, "q")
    half = apply("div", apply("add", ir.access(full, p, q), ir.access(full, q, p)), ir.constant(2, "real"))
    return (ir.array((p, q), half),)


_FORWARD: dict[str, Callable[[ir.Call, Sequence[Maybe]], tuple[Maybe, ...]]] = {
    "solve": _solve_forward, "solve_spd": _solve_forward, "solve_lower": _solve_forward, "sort": _sort_forward,
    "argsort": _nothing_forward, "det": _det_forward, "eigh": _eigh_forward,
}
_BACKWARD: dict[str, Callable[[ir.Call, Sequence[Maybe]], tuple[Maybe, ...]]] = {
    "solve": _solve_backward, "solve_spd": _solve_backward, "solve_lower": _solve_backward, "sort": _sort_backward,
    "argsort": _nothing_backward, "det": _det_backward, "eigh": _eigh_backward,
}


# ---------------------------------------------------------------- oracles


def _usable(node: ir.Call) -> None:
    if ("opaque", True) in node.attributes:
        raise ir.IRError(f"{node.function.removeprefix('oracle ')} is opaque: no derivative of it exists")


def _oracle_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """A gradient for each real argument of a function with one number as value."""
    _usable(node)
    flow = cotangents[0]
    assert flow is not None
    if node.outputs[0][1]:
        raise ir.IRError(f"{node.function} gives an array; its derivative is not an oracle")
    found: list[Maybe] = []
    real = [k for k, argument in enumerate(node.arguments) if argument.dtype == "real"]
    for k, argument in enumerate(node.arguments):
        if k not in real:
            found.append(None)
            continue
        suffix = ".grad" if len(real) == 1 else f".grad{k + 1}"
        made = ir.output(ir.call(node.function + suffix, node.arguments, [("real", argument.axes)], node.attributes), 0)
        places = _indices(argument.axes)
        found.append(ir.array(places, apply("mul", ir.access(flow), ir.access(made, *places))))
    return tuple(found)


def _oracle_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Along a direction: of the value by the gradient, of the gradient by a Hessian-vector product."""
    _usable(node)
    (place,) = [k for k, t in enumerate(tangents) if t is not None]
    step = tangents[place]
    assert step is not None
    if node.function.endswith(".grad"):
        name = node.function.removesuffix(".grad") + ".hvp"
        return (ir.output(ir.call(name, (*node.arguments, step), [("real", step.axes)], node.attributes), 0),)
    if "." in node.function:
        raise ir.IRError(f"no further derivative of {node.function}")
    gradient = ir.output(ir.call(node.function + ".grad", node.arguments, [("real", step.axes)], node.attributes), 0)
    places = _indices(step.axes)
    return (ir.array((), ir.reduce("sum", places, apply("mul", ir.access(gradient, *places), ir.access(step, *places)))),)
