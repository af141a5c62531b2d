"""What a function should give where it has no plain value: at zeros and poles, at infinities, at ends of its domain.

The policy, for every function alike:

- NaN gives NaN; a point with no value, and none in the limit, gives NaN.
- An infinity, and a point where f has no value, gives the limit of f from within its domain; at -0 and +0 from that
  side where f is defined there, else from the other; at other points from both sides, and where these are two
  different infinities either will do.
- Where the result is 0, at +-0 and at infinities, its sign is that of f nearby; at other exact zeros either will do.

Limits are read from values (`symbolic.limits`).
At infinities, a range of f from the largest float on comes first: what is certainly 0 or infinite there is so.
This reading is a conjecture about a handful of inputs (the zeros, the infinities, poles), said in the certificate.
"""

from __future__ import annotations

from flint import arb

from optgen.functions.errors import HUGE, TINY
from optgen.functions.floats import LARGEST, SIGN, float_of
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact
from optgen.symbolic.limits import Expected, at_infinity, beside


def expected(meaning: Meaning, x: float) -> Expected:
    """What the function should give at one float32 (infinities and zeros too)."""
    if x in (float("inf"), float("-inf")):
        return _saturated(meaning, x) or at_infinity(meaning, 1 if x > 0 else -1)
    near = beside(meaning, x)
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


def at_bits(meaning: Meaning, bits: int) -> Expected:
    """What the float with these bits should give; the sign of a zero is in its bits."""
    value = float_of(bits)
    return expected(meaning, -0.0 if value == 0 and bits & SIGN else value)


__all__ = ["Expected", "at_bits", "expected"]
