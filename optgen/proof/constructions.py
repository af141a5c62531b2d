"""Points and oracles for what is not one class of one function: conjugates, relative smoothness."""

from __future__ import annotations

from collections.abc import Sequence

from optgen.proof.polynomial import Number
from optgen.proof.problem import Form, Membership, Oracle, Point, Quadratic, inner


def conjugate_point(name: str, argument: Form, answer: Form, value: Quadratic) -> Point:
    """The conjugate h* asked at `argument`: `answer` is a subgradient there, `value` is h*(argument).

    It is a point of h itself, by Fenchel and Young: h has the subgradient `argument` at `answer`.
    """
    return Point(name, answer, argument, inner(answer, argument) - value)


def gap(name: str, f: Sequence[Point], h: Sequence[Point], L: Number) -> Oracle:
    """The convex function L h - f, where f is L-smooth relative to h; both are asked at the same places."""
    pairs = zip(f, h, strict=True)
    points = tuple(Point(p.name, p.x, L * q.g - p.g, L * q.f - p.f) for p, q in pairs)
    return Oracle(name, (Membership("convex"),), points)
