"""What analysis finds of a function of one number: domain, poles, zeros, parity, period, limits, pieces, range.

Pieces, extremes, signs and zeros are enclosed by Arb, so they are certain where they are said.  Three things are read
from values and not proved: what values tend to (`limits`), a symmetry or a period for which `proved` is False, and that
a point whose enclosure holds a simple number is that number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from optgen.ir.nodes import Input, Scalar
from optgen.symbolic import parity
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, near, precision_of, to_fraction
from optgen.symbolic.limits import Expected, at_infinity, from_side, limit
from optgen.symbolic.names import number, point
from optgen.symbolic.pieces import INF, End, Piece, bisected, bounded, pieces

SPECIAL = tuple(Fraction(x) for x in (0, 1, -1, "1/2", "-1/2", 2, -2))
MOST = 12  # points or pieces that are printed
BITS = 200
PERIOD = Fraction(round(math.tau * 2**48) + 1, 2**48)  # of sin, and a little more
CLOSER = (4, 5, 6, 7, 8)  # powers of 2 where those of `limits` are too large for e^-x^2
SHIFTS = (Fraction(1, 7), Fraction(6, 5), Fraction(29, 9))


@dataclass(frozen=True, slots=True)
class Point:
    """A point, enclosed, with what it is (zero, pole, jump, kink, maximum, minimum, end of the domain) and f there."""

    low: Fraction
    high: Fraction
    kind: str
    value: str = ""

    @property
    def name(self) -> str:
        """A simple number that is in the enclosure, `pi/2`, or digits."""
        return point(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.name} (f = {self.value})" if self.value else self.name


@dataclass(frozen=True, slots=True)
class Symmetry:
    """`odd`, `even`, or `periodic` with a period; `proved` by the form of the expression, else seen in values."""

    kind: str
    proved: bool
    period: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.period}".rstrip() + ("" if self.proved else " (in all values looked at; not proved)")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of f on an interval (a periodic f: one period).  Pieces of kind "" are those not decided; f rises
    where it nowhere falls.  An open end of domain or range says only that f is not known there to have that value.

    `left`, `right`: what f tends to at the ends of its domain; `range`: between what its values lie, "" where it is not
    known; `values`: special values that are exact, as (x, f(x))."""

    text: str
    low: End
    high: End
    symmetries: tuple[Symmetry, ...]
    pieces: tuple[Piece, ...]
    points: tuple[Point, ...]
    left: str
    right: str
    range: str
    values: tuple[tuple[Fraction, Fraction], ...]

    def of_kind(self, *kinds: str) -> tuple[Point, ...]:
        """The points of some kinds, from left to right."""
        return tuple(found for found in self.points if found.kind in kinds)

    @property
    def monotone(self) -> str:
        """`rises` or `falls` if all of f does where it has a value, else ""."""
        kinds = {piece.kind for piece in self.pieces if not piece.narrow} - {"none", "constant"}
        return kinds.pop() if len(kinds) == 1 and " and " not in self.domain else ""

    @property
    def domain(self) -> str:
        """Where f has a value, as far as it was decided."""
        stretches: list[list[str]] = []
        for piece in (p for p in self.pieces if not p.narrow):
            if piece.kind == "none":
                stretches.append([])
                continue
            ends = [self._end(piece.low), self._end(piece.high)]
            if stretches and stretches[-1] and stretches[-1][1] == ends[0] and ends[0] not in self._poles():
                stretches[-1][1] = ends[1]
            else:
                stretches.append(ends)
        return " and ".join(f"({low}, {high})" for low, high in (s for s in stretches if s)) or "nowhere"

    def _poles(self) -> set[str]:
        return {found.name for found in self.of_kind("pole")}

    def _end(self, x: End) -> str:
        """The end of a piece: the point in whose bracket it lies."""
        if not bounded(x):
            return "inf" if x > 0 else "-inf"
        here = [p for p in self.points if p.low <= x <= p.high]
        return here[0].name if here else number(Fraction(x))

    def lines(self) -> list[str]:
        """The facts, a line each."""
        return [f"{self.text}", *(f"  {word:<11} {said}" for word, said in self._said() if said)]

    def _said(self) -> Iterator[tuple[str, str]]:
        yield "looked at", f"from {self._end(self.low)} to {self._end(self.high)}"
        yield "domain", self.domain
        yield "symmetry", ", ".join(map(str, self.symmetries))
        for kind in ("zero", "pole", "jump", "kink", "maximum", "minimum"):
            yield f"{kind}s" if kind != "zero" else "zeros", self._listed(self.of_kind(kind))
        wide = [piece for piece in self.pieces if not piece.narrow and piece.kind != "none"]
        nearest = sorted(wide, key=lambda p: min(abs(float(p.low)), abs(float(p.high))))[:MOST]
        runs = [f"{p.kind or 'not decided'} on ({self._end(p.low)}, {self._end(p.high)})" for p in wide if p in nearest]
        yield "pieces", ", ".join(runs) + (f" and {len(wide) - MOST} more" if len(wide) > MOST else "")
        periodic = any(symmetry.kind == "periodic" for symmetry in self.symmetries)
        yield "limits", "" if periodic else f"{self.left}, {self.right}"
        yield "range", self.range
        yield "values", ", ".join(f"f({number(x)}) = {number(y)}" for x, y in self.values)

    def _listed(self, points: tuple[Point, ...]) -> str:
        nearest = sorted(points, key=lambda point: abs(point.low))[:MOST]
        more = f" and {len(points) - MOST} more" if len(points) > MOST else ""
        return ", ".join(str(point) for point in points if point in nearest) + more

    def __str__(self) -> str:
        return "\n".join(self.lines())


def facts(
    text: str, expression: Scalar, slope: Scalar | None, argument: Input, domain: tuple[float, float] | None = None
) -> Facts:
    """The facts of an expression; `slope` is its derivative.  Takes a second, or some for a function with many."""
    meaning, rate = Meaning.of(expression, [argument]), None if slope is None else Meaning.of(slope, [argument])
    found = list(_symmetries(meaning, expression, argument))
    period = PERIOD if domain is None and any(symmetry.kind == "periodic" for symmetry in found) else None
    low, high = (Fraction(0), period) if period is not None else _interval(domain)
    cut = pieces(meaning, rate, low, high)
    between = [_between(meaning, a, b, c) for a, b, c in zip(cut, cut[1:], cut[2:], strict=False) if b.narrow]
    seen = [p for p in between if p is not None]
    merged = _merged(cut, {(p.low, p.high) for p in seen})
    zeros = list(_zeros(meaning, merged))
    zeros += [Point(p.low, p.high, "zero") for p in seen if p.value == "0" and p.kind in ("maximum", "minimum", "kink")]
    listed = sorted([*seen, *zeros], key=lambda p: (p.low, p.kind))
    listed = [p for p in listed if period is None or p.high < period - Fraction(1, 10**9)]
    left, right = _limits(meaning, merged, listed)
    places = [x for x in SPECIAL if any(p.kind != "none" and p.low <= x <= p.high for p in merged)]
    values = tuple((x, y) for x in places if (y := _exact_value(meaning, x)) is not None)
    span = _range(meaning, merged, seen)
    return Facts(text, low, high, tuple(found), tuple(merged), tuple(listed), left, right, span, values)


def _interval(domain: tuple[float, float] | None) -> tuple[End, End]:
    low, high = domain or (-INF, INF)
    return (low if low == -INF else Fraction(low)), (high if high == INF else Fraction(high))


def _symmetries(meaning: Meaning, expression: Scalar, argument: Input) -> Iterator[Symmetry]:
    proved = parity.by_rules(expression, argument)
    sign = proved or parity.by_values(meaning)
    if sign:
        yield Symmetry("even" if sign > 0 else "odd", bool(proved))
    if (form := meaning.in_turns()) is not None and any(step.name.endswith("of turns") for step in form.steps):
        half = _repeats(meaning)
        yield Symmetry("periodic", not half, "pi" if half else "2 pi")


def _repeats(meaning: Meaning) -> bool:
    """Whether f(x + pi) = f(x) in all values looked at."""
    for x in SHIFTS:
        try:
            with precision_of(BITS):
                turned = near(x, BITS) + arb.pi()
            if not (meaning.value([turned], BITS) - meaning.value([near(x, BITS)], BITS)).contains(0):
                return False
        except (Undecided, Undefined):
            continue
    return True


def _merged(cut: list[Piece], kept: set[tuple[End, End]]) -> list[Piece]:
    """The pieces without brackets that stand for nothing: neighbours of one kind are one piece."""
    made: list[Piece] = []
    for piece in cut:
        if piece.narrow and (piece.low, piece.high) not in kept and made:
            made[-1] = Piece(made[-1].low, piece.high, made[-1].kind)
        elif made and made[-1].kind == piece.kind and not made[-1].narrow:
            made[-1] = Piece(made[-1].low, piece.high, piece.kind)
        else:
            made.append(piece)
    return made


def _between(meaning: Meaning, before: Piece, here: Piece, after: Piece) -> Point | None:
    """What stands between two pieces; None if nothing does (a flat point of a function that goes on rising)."""
    low, high = Fraction(here.low), Fraction(here.high)
    at = point_of(low, high)
    sides = [from_side(meaning, at, sign) for sign in (-1, 1)]
    if any(side.kind == "infinite" for side in sides) or _grows(meaning, low, high):
        return Point(low, high, "pole")
    if "none" in (before.kind, after.kind):
        side = sides[0 if after.kind == "none" else 1]
        return Point(low, high, "end", _said(side))
    if sides[0].kind != "nan" and sides[1].kind != "nan" and abs(_size(sides[0]) - _size(sides[1])) > 2.0**-20:
        return Point(low, high, "jump", _value_text(meaning, at))
    kind = {("rises", "falls"): "maximum", ("falls", "rises"): "minimum"}.get((before.kind, after.kind))
    broken = _breaks(meaning, low, high)
    if kind is None and not broken:
        return None
    return Point(low, high, "kink" if broken else str(kind), _value_text(meaning, at))


def _grows(meaning: Meaning, low: Fraction, high: Fraction) -> bool:
    """Whether values grow without end towards a bracket: eight times from 64 widths away to one."""
    width = high - low
    for near_it, further in ((low - width, low - 64 * width), (high + width, high + 64 * width)):
        try:
            here, there = (abs(meaning.refined([x], 30)) for x in (near_it, further))
        except (Undecided, Undefined):
            continue
        if here > 8 * there and here > 2**20:
            return True
    return False


def point_of(low: Fraction, high: Fraction) -> Fraction:
    """The simplest number of a bracket."""
    middle, width = (low + high) / 2, high - low
    for most in (1, 2, 4, 8, 16, 64, 1000):
        simple = middle.limit_denominator(most)
        if low <= simple <= high:
            return simple
    return middle if width else low


def _breaks(meaning: Meaning, low: Fraction, high: Fraction) -> bool:
    """Whether the slopes on the two sides of a bracket differ, or grow towards it."""
    width = high - low
    try:
        meaning.taylor(exact(low).union(exact(high)), 2, BITS)
        return False
    except (Undecided, Undefined):
        pass
    try:
        places = (low - width, high + width, high + 64 * width)
        left, right, further = (meaning.taylor(near(x, BITS), 2, BITS)[1] for x in places)
    except (Undecided, Undefined):
        return True
    return bool(abs(left - right) > max(abs(left), abs(right)) / 2**20 or abs(right) > 8 * abs(further))


def _zeros(meaning: Meaning, cut: list[Piece]) -> Iterator[Point]:
    """A monotone piece has at most one: where the signs at its ends differ."""
    far = Fraction(2) ** 40
    for piece in cut:
        if piece.kind not in ("rises", "falls"):
            continue
        low = -far if piece.low == -INF else Fraction(piece.low)
        high = far if piece.high == INF else Fraction(piece.high)
        found = bisected(meaning, low, high)
        if found is not None:
            yield Point(*found, "zero")
        elif piece.low != -INF and _side_is_zero(meaning, low):
            yield Point(low, low, "zero")


def _side_is_zero(meaning: Meaning, x: Fraction) -> bool:
    try:
        return bool(meaning.value([near(x, BITS)], BITS).is_zero())
    except (Undecided, Undefined):
        return False


def _value_text(meaning: Meaning, x: Fraction) -> str:
    try:
        value = meaning.value([near(x, BITS)], BITS)
    except (Undecided, Undefined):
        return ""
    return number(value)


def _limits(meaning: Meaning, cut: list[Piece], points: list[Point]) -> tuple[str, str]:
    """What the function tends to at the two ends of where it has values: as `limit at end`."""
    wide = [piece for piece in cut if not piece.narrow and piece.kind != "none"]
    if not wide:
        return "", ""
    made = []
    for end, inward in ((wide[0].low, 1), (wide[-1].high, -1)):
        at = _place(end, points)
        side = _tends(meaning, at, inward, _pole(end, points))
        made.append(f"{_said(side)} at {at if not bounded(at) else number(Fraction(at))}")
    return made[0], made[1]


def _place(end: End, points: list[Point]) -> End:
    """The end of a piece: the point in whose bracket it lies."""
    here = [p for p in points if bounded(end) and p.low <= end <= p.high]
    return point_of(here[0].low, here[0].high) if here else end


def _pole(end: End, points: list[Point]) -> Point | None:
    return next((p for p in points if bounded(end) and p.low <= end <= p.high and p.kind == "pole"), None)


def _tends(meaning: Meaning, end: End, inward: int, pole: Point | None = None) -> Expected:
    """The limit at an end of a piece from inside; at a pole its sign, at infinity what ranges say comes first."""
    if pole is not None:
        beside = pole.high + (pole.high - pole.low) if inward > 0 else pole.low - (pole.high - pole.low)
        return Expected("infinite", 1 if meaning.refined([beside], 30) > 0 else -1)
    if bounded(end):
        return from_side(meaning, Fraction(end), inward)
    far = exact(Fraction(2) ** 60)
    try:
        low, high = meaning.range([(far, arb("inf")) if end > 0 else (-arb("inf"), -far)], BITS)
    except Undefined:
        return Expected("nan")
    if low > 2**50 or high < -(2**50):
        return Expected("infinite", 1 if low > 0 else -1)
    if (low >= 0 and high < 2.0**-50) or (high <= 0 and low > -(2.0**-50)):
        return Expected("zero", 1 if low >= 0 else -1)
    sign = 1 if end > 0 else -1
    found = at_infinity(meaning, sign)
    return found if found.kind != "nan" else limit(meaning, [sign * Fraction(2) ** k for k in CLOSER])


def _size(side: Expected) -> float:
    """A limit as a double, infinite too."""
    return float(side.value) if side.kind == "number" else 0.0 if side.kind == "zero" else side.sign * INF


def _said(side: Expected) -> str:
    if side.kind == "number":
        return number(side.value)
    return {"zero": "0", "infinite": "inf" if side.sign > 0 else "-inf"}.get(side.kind, "no limit")


def _exact_value(meaning: Meaning, x: Fraction) -> Fraction | None:
    """A value that Arb gives without an error."""
    try:
        value = meaning.value([exact(x)], BITS)
    except (Undecided, Undefined):
        return None
    return to_fraction(value) if value.is_exact() else None


def _range(meaning: Meaning, cut: list[Piece], points: list[Point]) -> str:
    """Between what all values lie: of monotone pieces it is what holds at their ends."""
    wide = [piece for piece in cut if not piece.narrow and piece.kind != "none"]
    if not wide or any(piece.kind == "" for piece in wide):
        return ""
    found: list[tuple[float, str, bool]] = []
    for piece in wide:
        for end, inward in ((piece.low, 1), (piece.high, -1)):
            at = _place(end, points)
            side = _tends(meaning, at, inward, _pole(end, points))
            if side.kind == "nan":
                return ""
            taken = bounded(at) and _value_text(meaning, Fraction(at)) not in ("", "no limit")
            taken = (taken and side.kind != "infinite") or piece.kind == "constant"
            found.append((_size(side), _said(side), taken))
    least, most = min(found, key=lambda f: (f[0], not f[2])), max(found, key=lambda f: (f[0], f[2]))
    return f"{'[' if least[2] else '('}{least[1]}, {most[1]}{']' if most[2] else ')'}"


__all__ = ["Facts", "Point", "Symmetry", "facts"]
