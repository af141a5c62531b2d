"""A search as a sequence of epochs that its seed fixes.

In an epoch each island evolves alone for the same number of fits, in a thread; then each looks at its neighbour's best.
Workers and time decide nothing but how soon an epoch is over, so that a search can be stopped, taken up, and repeated.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from optgen.evolution.island import Island, Samples, evolve, keep, new_island

ISLANDS = 8
FITS = 4096  # of an island in an epoch


@dataclass(slots=True)
class Population:
    """All islands and the number of epochs done."""

    islands: list[Island]
    epoch: int = 0

    @property
    def fits(self) -> int:
        return sum(int(island.counts[0]) for island in self.islands)


@dataclass(frozen=True, slots=True)
class Setting:
    """What an epoch needs to know: nothing of the target but numbers at points."""

    largest: int
    operations: tuple[int, ...]
    samples: Samples
    fine: Samples


def begin(setting: Setting, seed: int) -> Population:
    """Islands that hold the program x + c."""
    seeds = np.random.SeedSequence(seed).generate_state(ISLANDS, np.uint64)
    return Population([new_island(setting.largest, int(s)) for s in seeds])


def advance(island: Island, setting: Setting, stop: np.ndarray) -> Island:
    """An island after an epoch; where it runs in this process, the same arrays."""
    allowed = np.array(setting.operations, np.int64)
    evolve(island, FITS, setting.largest, allowed, setting.samples, setting.fine, stop)
    return island


def run_epoch(population: Population, setting: Setting, executor: Executor, stop: np.ndarray) -> bool:
    """One epoch; False, and the islands are in the midst of it, if `stop[0]` was set meanwhile."""
    tasks = [executor.submit(advance, island, setting, stop) for island in population.islands]
    try:
        population.islands = [task.result() for task in tasks]
    except KeyboardInterrupt:
        stop[0] = 1
        population.islands = [task.result() for task in tasks]
    if stop[0]:
        return False
    population.epoch += 1
    _exchange(population, setting)
    return True


def _exchange(population: Population, setting: Setting) -> None:
    """Each island is offered its neighbour's best program of every third size, another third each time."""
    count = len(population.islands)
    for here in range(count):
        there = population.islands[(here + 1 + population.epoch % (count - 1)) % count]
        for size in range(1 + (here + population.epoch) % 3, setting.largest + 1, 3):
            if there.errors[size, 0] < np.inf:
                arrays = (there.kinds, there.lefts, there.rights, there.values)
                kind, left, right, value = (array[size, 0].copy() for array in arrays)
                keep(population.islands[here], kind, left, right, value, size, there.errors[size, 0],
                     there.hashes[size, 0])  # fmt: skip


def programs(population: Population, size: int, count: int) -> list[tuple[float, tuple[Any, ...]]]:
    """Error and arrays of the best programs with so many operations, each structure once, the best first."""
    rows = []
    for number, island in enumerate(population.islands):
        arrays = (island.kinds, island.lefts, island.rights, island.values)
        for rank in range(count):
            error = float(island.errors[size, rank])
            if error < 1e200:
                parts = tuple(array[size, rank].copy() for array in arrays)
                rows.append((error, number, int(island.hashes[size, rank]), (*parts, size)))
    rows.sort(key=lambda row: row[:2])
    once = {row[2]: row for row in reversed(rows)}
    return [(error, parts) for error, _, _, parts in sorted(once.values(), key=lambda row: row[:2])[:count]]


def front(population: Population, largest: int) -> list[float]:
    """The best error of each size from 1, infinite where there is none."""
    return [min(float(island.errors[n, 0]) for island in population.islands) for n in range(1, largest + 1)]
