"""Random changes of float32 programs that keep types right.

The same moves and weights for every search.  None knows a target; some know arithmetic: a product and a sum become one
fused operation, or come apart; a polynomial is taken by squares; an operand goes, and with it what made it.
"""

from __future__ import annotations

import numpy as np

from optgen.evolution.hardware import kinds as k
from optgen.evolution.hardware.machine import GIVES, LIMIT, TAKES, Program, compiled
from optgen.evolution.machine import CONSTANT, X
from optgen.evolution.moves import below, uniform

FLOAT_KINDS = np.array([k.ADD, k.SUB, k.MUL, k.FMA, k.FMA, k.MIN, k.MAX, k.DIV, k.ABS, k.NEG, k.SELECT, k.ROUND])
INTEGER_KINDS = np.array([k.IADD, k.ISUB, k.SHIFT_LEFT, k.SHIFT_RIGHT, k.AND, k.BITS])
PLAIN_NUMBERS = np.array([1.0, -1.0, 2.0, 0.5, 12582912.0, 0.0], np.float32)


# ---------------------------------------------------------------- operands


@compiled
def _constant(type: int, state: np.ndarray) -> np.uint32:
    """A fresh constant: a plain number, some float near 1, or a small integer."""
    made = np.zeros(1, np.float32)
    if type != k.FLOAT:
        return np.uint32(23 if uniform(state) < 0.5 else below(state, 32))
    if uniform(state) < 0.5:
        made[0] = PLAIN_NUMBERS[below(state, PLAIN_NUMBERS.shape[0])]
    else:
        made[0] = (2.0 ** (8.0 * uniform(state) - 6.0)) * (1.0 if uniform(state) < 0.6 else -1.0)
    bits: np.uint32 = made.view(np.uint32)[0]
    return bits


@compiled
def _pick(program: Program, before: int, type: int, state: np.ndarray) -> int:
    """An operand of a type for operation `before`: X, CONSTANT, an earlier value; -3 where there is none."""
    draw = uniform(state)
    if type != k.CONDITION and draw < 0.25:
        return CONSTANT
    if type == k.FLOAT and draw < 0.4:
        return X
    for _ in range(12):
        if before == 0:
            break
        # recent values are likelier
        candidate = before - 1 - min(below(state, before), below(state, before))
        if GIVES[program.kind[candidate]] == type:
            return candidate
    if type == k.FLOAT:
        return X
    return CONSTANT if type == k.INTEGER else -3


@compiled
def _set(program: Program, i: int, j: int, argument: int, state: np.ndarray) -> bool:
    if argument == -3:
        return False
    program.argument[i, j] = argument
    if argument == CONSTANT:
        program.constant[i, j] = _constant(TAKES[program.kind[i], j], state)
    return True


@compiled
def _open(program: Program, at: int) -> None:
    """Room for an operation before operation `at`."""
    for i in range(program.n[0] - 1, at - 1, -1):
        program.kind[i + 1] = program.kind[i]
        for j in range(3):
            argument = program.argument[i, j]
            program.argument[i + 1, j] = argument + 1 if argument >= at else argument
            program.constant[i + 1, j] = program.constant[i, j]
    program.n[0] += 1


@compiled
def _type_of(program: Program, argument: int) -> int:
    return GIVES[program.kind[argument]] if argument >= 0 else k.FLOAT


# ---------------------------------------------------------------- moves: False if there was nothing to do


@compiled
def remove(program: Program, state: np.ndarray) -> bool:
    """An operand of the same type takes the place of an operation.  Dead code is left to `tidy`."""
    n = program.n[0]
    i, j = below(state, n), below(state, 3)
    kind = program.kind[i]
    if TAKES[kind, j] != GIVES[kind] or program.argument[i, j] == CONSTANT:
        return False
    instead = program.argument[i, j]
    if i == n - 1:
        if instead < 0:
            return False
        program.n[0] = instead + 1
        return True
    for user in range(i + 1, n):
        for part in range(3):
            if program.argument[user, part] == i:
                program.argument[user, part] = instead
    return True


@compiled
def redirect(program: Program, state: np.ndarray) -> bool:
    """Another operand."""
    i, j = below(state, program.n[0]), below(state, 3)
    type = TAKES[program.kind[i], j]
    if type == 0 or (program.kind[i] == k.TABLE and j == 1):
        return False
    return _set(program, i, j, _pick(program, i, type, state), state)


@compiled
def retype(program: Program, state: np.ndarray) -> bool:
    """Another operation on some of the operands, in an order of its own; what it lacks is picked."""
    i = below(state, program.n[0])
    kind = program.kind[i]
    if kind in (k.TABLE, k.BITS, k.FROM_BITS) or GIVES[kind] == k.CONDITION:
        return False
    choices = FLOAT_KINDS if GIVES[kind] == k.FLOAT else INTEGER_KINDS
    other = choices[below(state, choices.shape[0])]
    arguments, constants = program.argument[i].copy(), program.constant[i].copy()
    places = np.array([0, 1, 2])
    for j in range(2, 0, -1):
        swap = below(state, j + 1)
        places[j], places[swap] = places[swap], places[j]
    if uniform(state) < 0.5:
        places.sort()
        if uniform(state) < 0.7:  # the first and the last, as in a*b + c -> a + c
            places[1], places[2] = places[2], places[1]
    program.kind[i] = other
    used = 0
    for j in range(3):
        wanted = TAKES[other, j]
        if wanted == 0:
            break
        while used < 3 and TAKES[kind, places[used]] != wanted:
            used += 1
        if used < 3:
            program.argument[i, j], program.constant[i, j] = arguments[places[used]], constants[places[used]]
            used += 1
        elif not _set(program, i, j, _pick(program, i, wanted, state), state):
            return False
    return True


@compiled
def swap(program: Program, state: np.ndarray) -> bool:
    """Two operands of one type change places."""
    i, j, other = below(state, program.n[0]), below(state, 3), below(state, 3)
    kind = program.kind[i]
    if j == other or TAKES[kind, j] != TAKES[kind, other] or TAKES[kind, j] == 0 or kind == k.TABLE:
        return False
    arguments, constants = program.argument[i], program.constant[i]
    arguments[j], arguments[other] = arguments[other], arguments[j]
    constants[j], constants[other] = constants[other], constants[j]
    return True


@compiled
def insert(program: Program, state: np.ndarray) -> bool:
    """An operation on an edge, or after the result."""
    n = program.n[0]
    if n >= LIMIT - 1:
        return False
    at = below(state, n + 1)
    j = below(state, 3)
    if at == n:
        source, type = n - 1, _type_of(program, n - 1)
    else:
        type = TAKES[program.kind[at], j]
        source = program.argument[at, j]
        if type in (0, k.CONDITION) or source == CONSTANT or (program.kind[at] == k.TABLE and j == 1):
            return False
    choices = FLOAT_KINDS if type == k.FLOAT else INTEGER_KINDS
    other = choices[below(state, choices.shape[0])]
    _open(program, at)
    program.kind[at] = other
    own = below(state, 3)
    placed = False
    for part in range(3):
        wanted = TAKES[other, part]
        if wanted == 0:
            break
        if wanted == type and not placed and (part >= own or part == 2 or TAKES[other, part + 1] != type):
            program.argument[at, part] = source
            placed = True
        elif not _set(program, at, part, _pick(program, at, wanted, state), state):
            return False
    if at < n and placed:
        program.argument[at + 1, j] = at
    return placed


@compiled
def fuse(program: Program, state: np.ndarray) -> bool:
    """a*b and a sum with c become fma(a, b, c)."""
    i = below(state, program.n[0])
    kind = program.kind[i]
    if kind not in (k.ADD, k.SUB):
        return False
    part = below(state, 2) if kind == k.ADD else 0
    inner = program.argument[i, part]
    if inner < 0 or program.kind[inner] != k.MUL:
        return False
    rest, constant = program.argument[i, 1 - part], program.constant[i, 1 - part]
    if kind == k.SUB:
        if rest != CONSTANT:
            return False
        constant ^= np.uint32(0x80000000)
    program.kind[i] = k.FMA
    for j in range(2):
        program.argument[i, j], program.constant[i, j] = program.argument[inner, j], program.constant[inner, j]
    program.argument[i, 2], program.constant[i, 2] = rest, constant
    return True


@compiled
def part(program: Program, state: np.ndarray) -> bool:
    """fma(a, b, c) becomes a*b and a sum: two operations on other units than one."""
    i = below(state, program.n[0])
    if program.kind[i] != k.FMA or program.n[0] >= LIMIT - 1:
        return False
    _open(program, i)
    outer = i + 1
    program.kind[i] = k.MUL
    for j in range(2):
        program.argument[i, j], program.constant[i, j] = program.argument[outer, j], program.constant[outer, j]
    program.kind[outer] = k.ADD
    program.argument[outer, 0] = i
    program.argument[outer, 1], program.constant[outer, 1] = program.argument[outer, 2], program.constant[outer, 2]
    return True


@compiled
def by_squares(program: Program, state: np.ndarray) -> bool:
    """fma(fma(p, r, c), r, d) becomes fma(p, r*r, fma(c, r, d)): Estrin's step of a polynomial."""
    i = below(state, program.n[0])
    inner = program.argument[i, 0]
    if program.kind[i] != k.FMA or inner < 0 or program.kind[inner] != k.FMA or program.n[0] >= LIMIT - 2:
        return False
    r = program.argument[i, 1]
    if r == CONSTANT or program.argument[inner, 1] != r:
        return False
    p, p_constant = program.argument[inner, 0], program.constant[inner, 0]
    c, c_constant = program.argument[inner, 2], program.constant[inner, 2]
    _open(program, i)
    _open(program, i)
    program.kind[i], program.kind[i + 1] = k.MUL, k.FMA
    program.argument[i, 0], program.argument[i, 1] = r, r
    outer = i + 2
    program.argument[i + 1, 0], program.constant[i + 1, 0] = c, c_constant
    program.argument[i + 1, 1] = r
    program.argument[i + 1, 2], program.constant[i + 1, 2] = program.argument[outer, 2], program.constant[outer, 2]
    program.argument[outer, 0], program.constant[outer, 0] = p, p_constant
    program.argument[outer, 1], program.argument[outer, 2] = i, i + 1
    return True


@compiled
def renumber(program: Program, state: np.ndarray) -> bool:
    """An integer constant, or a float that no fit changes, becomes another: the next ones, or twice or half of it."""
    for _ in range(16):
        i, j = below(state, program.n[0]), below(state, 3)
        type = TAKES[program.kind[i], j]
        if type in (0, k.CONDITION) or program.argument[i, j] != CONSTANT or (program.kind[i] == k.TABLE and j == 1):
            continue
        bits = program.constant[i, j]
        step = np.uint32(1) << np.uint32(below(state, 24))
        if type == k.FLOAT and uniform(state) < 0.5:
            step = np.uint32(0x00800000)
        program.constant[i, j] = bits + step if uniform(state) < 0.5 else bits - step
        return True
    return False


@compiled
def _table(program: Program, state: np.ndarray) -> int:
    """A random operation that reads a table; -1 if there is none."""
    found, count = -1, 0
    for i in range(program.n[0]):
        if program.kind[i] == k.TABLE:
            count += 1
            if below(state, count) == 0:
                found = i
    return found


@compiled
def pack(program: Program, state: np.ndarray) -> bool:
    """bits(c[(v & m) + 1]) + ((v & ~m) << s) becomes bits(d[(v & m) + 1]) + (v << s): d is c less the rest.

    The same bits by one operation less.
    """
    i = _table(program, state)
    if i < 0:
        return False
    sum_index = program.argument[i, 0]
    if sum_index < 0 or program.kind[sum_index] != k.IADD or program.constant[sum_index, 1] != 1:
        return False
    masked = program.argument[sum_index, 0]
    if masked < 0 or program.kind[masked] != k.AND or program.argument[masked, 1] != CONSTANT:
        return False
    mask, v, table = program.constant[masked, 1], program.argument[masked, 0], program.constant[i, 1]
    if np.int64(mask) != np.int64(program.sizes[table]) - 1:
        return False
    for shifted in range(program.n[0]):
        high = program.argument[shifted, 0]
        if program.kind[shifted] != k.SHIFT_LEFT or program.argument[shifted, 1] != CONSTANT or high < 0:
            continue
        if program.kind[high] != k.AND or program.argument[high, 0] != v or program.argument[high, 1] != CONSTANT:
            continue
        if program.constant[high, 1] != ~mask or _uses(program, i) != 1 or _uses(program, shifted) != 1:
            continue
        for entry in range(program.sizes[table]):
            program.tables[table, entry] -= np.uint32(entry) << (program.constant[shifted, 1] & np.uint32(31))
        program.argument[shifted, 0] = v
        return True
    return False


@compiled
def _uses(program: Program, value: int) -> int:
    count = 0
    for i in range(program.n[0]):
        for j in range(3):
            count += TAKES[program.kind[i], j] != 0 and program.argument[i, j] == value
    return count


@compiled
def rescale(program: Program, state: np.ndarray) -> bool:
    """All entries of a table by one factor near 1, which a fit of the other constants makes up for.

    What the entries stand for may lie closer to floats with one factor than with another.
    """
    i = _table(program, state)
    if i < 0:
        return False
    table = program.constant[i, 1]
    factor = 1.0 + (2.0 * uniform(state) - 1.0) * 2.0 ** (-6.0 - 12.0 * uniform(state))
    entries = program.tables[table].view(np.float32)
    for entry in range(program.sizes[table]):
        entries[entry] = np.float32(np.float64(entries[entry]) * factor)
    return True


@compiled
def change(program: Program, state: np.ndarray) -> bool:
    """One random move."""
    draw = uniform(state)
    if draw < 0.30:
        return remove(program, state)
    if draw < 0.50:
        return retype(program, state)
    if draw < 0.66:
        return redirect(program, state)
    if draw < 0.76:
        return insert(program, state)
    if draw < 0.82:
        return fuse(program, state)
    if draw < 0.86:
        return part(program, state)
    if draw < 0.90:
        return by_squares(program, state)
    if draw < 0.94:
        return swap(program, state)
    if draw < 0.95:
        return pack(program, state)
    return renumber(program, state)
