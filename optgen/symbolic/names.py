"""Numbers as a reader writes them: 0, 3/4, pi/2, or fifteen digits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from optgen.symbolic.arb import exact, precision_of, to_fraction

SIMPLE = 64  # largest denominator of a fraction that is shown as one
LEAST = 2.0**-300  # beyond, a number is shown by its digits
TURNS = 12  # of pi


def number(value: Any) -> str:
    """A fraction or a ball: a simple number that the ball holds stands for it."""
    if isinstance(value, Fraction):
        return _fraction(value)
    if not value.is_finite():
        return "not finite"
    if not value.is_zero() and not LEAST < abs(value) < 1 / LEAST:
        return "0" if value.contains(0) else str(value.str(15, radius=False))
    middle, width = to_fraction(value), to_fraction(value.rad()) if value.rad() > LEAST**2 else Fraction(0)
    return point(middle - width, middle + width)


def point(low: Fraction, high: Fraction) -> str:
    """The name of a number between two that are close."""
    if (low <= 0 <= high) or (simple := _simple(low, high)) == 0:
        return "0"
    if simple is not None:
        return _fraction(simple)
    with precision_of(160):
        from flint import arb

        turns = (exact(low) / arb.pi()).union(exact(high) / arb.pi()) if _dyadic(low, high) else None
    if turns is not None:
        middle = to_fraction(turns)
        near = middle.limit_denominator(TURNS)
        if near != 0 and turns.contains(exact(near.numerator) / exact(near.denominator)) and abs(near) <= TURNS:
            over = "pi" if near.numerator == 1 else "-pi" if near.numerator == -1 else f"{near.numerator} pi"
            return over if near.denominator == 1 else f"{over}/{near.denominator}"
    return f"{float((low + high) / 2):.15g}"


def _simple(low: Fraction, high: Fraction) -> Fraction | None:
    near = ((low + high) / 2).limit_denominator(SIMPLE)
    return near if low <= near <= high else None


def _dyadic(*values: Fraction) -> bool:
    return all(value.denominator & (value.denominator - 1) == 0 for value in values)


def _fraction(value: Fraction) -> str:
    return str(value) if value.denominator <= SIMPLE and abs(value) < 10**9 else f"{float(value):.15g}"
