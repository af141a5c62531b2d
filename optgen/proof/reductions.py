"""The prover's half of an identity: which laws and givens, times what, the difference of two sides is the sum of.

The difference is written out by the checker's own `written`.  What is left is rewritten product by product: each rule
finds a fact of which the product holds one term, and what that term is multiplied by; subtracting the fact times that
leaves smaller products.  The facts used are the certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from typing import Any

from optgen.proof.cancel import factorised, lowest
from optgen.proof.check import Facts
from optgen.proof.polynomial import Number, ratio
from optgen.proof.polynomial import Polynomial as Shown
from optgen.proof.polynomial import quotient as shown_quotient
from optgen.proof.terms import Term, renamed
from optgen.proof.written import HERE, Factor, Item, Polynomial, Quotient, apart, expanded

Use = list[Any]  # [label of a fact, coefficient, [[label, extent], ..]]
MOST_STEPS = 400


def summed(item: Item, written: Callable[[Factor], Term]) -> Term:
    """A product of factors as a term; labels with `:` are those of sums around it."""
    bound = sorted({i for _, labels in item for i in labels if ":" in i})
    names = {i: f"{i.split(':')[0]}~" for i in bound}
    body: Term = ["*", *(written((n, tuple(names.get(i, i) for i in ls))) for n, ls in item)]
    for i in bound:
        body = ["sum", names[i], i.split(":")[1], body]
    return body if bound or len(item) > 1 else body[1]


class Everything(set[Any]):
    """Whether something exists is for the checker to say."""

    def __ge__(self, other: object) -> bool:
        return True


class Recording(Facts):
    """Facts that remember which term each letter for a function was made from."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.made: dict[str, tuple[Term, dict[str, int]]] = {}
        super().__init__(problem)
        self.exist = Everything()

    def read(self, term: Term, names: Mapping[str, str] = HERE) -> Quotient:
        value = super().read(term, names)
        if isinstance(term, list) and isinstance(term[0], str) and len(value.top) == 1 and not value.bottom:
            ((monomial, c),) = value.top.items()
            if c == 1 and len(monomial) == 1 and len(monomial[0][0]) == 1 and "(" in monomial[0][0][0][0]:
                name, labels = monomial[0][0][0]
                places = {own: labels.index(i) for own, i in names.items() if i in labels}
                places |= {i: k for k, i in enumerate(labels) if i not in names}
                if name not in self.made and term[0] not in WRAPPERS:
                    self.made[name] = (term, places)
        return value

    def function(self, name: str, arguments: Sequence[Quotient], labels: Sequence[str]) -> Quotient:
        value = super().function(name, arguments, labels)
        if name == "inverse":
            ((((item, _),), _),) = value.top.items()
            ((made, order),) = item
            self.made[made] = (["inverse", self.term(arguments[0])], {i: k for k, i in enumerate(order)})
        return value

    # ------------------------------------------------------------ terms again

    def factor(self, factor: Factor) -> Term:
        name, labels = factor
        if name in self.made:
            term, places = self.made[name]
            return renamed(term, {own: labels[k] for own, k in places.items()})
        if name in ("same", "before"):
            return [name, *labels]
        return ["atom", name, *labels]

    def item(self, item: Item) -> Term:
        return summed(item, self.factor)

    def polynomial(self, polynomial: Polynomial) -> Term:
        parts = [["*", str(c), *(["^", self.item(i), p] if p != 1 else self.item(i) for i, p in m)]
                 for m, c in sorted(polynomial.items())]  # fmt: skip
        return ["+", *parts] if parts else "0"

    def term(self, value: Quotient) -> Term:
        return self.over_parts(self.polynomial(value.top), value.bottom)

    def cancelled(self, value: Quotient) -> Term:
        """The term of a quotient in lowest terms."""
        reduced, back = as_number(value)
        parts = (items(part, back) for part in (ratio(reduced).numerator, ratio(reduced).denominator))
        return ["/", *(self.polynomial(part) for part in parts)]

    def over_parts(self, term: Term, bottom: Any) -> Term:
        for part, power in bottom:
            for _ in range(power):
                term = ["/", term, self.polynomial(dict(part))]
        return term


WRAPPERS = ("+", "*", "/", "^", "sum", "named", "atom", "expect")


@dataclass(slots=True)
class Reduction:
    """What is left of a difference, and what has been used so far.

    systems: given equations A z = b and A B = I as (A, z, the labels that the equation leaves open); lemmas: equations
    between arguments of functions that were needed, with what they use; positive: what may divide.
    """

    facts: Recording
    left: Quotient
    systems: Mapping[str, tuple[str, str, Sequence[str]]] = field(default_factory=dict)
    equations: Sequence[tuple[str, Item, Fraction]] = ()  # solved for an item with that coefficient
    lemmas: dict[str, tuple[Term, list[Use]]] = field(default_factory=dict)
    positive: frozenset[Item] = frozenset()
    uses: list[Use] = field(default_factory=list)

    def run(self) -> Quotient:
        for _ in range(MOST_STEPS):
            use = next((u for m, c in sorted(self.left.top.items()) for u in self.rewritten(m, c)), None)
            if use is None:
                return self.left
            self.subtract(use)
        return self.left

    def subtract(self, use: Use) -> None:
        label, coefficient, sums = use
        coefficient = self.facts.over_parts(coefficient, self.left.bottom)
        _, fact = self.facts.find(label)
        self.left = self.left - self.facts.sums(self.facts.read(coefficient) * fact, sums)
        self.uses.append([label, coefficient, sums])

    def rewritten(self, monomial: Any, c: Fraction) -> Iterator[Use]:
        for given, item, scale in self.equations:
            if item in dict(monomial):
                without = tuple((i, p - (i == item)) for i, p in monomial if i != item or p > 1)
                yield [["given", given, {}], self.facts.polynomial({without: c / scale}), []]
        for item, _ in monomial:
            if len(item) == 1 and item[0][0].startswith("exp(") and item not in self.positive:
                yield from self.turned(monomial, item, c)
        factors = apart(monomial, {})
        bound = sorted({i for _, labels in factors for i in labels if ":" in i})
        names = {i: f"r{k}~" for k, i in enumerate(bound)}
        spread = [(name, tuple(names.get(i, i) for i in labels)) for name, labels in factors]
        extents = {names[i]: i.split(":")[1] for i in bound}
        for label, taken, scale, inside in self.matches(spread, extents):
            rest = [self.facts.factor(f) for k, f in enumerate(spread) if k not in taken]
            sums = [[i, extent] for i, extent in extents.items() if i not in inside]
            yield [label, ["*", str(c / scale), *rest], sums]

    def matches(self, factors: Sequence[Factor], extents: Mapping[str, str]) -> Iterator[Match]:
        for k, (name, labels) in enumerate(factors):
            head = name.split("(")[0]
            made = self.facts.factor((name, labels)) if name in self.facts.made else ["at"]
            argument = made[1:] if made[0] != "at" else []
            if argument:
                yield from ((law, (k,), Fraction(1), ()) for law in self.simpler(head, argument))
            twin = next((j for j in range(k) if factors[j] == (name, labels)), None)
            if head in SQUARES and twin is not None:
                yield ["law", SQUARES[head], *argument], (twin, k), Fraction(1), ()
            if name == "before" and labels[0] == labels[1]:
                yield ["law", "order", *labels], (k,), Fraction(2), ()
            for j in range(k):
                yield from self.opposite(factors, j, k)
                yield from self.solved(factors, j, k, extents)
                yield from self.solved(factors, k, j, extents)
        for place, (name, labels) in enumerate(factors):
            if name == "before" and all(i in extents for i in labels) and extents[labels[0]] == extents[labels[1]]:
                rest = [f for k, f in enumerate(factors) if k != place]
                if self.bound(rest, extents) == self.bound(exchanged(rest, *labels), extents):
                    yield ["law", "order", *labels], (place,), Fraction(2), ()

    def turned(self, monomial: Any, item: Item, c: Fraction) -> Iterator[Use]:
        """exp(-u) is 1/exp(u), where exp(u) is known to be positive."""
        u = self.facts.factor(item[0])[1]
        other = self.facts.read(["exp", ["*", "-1", u]])
        if set(other.items()) <= self.positive and other.top:
            rest = tuple((i, p - (i == item)) for i, p in monomial if i != item or p > 1)
            coefficient = ["/", self.facts.polynomial({rest: -c}), self.facts.term(other)]
            yield [["law", "exponential", "0", [1, u], [1, ["*", "-1", u]]], coefficient, []]

    def bound(self, factors: Sequence[Factor], extents: Mapping[str, str]) -> Polynomial:
        names = {i: f"{k}:{e}" for k, (i, e) in enumerate(extents.items())}
        return self.facts.tied([(n, tuple(names.get(i, i) for i in ls)) for n, ls in factors]).top

    def opposite(self, factors: Sequence[Factor], j: int, k: int) -> Iterator[Match]:
        """exp(u) exp(-u) is 1, and so is the inverse of u times u."""
        for one, other in ((j, k), (k, j)):
            if factors[one][0].startswith("inverse("):
                (u,) = self.facts.factor(factors[one])[1:]
                value = self.facts.read(u)
                if set(value.top) == {(((factors[other],), 1),)} and not value.bottom:
                    yield ["law", "inverse", u], (one, other), next(iter(value.top.values())), ()
        if all(factors[i][0].startswith("exp(") for i in (j, k)):
            u, v = (self.facts.factor(factors[i])[1] for i in (j, k))
            if not self.facts.read(["+", u, v]).top:
                yield ["law", "exponential", "0", [1, u], [1, v]], (j, k), Fraction(-1), ()

    def solved(self, factors: Sequence[Factor], k: int, j: int, extents: Mapping[str, str]) -> Iterator[Match]:
        """A z = b, and A B = I, where the label between them is summed and stands nowhere else."""
        (name, labels), (other, places) = factors[k], factors[j]
        for given, (matrix, vector, own) in self.systems.items():
            for row, shared in ((0, 1), (1, 0)) if (name, other) == (matrix, vector) and len(labels) == 2 else ():
                turned = shared == 0 and name not in self.facts.symmetric
                alone = sum(ls.count(labels[shared]) for _, ls in factors) == 2 and labels[shared] in extents
                if alone and not turned and places[0] == labels[shared]:
                    names = dict(zip(own, (labels[row], *places[1:]), strict=True))
                    yield ["given", given, names], (k, j), Fraction(1), (labels[shared],)

    # ------------------------------------------------------------ functions

    def simpler(self, head: str, argument: list[Term]) -> Iterator[Any]:
        """Laws that write f(u) by simpler functions."""
        *base, u = argument
        value = self.facts.read(u)
        if head in ("exp", "power"):
            parts = self.parts(value, head)
            if parts is not None:
                yield ["law", "exponential" if head == "exp" else "power", *base, u, *parts]
        if len(argument) > 1:
            return
        if head in AT_ZERO and not value.top:
            yield ["law", "zero at zero", head]
        if head == "abs" and value.top and set(value.top) == {()} and not value.bottom:
            yield ["law", "size of a number", str(value.top[()])]
        if head == "sqrt" and value.top:
            yield from self.square(u, value)
        if head in ("exp", "sqrt", "abs", "log", *AT_ZERO):
            yield from self.by_lemma(head, u, value)

    def parts(self, value: Quotient, head: str) -> list[Any] | None:
        """(c, m) with the argument the sum of c m; None where it is one m already."""
        found: list[Any] = []
        for monomial, c in sorted(value.top.items()):
            if not monomial and head == "power" and c.denominator == 1 and c > 0 and not value.bottom:
                found.append([int(c), "1"])
                continue
            sign = 1 if c > 0 else -1
            unit = Quotient({monomial: Fraction(sign, c.denominator)}, value.bottom)
            found.append([abs(c.numerator), self.facts.term(unit)])
        return None if len(found) == 1 and found[0][0] == 1 and found[0][1] != "1" else found

    def square(self, u: Term, value: Quotient) -> Iterator[Any]:
        """The root of a square: numerator and denominator without common factors have even powers."""
        reduced, back = as_number(value)
        size, root = Fraction(1), []
        for part, way in ((ratio(reduced).numerator, 1), (ratio(reduced).denominator, -1)):
            scale, factors = factorised(part)
            size *= scale**way
            if any(power % 2 for _, power in factors):
                return
            root += [["^", self.facts.polynomial(items(factor, back)), way * power // 2] for factor, power in factors]
        half = Fraction(isqrt(max(0, size.numerator)), isqrt(size.denominator))
        if half * half == size:
            yield ["law", "root of a square", u, str(half), ["*", "1", *root]]

    def by_lemma(self, head: str, u: Term, value: Quotient) -> Iterator[Any]:
        """f(u) is f(v) where u is v by laws."""
        if not any("(" in name for item in value.items() for name, _ in item):
            return
        top = self.inner(Quotient(value.top)).run()
        parts = []
        for part, power in value.bottom:
            below = self.inner(Quotient(dict(part)))
            parts += [self.facts.term(below.run())] * power
            if below.uses:
                self.lemma(self.facts.polynomial(dict(part)), parts[-1], below.uses)
        v = self.facts.term(top)
        for part_term in parts:
            v = ["/", v, part_term]
        same = self.inner(value - self.facts.read(v))
        if same.left.top and not same.run().top:
            yield ["lemma", head, self.lemma(u, v, same.uses)]

    def lemma(self, u: Term, v: Term, uses: list[Use]) -> str:
        name = f"lemma {len(self.lemmas) + 1}"
        self.lemmas[name] = (["=", u, v], uses)
        self.facts.proved[name] = [u, v]
        return name

    def inner(self, left: Quotient) -> Reduction:
        return Reduction(self.facts, left, self.systems, self.equations, self.lemmas)


def as_number(value: Quotient) -> tuple[Number, dict[str, Item]]:
    """A quotient in lowest terms, with names for its items."""
    back = {f"v{k}": item for k, item in enumerate(sorted(value.items()))}
    names = {item: name for name, item in back.items()}
    top, bottom = (Shown({tuple(sorted((names[i], p) for i, p in m)): c for m, c in part.items()})
                   for part in (value.top, expanded(dict(value.bottom))))  # fmt: skip
    return lowest(shown_quotient(top, bottom)), back


def items(polynomial: Shown, back: Mapping[str, Item]) -> Polynomial:
    return {tuple(sorted((back[n], p) for n, p in m)): c for m, c in polynomial.terms.items()}


Match = tuple[
    Any, tuple[int, ...], Fraction, tuple[str, ...]
]  # fact, factors that are its leading term, its coefficient
SQUARES = {"sqrt": "root", "abs": "size"}  # and the labels that are summed inside the fact
AT_ZERO = ("sin", "tanh", "sign", "abs", "sqrt")


def exchanged(factors: Sequence[Factor], i: str, j: str) -> list[Factor]:
    return [(name, tuple({i: j, j: i}.get(label, label) for label in labels)) for name, labels in factors]
