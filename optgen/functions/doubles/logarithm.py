"""Logarithms in float64: f(2x) = f(x) + s and f(1) = 0, for s = log(2). x = 2^k m and m in [2/3, 4/3).

With u = m - 1, exact, and v = u/(2 + u): log(m) = u - u^2/2 + v*(u^2/2 + R), R a polynomial of v^2, for log(m) is
2 artanh(v) = 2v + v*R. k*s, u and u^2/2 are added with their errors; the rest, a small part, comes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.doubles.pairs import MAGIC, MAGIC_BITS, exact_product, fast_sum, split
from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float64
from optgen.functions.schemes.logarithm import recognise
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

LOWEST = 0x3FE5555555555555  # the bits of 2/3: m is in [2/3, 4/3)
LEAST_NORMAL = 2.0**-1022
SHORT = 42  # bits of the large part of s: k has at most 11
TERMS = 8


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The program, if the target is the natural logarithm."""
    scheme = recognise(target)
    if scheme is not None and abs(float(ball(scheme.step) / ball(2).log()) - 1) < 1e-15:
        yield program(name)


def terms() -> list[float]:
    """R/v^2 as a polynomial of v^2, jointly rounded."""
    points = [u for u in chebyshev_points(Fraction(-3334, 10000), Fraction(3334, 10000), 16 * TERMS) if u != 0]
    slopes = [ball(u) / (2 + ball(u)) for u in points]
    values = [(1 + ball(u)).log() for u in points]
    model = Model(
        tuple(tuple(v ** (2 * k) for k in range(TERMS)) for v in slopes),
        tuple((value / v - 2) / v**2 for v, value in zip(slopes, values, strict=True)),
        tuple(v**3 / value for v, value in zip(slopes, values, strict=True)),
    )
    return [float(c) for c in round_jointly(model, [(k, to_float64) for k in range(TERMS)])[0]]


def program(name: str, argument: str = "x") -> Straight:
    """One path for all positive numbers, and what holds elsewhere."""
    b = Builder(name)
    x = b.parameter(argument, "f64")
    small = (x < LEAST_NORMAL).named("small")
    bits = b.apply("bits", b.select(small, x * 2.0**54, x)) - LOWEST
    k = b.apply("from_bits", (bits >> 52) + MAGIC_BITS) - MAGIC
    k = b.select(small, k - 54.0, k).named("k")
    u = (b.apply("from_bits", (bits & (2**52 - 1)) + LOWEST) - 1.0).named("u")
    v = (u / (2.0 + u)).named("v")
    high, low = split(ball(2).log(), SHORT)
    square = exact_product(b, u, 0.5 * u)
    first = fast_sum(k * high, u)
    second = fast_sum(first.high, -square.high)
    by = (v * v).named("by")
    rest = (square.high + by * b.horner(by, terms())).named("rest")
    tail = b.fma(v, rest, b.fma(k, low, first.low) + (second.low - square.low))
    value = second.high + tail
    value = b.select(x < float("inf"), value, x)
    value = b.select(x.equals(0.0), -float("inf"), value)
    return b.finish(b.select(x < 0.0, float("nan"), value))
