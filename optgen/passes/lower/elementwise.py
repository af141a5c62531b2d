"""An expression of one number or several, `x/2*(1 + erf(x/sqrt(2)))` or `(x, y) -> log(exp(x) + exp(y))`, as a function
of the IR: rank-0 parameters, one rank-0 result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from optgen.diagnostics import Span, SpecError
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.language import tree
from optgen.passes.lower.binders import WHOLE
from optgen.passes.lower.context import Context, Program
from optgen.passes.lower.expressions import as_grid, evaluate
from optgen.passes.lower.files import Shipped, shipped_scope
from optgen.passes.lower.intrinsics import CONSTANTS, INTRINSICS
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.values import Grid, number


def elementwise(expr: tree.Expr, shipped: Shipped, over: str = "") -> Function:
    """The function that an expression is: of the parameters of `x -> e`, else of the one name that means nothing else.

    Of numbers, or, with the name of a dim in `over`, of vectors that long.  Raises SpecError with all that is wrong.
    """
    program = Program(ir.Input("seed", "u64"))
    context = Context(program, shipped_scope(shipped, program))
    if isinstance(expr, tree.Lambda):
        names, body = expr.parameters, expr.body
    else:
        names, body = _free(expr, context), expr
    extent = (ir.dim(over),) if over else ()
    indices = tuple(ir.Index(axis, "i") for axis in extent)
    inputs = tuple(ir.Input(name, "real", extent) for name in names)
    given = {made.name: number(ir.access(made, *indices)) for made in inputs}
    try:
        value = as_grid(evaluate(body, context.with_names(**given)), body.span)
    except Poisoned:
        raise SpecError(program.diagnostics) from None
    result = ir.array(indices, _real(value, body.span), "value")
    return Function("value", (over,) if over else (), inputs, (("value", result),), body.span.text)


def _real(value: Grid, span: Span) -> ir.Scalar:
    from optgen.passes.lower.arithmetic import to_real

    if value.axes:
        fail("E0801", "an elementwise function gives one number for each number", span, label="this gives an array")
    if value.dtype == "bool":
        fail("E0801", "an elementwise function gives a number", span, label="this is a condition")
    return to_real(value).scalar


def _free(expr: tree.Expr, context: Context) -> tuple[str, ...]:
    """The one name of an expression that has no meaning of its own."""
    found: dict[str, tree.Name] = {}
    for name, called in _read(expr, frozenset(), False):
        if name.name in CONSTANTS or name.name in INTRINSICS or name.name in WHOLE or context.known(name.name):
            continue
        if called:
            context.with_names(**dict.fromkeys(INTRINSICS)).lookup(name.name, name.span)
        found.setdefault(name.name, name)
    if len(found) > 1:
        first, second = list(found.values())[:2]
        names = ", ".join(found)
        fail(
            "E0802",
            f"the expression has {len(found)} free names: {names}",
            second.span,
            label="and this another",
            secondary=((first.span, "this is one"),),
            help=f"say which are its arguments, in their order: ({names}) -> {expr.span.text}",
        )
    return tuple(found)


def _read(node: Any, bound: frozenset[str], called: bool) -> Iterator[tuple[tree.Name, bool]]:
    """The names that a tree reads and does not bind, in the order of the text, and whether each is called."""
    match node:
        case tree.Name(name=name):
            if name not in bound:
                yield node, called
        case tree.Lambda(parameters=parameters, body=body):
            yield from _read(body, bound | set(parameters), False)
        case tree.Call(function=function, arguments=arguments):
            yield from _read(function, bound, True)
            yield from _read(tuple(argument.value for argument in arguments), bound, False)
        case tuple():
            for part in node:
                yield from _read(part, bound, False)
        case _ if is_dataclass(node) and not isinstance(node, Span):
            yield from _read(tuple(getattr(node, field.name) for field in fields(node)), bound, False)
