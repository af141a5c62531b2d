"""Derivatives of whole-array functions: one forward and one backward rule a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from optgen.ir import calls
from optgen.ir import nodes as ir
from optgen.ir.nodes import Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.passes.derivative_parts import ZERO

Maybe = Tensor | None


def forward_call(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Tangents of the results from those of the arguments."""
    if node.function.startswith("oracle "):
        return _oracle_forward(node, tangents)
    return _rules(node)[0](node, tangents)


def backward_call(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Cotangents of the arguments from those of the results."""
    if node.function.startswith("oracle "):
        return _oracle_backward(node, cotangents)
    return _rules(node)[1](node, cotangents)


def _rules(node: ir.Call) -> tuple[Rule, Rule]:
    rules = _RULES.get(node.function)
    if rules is None:
        raise ir.IRError(f"no derivative of {node.function}")
    return rules


def _batch(node: ir.Call) -> int:
    return int(dict(node.attributes).get("batch", 0))


def _indices(axes: Sequence[Scalar]) -> tuple[Index, ...]:
    return tuple(Index(axis, "ijlpqr"[k % 6]) for k, axis in enumerate(axes))


def _turned(matrix: Tensor) -> Tensor:
    places = _indices(matrix.axes)
    return ir.array((*places[:-2], places[-1], places[-2]), ir.access(matrix, *places))


def _times(matrix: Tensor, right: Tensor) -> Tensor:
    """The product with a vector or a matrix, leading axes in common."""
    places, k = _indices(matrix.axes[:-1]), Index(matrix.axes[-1], "k")
    columns = _indices(right.axes[len(matrix.axes) - 1 :])
    body = apply("mul", ir.access(matrix, *places, k), ir.access(right, *places[:-1], k, *columns))
    return ir.array((*places, *columns), ir.reduce("sum", (k,), body))


def _lower(matrix: Tensor, diagonal: Fraction = Fraction(1)) -> Tensor:
    """The lower triangle, the diagonal times a factor, zeros above."""
    places = _indices(matrix.axes)
    row, column = places[-2:]
    entry = ir.access(matrix, *places)
    scaled = apply("mul", ir.constant(diagonal, "real"), entry)
    below = ir.choose(apply("gt", row, column), entry, ZERO)
    return ir.array(places, ir.choose(apply("eq", row, column), scaled, below))


def _minus(left: Maybe, right: Tensor) -> Tensor:
    places = _indices(right.axes)
    entry = ir.access(right, *places)
    return ir.array(places, apply("neg", entry) if left is None else apply("sub", ir.access(left, *places), entry))


def _solve_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """dx = A^-1 (db - dA x); of a triangular solve the lower triangle of dA counts."""
    step, right = tangents
    if step is not None:
        step = _lower(step) if node.function == "solve_lower" else step
        right = _minus(right, _times(step, ir.output(node, 0)))
    return (None if right is None else calls.apply(node.function, node.arguments[0], right)[0],)


def _solve_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """b_bar = A^-T x_bar, A_bar = -b_bar x^T."""
    matrix, x = node.arguments[0], ir.output(node, 0)
    flow = cotangents[0]
    assert flow is not None
    match node.function:
        case "solve_spd":
            right = calls.apply("solve_spd", matrix, flow)[0]
        case "solve_lower":
            right = calls.apply("solve", _turned(_lower(matrix)), flow)[0]
        case function:
            right = calls.apply(function, _turned(matrix), flow)[0]
    places = _indices(matrix.axes)
    lead, row, column = places[:-2], places[-2], places[-1]
    columns = _indices(x.axes[len(matrix.axes) - 1 :])
    product = apply("mul", ir.access(right, *lead, row, *columns), ir.access(x, *lead, column, *columns))
    outer = ir.array(places, apply("neg", ir.reduce("sum", columns, product)))
    return (_lower(outer) if node.function == "solve_lower" else outer), right


def _cholesky_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """dL = L F(L^-1 dA L^-T), F the lower triangle with half the diagonal (Murray 2016)."""
    factor, step = ir.output(node, 0), tangents[0]
    if step is None:
        return (None,)
    left = calls.apply("solve_matrix", factor, step)[0]
    inner = _turned(calls.apply("solve_matrix", factor, _turned(left))[0])
    return (_times(factor, _lower(inner, Fraction(1, 2))),)


def _cholesky_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """A_bar = L^-T F(L^T L_bar) L^-1, symmetrised (Murray 2016)."""
    factor, flow = ir.output(node, 0), cotangents[0]
    assert flow is not None
    upper = _turned(factor)
    left = calls.apply("solve_matrix", upper, _lower(_times(upper, flow), Fraction(1, 2)))[0]
    full = calls.apply("solve_matrix", upper, _turned(left))[0]
    return (_symmetrised(full),)


def _symmetrised(matrix: Tensor) -> Tensor:
    places = _indices(matrix.axes)
    total = apply("add", ir.access(matrix, *places), ir.access(matrix, *places[:-2], places[-1], places[-2]))
    return ir.array(places, apply("mul", ir.constant(Fraction(1, 2), "real"), total))


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


def _product(
    left: Callable[[Scalar, Scalar], Scalar], right: Callable[[Scalar, Scalar], Scalar], size: Scalar
) -> Tensor:
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
    moved = _product(
        lambda a, k: ir.access(vectors, a, k), lambda k, j: apply("mul", gap(k, j), ir.access(turned, k, j)), size
    )
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
    return (_symmetrised(full),)


Rule = Callable[[ir.Call, Sequence[Maybe]], tuple[Maybe, ...]]

_RULES: dict[str, tuple[Rule, Rule]] = {
    "solve": (_solve_forward, _solve_backward),
    "solve_matrix": (_solve_forward, _solve_backward),
    "solve_spd": (_solve_forward, _solve_backward),
    "solve_lower": (_solve_forward, _solve_backward),
    "cholesky": (_cholesky_forward, _cholesky_backward),
    "sort": (_sort_forward, _sort_backward),
    "argsort": (_nothing_forward, _nothing_backward),
    "det": (_det_forward, _det_backward),
    "eigh": (_eigh_forward, _eigh_backward),
}


# ---------------------------------------------------------------- oracles


def _usable(node: ir.Call) -> None:
    if ("opaque", True) in node.attributes:
        raise ir.IRError(f"{node.function.removeprefix('oracle ')} is opaque: no derivative of it exists")


def _oracle(node: ir.Call, suffix: str, like: Tensor, *more: Tensor) -> Tensor:
    """A derivative of an oracle: an oracle itself."""
    made = ir.call(node.function + suffix, (*node.arguments, *more), [("real", like.axes)], node.attributes)
    return ir.output(made, 0)


def _gradients(node: ir.Call) -> dict[int, Tensor]:
    """The gradient by each real argument of a function with one number as value."""
    _usable(node)
    if node.outputs[0][1] or "." in node.function.removesuffix(".conj"):
        raise ir.IRError(f"no derivative of {node.function}, which is not a number")
    real = [k for k, argument in enumerate(node.arguments) if argument.dtype == "real"]
    numbered = len(real) > 1
    return {k: _oracle(node, f".grad{k + 1}" if numbered else ".grad", node.arguments[k]) for k in real}


def _hessian_product(node: ir.Call, along: Tensor) -> Tensor:
    """The derivative of a gradient along a direction."""
    _usable(node)
    stem = ir.call(node.function.removesuffix(".grad"), node.arguments, node.outputs, node.attributes)
    return _oracle(stem, ".hvp", along, along)


def _oracle_backward(node: ir.Call, cotangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Of the value by the gradients; of the gradient by a Hessian-vector product, the Hessian being symmetric."""
    flow = cotangents[0]
    assert flow is not None
    if node.function.endswith(".grad"):
        return tuple(_hessian_product(node, flow) if a.dtype == "real" else None for a in node.arguments)
    found: list[Maybe] = [None] * len(node.arguments)
    for k, gradient in _gradients(node).items():
        places = _indices(gradient.axes)
        found[k] = ir.array(places, apply("mul", ir.access(flow), ir.access(gradient, *places)))
    return tuple(found)


def _oracle_forward(node: ir.Call, tangents: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """Along a direction: of the value by the gradients, of the gradient by a Hessian-vector product."""
    moving = {k: step for k, step in enumerate(tangents) if step is not None}
    if not moving:
        return (None,)
    if node.function.endswith(".grad"):
        (step,) = moving.values()
        return (_hessian_product(node, step),)
    gradients = _gradients(node)
    total: Scalar | None = None
    for k, step in moving.items():
        places = _indices(step.axes)
        product = apply("mul", ir.access(gradients[k], *places), ir.access(step, *places))
        term = ir.reduce("sum", places, product)
        total = term if total is None else apply("add", total, term)
    assert total is not None
    return (ir.array((), total),)
