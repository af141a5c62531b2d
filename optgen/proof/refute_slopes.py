"""Rates refuted by functions of one variable with one curvature on the left and another on the right of 0.

Such a function is homogeneous: when the signs of the iterates repeat after K steps, K steps are one matrix.  A cone of
two rational rays that this matrix maps into itself, on which signs stay as they are and the first state grows by s or
more, shows that the method converges no faster than s^(1/K) a step, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from optgen.proof.examples import Counterexample, PiecewiseLinearGradient
from optgen.proof.linear import LinearMethod, closed_loop
from optgen.proof.rounding import rational

CELLS = 12  # of the grid of curvatures
BURN, LONGEST = 240, 24  # steps until signs repeat; the longest period looked for
Ray = list[Fraction]
Step = list[list[Fraction]]


@dataclass(frozen=True, slots=True)
class Slow:
    """Curvatures left and right, the signs of y through one period, and how slow the method seems (a step)."""

    left: Fraction
    right: Fraction
    signs: tuple[bool, ...]
    factor: float


def slowest(method: LinearMethod, low: Fraction, high: Fraction) -> tuple[Fraction, Counterexample] | None:
    """The largest rho^2 that such a function refutes, and the function; None if none is found (one or two states)."""
    if len(method.oracles) != 1 or len(method.states) > 2:
        return None
    candidates = sorted(candidates_on_grid(method, low, high), key=lambda slow: -slow.factor)
    for slow in candidates[:6]:
        found = shown(method, slow)
        if found is not None:
            return found
    return None


def candidates_on_grid(method: LinearMethod, low: Fraction, high: Fraction) -> Iterator[Slow]:
    grid = [low + (high - low) * Fraction(i, CELLS) for i in range(CELLS + 1)]
    steps: dict[Fraction, Any] = {}
    for curvature in grid:
        try:
            steps[curvature] = np.array([[float(rational(n)) for n in row] for row in closed_loop(method, curvature)])
        except ZeroDivisionError:
            continue
    place = np.array([float(rational(c)) for c in method.C[0]])
    pairs = [(left, right) for left in steps for right in steps]
    below, above = (np.array([steps[pair[side]] for pair in pairs]) for side in (0, 1))
    state = np.tile(np.array([1.0, 0.3])[: len(place)], (len(pairs), 1))
    signs, sizes = [], []
    for _ in range(BURN):
        positive = state @ place > 0
        state = np.einsum("kij,kj->ki", np.where(positive[:, None, None], above, below), state)
        size = np.abs(state).max(axis=1)
        state = state / np.where(size > 0, size, 1.0)[:, None]
        signs.append(positive)
        sizes.append(size)
    for pair, run, growth in zip(pairs, np.array(signs).T, np.array(sizes).T):
        if np.isfinite(growth).all() and (growth > 0).all():
            slow = settled_run(*pair, run.tolist(), growth)
            if slow is not None:
                yield slow


def settled_run(left: Fraction, right: Fraction, signs: list[bool], sizes: Any) -> Slow | None:
    """What a run in floating point settles into: signs that repeat, and a factor a step."""
    for period in range(1, LONGEST + 1):
        tail = signs[-6 * period :]
        if all(a == b for a, b in zip(tail, tail[period:])):
            return Slow(left, right, tuple(signs[-period:]), float(np.exp(np.mean(np.log(sizes[-period:])))))
    return None


def shown(method: LinearMethod, slow: Slow) -> tuple[Fraction, Counterexample] | None:
    """The exact argument for one candidate."""
    steps = [fractions(method, slow.right if positive else slow.left) for positive in slow.signs]
    matrix = np.eye(len(method.states))
    for step in steps:
        matrix = np.array(step, dtype=float) @ matrix
    values, vectors = np.linalg.eig(matrix)
    lead = int(np.abs(values).argmax())
    if abs(values[lead].imag) > 0 or values[lead].real <= 0:
        return None
    center = np.real(vectors[:, lead])
    center = center * np.sign(center[0]) / np.abs(center).max()
    other = np.real(vectors[:, 1 - lead]) if len(center) == 2 else np.zeros(1)
    for spread in (1e-2, 1e-4, 1e-6):
        rays = [[nearby(float(c + sign * spread * o)) for c, o in zip(center, other)] for sign in (1, -1)]
        growth = in_cone(method, slow, steps, rays)
        if growth is None:
            continue
        squared = root_below(growth * growth, len(slow.signs))
        function = PiecewiseLinearGradient(((Fraction(0), Fraction(0)),), slow.left, slow.right)
        start = {name: ((a + b) / 2,) for name, a, b in zip(method.states, *rays)}
        speed = f"no faster than a factor {float(squared) ** 0.5:.6g} a step"
        words = f"{speed}; f'' is {slow.left} on the left and {slow.right} on the right of 0"
        return squared, Counterexample("slopes", {method.oracles[0]: function}, start, violated=words)
    return None


def fractions(method: LinearMethod, curvature: Fraction) -> Step:
    return [[rational(n) for n in row] for row in closed_loop(method, curvature)]


def nearby(number: float) -> Fraction:
    return Fraction(round(number * 10**9), 10**9)


def in_cone(method: LinearMethod, slow: Slow, steps: list[Step], rays: list[Ray]) -> Fraction | None:
    """The least growth of the first state over one period, if the cone of the rays is kept and signs are as assumed."""
    ends: list[Ray] = []
    for ray in rays:
        state = ray
        for step, positive in zip(steps, slow.signs):
            y = sum((rational(c) * x for c, x in zip(method.C[0], state)), Fraction(0))
            answer = y * (1 - rational(method.D[0][0]) * (slow.right if positive else slow.left)) ** -1
            if (answer > 0) != positive or answer == 0:
                return None
            state = [sum((a * x for a, x in zip(row, state)), Fraction(0)) for row in step]
        ends.append(state)
    if not all(ray[0] > 0 for ray in rays) or not all(inside(rays, end) for end in ends):
        return None
    return min(end[0] / ray[0] for end, ray in zip(ends, rays))


def inside(rays: list[Ray], state: Ray) -> bool:
    """Whether a state is a sum of the rays with weights >= 0."""
    if len(state) == 1:
        return state[0] > 0
    (a, c), (b, d) = rays
    determinant = a * d - b * c
    if determinant == 0:
        return False
    first, second = (state[0] * d - b * state[1]) / determinant, (a * state[1] - state[0] * c) / determinant
    return first >= 0 and second >= 0


def root_below(number: Fraction, degree: int) -> Fraction:
    """A rational just below the root."""
    guess = Fraction(float(number) ** (1 / degree) * (1 - 1e-9)).limit_denominator(10**9)
    while guess**degree > number:
        guess *= 1 - Fraction(1, 10**8)
    return guess
