"""A search from its target to a front of programs with proven errors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optgen.evolution.bound import proven_error
from optgen.evolution.course import Course, check, run
from optgen.evolution.epochs import Population, Setting, programs
from optgen.evolution.found import Found, from_arrays
from optgen.evolution.island import Island
from optgen.evolution.machine import LIMIT, OPERATIONS
from optgen.evolution.polish import Reference, polished
from optgen.evolution.target import Target, checked, samples, wrong

POINTS = 40  # at which constants are fitted; four times as many judge, GRID polish
GRID = 320
TRIED = 3  # programs of each size that are polished
RANGE = 8  # largest number of operations that is a limit without being asked for


@dataclass(frozen=True, slots=True)
class Front(Sequence[Found]):
    """Programs, each better than all with fewer operations; how they were found."""

    programs: tuple[Found, ...]
    target: Target
    operations: tuple[str, ...]
    largest: int
    seed: int
    epochs: int
    fits: int
    seconds: float
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.programs)

    def __getitem__(self, place: Any) -> Any:
        return self.programs[place]

    @property
    def measure(self) -> str:
        return "absolute" if self.target.absolute else "relative"

    def baseline(self) -> dict[int, Found]:
        """The best that approximation theory offers at each size that was searched, polished and proved likewise.

        It is a program with fewer operations where more gain nothing.
        """
        from optgen.evolution.baseline import baseline

        reference = Reference(self.target, samples(self.target, GRID))
        classical = baseline(self.target, range(3, self.largest + 1), samples(self.target, POINTS), reference)
        once = {found.operations: found for found in classical.values()}
        bounds = {size: proven_error(found, self.target) for size, found in once.items()}
        return {size: replace(found, bound=bounds[found.operations]) for size, found in classical.items()}

    def write(self, folder: Path, smallest: int = 1) -> list[Path]:
        """Write each program of at least so many operations as a function spec with a certificate; the files.

        A find that is there already stays if it is as good.  Raises SpecError where a file is of something else.
        """
        from optgen.evolution.files import write

        return list(write(self, folder, smallest))

    def at(self, operations: int) -> Found | None:
        """The best program with at most so many operations."""
        fitting = [p for p in self.programs if p.operations <= operations]
        return fitting[-1] if fitting else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Course):
    """The operations of a search over the reals and the most a program may have; and the search's course."""

    operations: tuple[str, ...] = ("add", "sub", "mul", "div")
    largest: int = 10


def search(target: Target, options: Options) -> Front:
    """Evolve programs for a target.  Raises SpecError, before anything is started, for a search that can't succeed.

    Ctrl-C ends it with what has been found.
    """
    _check(options)
    target = checked(target)
    setting = Setting(
        options.largest,
        tuple(OPERATIONS.index(name) for name in options.operations),
        samples(target, POINTS),
        samples(target, 4 * POINTS),
    )
    identity = _identity(target, options)
    begun = time.monotonic()
    population, finished = run(setting, options, identity, Island)
    found = _finished(population, target, options.largest)
    seconds = time.monotonic() - begun
    fixed = (target, options.operations, options.largest, options.seed)
    return Front(found, *fixed, population.epoch, population.fits, seconds, not finished)


def _check(options: Options) -> None:
    for name in options.operations:
        if name not in OPERATIONS:
            raise wrong(f"there is no operation {name}", f"operations are {', '.join(OPERATIONS)}")
    if not options.operations:
        raise wrong("a search needs operations", f"choose from {', '.join(OPERATIONS)}")
    if not 1 <= options.largest <= LIMIT - RANGE:
        raise wrong(f"programs of {options.largest} operations are out of reach", f"1 to {LIMIT - RANGE}")
    check(options)


def _identity(target: Target, options: Options) -> dict[str, Any]:
    """What a checkpoint must agree with: all that fixes the sequence of epochs."""
    from optgen.ir import nodes as ir
    from optgen.ir.printer import print_function
    from optgen.ir.program import Function

    ends = [("lower", target.lower), ("upper", target.upper), ("target", target.expression)]
    results = tuple((name, ir.array((), value)) for name, value in ends)
    return {
        "target": print_function(Function("search", (), (target.variable,), results)),
        "measure": "absolute" if target.absolute else "relative",
        "open ends": [target.open_lower, target.open_upper],
        "operations": list(options.operations),
        "largest": options.largest,
        "seed": options.seed,
    }


def _finished(population: Population, target: Target, largest: int) -> tuple[Found, ...]:
    """Polish and prove the best of each size; keep those that are better than every smaller one."""
    lower, upper = target.ends()
    about: dict[str, Any] = {
        "target": target.text,
        "domain": (float(lower), float(upper)),
        "measure": "absolute" if target.absolute else "relative",
    }
    reference = Reference(target, samples(target, GRID))
    kept: list[Found] = []
    for size in range(1, largest + 1):
        tries = [
            polished(from_arrays(*arrays, error=error, **about), reference)
            for error, arrays in programs(population, size, TRIED)
        ]
        for found in sorted(tries, key=lambda one: one.error):
            bound = proven_error(found, target)
            if bound is not None:
                if not kept or bound < (kept[-1].bound or 0):
                    kept.append(replace(found, bound=bound))
                break
    return tuple(kept)
