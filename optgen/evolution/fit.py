"""Least squares for the constants of a program: Levenberg-Marquardt by orthogonal factorisation.

The residual is weights*(program - target) at the points.  Normal equations would lose half of the digits, and these
fits end at the last one; so the Jacobian is orthogonalised (modified Gram-Schmidt with the residual as a further
column, which is backward stable for least squares), and the damping is rotated into its triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optgen.evolution.machine import ADD, CONSTANT, DIV, LIMIT, SQRT, SUB, compiled, derivatives, evaluate, table

FIRST, LESS, MORE = 1e-4, 0.02, 10.0  # damping, and what it is multiplied by after a good and a bad step
PROBE, TRUSTED = 0.1, 0.75  # where along a step its curvature is looked for; how long a correction may be
UNDAMPED = 1e-4  # weight of the damping of constants that are settled anyway


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
            size = np.sqrt(copy[i, i] * copy[i, i] + row[i] * row[i])
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
def _scales(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, n: int, linear: np.ndarray, upper: np.ndarray,
    scale: np.ndarray,
) -> bool:  # fmt: skip
    """What damping weighs each constant by: the norm of its column; whether all are finite."""
    j = 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            size = 0.0
            for above in range(j + 1):
                size += upper[above, j] * upper[above, j]
            if not np.isfinite(size):
                return False
            scale[j] = np.sqrt(size) if size > 0.0 else 1.0
            if linear[i] and size > 0.0:
                scale[j] *= UNDAMPED
            j += 1
    return True


@compiled
def linear_constants(kind: np.ndarray, left: np.ndarray, right: np.ndarray, n: int, linear: np.ndarray) -> int:
    """Mark operations whose constants the program is affine in, all of them together; how many there are.

    Found from the result downwards: through sums to both sides, through a product or quotient to its constant.
    """
    affine = np.zeros(n, np.bool_)
    affine[n - 1] = True
    uses = np.zeros(n, np.int64)
    for i in range(n):
        if left[i] >= 0:
            uses[left[i]] += 1
        if right[i] >= 0 and kind[i] != SQRT:
            uses[right[i]] += 1
    count = 0
    for i in range(n - 1, -1, -1):
        linear[i] = False
        if not affine[i]:
            continue
        sums = kind[i] in (ADD, SUB)
        if left[i] == CONSTANT or right[i] == CONSTANT:
            # y/c is not linear in c; tidy programs have none
            linear[i] = not (kind[i] == DIV and right[i] == CONSTANT)
            count += linear[i]
        if sums:
            if left[i] >= 0 and uses[left[i]] == 1:
                affine[left[i]] = True
            if right[i] >= 0 and uses[right[i]] == 1:
                affine[right[i]] = True
    return count


@compiled
def settle(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, linear: np.ndarray,
    target: np.ndarray, weights: np.ndarray, space: Any,
) -> float:  # fmt: skip
    """Give the marked constants their best values for the others as they are; the sum of squares then."""
    rows, adjoints, rest = space[0], space[17], space[3]
    jacobian, upper, along, scale, step = space[12], space[13], space[14], space[15], space[16]
    total = _cost(kind, left, right, value, n, target, weights, rows, rest)
    if not np.isfinite(total):
        return np.inf
    lowest = 0
    while lowest < n and not linear[lowest]:
        lowest += 1
    if lowest == n:
        return total
    derivatives(kind, left, right, value, n, rows, weights, adjoints, lowest)
    row, k = 0, 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            if linear[i]:
                size = 0.0
                for p in range(rest.shape[0]):
                    jacobian[k, p] = adjoints[LIMIT + row, p]
                    size += jacobian[k, p] * jacobian[k, p]
                scale[k] = np.sqrt(size)
                if not np.isfinite(size):
                    return np.inf
                k += 1
            row += 1
    triangle(jacobian, rest, k, upper, along)
    for j in range(k - 1, -1, -1):
        rhs = -along[j]
        for i in range(j + 1, k):
            rhs -= upper[j, i] * step[i]
        step[j] = rhs / upper[j, j] if upper[j, j] > 1e-10 * scale[j] else 0.0
    j = 0
    for i in range(n):
        if linear[i] and (left[i] == CONSTANT or right[i] == CONSTANT):
            value[i] += step[j]
            j += 1
    left_over = 0.0
    for p in range(rest.shape[0]):
        left_over += rest[p] * rest[p]
    return left_over


@compiled
def _bend(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, k: int, damping: float, space: Any,
) -> None:  # fmt: skip
    """Add to a step what the curvature of the residual along it asks for (geodesic acceleration).

    Fits of nested fractions follow narrow valleys that turn; straight steps leave them unless they are short.  The
    second derivative along the step is a difference of residuals; a correction as long as the step is not trusted.
    After Transtrum and Sethna, 2012.
    """
    rows, basis, upper, along, scale, copy, rhs, row, step, trial = (
        space[0], space[2], space[4], space[5], space[6], space[7], space[8], space[9], space[10], space[11],
    )  # fmt: skip
    curved, more = space[18], space[19]
    j = 0
    for i in range(n):
        trial[i] = value[i]
        if left[i] == CONSTANT or right[i] == CONSTANT:
            trial[i] += PROBE * step[j]
            j += 1
    evaluate(kind, left, right, trial, n, rows)
    for j in range(k):
        inner, straight = 0.0, 0.0
        for p in range(target.shape[0]):
            inner += basis[j, p] * weights[p] * (rows[n - 1, p] - target[p])
        for i in range(j, k):
            straight += upper[j, i] * step[i]
        curved[j] = 2.0 / PROBE * ((inner - along[j]) / PROBE - straight)
    damped_step(upper, curved, scale, damping, k, copy, rhs, row, more)
    size, change = 0.0, 0.0
    for j in range(k):
        size += (scale[j] * step[j]) ** 2
        change += (scale[j] * more[j]) ** 2
    if 4.0 * change <= TRUSTED * TRUSTED * size:
        for j in range(k):
            step[j] += 0.5 * more[j]


@compiled
def fit(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, iterations: int, enough: float, space: Any,
) -> float:  # fmt: skip
    """Improve the constants `value` in place; the sum of squares reached.

    Constants that the program is affine in are eliminated (variable projection): they are undamped in a step and
    settled after it, which spares the fit the long valleys between them and the others.  Stops after `iterations`
    steps, or when a step gains less than the share `enough`.  `space` is from `workspace`.
    """
    rows, adjoints, jacobian, rest, upper, along, scale, copy, rhs, row, step, trial = space[:12]
    linear = np.empty(n, np.bool_)
    linear_constants(kind, left, right, n, linear)
    total = settle(kind, left, right, value, n, linear, target, weights, space)
    if not np.isfinite(total):
        return np.inf
    damping, lowest = FIRST, n
    for i in range(n - 1, -1, -1):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            lowest = i
    for _ in range(iterations):
        total = _cost(kind, left, right, value, n, target, weights, rows, rest)
        k = derivatives(kind, left, right, value, n, rows, weights, adjoints, lowest)
        if k == 0:
            return total
        triangle(jacobian, rest, k, upper, along)
        if not _scales(kind, left, right, n, linear, upper, scale):
            return total
        before = total
        for _try in range(6):
            damped_step(upper, along, scale, damping, k, copy, rhs, row, step)
            _bend(kind, left, right, value, n, target, weights, k, damping, space)
            j = 0
            for i in range(n):
                trial[i] = value[i]
                if left[i] == CONSTANT or right[i] == CONSTANT:
                    trial[i] += step[j]
                    j += 1
            reached = settle(kind, left, right, trial, n, linear, target, weights, space)
            if reached < total:
                for i in range(n):
                    value[i] = trial[i]
                total = reached
                damping = max(damping * LESS, 1e-18)
                break
            damping *= MORE
        if not total < before * (1.0 - enough):
            if total == before:
                return total
            break
    return total


@compiled
def _cost(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, rows: np.ndarray, rest: np.ndarray,
) -> float:  # fmt: skip
    """The sum of squares of weights*(program - target), which is left in `rest`; infinite if a point is not finite."""
    evaluate(kind, left, right, value, n, rows)
    total = 0.0
    for p in range(rest.shape[0]):
        gap = weights[p] * (rows[n - 1, p] - target[p])
        rest[p] = gap
        total += gap * gap
    return total if np.isfinite(total) else np.inf


@compiled
def largest_error(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, target: np.ndarray,
    weights: np.ndarray, rows: np.ndarray,
) -> float:  # fmt: skip
    """The largest |weights*(program - target)| over the points of a table, infinite where it is not finite.

    As integers, numbers without a sign have their order, and infinity and what is no number come last: a largest one
    is found in vector registers.
    """
    evaluate(kind, left, right, value, n, rows)
    for p in range(target.shape[0]):
        rows[LIMIT, p] = abs(weights[p] * (rows[n - 1, p] - target[p]))
    bits = rows.view(np.int64)
    worst = np.int64(0)
    for p in range(target.shape[0]):
        worst = max(worst, bits[LIMIT, p])
    bits[LIMIT, 0] = worst
    return rows[LIMIT, 0] if rows[LIMIT, 0] < np.inf else np.inf


@compiled
def workspace(points: np.ndarray) -> Any:
    """Arrays that `fit` and, from the thirteenth on, `settle` write in, for programs at some points."""
    m = points.shape[0]
    adjoints = np.zeros((2 * LIMIT, m))
    return (
        table(points), adjoints, adjoints[LIMIT:], np.empty(m), np.zeros((LIMIT, LIMIT)), np.empty(LIMIT),
        np.empty(LIMIT), np.empty((LIMIT, LIMIT)), np.empty(LIMIT), np.empty(LIMIT), np.empty(LIMIT), np.empty(LIMIT),
        np.empty((LIMIT, m)), np.zeros((LIMIT, LIMIT)), np.empty(LIMIT), np.empty(LIMIT), np.empty(LIMIT),
        np.zeros((2 * LIMIT, m)), np.empty(LIMIT), np.empty(LIMIT),
    )  # fmt: skip
