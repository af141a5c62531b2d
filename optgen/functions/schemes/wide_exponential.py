"""Exponentials in doubles, so that nearly all results are rounded correctly: the reduction of `exponential`, its
integer part found in floats; one polynomial in doubles, rounded once.

Where the result is a normal float its exponent is added after the rounding, which is the same; elsewhere before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import to_float32, to_float64
from optgen.functions.schemes.exponential import MAGIC, MAGIC_BITS, Exponential, recognise
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

ACCURACY = 2.0**-50
LONGEST = 16
BIAS = 1023
PLAIN_STEPS = 125
FAR_STEPS = 180  # there every result is 0 or infinite


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    found = recognise(target)
    if found is None:
        return
    half = abs(found.step) / 2 * Fraction(1001, 1000)
    series = chebyshev(target.at, -half, half, ACCURACY, LONGEST)
    if series is not None:
        yield program(name, found, [float(to_float64(c / ball(half) ** k)) for k, c in enumerate(powers_of(series))])


def program(name: str, scheme: Exponential, polynomial: list[float], argument: str = "x") -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    t, value = _reduced(b, x, scheme, polynomial)
    rounded = b.apply("f32", value)
    plain = b.apply("from_bits", b.apply("bits", rounded) + (b.apply("bits", t) << 23))

    far = float(int(abs(scheme.step) * FAR_STEPS) + 1)
    inside = b.apply("max", b.constant(-far, "f32"), b.apply("min", b.constant(far, "f32"), x)).named("inside")
    t, value = _reduced(b, inside, scheme, polynomial)
    # a product, which keeps a NaN
    scale = b.apply("from_bits", b.apply("i64", b.apply("bits", t) - (MAGIC_BITS - BIAS)) << 52)
    full = b.apply("f32", value * scale)
    limit = float(int(abs(scheme.step) * PLAIN_STEPS * 4)) / 4
    return b.finish(full.named("full"), plain=(abs(x) <= limit, plain))


def _reduced(b: Builder, x: Value, scheme: Exponential, polynomial: list[float]) -> tuple[Value, Value]:
    """The sum that holds n, and the polynomial at x - n*step."""
    t = x + MAGIC if scheme.step == 1 else b.fma(x, float(1 / scheme.step), MAGIC)
    n = t - MAGIC
    if scheme.exact_step:
        r = b.apply("f64", x - n if scheme.step == 1 else b.fma(n, -float(scheme.step), x))
    else:
        high = to_float32(ball(scheme.step))
        low = to_float64(ball(scheme.step - high))
        near = b.fma(n, -float(high), x)  # exact
        r = b.fma(b.apply("f64", n), -float(low), b.apply("f64", near))
    return t, b.horner(r, polynomial)
