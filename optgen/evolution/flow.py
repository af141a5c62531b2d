"""Constants along the flow of Gauss-Newton, for fits that stand still far from their best.

Nested fractions fill narrow valleys: nearly all of the residual could go, but the constants would have to move by
their own size along a curve, and a step straight ahead leaves the valley at once.  With J the Jacobian and r the
residual, the solution of c' = -J^+ r takes the part of r that constants reach down to its share e^-t, on a smooth path
that does not depend on how the program is written.  A Runge-Kutta method follows it with long steps; damped
Gauss-Newton steps, which move little along the valley, bring it back to the floor after each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optgen.evolution.fit import _cost, damped_step, triangle
from optgen.evolution.machine import CONSTANT, LIMIT, compiled, derivatives

STAGE = (0.0, 0.5, 0.5, 1.0)  # the classical method of order four
SHARE = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
FIRST, LEAST, LARGEST = 1 / 64, 1 / 512, 0.5  # steps
CORRECTIONS, DAMPINGS = 2, (1e-6, 1e-8, 1e-10, 1e-12, 1e-14)
REACHABLE = 0.02  # share of the residual that constants must reach for the flow to be worth it
DEPENDENT = 1e-13  # a column with no more than this share beside the others is taken for theirs


@compiled
def _factored(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, space: Any,
) -> tuple[float, float, int]:  # fmt: skip
    """The triangle of the Jacobian, in the space.

    The sum of squares, the share of it that constants reach, and the number of constants.
    """
    rows, adjoints, jacobian, rest, upper, along, scale = space[:7]
    total = _cost(kind, left, right, value, n, target, weights, rows, rest)
    if not np.isfinite(total):
        return np.inf, 0.0, 0
    k = derivatives(kind, left, right, value, n, rows, weights, adjoints, 0)
    triangle(jacobian, rest, k, upper, along)
    reached = 0.0
    for j in range(k):
        size = 0.0
        for i in range(j + 1):
            size += upper[i, j] * upper[i, j]
        if not np.isfinite(size):
            return np.inf, 0.0, 0
        scale[j] = np.sqrt(size) if size > 0.0 else 1.0
        reached += along[j] * along[j]
    return total, reached / total if total > 0.0 else 0.0, k


@compiled
def _straight(space: Any, k: int, slope: np.ndarray) -> None:
    """Gauss-Newton's step without damping."""
    upper, along, scale = space[4], space[5], space[6]
    for j in range(k - 1, -1, -1):
        rest = -along[j]
        for i in range(j + 1, k):
            rest -= upper[j, i] * slope[i]
        slope[j] = rest / upper[j, j] if upper[j, j] > DEPENDENT * scale[j] else 0.0


@compiled
def _moved(left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, step: np.ndarray, to: np.ndarray) -> None:
    """The constants after a step that has an entry for each."""
    j = 0
    for i in range(n):
        to[i] = value[i]
        if left[i] == CONSTANT or right[i] == CONSTANT:
            to[i] += step[j]
            j += 1


@compiled
def _corrected(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, space: Any, trial: np.ndarray,
) -> float:  # fmt: skip
    """The best of some damped steps, in place; the sum of squares then."""
    upper, along, scale, copy, rhs, row, step = space[4:11]
    total, _, k = _factored(kind, left, right, value, n, target, weights, space)
    best = 0.0
    for damping in DAMPINGS:
        damped_step(upper, along, scale, damping, k, copy, rhs, row, step)
        _moved(left, right, value, n, step, trial)
        there = _cost(kind, left, right, trial, n, target, weights, space[0], space[3])
        if there < total:
            total, best = there, damping
    if best > 0.0:
        damped_step(upper, along, scale, best, k, copy, rhs, row, step)
        _moved(left, right, value, n, step, trial)
        for i in range(n):
            value[i] = trial[i]
    return total


@compiled
def flow(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, steps: int, space: Any,
) -> float:  # fmt: skip
    """Follow the flow by at most so many steps, in place; the sum of squares reached.

    Ends where constants reach less than REACHABLE of the residual, or where steps must be shorter than LEAST.
    """
    slope, mean = np.empty(LIMIT), np.empty(LIMIT)
    trial, further = np.empty(LIMIT), np.empty(LIMIT)
    total, share, k = _factored(kind, left, right, value, n, target, weights, space)
    size = FIRST
    for _ in range(steps):
        if share < REACHABLE or size < LEAST:
            break
        there = total
        for j in range(k):
            mean[j] = 0.0
        for stage in range(4):
            if stage > 0:
                for j in range(k):
                    slope[j] *= size * STAGE[stage]
                _moved(left, right, value, n, slope, trial)
                there, _, _ = _factored(kind, left, right, trial, n, target, weights, space)
                if not np.isfinite(there):
                    break
            _straight(space, k, slope)
            for j in range(k):
                mean[j] += size * SHARE[stage] * slope[j]
        if np.isfinite(there):
            _moved(left, right, value, n, mean, trial)
            for _correction in range(CORRECTIONS):
                there = _corrected(kind, left, right, trial, n, target, weights, space, further)
                if np.sqrt(there) < (1.0 - 0.5 * size) * np.sqrt(total):
                    break
        gained = 1.0 - np.sqrt(there / total)
        if gained > 0.0:
            for i in range(n):
                value[i] = trial[i]
            size = min(2.0 * size, LARGEST) if gained > 0.5 * size else size
        else:
            size *= 0.25
        total, share, k = _factored(kind, left, right, value, n, target, weights, space)
    return total
