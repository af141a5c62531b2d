"""Finds of searches as records: found again from how they were found, beside approximation theory, with several seeds.

Composes what a user would: `optgen.search`, `optgen.check_find` and the certificates of evolution.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from optgen.searching import check_find, search
from optgen.shipped import directory

if TYPE_CHECKING:
    from optgen.evolution.course import Progress
    from optgen.evolution.files import Origin
    from optgen.evolution.found import Found
    from optgen.evolution.search import Front

MATCHED = 1.05  # an error up to so many times the recorded one counts as found again
CLASSICAL = "classical"  # the folder, beside the finds, of the best that approximation theory offers
SMALL = "f_2_x_7.json"  # of the records, the one that is quickest to find


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A find, its proof done again, and what its search finds now with as many operations."""

    recorded: Found
    origin: Origin
    again: Found | None
    seconds: float

    @property
    def same(self) -> bool:
        """Whether the program is the same to the last bit of its constants."""
        return self.again is not None and self.again.steps == self.recorded.steps

    @property
    def good(self) -> bool:
        """Whether its proved error is as small, within five per cent."""
        bound, recorded = self.again.bound if self.again else None, self.recorded.bound
        return bound is not None and recorded is not None and bound <= MATCHED * recorded


def records() -> list[Path]:
    """The certificates of the finds that ship."""
    return sorted((directory() / "functions" / "found").glob("*.json"))


def reproduce(
    path: str | os.PathLike[str] | None = None,
    *,
    evaluations: int | None = None,
    workers: int | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Reproduction:
    """Prove a find again and run the search that found it.

    `path` is a certificate, by default that of a small find that ships.  The search is fixed by its seed and number of
    fits (`evaluations` in their place), so the same version of optgen on the same kind of processor finds the same.
    Raises SpecError if the file is no certificate or its bound does not hold.
    """
    from optgen.evolution.files import origin, read

    place = Path(path) if path is not None else directory() / "functions" / "found" / SMALL
    recorded, how = check_find(place), origin(place)
    found = search(
        recorded.target, read(place)[1], how.operations, evaluations=evaluations or how.evaluations, seed=how.seed,
        workers=workers, largest=how.largest, absolute=recorded.measure == "absolute", watch=watch,
    )  # fmt: skip
    front = cast("Front", found)
    return Reproduction(recorded, how, front.at(recorded.operations), front.seconds)


def write_classical(classical: dict[int, Found], sizes: range, interval: str, folder: Path) -> Iterator[Path]:
    """Write the certificates of a front's baseline beside those of its finds; the paths."""
    from optgen.evolution.files import write_plain

    for program in {found.operations: found for size, found in classical.items() if size in sizes}.values():
        if program.bound is not None:
            yield write_plain(program, interval, folder / CLASSICAL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Proved bounds by number of operations, of the finds and of the best classical programs that are no longer."""

    target: str
    domain: str
    measure: str
    found: dict[int, float]
    classical: dict[int, float]

    def ahead(self, operations: int) -> float | None:
        """How many times smaller the find's bound is; None where one of both is missing."""
        if operations not in self.found or operations not in self.classical:
            return None
        return self.classical[operations] / self.found[operations]


def comparisons() -> list[Comparison]:
    """The finds that ship, a function each, beside approximation theory.  Bounds are those of the certificates."""
    from optgen.evolution.files import read

    finds: dict[tuple[str, str, str], dict[int, float]] = {}
    theory: dict[tuple[str, str, str], dict[int, float]] = {}
    folder = directory() / "functions" / "found"
    for paths, bounds in ((records(), finds), (sorted((folder / CLASSICAL).glob("*.json")), theory)):
        for path in paths:
            program, domain = read(path)
            about = (program.target, domain, program.measure)
            bounds.setdefault(about, {})[program.operations] = program.bound or 0.0
    made = []
    for about, found in sorted(finds.items()):
        known = theory.get(about, {})
        least = {size: min((known[n] for n in known if n <= size), default=None) for size in found}
        made.append(Comparison(*about, dict(sorted(found.items())), {n: b for n, b in least.items() if b is not None}))
    return made


def search_seeds(target: str, domain: str, seeds: range, **options: Any) -> Iterator[Front]:
    """The fronts of the same search with several seeds, one after the other; options as of `search`."""
    for seed in seeds:
        front = cast("Front", search(target, domain, seed=seed, **options))
        yield front
        if front.interrupted:
            return
