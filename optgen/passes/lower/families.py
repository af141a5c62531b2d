"""Families of functions: `f[i]` one member, `f[B]` the aggregate over a vector of members, `f[s]` under a sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.calculus import of_function
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import declare_dim
from optgen.passes.lower.values import Function, Grid, number


def select_members(function: Function, expr: tree.Index, context: Context) -> Function:
    """`f[i]`, `f[B]`; of a derivative: the derivative of the member."""
    from optgen.passes.lower.expressions import evaluate

    if len(expr.indices) != 1 or isinstance(expr.indices[0], tree.All):
        fail("E0328", "a family takes one index", expr.span)
    index = evaluate(expr.indices[0], context)
    if not isinstance(index, Grid) or index.dtype != "int" or len(index.axes) > 1:
        fail("E0328", "a member is chosen by an integer, several by an integer vector", expr.indices[0].span)
    return members(function, index, expr.span)


def members(function: Function, index: Grid, span: Span) -> Function:
    if "$derivative" in function.parts:
        kind, variables, base = function.parts["$derivative"]
        return of_function(kind, variables, members(base, index, span), span)
    family = function.family
    if family is None:
        fail(
            "E0328",
            f"{function.name} is not a family, so it has no members",
            span,
            help="declare it: algorithm a(f = mean(i in clients: f[i]))",
        )
    if index.axes:

        def over(arguments: list[Any], keywords: dict[str, Any], at: Span) -> Grid:
            return family.over(index, arguments)

        return Function(f"{function.name}[..]", over, function.space, variables=function.variables)
    position = math.plus(index.scalar, -1)

    def member(arguments: list[Any], keywords: dict[str, Any], at: Span) -> Grid:
        return family.member(position, arguments)

    constants: dict[str, Any] = {}
    return Function(f"{function.name}[i]", member, function.space, variables=function.variables, constants=constants)


def abstract_family(parameter: tree.Parameter, shape: tree.Call, made: Function, inner: Context) -> Function:
    """A family nobody gave: members are calls `oracle f[i]` with the member's number as a second argument.

    The attribute says what bare f is of them, over which dimension: `mean clients`.
    """
    from optgen.ir.operations import apply
    from optgen.passes.lower.binders import index_parts
    from optgen.passes.lower.expressions import as_grid
    from optgen.passes.lower.values import Family

    _, _, within = index_parts(shape.arguments[0].value)
    name = within.name if isinstance(within, tree.Name) else "members"
    if not inner.known(name):
        declare_dim(name, ir.dim(name), inner)
    size = inner.lookup(name, parameter.span).scalar
    kind = shape.function.name if isinstance(shape.function, tree.Name) else "mean"

    def member(position: Scalar, arguments: list[Any]) -> Grid:
        point = math.tensor(math.to_real(as_grid(arguments[0], parameter.span)))
        place = ir.array((), position)
        node = ir.call(f"oracle {parameter.name}[i]", (point, place), [("real", ())], (("members", f"{kind} {name}"),))
        return number(ir.access(ir.output(node, 0, parameter.name)))

    def over(chosen: Grid, arguments: list[Any]) -> Grid:
        index = ir.Index(chosen.axes[0], "i")
        total = ir.reduce("sum", (index,), member(math.plus(chosen.at((index,)), -1), arguments).scalar)
        return number(total if kind == "sum" else apply("div", total, apply("to_real", chosen.axes[0])))

    return replace(made, family=Family(size, kind, member, over))
