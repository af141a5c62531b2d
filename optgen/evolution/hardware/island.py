"""A population of float32 programs that evolves by itself for an epoch.

For each cost an island keeps the programs of least error, as islands over the reals do for each number of operations.
Parents are drawn by tournament: of two, the one that no cheaper program beats in error; costs are the crowding.  Errors
are those on the island's own inputs, which grow: after an epoch the best are run on a large pool of arguments, and
where one does worst becomes an input.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optgen.evolution.hardware.fit import fit, fit_tables, shake
from optgen.evolution.hardware.machine import LIMIT, Program, compiled, copy, empty, evaluate, largest_error
from optgen.evolution.hardware.moves import change, pack, rescale
from optgen.evolution.hardware.normal import cost, structure, tidy
from optgen.evolution.island import SEEN, admitted, attempts
from optgen.evolution.moves import below, uniform

KEPT = 6  # programs of each cost
APART = 1e-3  # the least relative distance of two errors in a cost
ATTEMPTS = 3  # of a structure
ONCE_MORE = 0.1  # chance of a structure that was tried so often: its parents get better meanwhile
AGAIN = 0.25  # share of children that are their parent with other constants
CLOSE = 8.0  # within this factor of the bar a child's constants are worked on
HOPELESS = 1e9  # ulps, after a fit
ROUNDS = 7
SHAKES = 24
PIECES = 32
FITTED = 256  # inputs that constants are fitted at: the first ones


class Island(NamedTuple):
    """Arrays [cost, rank, ...] of programs, [cost, rank] of errors (infinite: empty), the inputs, the random state."""

    kinds: np.ndarray
    arguments: np.ndarray
    constants: np.ndarray
    tables: np.ndarray
    sizes: np.ndarray
    lengths: np.ndarray
    errors: np.ndarray
    hashes: np.ndarray
    seen: np.ndarray
    random: np.ndarray
    counts: np.ndarray  # children evaluated, children that were not, children kept
    inputs: np.ndarray  # x, of which the first `used[0]` count
    truth: np.ndarray  # f(x) there
    unit: np.ndarray  # an ulp of f(x)
    used: np.ndarray


def new_island(largest: int, seed: int, room: int) -> Island:
    """An island without programs, with room for inputs."""
    shape = (largest + 1, KEPT)
    kinds, arguments, constants, tables, sizes, _ = (np.zeros((*shape, *part.shape), part.dtype) for part in empty())
    return Island(
        kinds, arguments, constants, tables, sizes,
        np.zeros(shape, np.int64),
        np.full(shape, np.inf),
        np.zeros(shape, np.uint64),
        np.zeros(SEEN, np.uint64),
        np.array([seed], np.uint64),
        np.zeros(3, np.int64),
        np.zeros(room, np.float32),
        np.zeros(room),
        np.ones(room),
        np.zeros(1, np.int64),
    )  # fmt: skip


@compiled
def at(island: Island, size: int, rank: int) -> Program:
    """A program of the island, as a view."""
    return Program(
        island.kinds[size, rank], island.arguments[size, rank], island.constants[size, rank],
        island.tables[size, rank], island.sizes[size, rank], island.lengths[size, rank : rank + 1],
    )  # fmt: skip


@compiled
def keep(island: Island, program: Program, size: int, error: float, key: np.uint64) -> bool:
    """Insert a program if it is good enough for its cost; whether it was."""
    place, last = admitted(island.errors[size], island.hashes[size], error, key, APART)
    if place < 0:
        return False
    for rank in range(last, place, -1):
        island.errors[size, rank] = island.errors[size, rank - 1]
        island.hashes[size, rank] = island.hashes[size, rank - 1]
        copy(at(island, size, rank - 1), at(island, size, rank))
    island.errors[size, place], island.hashes[size, place] = error, key
    copy(program, at(island, size, place))
    return True


@compiled
def _parent(island: Island, largest: int, state: np.ndarray) -> tuple[int, int]:
    """Cost and rank of the winner of a tournament of two; an island is never empty."""
    filled, beaten = np.empty(largest + 1, np.int64), np.empty(largest + 1, np.bool_)
    count, least = 0, np.inf
    for size in range(largest + 1):
        if island.errors[size, 0] < np.inf:
            filled[count], beaten[count] = size, island.errors[size, 0] >= least
            least = min(least, island.errors[size, 0])
            count += 1
    first, second = below(state, count), below(state, count)
    chosen = filled[second if beaten[first] else first]
    rank = min(below(state, KEPT), below(state, KEPT))
    while rank > 0 and not island.errors[chosen, rank] < np.inf:
        rank -= 1
    return chosen, rank


@compiled
def settle(island: Island, largest: int, floats: np.ndarray) -> None:
    """Errors of all programs on the inputs as they are now, and their order."""
    used = island.used[0]
    x, truth, unit = island.inputs[:used], island.truth[:used], island.unit[:used]
    held = empty_like(island)
    for size in range(largest + 1):
        for rank in range(KEPT):
            if island.errors[size, rank] < np.inf:
                program = at(island, size, rank)
                evaluate(program, 0, x, floats[:, :used])
                island.errors[size, rank], _ = largest_error(floats[program.n[0] - 1, :used], truth, unit)
        for rank in range(1, KEPT):
            back = rank
            while back > 0 and island.errors[size, back] < island.errors[size, back - 1]:
                copy(at(island, size, back), held)
                copy(at(island, size, back - 1), at(island, size, back))
                copy(held, at(island, size, back - 1))
                errors, hashes = island.errors[size], island.hashes[size]
                errors[back - 1], errors[back] = errors[back], errors[back - 1]
                hashes[back - 1], hashes[back] = hashes[back], hashes[back - 1]
                back -= 1


@compiled
def empty_like(island: Island) -> Program:
    """Room for a program."""
    return Program(
        np.zeros_like(island.kinds[0, 0]), np.zeros_like(island.arguments[0, 0]),
        np.zeros_like(island.constants[0, 0]), np.zeros_like(island.tables[0, 0]),
        np.zeros_like(island.sizes[0, 0]), np.zeros(1, np.int64),
    )  # fmt: skip


@compiled
def evolve(island: Island, children: int, largest: int, bar: float, stop: np.ndarray) -> None:
    """An epoch of so many children.  Leaves early, in the midst of an epoch, when `stop[0]` is set."""
    state, used = island.random, island.used[0]
    x, truth, unit = island.inputs[:used], island.truth[:used], island.unit[:used]
    fitted = min(FITTED, used)
    wide, narrow = np.zeros((LIMIT + 4, used), np.float32), np.zeros((LIMIT + 4, fitted), np.float32)
    rows = np.zeros((LIMIT + 1, fitted))
    program = empty_like(island)
    done = 0
    while done < children and stop[0] == 0:
        size, rank = _parent(island, largest, state)
        copy(at(island, size, rank), program)
        again = uniform(state) < AGAIN
        done += 1
        rescaled = again and uniform(state) < 0.5 and rescale(program, state)
        if again and not rescaled and uniform(state) < 0.1 and pack(program, state):
            tidy(program)
        if not again:
            moves, made = 1, True
            while uniform(state) < 0.5 and moves < 6:
                moves += 1
            for _ in range(moves):
                made = change(program, state) and made
            if not made or program.n[0] == 0 or not tidy(program):
                island.counts[1] += 1
                continue
        size = cost(program)
        key = structure(program)
        tired = not again and attempts(island.seen, key) >= ATTEMPTS and uniform(state) >= ONCE_MORE
        if size > largest or tired:
            island.counts[1] += 1
            continue
        worst = island.errors[size, KEPT - 1]
        evaluate(program, 0, x[:fitted], narrow)
        error, _ = largest_error(narrow[program.n[0] - 1], truth[:fitted], unit[:fitted])
        if (not again or rescaled) and error > 0.5 * bar:
            error = fit(program, x[:fitted], truth[:fitted], unit[:fitted], ROUNDS, narrow, rows)
            if rescaled:
                fit_tables(program, x[:fitted], truth[:fitted], unit[:fitted], narrow, rows)
                error = fit(program, x[:fitted], truth[:fitted], unit[:fitted], ROUNDS, narrow, rows)
        if error >= worst or error > HOPELESS:
            continue
        if again or error < CLOSE * bar:
            error = shake(program, x, truth, unit, SHAKES, error, wide, state)
        else:
            evaluate(program, 0, x, wide)
            error, _ = largest_error(wide[program.n[0] - 1], truth, unit)
        if error <= HOPELESS and keep(island, program, size, error, key):
            island.counts[2] += 1
    island.counts[0] += done


@compiled
def worst_inputs(island: Island, largest: int, bar: float, x: np.ndarray, truth: np.ndarray, unit: np.ndarray) -> None:
    """Run the programs that would be reported on many arguments, in PIECES.

    In each piece the argument where one is worst becomes an input, if it is worse there than on the inputs so far.
    """
    size_of_piece = x.shape[0] // PIECES
    floats = np.zeros((LIMIT + 4, size_of_piece), np.float32)
    least = np.inf
    for size in range(largest + 1):
        known = island.errors[size, 0]
        if not known < least:
            continue
        least = known
        if known > CLOSE * bar:
            continue
        program = at(island, size, 0)
        for piece in range(PIECES):
            here = slice(piece * size_of_piece, (piece + 1) * size_of_piece)
            evaluate(program, 0, x[here], floats)
            found, place = largest_error(floats[program.n[0] - 1], truth[here], unit[here])
            used = island.used[0]
            if found > known and used < island.inputs.shape[0]:
                island.inputs[used], island.truth[used] = x[here][place], truth[here][place]
                island.unit[used] = unit[here][place]
                island.used[0] += 1
                known = found
