"""Rates refuted by functions with one curvature left and another right of their minimiser."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import pytest

from optgen.proof.examples import PiecewiseLinearGradient
from optgen.proof.linear import momentum
from optgen.proof.problem import Membership
from optgen.proof.questions import best_rate
from optgen.proof.refute_slopes import root_below, slowest
from tests.proof.methods import tunings

MU = Fraction(1, 10)


def test_heavy_ball_does_not_have_its_rate_on_quadratics_globally():
    """On quadratics (sqrt 10 - 1)/(sqrt 10 + 1) = 0.519 a step; here 0.645, replayed for 300 steps."""
    tuned = tunings(1, 10)["heavy ball"]
    found = slowest(momentum(tuned.a, tuned.b), MU, Fraction(1))
    assert found is not None
    squared, example = found
    assert 0.64 < sqrt(squared) < 0.8605
    function = example.functions["f"]
    assert isinstance(function, PiecewiseLinearGradient) and all(MU <= s <= 1 for s in function.slopes())
    left, right = float(function.slope), float(function.right or 0)
    x, before = (float(example.points[name][0]) for name in ("x", "x_before"))
    size = abs(x)
    for _ in range(300):
        x, before = x + float(tuned.b) * (x - before) - float(tuned.a) * x * (right if x > 0 else left), x
    assert abs(x) > 0.1 * size * float(squared) ** 150 > 1e3 * size * 0.5195**300


@pytest.mark.parametrize("name", tunings(1, 10))
def test_no_refuted_rate_exceeds_a_certified_one(name):
    method = tunings(1, 10)[name]
    classes = {"f": [Membership("smooth_strongly_convex", (MU, Fraction(1)))]}
    found = best_rate(momentum(method.a, method.b, method.c), classes, (1,), 12)
    assert found.proved is not None and found.refuted is not None
    assert found.refuted < found.proved


def test_a_root_is_rounded_down():
    for number, degree in ((Fraction(1, 2), 2), (Fraction(3), 7), (Fraction(1, 1000), 3)):
        below = root_below(number, degree)
        assert below**degree <= number < (below + Fraction(1, 10**6)) ** degree
