"""The small checker of identities: both sides written out entry by entry, in a dimension that decides all of them.

A side is a sum of products of entries tied together by labels that are summed.  Give the labels of a product distinct
values: its entries tell the product, up to the names of its labels.  So different products are linearly independent as
soon as the dimension is the number of their labels (summed, the `width`, and open), and an identity which holds there
holds in every dimension.  Where a length is a coefficient, the degree in it is the `width` at most (a length that is
written counts as a label), and so many dimensions more decide it.  Functions are letters, one for each argument.

It needs `fractions` and the dictionary polynomials.  What it does not read (given equations, means, branches) or not
decide is `TooMuch`, never accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from optgen.proof.polynomial import Polynomial, same

Quotient = tuple[Polynomial, Polynomial]
MOST_TERMS, LARGEST, MOST_POWER = 20_000, 5, 40
NOTHING, ONE = Polynomial.of(0), Polynomial.of(1)


class TooMuch(Exception):
    """A certificate that is not for this checker, or too large for it."""


class Differs(Exception):
    """The two sides are not the same."""


def check_entries(data: Mapping[str, Any]) -> str:
    """What was checked, in words.  Differs if the sides are not equal; TooMuch where this checker does not decide."""
    if any(data[word] for word in ("solutions", "inverse", "normal", "equations")):
        raise TooMuch
    gap = ["+", data["goal"][1], ["*", "-1", data["goal"][2]]]
    lengths = {e for term in (gap, *(value for _, value in data["values"].values())) for e in lengths_in(term)}
    reading = Reading(data["values"], {*data["symmetric"], *data["psd"]}, lengths)
    (above, below), counted = reading.width(gap, frozenset())
    labels, width = sorted(reading.open), above + below
    least = max(width, reading.inside, 1) + len(labels)
    if least > LARGEST or (counted and len(reading.lengths) > 1):
        raise TooMuch
    for size in range(least, least + (width + 2 if counted else 1)):
        for places in product(range(1, len(labels) + 1), repeat=len(labels)):
            writing = Writing(reading, size)
            if writing.reduced(writing.written(gap, dict(zip(labels, places, strict=True)))[0]).terms:
                raise TooMuch if writing.functions else Differs(f"the two sides differ in dimension {size}")
    return f"written out in dimension {least}, which decides every dimension, both sides are one polynomial"


# ---------------------------------------------------------------- which dimension decides


@dataclass(slots=True)
class Reading:
    """Values of atoms and symmetric matrices; what is met on the way: open labels, lengths, widths of arguments."""

    values: Mapping[str, Any]
    symmetric: set[str]
    lengths: set[str]
    open: set[str] = field(default_factory=set)
    inside: int = 0

    def width(self, term: Any, bound: frozenset[str]) -> tuple[tuple[int, int], bool]:
        """How many labels are summed in products of the numerator and of the denominator; whether a length counts."""
        match term:
            case str():
                return (0, 0), False
            case ["atom", name, *labels] if name in self.values:
                self.seen(labels, bound)
                own, value = self.values[name]
                return self.width(value, bound | set(own))
            case ["atom", name, *labels]:
                self.seen(labels, bound)
                counts = not labels and name in self.lengths
                return (int(counts), 0), counts
            case ["same" | "before", *labels]:
                self.seen(labels, bound)
                return (0, 0), False
            case ["+" | "*" | "/" as word, *parts]:
                found = [self.width(p, bound) for p in parts]
                tops, bottoms, counts = [a for (a, _), _ in found], [b for (_, b), _ in found], any(c for _, c in found)
                if word == "/":
                    return (tops[0] + bottoms[1], bottoms[0] + tops[1]), counts
                below = sum(bottoms)
                over = [a + below - b for a, b in zip(tops, bottoms, strict=True)]
                return (sum(tops) if word == "*" else max(over, default=0), below), counts
            case ["^", base, power] if abs(int(power)) <= MOST_POWER:
                (a, b), counts = self.width(base, bound)
                a, b = (a, b) if int(power) >= 0 else (b, a)
                return (a * abs(int(power)), b * abs(int(power))), counts
            case ["sum", label, extent, body] if not self.divides(body, label):
                (a, b), counts = self.width(body, bound | {label})
                return (a + 1, b), counts or not (extent.isdigit() or self.carries(body, label))
            case ["at", _, *points, labels]:
                self.seen(labels, bound)
                return self.arguments([(entry, bound | set(own)) for own, entry in points])
            case [str(word), *terms] if word not in ("expect", "if", "sum", "^"):
                return self.arguments([(t, bound) for t in terms])
        raise TooMuch

    def arguments(self, terms: Iterable[tuple[Any, frozenset[str]]]) -> tuple[tuple[int, int], bool]:
        """A function is a letter; its arguments must be told apart as well."""
        for term, bound in terms:
            (a, b), counts = self.width(term, bound)
            self.inside = max(self.inside, a + b + len(bound))
            if counts:
                raise TooMuch
        return (0, 0), False

    def seen(self, labels: Iterable[str], bound: frozenset[str]) -> None:
        for label in labels:
            if label[0] in "?@$":
                raise TooMuch
            if label[0] != "=" and label not in bound:
                self.open.add(label)

    def divides(self, term: Any, label: str) -> bool:
        """Whether a label may stand below a line: then there are more denominators in a larger dimension."""
        match term:
            case ["/", above, below]:
                return mentions(below, label) or self.divides(above, label)
            case ["^", base, power] if int(power) < 0:
                return mentions(base, label)
            case ["atom", name, *labels] if name in self.values and label in labels:
                own, value = self.values[name]
                return self.divides(value, own[labels.index(label)]) or labels.count(label) > 1
            case [_, *parts]:
                return any(self.divides(p, label) for p in parts if isinstance(p, list))
        return False

    def carries(self, term: Any, label: str) -> bool:
        """Whether each product of a term has an entry with the label, so that its sum is no mere length."""
        match term:
            case ["+", *parts]:
                return all(self.carries(p, label) for p in parts)
            case ["*", *parts]:
                return any(self.carries(p, label) for p in parts)
            case ["/", above, _]:
                return self.carries(above, label)
            case ["^", base, power]:
                return int(power) > 0 and self.carries(base, label)
            case ["sum", _, _, body]:
                return self.carries(body, label)
            case ["atom", name, *labels]:
                return name not in self.values and label in labels
            case ["at", *_]:
                return mentions(term, label)
        return False


def lengths_in(term: Any) -> Iterator[str]:
    """The lengths over which a term sums, but for numbers."""
    if isinstance(term, list):
        if len(term) == 4 and term[0] == "sum" and not term[2].isdigit():
            yield term[2]
        for part in term[1:]:
            yield from lengths_in(part)


def mentions(term: Any, label: str) -> bool:
    return bool(term == label) or (isinstance(term, list) and any(mentions(p, label) for p in term))


# ---------------------------------------------------------------- entry by entry


@dataclass(slots=True)
class Writing:
    """Terms in one dimension, with numbers for labels: quotients over entries and letters for functions."""

    reading: Reading
    size: int
    functions: bool = False  # letters occur of which more may be known than that they are letters
    squares: dict[str, Polynomial] = field(default_factory=dict)  # a root -> what its square is

    def written(self, term: Any, at: Mapping[str, int]) -> Quotient:
        match term:
            case str():
                return Polynomial.of(Fraction(term)), ONE
            case ["atom", name, *labels] if name in self.reading.values:
                own, value = self.reading.values[name]
                return self.written(value, dict(zip(own, self.places(labels, at), strict=True)))
            case ["atom", name, *labels]:
                places = self.places(labels, at)
                if not labels and name in self.reading.lengths:
                    return Polynomial.of(self.size), ONE
                return letter(name, sorted(places) if name in self.reading.symmetric else places), ONE
            case ["same" | "before" as word, *labels]:
                i, j = self.places(labels, at)
                return (ONE if (i == j if word == "same" else i < j) else NOTHING), ONE
            case ["+", *parts]:
                return total(self.written(p, at) for p in parts)
            case ["*", *parts]:
                tops, bottoms = zip(*(self.written(p, at) for p in parts), strict=True)
                return times(*tops), times(*bottoms)
            case ["/", above, below]:
                (a, b), (c, d) = self.written(above, at), self.written(below, at)
                return times(a, d), times(b, c)
            case ["^", base, power]:
                a, b = self.written(base, at) if int(power) >= 0 else self.written(base, at)[::-1]
                return times(*[a] * abs(int(power))), times(*[b] * abs(int(power)))
            case ["sum", label, extent, body]:
                count = int(extent) if extent.isdigit() else self.size
                return total(self.written(body, {**at, label: k + 1}) for k in range(count))
            case ["at", word, *points, labels]:
                shown = [[self.point(entry, {**at, **p}) for p in self.all(own)] for own, entry in points]
                places = self.places(labels, at)
                return letter(f"{word}({shown})", sorted(places) if word.startswith("hess ") else places), ONE
        self.functions = True
        arguments = [self.written(a, at) for a in term[1:]]
        name = f"{term[0]}({arguments and [shown_text(a) for a in arguments]})"
        if term[0] in ("sqrt", "abs") and same(arguments[0][1], ONE):
            ((inside, _),) = arguments
            self.squares[f"{name}[]"] = inside if term[0] == "sqrt" else times(inside, inside)
        return letter(name, []), ONE

    def places(self, labels: Iterable[str], at: Mapping[str, int]) -> list[int]:
        return [int(label[1:]) if label[0] == "=" else at[label] for label in labels]

    def all(self, own: list[str]) -> Iterable[dict[str, int]]:
        return (dict(zip(own, p, strict=True)) for p in product(range(1, self.size + 1), repeat=len(own)))

    def point(self, entry: Any, at: Mapping[str, int]) -> str:
        return shown_text(self.written(entry, at))

    def reduced(self, polynomial: Polynomial) -> Polynomial:
        """Squares of roots replaced by what they are, as long as there are any."""
        while True:
            name = next((n for m in polynomial.terms for n, p in m if p >= 2 and n in self.squares), None)
            if name is None:
                return polynomial
            parts = []
            for monomial, c in polynomial.terms.items():
                power = dict(monomial).get(name, 0)
                rest = tuple((n, p) for n, p in monomial if n != name)
                root = Polynomial({((name, 1),): Fraction(1)}) if power % 2 else ONE
                parts.append((times(Polynomial({rest: c}), root, *[self.squares[name]] * (power // 2)), ONE))
            polynomial = total(parts)[0]


def letter(name: str, places: list[int]) -> Polynomial:
    return Polynomial({((f"{name}{places}", 1),): Fraction(1)})


def shown_text(value: Quotient) -> str:
    return " / ".join(str(sorted(part.terms.items())) for part in value)


def times(*factors: Polynomial) -> Polynomial:
    result = ONE
    for factor in factors:
        if len(result.terms) * len(factor.terms) > MOST_TERMS:
            raise TooMuch
        result = factor if result is ONE else result if factor is ONE else result * factor
    return result


def total(parts: Iterable[Quotient]) -> Quotient:
    top, bottom = NOTHING, ONE
    for a, b in parts:
        if same(b, bottom):
            top = top + a
        else:
            top, bottom = times(top, b) + times(a, bottom), times(bottom, b)
    return top, bottom
