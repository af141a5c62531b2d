"""Best coefficients: linear minimax approximation in high precision, and rounding them jointly.

A model is linear in its coefficients: g(x) is approximated by the sum of a[j]*phi[j](x), and what is made small is the
largest weight(x)*|g(x) - sum|.  Everything is given by its values on a grid, in Arb's midpoints: the grid is dense
(Chebyshev's points of each piece), so the error between its points is of second order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import cos, pi
from typing import Any

Ball = Any  # flint.arb, of which only the midpoint counts here
PRECISION = 160
EXCHANGES = 12


@dataclass(frozen=True, slots=True)
class Model:
    """On each point of a grid: the values of the basis, the wanted value, the weight of an error there."""

    basis: tuple[tuple[Ball, ...], ...]
    wanted: tuple[Ball, ...]
    weights: tuple[Ball, ...]

    def residuals(self, coefficients: Sequence[Ball]) -> list[Ball]:
        """The weighted errors, with their signs."""
        made = []
        for row, wanted, weight in zip(self.basis, self.wanted, self.weights, strict=True):
            value = wanted
            for coefficient, phi in zip(coefficients, row, strict=True):
                value = value - coefficient * phi
            made.append((value * weight).mid())
        return made

    def only(self, functions: Sequence[int]) -> Model:
        """The model with these functions of the basis."""
        return Model(tuple(tuple(row[k] for k in functions) for row in self.basis), self.wanted, self.weights)

    def less(self, function: int, coefficient: Ball) -> Model:
        """The model of what is still wanted beside a fixed part."""
        wanted = tuple(w - coefficient * row[function] for w, row in zip(self.wanted, self.basis, strict=True))
        return Model(self.basis, wanted, self.weights)


def chebyshev_points(low: Fraction, high: Fraction, count: int) -> list[Fraction]:
    """Points of an interval, denser at its ends, both ends among them (to 60 bits); dyadic numbers."""
    middle, half = (low + high) / 2, (high - low) / 2
    unit = Fraction(1, 2**60) * (Fraction(2) ** (half.numerator.bit_length() - half.denominator.bit_length()))
    inner = [Fraction(round(cos(pi * k / (count - 1)) * 2**40), 2**40) for k in range(count - 1, -1, -1)]
    return [round((middle + half * point) / unit) * unit for point in inner]


def minimax(model: Model) -> tuple[list[Ball], float]:
    """Coefficients with the least largest error, and that error (Remez's exchange on the grid)."""
    from flint import arb, arb_mat

    count = len(model.basis[0])
    if count == 0:
        return [], max(abs(float(r)) for r in model.residuals([]))
    points = len(model.wanted)
    chosen = [round(k * (points - 1) / count) for k in range(count + 1)]
    # Least squares on Chebyshev's points are nearly as good, also where functions vanish together and there is no
    # alternation: exchange has to be better.
    start = least_squares(model)
    best: tuple[list[Ball], float] = (start, max(abs(float(r)) for r in model.residuals(start)))
    for _ in range(EXCHANGES):
        rows = [[model.weights[p] * phi for phi in model.basis[p]] + [arb((-1) ** k)] for k, p in enumerate(chosen)]
        right = arb_mat([[model.weights[p] * model.wanted[p]] for p in chosen])
        solution = arb_mat([[entry.mid() for entry in row] for row in rows]).solve(right, nonstop=True)
        coefficients = [solution[k, 0].mid() for k in range(count)]
        residuals = [float(r) for r in model.residuals(coefficients)]
        largest = max(abs(r) for r in residuals)
        if largest < best[1]:
            best = (coefficients, largest)
        if largest <= abs(float(solution[count, 0].mid())) * 1.001:
            break
        chosen = _alternation(residuals, count + 1) or chosen
    return best


def least_squares(model: Model) -> list[Ball]:
    """Coefficients with the least sum of squares; on Chebyshev's points nearly minimax, and found at once."""
    from flint import arb_mat

    rows = [[weight * phi for phi in row] for row, weight in zip(model.basis, model.weights, strict=True)]
    right = [[weight * wanted] for weight, wanted in zip(model.weights, model.wanted, strict=True)]
    matrix, wanted = arb_mat(rows), arb_mat(right)
    transposed = matrix.transpose()
    solution = (transposed * matrix).solve(transposed * wanted, nonstop=True)
    return [solution[k, 0].mid() for k in range(len(rows[0]))]


def _alternation(residuals: Sequence[float], count: int) -> list[int] | None:
    """Places of `count` extremes of alternating sign around the largest; None if there are not so many."""
    runs: list[int] = []
    for place, value in enumerate(residuals):
        if runs and (value >= 0) == (residuals[runs[-1]] >= 0):
            if abs(value) > abs(residuals[runs[-1]]):
                runs[-1] = place
        else:
            runs.append(place)
    if len(runs) < count:
        return None
    while len(runs) > count:
        runs.pop(0 if abs(residuals[runs[0]]) < abs(residuals[runs[-1]]) else -1)
    return runs


Rounding = Callable[[Ball], Fraction]


Solve = Callable[[Model], list[Ball]]


def round_jointly(
    model: Model, parts: Sequence[tuple[int, Rounding]], solve: Solve = lambda model: minimax(model)[0]
) -> tuple[list[Fraction], float]:
    """Coefficients of given formats whose error is small together: one is rounded, the others are fitted anew.

    A part is a function of the basis and the format of its coefficient; what matters most comes first. A function
    that comes twice has a coefficient in two parts. The error is the largest weighted one of the rounded model.
    """
    from flint import arb

    fixed: list[Fraction] = []
    rest = model
    for place, (function, rounding) in enumerate(parts):
        free = sorted({later for later, _ in parts[place:]})
        coefficients = solve(rest.only(free))
        chosen = rounding(coefficients[free.index(function)])
        fixed.append(chosen)
        rest = rest.less(function, arb(chosen.numerator) / chosen.denominator)
    return fixed, max(abs(float(r)) for r in rest.only([]).residuals([]))


def after_identity(points: Sequence[Ball], values: Sequence[Ball], degree: int) -> tuple[list[Fraction], float]:
    """Coefficients in float32 of (g - z)/z^3 in z^2, for an odd function g with g'(0) = 1, and the error of g relative
    to itself; `values` are those of g at points z."""
    rows = tuple(tuple(z ** (2 * k + 3) for k in range(degree + 1)) for z in points)
    wanted = tuple(value - z for value, z in zip(values, points, strict=True))
    model = Model(rows, wanted, tuple(1 / value for value in values))
    return round_jointly(model, [(k, to_float32) for k in range(degree + 1)])


def to_float32(value: Ball) -> Fraction:
    """The nearest float32, exactly."""
    return _nearest(value, 24)


def to_float64(value: Ball) -> Fraction:
    """The nearest float64, exactly (exponents of normal numbers)."""
    return _nearest(value, 53)


def to_bits_of(bits: int) -> Rounding:
    """Rounding to so many significant bits."""
    return lambda value: _nearest(value, bits)


def to_multiple_of(unit: Fraction) -> Rounding:
    """Rounding to a multiple."""
    return lambda value: round(_exact(value) / unit) * unit


def exactly(number: Fraction | float | int) -> Rounding:
    """A coefficient that is known."""
    return lambda value: Fraction(number)


def _exact(value: Ball) -> Fraction:
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _nearest(value: Ball, bits: int) -> Fraction:
    exact = _exact(value)
    if exact == 0:
        return exact
    size = abs(exact.numerator).bit_length() - exact.denominator.bit_length() + 1
    if abs(exact) < Fraction(2) ** (size - 1):
        size -= 1
    unit = Fraction(2) ** (size - bits)
    return round(exact / unit) * unit
