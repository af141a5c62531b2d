"""A finite problem as a semidefinite program: numbers are asked for that make residuals sums of squares.

For each statement the residual is `claim + unknowns * terms - multipliers * conditions`.  Its products must form a PSD
matrix, its function values must vanish, its constant must be >= 0.  The coefficients are those of the problem: exact
numbers, or quotients with symbols.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from optgen.proof.interpolation import conditions
from optgen.proof.polynomial import Number
from optgen.proof.problem import ONE, Pair, Problem, Quadratic, Statement

CONSTANT = -1  # the column of what no variable multiplies
Row = dict[int, Number]  # column -> coefficient


@dataclass(frozen=True, slots=True)
class Variable:
    """One number that is asked for: an unknown of the problem, or a multiplier of a statement's condition."""

    label: str
    statement: str | None
    kind: Literal["unknown", "inequality", "equality", "matrix"]
    place: tuple[int, int] = (0, 0)  # of an entry of a matrix multiplier

    @property
    def nonnegative(self) -> bool:
        """Whether it can not be negative: a multiplier of an inequality, a diagonal entry of a PSD weight."""
        return self.kind == "inequality" or (self.kind == "matrix" and self.place[0] == self.place[1])


@dataclass(frozen=True, slots=True)
class Block:
    """A symmetric matrix that must be PSD: entries (upper triangle, by pairs of names) are affine in the variables."""

    name: str
    basis: tuple[str, ...]
    entries: Mapping[Pair, Row]
    statement: str = ""  # of a multiplier that is a matrix itself

    @property
    def matrix(self) -> bool:
        return bool(self.statement)

    def row(self, a: str, b: str) -> Row:
        return self.entries.get((a, b) if a <= b else (b, a), {})


@dataclass(frozen=True, slots=True)
class Program:
    """Variables, blocks that are PSD, rows that are 0 and rows that are >= 0 (affine: the column CONSTANT)."""

    variables: tuple[Variable, ...]
    blocks: tuple[Block, ...]
    zeros: tuple[Row, ...]
    nonnegative: tuple[Row, ...]


def program(problem: Problem) -> Program:
    """The semidefinite program of a problem."""
    variables: list[Variable] = [Variable(name, None, "unknown") for name in problem.unknowns()]
    places = {variable.label: index for index, variable in enumerate(variables)}
    blocks: list[Block] = []
    zeros: list[Row] = []
    nonnegative: list[Row] = []
    for statement in problem.statements:
        columns: list[tuple[int, Quadratic]] = [(CONSTANT, statement.claim)]
        columns += [(places[name], term) for name, term in statement.terms.items()]
        for variable, quadratic in multipliers(problem, statement):
            columns.append((len(variables), -quadratic))
            variables.append(variable)
        products, values = gathered(columns)
        blocks.append(Block(statement.name, tuple(sorted({n for pair in products for n in pair})), products))
        blocks += matrix_blocks(variables, statement.name)
        nonnegative += [row for name, row in values.items() if name == ONE]
        zeros += [row for name, row in values.items() if name != ONE]
    return Program(tuple(variables), tuple(blocks), tuple(zeros), tuple(nonnegative))


def multipliers(problem: Problem, statement: Statement) -> Iterator[tuple[Variable, Quadratic]]:
    """Every condition a statement may use, with the variable that multiplies it."""
    name = statement.name
    for label, quadratic in problem.assumptions.items():
        yield Variable(label, name, "inequality"), quadratic
    for label, quadratic in problem.equalities.items():
        yield Variable(label, name, "equality"), quadratic
    for oracle in problem.oracles:
        found = conditions(oracle, statement.points)
        for label, quadratic in found.inequalities.items():
            yield Variable(label, name, "inequality"), quadratic
        for label, quadratic in found.equalities.items():
            yield Variable(label, name, "equality"), quadratic
        for label, matrix in found.matrices.items():
            for i, row in enumerate(matrix):
                for j in range(i, len(row)):
                    yield Variable(label, name, "matrix", (i, j)), (1 if i == j else 2) * row[j]


def gathered(columns: Sequence[tuple[int, Quadratic]]) -> tuple[dict[Pair, Row], dict[str, Row]]:
    """Rows of matrix entries (half of a product off the diagonal) and of function values."""
    products: dict[Pair, Row] = {}
    values: dict[str, Row] = {}
    for column, quadratic in columns:
        for (a, b), c in quadratic.products.items():
            products.setdefault((a, b), {})[column] = c if a == b else c / 2
        for name, c in quadratic.values.items():
            values.setdefault(name, {})[column] = c
    return products, values


def matrix_blocks(variables: Sequence[Variable], statement: str) -> Iterator[Block]:
    """The matrix multipliers of a statement, which must be PSD themselves."""
    entries: dict[str, dict[Pair, Row]] = {}
    for column, variable in enumerate(variables):
        if variable.kind == "matrix" and variable.statement == statement:
            i, j = (place_name(place) for place in variable.place)
            entries.setdefault(variable.label, {})[(i, j)] = {column: Fraction(1)}
    for label, rows in entries.items():
        yield Block(f"{statement}: {label}", tuple(sorted({n for pair in rows for n in pair})), rows, statement)


def place_name(place: int) -> str:
    return f"{place:04d}"


def reduced(given: Program) -> Program:
    """Without the directions in which no residual has an interior.

    A basis vector whose diagonal entry can not be positive has a zero row in every PSD matrix: the row becomes linear
    equalities, the multipliers that could only make the entry negative are 0, and the vector leaves the block.
    """
    blocks, zeros = list(given.blocks), list(given.zeros)
    gone: set[int] = set()  # columns of multipliers that must be 0
    changed = True
    while changed:
        changed = False
        for index, block in enumerate(blocks):
            for name in block.basis:
                row = {c: v for c, v in block.row(name, name).items() if c not in gone}
                if not never_positive(row, given.variables):
                    continue
                gone |= set(row)
                rows = [block.row(name, other) for other in block.basis if other != name]
                zeros += [{c: v for c, v in other.items() if c not in gone} for other in rows]
                rest = tuple(other for other in block.basis if other != name)
                entries = {pair: r for pair, r in block.entries.items() if name not in pair}
                block = blocks[index] = replace(block, basis=rest, entries=entries)
                changed = True
    zeros += [{c: Fraction(1)} for c in sorted(gone)]
    return replace(given, blocks=tuple(b for b in blocks if b.basis), zeros=tuple(row for row in zeros if row))


def never_positive(row: Row, variables: Sequence[Variable]) -> bool:
    """Whether a diagonal entry is a sum of multipliers with negative numbers, without a constant."""
    return all(c != CONSTANT and variables[c].nonnegative and isinstance(v, Fraction) and v < 0 for c, v in row.items())


def at_assignment(row: Row, values: Sequence[Number]) -> Number:
    """An affine row with numbers for the variables."""
    total: Number = Fraction(0)
    for column, c in row.items():
        total = total + (c if column == CONSTANT else c * values[column])
    return total
