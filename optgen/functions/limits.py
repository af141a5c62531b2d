"""What a function should give where it has no plain value: at zeros and poles, at infinities, at ends of its domain.

The policy, for every function alike:

- NaN gives NaN; a point with no value, and none in the limit, gives NaN.
- An infinity, and a point where f has no value, gives the limit of f from within its domain; at -0 and +0 from that
  side where f is defined there, else from the other; at other points from both sides, and where these are two
  different infinities either will do.
- Where the result is 0, at +-0 and at infinities, its sign is that of f nearby; at other exact zeros either will do.

Limits are read from values of Arb at points that approach (2^-100 to 2^-1200 away), each enclosed with 64 bits:
growing differences mean infinity, shrinking values 0, shrinking differences the last value, anything else no limit.
At infinities, a range of f from the largest float on comes first: what is certainly 0 or infinite there is so.
This reading is a conjecture about a handful of inputs (the zeros, the infinities, poles), said in the certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from flint import arb

from optgen.functions.errors import HUGE, TINY
from optgen.functions.floats import LARGEST, SIGN, float_of
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact

STEPS = (100, 150, 225, 340, 500, 760, 1200)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one input should give.  `kind`: nan, zero, infinite or number; `sign` 1, -1, or 0 for either; `value` is the
    enclosure of a number."""

    kind: str
    sign: int = 0
    value: Any = None

    def __str__(self) -> str:
        word = {1: "+", -1: "-", 0: ""}[self.sign]
        names = {"nan": "nan", "zero": f"{word}0", "infinite": f"{word}inf"}
        return names.get(self.kind) or f"{float(self.value):.9g}"


def expected(meaning: Meaning, x: float) -> Expected:
    """What the function should give at one float32 (infinities and zeros too)."""
    if x in (float("inf"), float("-inf")):
        return _saturated(meaning, x) or _limit(meaning, [Fraction(2) ** k * (1 if x > 0 else -1) for k in STEPS])
    near = _beside(meaning, x)
    try:
        value = meaning.refined([x], 60)
    except Undefined:
        return Expected("nan") if x != 0 or near is None else near
    except Undecided:
        return near or Expected("nan")
    if not value.is_zero():
        return Expected("number", 1 if value > 0 else -1, value)
    return Expected("zero", near.sign if x == 0 and near is not None and near.kind == "zero" else 0)


def _saturated(meaning: Meaning, infinity: float) -> Expected | None:
    """What ranges say about the values beyond the largest float, or else at it: underflow, overflow, or nothing."""
    largest = exact(float_of(LARGEST) if infinity > 0 else -float_of(LARGEST))
    beyond = (largest, arb("inf")) if infinity > 0 else (-arb("inf"), largest)
    for ends in (beyond, (largest, largest)):
        try:
            low, high = meaning.range([ends], 512)
        except Undefined:
            return Expected("nan")
        if low > HUGE or high < -HUGE:
            return Expected("infinite", 1 if low > HUGE else -1)
        if (low >= 0 and high < TINY) or (high <= 0 and low > -TINY):
            return Expected("zero", 1 if low >= 0 else -1)
    return None


def _beside(meaning: Meaning, x: float) -> Expected | None:
    """The limit at a finite point; None where there is none from any side."""
    scale = Fraction(1) if x == 0 else abs(Fraction(x))
    sides = [_limit(meaning, [Fraction(x) + sign * scale / 2**k for k in STEPS]) for sign in (1, -1)]
    if x == 0 and _is_negative(x):
        sides.reverse()
    known = [side for side in sides if side.kind != "nan"]
    if not known:
        return None
    if x == 0 or len(known) == 1 or known[0].kind != known[1].kind or known[0].sign == known[1].sign:
        return known[0]
    return Expected(known[0].kind, 0, known[0].value)


def _is_negative(x: float) -> bool:
    return str(x).startswith("-")


def _limit(meaning: Meaning, points: Sequence[Fraction]) -> Expected:
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


def at_bits(meaning: Meaning, bits: int) -> Expected:
    """What the float with these bits should give; the sign of a zero is in its bits."""
    value = float_of(bits)
    return expected(meaning, -0.0 if value == 0 and bits & SIGN else value)
