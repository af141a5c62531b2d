"""Bounds that the references share, and how they refuse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from optgen.symbolic.arb import Undecided

DEGREE = 8
UNIT = 2.0**-53
HUGE, TINY = 2.0**129, 2.0**-160  # beyond the floats, whatever is rounded


class Refused(ValueError):
    """The function can not be bounded on its domain within the limits of this room; the text says where."""


def upper(ball: Any) -> float:
    """A double above |ball|; raises `Undecided` if it is not finite (a NaN would pass every comparison)."""
    if not ball.is_finite():
        raise Undecided("an enclosure that is not finite")
    made = float(ball.abs_upper()) * (1 + 2.0**-51) + 2.0**-1074
    if not math.isfinite(made):
        raise Undecided("an enclosure beyond the doubles")
    return made


def rounding(coefficients: Sequence[float]) -> float:
    """What Horner's rule with fused multiply-adds loses for |s| <= 1: each step half an ulp of a partial sum."""
    total, partial = 0.0, abs(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        partial += abs(coefficient)
        total += partial
    return total * UNIT * 1.001
