"""Types and domains: shapes from declarations, dimensions bound where they are first seen, domains as conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import calls, extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.ir.program import Condition
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Members, NamedSet, Range, Space, number

NUMBERS: dict[str, ir.Dtype] = {
    "R": "real",
    "N": "int",
    "Z": "int",
    "Bool": "bool",
    "f32": "f32",
    "f64": "f64",
    "i32": "int",
}
FACTS = {"spd", "psd", "symmetric", "diagonal", "lower", "strict_lower", "orthogonal"}
# symmetric and stochastic inputs are checked to this relative deviation: they come from sums of rounded numbers
TOLERANCE = Fraction(1, 10**8)


@dataclass(frozen=True, slots=True)
class Typed:
    """A type read where it stands: dtype, axes with the labels of their first entries, and what is special of it."""

    dtype: ir.Dtype
    axes: tuple[Scalar, ...]
    lows: tuple[Scalar, ...] = ()
    space: Space | None = None  # space(f), weights(net)
    buffer: bool = False  # the first axis is a capacity
    limit: Scalar | None = None  # index(n): values 1 .. n
    function: tuple[tree.Expr, tree.Expr] | None = None  # domain -> value


def declare_dim(name: str, extent: Scalar, context: Context) -> None:
    """A name first seen in a shape becomes a dimension."""
    root = context.scope
    while "$dims" not in root.names and root.parent is not None:
        root = root.parent
    root.names[name] = replace(number(extent), facts=frozenset({"dim"}))
    if "$dims" in root.names and isinstance(extent, ir.Dim) and extent.name == name:
        root.names["$dims"].append(name)


def read_type(
    type: tree.Type | None, context: Context, actual: Sequence[Scalar] | None = None, span: Span | None = None
) -> Typed:
    """The type; new dimensions take their length from `actual` axes, or become free dims where there are none."""
    if type is None:
        return Typed("real", ())
    if type.result is not None:
        return Typed("real", (), function=(type.base, type.result))
    if type.item is not None:
        return _buffer(type, context)
    return _read(type.base, context, actual, span or type.span)


def _buffer(type: tree.Type, context: Context) -> Typed:
    from optgen.passes.lower.expressions import integer

    base = type.base
    if not (isinstance(base, tree.Call) and isinstance(base.function, tree.Name) and base.function.name == "buffer"):
        fail("E0330", "only buffer(c) of T has an `of`", type.span)
    capacity = integer(base.arguments[0].value, context, "the capacity of a buffer is an integer")
    assert type.item is not None
    entry = _read(type.item, context, None, type.span)
    lows = (ir.constant(1), *(entry.lows or (ir.constant(1),) * len(entry.axes)))
    return Typed(entry.dtype, (capacity, *entry.axes), lows, buffer=True, limit=entry.limit)


def _read(base: tree.Expr, context: Context, actual: Sequence[Scalar] | None, span: Span) -> Typed:
    match base:
        case tree.Name(name=name) if name in NUMBERS:
            return Typed(NUMBERS[name], ())
        case tree.Index(base=tree.Name(name=name), indices=indices) if name in NUMBERS:
            axes, lows = read_axes(indices, context, actual, span)
            return Typed(NUMBERS[name], axes, lows)
        case tree.Call(function=tree.Name(name="index")):
            return Typed("int", (), limit=_limit(base, context))
        case tree.Index(base=tree.Call(function=tree.Name(name="index")) as call, indices=indices):
            axes, lows = read_axes(indices, context, actual, span)
            return Typed("int", axes, lows, limit=_limit(call, context))
        case tree.Call(function=tree.Name(name="space")):
            return _space(base, context)
        case tree.Call(function=tree.Name(name="weights")):
            from optgen.passes.lower.expressions import evaluate

            network = evaluate(base.arguments[0].value, context)
            if not hasattr(network, "space"):
                fail("E0330", "weights(..) takes a network", base.span)
            return Typed("real", network.space.axes, space=network.space)
        case tree.Name(name="C") | tree.Index(base=tree.Name(name="C")):
            fail("E0404", "complex numbers are planned for a later release", base.span)
    fail(
        "E0330",
        f"{base.span.text} is not a type",
        base.span,
        help="types are R, N, Z, Bool, R[n], space(f), buffer(c) of R[n], index(n)",
    )


def _limit(call: tree.Call, context: Context) -> Scalar:
    argument = call.arguments[0].value
    if isinstance(argument, tree.Name) and not context.known(argument.name):
        declare_dim(argument.name, ir.dim(argument.name), context)
    from optgen.passes.lower.expressions import integer

    return integer(argument, context)


def _space(base: tree.Call, context: Context) -> Typed:
    from optgen.passes.lower.expressions import evaluate

    function = evaluate(base.arguments[0].value, context)
    if not isinstance(function, Function):
        fail("E0330", "space(..) takes a function", base.arguments[0].span)
    if function.space is None:
        fail(
            "E0331",
            f"the domain of {function.name} is not known here",
            base.span,
            help=f"type it: oracle {function.name} : R[n] -> R",
        )
    return Typed("real", function.space.axes, space=function.space)


def read_axes(
    indices: Sequence[tree.Expr | tree.All], context: Context, actual: Sequence[Scalar] | None, span: Span
) -> tuple[tuple[Scalar, ...], tuple[Scalar, ...]]:
    """Axes and first labels of `[m, n]`, `[0..L]`."""
    from optgen.passes.lower.expressions import evaluate, integer

    if actual is not None and len(actual) != len(indices):
        fail(
            "E0303",
            f"{len(indices)} ax{'i' if len(indices) == 1 else 'e'}s are declared here",
            span,
            label=f"what is given is {math.shape_text(actual)}",
        )
    axes: list[Scalar] = []
    lows: list[Scalar] = []
    for position, index in enumerate(indices):
        given = None if actual is None else actual[position]
        low: Scalar = ir.constant(1)
        if isinstance(index, tree.All):
            fail("E0330", "a shape needs a length here", span)
        if isinstance(index, tree.Name) and not context.known(index.name):
            declare_dim(index.name, ir.dim(index.name) if given is None else given, context)
            axes.append(context.lookup(index.name, index.span).scalar)
        elif isinstance(index, tree.Binary) and index.operator == "..":
            chosen = evaluate(index, context)
            assert isinstance(chosen, Range)
            axes.append(extents.normal(chosen.length))
            low = chosen.low
        else:
            axes.append(extents.normal(integer(index, context, "a length is an integer")))
        lows.append(low)
        if given is not None and not extents.same(axes[-1], given):
            fail(
                "E0303",
                f"axis {position + 1} must have length {math.scalar_text(axes[-1])}",
                span,
                label=f"what is given is {math.shape_text(actual or ())}",
            )
    return tuple(axes), tuple(lows)


def facts_of(domains: Sequence[tree.Domain]) -> frozenset[str]:
    """The words among domains that say what a matrix is."""
    words = {d.operand.name for d in domains if d.operator == "is" and isinstance(d.operand, tree.Name)}
    return frozenset(words & FACTS)


def conform(value: Grid, typed: Typed, name: str, span: Span) -> Grid:
    """The value with the declared dtype and shape; 0 fits any shape, integers become reals."""
    if value.dtype != typed.dtype:
        if typed.dtype == "real":
            value = math.to_real(value)
        else:
            want = {"int": "an integer", "bool": "a condition"}.get(typed.dtype, typed.dtype)
            fail(
                "E0332",
                f"{name} is declared as {want}",
                span,
                label=f"this is {'a real' if value.dtype == 'real' else value.dtype}",
                help="write floor(..), ceil(..) or round(..)" if typed.dtype == "int" else "",
            )
    if not value.axes and typed.axes and (value.zero or _is_zero(value)):
        entry = value.scalar
        count = ir.constant(0) if typed.buffer else None
        leaves = typed.space.leaves if typed.space else ()
        return Grid(typed.axes, typed.dtype, lambda p: entry, lows=typed.lows, leaves=leaves, count=count)
    if len(value.axes) != len(typed.axes) or not all(
        extents.same(a, b) for a, b in zip(value.axes, typed.axes, strict=True)
    ):
        fail(
            "E0303",
            f"{name} is declared as {math.shape_text(typed.axes)}",
            span,
            label=f"this is {math.shape_text(value.axes)}",
        )
    leaves = typed.space.leaves if typed.space else value.leaves
    return replace(value, axes=typed.axes, lows=typed.lows or value.lows, leaves=leaves)


def _is_zero(value: Grid) -> bool:
    entry = value.scalar
    return isinstance(entry, ir.Constant) and entry.value == 0


# ---------------------------------------------------------------- domains


def domain_holds(value: Grid, domain: tree.Domain, context: Context) -> Scalar:
    """A rank-0 Bool: every entry of the value lies in the domain."""
    from optgen.passes.lower.expressions import numeric

    if domain.operator == "is":
        assert isinstance(domain.operand, tree.Name)
        return _fact_holds(value, domain.operand.name, domain.span)
    if domain.operator != "in":
        bound = numeric(domain.operand, context)
        return everywhere(math.binary(domain.operator, value, bound, (domain.span, domain.span), domain.span))
    return everywhere(contains(value, as_set(domain.operand, context), domain.span))


def as_set(expr: tree.Expr, context: Context) -> Any:
    """A set; `(a, b)` and `[a, b]` are intervals here."""
    from optgen.passes.lower.expressions import evaluate

    match expr:
        case tree.Tuple(span=span, items=(low, high)):
            return evaluate(tree.Interval(span, low, high, True, True), context)
        case tree.Block(span=span, rows=((low, high),)):
            return evaluate(tree.Interval(span, low, high, False, False), context)
    return evaluate(expr, context)


def contains(value: Grid, chosen: Any, span: Span) -> Grid:
    """Whether entries (for named sets: the whole) lie in a set."""
    from optgen.passes.lower.values import Interval, Items

    spans = (span, span)
    match chosen:
        case Items(items=(Grid() as low, Grid() as high)):
            return contains(value, Interval(low, high, True, True), span)
        case Interval():
            above = math.binary(">" if chosen.low_open else ">=", value, chosen.low, spans, span)
            below = math.binary("<" if chosen.high_open else "<=", value, chosen.high, spans, span)
            return math.elementwise("and", (above, below), spans, "a domain")
        case Members(items=items):
            result: Grid | None = None
            for item in items:
                same = math.binary("==", value, item, spans, span)
                result = same if result is None else math.elementwise("or", (result, same), spans, "a domain")
            assert result is not None
            return result
        case Range():
            low, high = number(chosen.low), number(chosen.high)
            above, below = math.binary(">=", value, low, spans, span), math.binary("<=", value, high, spans, span)
            return math.elementwise("and", (above, below), spans, "a domain")
        case NamedSet():
            return _in_named(value, chosen, span)
    if getattr(chosen, "name", None) == "simplex":
        return _in_named(value, NamedSet("simplex"), span)
    fail("E0333", "this is not a set", span, help="sets are (a, b], {a, b}, a..b, simplex, ball(r), box(a, b)")


def _in_named(value: Grid, chosen: NamedSet, span: Span) -> Grid:
    value = math.to_real(value)
    spans = (span, span)
    match chosen.name, chosen.arguments:
        case "simplex", _:
            nonnegative = everywhere(math.binary(">=", value, number(ir.constant(0)), spans, span))
            off = apply("abs", apply("sub", math.summed(value).scalar, ir.constant(1, "real")))
            return number(apply("and", nonnegative, apply("le", off, ir.constant(TOLERANCE))))
        case "ball", (Grid() as radius,):
            from optgen.passes.lower.intrinsics import squares

            limit = math.to_real(radius).scalar
            return number(apply("le", squares(value), apply("mul", limit, limit)))
        case "box", (Grid() as low, Grid() as high):
            above = math.binary(">=", value, low, spans, span)
            return math.elementwise("and", (above, math.binary("<=", value, high, spans, span)), spans, "a box")
    fail("E0404", f"membership in {chosen.name} is planned for a later release", span)


def everywhere(value: Grid) -> Scalar:
    return value.scalar if not value.axes else math.summed(value, "all").scalar


def _fact_holds(value: Grid, word: str, span: Span) -> Scalar:
    if word not in FACTS:
        fail("E0333", f"{word} is not a domain", span, help="for a range write in (a, b), for a sign > 0")
    if len(value.axes) != 2:
        fail("E0321", f"{word} says something about a matrix", span, label=f"this is {math.shape_text(value.axes)}")
    value = math.to_real(value)
    i, j = math.indices(value.axes)
    entry, mirrored = value.at((i, j)), value.at((j, i)) if extents.same(*value.axes) else None
    zero = ir.constant(0, "real")
    if word in ("diagonal", "lower", "strict_lower"):
        outside = apply({"diagonal": "ne", "lower": "lt", "strict_lower": "le"}[word], i, j)
        return ir.reduce("all", (i, j), apply("eq", entry, zero), outside)
    if mirrored is None:
        fail("E0321", f"{word} needs a square matrix", span, label=f"this is {math.shape_text(value.axes)}")
    if word == "orthogonal":
        return _orthogonal(value, i, j)
    scale = ir.reduce("max", (i, j), apply("abs", entry))
    near = apply("le", apply("abs", apply("sub", entry, mirrored)), apply("mul", ir.constant(TOLERANCE), scale))
    symmetric = ir.reduce("all", (i, j), near)
    if word == "symmetric":
        return symmetric
    if word == "spd":
        (factor,) = calls.apply("cholesky", math.tensor(value))
        k = ir.Index(value.axes[0], "k")
        return apply("and", symmetric, ir.reduce("all", (k,), apply("is_finite", ir.access(factor, k, k))))
    lowest = ir.access(calls.apply("eigh", math.tensor(value))[0], ir.constant(0))
    return apply("and", symmetric, apply("ge", lowest, apply("neg", apply("mul", ir.constant(TOLERANCE), scale))))


def _orthogonal(value: Grid, i: ir.Index, j: ir.Index) -> Scalar:
    k = ir.Index(value.axes[0], "k")
    product = ir.reduce("sum", (k,), apply("mul", value.at((k, i)), value.at((k, j))))
    unit = apply("to_real", apply("bool_to_int", apply("eq", i, j)))
    return ir.reduce("all", (i, j), apply("le", apply("abs", apply("sub", product, unit)), ir.constant(TOLERANCE)))


def conditions(
    name: str, value: Grid, domains: Sequence[tree.Domain], typed: Typed, context: Context
) -> tuple[Condition, ...]:
    """The declared domains of an input as run-time checks, in the author's words."""
    result = []
    for domain in domains:
        holds = context.attempt(lambda domain=domain: domain_holds(value, domain, context))
        if holds is not None and not isinstance(holds, ir.Constant):
            text = domain.span.text
            result.append(Condition(f"{name} must be {text}", holds, domain.span))
    if typed.limit is not None:
        entry = math.binary("<", value, number(math.plus(typed.limit, 1)), (_none(), _none()), _none())
        low = math.binary(">=", value, number(ir.constant(1)), (_none(), _none()), _none())
        holds = everywhere(math.elementwise("and", (entry, low), (_none(), _none()), "an index"))
        top = math.scalar_text(math.plus(typed.limit, -1))
        result.append(Condition(f"{name} must hold indices from 0 to {top} (0-based outside a spec)", holds, None))
    return tuple(result)


def _none() -> Span:
    from optgen.passes.lower.expressions import Span_of_nothing

    return Span_of_nothing()
