"""The checker of stability: every eigenvalue of a linear step lies inside the circle, for all numbers of the domain.

The certificate holds the matrices of the method and the interval of the curvature; everything else is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Any

from optgen.proof.check import Report, Signs, need
from optgen.proof.polynomial import Number, from_json, symbol


def check_stability(data: Mapping[str, Any]) -> Report:
    """Verify a certificate of kind `stability`; Rejected says what does not hold."""
    A, B, C, D = ([[from_json(n) for n in row] for row in data["method"][name]] for name in "ABCD")
    curvature, radius = symbol(data["curvature"]), from_json(data["radius"])
    signs = Signs(data["domain"], [from_json(n) for n in data.get("smt", [])])
    need(len(D) == 1, "one oracle that answers curvature * y")
    inverse = 1 - D[0][0] * curvature
    need(signs.nonnegative(1 / inverse) or signs.nonnegative(-1 / inverse), "an implicit step may have no answer")
    size = range(len(A))
    step = [[A[i][j] + curvature / inverse * B[i][0] * C[0][j] for j in size] for i in size]
    found = jury([c / power(radius, k) for k, c in enumerate(characteristic(step))])
    for number in found:
        need(signs.nonnegative(number) and signs.nonnegative(1 / number), "an eigenvalue may lie outside the circle")
    words = (f"the {len(found)} conditions of Jury are positive on the domain",)
    return Report("smt" if signs.believed else "algebra", words)


def power(base: Number, exponent: int) -> Number:
    result: Number = Fraction(1)
    for _ in range(exponent):
        result = result * base
    return result


def characteristic(matrix: Sequence[Sequence[Number]]) -> list[Number]:
    """det(z - M), leading coefficient first: sums of principal minors with alternating signs."""
    size = len(matrix)
    sums: list[Number] = [Fraction(0)] * (size + 1)
    for chosen in range(2**size):
        places = [i for i in range(size) if chosen >> i & 1]
        sums[len(places)] = sums[len(places)] + (-1) ** len(places) * determinant(matrix, places)
    return sums


def determinant(matrix: Sequence[Sequence[Number]], places: Sequence[int]) -> Number:
    total: Number = Fraction(0)
    for order in permutations(range(len(places))):
        swaps = sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order)))
        product: Number = Fraction((-1) ** swaps)
        for i, j in enumerate(order):
            product = product * matrix[places[i]][places[j]]
        total = total + product
    return total


def jury(row: Sequence[Number]) -> list[Number]:
    """Positive exactly if all roots lie inside the unit circle; the leading coefficient is 1."""
    if len(row) == 2:
        return [1 - row[1], 1 + row[1]]
    if len(row) == 3:
        return [1 + row[1] + row[2], 1 - row[1] + row[2], 1 - row[2]]
    found: list[Number] = []
    rest = list(row)
    while len(rest) > 1:
        found.append(rest[0] * rest[0] - rest[-1] * rest[-1])
        rest = [rest[0] * a - rest[-1] * b for a, b in zip(rest[:-1], reversed(rest[1:]))]
    return found
