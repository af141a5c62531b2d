"""The checker of claims about transcendental functions: boxes that cover the domain, each shown by Arb's enclosures.

A certificate says that a term is not negative (or positive) on a box, by a tree:

    ["value"]                       the enclosure over the whole box says so
    ["outside", k]                  nothing in the box satisfies the k-th condition that is given
    ["split", x, m, tree, tree]     in both halves, x <= m and x >= m
    ["rises", x, tree, tree]        the derivative by x is not negative, and the claim holds at the low end of x
    ["falls", x, tree, tree]        the same from the high end

A box gives each name (low, high, low is excluded, high is excluded), None where there is no end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from optgen.proof.check import Report
from optgen.proof.slopes import Unreadable, derivative
from optgen.proof.terms import Term
from optgen.proof.written import Rejected, need

if TYPE_CHECKING:
    from optgen.symbolic.ranges import Range

Side = tuple[Fraction | None, Fraction | None, bool, bool]
Box = Mapping[str, Side]
Given = tuple[str, Term]  # ">=", ">" or "=": of a term and 0
BITS = 128
MOST, LONGEST = 20_000, 400  # parts of a tree; digits of a number
WORDS = {"+": "add", "*": "mul", "/": "div", "max": "maximum", "min": "minimum", "log_gamma": "lgamma"}
JUMPS = ("sign", "floor", "ceil", "round", "mod", "if", "same", "before")  # no integral of a derivative
TRANSCENDENTAL = frozenset({
    "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "arctan", "arccos", "power",
    "lgamma", "digamma",
})  # fmt: skip


def check_boxes(data: Mapping[str, Any]) -> Report:
    """Verify a certificate of kind `interval` by running its boxes again; Rejected says what does not hold."""
    from optgen.symbolic.arb import precision_of

    box = {name: read_side(side) for name, side in data["box"].items()}
    given = [(str(word), term) for word, term in data["given"]]
    need(sum(1 for _ in parts(data["tree"])) <= MOST, "too many boxes")
    with precision_of(BITS):
        shown(data["tree"], data["term"], box, bool(data["strict"]), given)
    count = sum(part[0] in ("value", "outside") for part in parts(data["tree"]))
    return Report("interval", (f"{count} boxes cover the domain; on each, enclosures of {BITS} bits show the claim",))


def read_side(side: Any) -> Side:
    low, high, low_open, high_open = side
    need(all(end is None or len(end) <= LONGEST for end in (low, high)), "a number with too many digits")
    first, last = (None if end is None else Fraction(end) for end in (low, high))
    return first, last, bool(low_open), bool(high_open)


def parts(tree: Any) -> Iterator[Any]:
    """A tree or a term with all its parts."""
    yield tree
    for part in tree[1:]:
        if isinstance(part, list):
            yield from parts(part)


def shown(tree: Any, term: Term, box: Box, strict: bool, given: Sequence[Given]) -> None:
    """Whether a tree shows that the term is >= 0 (> 0 if strict) on the box where all that is given holds."""
    match tree:
        case ["value"]:
            need(above(term, box, strict), "an enclosure does not show the claim")
        case ["outside", int(k)] if 0 <= k < len(given):
            need(excluded(given[k], box), "what is given may hold in a box that is left out")
        case ["split", str(name), str(place), low_tree, high_tree] if name in box and len(place) <= LONGEST:
            low, high = halves(box, name, Fraction(place))
            shown(low_tree, term, low, strict, given)
            shown(high_tree, term, high, strict, given)
        case ["rises" | "falls" as way, str(name), slope, face] if name in box:
            need(not jumps(term), "a derivative of what jumps")
            # nothing may be left out here: the way from the end to a point need not satisfy what is given
            excluded_end = open_at(box[name], way)
            moved = directed(slope_of(term, name), way)
            shown(slope, moved, box, strict and excluded_end, ())
            shown(face, term, at_end(box, name, way), strict and not excluded_end, ())
        case _:
            raise Rejected("no such step of a proof by boxes")


def above(term: Term, box: Box, strict: bool) -> bool:
    """Whether the enclosure of a term is above 0."""
    found = range_of(term, box)
    return bool(found[0] > 0) if strict else bool(found[0] >= 0)


def excluded(given: Given, box: Box) -> bool:
    word, term = given
    low, high = range_of(term, box)
    ways = {">=": bool(high < 0), ">": bool(high <= 0), "=": bool(high < 0) or bool(low > 0)}
    return ways[word]


def halves(box: Box, name: str, place: Fraction) -> tuple[Box, Box]:
    low, high, low_open, high_open = box[name]
    need((low is None or low < place) and (high is None or place < high), "a split outside the box")
    return {**box, name: (low, place, low_open, False)}, {**box, name: (place, high, False, high_open)}


def open_at(side: Side, way: str) -> bool:
    """Whether the end from which a term rises (or falls) is excluded."""
    return side[2] if way == "rises" else side[3]


def end_of(side: Side, way: str) -> Fraction | None:
    return side[0] if way == "rises" else side[1]


def at_end(box: Box, name: str, way: str) -> Box:
    end = end_of(box[name], way)
    need(end is not None, "a box without an end")
    return {**box, name: (end, end, False, False)}


def directed(slope: Term, way: str) -> Term:
    return slope if way == "rises" else ["*", "-1", slope]


def slope_of(term: Term, name: str) -> Term:
    try:
        return tidy(derivative(term, name, [], Nothing()))
    except Unreadable as why:
        raise Rejected(str(why)) from None


def tidy(term: Term) -> Term:
    """Sums without 0 and products without 1: what a derivative leaves behind."""
    match term:
        case ["+", *terms]:
            left = [t for t in map(tidy, terms) if t != "0"]
            return left[0] if len(left) == 1 else ["+", *left] if left else "0"
        case ["*", *factors]:
            rest = [f for f in map(tidy, factors) if f != "1"]
            return "0" if "0" in rest else rest[0] if len(rest) == 1 else ["*", *rest] if rest else "1"
        case ["/", above_line, below_line]:
            top = tidy(above_line)
            return "0" if top == "0" else ["/", top, tidy(below_line)]
        case ["^", base, power]:
            return "1" if power == 0 else tidy(base) if power == 1 else ["^", tidy(base), power]
        case ["atom", *_] | str():
            return term
    return [term[0], *map(tidy, term[1:])]


class Nothing:
    """No labels: terms of boxes are numbers."""

    fresh = 0
    extents: dict[str, str] = {}  # noqa: RUF012


def jumps(term: Term) -> bool:
    return isinstance(term, list) and (term[0] in JUMPS or any(jumps(part) for part in term[1:]))


def range_of(term: Term, box: Box) -> Range:
    """An enclosure of a term over a box by its two ends, wherever the term has a value."""
    from optgen.symbolic import jets, ranges

    match term:
        case str():
            value = jets.number(jets.rational(Fraction(term)))
            return ranges.made(value, value)
        case ["atom", name]:
            low, high, *_ = box[name]
            first = -ranges.INF if low is None else jets.number(jets.rational(low)).lower()
            last = ranges.INF if high is None else jets.number(jets.rational(high)).upper()
            return first, last
        case ["+" | "*" as word, first_part, *others]:
            total = range_of(first_part, box)
            for part in others:
                total = ranges.apply_ends(WORDS[word], (total, range_of(part, box)))
            return total
        case ["^", base, power]:
            exponent = jets.number(jets.rational(Fraction(power)))
            return ranges.apply_ends("power_int", (range_of(base, box), (exponent, exponent)))
        case ["max" | "min" as word, first_part, *others]:
            best = range_of(first_part, box)
            for part in others:
                best = ranges.apply_ends(WORDS[word], (best, range_of(part, box)))
            return best
        case ["erf'", part]:
            from flint import arb

            factor = 2 / arb.pi().sqrt()
            square = ranges.apply_ends("power_int", (range_of(part, box), (arb(2), arb(2))))
            bell = ranges.apply_ends("exp", (ranges.apply_ends("neg", (square,)),))
            return ranges.apply_ends("mul", (ranges.made(factor, factor), bell))
        case ["sign", part]:
            low_end, high_end = range_of(part, box)
            return jets.number(1 if low_end > 0 else -1), jets.number(-1 if high_end < 0 else 1)
        case [str(word), *arguments] if word in TRANSCENDENTAL | {"/", "sqrt", "abs"}:
            return ranges.apply_ends(WORDS.get(word, word), tuple(range_of(part, box) for part in arguments))
    raise Rejected(f"no enclosure of {term[0]}")
