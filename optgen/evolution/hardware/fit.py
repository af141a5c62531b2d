"""Constants of a float32 program: least squares by exact tangents, then steps of single floats on the largest error.

Tangents are forward mode in double beside the values as the processor has them.  An integer's tangent is that of the
logarithm of the float whose bits it is: adding to an exponent keeps it, `from_bits` gives it back.  What a rounding to
an integer, a shift or a mask makes has tangent zero.
"""

from __future__ import annotations

import numpy as np

from optgen.evolution.hardware import kinds as k
from optgen.evolution.hardware.machine import TAKES, Program, compiled, evaluate, largest_error
from optgen.evolution.machine import CONSTANT, X
from optgen.evolution.moves import below, uniform

MOST = 20  # constants of a fit


@compiled
def adjustable(program: Program, i: int, j: int) -> bool:
    """Whether an operand is a float constant that may take other values.

    A power of two is not, nor what is so large (2^20) that it is there to round another value, nor what is below 2^-63.
    """
    kind = program.kind[i]
    if program.argument[i, j] != CONSTANT or TAKES[kind, j] != k.FLOAT or kind == k.TABLE:
        return False
    bits = program.constant[i, j]
    magnitude = bits & np.uint32(0x7FFFFFFF)
    if bits & np.uint32(0x7FFFFF) == np.uint32(0):
        return False
    return bool(np.uint32(0x20000000) < magnitude < np.uint32(0x49800000))


@compiled
def slots(program: Program, places: np.ndarray) -> int:
    """The operands that a fit changes, as 3*i + j; how many."""
    count = 0
    for i in range(program.n[0]):
        for j in range(3):
            if count < places.shape[0] and adjustable(program, i, j):
                places[count] = 3 * i + j
                count += 1
    return count


@compiled
def _row(program: Program, i: int, j: int, rows: np.ndarray) -> int:
    """The row of an operand; the last row, which is zero, for x and constants."""
    argument = program.argument[i, j]
    return int(argument) if argument >= 0 else rows.shape[0] - 1


@compiled
def tangent(program: Program, place: int, x: np.ndarray, floats: np.ndarray, rows: np.ndarray) -> None:
    """`rows[i]` becomes the derivative of operation i by a constant; by what a table gives, for its third operand.

    Expects `floats` from `evaluate`.
    """
    slot, part = place // 3, place % 3
    m, zero = x.shape[0], rows.shape[0] - 1
    constant = np.zeros(1, np.uint32)
    for p in range(m):
        rows[zero, p] = 0.0
    for i in range(program.n[0]):
        out = rows[i]
        if i < slot:
            for p in range(m):
                out[p] = 0.0
            continue
        kind = program.kind[i]
        a = rows[_row(program, i, 0, rows)]
        b = rows[_row(program, i, 1, rows)]
        c = rows[_row(program, i, 2, rows)]
        da = 1.0 if i == slot and part == 0 else 0.0
        db = 1.0 if i == slot and part == 1 else 0.0
        dc = 1.0 if i == slot and part == 2 else 0.0
        for p in range(m):
            u, v = 0.0, 0.0  # operands as doubles
            if program.argument[i, 0] >= 0:
                u = np.float64(floats[program.argument[i, 0], p])
            elif program.argument[i, 0] == X:
                u = np.float64(x[p])
            else:
                constant[0] = program.constant[i, 0]
                u = np.float64(constant.view(np.float32)[0])
            if program.argument[i, 1] >= 0:
                v = np.float64(floats[program.argument[i, 1], p])
            elif program.argument[i, 1] == X:
                v = np.float64(x[p])
            else:
                constant[0] = program.constant[i, 1]
                v = np.float64(constant.view(np.float32)[0])
            ta, tb, tc = a[p] + da, b[p] + db, c[p] + dc
            if kind == k.FMA:
                out[p] = ta * v + u * tb + tc
            elif kind in (k.ADD, k.IADD):
                out[p] = ta + tb
            elif kind in (k.SUB, k.ISUB):
                out[p] = ta - tb
            elif kind == k.MUL:
                out[p] = ta * v + u * tb
            elif kind == k.DIV:
                out[p] = (ta - np.float64(floats[i, p]) * tb) / v
            elif kind == k.SQRT:
                out[p] = ta / (2.0 * np.float64(floats[i, p]))
            elif kind == k.NEG:
                out[p] = -ta
            elif kind == k.ABS:
                out[p] = ta if u >= 0 else -ta
            elif kind == k.COPYSIGN:
                out[p] = ta if (u >= 0) == (v >= 0) else -ta
            elif kind == k.MIN:
                out[p] = ta if u < v else tb
            elif kind == k.MAX:
                out[p] = ta if u > v else tb
            elif kind == k.BITS:
                out[p] = ta / u
            elif kind == k.FROM_BITS:
                out[p] = np.float64(floats[i, p]) * ta
            elif kind == k.SELECT:
                chosen = floats[i, p]
                out[p] = tb if chosen == v else tc
            elif kind == k.TABLE:
                out[p] = dc
            else:
                out[p] = 0.0


@compiled
def _solve(matrix: np.ndarray, right: np.ndarray, count: int) -> bool:
    """Cholesky in place with a little damping; the solution in `right`; False if it breaks down."""
    for j in range(count):
        matrix[j, j] *= 1.0 + 1e-11
        for i in range(j, count):
            total = matrix[i, j]
            for inner in range(j):
                total -= matrix[i, inner] * matrix[j, inner]
            if i == j:
                if not total > 0.0:
                    return False
                matrix[j, j] = np.sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    for j in range(count):
        for inner in range(j):
            right[j] -= matrix[j, inner] * right[inner]
        right[j] /= matrix[j, j]
    for j in range(count - 1, -1, -1):
        for inner in range(j + 1, count):
            right[j] -= matrix[inner, j] * right[inner]
        right[j] /= matrix[j, j]
    return True


@compiled
def fit(
    program: Program, x: np.ndarray, truth: np.ndarray, unit: np.ndarray, rounds: int, floats: np.ndarray,
    rows: np.ndarray,
) -> float:  # fmt: skip
    """Gauss-Newton on (y - truth)/unit for all constants that a fit may change; the largest error it ends with.

    A step that makes the largest error worse is halved, and given up after three halvings.  In the later rounds points
    weigh more the larger their error is.
    """
    places = np.empty(MOST, np.int64)
    count = slots(program, places)
    m, last = x.shape[0], program.n[0] - 1
    evaluate(program, 0, x, floats)
    best, _ = largest_error(floats[last], truth, unit)
    if count == 0 or best == np.inf:
        return best
    jacobian = np.empty((count, m))
    matrix, right = np.empty((count, count)), np.empty(count)
    before = np.empty(count, np.uint32)
    weight = np.ones(m)
    scratch = np.zeros(1, np.uint32)
    for turn in range(rounds):
        total = 0.0
        for p in range(m):
            rest = abs(np.float64(floats[last, p]) - truth[p]) / unit[p]
            if turn >= 2:
                weight[p] *= 0.5 + rest / best
            total += weight[p]
        for q in range(count):
            tangent(program, places[q], x, floats, rows)
            for p in range(m):
                jacobian[q, p] = rows[last, p] / unit[p]
        for q in range(count):
            size = 0.0
            for p in range(m):
                size += weight[p] * jacobian[q, p] * jacobian[q, p]
            if not size < np.inf:
                return best
            for r in range(q + 1):
                product = 0.0
                for p in range(m):
                    product += weight[p] * jacobian[q, p] * jacobian[r, p]
                matrix[q, r] = product
            matrix[q, q] += 1e-12 * total
            product = 0.0
            for p in range(m):
                product += weight[p] * jacobian[q, p] * (truth[p] - np.float64(floats[last, p])) / unit[p]
            right[q] = product
        if not _solve(matrix, right, count):
            return best
        for q in range(count):
            before[q] = program.constant[places[q] // 3, places[q] % 3]
        step, reached = 1.0, best
        for _ in range(4):
            for q in range(count):
                scratch[0] = before[q]
                value = np.float64(scratch.view(np.float32)[0]) + step * right[q]
                scratch.view(np.float32)[0] = np.float32(value)
                program.constant[places[q] // 3, places[q] % 3] = scratch[0]
            evaluate(program, 0, x, floats)
            reached, _ = largest_error(floats[last], truth, unit)
            if reached <= best or (turn >= 2 and reached < 1.02 * best):
                break
            step *= 0.5
        if not reached <= best:
            for q in range(count):
                program.constant[places[q] // 3, places[q] % 3] = before[q]
            evaluate(program, 0, x, floats)
            return best
        if reached > 0.999 * best and turn > 2:
            return reached
        best = reached
    return best


@compiled
def fit_tables(
    program: Program, x: np.ndarray, truth: np.ndarray, unit: np.ndarray, floats: np.ndarray, rows: np.ndarray,
) -> None:  # fmt: skip
    """Least squares for the entries of each table: a point reads one of them, so each is found by itself."""
    last = program.n[0] - 1
    evaluate(program, 0, x, floats)
    integers = floats.view(np.int32)
    for i in range(program.n[0]):
        index = program.argument[i, 0]
        if program.kind[i] != k.TABLE or index < 0:
            continue
        table = program.constant[i, 1]
        size = program.sizes[table]
        along, square = np.zeros(size), np.zeros(size)
        tangent(program, 3 * i + 2, x, floats, rows)
        for p in range(x.shape[0]):
            entry = min(max(int(integers[index, p]) - 1, 0), int(size) - 1)
            slope = rows[last, p] / unit[p]
            along[entry] += slope * (truth[p] - np.float64(floats[last, p])) / unit[p]
            square[entry] += slope * slope
        entries = program.tables[table].view(np.float32)
        for entry in range(size):
            step = along[entry] / square[entry]
            if abs(step) < np.inf:
                entries[entry] = np.float32(np.float64(entries[entry]) + step)
        evaluate(program, 0, x, floats)


@compiled
def _nudge(bits: np.uint32, state: np.ndarray) -> np.uint32:
    """A float a few floats away, most often the next one."""
    size = 1
    while size < 64 and uniform(state) < 0.45:
        size *= 2
    step = 1 + below(state, size)
    return np.uint32(np.int64(bits) + (step if uniform(state) < 0.5 else -step))


@compiled
def shake(
    program: Program, x: np.ndarray, truth: np.ndarray, unit: np.ndarray, tries: int, error: float, floats: np.ndarray,
    state: np.ndarray,
) -> float:  # fmt: skip
    """Random steps of one or two constants, or of table entries that the worst point reads; what is not worse stays.

    Returns the largest error it ends with.
    """
    places = np.empty(MOST, np.int64)
    count = slots(program, places)
    reads = np.empty(16, np.int64)
    tables = 0
    for i in range(program.n[0]):
        if program.kind[i] == k.TABLE and program.argument[i, 0] >= 0 and tables < 16:
            reads[tables] = i
            tables += 1
    if count + tables == 0:
        return error
    last = program.n[0] - 1
    evaluate(program, 0, x, floats)
    error, worst = largest_error(floats[last], truth, unit)
    changed, entries, old = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.uint32)
    for _ in range(tries):
        pieces = 1 + (uniform(state) < 0.5)
        first = program.n[0]
        for piece in range(pieces):
            one = below(state, count + tables)
            if one < count:
                i, j = places[one] // 3, places[one] % 3
                changed[piece], old[piece] = places[one], program.constant[i, j]
                program.constant[i, j] = _nudge(old[piece], state)
            else:
                i = reads[one - count]
                table = program.constant[i, 1]
                index = np.int64(floats.view(np.int32)[program.argument[i, 0], worst]) - 1
                entry = min(max(int(index), 0), int(program.sizes[table]) - 1)
                changed[piece], entries[piece], old[piece] = 3 * i, entry, program.tables[table, entry]
                if uniform(state) < 0.1:
                    entries[piece] = below(state, program.sizes[table])
                    old[piece] = program.tables[table, entries[piece]]
                if old[piece] & np.uint32(0x7FFFFFFF) != 0:
                    program.tables[table, entries[piece]] = _nudge(old[piece], state)
            first = min(first, i)
        evaluate(program, first, x, floats)
        reached, at = largest_error(floats[last], truth, unit)
        if reached <= error:
            error, worst = reached, at
            continue
        for piece in range(pieces - 1, -1, -1):
            i, j = changed[piece] // 3, changed[piece] % 3
            if program.kind[i] == k.TABLE:
                program.tables[program.constant[i, 1], entries[piece]] = old[piece]
            else:
                program.constant[i, j] = old[piece]
        evaluate(program, first, x, floats)
    return error
