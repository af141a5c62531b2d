"""Verdicts end to end: text in, a checked proof or an example that runs out."""

from __future__ import annotations

import json

import pytest

import optgen
from optgen.compiler import parse
from optgen.proof.recheck import recheck
from optgen.proof.verdict import verdict_from_json
from optgen.proof.worker import Worker
from optgen.verification import as_spec, verdicts
from tests.proof.specs import HEADS


def verdict(head: str, lines: str, mode: str = "prove"):
    text = HEADS[head] + '  claim "it"\n' + "".join(f"    {line.strip()}\n" for line in lines.strip().split("\n"))
    (found,) = verdicts(parse(text), cache=False)
    return found


def test_a_spec_is_as_it_claims():
    text = (
        HEADS["gradient"]
        + """  claim "descends"
    given f in smooth(L), lr in (0, 2/L)
    prove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))
  claim "linear rate"
    given f in smooth_strongly_convex(mu, L), lr = 2/(mu + L)
    prove sqnorm(x' - argmin f) <= ((L - mu)/(L + mu))^2*sqnorm(x - argmin f)
  claim "longer steps can ascend"
    given f in smooth(L), lr = 3/L
    refute f(x') <= f(x)
"""
    )
    found = optgen.verify(text, cache=False)
    assert [v.verdict for v in found] == ["proved", "proved", "refuted"]
    assert all(v.as_claimed for v in found)
    assert recheck(found[0].certificate).trust == "algebra"
    assert found[2].counterexample["replayed"] is True


@pytest.mark.parametrize("path", ["proximal_gradient", "douglas_rachford", "admm", "momentum", "triple_momentum"])
def test_shipped_methods_are_as_they_claim(path):
    wrong = [v for v in optgen.verify(f"specs/{path}.opt", seconds=10) if not v.as_claimed]
    assert [v.claim for v in wrong if v.verdict != "unknown"] == []


@pytest.mark.parametrize(
    ("lines", "verdict_"),
    [
        ("given f in quadratic(mu, L), mu > 0, lr in (0, 2*(1 + beta)/L)\nprove stable", "proved"),
        ("given f in quadratic(mu, L), mu > 0, lr in (0, 3*(1 + beta)/L)\nprove stable", "refuted"),
        (
            "given f in smooth_strongly_convex(mu, L)\nat mu = 1, L = 10, lr = 1/10, beta = 1/4\n"
            "prove rate(norm(x - argmin f)) <= 0.91",
            "proved",
        ),
        (
            "given f in smooth_strongly_convex(mu, L)\nat mu = 1, L = 25, lr = 1/9, beta = 4/9\n"
            "prove rate(norm(x - argmin f)) <= 0.99",
            "refuted",
        ),
        (
            "given f in smooth_strongly_convex(mu, L)\nat mu = 1, L = 10, lr = 1/10, beta = 0\n"
            "prove rate(norm(x - argmin f)) <= 0.899",
            "refuted",
        ),
    ],
    ids=["stable", "too long a step", "a rate", "no rate for the heavy ball", "too good a rate"],
)
def test_goals_about_all_steps(lines, verdict_):
    found = verdict("momentum", lines)
    assert found.verdict == verdict_, found.tried


@pytest.mark.parametrize(
    "lines",
    [
        "given f in smooth(L)\nprove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x)) - lr/1000*sqnorm(grad f(x))",
        "given f in smooth(L), lr in (0, 2.1/L)\nprove f(x') <= f(x)",
        "given f in convex, f in smooth(L), lr in (0, 2/L)\nprove f(x') <= f(x) - lr*sqnorm(grad f(x))",
    ],
    ids=["constant", "domain", "sign"],
)
def test_a_claim_that_is_slightly_false_is_refuted(lines):
    found = verdict("gradient", lines)
    assert found.verdict == "refuted"
    assert found.counterexample["replayed"] is True


def test_norms_are_compared_after_squaring():
    lines = "given f in smooth_strongly_convex(mu, L), lr in (0, 2/(mu + L)]\n"
    found = verdict("gradient", lines + "prove norm(x' - argmin f) <= (1 - lr*mu)*norm(x - argmin f)")
    assert found.verdict == "proved", found.tried


def test_numbers_are_proved_exactly():
    lines = "given f in smooth_strongly_convex(mu, L)\nat mu = 1, L = 10, lr = 1/10\n"
    found = verdict("gradient", lines + "prove sqnorm(x' - argmin f) <= 0.81*sqnorm(x - argmin f)")
    assert (found.verdict, found.trust) == ("proved", "exact")


def test_iterates_of_a_known_number_are_unrolled():
    lines = "given f in convex, f in smooth(L), lr = 1/L\nat L = 1\n"
    found = verdict("gradient", lines + "prove f(x(2)) - min f <= sqnorm(x(0) - argmin f)/10")
    assert found.verdict == "proved", found.tried


def test_what_is_not_understood_is_unknown_and_says_why():
    found = verdict("gradient", "given f in smooth(L)\nprove norm1(x') <= norm1(x)")
    assert found.verdict == "unknown" and found.tried


def test_a_verdict_is_data():
    (first, *_) = optgen.verify("specs/gradient_descent.opt")
    again = verdict_from_json(json.loads(json.dumps(first.to_json())))
    assert (again.claim, again.verdict, again.words) == (first.claim, first.verdict, first.words)


def test_a_solver_that_takes_too_long_is_stopped():
    with Worker() as worker:
        worker.running()
        import optgen.proof.worker as module

        assert module.GRACE > 0
        answer, _ = worker.ask("multipliers", -module.GRACE, problem={})
        assert answer == {"failed": "stopped at its limit"}
        assert worker.child is None


def test_a_problem_that_makes_no_sense_fails_as_data():
    with Worker() as worker:
        answer, _ = worker.ask("multipliers", 5.0, problem={"oracles": 3})
        assert answer["failed"].startswith("TypeError")


def test_a_text_a_path_or_a_spec_may_be_verified():
    assert as_spec('claim "c"\n  prove 1 <= 2\n').file.groups("claim")
    assert as_spec("specs/gradient_descent.opt").names("algorithm") == ["gradient_descent"]


def test_a_stationary_point_of_a_concave_function_is_no_minimiser():
    found = verdict("gradient", "given f in concave\nprove dot(grad f(x), x - argmin f) >= 0")
    assert found.verdict != "refuted"


def test_points_that_a_given_brings_together_have_one_answer():
    found = verdict("momentum", "given f in convex, x = argmin f, beta = 1/2\nprove sqnorm(x' - argmin f) <= sqnorm(v)")
    assert found.verdict == "proved"


def test_a_constant_outside_what_a_class_allows_is_an_error():
    with pytest.raises(optgen.SpecError) as told:
        verdict("gradient", "given f in smooth(0)\nprove f(x') <= f(x)")
    assert [d.code for d in told.value.diagnostics] == ["E0705"]
