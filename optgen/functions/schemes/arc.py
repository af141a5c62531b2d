"""Arc sine and arc cosine: f(x) = f(1) - 2 (f(z) - f(0)) with z = sqrt((1 - x)/2). One root, one polynomial.

f = f(0) + b (z + z^3 P(z^2)) with z = |x| up to 1/2, beyond it f = f(1) - 2 b (z + z^3 P(z^2)); b is 1 or -1. The root
has a second part, its residual over 2 z, for which 1/z is known to some per cent from the bits of z^2. The sum of the
constant, in two parts, and the multiple of z keeps what it loses.

An odd function has its sign put back, of others the constants depend on the sign of x.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, after_identity, chebyshev_points, to_float32
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

HALF = Fraction(1, 2)
NEGLIGIBLE = 1e-30
ROOT_BITS = 0x5F3759DF - (1 << 23)  # less half the bits of a float y, the bits of about 1/(2 sqrt(y))


@dataclass(frozen=True, slots=True)
class Arc:
    """f(0), f(1), f(-1), and b = f'(0)."""

    middle: Ball
    ends: tuple[Ball, Ball]
    slope: int


def recognise(target: Target) -> Arc | None:
    """What the function is at 0, 1 and -1; None for any other function."""
    try:
        middle = _clean(target.at(0))
        end = _clean(3 * target.at(HALF) - 2 * middle)  # at 1, where there may be no enclosure
        for x in (Fraction(3, 8), Fraction(7, 8), Fraction(1, 64)):
            root = to_fraction(ball((1 - x) / 2).sqrt())
            found = end - 2 * (target.at(root) - middle)
            mirrored = target.at(x) + target.at(-x) - 2 * middle
            if abs(float(target.at(x) - found)) > NEGLIGIBLE or abs(float(mirrored)) > NEGLIGIBLE:
                return None
        tiny = Fraction(1, 2**60)
        slope = float((target.at(tiny) - middle) / ball(tiny))
    except (ValueError, ArithmeticError):
        return None
    return Arc(middle, (end, _clean(2 * middle - end)), round(slope)) if abs(abs(slope) - 1) < NEGLIGIBLE**0.5 else None


def _clean(value: Ball) -> Ball:
    return ball(0) if abs(float(value)) < NEGLIGIBLE else value


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    found = recognise(target)
    if found is None:
        return
    for degree in range(2, 9):
        polynomial, error = coefficients(target, found, degree)
        if error < tolerance:
            yield program(name, found, polynomial)


def coefficients(target: Target, arc: Arc, degree: int) -> tuple[list[Fraction], float]:
    """Those of (g - z)/z^3 in z^2 for g = b (f - f(0)), and their error relative to g."""
    points = [z for z in chebyshev_points(Fraction(0), HALF, 12 * degree + 20) if z > Fraction(1, 2000)]
    values = [arc.slope * (target.at(z) - arc.middle) for z in points]
    return after_identity([ball(z) for z in points], values, degree)


def program(name: str, arc: Arc, polynomial: Sequence[Fraction], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    outer = size > float(HALF)
    square = b.fma(size, -0.5, 0.5).named("square")
    s = b.select(outer, square, size * size).named("s")
    root = b.apply("sqrt", square)
    z = b.select(outer, root, size).named("z")
    second = b.select(outer, b.fma(-root, root, square) * over_root(b, square), 0.0)
    rest = b.fma(b.horner(s, [float(c) for c in polynomial]), z * s, second).named("rest")

    odd = arc.middle == 0
    high, low, factor = _constants(b, arc, x, outer, odd)
    large = b.fma(factor, z, high)
    lost = b.fma(factor, z, high - large) + low
    value = large + b.fma(factor, rest, lost)
    return b.finish(b.apply("copysign", value, x if arc.slope > 0 else -x) if odd else value)


def over_root(b: Builder, square: Value) -> Value:
    """1/(2 sqrt(square)), to some per cent."""
    return b.apply("from_bits", ROOT_BITS - (b.apply("bits", square) >> 1))


def _constants(b: Builder, arc: Arc, x: Value, outer: Value, odd: bool) -> tuple[Value, Value, Value]:
    """The two parts of the constant, and the factor of z."""

    def parts(value: Ball) -> tuple[float, float]:
        high = to_float32(value)
        return float(high), float(to_float32(value - ball(high)))

    middle, right, left = map(parts, (arc.middle, *arc.ends))
    if odd:
        ends = (right, right) if arc.slope > 0 else (left, left)
        factor = b.select(outer, b.constant(-2.0, "f32"), 1.0)
    else:
        ends = (right, left)
        plain = b.select(outer, b.constant(-2.0 * arc.slope, "f32"), float(arc.slope))
        factor = b.apply("from_bits", b.apply("bits", plain) ^ (b.apply("bits", x) & 0x80000000))
    negative = x < 0.0
    high, low = (
        b.select(outer, b.select(negative, b.constant(ends[1][part], "f32"), ends[0][part]), middle[part])
        for part in (0, 1)
    )
    return high, low, factor
