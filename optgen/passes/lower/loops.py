"""Loops made by expressions: `first(i in S: c else d)` stops at its first success; failures inside a loop get out
of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.binders import index_parts
from optgen.passes.lower.context import Context, Failure
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Grid, Range, number


class Failing:
    """Failures noticed inside a loop's region: carried as one flag, and required not to hold after the loop."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.noticed: list[Failure] = []

    def carried(self) -> tuple[list[ir.Input], list[ir.Tensor], list[ir.Tensor]]:
        """The flag, its start and its next value; nothing if no failure is possible."""
        if not self.noticed:
            return [], [], []
        flag = ir.Input("failed", "bool")
        wrong = ir.access(flag)
        for failure in self.noticed:
            wrong = apply("or", wrong, failure.condition)
        return [flag], [ir.array((), ir.constant(False))], [ir.array((), wrong)]

    def report(self, node: ir.Loop, position: int, span: Span) -> None:
        if self.noticed:
            failed = ir.access(ir.output(node, position, "failed"))
            reasons = "; ".join(dict.fromkeys(failure.reason for failure in self.noticed))
            self.context.require(apply("not", failed), reasons, span)


def first(expr: tree.Call, indices: Sequence[tree.Expr], context: Context) -> Grid:
    """The first label in order for which the condition holds; without one the else value, or the run fails."""
    from optgen.passes.lower.expressions import evaluate, integer, scalar_condition

    if len(indices) != 1:
        fail("E0320", "first runs over one index", expr.span)
    name, span, within = index_parts(indices[0])
    assert expr.body is not None
    counter = ir.Input(name, "int")
    place = ir.access(counter)
    if within is None:
        from optgen.passes.lower.binders import bind

        bound = bind(name, span, None, [expr.body], context)
        low, length = bound.low, bound.index.extent
    else:
        chosen = evaluate(within, context)
        if not isinstance(chosen, Range):
            fail("E0315", "first runs over a range a..b", within.span)
        low, length = chosen.low, chosen.length
    label = apply("add", place, low) if not isinstance(low, ir.Constant) else math.plus(place, int(low.value))
    failing = Failing(context)
    inner = replace(
        context,
        scope=context.scope.child(**{name: number(label)}),
        counters=(*context.counters, place),
        failures=failing.noticed,
        path=None,
        bound=(),
    )
    test = scalar_condition(expr.body, inner)
    if expr.condition is not None:
        test = apply("and", scalar_condition(expr.condition, inner), test)
    flags, start, body = failing.carried()
    node = ir.loop(counter, flags, start, body, limit=length, condition=apply("not", test), name=f"first_{name}")
    failing.report(node, 0, expr.span)
    count: Scalar = ir.access(ir.output(node, len(flags), name))
    found = apply("lt", count, length)
    value = apply("add", count, low) if not isinstance(low, ir.Constant) else math.plus(count, int(low.value))
    if expr.otherwise is None:
        context.require(
            found, f"no {name} in {within.span.text if within is not None else 'its range'} passes the test", expr.span
        )
        return number(value)
    return number(ir.choose(found, value, integer(expr.otherwise, context)))
