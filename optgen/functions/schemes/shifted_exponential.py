"""Exponentials less their value at 0: f(x) = +-(E(x) - 1), as expm1. Near 0 nothing is lost, far out E is all there is.

x = n*step + r, r in two parts; E(r) - 1 = r*c + q, q a polynomial from r^2 on, and f = (2^n - 1) + 2^n r c + 2^n q: the
first two are exact floats, their sum is taken with its error, and q, a small part, comes last. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, exactly, round_jointly, to_float32
from optgen.functions.schemes import exponential
from optgen.functions.schemes.exponential import MAGIC, Exponential
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

STEPS = 24  # beyond, 2^n - 1 is no float
FAR = 60


def recognise(target: Target) -> tuple[Exponential, int] | None:
    """The exponential E with E(0) = 1, and the sign; None for any other function."""
    try:
        if not target.at(0).is_zero():
            return None
        limits = [round(float(target.at(side * FAR))) for side in (1, -1)]
    except (ValueError, ArithmeticError):
        return None
    sign = -min(limits, key=abs)
    if abs(sign) != 1:
        return None
    scheme = exponential.recognise(Target(lambda x: 1 + sign * target.value(x)))
    return None if scheme is None or scheme.start != 1 else (scheme, sign)


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases of growing degree, from the first whose polynomial is good enough."""
    found = recognise(target)
    if found is None:
        return
    scheme, sign = found
    slope = ball(2).log() / ball(scheme.step)
    if to_float32(slope) != round(float(slope)):  # the product with r would need a second part
        return
    for degree in range(3, 10):
        polynomial, error = _coefficients(scheme, to_float32(slope), degree)
        if error < tolerance:
            yield program(name, scheme, sign, polynomial)


def _coefficients(scheme: Exponential, slope: Fraction, degree: int) -> tuple[list[Fraction], float]:
    """Of E(r) - 1 in r, from r on, with an error relative to that."""
    half = abs(scheme.step) / 2 * Fraction(1001, 1000)
    points = [r for r in chebyshev_points(-half, half, 8 * degree + 20) if r != 0]
    values = [(ball(2).log() * ball(r) / ball(scheme.step)).exp() - 1 for r in points]
    rows = tuple(tuple(ball(r) ** k for k in range(1, degree + 1)) for r in points)
    model = Model(rows, tuple(values), tuple(1 / value for value in values))
    return round_jointly(model, [(0, exactly(slope)), *((k, to_float32) for k in range(1, degree))])


def program(name: str, scheme: Exponential, sign: int, polynomial: Sequence[Fraction], argument: str = "x") -> Straight:
    """The plain case with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    t = b.fma(x, float(1 / scheme.step), MAGIC).named("t")
    n = t - MAGIC
    high = to_float32(ball(scheme.step))
    low = float(to_float32(ball(scheme.step - high)))
    near = b.fma(n, -float(high), x)
    r = (near if low == 0 else b.fma(n, -low, near)).named("r")
    slope, *rest = [float(c) for c in polynomial]
    linear = r if slope == 1 else r * slope
    tail = b.horner(r, rest)
    small = (b.fma(r * r, tail, b.fma(n, -low, near - r)) if low else r * r * tail).named("small")
    scale = b.apply("from_bits", (b.apply("bits", t) << 23) + 0x3F800000).named("scale")
    base = scale - 1.0
    large = scale * linear
    total = (base + large).named("sum")
    value = total + b.fma(scale, small, large - (total - base))
    if sign < 0:
        value = -value
    # the sign of a zero is that of the argument, or the other
    value = b.apply("copysign", value, x if (scheme.step > 0) == (sign > 0) else -x)
    limit = float(int(abs(scheme.step) * STEPS))
    return b.finish(value, plain=(abs(x) <= limit, value))
