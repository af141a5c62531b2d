"""Conjugates and relative smoothness as conditions of finite problems."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from optgen.proof.check import check
from optgen.proof.constructions import conjugate_point, gap
from optgen.proof.decide import prove
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import (
    Interval,
    Membership,
    Oracle,
    Point,
    Problem,
    Statement,
    inner,
    square,
    value,
    vector,
)

ZERO = Fraction(0)
lr, L, mu, s = (symbol(name) for name in ("lr", "L", "mu", "s"))
SIGMA = Interval("s", ZERO, low_closed=True)
x, g, n = vector("x"), vector("g"), vector("n")


def proved(problem: Problem) -> bool:
    found = prove(problem)
    return found is not None and check(found.to_json()).trust in ("exact", "algebra")


def test_the_conjugate_of_a_smooth_function_is_strongly_convex():
    """For h L-smooth and convex: h*(v) >= h*(u) + <s, v - u> + |v - u|^2/(2 L) with s in dh*(u)."""
    u, v = vector("u"), vector("v")
    points = (
        conjugate_point("u", u, vector("s"), value("h*(u)")),
        conjugate_point("v", v, vector("t"), value("h*(v)")),
    )
    h = Oracle("h", (Membership("smooth_strongly_convex", (ZERO, L)),), points)
    gap: Number = 1 / (2 * L)
    claim = value("h*(v)") - value("h*(u)") - inner(vector("s"), v - u) - gap * square(v - u)
    problem = Problem((h,), (Statement("claim", claim),), (Interval("L", ZERO),))
    assert proved(problem)
    too_much = claim - Fraction(1, 100) * gap * square(v - u)
    assert not proved(replace(problem, statements=(Statement("claim", too_much),)))


def test_a_mirror_step_descends():
    """f(x') <= f(x) where grad h(x') = grad h(x) - grad f(x)/L, with L h - f convex."""
    steeper = vector("h") - (1 / L) * g
    new = vector("x'")
    of_f = (Point("x", x, g, value("f")), Point("x'", new, vector("g'"), value("f'")))
    of_h = (Point("x", x, vector("h"), value("h")), Point("x'", new, steeper, value("h'")))
    convex = (Membership("convex"),)
    oracles = (Oracle("f", convex, of_f), Oracle("h", convex, of_h), gap("L h - f", of_f, of_h, L))
    claim = Statement("claim", value("f") - value("f'"))
    assert proved(Problem(oracles, (claim,), (Interval("L", ZERO),)))
    assert not proved(Problem(oracles[:2], (claim,), (Interval("L", ZERO),)))
