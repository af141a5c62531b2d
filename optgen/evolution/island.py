"""A population that evolves by itself for an epoch: parents, children, their fits, and who stays.

For each number of operations an island keeps the best programs, sorted by error, at most one in an interval of errors:
programs that differ by something without effect would otherwise fill it.  All arrays; no Python in the loop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optgen.evolution.fit import fit, largest_error, workspace
from optgen.evolution.flow import flow
from optgen.evolution.machine import ADD, CONSTANT, LIMIT, X, compiled, table
from optgen.evolution.moves import (
    below,
    fresh_constant,
    graft,
    insert,
    redirect,
    remove,
    repeat,
    retype,
    structure,
    tidy,
    uniform,
)
from optgen.evolution.scaling import rescale

Samples = tuple[np.ndarray, np.ndarray, np.ndarray]  # points, the target there, weights of the error there

KEPT = 48  # programs of each size
APART = 0.03  # the least relative distance of two errors in a size
SEEN = 1 << 18  # structures that are remembered
ATTEMPTS = 3  # fits of a structure, each from other constants
AGAIN = 0.08  # share of children that are their parent with its constants fitted for long, and with others
FITTED, MORE, LONG = (12, 1e-3), (100, 1e-4), (300, 1e-8)  # steps of a fit, and the gain at which it stops earlier
FLOW = 40  # steps along the flow of those that promise something
PROMISING = 1e4  # times the worst error that is kept: fitted further, for the flow may gain as much


class Island(NamedTuple):
    """Arrays [size, rank, operation] of programs, [size, rank] of errors (infinite: empty), and the random state."""

    kinds: np.ndarray
    lefts: np.ndarray
    rights: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    hashes: np.ndarray
    seen: np.ndarray
    random: np.ndarray
    counts: np.ndarray  # fits, children that were not fitted, children kept


def new_island(largest: int, seed: int) -> Island:
    """The population of the program x + c."""
    shape = (largest + 1, KEPT)
    island = Island(
        np.zeros((*shape, LIMIT), np.int8),
        np.zeros((*shape, LIMIT), np.int8),
        np.zeros((*shape, LIMIT), np.int8),
        np.zeros((*shape, LIMIT)),
        np.full(shape, np.inf),
        np.zeros(shape, np.uint64),
        np.zeros(SEEN, np.uint64),
        np.array([seed], np.uint64),
        np.zeros(3, np.int64),
    )
    island.kinds[1, 0, 0], island.lefts[1, 0, 0], island.rights[1, 0, 0] = ADD, X, CONSTANT
    island.values[1, 0, 0] = 1.0
    island.errors[1, 0] = 1e300
    return island


@compiled
def attempts(seen: np.ndarray, key: np.uint64) -> int:
    """Count this fit of a structure; how many there were before.  The low two bits of a cell count."""
    mask = np.uint64(seen.shape[0] - 1)
    place = (key >> np.uint64(3)) & mask
    name = key & ~np.uint64(3)
    for _ in range(8):
        cell = seen[place]
        if cell == np.uint64(0):
            seen[place] = name | np.uint64(1)
            return 0
        if cell & ~np.uint64(3) == name:
            count = cell & np.uint64(3)
            if count < np.uint64(3):
                seen[place] = cell + np.uint64(1)
            return int(count)
        place = (place + np.uint64(1)) & mask
    seen[place] = name | np.uint64(1)  # forget an old one
    return 0


@compiled
def admitted(errors: np.ndarray, hashes: np.ndarray, error: float, key: np.uint64, apart: float) -> tuple[int, int]:
    """Where a program enters a row of errors in rising order, and which rank is lost for it; (-1, -1) if it does not.

    One of the same structure, or of nearly the same error, is replaced if it is worse, and keeps its place if not.
    """
    count = errors.shape[0]
    place = 0
    while place < count and errors[place] <= error:
        place += 1
    if place == count:
        return -1, -1
    out = -1
    for rank in range(count):
        same = hashes[rank] == key and errors[rank] < np.inf
        near = abs(errors[rank] - error) <= apart * error
        if same or near:
            if errors[rank] <= error:
                return -1, -1
            if out < 0 or same:
                out = rank
    return place, out if out >= 0 else count - 1


@compiled
def keep(
    island: Island, kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, error: float,
    key: np.uint64,
) -> bool:  # fmt: skip
    """Insert a program if it is good enough for its size; whether it was."""
    errors = island.errors[n]
    place, last = admitted(errors, island.hashes[n], error, key, APART)
    if place < 0:
        return False
    for rank in range(last, place, -1):
        errors[rank] = errors[rank - 1]
        island.hashes[n, rank] = island.hashes[n, rank - 1]
        for i in range(n):
            island.kinds[n, rank, i] = island.kinds[n, rank - 1, i]
            island.lefts[n, rank, i] = island.lefts[n, rank - 1, i]
            island.rights[n, rank, i] = island.rights[n, rank - 1, i]
            island.values[n, rank, i] = island.values[n, rank - 1, i]
    errors[place], island.hashes[n, place] = error, key
    for i in range(n):
        island.kinds[n, place, i], island.lefts[n, place, i] = kind[i], left[i]
        island.rights[n, place, i], island.values[n, place, i] = right[i], value[i]
    return True


@compiled
def _parent(island: Island, largest: int, state: np.ndarray) -> tuple[int, int]:
    """Size and rank of a program: large sizes and low ranks are likelier."""
    for _ in range(64):
        size = 1 + max(below(state, largest), below(state, largest))
        rank = min(below(state, KEPT), below(state, KEPT))
        while rank > 0 and not island.errors[size, rank] < np.inf:
            rank //= 2
        if island.errors[size, rank] < np.inf:
            return size, rank
    return 1, 0


@compiled
def _change(
    island: Island, kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, largest: int,
    allowed: np.ndarray, state: np.ndarray,
) -> int:  # fmt: skip
    """One random move; the new length."""
    draw = uniform(state)
    if draw < 0.32:
        return insert(kind, left, right, value, n, allowed, state)
    if draw < 0.5:
        return repeat(kind, left, right, value, n, state)
    if draw < 0.62:
        return remove(kind, left, right, value, n, state)
    if draw < 0.83:
        redirect(kind, left, right, value, n, state)
    elif draw < 0.92:
        retype(kind, left, right, value, n, allowed, state)
    else:
        size, rank = _parent(island, largest, state)
        if n + size <= LIMIT:
            return graft(
                kind, left, right, value, n,
                island.kinds[size, rank], island.lefts[size, rank], island.rights[size, rank],
                island.values[size, rank], size, state,
            )  # fmt: skip
    return n


@compiled
def _starts(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, attempt: int,
    state: np.ndarray,
) -> None:  # fmt: skip
    """Constants to begin a fit from: the parent's; rescaled or shaken, by little or by much; anew."""
    draw = uniform(state)
    if attempt == 1:
        if draw >= 0.5 or not rescale(kind, left, right, value, n, 0.5 if draw < 0.35 else 2.0):
            reach = 10.0 ** (-2.0 * uniform(state))
            for i in range(n):
                if uniform(state) < 0.5:
                    value[i] *= 2.0 ** (reach * (2.0 * uniform(state) - 1.0))
    elif attempt == 2:
        for i in range(n):
            if left[i] == CONSTANT or right[i] == CONSTANT:
                value[i] = fresh_constant(state)


@compiled
def evolve(
    island: Island, fits: int, largest: int, allowed: np.ndarray, samples: Samples, fine: Samples, stop: np.ndarray,
) -> None:  # fmt: skip
    """An epoch of so many fits.  `samples` and `fine` are (points, target, weights): to fit at, and to judge by.

    Leaves early, with the island in the midst of an epoch, when `stop[0]` is set.
    """
    points, target, weights = samples
    fine_points, fine_target, fine_weights = fine
    state = island.random
    space = workspace(points)
    fine_rows = table(fine_points)
    kind, left, right = np.empty(LIMIT, np.int8), np.empty(LIMIT, np.int8), np.empty(LIMIT, np.int8)
    value, start, best = np.empty(LIMIT), np.empty(LIMIT), np.empty(LIMIT)
    done = 0
    while done < fits and stop[0] == 0:
        n, rank = _parent(island, largest, state)
        for i in range(n):
            kind[i], left[i] = island.kinds[n, rank, i], island.lefts[n, rank, i]
            right[i], value[i] = island.rights[n, rank, i], island.values[n, rank, i]
        again = uniform(state) < AGAIN
        if not again:
            moves = 1
            while uniform(state) < 0.35 and moves < 4:
                moves += 1
            for _ in range(moves):
                n = _change(island, kind, left, right, value, n, largest, allowed, state)
            n = tidy(kind, left, right, value, n)
            if n == 0 or n > largest:
                island.counts[1] += 1
                continue
        key = structure(kind, left, right, n)
        if key == 0 or (not again and attempts(island.seen, key) >= ATTEMPTS):
            island.counts[1] += 1
            continue
        bound = island.errors[n, KEPT - 1]
        reached = np.inf
        for attempt in range(3):
            for i in range(n):
                start[i] = value[i]
            _starts(kind, left, right, start, n, attempt, state)
            done += 1
            error = np.inf
            for stage in range(3):
                if stage == 2:
                    flow(kind, left, right, start, n, target, weights, FLOW, space)
                steps, enough = LONG if again and attempt == 0 else FITTED if stage == 0 else MORE
                total = fit(kind, left, right, start, n, target, weights, steps, enough, space)
                if np.isfinite(total):
                    error = largest_error(kind, left, right, start, n, target, weights, space[0])
                if not error < PROMISING * bound:
                    break
            if error < reached and error < bound:
                error = largest_error(kind, left, right, start, n, fine_target, fine_weights, fine_rows)
            if error < reached:
                reached = error
                for i in range(n):
                    best[i] = start[i]
        if reached < np.inf and keep(island, kind, left, right, best, n, reached, key):
            island.counts[2] += 1
    island.counts[0] += done
