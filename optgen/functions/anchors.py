"""Where a function must be looked at from close by: its zeros, poles, kinks and ends of the domain.

They are read from the reference: its blocks shrink towards such a point, change their sign at a zero, and leave out
what has no value.  Each point is then enclosed to 2^-LEAST of itself by bisection, with signs or with the question
whether Arb finds a Taylor series across the bracket.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from optgen.functions.errors import Refused
from optgen.functions.floats import SIGN, float_of
from optgen.functions.reference import Reference
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of

SMALL = 4  # inputs of a block that shows that something is near
TINY = 2.0**-120  # blocks below are small by nature
MOST = 12
STEPS = 150


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point z = `at` (to about 45 digits, or exactly) and the arguments, `low` to `high`, that are seen from it."""

    at: Fraction
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive floats in the order of the line: a block with its sign, or a special or undefined stretch."""

    low: float
    high: float
    inputs: int
    sign: int  # 0 where there is no value, or it is 0


def anchors(known: Reference) -> tuple[Anchor, ...]:
    """The anchors but 0, from left to right; raises `Refused` if there are more than MOST."""
    points: list[Fraction] = []
    for left, right in _brackets(_line(known)):
        found = _point(known.meaning, left, right)
        if found is not None and all(abs(found - other) > abs(found) / 2**22 for other in points):
            points.append(found)
    if len(points) > MOST:
        raise Refused(f"the function has more than {MOST} zeros, poles and kinks on its domain")
    return tuple(_regions(sorted(points)))


def _line(known: Reference) -> list[Piece]:
    pieces = [_piece(int(b["first"]), int(b["count"]), 1 if b["coefficients"][0] > 0 else -1) for b in known.blocks]
    pieces += [_piece(first, count, 0) for first, count in known.undefined]
    pieces += [_piece(bits, 1, 0) for bits in known.special]
    return sorted(pieces, key=lambda piece: piece.low)


def _piece(first: int, count: int, sign: int) -> Piece:
    low, high = sorted((float_of(first), float_of(first + count - 1)))
    return Piece(low, high, count, sign)


def _brackets(line: Sequence[Piece]) -> Iterator[tuple[float, float]]:
    """Stretches of the line that may hold a point: around small blocks, and where the sign changes."""
    start: int | None = None
    for k, piece in enumerate(line):
        small = piece.inputs <= SMALL and max(abs(piece.low), abs(piece.high)) > TINY
        changes = k > 0 and line[k - 1].sign != piece.sign and line[k - 1].high * piece.low > 0
        if small or changes:
            start = k if start is None else start
        elif start is not None:
            yield line[max(start - 1, 0)].high, piece.low
            start = None
    if start is not None:
        yield line[max(start - 1, 0)].high, line[-1].high


def _sign(meaning: Meaning, x: Fraction) -> int:
    try:
        value = meaning.value([_point_ball(x)], 512)
    except (Undefined, Undecided):
        return 0
    return 1 if value > 0 else -1 if value < 0 else 0


def _point_ball(x: Fraction) -> arb:
    with precision_of(700):
        return arb(exact(x.numerator)) / arb(exact(x.denominator))


def _point(meaning: Meaning, low: float, high: float) -> Fraction | None:
    """The zero or singular point between two floats, None if the function is smooth and of one sign there."""
    a, b = Fraction(low), Fraction(high)
    if a == b:
        return a
    signs = _sign(meaning, a), _sign(meaning, b)
    by_sign = signs[0] * signs[1] < 0 and not _breaks(meaning, a, b)
    if not by_sign and not _breaks(meaning, a, b):
        return None
    for _ in range(STEPS):
        middle = (a + b) / 2
        if by_sign:
            here = _sign(meaning, middle)
            if here == 0:
                return middle
            a, b = (middle, b) if here == signs[0] else (a, middle)
        else:
            a, b = (a, middle) if _breaks(meaning, a, middle) else (middle, b)
    return _simplest(a, b)


def _simplest(a: Fraction, b: Fraction) -> Fraction:
    """A float between the ends (with room for one step of bisection) if there is one, else the middle."""
    room = b - a
    nearest = Fraction(float((a + b) / 2))
    return nearest if a - room <= nearest <= b + room else (a + b) / 2


def _breaks(meaning: Meaning, a: Fraction, b: Fraction) -> bool:
    """Whether Arb finds no Taylor series on the stretch."""
    with precision_of(700):
        ball = _point_ball(a).union(_point_ball(b))
    try:
        meaning.taylor(ball, 3, 600)
    except Undecided:
        return True
    except Undefined:
        return False
    return False


def _regions(points: Sequence[Fraction]) -> Iterator[Anchor]:
    """Each point with half the way to its neighbours, 0 among them."""
    for k, point in enumerate(points):
        others = [Fraction(0), *points[:k], *points[k + 1 :]]
        reach = min(abs(point - other) for other in others) / 2
        yield Anchor(point, float_of(_rounded(point - reach)), float_of(_rounded(point + reach)))


def _rounded(value: Fraction) -> int:
    from optgen.functions.floats import bits_of

    return bits_of(float(value))


__all__ = ["SIGN", "Anchor", "anchors"]
