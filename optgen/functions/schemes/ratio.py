"""The area tangent: f(x) = log((1 + x)/(1 - x))/2, by its addition theorem at multiples of log(2)/2.

(1 + x)/(1 - x) = 2^k (1 + z)/(1 - z) with z = (x (1 + 2^k) + 1 - 2^k)/(x (1 - 2^k) + 1 + 2^k), each fused, so that only
roundings at the end are lost: f(x) = k log(2)/2 + z + z^3 P(z^2). Below 1/4, k is 0 and z = x; beyond, k is near the
difference of the bits of 1 + x and 1 - x, and the constant is never much larger than the result.

Next to 1, z = (1 + x - 2^k (1 - x))/(1 + x + 2^k (1 - x)), where 1 - x is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from optgen.functions.fit import after_identity, chebyshev_points, to_bits_of, to_float32
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

NEAR = 0.25
PLAIN = 1 - 2.0**-22  # 1 + 2^k is a float
REACH = Fraction(1, 4)
UP = 0x3A0000  # k is rounded up from 0.55 on, as the bits see it
ONE = 127 << 23
SHORT = 16


def recognise(target: Target) -> int | None:
    """f'(0), 1 of the area tangent or -1 of its negative; None for any other function."""
    try:
        tiny = Fraction(1, 2**60)
        slope = 1 if target.at(tiny) > 0 else -1
        if abs(float(target.at(tiny) / ball(tiny)) - slope) > 1e-15:
            return None
        for x, y in ((Fraction(3, 8), Fraction(1, 4)), (Fraction(7, 8), Fraction(-3, 4))):
            total = target.at((x + y) / (1 + x * y))
            if abs(float(target.at(x) + target.at(y) - total)) > 1e-30:
                return None
    except (ValueError, ArithmeticError):
        return None
    return slope


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    slope = recognise(target)
    if slope is not None:
        for degree in range(1, 8):
            polynomial, error = coefficients(degree)
            if error < tolerance:
                yield program(name, slope, polynomial)


def coefficients(degree: int) -> tuple[list[Fraction], float]:
    """Those of (atanh z - z)/z^3 in z^2, and their error relative to atanh z."""
    points = [z for z in chebyshev_points(Fraction(0), REACH, 12 * degree + 20) if z > REACH / 1000]
    values = [ball(z).atanh() for z in points]
    return after_identity([ball(z) for z in points], values, degree)


def program(name: str, slope: int, polynomial: Sequence[Fraction], argument: str = "x") -> Straight:
    """The program of the area tangent, or its negative, with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    above, below = 1.0 + size, 1.0 - size
    k = ((b.apply("bits", above) - b.apply("bits", below)) + UP) >> 23
    k = b.select(size < NEAR, b.constant(0, "i32"), k).named("k")
    power = b.apply("from_bits", (k << 23) + ONE).named("power")
    more, less = 1.0 + power, 1.0 - power
    plain = size <= PLAIN
    z = b.fma(size, more, less) / b.fma(size, less, more)
    sign = x if slope > 0 else -x
    value = b.apply("copysign", _value(b, k, z.named("z"), polynomial), sign)

    far = b.fma(-power, below, above) / b.fma(power, below, above)
    full = _value(b, k, b.select(plain, z, far), polynomial)
    full = b.select(size < 1.0, full, b.select(size.equals(1.0), b.constant(float("inf"), "f32"), float("nan")))
    return b.finish(b.apply("copysign", full, sign).named("full"), plain=(plain, value))


def _value(b: Builder, k: Value, z: Value, polynomial: Sequence[Fraction]) -> Value:
    step = ball(2).log() / 2
    high = to_bits_of(SHORT)(step)
    count = b.apply("f32", k)
    large = count * float(high)
    total = large + z
    lost = b.fma(count, float(to_float32(step - ball(high))), (large - total) + z)
    s = z * z
    return total + b.fma(b.horner(s, [float(c) for c in polynomial]), z * s, lost)
