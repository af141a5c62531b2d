"""Comparisons of best rates: the methods ship, and a peer's answer is judged by certificate and counterexample."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

import optgen
from optgen.bench import cases
from optgen.bench.proofs import holds

RATES = cases._listed()["rates"]


@pytest.mark.parametrize("case", RATES, ids=lambda case: case["title"])
def test_a_method_whose_rate_is_compared_ships_with_its_parameters(case):
    spec = getattr(optgen.specs, case["spec"])
    solver = optgen.compile(spec, algorithm=case["algorithm"], problem="logistic", backend="numpy")
    assert set(case["params"]) <= {slot.name for slot in solver.program.slots}


@pytest.mark.parametrize(
    ("answer", "verdict"), [(0.81, "holds"), (0.8, "does not hold"), (0.80995, "not decided"), (0.9, "holds")]
)
def test_an_answer_holds_if_a_certificate_proves_it(answer, verdict):
    found = SimpleNamespace(proved=Fraction(81, 100), refuted=Fraction(8099, 10000))
    assert holds(answer, found) == verdict


def test_a_rate_that_is_claimed_has_a_certificate_of_its_own():
    spec, given = optgen.specs.gradient_descent, "f in smooth_strongly_convex(1, 10)"
    rates = {rate: Fraction(rate) for rate in ("811/1000", "809/1000")}
    found = {text: optgen.best_rate(spec, given, "gradient_descent", rate, lr="1/10") for text, rate in rates.items()}
    assert found["811/1000"].proved == rates["811/1000"] and found["811/1000"].certificate is not None
    assert found["809/1000"].proved is None
