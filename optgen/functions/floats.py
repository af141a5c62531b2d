"""The float32 numbers as bits, and what an ulp is.

ulp(v) for a real v != 0 is the distance of neighbouring floats in the binade of |v|: 2^(e - 23) for
2^e <= |v| < 2^(e+1), never less than 2^-149 (below the normal range the spacing is constant) and never more than 2^104
(a value beyond the largest float counts as if the binades went on where infinity stands for 2^128).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from fractions import Fraction

SIGN = 0x80000000
INFINITE = 0x7F800000  # the bits of infinity
LARGEST = 0x7F7FFFFF  # the bits of the largest finite float
NAN = 0x7FC00000


def float_of(bits: int) -> float:
    """The float32 with these bits, as a double (exact)."""
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def bits_of(value: float) -> int:
    """The bits of a double rounded to float32."""
    try:
        return int(struct.unpack("<I", struct.pack("<f", value))[0])
    except OverflowError:
        return INFINITE | (SIGN if value < 0 else 0)


def is_power_of_two(number: Fraction) -> bool:
    """Whether a positive number is 2^k, k of any sign."""
    return number.numerator & (number.numerator - 1) == 0 and number.denominator & (number.denominator - 1) == 0


def ulp_exponent(value: float) -> int:
    """e with ulp(value) = 2^e."""
    return max(min(math.frexp(value)[1] - 1, 127), -126) - 23


def binades(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The range of bits cut where the exponent changes; the numbers below the normal range in binades of their own."""
    while first <= last:
        sign, magnitude = first & SIGN, first & ~SIGN
        end = (1 << magnitude.bit_length()) - 1 if magnitude < 0x800000 else magnitude | 0x7FFFFF
        yield first, min(last, sign | end)
        first = (sign | end) + 1
