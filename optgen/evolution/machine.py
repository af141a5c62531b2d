"""Programs as arrays: evaluation, derivatives and the fit of constants, for many programs without Python between.

A program over the reals is five arrays of length `n`, one entry an operation in the order of evaluation:

    kind[i]      the operation, a row of OPERATIONS
    left[i], right[i]   its arguments: X, CONSTANT, or j >= 0 for the value of operation j < i
    value[i]     the constant of an operation that has one (each has at most one: two would fold)

The value of the last operation is the program's.  Everything here is compiled by numba and lets go of the GIL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

X, CONSTANT = -1, -2
OPERATIONS = ("add", "sub", "mul", "div", "sqrt")
ADD, SUB, MUL, DIV, SQRT = range(5)
LIMIT = 24  # operations a program may have

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Machine code without the GIL; products and sums may contract, nothing else changes."""
    made: F = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})(function)
    return made


@compiled
def evaluate(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, points: np.ndarray,
    values: np.ndarray,
) -> None:  # fmt: skip
    """`values[i]` becomes operation i at all points."""
    m = points.shape[0]
    for i in range(n):
        out = values[i]
        a, b, c = left[i], right[i], value[i]
        k = kind[i]
        if k == SQRT:
            first = points if a == X else values[a]
            for p in range(m):
                out[p] = np.sqrt(first[p])
        elif a == CONSTANT:
            second = points if b == X else values[b]
            if k == ADD:
                for p in range(m):
                    out[p] = c + second[p]
            elif k == SUB:
                for p in range(m):
                    out[p] = c - second[p]
            elif k == MUL:
                for p in range(m):
                    out[p] = c * second[p]
            else:
                for p in range(m):
                    out[p] = c / second[p]
        elif b == CONSTANT:
            first = points if a == X else values[a]
            if k == ADD:
                for p in range(m):
                    out[p] = first[p] + c
            elif k == SUB:
                for p in range(m):
                    out[p] = first[p] - c
            elif k == MUL:
                for p in range(m):
                    out[p] = first[p] * c
            else:
                for p in range(m):
                    out[p] = first[p] / c
        else:
            first = points if a == X else values[a]
            second = points if b == X else values[b]
            if k == ADD:
                for p in range(m):
                    out[p] = first[p] + second[p]
            elif k == SUB:
                for p in range(m):
                    out[p] = first[p] - second[p]
            elif k == MUL:
                for p in range(m):
                    out[p] = first[p] * second[p]
            else:
                for p in range(m):
                    out[p] = first[p] / second[p]


@compiled
def derivatives(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, points: np.ndarray,
    values: np.ndarray, weights: np.ndarray, adjoints: np.ndarray, jacobian: np.ndarray,
) -> int:  # fmt: skip
    """Reverse mode: row j of `jacobian` is weights * d(program)/d(constant j), constants in the order of operations.

    Expects `values` from `evaluate`; returns the number of constants.
    """
    m = points.shape[0]
    for i in range(n - 1):
        adjoints[i, :m] = 0.0
    for p in range(m):
        adjoints[n - 1, p] = weights[p]
    count = 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            count += 1
    row = count
    for i in range(n - 1, -1, -1):
        a, b, c, k = left[i], right[i], value[i], kind[i]
        bar, out = adjoints[i], values[i]
        if k == SQRT:
            if a >= 0:
                target = adjoints[a]
                for p in range(m):
                    target[p] += 0.5 * bar[p] / out[p]
            continue
        if a == CONSTANT:
            row -= 1
            of_constant = jacobian[row]
            second = points if b == X else values[b]
            if k in (ADD, SUB):
                sign = 1.0 if k == ADD else -1.0
                for p in range(m):
                    of_constant[p] = bar[p]
                if b >= 0:
                    target = adjoints[b]
                    for p in range(m):
                        target[p] += sign * bar[p]
            elif k == MUL:
                for p in range(m):
                    of_constant[p] = bar[p] * second[p]
                if b >= 0:
                    target = adjoints[b]
                    for p in range(m):
                        target[p] += bar[p] * c
            else:
                for p in range(m):
                    of_constant[p] = bar[p] / second[p]
                if b >= 0:
                    target = adjoints[b]
                    for p in range(m):
                        target[p] -= bar[p] * out[p] / second[p]
            continue
        if b == CONSTANT:
            row -= 1
            of_constant = jacobian[row]
            first = points if a == X else values[a]
            if k in (ADD, SUB):
                sign = 1.0 if k == ADD else -1.0
                for p in range(m):
                    of_constant[p] = sign * bar[p]
                if a >= 0:
                    target = adjoints[a]
                    for p in range(m):
                        target[p] += bar[p]
            elif k == MUL:
                for p in range(m):
                    of_constant[p] = bar[p] * first[p]
                if a >= 0:
                    target = adjoints[a]
                    for p in range(m):
                        target[p] += bar[p] * c
            else:
                for p in range(m):
                    of_constant[p] = -bar[p] * out[p] / c
                if a >= 0:
                    target = adjoints[a]
                    for p in range(m):
                        target[p] += bar[p] / c
            continue
        first = points if a == X else values[a]
        second = points if b == X else values[b]
        if k in (ADD, SUB):
            sign = 1.0 if k == ADD else -1.0
            if a >= 0:
                target = adjoints[a]
                for p in range(m):
                    target[p] += bar[p]
            if b >= 0:
                target = adjoints[b]
                for p in range(m):
                    target[p] += sign * bar[p]
        elif k == MUL:
            if a >= 0:
                target = adjoints[a]
                for p in range(m):
                    target[p] += bar[p] * second[p]
            if b >= 0:
                target = adjoints[b]
                for p in range(m):
                    target[p] += bar[p] * first[p]
        else:
            if a >= 0:
                target = adjoints[a]
                for p in range(m):
                    target[p] += bar[p] / second[p]
            if b >= 0:
                target = adjoints[b]
                for p in range(m):
                    target[p] -= bar[p] * out[p] / second[p]
    return count
