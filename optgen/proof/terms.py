"""Real expressions over indexed atoms: the language of lemma certificates and its normal form.

A term is a tree of lists, as JSON has it:

    "3/4"  "-2"                          a rational number
    ["atom", "x", "i"]                   an entry; indices are labels (`i`) or numbers (`=1`); `["atom", "L"]` a number
    ["+", t, ...]  ["*", t, ...]  ["/", t, u]  ["^", t, n]
    ["sum", "i", "n", t]                 over i = 1 .. n;  bound labels are distinct from all others of the claim
    ["same", "i", "j"]  ["before", "i", "j"]     1 if i = j (if i < j), else 0
    ["expect", t]                        the mean over independent standard normal atoms (`Rules.normal`)
    ["f", t, ...]                        a function by its name: sqrt exp log abs ...
    ["at", "grad f", [labels, t], ..., ["i"]]    an oracle asked at points (tensors: labels and entry), its entry i

`normal` writes a term as a quotient of polynomials in *contractions*: products of atoms tied together by the labels
that are summed, with a canonical choice of these labels.  Equal polynomials mean equal numbers for every dimension
and all values, so an identity of matrices, of inner products or of entries is one comparison.  This file is the
checker of such identities and imports nothing but `fractions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations
from typing import Any

from optgen.proof.contractions import (
    ONE,
    Factor,
    Monomial,
    Polynomial,
    Quotient,
    TooLarge,
    added,
    bounded,
    canonical,
    connected,
    free_labels,
    halved,
    labels_of,
    length,
    merged,
    number,
    pair_of_inverses,
    pivot_of,
    text,
    without_sames,
)
from optgen.proof.functions import FUNCTIONS, root, simplest

Term = Any  # str | list
LARGEST, MOST_WORK = 20_000, 1_000_000  # products of terms in one multiplication, and in all


@dataclass(frozen=True, slots=True)
class Rules:
    """What a claim may use: names of symmetric matrices; `solutions`: z -> (A, flipped, entry) for A z = b;
    `values`: atoms with a value (`lr` -> 2/(L + mu)); `inverse`: pairs of matrices A, B with A B = I; `normal`:
    atoms that are independent standard normal numbers; `psd`: symmetric matrices whose forms are not negative;
    `equations`: terms that are 0, each solved for one contraction.
    """

    symmetric: frozenset[str] = frozenset()
    solutions: Mapping[str, tuple[str, str, Term]] = field(default_factory=dict)  # z: (A, label, entry b[label])
    values: Mapping[str, tuple[tuple[str, ...], Term]] = field(default_factory=dict)
    inverse: frozenset[tuple[str, str]] = frozenset()
    normal: frozenset[str] = frozenset()
    psd: frozenset[str] = frozenset()
    equations: tuple[Term, ...] = ()


class Reader:
    """Normal forms under one set of rules; results are remembered by the text of the term."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.done: dict[str, Quotient] = {}
        self.work = 0  # products of terms so far
        self.held = 0  # labels that were bound and are free while a factor is replaced
        self.roots: dict[str, Quotient] = {}  # a factor sqrt(..) -> what its square is, labels by place
        self.asked_at: dict[str, tuple[Term, tuple[str, ...]]] = {}  # the factor of an oracle -> a term, its labels
        self.made_of: dict[str, tuple[str, list[Quotient], tuple[str, ...]]] = {}  # of a function: name, arguments

    # ------------------------------------------------------------ terms

    def normal(self, term: Term) -> Quotient:
        key = str(term)
        if key not in self.done:
            self.done[key] = self._normal(term)
        return self.done[key]

    def _normal(self, term: Term) -> Quotient:
        if isinstance(term, str):
            return Quotient(number(Fraction(term)), ONE)
        match term:
            case ["atom", name, *labels]:
                return self.atom(name, tuple(labels))
            case ["+", *parts]:
                total = Quotient({}, ONE)
                for part in parts:
                    total = self.plus(total, self.normal(part))
                return total
            case ["*", *parts]:
                product = Quotient(ONE, ONE)
                for part in parts:
                    product = self.times(product, self.normal(part))
                return product
            case ["/", above, below]:
                return self.times(self.normal(above), self.reciprocal(self.normal(below)))
            case ["^", base, power]:
                return self.power(self.normal(base), int(power))
            case ["sum", label, extent, body]:
                return self.summed(self.normal(body), label, extent)
            case ["same" | "before" as mark, i, j]:
                return Quotient(self.factors([(mark, (i, j))]), ONE)
            case ["expect", body]:
                return self.expected(self.normal(body))
            case ["at", name, *points, labels]:
                return Quotient(self.factors([self.asked(name, points, tuple(labels))]), ONE)
            case [function, *arguments]:
                return self.function(function, [self.normal(a) for a in arguments])
        raise ValueError(f"not a term: {term!r}")

    def atom(self, name: str, labels: tuple[str, ...]) -> Quotient:
        if name in self.rules.values:
            bound, value = self.rules.values[name]
            return self.normal(renamed(value, dict(zip(bound, labels, strict=True))))
        return Quotient(self.factors([(name, labels)]), ONE)

    def asked(self, name: str, points: Sequence[Any], labels: tuple[str, ...]) -> Factor:
        """An oracle at points as a factor: own labels of a point by their place, labels from outside as labels."""
        entries = [
            self.normal(renamed(entry, {label: f"@{k}" for k, label in enumerate(own)})) for own, entry in points
        ]
        function, outside = self.wrapped(name, entries)
        self.asked_at[function] = (["at", name, *points], outside)
        return function, (*outside, *labels)

    def function(self, name: str, arguments: list[Quotient]) -> Quotient:
        arguments = [simplest(a) for a in arguments]
        known = FUNCTIONS.get(name)
        simpler: Quotient | None = known(arguments) if known else None
        if simpler is not None:
            return simpler
        if name in ("exp", "power") and arguments[-1].bottom == ONE:
            return self.exponential(name, arguments)
        even = self.root_of_square(arguments[0]) if name == "sqrt" else None
        if even is not None:
            return even
        made = self.wrapped(name, arguments)
        if name in ("sqrt", "abs"):
            places = {label: f"${k}" for k, label in enumerate(made[1])}
            square = self.power(arguments[0], 2) if name == "abs" else arguments[0]
            self.roots[made[0]] = self.relabelled(square, places)
        return Quotient(self.factors([made]), ONE)

    def root_of_square(self, value: Quotient) -> Quotient | None:
        """sqrt(c^2 m^2) is c times the absolute value of m, for one monomial m."""
        if value.bottom != ONE or len(value.top) != 1:
            return None
        ((monomial, c),) = value.top.items()
        size = root([Quotient(number(c), ONE)])
        if size is None or not monomial or any(power % 2 != 0 for _, power in monomial):
            return None
        half: Monomial = tuple((item, int(power) // 2) for item, power in monomial)
        return self.times(size, self.function("abs", [Quotient({half: Fraction(1)}, ONE)]))

    def exponential(self, name: str, arguments: list[Quotient]) -> Quotient:
        """exp(sum of c m) is the product of exp(m)^c; so is b^(sum of c m), where an integer is a plain power."""
        result = Quotient(ONE, ONE)
        for monomial, c in arguments[-1].top.items():
            if not monomial and name == "power" and c.denominator == 1:
                result = self.times(result, self.power(arguments[0], int(c)))
                continue
            made = self.wrapped(name, [*arguments[:-1], Quotient({monomial: Fraction(1)}, ONE)])
            result = self.times(result, Quotient({(((made,), c),): Fraction(1)}, ONE))
        return result

    def wrapped(self, name: str, arguments: list[Quotient]) -> Factor:
        """A function of expressions as one factor: its text with places for labels, and the labels."""
        labels = sorted({label for a in arguments for p in (a.top, a.bottom) for label in free_labels(p)})
        orders = permutations(labels) if len(labels) <= 3 else [tuple(labels)]
        best: tuple[str, tuple[str, ...]] | None = None
        for order in orders:
            places = {label: f"${k}" for k, label in enumerate(order)}
            shown = f"{name}({', '.join(text(self.relabelled(a, places)) for a in arguments)})"
            best = min(best, (shown, order)) if best else (shown, order)
        assert best is not None
        self.made_of[best[0]] = name, arguments, best[1]
        return best

    # ------------------------------------------------------------ arithmetic of quotients

    def plus(self, left: Quotient, right: Quotient) -> Quotient:
        if left.bottom == right.bottom:
            return Quotient(added(left.top, right.top), left.bottom)
        top = added(self.product(left.top, right.bottom), self.product(right.top, left.bottom))
        return Quotient(top, self.product(left.bottom, right.bottom))

    def times(self, left: Quotient, right: Quotient) -> Quotient:
        if left.top == right.bottom and left.top:
            return Quotient(right.top, left.bottom)
        return Quotient(self.product(left.top, right.top), self.product(left.bottom, right.bottom))

    def power(self, base: Quotient, exponent: int) -> Quotient:
        for part in (base.top, base.bottom):
            bounded(len(part), exponent, part.values())
        result, factor = Quotient(ONE, ONE), base if exponent >= 0 else self.reciprocal(base)
        if not factor.top and exponent:
            return factor
        for _ in range(abs(exponent)):
            result = self.times(result, factor)
        return result

    def reciprocal(self, value: Quotient) -> Quotient:
        """1/value; a single monomial below becomes negative powers."""
        if not value.top:
            raise ZeroDivisionError("a quotient whose denominator is 0")
        if len(value.top) == 1:
            ((monomial, c),) = value.top.items()
            flipped = {tuple((item, -power) for item, power in monomial): 1 / c}
            return Quotient(self.product(value.bottom, flipped), ONE)
        return Quotient(value.bottom, value.top)

    def product(self, left: Polynomial, right: Polynomial) -> Polynomial:
        if left == ONE or right == ONE:
            return right if left == ONE else left
        self.work += len(left) * len(right)
        if len(left) * len(right) > LARGEST or self.work > MOST_WORK:
            raise TooLarge(f"a product of {len(left)} and {len(right)} terms, after {self.work} others")
        total: Polynomial = {}
        result: Polynomial = {}
        for m, c in left.items():
            for n, d in right.items():
                joined = merged(m, n)
                square = self._square(joined)
                if square is None:
                    total[joined] = total.get(joined, Fraction(0)) + c * d
                else:
                    result = added(result, self.product({square[0]: c * d}, square[1]))
        return added(result, {m: c for m, c in total.items() if c})

    def _square(self, monomial: Monomial) -> tuple[Monomial, Polynomial] | None:
        """A monomial with the square of a root: without it, and what it is."""
        for contraction, power in monomial if self.roots else ():
            name, labels = contraction[0]
            if len(contraction) == 1 and name in self.roots and power >= 2 and self.roots[name].bottom == ONE:
                places = {f"${k}": label for k, label in enumerate(labels)}
                image = self.relabelled(self.roots[name], places).top
                return merged(monomial, ((contraction, -2),)), image
        return None

    def vanishes(self, term: Term) -> bool:
        """Whether a term is 0 wherever it is defined: negative powers are multiplied away, roots squared."""
        top = self.reduced(self.normal(term)).top
        while True:
            low: dict[tuple[Factor, ...], int | Fraction] = {}
            for monomial in top:
                for item, power in monomial:
                    if power < 0:
                        low[item] = min(power, low.get(item, 0))
            if not low:
                return not top
            top = self.product(top, {tuple(sorted((item, -power) for item, power in low.items())): Fraction(1)})

    def reduced(self, value: Quotient) -> Quotient:
        """The quotient with one contraction of each equation written by the others."""
        pivots: list[tuple[tuple[Factor, ...], Polynomial]] = []
        for equation in self.rules.equations:
            top = self.normal(equation).top
            for item, image in pivots:
                top = self.replaced(top, item, image)
            pivot = pivot_of(top)
            if pivot is not None:
                item, image = pivot
                pivots = [(other, self.replaced(found, item, image)) for other, found in pivots]
                pivots.append(pivot)
        for item, image in pivots:
            value = Quotient(self.replaced(value.top, item, image), self.replaced(value.bottom, item, image))
        return value

    def replaced(self, polynomial: Polynomial, item: tuple[Factor, ...], image: Polynomial) -> Polynomial:
        total: Polynomial = {}
        for monomial, c in polynomial.items():
            power = dict(monomial).get(item, 0)
            if power <= 0 or int(power) != power:
                total = added(total, {monomial: c})
                continue
            term: Polynomial = {tuple(pair for pair in monomial if pair[0] != item): c}
            for _ in range(int(power)):
                term = self.product(term, image)
            total = added(total, term)
        return total

    # ------------------------------------------------------------ means

    def expected(self, value: Quotient) -> Quotient:
        """Each pair of draws gives `same` of their labels (Wick); what the draws do not touch stays."""
        if self.drawn(value.bottom):
            raise TooLarge
        total: Polynomial = {}
        for monomial, c in value.top.items():
            inside = tuple(pair for pair in monomial if any(name in self.rules.normal for name, _ in pair[0]))
            outside = tuple(pair for pair in monomial if pair not in inside)
            if self.drawn({outside: Fraction(1)}):
                raise TooLarge
            total = added(total, self.product({outside: c}, self.paired(self.apart(inside))))
        return Quotient(total, value.bottom)

    def drawn(self, polynomial: Polynomial) -> bool:
        return any(draw in name for m in polynomial for item, _ in m for name, _ in item for draw in self.rules.normal)

    def apart(self, inside: Monomial) -> list[Factor]:
        """The factors of contractions with labels that are distinct."""
        factors: list[Factor] = []
        for contraction, power in inside:
            if power < 0 or int(power) != power:
                raise TooLarge
            for _ in range(int(power)):
                names = {}
                for label in dict.fromkeys(i for _, ls in contraction for i in ls if ":" in i):
                    names[label] = f"w{self.held}:{label.split(':', 1)[1]}"
                    self.held += 1
                factors += [(name, tuple(names.get(i, i) for i in ls)) for name, ls in contraction]
        return factors

    def paired(self, factors: list[Factor]) -> Polynomial:
        places = [k for k, (name, _) in enumerate(factors) if name in self.rules.normal]
        if not places:
            return self.factors(factors) if factors else ONE
        first, *others = places
        total: Polynomial = {}
        for other in others:
            (name, ls), (mate, rs) = factors[first], factors[other]
            if name == mate:
                rest = [f for k, f in enumerate(factors) if k not in (first, other)]
                joined = [("same", (i, j)) for i, j in zip(ls, rs, strict=True)]
                total = added(total, self.paired([*rest, *joined]))
        return total

    # ------------------------------------------------------------ sums

    def summed(self, value: Quotient, label: str, extent: str) -> Quotient:
        if any(label in free_labels({m: Fraction(1)}) for m in value.bottom):
            inverse = self.factors([self.wrapped("/", [Quotient(value.bottom, ONE)])])
            value = Quotient(self.product(value.top, inverse), ONE)
        total: Polynomial = {}
        for monomial, c in value.top.items():
            inside = [(item, power) for item, power in monomial if label in labels_of(item)]
            outside = tuple(pair for pair in monomial if label not in labels_of(pair[0]))
            if inside:
                total = added(total, self.product({outside: c}, self.bound(inside, label, extent)))
            else:
                total = added(total, self.product({outside: c}, length(extent)))
        return Quotient(total, value.bottom)

    def bound(self, inside: list[tuple[tuple[Factor, ...], int | Fraction]], label: str, extent: str) -> Polynomial:
        """The contractions that share a label, with this label summed."""
        factors: list[Factor] = []
        fresh = 0
        for contraction, power in inside:
            if int(power) != power:
                raise TooLarge
            for _ in range(abs(int(power))):
                names = {}
                for bound in dict.fromkeys(i for _, ls in contraction for i in ls if ":" in i):
                    names[bound] = f"{fresh}:{bound.split(':', 1)[1]}"
                    fresh += 1
                names[label] = f"s:{extent}"
                factors += [
                    (name if power > 0 else f"1/{name}", tuple(names.get(i, i) for i in ls)) for name, ls in contraction
                ]
        return self.factors(factors)

    def factors(self, factors: list[Factor]) -> Polynomial:
        """A product of factors with its bound labels summed, in normal form."""
        cleared, scale = without_sames(factors)
        if cleared is None:
            return {}
        factors = cleared
        half = halved(factors, self._sorted)
        if half is not None:
            both, diagonal = self.factors(half[0]), self.factors(half[1])
            return self.product(scale, {m: c / 2 for m, c in added(both, diagonal, -1).items()})
        for place, (name, labels) in enumerate(factors):
            if name in self.rules.solutions:
                solved = self._solved(factors, place, name, labels)
                if solved is not None:
                    return self.product(scale, solved)
        for left, right in self.rules.inverse:
            found = pair_of_inverses(factors, left, right)
            if found is not None:
                return self.product(scale, self.factors(found))
        factors = [self._sorted(factor) for factor in factors]
        powers: dict[tuple[Factor, ...], int] = {}
        for part in connected(factors):
            item = canonical(part, self._sorted)
            powers[item] = powers.get(item, 0) + 1
        return self.product(scale, {tuple(sorted(powers.items())): Fraction(1)})

    def _sorted(self, factor: Factor) -> Factor:
        name, labels = factor
        if name.startswith("hess "):
            return name, (*labels[:-2], *sorted(labels[-2:]))
        symmetric = name in self.rules.symmetric or name in self.rules.psd or name == "same"
        return (name, tuple(sorted(labels))) if symmetric else factor

    def _solved(self, factors: list[Factor], place: int, name: str, labels: tuple[str, ...]) -> Polynomial | None:
        """A[i, j] z[j, ..] summed over j is b[i, ..]."""
        matrix, free, value = self.rules.solutions[name]
        (j, *others) = labels
        if ":" not in j:
            return None
        for other, (owner, (*indices,)) in enumerate(factors):
            if owner != matrix or j not in indices or sum(ls.count(j) for _, ls in factors) != 2:
                continue
            if indices[1] != j and not (matrix in self.rules.symmetric or matrix in self.rules.psd):
                continue
            row = indices[1 - indices.index(j)] if matrix in self.rules.symmetric | self.rules.psd else indices[0]
            rest = [f for k, f in enumerate(factors) if k not in (place, other)]
            self.held += 1
            held = f"row{self.held}'" if ":" in row else row
            image = self.normal(renamed(value, dict(zip(free.split(), [held, *others], strict=True))))
            if image.bottom != ONE:
                return None
            free_rest = [(name, tuple(held if i == row else i for i in ls)) for name, ls in rest]
            result = self.product(self.factors(free_rest), image.top)
            return self.summed(Quotient(result, ONE), held, row.split(":", 1)[1]).top if ":" in row else result
        return None

    def relabelled(self, value: Quotient, names: Mapping[str, str]) -> Quotient:
        def changed(polynomial: Polynomial) -> Polynomial:
            total: Polynomial = {}
            for monomial, c in polynomial.items():
                product: Polynomial = number(c)
                for contraction, power in monomial:
                    new = tuple((name, tuple(names.get(i, i) for i in ls)) for name, ls in contraction)
                    item = canonical(list(new), self._sorted)
                    product = self.product(product, {((item, power),): Fraction(1)})
                total = added(total, product)
            return total

        return Quotient(changed(value.top), changed(value.bottom))


def renamed(term: Term, names: Mapping[str, str]) -> Term:
    """Free labels of a term under other names."""
    if isinstance(term, str):
        return term
    match term:
        case ["atom", name, *labels]:
            return ["atom", name, *(names.get(i, i) for i in labels)]
        case ["same" | "before" as mark, i, j]:
            return [mark, names.get(i, i), names.get(j, j)]
        case ["sum", label, extent, body]:
            return ["sum", label, extent, renamed(body, {k: v for k, v in names.items() if k != label})]
        case ["at", name, *points, labels]:
            inner = [[own, renamed(e, {k: v for k, v in names.items() if k not in own})] for own, e in points]
            return ["at", name, *inner, [names.get(i, i) for i in labels]]
        case ["^", base, power]:
            return ["^", renamed(base, names), power]
        case [head, *parts]:
            return [head, *(renamed(part, names) for part in parts)]
    return term
