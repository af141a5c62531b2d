"""One step or a few: points that violate a claim while all their inequalities hold, and the function through them.

The primal program asks for a Gram matrix and function values that violate the claim by t and leave t/2 in every
inequality.  With this room the vectors (not the Gram matrix) are rounded to a grid, and everything is checked exactly.
A refutation needs classes whose inequalities are sufficient, and an explicit function where one can be written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import log2, sqrt
from typing import Any

import numpy as np

from optgen.proof.examples import Counterexample, Function, Interpolant, Vector, dot, scaled
from optgen.proof.interpolation import CURVATURES, conditions, exact, joined
from optgen.proof.polynomial import at, names_of
from optgen.proof.problem import ONE, Form, Interval, Membership, Oracle, Problem, Quadratic
from optgen.proof.rounding import rational
from optgen.proof.scaling import least_squares, power_of_two
from optgen.proof.signs import charts

GRIDS = (100, 1000, 10**4, 10**6)
RADIUS = 1e3  # the bound of the trace of the Gram matrix where constants give a scale
SLACKS = (Fraction(1), Fraction(1, 8), Fraction(8), Fraction(1, 1000))
MOST_SAMPLES = 24


def refute(problem: Problem, seconds: float = 20.0) -> Counterexample | None:
    """Points and functions that violate the first statement at some numbers for its symbols; None if none was found."""
    problem = joined(problem)
    if problem.unknowns() or not all(sufficient(o) for o in problem.oracles) or dependent(problem.oracles):
        return None
    for values in samples(problem.domain):
        found = at_numbers(problem.at(dict(values)), seconds)
        if found is not None:
            return Counterexample(
                "points", found.functions, found.points, values, found.values, found.violated, found.amount
            )
    return None


def sufficient(oracle: Oracle) -> bool:
    """Whether points that satisfy all conditions have a function through them.

    A weakly convex one might fall below the value at its minimiser, unless it is also smooth.
    """
    starred = any(p.minimiser for p in oracle.points)
    if starred and any(c.name == "concave" for c in oracle.classes):
        return False  # where its gradient is 0, a concave function has its maximum
    falls = starred and oracle.classes[0].name in ("weakly_convex", "curved")
    bounds = curvatures(oracle.classes[0]) if falls else None
    return exact(oracle.classes) and (bounds is None or bounds[0] >= 0)


def dependent(oracles: Sequence[Oracle]) -> bool:
    """Whether oracles share a function value (f and L h - f): each may have its interpolant, and both together none."""
    names = [{name for p in oracle.points for name in p.f.values if name != ONE} for oracle in oracles]
    return any(left & right for place, left in enumerate(names) for right in names[:place])


def samples(domain: Sequence[Interval]) -> Iterator[dict[str, Fraction]]:
    """Points of the domain: inside, and near its ends."""
    for number, slacks in enumerate(product(SLACKS, repeat=len(domain))):
        if number == MOST_SAMPLES:
            return
        values: dict[str, Fraction] = {}
        for slack, interval in zip(slacks, domain):
            low, high = (None if b is None else at(b, values) for b in (interval.low, interval.high))
            chart = next(iter(charts({}, interval.name, low, high, False, False)))
            inside = at(chart[interval.name], dict.fromkeys(names_of(chart[interval.name]), slack))
            values[interval.name] = rational(inside)
        yield values


@dataclass(frozen=True, slots=True)
class Conditions:
    """What points have to satisfy, by label: >= 0 and = 0."""

    inequalities: Mapping[str, Quadratic]
    equalities: Mapping[str, Quadratic]


def at_numbers(problem: Problem, seconds: float) -> Counterexample | None:
    """The same for a problem without symbols."""
    needed = gathered(problem)
    claim = problem.statements[0].claim
    if needed is None:
        return None
    everything = (claim, *needed.inequalities.values(), *needed.equalities.values())
    basis = sorted({n for q in everything for n in q.basis()})
    names = sorted({n for q in everything for n in q.values} - {ONE})
    units = good_units(everything)
    inside = Conditions(
        {label: in_units(q, units) for label, q in needed.inequalities.items()},
        {label: in_units(q, units) for label, q in needed.equalities.items()},
    )
    target = in_units(claim, units)
    found = solve(target, inside, basis, names, seconds)
    if found is None:
        return None
    gram, numbers = found
    factor = factored(gram)
    for grid in GRIDS:
        rows = {n: tuple(Fraction(round(float(e) * grid), grid) for e in row) for n, row in zip(basis, factor)}
        rounded = {name: Fraction(round(number * grid), grid) for name, number in numbers.items()}
        rounded = repaired(inside.equalities, rows, rounded)
        if evaluated(target, rows, rounded) < 0 and satisfied(inside, rows, rounded):
            vectors = without_zeros({name: scaled(units.vectors[name], row) for name, row in rows.items()})
            values = {name: units.values[name] * number for name, number in rounded.items()}
            vectors, values = with_unused(problem.oracles, vectors, values)
            functions = {o.name: function(o, vectors, values) for o in problem.oracles}
            explicit = {name: f for name, f in functions.items() if f is not None}
            amount = evaluated(claim, vectors, values)
            violated = f"{problem.statements[0].name} is {float(amount):.3g}, below 0"
            return Counterexample("points", explicit, vectors, {}, values, violated, amount)
    return None


@dataclass(frozen=True, slots=True)
class Units:
    """A power of two for each vector and each function value, in which coefficients are near 1."""

    vectors: Mapping[str, Fraction]
    values: Mapping[str, Fraction]


def good_units(quadratics: Sequence[Quadratic]) -> Units:
    """Units that make the logarithms of all coefficients small in the mean square; constants keep theirs."""
    places: dict[tuple[str, str], int] = {}
    entries: list[tuple[float, list[int]]] = []
    for index, q in enumerate(quadratics):
        line = places.setdefault(("row", str(index)), len(places))
        for (a, b), c in q.products.items():
            at_vectors = [places.setdefault(("vector", name), len(places)) for name in (a, b)]
            entries.append((log2(abs(float(rational(c)))), [line, *at_vectors]))
        for name, c in q.values.items():
            own = [] if name == ONE else [places.setdefault(("value", name), len(places))]
            entries.append((log2(abs(float(rational(c)))), [line, *own]))
    sizes = least_squares(entries, len(places))
    found = {key: Fraction(2) ** round(sizes[place]) for key, place in places.items()}
    return Units(*({n: u for (kind, n), u in found.items() if kind == wanted} for wanted in ("vector", "value")))


def in_units(q: Quadratic, units: Units) -> Quadratic:
    """The same quadratic of vectors and values that are counted in units, times a power of two."""
    products = {(a, b): rational(c) * units.vectors[a] * units.vectors[b] for (a, b), c in q.products.items()}
    values = {n: rational(c) * (1 if n == ONE else units.values[n]) for n, c in q.values.items()}
    size = max((abs(c) for c in (*products.values(), *values.values())), default=Fraction(1))
    return power_of_two(1 / float(size)) * Quadratic(products, values)


def gathered(problem: Problem) -> Conditions | None:
    """All conditions; None where a class has a matrix condition, which rounding would break."""
    inequalities, equalities = dict(problem.assumptions), dict(problem.equalities)
    for oracle in problem.oracles:
        found = conditions(oracle, problem.statements[0].points)
        if found.matrices:
            return None
        inequalities |= found.inequalities
        equalities |= found.equalities
    return Conditions(inequalities, equalities)


def evaluated(q: Quadratic, vectors: Mapping[str, Vector], values: Mapping[str, Fraction]) -> Fraction:
    """The number a quadratic has at vectors and function values."""
    total = rational(q.values.get(ONE, Fraction(0)))
    for (a, b), c in q.products.items():
        total += rational(c) * dot(vectors[a], vectors[b])
    for name, c in q.values.items():
        if name != ONE:
            total += rational(c) * values[name]
    return total


def with_unused(
    oracles: Sequence[Oracle], vectors: Mapping[str, Vector], values: Mapping[str, Fraction]
) -> tuple[dict[str, Vector], dict[str, Fraction]]:
    """Vectors and values of points that no condition speaks of are 0."""
    zero: Vector = (Fraction(0),) * len(next(iter(vectors.values())))
    points = [p for oracle in oracles for p in oracle.points]
    names = {n for p in points for n in (*p.x.terms, *p.g.terms, *p.f.basis())}
    numbers = {n for p in points for n in p.f.values if n != ONE}
    return {**dict.fromkeys(names, zero), **vectors}, {**dict.fromkeys(numbers, Fraction(0)), **values}


def without_zeros(vectors: Mapping[str, Vector]) -> dict[str, Vector]:
    """Without the coordinates in which all vectors are 0."""
    size = len(next(iter(vectors.values()), ()))
    kept = [i for i in range(size) if any(v[i] for v in vectors.values())] or [*range(min(size, 1))]
    return {name: tuple(v[i] for i in kept) for name, v in vectors.items()}


def satisfied(needed: Conditions, vectors: Mapping[str, Vector], values: Mapping[str, Fraction]) -> bool:
    return all(evaluated(q, vectors, values) >= 0 for q in needed.inequalities.values()) and all(
        evaluated(q, vectors, values) == 0 for q in needed.equalities.values()
    )


def repaired(
    equalities: Mapping[str, Quadratic], vectors: Mapping[str, Vector], values: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """Function values moved so that equalities that determine one hold exactly."""
    new = dict(values)
    done: set[str] = set()
    for q in equalities.values():
        free = [name for name in q.values if name != ONE and name not in done]
        if free:
            name = free[0]
            new[name] -= evaluated(q, vectors, new) / rational(q.values[name])
            done |= set(q.values)
    return new


def solve(
    claim: Quadratic, needed: Conditions, basis: Sequence[str], names: Sequence[str], seconds: float
) -> tuple[Any, dict[str, float]] | None:
    """The Gram matrix and values that violate the claim most: maximise t, claim <= -t, inequalities >= t/2."""
    import clarabel
    from scipy.sparse import csc_matrix

    size = len(basis)
    place = {name: i for i, name in enumerate(basis)}
    gram = {(i, j): k for k, (i, j) in enumerate((i, j) for j in range(size) for i in range(j + 1))}
    value = {name: len(gram) + k for k, name in enumerate(names)}
    count = len(gram) + len(names) + 1
    lines: list[tuple[dict[int, float], float]] = []

    def line(q: Quadratic, sign: float, margin: float) -> None:
        row: dict[int, float] = {}
        for (a, b), c in q.products.items():
            i, j = sorted((place[a], place[b]))
            row[gram[i, j]] = row.get(gram[i, j], 0.0) + sign * float(rational(c))
        for name, c in q.values.items():
            if name != ONE:
                row[value[name]] = sign * float(rational(c))
        row[count - 1] = -margin
        lines.append((row, sign * float(rational(q.values.get(ONE, Fraction(0))))))

    for q in needed.equalities.values():
        line(q, 1.0, 0.0)
    fixed = len(lines)
    line(claim, -1.0, 1.0)
    for q in needed.inequalities.values():
        line(q, 1.0, 0.5)
    scale = any(ONE in q.values for q in (claim, *needed.inequalities.values()))
    lines.append(({gram[i, i]: -1.0 for i in range(size)}, RADIUS if scale else 1.0))
    lines += [({value[n]: sign}, RADIUS) for n in names for sign in (1.0, -1.0)]
    straight = len(lines) - fixed
    lines += [({k: 1.0 if i == j else sqrt(2)}, 0.0) for (i, j), k in gram.items()]
    cones = [clarabel.ZeroConeT(fixed), clarabel.NonnegativeConeT(straight), clarabel.PSDTriangleConeT(size)]
    entries = [(r, c, -n) for r, (row, _) in enumerate(lines) for c, n in row.items() if n]
    matrix = csc_matrix(
        ([n for _, _, n in entries], ([r for r, _, _ in entries], [c for _, c, _ in entries])),
        shape=(len(lines), count),
    )
    target = np.zeros(count)
    target[-1] = -1.0
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.time_limit = False, seconds
    nothing = csc_matrix((count, count))
    constants = np.array([constant for _, constant in lines])
    solution = clarabel.DefaultSolver(nothing, target, matrix, constants, cones, settings).solve()
    numbers = np.array(solution.x)
    if not np.isfinite(numbers).all() or numbers[-1] <= 1e-9:
        return None
    full = np.zeros((size, size))
    for (i, j), k in gram.items():
        full[i, j] = full[j, i] = numbers[k]
    return full, {name: float(numbers[k]) for name, k in value.items()}


def factored(gram: Any) -> Any:
    """Rows v_i with <v_i, v_j> = gram_ij, in as few dimensions as the eigenvalues ask for."""
    eigenvalues, vectors = np.linalg.eigh(gram)
    kept = eigenvalues > 1e-9 * max(eigenvalues.max(), 1e-300)
    return vectors[:, kept] * np.sqrt(eigenvalues[kept])


def function(oracle: Oracle, vectors: Mapping[str, Vector], values: Mapping[str, Fraction]) -> Function | None:
    """The explicit function through the points, for classes of bounded curvature; None for operators and others."""
    if len(oracle.classes) != 1:
        return None
    bounds = curvatures(oracle.classes[0])
    if bounds is None:
        return None

    def at_vectors(form: Form) -> Vector:
        size = len(next(iter(vectors.values())))
        return tuple(
            sum((rational(c) * vectors[n][i] for n, c in form.terms.items()), Fraction(0)) for i in range(size)
        )

    return Interpolant(
        *bounds,
        tuple(at_vectors(p.x) for p in oracle.points),
        tuple(at_vectors(p.g) for p in oracle.points),
        tuple(evaluated(p.f, vectors, values) for p in oracle.points),
    )


def curvatures(membership: Membership) -> tuple[Fraction, Fraction | None] | None:
    if membership.name == "smooth":
        L = rational(membership.arguments[0] or Fraction(0))
        return -L, L
    if membership.name not in CURVATURES:
        return None
    low, high = CURVATURES[membership.name](*membership.arguments)
    return None if low is None else (rational(low), None if high is None else rational(high))
