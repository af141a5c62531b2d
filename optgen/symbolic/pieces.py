"""The line cut into pieces on which a function rises, falls, is constant or has no value, and the points between.

A piece is certain: Arb encloses the derivative on each of its cells (up to 2^FARTHEST, that there are values at all).
Where that does not decide, a cell is halved; what is left is a bracket of about 2^-50 of its place, or, far out, a
stretch of which nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from flint import arb

from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact

End = Fraction | float  # infinities are floats
INF = float("inf")
MOST = 1_200  # parts of one of the first cells that are looked at
NEAR, FAR = -6, 6  # powers of 2 at which the line is cut at first
FINE = 52
BITS = 200
FARTHEST = 39  # up to here an unbounded cell is enclosed binade by binade: there are values


def bounded(x: End) -> bool:
    return x not in (INF, -INF)


@dataclass(frozen=True, slots=True)
class Piece:
    """From low to high: `kind` is rises, falls, constant, none (no value) or "" (not decided)."""

    low: End
    high: End
    kind: str

    @property
    def narrow(self) -> bool:
        """Whether it stands for a point."""
        return bounded(self.low) and bounded(self.high) and self.high - self.low <= 16 * _least(self.low, self.high)


def pieces(meaning: Meaning, slope: Meaning | None, low: End = -INF, high: End = INF) -> list[Piece]:
    """Consecutive pieces from low to high; neighbours are of different kinds."""
    found: list[Piece] = []
    for cell in (part for first in _cells(low, high) for part in _parts(meaning, slope, *first)):
        if found and found[-1].kind == cell.kind:
            found[-1] = Piece(found[-1].low, cell.high, cell.kind)
        else:
            found.append(cell)
    return found


def _parts(meaning: Meaning, slope: Meaning | None, low: End, high: End) -> Iterator[Piece]:
    """One of the first cells, halved until its parts are decided or narrow, or MOST were looked at."""
    waiting, looked = [(low, high)], 0
    while waiting:
        a, b = waiting.pop()
        kind = _kind(meaning, slope, a, b) if looked < MOST else ""
        looked += 1
        middle = _middle(a, b) if kind == "" and looked < MOST else None
        if middle is None:
            yield Piece(a, b, kind)
        else:
            waiting += [(middle, b), (a, middle)]


def _cells(low: End, high: End) -> Iterator[tuple[End, End]]:
    sizes = [Fraction(2) ** k for k in range(NEAR, FAR + 1)]
    inner = [x for x in sorted([*(-size for size in sizes), *sizes]) if low < x < high]
    ends: list[End] = [low, *inner, high]
    yield from pairwise(ends)


def _middle(a: End, b: End) -> Fraction | None:
    """Where a cell is halved; None for one that is narrow, or unbounded."""
    if not bounded(a) or not bounded(b):
        far = Fraction(2) ** 20
        return -far if a == -INF and b > -far else far if b == INF and a < far else None
    if b - a <= _least(a, b):
        return None
    return (Fraction(a) + Fraction(b)) / 2


def _least(a: End, b: End) -> Fraction:
    sizes: list[Fraction] = [abs(Fraction(a)), abs(Fraction(b)), Fraction(1, 2**8)]
    return max(sizes) * Fraction(1, 1 << FINE)


def _kind(meaning: Meaning, slope: Meaning | None, a: End, b: End) -> str:
    try:
        if bounded(a) and bounded(b):
            try:
                rate = meaning.taylor(exact(Fraction(a)).union(exact(Fraction(b))), 2, BITS)[1]
                return _sign(rate.lower(), rate.upper())
            except Undecided:
                return ""
        ends = (_ball(a), _ball(b))
        meaning.range([ends], BITS)
        kind = "" if slope is None else _sign(*slope.range([ends], BITS))
        return kind if kind and _has_values(meaning, a, b) else ""
    except Undefined:
        return "none"


def _has_values(meaning: Meaning, a: End, b: End) -> bool:
    """Whether the function has a value all over an unbounded cell; else, whether it has up to FARTHEST."""
    if meaning.bounded([(_ball(a), _ball(b))], BITS):
        return True
    sign, least = (1, Fraction(a)) if b == INF else (-1, -Fraction(b))
    if least <= 0:
        return False
    try:
        while least < 2**FARTHEST:
            meaning.value([exact(sign * least).union(exact(sign * least * 2))], BITS)
            least *= 2
    except Undecided:
        return False
    return True


def _sign(low: Any, high: Any) -> str:
    if low.is_zero() and high.is_zero():
        return "constant"
    return "rises" if low >= 0 else "falls" if high <= 0 else ""


def _ball(x: End) -> Any:
    return arb(float(x)) if not bounded(x) else exact(Fraction(x))


def bisected(meaning: Meaning, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction] | None:
    """A zero between two points at which the function has different signs, enclosed; None if the signs are the same."""
    first, last = _side(meaning, low), _side(meaning, high)
    if first * last >= 0:
        return None
    while high - low > _least(low, high) / 2**8:
        middle = (low + high) / 2
        here = _side(meaning, middle)
        if here == 0:
            return middle, middle
        low, high = (middle, high) if here == first else (low, middle)
    return low, high


def _side(meaning: Meaning, x: Fraction) -> int:
    try:
        value = meaning.refined([x], 30)
    except (Undecided, Undefined):
        return 0
    return 1 if value > 0 else -1 if value < 0 else 0
