"""Functions of two float32 arguments, computed in doubles: powers, angles, lengths, sums of exponentials.

A double carries 29 bits more than the result, so a few roundings on the way leave the result correctly rounded but for
one in a million or fewer.  Special arguments give what C23 says in Annex F, which is what IEEE 754 recommends.

The names of some values are those of the stages that `two_argument_bounds` certifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.functions.doubles import logarithm
from optgen.functions.doubles.exponential import reduce
from optgen.functions.doubles.pairs import MAGIC, MAGIC_BITS, exponent_of, exponential, exponential_terms
from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float64
from optgen.functions.schemes.exponential import Exponential
from optgen.functions.target import ball, precise, to_fraction
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

INFINITY = float("inf")
ANGLE_TERMS = 17
SHARE_TERMS = 12
FAR = 300.0  # powers of 2 that overflow or vanish in float32, and are normal doubles


@dataclass(frozen=True, slots=True)
class Family:
    """A function as the ways in which it is written, and what writes its program."""

    name: str
    forms: tuple[Callable[[ir.Scalar, ir.Scalar], ir.Scalar], ...]
    write: Callable[[Builder, Value, Value], Value]

    def program(self, name: str, arguments: Sequence[str]) -> Straight:
        b = Builder(name)
        with precise():
            return b.finish(self.write(b, *[b.parameter(argument, "f32") for argument in arguments]))


def recognise(meaning: Function) -> Family | None:
    """The family of a meaning of two arguments: it is one of the family's forms, node for node.

    Values at some points would not do: a function may differ elsewhere, and is claimed what is proved of its family.
    """
    ((_, result),) = meaning.results
    x, y = map(ir.access, meaning.parameters)
    found = result.body if isinstance(result, ir.Array) else None
    return next((family for family in FAMILIES if any(form(x, y) is found for form in family.forms)), None)


def programs(name: str, meaning: Function) -> Iterator[Straight]:
    """The program, if the meaning is one of these functions."""
    family = recognise(meaning)
    if family is not None:
        yield family.program(name, [parameter.name for parameter in meaning.parameters])


# ---------------------------------------------------------------- lengths


def hypotenuse(b: Builder, x: Value, y: Value) -> Value:
    """sqrt(x^2 + y^2): the squares are exact, and no double overflows.  Infinite where either is, NaN or not."""
    first, second = b.apply("f64", x), b.apply("f64", y)
    length = b.apply("f32", b.apply("sqrt", b.fma(first, first, second * second)).named("length"))
    infinite = abs(x).equals(INFINITY) | abs(y).equals(INFINITY)
    return b.select(infinite, INFINITY, length)


# ---------------------------------------------------------------- angles


def angle(b: Builder, y: Value, x: Value) -> Value:
    """The angle of (x, y): the arc tangent of the smaller by the larger, then turned into its octant."""
    across, along = abs(b.apply("f64", x)), abs(b.apply("f64", y))
    steep = (across < along).named("steep")
    small, large = b.select(steep, across, along), b.select(steep, along, across)
    share = b.select(small.equals(0.0), 0.0, b.select(small.equals(INFINITY), 1.0, small / large)).named("share")
    square = (share * share).named("square")
    turn = 2 * ball(1).atan()
    part = b.fma(share * square, b.horner(square, _arc_tangent()), share).named("part")
    part = b.select(steep, float(to_float64(turn)) - part, part)
    part = b.select(b.apply("bits", x) < 0, float(to_float64(2 * turn)) - part, part)
    made = b.apply("copysign", b.apply("f32", part), y)
    return b.select(x.equals(x) & y.equals(y), made, x + y)


def _arc_tangent() -> list[float]:
    """(atan(q)/q - 1)/q^2 as a polynomial of q^2 on [0, 1]."""
    points = [x for x in chebyshev_points(Fraction(0), Fraction(1), 12 * ANGLE_TERMS) if x != 0]
    return _fitted(points, lambda q: (q.atan() / q - 1) / q**2, lambda q: q**3 / q.atan(), ANGLE_TERMS)


def _fitted(points: list[Fraction], rest: Callable[[Any], Any], size: Callable[[Any], Any], count: int) -> list[float]:
    """The polynomial of q^2 near rest(q), its error weighted by size(q)."""
    model = Model(
        tuple(tuple(ball(q) ** (2 * k) for k in range(count)) for q in points),
        tuple(rest(ball(q)) for q in points),
        tuple(size(ball(q)) for q in points),
    )
    return [float(c) for c in round_jointly(model, [(k, to_float64) for k in range(count)])[0]]


# ---------------------------------------------------------------- powers


def power(b: Builder, x: Value, y: Value) -> Value:
    """x^y = 2^(y*log2|x|) with the sign of an odd power; NaN of a negative x and a fraction y."""
    exponent = b.apply("f64", y)
    size = abs(b.apply("f64", x)).named("size")
    by = b.select(size.equals(1.0), 0.0, exponent * binary_logarithm(b, size)).named("power")
    made = power_of_two(b, by).named("made")
    whole = b.apply("floor", exponent).equals(exponent).named("whole")
    half = 0.5 * exponent
    odd = (whole & ~b.apply("floor", half).equals(half)).named("odd")
    negative = (b.apply("bits", x) < 0).named("negative")
    made = b.apply("f32", b.select(negative & odd, -made, made))
    made = b.select((x < 0.0) & (abs(x) < INFINITY) & ~whole, float("nan"), made)
    made = b.select(x.equals(x) & y.equals(y), made, x + y)
    return b.select(x.equals(1.0) | y.equals(0.0), 1.0, made)


def binary_logarithm(b: Builder, size: Value) -> Value:
    """log2 of a double that is a float32 of any size, zero and infinity too: k + log2(m), m = 1 + u in [2/3, 4/3)."""
    bits = b.apply("bits", size) - logarithm.LOWEST
    k = (b.apply("from_bits", (bits >> 52) + MAGIC_BITS) - MAGIC).named("k")
    u = (b.apply("from_bits", (bits & (2**52 - 1)) + logarithm.LOWEST) - 1.0).named("u")
    v = (u / (2.0 + u)).named("v")
    square = v * v
    scale = 1 / ball(2).log()
    tail = [float(c * scale) for c in map(ball, logarithm.terms())]
    value = b.fma(v, b.fma(square, b.horner(square, tail), float(to_float64(2 * scale))), k).named("log")
    value = b.select(size.equals(0.0), -INFINITY, value)
    return b.select(size.equals(INFINITY), INFINITY, value)


def power_of_two(b: Builder, by: Value) -> Value:
    """2^by as a double, for |by| up to FAR and as if that far beyond."""
    inside = b.apply("max", b.constant(-FAR, "f64"), b.apply("min", b.constant(FAR, "f64"), by)).named("inside")
    sum = inside + MAGIC
    r = ((inside - (sum - MAGIC)) * float(to_float64(ball(2).log()))).named("r")
    value = b.fma(r * r, b.horner(r, exponential_terms()), r) + 1.0
    return exponent_of(b, sum).added(b, value)


# ---------------------------------------------------------------- sums of exponentials


def sum_of_exponentials(b: Builder, x: Value, y: Value) -> Value:
    """log(e^x + e^y) = max + log1p(e), e = e^-|x - y|, and log1p(e) = 2 artanh(e/(2 + e))."""
    first, second = b.apply("f64", x), b.apply("f64", y)
    apart = b.select(first.equals(second), 0.0, -abs(first - second)).named("apart")
    inside = b.apply("max", b.constant(-FAR, "f64"), apart).named("inside")
    exponent, w = reduce(b, inside, Exponential(to_fraction(ball(2).log()), Fraction(1)))
    part = exponential(b, w, exponential_terms())
    e = exponent.added(b, part.high + part.low).named("e")
    v = (e / (2.0 + e)).named("v")
    square = v * v
    points = [q for q in chebyshev_points(Fraction(0), Fraction(1, 3), 12 * SHARE_TERMS) if q != 0]
    rest = _fitted(points, lambda q: (q.atanh() / q - 1) / q**2, lambda q: q**3 / q.atanh(), SHARE_TERMS)
    more = (2.0 * b.fma(v * square, b.horner(square, rest), v)).named("more")
    made = b.apply("f32", b.select(first < second, second, first) + more)
    return b.select(x.equals(x) & y.equals(y), made, x + y)


# ---------------------------------------------------------------- how they are written


def _squares(x: ir.Scalar, y: ir.Scalar) -> ir.Scalar:
    two = ir.constant(2, "int")
    return apply("sqrt", apply("add", apply("power_int", x, two), apply("power_int", y, two)))


def _products(x: ir.Scalar, y: ir.Scalar) -> ir.Scalar:
    return apply("sqrt", apply("add", apply("mul", x, x), apply("mul", y, y)))


def _exponentials(x: ir.Scalar, y: ir.Scalar) -> ir.Scalar:
    return apply("log", apply("add", apply("exp", x), apply("exp", y)))


def _larger_and_rest(x: ir.Scalar, y: ir.Scalar) -> ir.Scalar:
    apart = apply("neg", apply("abs", apply("sub", x, y)))
    return apply("add", apply("maximum", x, y), apply("log1p", apply("exp", apart)))


FAMILIES = (
    Family("length", (_squares, _products), hypotenuse),
    Family("angle", (lambda y, x: apply("arctan2", y, x),), angle),
    Family("power", (lambda x, y: apply("power", x, y),), power),
    Family("sum of exponentials", (_larger_and_rest, _exponentials), sum_of_exponentials),
)
