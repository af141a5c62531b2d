"""One decision for a problem: refuted with the part where it holds, proved, or unknown with what was tried."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from optgen.proof.check import check
from optgen.proof.decide import decide
from optgen.proof.polynomial import symbol
from optgen.proof.problem import Interval, Membership, Oracle, Point, Problem, Statement, square, value, vector
from tests.proof.theorems import CURVED, descent, distance

lr, L, mu = symbol("lr"), symbol("L"), symbol("mu")


def test_a_theorem_is_proved():
    outcome = decide(descent())
    assert outcome.status == "proved" and outcome.certificate is not None
    assert check(outcome.certificate.to_json()).trust == "algebra"
    assert [method for method, _, _ in outcome.tried] == ["points that violate it", "multipliers"]


def test_a_claim_that_is_false_for_long_steps_says_where_it_holds():
    """f(x') <= f - lr/4 |g|^2 holds exactly for lr L <= 3/2."""
    problem = descent()
    claim = value("f") - value("f'") - lr / 4 * square(vector("g"))
    outcome = decide(replace(problem, statements=(Statement("claim", claim),)))
    assert outcome.status == "refuted" and outcome.part is not None
    edge, wrong = outcome.part.proved.high, outcome.part.refuted
    assert isinstance(edge, Fraction)
    scale = outcome.part.at["L"]
    assert 1.49 < float(edge * scale) <= 1.5 < float(wrong * scale) < 1.51
    assert check(outcome.part.certificate.to_json()).trust == "algebra"


def test_a_claim_that_is_false_for_short_steps_says_where_it_holds():
    outcome = decide(distance(lr * L - 1, (Interval("lr", Fraction(0), 2 / L),)))
    assert outcome.status == "refuted" and outcome.part is not None
    low = outcome.part.proved.low
    numbers = outcome.part.at
    assert isinstance(low, Fraction)
    best = 2 / (numbers["mu"] + numbers["L"])
    assert outcome.part.refuted < best <= low < best * Fraction(11, 10)


def test_what_is_neither_proved_nor_refuted_is_unknown():
    """Twice the known rate of decrease for a PL function: a refutation would need conditions that suffice."""
    x, g = vector("x"), vector("g")
    points = (
        Point("*", 0 * x, 0 * g, value("f*"), minimiser=True),
        Point("x", x, g, value("f")),
        Point("x'", x - g, vector("g'"), value("f'")),
    )
    f = Oracle("f", (Membership("smooth", (Fraction(1),)), Membership("pl", (Fraction(1, 10),))), points)
    claim = Fraction(1, 2) * (value("f") - value("f*")) - value("f'") + value("f*")
    outcome = decide(Problem((f,), (Statement("claim", claim),)))
    assert outcome.status == "unknown" and len(outcome.tried) == 2


def test_the_rate_of_a_pl_function_is_proved():
    x, g = vector("x"), vector("g")
    points = (
        Point("*", 0 * x, 0 * g, value("f*"), minimiser=True),
        Point("x", x, g, value("f")),
        Point("x'", x - (1 / L) * g, vector("g'"), value("f'")),
    )
    f = Oracle("f", (Membership("smooth", (L,)), Membership("pl", (mu,))), points)
    claim = (1 - mu / L) * (value("f") - value("f*")) - value("f'") + value("f*")
    outcome = decide(Problem((f,), (Statement("claim", claim),), CURVED))
    assert outcome.status == "proved"
