"""Schur and Jury tests: are all eigenvalues of a step below 1 in modulus, for numbers and with symbols?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from optgen.proof.linear import Matrix
from optgen.proof.polynomial import Number


def characteristic(matrix: Matrix) -> list[Number]:
    """Coefficients of det(z - M), leading first (Faddeev and LeVerrier)."""
    size = len(matrix)
    coefficients: list[Number] = [Fraction(1)]
    product: list[list[Number]] = [[Fraction(0)] * size for _ in range(size)]
    for k in range(1, size + 1):
        for i in range(size):
            product[i][i] = product[i][i] + coefficients[-1]
        product = [[total(matrix[i][m] * product[m][j] for m in range(size)) for j in range(size)] for i in range(size)]
        coefficients.append(-total(product[i][i] for i in range(size)) / k)
    return coefficients


def total(numbers: Iterable[Number]) -> Number:
    result: Number = Fraction(0)
    for number in numbers:
        result = result + number
    return result


def squared(matrix: Matrix) -> Matrix:
    size = range(len(matrix))
    return tuple(tuple(total(matrix[i][m] * matrix[m][j] for m in size) for j in size) for i in size)


def scaled(coefficients: Sequence[Number], radius: Number) -> list[Number]:
    """The polynomial whose roots are those of the given one divided by the radius."""
    degree = len(coefficients) - 1
    result: list[Number] = []
    for place, c in enumerate(coefficients):
        power: Number = Fraction(1)
        for _ in range(degree - place):
            power = power * radius
        result.append(c * power)
    return result


def conditions(coefficients: Sequence[Number]) -> list[Number]:
    """Numbers that are all positive exactly if every root lies inside the unit circle (Schur and Cohn; leading 1).

    Degrees 1 and 2 in Jury's form, which has no products of conditions; others by reduction.
    """
    one, *rest = coefficients
    if len(rest) == 1:
        return [one - rest[0], one + rest[0]]
    if len(rest) == 2:
        p, q = rest
        return [one + p + q, one - p + q, one - q]
    found: list[Number] = []
    row = list(coefficients)
    while len(row) > 1:
        first, last = row[0], row[-1]
        found.append(first * first - last * last)
        row = [first * a - last * b for a, b in zip(row[:-1], reversed(row[1:]))]
    return found


def schur_stable(coefficients: Sequence[Number]) -> bool:
    """Whether every root of a polynomial with numbers lies inside the unit circle."""
    return all(isinstance(c, Fraction) and c > 0 for c in conditions(coefficients))
