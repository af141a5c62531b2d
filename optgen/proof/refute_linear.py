"""Quadratics and cycles: functions on which a linear method does not do what a claim says.

A quadratic refutes stability or a rate through one eigenvalue.  A cycle refutes convergence: in one dimension points
and derivatives belong to a function of the class exactly if slopes between neighbours lie in [mu, L], so for each
order of the points a cycle is a linear program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

import numpy as np

from optgen.proof.examples import Counterexample, PiecewiseLinearGradient, QuadraticFunction
from optgen.proof.linear import LinearMethod, closed_loop
from optgen.proof.program import CONSTANT, Row
from optgen.proof.rounding import rational, solved
from optgen.proof.stability import characteristic, scaled, schur_stable, squared

GRIDS = (10**4, 10**6, 10**9)
ROOM = 1e-7  # the least slope margin of a cycle worth rounding


def quadratic(
    method: LinearMethod, low: Fraction, high: Fraction, rate: Fraction = Fraction(1), cells: int = 16
) -> Counterexample | None:
    """A quadratic with low <= curvature <= high whose step has an eigenvalue |.|^2 >= rate; None if none is seen."""
    if len(method.oracles) != 1:
        return None
    for cell in (0, cells, *range(1, cells)):
        curvature = low + (high - low) * Fraction(cell, cells)
        try:
            matrix = closed_loop(method, curvature)
        except ZeroDivisionError:
            continue
        if not schur_stable(scaled(characteristic(squared(matrix)), rate)):
            return grown(method, curvature, rate)
    return None


def grown(method: LinearMethod, curvature: Fraction, rate: Fraction) -> Counterexample:
    """The quadratic with a start along the eigenvector that does not shrink."""
    matrix = np.array([[float(rational(n)) for n in row] for row in closed_loop(method, curvature)])
    values, vectors = np.linalg.eig(matrix)
    largest = int(np.abs(values).argmax())
    lead = np.real(vectors[:, largest] * np.exp(-1j * np.angle(vectors[:, largest]).max()))
    start = {name: (Fraction(round(float(e) * 1000), 1000),) for name, e in zip(method.states, lead)}
    size = float(np.abs(values[largest]))
    violated = f"a factor {size:.6g} a step on f(x) = {curvature}/2 x^2 (claimed: {float(rate) ** 0.5:.6g} or less)"
    return Counterexample("quadratic", {method.oracles[0]: QuadraticFunction(curvature)}, start, violated=violated)


def cycle(method: LinearMethod, low: Fraction, high: Fraction, longest: int = 5) -> Counterexample | None:
    """A function of one variable, low <= f'' <= high, on which the method runs in a circle; None if none is found."""
    if len(method.oracles) != 1:
        return None
    for period in range(2, longest + 1):
        for order in orders(period):
            found = in_order(method, low, high, order)
            if found is not None:
                return found
    return None


def orders(period: int) -> Iterator[tuple[int, ...]]:
    """The orders of a cycle's points on the line, the first the smallest (a cycle may start anywhere)."""
    for rest in permutations(range(1, period)):
        yield (0, *rest)


def in_order(method: LinearMethod, low: Fraction, high: Fraction, order: Sequence[int]) -> Counterexample | None:
    """A cycle whose points lie in this order: the linear program with the largest room of slopes, made exact."""
    from scipy.optimize import linprog

    period, states = len(order), len(method.states)
    columns = period * (states + 1)
    dynamics = step_equations(method, period)
    room: list[list[float]] = []
    for before, after in pairwise(order):
        dy = difference(place_row(method, after), place_row(method, before))
        du = {answer(states, after): 1.0, answer(states, before): -1.0}
        for bound, sign in ((float(low), 1.0), (float(high), -1.0)):
            line = [0.0] * (columns + 1)
            for c, slope in du.items():
                line[c] -= sign * slope
            for c, v in dy.items():
                line[c] += sign * bound * float(rational(v))
            line[columns] = 1.0
            room.append(line)
    width = difference(place_row(method, order[-1]), place_row(method, order[0]))
    fixed = [dense(row, columns) for row in (*dynamics, width, place_row(method, order[0]))]
    right = [0.0] * len(dynamics) + [1.0, 0.0]
    aim = [0.0] * columns + [-1.0]
    bounds = [(None, None)] * columns + [(None, 1.0)]
    made = linprog(aim, A_ub=room, b_ub=[0.0] * len(room), A_eq=fixed, b_eq=right, bounds=bounds, method="highs")
    if made.status != 0 or made.x is None or made.x[-1] < ROOM:
        return None
    return exact_cycle(method, low, high, order, [float(n) for n in made.x[:-1]], dynamics)


def step_equations(method: LinearMethod, period: int) -> list[Row]:
    """xi_{t+1} = A xi_t + B u_t around the circle, in the columns of `state` and `answer`."""
    states, rows = len(method.states), []
    for t in range(period):
        for i in range(states):
            row: Row = {}
            for j in range(states):
                add(row, state(states, t, j), method.A[i][j])
            add(row, answer(states, t), method.B[i][0])
            add(row, state(states, (t + 1) % period, i), Fraction(-1))
            rows.append(row)
    return rows


def add(row: Row, column: int, number: Any) -> None:
    total = row.get(column, Fraction(0)) + number
    if total == 0:
        row.pop(column, None)
    else:
        row[column] = total


def state(states: int, t: int, slot: int) -> int:
    return t * (states + 1) + slot


def answer(states: int, t: int) -> int:
    return t * (states + 1) + states


def place_row(method: LinearMethod, t: int) -> Row:
    """y_t = C xi_t + D u_t."""
    row: Row = {}
    for j, c in enumerate(method.C[0]):
        add(row, state(len(method.states), t, j), c)
    add(row, answer(len(method.states), t), method.D[0][0])
    return row


def difference(left: Row, right: Row) -> Row:
    total = dict(left)
    for column, number in right.items():
        add(total, column, -number)
    return total


def dense(row: Row, columns: int) -> list[float]:
    return [float(rational(row.get(c, Fraction(0)))) for c in range(columns)] + [0.0]


def exact_cycle(
    method: LinearMethod, low: Fraction, high: Fraction, order: Sequence[int], numbers: list[float], dynamics: list[Row]
) -> Counterexample | None:
    """The cycle in rationals: what the step equations determine follows from the rest, rounded."""
    solution = solved(dynamics, range(len(numbers)))
    if solution is None:
        return None
    for grid in GRIDS:
        values = [Fraction(round(n * grid), grid) for n in numbers]
        for pivot, row in solution.items():
            values[pivot] = applied(row, values)
        knots = [(applied(place_row(method, t), values), values[answer(len(method.states), t)]) for t in order]
        function = attracting(method, low, high, knots)
        if function is not None:
            start = {name: (values[state(len(method.states), 0, i)],) for i, name in enumerate(method.states)}
            violated = f"the iterates return to their start after {len(order)} steps"
            named = {method.oracles[0]: function}
            return Counterexample("cycle", named, start, violated=violated, period=len(order))
    return None


def applied(row: Row, values: Sequence[Fraction]) -> Fraction:
    return sum((rational(c) * (1 if column == CONSTANT else values[column]) for column, c in row.items()), Fraction(0))


def attracting(
    method: LinearMethod, low: Fraction, high: Fraction, knots: Sequence[tuple[Fraction, Fraction]]
) -> PiecewiseLinearGradient | None:
    """The function through the knots, each a short segment of a slope at which the step contracts.

    On the segments the step is linear and its matrix has all eigenvalues inside the unit circle, so the cycle attracts
    what starts nearby, and rounding errors do not leave it.
    """
    slopes = [low + (high - low) * Fraction(i, 8) for i in range(9)]
    steady = [s for s in slopes if schur_stable(characteristic(closed_loop(method, s)))]
    gap = min(b - a for (a, _), (b, _) in pairwise(knots))
    if gap <= 0:
        return None
    for s in steady:
        for shrink in range(2, 24):
            w = gap / 2**shrink
            ends = tuple(end for y, u in knots for end in ((y - w, u - s * w), (y + w, u + s * w)))
            function = PiecewiseLinearGradient(ends, s)
            if all(low <= slope <= high for slope in function.slopes()):
                return function
    return None
