"""The tangent: f(x + pi/2) = -1/f(x). Quarter turns are taken off, one polynomial in doubles, at odd quarters -1/it.

q = round(x*2/pi), r = x - q*pi/2 with pi/2 in three parts, fused: r has an error of 2^-52 or so. Beyond the plain range
x*2/pi is computed modulo 4 in integers, to 96 bits (see `circular`), for a float may lie 2^-31 from a pole.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import to_float64
from optgen.functions.schemes.circular import fraction_of_turn
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

MAGIC = 1.5 * 2.0**52
PLAIN = 2.0**20  # q has 20 bits: what its products with the parts of pi/2 lose does not matter
REACH = Fraction(7860, 10000)  # beyond an eighth of a turn
ACCURACY = 2.0**-53
LONGEST = 20


def recognise(target: Target) -> int:
    """1 of tan, -1 of -tan, 0 of any other function."""
    try:
        for sign in (1, -1):
            points = (Fraction(0), Fraction(3, 8), Fraction(-5, 2), Fraction(77, 4))
            if all(abs(float(target.at(x) - sign * ball(x).tan())) < 1e-30 for x in points):
                return sign
    except (ValueError, ArithmeticError):
        pass
    return 0


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    sign = recognise(target)
    if not sign:
        return

    def ratio(square: Fraction) -> object:
        r = ball(to_fraction(ball(square).sqrt()))
        return r.tan() / r

    series = chebyshev(ratio, Fraction(0), REACH**2, ACCURACY, LONGEST)
    if series is None:
        return
    polynomial = [float(to_float64(c)) for c in powers_of(series)]
    b = Builder(name)
    x = b.parameter("x", "f32")
    size = abs(x)
    near = _near(b, b.apply("f64", size))
    number, rest, below = fraction_of_turn(b, size)
    unit = ball(1).atan() * 2 / ball(2) ** 62
    small = below * float(to_float64(unit / ball(2) ** 32))
    far = number, b.fma(b.apply("f64", rest), float(to_float64(unit)), small)
    plain = size <= PLAIN
    both = b.select(plain, near[0], far[0]), b.select(plain, near[1], far[1])
    ends = [_signed(b, x if sign > 0 else -x, _value(b, *reduced, polynomial)) for reduced in (near, both)]
    full = b.select(size < float("inf"), ends[1], x - x).named("full")
    yield b.finish(full, plain=(plain, ends[0]))


def _near(b: Builder, size: Value) -> tuple[Value, Value]:
    """Quarters, as an i64 of which the last bits count, and the rest."""
    left = ball(1).atan() * 2
    t = b.fma(size, float(to_float64(1 / left)), MAGIC)
    q = t - MAGIC
    r = size
    for _ in range(3):
        part = to_float64(left)
        r = b.fma(q, -float(part), r)
        left = left - ball(part)
    return b.apply("bits", t), r


def _value(b: Builder, quarters: Value, r: Value, polynomial: list[float]) -> Value:
    t = b.fma(r * r, float(2 / REACH**2), -1.0)
    value = b.horner(t, polynomial) * r
    even = (quarters & 1).equals(0)
    return b.select(even, value, -1.0) / b.select(even, b.constant(1.0, "f64"), value)


def _signed(b: Builder, x: Value, value: Value) -> Value:
    """The value at |x| with the sign of x as well; 0 keeps it."""
    made = b.apply("bits", b.apply("f32", value))
    return b.apply("from_bits", made ^ (b.apply("bits", x) & 0x80000000))
