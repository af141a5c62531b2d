"""Cells: an interval is cut into at most 32 cells, each with its own polynomial, whose coefficients are in registers.

In a cell with centre c the value is a + (r*b + (a2 + r*(b2 + r*(c2 + ...)))) with r = x - c, a float: the large parts
a and r*b are added last, so that nearly the only error is that of the last sum. Round a zero of the function a and a2
are 0, and the value is r*b and a correction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, Model, chebyshev_points, exactly, least_squares, round_jointly, to_float32
from optgen.functions.target import ball
from optgen.ir.straight_builder import Builder, Value


@dataclass(frozen=True, slots=True)
class Cell:
    """Where r runs, and what is wanted there of r; `zero`: the value at r = 0 is 0; `slope`: where it is known."""

    low: Fraction
    high: Fraction
    wanted: Callable[[Fraction], Ball]
    zero: bool = False
    slope: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """Coefficients (a, a2, b, b2, c2, c3, ...) of a cell, and the largest error relative to the value."""

    coefficients: tuple[Fraction, ...]
    error: float


def fit(cell: Cell, degree: int, split: bool = False) -> Fitted:
    """The cell's coefficients, jointly rounded; with `split` the linear one has a second part."""
    points = [p for p in chebyshev_points(cell.low, cell.high, 6 * degree + 16) if not (cell.zero and p == 0)]
    values = [cell.wanted(p) for p in points]
    rows = tuple(tuple(ball(p) ** k for k in range(degree + 1)) for p in points)
    model = Model(rows, tuple(values), tuple(1 / value for value in values))
    constant = [] if cell.zero else [(0, to_float32), (0, to_float32)]
    linear = [to_float32 if cell.slope is None else exactly(cell.slope)]
    linear.append(to_float32 if split and cell.slope is None else exactly(0))
    parts = [*constant, *((1, rounding) for rounding in linear), *((k, to_float32) for k in range(2, degree + 1))]
    coefficients, error = round_jointly(model, parts, least_squares)
    return Fitted(((Fraction(0),) * (2 if cell.zero else 0)) + tuple(coefficients), error)


@dataclass(frozen=True, slots=True)
class Sum:
    """The value of a cell in two parts, to be added."""

    large: Value
    small: Value


def evaluate(
    b: Builder, fitted: Sequence[Fitted], index: Value, r: Value, split: bool, second: Value | None = None
) -> Sum:
    """The two parts at r (and its `second` part, if it has one) in the cell of this index (from 1).

    Without `split` the second part of the linear coefficient is left out.
    """
    columns = list(zip(*(cell.coefficients for cell in fitted), strict=True))

    def table(name: str, place: int) -> Value:
        return b.table(name, "f32", padded([float(c) for c in columns[place]]), index)

    value = table(f"c{len(columns) - 3}", len(columns) - 1)
    for place in range(len(columns) - 2, 3, -1):
        value = b.fma(value, r, table(f"c{place - 2}", place))
    value = b.fma(value, r, table("b2", 3)) if split else value * r
    value = b.fma(value, r, table("a2", 1))
    if second is not None:
        value = b.fma(second, table("b", 2), value)
    return Sum(table("a", 0), b.fma(r, table("b", 2), value))


def padded(entries: Sequence[float]) -> list[float]:
    """A table of 16 or 32 entries, so that a mask keeps the index inside."""
    size = 16 if len(entries) <= 16 else 32
    return [*entries, *([0.0] * (size - len(entries)))]
