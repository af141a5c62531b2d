"""Least squares for the constants of a program: Levenberg-Marquardt by orthogonal factorisation.

The residual is weights*(program - target) at the points.  Normal equations would lose half of the digits, and these
fits end at the last one; so the Jacobian is orthogonalised (modified Gram-Schmidt with the residual as a further
column, which is backward stable for least squares), and the damping is rotated into its triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optgen.evolution.machine import CONSTANT, compiled, derivatives, evaluate


@compiled
def residual(out: np.ndarray, target: np.ndarray, weights: np.ndarray, rest: np.ndarray) -> float:
    """The sum of squares of weights*(out - target), which is left in `rest`; infinite if a point is not finite."""
    total = 0.0
    for p in range(out.shape[0]):
        rest[p] = weights[p] * (out[p] - target[p])
    for p in range(out.shape[0]):
        total += rest[p] * rest[p]
    return total if np.isfinite(total) else np.inf


@compiled
def triangle(jacobian: np.ndarray, rest: np.ndarray, k: int, upper: np.ndarray, along: np.ndarray) -> None:
    """Orthogonalise the k rows of `jacobian` in place: its triangle in `upper`, the residual's part in `along`."""
    m = rest.shape[0]
    for j in range(k):
        row = jacobian[j]
        size = 0.0
        for p in range(m):
            size += row[p] * row[p]
        size = np.sqrt(size)
        upper[j, j] = size
        if size > 0.0:
            for p in range(m):
                row[p] /= size
        for i in range(j + 1, k):
            other = jacobian[i]
            inner = 0.0
            for p in range(m):
                inner += row[p] * other[p]
            upper[j, i] = inner
            for p in range(m):
                other[p] -= inner * row[p]
        inner = 0.0
        for p in range(m):
            inner += row[p] * rest[p]
        along[j] = inner
        for p in range(m):
            rest[p] -= inner * row[p]


@compiled
def damped_step(
    upper: np.ndarray, along: np.ndarray, scale: np.ndarray, damping: float, k: int, copy: np.ndarray,
    right: np.ndarray, row: np.ndarray, step: np.ndarray,
) -> None:  # fmt: skip
    """The step that minimises |upper*step + along|^2 + damping*|scale*step|^2, by Givens rotations."""
    for i in range(k):
        right[i] = -along[i]
        for j in range(i, k):
            copy[i, j] = upper[i, j]
    root = np.sqrt(damping)
    for first in range(k):
        for j in range(first, k):
            row[j] = 0.0
        row[first] = root * scale[first]
        carried = 0.0
        for i in range(first, k):
            if row[i] == 0.0:
                continue
            size = np.hypot(copy[i, i], row[i])
            cosine, sine = copy[i, i] / size, row[i] / size
            for j in range(i, k):
                above, below = copy[i, j], row[j]
                copy[i, j] = cosine * above + sine * below
                row[j] = cosine * below - sine * above
            above = right[i]
            right[i] = cosine * above + sine * carried
            carried = cosine * carried - sine * above
    for i in range(k - 1, -1, -1):
        total = right[i]
        for j in range(i + 1, k):
            total -= copy[i, j] * step[j]
        step[i] = total / copy[i, i] if copy[i, i] != 0.0 else 0.0


@compiled
def fit(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, points: np.ndarray,
    target: np.ndarray, weights: np.ndarray, iterations: int, enough: float, space: Any,
) -> float:  # fmt: skip
    """Improve the constants `value` in place; the sum of squares reached.

    Stops after `iterations` steps, or when a step gains less than the share `enough`.  `space` is from `workspace`.
    """
    values, adjoints, jacobian, rest, upper, along, scale, copy, rhs, row, step, trial = space
    total = _cost(kind, left, right, value, n, points, target, weights, values, rest)
    if not np.isfinite(total):
        return np.inf
    damping = 1e-3
    for _ in range(iterations):
        k = derivatives(kind, left, right, value, n, points, values, weights, adjoints, jacobian)
        if k == 0:
            return total
        triangle(jacobian, rest, k, upper, along)
        for j in range(k):
            size = 0.0
            for i in range(j + 1):
                size += upper[i, j] * upper[i, j]
            scale[j] = np.sqrt(size)
            if not np.isfinite(scale[j]):
                return total
            if scale[j] == 0.0:
                scale[j] = 1.0
        before = total
        for _try in range(6):
            damped_step(upper, along, scale, damping, k, copy, rhs, row, step)
            j = 0
            for i in range(n):
                trial[i] = value[i]
                if left[i] == CONSTANT or right[i] == CONSTANT:
                    trial[i] += step[j]
                    j += 1
            reached = _cost(kind, left, right, trial, n, points, target, weights, values, rest)
            if reached < total:
                for i in range(n):
                    value[i] = trial[i]
                total = reached
                damping = max(damping * 0.15, 1e-18)
                break
            damping *= 10.0
        if not total < before * (1.0 - enough):
            if total == before:
                return total
            break
    return total


@compiled
def _cost(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, points: np.ndarray,
    target: np.ndarray, weights: np.ndarray, values: np.ndarray, rest: np.ndarray,
) -> float:  # fmt: skip
    evaluate(kind, left, right, value, n, points, values)
    return residual(values[n - 1], target, weights, rest)


@compiled
def largest_error(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, points: np.ndarray,
    target: np.ndarray, weights: np.ndarray, values: np.ndarray,
) -> float:  # fmt: skip
    """The largest |weights*(program - target)| over the points, infinite where it is not finite."""
    evaluate(kind, left, right, value, n, points, values)
    out = values[n - 1]
    worst = 0.0
    for p in range(points.shape[0]):
        error = abs(weights[p] * (out[p] - target[p]))
        if not error < np.inf:
            return np.inf
        worst = max(worst, error)
    return worst


@compiled
def workspace(limit: int, m: int) -> Any:
    """Arrays that `fit` writes in, for programs of up to `limit` operations on `m` points."""
    return (
        np.empty((limit, m)), np.empty((limit, m)), np.empty((limit, m)), np.empty(m), np.zeros((limit, limit)),
        np.empty(limit), np.empty(limit), np.empty((limit, limit)), np.empty(limit), np.empty(limit), np.empty(limit),
        np.empty(limit),
    )  # fmt: skip
