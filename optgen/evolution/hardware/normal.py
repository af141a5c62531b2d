"""The normal form of a float32 program, by which no structure is fitted too often; and what a program costs."""

from __future__ import annotations

import numpy as np

from optgen.evolution.hardware import kinds as k
from optgen.evolution.hardware.fit import adjustable
from optgen.evolution.hardware.machine import GIVES, TAKES, Program, compiled
from optgen.evolution.machine import CONSTANT, X
from optgen.evolution.moves import mix

UNITS, WEIGHTS = k.UNITS, k.WEIGHTS


@compiled
def tidy(program: Program) -> bool:
    """Drop what the result does not read and what is computed twice; False if an operation has only constants."""
    n = program.n[0]
    needed = np.zeros(n, np.bool_)
    needed[n - 1] = True
    for i in range(n - 1, -1, -1):
        if needed[i]:
            for j in range(3):
                if TAKES[program.kind[i], j] != 0 and program.argument[i, j] >= 0:
                    needed[program.argument[i, j]] = True
    place = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        if not needed[i]:
            continue
        kind = program.kind[i]
        program.kind[count] = kind
        varies = False
        for j in range(3):
            argument, constant = program.argument[i, j], program.constant[i, j]
            if TAKES[kind, j] == 0:
                argument, constant = np.int8(CONSTANT), np.uint32(0)
            elif argument >= 0:
                argument = np.int8(place[argument])
            varies = varies or argument != CONSTANT
            program.argument[count, j] = argument
            if j == 1 and kind in (k.SHIFT_LEFT, k.SHIFT_RIGHT, k.SHIFT_ZERO):
                constant &= np.uint32(31)
            program.constant[count, j] = constant if argument == CONSTANT else np.uint32(0)
        if not varies:
            return False
        same = -1
        for other in range(count):
            if program.kind[other] == kind:
                alike = True
                for j in range(3):
                    alike = alike and program.argument[other, j] == program.argument[count, j]
                    alike = alike and program.constant[other, j] == program.constant[count, j]
                if alike:
                    same = other
                    break
        if same >= 0 and i < n - 1:
            place[i] = same
            continue
        place[i] = count
        count += 1
    program.n[0] = count
    return bool(GIVES[program.kind[count - 1]] == k.FLOAT)


@compiled
def structure(program: Program) -> np.uint64:
    """A hash, equal for programs that differ in constants which a fit would find and in the sides of + and *."""
    node = np.empty(program.n[0], np.uint64)
    total = np.uint64(0)
    for i in range(program.n[0]):
        kind = program.kind[i]
        hashed = np.array([np.uint64(7), np.uint64(7), np.uint64(7)])
        for j in range(3):
            if TAKES[kind, j] != 0:
                argument = program.argument[i, j]
                if argument >= 0:
                    hashed[j] = node[argument]
                elif argument == X:
                    hashed[j] = np.uint64(11)
                elif not adjustable(program, i, j):
                    hashed[j] = mix(np.uint64(23), np.uint64(program.constant[i, j]), np.uint64(1))
                else:
                    hashed[j] = np.uint64(29)
        if kind in (k.ADD, k.MUL, k.FMA, k.IADD) and hashed[1] < hashed[0]:
            hashed[0], hashed[1] = hashed[1], hashed[0]
        node[i] = mix(mix(np.uint64(kind + 1), hashed[0], hashed[1]), hashed[2], np.uint64(3))
        total += mix(node[i], np.uint64(3), np.uint64(5))
    return mix(total, node[program.n[0] - 1], np.uint64(program.n[0])) | np.uint64(1)


@compiled
def _ranges(program: Program, low: np.ndarray, high: np.ndarray) -> None:
    """Integers between which each integer surely lies, where masks, shifts and added constants show it."""
    for i in range(program.n[0]):
        low[i], high[i] = -(1 << 31), (1 << 31) - 1
        kind = program.kind[i]
        for j in range(2):
            a = program.argument[i, 1 - j]
            if program.argument[i, j] != CONSTANT or a < 0:
                continue
            number = np.int64(np.int32(program.constant[i, j]))
            if kind == k.AND and number >= 0:
                low[i], high[i] = 0, number
            elif kind == k.IADD and low[a] + number >= -(1 << 31) and high[a] + number < 1 << 31:
                low[i], high[i] = low[a] + number, high[a] + number
            elif kind == k.IMIN:
                low[i], high[i] = min(low[a], number), min(high[a], number)
            elif kind == k.IMAX:
                low[i], high[i] = max(low[a], number), max(high[a], number)
            elif kind == k.SHIFT_ZERO and j == 1 and 0 < number < 32:
                low[i], high[i] = 0, (1 << (32 - number)) - 1


@compiled
def units(program: Program) -> np.ndarray:
    """How many operations each unit of the processor has to do."""
    low, high = np.empty(program.n[0], np.int64), np.empty(program.n[0], np.int64)
    _ranges(program, low, high)
    counts = np.zeros(WEIGHTS.shape[0], np.int64)
    for i in range(program.n[0]):
        unit = UNITS[program.kind[i]]
        if unit == k.LOOKING_UP:
            size, index = program.sizes[program.constant[i, 1]], program.argument[i, 0]
            if index < 0 or low[index] < 1 or high[index] > size:
                unit = k.GATHERING
            elif size <= 16:
                unit = k.PERMUTING
        counts[unit] += 1
    return counts


@compiled
def cost(program: Program) -> int:
    """What a vector of 16 lanes costs: the weights of its units in `kinds`."""
    counts, total = units(program), 0
    for unit in range(counts.shape[0]):
        total += WEIGHTS[unit] * counts[unit]
    return total
