"""The intrinsic functions of the language: one entry a function, its rule from values to a value.

What can be defined by other operations is defined here; what can't is an operation or a call of the IR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import calls, extents
from optgen.ir import nodes as ir
from optgen.ir.constants import PI
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower import elementary, matrices
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Items, NamedSet, grid, number

CONSTANTS: dict[str, Grid] = {
    "pi": number(ir.constant(PI)),
    "inf": number(ir.constant(ir.INF, "real")),
    "true": number(ir.constant(True)),
    "false": number(ir.constant(False)),
    "I": replace(number(ir.constant(1, "real")), facts=frozenset({"identity"})),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a rule gets: the values, their places, the place of the call."""

    values: list[Any]
    spans: list[Span]
    span: Span
    context: Context
    name: str

    def grid(self, position: int) -> Grid:
        from optgen.passes.lower.expressions import as_grid

        return as_grid(self.values[position], self.spans[position])

    def real(self, position: int) -> Grid:
        return math.to_real(self.grid(position))

    def vector(self, position: int) -> Grid:
        value = self.grid(position)
        if len(value.axes) != 1:
            fail(
                "E0321",
                f"{self.name} takes a vector here",
                self.spans[position],
                label=f"this is {math.shape_text(value.axes)}",
            )
        return value

    def matrix(self, position: int, square: bool = False) -> Grid:
        value = self.real(position)
        if len(value.axes) != 2 or (square and not extents.same(*value.axes)):
            fail(
                "E0321",
                f"{self.name} takes a {'square ' if square else ''}matrix here",
                self.spans[position],
                label=f"this is {math.shape_text(value.axes)}",
            )
        return value

    def integer(self, position: int) -> Scalar:
        value = self.grid(position)
        if value.axes or value.dtype != "int":
            fail("E0305", f"{self.name} takes an integer here", self.spans[position])
        return value.scalar


Rule = Callable[[Arguments], Any]


@dataclass(frozen=True, slots=True)
class Intrinsic:
    name: str
    least: int
    most: int
    rule: Rule

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        if keywords:
            fail("E0310", f"{self.name} takes no keywords", expr.span)
        if not self.least <= len(positional) <= self.most:
            wanted = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
            fail(
                "E0309",
                f"{self.name} takes {wanted} argument{'s' * (wanted != '1')}, here are {len(positional)}",
                expr.span,
            )
        spans = [argument.value.span for argument in expr.arguments]
        return self.rule(Arguments(positional, spans, expr.span, context, self.name))


def intrinsic(name: str, context: Context) -> Any:
    entry = INTRINSICS[name]
    if entry is None:
        return _Planned(name)
    return entry


@dataclass(frozen=True, slots=True)
class _Planned:
    name: str

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        fail("E0404", f"{self.name} is planned for a later release", expr.span)


def as_function(entry: Intrinsic, context: Context) -> Function:
    """An intrinsic passed as a value."""

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Any:
        return entry.rule(Arguments(arguments, [span] * len(arguments), span, context, entry.name))

    return Function(entry.name, call)


# ---------------------------------------------------------------- elementwise


def _unary(operation: str) -> Rule:
    return lambda a: math.elementwise(operation, (a.real(0),), (a.spans[0],), a.name)


def _number_unary(operation: str) -> Rule:
    return lambda a: math.elementwise(operation, (math.to_number(a.grid(0)),), (a.spans[0],), a.name)


def _mapped(entry: Callable[[Scalar], Scalar]) -> Rule:
    """An elementwise function defined by other operations."""

    def rule(a: Arguments) -> Grid:
        value = a.real(0)
        return replace(value, at=lambda p: entry(value.at(p)), structure=None, facts=frozenset(), zero=False)

    return rule


def _c(value: int | Fraction) -> Scalar:
    return ir.constant(Fraction(value), "real")


def _combined(entry: Callable[[Scalar, Scalar], Scalar]) -> Rule:
    """A function of two numbers defined by other operations."""
    return lambda a: math.combined(entry, "real", (a.real(0), a.real(1)), a.spans, a.name)


def _clip(a: Arguments) -> Grid:
    low = math.elementwise("maximum", math.joined(a.grid(0), a.grid(1)), a.spans[:2], "clip")
    return math.elementwise("minimum", math.joined(low, a.grid(2)), (a.spans[0], a.spans[2]), "clip")


def _arctan2(a: Arguments) -> Grid:
    return math.elementwise("arctan2", (a.real(0), a.real(1)), a.spans, "arctan2")


def _finite(a: Arguments) -> Grid:
    value = math.elementwise("is_finite", (a.real(0),), a.spans, "finite")
    return math.summed(value, "all")


# ---------------------------------------------------------------- inner products and norms


def root(square: Scalar) -> Scalar:
    """sqrt, with derivative 0 at 0."""
    return ir.choose(apply("eq", square, _c(0)), _c(0), apply("sqrt", square))


def squares(value: Grid) -> Scalar:
    places = math.indices(value.axes)
    entry = value.at(places)
    return ir.reduce("sum", places, apply("mul", entry, entry))


def _sqnorm(a: Arguments) -> Grid:
    return number(squares(a.real(0)))


def _norm(a: Arguments) -> Grid:
    value = a.real(0)
    if len(a.values) == 1:
        return number(root(squares(value)))
    p = a.real(1).scalar
    places = math.indices(value.axes)
    if isinstance(p, ir.Constant) and p.value == ir.INF:
        return _norminf(a)
    total = ir.reduce("sum", places, apply("power", apply("abs", value.at(places)), p))
    return number(apply("power", total, apply("div", _c(1), p)))


def _norm1(a: Arguments) -> Grid:
    value = a.real(0)
    return math.summed(replace(value, at=lambda p: apply("abs", value.at(p))))


def _norminf(a: Arguments) -> Grid:
    value = a.real(0)
    return math.summed(replace(value, at=lambda p: apply("abs", value.at(p))), "max")


def _rms(a: Arguments) -> Grid:
    value = a.real(0)
    amount = apply("to_real", extents.product(value.axes))
    return number(root(apply("div", squares(value), amount)))


def _dot(a: Arguments) -> Grid:
    return math.dot(a.grid(0), a.grid(1), (a.spans[0], a.spans[1]))


def _outer(a: Arguments) -> Grid:
    left, right = math.to_real(a.vector(0)), math.to_real(a.vector(1))
    return Grid((*left.axes, *right.axes), "real", lambda p: apply("mul", left.at(p[:1]), right.at(p[1:])))


# ---------------------------------------------------------------- order, selection, collections


def _softmax(a: Arguments) -> Grid:
    value = math.fixed(math.to_real(a.vector(0)), "")
    from optgen.passes.lower.binders import reducer_of

    (place,) = math.indices(value.axes)
    total = math.fixed(number(reducer_of("logsumexp")((place,), value.at((place,)), None)), "")
    return replace(value, at=lambda p: apply("exp", apply("sub", value.at(p), total.scalar)))


def _cumsum(a: Arguments) -> Grid:
    value = math.to_number(a.vector(0))

    def at(p: tuple[Scalar, ...]) -> Scalar:
        (j,) = math.indices(value.axes, "j")
        return ir.reduce("sum", (j,), value.at((j,)), apply("le", j, p[0]))

    return replace(value, at=at)


def _sort(a: Arguments) -> Grid:
    return grid(calls.apply("sort", math.tensor(math.to_real(a.vector(0))))[0])


def _argsort(a: Arguments) -> Grid:
    return _labels(grid(calls.apply("argsort", math.tensor(math.to_real(a.vector(0))))[0]))


def _labels(positions: Grid) -> Grid:
    return replace(positions, at=lambda p: math.plus(positions.at(p), 1))


def _descending(value: Grid) -> Grid:
    """Positions, largest first, the first of equals first; entries not present in a buffer come last."""
    key = math.negative(math.to_real(value))
    if value.count is not None:
        present, at = value.count, key.at
        key = replace(key, at=lambda p: ir.choose(apply("lt", p[0], present), at(p), ir.constant(ir.INF, "real")))
    return grid(calls.apply("argsort", math.tensor(key))[0])


def _top(a: Arguments) -> Grid:
    from optgen.passes.lower.binders import static

    value, amount = a.vector(0), a.integer(1)
    order = _labels(_descending(value))
    limit = value.axes[0] if value.count is None else value.count
    if static(amount) and value.count is None:
        holds = apply("le", amount, limit)
        a.context.require(holds, f"top asks for more than {math.scalar_text(limit)} entries", a.span)
        return replace(order, axes=(amount,))
    return replace(order, count=apply("minimum", amount, limit))


def _kth_largest(a: Arguments) -> Grid:
    value, k = math.to_real(a.grid(0)), a.integer(1)
    key = math.flat(math.negative(value))
    ordered = calls.apply("sort", key)[0]
    size = key.axes[0]
    a.context.require(
        apply("and", apply("ge", k, ir.constant(1)), apply("le", k, size)),
        "kth_largest asks for an entry that does not exist",
        a.span,
    )
    return number(apply("neg", ir.access(ordered, math.plus(k, -1))))


def _mask(a: Arguments) -> Grid:
    chosen, length = a.vector(0), a.integer(1)

    def at(p: tuple[Scalar, ...]) -> Scalar:
        (j,) = math.indices(chosen.axes, "j")
        same = apply("eq", math.plus(chosen.at((j,)), -1), p[0])
        return ir.reduce("any", (j,), same, None if chosen.count is None else apply("lt", j, chosen.count))

    return Grid((length,), "bool", at)


def _one_hot(a: Arguments) -> Grid:
    label, length = a.integer(0), a.integer(1)
    return Grid((length,), "bool", lambda p: apply("eq", math.plus(label, -1), p[0]))


def _zeros(a: Arguments) -> Grid:
    axes = tuple(a.integer(k) for k in range(len(a.values)))
    return Grid(axes, "real", lambda p: ir.constant(0, "real"))


def _reshape(a: Arguments) -> Grid:
    value = math.flat(a.grid(0))
    axes = tuple(a.integer(k) for k in range(1, len(a.values)))
    if not extents.same(extents.product(axes), value.axes[0]):
        fail(
            "E0322",
            "reshape keeps the number of entries",
            a.span,
            label=f"{math.scalar_text(value.axes[0])} entries to {math.shape_text(axes)}",
        )
    return grid(ir.view(value, ir.constant(0), axes))


def _stack(a: Arguments) -> Grid:
    rows = [math.to_real(a.grid(k)) for k in range(len(a.values))]
    math.common_axes(rows, a.spans, "a stack")
    joined = ir.concat([math.tensor(row) for row in rows])
    return grid(ir.view(joined, ir.constant(0), (ir.constant(len(rows)), *rows[0].axes)))


def _split(a: Arguments) -> Items:
    value = a.vector(0)
    pieces, offset = [], ir.constant(0)
    for k in range(1, len(a.values)):
        length = a.integer(k)
        start = offset
        pieces.append(Grid((length,), value.dtype, lambda p, start=start: value.at((apply("add", start, p[0]),))))  # type: ignore[misc]
        offset = extents.total((offset, length))  # type: ignore[assignment]
    if not extents.same(offset, value.axes[0]):
        fail(
            "E0322",
            "the pieces of split do not add up to the vector",
            a.span,
            label=f"{math.scalar_text(offset)} of {math.scalar_text(value.axes[0])} entries",
        )
    if value.at((ZERO,)) and isinstance(math.tensor(value), ir.Input | ir.Array | ir.Concat | ir.Output | ir.View):  # type: ignore[truthy-bool]
        return Items(tuple(_viewed(value, piece, k, a) for k, piece in enumerate(pieces)))
    return Items(tuple(pieces))


ZERO = ir.constant(0)


def _viewed(value: Grid, piece: Grid, position: int, a: Arguments) -> Grid:
    """A piece as a view, so that it reads (and is differentiated) as one block."""
    whole = math.tensor(value)
    start = extents.total([a.integer(k) for k in range(1, position + 1)])
    return grid(ir.view(whole, start, piece.axes))


def _len(a: Arguments) -> Grid:
    value = a.grid(0)
    if not value.axes:
        fail("E0321", "len takes a vector, matrix or buffer", a.spans[0], label="this is a number")
    return number(value.axes[0] if value.count is None else value.count)


def _push(a: Arguments) -> Grid:
    old, new = a.grid(0), a.grid(1)
    if old.count is None:
        fail(
            "E0323",
            "push takes a buffer",
            a.spans[0],
            label=f"this is {math.shape_text(old.axes)}",
            help="declare it as  state P : buffer(10) of R[n]",
        )
    if len(new.axes) != len(old.axes) - 1:
        fail(
            "E0323",
            f"push adds one entry, {math.shape_text(old.axes[1:])}",
            a.spans[1],
            label=f"this is {math.shape_text(new.axes)}",
        )
    math.common_axes((replace(old, axes=old.axes[1:]), new), (a.spans[0], a.spans[1]), "push")
    new = math.to_real(new) if old.dtype == "real" else new

    def at(p: tuple[Scalar, ...]) -> Scalar:
        return ir.choose(apply("eq", p[0], ZERO), new.at(p[1:]), old.at((math.plus(p[0], -1), *p[1:])))

    return replace(old, at=at, count=apply("minimum", math.plus(old.count, 1), old.axes[0]))


def _stop_gradient(a: Arguments) -> Grid:
    return math.elementwise("stop_gradient", (a.real(0),), a.spans, "stop_gradient")


def _proximal(name: str) -> Rule:
    """A function of functions or sets, from the table of `proximal`."""

    def rule(a: Arguments) -> Any:
        from optgen.passes.lower.proximal import RULES

        return RULES[name](a)

    return rule


def _set(a: Arguments) -> NamedSet:
    return NamedSet(a.name, tuple(a.values))


_DEFINITIONS: Sequence[tuple[str, int, int, Rule]] = (
    *(
        (name, 1, 1, _unary(name))
        for name in (
            "exp",
            "log",
            "log1p",
            "expm1",
            "sqrt",
            "sin",
            "cos",
            "tan",
            "arccos",
            "sinh",
            "cosh",
            "tanh",
            "erf",
            "lgamma",
            "floor",
            "ceil",
            "round",
        )
    ),
    ("abs", 1, 1, _number_unary("abs")),
    ("sign", 1, 1, _number_unary("sign")),
    ("arctan2", 2, 2, _arctan2),
    *((name, 1, 1, _mapped(entry)) for name, entry in elementary.UNARY.items()),
    *((name, 2, 2, _combined(entry)) for name, entry in elementary.BINARY.items()),
    ("clip", 3, 3, _clip),
    ("finite", 1, 1, _finite),
    ("stop_gradient", 1, 1, _stop_gradient),
    ("dot", 2, 2, _dot),
    ("outer", 2, 2, _outer),
    ("norm", 1, 2, _norm),
    ("sqnorm", 1, 1, _sqnorm),
    ("norm1", 1, 1, _norm1),
    ("norminf", 1, 1, _norminf),
    ("rms", 1, 1, _rms),
    ("softmax", 1, 1, _softmax),
    ("cumsum", 1, 1, _cumsum),
    ("sort", 1, 1, _sort),
    ("argsort", 1, 1, _argsort),
    ("top", 2, 2, _top),
    ("kth_largest", 2, 2, _kth_largest),
    ("mask", 2, 2, _mask),
    ("one_hot", 2, 2, _one_hot),
    ("zeros", 1, 4, _zeros),
    ("reshape", 2, 5, _reshape),
    ("stack", 1, 99, _stack),
    ("split", 2, 99, _split),
    ("len", 1, 1, _len),
    ("push", 2, 2, _push),
    *matrices.DEFINITIONS,
    *((name, 2, 2, _proximal(name)) for name in ("prox", "resolvent")),
    *((name, 1, 1, _proximal(name)) for name in ("proj", "indicator", "conj", "bregman")),
    *((name, 0, 2, _set) for name in ("simplex", "ball", "box", "affine", "soc")),
)

# fmt: off
_PLANNED = [
    "spectral_norm", "nuclear_norm", "median", "rolling_median", "unique_columns", "svd", "qr", "lstsq", "pinv",
    "nullspace", "expm", "matpow", "kron", "fft", "conv", "avgpool", "upsample", "logpdf", "adj", "score",
    "generator", "scatter_add", "advance", "like", "logdet",
    "spectral_radius", "revcumsum", "calls",
]
# fmt: on

INTRINSICS: dict[str, Intrinsic | None] = {
    **dict.fromkeys(_PLANNED),
    **{name: Intrinsic(name, least, most, rule) for name, least, most, rule in _DEFINITIONS},
}
