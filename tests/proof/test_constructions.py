"""Noise, means of members, conjugates, relative smoothness: as conditions of finite problems."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from optgen.proof.check import check
from optgen.proof.constructions import (
    bounded_variance,
    conjugate_point,
    mean_of_members,
    relatively_smooth,
    uncorrelated,
)
from optgen.proof.decide import prove
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import (
    NOWHERE,
    Interval,
    Membership,
    Oracle,
    Point,
    Problem,
    Quadratic,
    Statement,
    constant,
    inner,
    square,
    value,
    vector,
)
from tests.proof.methods import STAR

ZERO = Fraction(0)
lr, L, mu, s = (symbol(name) for name in ("lr", "L", "mu", "s"))
SIGMA = Interval("s", ZERO, low_closed=True)
x, g, n = vector("x"), vector("g"), vector("n")


def proved(problem: Problem) -> bool:
    found = prove(problem)
    return found is not None and check(found.to_json()).trust in ("exact", "algebra")


def stochastic_gradient(cls: Membership, claim: Quadratic, domain: tuple[Interval, ...]) -> Problem:
    """x' = x - lr (g + n), E n = 0, E|n|^2 <= s^2."""
    points = (STAR, Point("x", x, g, value("f")), Point("x'", x - lr * (g + n), vector("g'"), value("f'")))
    return Problem(
        (Oracle("f", (cls,), points),),
        (Statement("claim", claim),),
        domain,
        {"variance": bounded_variance("n", s * s)},
        uncorrelated("n", ("x", "g")),
    )


@pytest.mark.parametrize(("gain", "holds"), [(Fraction(1), True), (Fraction(99, 100), False)])
def test_stochastic_gradient_descends_in_expectation(gain, holds):
    drop = lr * (1 - L * lr / 2) * square(g) - gain * (L * lr * lr / 2) * constant(s * s)
    problem = stochastic_gradient(
        Membership("smooth", (L,)), value("f") - drop - value("f'"), (Interval("L", ZERO), Interval("lr", ZERO), SIGMA)
    )
    assert proved(problem) is holds


def test_stochastic_gradient_contracts_up_to_its_noise():
    claim = (1 - lr * mu) ** 2 * square(x) + lr * lr * constant(s * s) - square(x - lr * (g + n))
    domain = (Interval("mu", ZERO), Interval("L", mu), Interval("lr", ZERO, 2 / (L + mu), high_closed=True), SIGMA)
    assert proved(stochastic_gradient(Membership("smooth_strongly_convex", (mu, L)), claim, domain))


def test_the_square_of_a_mean_is_at_most_the_mean_of_squares():
    claim = square(vector("a")) - square(vector("mean"))
    equalities = mean_of_members("a", "mean", ("x",))
    assert proved(Problem((), (Statement("Jensen", claim),), (), {}, equalities))
    assert not proved(Problem((), (Statement("wrong", -claim),), (), {}, equalities))
    sharp = square(vector("a") - x) - square(vector("mean") - x) - square(vector("a") - vector("mean"))
    assert proved(Problem((), (Statement("variance", sharp),), (), {}, equalities))


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
    f = Oracle("f", (), (Point("x", x, g, value("f")), Point("x'", new, vector("g'"), value("f'"))))
    h = Oracle("h", (), (Point("x", x, vector("h"), value("h")), Point("x'", new, steeper, value("h'"))))
    oracles = relatively_smooth(f, h, L)
    claim = Statement("claim", value("f") - value("f'"))
    assert proved(Problem(oracles, (claim,), (Interval("L", ZERO),)))
    assert not proved(Problem(oracles[:2], (claim,), (Interval("L", ZERO),)))
    assert oracles[2].points[0].x == x and NOWHERE.terms == {}
