"""Every float32 input of a kernel against the reference, or strata of them.

What is found is `Findings`: an upper bound on the largest error, the input where it stands, how many results are not
correctly rounded (decided one by one by Arb where doubles do not), what was wrong at special inputs.  A quick sweep
looks at a window of every block, all block ends and all special inputs; it proves nothing and says so (`full`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optgen.functions.compare import RESULT, Comparison
from optgen.functions.floats import INFINITE, SIGN, bits_of, float_of
from optgen.functions.limits import Expected, at_bits
from optgen.functions.measure import Measure, error_at, rounded
from optgen.functions.reference import Reference
from optgen.symbolic.arb import Undecided, Undefined

PIECE = 1 << 15
WINDOW = 1 << 14
ROOM = 1 << 16
LISTED = 256  # so many results that are not correctly rounded are listed
DECIDED = 4_000  # after so many no more blocks are asked of Arb; what is left counts as unknown
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One input whose result has the wrong kind: what it gave, and what it should give."""

    bits: int
    found: float
    expected: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a sweep found.  `error` is an upper bound of the error over all inputs seen, in the unit of the measure, and
    `exact` the error at `worst` itself, rounded up; `rounded_wrong` counts the results that are not correctly rounded;
    `unknown` results of which that was not decided (they count as wrong ones where correct rounding is claimed).
    `misrounded`: the bits of the arguments whose results are not correctly rounded, where there are few."""

    inputs: int
    full: bool
    error: float
    exact: float
    worst: int
    rounded_wrong: int
    unknown: int
    nan: int
    sign: int
    special: int
    wrong: tuple[Wrong, ...]
    binades: tuple[tuple[int, float, int], ...] = ()
    misrounded: tuple[int, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def sound(self) -> bool:
        """No wrong NaN, infinity or sign of zero."""
        return not (self.nan or self.sign or self.wrong)

    def holds(self, claim: float) -> bool:
        """Whether the claimed bound holds for all inputs seen; a claim of 0.5 ulp means correctly rounded."""
        if not self.sound:
            return False
        return self.rounded_wrong + self.unknown == 0 if claim == 0.5 else self.error <= claim


def sweep(
    comparison: Comparison,
    known: Reference,
    measure: Measure,
    *,
    full: bool = True,
    threads: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
) -> Findings:
    """Run the kernel over the reference's inputs; Ctrl-C stops within a second and raises KeyboardInterrupt.

    >>> sweep(compiled(text, measure), reference(e, x), measure).error
    0.8991...
    """
    start = time.perf_counter()
    select = _cut if full else lambda blocks: _windows(blocks, seed)
    groups = [Group(select(known.blocks), None)]
    if known.turns is not None:
        groups.append(Group(select(known.turns.blocks), known.turns.pieces))
    results = _run(comparison, groups, threads, progress)
    odd = _Odd()
    for group, found in zip(groups, results):
        _odd_ones(comparison, known, group, found, odd)
    worst = max((_worst(comparison, known, measure, *pair) for pair in zip(groups, results)), default=(0.0, 0.0, 0))
    special, nan = _special(comparison, known, full)
    rounded_wrong = sum(int(found["wrong"].sum()) for found in results) + odd.wrong
    return Findings(
        inputs=sum(int(group.blocks["count"].sum()) for group in groups),
        full=full,
        error=worst[0],
        exact=worst[1],
        worst=worst[2],
        rounded_wrong=rounded_wrong,
        unknown=odd.unknown,
        nan=nan + odd.nan,
        sign=odd.sign,
        special=len(_specials(known)),
        wrong=special,
        binades=_by_binade(groups, results),
        misrounded=_misrounded(comparison, known, groups, results) if 0 < rounded_wrong <= LISTED else (),
        seconds=time.perf_counter() - start,
    )


# ---------------------------------------------------------------- running


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks of one kind; with pieces, those of `turns`."""

    blocks: Any
    pieces: Any


def _run(comparison: Comparison, groups: Sequence[Group], threads: int, progress: Progress | None) -> list[Any]:
    """The results of all blocks of each group, by worker threads; the GIL is free while they compare."""
    stop = np.zeros(1, np.int32)
    work = [(k, part, group.pieces) for k, group in enumerate(groups) for part in _parts(group.blocks, 64)]
    results: list[Any] = [None] * len(work)
    with ThreadPoolExecutor(threads) as pool:
        pending = {
            pool.submit(_place, results, number, comparison, part, stop, pieces)
            for number, (_, part, pieces) in enumerate(work)
        }
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.2)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(1 - len(pending) / len(work))
        except BaseException:
            stop[0] = 1
            raise
    empty = np.zeros(0, RESULT)
    return [
        np.concatenate([empty, *(made for made, (of, *_) in zip(results, work) if of == k)]) for k in range(len(groups))
    ]


def _place(results: list[Any], number: int, comparison: Comparison, blocks: Any, stop: Any, pieces: Any) -> None:
    results[number] = comparison.compare(blocks, stop, pieces)


def _parts(blocks: Any, count: int) -> list[Any]:
    """Consecutive blocks with about the same number of inputs each."""
    if not len(blocks):
        return []
    ends = np.cumsum(blocks["count"].astype(np.int64))
    cuts = np.searchsorted(ends, np.arange(1, count) * (ends[-1] / count))
    return [part for part in np.split(blocks, np.unique(cuts)) if len(part)]


def _cut(blocks: Any) -> Any:
    """The blocks cut to at most PIECE inputs: what is odd in one is then found again in no time."""
    pieces = -(-blocks["count"].astype(np.int64) // PIECE)
    cut = np.repeat(blocks, pieces)
    place = np.arange(len(cut)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cut["first"] += (place * PIECE).astype(np.uint32)
    cut["count"] = np.minimum(cut["count"] - place * PIECE, PIECE)
    return cut


def _windows(blocks: Any, seed: int) -> Any:
    """At most WINDOW consecutive inputs of each block at a place drawn from the seed, and its two ends."""
    draw = np.random.default_rng(seed)
    windows = blocks.copy()
    long = blocks["count"] > WINDOW
    room = np.where(long, blocks["count"] - WINDOW, 0)
    windows["first"] = blocks["first"] + (draw.random(len(blocks)) * room).astype(np.uint32)
    windows["count"] = np.minimum(blocks["count"], WINDOW)
    ends = [blocks[long].copy(), blocks[long].copy()]
    ends[1]["first"] += ends[1]["count"] - np.uint32(64)
    for end in ends:
        end["count"] = 64
    return np.concatenate([windows, *ends])


# ---------------------------------------------------------------- what doubles did not decide


@dataclass(slots=True)
class _Odd:
    wrong: int = 0
    unknown: int = 0
    nan: int = 0
    sign: int = 0
    decided: int = 0


def _errors(results: Any) -> Any:
    """The errors of blocks, infinite where a result was NaN."""
    errors = results["error"].view(np.float64)
    return np.where(np.isnan(errors), np.inf, errors)


def _odd_ones(comparison: Comparison, known: Reference, group: Group, results: Any, odd: _Odd) -> None:
    """Inputs that only Arb decides, wrong signs of zero, NaN where there is a value."""
    is_nan = np.isnan(results["error"].view(np.float64))
    for place in np.flatnonzero((results["unknown"] > 0) | (results["sign"] > 0) | is_nan):
        found, bits, errors = comparison.collect(group.blocks[place], float("nan"), ROOM, group.pieces)
        inputs = bits.view(np.float32)
        odd.nan += int(np.isnan(errors).sum())
        odd.sign += int(results["sign"][place])
        if results["unknown"][place] and odd.decided <= DECIDED:
            odd.decided += len(inputs)
            for x, y in zip(inputs, comparison.apply(inputs)):
                _decide(known, float(x), float(y), odd)
        elif results["unknown"][place]:
            odd.unknown += found


def _decide(known: Reference, x: float, y: float, odd: _Odd) -> None:
    if y != y:
        return
    try:
        right = rounded(known.meaning, x)
    except (Undefined, Undecided):
        odd.unknown += 1
        return
    odd.wrong += right != y


def _misrounded(
    comparison: Comparison, known: Reference, groups: Sequence[Group], results: Sequence[Any]
) -> tuple[int, ...]:
    """The bits of the arguments whose results are not correctly rounded."""
    found = set()
    for group, result in zip(groups, results):
        for place in np.flatnonzero((result["wrong"] > 0) | (result["unknown"] > 0)):
            _, bits, _ = comparison.collect(group.blocks[place], 0.5, ROOM, group.pieces)
            for x, y in zip(bits.view(np.float32), comparison.apply(bits.view(np.float32))):
                odd = _Odd()
                _decide(known, float(x), float(y), odd)
                if odd.wrong:
                    found.add(int(x.view(np.uint32)))
    return tuple(sorted(found))


def _worst(
    comparison: Comparison, known: Reference, measure: Measure, group: Group, results: Any
) -> tuple[float, float, int]:
    """The largest error (an upper bound over all inputs), the error at its input alone, and the bits of that."""
    if not len(results):
        return 0.0, 0.0, 0
    errors = _errors(results)
    place = int(np.argmax(errors))
    bound = float(errors[place])
    _, bits, found = comparison.collect(group.blocks[place], bound, ROOM, group.pieces)
    order = np.where(np.isnan(found), np.inf, found)
    at = int(bits[int(np.argmax(order))]) if len(bits) else int(group.blocks[place]["first"])
    y = float(comparison.apply(np.array([at], np.uint32).view(np.float32))[0])
    try:
        exact = error_at(known.meaning, measure, float_of(at), y) if y == y else bound
    except (Undefined, Undecided):
        exact = bound
    return bound, exact, at


def _by_binade(groups: Sequence[Group], results: Sequence[Any]) -> tuple[tuple[int, float, int], ...]:
    """For each binade of the argument (its bits without the fraction): the largest error, results not rounded right."""
    keys = np.concatenate([group.blocks["first"] >> 23 for group in groups]).astype(np.int64)
    errors = np.concatenate([_errors(found) for found in results])
    wrong = np.concatenate([found["wrong"] for found in results])
    return tuple((int(key), float(errors[keys == key].max()), int(wrong[keys == key].sum())) for key in np.unique(keys))


# ---------------------------------------------------------------- special inputs


def _specials(known: Reference) -> Sequence[int]:
    return (*known.special, *known.ends)


def _special(comparison: Comparison, known: Reference, full: bool) -> tuple[tuple[Wrong, ...], int]:
    """What is wrong at zeros, infinities, poles and ends; and how many inputs without a value gave a number."""
    bits = np.array(_specials(known), np.uint32)
    outputs = comparison.apply(bits.view(np.float32)) if len(bits) else []
    wrong = []
    for at, y in zip(bits, outputs):
        should = at_bits(known.meaning, int(at))
        if not _agrees(should, float(y)):
            wrong.append(Wrong(int(at), float(y), str(should)))
    nan_inputs = [(INFINITE + 1, 0x7FFFFF), (SIGN | (INFINITE + 1), 0x7FFFFF)]
    ranges = [*known.undefined, *nan_inputs]
    if not full:
        ranges = [piece for first, count in ranges for piece in _ends_of(first, count)]
    return tuple(wrong), sum(comparison.numbers(first, count) for first, count in ranges)


def _ends_of(first: int, count: int) -> list[tuple[int, int]]:
    return [(first, count)] if count <= 2048 else [(first, 1024), (first + count - 1024, 1024)]


def _agrees(should: Expected, y: float) -> bool:
    negative = np.signbit(y)
    signed = should.sign == 0 or (should.sign < 0) == bool(negative)
    match should.kind:
        case "nan":
            return y != y
        case "zero":
            return y == 0 and signed
        case "infinite":
            return y in (float("inf"), float("-inf")) and signed
    nearest = float_of(bits_of(float(should.value)))
    return y == nearest or abs(y - nearest) <= float(np.spacing(np.float32(abs(nearest))))


__all__ = ["Findings", "Wrong", "sweep"]
