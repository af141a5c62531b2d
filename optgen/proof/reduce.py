"""A problem made smaller without changing what it says: equations solved, the minimiser put at 0.

`solution` solves equations between vectors exactly.  `centred` puts a vector at 0 if adding one and the same vector
to some of the names (weights say to which, and how often) changes neither a condition nor a claim: any configuration
may then be shifted until that vector is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from optgen.proof.polynomial import Number
from optgen.proof.problem import Form, Oracle, Pair, Point, Problem, Quadratic, inner
from optgen.proof.program import CONSTANT, Row
from optgen.proof.quantities import form_key
from optgen.proof.rounding import solved

# classes that speak of differences of points only; of differences of answers only
SHIFTED = frozenset({
    "convex", "concave", "smooth", "strongly_convex", "weakly_convex", "smooth_strongly_convex", "curved", "lipschitz",
    "indicator", "pl", "rsi", "error_bound", "upper_growth", "quadratic", "monotone", "strongly_monotone",
    "cocoercive", "comonotone", "lipschitz_operator", "nonexpansive", "averaged", "weak_minty",
})  # fmt: skip
TILTED = frozenset({
    "convex", "concave", "strongly_convex", "weakly_convex", "smooth_strongly_convex", "curved", "monotone",
    "strongly_monotone", "cocoercive", "comonotone", "lipschitz_operator", "nonexpansive", "averaged",
})  # fmt: skip


# ---------------------------------------------------------------- equations


def solution(equations: Sequence[Form]) -> dict[str, Form]:
    """Forms for the names that the equations determine.  ValueError if they contradict (never of homogeneous ones)."""
    order: list[str] = sorted({n for e in equations for n in e.terms}, key=lambda n: (preference(n), n))
    columns = {name: place for place, name in enumerate(order)}
    rows: list[Row] = [{columns[n]: c for n, c in e.terms.items()} for e in equations if e.terms]
    found = solved(rows, list(range(len(order)))) if rows else {}
    if found is None:
        raise ValueError("equations without a solution")
    return {order[p]: Form({order[c]: v for c, v in row.items()}) for p, row in found.items()}


def form_with(item: Form, found: Mapping[str, Form]) -> Form:
    """A form with forms for some of its names."""
    total = Form({n: c for n, c in item.terms.items() if n not in found})
    for name, c in item.terms.items():
        if name in found:
            total = total + c * found[name]
    return total


def preference(name: str) -> int:
    """Answers are solved for before points, points of a fixed point or optimum before states."""
    if "'(" in name:
        return 0
    return 1 if name.endswith("*") or name.startswith(("argmin", "argmax")) else 2


def substituted(problem: Problem, found: Mapping[str, Form]) -> Problem:
    def form(item: Form) -> Form:
        return form_with(item, found)

    def quadratic(item: Quadratic) -> Quadratic:
        total = Quadratic({}, item.values)
        for (a, b), c in item.products.items():
            total = total + c * inner(form(Form({a: Fraction(1)})), form(Form({b: Fraction(1)})))
        return total

    def point(p: Point) -> Point:
        return replace(p, x=form(p.x), g=form(p.g), f=quadratic(p.f))

    oracles = tuple(replace(o, points=once([point(p) for p in o.points])) for o in problem.oracles)
    statements = tuple(replace(s, claim=quadratic(s.claim)) for s in problem.statements)
    return replace(
        problem,
        oracles=oracles,
        statements=statements,
        assumptions={n: quadratic(q) for n, q in problem.assumptions.items()},
        equalities={n: quadratic(q) for n, q in problem.equalities.items()},
    )


def with_values(problem: Problem, found: Mapping[str, Quadratic]) -> Problem:
    """The problem with quadratics for some function values."""

    def quadratic(item: Quadratic) -> Quadratic:
        total = Quadratic(item.products, {n: c for n, c in item.values.items() if n not in found})
        for name, c in item.values.items():
            if name in found:
                total = total + c * found[name]
        return total

    oracles = tuple(replace(o, points=tuple(replace(p, f=quadratic(p.f)) for p in o.points)) for o in problem.oracles)
    return replace(
        problem,
        oracles=oracles,
        statements=tuple(replace(s, claim=quadratic(s.claim)) for s in problem.statements),
        assumptions={n: quadratic(q) for n, q in problem.assumptions.items()},
        equalities={n: quadratic(q) for n, q in problem.equalities.items()},
    )


def twins(problem: Problem) -> Iterator[tuple[Point, Point]]:
    """Points of one oracle at one place: the first there, and each other."""
    for oracle in problem.oracles:
        first: dict[str, Point] = {}
        for p in oracle.points:
            kept = first.setdefault(form_key(p.x) + " adjoint" * p.adjoint, p)
            if kept is not p:
                yield kept, p


def without_twins(problem: Problem) -> Problem:
    """One point for each place, and one value."""
    pairs = list(twins(problem))
    gone = {id(p) for _, p in pairs}
    values = {name: kept.f for kept, p in pairs for name in p.f.values if len(p.f.values) == 1 and not p.f.products}
    values = {name: f for name, f in values.items() if name not in f.values}
    oracles = tuple(replace(o, points=tuple(p for p in o.points if id(p) not in gone)) for o in problem.oracles)
    return with_values(replace(problem, oracles=oracles), values)


def once(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points in their order, each with a name of its own."""
    names: dict[str, int] = {}
    found = []
    for p in points:
        names[p.name] = names.get(p.name, 0) + 1
        found.append(p if names[p.name] == 1 else replace(p, name=f"{p.name}#{names[p.name]}"))
    return tuple(found)


# ---------------------------------------------------------------- shifts


def centred(problem: Problem, names: Sequence[str], random: frozenset[str] = frozenset()) -> tuple[Problem, list[str]]:
    """Each of the names put at 0, where a shift may do that; the names that were.

    Only what is not random may be: a shift by a draw changes what is independent of it.
    """
    zeros = []
    for name in [*names, *sorted(answers_at(problem, names))]:
        if name in basis(problem) and name not in random and shiftable(problem, name):
            problem = substituted(problem, {name: Form({})})
            zeros.append(name)
    return problem, zeros


def answers_at(problem: Problem, names: Sequence[str]) -> set[str]:
    """Single answers at points of an optimum or fixed point: a dual solution."""
    found = set()
    stars = {name for name in names if preference(name) == 1}
    for oracle in problem.oracles:
        for p in oracle.points:
            if set(p.x.terms) <= stars:
                found |= set(p.g.terms)
    return found


def basis(problem: Problem) -> set[str]:
    found = {n for s in problem.statements for n in s.claim.basis()}
    for q in (*problem.assumptions.values(), *problem.equalities.values()):
        found |= q.basis()
    for oracle in problem.oracles:
        for p in oracle.points:
            found |= set(p.x.terms) | set(p.g.terms)
    return found


def shiftable(problem: Problem, name: str) -> bool:
    """Whether weights exist, 1 at the name, that leave every condition and claim as it is."""
    names = sorted(basis(problem))
    columns = {n: i for i, n in enumerate(names)}
    rows: list[Row] = [{columns[name]: Fraction(1), CONSTANT: Fraction(-1)}]
    extra = len(names)
    for oracle in problem.oracles:
        moved, tilted = extra, extra + 1
        extra += 2
        classes = {c.name for c in oracle.classes}
        if not classes <= SHIFTED:
            rows.append({moved: Fraction(1)})
        if not classes <= TILTED or speaks_of(problem, oracle):
            rows.append({tilted: Fraction(1)})
        for p in oracle.points:
            rows.append({**weights(p.x, columns), moved: Fraction(-1)})
            rows.append({**weights(p.g, columns), tilted: Fraction(-1)})
            if p.f.products:  # a value of its own, such as that of a conjugate
                rows += [*invariant(p.f.products, columns), {moved: Fraction(1)}, {tilted: Fraction(1)}]
    for quadratic in quadratics(problem):
        rows += invariant(quadratic.products, columns)
    return solved(rows, list(range(extra))) is not None


def quadratics(problem: Problem) -> Iterator[Quadratic]:
    yield from (s.claim for s in problem.statements)
    yield from problem.assumptions.values()
    yield from problem.equalities.values()


def speaks_of(problem: Problem, oracle: Oracle) -> bool:
    """Whether a claim or a `given` has function values of the oracle: a tilt changes them."""
    own = {n for p in oracle.points for n in p.f.values}
    return any(own & set(q.values) for q in quadratics(problem)) or any(p.minimiser for p in oracle.points)


def weights(form: Form, columns: Mapping[str, int]) -> Row:
    return {columns[n]: c for n, c in form.terms.items()}


def invariant(products: Mapping[Pair, Number], columns: Mapping[str, int]) -> list[Row]:
    """The matrix of a quadratic times the weights is 0."""
    rows: dict[str, Row] = {}
    for (a, b), c in products.items():
        for left, right in ((a, b), (b, a)):
            half = c / 2
            row = rows.setdefault(left, {})
            column = columns[right]
            row[column] = row[column] + half if column in row else half
    return [{k: v for k, v in row.items() if v != 0} for row in rows.values()]
