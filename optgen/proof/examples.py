"""Functions that refute a claim, as plain data that can be evaluated exactly, replayed and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

Vector = tuple[Fraction, ...]
NEAR = Fraction(1, 10**8)  # of the size of a point: what a run in floating point may be off


class ElsewhereError(ArithmeticError):
    """A function that is known at points only was asked at another one."""


@dataclass(frozen=True, slots=True)
class QuadraticFunction:
    """f(x) = curvature/2 |x|^2."""

    curvature: Fraction

    def value(self, x: Vector) -> Fraction:
        return self.curvature / 2 * dot(x, x)

    def gradient(self, x: Vector) -> Vector:
        return scaled(self.curvature, x)

    def implicit(self, z: Vector, t: Fraction) -> Vector:
        return scaled(1 / (1 + t * self.curvature), z)


@dataclass(frozen=True, slots=True)
class PiecewiseLinearGradient:
    """A function of one variable whose derivative is linear between knots (place, derivative).

    `slope` is the second derivative on the left, and on the right unless `right` is another one.
    """

    knots: tuple[tuple[Fraction, Fraction], ...]
    slope: Fraction
    right: Fraction | None = None

    def derivative(self, x: Fraction) -> Fraction:
        first, last = self.knots[0], self.knots[-1]
        if x <= first[0]:
            return first[1] + self.slope * (x - first[0])
        if x >= last[0]:
            return last[1] + (self.slope if self.right is None else self.right) * (x - last[0])
        (a, u), (b, v) = next((p, q) for p, q in pairwise(self.knots) if p[0] <= x <= q[0])
        return u + (v - u) * (x - a) / (b - a)

    def gradient(self, x: Vector) -> Vector:
        return tuple(self.derivative(entry) for entry in x)

    def value(self, x: Vector) -> Fraction:
        """The integral of the derivative from the first knot, summed over the entries."""
        return sum((self.integral(entry) for entry in x), Fraction(0))

    def integral(self, x: Fraction) -> Fraction:
        start = self.knots[0][0]
        low, high = min(start, x), max(start, x)
        places = [low, *(p for p, _ in self.knots if low < p < high), high]
        parts = ((b - a) * (self.derivative(a) + self.derivative(b)) / 2 for a, b in pairwise(places))
        area = sum(parts, Fraction(0))
        return area if x >= start else -area

    def implicit(self, z: Vector, t: Fraction) -> Vector:
        """x with x + t f'(x) = z, entry by entry; x + t f'(x) rises."""
        return tuple(self.step(entry, t) for entry in z)

    def step(self, z: Fraction, t: Fraction) -> Fraction:
        places = [(p, p + t * u) for p, u in self.knots]
        if z <= places[0][1]:
            return places[0][0] + (z - places[0][1]) / (1 + t * self.slope)
        if z >= places[-1][1]:
            return places[-1][0] + (z - places[-1][1]) / (1 + t * (self.slope if self.right is None else self.right))
        (a, u), (b, v) = next((p, q) for p, q in pairwise(places) if p[1] <= z <= q[1])
        return a + (z - u) * (b - a) / (v - u)

    def slopes(self) -> tuple[Fraction, ...]:
        """All second derivatives."""
        inner = tuple((v - u) / (b - a) for (a, u), (b, v) in pairwise(self.knots))
        return (self.slope, *inner, *(() if self.right is None else (self.right,)))


@dataclass(frozen=True, slots=True)
class Interpolant:
    """The largest function with second derivatives from low to high through points (x, g, f).

    With low = mu, high = L:  f(x) = mu/2 |x|^2 + min over the simplex a of
    sum a_i w_i + (L - mu)/2 |x - sum a_i z_i|^2.  Without an upper bound: the smallest one, a maximum of affine
    functions and mu/2 |x|^2.  (Taylor, Hendrickx, Glineur 2017, and Azagra, Mudarra 2017, for the formula.)
    """

    low: Fraction
    high: Fraction | None
    x: tuple[Vector, ...]
    g: tuple[Vector, ...]
    f: tuple[Fraction, ...]

    def value(self, x: Vector) -> Fraction:
        if self.high is None:
            return self.low / 2 * dot(x, x) + max(self.pieces(x))
        weights = self.weights(x)
        center = combined(weights, self.anchors())
        gap = minus(x, center)
        lifted = sum((a * w for a, w in zip(weights, self.lifts())), Fraction(0))
        return self.low / 2 * dot(x, x) + lifted + (self.high - self.low) / 2 * dot(gap, gap)

    def gradient(self, x: Vector) -> Vector:
        if self.high is None:
            known = nearest(self.x, x)
            if known is not None:  # of several subgradients the one that the counterexample is about
                return self.g[known]
            pieces = self.pieces(x)
            active = pieces.index(max(pieces))
            return plus(scaled(self.low, minus(x, self.x[active])), self.g[active])
        gap = minus(x, combined(self.weights(x), self.anchors()))
        return plus(scaled(self.low, x), scaled(self.high - self.low, gap))

    def implicit(self, z: Vector, t: Fraction) -> Vector:
        return known_step(self.x, self.g, z, t)

    def pieces(self, x: Vector) -> list[Fraction]:
        return [
            f - self.low / 2 * dot(p, p) + dot(minus(g, scaled(self.low, p)), minus(x, p))
            for p, g, f in zip(self.x, self.g, self.f)
        ]

    def anchors(self) -> list[Vector]:
        assert self.high is not None
        width = self.high - self.low
        return [minus(p, scaled(1 / width, minus(g, scaled(self.low, p)))) for p, g in zip(self.x, self.g)]

    def lifts(self) -> list[Fraction]:
        assert self.high is not None
        width = self.high - self.low
        steep = [minus(g, scaled(self.low, p)) for p, g in zip(self.x, self.g)]
        return [f - self.low / 2 * dot(p, p) - dot(s, s) / (2 * width) for p, s, f in zip(self.x, steep, self.f)]

    def weights(self, x: Vector) -> list[Fraction]:
        """The minimising point of the simplex: its optimality conditions are solved on every face."""
        assert self.high is not None
        width, z, w = self.high - self.low, self.anchors(), self.lifts()
        size = len(z)
        slopes = [w[i] - width * dot(x, z[i]) for i in range(size)]
        gram = [[width * dot(z[i], z[j]) for j in range(size)] for i in range(size)]
        for face in faces(size):
            rows = [[*(gram[i][j] for j in face), Fraction(1), -slopes[i]] for i in face]
            rows.append([*(Fraction(1) for _ in face), Fraction(0), Fraction(1)])
            solution = solve_linear(rows)
            if solution is None:
                continue
            weights = [Fraction(0)] * size
            for i, a in zip(face, solution):
                weights[i] = a
            price = -solution[len(face)]
            prices = [slopes[i] + dot(gram[i], weights) for i in range(size)]
            if all(a >= 0 for a in weights) and all(p >= price for p in prices):
                return weights
        raise ArithmeticError("a convex quadratic has a minimum on the simplex")


@dataclass(frozen=True, slots=True)
class Samples:
    """A member of a class at its points only: x, what it answers there (gradients, values of an operator), f.

    The conditions of the class hold between the points, and are those under which a member goes through them.
    """

    x: tuple[Vector, ...]
    g: tuple[Vector, ...]
    f: tuple[Fraction, ...]

    def value(self, x: Vector) -> Fraction:
        return self.f[self.place(x)]

    def gradient(self, x: Vector) -> Vector:
        return self.g[self.place(x)]

    def implicit(self, z: Vector, t: Fraction) -> Vector:
        return known_step(self.x, self.g, z, t)

    def place(self, x: Vector) -> int:
        found = nearest(self.x, x)
        if found is None:
            raise ElsewhereError("a function is asked at a point that the counterexample does not have")
        return found


def nearest(points: Sequence[Vector], x: Vector) -> int | None:
    """The point that x is, but for rounding."""
    gaps = [max((abs(a - b) for a, b in zip(p, x, strict=True)), default=Fraction(0)) for p in points]
    best = min(range(len(points)), key=gaps.__getitem__, default=None)
    room = NEAR * (1 + max((abs(e) for e in x), default=Fraction(0)))
    return best if best is not None and gaps[best] <= room else None


def known_step(xs: Sequence[Vector], gs: Sequence[Vector], z: Vector, t: Fraction) -> Vector:
    """x with x + t g = z among known points: what a proximal step gives, and a resolvent."""
    found = nearest([plus(x, scaled(t, g)) for x, g in zip(xs, gs, strict=True)], z)
    if found is None:
        raise ElsewhereError("an implicit step from a point that the counterexample does not have")
    return xs[found]


Function = QuadraticFunction | PiecewiseLinearGradient | Interpolant | Samples


@dataclass(frozen=True, slots=True)
class Counterexample:
    """What violates a claim.

    functions: by the name of their oracle; points: the vectors of the finite problem (a start, gradients) by name;
    params: numbers of the symbols; values: function values by name; violated: what is below 0 and by how much;
    period: iterates repeat after so many steps (0: not a cycle).
    """

    kind: str
    functions: Mapping[str, Function]
    points: Mapping[str, Vector]
    params: Mapping[str, Fraction] = field(default_factory=dict)
    values: Mapping[str, Fraction] = field(default_factory=dict)
    violated: str = ""
    amount: Fraction = Fraction(0)
    period: int = 0


def function_to_json(function: Function) -> dict[str, Any]:
    """A function of a counterexample as data: its kind and its numbers."""
    return {"kind": type(function).__name__} | {f.name: plain(getattr(function, f.name)) for f in fields(function)}


def plain(item: Any) -> Any:
    if isinstance(item, tuple | list):
        return [plain(part) for part in item]
    return str(item) if isinstance(item, Fraction) else item


def faces(size: int) -> Iterator[tuple[int, ...]]:
    """The faces of a simplex, small ones first."""
    for count in range(1, size + 1):
        yield from combinations(range(size), count)


def solve_linear(rows: Sequence[Sequence[Fraction]]) -> list[Fraction] | None:
    """The solution of a square system given with its right side as last column; None if it is singular."""
    matrix = [list(row) for row in rows]
    size = len(matrix)
    for place in range(size):
        pivot = next((i for i in range(place, size) if matrix[i][place] != 0), None)
        if pivot is None:
            return None
        matrix[place], matrix[pivot] = matrix[pivot], matrix[place]
        head = matrix[place][place]
        matrix[place] = [entry / head for entry in matrix[place]]
        for other in range(size):
            factor = matrix[other][place]
            if other != place and factor != 0:
                matrix[other] = [e - factor * p for e, p in zip(matrix[other], matrix[place])]
    return [row[-1] for row in matrix]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b)), Fraction(0))


def plus(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b))


def minus(a: Vector, b: Vector) -> Vector:
    return tuple(x - y for x, y in zip(a, b))


def scaled(factor: Fraction, a: Vector) -> Vector:
    return tuple(factor * x for x in a)


def combined(weights: Sequence[Fraction], vectors: Sequence[Vector]) -> Vector:
    return tuple(dot(weights, column) for column in zip(*vectors))
