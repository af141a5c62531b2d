"""References of functions that see their argument only through sin, cos and tan: the argument in turns.

A float x = m 2^e is u = x/(2 pi) turns, of which only the fraction counts: u = m * turn(e) mod 1 with turn(e) =
2^e/(2 pi) mod 1 to 128 bits, in integers (an error below 2^-104 turns for every float).  The turn is cut into PIECES
intervals, on each of which f is a polynomial in the distance from its centre; at a centre where f is exactly 0 the
bound is relative, and near a pole the polynomial is that of 1/f.  The idea of exact reduction is Payne and Hanek's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from optgen.functions.errors import DEGREE, UNIT, Refused, rounding, upper
from optgen.functions.floats import SIGN
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of

PIECES_LOG = 8
PIECES = 1 << PIECES_LOG
FROM = 127 << 23  # the bits of 1: below, plain blocks are as good
REDUCTION = 2.0**-52  # relative error of the distance as a double
FRACTION = 2.0**-95  # and absolute, in half-widths of a piece
PRECISION = 160
LARGEST_QUOTIENT = 2.0**40  # beyond, the comparison reports an infinite error

TURN = np.dtype([("first", np.uint32), ("count", np.uint32), ("low", np.uint64), ("high", np.uint64)])
PIECE = np.dtype(
    [("slack", np.float64), ("relative", np.float64), ("invert", np.float64),
     ("coefficients", np.float64, (DEGREE + 1,))]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turned:
    """Blocks (one binade of arguments each, or less) and the pieces of the turn they all read."""

    blocks: Any  # array of TURN
    pieces: Any  # array of PIECE


def turned(meaning: Meaning, ranges: Sequence[tuple[int, int]]) -> Turned | None:
    """The reference on ranges of bits within one binade each, all with |x| >= 1; None if f is not of this kind."""
    form = meaning.in_turns()
    if form is None:
        return None
    pieces = np.array([_piece(form, number) for number in range(PIECES)], dtype=PIECE)
    blocks = [(first, last - first + 1, *_turn(first)) for first, last in ranges]
    return Turned(np.array(blocks, dtype=TURN), pieces)


def _turn(bits: int) -> tuple[int, int]:
    """2^e/(2 pi) mod 1 in units of 2^-128, low and high half, where the floats of this binade are m 2^e."""
    exponent = ((bits & ~SIGN) >> 23) - 150
    with precision_of(512):
        scaled = arb(2) ** (exponent + 128) / (2 * arb.pi())
        whole = scaled.floor().unique_fmpz()
    if whole is None:
        raise Refused("the argument's reduction is not known to 128 bits")
    value = int(whole) & ((1 << 128) - 1)
    return value & ((1 << 64) - 1), value >> 64


def _piece(form: Meaning, number: int) -> tuple[float, float, float, list[float]]:
    """Slack, relative slack, whether it is that of 1/f, coefficients in half-widths of the piece."""
    centre, half = number / PIECES, 0.5 / PIECES
    plain, error = _fit(form, centre, half)
    inverse = form.reciprocal()
    if inverse is not None and (plain is None or abs(plain[0]) > 1):
        turned_over, over = _fit(inverse, centre, half)
        if turned_over is not None and (plain is None or over < error):
            return _bounds(turned_over, over, True)
    if plain is None:
        raise Refused(f"the function has a pole near {2 * math.pi * centre:.6g}, and is no quotient")
    return _bounds(plain, error, False)


def _fit(form: Meaning, centre: float, half: float) -> tuple[list[float] | None, float]:
    """Coefficients, and an upper bound of the error apart from what scales with the value near a zero."""
    try:
        wide = form.taylor(arb(centre, half * 1.001), DEGREE + 2, PRECISION)
        at = form.taylor(exact(centre), DEGREE + 1, PRECISION)
        error = upper(wide[DEGREE + 1]) * half ** (DEGREE + 1) * 1.01
    except (Undecided, Undefined):
        return None, math.inf
    coefficients = []
    for k, ball in enumerate(at):
        exactly = ball * exact(half) ** k
        coefficients.append(float(exactly.mid()))
        error += upper(exactly.rad()) + abs(coefficients[k]) * UNIT
    error += rounding(coefficients[1:] if at[0].is_zero() else coefficients)
    slope = sum(k * abs(c) for k, c in enumerate(coefficients))
    return coefficients, error + slope * REDUCTION * 1.01


def _bounds(coefficients: list[float], error: float, invert: bool) -> tuple[float, float, float, list[float]]:
    rest = sum(map(abs, coefficients[1:]))
    fraction = rest * DEGREE * FRACTION
    flag = 1.0 if invert else 0.0
    if coefficients[0] == 0.0:
        least = abs(coefficients[1]) - sum(map(abs, coefficients[2:]))
        if not least > 0:
            raise Refused("a double zero of a periodic function")
        relative = (error / least + 3 * UNIT) * 1.01
        if invert:  # an error a of q is one of a/q^2 <= a/|q| * LARGEST_QUOTIENT of 1/q
            return 0.0, relative + 2 * fraction * LARGEST_QUOTIENT, flag, coefficients
        return fraction * 1.01, relative, flag, coefficients
    if not invert:
        return (error + fraction) * 1.01, 0.0, flag, coefficients
    least = abs(coefficients[0]) - rest
    if not least > 0:
        raise Refused("a zero of 1/f that is no centre")
    return 0.0, ((error + fraction) / least + 3 * UNIT) * 1.01, flag, coefficients
