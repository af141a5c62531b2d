"""The finite problem: what a claim about a method becomes once its points are listed.

Vectors of the claim (a start, gradients, noise, ...) are names; everything else is a linear form over these names.
A quantity is a quadratic: products of names, plus function values, plus a constant.  Its meaning does not depend on
the dimension, so a proof holds in every one.

    x, g   = vector("x"), vector("g")                 # x is measured from the minimiser: x* = 0
    lr, L  = symbol("lr"), symbol("L")                # or Fraction("0.1")
    y      = x - lr*g
    f      = Oracle("f", (Membership("smooth", (L,)),), (Point("x", x, g, value("f0")), Point("x'", y, h, value("f1"))))
    claim  = value("f0") - lr*(1 - L*lr/2)*square(g) - value("f1")
    Problem((f,), (Statement("descent", claim),), domain=(Interval("L", Fraction(0)), Interval("lr", Fraction(0))))

claims' extraction fills it in, `interpolation` says which inequalities hold between the points, `semidefinite` and
`parametric` look for a proof, `check` checks it, `refute` looks for a function that violates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from optgen.proof.polynomial import Number, at, from_json, names_of, to_json

ONE = "1"  # the name of the constant among function values
Pair = tuple[str, str]  # two names of vectors in their order: the product <a, b>
K = TypeVar("K", str, tuple[str, str])


@dataclass(frozen=True, slots=True)
class Form:
    """A linear form over names of vectors."""

    terms: Mapping[str, Number]

    def __add__(self, other: Form) -> Form:
        return Form(added(self.terms, other.terms))

    def __neg__(self) -> Form:
        return Form({name: -c for name, c in self.terms.items()})

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def __rmul__(self, factor: Number | int) -> Form:
        return Form({} if factor == 0 else {name: factor * c for name, c in self.terms.items()})


@dataclass(frozen=True, slots=True)
class Quadratic:
    """Products of vectors (coefficient of <a, b>, named once, a <= b) and function values; ONE is the constant."""

    products: Mapping[Pair, Number]
    values: Mapping[str, Number]

    def __add__(self, other: Quadratic) -> Quadratic:
        return Quadratic(added(self.products, other.products), added(self.values, other.values))

    def __neg__(self) -> Quadratic:
        return Quadratic({p: -c for p, c in self.products.items()}, {n: -c for n, c in self.values.items()})

    def __sub__(self, other: Quadratic) -> Quadratic:
        return self + -other

    def __rmul__(self, factor: Number | int) -> Quadratic:
        if factor == 0:
            return ZERO
        return Quadratic(
            {p: factor * c for p, c in self.products.items()}, {n: factor * c for n, c in self.values.items()}
        )

    def basis(self) -> set[str]:
        return {name for pair in self.products for name in pair}


def added(left: Mapping[K, Number], right: Mapping[K, Number]) -> dict[K, Number]:
    total = dict(left)
    for name, c in right.items():
        total[name] = total[name] + c if name in total else c
    return {name: c for name, c in total.items() if c != 0}


NOWHERE = Form({})  # the zero vector
ZERO = Quadratic({}, {})


def vector(name: str) -> Form:
    return Form({name: Fraction(1)})


def value(name: str) -> Quadratic:
    """A function value by its name."""
    return Quadratic({}, {name: Fraction(1)})


def constant(number: Number | int) -> Quadratic:
    return Quadratic({}, {} if number == 0 else {ONE: number if not isinstance(number, int) else Fraction(number)})


def inner(left: Form, right: Form) -> Quadratic:
    """<left, right>."""
    total: dict[Pair, Number] = {}
    for a, c in left.terms.items():
        for b, d in right.terms.items():
            pair = (a, b) if a <= b else (b, a)
            product = c * d
            total[pair] = total[pair] + product if pair in total else product
    return Quadratic({p: c for p, c in total.items() if c != 0}, {})


def square(form: Form) -> Quadratic:
    """<form, form>."""
    return inner(form, form)


@dataclass(frozen=True, slots=True)
class Point:
    """A place where an oracle is asked: at x it answers g (gradient, subgradient, value of an operator) and f.

    minimiser: x is a minimiser (or a zero of the operator) that the claim speaks of; its g must be the zero form.
    adjoint: g is the adjoint of a linear operator at x.
    """

    name: str
    x: Form
    g: Form
    f: Quadratic = ZERO
    minimiser: bool = False
    adjoint: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A class and its arguments in their order, `None` for an infinite one: smooth_strongly_convex(mu, L)."""

    name: str
    arguments: tuple[Number | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Oracle:
    """A function or an operator: the classes it lies in, and every point where it is asked."""

    name: str
    classes: tuple[Membership, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """claim + sum of unknown * term >= 0, for all members of the classes; `points` are the points used (None: all)."""

    name: str
    claim: Quadratic
    terms: Mapping[str, Quadratic] = field(default_factory=dict)
    points: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a symbol lies.  Bounds may contain the symbols of intervals before it; None is infinity."""

    name: str
    low: Number | None = None
    high: Number | None = None
    low_closed: bool = False
    high_closed: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Statements that are to hold at once for one choice of their unknowns (the numbers of a Lyapunov function).

    assumptions: quadratics that are >= 0 (a `given`, a noise bound, a compressor);
    equalities: quadratics that are 0 (noise is orthogonal to what was known before: E<n, v> = 0; a mean of members).
    """

    oracles: tuple[Oracle, ...]
    statements: tuple[Statement, ...]
    domain: tuple[Interval, ...] = ()
    assumptions: Mapping[str, Quadratic] = field(default_factory=dict)
    equalities: Mapping[str, Quadratic] = field(default_factory=dict)

    def unknowns(self) -> tuple[str, ...]:
        return tuple(sorted({name for s in self.statements for name in s.terms}))

    def symbols(self) -> set[str]:
        """Every parameter that occurs in a coefficient."""
        found: set[str] = set()

        def seen(c: Number) -> Number:
            found.update(names_of(c))
            return c

        mapped(self, seen)
        return found

    def at(self, values: Mapping[str, Number]) -> Problem:
        """With numbers for symbols."""
        rest = tuple(
            replace(
                i, low=None if i.low is None else at(i.low, values), high=None if i.high is None else at(i.high, values)
            )
            for i in self.domain
            if i.name not in values
        )
        return replace(mapped(self, lambda c: at(c, values)), domain=rest)


def mapped(problem: Problem, change: Callable[[Number], Number]) -> Problem:
    """Every coefficient changed by one function (domains are left)."""

    def form(item: Form) -> Form:
        return Form(changed(item.terms))

    def quadratic(item: Quadratic) -> Quadratic:
        return Quadratic(changed(item.products), changed(item.values))

    def changed(terms: Mapping[K, Number]) -> dict[K, Number]:
        new = {name: change(c) for name, c in terms.items()}
        return {name: c for name, c in new.items() if c != 0}

    def quadratics(items: Mapping[str, Quadratic]) -> dict[str, Quadratic]:
        return {name: quadratic(item) for name, item in items.items()}

    def oracle(item: Oracle) -> Oracle:
        classes = tuple(
            Membership(c.name, tuple(None if a is None else change(a) for a in c.arguments)) for c in item.classes
        )
        points = tuple(replace(p, x=form(p.x), g=form(p.g), f=quadratic(p.f)) for p in item.points)
        return Oracle(item.name, classes, points)

    statements = tuple(replace(s, claim=quadratic(s.claim), terms=quadratics(s.terms)) for s in problem.statements)
    return Problem(
        tuple(oracle(item) for item in problem.oracles),
        statements,
        problem.domain,
        quadratics(problem.assumptions),
        quadratics(problem.equalities),
    )


def problem_to_json(problem: Problem) -> dict[str, object]:
    """The problem as data: what a certificate proves."""
    return {
        "oracles": [
            {
                "name": o.name,
                "classes": [[c.name, [None if a is None else to_json(a) for a in c.arguments]] for c in o.classes],
                "points": [point_to_json(p) for p in o.points],
            }
            for o in problem.oracles
        ],
        "statements": [
            {
                "name": s.name,
                "claim": quadratic_to_json(s.claim),
                "terms": {name: quadratic_to_json(q) for name, q in s.terms.items()},
                "points": None if s.points is None else sorted(s.points),
            }
            for s in problem.statements
        ],
        "domain": domain_to_json(problem.domain),
        "assumptions": {name: quadratic_to_json(q) for name, q in problem.assumptions.items()},
        "equalities": {name: quadratic_to_json(q) for name, q in problem.equalities.items()},
    }


def domain_to_json(domain: Sequence[Interval]) -> list[list[object]]:
    return [[i.name, bound_to_json(i.low), bound_to_json(i.high), i.low_closed, i.high_closed] for i in domain]


def bound_to_json(bound: Number | None) -> object:
    return None if bound is None else to_json(bound)


def form_to_json(form: Form) -> dict[str, object]:
    return {name: to_json(c) for name, c in sorted(form.terms.items())}


def quadratic_to_json(item: Quadratic) -> dict[str, object]:
    return {
        "products": [[a, b, to_json(c)] for (a, b), c in sorted(item.products.items())],
        "values": {name: to_json(c) for name, c in sorted(item.values.items())},
    }


def point_to_json(point: Point) -> dict[str, object]:
    data: dict[str, object] = {"name": point.name, "x": form_to_json(point.x), "g": form_to_json(point.g)}
    data["f"] = quadratic_to_json(point.f)
    return data | {flag: True for flag in ("minimiser", "adjoint") if getattr(point, flag)}


def total(items: Iterable[Quadratic]) -> Quadratic:
    """The sum of quadratics."""
    result = ZERO
    for item in items:
        result = result + item
    return result


def read_quadratic(data: Mapping[str, object]) -> Quadratic:
    """Reads what `quadratic_to_json` wrote."""
    products, values = data["products"], data["values"]
    if not isinstance(products, list) or not isinstance(values, dict):
        raise ValueError("not a quadratic")
    return Quadratic({(a, b): from_json(c) for a, b, c in products}, {n: from_json(c) for n, c in values.items()})
