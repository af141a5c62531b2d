"""Terms (their language is in `terms`) written out as quotients of polynomials, in every dimension at once.

What a polynomial is in: numbers, and entries tied together by the labels that are summed, as the product <x, A y> is in
x, A and y.  Products of entries that are no renaming of each other are independent, so equal polynomials are equal
numbers for all values in every dimension.  Functions are letters: what is known of them is said by `accepted.LAWS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

Factor = tuple[str, tuple[str, ...]]  # an entry: a name, its labels; `0:n` is summed over 1 .. n, `=2` is the number 2
Item = tuple[Factor, ...]  # entries tied by labels that are summed; all ways to write it have one order
Polynomial = dict[tuple[tuple[Item, int], ...], Fraction]
Part = tuple[tuple[tuple[tuple[Item, int], ...], Fraction], ...]  # a polynomial below the line, its first coefficient 1
Below = tuple[tuple[Part, int], ...]
ONE: Polynomial = {(): Fraction(1)}
HERE: Mapping[str, str] = {}  # labels stand for themselves
MOST_TERMS, MOST_LABELS, MOST_POWER, MOST_DIGITS = 300_000, 6, 60, 50_000


class Rejected(ValueError):
    """A certificate that does not prove what it says."""


def need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Rejected(otherwise)


def collected(terms: Iterable[tuple[Any, Fraction]]) -> Polynomial:
    total: Polynomial = {}
    for monomial, c in terms:
        total[monomial] = total[monomial] + c if monomial in total else c
    return {m: c for m, c in total.items() if c}


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    need(len(left) * len(right) <= MOST_TERMS, "a product with too many terms")
    if left == ONE or right == ONE:
        return right if left == ONE else left
    return collected((merged(m, n), c * d) for m, c in left.items() for n, d in right.items())


def merged(left: Any, right: Any) -> Any:
    """Powers added; `same` and `before` are 0 or 1."""
    if not left or not right:
        return left or right
    powers = dict(left)
    for item, power in right:
        powers[item] = 1 if item[0][0] in ("same", "before") and len(item) == 1 else powers.get(item, 0) + power
    return tuple(sorted(powers.items()))


@dataclass(frozen=True, slots=True)
class Quotient:
    """A polynomial over powers of polynomials, which are kept apart; it is not reduced."""

    top: Polynomial
    bottom: Below = ()

    def __add__(self, other: Quotient) -> Quotient:
        here, there = dict(self.bottom), dict(other.bottom)
        both = {part: max(here.get(part, 0), there.get(part, 0)) for part in {**here, **there}}
        left, right = (times(q.top, expanded(both, q.bottom)) for q in (self, other))
        return Quotient(collected((*left.items(), *right.items())), tuple(sorted(both.items())))

    def __mul__(self, other: Quotient) -> Quotient:
        return Quotient(times(self.top, other.top), merged(self.bottom, other.bottom))

    def __sub__(self, other: Quotient) -> Quotient:
        return self + number(-1) * other

    def inverse(self) -> Quotient:
        """A single product below the line is kept as its letters."""
        need(bool(self.top), "a division by 0")
        ((first, c), *rest) = sorted(self.top.items())
        parts = [(((((item, 1),), Fraction(1)),), power) for item, power in first]
        below = [(tuple((m, d / c) for m, d in sorted(self.top.items())), 1)] if rest else parts
        return Quotient(times({(): 1 / c}, expanded(dict(self.bottom))), tuple(sorted(below)))

    def items(self) -> set[Item]:
        return {item for part in (self.top, *(dict(part) for part, _ in self.bottom)) for m in part for item, _ in m}

    def names(self) -> set[str]:
        return {name for item in self.items() for name, _ in item}


def expanded(powers: Mapping[Part, int], less: Below = ()) -> Polynomial:
    """The product of polynomials, without some powers of them."""
    result, without = ONE, dict(less)
    for part, power in powers.items():
        for _ in range(power - without.get(part, 0)):
            result = times(result, dict(part))
    return result


def number(value: Fraction | int) -> Quotient:
    return Quotient({(): Fraction(value)} if value else {})


def letter(item: Item) -> Quotient:
    return Quotient({((item, 1),): Fraction(1)})


def total(parts: Iterable[Quotient]) -> Quotient:
    """Equal denominators first."""
    found: dict[Below, list[Any]] = {}
    for part in parts:
        found.setdefault(part.bottom, []).extend(part.top.items())
    result = number(0)
    for bottom, top in found.items():
        result = result + Quotient(collected(top), bottom)
    return result


def product(factors: Iterable[Quotient]) -> Quotient:
    result = number(1)
    for factor in factors:
        result = result * factor
    return result


class Writing:
    """`values`: what names stand for; `symmetric`: matrices; `normal`: independent standard normal entries."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.values, self.fresh = dict(data.get("values", {})), 0
        self.met: set[Any] = set()  # what was divided by, and the functions that occurred, but for those in branches
        self.symmetric, self.normal = ({*data.get(word, ())} for word in ("symmetric", "normal"))

    def read(self, term: Any, names: Mapping[str, str] = HERE) -> Quotient:
        """A term, with names for its labels."""
        match term:
            case str() if term[:1] in "-0123456789":
                return number(Fraction(term))
            case str():
                return self.read(["atom", term])
            case [list(), *_]:  # a number with symbols as data, as are the next two
                top, *below = (total(self.powers(m) * self.read(c) for c, m in part) for part in term)
                return product([top, *(self.over(part) for part in below)])
            case {"products": pairs, "values": values}:
                inner = (product(map(self.read, pair)) for pair in pairs)
                alone = {v: number(1) if v == "1" else letter(((f"value {v}", ()),)) for v in values}
                return total([*inner, *(self.read(c) * alone[v] for v, c in values.items())])
            case dict():
                return total(self.read(c) * self.read(name) for name, c in term.items())
            case ["atom", name, *labels] if name in self.values:
                own, value = self.values[name]
                return self.read(value, dict(zip(own, (names.get(i, i) for i in labels), strict=True)))
            case ["atom", name, *labels] | [("same" | "before") as name, *labels]:
                return self.tied([(name, tuple(names.get(i, i) for i in labels))])
            case ["+", *parts]:
                return total(self.read(part, names) for part in parts)
            case ["*", *parts]:
                return product(self.read(part, names) for part in parts)
            case ["/", above, below]:
                return self.read(above, names) * self.over(self.read(below, names))
            case ["^", base, power]:
                need(abs(int(power)) <= MOST_POWER, "too high a power")
                result = product([self.read(base, names)] * abs(int(power)))
                return result if int(power) >= 0 else self.over(result)
            case ["sum", label, extent, body]:
                self.fresh, own = self.fresh + 1, f"{label}'{self.fresh}"
                return self.summed(self.read(body, {**names, label: own}), own, extent)
            case ["named", new, body]:
                return self.read(body, {**names, **{own: names.get(i, i) for own, i in new.items()}})
            case ["expect", body]:
                return self.expected(self.read(body, names))
            case ["at", name, *points, labels]:
                depth = sum(label[0] == "@" for label in names.values())
                inside = [
                    ({**names, **{i: f"@{depth + k}" for k, i in enumerate(own)}}, entry) for own, entry in points
                ]
                return self.function(
                    name, [self.read(entry, own) for own, entry in inside], [names.get(i, i) for i in labels]
                )
            case [str(name), *arguments]:
                before = set(self.met)
                value = self.function(name, [self.read(a, names) for a in arguments], [])
                self.met = before if name == "if" else self.met
                return value
        raise Rejected(f"not a term: {term!r}")

    def over(self, value: Quotient) -> Quotient:
        self.met |= {part for part, _ in value.inverse().bottom}
        return value.inverse()

    def powers(self, monomial: Mapping[str, int]) -> Quotient:
        return product(self.read(["^", name, power]) for name, power in monomial.items())

    def function(self, name: str, arguments: Sequence[Quotient], labels: Sequence[str]) -> Quotient:
        """A letter for each function and its arguments, written with the labels of the arguments by their place."""
        inside = {i for q in arguments for item in q.items() for _, ls in item for i in ls}
        free = sorted(i for i in inside if ":" not in i and i[0] not in "=@")
        need(len(free) <= MOST_LABELS, "a function of too many labels")
        shown = []
        for order in permutations(free):
            place = {i: f"${k}" for k, i in enumerate(order)}
            texts = [str(self.relabelled(q, place)) for q in arguments]
            shown.append((f"{name}({'; '.join(texts)})", (*order, *labels)))
        self.met.add(min(shown)[0])
        return self.tied([min(shown)])

    def relabelled(self, value: Quotient, names: Mapping[str, str]) -> list[Any]:
        """The parts of a quotient with other labels, in their order."""

        def item(factors: Item) -> Quotient:
            return self.tied([(name, tuple(names.get(i, i) for i in labels)) for name, labels in factors])

        def part(terms: Iterable[Any]) -> list[Any]:
            return sorted(
                total(product([number(c), *(item(i) for i, p in m for _ in range(p))]) for m, c in terms).top.items()
            )

        return [part(value.top.items()), *sorted((part(terms), power) for terms, power in value.bottom)]

    def summed(self, value: Quotient, label: str, extent: str) -> Quotient:
        if any(label in labels for part, _ in value.bottom for m, _ in part for item, _ in m for _, labels in item):
            below = Quotient(expanded(dict(value.bottom)))
            value = Quotient(value.top) * self.function("inverse", [below], [])
        parts = []
        for monomial, c in value.top.items():
            inside = [pair for pair in monomial if any(label in labels for _, labels in pair[0])]
            rest = tuple(pair for pair in monomial if pair not in inside)
            tied = self.tied(apart(inside, {label: f"s:{extent}"})) if inside else self.read(extent)
            parts.append(Quotient({rest: c}) * tied)
        return total(parts) * Quotient(ONE, value.bottom)

    def tied(self, factors: Sequence[Factor]) -> Quotient:
        """A product of entries: `same` carried out where it ties a summed label, then what hangs together as items."""
        for k, (name, (*labels,)) in enumerate(factors):
            if name == "same" and (
                labels[0] == labels[1] or any(":" in i for i in labels) or all(i[0] == "=" for i in labels)
            ):
                gone, stays = labels if ":" in labels[0] else reversed(labels)
                if gone != stays and ":" not in gone:
                    return number(0)
                rest = [
                    (n, tuple(stays if i == gone else i for i in ls)) for n, ls in (*factors[:k], *factors[k + 1 :])
                ]
                alone = ":" in stays and not any(stays in ls for _, ls in rest)  # a sum of ones
                return self.tied(rest) * (self.read(stays.split(":")[1]) if alone else number(1))
        groups: list[tuple[set[str], list[Factor]]] = []
        for factor in factors:
            bound = {i for i in factor[1] if ":" in i}
            touching = [group for group in groups if group[0] & bound]
            groups = [group for group in groups if not group[0] & bound]
            groups.append((bound.union(*(g[0] for g in touching)), [f for g in touching for f in g[1]] + [factor]))
        return product(letter(self.ordered(sorted(bound), group)) for bound, group in groups)

    def ordered(self, bound: Sequence[str], factors: Sequence[Factor]) -> Item:
        """The least way to write entries over all numberings of the labels that are summed."""
        need(len(bound) <= MOST_LABELS, "too many labels in one product")

        def written(order: Sequence[int]) -> Item:
            new = {i: f"{k}:{i.split(':')[1]}" for i, k in zip(bound, order)}
            return tuple(sorted(self.sorted(name, [new.get(i, i) for i in labels]) for name, labels in factors))

        return min(map(written, permutations(range(len(bound)))))

    def sorted(self, name: str, labels: list[str]) -> Factor:
        head = (
            0
            if name in self.symmetric or name == "same"
            else len(labels) - 2
            if name.startswith("hess ")
            else len(labels)
        )
        return name, (*labels[:head], *sorted(labels[head:]))

    def expected(self, value: Quotient) -> Quotient:
        """The mean over the draws: each way to pair them gives `same` of their labels (Isserlis)."""
        names = {n for item in value.items() for n, _ in item}
        below = {n for item in Quotient(ONE, value.bottom).items() for n, _ in item}
        hidden = any(draw in n and n not in self.normal for n in names for draw in self.normal)
        need(not hidden and not self.normal & below, "a mean of more than a polynomial")
        parts = []
        for monomial, c in value.top.items():
            inside = [pair for pair in monomial if any(n in self.normal for n, _ in pair[0])]
            rest = tuple(pair for pair in monomial if pair not in inside)
            parts.append(Quotient({rest: c}) * self.paired(apart(inside, {})))
        return total(parts) * Quotient(ONE, value.bottom)

    def paired(self, factors: list[Factor]) -> Quotient:
        first = next((k for k, (name, _) in enumerate(factors) if name in self.normal), None)
        if first is None:
            return self.tied(factors)
        (name, labels), rest = factors[first], factors[:first] + factors[first + 1 :]
        mates = [k for k, (other, _) in enumerate(rest) if other == name]
        same: dict[int, list[Factor]] = {k: [("same", p) for p in zip(labels, rest[k][1], strict=True)] for k in mates}
        return total(self.paired(rest[:k] + rest[k + 1 :] + same[k]) for k in mates)


def apart(items: Iterable[tuple[Item, int]], names: Mapping[str, str]) -> list[Factor]:
    """The factors of items with labels that are summed kept apart, and names for others."""
    copies = [item for item, power in items for _ in range(power)]
    return [
        (name, tuple(f"{k}.{i}" if ":" in i else names.get(i, i) for i in labels))
        for k, item in enumerate(copies) for name, labels in item
    ]  # fmt: skip
