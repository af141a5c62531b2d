"""A search in float32 from its target to a front of programs: the largest error in ulps against measured time.

Inside the epochs a model of the processor stands for time (`normal.cost`), so that the seed fixes the search.  At its
end the best program of each cost is swept and timed beside a baseline; what no other beats in both is the front.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from optgen.evolution.course import Course, check, run
from optgen.evolution.epochs import Population
from optgen.evolution.hardware.island import Island, at
from optgen.evolution.hardware.normal import cost
from optgen.evolution.hardware.points import Source, source
from optgen.evolution.hardware.polish import polished
from optgen.evolution.hardware.programs import Origin, simplest, to_arrays
from optgen.evolution.hardware.setting import POOL, Setting
from optgen.functions.certificate import Claim, Proof, known, prove
from optgen.functions.reference import Reference
from optgen.functions.speed import ELEMENTS, Timed, timed
from optgen.ir.straight import Straight
from optgen.ir.straight_text import to_text

ROOM = 1.1, 10  # how much dearer than its start a program may be
FROM_NOTHING = 150  # the largest cost if the start is the simplest program
WORST = 16.0  # ulps, beyond which a program is not reported
NEAR, POLISHED = 1.15, 3  # programs so close to the accuracy are polished, the cheapest first, until so many keep it


@dataclass(frozen=True, slots=True)
class Find:
    """A program with the `proof` of what a sweep found, and its time beside that of the baseline."""

    program: Straight
    cost: int
    proof: Proof
    time: Timed

    @property
    def error(self) -> float:
        """The largest error of all arguments that were run, in ulps."""
        return self.proof.findings.error

    @property
    def proved(self) -> bool:
        """Whether every argument was run, and the accuracy holds."""
        return self.proof.proved

    def __str__(self) -> str:
        how = "every argument was run" if self.proof.findings.full else f"{self.proof.findings.inputs:,} arguments"
        head = f"{self.error:.4f} ulp ({how}), {self.time.ratio:.3f} of the baseline's time"
        return "\n".join([head, *(f"  {line}" for line in to_text(self.program))])


@dataclass(frozen=True, slots=True)
class FloatFront(Sequence[Find]):
    """Programs, each faster than all of smaller error; the fastest comes first.  How they were found."""

    programs: tuple[Find, ...]
    claim: Claim
    baseline: Straight
    nanoseconds: float  # the baseline's, an element
    known: Reference
    name: str
    command: str
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
        return "ulp"

    def best(self) -> Find | None:
        """The fastest program that has the accuracy asked for, as far as it was swept."""
        return next((find for find in self.programs if find.proof.holds), None)

    def proved(self) -> Find | None:
        """The fastest program that keeps the accuracy on every argument: swept one after the other, in full."""
        for find in self.programs:
            if find.proof.holds:
                full = prove(find.program, self.claim, against=self.known)
                if full.proved:
                    return replace(find, proof=full)
        return None

    def write(self, folder: Path) -> list[Path]:
        """Write the fastest proved program as a function spec with its certificate; nothing where none is proved."""
        from optgen.evolution.hardware.files import write

        find = self.proved()
        again = f"{self.command} --seed {self.seed} --evaluations {self.fits}"
        return [] if find is None else write(find, folder, self.name, again)


def search(
    claim: Claim, start: Straight | None, baseline: Straight, course: Course, name: str, command: str
) -> FloatFront:
    """Evolve programs for a claim, from a program or from nothing; times are beside those of a baseline.

    The command that does the same goes into files.

    Raises SpecError, before anything is started, for a search that can't succeed.  Ctrl-C ends it with what was found.
    """
    check(course)
    origin = Origin(start or simplest())
    arrays = to_arrays(origin.straight)
    reality = known(claim)
    given = source(reality, origin, claim.domain)
    largest = FROM_NOTHING if start is None else int(ROOM[0] * cost(arrays)) + ROOM[1]
    setting = Setting(given, given.draw(POOL, course.seed), arrays, claim.amount, largest)
    begun = time.monotonic()
    population, finished = run(setting, course, _identity(claim, origin, course), Island)
    finds, nanoseconds = _reported(population, setting, baseline, claim, reality, course.seed)
    return FloatFront(
        finds, claim, baseline, nanoseconds, reality, name, command, course.seed, population.epoch,
        population.fits, time.monotonic() - begun, not finished,
    )  # fmt: skip


def _identity(claim: Claim, origin: Origin, course: Course) -> dict[str, Any]:
    """What a checkpoint must agree with: all that fixes the sequence of epochs."""
    return {
        "on": "float32",
        "target": claim.meaning.doc,
        "accuracy": str(claim.accuracy),
        "domain": str(claim.domain),
        "start": origin.straight.digest,
        "seed": course.seed,
    }


def _reported(
    population: Population, setting: Setting, baseline: Straight, claim: Claim, reality: Reference, seed: int
) -> tuple[tuple[Find, ...], float]:
    """The programs that none beats in both swept error and measured time; the baseline's nanoseconds."""
    origin = setting.source.origin
    programs, costs, proofs = [], [], []
    least, held = WORST, 0
    for size in range(setting.largest + 1):
        error, number = min((float(island.errors[size, 0]), k) for k, island in enumerate(population.islands))
        if not error < least:
            continue
        least = error
        island = population.islands[number]
        program = at(island, size, 0)
        if error < NEAR * claim.amount and held < POLISHED:
            program, proof = polished(program, island, setting.source, claim, reality, seed)
            held += proof.holds
        else:
            proof = prove(origin.with_plain(program), claim, full=False, seed=seed, against=reality)
        programs.append(origin.with_plain(program))
        costs.append(size)
        proofs.append(proof)
    own, *times = timed(baseline, [baseline, *programs], _arguments(setting.source))
    finds = [Find(*parts) for parts in zip(programs, costs, proofs, times, strict=True)]
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: (find.time.ratio, find.error)):
        if find.proof.findings.sound and (not kept or find.error < kept[-1].error):
            kept.append(find)
    return tuple(kept), own.nanoseconds


def _arguments(given: Source) -> np.ndarray:
    """The arguments that loops are timed on: uniform over the usual ones, those that are plain."""
    random = np.random.default_rng(0)
    drawn = random.uniform(*given.usual, 16 * ELEMENTS).astype(np.float32)
    plain = drawn[given.origin.plain(drawn)][:ELEMENTS]
    return np.ascontiguousarray(np.resize(plain, ELEMENTS))
