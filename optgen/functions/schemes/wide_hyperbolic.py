"""Hyperbolic sine and cosine in doubles: f(k log 2 + r) = X cosh r + Y sinh r, as in `hyperbolic`.

Doubles have room for 2^k and 2^-k of all arguments whose results are floats, and cancellation costs but a bit of them,
so there is no other case: larger arguments are taken for one whose result is infinite as a float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from optgen.functions.fit import Ball, to_float64
from optgen.functions.schemes.hyperbolic import REACH, recognise
from optgen.functions.schemes.series import chebyshev, powers_of, shifted
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

MAGIC = 1.5 * 2.0**52  # the sum with a small number is rounded to an integer

LARGEST = 100.0
ACCURACY = 2.0**-53
LONGEST = 12
ONE = 1023 << 52


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    parity = recognise(target)
    if parity is None:
        return
    odd = _coefficients(lambda r: r.sinh() / r)
    even = _coefficients(lambda r: r.cosh())
    if odd is not None and even is not None:
        yield program(name, parity, odd, even)


def _coefficients(value: Callable[[Ball], Ball]) -> list[float] | None:
    """Of an even function of r, those of 1, r^2, r^4, ..."""
    square = REACH**2
    series = chebyshev(lambda s: value(ball(to_fraction(ball(s).sqrt()))), Fraction(0), square, ACCURACY, LONGEST)
    if series is None:
        return None
    return [float(to_float64(c)) for c in shifted(powers_of(series), Fraction(0), square)]


def program(name: str, parity: int, odd: list[float], even: list[float], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = b.apply("f64", b.apply("min", b.constant(LARGEST, "f32"), abs(x)))
    log2 = ball(2).log()
    high = to_float64(log2)
    t = b.fma(size, float(to_float64(1 / log2)), MAGIC).named("t")
    q = t - MAGIC
    r = b.fma(q, -float(to_float64(log2 - ball(high))), b.fma(q, -float(high), size)).named("r")
    power = b.apply("bits", t) << 52
    half = b.constant(ONE - (1 << 52), "i64")
    up = b.apply("from_bits", half + power)
    down = b.apply("from_bits", half - power)
    cosine, sine = (up + down).named("C"), (up - down).named("S")
    large, small = (cosine, sine) if parity > 0 else (sine, cosine)
    s = r * r
    value = b.apply("f32", b.fma(large, b.horner(s, even), small * (b.horner(s, odd) * r)))
    return b.finish(b.apply("copysign", value, x) if parity < 0 else value)
