"""Refuters: a violated claim comes with a function that violates it, checked exactly and replayed in floats."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import pytest

from optgen.proof.examples import Interpolant, PiecewiseLinearGradient, QuadraticFunction
from optgen.proof.linear import LinearMethod, momentum
from optgen.proof.polynomial import symbol
from optgen.proof.problem import Interval, Membership, Oracle, Point, Problem, Statement, square, value, vector
from optgen.proof.refute_linear import cycle, quadratic
from optgen.proof.refute_points import refute
from optgen.proof.stability import characteristic, schur_stable
from tests.proof.methods import near
from tests.proof.theorems import THEOREMS, best_distance, descent, nesterov_convex

ONE = Fraction(1)


@pytest.mark.parametrize("name", THEOREMS)
def test_a_theorem_is_not_refuted(name):
    assert refute(THEOREMS[name]()) is None


@pytest.mark.parametrize("make", [descent, best_distance, nesterov_convex])
def test_a_theorem_made_slightly_false_is_refuted_by_a_function_through_its_points(make):
    problem = make()
    claim = problem.statements[0].claim - Fraction(1, 100) * square(vector("x"))
    found = refute(replace(problem, statements=(Statement("claim", claim),)))
    assert found is not None and found.amount < 0
    function = found.functions["f"]
    assert isinstance(function, Interpolant)
    for x, g, f in zip(function.x, function.g, function.f):
        assert function.value(x) == f and function.gradient(x) == g


def test_descent_for_all_steps_with_half_the_gain_is_refuted_only_for_long_steps():
    """f(x') <= f - lr/4 |g|^2 holds up to lr L = 3/2."""
    lr, L = symbol("lr"), symbol("L")
    problem = descent()
    claim = value("f") - value("f'") - lr / 4 * square(vector("g"))
    problem = replace(problem, statements=(Statement("claim", claim),))
    found = refute(problem)
    assert found is not None and found.params["lr"] * found.params["L"] > Fraction(3, 2)
    short = Interval("lr", Fraction(0), Fraction(3, 2) / L, high_closed=True)
    assert refute(replace(problem, domain=(problem.domain[0], short))) is None


def heavy_ball(kappa: float) -> LinearMethod:
    """The tuning that is best for quadratics with mu = 1, L = kappa."""
    return momentum(near(4 / (sqrt(kappa) + 1) ** 2), near(((sqrt(kappa) - 1) / (sqrt(kappa) + 1)) ** 2))


@pytest.mark.parametrize("kappa", [17.95, 25, 100])
def test_heavy_ball_runs_in_a_circle_which_attracts(kappa):
    method = heavy_ball(kappa)
    found = cycle(method, ONE, near(kappa))
    assert found is not None and found.period == 3
    function = found.functions["f"]
    assert isinstance(function, PiecewiseLinearGradient)
    assert all(1 <= slope <= near(kappa) for slope in function.slopes())
    exact = x, before = found.points["x"][0], found.points["x_before"][0]
    for _ in range(3):
        x, before = heavy_ball_step(method, function, x, before)
    assert (x, before) == exact
    assert stays_near(method, function, float(exact[0]), float(exact[1]))


def heavy_ball_step(
    method: LinearMethod, function: PiecewiseLinearGradient, x: Fraction, before: Fraction
) -> tuple[Fraction, Fraction]:
    (a, b), (g, _) = method.A[0], (method.B[0][0], 0)
    assert isinstance(a, Fraction) and isinstance(b, Fraction) and isinstance(g, Fraction)
    return a * x + b * before + g * function.derivative(x), x


def stays_near(method: LinearMethod, function: PiecewiseLinearGradient, x: float, before: float) -> bool:
    """Whether 900 steps in double precision, from a start that is slightly off, end where they began."""
    import numpy as np

    places = [float(p) for p, _ in function.knots]
    heights = [float(g) for _, g in function.knots]
    (a, b), g = method.A[0], method.B[0][0]
    now, last = x + (places[1] - places[0]) / 8, before
    for _ in range(900):
        now, last = float(a) * now + float(b) * last + float(g) * float(np.interp(now, places, heights)), now  # type: ignore[arg-type]
    return abs(now - x) < 1e-9


@pytest.mark.parametrize("kappa", [10, 17, 17.9])
def test_no_short_circle_where_a_proof_exists(kappa):
    assert cycle(heavy_ball(kappa), ONE, near(kappa), longest=4) is None


def test_gradient_descent_with_a_long_step_is_refuted_by_a_quadratic():
    found = quadratic(momentum(Fraction(201, 100)), Fraction(1, 10), ONE)
    assert found is not None and found.functions["f"] == QuadraticFunction(ONE)
    assert quadratic(momentum(Fraction(199, 100)), Fraction(1, 10), ONE) is None


def test_a_rate_below_that_on_quadratics_is_refuted():
    assert quadratic(momentum(ONE), Fraction(1, 10), ONE, Fraction(80, 100)) is not None
    assert quadratic(momentum(ONE), Fraction(1, 10), ONE, Fraction(82, 100)) is None


@pytest.mark.parametrize(
    ("roots", "stable"),
    [((0.5, -0.5), True), ((0.9, 0.99, -0.2), True), ((1.0, 0.1, 0.2), False), ((0.3, -1.01, 0.2, 0.1), False)],
)
def test_schur_and_cohn_agree_with_the_roots(roots, stable):
    size = len(roots)
    matrix = tuple(tuple(near(roots[i]) if i == j else near(i < j) for j in range(size)) for i in range(size))
    assert schur_stable(characteristic(matrix)) is stable


def test_a_point_that_no_condition_speaks_of_is_no_obstacle():
    """|x'|^2 <= |x|^2 with one point of a convex function and no minimiser: false."""
    x, g = vector("x"), vector("g")
    f = Oracle("f", (Membership("smooth_strongly_convex", (Fraction(1, 10), ONE)),), (Point("x", x, g, value("f")),))
    found = refute(Problem((f,), (Statement("claim", square(x) - square(x - g)),)))
    assert found is not None and found.amount < 0 and found.values == {"f": 0}
    function = found.functions["f"]
    assert isinstance(function, Interpolant) and function.gradient(function.x[0]) == function.g[0]
