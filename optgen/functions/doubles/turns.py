"""The quarter turns of a large double, and what is left of it, in integers (Payne and Hanek's idea).

A double is x = m*2^k with m below 2^53, so x/(2 pi) modulo 1 is m times F = 2^k/(2 pi) modulo 1, of which 160 bits are
kept: words of 32 bits of 1/(2 pi), shifted to where they count, times the two words of m, column by column, carries
last.  The whole quarters are taken off the integer; what is left becomes two doubles, exactly, and those radians.

With T the rest in units of 2^-64 turns: |T| >= 1/2 for every double beyond 1 (`bounds.turned` finds it by continued
fractions).  What is left out of the product is below 2^-138 turns, 2^-74 of T's unit; so high + low is T's radians to
2^-72 of themselves, rounding included, and |low| is at most half an ulp of high.
"""

from __future__ import annotations

from fractions import Fraction

from optgen.functions.doubles.pairs import Pair, fast_sum, split
from optgen.functions.target import ball, precise, to_fraction
from optgen.ir.straight_builder import Builder, Value

COLUMNS = 5  # words of the product that are kept
LEAST = 1023  # the biased exponent of 1: smaller numbers are not for this
OFFSET = 64  # 2^-OFFSET/(2 pi): so that no bit is asked for in front of the first word
FULL = 53


def words() -> list[int]:
    """2^-OFFSET/(2 pi) in words of 32 bits, as many as the largest double needs."""
    count = (2046 - 1075 + OFFSET) // 32 + COLUMNS + 4
    with precise(32 * count + 64):
        number = to_fraction(1 / (ball(1).atan() * 8)) / 2**OFFSET
    return [int(number * 2 ** (32 * (k + 1))) & 0xFFFFFFFF for k in range(count)]


def reduced(b: Builder, size: Value) -> tuple[Value, Pair]:
    """Of a positive double from 1 on: quarter turns modulo 4, and the radians that are left."""
    bits = b.apply("bits", size)
    exponent = b.apply("max", bits >> 52, LEAST).named("exponent")
    mantissa = ((bits & ((1 << 52) - 1)) | (1 << 52)).named("mantissa")
    digits = _product(b, mantissa, exponent - (1075 - OFFSET))
    top = ((digits[0] << 32) | digits[1]).named("turns")
    quarters = b.apply("shift_right_zero", top + (1 << 61), 62).named("quarters")
    return quarters, _radians(b, (top - (quarters << 62)).named("rest"), digits[2:])


def _product(b: Builder, mantissa: Value, power: Value) -> list[Value]:
    """The digits of mantissa*2^power times the words, modulo 1, the first column first."""
    place = b.apply("i32", power >> 5)
    shift = (power & 31).named("shift")
    entries = words()
    read = [b.table("words", "i64", entries, place + (k + 1)) for k in range(COLUMNS + 2)]
    parts = []
    for k in range(COLUMNS + 1):
        lower = b.apply("shift_right_zero", read[k + 1], 32 - shift)
        parts.append((((read[k] << shift) | lower) & 0xFFFFFFFF).named(f"f{k + 1}"))
    high, low = b.apply("shift_right_zero", mantissa, 32), mantissa & 0xFFFFFFFF
    products = [low * part for part in parts]
    columns = [
        (products[k] & 0xFFFFFFFF) + b.apply("shift_right_zero", products[k + 1], 32) + high * parts[k + 1]
        for k in range(COLUMNS)
    ]
    digits: list[Value] = []
    carried: Value | None = None
    for column in reversed(columns):
        total = column if carried is None else column + carried
        digits.insert(0, total & 0xFFFFFFFF)
        carried = b.apply("shift_right_zero", total, 32)
    return digits


def _radians(b: Builder, rest: Value, below: list[Value]) -> Pair:
    """The rest of a turn, in units of 2^-64 turns with three words below, as radians."""
    third, fourth, fifth = (b.apply("f64", digit) for digit in below)
    large = fast_sum(b.apply("f64", rest >> 32) * 2.0**32, b.apply("f64", rest & 0xFFFFFFFF))
    small = fast_sum(third * 2.0**32, fourth)
    sum = fast_sum(large.high, small.high * 2.0**-64)
    tail = b.fma(fifth, 2.0**-96, b.fma(small.low, 2.0**-64, large.low))
    low = sum.low + tail
    first, second = _unit()
    high = sum.high * first
    error = b.fma(sum.high, first, -high)
    return fast_sum(high, b.fma(sum.high, second, b.fma(low, first, error)))


def _unit() -> tuple[float, float]:
    """2 pi 2^-64 in two doubles."""
    return split(ball(1).atan() * 8 / ball(Fraction(2) ** 64), FULL)
