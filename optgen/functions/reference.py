"""What a function of one argument is at every float32, with a bound on the error of that knowledge.

The inputs are cut into blocks of consecutive floats.  On a block f is a polynomial in s = (x - centre) * scale with
double coefficients, |s| <= 1, and |f(x) - computed polynomial| <= `slack`: the remainder (an enclosure of a Taylor
coefficient on the whole block, times the half-width to its power), what rounding the coefficients lost, and what
Horner's rule in fused double arithmetic loses.  Where f is so close to a multiple of x that no double tells them apart
(x/2 of gelu near 0, a tie for half of the smallest floats), the polynomial is that multiple and `lean` says on which
side of it f lies.  A block is cut in two until slack <= 2^-ACCURACY ulp of the smallest
|f| on it, or of the floor of the claim's accuracy if that is more.  One float alone is asked of Arb; where it has no
value there, it is `special`: a zero, a pole, an end.

No library's double takes part: every number here is Arb's with its radius, or a bound of this file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import arb

from optgen.functions.errors import DEGREE, HUGE, TINY, UNIT, Refused, rounding, upper
from optgen.functions.floats import INFINITE, LARGEST, SIGN, binades, float_of, ulp_exponent
from optgen.functions.request import SPACING
from optgen.functions.turns import FROM, Turned, turned
from optgen.ir.nodes import Input, Scalar
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of
from optgen.symbolic.ranges import Range

ACCURACY = 20  # slack is at most 2^-20 ulp
PRECISION = 96
SATURATION_PRECISION = 512  # tells 1 - erf(x) from 0 where it matters: 160 bits below 1, against factors up to 2^128
LEAN_TERMS = 6
LEAN_PRECISION = 640  # for f - x/2 relative to x^2, where x is the smallest float
COARSE = 1 << 16  # inputs of a block that is cut once more to learn on which side f lies
LIMIT = 40_000  # blocks and special inputs; their making takes about 60 us each
ALL = ((1, LARGEST), (SIGN | 1, SIGN | LARGEST))
ENDS = (0, SIGN, INFINITE, SIGN | INFINITE)

BLOCK = np.dtype(
    [("first", np.uint32), ("count", np.uint32), ("centre", np.float64), ("scale", np.float64),
     ("slack", np.float64), ("lean", np.float64), ("coefficients", np.float64, (DEGREE + 1,))]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """Blocks of known values, ranges (first, count) where f has no value, and the bits of the special inputs: those
    found (zeros, poles, ends of the domain), and those of the format in `ends` (zeros and infinities)."""

    meaning: Meaning
    blocks: Any  # array of BLOCK
    undefined: tuple[tuple[int, int], ...]
    special: tuple[int, ...]
    turns: Turned | None = None
    ends: tuple[int, ...] = ENDS

    @property
    def inputs(self) -> int:
        """How many floats the blocks hold."""
        return int(self.blocks["count"].sum()) + (int(self.turns.blocks["count"].sum()) if self.turns else 0)


def reference(
    expression: Scalar,
    argument: Input,
    ranges: Sequence[tuple[int, int]] | None = None,
    ends: tuple[int, ...] | None = None,
    turns: bool = True,
    floor: int = SPACING,
) -> Reference:
    """The reference of an expression on ranges of bits (first, last) of one sign each, with the `ends` that belong to
    them; by default on all floats.  Without `turns`, sin and cos are in plain blocks as well.  Where no ulp counts as
    less than 2^`floor`, blocks may hold zeros.

    >>> reference(exp(x), x).inputs        # every float but zeros, infinities and NaN
    """
    meaning = Meaning.of(expression, [argument])
    blocks: list[tuple[Any, ...]] = []
    undefined: list[tuple[int, int]] = []
    special: list[int] = []
    whole = [piece for first, last in ranges or ALL for piece in binades(first, last)]
    far = [piece for piece in whole if piece[0] & ~SIGN >= FROM]
    around = turned(meaning, far) if turns else None
    near = whole if around is None else [piece for piece in whole if piece[0] & ~SIGN < FROM]
    for first, count, found in _pieces(meaning, near, floor):
        if found is None:
            undefined.append((first, count))
        elif found == "special":
            special.append(first)
        else:
            blocks.append((first, count, *found))
        if len(blocks) + len(special) > LIMIT:
            raise _too_fast(first)
    made = np.array(blocks, dtype=BLOCK)
    ordered = made[np.argsort(made["first"])]
    own = ENDS if ranges is None else ends or ()
    return Reference(meaning, ordered, _merged(undefined), tuple(sorted(special)), around, own)


def _too_fast(bits: int) -> Refused:
    return Refused(f"the function varies too fast near {float_of(bits):.9g}: state a smaller domain")


def _merged(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The ranges in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for first, count in sorted(ranges):
        if merged and sum(merged[-1]) == first:
            merged[-1] = (merged[-1][0], merged[-1][1] + count)
        else:
            merged.append((first, count))
    return tuple(merged)


def _pieces(meaning: Meaning, ranges: Sequence[tuple[int, int]], floor: int) -> Iterator[tuple[int, int, Any]]:
    """(first, count, block | None | "special"): the work list of blocks that are cut until they fit."""
    work, tried = list(ranges), 0
    while work:
        first, last = work.pop()
        tried += 1
        if tried > 3 * LIMIT:
            raise _too_fast(first)
        try:
            found: Any = _block(meaning, first, last, floor)
            if found is None and first < last:
                found = _saturated(meaning, first, last)
        except Undefined:
            yield first, last - first + 1, None
            continue
        if found is None and first < last:
            middle = (first + last) // 2
            work += [(first, middle), (middle + 1, last)]
        else:
            yield first, last - first + 1, "special" if found is None else found


def _saturated(meaning: Meaning, first: int, last: int) -> tuple[Any, ...] | None:
    """A constant block where all values overflow for certain, or are far below the smallest float; raises Undefined."""
    low, high = sorted((float_of(first), float_of(last)))
    constant = _beyond(meaning.range([(exact(low), exact(high))], SATURATION_PRECISION))
    return None if constant is None else (low, 1.0, *constant)


def _block(meaning: Meaning, first: int, last: int, floor: int) -> tuple[Any, ...] | None:
    """Centre, scale, slack, lean and coefficients for the floats first .. last, None where they must be cut."""
    low, high = float_of(first), float_of(last)
    if first == last:
        return _single(meaning, low)
    centre = (low + high) / 2
    radius = abs(high - centre)
    try:
        wide = meaning.taylor(arb(centre, radius * (1 + 2.0**-40)), DEGREE + 2, PRECISION)
        precision, at = _centred(meaning, centre)
        if precision > PRECISION:
            wide = meaning.taylor(arb(centre, radius * (1 + 2.0**-40)), DEGREE + 2, precision)
    except Undecided:
        return None
    made = _fitted(wide, at, centre, radius, floor)
    simple = made and _multiple(made[4][0], centre)
    if not made or not simple:
        return made
    leaning = _leaning(meaning, centre, radius, simple)
    return leaning or (None if last - first > COARSE else made)


def _centred(meaning: Meaning, centre: float) -> tuple[int, list[Any]]:
    """Bits that leave 60 in the value at the centre, and the Taylor coefficients there; `Undecided` above 2048."""
    precision, point = PRECISION, exact(centre)
    while precision <= 2048:
        at = meaning.taylor(point, DEGREE + 1, precision)
        if at[0].rel_accuracy_bits() >= 60 or at[0].is_zero():
            return precision, at
        precision *= 2
    raise Undecided("the value at the centre cancels")


def _beyond(ends: Range) -> tuple[float, float, list[float]] | None:
    """Slack, lean and coefficients of values beyond the floats, or 0 itself (without sign); None if some are within."""
    rest = [0.0] * DEGREE
    low, high = ends
    if low > HUGE or high < -HUGE:
        return 0.0, 0.0, [HUGE if low > HUGE else -HUGE, *rest]
    if low.is_zero() and high.is_zero():
        return 0.0, 0.0, [0.0, *rest]
    if (low >= 0 and high < TINY) or (high <= 0 and low > -TINY):
        return TINY, 0.0, [TINY / 2 if high > 0 else -TINY / 2, *rest]
    return None


def _single(meaning: Meaning, x: float) -> tuple[Any, ...] | None:
    """One float: its value to 60 bits; None where f is 0 exactly, or has no value and is not certainly undefined."""
    try:
        value = meaning.refined([x], 60)
    except Undecided:
        return None
    if value.is_zero():
        return None
    constant = _beyond((value.lower(), value.upper()))
    if constant is not None:
        return x, 1.0, *constant
    nearest = float(value)
    return x, 1.0, abs(nearest) * 2 * UNIT + 2.0**-1070, 0.0, [nearest, *([0.0] * DEGREE)]


def _fitted(wide: Sequence[Any], at: Sequence[Any], centre: float, radius: float, floor: int) -> tuple[Any, ...] | None:
    """The block with the number of terms whose remainder is least, None if its slack is too large."""
    reach = 2.0 ** math.frexp(radius)[1]
    ratio = radius / reach
    scaled = [ball * arb(reach) ** k for k, ball in enumerate(wide)]
    try:
        remainders = [upper(ball) * ratio**k * (1 + 2.0**-40) for k, ball in enumerate(scaled)]
    except (Undecided, OverflowError):
        return None
    terms = min(range(1, DEGREE + 2), key=lambda k: remainders[k])
    coefficients, slack = [], remainders[terms]
    for k in range(terms):
        exactly = at[k] * arb(reach) ** k
        nearest = float(exactly.mid())
        coefficients.append(nearest)
        slack += upper(exactly.rad()) + abs(nearest) * UNIT + 2.0**-1074
    slack = (slack + rounding(coefficients)) * (1 + 2.0**-20) + 2.0**-1060
    smallest = abs(coefficients[0]) - sum(map(abs, coefficients[1:])) * (ratio + 2.0**-40) - slack
    if not smallest > 0 and floor == SPACING:
        return None
    if not slack <= 2.0 ** (max(ulp_exponent(max(smallest, 0.0)), floor) - ACCURACY):
        return None
    return centre, 1.0 / reach, slack, 0.0, coefficients + [0.0] * (DEGREE + 1 - terms)


def _multiple(value: float, centre: float) -> Fraction | None:
    """The factor with few bits that f is of x within 2^-45, if ties are to be feared of such products."""
    factor = Fraction(value) / Fraction(centre)
    simple = Fraction(round(factor * 2**12), 2**12)
    if simple == 0 or abs(factor / simple - 1) > 2.0**-45 or abs(simple.numerator).bit_length() > 8:
        return None
    power = abs(simple.numerator) & (abs(simple.numerator) - 1) == 0
    exact_in_floats = power and (abs(value) > 2.0**-124 or simple.denominator == 1)
    return None if exact_in_floats else simple


def _leaning(meaning: Meaning, centre: float, radius: float, simple: Fraction) -> tuple[Any, ...] | None:
    """The block of a multiple of x, if f certainly is that, or lies on one side of it and within 2^-44 of f."""
    value = float(simple * Fraction(centre))
    try:
        middle = meaning.taylor(exact(centre), LEAN_TERMS, LEAN_PRECISION)
        wide = meaning.taylor(arb(centre, radius * (1 + 2.0**-40)), LEAN_TERMS + 1, LEAN_PRECISION)
        with precision_of(LEAN_PRECISION):
            off = middle[0] - exact(centre) * exact(simple)
            slopes = [middle[1] - exact(simple), *middle[2:], wide[LEAN_TERMS]]
            change = sum((abs(slope) * exact(radius) ** (k + 1) for k, slope in enumerate(slopes)), arb(0))
            side = 1.0 if off > change else -1.0 if -off > change else 0.0
            same = bool(off.is_zero() and change.is_zero())
            most = 0.0 if same else upper(abs(off) + change)
    except Undecided:
        return None
    if (side == 0.0 and not same) or most > abs(value) * 2.0**-44:
        return None
    reach = 2.0 ** math.frexp(radius)[1]
    linear = [value, float(simple * Fraction(reach))]
    return centre, 1.0 / reach, most, side, linear + [0.0] * (DEGREE - 1)


def audit(known: Reference, points: int, seed: int = 0) -> list[int]:
    """The bits of random inputs where the bound of a block does not hold, against Arb alone: none, or a defect here.

    Polynomials are evaluated exactly, so that only the remainder and the coefficients are looked at.  Blocks of values
    that overflow or vanish are passed over.
    """
    draw = np.random.default_rng(seed)
    broken = []
    for block in known.blocks[draw.integers(0, len(known.blocks), points if len(known.blocks) else 0)]:
        bits = int(block["first"]) + int(draw.integers(0, int(block["count"])))
        if abs(block["coefficients"][0]) in (HUGE, TINY / 2, 0.0):
            continue  # saturated, or 0: Arb has no 80 bits there
        value = known.meaning.refined([float_of(bits)], 80 if block["lean"] == 0 else LEAN_PRECISION)
        s = (Fraction(float_of(bits)) - Fraction(float(block["centre"]))) * Fraction(float(block["scale"]))
        polynomial = Fraction(0)
        for coefficient in block["coefficients"][::-1]:
            polynomial = polynomial * s + Fraction(float(coefficient))
        with precision_of(LEAN_PRECISION):
            polynomial_ball = arb(flint.fmpq(polynomial.numerator, polynomial.denominator))
            off = abs(value - polynomial_ball)
            side = value > polynomial_ball if block["lean"] > 0 else value < polynomial_ball
            if not off <= float(block["slack"]) or (block["lean"] != 0 and not side):
                broken.append(bits)
    return broken
