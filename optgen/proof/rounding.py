"""From a solver's floating-point numbers to exact ones: round, repair the equalities, test PSD over the rationals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from optgen.proof.polynomial import Number
from optgen.proof.program import CONSTANT, Block, Program, Row, at_assignment

BITS = (12, 20, 30, 40)


def rounded(program: Program, numbers: Sequence[float], zero: frozenset[int] = frozenset()) -> list[Fraction] | None:
    """Exact values near `numbers` that satisfy the program; None if no rounding does.  Variables in `zero` are 0."""
    rows = [{c: v for c, v in row.items() if c not in zero} for row in program.zeros]
    solution = solved(rows, pivot_order(program, numbers, zero))
    if solution is None:
        return None
    for bits in BITS:
        free = [coarse(program, index, number, bits, zero) for index, number in enumerate(numbers)]
        values = completed(solution, free)
        if holds(program, values):
            return values
    return None


def pivot_order(program: Program, numbers: Sequence[float], zero: frozenset[int]) -> list[int]:
    """Variables in the order in which an equality may determine them: free ones first, then by distance from 0."""
    columns = [c for c in range(len(numbers)) if c not in zero]
    signs = [program.variables[c].nonnegative for c in columns]
    return [c for _, _, c in sorted((sign, -abs(numbers[c]), c) for sign, c in zip(signs, columns))]


def coarse(program: Program, index: int, number: float, bits: int, zero: frozenset[int]) -> Fraction:
    """A multiple of 2^-bits; a multiplier that must not be negative is clipped."""
    if index in zero:
        return Fraction(0)
    value = Fraction(round(number * 2**bits), 2**bits)
    return max(value, Fraction(0)) if program.variables[index].nonnegative else value


def solved(rows: Sequence[Row], order: Sequence[int]) -> dict[int, Row] | None:
    """Reduced echelon form of affine equations: pivot -> the affine row it equals.  None if they contradict."""
    rank = {column: place for place, column in enumerate(order)}
    pivots: dict[int, Row] = {}
    for given in rows:
        row = substituted(given, pivots)
        columns = [c for c in row if c != CONSTANT]
        if not columns:
            if row:
                return None
            continue
        pivot = min(columns, key=lambda c: rank[c])
        scale = row[pivot]
        new: Row = {c: -v / scale for c, v in row.items() if c != pivot}
        pivots = {p: substituted(r, {pivot: new}) for p, r in pivots.items()}
        pivots[pivot] = new
    return pivots


def substituted(row: Row, pivots: dict[int, Row]) -> Row:
    """A row with pivots replaced by what they equal."""
    total: Row = {c: v for c, v in row.items() if c not in pivots}
    for column in row.keys() & pivots.keys():
        factor = row[column]
        for c, v in pivots[column].items():
            total[c] = total[c] + factor * v if c in total else factor * v
    return {c: v for c, v in total.items() if v != 0}


def completed(solution: dict[int, Row], free: Sequence[Fraction]) -> list[Fraction]:
    """Values of all variables: pivots follow from the others."""
    values = list(free)
    for pivot, row in solution.items():
        values[pivot] = rational(at_assignment(row, free))
    return values


def rational(number: Number) -> Fraction:
    if not isinstance(number, Fraction):
        raise TypeError("a symbol where a number is needed")
    return number


def holds(program: Program, values: Sequence[Fraction]) -> bool:
    """Whether exact values satisfy the program: signs, equalities, PSD."""
    if any(values[i] < 0 for i, variable in enumerate(program.variables) if variable.nonnegative):
        return False
    if any(at_assignment(row, values) != 0 for row in program.zeros):
        return False
    if any(rational(at_assignment(row, values)) < 0 for row in program.nonnegative):
        return False
    return all(psd(block_matrix(block, values)) for block in program.blocks)


def block_matrix(block: Block, values: Sequence[Fraction]) -> list[list[Fraction]]:
    size = len(block.basis)
    matrix = [[Fraction(0)] * size for _ in range(size)]
    for i, a in enumerate(block.basis):
        for j in range(i, size):
            matrix[i][j] = matrix[j][i] = rational(at_assignment(block.row(a, block.basis[j]), values))
    return matrix


def psd(matrix: list[list[Fraction]]) -> bool:
    """Whether a symmetric matrix is positive semidefinite: elimination with symmetric pivoting."""
    return eliminated(matrix, lambda pivot: pivot > 0) is not None


def eliminated(
    matrix: Sequence[Sequence[Fraction]], positive: Callable[[Fraction], bool]
) -> list[tuple[Fraction, list[Fraction]]] | None:
    """A = sum of d * l l^T with every d positive, as pairs (d, l); None if A is not PSD."""
    rest = [list(row) for row in matrix]
    left = list(range(len(rest)))
    squares: list[tuple[Fraction, list[Fraction]]] = []
    while left:
        pivot = next((i for i in left if rest[i][i] != 0), None)
        if pivot is None:
            return squares if all(rest[i][j] == 0 for i in left for j in left) else None
        d = rest[pivot][pivot]
        if not positive(d):
            return None
        line = [rest[pivot][j] / d if j in left else Fraction(0) for j in range(len(rest))]
        squares.append((d, line))
        left.remove(pivot)
        for i in left:
            if line[i] == 0:
                continue
            for j in left:
                if line[j] != 0:
                    rest[i][j] -= d * line[i] * line[j]
    return squares
