"""The scaling group of a program: constants under which it computes the same function of a stretched variable.

Give the variable the unit 1 and the result the unit 0; then sums ask for equal units on both sides, products and
quotients add and subtract them, and what is left are linear equations for the units of the constants.  If c has the
unit u, then c*factor^-u in place of c makes p(x) into p(factor*x).  A program that has just been squared, say, is near
a good one with another scale, and far from it in the constants.
"""

from __future__ import annotations

import numpy as np

from optgen.evolution.machine import ADD, CONSTANT, DIV, MUL, SQRT, SUB, X, compiled


@compiled
def _units(kind: np.ndarray, left: np.ndarray, right: np.ndarray, n: int) -> tuple[np.ndarray, int]:
    """The equations, one a row: coefficients of the constants' units (constants in order), and minus the right side."""
    constants = 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            constants += 1
    width = constants + 1
    unit = np.zeros((n + 2, width))  # of operations, the variable, the constant at hand
    unit[n, constants] = 1.0
    equations = np.zeros((n + 1, width))
    rows, seen = 0, 0
    for i in range(n):
        a, b, k = left[i], right[i], kind[i]
        for j in range(width):
            unit[n + 1, j] = 0.0
        if a == CONSTANT or b == CONSTANT:
            unit[n + 1, seen] = 1.0
            seen += 1
        first = unit[n if a == X else n + 1 if a == CONSTANT else a]
        second = unit[n if b == X else n + 1 if b == CONSTANT else b]
        for j in range(width):
            if k == MUL:
                unit[i, j] = first[j] + second[j]
            elif k == SQRT:
                unit[i, j] = 0.5 * first[j]
            elif k == DIV:
                unit[i, j] = first[j] - second[j]
            else:
                unit[i, j] = first[j]
                equations[rows, j] = first[j] - second[j]
        if k in (ADD, SUB):
            rows += 1
    for j in range(width):
        equations[rows, j] = unit[n - 1, j]
    return equations[: rows + 1], constants


@compiled
def rescale(kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, factor: float) -> bool:
    """Change the constants so that the program computes its function of factor*x; false, and nothing done, if not."""
    equations, k = _units(kind, left, right, n)
    rows = equations.shape[0]
    pivot_of = np.full(k, -1)
    used = 0
    for column in range(k):
        best = used
        for row in range(used, rows):
            if abs(equations[row, column]) > abs(equations[best, column]):
                best = row
        if used == rows or abs(equations[best, column]) < 1e-9:
            continue
        if best != used:
            for j in range(k + 1):
                equations[used, j], equations[best, j] = equations[best, j], equations[used, j]
        head = equations[used, column]
        for j in range(k + 1):
            equations[used, j] /= head
        for row in range(rows):
            if row != used and equations[row, column] != 0.0:
                head = equations[row, column]
                for j in range(k + 1):
                    equations[row, j] -= head * equations[used, j]
        pivot_of[column] = used
        used += 1
    for row in range(used, rows):
        if abs(equations[row, k]) > 1e-9:
            return False
    j = 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            unit = -equations[pivot_of[j], k] if pivot_of[j] >= 0 else 0.0
            value[i] *= factor**-unit
            j += 1
    return True
