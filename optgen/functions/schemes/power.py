"""Powers: f(2^p a) = 2^q f(a), so f(x) = c x^(q/p). One polynomial on [1, 2), in doubles.

With x = 2^(p k + j) m, f(x) = c 2^(j q/p) m^(q/p) 2^(q k): j, from 0 to p - 1, picks a factor, k goes to the exponent.
The division by p is a product and a shift of integers. At negative arguments f is odd, even or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, to_float64
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

MOST = 8  # p
ACCURACY = 2.0**-53
DEGREE = 30
BIAS = 1023
SHIFT = 20


@dataclass(frozen=True, slots=True)
class Power:
    """f(x) = factor*x^exponent for x > 0; `mirror` is 1 of an even function, -1 of an odd one, 0 of one that ends."""

    exponent: Fraction
    factor: Ball
    mirror: int


def recognise(target: Target) -> Power | None:
    """The exponent and the factor; None for any other function, and for whole exponents."""
    try:
        factor = target.at(1)
        ratio = to_fraction((target.at(2) / factor).log() / ball(2).log())
        exponent = ratio.limit_denominator(MOST)
        if abs(ratio - exponent) > Fraction(1, 2**100) or exponent.denominator == 1 or abs(exponent) > 4:
            return None
        for x in (Fraction(3, 8), Fraction(77, 4), Fraction(1, 2**90)):
            if not abs(float(target.at(x) / (factor * (ball(x).log() * ball(exponent)).exp())) - 1) < 1e-14:
                return None
    except (ValueError, ArithmeticError):
        return None
    try:
        mirror = round(float(target.at(-1) / factor))
    except (ValueError, ArithmeticError):
        mirror = 0
    return Power(exponent, factor, mirror) if mirror in (-1, 0, 1) else None


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    found = recognise(target)
    if found is None:
        return
    one, two = Fraction(1), Fraction(2)
    series = chebyshev(lambda m: (ball(m).log() * ball(found.exponent)).exp(), one, two, ACCURACY, DEGREE)
    if series is None:
        return
    b = Builder(name)
    x = b.parameter("x", "f32")
    size = abs(b.apply("f64", x))
    value = _value(b, found, size, [float(to_float64(c)) for c in powers_of(series)])
    if found.mirror < 0:
        value = b.apply("copysign", value, b.apply("f64", x))
    result = b.apply("f32", value)
    if found.mirror == 0:
        result = b.select(x < 0.0, float("nan"), result)
    yield b.finish(b.select(x.equals(x), result, x))


def _value(b: Builder, found: Power, size: Value, polynomial: list[float]) -> Value:
    up, parts = found.exponent.numerator, found.exponent.denominator
    bits = b.apply("bits", size)
    off = -BIAS % parts
    shifted = b.apply("shift_right", bits, 52) + off
    multiple = b.apply("shift_right", shifted * -(-(1 << SHIFT) // parts), SHIFT)
    rest = shifted - multiple * parts
    mantissa = b.apply("from_bits", (bits & ((1 << 52) - 1)) | (BIAS << 52))
    t = b.fma(mantissa, 2.0, -3.0)
    factors = [float(to_float64(found.factor * (ball(2).log() * j * up / parts).exp())) for j in range(parts)]
    factor = b.constant(factors[-1], "f64")
    for j in reversed(range(parts - 1)):
        factor = b.select(rest.equals(j), factors[j], factor)
    scale = b.apply("from_bits", (multiple - (BIAS + off) // parts) * up + BIAS << 52)
    return b.horner(t, polynomial) * factor * scale
