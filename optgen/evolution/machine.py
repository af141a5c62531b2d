"""Programs as arrays: evaluation, derivatives and the fit of constants, for many programs without Python between.

A program over the reals is five arrays of length `n`, one entry an operation in the order of evaluation:

    kind[i]      the operation, a row of OPERATIONS
    left[i], right[i]   its arguments: X, CONSTANT, or j >= 0 for the value of operation j < i
    value[i]     the constant of an operation that has one (each has at most one: two would fold)

The value of the last operation is the program's.  Everything here is compiled by numba and lets go of the GIL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import platformdirs

X, CONSTANT = -1, -2
OPERATIONS = ("add", "sub", "mul", "div", "sqrt")
ADD, SUB, MUL, DIV, SQRT = range(5)
LIMIT = 32  # operations a program may have
ENGINE = ("machine", "fit", "flow", "scaling", "moves", "island", "baseline")  # the files with compiled functions

F = TypeVar("F", bound=Callable[..., Any])


def _kept(files: Sequence[str]) -> str:
    """Where numba keeps machine code: a folder named by what the code is made from.

    numba looks at the file of a function only, not at the functions it calls, so code kept beside the files could be
    of an older engine.
    """
    folder = Path(__file__).parent
    content = hashlib.sha256(numba.__version__.encode())
    for part in files:
        content.update((folder / f"{part}.py").read_bytes())
    return str(platformdirs.user_cache_path("optgen", appauthor=False) / "numba" / content.hexdigest()[:16])


def compiler(files: Sequence[str], fastmath: bool | set[str]) -> Callable[[F], F]:
    """A decorator: machine code without the GIL, kept for as long as these files of this folder do not change."""
    kept = _kept(files)
    options = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": fastmath}

    def compiled(function: F) -> F:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, kept
        try:
            made: F = numba.njit(**options)(function)
        finally:
            numba.config.CACHE_DIR = before
        return made

    return compiled


# sums may be taken in another order, that of vector registers, and contract
compiled = compiler(ENGINE, {"contract", "arcp", "nsz", "reassoc"})


@compiled
def table(points: np.ndarray) -> np.ndarray:
    """Where a program is evaluated: a row for each operation, one for a constant at hand, the points last."""
    rows = np.zeros((LIMIT + 2, points.shape[0]))
    rows[LIMIT + 1] = points
    return rows


@compiled
def evaluate(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, rows: np.ndarray,
) -> None:  # fmt: skip
    """`rows[i]` becomes operation i at all points of a table."""
    m = rows.shape[1]
    for i in range(n):
        k, c = kind[i], value[i]
        a = int(left[i]) if left[i] >= 0 else LIMIT + 1
        b = int(right[i]) if right[i] >= 0 else LIMIT + 1
        if left[i] == CONSTANT or right[i] == CONSTANT:
            by = right[i] == CONSTANT
            y = a if by else b
            if k == ADD or (k == SUB and by):
                c = c if k == ADD else -c
                for p in range(m):
                    rows[i, p] = rows[y, p] + c
            elif k == SUB:
                for p in range(m):
                    rows[i, p] = c - rows[y, p]
            elif k == MUL:
                for p in range(m):
                    rows[i, p] = rows[y, p] * c
            elif by:
                for p in range(m):
                    rows[i, p] = rows[y, p] / c
            else:
                for p in range(m):
                    rows[i, p] = c / rows[y, p]
        elif k == ADD:
            for p in range(m):
                rows[i, p] = rows[a, p] + rows[b, p]
        elif k == SUB:
            for p in range(m):
                rows[i, p] = rows[a, p] - rows[b, p]
        elif k == MUL:
            for p in range(m):
                rows[i, p] = rows[a, p] * rows[b, p]
        elif k == DIV:
            for p in range(m):
                rows[i, p] = rows[a, p] / rows[b, p]
        else:
            for p in range(m):
                rows[i, p] = np.sqrt(rows[a, p])


@compiled
def derivatives(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, rows: np.ndarray,
    weights: np.ndarray, adjoints: np.ndarray, lowest: int,
) -> int:  # fmt: skip
    """weights times the derivative by each constant, in the order of operations, in `adjoints` from row LIMIT on.

    Their number.  Backwards through the program, after `evaluate`; the rows before LIMIT are the operations'.  Rows of
    constants of operations before `lowest` are not filled.
    """
    m = rows.shape[1]
    row = LIMIT
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            row += 1
        for p in range(m):
            adjoints[i, p] = 0.0
    count = row - LIMIT
    for p in range(m):
        adjoints[n - 1, p] = weights[p]
    for i in range(n - 1, lowest - 1, -1):
        k = kind[i]
        a = int(left[i]) if left[i] >= 0 else LIMIT + 1
        b = int(right[i]) if right[i] >= 0 else LIMIT + 1
        if right[i] == CONSTANT or (left[i] == CONSTANT and k == MUL):  # what else a constant does, is not read
            constant = value[i]
            for p in range(m):
                rows[LIMIT, p] = constant
            a, b = LIMIT if left[i] == CONSTANT else a, LIMIT if right[i] == CONSTANT else b
        for side in range(1 if k == SQRT else 2):
            to = int(left[i] if side == 0 else right[i])
            if to == X:
                continue
            if to == CONSTANT:
                row -= 1
                to = row
                for p in range(m):
                    adjoints[to, p] = 0.0
            if k == ADD or (k == SUB and side == 0):
                for p in range(m):
                    adjoints[to, p] += adjoints[i, p]
            elif k == SUB:
                for p in range(m):
                    adjoints[to, p] -= adjoints[i, p]
            elif k == MUL:
                other = b if side == 0 else a
                for p in range(m):
                    adjoints[to, p] += adjoints[i, p] * rows[other, p]
            elif k == SQRT:
                for p in range(m):
                    adjoints[to, p] += 0.5 * adjoints[i, p] / rows[i, p]
            elif side == 0:
                for p in range(m):
                    adjoints[to, p] += adjoints[i, p] / rows[b, p]
            else:
                for p in range(m):
                    adjoints[to, p] -= adjoints[i, p] * rows[i, p] / rows[b, p]
    return count
