"""Times of several ways to do one thing, taken in turn so that a change of the machine's speed meets all alike.

Before each way is timed the process rests: the threads of the others' pools wait in loops of their own for some
milliseconds after their work (OpenBLAS up to 2^26 cycles), on the cores that the next one is to be timed on.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

REST = 0.1  # seconds before each timing


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison: median seconds by name, the first being ours; `bar` says what was wanted of it, `notes` what else
    is known of each way."""

    title: str
    seconds: Mapping[str, float]
    bar: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The row as text: each time, and ours over each peer's."""
        ours = next(iter(self.seconds))
        made = [f"{self.title}" + (f"   (bar: {self.bar})" if self.bar else "")]
        for name, value in self.seconds.items():
            ratio = "" if name == ours else f"   ours / this = {self.seconds[ours] / value:.3g}"
            note = f"   {self.notes[name]}" if name in self.notes else ""
            made.append(f"  {name:<34} {duration(value):>10}{ratio}{note}")
        return made


def installed(name: str) -> Any:
    """A package to compare with, None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def duration(seconds: float) -> str:
    """Seconds in a unit that leaves few digits before the point."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def interleaved(
    title: str,
    ways: Mapping[str, Callable[[], object]],
    repeats: int,
    bar: str = "",
    inner: int = 1,
    per: int = 1,
    rest: float = REST,
) -> Row:
    """Median seconds of each way over `repeats` rounds of `inner` calls, each after a `rest` (none where no way has
    threads of its own); divided by `per` units of work in a call."""
    for way in ways.values():
        way()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            time.sleep(rest)
            begun = time.perf_counter()
            for _ in range(inner):
                way()
            taken[name].append((time.perf_counter() - begun) / (inner * per))
    return Row(title, {name: statistics.median(values) for name, values in taken.items()}, bar)
