"""A search as a sequence of epochs that its seed fixes.

In an epoch each island evolves alone for the same number of fits, in a thread; then each looks at its neighbour's best.
Workers and time decide nothing but how soon an epoch is over, so that a search can be stopped, taken up, and repeated.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from optgen.evolution.island import Island, Samples, evolve, keep, new_island

ISLANDS = 8
FITS = 4096  # of an island in an epoch
HEADROOM, ENOUGH = 3, 10  # operations more than asked for that programs may have on the way, up to so many in all


class Regime(Protocol):
    """What a search is over: how an island begins, evolves for an epoch, and learns from another.

    An island is a named tuple of arrays; `counts[0]` of it are the fits.
    """

    def begin(self, seed: int) -> Any: ...

    def advance(self, island: Any, stop: np.ndarray) -> Any:
        """The island after an epoch; where it runs in this process, the same arrays."""

    def offer(self, here: Any, there: Any, turn: int) -> None:
        """Offer some of the best programs of one island to another."""

    def front(self, islands: list[Any]) -> list[float]:
        """The best error of each size from 1, infinite where there is none."""


@dataclass(slots=True)
class Population:
    """All islands and the number of epochs done."""

    islands: list[Any]
    epoch: int = 0

    @property
    def fits(self) -> int:
        return sum(int(island.counts[0]) for island in self.islands)


@dataclass(frozen=True, slots=True)
class Setting:
    """The regime of programs over the reals.  It knows nothing of the target but numbers at points."""

    largest: int
    operations: tuple[int, ...]
    samples: Samples
    fine: Samples

    @property
    def grown(self) -> int:
        """Operations of a program on the way: short ones are found by way of longer ones, which lose some again.

        Where many are asked for there is no more room: it costs the search more than it gains.
        """
        return max(self.largest, min(self.largest + HEADROOM, ENOUGH))

    def begin(self, seed: int) -> Island:
        """An island that holds the program x + c."""
        return new_island(self.grown, seed)

    def advance(self, island: Island, stop: np.ndarray) -> Island:
        """So many fits."""
        allowed = np.array(self.operations, np.int64)
        evolve(island, FITS, self.grown, allowed, self.samples, self.fine, stop)
        return island

    def offer(self, here: Island, there: Island, turn: int) -> None:
        """The best program of every third size."""
        for size in range(1 + turn % 3, self.grown + 1, 3):
            if there.errors[size, 0] < np.inf:
                arrays = (there.kinds, there.lefts, there.rights, there.values)
                kind, left, right, value = (array[size, 0].copy() for array in arrays)
                keep(here, kind, left, right, value, size, there.errors[size, 0], there.hashes[size, 0])

    def front(self, islands: list[Island]) -> list[float]:
        """The best error of each number of operations."""
        return [min(float(island.errors[n, 0]) for island in islands) for n in range(1, self.largest + 1)]


def begin(regime: Regime, seed: int) -> Population:
    """Islands as the regime makes them, each with a seed of its own."""
    seeds = np.random.SeedSequence(seed).generate_state(ISLANDS, np.uint64)
    return Population([regime.begin(int(s)) for s in seeds])


def advance(island: Any, regime: Regime, stop: np.ndarray) -> Any:
    """An island after an epoch: the task of a worker."""
    return regime.advance(island, stop)


def run_epoch(population: Population, regime: Regime, executor: Executor, stop: np.ndarray) -> bool:
    """One epoch; False, and the islands are in the midst of it, if `stop[0]` was set meanwhile."""
    tasks = [executor.submit(advance, island, regime, stop) for island in population.islands]
    try:
        population.islands = [task.result() for task in tasks]
    except KeyboardInterrupt:
        stop[0] = 1
        population.islands = [task.result() for task in tasks]
    if stop[0]:
        return False
    population.epoch += 1
    count = len(population.islands)
    for here in range(count):
        there = population.islands[(here + 1 + population.epoch % (count - 1)) % count]
        regime.offer(population.islands[here], there, here + population.epoch)
    return True


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
