"""The operations of a search in float32: what each takes and gives, which of the processor's units it keeps busy.

A kind is an operation of `ir.straight_operations` at operands of given types.  Its *unit* says where a vector of it
runs on processors with two multiplying and two adding pipes; costs are made of that (`normal.cost`), never of a clock,
so that a search is the same whenever and wherever it runs.  Times (`functions.speed`) decide what is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLOAT, INTEGER, CONDITION = 1, 2, 3
MULTIPLY, ADDING, ANY, SHIFTING, FREE, DIVIDING, ROOT, PERMUTING, LOOKING_UP, GATHERING = range(10)
_CODES = {"f": FLOAT, "i": INTEGER, "b": CONDITION}
_TYPES = {"f": "f32", "i": "i32", "b": "bool"}


@dataclass(frozen=True, slots=True)
class Kind:
    """`takes` and `gives` are letters: f for f32, i for i32, b for bool."""

    operation: str
    takes: str
    gives: str
    unit: int


KINDS = (
    Kind("add", "ff", "f", ADDING),
    Kind("sub", "ff", "f", ADDING),
    Kind("mul", "ff", "f", MULTIPLY),
    Kind("fma", "fff", "f", MULTIPLY),
    Kind("div", "ff", "f", DIVIDING),
    Kind("sqrt", "f", "f", ROOT),
    Kind("neg", "f", "f", ANY),
    Kind("abs", "f", "f", ANY),
    Kind("copysign", "ff", "f", ANY),
    Kind("min", "ff", "f", MULTIPLY),
    Kind("max", "ff", "f", MULTIPLY),
    Kind("round_even", "f", "f", ADDING),
    Kind("select", "bff", "f", ANY),
    Kind("from_bits", "i", "f", FREE),
    Kind("f32", "i", "f", ADDING),
    Kind("table", "if", "f", LOOKING_UP),
    Kind("bits", "f", "i", FREE),
    Kind("add", "ii", "i", ANY),
    Kind("sub", "ii", "i", ANY),
    Kind("and", "ii", "i", ANY),
    Kind("or", "ii", "i", ANY),
    Kind("xor", "ii", "i", ANY),
    Kind("shift_left", "ii", "i", SHIFTING),
    Kind("shift_right", "ii", "i", SHIFTING),
    Kind("shift_right_zero", "ii", "i", SHIFTING),
    Kind("min", "ii", "i", ANY),
    Kind("max", "ii", "i", ANY),
    Kind("select", "bii", "i", ANY),
    Kind("i32", "f", "i", ADDING),
    Kind("lt", "ff", "b", MULTIPLY),
    Kind("le", "ff", "b", MULTIPLY),
    Kind("lt", "ii", "b", MULTIPLY),
)  # fmt: skip
(
    ADD, SUB, MUL, FMA, DIV, SQRT, NEG, ABS, COPYSIGN, MIN, MAX, ROUND, SELECT, FROM_BITS, TO_FLOAT, TABLE, BITS, IADD,
    ISUB, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, SHIFT_ZERO, IMIN, IMAX, ISELECT, TO_INTEGER, LESS, LESS_EQUAL, ILESS,
) = range(len(KINDS))  # fmt: skip
assert len(KINDS) == ILESS + 1


def _taken() -> np.ndarray:
    made = np.zeros((len(KINDS), 3), np.int64)
    for number, kind in enumerate(KINDS):
        for place, letter in enumerate(kind.takes):
            made[number, place] = _CODES[letter]
    return made


#: the types of the operands (0: none), of the results, the units; a table's second operand is the table's number
TAKES = _taken()
GIVES = np.array([_CODES[kind.gives] for kind in KINDS])
UNITS = np.array([kind.unit for kind in KINDS])
NUMBERS = {(kind.operation, tuple(_TYPES[letter] for letter in kind.takes)): n for n, kind in enumerate(KINDS)}
NUMBERS["table", ("i32",)] = TABLE

#: what an operation of each unit costs, last a table whose index may leave it: tenths of what one of MULTIPLY takes in
#: a loop over 16 lanes, by least squares over the measured loops of 80 random programs (`scripts/weights`)
WEIGHTS = np.array([10, 4, 1, 5, 0, 21, 30, 11, 18, 300])
