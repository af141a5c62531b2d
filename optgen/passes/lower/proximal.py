"""`prox(h, t)(z)`, `proj(S)(z)`, `resolvent(A, t)(z)`, `conj`, `indicator`, `bregman`: from a table and rules.

The minimiser of h(x) + |x - z|^2/(2t).  An abstract h stays an oracle call `h.prox`, whose meaning for a proof is
x = z - t*s with s a subgradient of h at x; a known one is a formula.  Rules: separable sums, scaling, shift, added
quadratics and lines, conjugates by Moreau.  What has no rule is an error that says what to supply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from optgen.diagnostics import Span
from optgen.ir import calls, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.pieces import Entry, Pieces, Unknown, taken_apart
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Interval, Items, NamedSet, grid, number

if TYPE_CHECKING:
    from optgen.passes.lower.intrinsics import Arguments

ZERO, ONE = ir.constant(0, "real"), ir.constant(1, "real")


def _prox(a: Arguments) -> Function:
    h, step = _function(a, 0), a.real(1)
    if step.axes:
        fail("E0305", "the step of prox is a number", a.spans[1])

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        return proximal(h, step.scalar, _point(arguments, span, "prox(h, t)"), a, span)

    return Function(f"prox of {_name(h)}", call)


def _function(a: Arguments, position: int) -> Any:
    from optgen.passes.lower.intrinsics import as_function

    value = a.values[position]
    if hasattr(value, "rule"):
        return as_function(value, a.context)
    if not isinstance(value, Function):
        fail("E0325", f"{a.name} takes a function", a.spans[position])
    return value


def _name(h: Any) -> str:
    return str(getattr(h, "name", "h"))


def _point(arguments: list[Any], span: Span, what: str) -> Grid:
    from optgen.passes.lower.expressions import as_grid

    if len(arguments) != 1:
        fail("E0309", f"{what} is a function of one point", span)
    return math.to_real(as_grid(arguments[0], span))


def _like(z: Grid, at: Callable[[tuple[Scalar, ...]], Scalar]) -> Grid:
    return Grid(z.axes, "real", at, leaves=z.leaves, lows=z.lows)


# ---------------------------------------------------------------- prox


def proximal(h: Function, step: Scalar, z: Grid, a: Arguments, span: Span) -> Grid:
    """The minimiser of h(x) + |x - z|^2/(2 step)."""
    if "$conjugate" in h.parts:  # Moreau: prox of t h* at z is z - t prox of h/t at z/t
        inverse = apply("div", ONE, step)
        inner = math.fixed(_like(z, lambda p: apply("mul", inverse, z.at(p))), "")
        other = proximal(h.parts["$conjugate"], inverse, inner, a, span)
        return _like(z, lambda p: apply("sub", z.at(p), apply("mul", step, other.at(p))))
    if "$set" in h.parts:
        return projected(h.parts["$set"], z, span)
    pieces = _pieces(h, z, a, span)
    entry, base = pieces.entry, pieces.base
    if base is None:
        return _separable(_one_kink(entry, span), pieces, step, z)
    if entry.kinks or (entry.square is not None and entry.square.free):
        _no_rule(h, span)
    kind, what, weight = base
    length = apply("mul", weight, step)
    if entry.square is not None or entry.slope is not None:
        shrink = apply("add", ONE, apply("mul", apply("mul", ir.constant(2, "real"), step), entry.square or ZERO))
        length = apply("div", length, shrink)
        moved = z

        def centre(p: tuple[Scalar, ...]) -> Scalar:
            slope = entry.slope
            if slope is None:
                return apply("div", moved.at(p), shrink)
            here = walk.substitute([slope], dict(zip(pieces.indices, p, strict=True)))[0]
            return apply("div", apply("sub", moved.at(p), apply("mul", step, here)), shrink)

        z = math.fixed(_like(z, centre), "")
    if kind == "set":
        return projected(what, z, span)
    return BASES[kind](what, length, math.fixed(z, ""), span)


def _pieces(h: Function, z: Grid, a: Arguments, span: Span) -> Pieces:
    from optgen.passes.lower.expressions import as_grid

    point = ir.Input("u", "real", z.axes)
    stand_in = _like(z, lambda p: ir.access(point, *p))
    result = math.to_real(as_grid(h.call([stand_in], {}, span), span))
    if result.axes:
        fail("E0327", f"prox needs a function with one number as value, {_name(h)} gives a tensor", span)
    indices = math.indices(z.axes)
    try:
        return taken_apart(result.scalar, point, indices, a.context.program.sets)
    except Unknown:
        _no_rule(h, span)


def _no_rule(h: Function, span: Span) -> NoReturn:
    fail(
        "E0342",
        f"no rule gives prox of {_name(h)}",
        span,
        help="known: sums over entries of abs, squares and lines; norm, norminf, indicator(S), conj(h) and multiples of"
        " them plus squares and lines; give another one as an argument of the algorithm",
    )


def _separable(entry: Entry, pieces: Pieces, step: Scalar, z: Grid) -> Grid:
    """a|u - s| + q u^2 + b u by entries: u = s + soft((z - t b)/(1 + 2 t q) - s, t a/(1 + 2 t q))."""
    two = apply("mul", ir.constant(2, "real"), step)

    def at(p: tuple[Scalar, ...]) -> Scalar:
        def here(part: Scalar) -> Scalar:
            return walk.substitute([part], dict(zip(pieces.indices, p, strict=True)))[0]

        value = z.at(p)
        if entry.slope is not None:
            value = apply("sub", value, apply("mul", step, here(entry.slope)))
        shrink = None if entry.square is None else apply("add", ONE, apply("mul", two, here(entry.square)))
        value = value if shrink is None else apply("div", value, shrink)
        for weight, shift in entry.kinks:
            level = apply("mul", step, here(weight))
            level = level if shrink is None else apply("div", level, shrink)
            offset = None if shift is None else here(shift)
            value = value if offset is None else apply("sub", value, offset)
            value = soft(value, level)
            value = value if offset is None else apply("add", value, offset)
        return value

    return _like(z, at)


def _one_kink(entry: Entry, span: Span) -> Entry:
    """Kinks at one place add up."""
    shifts = {shift for _, shift in entry.kinks}
    if len(shifts) > 1:
        fail(
            "E0342",
            "no rule gives prox of a sum of absolute values with kinks at different places",
            span,
            help="split it over two proxes, or give its prox as an argument of the algorithm",
        )
    if len(entry.kinks) < 2:
        return entry
    weight = entry.kinks[0][0]
    for other, _ in entry.kinks[1:]:
        weight = apply("add", weight, other)
    return replace(entry, kinks=((weight, shifts.pop()),))


def soft(value: Scalar, level: Scalar) -> Scalar:
    """Towards 0 by at most the level."""
    return apply("sub", value, apply("minimum", apply("maximum", value, apply("neg", level)), level))


def _oracle(name: str, step: Scalar, z: Grid, span: Span) -> Grid:
    arguments = [math.tensor(z), ir.array((), step)]
    node = ir.call(f"oracle {name}.prox", arguments, [("real", z.axes)], (("opaque", True),))
    made = ir.output(node, 0, f"{name}_prox")
    return _like(z, lambda p: ir.access(made, *p))


def _norm(_: Any, step: Scalar, z: Grid, span: Span) -> Grid:
    """z shortened by the step."""
    from optgen.passes.lower.intrinsics import squares

    size = math.fixed(number(apply("sqrt", squares(z))), "size").scalar
    factor = ir.choose(apply("gt", size, step), apply("sub", ONE, apply("div", step, size)), ZERO)
    return _like(z, lambda p: apply("mul", factor, z.at(p)))


def _norminf(_: Any, step: Scalar, z: Grid, span: Span) -> Grid:
    """Moreau: z less its projection on the ball of norm1."""
    sizes = math.fixed(_like(z, lambda p: apply("abs", z.at(p))), "")
    inside = apply("le", math.summed(sizes).scalar, step)
    level = _level(sizes, step, span)
    return _like(z, lambda p: ir.choose(inside, ZERO, apply("sub", z.at(p), soft(z.at(p), level))))


BASES: dict[str, Callable[[Any, Scalar, Grid, Span], Grid]] = {"oracle": _oracle, "norm": _norm, "norminf": _norminf}


def _level(values: Grid, total: Scalar, span: Span) -> Scalar:
    """The level c with sum(max(values - c, 0)) = total: the largest over k of (the k largest - total)/k."""
    if len(values.axes) != 1:
        fail("E0321", "this projection takes a vector", span)
    keys = math.tensor(_like(values, lambda p: apply("neg", values.at(p))))
    ordered = grid(calls.apply("sort", keys)[0])
    (k,) = math.indices(values.axes, "k")
    (j,) = math.indices(values.axes, "j")
    largest = apply("neg", ir.reduce("sum", (j,), ordered.at((j,)), apply("le", j, k)))
    count = apply("to_real", math.plus(k, 1))
    return math.fixed(number(ir.reduce("max", (k,), apply("div", apply("sub", largest, total), count))), "level").scalar


# ---------------------------------------------------------------- projections


def _proj(a: Arguments) -> Function:
    chosen = as_set(a.values[0], a.spans[0])
    return Function("proj", lambda args, k, span: projected(chosen, _point(args, span, "proj(S)"), span))


def as_set(value: Any, span: Span) -> Any:
    """A set: an interval, or a named one."""
    match value:
        case NamedSet() | Interval():
            return value
        case Items(items=(Grid() as low, Grid() as high)):
            return Interval(low, high, True, True)
        case Grid(axes=(ir.Constant(value=2),)):
            return Interval(number(value.at((ir.constant(0),))), number(value.at((ir.constant(1),))), False, False)
    if getattr(value, "name", None) == "simplex":
        return NamedSet("simplex")
    fail("E0333", "this is not a set", span, help="sets are [a, b], simplex, ball(r), box(a, b), affine(A, b)")


def projected(chosen: Any, z: Grid, span: Span) -> Grid:
    """The nearest point of a closed convex set."""
    from optgen.passes.lower.intrinsics import squares

    z = math.fixed(math.to_real(z), "")
    match chosen:
        case Interval(low=low, high=high) | NamedSet(name="box", arguments=(Grid() as low, Grid() as high)):
            return _between(math.to_real(low), math.to_real(high), z, span)
        case NamedSet(name="ball", arguments=(Grid() as radius,)):
            r = math.to_real(radius).scalar
            square = math.fixed(number(squares(z)), "square").scalar
            shrink = apply("div", r, apply("sqrt", square))
            factor = ir.choose(apply("le", square, apply("mul", r, r)), ONE, shrink)
            return _like(z, lambda p: apply("mul", factor, z.at(p)))
        case NamedSet(name="simplex"):
            level = _level(z, ONE, span)
            return _like(z, lambda p: apply("maximum", apply("sub", z.at(p), level), ZERO))
        case NamedSet(name="affine", arguments=(Grid() as matrix, Grid() as right)):
            return _on_affine(math.to_real(matrix), math.to_real(right), z, span)
    fail("E0404", "projection on this set is planned for a later release", span)


def _between(low: Grid, high: Grid, z: Grid, span: Span) -> Grid:
    spans = (span, span)
    if not (not low.axes and isinstance(low.scalar, ir.Constant) and low.scalar.value == -ir.INF):
        z = _like(z, math.elementwise("maximum", (z, low), spans, "a box").at)
    if not (not high.axes and isinstance(high.scalar, ir.Constant) and high.scalar.value == ir.INF):
        z = _like(z, math.elementwise("minimum", (z, high), spans, "a box").at)
    return z


def _on_affine(matrix: Grid, right: Grid, z: Grid, span: Span) -> Grid:
    """z - A' (A A')^-1 (A z - b)."""
    spans = (span, span)
    flipped = math.transpose(matrix)
    off = math.binary("-", math.matmul(matrix, z, spans), right, spans, span)
    normal = math.tensor(math.matmul(matrix, flipped, spans))
    multipliers = grid(calls.apply("solve_spd", normal, math.tensor(off))[0])
    back = math.matmul(flipped, multipliers, spans)
    return _like(z, lambda p: apply("sub", z.at(p), back.at(p)))


# ---------------------------------------------------------------- functions of functions


def _indicator(a: Arguments) -> Function:
    """0 on the set, infinite outside."""
    chosen = as_set(a.values[0], a.spans[0])

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        from optgen.passes.lower.types import contains, everywhere

        z = math.fixed(_point(arguments, span, "indicator(S)"), "")
        inside = everywhere(contains(z, chosen, span))
        made = ir.choose(inside, ZERO, ir.constant(ir.INF, "real"))
        a.context.program.sets[made] = (chosen, math.tensor(z))
        return number(made)

    return Function("indicator", call, parts={"$set": chosen})


def _conj(a: Arguments) -> Function:
    """max over x of <z, x> - h(x): a function of its own where nobody gave h; else only its prox is known."""
    h = _function(a, 0)

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        oracle = h.parts.get("$oracle")
        if oracle is None:
            fail("E0404", f"values of conj({_name(h)}) are planned for a later release; prox of it is known", span)
        z = math.fixed(_point(arguments, span, f"conj({_name(h)})"), "")
        node = ir.call(f"oracle {oracle}.conj", [math.tensor(z)], [("real", ())])
        return number(ir.access(ir.output(node, 0, f"{oracle}.conj")))

    return Function(f"conj of {_name(h)}", call, parts={"$conjugate": h})


def _bregman(a: Arguments) -> Function:
    """psi(x) - psi(y) - <grad psi(y), x - y>."""
    psi = _function(a, 0)

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        from optgen.passes.lower.calculus import gradient
        from optgen.passes.lower.expressions import as_grid

        if len(arguments) != 2:
            fail("E0309", "bregman(psi) is a function of two points", span)
        x, y = (math.to_real(as_grid(v, span)) for v in arguments)
        spans = (span, span)
        slope = gradient(psi, [y], 0, span)
        along = math.dot(slope, math.binary("-", x, y, spans, span), spans)
        there, here = (math.to_real(as_grid(psi.call([v], {}, span), span)) for v in (x, y))
        return math.binary("-", math.binary("-", there, here, spans, span), along, spans, span)

    return Function("bregman", call)


def _resolvent(a: Arguments) -> Function:
    """The x with x + t A(x) = z: prox for a gradient, a solve for a matrix, else the oracle `A.resolvent`."""
    step = a.real(1).scalar
    operator = a.values[0]

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        z = _point(arguments, span, "resolvent(A, t)")
        if isinstance(operator, Grid):
            from optgen.passes.lower.matrices import identity

            spans = (span, span)
            scaled = math.binary("*", number(step), math.to_real(operator), spans, span)
            matrix = math.binary("+", identity(operator.axes[0]), scaled, spans, span)
            return grid(calls.apply("solve", math.tensor(matrix), math.tensor(z))[0])
        kind = operator.parts.get("$derivative") if isinstance(operator, Function) else None
        if kind is not None and kind[0] == "grad" and not kind[1]:
            return proximal(kind[2], step, z, a, span)
        if isinstance(operator, Function) and "$oracle" in operator.parts:
            arguments_ = [math.tensor(z), ir.array((), step)]
            name = operator.parts["$oracle"]
            node = ir.call(f"oracle {name}.resolvent", arguments_, [("real", z.axes)], (("opaque", True),))
            made = ir.output(node, 0, f"{name}_resolvent")
            return _like(z, lambda p: ir.access(made, *p))
        fail("E0342", "no rule gives this resolvent", span, help="known: matrices, gradients with a prox, oracles")

    return Function("resolvent", call)


RULES: dict[str, Callable[[Arguments], Any]] = {
    "prox": _prox,
    "proj": _proj,
    "indicator": _indicator,
    "conj": _conj,
    "bregman": _bregman,
    "resolvent": _resolvent,
}
