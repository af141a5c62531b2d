"""Expressions of the language to values: one rule a kind of tree node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.subscripts import index
from optgen.passes.lower.values import (
    ONE,
    Fields,
    Function,
    Grid,
    Interval,
    Items,
    Law,
    Members,
    NamedSet,
    Range,
    Structure,
    number,
)


def evaluate(expr: tree.Expr, context: Context) -> Any:
    """The value of an expression where it stands."""
    return _RULES[type(expr)](expr, context)


def numeric(expr: tree.Expr, context: Context) -> Grid:
    """The value of an expression that must be a number or an array."""
    return as_grid(evaluate(expr, context), expr.span)


def scalar(expr: tree.Expr, context: Context, what: str = "a number is needed here") -> Scalar:
    """The value of an expression that must be one number."""
    value = numeric(expr, context)
    if value.axes:
        fail("E0304", what, expr.span, label=f"this is {math.shape_text(value.axes)}")
    return value.scalar


def integer(expr: tree.Expr, context: Context, what: str = "an integer is needed here") -> Scalar:
    value = numeric(expr, context)
    if value.axes or value.dtype != "int":
        fail(
            "E0305", what, expr.span, label=f"this is {kind_text(value)}", help="write floor(..), ceil(..) or round(..)"
        )
    return value.scalar


def condition(expr: tree.Expr, context: Context) -> Grid:
    value = numeric(expr, context)
    if value.dtype != "bool":
        fail(
            "E0306",
            "a condition is needed here",
            expr.span,
            label=f"this is {kind_text(value)}",
            help="compare it with something, as in e > 0",
        )
    return value


def scalar_condition(expr: tree.Expr, context: Context) -> Scalar:
    value = condition(expr, context)
    if value.axes:
        fail(
            "E0306",
            "one condition is needed here, not an array of them",
            expr.span,
            label=f"this is {math.shape_text(value.axes)}",
            help="write all(..) or any(..)",
        )
    return value.scalar


def as_grid(value: Any, span: Span) -> Grid:
    match value:
        case Grid():
            return value
        case Fields(fields=fields, first=first):
            return as_grid(fields[first], span)
        case Function(name=name):
            fail("E0307", f"{name} is a function and needs its argument here", span, help=f"write {name}(x)")
        case Items():
            fail("E0307", "a tuple can't be used as a number", span, help="take it apart: (p, q) = t")
        case Law():
            fail("E0307", "a law is not a number", span, help="draw from it: draw z ~ normal(n)")
        case Range():
            fail("E0307", "a range is not a number", span, help="ranges stand after `in`")
    fail("E0307", "a number or an array is needed here", span)


def kind_text(value: Grid) -> str:
    kind = {"real": "a real", "int": "an integer", "bool": "a condition"}.get(value.dtype, value.dtype)
    return kind if not value.axes else f"{math.shape_text(value.axes)} of {kind.split(' ', 1)[1]}s"


# ---------------------------------------------------------------- names and literals


def _name(expr: tree.Name, context: Context) -> Any:
    found = context.scope.find(expr.name)
    if found is None:
        from optgen.passes.lower.intrinsics import CONSTANTS, INTRINSICS, intrinsic

        if expr.name in CONSTANTS:
            return CONSTANTS[expr.name]
        if expr.name in INTRINSICS:
            return intrinsic(expr.name, context)
        from optgen.passes.lower.laws import LAWS

        if expr.name in LAWS:
            return Law(expr.name, (), expr.span)
    return context.lookup(expr.name, expr.span)


def _primed(expr: tree.Primed, context: Context) -> Any:
    return context.lookup(expr.name + "'", expr.span)


def literal(text: str) -> Grid:
    if text.startswith("0x"):
        return number(ir.constant(Fraction(float.fromhex(text)), "real"))
    if any(mark in text for mark in ".eE"):
        return number(ir.constant(Fraction(text), "real"))
    return replace(number(ir.constant(int(text))), zero=int(text) == 0)


def _number(expr: tree.Number, context: Context) -> Grid:
    return literal(expr.text)


def _tuple(expr: tree.Tuple, context: Context) -> Items:
    return Items(tuple(evaluate(item, context) for item in expr.items))


def _interval(expr: tree.Interval, context: Context) -> Interval:
    return Interval(numeric(expr.low, context), numeric(expr.high, context), expr.low_open, expr.high_open)


def _set(expr: tree.SetOf, context: Context) -> Members:
    if expr.ranges:
        fail("E0401", "a set with `for` stands only in experiments", expr.span)
    return Members(tuple(numeric(item, context) for item in expr.items))


# ---------------------------------------------------------------- operators


def _unary(expr: tree.Unary, context: Context) -> Grid:
    if expr.operator == "not":
        value = condition(expr.operand, context)
        return math.elementwise("not", (value,), (expr.span,), "not")
    value = numeric(expr.operand, context)
    return replace(math.negative(value), facts=value.facts & IDENTITY)


def _binary(expr: tree.Binary, context: Context) -> Any:
    match expr.operator:
        case "..":
            return Range(integer(expr.left, context), integer(expr.right, context))
        case "and" | "or":
            return _logical(expr, context)
    left, right = evaluate(expr.left, context), evaluate(expr.right, context)
    spans = (expr.left.span, expr.right.span)
    if hasattr(left, "rule") or hasattr(right, "rule"):
        from optgen.passes.lower.intrinsics import as_function

        left, right = (as_function(side, context) if hasattr(side, "rule") else side for side in (left, right))
    if isinstance(left, Function) or isinstance(right, Function):
        return _of_functions(expr, left, right)
    a, b = as_grid(left, spans[0]), as_grid(right, spans[1])
    match expr.operator:
        case "@" if IDENTITY & (a.facts | b.facts):
            return math.binary("*", a, b, spans, expr.span)
        case "@":
            return math.matmul(a, b, spans)
        case "^":
            return math.power(a, b, spans)
    if not a.axes and not b.axes and _is_identity(expr.operator, a, b):
        return replace(math.binary(expr.operator, a, b, spans, expr.span), facts=IDENTITY)
    a, b = sized_identity(a, b), sized_identity(b, a)
    return math.binary(expr.operator, a, b, spans, expr.span)


IDENTITY = frozenset({"identity"})


def _is_identity(operator: str, left: Grid, right: Grid) -> bool:
    """Multiples and sums of `I` are multiples of `I`, still without a size."""
    first, second = bool(IDENTITY & left.facts), bool(IDENTITY & right.facts)
    return (first != second and operator == "*") or (first and not second and operator == "/") or (
        first and second and operator in "+-*"
    )  # fmt: skip


def sized_identity(value: Grid, partner: Grid) -> Grid:
    """`I` gets its size from what it meets."""
    if "identity" not in value.facts or len(partner.axes) != 2:
        return value
    from optgen.passes.lower.matrices import identity

    made = identity(partner.axes[0])
    factor = value.scalar
    if isinstance(factor, ir.Constant) and factor.value == 1:
        return made
    unit = (Span_of_nothing(), Span_of_nothing())
    return math.binary("*", number(factor), made, unit, unit[0])


def Span_of_nothing() -> Span:
    """A span for arithmetic that the compiler makes itself and that can't fail."""
    from optgen.diagnostics import Source

    return Span(Source("<optgen>", ""), 0, 0)


def _of_functions(expr: tree.Binary, left: Any, right: Any) -> Function:
    """Sums and multiples of functions are functions: `f + g`, `2*f`."""

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        values = [
            as_grid(side.call(arguments, keywords, span) if isinstance(side, Function) else side, span)
            for side in (left, right)
        ]
        return math.binary(expr.operator, values[0], values[1], (expr.left.span, expr.right.span), expr.span)

    if expr.operator not in ("+", "-", "*", "/"):
        fail("E0307", f"{expr.operator} of functions has no meaning", expr.span)
    space = next((side.space for side in (left, right) if isinstance(side, Function) and side.space), None)
    return Function(expr.span.text, call, space)


def _logical(expr: tree.Binary, context: Context) -> Grid:
    left = condition(expr.left, context)
    inner = context
    if not left.axes:
        known = left.scalar
        inner = context.under(known if expr.operator == "and" else apply("not", known))
    right = condition(expr.right, inner)
    spans = (expr.left.span, expr.right.span)
    if not left.axes and not right.axes:
        false, true = ir.constant(False), ir.constant(True)
        if expr.operator == "and":
            return number(apply("and", left.scalar, right.scalar) if right.scalar is not false else false)
        return number(apply("or", left.scalar, right.scalar) if right.scalar is not true else true)
    return math.elementwise(expr.operator, (left, right), spans, expr.operator)


def _comparison(expr: tree.Comparison, context: Context) -> Grid:
    directions = {op[0] for op, _ in expr.rest if op[0] in "<>"}
    if len(directions) == 2:
        fail(
            "E0308",
            "a chain of comparisons goes in one direction",
            expr.span,
            help="write two comparisons joined by `and`",
        )
    result: Grid | None = None
    left = expr.first
    for operator, right in expr.rest:
        spans = (left.span, right.span)
        if operator == "in":
            from optgen.passes.lower.types import as_set, contains

            part = contains(numeric(left, context), as_set(right, context), right.span)
        elif operator == "~":
            fail("E0402", "~ states a law and stands only in draws and claims", expr.span)
        else:
            a, b = numeric(left, context), numeric(right, context)
            part = math.binary(operator, sized_identity(a, b), sized_identity(b, a), spans, expr.span)
        result = part if result is None else math.elementwise("and", (result, part), spans, "a chain")
        left = right
    assert result is not None
    return result


def _if(expr: tree.If, context: Context) -> Any:
    test = condition(expr.condition, context)
    then_context = otherwise_context = context
    if not test.axes:
        chosen = test.scalar
        if isinstance(chosen, ir.Constant):
            return evaluate(expr.then if chosen.value else expr.otherwise, context)
        then_context, otherwise_context = context.under(chosen), context.under(apply("not", chosen))
    then, otherwise = numeric(expr.then, then_context), numeric(expr.otherwise, otherwise_context)
    then, otherwise = sized_identity(then, otherwise), sized_identity(otherwise, then)
    return math.select(test, then, otherwise, (expr.then.span, expr.otherwise.span, expr.condition.span))


# ---------------------------------------------------------------- functions


def closure(name: str, parameters: tuple[str, ...], body: tree.Expr, context: Context) -> Function:
    """A local function or `x -> e`: typed at each call, everything else it reads is captured."""

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Any:
        if len(arguments) != len(parameters) or keywords:
            fail(
                "E0309",
                f"{name} takes {len(parameters)} argument{'s' * (len(parameters) != 1)} "
                f"({', '.join(parameters)}), here are {len(arguments) + len(keywords)}",
                span,
            )
        return evaluate(body, context.with_names(**dict(zip(parameters, arguments, strict=True))))

    return Function(name, call, variables=parameters)


def _lambda(expr: tree.Lambda, context: Context) -> Function:
    return closure("the function", expr.parameters, expr.body, context)


def _call(expr: tree.Call, context: Context) -> Any:
    if expr.body is not None:
        from optgen.passes.lower.binders import binder

        return binder(expr, context)
    function = evaluate(expr.function, context) if not _is_binder_word(expr, context) else None
    if function is None:
        from optgen.passes.lower.binders import whole

        return whole(expr, context)
    return call_value(function, expr, context)


def call_value(function: Any, expr: tree.Call, context: Context) -> Any:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in expr.arguments:
        if argument.keyword is None:
            positional.append(evaluate(argument.value, context))
        elif isinstance(argument.keyword, tree.Name):
            keywords[argument.keyword.name] = evaluate(argument.value, context)
        else:
            fail("E0310", "a keyword argument is a name, as in tol = 1e-6", argument.keyword.span)
    match function:
        case Function():
            return function.call(positional, keywords, expr.span)
        case Law():
            return Law(function.name, (*function.arguments, *positional), expr.span)
        case Grid() if context.in_claim:
            return context.lookup("$claim", expr.span).iterate(expr, function)
        case Grid():
            if isinstance(expr.function, tree.Name):
                fail(
                    "E0311",
                    f"{expr.function.name} is not a function",
                    expr.function.span,
                    label=f"this is {kind_text(function)}",
                    help="multiplication is written with *",
                )
            fail(
                "E0311", "this is a number, not a function", expr.function.span, help="multiplication is written with *"
            )
    if hasattr(function, "invoke"):
        return function.invoke(positional, keywords, expr, context)
    fail("E0311", "this can't be called", expr.function.span)


def _is_binder_word(expr: tree.Call, context: Context) -> bool:
    from optgen.passes.lower.binders import WHOLE

    return (
        isinstance(expr.function, tree.Name) and expr.function.name in WHOLE and not context.known(expr.function.name)
    )


def _attribute(expr: tree.Attribute, context: Context) -> Any:
    base = evaluate(expr.base, context)
    if expr.name == "T":
        value = as_grid(base, expr.base.span)
        if len(value.axes) < 2:
            fail(
                "E0312",
                ".T swaps the last two axes",
                expr.span,
                label=f"this is {math.shape_text(value.axes)}",
                help="a vector has no transpose: dot(x, y), outer(x, y)",
            )
        return math.transpose(value)
    match base:
        case Fields(name=name, fields=fields):
            if expr.name in fields:
                value = fields[expr.name]
                return value() if callable(value) and not isinstance(value, Function) else value
            from optgen.diagnostics import suggestion

            fail("E0205", f"{name} has no {expr.name}", expr.span, help=suggestion(expr.name, fields))
        case Function(parts=parts, name=name) if expr.name in parts:
            return parts[expr.name]
        case Grid(leaves=leaves) if leaves:
            from optgen.passes.lower.spaces import leaf

            return leaf(base, expr.name, expr.span)
    if hasattr(base, "part"):
        return base.part(expr.name, expr.span, context)
    fail("E0205", f"this has no {expr.name}", expr.span)


# ---------------------------------------------------------------- forms with files of their own


def _block(expr: tree.Block, context: Context) -> Any:
    from optgen.passes.lower.matrices import block

    return block(expr, [[numeric(item, context) for item in row] for row in expr.rows])


def _derivative(expr: tree.Derivative, context: Context) -> Any:
    from optgen.passes.lower.calculus import derivative

    return derivative(expr, context)


def _optimum(expr: tree.Optimum, context: Context) -> Any:
    if context.in_claim:
        return context.lookup("$claim", expr.span).optimum(expr)
    fail(
        "E0403",
        f"{expr.kind} {expr.name} without parentheses stands only in claims",
        expr.span,
        help=f"{expr.kind}(..) is the operation",
    )


_RULES: dict[type, Callable[[Any, Context], Any]] = {
    tree.Name: _name,
    tree.Primed: _primed,
    tree.Number: _number,
    tree.Tuple: _tuple,
    tree.Interval: _interval,
    tree.SetOf: _set,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Comparison: _comparison,
    tree.If: _if,
    tree.Lambda: _lambda,
    tree.Call: _call,
    tree.Attribute: _attribute,
    tree.Index: index,
    tree.Block: _block,
    tree.Derivative: _derivative,
    tree.Optimum: _optimum,
}

__all__ = ["ONE", "NamedSet", "Structure", "evaluate", "numeric"]
