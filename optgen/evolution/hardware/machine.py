"""Straight-line float32 programs as arrays, evaluated in machine code with the bits of `ir.straight`.

    kind[i]           the operation, a row of KINDS
    argument[i, j]    X, CONSTANT, or k >= 0 for the value of operation k < i
    constant[i, j]    the bits of a constant operand (of a table's second operand: the table's number)
    tables[t]         the bits of up to ENTRIES entries; sizes[t] how many there are

The value of the last operation is the program's.  Floats, integers and conditions lie in rows of 32 bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic

from optgen.evolution.hardware import kinds as k
from optgen.evolution.machine import CONSTANT, X, compiler

LIMIT = 56  # operations of a program
TABLES, ENTRIES = 10, 32
FILES = ("kinds", "machine", "fit", "moves", "normal", "island")  # those with compiled functions
compiled = compiler([f"hardware/{name}" for name in FILES] + ["moves", "island"], fastmath=False)
TAKES, GIVES = k.TAKES, k.GIVES


class Program(NamedTuple):
    """The arrays of one program; `n` is the number of operations, in one cell."""

    kind: np.ndarray
    argument: np.ndarray
    constant: np.ndarray
    tables: np.ndarray
    sizes: np.ndarray
    n: np.ndarray


def empty() -> Program:
    """Room for a program."""
    return Program(
        np.zeros(LIMIT, np.int8),
        np.full((LIMIT, 3), CONSTANT, np.int8),
        np.zeros((LIMIT, 3), np.uint32),
        np.zeros((TABLES, ENTRIES), np.uint32),
        np.zeros(TABLES, np.int8),
        np.zeros(1, np.int64),
    )


@intrinsic  # type: ignore[untyped-decorator]
def fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c of float32, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@compiled
def copy(source: Program, into: Program) -> None:
    n = source.n[0]
    into.n[0] = n
    for i in range(n):
        into.kind[i] = source.kind[i]
        for j in range(3):
            into.argument[i, j], into.constant[i, j] = source.argument[i, j], source.constant[i, j]
    for t in range(TABLES):
        into.sizes[t] = source.sizes[t]
        for e in range(source.sizes[t]):
            into.tables[t, e] = source.tables[t, e]


@compiled
def _float_operation(kind: int, out: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    """Operations of floats only."""
    m = out.shape[0]
    if kind == k.FMA:
        for p in range(m):
            out[p] = fused(a[p], b[p], c[p])
    elif kind == k.ADD:
        for p in range(m):
            out[p] = a[p] + b[p]
    elif kind == k.SUB:
        for p in range(m):
            out[p] = a[p] - b[p]
    elif kind == k.MUL:
        for p in range(m):
            out[p] = a[p] * b[p]
    elif kind == k.DIV:
        for p in range(m):
            out[p] = a[p] / b[p]
    elif kind == k.SQRT:
        for p in range(m):
            out[p] = np.sqrt(a[p])
    elif kind == k.NEG:
        for p in range(m):
            out[p] = -a[p]
    elif kind == k.ABS:
        for p in range(m):
            out[p] = abs(a[p])
    elif kind == k.COPYSIGN:
        for p in range(m):
            out[p] = np.copysign(a[p], b[p])
    elif kind == k.MIN:
        for p in range(m):
            out[p] = a[p] if a[p] < b[p] else b[p]
    elif kind == k.MAX:
        for p in range(m):
            out[p] = a[p] if a[p] > b[p] else b[p]
    else:
        for p in range(m):
            out[p] = np.rint(a[p])


@compiled
def _integer_operation(kind: int, out: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """Operations of integers only; numba widens to 64 bits, the store cuts to 32."""
    m = out.shape[0]
    if kind == k.IADD:
        for p in range(m):
            out[p] = a[p] + b[p]
    elif kind == k.ISUB:
        for p in range(m):
            out[p] = a[p] - b[p]
    elif kind == k.AND:
        for p in range(m):
            out[p] = a[p] & b[p]
    elif kind == k.OR:
        for p in range(m):
            out[p] = a[p] | b[p]
    elif kind == k.XOR:
        for p in range(m):
            out[p] = a[p] ^ b[p]
    elif kind == k.SHIFT_LEFT:
        for p in range(m):
            out[p] = a[p] << (b[p] & 31)
    elif kind == k.SHIFT_RIGHT:
        for p in range(m):
            out[p] = a[p] >> (b[p] & 31)
    elif kind == k.SHIFT_ZERO:
        for p in range(m):
            out[p] = (np.int64(a[p]) & 0xFFFFFFFF) >> (b[p] & 31)
    elif kind == k.IMIN:
        for p in range(m):
            out[p] = a[p] if a[p] < b[p] else b[p]
    else:
        for p in range(m):
            out[p] = a[p] if a[p] > b[p] else b[p]


@compiled
def _mixed(program: Program, i: int, floats: np.ndarray, integers: np.ndarray, a: int, b: int, c: int) -> None:
    """Operations with operands of several types; a, b, c are rows of values."""
    kind, m = program.kind[i], floats.shape[1]
    if kind in (k.SELECT, k.ISELECT):
        for p in range(m):
            integers[i, p] = integers[b, p] if integers[a, p] != 0 else integers[c, p]
    elif kind in (k.BITS, k.FROM_BITS):
        for p in range(m):
            integers[i, p] = integers[a, p]
    elif kind == k.TO_FLOAT:
        for p in range(m):
            floats[i, p] = np.float32(integers[a, p])
    elif kind == k.TO_INTEGER:
        for p in range(m):
            value = floats[a, p]
            if value >= np.float32(2147483648.0):
                integers[i, p] = 2147483647
            elif value < np.float32(-2147483648.0):
                integers[i, p] = -2147483648
            else:
                integers[i, p] = np.int32(value) if value == value else 0
    elif kind == k.TABLE:
        entries = program.tables[program.constant[i, 1]].view(np.int32)
        last = program.sizes[program.constant[i, 1]] - 1
        for p in range(m):
            integers[i, p] = entries[min(max(np.int64(integers[a, p]) - 1, 0), last)]
    elif kind == k.LESS:
        for p in range(m):
            integers[i, p] = floats[a, p] < floats[b, p]
    elif kind == k.LESS_EQUAL:
        for p in range(m):
            integers[i, p] = floats[a, p] <= floats[b, p]
    else:
        for p in range(m):
            integers[i, p] = integers[a, p] < integers[b, p]


@compiled
def evaluate(program: Program, first: int, x: np.ndarray, floats: np.ndarray) -> None:
    """Row i of `floats` becomes operation i at all points, from operation `first` on (those before are there already).

    The last four rows are scratch: x, and an operand that is a constant in each place.
    """
    integers = floats.view(np.int32)
    rows = floats.shape[0]
    source, m = rows - 4, x.shape[0]
    for p in range(m):
        floats[source, p] = x[p]
    for i in range(first, program.n[0]):
        kind = program.kind[i]
        at = (rows - 3, rows - 2, rows - 1)
        a, b, c = at
        for j in range(3):
            if TAKES[kind, j] == 0:
                break
            argument = program.argument[i, j]
            if argument == CONSTANT:
                bits = np.int32(program.constant[i, j])
                for p in range(m):
                    integers[at[j], p] = bits
            row = at[j] if argument == CONSTANT else source if argument == X else np.int64(argument)
            if j == 0:
                a = row
            elif j == 1:
                b = row
            else:
                c = row
        if kind <= k.ROUND:
            _float_operation(kind, floats[i], floats[a], floats[b], floats[c])
        elif k.IADD <= kind <= k.IMAX:
            _integer_operation(kind, integers[i], integers[a], integers[b])
        else:
            _mixed(program, i, floats, integers, a, b, c)


def workspace(points: int) -> np.ndarray:
    """Rows for `evaluate`."""
    return np.zeros((LIMIT + 4, points), np.float32)


@compiled
def largest_error(y: np.ndarray, truth: np.ndarray, unit: np.ndarray) -> tuple[float, int]:
    """The largest |y - truth|/unit and where it is; infinite if some y is NaN."""
    worst, at = -1.0, 0
    for p in range(y.shape[0]):
        error = abs(np.float64(y[p]) - truth[p]) / unit[p]
        if not error <= worst:
            if error != error:
                return np.inf, p
            worst, at = error, p
    return worst, at
