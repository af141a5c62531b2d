"""What can be drawn of a counterexample: its functions on a grid, and the iterates of the method on them.

Only floats: a picture proves nothing, the counterexample beside it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from optgen.proof.examples import (
    Function,
    Interpolant,
    PiecewiseLinearGradient,
    QuadraticFunction,
    Samples,
    faces,
)

Array = np.ndarray
Values = Callable[[Array], Array]  # of points, one a row
SLACK = 1e-9
LAST = 60  # iterates that are drawn


@dataclass(frozen=True, slots=True)
class Graph:
    """A function of a counterexample: values at points (None: it is known at its points only), slopes, its points."""

    name: str
    value: Values | None
    slope: Values | None
    points: Array
    answers: Array
    heights: Array


@dataclass(frozen=True, slots=True)
class Picture:
    """note: what is false; iterates of `state`, one a row; period: they come back after so many steps (0: no cycle)."""

    title: str
    note: str
    state: str
    iterates: Array
    period: int
    graphs: tuple[Graph, ...]


def picture(
    title: str, note: str, state: str, iterates: Array, period: int, functions: Mapping[str, Function]
) -> Picture | None:
    """The picture of a counterexample in one or two dimensions; None in more, or without a function."""
    if not functions or iterates.ndim != 2 or not 1 <= iterates.shape[1] <= 2:
        return None
    seen = iterates[np.all(np.isfinite(iterates), axis=1)][:LAST]
    return Picture(
        title, note, state, seen, period, tuple(graph(n, f, iterates.shape[1]) for n, f in functions.items())
    )


def graph(name: str, function: Function, size: int) -> Graph:
    none = np.empty((0, size))
    match function:
        case QuadraticFunction(curvature=c):
            bend = float(c)
            return Graph(name, lambda x: bend / 2 * (x**2).sum(1), lambda x: bend * x, none, none, np.empty(0))
        case PiecewiseLinearGradient():
            exact = each(function.value), each(function.gradient)
            knots = np.array([[float(x)] for x, _ in function.knots])
            return Graph(name, exact[0], exact[1], knots, exact[1](knots), exact[0](knots))
        case Samples(x=x, g=g, f=f):
            return Graph(name, None, None, floats(x, size), floats(g, size), np.array([float(e) for e in f]))
        case Interpolant(x=x, g=g, f=f):
            value = values_of(function)
            slope = each(function.gradient) if size == 1 else None
            return Graph(name, value, slope, floats(x, size), floats(g, size), np.array([float(e) for e in f]))
    raise TypeError(type(function).__name__)


def floats(vectors: Any, size: int) -> Array:
    return np.array([[float(e) for e in v] for v in vectors]).reshape(-1, size)


def each(function: Callable[[tuple[Fraction, ...]], Any]) -> Values:
    """An exact function at floats, one point after the other."""

    def applied(points: Array) -> Array:
        answers = [function(tuple(Fraction(float(e)) for e in point)) for point in points]
        return np.array([[float(e) for e in a] if isinstance(a, tuple) else float(a) for a in answers])

    return applied


def values_of(function: Interpolant) -> Values:
    """The values of an interpolating function at many points: the optimality conditions of each face, all at once."""
    low = float(function.low)
    x, g = (np.array([[float(e) for e in v] for v in vectors]) for vectors in (function.x, function.g))
    f = np.array([float(e) for e in function.f])
    if function.high is None:
        steep = g - low * x
        return lambda p: (
            low / 2 * (p**2).sum(1) + np.max(f - low / 2 * (x**2).sum(1) + p @ steep.T - (x * steep).sum(1), axis=1)
        )
    width = float(function.high) - low
    anchors = np.array([[float(e) for e in z] for z in function.anchors()])
    lifts = np.array([float(w) for w in function.lifts()])
    gram = width * anchors @ anchors.T

    def value(points: Array) -> Array:
        slopes = lifts - width * points @ anchors.T
        best = np.full(len(points), np.inf)
        for face in faces(len(lifts)):
            inside = on_face(face, gram, slopes)
            if inside is None:
                continue
            center = inside @ anchors
            made = inside @ lifts + width / 2 * ((points - center) ** 2).sum(1)
            feasible = (inside >= -SLACK).all(1)
            best = np.where(feasible & (made < best), made, best)
        found: Array = low / 2 * (points**2).sum(1) + best
        return found

    return value


def on_face(face: tuple[int, ...], gram: Array, slopes: Array) -> Array | None:
    """Where the quadratic is stationary on a face, for each point; None if the face has no such place of its own."""
    size = len(face)
    chosen = list(face)
    matrix = np.ones((size + 1, size + 1))
    matrix[:size, :size] = gram[np.ix_(chosen, chosen)]
    matrix[size, size] = 0.0
    right = np.column_stack([-slopes[:, chosen], np.ones(len(slopes))])
    try:
        solution = np.linalg.solve(matrix, right.T).T
    except np.linalg.LinAlgError:
        return None
    weights = np.zeros_like(slopes)
    weights[:, chosen] = solution[:, :size]
    return weights
