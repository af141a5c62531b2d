"""Rates and claims with numbers: what the solver suggests counts only where its rounding passes exactly."""

from __future__ import annotations

import json
from fractions import Fraction
from math import sqrt

import pytest

from optgen.proof.check import check
from optgen.proof.problem import Membership, Oracle, Point, Problem, Statement, square, value, vector
from optgen.proof.semidefinite import bisect, prove
from tests.proof.methods import lyapunov, tunings

KNOWN = [
    ("gradient 1/L", 1, 0.9),
    ("gradient 2/(L+mu)", 1, 0.8181818),
    ("heavy ball", 1, 0.860409),
    ("heavy ball", 2, 0.860221),
    ("nesterov", 1, 0.751822),
    ("triple momentum", 1, 0.683773),
]


@pytest.mark.parametrize(("name", "h", "rate"), KNOWN)
def test_the_best_rate_is_the_known_one(name, h, rate):
    method = tunings(1, 10)[name]
    found = bisect(lambda r: lyapunov(method, Fraction(1, 10), Fraction(1), r, h), Fraction(1), Fraction(1, 4))
    assert found is not None
    assert rate - 1e-6 <= sqrt(found[0]) <= rate + 1e-5
    assert check(json.loads(json.dumps(found[1].to_json()))).trust == "exact"


def test_a_rate_below_the_best_is_not_proved():
    method = tunings(1, 10)["triple momentum"]
    assert prove(lyapunov(method, Fraction(1, 10), Fraction(1), Fraction(683, 1000) ** 2)) is None


def test_descent_with_numbers_is_proved_though_it_is_tight():
    assert prove(descent(Fraction(1, 2), Fraction(1))) is not None
    assert prove(descent(Fraction(1, 2), Fraction(99, 100))) is None


def descent(lr: Fraction, factor: Fraction) -> Problem:
    """f(x') <= f - factor * lr (1 - lr/2) |g|^2 is false for a factor above 1; here 1/factor sharpens it."""
    x, g = vector("x"), vector("g")
    points = (Point("x", x, g, value("f")), Point("x'", x - lr * g, vector("g'"), value("f'")))
    f = Oracle("f", (Membership("smooth", (Fraction(1),)),), points)
    claim = value("f") - value("f'") - (lr * (1 - lr / 2) / factor) * square(g)
    return Problem((f,), (Statement("descent", claim),))
