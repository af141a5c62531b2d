"""Exponentials in float64: f(x + s) = 2 f(x) and f(0) = 1. f(x) = 2^n e^w with |w| <= log(2)/2, w in two doubles.

n = round(x/s); x - n*s is exact with the large part of s, and the error of taking away the small part is kept. Beyond
the plain range 2^n is applied in two factors, so that results below the normal numbers are rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.doubles.pairs import (
    MAGIC,
    Exponent,
    Pair,
    exponent_of,
    exponential,
    exponential_terms,
    split,
    times_constant,
)
from optgen.functions.schemes.exponential import Exponential, recognise
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

SHORT = 42  # bits of the large part of s: n has at most 11


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The program, if the target is such an exponential."""
    scheme = recognise(target)
    if scheme is not None and scheme.start == 1:
        yield program(name, scheme)


def program(name: str, scheme: Exponential, argument: str = "x") -> Straight:
    """2^n e^w, or what is left of it."""
    b = Builder(name)
    x = b.parameter(argument, "f64")
    exponent, w = reduce(b, x, scheme)
    power = exponential(b, w, exponential_terms())
    p = (power.high + power.low).named("p")
    end, size = float(int(1080 * abs(scheme.step)) + 1), float(int(1020 * abs(scheme.step)))
    large, small = (float("inf"), 0.0) if scheme.step > 0 else (0.0, float("inf"))
    scaled = b.select(x > end, large, b.select(x < -end, small, exponent.applied(b, p)))
    return b.finish(scaled.named("full"), plain=(abs(x) <= size, exponent.added(b, p).named("scaled")))


def reduce(b: Builder, x: Value, scheme: Exponential) -> tuple[Exponent, Pair]:
    """n, and w with f(x) = 2^n e^w."""
    sum = b.fma(x, float(1 / scheme.step), MAGIC).named("t")
    n = sum - MAGIC
    rate = to_fraction(ball(2).log() / ball(scheme.step))
    if scheme.exact_step:
        return exponent_of(b, sum), times_constant(b, b.fma(n, -float(scheme.step), x).named("r"), rate)
    high, low = split(ball(scheme.step), SHORT)
    first = b.fma(n, -high, x).named("high")
    by = n * low
    r = (first - by).named("r")
    left = ((first - r) - by).named("rest")
    if abs(rate - 1) < Fraction(1, 2**100):
        return exponent_of(b, sum), Pair(r, left)
    w = times_constant(b, r, rate)
    return exponent_of(b, sum), Pair(w.high, b.fma(left, float(rate), w.low))
