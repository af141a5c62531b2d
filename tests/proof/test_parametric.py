"""Theorems with symbols: proved for all values of the symbols, and not proved where they are made false."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from optgen.proof.check import check
from optgen.proof.parametric import prove
from optgen.proof.polynomial import from_json, symbol
from optgen.proof.problem import Form, Interval, Membership, Oracle, Point, Problem, Statement, square, value, vector
from optgen.proof.written import Rejected
from tests.proof.methods import STAR
from tests.proof.theorems import CURVED, POSITIVE_L, THEOREMS, gradient_step, lion, values

lr, L, mu = symbol("lr"), symbol("L"), symbol("mu")


@pytest.mark.parametrize("name", THEOREMS)
def test_a_theorem_is_proved_for_all_values_of_its_symbols(name):
    found = prove(THEOREMS[name]())
    assert found is not None
    report = check(json.loads(json.dumps(found.to_json())))
    assert report.trust == "algebra"
    assert report.words[-1] == "claim: what is left is a sum of squares"


@pytest.mark.parametrize("name", THEOREMS)
def test_a_theorem_made_slightly_false_is_not_proved(name):
    problem = THEOREMS[name]()
    claim = problem.statements[0].claim
    first = sorted(claim.basis() or {"x"})[0]
    sharper = claim - Fraction(1, 1000) * square(vector(first))
    assert prove(replace(problem, statements=(Statement("claim", sharper),))) is None


def test_multipliers_are_those_of_the_literature():
    found = prove(values())
    assert found is not None
    weights = found.multipliers["claim"]
    prefix = "f smooth_strongly_convex pair 0"
    assert weights[f"{prefix} x x'"] == 1 - lr * mu
    assert weights[f"{prefix} * x"] == lr * mu * (1 - lr * mu)
    assert weights[f"{prefix} * x'"] == lr * mu


def test_a_domain_that_is_too_large_is_not_proved():
    problem = values()
    wide = (*problem.domain[:2], Interval("lr", Fraction(0), 2 / L))
    assert prove(replace(problem, domain=wide)) is None


def test_the_energy_of_lion_falls_only_if_the_second_average_is_the_slower_one():
    assert prove(lion(brackets=False)) is not None
    assert prove(swapped(lion(brackets=False))) is None


def swapped(problem: Problem) -> Problem:
    """The same claim where b1 exceeds b2."""
    b1, b2 = Interval("b1", Fraction(0), Fraction(1)), Interval("b2", Fraction(0), symbol("b1"))
    return replace(problem, domain=(*problem.domain[:3], b1, b2))


def test_a_certificate_is_data():
    found = prove(values())
    assert found is not None
    data = json.loads(json.dumps(found.to_json()))
    weight = data["multipliers"]["claim"]["f smooth_strongly_convex pair 0 x x'"]
    assert from_json(weight) == 1 - lr * mu


def test_a_quadratic_and_a_linear_operator_need_a_weight_that_is_a_matrix():
    x, y, v, g = (vector(name) for name in "xyvg")
    t = symbol("t")
    f = Oracle("f", (Membership("quadratic", (mu, L)),), (STAR, Point("x", x, g, value("f"))))
    contracts = Statement("claim", (1 - lr * mu) ** 2 * square(x) - square(x - lr * g))
    short = (*CURVED, Interval("lr", Fraction(0), 2 / (L + mu), high_closed=True))
    M = Oracle("M", (Membership("linear", (L,)),), (Point("x", x, y), Point("u", y, v, adjoint=True)))
    shrinks = Statement("claim", square(x) - square(x - t * v))
    gentle = (POSITIVE_L, Interval("t", Fraction(0), 2 / (L * L), high_closed=True))
    for problem in (Problem((f,), (contracts,), short), Problem((M,), (shrinks,), gentle)):
        found = prove(problem)
        assert found is not None and any(found.matrices["claim"].values())
        data = json.loads(json.dumps(found.to_json()))
        assert check(data).trust == "algebra"
        for weight in data["matrices"]["claim"].values():
            for square_of in weight:
                square_of[0] = "-1"
        with pytest.raises(Rejected):
            check(data)
    steep = Interval("t", Fraction(0), 3 / (L * L), high_closed=True)
    assert prove(Problem((M,), (shrinks,), (POSITIVE_L, steep))) is None


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_several_steps_of_gradient_descent_are_tight_for_every_L(steps):
    """f_N - f* <= L/(4 N + 2) |x_0 - x*|^2 with step 1/L (Drori, Teboulle 2014)."""
    assert prove(many_steps(steps, Fraction(1))) is not None
    assert prove(many_steps(steps, Fraction(999, 1000))) is None


def many_steps(steps: int, factor: Fraction) -> Problem:
    x, points = vector("x0"), [STAR]
    for k in range(steps + 1):
        points.append(Point(f"x{k}", x, vector(f"g{k}"), value(f"f{k}")))
        x = x - (1 / L) * vector(f"g{k}")
    f = Oracle("f", (Membership("smooth_strongly_convex", (Fraction(0), L)),), tuple(points))
    claim = factor * L / (4 * steps + 2) * square(vector("x0")) - value(f"f{steps}")
    return Problem((f,), (Statement("claim", claim),), (POSITIVE_L,))


@pytest.mark.parametrize("share", [Fraction(1, 3), Fraction(9, 10)])
def test_a_claim_with_room_is_proved_by_multipliers_between_its_bounds(share):
    """|x' - x*|^2 <= (1 - share lr mu) |x - x*|^2: no minor vanishes."""
    x = vector("x")
    claim = (1 - share * lr * mu) * square(x) - square(x - lr * vector("g"))
    short = Interval("lr", Fraction(0), 1 / L, high_closed=True)
    problem = gradient_step(Membership("smooth_strongly_convex", (mu, L)), claim, (*CURVED, short))
    assert prove(problem) is not None


@pytest.mark.parametrize("steps", [2, 4])
def test_the_textbook_bound_of_several_steps_is_proved_for_every_L(steps):
    """f_N - f* <= L/(2 N) |x_0 - x*|^2."""
    assert prove(many_steps(steps, Fraction(4 * steps + 2, 2 * steps))) is not None


def test_a_proximal_gradient_step_contracts():
    """x' = x - lr (g + s), s a subgradient of h at x'; at the minimiser g* + s* = 0."""
    x, g, s, at_star = (vector(name) for name in ("x", "g", "s", "g*"))
    new = x - lr * (g + s)
    here = Point("*", Form({}), at_star, value("f*"))
    f = Oracle("f", (Membership("smooth_strongly_convex", (mu, L)),), (here, Point("x", x, g, value("f"))))
    there = Point("*", Form({}), -at_star, value("h*"))
    h = Oracle("h", (Membership("convex"),), (there, Point("x'", new, s, value("h'"))))
    short = (*CURVED, Interval("lr", Fraction(0), 2 / (L + mu), high_closed=True))
    claim = (1 - lr * mu) ** 2 * square(x) - square(new)
    assert prove(Problem((f, h), (Statement("claim", claim),), short)) is not None
    sharper = claim - Fraction(1, 1000) * square(x)
    assert prove(Problem((f, h), (Statement("claim", sharper),), short)) is None
