"""Samples of a family: a minibatch is an index vector, drawn once a step."""

from __future__ import annotations

from typing import Any

from optgen.diagnostics import Span
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.families import members
from optgen.passes.lower.laws import sample
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import declare_dim
from optgen.passes.lower.values import Function, Grid, Law, number


def draw_sample(function: Function, name: str, span: Span, context: Context) -> Grid:
    """`draw s ~ f`: `batch` members, each equally likely, with replacement."""
    if function.family is None:
        fail(
            "E0335",
            f"{function.name} is not a family, so there is nothing to sample",
            span,
            help="a sum or mean over data in the objective makes a family",
        )
    if not context.known("batch"):
        from optgen.ir import nodes as ir

        declare_dim("batch", ir.dim("batch"), context)
    batch = context.lookup("batch", span)
    law = Law("index", (number(function.family.size),), span)
    return sample(law, name, (batch.scalar,), True, span, context)


def sampled_function(name: str, function: Any, context: Context) -> Any:
    """The function read through one sample a step."""
    if not isinstance(function, Function) or function.family is None:
        return function
    s = math.fixed(draw_sample(function, f"sample of {name}", Span_at(context), context), "sample")
    chosen = members(function, s, Span_at(context))
    return Function(
        function.name,
        chosen.call,
        function.space,
        function.family,
        function.variables,
        function.parts,
        function.constants,
    )


def Span_at(context: Context) -> Span:
    from optgen.passes.lower.expressions import Span_of_nothing

    return Span_of_nothing()
