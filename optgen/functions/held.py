"""Whether guarantees hold: of the meaning, by values that Arb encloses; of a program, on every float32 of a domain.

A program is run over all arguments in their order on the line.  Neighbours show whether it is monotone, the same bits
with the other sign whether it is odd or even; NaN is passed over (what is NaN is the sweep's business).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from optgen.functions.floats import INFINITE, SIGN, bits_of, float_of
from optgen.functions.guarantees import Guarantees
from optgen.functions.request import Domain
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact

CHUNK = 1 << 20
WINDOW, STRIDE = 64, 1 << 16  # of a quick look: so many neighbours of so many
BITS = 100
Apply = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """The first argument at which a guarantee does not hold, and what is wrong there."""

    guarantee: str
    x: float
    found: float
    sentence: str


# ---------------------------------------------------------------- the meaning


def contradiction(meaning: Function, asked: Guarantees, domain: Domain | None) -> str | None:
    """A sentence that says where the function itself is not as asked; None if no value that was looked at says so.

    What it says is proved: by two or three values and their enclosures.
    """
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))
    values = [(x, value) for x in _points(domain, asked) if (value := _value(compiled, x)) is not None]
    looks = [
        _turning(values) if asked.monotone else None,
        _uneven(compiled, values, asked.parity) if asked.parity else None,
        _outside(values, asked.range) if asked.range is not None else None,
        _inexact(compiled, asked),
    ]
    return next((sentence for sentence in looks if sentence is not None), None)


def direction(meaning: Function, domain: Domain | None) -> int:
    """1 for a function that rises somewhere, -1 for one that falls, 0 for neither; of a monotone one that is all."""
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))
    last: Any = None
    for x in _points(domain, Guarantees()):
        value = _value(compiled, x)
        if value is not None and last is not None and (value > last or value < last):
            return 1 if value > last else -1
        last = value if value is not None else last
    return 0


def _points(domain: Domain | None, asked: Guarantees) -> list[Fraction]:
    """Points of many sizes, and points all over a small domain; those at which an exact value is asked."""
    sizes = [Fraction(8 + k, 8) * Fraction(2) ** e for e in range(-12, 8) for k in range(8)]
    points = {Fraction(0), *sizes, *(-size for size in sizes)}
    if domain is not None:
        points = {x for x in points if domain.low <= x <= domain.high}
        low, high = (Fraction(max(min(end, 2.0**100), -(2.0**100))) for end in (domain.low, domain.high))
        points |= {low + (high - low) * Fraction(k, 64) for k in range(65)}
    points |= {Fraction(x) for x, _ in asked.exact if abs(x) < float("inf")}
    return sorted(points)


def _value(meaning: Meaning, x: Fraction) -> Any:
    try:
        return meaning.refined([x], BITS)
    except (Undefined, Undecided):
        return None


def _turning(values: list[tuple[Fraction, Any]]) -> str | None:
    rises = falls = None
    for (a, at_a), (b, at_b) in pairwise(values):
        rises = rises or ((a, at_a, b, at_b) if at_b > at_a else None)
        falls = falls or ((a, at_a, b, at_b) if at_b < at_a else None)
    if rises is None or falls is None:
        return None
    up, down = (f"{_short(v)} at {float(a):g}, {_short(w)} at {float(b):g}" for a, v, b, w in (rises, falls))
    return f"it is not monotone: it rises ({up}) and falls ({down})"


def _uneven(meaning: Meaning, values: list[tuple[Fraction, Any]], parity: str) -> str | None:
    for x, value in values:
        mirrored = _value(meaning, -x)
        if mirrored is None:
            continue
        if (value + mirrored if parity == "odd" else value - mirrored).contains(0):
            continue
        return f"it is not {parity}: {_short(value)} at {float(x):g}, {_short(mirrored)} at {float(-x):g}"
    return None


def _outside(values: list[tuple[Fraction, Any]], ends: tuple[float, float]) -> str | None:
    low, high = ends
    for x, value in values:
        if value < exact(low) or value > exact(high):
            return f"it leaves [{low:g}, {high:g}]: it is {_short(value)} at {float(x):g}"
    return None


def _inexact(meaning: Meaning, asked: Guarantees) -> str | None:
    for x, y in asked.exact:
        value = _value(meaning, Fraction(x)) if abs(x) < float("inf") and abs(y) < float("inf") else None
        if value is not None and not value.contains(exact(y)):
            return f"it is {_short(value)} at {x:g}, not {y!r}"
    return None


def _short(value: Any) -> str:
    return f"{float(value.mid()):.9g}"


# ---------------------------------------------------------------- a program


def violation(
    apply: Apply,
    asked: Guarantees,
    meaning: Function,
    domain: Domain | None = None,
    full: bool = True,
) -> Violation | None:
    """The first violation of a guarantee by results of `apply` (arrays of float32); None if all hold.

    With `full` every float32 of the domain is run, else a few neighbours of each of many places, which proves nothing.
    """
    found = _not_exact(apply, asked)
    if found is not None or not (asked.monotone or asked.parity or asked.range):
        return found
    rises = direction(meaning, domain) if asked.monotone else 0
    for half in (SIGN, 0):
        last: tuple[float, float] | None = None
        for bits in _chunks(domain, half, full):
            x = (bits | np.uint32(half)).view(np.float32)
            y = apply(x)
            found = _beyond(x, y, asked.range) or (_lopsided(apply, x, y, asked.parity, domain) if not half else None)
            if found is None and asked.monotone:
                found, last = _turned_back(x, y, last, rises * (-1 if half else 1), rises)
            if found is not None:
                return found
    return _across_zero(apply, domain, rises) if asked.monotone else None


def _chunks(domain: Domain | None, half: int, full: bool) -> Iterator[Any]:
    """The sizes, as bits, of the numbers of one sign in a domain, from 0 outwards."""
    first, last = 0, INFINITE
    if domain is not None:
        low, high = (-domain.high, -domain.low) if half else (domain.low, domain.high)
        if high < 0:
            return
        first, last = bits_of(_single(max(low, 0.0), 1)), bits_of(_single(high, -1))
    if full:
        for start in range(first, last + 1, CHUNK):
            yield np.arange(start, min(start + CHUNK, last + 1), dtype=np.uint32)
        return
    starts = np.arange(first - first % STRIDE, last + 1, STRIDE, dtype=np.int64)
    inside = (starts[:, None] + np.arange(WINDOW)).reshape(-1)
    yield np.append(inside[(inside >= first) & (inside < last)], last).astype(np.uint32)


def _not_exact(apply: Apply, asked: Guarantees) -> Violation | None:
    for x, y in asked.exact:
        (found,) = apply(np.array([x], np.float32))
        if found != np.float32(y):
            return Violation(f"exact {x!r} {y!r}", x, float(found), f"the result at {x:g} is {found}, not {y!r}")
    return None


def _beyond(x: Any, y: Any, ends: tuple[float, float] | None) -> Violation | None:
    if ends is None:
        return None
    low, high = np.float32(_single(ends[0], 1)), np.float32(_single(ends[1], -1))
    wrong = np.flatnonzero((y < low) | (y > high))
    if not len(wrong):
        return None
    at = int(wrong[0])
    said = f"the result at {_name(x[at])} is {y[at]}, outside [{ends[0]:g}, {ends[1]:g}]"
    return Violation("range", float(x[at]), float(y[at]), said)


def _single(end: float, toward: int) -> float:
    """The float32 nearest to an end of a range that lies in it."""
    bits = bits_of(end)
    made = float_of(bits)
    if (made < end and toward > 0) or (made > end and toward < 0):
        return float(np.nextafter(np.float32(made), np.float32(toward * np.inf)))
    return made


def _lopsided(apply: Apply, x: Any, y: Any, parity: str, domain: Domain | None) -> Violation | None:
    """Where f(-x) is not f(x), or -f(x), to the bit."""
    if not parity:
        return None
    if domain is not None:
        both = (-x >= domain.low) & (-x <= domain.high)
        x, y = x[both], y[both]
    mirrored = apply(-x)
    wanted = -y if parity == "odd" else y
    same = (wanted.view(np.uint32) == mirrored.view(np.uint32)) | (np.isnan(y) & np.isnan(mirrored))
    wrong = np.flatnonzero(~same)
    if not len(wrong):
        return None
    at = int(wrong[0])
    said = f"the results at {_name(x[at])} and {_name(-x[at])} are {y[at]} and {mirrored[at]}"
    return Violation(parity, float(x[at]), float(y[at]), said)


def _turned_back(
    x: Any, y: Any, last: tuple[float, float] | None, sign: int, rises: int
) -> tuple[Violation | None, tuple[float, float] | None]:
    """Where a result is beyond the one before it, seen from 0 outwards; and the last result of the chunk."""
    if np.isnan(y).any():
        numbers = ~np.isnan(y)
        x, y = x[numbers], y[numbers]
    if last is not None:
        x, y = np.append(np.float32(last[0]), x), np.append(np.float32(last[1]), y)
    if not len(y):
        return None, last
    wrong = np.flatnonzero((y[1:] < y[:-1]) if sign > 0 else (y[1:] > y[:-1]) if sign < 0 else (y[1:] != y[:-1]))
    if not len(wrong):
        return None, (float(x[-1]), float(y[-1]))
    at = int(wrong[0]) + 1
    word = {1: "rise", -1: "fall", 0: "stay as they are"}[rises]
    said = f"results should {word}, and are {y[at - 1]} at {_name(x[at - 1])}, {y[at]} at {_name(x[at])}"
    return Violation("monotone", float(x[at]), float(y[at]), said), None


def _across_zero(apply: Apply, domain: Domain | None, rises: int) -> Violation | None:
    """The two zeros, and with them the negative and the positive numbers."""
    if domain is not None and not domain.low <= 0 <= domain.high:
        return None
    below, above = (float(y) for y in apply(np.array([-0.0, 0.0], np.float32)))
    if (above < below) if rises > 0 else (above > below) if rises < 0 else (above != below and above == above):
        return Violation("monotone", 0.0, above, f"results turn back from {below} at -0 to {above} at 0")
    return None


def _name(x: Any) -> str:
    return f"{x!s} ({float(x).hex()})"


def with_found(asked: Guarantees, found: Violation | None) -> dict[str, Any]:
    """What a certificate says of guarantees."""
    broken = None if found is None else {"guarantee": found.guarantee, "at": found.x.hex(), "says": found.sentence}
    return {"asked": asked.words(), "broken": broken}
