"""Limits of a function, read from values of Arb at points that approach (2^-100 to 2^-1200 away).

Each value is enclosed with 64 bits: growing differences mean infinity, shrinking values 0, shrinking differences the
last value, anything else no limit.  The values are certain, what they tend to is a conjecture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from optgen.symbolic.arb import Meaning, Undecided, Undefined

STEPS = (100, 150, 225, 340, 500, 760, 1200)


@dataclass(frozen=True, slots=True)
class Expected:
    """A limit, or what one input should give.  `kind`: nan, zero, infinite or number; `sign` 1, -1, or 0 for either;
    `value` is the enclosure of a number."""

    kind: str
    sign: int = 0
    value: Any = None

    def __str__(self) -> str:
        word = {1: "+", -1: "-", 0: ""}[self.sign]
        names = {"nan": "nan", "zero": f"{word}0", "infinite": f"{word}inf"}
        return names.get(self.kind) or f"{float(self.value):.9g}"


def at_infinity(meaning: Meaning, sign: int) -> Expected:
    """The limit at infinity or minus infinity."""
    return limit(meaning, [sign * Fraction(2) ** k for k in STEPS])


def from_side(meaning: Meaning, x: Fraction, sign: int) -> Expected:
    """The limit at a finite point from the right (sign 1) or from the left."""
    scale = Fraction(1) if x == 0 else abs(x)
    return limit(meaning, [x + sign * scale / 2**k for k in STEPS])


def beside(meaning: Meaning, x: float) -> Expected | None:
    """The limit at a finite point; None where there is none from any side."""
    sides = [from_side(meaning, Fraction(x), sign) for sign in (1, -1)]
    if x == 0 and is_negative(x):
        sides.reverse()
    known = [side for side in sides if side.kind != "nan"]
    if not known:
        return None
    if x == 0 or len(known) == 1 or known[0].kind != known[1].kind or known[0].sign == known[1].sign:
        return known[0]
    return Expected(known[0].kind, 0, known[0].value)


def is_negative(x: float) -> bool:
    return str(x).startswith("-")


def limit(meaning: Meaning, points: Sequence[Fraction]) -> Expected:
    """What the values at points that approach something tend to."""
    try:
        values = [meaning.refined([point], 64) for point in points]
    except (Undefined, Undecided):
        return Expected("nan")
    steps = [b - a for a, b in pairwise(values)]
    last = values[-1]
    if all(value.is_zero() for value in values):
        return Expected("zero", 0)
    sign = 1 if last > 0 else -1
    if all(abs(b) * 4 <= abs(a) * 3 for a, b in pairwise(values)):
        return Expected("zero", sign)
    outward = all((step > 0) if sign > 0 else (step < 0) for step in steps)
    if outward and all(abs(b) * 4 >= abs(a) * 3 for a, b in pairwise(steps)):
        return Expected("infinite", sign)
    if all(abs(b) * 4 <= abs(a) * 3 or abs(b) * 2**50 <= abs(last) for a, b in pairwise(steps)):
        return Expected("number", sign, last)
    return Expected("nan")
