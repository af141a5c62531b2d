"""Logistic functions: 1/f - 1 is an exponential E, so f = 1/(1 + E). One division, and nothing rounded before the end.

E = 2^n (1 + w) and 1 + E are kept in two parts; the quotient of the large ones is corrected by its residual. Far out
f is 1, or 1/E by the exponential's own program.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, exactly, round_jointly, to_float32
from optgen.functions.schemes import exponential
from optgen.functions.schemes.exponential import Exponential
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

PLAIN_STEPS = 118


def recognise(target: Target) -> Exponential | None:
    """The exponential E with E(0) = 1; None for any other function."""
    rest = Target(lambda x: 1 / target.value(x) - 1)
    scheme = exponential.recognise(rest)
    return scheme if scheme is not None and scheme.start == 1 else None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    scheme = recognise(target)
    if scheme is not None:
        rest = Target(lambda x: 1 / target.value(x) - 1)
        for degree in range(3, 9):
            polynomial, error = coefficients(rest, scheme, degree)
            if error < tolerance:
                yield program(name, scheme, polynomial)


def coefficients(rest: Target, scheme: Exponential, degree: int) -> tuple[list[Fraction], float]:
    """Of w = E(r) - 1 in r, from r on, with an error relative to E; the first is exact if it is a float."""
    half = abs(scheme.step) / 2 * Fraction(1001, 1000)
    points = chebyshev_points(-half, half, 8 * degree + 20)
    values = [rest.at(x) for x in points]
    rows = tuple(tuple(ball(x) ** k for k in range(1, degree + 1)) for x in points)
    model = Model(rows, tuple(value - 1 for value in values), tuple(1 / value for value in values))
    slope = ball(2).log() / ball(scheme.step)
    near = to_float32(slope)
    linear = exactly(near) if abs(float(slope - ball(near))) < 1e-30 else to_float32
    return round_jointly(model, [(0, linear), *((k, to_float32) for k in range(1, degree))])


def program(name: str, scheme: Exponential, polynomial: list[Fraction], argument: str = "x") -> Straight:
    """The program with these coefficients of w."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    limit = float(int(abs(scheme.step) * PLAIN_STEPS))
    near = (abs(x) <= limit).named("near")
    value = _near(b, x, scheme, polynomial)

    inverse = Exponential(-scheme.step, Fraction(1))
    numbers = [float(c) * (-1) ** (k + 1) for k, c in enumerate(polynomial)]
    far = exponential.scaled_in_halves(b, x, inverse, [1.0, *numbers])
    rising = x > 0.0 if scheme.step < 0 else x < 0.0
    full = b.select(near, value, b.select(rising, b.constant(1.0, "f32"), far)).named("full")
    return b.finish(full, plain=(near, value))


def _near(b: Builder, x: Value, scheme: Exponential, polynomial: list[Fraction]) -> Value:
    total, low = one_more_than_exponential(b, x, scheme, polynomial)
    q = (1.0 / total).named("q")
    residual = b.fma(-q, low, b.fma(-q, total, 1.0))
    return b.fma(q, residual, q)


def one_more_than_exponential(
    b: Builder, x: Value, scheme: Exponential, polynomial: list[Fraction]
) -> tuple[Value, Value]:
    """1 + E(x) in two parts, from the coefficients of w.

    Of 1 and the power of 2 the larger less the rounded sum is exact, and so is that plus the smaller, but for 1 beside
    2^25 and more.
    """
    scale, w, _ = _scaled(b, x, scheme, polynomial, False)
    one = b.constant(1.0, "f32")
    e = b.fma(scale, w, scale).named("e")
    total = (e + 1.0).named("total")
    return total, b.fma(scale, w, (b.apply("max", one, scale) - total) + b.apply("min", one, scale))


def exponential_in_parts(
    b: Builder, x: Value, scheme: Exponential, polynomial: list[Fraction], exact: bool = False
) -> tuple[Value, Value]:
    """E(x) in two parts, from the coefficients of w; if `exact`, with what the rounding of r loses."""
    scale, w, lost = _scaled(b, x, scheme, polynomial, exact)
    e = b.fma(scale, w, scale).named("e")
    small = b.fma(scale, w, scale - e)
    return e, small if lost is None else b.fma(e, lost, small)


def _scaled(
    b: Builder, x: Value, scheme: Exponential, polynomial: list[Fraction], exact: bool
) -> tuple[Value, Value, Value | None]:
    """The power of 2 and w with E = 2^n (1 + w); if `exact`, the share of E that the rounding of r loses."""
    t, r = exponential.reduce(b, x, scheme)
    r = r.named("r")
    first, *rest = [float(c) for c in polynomial]
    w = b.fma(r * r, b.horner(r, rest), r if first == 1 else r * first).named("w")
    scale = b.apply("from_bits", (b.apply("bits", t.named("t")) << 23) + 0x3F800000).named("scale")
    if not exact or scheme.exact_step:
        return scale, w, None
    n, (high, low) = t - exponential.MAGIC, exponential.step_in_parts(scheme)
    lost = b.fma(n, -low, b.fma(n, -high, x) - r)
    return scale, w, lost if first == 1 else lost * first


def one_more(b: Builder, large: Value, small: Value) -> tuple[Value, Value]:
    """1 more than a positive number in two parts, in two parts."""
    one = b.constant(1.0, "f32")
    total = (large + 1.0).named("total")
    return total, ((b.apply("max", one, large) - total) + b.apply("min", one, large)) + small
