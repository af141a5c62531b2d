"""Unevaluated sums of two doubles: what the last bit of a result rests on.

Each step is exact under the condition that its docstring names; that the conditions hold is not assumed but found by
the bounds, which see that the sums are numbers of the format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, Model, chebyshev_points, exactly, round_jointly, to_bits_of, to_float64
from optgen.functions.target import ball, to_fraction
from optgen.ir.straight_builder import Builder, Operand, Value

MAGIC = 6755399441055744.0  # 1.5 * 2^52: the sum with a small number is rounded to an integer
MAGIC_BITS = 0x4338000000000000


@dataclass(frozen=True, slots=True)
class Pair:
    """high + low, with low at most about an ulp of high."""

    high: Value
    low: Value


def fast_sum(large: Operand, small: Value) -> Pair:
    """The sum and its error (Dekker): exact where |large| >= |small|."""
    total = large + small
    return Pair(total, small - (total - large))


def exact_product(b: Builder, x: Value, y: Operand) -> Pair:
    """The product and its error, by fma."""
    product = x * y
    return Pair(product, b.fma(x, y, -product))


def times_constant(b: Builder, x: Value, number: Fraction) -> Pair:
    """x times a real number that takes two doubles."""
    high = to_float64(ball(number))
    low = float(to_float64(ball(number - high)))
    made = exact_product(b, x, float(high))
    return Pair(made.high, b.fma(x, low, made.low)) if low else made


def split(number: Ball, bits: int) -> tuple[float, float]:
    """A number as a short double, whose products with small integers are exact, and the rest."""
    high = to_bits_of(bits)(number)
    return float(high), float(to_float64(number - ball(high)))


@dataclass(frozen=True, slots=True)
class Exponent:
    """2^n for the integer that a sum with MAGIC holds."""

    whole: Value

    def added(self, b: Builder, value: Value) -> Value:
        """value * 2^n by its exponent: for positive values whose product is a normal number."""
        return b.apply("from_bits", b.apply("bits", value) + (self.whole << 52))

    def applied(self, b: Builder, value: Value) -> Value:
        """value * 2^n rounded once, also below the normal numbers and beyond the largest; |n| < 2000."""
        half = (self.whole >> 1).named("half")
        first = b.apply("from_bits", (half + 1023) << 52)
        second = b.apply("from_bits", (self.whole - half + 1023) << 52)
        return value * first * second


def exponent_of(b: Builder, sum: Value) -> Exponent:
    """The integer n of the double MAGIC + n."""
    return Exponent((b.apply("bits", sum) - MAGIC_BITS).named("n"))


EXPONENTIAL_DEGREE = 12


def exponential_terms() -> list[float]:
    """q with e^w = 1 + w + w^2 q(w) for |w| up to log(2)/2, jointly rounded; q(0) is 1/2."""
    half = to_fraction(ball(2).log() / 2) * Fraction(1001, 1000)
    points = [x for x in chebyshev_points(-half, half, 12 * EXPONENTIAL_DEGREE) if x != 0]
    values = [(ball(x).exp(), ball(x) ** 2) for x in points]
    degrees = range(EXPONENTIAL_DEGREE - 1)
    model = Model(
        tuple(tuple(ball(x) ** k for k in degrees) for x in points),
        tuple((value - 1 - ball(x)) / square for x, (value, square) in zip(points, values, strict=True)),
        tuple(square / value for value, square in values),
    )
    parts = [(0, exactly(Fraction(1, 2))), *((k, to_float64) for k in degrees if k)]
    return [float(c) for c in round_jointly(model, parts)[0]]


def exponential(b: Builder, w: Pair, terms: Sequence[float]) -> Pair:
    """e^w in two doubles: 1 + w exactly, and the rest."""
    tail = b.fma(w.high * w.high, b.horner(w.high, terms), b.fma(w.low, w.high, w.low))
    total = fast_sum(1.0, w.high)
    return Pair(total.high.named("sum"), (total.low + tail).named("tail"))
