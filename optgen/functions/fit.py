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

    def without(self, place: int, coefficient: Ball) -> Model:
        """The model of the other coefficients, once this one is fixed."""
        basis = tuple((*row[:place], *row[place + 1 :]) for row in self.basis)
        wanted = tuple(w - coefficient * row[place] for w, row in zip(self.wanted, self.basis, strict=True))
        return Model(basis, wanted, self.weights)


def chebyshev_points(low: Fraction, high: Fraction, count: int) -> list[Fraction]:
    """Points of an interval, denser at its ends, both ends among them; exact numbers of few bits."""
    middle, half = (low + high) / 2, (high - low) / 2
    inner = [Fraction(round(cos(pi * k / (count - 1)) * 2**40), 2**40) for k in range(count - 1, -1, -1)]
    return [middle + half * point for point in inner]


def minimax(model: Model) -> tuple[list[Ball], float]:
    """Coefficients with the least largest error, and that error (Remez's exchange on the grid)."""
    from flint import arb, arb_mat

    count = len(model.basis[0])
    if count == 0:
        return [], max(abs(float(r)) for r in model.residuals([]))
    points = len(model.wanted)
    chosen = [round(k * (points - 1) / count) for k in range(count + 1)]
    best: tuple[list[Ball], float] = ([], float("inf"))
    for _ in range(40):
        rows = [[model.weights[p] * phi for phi in model.basis[p]] + [arb((-1) ** k)] for k, p in enumerate(chosen)]
        right = arb_mat([[model.weights[p] * model.wanted[p]] for p in chosen])
        solution = arb_mat([[entry.mid() for entry in row] for row in rows]).solve(right, nonstop=True)
        coefficients = [solution[k, 0].mid() for k in range(count)]
        residuals = [float(r) for r in model.residuals(coefficients)]
        largest = max(abs(r) for r in residuals)
        if not largest < best[1] * (1 - 1e-9):
            if largest < best[1]:
                best = (coefficients, largest)
            break
        best = (coefficients, largest)
        levelled = abs(float(solution[count, 0].mid()))
        if largest <= levelled * 1.0001:
            break
        chosen = _alternation(residuals, count + 1) or chosen
    return best


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


def round_jointly(model: Model, roundings: Sequence[Rounding | None]) -> tuple[list[Fraction], float]:
    """Coefficients of the given formats whose error is small together: one is rounded, the others are fitted anew.

    They are rounded in order, so the first is the one that matters most.  None leaves no choice: it is fixed at 0.
    """
    from flint import arb

    fixed: list[Fraction] = []
    rest = model
    for rounding in roundings:
        if rounding is None:
            chosen = Fraction(0)
        else:
            coefficients, _ = minimax(rest)
            chosen = rounding(coefficients[0])
        fixed.append(chosen)
        rest = rest.without(0, arb(chosen.numerator) / chosen.denominator)
    return fixed, max(abs(float(r)) for r in rest.residuals([]))


def to_float32(value: Ball) -> Fraction:
    """The nearest float32, exactly."""
    return _nearest(value, 24)


def to_float64(value: Ball) -> Fraction:
    """The nearest float64, exactly (exponents of normal numbers)."""
    return _nearest(value, 53)


def to_bits_of(bits: int) -> Rounding:
    """Rounding to so many significant bits."""
    return lambda value: _nearest(value, bits)


def exactly(number: Fraction | float | int) -> Rounding:
    """A coefficient that is known."""
    return lambda value: Fraction(number)


def _nearest(value: Ball, bits: int) -> Fraction:
    mantissa, exponent = value.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    if exact == 0:
        return exact
    size = int(mantissa).bit_length() + int(exponent)
    unit = Fraction(2) ** (size - bits)
    return round(exact / unit) * unit
