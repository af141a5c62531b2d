"""Branch and bound over boxes: the search for what `boxes` checks, and for a point at which a claim is false."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from optgen.proof.assumptions import Question
from optgen.proof.boxes import (
    BITS,
    TRANSCENDENTAL,
    Box,
    Given,
    Side,
    above,
    at_end,
    directed,
    end_of,
    excluded,
    halves,
    jumps,
    open_at,
    parts,
    range_of,
    slope_of,
)
from optgen.proof.contractions import Factor
from optgen.proof.ranges import intervals, names
from optgen.proof.terms import Reader, Term
from optgen.proof.values import Undefined, in_dimension, named
from optgen.proof.written import Rejected

Tree = list[Any]
NESTED = {1: 5, 2: 3}  # derivatives of derivatives, by the number of names
LARGEST = 300  # parts of a derivative
FLIPPED = {"<=": ">=", "<": ">"}


class FalseAt(Exception):
    """A point of the domain at which the term is negative."""

    def __init__(self, point: Mapping[str, Fraction]) -> None:
        self.point = point


class OutOfTime(Exception):
    """No tree was found in time."""


class Boxes:
    """One search: what is given, the names that may be split, the time when to stop."""

    def __init__(self, given: Sequence[Given], seconds: float, count: int) -> None:
        self.given, self.until = given, time.monotonic() + seconds
        self.slopes: dict[tuple[str, str], Term | None] = {}
        self.nested = NESTED.get(count, 2)

    def tree(self, term: Term, box: Box, strict: bool) -> Tree:
        """A tree for a box; FalseAt, OutOfTime."""
        if time.monotonic() > self.until:
            raise OutOfTime
        plain = self.at_once(term, box, strict, 0)
        if plain is not None:
            return plain
        for k, condition in enumerate(self.given):
            if excluded(condition, box):
                return ["outside", k]
        self.look_inside(term, box, strict)
        name = widest(box, names_in(term) | {n for _, t in self.given for n in names_in(t)})
        if name is None:
            raise OutOfTime
        place = middle(box[name])
        low, high = halves(box, name, place)
        return ["split", name, str(place), self.tree(term, low, strict), self.tree(term, high, strict)]

    def at_once(self, term: Term, box: Box, strict: bool, depth: int) -> Tree | None:
        """Without a split: by the enclosure, or by a derivative and an end."""
        if above(term, box, strict):
            return ["value"]
        if depth == self.nested or jumps(term):
            return None
        for name in sorted(n for n in names_in(term) if box[n][0] != box[n][1]):
            slope = self.slope(term, name)
            for way in ("rises", "falls") if slope is not None else ():
                if end_of(box[name], way) is None:
                    continue
                open_end = open_at(box[name], way)
                steep = self.at_once(directed(slope, way), box, strict and open_end, depth + 1)
                if steep is None:
                    continue
                face = self.at_once(term, at_end(box, name, way), strict and not open_end, depth + 1)
                if face is not None:
                    return [way, name, steep, face]
        return None

    def slope(self, term: Term, name: str) -> Term | None:
        key = str(term), name
        if key not in self.slopes:
            try:
                found = slope_of(term, name)
                self.slopes[key] = found if sum(1 for _ in parts(found)) <= LARGEST else None
            except Rejected:
                self.slopes[key] = None
        return self.slopes[key]

    def look_inside(self, term: Term, box: Box, strict: bool) -> None:
        """Raises FalseAt where the middle of the box refutes the claim."""
        point = {name: middle(side) for name, side in box.items()}
        there = {name: (p, p, False, False) for name, p in point.items()}
        high = range_of(term, there)[1]
        if not (high < 0 or (strict and high <= 0)):
            return
        if all(satisfied(condition, there) for condition in self.given):
            raise FalseAt(point)


def satisfied(given: Given, there: Box) -> bool:
    word, term = given
    low, high = range_of(term, there)
    return {">=": bool(low >= 0), ">": bool(low > 0), "=": bool(low >= 0) and bool(high <= 0)}[word]


def names_in(term: Term) -> set[str]:
    if isinstance(term, str):
        return set()
    if term[0] == "atom":
        return {term[1]}
    return {name for part in term[1:] if isinstance(part, list) for name in names_in(part)}


def middle(side: Side) -> Fraction:
    """A simple number inside."""
    low, high, *_ = side
    if low is not None and high is not None:
        return (low + high) / 2
    if low is None and high is None:
        return Fraction(0)
    if low is not None:
        return max(2 * low, low + 1)
    assert high is not None
    return min(2 * high, high - 1)


def widest(box: Box, among: set[str]) -> str | None:
    """The longest side; one without an end before all."""

    def length(name: str) -> Fraction:
        low, high, *_ = box[name]
        return Fraction(10**9) if low is None or high is None else high - low

    sides = [name for name in sorted(among) if length(name) > Fraction(1, 10**12)]
    return max(sides, key=length, default=None)


def transcendental(term: Any) -> bool:
    return isinstance(term, list) and (term[0] in TRANSCENDENTAL or any(transcendental(p) for p in term[1:]))


def posed(question: Question, reader: Reader) -> tuple[Term, bool, list[Given], Box] | None:
    """The question as a term >= 0 (> 0) on a box under conditions; None if it is none of numbers."""
    if question.goal[0] not in ("<=", "<", ">=", ">"):
        return None

    def gap(relation: Term) -> tuple[str, Term]:
        head, left, right = relation
        if head in FLIPPED:
            head, left, right = FLIPPED[head], right, left
        return head, ["+", plain(left), ["*", "-1", plain(right)]]

    def plain(term: Term) -> Term:
        return named(in_dimension(term, {}), reader)

    word, term = gap(question.goal)
    if not transcendental(term):
        return None
    given = [gap(a) for a in question.assumptions if a[0] in ("<=", "<", ">=", ">", "=")]
    needed: dict[str, tuple[Factor, ...]] = {}
    for relation in (question.goal, *question.assumptions):
        for side in relation[1:]:
            needed |= names(reader.normal(side)) if isinstance(side, list | str) else {}
    box: dict[str, Side] = {}
    for interval in intervals(question.assumptions, reader, needed):
        low, high = (b if isinstance(b, Fraction) else None for b in (interval.low, interval.high))
        box[interval.name] = (low, high, not interval.low_closed, not interval.high_closed)
    used = names_in(term) | {n for _, t in given for n in names_in(t)}
    return term, word == ">", given, {name: box.get(name, (None, None, True, True)) for name in sorted(used)}


def boxed(
    question: Question, reader: Reader, seconds: float
) -> tuple[dict[str, Any] | None, dict[str, Fraction] | None]:
    """A certificate for `check_boxes`, or numbers at which the claim is false; neither if none is found."""
    from optgen.symbolic.arb import precision_of
    from optgen.symbolic.jets import Undefined as NoValue

    try:
        found = posed(question, reader)
        if found is None:
            return None, None
        term, strict, given, box = found
        with precision_of(BITS):
            tree = Boxes(given, seconds, len(box)).tree(term, box, strict)
    except FalseAt as stop:
        return None, dict(stop.point) if question.refutable and not question.labels and not question.dims else None
    except (OutOfTime, Rejected, Undefined, NoValue, ValueError, RecursionError):
        return None, None
    return {
        "kind": "interval",
        "term": term,
        "strict": strict,
        "given": [list(g) for g in given],
        "box": {n: [None if e is None else str(e) for e in side[:2]] + list(side[2:]) for n, side in box.items()},
        "tree": tree,
    }, None
