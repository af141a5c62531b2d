"""Points, assumptions and equalities for what is not one class: conjugates, relative smoothness, noise, means.

All work in expectation: with a draw among the vectors the Gram matrix is that of the expected products, an inequality
that holds for every draw holds in the mean, and what a draw does not depend on is orthogonal to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from optgen.proof.polynomial import Number
from optgen.proof.problem import NOWHERE, Form, Membership, Oracle, Point, Quadratic, constant, inner, square, vector


def conjugate_point(name: str, argument: Form, answer: Form, value: Quadratic) -> Point:
    """The conjugate h* asked at `argument`: `answer` is a subgradient there, `value` is h*(argument).

    It is a point of h itself, by Fenchel and Young: h has the subgradient `argument` at `answer`.
    """
    return Point(name, answer, argument, inner(answer, argument) - value)


def relatively_smooth(f: Oracle, h: Oracle, L: Number) -> tuple[Oracle, Oracle, Oracle]:
    """f convex and L h - f convex, h convex, asked at the same places (points by their names)."""
    convex = (Membership("convex"),)
    of_h = {p.name: p for p in h.points}
    gap = tuple(
        Point(p.name, p.x, L * of_h[p.name].g - p.g, L * of_h[p.name].f - p.f) for p in f.points if p.name in of_h
    )
    return replace(f, classes=convex), replace(h, classes=convex), Oracle(f"{f.name} below {h.name}", convex, gap)


def uncorrelated(draw: str, known: Iterable[str]) -> dict[str, Quadratic]:
    """E<draw, v> = 0 for vectors that were known before the draw: equalities of a problem."""
    return {f"{draw} is independent of {name}": inner(vector(draw), vector(name)) for name in known}


def bounded_variance(
    draw: str, variance: Number, relative: Number | None = None, gradient: Form = NOWHERE
) -> Quadratic:
    """variance + relative |gradient|^2 - E|draw|^2 >= 0: an assumption of a problem."""
    bound = constant(variance) - square(vector(draw))
    return bound if relative is None else bound + relative * square(gradient)


def mean_of_members(member: str, mean: str, shared: Iterable[str]) -> dict[str, Quadratic]:
    """`mean` is the mean over the members of vectors `member`: equalities of a problem.

    The Gram matrix is that of products averaged over the members; a vector that all share is a constant, so its
    product with a member's vector averages to that with the mean.
    """
    gap = vector(member) - vector(mean)
    return {f"{mean} is the mean of {member}: {name}": inner(gap, vector(name)) for name in (*shared, mean)}
