"""Odd functions in float64 that rise from 0 to a limit: a polynomial near 0, cells up to the limit.

Near 0 f(x) = c*x + x*(c2 + x^2 P(x^2)), c + c2 the slope in two doubles and the product with c exact within one fma.
A cell is read off the bits of |x|: its exponent and the first fraction bits; in a cell with centre m the value is
a + (a2 + r*q(r)) with r = |x| - m, exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from optgen.functions.fit import Model, chebyshev_points, least_squares, round_jointly, to_float64
from optgen.functions.schemes.saturating import recognise
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_builder import Builder, Value

NEAR = 0.5  # where the cells begin
CELL_BITS = 3  # cells in a binade: 2^3
TOLERANCE = 2.0**-60
LIMIT = 2.0**-56


@dataclass(frozen=True, slots=True)
class Cell:
    """From low to high, with the coefficients a, a2, q."""

    low: Fraction
    high: Fraction
    coefficients: tuple[float, ...]

    @property
    def centre(self) -> Fraction:
        return (self.low + self.high) / 2


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The program, if the target is such a function."""
    if recognise(target) is not None:
        yield program(name, target)


def near_terms(target: Target) -> list[float]:
    """c, c2 and P's coefficients, jointly rounded, of the least degree that is good enough."""
    points = [x for x in chebyshev_points(Fraction(0), Fraction(NEAR) * Fraction(1001, 1000), 160) if x != 0]
    values = [target.at(x) for x in points]
    degree, error = 5, 1.0
    while error > TOLERANCE:
        model = Model(
            tuple(tuple(ball(x) ** (2 * k + 1) for k in range(degree + 1)) for x in points),
            tuple(values),
            tuple(1 / value for value in values),
        )
        parts = [(0, to_float64), (0, to_float64), *((k, to_float64) for k in range(1, degree + 1))]
        made, error = round_jointly(model, parts, least_squares)
        degree += 1
    return [float(c) for c in made]


def end_of(target: Target) -> Fraction:
    """The end of a cell from which on the value is the limit to well below half an ulp."""
    limit, end = target.at(10**4), Fraction(NEAR)
    while abs(float(target.at(end) / limit) - 1) > 1e-12 or abs(float((target.at(end) - limit) / limit)) > LIMIT:
        end = next_end(end)
    return end


def next_end(low: Fraction) -> Fraction:
    """The end of the cell that begins there."""
    exponent = low.numerator.bit_length() - low.denominator.bit_length()
    exponent -= low < Fraction(2) ** exponent
    return low + Fraction(2) ** (exponent - CELL_BITS)


def cells(target: Target) -> list[Cell]:
    """All cells, of one degree: the least that is good enough in each."""
    ends, end = [Fraction(NEAR)], end_of(target)
    while ends[-1] < end:
        ends.append(next_end(ends[-1]))
    degree = 6
    while True:
        made = [fitted(target, low, high, degree) for low, high in pairwise(ends)]
        if max(error for _, error in made) < TOLERANCE:
            return [cell for cell, _ in made]
        degree += 1


def fitted(target: Target, low: Fraction, high: Fraction, degree: int) -> tuple[Cell, float]:
    """A cell, and its largest error relative to the value."""
    centre = (low + high) / 2
    points = chebyshev_points(low - centre, high - centre, 6 * degree + 16)
    values = [target.at(centre + p) for p in points]
    rows = tuple(tuple(ball(p) ** k for k in range(degree + 1)) for p in points)
    model = Model(rows, tuple(values), tuple(1 / value for value in values))
    parts = [(0, to_float64), (0, to_float64), *((k, to_float64) for k in range(1, degree + 1))]
    made, error = round_jointly(model, parts, least_squares)
    return Cell(low, high, tuple(float(c) for c in made)), error


def program(name: str, target: Target, argument: str = "x") -> Straight:
    """Both parts, and which of them is the value."""
    b = Builder(name)
    x = b.parameter(argument, "f64")
    size = abs(x).named("size")
    slope, second, *terms = near_terms(target)
    square = (size * size).named("square")
    inner = square * b.horner(square, terms)
    near = b.fma(size, slope, size * (inner + second if second else inner)).named("near")
    made = cells(target)
    far = _in_cells(b, size, made)
    value = b.select(size < NEAR, near, far)
    limit = float(to_fraction(target.at(10**4)))
    value = b.select(size >= float(made[-1].high), limit, value)
    return b.finish(b.apply("copysign", value, x))


def _in_cells(b: Builder, size: Value, made: Sequence[Cell]) -> Value:
    first = to_bits(NEAR, "f64") >> (52 - CELL_BITS)
    index = (b.apply("i32", b.apply("bits", size) >> (52 - CELL_BITS)) - (first - 1)).named("cell")
    columns = list(zip(*(cell.coefficients for cell in made), strict=True))

    def column(name: str, entries: Sequence[float]) -> Value:
        return b.table(name, "f64", entries, index)

    r = (size - column("centres", [float(cell.centre) for cell in made])).named("r")
    value = column(f"q{len(columns) - 3}", columns[-1])
    for place in range(len(columns) - 2, 1, -1):
        value = b.fma(value, r, column(f"q{place - 2}", columns[place]))
    return column("a", columns[0]) + b.fma(value, r, column("a2", columns[1]))
