"""Linear first-order methods: xi' = A xi + B u, y = C xi + D u, where u_i is what oracle i answers at y_i.

The entries are numbers or quotients in symbols; a state and an answer are vectors of any dimension, so A, B, C, D act
on slots.  D is not 0 for implicit steps: x' = x - t s with s a subgradient at x' has D = -t.  Everything is measured
from the minimiser: the fixed point is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.proof.interpolation import CLASSES
from optgen.proof.polynomial import Number, at
from optgen.proof.problem import (
    NOWHERE,
    ZERO,
    Form,
    Interval,
    Membership,
    Oracle,
    Point,
    Problem,
    Quadratic,
    Statement,
    inner,
    square,
    value,
    vector,
)

Matrix = tuple[tuple[Number, ...], ...]


@dataclass(frozen=True, slots=True)
class LinearMethod:
    """A (states x states), B (states x slots), C (slots x states), D (slots x slots); the oracle of each slot."""

    states: tuple[str, ...]
    oracles: tuple[str, ...]
    A: Matrix
    B: Matrix
    C: Matrix
    D: Matrix

    def at(self, values: Mapping[str, Number]) -> LinearMethod:
        """With numbers for symbols."""
        parts = (tuple(tuple(at(n, values) for n in row) for row in m) for m in (self.A, self.B, self.C, self.D))
        return LinearMethod(self.states, self.oracles, *parts)


@dataclass(frozen=True, slots=True)
class Run:
    """A method unrolled: forms of the states before each step, and the point of each slot in each step."""

    states: tuple[tuple[Form, ...], ...]
    points: tuple[tuple[Point, ...], ...]


def unrolled(method: LinearMethod, steps: int) -> Run:
    """`steps` steps from states with the names of the method; answers are `oracle.slot.step`, values `f oracle...`."""
    states = [tuple(vector(name) for name in method.states)]
    points: list[tuple[Point, ...]] = []
    for k in range(steps):
        xi = states[-1]
        names = [f"{oracle}.{slot}.{k}" for slot, oracle in enumerate(method.oracles)]
        answers = tuple(vector(name) for name in names)
        places = [combination(c, xi) + combination(d, answers) for c, d in zip(method.C, method.D)]
        points.append(tuple(Point(n, y, u, value(f"f {n}")) for n, y, u in zip(names, places, answers)))
        states.append(tuple(combination(a, xi) + combination(b, answers) for a, b in zip(method.A, method.B)))
    return Run(tuple(states), tuple(points))


def combination(weights: Sequence[Number], forms: Sequence[Form]) -> Form:
    total = NOWHERE
    for weight, form in zip(weights, forms):
        total = total + weight * form
    return total


def oracles_of(method: LinearMethod, run: Run, classes: Mapping[str, Sequence[Membership]]) -> tuple[Oracle, ...]:
    """Every oracle with all its points and the minimiser."""
    found: list[Oracle] = []
    for name in dict.fromkeys(method.oracles):
        points = [p for step in run.points for p, oracle in zip(step, method.oracles) if oracle == name]
        star = Point("*", NOWHERE, NOWHERE, ZERO, minimiser=True)
        if is_operator(classes[name]):
            points = [Point(p.name, p.x, p.g, ZERO) for p in points]
        found.append(Oracle(name, tuple(classes[name]), (star, *points)))
    return tuple(found)


def is_operator(classes: Sequence[Membership]) -> bool:
    return any(CLASSES[c.name].operator for c in classes if c.name in CLASSES)


def lyapunov(
    method: LinearMethod,
    classes: Mapping[str, Sequence[Membership]],
    rate: Number,
    history: int = 1,
    apart: int = 1,
    target: Callable[[Run], Quadratic] | None = None,
    domain: tuple[Interval, ...] = (),
) -> Problem:
    """Is there a V with V after `apart` steps <= rate * V, and V >= target (|y_0|^2 unless given)?

    V is a quadratic form in z_k = (xi_k, u_k .. u_{k+history-1}) plus weights times f_k .. f_{k+history-1}.  A proof
    gives target_k <= rate^(k/apart) V_0.
    """
    run = unrolled(method, history + apart)
    oracles = oracles_of(method, run, classes)
    decrease: dict[str, Quadratic] = {}
    positive: dict[str, Quadratic] = {}
    forms = [[*run.states[k], *(p.g for step in run.points[k : k + history] for p in step)] for k in (0, apart)]
    names = [*method.states, *(p.name for step in run.points[:history] for p in step)]
    for i in range(len(names)):
        for j in range(i, len(names)):
            before, after = (inner(z[i], z[j]) for z in forms)
            decrease[f"<{names[i]}, {names[j]}>"] = rate * before - after
            positive[f"<{names[i]}, {names[j]}>"] = before
    for k in range(history):
        for slot, oracle in enumerate(method.oracles):
            if not is_operator(classes[oracle]):
                before, after = run.points[k][slot].f, run.points[k + apart][slot].f
                decrease[f"f {names_of_step(method, k)[slot]}"] = rate * before - after
                positive[f"f {names_of_step(method, k)[slot]}"] = before
    goal = target(run) if target else square(run.points[0][0].x)
    early = frozenset(["*", *(p.name for step in run.points[:history] for p in step)])
    return Problem(
        oracles, (Statement("decrease", ZERO, decrease), Statement("positive", -goal, positive, early)), domain
    )


def names_of_step(method: LinearMethod, k: int) -> list[str]:
    return [f"{oracle}.{slot}.{k}" for slot, oracle in enumerate(method.oracles)]


def closed_loop(method: LinearMethod, curvature: Number) -> Matrix:
    """The matrix of one step when the only oracle answers curvature * y; ZeroDivisionError where it has no answer."""
    slope = curvature / (1 - method.D[0][0] * curvature)
    size = range(len(method.states))
    return tuple(tuple(method.A[i][j] + slope * method.B[i][0] * method.C[0][j] for j in size) for i in size)


def momentum(a: Number, b: Number = Fraction(0), c: Number = Fraction(0)) -> LinearMethod:
    """x' = x + b (x - x_before) - a grad f(y), y = x + c (x - x_before)."""
    one, zero = Fraction(1), Fraction(0)
    return LinearMethod(
        ("x", "x_before"), ("f",), ((1 + b, -b), (one, zero)), ((-a,), (zero,)), ((1 + c, -c),), ((zero,),)
    )
