"""Exponentials: f(x + s) = 2 f(x) for some step s.  One polynomial on [-s/2, s/2], scaled by a power of 2.

n = round(x/s) by adding a number so large that its last bit is 1; r = x - n*s with s in two floats by fma, exact where
s is a power of 2; f(r) by a polynomial; n is added to the exponent.  Beyond the plain range n is applied in two halves,
so that results below the normal numbers are rounded once and those above overflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, exactly, round_jointly, to_float32
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

MAGIC = 12582912.0  # 1.5 * 2^23: the sum with a small number is rounded to an integer
MAGIC_BITS = 0x4B400000


@dataclass(frozen=True, slots=True)
class Exponential:
    """f(x) = f(0) * 2^(x/step)."""

    step: Fraction
    start: Fraction

    @property
    def exact_step(self) -> bool:
        """Whether the step is a power of 2, so that n*step is a float for every n."""
        return abs(self.step.numerator) == 1 and self.step.denominator & (self.step.denominator - 1) == 0


def recognise(target: Target) -> Exponential | None:
    """The step of an exponential, to the working precision; None for any other function."""
    try:
        start, one = target.at(0), target.at(1)
        ratio = (one / start).log()
        if not start > 0 or abs(float(ratio)) < 1e-3:
            return None
        for point in (Fraction(-3, 8), Fraction(5, 2), Fraction(-11, 4)):
            expected = start * (ratio * ball(point)).exp()
            if not abs(float(target.at(point) / expected) - 1) < 1e-14:
                return None
    except (ValueError, ArithmeticError):
        return None
    step = to_fraction(ball(2).log() / ratio)
    near = Fraction(step).limit_denominator(64)
    exact = abs(near - step) < Fraction(1, 2**100) and near.denominator & (near.denominator - 1) == 0
    return Exponential(near if exact else step, to_fraction(start))


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    scheme = recognise(target)
    if scheme is not None:
        for degree in range(1, 10):
            polynomial, error = coefficients(target, scheme, degree)
            if error < tolerance:
                yield program(name, scheme, polynomial)


def coefficients(target: Target, scheme: Exponential, degree: int) -> tuple[list[Fraction], float]:
    """The polynomial of r on half a step to either side, jointly rounded to float32, and its relative error."""
    half = abs(scheme.step) / 2 * Fraction(1001, 1000)
    points = chebyshev_points(-half, half, 12 * degree + 20)
    values = [target.at(x) for x in points]
    powers = tuple(tuple(ball(x) ** k for k in range(degree + 1)) for x in points)
    model = Model(powers, tuple(values), tuple(1 / value for value in values))
    one = exactly(scheme.start) if scheme.start.denominator == 1 else to_float32
    return round_jointly(model, [(0, one), *((k, to_float32) for k in range(1, degree + 1))])


def program(name: str, scheme: Exponential, polynomial: Sequence[Fraction], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    numbers = [float(c) for c in polynomial]
    limit = abs(scheme.step) * 126
    plain_limit = float(_below(limit - abs(scheme.step)))
    t, r = reduce(b, x, scheme)
    p = b.horner(r.named("r"), numbers).named("p")
    plain = b.apply("from_bits", b.apply("bits", p) + (b.apply("bits", t.named("t")) << 23)).named("scaled")
    full = scaled_in_halves(b, x, scheme, numbers)
    return b.finish(full.named("full"), plain=(abs(x) <= plain_limit, plain))


def scaled_in_halves(b: Builder, x: Value, scheme: Exponential, numbers: Sequence[float]) -> Value:
    """The exponential at any x: the power of 2 in two factors."""
    far = float(_below(abs(scheme.step) * 180))
    clamped = b.apply("max", b.constant(-far, "f32"), b.apply("min", b.constant(far, "f32"), x)).named("inside")
    t, r = reduce(b, clamped, scheme)
    p = b.horner(r, numbers)
    whole = b.apply("bits", t) - MAGIC_BITS
    half = (whole >> 1).named("half")
    first = b.apply("from_bits", (half + 127) << 23)
    second = b.apply("from_bits", (whole - half + 127) << 23)
    return p * first * second


def reduce(b: Builder, x: Value, scheme: Exponential) -> tuple[Value, Value]:
    """The sum that holds n, and r = x - n*step; where the step is 1, a sum and a difference, which leave the units that
    multiply to the polynomial."""
    t = x + MAGIC if scheme.step == 1 else b.fma(x, float(1 / scheme.step), MAGIC)
    n = t - MAGIC
    if scheme.exact_step:
        return t, x - n if scheme.step == 1 else b.fma(n, -float(scheme.step), x)
    high, low = step_in_parts(scheme)
    return t, b.fma(n, -low, b.fma(n, -high, x))


def step_in_parts(scheme: Exponential) -> tuple[float, float]:
    """The step as a sum of two floats."""
    high = to_float32(ball(scheme.step))
    return float(high), float(to_float32(ball(scheme.step - high)))


def _below(number: Fraction) -> Fraction:
    """The number cut to a quarter."""
    return Fraction(int(number * 4), 4)
