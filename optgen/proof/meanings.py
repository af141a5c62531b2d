"""What `stable` and `order` mean, as claims about numbers that the checker can decide.

A linear step is stable if Jury's conditions on its characteristic polynomial hold; a Runge-Kutta method has order p if
its weight and density agree for every rooted tree with at most p nodes.  A certificate holds the matrices of the method
or its tableau; the claims are computed here, in quotients of polynomials.

Source: Butcher, Coefficients for the study of Runge-Kutta integration processes, 1963.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import permutations
from math import prod
from typing import Any

from optgen.proof.check import Report, check
from optgen.proof.polynomial import Number, from_json, symbol, to_json
from optgen.proof.written import Rejected, need

HIGHEST = 8


def certificate(claims: Mapping[str, Any], domain: Any = (), smt: Any = ()) -> dict[str, Any]:
    """A certificate that uses nothing but signs of numbers."""
    statements = [{"name": name, "goal": goal} for name, goal in claims.items()]
    problem = {"oracles": [], "statements": statements, "domain": domain, "assumptions": {}, "equalities": {}}
    return {"kind": "sum", "problem": problem, "multipliers": {}, "matrices": {}, "squares": {}, "smt": smt}


# ---------------------------------------------------------------- stability


def check_stability(data: Mapping[str, Any]) -> Report:
    """Every eigenvalue of a linear step lies inside the circle, for all numbers of the domain."""
    A, B, C, D = ([[from_json(n) for n in row] for row in data["method"][name]] for name in "ABCD")
    curvature, radius = symbol(data["curvature"]), from_json(data["radius"])
    need(len(D) == 1, "one oracle that answers curvature * y")
    inverse = 1 - D[0][0] * curvature
    size = range(len(A))
    step = [[A[i][j] + curvature / inverse * B[i][0] * C[0][j] for j in size] for i in size]
    conditions = jury([c / power(radius, k) for k, c in enumerate(characteristic(step))])
    claims = {f"condition {k} of Jury": [">", to_json(n), "0"] for k, n in enumerate(conditions, 1)}
    claims["the radius"] = [">", to_json(radius), "0"]
    for way in (">", "<") if D[0][0] != 0 else ():
        implicit = {"the implicit step": [way, to_json(inverse), "0"]}
        try:
            check(certificate(implicit, data["domain"], data.get("smt", ())))
        except Rejected:
            continue
        claims |= implicit
    need(D[0][0] == 0 or "the implicit step" in claims, "an implicit step may have no answer")
    report = check(certificate(claims, data["domain"], data.get("smt", ())))
    return Report(report.trust, (f"the {len(conditions)} conditions of Jury are positive on the domain",))


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


# ---------------------------------------------------------------- order


Tree = tuple[Any, ...]  # its branches, in their order


@cache
def trees(size: int) -> tuple[Tree, ...]:
    """All rooted trees with so many nodes."""
    return tuple(tuple(branches) for branches in forests(size - 1, None))


def forests(size: int, most: Tree | None) -> Iterator[list[Tree]]:
    """Multisets of trees with so many nodes in all; no tree comes after one that is greater."""
    if size == 0:
        yield []
        return
    for first in range(1, size + 1):
        for tree in trees(first):
            if most is None or (nodes(tree), tree) <= (nodes(most), most):
                yield from ([tree, *rest] for rest in forests(size - first, tree))


def nodes(tree: Tree) -> int:
    return 1 + sum(nodes(branch) for branch in tree)


def density(tree: Tree) -> int:
    """The inverse of what the exact solution gives the tree at time 1."""
    return nodes(tree) * prod(density(branch) for branch in tree)


def weight(tree: Tree, a: Sequence[Sequence[Fraction]], b: Sequence[Fraction]) -> Fraction:
    """What the method gives the tree: sum of b_i times the stages of its branches."""
    return sum((w * v for w, v in zip(b, stages(tree, a), strict=True)), Fraction(0))


def stages(tree: Tree, a: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    found = [Fraction(1)] * len(a)
    for branch in tree:
        inner = stages(branch, a)
        sums = [sum((w * v for w, v in zip(row, inner, strict=True)), Fraction(0)) for row in a]
        found = [v * s for v, s in zip(found, sums, strict=True)]
    return found


def check_order(data: Mapping[str, Any]) -> Report:
    """All conditions up to the order hold, and the one that is named does not."""
    a = [[Fraction(e) for e in row] for row in data["a"]]
    b, order = [Fraction(e) for e in data["b"]], int(data["order"])
    need(1 <= order < HIGHEST and all(len(row) == len(b) == len(a) for row in a), "not a tableau with an order")
    found = [tree for size in range(1, order + 1) for tree in trees(size)]
    claims = {f"{tree}": ["=", str(weight(tree, a, b) * density(tree)), "1"] for tree in found}
    beyond = as_tree(data["not"])
    need(nodes(beyond) == order + 1, "the condition that fails is of another order")
    gap = weight(beyond, a, b) * density(beyond) - 1
    report = check(certificate({**claims, "the next order": [">", str(gap * gap), "0"]}))
    count = f"{len(found)} conditions hold, one for each rooted tree with at most {order} nodes"
    return Report(report.trust, (count, f"a condition of order {order + 1} does not hold"))


def as_tree(data: Any) -> Tree:
    return tuple(as_tree(branch) for branch in data)
