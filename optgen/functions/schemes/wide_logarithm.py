"""Logarithms in doubles: of x and of 1 + x.

y = 2^k m with m in [2/3, 4/3), in one of 16 cells by its bits, each with a float c near 1/m: with v = m c - 1, a small
number, f = k s + f(1/c) + v P(v). The cell round 1 has c = 1, so digits are kept there. What is lost in 1 + x is added
to first order where that is near 1; elsewhere it does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import to_float64
from optgen.functions.schemes import logarithm
from optgen.functions.schemes.series import chebyshev, powers_of, shifted
from optgen.functions.schemes.shifted_logarithm import shifted as from_one
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight, from_bits
from optgen.ir.straight_builder import Builder, Value

CELLS = 16
CELL_BITS = 48  # of a double, and 19 of a float, from LOWEST on
LOWEST, LOWEST_FLOAT = 0x3FE5555555555555, 0x3F2AAAAB  # the bits of 2/3
REACH = Fraction(331, 10_000)  # of v
ACCURACY = 2.0**-53
LONGEST = 12


@dataclass(frozen=True, slots=True)
class Logarithm:
    """f(y) = step*log2(y): step, the centres, what f is at their inverses, the coefficients of P."""

    step: float
    centres: tuple[float, ...]
    values: tuple[float, ...]
    polynomial: tuple[float, ...]


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    for kind in (_of_x, _of_one_more):
        made = kind(name, target)
        if made is not None:
            yield made


def fitted(target: Target) -> Logarithm | None:
    """What a logarithm needs, from its values."""
    step = to_float64(target.at(2))
    centres = []
    for cell in range(CELLS):
        ends = [Fraction(float(from_bits(LOWEST + ((cell + more) << CELL_BITS), "f64"))) for more in (0, 1)]
        middle = float(2 / (ends[0] + ends[1]))
        # few bits, and 1 where 1 is
        centres.append(1.0 if ends[0] < 1 < ends[1] else round(middle * 128) / 128)
    values = [float(to_float64(target.at(1 / Fraction(c)))) for c in centres]
    series = chebyshev(lambda v: target.at(1 + v) / ball(v), -REACH, REACH, ACCURACY, LONGEST)
    if series is None:
        return None
    polynomial = [float(to_float64(c)) for c in shifted(powers_of(series), -REACH, REACH)]
    return Logarithm(float(step), tuple(centres), tuple(values), tuple(polynomial))


def value(b: Builder, y: Value, scheme: Logarithm, lost: Value | None = None) -> Value:
    """f(y + lost) of positive normal floats or doubles."""
    lowest, fraction = (LOWEST, 52) if y.type == "f64" else (LOWEST_FLOAT, 23)
    whole = b.apply("bits", y) - lowest
    m = b.apply("from_bits", (whole & ((1 << fraction) - 1)) + lowest)
    k, place = whole >> fraction, whole >> fraction - 4
    if y.type == "f64":
        k, place = b.apply("i32", k), b.apply("i32", place)
    else:
        m = b.apply("f64", m)
    cell = (place & (CELLS - 1)) + 1
    centre = b.apply("f64", b.table("centre", "f32", scheme.centres, cell))
    v = b.fma(m.named("m"), centre, -1.0).named("v")
    start = b.fma(b.apply("f64", k), scheme.step, b.table("start", "f64", scheme.values, cell))
    if lost is not None:
        start = b.fma(lost, scheme.polynomial[0], start)
    return b.fma(b.horner(v, scheme.polynomial), v, start)


def _of_x(name: str, target: Target) -> Straight | None:
    if logarithm.recognise(target) is None or (scheme := fitted(target)) is None:
        return None
    b = Builder(name)
    x = b.parameter("x", "f32")
    made = b.apply("f32", value(b, x, scheme))
    # one comparison for 2^-126 <= x < inf: bits below and above wrap to the other side
    plain = b.apply("lt", b.apply("bits", x) + 0x7F800000, 0xFF000000)
    sign = 1.0 if scheme.step > 0 else -1.0
    full = b.select(plain, made, b.apply("f32", value(b, b.apply("f64", x), scheme)))
    full = b.select(x < float("inf"), full, x if sign > 0 else -x)
    full = b.select(x.equals(0.0), -sign * float("inf"), full)
    full = b.select(x < 0.0, float("nan"), full)
    return b.finish(full.named("full"), plain=(plain, made))


def _of_one_more(name: str, target: Target) -> Straight | None:
    natural = from_one(target)
    if logarithm.recognise(natural) is None or (scheme := fitted(natural)) is None:
        return None
    b = Builder(name)
    x = b.parameter("x", "f32")
    wide = b.apply("f64", x)
    y = wide + 1.0
    rises = scheme.step > 0
    lost = b.select(x < 1.0, wide - (y - 1.0), 0.0)
    made = b.apply("copysign", b.apply("f32", value(b, y, scheme, lost)), x if rises else -x)
    end = b.select(x.equals(-1.0), b.constant(-float("inf") if rises else float("inf"), "f32"), float("nan"))
    inside = x > -1.0
    full = b.select(x < float("inf"), b.select(inside, made, end), x if rises else -x)
    return b.finish(full.named("full"), plain=(inside & (x < float("inf")), made))
