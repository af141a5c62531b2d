"""The time of vector loops, against a baseline beside it: load that comes and goes meets both, and cancels.

Each round runs every loop over the same array, one after the other; a loop's figure is the median over the rounds of
its time divided by the baseline's in that round.
"""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optgen.backends.llvm.straight_loop import compile_loop
from optgen.ir.straight import Straight

ELEMENTS = 16_384  # in the second cache
ROUNDS = 201


@dataclass(frozen=True, slots=True)
class Timed:
    """Medians over the rounds: `ratio` to the baseline, and nanoseconds an element."""

    ratio: float
    nanoseconds: float


def timed(baseline: Straight, others: Sequence[Straight], x: np.ndarray, rounds: int = ROUNDS) -> list[Timed]:
    """What each program takes on the arguments x, as a share of the baseline."""
    out = np.empty_like(x)
    calls, kept = [], []
    for program in (baseline, *others):
        call, alive = _call(program, x, out)
        calls.append(call)
        kept.append(alive)
    spent = np.empty((rounds, len(calls)))
    for call in calls:
        call()
    for turn in range(rounds):
        for number, call in enumerate(calls):
            begun = time.perf_counter_ns()
            call()
            call()
            spent[turn, number] = time.perf_counter_ns() - begun
    kept.clear()
    ratios = spent / spent[:, :1]
    return [
        Timed(statistics.median(ratios[:, number]), statistics.median(spent[:, number]) / 2 / len(x))
        for number in range(1, len(calls))
    ]


def _call(program: Straight, x: np.ndarray, out: np.ndarray) -> tuple[Callable[[], object], Any]:
    """A call of the loop, and what must live as long as it."""
    loop = compile_loop(program)
    pointers = np.array([x.ctypes.data, out.ctypes.data], np.int64)
    steps, count = np.array([4, 4], np.int64), np.array([len(x)], np.int64)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(loop.address)
    places = (pointers.ctypes.data, count.ctypes.data, steps.ctypes.data, None)
    return lambda: function(*places), (loop, pointers, steps, count)
