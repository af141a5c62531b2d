"""Float formats: rounding of exact numbers, half an ulp, the magnitudes in their order."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from optgen.ir.straight_operations import Type
from optgen.symbolic.arb import exact


@dataclass(frozen=True, slots=True)
class Format:
    """A binary format: its significant bits, the exponent of its least normal number and of its largest binade."""

    type: Type
    precision: int
    lowest: int
    highest: int

    @property
    def least(self) -> int:
        """The exponent of the least positive number: every number is a multiple of 2^least."""
        return self.lowest - self.precision + 1

    @property
    def infinite(self) -> int:
        """The bits of infinity; the bits below are the finite magnitudes in their order."""
        return (self.highest - self.lowest + 2) << (self.precision - 1)

    @property
    def largest(self) -> Any:
        return _largest(self.precision, self.highest)

    def ulp_exponent(self, binade: int) -> int:
        """e with ulp = 2^e for numbers of size [2^binade, 2^(binade + 1))."""
        return max(binade, self.lowest) - self.precision + 1

    def of_bits(self, bits: int) -> float:
        made, unsigned, _ = _LAYOUT[self.type]
        return float(struct.unpack(made, struct.pack(unsigned, bits))[0])

    def to_bits(self, value: float) -> int:
        made, unsigned, _ = _LAYOUT[self.type]
        return int(struct.unpack(unsigned, struct.pack(made, value))[0])

    def nearest(self, value: Any) -> float:
        """An exact ball rounded to the format, ties to even; infinite beyond it."""
        mantissa, exponent = (int(part) for part in value.man_exp())
        if mantissa == 0:
            return 0.0
        drop = self.ulp_exponent(mantissa.bit_length() - 1 + exponent) - exponent
        if drop > 0:
            kept, rest = divmod(abs(mantissa), 1 << drop)
            half = 1 << (drop - 1)
            kept += rest > half or (rest == half and kept & 1)
            mantissa, exponent = (kept if mantissa > 0 else -kept), exponent + drop
            if kept == 0:
                return 0.0 if value > 0 else -0.0
        if mantissa.bit_length() + exponent > self.highest + 1:
            return math.inf if mantissa > 0 else -math.inf
        return math.ldexp(mantissa, exponent)


@cache
def _largest(precision: int, highest: int) -> Any:
    return exact(power(highest + 1) - power(highest + 1 - precision))


_LAYOUT: dict[Type, tuple[str, str, int]] = {"f32": ("<f", "<I", 32), "f64": ("<d", "<Q", 64)}
FORMATS: dict[Type, Format] = {"f32": Format("f32", 24, -126, 127), "f64": Format("f64", 53, -1022, 1023)}


@cache
def power(exponent: int) -> Fraction:
    """2^exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def binade(value: Any) -> int:
    """e with 2^e <= |value| < 2^(e + 1), of an exact ball that is not 0."""
    mantissa, exponent = value.man_exp()
    return int(mantissa).bit_length() - 1 + int(exponent)


def trailing(value: float) -> int:
    """The largest e with the value a multiple of 2^e, of a float that is not 0."""
    top, bottom = abs(value).as_integer_ratio()
    return (top & -top).bit_length() - bottom.bit_length()
