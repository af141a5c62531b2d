"""How fast the machine of a search is, measured on random programs: nanoseconds a program, on one core.

Evaluation is what judges a program in a search (`largest_error`), so its result is reduced, not stored.  The limit is
the same number of sums of rows in a loop that knows what it does: no program, no dispatch.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from optgen.evolution.fit import fit, largest_error, workspace
from optgen.evolution.machine import ADD, CONSTANT, DIV, LIMIT, MUL, SUB, compiler, table

compiled = compiler(("machine", "fit", "rates"), {"contract", "arcp", "nsz", "reassoc"})

OPERATIONS, POINTS = 16, 128
PROGRAMS = 2000
FITTED = 200  # programs whose constants are fitted, at as many points as in a search
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def random_programs(count: int, operations: int, seed: int) -> Arrays:
    """Programs whose operations each read the one before, and something else: nothing in them is dead."""
    rng = np.random.default_rng(seed)
    shape = (count, operations)
    kinds = rng.choice(np.array([ADD, SUB, MUL, DIV], np.int8), shape)
    lefts = np.tile(np.arange(-1, operations - 1, dtype=np.int8), (count, 1))  # X, then the operation before
    others = np.floor(rng.random(shape) * (np.arange(operations) + 2)).astype(np.int8) + CONSTANT
    mirrored = rng.random(shape) < 0.5
    values = np.where(others == CONSTANT, rng.uniform(0.5, 2, shape), 0.0)
    return kinds, np.where(mirrored, others, lefts), np.where(mirrored, lefts, others), values


@compiled
def _judged(
    kinds: np.ndarray, lefts: np.ndarray, rights: np.ndarray, values: np.ndarray, target: np.ndarray,
    weights: np.ndarray, rows: np.ndarray, errors: np.ndarray,
) -> None:  # fmt: skip
    for k in range(kinds.shape[0]):
        errors[k] = largest_error(kinds[k], lefts[k], rights[k], values[k], kinds.shape[1], target, weights, rows)


@compiled
def _sums(count: int, operations: int, rows: np.ndarray) -> None:
    for k in range(count):
        for i in range(operations):
            a, b = (i + k) % LIMIT, (i + 2 * k) % LIMIT
            for p in range(rows.shape[1]):
                rows[i, p] = rows[a, p] + rows[b, p]


@compiled
def _fits(
    kinds: np.ndarray, lefts: np.ndarray, rights: np.ndarray, values: np.ndarray, points: np.ndarray,
    target: np.ndarray, weights: np.ndarray,
) -> None:  # fmt: skip
    space = workspace(points)
    for k in range(kinds.shape[0]):
        fit(kinds[k], lefts[k], rights[k], values[k].copy(), kinds.shape[1], target, weights, 12, 1e-3, space)


def _numpy_sums(rows: np.ndarray) -> None:
    for i in range(OPERATIONS):
        np.add(rows[i], rows[i + 1], out=rows[i])


def _ways() -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, and of how many programs at once."""
    points = np.linspace(0.5, 1.5, POINTS)
    programs, rows, errors = random_programs(PROGRAMS, OPERATIONS, 0), table(points), np.empty(PROGRAMS)
    target, weights = np.exp2(points), np.ones(POINTS)
    short, few = random_programs(FITTED, 10, 1), np.linspace(0.5, 1.5, 40)
    return {
        "evaluate": (lambda: _judged(*programs, target, weights, rows, errors), PROGRAMS),
        "limit": (lambda: _sums(PROGRAMS, OPERATIONS, rows), PROGRAMS),
        "numpy": (lambda: _numpy_sums(rows), 1),
        "fit": (lambda: _fits(*short, few, np.exp2(few), np.ones(40)), FITTED),
    }


def rates(repeats: int = 15) -> dict[str, float]:
    """Seconds a program: `evaluate` (16 operations at 128 points), its `limit`, as many sums by
    NumPy (`numpy`), `fit` (10 operations, 40 points).

    The least of several rounds, taken in turn: what else the machine does only adds to it.
    """
    ways = _ways()
    for way, _ in ways.values():
        way()
    best = dict.fromkeys(ways, np.inf)
    for _ in range(repeats):
        for name, (way, count) in ways.items():
            begun = time.perf_counter()
            way()
            best[name] = min(best[name], (time.perf_counter() - begun) / count)
    return best
