"""Gated functions: f(x) = x h/(1 + h) with h = E + c E^2 of an exponential E, as silu (c = 0) and mish (c = 1/2).

All is kept in two parts until the quotient, which is corrected by its residual: one division, and nearly no rounding
before the end. Without a square, f = x/(1 + 1/E) and the numerator is exact. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.schemes import logistic
from optgen.functions.schemes.exponential import Exponential
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

PLAIN_STEPS = 116  # f and 1/E are normal numbers
SQUARE_STEPS = 60  # and x E^2 is
FAR = 40


@dataclass(frozen=True, slots=True)
class Gated:
    """E, 2^(x/step), and c, a power of 2 or 0."""

    exponential: Exponential
    square: Fraction


def recognise(target: Target) -> Gated | None:
    """E and c; None for any other function."""
    gate = Target(lambda x: target.value(x) / x)
    odds = Target(lambda x: gate.value(x) / (1 - gate.value(x)))
    try:
        if not target.at(0).is_zero() and not abs(float(target.at(Fraction(1, 2**80)))) < 2.0**-80:
            return None
        for side in (1, -1):
            far = [odds.at(side * FAR * k) for k in (1, 2)]
            if not 0 < far[1] < far[0] < 2.0**-20:
                continue
            rate = (odds.at(side * 4 * FAR) / odds.at(side * (4 * FAR + 1))).log() * -side

            def grown(x: Fraction, rate: object = rate) -> object:
                return (ball(x) * rate).exp()

            one = Fraction(1, 2)
            square = Fraction(round(float((odds.at(one) / grown(one) - 1) / grown(one)) * 2**10), 2**10)
            if abs(square.numerator) not in (0, 1) or square < 0:
                return None
            for x in (Fraction(3, 8), Fraction(-11, 4), Fraction(5)):
                e = grown(x)
                if not abs(float(odds.at(x) / (e + ball(square) * e * e)) - 1) < 1e-14:
                    return None
            step = to_fraction(ball(2).log() / rate)
            return Gated(Exponential(step, Fraction(1)), square)
    except (ValueError, ArithmeticError):
        pass
    return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases of growing degree, from the first whose polynomial is good enough."""
    found = recognise(target)
    if found is None:
        return
    step = found.exponential.step if found.square else -found.exponential.step
    scheme = Exponential(step, Fraction(1))
    power = Target(lambda x: (x * ball(2).log() / ball(step)).exp())
    for degree in range(3, 9):
        polynomial, error = logistic.coefficients(power, scheme, degree)
        if error < tolerance:
            yield program(name, scheme, found.square, polynomial)


def program(
    name: str, scheme: Exponential, square: Fraction, polynomial: list[Fraction], argument: str = "x"
) -> Straight:
    """The plain case with these coefficients of E - 1, or of 1/E - 1 where there is no square."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    limit = float(int(abs(scheme.step) * (SQUARE_STEPS if square else PLAIN_STEPS)))
    e, e_low = logistic.exponential_in_parts(b, x, scheme, polynomial, exact=True)
    if square:
        h, h_low = _odds(b, e, e_low, float(square))
        numerator = (x * h).named("numerator")
        rest: Value | None = b.fma(x, h_low, b.fma(x, h, -numerator))
    else:
        h, h_low, numerator, rest = e, e_low, x, None
    total, low = logistic.one_more(b, h, h_low)
    inverse = (1.0 / total).named("inverse")
    q = (numerator * inverse).named("q")
    residual = b.fma(-q, total, numerator)
    if rest is not None:
        residual = residual + rest
    value = b.apply("copysign", b.fma(b.fma(-q, low, residual), inverse, q), x)
    return b.finish(value, plain=(abs(x) <= limit, value))


def _odds(b: Builder, e: Value, e_low: Value, square: float) -> tuple[Value, Value]:
    """E + c E^2 in two parts."""
    factor, factor_low = logistic.one_more(b, e * square, e_low * square)
    h = (e * factor).named("odds")
    return h, b.fma(e, factor_low, b.fma(e_low, factor, b.fma(e, factor, -h)))
