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
LIMIT = 24  # operations a program may have
ENGINE = ("machine", "fit", "scaling", "moves", "island", "baseline")  # the files with compiled functions

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


compiled = compiler(ENGINE, {"contract", "arcp", "nsz"})  # products and sums may contract, nothing else changes


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
    values: np.ndarray, weights: np.ndarray, adjoints: np.ndarray, jacobian: np.ndarray, lowest: int,
) -> int:  # fmt: skip
    """Reverse mode: row j of `jacobian` is weights * d(program)/d(constant j), constants in the order of operations.

    Only the constants of the operations from `lowest` on.  Expects `values` from `evaluate`; returns the number of
    all constants.
    """
    m = points.shape[0]
    for i in range(n - 1):
        for p in range(m):
            adjoints[i, p] = 0.0
    for p in range(m):
        adjoints[n - 1, p] = weights[p]
    count = 0
    for i in range(n):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            count += 1
    row = count
    for i in range(n - 1, lowest - 1, -1):
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
