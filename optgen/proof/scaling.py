"""A program in other units: vectors and multipliers times powers of two, so that a solver sees numbers near 1.

The factors are exact, so nothing is lost: a variable of the given program is its factor times that of the scaled one,
and a block is PSD in one exactly if it is in the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log2

import numpy as np

from optgen.proof.problem import Pair
from optgen.proof.program import CONSTANT, Block, Program, Row
from optgen.proof.rounding import rational

RIDGE = 1e-9  # decides units that the entries leave open


def scaled(given: Program) -> tuple[Program, tuple[Fraction, ...]]:
    """The program in other units, and the factor of each variable.

    The logarithms of all entries are made small in the mean square, by a unit for each vector of each block, for each
    variable and for each equation; constants keep their unit.
    """
    places: dict[tuple[str, int, str], int] = {}

    def place(kind: str, number: int, name: str = "") -> int:
        return places.setdefault((kind, number, name), len(places))

    entries: list[tuple[float, list[int]]] = []
    for column, variable in enumerate(given.variables):
        if variable.kind != "matrix":
            place("variable", column)
    for index, block in enumerate(given.blocks):
        for (a, b), row in block.entries.items():
            vectors = [] if block.matrix else [place("vector", index, a), place("vector", index, b)]
            for column, c in row.items():
                own = [places["variable", column, ""]] if ("variable", column, "") in places else []
                entries.append((log2(abs(float(rational(c)))), vectors + own))
    for index, row in enumerate((*given.zeros, *given.nonnegative)):
        for column, c in row.items():
            own = [places["variable", column, ""]] if ("variable", column, "") in places else []
            entries.append((log2(abs(float(rational(c)))), [place("row", index), *own]))
    sizes = least_squares(entries, len(places))
    units = [
        {name: unit_of(sizes, places, ("vector", index, name)) for name in block.basis}
        for index, block in enumerate(given.blocks)
    ]
    factors = tuple(unit_of(sizes, places, ("variable", column, "")) for column in range(len(given.variables)))
    return in_units(given, units, factors), factors


def unit_of(sizes: Sequence[float], places: Mapping[tuple[str, int, str], int], key: tuple[str, int, str]) -> Fraction:
    """A power of two; 1 for what has no unit of its own."""
    return Fraction(2) ** round(sizes[places[key]]) if key in places else Fraction(1)


def least_squares(entries: Sequence[tuple[float, list[int]]], count: int) -> list[float]:
    """The exponents e that minimise the sum of (logarithm + sum of e at its places)^2."""
    normal, right = np.zeros((count, count)), np.zeros(count)
    for logarithm, at in entries:
        for i in at:
            right[i] -= logarithm
            for j in at:
                normal[i, j] += 1
    normal[np.diag_indices(count)] += RIDGE
    return [float(e) for e in np.linalg.solve(normal, right)]


def power_of_two(number: float) -> Fraction:
    return Fraction(2) ** round(log2(number))


def in_units(given: Program, units: Sequence[Mapping[str, Fraction]], factors: Sequence[Fraction]) -> Program:
    blocks = []
    for block, unit in zip(given.blocks, units):
        entries: dict[Pair, Row] = {}
        for (a, b), row in block.entries.items():
            entries[a, b] = weighted(row, factors, unit[a] * unit[b])
        blocks.append(Block(block.name, block.basis, entries, block.statement))
    zeros = tuple(unit_row(weighted(row, factors, Fraction(1))) for row in given.zeros)
    nonnegative = tuple(unit_row(weighted(row, factors, Fraction(1))) for row in given.nonnegative)
    return Program(given.variables, tuple(blocks), zeros, nonnegative)


def weighted(row: Row, factors: Sequence[Fraction], unit: Fraction) -> Row:
    return {c: v * unit if c == CONSTANT else v * unit * factors[c] for c, v in row.items()}


def unit_row(row: Row) -> Row:
    """An equation times a power of two that makes its largest coefficient about 1."""
    size = max(abs(float(rational(v))) for v in row.values())
    return {c: v / power_of_two(size) for c, v in row.items()}
