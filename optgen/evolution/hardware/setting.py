"""The regime of float32 programs: what `epochs` asks of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optgen.evolution.hardware.island import Island, at, evolve, keep, new_island, settle, worst_inputs
from optgen.evolution.hardware.machine import Program, evaluate, largest_error, workspace
from optgen.evolution.hardware.normal import cost, structure
from optgen.evolution.hardware.points import Points, Source

CHILDREN = 16_384  # of an island in an epoch
INPUTS = 1024  # of an island at the start
ROOM = 2048  # with the counterexamples
POOL = 1 << 19  # arguments on which the best are run after an epoch


@dataclass(frozen=True, slots=True)
class Setting:
    """`pool` are arguments with exact values, on which the best are run after each epoch; `start` is the program that
    islands begin with, `bar` the ulps that are asked for, `largest` the largest cost."""

    source: Source
    pool: Points
    start: Program
    bar: float
    largest: int

    def begin(self, seed: int) -> Island:
        """An island that holds the start."""
        island = new_island(self.largest, seed, ROOM)
        for into, drawn in zip((island.inputs, island.truth, island.unit), self.source.draw(INPUTS, seed), strict=True):
            into[:INPUTS] = drawn
        island.used[0] = INPUTS
        floats = workspace(INPUTS)
        evaluate(self.start, 0, island.inputs[:INPUTS], floats)
        y = floats[self.start.n[0] - 1]
        error, _ = largest_error(y, island.truth[:INPUTS], island.unit[:INPUTS])
        keep(island, self.start, cost(self.start), min(error, 1e300), np.uint64(structure(self.start)))
        return island

    def advance(self, island: Island, stop: np.ndarray) -> Island:
        """So many children; then the arguments of the pool where the best do worst become inputs."""
        evolve(island, CHILDREN, self.largest, self.bar, stop)
        if not stop[0]:
            worst_inputs(island, self.largest, self.bar, *self.pool)
            settle(island, self.largest, workspace(ROOM))
        return island

    def offer(self, here: Island, there: Island, turn: int) -> None:
        """The best program of every third cost, with its error on its own island's inputs until errors are settled."""
        for size in range(1 + turn % 3, self.largest + 1, 3):
            error = there.errors[size, 0]
            if error < np.inf:
                keep(here, at(there, size, 0), size, error, there.hashes[size, 0])

    def front(self, islands: list[Island]) -> list[float]:
        """The best error of each cost from 1."""
        return [min(float(island.errors[size, 0]) for island in islands) for size in range(1, self.largest + 1)]
