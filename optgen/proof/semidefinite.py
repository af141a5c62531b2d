"""Claims with numbers: multipliers by an interior-point solver, then rounded until the exact check passes.

`solve` only suggests numbers.  Nothing that it says is believed: a problem counts as proved when `rounding` finds exact
values that satisfy every condition, and `check` verifies them again from the certificate alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np

from optgen.proof.certificate import Certificate, certificate
from optgen.proof.interpolation import joined
from optgen.proof.problem import Problem
from optgen.proof.program import CONSTANT, Block, Program, Row, program, reduced
from optgen.proof.rounding import rational, rounded
from optgen.proof.scaling import scaled

TIGHT = 1e-5  # multipliers and eigenvalues below this count as 0 where there is no interior
CAPS = (1e4, 1e7)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Numbers of a solver: the variables and the smallest eigenvalue they leave."""

    numbers: tuple[float, ...]
    margin: float


def prove(problem: Problem, seconds: float = 20.0) -> Certificate | None:
    """A certificate of a problem whose parameters are numbers; None if none was found."""
    problem = joined(problem)
    given = program(problem)
    small, factors = scaled(reduced(given))
    for cap in CAPS:
        found = solve(small, cap, seconds)
        if found is None:
            continue
        values = rounded(small, found.numbers) if found.margin > 0 else None
        if values is None and found.margin > -TIGHT:
            values = on_the_boundary(small, found, cap, seconds)
        if values is not None:
            return certificate(problem, given, [v * f for v, f in zip(values, factors)])
    return None


def on_the_boundary(small: Program, found: Suggestion, cap: float, seconds: float) -> list[Fraction] | None:
    """A tight claim: its residual has a null space and most multipliers are 0.

    The multipliers below TIGHT are dropped, the numbers sought again, and the null vectors, read as simple rationals,
    become equalities; on what is left the residual is positive definite and may be rounded.
    """
    zero = frozenset(i for i, n in enumerate(found.numbers) if small.variables[i].nonnegative and n < TIGHT)
    for dropped in (zero, frozenset[int]()):
        again = solve(small, cap, seconds, dropped)
        if again is None or again.margin < -TIGHT:
            continue
        faces = [face(block, again.numbers) for block in small.blocks]
        rows = [row for _, rows in faces for row in rows]
        on_face = Program(
            small.variables, tuple(b for b, _ in faces if b.basis), (*small.zeros, *rows), small.nonnegative
        )
        final = solve(on_face, cap, seconds, dropped) or again
        for numbers in (final.numbers, again.numbers):
            values = rounded(on_face, numbers, dropped)
            if values is not None:
                return values
    return None


def face(block: Block, numbers: Sequence[float]) -> tuple[Block, list[Row]]:
    """The block without its null space at these numbers, and the equations `residual * null vector = 0`.

    In echelon form a null vector is 1 at one basis vector and 0 at those of the other null vectors, so these basis
    vectors are what leaves the block.
    """
    size = len(block.basis)
    matrix = np.array([[float_at(block.row(a, b), numbers) for b in block.basis] for a in block.basis])
    values, vectors = np.linalg.eigh(matrix)
    null = vectors[:, values < TIGHT * max(1.0, float(np.abs(values).max()))]
    if null.shape[1] == 0:
        return block, []
    echelon, pivots = row_echelon(null.T)
    rows: list[Row] = []
    for vector in echelon:
        exact = [Fraction(float(v)).limit_denominator(10000) for v in vector]
        for a in block.basis:
            row: Row = {}
            for factor, b in zip(exact, block.basis):
                for column, c in block.row(a, b).items() if factor else ():
                    row[column] = row.get(column, Fraction(0)) + factor * c
            rows.append({c: v for c, v in row.items() if v != 0})
    kept = tuple(name for place, name in enumerate(block.basis) if place not in pivots)
    entries = {pair: row for pair, row in block.entries.items() if pair[0] in kept and pair[1] in kept}
    return Block(block.name, kept, entries, block.statement), [row for row in rows if row] if size else []


def row_echelon(matrix: Any) -> tuple[Any, list[int]]:
    """Reduced row echelon form with the largest pivots, and the pivot columns."""
    rows, pivots = matrix.copy(), []
    for place in range(rows.shape[0]):
        rest = np.abs(rows[place:])
        line, column = np.unravel_index(int(rest.argmax()), rest.shape)
        rows[[place, place + int(line)]] = rows[[place + int(line), place]]
        rows[place] /= rows[place, column]
        for other in range(rows.shape[0]):
            if other != place:
                rows[other] -= rows[other, column] * rows[place]
        pivots.append(int(column))
    return rows, pivots


def float_at(row: Row, numbers: Sequence[float]) -> float:
    return sum(float(rational(c)) * (1.0 if column == CONSTANT else numbers[column]) for column, c in row.items())


def solve(
    given: Program,
    cap: float,
    seconds: float,
    zero: frozenset[int] = frozenset(),
    least: Mapping[int, float] | None = None,
) -> Suggestion | None:
    """Numbers that maximise the smallest eigenvalue t <= 1 of every block, with all variables below `cap`.

    least: weights of variables whose sum is minimised instead, for blocks that are just PSD.
    """
    import clarabel
    from scipy.sparse import csc_matrix

    count = len(given.variables)
    rows = Rows(count + 1)
    for row in given.zeros:
        rows.affine(row)
    for column in sorted(zero) + [count] * (least is not None):
        rows.entry({column: 1.0}, 0.0)
    equalities = rows.height
    for row in given.nonnegative:
        rows.affine(row)
    for index, variable in enumerate(given.variables):
        if variable.nonnegative:
            rows.entry({index: 1.0}, 0.0)
        elif variable.kind != "equality":
            rows.entry({index: 1.0}, cap)
            rows.entry({index: -1.0}, cap)
    bounded = [i for i, variable in enumerate(given.variables) if variable.nonnegative]
    rows.entry(dict.fromkeys(bounded, -1.0), cap)
    rows.entry({count: -1.0}, 1.0)
    cones: list[Any] = [clarabel.ZeroConeT(equalities), clarabel.NonnegativeConeT(rows.height - equalities)]
    for block in given.blocks:
        rows.triangle(block, count)
        cones.append(clarabel.PSDTriangleConeT(len(block.basis)))
    target = np.zeros(count + 1)
    for column, weight in ({count: -1.0} if least is None else least).items():
        target[column] = weight
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.time_limit = seconds
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    nothing = csc_matrix((count + 1, count + 1))
    matrix = csc_matrix((rows.data, (rows.lines, rows.columns)), shape=(rows.height, count + 1))
    solution = clarabel.DefaultSolver(nothing, target, matrix, np.array(rows.constants), cones, settings).solve()
    numbers = [float(n) for n in solution.x]
    if not all(np.isfinite(numbers)) or (least is not None and "Solved" not in str(solution.status)):
        return None
    return Suggestion(tuple(numbers[:-1]), numbers[-1])


def multipliers_of(given: Program) -> dict[int, float]:
    """Weight 1 for all that can not be negative: what `least` takes for few and small multipliers."""
    return {index: 1.0 for index, variable in enumerate(given.variables) if variable.nonnegative}


class Rows:
    """Clarabel's A x + s = b, gathered line by line: a line says `row * x + constant` lies in the cone."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.height = 0
        self.lines: list[int] = []
        self.columns: list[int] = []
        self.data: list[float] = []
        self.constants: list[float] = []

    def entry(self, row: dict[int, float], constant: float) -> None:
        for column, number in row.items():
            self.lines.append(self.height)
            self.columns.append(column)
            self.data.append(-number)
        self.constants.append(constant)
        self.height += 1

    def affine(self, row: Row, scale: float = 1.0, margin: int | None = None) -> None:
        """An exact row; `margin` is the column of t, which is subtracted."""
        numbers = {c: scale * float(rational(v)) for c, v in row.items() if c != CONSTANT}
        if margin is not None:
            numbers[margin] = -1.0
        self.entry(numbers, scale * float(rational(row.get(CONSTANT, Fraction(0)))))

    def triangle(self, block: Block, margin: int) -> None:
        """The upper triangle column by column, entries off the diagonal times sqrt 2."""
        for j, b in enumerate(block.basis):
            for a in block.basis[: j + 1]:
                self.affine(block.row(a, b), 1.0 if a == b else sqrt(2), margin if a == b else None)


def bisect(
    make: Callable[[Fraction], Problem],
    proved: Fraction,
    refuted: Fraction,
    steps: int = 20,
    near: float = 0.0,
) -> tuple[Fraction, Certificate] | None:
    """The value nearest to `refuted` for which an exact certificate was found, between the two ends.

    The end moves only when a rounded certificate passes the exact test, never on the status of a solver.  It is enough
    when the gap is `near` times how far the refuted value is from 1.
    """
    best = prove(make(proved))
    if best is None:
        return None
    for _ in range(steps):
        if abs(proved - refuted) <= near * abs(1 - refuted):
            break
        middle = (proved + refuted) / 2
        found = prove(make(middle))
        if found is None:
            refuted = middle
        else:
            proved, best = middle, found
    return proved, best
