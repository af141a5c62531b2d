"""The tangent in floats: f(x + pi/2) = -1/f(x). Quarter turns are taken off, at odd quarters -1/f is the value.

f(r) = r + (r U(s) + r2 (1 + k r^2)) with r + r2 the rest of the argument in two parts, and k such that 1 + k r^2 is f'
to some per cent. s = r^2 - 1/2 has a smaller error than r^2 where U is large. y = -1/f is corrected by its residual to
y + y(1 + y f), where f is the two parts of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float32
from optgen.functions.schemes import tangent
from optgen.functions.schemes.circular import PLAIN, Reduced, far_away, near_zero
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

SLOPE = 1.6  # tan(r)^2 / r^2 where the second part of r matters most
MIDDLE = Fraction(1, 2)


def recognise(target: Target) -> int | None:
    """1 of tan, -1 of -tan; None for any other function."""
    return tangent.recognise(target) or None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    sign = recognise(target)
    if sign is not None:
        for degree in range(2, 10):
            polynomial, error = coefficients(degree)
            if error < tolerance:
                yield program(name, sign, polynomial)


def coefficients(degree: int) -> tuple[list[Fraction], float]:
    """Those of tan(r)/r - 1 in s, and their error relative to tan r."""
    points = [r for r in chebyshev_points(Fraction(0), tangent.REACH, 12 * degree + 20) if r > Fraction(1, 1000)]
    values = [ball(r).tan() / ball(r) for r in points]
    rows = tuple(tuple(ball(r * r - MIDDLE) ** k for k in range(degree + 1)) for r in points)
    model = Model(rows, tuple(value - 1 for value in values), tuple(1 / value for value in values))
    return round_jointly(model, [(k, to_float32) for k in range(degree + 1)])


def program(name: str, sign: int, polynomial: list[Fraction], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    near, far = near_zero(b, size), far_away(b, size)
    plain = size <= PLAIN
    both = Reduced(*(b.select(plain, *pair) for pair in (
        (near.quarters, far.quarters), (near.rest, far.rest), (near.second, far.second),
    )))  # fmt: skip
    value, full = (_signed(b, x, _value(b, reduced, polynomial), sign) for reduced in (near, both))
    return b.finish(b.select(size < float("inf"), full, x - x).named("full"), plain=(plain, value))


def _value(b: Builder, reduced: Reduced, polynomial: list[Fraction]) -> Value:
    r, second = reduced.rest.named("r"), reduced.second
    s = b.fma(r, r, -float(MIDDLE)).named("s")
    slope = b.fma(s, SLOPE, 1 + SLOPE * float(MIDDLE))
    small = b.fma(b.horner(s, [float(c) for c in polynomial]), r, slope * second)
    t = (r + small).named("t")
    over = b.constant(-1.0, "f32") / t
    turned = b.fma(over, b.fma(over, small, b.fma(over, r, 1.0)), over)
    return b.select((reduced.quarters & 1).equals(0), t, turned)


def _signed(b: Builder, x: Value, value: Value, sign: int) -> Value:
    """The value at |x| with the sign of x as well; 0 keeps it."""
    bits = b.apply("bits", x if sign > 0 else -x)
    return b.apply("from_bits", b.apply("bits", value) ^ (bits & 0x80000000))
