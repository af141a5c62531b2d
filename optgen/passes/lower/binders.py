"""Binders: `op(i in S where c: e)`, their words as functions of whole tensors, and where an index runs.

An index without `in` runs over the axes it subscripts, which must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.values import Function, Grid, Range, number

REDUCTIONS = {"sum", "prod", "mean", "max", "min", "argmax", "argmin", "any", "all", "count", "logsumexp"}
WHOLE = REDUCTIONS | {"first", "array", "integral", "E"}


@dataclass(frozen=True, slots=True)
class Bound:
    """An index of a binder: the IR index, what its name means (label), the condition under which it runs."""

    name: str
    index: ir.Index
    label: Grid
    condition: Scalar | None
    low: Scalar


# ---------------------------------------------------------------- ranges


def bind(name: str, span: Span, within: tree.Expr | None, bodies: Sequence[tree.Expr], context: Context) -> Bound:
    """The index `name`: over `within` if given, else over the axes it subscripts in the bodies."""
    if within is None:
        extent, low, count = _inferred(name, span, bodies, context)
        index = ir.Index(extent, name)
        condition = None if count is None else apply("lt", index, count)
        return Bound(name, index, number(shifted(index, low)), condition, low)
    from optgen.passes.lower.expressions import evaluate

    chosen = evaluate(within, context)
    match chosen:
        case Range():
            return _over_range(name, span, chosen, within, bodies, context)
        case Grid(axes=(extent,), dtype="int"):
            index = ir.Index(extent, name)
            condition = None if chosen.count is None else apply("lt", index, chosen.count)
            return Bound(name, index, number(chosen.at((index,))), condition, ir.constant(1))
        case Grid(axes=(), dtype="int"):
            index = ir.Index(chosen.scalar, name)
            return Bound(name, index, number(math.plus(index, 1)), None, ir.constant(1))
    fail("E0315", f"{name} can't run over this", within.span, help="a range a..b, an integer vector, or a named axis")


def shifted(index: Scalar, low: Scalar) -> Scalar:
    """The label at a position: position + low."""
    if isinstance(low, ir.Constant):
        return math.plus(index, int(low.value))
    return apply("add", index, low)


def _over_range(
    name: str, span: Span, chosen: Range, within: tree.Expr, bodies: Sequence[tree.Expr], context: Context
) -> Bound:
    length = extents.normal(chosen.length)
    if static(length):
        index = ir.Index(length, name)
        return Bound(name, index, number(shifted(index, chosen.low)), None, chosen.low)
    found = _inferred(name, span, bodies, context, required=False)
    if found is None:
        fail(
            "E0316",
            f"the length of {within.span.text} changes from step to step",
            within.span,
            help=f"let {name} subscript an axis, or give the range a fixed length and a `where`",
        )
    extent, low, count = found
    index = ir.Index(extent, name)
    label = shifted(index, low)
    test = apply("and", apply("ge", label, chosen.low), apply("le", label, chosen.high))
    if count is not None:
        test = apply("and", test, apply("lt", index, count))
    return Bound(name, index, number(label), test, low)


def static(extent: Scalar) -> bool:
    """Whether a length is fixed when the solver is called: made of dims and constants."""
    match extent:
        case ir.Constant() | ir.Dim():
            return True
        case ir.Operation(arguments=arguments):
            return all(static(argument) for argument in arguments)
    return False


def _inferred(name: str, span: Span, bodies: Sequence[tree.Expr], context: Context, required: bool = True) -> Any:
    """(extent, low, count) of the axes that `name` subscripts."""
    found: tuple[Scalar, Scalar, Scalar | None] | None = None
    where: Span | None = None
    for place, base, axis in subscripts(name, bodies):
        try:
            axis_of = _axis(base, axis, context)
        except Exception as error:
            if type(error).__name__ in ("SpecError", "Poisoned", "IRError"):
                continue
            raise
        if axis_of is None:
            continue
        if found is None:
            found, where = axis_of, place
        elif not extents.same(found[0], axis_of[0]):
            assert where is not None
            fail(
                "E0317",
                f"{name} subscripts axes of different lengths",
                place,
                label=f"length {math.scalar_text(axis_of[0])} here",
                secondary=((where, f"length {math.scalar_text(found[0])} here"),),
            )
    if found is None and required:
        fail(
            "E0318", f"nothing says where {name} runs", span, help=f"write {name} in 1..n, or let it subscript an axis"
        )
    return found


def _axis(base: tree.Expr, axis: int, context: Context) -> tuple[Scalar, Scalar, Scalar | None] | None:
    from optgen.passes.lower.expressions import evaluate

    scratch = replace(context, failures=[])
    value = evaluate(base, scratch)
    if isinstance(value, Function):
        return None if value.family is None else (value.family.size, ir.constant(1), None)
    from optgen.passes.lower.expressions import as_grid

    grid = as_grid(value, base.span)
    if axis >= len(grid.axes):
        return None
    return grid.axes[axis], grid.low(axis), grid.count if axis == 0 else None


def subscripts(name: str, exprs: Sequence[tree.Expr]) -> Iterator[tuple[Span, tree.Expr, int]]:
    """Where a name stands alone as an index: place, what is indexed, which axis."""
    stack: list[Any] = list(reversed(exprs))
    while stack:
        expr = stack.pop()
        if isinstance(expr, tree.Index):
            for axis, index in enumerate(expr.indices):
                if isinstance(index, tree.Name) and index.name == name:
                    yield index.span, expr.base, axis
        stack.extend(reversed(parts(expr)))


def parts(expr: Any) -> list[Any]:
    """The expressions an expression is made of."""
    match expr:
        case tree.Tuple(items=items):
            return list(items)
        case tree.Interval(low=low, high=high):
            return [low, high]
        case tree.Block(rows=rows):
            return [item for row in rows for item in row]
        case tree.SetOf(items=items, ranges=ranges):
            return [*items, *ranges]
        case tree.Call():
            values = [argument.value for argument in expr.arguments]
            return [
                part for part in (expr.function, *values, expr.condition, expr.body, expr.otherwise, expr.by) if part
            ]
        case tree.Index(base=base, indices=indices):
            return [base, *(index for index in indices if not isinstance(index, tree.All))]
        case tree.Attribute(base=base):
            return [base]
        case tree.Derivative(operand=operand) | tree.Unary(operand=operand):
            return [operand]
        case tree.Binary(left=left, right=right):
            return [left, right]
        case tree.Comparison(first=first, rest=rest):
            return [first, *(item for _, item in rest)]
        case tree.If(condition=condition, then=then, otherwise=otherwise):
            return [condition, then, otherwise]
        case tree.Lambda(body=body):
            return [body]
    return []


def bind_all(
    indices: Sequence[tree.Expr], condition: tree.Expr | None, bodies: Sequence[tree.Expr], context: Context
) -> tuple[list[Bound], Scalar | None, Context]:
    """All indices of a binder or `for`, each seen by the next; the conditions of all as one; the context inside."""
    from optgen.passes.lower.expressions import scalar_condition

    result: list[Bound] = []
    inner = context
    test: Scalar | None = None
    texts = [*bodies] if condition is None else [*bodies, condition]
    for item in indices:
        name, span, within = index_parts(item)
        if context.known(name) and not name.startswith("_") and within is None and not result:
            _shadow_warning(name, span, context)
        bound = bind(name, span, within, texts, inner)
        result.append(bound)
        inner = inner.binding(((bound.index, bound.condition),), **{name: bound.label})
        if bound.condition is not None:
            test = bound.condition if test is None else apply("and", test, bound.condition)
    if condition is not None:
        extra = scalar_condition(condition, inner)
        test = extra if test is None else apply("and", test, extra)
        last = result[-1]
        own = extra if last.condition is None else apply("and", last.condition, extra)
        inner = replace(inner, bound=(*inner.bound[:-1], (last.index, own)))
    return result, test, inner


def _shadow_warning(name: str, span: Span, context: Context) -> None:
    context.program.warn("W0203", f"the index {name} hides the {name} defined outside", span, "choose another letter")


def index_parts(item: tree.Expr) -> tuple[str, Span, tree.Expr | None]:
    """`i` or `i in S`."""
    match item:
        case tree.Name(span=span, name=name):
            return name, span, None
        case tree.Comparison(first=tree.Name(span=span, name=name), rest=(("in", within),)):
            return name, span, within
    fail("E0319", "an index is a name, or `i in a..b`", item.span)


# ---------------------------------------------------------------- binders


def binder(expr: tree.Call, context: Context) -> Any:
    """`op(indices where condition: body)`."""
    word = expr.function.name if isinstance(expr.function, tree.Name) else ""
    if word not in WHOLE:
        fail(
            "E0320",
            f"{expr.function.span.text} is not a binder",
            expr.function.span,
            help=f"binders are {', '.join(sorted(WHOLE))}",
        )
    if word == "E" and context.in_claim:
        from optgen.passes.lower.claim_words import expected

        return expected(expr, context)
    if word in ("integral", "E"):
        fail("E0404", f"the binder {word} is planned for a later release", expr.span)
    if any(argument.keyword is not None for argument in expr.arguments):
        fail("E0319", "an index is a name, or `i in a..b`", expr.span)
    assert expr.body is not None
    chosen = context.scope.find("$members")
    if chosen is not None and chosen[1].node is expr:
        return _some_members(chosen[1], expr, context)
    indices = [argument.value for argument in expr.arguments]
    if word == "first":
        from optgen.passes.lower.loops import first

        return first(expr, indices, context)
    if (
        isinstance(indices[0], tree.Comparison)
        and indices[0].rest[0][0] == "in"
        and _is_optimisation(indices[0], context)
    ):
        fail("E0404", f"{word} over a set is planned for a later release", expr.span)
    bounds, test, inner = bind_all(indices, expr.condition, [expr.body], context)
    from optgen.passes.lower.expressions import numeric

    body = numeric(expr.body, inner if test is None else replace(inner, path=_joined(inner.path, test)))
    if word == "array":
        return _array(bounds, test, body)
    if word in ("argmax", "argmin") and len(bounds) != 1:
        fail("E0320", f"{word} runs over one index", expr.span)
    return _reduced(word, bounds, test, body, expr, context)


def _some_members(chosen: Any, expr: tree.Call, context: Context) -> Grid:
    """The family binder of an objective read over chosen members."""
    from optgen.passes.lower.expressions import numeric

    name, _, _ = index_parts(expr.arguments[0].value)
    assert expr.body is not None and isinstance(expr.function, tree.Name)
    if chosen.mode == "none":
        return number(ir.constant(0, "real"))
    if chosen.mode == "one":
        return math.to_real(numeric(expr.body, context.with_names(**{name: chosen.labels})))
    (extent,) = chosen.labels.axes
    index = ir.Index(extent, name)
    condition = None if chosen.labels.count is None else apply("lt", index, chosen.labels.count)
    label = number(chosen.labels.at((index,)))
    body = math.to_real(numeric(expr.body, context.binding(((index, condition),), **{name: label})))
    return number(reducer_of(expr.function.name)((index,), body.scalar, condition))


def _is_optimisation(item: tree.Comparison, context: Context) -> bool:
    within = item.rest[0][1]
    return isinstance(within, tree.Index) and isinstance(within.base, tree.Name) and within.base.name == "R"


def _joined(path: Scalar | None, test: Scalar) -> Scalar:
    return test if path is None else apply("and", path, test)


def _array(bounds: Sequence[Bound], test: Scalar | None, body: Grid) -> Grid:
    """`array(i, j: e)`; entries where the condition fails are 0."""
    indices = tuple(bound.index for bound in bounds)
    axes = tuple(index.extent for index in indices)
    at = body.at

    def entry(positions: tuple[Scalar, ...]) -> Scalar:
        from optgen.ir.walk import substitute

        own, rest = positions[: len(indices)], positions[len(indices) :]
        value = at(rest)
        if test is not None:
            value = ir.choose(test, value, zero_of(value.dtype))
        return substitute([value], dict(zip(indices, own, strict=True)))[0]

    return Grid((*axes, *body.axes), body.dtype, entry, lows=(*(bound.low for bound in bounds), *body.lows))


def zero_of(dtype: ir.Dtype) -> Scalar:
    return ir.constant(False if dtype == "bool" else 0, dtype)


def _reduced(
    word: str, bounds: Sequence[Bound], test: Scalar | None, body: Grid, expr: tree.Call, context: Context
) -> Grid:
    indices = tuple(bound.index for bound in bounds)
    at = _typed(word, body, expr).at
    if word in ("argmax", "argmin"):
        return _best(word, bounds[0], test, at, body, expr, context)
    if word == "mean" and test is not None:
        amount = ir.reduce("sum", indices, ir.constant(1), test)
        context.require(apply("gt", amount, ir.constant(0)), "a mean over nothing", expr.span)
    reducer = reducer_of(word)

    def entry(positions: tuple[Scalar, ...]) -> Scalar:
        return reducer(indices, at(positions), test)  # type: ignore[no-any-return]

    return Grid(body.axes, _reduced_dtype(word, body), entry, lows=body.lows)


def _reduced_dtype(word: str, body: Grid) -> ir.Dtype:
    if word in ("any", "all"):
        return "bool"
    if word == "count":
        return "int"
    if word in ("mean", "logsumexp"):
        return "real"
    return "int" if body.dtype == "bool" else body.dtype


def _typed(word: str, body: Grid, expr: tree.Call) -> Grid:
    """The body as the kind of number that the reduction works on."""
    if word in ("any", "all", "count"):
        if body.dtype != "bool":
            fail("E0306", f"{word} needs a condition", (expr.body or expr).span)
        return body if word != "count" else math.to_number(body)
    if word in ("mean", "logsumexp"):
        return math.to_real(body)
    if word in ("max", "min", "argmax", "argmin"):
        return math.to_real(body) if word.startswith("arg") else math.to_number(body)
    return math.to_number(body)


def reducer_of(word: str):  # type: ignore[no-untyped-def]
    """(indices, body, condition) -> the reduced scalar."""
    if word == "mean":
        return _mean
    if word == "logsumexp":
        return _logsumexp
    kind: Any = "sum" if word == "count" else word
    return lambda indices, body, test: ir.reduce(kind, indices, body, test)


def _mean(indices: tuple[ir.Index, ...], body: Scalar, test: Scalar | None) -> Scalar:
    total = ir.reduce("sum", indices, body, test)
    if test is None:
        amount = extents.product([index.extent for index in indices])
    else:
        amount = ir.reduce("sum", indices, ir.constant(1), test)
    return apply("div", total, apply("to_real", amount))


def _logsumexp(indices: tuple[ir.Index, ...], body: Scalar, test: Scalar | None) -> Scalar:
    """log(sum(exp(e))) with the largest entry taken out; -inf if all are -inf."""
    top = apply("stop_gradient", ir.reduce("max", indices, body, test))
    top = ir.choose(apply("is_finite", top), top, ir.constant(0, "real"))
    total = ir.reduce("sum", indices, apply("exp", apply("sub", body, top)), test)
    return apply("add", apply("log", total), top)


def _best(word: str, bound: Bound, test: Scalar | None, at: Any, body: Grid, expr: tree.Call, context: Context) -> Grid:
    """argmax, argmin: the label of the first best."""
    from optgen.ir.walk import substitute

    if test is not None:
        some = ir.reduce("any", (bound.index,), test)
        context.require(some, f"{word} over nothing", expr.span)

    def entry(positions: tuple[Scalar, ...]) -> Scalar:
        place = ir.reduce(word, (bound.index,), at(positions), test)  # type: ignore[arg-type]
        return substitute([bound.label.scalar], {bound.index: place})[0]

    return Grid(body.axes, "int", entry)


def whole(expr: tree.Call, context: Context) -> Grid:
    """A binder's word used on whole tensors: `sum(P)`, `max(a, b)` elementwise, `mean(x)`."""
    from optgen.passes.lower.expressions import numeric

    assert isinstance(expr.function, tree.Name)
    word = expr.function.name
    if any(argument.keyword is not None for argument in expr.arguments):
        fail("E0310", f"{word} takes no keywords", expr.span)
    values = [numeric(argument.value, context) for argument in expr.arguments]
    spans = [argument.value.span for argument in expr.arguments]
    if word in ("max", "min") and len(values) > 1:
        return _elementwise_best(word, values, spans)
    if word not in REDUCTIONS:
        fail("E0320", f"{word} needs an index, as in {word}(i in 1..n: ..)", expr.span)
    if len(values) != 1:
        fail("E0309", f"{word} reduces one tensor, here are {len(values)}", expr.span)
    value = _typed(word, values[0], expr)
    if not value.axes:
        fail("E0321", f"{word} reduces a vector or matrix", spans[0], label="this is a number")
    if word in ("argmax", "argmin") and len(value.axes) != 1:
        fail("E0321", f"{word} without an index takes a vector", spans[0])
    places = math.indices(value.axes)
    test = None if value.count is None else apply("lt", places[0], value.count)
    if word in ("argmax", "argmin"):
        return number(math.plus(ir.reduce(word, places, value.at(places), test), 1))  # type: ignore[arg-type]
    return number(reducer_of(word)(places, value.at(places), test))


def _elementwise_best(word: str, values: list[Grid], spans: list[Span]) -> Grid:
    operation = "maximum" if word == "max" else "minimum"
    result = values[0]
    for value, span in zip(values[1:], spans[1:], strict=True):
        left, right = math.joined(result, value)
        result = math.elementwise(operation, (left, right), (spans[0], span), word)
    return result


__all__ = ["Bound", "Poisoned", "bind_all", "binder", "subscripts", "whole"]
