"""The course of a search: epochs until the budget is spent, on threads or a cluster, with checkpoints on the way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optgen.evolution import checkpoint
from optgen.evolution.epochs import Population, Regime, begin, run_epoch
from optgen.evolution.target import wrong

SAVED = 10.0  # seconds between checkpoints


@dataclass(frozen=True, slots=True)
class Progress:
    """What a search tells while it runs: errors by size (1, 2, ...), before polish."""

    epoch: int
    fits: int
    seconds: float
    errors: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`budget` in seconds and `evaluations` (fits) end a search, whichever comes first; the seed fixes the rest."""

    budget: float | None = None
    evaluations: int | None = None
    seed: int = 0
    workers: int | None = None
    checkpoint: Path | None = None
    resume: bool = False
    executor: Executor | None = None
    watch: Callable[[Progress], None] | None = None


def check(course: Course) -> None:
    """Raises SpecError for a course that can't end well."""
    if course.budget is None and course.evaluations is None:
        raise wrong("a search without a budget never ends", "budget=60 (seconds) or evaluations=10**6")
    for name, amount in (("budget", course.budget), ("evaluations", course.evaluations)):
        if amount is not None and not 0 < amount < float("inf"):
            raise wrong(f"{name} is {amount}: nothing can be found with that", f"give {name} a positive number")
    if course.workers is not None and course.workers < 1:
        raise wrong(f"workers is {course.workers}", "at least 1; by default all cores")


def run(regime: Regime, course: Course, identity: dict[str, Any], island: Any) -> tuple[Population, bool]:
    """Begin, or take up a checkpoint, and run; the population, and False if it was interrupted.

    `identity` is what a checkpoint must agree with, `island` the named tuple of the regime's islands.
    """
    population = begin(regime, course.seed)
    if course.resume and course.checkpoint is not None:
        population = checkpoint.read(course.checkpoint, identity, island)
    own = None
    if course.executor is None:
        own = ThreadPoolExecutor(course.workers or len(os.sched_getaffinity(0)), "optgen-search")
    executor = course.executor or own
    assert executor is not None
    try:
        return population, _epochs(population, regime, course, identity, executor)
    finally:
        if own is not None:
            own.shutdown()


def _epochs(
    population: Population, regime: Regime, course: Course, identity: dict[str, Any], executor: Executor
) -> bool:
    """Run until the budget is spent; False if it was interrupted."""
    stop = np.zeros(1, np.int8)
    begun = saved = time.monotonic()
    try:
        while not _spent(population, course, begun):
            if not run_epoch(population, regime, executor, stop):
                return False
            if course.watch is not None:
                errors = tuple(regime.front(population.islands))
                course.watch(Progress(population.epoch, population.fits, time.monotonic() - begun, errors))
            if course.checkpoint is not None and time.monotonic() - saved > SAVED:
                checkpoint.write(course.checkpoint, population, identity)
                saved = time.monotonic()
        if course.checkpoint is not None:
            checkpoint.write(course.checkpoint, population, identity)
    except KeyboardInterrupt:
        return False
    return True


def _spent(population: Population, course: Course, begun: float) -> bool:
    if course.evaluations is not None and population.fits >= course.evaluations:
        return True
    return course.budget is not None and time.monotonic() - begun >= course.budget
