"""Logarithms: f(2 x) = f(x) + s and f(1) = 0. One polynomial on [2/3, 4/3], plus k*s.

x = 2^k m and m = 1 + u, both exact. k*s and c*u, with c = f'(1), are added with the error of the sum, and the rest of
the polynomial, a small part of the result, comes last. Outside the positive normal numbers x is scaled, or the
result is a special value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_bits_of, to_float32
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

LOWEST = 0x3F2AAAAB  # the bits of 2/3: m is in [2/3, 4/3), where a sum with -s or s loses no bit
NEARER = 0x3F2C49BA  # those of 0.673, as far as k*s and its sum with c*u are no more than a factor of 2 apart
INTERVALS = {
    LOWEST: (Fraction(-3334, 10000), Fraction(3334, 10000)),
    NEARER: (Fraction(-3272, 10000), Fraction(3462, 10000)),
}
LEAST_NORMAL = 2.0**-126
SHORT = 16  # bits of the large part of s: with k it makes an exact product


@dataclass(frozen=True, slots=True)
class Logarithm:
    """f(x) = step*log2(x); `lowest`: the bits of the least m."""

    step: Fraction
    lowest: int = LOWEST


def recognise(target: Target) -> Logarithm | None:
    """The step of a logarithm, to the working precision; None for any other function."""
    try:
        step = target.at(2)
        if abs(float(target.at(1))) > 1e-30 or abs(float(step)) < 1e-3:
            return None
        for x in (Fraction(3, 8), Fraction(5, 4), Fraction(1000)):
            expected = step * ball(x).log() / ball(2).log()
            if not abs(float(target.at(x) / expected) - 1) < 1e-14:
                return None
    except (ValueError, ArithmeticError):
        return None
    exact = to_fraction(step)
    near = exact.limit_denominator(64)
    if abs(near - exact) < Fraction(1, 2**100):
        return Logarithm(near)
    # where neither k*s nor c*u is a float, more is lost when they cancel, and next to 4/3 they cancel most
    natural = abs(exact - to_fraction(ball(2).log())) < Fraction(1, 2**100)
    return Logarithm(exact, LOWEST if natural else NEARER)


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    scheme = recognise(target)
    if scheme is not None:
        for degree in range(2, 14):
            polynomial, error = coefficients(target, degree, scheme.lowest)
            if error < tolerance:
                yield program(name, scheme, polynomial)


def coefficients(target: Target, degree: int, lowest: int = LOWEST) -> tuple[list[Fraction], float]:
    """Those of u, the first in two parts, then u^2, ..., and their error relative to f(1 + u)."""
    points = [u for u in chebyshev_points(*INTERVALS[lowest], 12 * degree + 20) if u != 0]
    values = [target.at(1 + u) for u in points]
    rows = tuple(tuple(ball(u) ** k for k in range(1, degree + 1)) for u in points)
    model = Model(rows, tuple(values), tuple(1 / value for value in values))
    return round_jointly(model, [(0, to_float32), *((k, to_float32) for k in range(degree))])


def program(name: str, scheme: Logarithm, polynomial: list[Fraction], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    value = _value(b, x, b.constant(0, "i32"), scheme, polynomial)
    # one comparison for 2^-126 <= x < inf: bits below and above wrap to the other side
    plain = b.apply("lt", b.apply("bits", x) + 0x7F800000, 0xFF000000)

    small = (x < LEAST_NORMAL).named("small")
    scaled = b.select(small, x * 2.0**23, x).named("scaled")
    shift = b.select(small, b.constant(-23, "i32"), 0)
    full = _value(b, scaled, shift, scheme, polynomial)
    full = b.select(x < float("inf"), full, x)
    sign = 1.0 if scheme.step > 0 else -1.0
    full = b.select(x.equals(0.0), -sign * float("inf"), full)
    full = b.select(x < 0.0, float("nan"), full)
    if sign < 0:
        full = b.select(x.equals(float("inf")), -float("inf"), full)
    return b.finish(full.named("full"), plain=(plain, value))


def _value(b: Builder, x: Value, shift: Value, scheme: Logarithm, polynomial: list[Fraction]) -> Value:
    whole = (b.apply("bits", x) - scheme.lowest).named("whole")
    exponent = whole >> 23
    if b.instructions[shift.number].constant != 0:
        exponent = exponent + shift
    k = b.apply("f32", exponent).named("k")
    u = (b.apply("from_bits", (whole & 0x7FFFFF) + scheme.lowest) - 1.0).named("u")
    first, second, *rest = [float(c) for c in polynomial]
    high = to_bits_of(SHORT)(ball(scheme.step))
    low = float(to_float32(ball(scheme.step - high)))
    large = k if high == 1 else k * float(high)
    total = (large + u if first == 1 else b.fma(u, first, large)).named("sum")
    left = large - total
    error = left + u if first == 1 else b.fma(u, first, left)
    if low != 0:
        error = b.fma(k, low, error)
    tail = b.horner(u, [second, *rest])
    return total + b.fma(tail, u, error.named("error"))
