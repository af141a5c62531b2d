"""Sine and cosine: f'' = -f. Quarter turns are taken off, one polynomial of sine and one of cosine share their steps.

q = round(x*2/pi), r = x - q*pi/2 with pi/2 in three parts: the first difference and the product of q with the second
part are exact, the error of the second difference is kept, so r has a second part. Odd quarters take cosine's
coefficients, quarters 2 and 3 turn the sign. Both are b + b U(s) with b = r or 7/8, where s = r^2 - 1/2 has a smaller
error than r^2.
Beyond the plain range x*2/pi is computed modulo 4 in integers: x is a 24-bit number times a power of 2, and a table
has the 96 bits of 2/pi that count for each exponent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float32, to_float64, to_multiple_of
from optgen.functions.target import Target, ball, precise, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

MAGIC = 12582912.0
STEPS = (23, 36)  # parts of pi/2 are multiples of 2^-23 and 2^-36: x - q*first is one of 2^-24 below 1, so exact
PLAIN = 6000.0  # below 2^12 quarters: their products with the second part, which has 12 bits, are exact
LEAST_EXPONENT = 127 + 12
WINDOW = 96
MIDDLE = Fraction(27, 64)  # such that both first coefficients are nearly floats
LARGE = 0.875  # of a cosine, so that what is added is small


@dataclass(frozen=True, slots=True)
class Circular:
    """sin(x + quarters*pi/2)."""

    quarters: int


@dataclass(frozen=True, slots=True)
class Reduced:
    """Quarter turns, and the rest in two parts."""

    quarters: Value
    rest: Value
    second: Value


def recognise(target: Target) -> Circular | None:
    """Which of sin, cos, -sin, -cos; None for any other function."""
    try:
        for quarters in range(4):
            offset = ball(1).atan() * 2 * quarters
            points = (Fraction(0), Fraction(3, 8), Fraction(-5, 2), Fraction(77, 4))
            if all(abs(float(target.at(x) - (ball(x) + offset).sin())) < 1e-30 for x in points):
                return Circular(quarters)
    except (ValueError, ArithmeticError):
        pass
    return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree."""
    scheme = recognise(target)
    if scheme is not None:
        for count in (3, 4, 5) if tolerance > 2.0**-20 else (5,):
            yield program(name, scheme, count)


def _coefficients(count: int) -> tuple[list[Fraction], list[Fraction]]:
    """Of sine, sin(r)/r - 1, and of cosine, cos(r)/LARGE - 1, in s on an eighth of a turn."""
    points = [r for r in chebyshev_points(Fraction(0), Fraction(7860, 10000), 60) if r > Fraction(1, 1000)]
    rows = tuple(tuple(ball(r * r - MIDDLE) ** k for k in range(count)) for r in points)
    parts = [(k, to_float32) for k in range(count)]
    found = []
    for values in ([ball(r).sin() / ball(r) for r in points], [ball(r).cos() / LARGE for r in points]):
        model = Model(rows, tuple(value - 1 for value in values), tuple(1 / value for value in values))
        found.append(round_jointly(model, parts)[0])
    return found[0], found[1]


def program(name: str, scheme: Circular, count: int, argument: str = "x") -> Straight:
    """The program with polynomials of so many coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    odd = scheme.quarters % 2 == 0
    size = abs(x).named("size")
    near = near_zero(b, size)
    near.quarters.named("quarters")
    near.rest.named("r")
    value = _value(b, x, near, scheme, count, odd)
    plain = size <= PLAIN

    far = far_away(b, size)
    both = Reduced(
        b.select(plain, near.quarters, far.quarters),
        b.select(plain, near.rest, far.rest),
        b.select(plain, near.second, far.second),
    )
    full = _value(b, x, both, scheme, count, odd)
    full = b.select(size < float("inf"), full, x - x).named("full")
    return b.finish(full, plain=(plain, value))


def near_zero(b: Builder, size: Value) -> Reduced:
    """Three parts of pi/2."""
    rest = ball(1).atan() * 2
    parts = []
    for rounding in (*(to_multiple_of(Fraction(1, 2**step)) for step in STEPS), to_float32):
        parts.append(rounding(rest))
        rest = rest - ball(parts[-1])
    first, second, third = (float(part) for part in parts)
    t = b.fma(size, float(to_float32(1 / (ball(1).atan() * 2))), MAGIC)
    q = t - MAGIC
    exact = b.fma(q, -first, size)
    r = b.fma(q, -second, exact)
    low = b.fma(q, -third, b.fma(q, -second, exact - r))
    return Reduced(b.apply("bits", t), r, low)


def far_away(b: Builder, size: Value) -> Reduced:
    """x*2/pi modulo 4 in integers, for exponents from 2^13."""
    quarters, whole, _ = fraction_of_turn(b, size)
    rest = b.apply("f64", whole)
    wide = rest * float(to_float64(ball(1).atan() * 2 / ball(2) ** 62))
    r = b.apply("f32", wide)
    return Reduced(b.apply("i32", quarters), r, b.apply("f32", wide - b.apply("f64", r)))


def fraction_of_turn(b: Builder, size: Value) -> tuple[Value, Value, Value]:
    """Quarter turns, the rest in units of 2^-64 turns (from -2^61 on), and what is below them, in units of 2^-96."""
    words = _windows()
    bits = b.apply("bits", size)
    exponent = (bits >> 23) & 0xFF
    place = (b.apply("max", exponent, LEAST_EXPONENT) + (1 - LEAST_EXPONENT)).named("place")
    number = b.apply("i64", (bits & 0x7FFFFF) | 0x800000).named("number")
    high, middle, low = (b.apply("mul", number, b.table(f"w{k}", "i64", words[k], place)) for k in range(3))
    mask = b.constant(0xFFFFFFFF, "i64")
    middle = middle + b.apply("shift_right_zero", low, 32)
    high = high + b.apply("shift_right_zero", middle, 32)
    turn = ((high << 32) | (middle & mask)).named("turn")  # x/(2 pi) modulo 1, times 2^64
    quarters = b.apply("shift_right_zero", turn + (1 << 61), 62)
    return quarters, turn - (quarters << 62), b.apply("f64", low & mask)


def _windows() -> list[list[int]]:
    """Three words of 32 bits for each exponent: 2^(exponent - 150)/(2 pi) modulo 1."""
    with precise(600):
        turns = to_fraction(1 / (ball(1).atan() * 8))
    words: list[list[int]] = [[], [], []]
    for exponent in range(LEAST_EXPONENT, 256):
        part = turns * Fraction(2) ** (exponent - 150) % 1
        window = int(part * 2**WINDOW)
        for k in range(3):
            words[k].append((window >> (64 - 32 * k)) & 0xFFFFFFFF)
    return words


def _value(b: Builder, x: Value, reduced: Reduced, scheme: Circular, count: int, odd: bool) -> Value:
    quarters = reduced.quarters if scheme.quarters == 0 else reduced.quarters + scheme.quarters
    r = reduced.rest
    of_sine = (quarters & 1).equals(0)
    s = b.fma(r, r, -float(MIDDLE))
    pairs = list(zip(*_coefficients(count), strict=True))
    chosen = [b.select(of_sine, b.constant(float(a), "f32"), float(c)) for a, c in pairs]
    value = chosen.pop()
    for coefficient in reversed(chosen):
        value = b.fma(value, s, coefficient)
    large = b.select(of_sine, r, LARGE)
    slope = b.select(of_sine, b.constant(1.0, "f32"), -r)  # nearly that of the sine, exactly enough that of the cosine
    made = large + b.fma(value, large, slope * reduced.second)
    sign = (quarters & 2) << 30
    if odd:
        sign = sign ^ (b.apply("bits", x) & 0x80000000)
    return b.apply("from_bits", b.apply("bits", made) ^ sign)
