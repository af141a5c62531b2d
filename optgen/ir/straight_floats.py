"""Exact meanings over NumPy arrays that NumPy itself lacks: fused multiply and add, clamped conversion, shifts.

The module of arrays comes in as an argument, so that importing the IR loads nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """The rounded sum and its error, which is a float (Knuth); finite operands whose sum does not overflow."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """The rounded product of doubles and its error (Dekker); needs exponents far from both ends."""
    product = a * b
    split_a, split_b = a * 134217729.0, b * 134217729.0
    high_a, high_b = split_a - (split_a - a), split_b - (split_b - b)
    low_a, low_b = a - high_a, b - high_b
    return product, low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)


def _to_odd(np: Any, a: Any, b: Any) -> Any:
    """a + b in double, rounded to odd: a later rounding to fewer bits is then as if done at once."""
    total, error = two_sum(a, b)
    inexact = np.isfinite(error) & (error != 0) & np.isfinite(total)
    bits = total.view(np.int64)
    even = inexact & ((bits & 1) == 0)
    outward = (error > 0) == (total > 0)
    return np.where(even, np.where(outward, bits + 1, bits - 1), bits).view(np.float64)


def fma(np: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c rounded once, for equal dtypes float32 or float64."""
    a, b, c = np.broadcast_arrays(a, b, c)
    with np.errstate(all="ignore"):
        if a.dtype == np.float32:
            product = a.astype(np.float64) * b.astype(np.float64)  # exact
            return _to_odd(np, product, c.astype(np.float64)).astype(np.float32)
        return _fma_double(np, a, b, c)


def _fma_double(np: Any, a: Any, b: Any, c: Any) -> Any:
    """Boldo and Melquiond: exact steps, the small parts rounded to odd, one rounding; rare exponents in rationals."""
    high, low = two_product(a, b)
    carried, carried_low = two_sum(c, low)
    total, total_low = two_sum(high, carried)
    result = total + _to_odd(np, carried_low, total_low)
    size, other = np.abs(a * b), np.abs(c)
    easy = (np.abs(a) < 2.0**500) & (np.abs(b) < 2.0**500) & (size > 2.0**-800) & (size < 2.0**900)
    easy &= ((other > 2.0**-800) & (other < 2.0**900)) | (other == 0)
    plain = a * b + c  # right for infinities, NaN and zeros
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & (a != 0) & (b != 0)
    result = np.where(easy, result, plain)
    for place in np.argwhere(finite & ~easy):
        at = tuple(place)
        result[at] = _fma_rational(float(a[at]), float(b[at]), float(c[at]))
    return result


def _fma_rational(a: float, b: float, c: float) -> float:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def clamped_integer(np: Any, a: Any, width: int) -> Any:
    """Cut towards zero, clamped to the integers of this width, NaN to 0."""
    limit = 2.0 ** (width - 1)
    dtype = np.dtype(f"int{width}")
    with np.errstate(invalid="ignore"):
        inside = np.where((a >= -limit) & (a < limit), a, 0).astype(dtype)
    information = np.iinfo(dtype)
    return np.where(a >= limit, information.max, np.where(a < -limit, information.min, inside)).astype(dtype)


def shift(np: Any, opcode: str, a: Any, count: Any) -> Any:
    """A shift by the count modulo the width; "lshr" brings in zeros, "ashr" the sign."""
    width = 8 * a.dtype.itemsize
    count = count & (width - 1)
    if opcode == "shl":
        return np.left_shift(a, count)
    if opcode == "ashr":
        return np.right_shift(a, count)
    unsigned = np.dtype(f"uint{width}")
    return np.right_shift(a.view(unsigned), count.view(unsigned)).view(a.dtype)
