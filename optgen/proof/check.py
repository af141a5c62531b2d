"""The checker: reads a certificate, rebuilds every inequality from the names of the classes, says what it checked.

It needs `fractions`, dictionary polynomials and linear forms, nothing else: no solver, no prover, not their table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, permutations, product
from typing import Any

from optgen.proof.check_classes import GRAMS, RULES, P, Rejected, known
from optgen.proof.polynomial import Number, Polynomial, Ratio, at, from_json, names_of, ratio, symbol
from optgen.proof.problem import ONE, ZERO, Form, Quadratic, constant, read_quadratic, square


@dataclass(frozen=True, slots=True)
class Report:
    """What has to be believed (`exact`, `algebra`, `smt` if a solver decided signs), and what was checked, in words."""

    trust: str
    words: tuple[str, ...]


def conditions(oracle: Any, among: Sequence[str] | None) -> Iterator[tuple[str, bool, Callable[[], Quadratic]]]:
    """Every scalar condition between the points of an oracle: its label, whether it is = 0 or >= 0, its quadratic."""
    points = [read_point(p) for p in oracle["points"] if among is None or p["name"] in among]
    tuples: dict[str, Any] = {"pair": [*permutations(points, 2)], "both": [*combinations(points, 2)]}
    tuples |= {"point": [(p,) for p in points], "star": [(p, s) for p, s in tuples["pair"] if s.minimiser]}
    tuples |= {"equal": tuples["point"], "equal_pair": tuples["both"], "equal_star": tuples["star"]}
    for name, arguments in read_classes(oracle):
        need(name != "quadratic" or not any(p.minimiser and p.x.terms for p in points), "a quadratic has x* = 0")
        for owner, kind, number in RULES:
            for chosen in tuples[kind] if owner == name else ():
                label = " ".join((oracle["name"], name, kind, str(number), *(p.name for p in chosen)))
                yield label, kind.startswith("equal"), partial(RULES[owner, kind, number], *chosen, *arguments)


def gram(oracle: Any, among: Sequence[str] | None, weights: Any, signs: Signs) -> Iterator[tuple[str, Quadratic]]:
    """<W, matrix of quadratics> for every weight W = sum of w v v^T, w >= 0, of an oracle's matrix conditions."""
    for name, arguments in read_classes(oracle):
        for owner, kind in GRAMS:
            label = f"{oracle['name']} {name} {kind}"
            if owner == name and label in weights:
                chosen, entry = GRAMS[owner, kind](*arguments)
                points = [read_point(p) for p in oracle["points"] if among is None or p["name"] in among]
                points = [p for p in points if chosen(p)]
                total = ZERO
                for w, v in ((from_json(w), [from_json(c) for c in v]) for w, v in weights[label]):
                    need(len(v) == len(points) and signs.nonnegative(w), f"the weight of {label} is not PSD")
                    pairs = product(zip(v, points), repeat=2)
                    total = total + sum(((w * a * b) * entry(p, q) for (a, p), (b, q) in pairs), start=ZERO)
                signs.finite(total, label)
                yield label, total


def check(data: Mapping[str, Any]) -> Report:
    """Verify a certificate; Rejected says what does not hold."""
    problem, signs = data["problem"], Signs(data["problem"]["domain"], [from_json(n) for n in data.get("smt", [])])
    unknowns = {name: from_json(n) for name, n in data["unknowns"].items()}
    words = []
    for statement in problem["statements"]:
        name, among = statement["name"], statement["points"]
        residual = read_quadratic(statement["claim"])
        for unknown, term in statement["terms"].items():
            residual = residual + unknowns[unknown] * read_quadratic(term)
        signs.finite(residual, f"the claim of {name}")
        left = {label: from_json(n) for label, n in data["multipliers"][name].items()}
        weights = dict(data["matrices"][name])
        known: list[tuple[str, bool, Callable[[], Quadratic]]] = []
        known += [(label, False, partial(read_quadratic, q)) for label, q in problem["assumptions"].items()]
        known += [(label, True, partial(read_quadratic, q)) for label, q in problem["equalities"].items()]
        known += [c for oracle in problem["oracles"] for c in conditions(oracle, among)]
        for label, equal, rule in known:
            if label in left:
                multiplier, quadratic = left.pop(label), rule()
                need(equal or signs.nonnegative(multiplier), f"the multiplier of {label} may be negative")
                signs.finite(constant(multiplier) + quadratic, label)
                residual = residual - multiplier * quadratic
                words.append(f"{name}: {label} holds and is used")
        for oracle in problem["oracles"]:
            for label, quadratic in gram(oracle, among, weights, signs):
                del weights[label]
                residual = residual - quadratic
        need(not left and not weights, f"conditions that no class gives: {', '.join([*left, *weights])}")
        for key, number in residual.values.items():
            need(key == ONE and signs.nonnegative(number), f"what is left of {name} still has {key}")
        if name in data["squares"]:
            for weight, form in data["squares"][name]:
                need(signs.nonnegative(from_json(weight), pole=True), "the weight of a square may be negative")
                residual = residual - from_json(weight) * square(Form({n: from_json(c) for n, c in form.items()}))
            need(not residual.products, f"the squares of {name} do not add up")
        else:
            names = sorted(residual.basis())
            half = {pair: rational(c) / (1 if pair[0] == pair[1] else 2) for pair, c in residual.products.items()}
            matrix = [[half.get((min(a, b), max(a, b)), Fraction(0)) for b in names] for a in names]
            need(psd(matrix), f"what is left of {name} is not a sum of squares")
        words.append(f"{name}: what is left is a sum of squares")
    return Report("smt" if signs.believed else "algebra" if problem["domain"] else "exact", tuple(words))


class Signs:
    """Signs of coefficients on the domain, seen after each symbol is written with a slack that is positive."""

    def __init__(self, domain: Sequence[Any], solved: Sequence[Number]) -> None:
        self.solved, self.believed, self.names = solved, False, {name for name, *_ in domain}
        need(not any("~" in name for name in self.names), "a symbol is named like a slack")
        self.charts: list[dict[str, Number]] = [{}]
        for name, *bounds, low_closed, high_closed in domain:
            low, high = (None if b is None else from_json(b) for b in bounds)
            self.charts = [c for chart in self.charts for c in charts(chart, name, low, high, low_closed, high_closed)]

    def nonnegative(self, number: Number, pole: bool = False) -> bool:
        """Whether number >= 0 everywhere on the domain (`pole`: but for a thin set where it has none)."""
        return all(self.on_chart(number, chart, pole) for chart in self.charts) or self.solver(number)

    def on_chart(self, number: Number, chart: Mapping[str, Number], pole: bool) -> bool:
        need(names_of(number) <= self.names, "a symbol without a domain")
        there = ratio(at(number, chart))
        top, bottom = sign(there.numerator), sign(there.denominator)
        return top is not None and bottom is not None and top[0] * bottom[0] >= 0 and (pole or bottom[1])

    def solver(self, number: Number) -> bool:
        found = any(number == other for other in self.solved)
        self.believed = self.believed or found
        return found

    def finite(self, quadratic: Quadratic, what: str) -> None:
        for number in (*quadratic.products.values(), *quadratic.values.values()):
            if isinstance(number, Ratio):
                need(number.names() <= self.names, "a symbol without a domain")
                size = Ratio(number.denominator, Polynomial.of(1))
                strict = all((sign(ratio(at(size, chart)).numerator) or (0, False))[1] for chart in self.charts)
                need(strict or self.solver(number), f"{what} may be infinite inside the domain")


def charts(
    chart: Mapping[str, Number], name: str, low: Number | None, high: Number | None, low_closed: bool, high_closed: bool
) -> Iterator[dict[str, Number]]:
    """The symbol as a function of a slack: `s~>` is positive, `s~>=` may be 0.  A closed interval needs two charts."""
    low, high = (None if bound is None else at(bound, chart) for bound in (low, high))
    above, below = symbol(name + ("~>=" if low_closed else "~>")), symbol(name + ("~>=" if high_closed else "~>"))
    if low is not None and high is not None:
        if high_closed or not low_closed:
            yield {**chart, name: low + (high - low) / (1 + below)}
        if low_closed:
            yield {**chart, name: high - (high - low) / (1 + above)}
    elif low is None and high is None:
        yield {**chart, name: symbol(name)}
    else:
        yield {**chart, name: low + above if low is not None else known(high) - below}


def sign(polynomial: Polynomial) -> tuple[int, bool] | None:
    """(sign, whether it can't vanish) of a polynomial in slacks; None if its coefficients do not tell."""
    found = {1 if c > 0 else -1 for c in polynomial.terms.values()}
    open_symbols = any(p % 2 and not n.endswith(("~>", "~>=")) for m in polynomial.terms for n, p in m)
    if len(found) > 1 or open_symbols:
        return None
    return (found.pop() if found else 0), any(all(n.endswith("~>") for n, _ in m) for m in polynomial.terms)


def psd(matrix: list[list[Fraction]]) -> bool:
    """Positive semidefinite: eliminate a positive diagonal entry; where none is left, everything must be 0."""
    size = range(len(matrix))
    pivot = next((i for i in size if matrix[i][i] != 0), None)
    if pivot is None:
        return not any(any(row) for row in matrix)
    d, line = matrix[pivot][pivot], matrix[pivot]
    rest = [[matrix[i][j] - line[i] * line[j] / d for j in size if j != pivot] for i in size if i != pivot]
    return d > 0 and psd(rest)


def need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Rejected(otherwise)


def rational(number: object) -> Fraction:
    found = number if isinstance(number, Fraction) else from_json(number)
    if not isinstance(found, Fraction):
        raise Rejected("a symbol where a number is needed")
    return found


def read_point(data: Any) -> P:
    x, g = (Form({name: from_json(c) for name, c in data[key].items()}) for key in ("x", "g"))
    need(not data.get("minimiser") or not g.terms, "a minimiser has gradient 0")
    return P(data["name"], x, g, read_quadratic(data["f"]), bool(data.get("minimiser")), bool(data.get("adjoint")))


def read_classes(oracle: Any) -> Iterator[tuple[str, list[Any]]]:
    for name, arguments in oracle["classes"]:
        yield name, [None if a is None else from_json(a) for a in arguments]
