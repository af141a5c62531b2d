"""Values of functions that are simpler than the function: roots of squares of numbers, values at 0."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from optgen.proof.contractions import ONE, Quotient, divided, number


def root(arguments: list[Quotient]) -> Quotient | None:
    """The root of the square of a rational number."""
    (value,) = arguments
    c = value.top.get((), Fraction(0))
    if value.bottom != ONE or not set(value.top) <= {()} or c < 0:
        return None
    found = Fraction(isqrt(c.numerator), isqrt(c.denominator))
    return Quotient(number(found), ONE) if found * found == c else None


def simplest(value: Quotient) -> Quotient:
    """Without a denominator where it divides the numerator."""
    whole = divided(value.top, value.bottom) if value.bottom != ONE else None
    return value if whole is None else Quotient(whole, ONE)


def size(arguments: list[Quotient]) -> Quotient | None:
    """The absolute value of a rational number."""
    (value,) = arguments
    known = value.bottom == ONE and set(value.top) <= {()}
    return Quotient(number(abs(value.top.get((), Fraction(0)))), ONE) if known else None


def at_zero(value: int) -> Callable[[list[Quotient]], Quotient | None]:
    return lambda arguments: Quotient(number(value), ONE) if not arguments[0].top else None


FUNCTIONS = {"sqrt": root, "exp": at_zero(1), "abs": size, "sign": at_zero(0), "sin": at_zero(0),
             "tanh": at_zero(0)}  # fmt: skip
