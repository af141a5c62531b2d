"""Derivatives as values: `grad f`, `hess f`, `jac F` are functions; matrices of them multiply without being formed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Structure, grid, number


def derivative(expr: tree.Derivative, context: Context) -> Function:
    """The function `kind[variables] operand`."""
    from optgen.passes.lower.expressions import evaluate

    operand = evaluate(expr.operand, context)
    if hasattr(operand, "rule"):
        from optgen.passes.lower.intrinsics import as_function

        operand = as_function(operand, context)
    if not isinstance(operand, Function):
        fail(
            "E0325",
            f"{expr.kind} takes a function",
            expr.operand.span,
            help=f"write {expr.kind} (x -> ..)" if isinstance(operand, Grid) else "",
        )
    if len(expr.variables) > 1:
        fail("E0404", f"{expr.kind} by several variables at once is planned for a later release", expr.span)
    return of_function(expr.kind, expr.variables, operand, expr.span)


def of_function(kind: str, variables: tuple[str, ...], function: Function, span: Span) -> Function:
    place = 0
    if variables:
        if variables[0] not in function.variables:
            fail(
                "E0326",
                f"{function.name} has no argument {variables[0]}",
                span,
                help=f"its arguments are {', '.join(function.variables)}" if function.variables else "",
            )
        place = function.variables.index(variables[0])

    def call(arguments: list[Any], keywords: dict[str, Any], at: Span) -> Any:
        if arguments and isinstance(arguments[0], Function):  # grad conj(K)(x) is grad (conj(K))(x)
            made = function.call(arguments, keywords, at)
            if isinstance(made, Function):
                return of_function(kind, variables, made, at)
        if keywords or place >= len(arguments):
            fail("E0309", f"{kind} {function.name} takes the arguments of {function.name}", at)
        return _RULES[kind](function, arguments, place, at)

    return Function(
        f"{kind} {function.name}",
        call,
        function.space,
        function.family,
        function.variables,
        parts={"$derivative": (kind, variables, function)},
        spaces=function.spaces,
    )


def _point(arguments: list[Any], place: int, span: Span) -> Grid:
    from optgen.passes.lower.expressions import as_grid

    return math.to_real(as_grid(arguments[place], span))


def traced(function: Function, arguments: list[Any], place: int, span: Span, name: str) -> tuple[ir.Lambda, Grid, Grid]:
    """The function as a lambda of one argument; the point; the result over the lambda's parameter."""
    from optgen.passes.lower.expressions import as_grid

    point = _point(arguments, place, span)
    parameter = ir.Input(name, "real", point.axes)
    stand_in = Grid(
        point.axes, "real", lambda p: ir.access(parameter, *p), leaves=point.leaves, count=point.count, lows=point.lows
    )
    inner = list(arguments)
    inner[place] = stand_in
    result = math.to_real(as_grid(function.call(inner, {}, span), span))
    return ir.function_value((parameter,), (math.tensor(result),)), point, result


def _variable(function: Function, place: int) -> str:
    return function.variables[place] if place < len(function.variables) else "x"


def _like(point: Grid, tensor: ir.Tensor) -> Grid:
    return Grid(point.axes, "real", lambda p: ir.access(tensor, *p), leaves=point.leaves, lows=point.lows)


def gradient(function: Function, arguments: list[Any], place: int, span: Span) -> Grid:
    at_point = math.tensor(_point(arguments, place, span))
    key = (function.call, place, at_point, *(id(a) for k, a in enumerate(arguments) if k != place))
    if key in function.cache:
        return function.cache[key][0]  # type: ignore[no-any-return]
    value, point, result = traced(function, arguments, place, span, _variable(function, place))
    if result.axes:
        fail(
            "E0327",
            f"grad needs a function with one number as value, {function.name} gives {math.shape_text(result.axes)}",
            span,
            help="jac is the derivative of a map",
        )
    one = ir.array((), ir.constant(1, "real"))
    node = ir.derivative("vjp", value, (at_point,), (one,))
    made = _like(point, ir.output(node, 0))
    function.cache[key] = (made, arguments)  # the arguments stay alive, so that their ids stay theirs
    return made


def _gradient_map(function: Function, place: int) -> Function:
    return Function(
        f"grad {function.name}",
        lambda a, k, s: gradient(function, a, place, s),
        function.space,
        variables=function.variables,
    )


def hessian(function: Function, arguments: list[Any], place: int, span: Span) -> Grid:
    jacobian_ = jacobian(_gradient_map(function, place), arguments, place, span)
    structure = jacobian_.structure
    if structure is None:
        return jacobian_
    return replace(jacobian_, structure=Structure(structure.times, structure.times), facts=frozenset({"symmetric"}))


def jacobian(function: Function, arguments: list[Any], place: int, span: Span) -> Grid:
    """The matrix (output, input); a product with it is one derivative, and the matrix is formed only where it is
    read.
    """
    value, point, result = traced(function, arguments, place, span, _variable(function, place))
    at_point = math.tensor(point)
    made: dict[str, ir.Tensor] = {}

    def along(v: Grid) -> ir.Tensor:
        return ir.output(ir.derivative("jvp", value, (at_point,), (math.tensor(v),)), 0)

    def times(v: Grid) -> Grid:
        _same_axes(point, v, span)
        return _like(result, along(v))

    def transposed(u: Grid) -> Grid:
        _same_axes(result, u, span)
        node = ir.derivative("vjp", value, (at_point,), (math.tensor(u),))
        return _like(point, ir.output(node, 0))

    def formed() -> ir.Tensor:
        if "matrix" not in made:
            columns = math.indices(point.axes, "jkl")
            unit = Grid(point.axes, "real", lambda p: _unit(p, columns))
            rows = math.indices(result.axes, "iab")
            made["matrix"] = ir.array((*rows, *columns), ir.access(along(unit), *rows))
        return made["matrix"]

    axes = (*result.axes, *point.axes)
    structure = Structure(times, transposed) if axes else None
    return Grid(axes, "real", lambda p: ir.access(formed(), *p), structure=structure if len(point.axes) else None)


def _unit(positions: tuple[Scalar, ...], columns: tuple[ir.Index, ...]) -> Scalar:
    same: Scalar = ir.constant(True)
    for position, column in zip(positions, columns, strict=True):
        same = apply("and", same, apply("eq", position, column))
    return apply("to_real", apply("bool_to_int", same))


def _same_axes(model: Grid, v: Grid, span: Span) -> None:
    if not math.fits(model, v):
        fail(
            "E0303",
            f"the vector must be like the point, {math.shape_text(model.axes)}",
            span,
            label=f"it is {math.shape_text(v.axes)}",
        )


def divergence(function: Function, arguments: list[Any], place: int, span: Span) -> Grid:
    matrix = jacobian(function, arguments, place, span)
    places = math.indices(matrix.axes[: len(matrix.axes) // 2])
    return number(ir.reduce("sum", places, matrix.at((*places, *places))))


def laplacian(function: Function, arguments: list[Any], place: int, span: Span) -> Grid:
    return divergence(_gradient_map(function, place), arguments, place, span)


_RULES = {"grad": gradient, "hess": hessian, "jac": jacobian, "div": divergence, "laplacian": laplacian}

__all__ = ["derivative", "grid", "of_function"]
