"""The checker of all proofs called `exact` or `algebra`: a claim is a sum of facts with coefficients and of squares.

A certificate states a problem (what is given, points of oracles with their classes, bounds of numbers, claims) and for
each claim the facts and squares it is the sum of.  Facts are what is given and what `accepted` lists: inequalities of
classes, laws of functions.  The claim less that sum is written out by `written`; what is left must be 0, or (of >= and
>) a number with that sign for all numbers within their bounds.  No solver, no prover, not their tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

from optgen.proof.accepted import DEFINED, LAWS, PARTIAL, PLACES, RULES, UNARY
from optgen.proof.written import (
    HERE,
    ONE,
    Item,
    Part,
    Polynomial,
    Quotient,
    Rejected,
    Writing,
    letter,
    need,
    number,
    product,
    total,
)

RELATIONS = {"=": ("=", 1), "==": ("=", 1), ">=": (">=", 1), ">": (">", 1), "<=": (">=", -1), "<": (">", -1)}
TUPLES: dict[str, Any] = {  # kinds of rules: of which points they speak
    "pair": lambda points: permutations(points, 2),
    "both": lambda points: combinations(points, 2),
    "point": lambda points: ((p,) for p in points),
    "star": lambda points: ((p, s) for p, s in permutations(points, 2) if s.get("minimiser")),
}
TUPLES |= {"equal": TUPLES["point"], "equal_pair": TUPLES["both"], "equal_star": TUPLES["star"]}
SPANS: dict[str, Any] = {  # of the combinations of which points
    "range": lambda p: not p.get("minimiser"),
    "forward": lambda p: not p.get("adjoint"),
    "adjoint": lambda p: p.get("adjoint"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What has to be believed (`exact`, `algebra`, `smt` if a solver decided signs), and what was checked, in words."""

    trust: str
    words: tuple[str, ...]


def check(data: Mapping[str, Any]) -> Report:
    """Verify a certificate; Rejected says what does not hold."""
    problem = data["problem"]
    facts = Facts(problem)
    signs = Signs(facts, problem, data.get("smt", ()))
    words = [f"{name} is what the claim says it is" for name in problem.get("values", {}) if name[0] != "<"]
    symbols = bool(problem["domain"])
    for statement in problem["statements"]:
        relation, left = facts.claim(statement, data.get("unknowns", {}))
        symbols = symbols or "atom" in str(statement.get("goal"))
        exist = set(facts.met)  # a claim is about numbers for which all that occurs in it is defined
        for lemma in data.get("lemmas", ()) if len(problem["statements"]) == 1 else ():
            facts.met = set()
            same, gap = facts.relation(*lemma["goal"])
            need(same == "=" and facts.uncertain() <= exist, "a lemma is about what may not exist")
            words += proof_of(lemma["name"], same, gap, data, facts, signs, exist)
            facts.proved[lemma["name"]] = u, v = lemma["goal"][1:]
            exist |= facts.defined(u, v, exist)
        words += proof_of(statement["name"], relation, left, data, facts, signs, exist)
    return Report("smt" if signs.believed else "algebra" if symbols else "exact", tuple(words))


def proof_of(
    name: str, relation: str, left: Quotient, data: Any, facts: Facts, signs: Signs, exist: set[Any]
) -> Iterator[str]:
    """Subtracts the facts and squares from one claim, and says which."""
    equal, positive, uses = relation == "=", False, data.get("uses", {})
    facts.exist = exist
    alone = [(label, c, ()) for label, c in data["multipliers"].get(name, {}).items()]
    for label, coefficient, sums in (*alone, *uses.get(name, ())):
        c, (word, fact) = facts.vectors(coefficient, 0), facts.find(label)
        need(word == "=" or (not equal and not sums and signs.hold(c)), f"the multiplier of {label} may be negative")
        signs.finite(c * fact, exist if equal else set(), str(label))
        left, positive = left - facts.sums(c * fact, sums), positive or (word == ">" and signs.hold(c, strict=True))
        yield f"{name}: {label} holds and is used"
    for label, weights in data["matrices"].get(name, {}).items():
        for weight, along in weights:
            w = facts.vectors(weight, 0)
            need(not equal and signs.hold(w), f"the weight of {label} is not PSD")
            left = left - w * facts.combined(label, along)
    signs.finite(left, exist if equal else set(), f"what is left of {name}")
    for weight, form, *sums in data["squares"].get(name, ()):
        w, root = facts.vectors(weight, 0), facts.read(form)
        need(not equal and signs.hold(w, pole=True), "the weight of a square may be negative")
        need(len({*facts.degrees(root)}) <= 1, "vectors and numbers are added")
        left = left - facts.sums(w * root * root, *sums)
    strict = relation == ">" and not positive
    nothing = not left.top and not strict
    need(nothing or (not equal and signs.hold(left, strict)), f"what is left of {name} is not 0, nor of its sign")
    done = "both sides are the same, where all that occurs is defined" if equal else "what is left is a sum of squares"
    yield f"{name}: {done}"


class Facts(Writing):
    """Facts by their labels.  The names of points are vectors: a product of two is an inner product."""

    def __init__(self, problem: Any) -> None:
        super().__init__(problem)
        oracles = problem["oracles"]
        need(not oracles or not any("goal" in s for s in problem["statements"]), "terms among vectors")
        self.given, self.psd = problem.get("given", {}), {*problem.get("psd", ())}
        self.proved: dict[str, Any] = {}
        self.exist: set[Any] = set()
        self.said = {label: (">=", q) for label, q in problem["assumptions"].items()}
        self.said |= {label: ("=", q) for label, q in problem["equalities"].items()}
        self.rules = {label: rule for oracle in oracles for label, rule in rules(oracle)}
        self.spans = {
            f"{o['name']} {name} {kind}": ([p for p in o["points"] if among(p)], RULES[name, kind, 0](*arguments))
            for o in oracles for name, arguments in o["classes"]
            for kind, among in SPANS.items() if (name, kind, 0) in RULES
        }  # fmt: skip
        points = [p for o in oracles for p in o["points"]]
        claims = [q for s in problem["statements"] if "claim" in s for q in (s["claim"], *s["terms"].values())]
        claims += [q for _, q in self.said.values()] + [p["f"] for p in points]
        names = {name for q in claims for pair in q["products"] for name in pair[:2]}
        names |= {"center", *(name for p in points for name in (*p["x"], *p["g"]))}
        self.names = {((name, ()),) for name in names}
        for p in points:
            need(not (p.get("minimiser") and p["g"]), "a minimiser has gradient 0")
            for key, degree in (("x", 1), ("g", 1), ("f", 2)):
                self.vectors(p[key], degree)
        for o in oracles:
            loose = any(p.get("minimiser") and p["x"] for p in o["points"]) and any(
                c[0] == "quadratic" for c in o["classes"]
            )
            need(not loose, "a quadratic has x* = 0")

    def degrees(self, value: Quotient) -> Iterator[int]:
        """How many vectors there are in each product."""
        yield from (sum(p for item, p in m if item in self.names) for m in value.top)
        need(not self.names & Quotient(ONE, value.bottom).items(), "a division by a vector")

    def vectors(self, term: Any, count: int) -> Quotient:
        """A term with so many vectors in each product: inner products may have none, they are numbers."""
        value = self.read(term)
        need({*self.degrees(value)} <= {count, 0 if count == 2 else count}, "vectors and numbers are mixed")
        return value

    def claim(self, statement: Any, unknowns: Any) -> tuple[str, Quotient]:
        self.met = set()
        for given in self.given.values():
            self.relation(*given)
        if "goal" in statement:
            return self.relation(*statement["goal"])
        terms = [self.vectors(unknowns[u], 0) * self.vectors(q, 2) for u, q in statement["terms"].items()]
        return ">=", total([self.vectors(statement["claim"], 2), *terms])

    def defined(self, u: Any, v: Any, exist: set[Any]) -> set[Any]:
        """What exists of v where it is u: its inverse, and functions of it."""
        found: set[Any] = set()
        for name in UNARY:
            f, g = (self.read([name, side]).names() for side in (u, v))
            found |= g if f <= exist else set()
        below = [{part for part, _ in side.inverse().bottom} if side.top else set() for side in map(self.read, (u, v))]
        return found | (below[1] if below[0] and below[0] <= exist else set())

    def uncertain(self) -> set[Any]:
        """What was met that is not defined everywhere."""
        return {m for m in self.met if not isinstance(m, str) or m.startswith(PARTIAL)}

    def relation(self, word: str, left: Any, right: Any, names: Mapping[str, str] = HERE) -> tuple[str, Quotient]:
        need(word in RELATIONS, f"no sum proves {word}")
        said, sign = RELATIONS[word]
        return said, number(sign) * (self.read(left, names) - self.read(right, names))

    def find(self, label: Any) -> tuple[str, Quotient]:
        """How a fact is related to 0, and the fact."""
        match label:
            case ["law", name, *arguments]:
                zeros, word, term = LAWS[name](*arguments)
                need(not any(self.read(zero).top for zero in zeros), f"the law of the {name} does not say that")
                self.met = set()
                value = self.read(term)
                occur = {m for m in self.uncertain() if isinstance(m, str)}
                need(name in DEFINED or self.exist >= occur, f"the law of the {name} is about what may not exist")
                return word, value
            case ["lemma", function, name] if name in self.proved:
                u, v = (self.read([function, side]) for side in self.proved[name])
                return "=", u - v
            case ["form", name, term, i, j, extent] if name in self.psd and (i == j or f"'{j}'" not in str(term)):
                inside = ["*", term, ["atom", name, i, j], ["named", {i: j}, term]]
                for place in {i, j}:  # of i = j: its diagonal
                    inside = ["sum", place, extent, inside]
                return ">=", self.read(inside)
            case ["given", name, names] if name in self.given and not any(i[0] in "=?@" for i in names):
                word, left, right = self.given[name]
                return self.relation(word, left, right, names)
            case str() if label in self.given:
                return self.relation(*self.given[label])
            case str() if label in self.said:
                word, quadratic = self.said[label]
                return word, self.vectors(quadratic, 2)
            case str() if label in self.rules:
                word, points, rule = self.rules[label]
                return word, self.at([v for p in points for v in (p["x"], p["g"], p["f"])], rule)
        raise Rejected(f"conditions that no class gives: {label}")

    def combined(self, label: str, along: Sequence[Any]) -> Quotient:
        """The rule of a class at a combination of points."""
        need(label in self.spans and len(along) == len(self.spans[label][0]), f"no class gives {label}")
        points, rule = self.spans[label]
        sums = (["+", *(["*", c, p[key]] for c, p in zip(along, points, strict=True))] for key in ("x", "g"))
        return self.at([*sums], rule)

    def at(self, answers: Sequence[Any], rule: Any) -> Quotient:
        before, self.values = self.values, self.values | {p: ([], a) for p, a in zip(PLACES, answers)}
        fact = self.vectors(rule, 2)
        self.values = before
        return fact

    def sums(self, value: Quotient, sums: Sequence[Any] = ()) -> Quotient:
        for label, extent in sums:
            value = self.summed(value, label, extent)
        return value


def rules(oracle: Any) -> Iterator[tuple[str, Any]]:
    """Every condition between the points of an oracle, by its label."""
    for name, arguments in oracle["classes"]:
        for (owner, kind, place), rule in RULES.items():
            for points in TUPLES[kind](oracle["points"]) if owner == name and kind in TUPLES else ():
                if owner != "linear" or bool(points[0].get("adjoint")) != bool(points[1].get("adjoint")):
                    label = " ".join((oracle["name"], name, kind, str(place), *(p["name"] for p in points)))
                    yield label, ("=" if kind.startswith("equal") else ">=", points, rule(*arguments))


class Signs:
    """Signs of numbers within their bounds, seen after each is written with a slack that is positive."""

    def __init__(self, facts: Facts, problem: Any, solved: Sequence[Any]) -> None:
        self.charts: list[dict[Item, Quotient]] = [{}]
        self.solved, self.believed = [facts.vectors(n, 0) for n in solved], False
        for name, low, high, *closed in problem["domain"]:
            reasons = problem.get("reasons", {}).get(name)
            bounded, ends = facts.vectors(name, 0), [None if e is None else facts.vectors(e, 0) for e in (low, high)]
            item = next((m[0][0] for m in bounded.top if m), ())
            need(bounded == letter(item) and item not in self.charts[0], f"{name} is bounded")
            for end, shut, sign, reason in zip(ends, closed, (1, -1), reasons or ()):
                if end is not None:
                    (word, fact), factor = facts.find(reason[0]), facts.vectors(reason[1], 0)
                    need(word == ">" or (word == ">=" and shut), f"a bound of {name} is open")
                    need(self.hold(factor, strict=True), f"a bound of {name} turns over")
                    need(not (number(sign) * (bounded - end) - factor * fact).top, f"{name} has another bound")
            need(bool(reasons) or "given" not in problem, f"nothing bounds {name}")
            self.charts = [
                {**chart, item: written} for chart in self.charts
                for written in slacks(str(name), [end and placed(end, chart) for end in ends], *closed)
            ]  # fmt: skip

    def hold(self, value: Quotient, strict: bool = False, pole: bool = False) -> bool:
        """Whether a number is >= 0 (> 0) within all bounds (`pole`: but for a thin set where it has none)."""
        for chart in self.charts:
            found, never = self.sign(value, chart, pole)
            if found < 0 or (strict and not never):
                return self.known(value) and (not strict or self.known(value.inverse()))
        return True

    def known(self, value: Quotient) -> bool:
        found = any(not (value - other).top for other in self.solved)
        self.believed = self.believed or found
        return found

    def finite(self, value: Quotient, exist: set[Part], what: str) -> None:
        below = Quotient(ONE, tuple(part for part in value.bottom if part[0] not in exist))
        need(self.known(value) or all(self.sign(below, chart)[1] for chart in self.charts), f"{what} may be infinite")

    def sign(self, value: Quotient, chart: Mapping[Item, Quotient], pole: bool = False) -> tuple[int, bool]:
        """(1, 0 or -1; whether it is nowhere 0) in one chart; (-1, False) where that is not seen."""
        shown = [(written(dict(part), chart), power, not pole) for part, power in value.bottom]
        result, never = 1, True
        for quotient, power, below in ((written(value.top, chart), 1, False), *shown):
            parts = [(quotient.top, power, below), *((dict(part), n * power, True) for part, n in quotient.bottom)]
            for polynomial, exponent, divides in parts:
                found, nowhere = sign(polynomial) or ((1, False) if exponent % 2 == 0 else (-1, False))
                if (divides and not nowhere) or (found < 0 and sign(polynomial) is None):
                    return -1, False
                result, never = result * found**exponent, never and (nowhere or (below and pole))
        return result, never


def written(polynomial: Polynomial, chart: Mapping[Item, Quotient]) -> Quotient:
    """With what the slacks say for numbers."""
    for item in Quotient(polynomial).items():
        need(item in chart, f"{item} has no bounds")
    return total(product([number(c), *(chart[i] for i, k in m for _ in range(k))]) for m, c in polynomial.items())


def placed(value: Quotient, chart: Mapping[Item, Quotient]) -> Quotient:
    below = [written(dict(part), chart).inverse() for part, power in value.bottom for _ in range(power)]
    return product([written(value.top, chart), *below])


def slacks(name: str, ends: Sequence[Any], low_closed: bool, high_closed: bool) -> Iterator[Quotient]:
    """A number by a slack > 0 (>= 0 at a closed end); an interval with both ends needs one way to write it for each."""
    low, high = ends
    above, below = (letter((((">=" if shut else ">") + name, ()),)) for shut in (low_closed, high_closed))
    if low and high:
        if high_closed or not low_closed:
            yield low + (high - low) * (number(1) + below).inverse()
        if low_closed:
            yield high - (high - low) * (number(1) + above).inverse()
    elif low:
        yield low + above
    else:
        yield high - below if high else letter((("?" + name, ()),))


def sign(polynomial: Polynomial) -> tuple[int, bool] | None:
    """(sign, whether it can't vanish) of a polynomial in slacks; None if its coefficients do not tell."""
    found = {1 if c > 0 else -1 for c in polynomial.values()}
    free = any(power % 2 and item[0][0][0] == "?" for m in polynomial for item, power in m)
    if len(found) > 1 or free:
        return None
    never = any(all(item[0][0][:2] != ">=" and item[0][0][0] == ">" for item, _ in m) for m in polynomial)
    return (found.pop() if found else 0), never
