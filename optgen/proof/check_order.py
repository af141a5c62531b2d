"""The checker of an order: rooted trees, their densities and weights, in fractions alone.

Source: Butcher, Coefficients for the study of Runge-Kutta integration processes, 1963.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

from optgen.proof.check import Report
from optgen.proof.check_classes import Rejected

Tree = tuple[Any, ...]  # its branches, in their order
HIGHEST = 8


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
    if not (1 <= order < HIGHEST and all(len(row) == len(b) == len(a) for row in a)):
        raise Rejected("not a tableau with an order")
    for size in range(1, order + 1):
        for tree in trees(size):
            if weight(tree, a, b) * density(tree) != 1:
                raise Rejected(f"the condition of a tree with {size} nodes does not hold")
    beyond = as_tree(data["not"])
    if nodes(beyond) != order + 1 or weight(beyond, a, b) * density(beyond) == 1:
        raise Rejected("the condition of the next order that is named holds")
    count = sum(len(trees(size)) for size in range(1, order + 1))
    return Report(
        "exact",
        (
            f"{count} conditions hold, one for each rooted tree with at most {order} nodes",
            f"a condition of order {order + 1} does not hold",
        ),
    )


def as_tree(data: Any) -> Tree:
    return tuple(as_tree(branch) for branch in data)
