"""A domain cut into pieces, until the bound of the error is good enough on each.

A piece is cut where what the program decides on it changes (found by running the program), where the function passes a
power of 2, for there the ulp changes, and else in the middle.  Where a cut is decides nothing: what is found on a
piece is certain whatever the piece is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, arb_poly

from optgen.functions.bounds.enclosures import Constant, Enclosure, Form, ends, widened
from optgen.functions.bounds.formats import Format, binade, power
from optgen.functions.bounds.paths import Paths, Piece
from optgen.functions.bounds.rules import Split
from optgen.functions.errors import Refused
from optgen.ir.straight import evaluate
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of

PRECISION = 160
ORDER = 18  # of the function's Taylor polynomials
SAMPLES = 4096  # of a piece, where a decision is looked for
HALVINGS = 6  # of a piece on which nothing is left but the bound itself


@dataclass(frozen=True, slots=True)
class Bound:
    """The error in ulps on all pieces, above; the piece where it is largest, and how many pieces and numbers."""

    error: float
    worst: Piece
    pieces: int
    numbers: int


def bound(
    paths: Paths,
    meaning: Meaning,
    pieces: Iterable[Piece],
    goal: float,
    watch: Callable[[float], None] = lambda _: None,
) -> Bound:
    """The largest error on the pieces, each of them cut until its bound is at most the goal or cuts do not help.

    `watch` is told the error of each as it is done, and 0 now and then; what it raises ends the work.  Raises `Refused`
    where a single number can't be decided.
    """
    found: Bound | None = None
    for piece, error in bounds(paths, meaning, pieces, goal, watch):
        watch(error)
        size = piece.last - piece.first + 1
        if found is None:
            found = Bound(error, piece, 1, size)
        else:
            worst = (error, piece) if error > found.error else (found.error, found.worst)
            found = Bound(*worst, found.pieces + 1, found.numbers + size)
    if found is None:
        raise Refused("a domain without numbers")
    return found


def bounds(
    paths: Paths,
    meaning: Meaning,
    pieces: Iterable[Piece],
    goal: float,
    watch: Callable[[float], None] = lambda _: None,
) -> Iterator[tuple[Piece, float]]:
    """Pieces that together are the given ones, with an upper bound of the error on each."""
    waiting = [(piece, 0) for piece in pieces]
    while waiting:
        watch(0.0)
        piece, halvings = waiting.pop()
        try:
            with precision_of(PRECISION, ORDER):
                error, across = error_on(paths, meaning, piece)
        except Split as split:
            waiting += [(part, halvings) for part in _where_decided(paths, piece, split)]
            continue
        except Undecided as reason:
            if piece.first == piece.last:
                raise Refused(f"nothing is known at {piece.ends(paths.format)[0]!r}: {reason}") from None
            waiting += [(part, halvings) for part in _halves(piece, paths.format)]
            continue
        if error > goal and piece.first < piece.last and (across is not None or halvings < HALVINGS):
            with precision_of(PRECISION):
                parts = _at_power(meaning, piece, across, paths.format) if across else []
            deeper = halvings + (across is None)
            waiting += [(part, deeper) for part in parts or _halves(piece, paths.format)]
            continue
        yield piece, error


def error_on(paths: Paths, meaning: Meaning, piece: Piece) -> tuple[float, Fraction | None]:
    """A bound of the error on a piece in ulps, and a power of 2 inside the function's values (0: its zero), if any."""
    low, high = piece.ends(paths.format)
    found = paths.run(piece)
    try:
        made = [_error(end, meaning, Fraction(low), Fraction(high), paths.format) for end in found]
    except Undefined:
        right = all(isinstance(end, Constant) and end.number != end.number for end in found)
        return 0.0 if right else float("inf"), None
    return max(made, key=lambda pair: pair[0])


def _error(
    value: Enclosure, meaning: Meaning, low: Fraction, high: Fraction, format: Format
) -> tuple[float, Fraction | None]:
    if isinstance(value, Constant):
        first, last = _range(meaning, low, high)
        if not _sound(float(value.number), first, last):
            return float("inf"), None
        first, last = _inside(first, last, format)
        number = arb(value.number) if abs(value.number) < float("inf") else _infinite(format) * arb(value.number).sgn()
        error = max(abs(number - first).upper(), abs(last - number).upper())
    else:
        function = _taylor(meaning, low, high)
        first, last = ends(function)
        error = (value.form + Form(-function, {})).size()  # type: ignore[union-attr]
    if first <= 0 and last >= 0:
        unit, across = format.least, None if first == last else Fraction(0)
    else:
        exponents = [binade(end) for end in (first, last)]
        unit = format.ulp_exponent(min(exponents))
        differ = max(exponents) > max(min(exponents), format.lowest)
        across = power(max(exponents)) if differ else None
    in_ulps = (error / arb(2) ** min(unit, format.ulp_exponent(format.highest))).upper()
    if not in_ulps.is_finite():
        return float("inf"), across
    return float(in_ulps) * (1 + 2.0**-50), across


def _range(meaning: Meaning, low: Fraction, high: Fraction) -> tuple[Any, Any]:
    """Between what the function lies; its value in high precision at one point."""
    if low == high:
        ball = meaning.refined([low], 80)
        return ball.lower(), ball.upper()
    return meaning.range([(exact(low), exact(high))], PRECISION)


def _sound(value: float, first: Any, last: Any) -> bool:
    """Whether it is a number and, if it is 0, of the right sign."""
    negative = str(value).startswith("-")
    return value == value and not (value == 0 and (last < 0 if not negative else first > 0))


def _infinite(format: Format) -> Any:
    """Where infinity stands: the next binade would begin there."""
    return arb(2) ** (format.highest + 1)


def _inside(first: Any, last: Any, format: Format) -> tuple[Any, Any]:
    """A range, all beyond the format as if it were infinite and all far below its least number as next to 0."""
    most, least = _infinite(format), arb(2) ** (format.least - 100)
    first = -most if first < -most else most if first > most else arb(0) if 0 < first < least else first
    last = -most if last < -most else most if last > most else arb(0) if -least < last < 0 else last
    first = -least if -least < first < 0 else first
    return first, (least if 0 < last < least else last)


def _taylor(meaning: Meaning, low: Fraction, high: Fraction) -> Any:
    """A polynomial in t that holds the function at centre + half*t."""
    centre, half = (low + high) / 2, (high - low) / 2
    at, width = exact(centre), exact(half)
    around = meaning.taylor(at, ORDER, PRECISION)
    rest = meaning.taylor(arb(at, width), ORDER + 1, PRECISION)[ORDER]
    coefficients, scale = [], arb(1)
    for coefficient in around:
        coefficients.append(coefficient * scale)
        scale *= width
    return widened(arb_poly(coefficients), rest * scale)


# ---------------------------------------------------------------- cuts


def _halves(piece: Piece, format: Format) -> list[Piece]:
    """The two halves of a piece, cut at a power of 2 where it holds more than one."""
    middle = (piece.first + piece.last + 1) // 2
    unit = 1 << (format.precision - 1)
    rounded = round(middle / unit) * unit
    at = rounded if piece.first < rounded <= piece.last else middle
    return [replace(piece, last=at - 1), replace(piece, first=at)]


def _parts(piece: Piece, starts: Iterable[int]) -> list[Piece]:
    """The piece cut before each of these."""
    bounds = [piece.first, *sorted({at for at in starts if piece.first < at <= piece.last}), piece.last + 1]
    return [replace(piece, first=a, last=b - 1) for a, b in pairwise(bounds)]


def _where_decided(paths: Paths, piece: Piece, split: Split) -> list[Piece]:
    """The piece cut where a decision changes, as runs of the program at samples and by halving between them find."""
    decide = _decision(paths, piece, split)
    low, high = piece.ends(paths.format)
    grid = np.unique(np.concatenate([_spaced(piece), _linear(piece, low, high, paths.format)]))
    made = decide(grid)
    changes = np.flatnonzero(~_same(made[:-1], made[1:]))
    left, right, before = grid[changes], grid[changes + 1], made[changes]
    while len(left) and (right - left).max() > 1:
        middle = left + (right - left) // 2
        same = _same(decide(middle), before)
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    return _parts(piece, right.tolist()) if len(left) else _halves(piece, paths.format)


def _same(a: Any, b: Any) -> Any:
    return (a == b) | ((a != a) & (b != b))


def _decision(paths: Paths, piece: Piece, split: Split) -> Callable[[Any], Any]:
    """What a split depends on, at magnitudes."""
    instructions = paths.program.instructions
    programs = [
        replace(paths.program, instructions=instructions[: max(value + 1, 1)], result=value, plain=None, names=())
        for value in split.values
    ]
    dtype: Any = {"f32": np.float32, "f64": np.float64}[paths.format.type]

    def decide(magnitudes: Any) -> Any:
        x = magnitudes.astype(f"int{8 * dtype().itemsize}").view(dtype)
        x = -x if piece.negative else x
        return split.decides(*(evaluate(program, [x]) for program in programs))

    return decide


def _spaced(piece: Piece) -> Any:
    """Magnitudes at equal steps of their bits, both ends among them."""
    count = min(SAMPLES, piece.last - piece.first)
    return np.array([piece.first + (piece.last - piece.first) * k // max(count, 1) for k in range(count + 1)])


def _linear(piece: Piece, low: float, high: float, format: Format) -> Any:
    """Magnitudes of numbers at equal steps."""
    with np.errstate(all="ignore"):
        numbers = np.abs(low + (high / 2 - low / 2) * np.linspace(0, 2, SAMPLES))
        made = numbers.astype({"f32": np.float32, "f64": np.float64}[format.type])
    return np.clip(made.view(f"int{8 * made.itemsize}").astype(np.int64), piece.first, piece.last)


def _at_power(meaning: Meaning, piece: Piece, limit: Fraction, format: Format) -> list[Piece]:
    """The piece cut where the function's size passes a power of 2; nothing if its ends are on one side."""
    if limit == 0:
        return []
    left, right, power = piece.first, piece.last, exact(limit)

    def beyond(magnitude: int) -> bool | None:
        number = Fraction(format.of_bits(magnitude)) * (-1 if piece.negative else 1)
        value = meaning.value([exact(number)], PRECISION)
        low, high = abs(value.lower()), abs(value.upper())
        return True if min(low, high) > power else False if max(low, high) < power else None

    start, stop = beyond(left), beyond(right)
    if start is None or stop is None:
        return _parts(piece, [left + 1] if start is None else [right])
    if start == stop:
        return []
    while right - left > 1:
        middle = (left + right) // 2
        found = beyond(middle)
        if found is None:
            return _parts(piece, [middle, middle + 1])
        left, right = (middle, right) if found == start else (left, middle)
    return _parts(piece, [right])
