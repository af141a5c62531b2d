"""Exponentials in doubles: f(x + s) = 2 f(x). One polynomial on [-s/2, s/2], whose exponent is added to.

n = round(x/s) by adding a number so large that its last bit is 1; r = x - n*s with s in two doubles. A double has room
for all results of floats, so there is no other case: arguments beyond the range are taken for its ends, where the
result is 0 or infinite as a float.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import to_float64
from optgen.functions.schemes.exponential import Exponential, recognise
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

MAGIC = 1.5 * 2.0**52
RANGE = 160  # powers of 2 from 1, more than floats have
ACCURACY = 2.0**-52
LONGEST = 16


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    scheme = recognise(target)
    if scheme is not None and abs(scheme.start) < 2 and abs(scheme.start) > Fraction(1, 2):
        polynomial = coefficients(target, scheme)
        if polynomial is not None:
            yield program(name, scheme, polynomial)


def coefficients(target: Target, scheme: Exponential) -> list[float] | None:
    """Those of 1, r, r^2, ..."""
    half = abs(scheme.step) / 2 * Fraction(1001, 1000)
    series = chebyshev(target.at, -half, half, ACCURACY, LONGEST)
    if series is None:
        return None
    return [float(to_float64(c / ball(half) ** k)) for k, c in enumerate(powers_of(series))]


def program(name: str, scheme: Exponential, polynomial: list[float], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    far = float(int(abs(scheme.step) * RANGE))
    inside = b.apply("max", b.constant(-far, "f32"), b.apply("min", b.constant(far, "f32"), x)).named("inside")
    wide = b.apply("f64", inside)
    high = to_float64(ball(scheme.step))
    t = b.fma(wide, float(to_float64(1 / ball(scheme.step))), MAGIC).named("t")
    n = t - MAGIC
    r = b.fma(n, -float(high), wide)
    low = float(to_float64(ball(scheme.step - high)))
    if low != 0:
        r = b.fma(n, -low, r)
    value = b.horner(r.named("r"), polynomial)
    scaled = b.apply("from_bits", b.apply("bits", value) + (b.apply("bits", t) << 52))
    return b.finish(b.apply("f32", scaled.named("scaled")))
