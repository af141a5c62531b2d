"""Params outside what claims prove, or inside what they refute, are a warning: once, cheap, in the author's words."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import optgen
from optgen import ClaimWarning

ROOT = Path(__file__).parent.parent.parent
METHOD = """
algorithm walk(f)
  param lr = 0.1 in (0, inf), beta = 0 in [0, 1)
  state x : space(f)
  step
    x' = x - lr*(1 - beta)*grad f(x)
{claims}

problem bowl
  data a : R[n]
  var x : R[n]
  minimize sum(i: a[i]*x[i]^2)/2
  where {classes}
"""
PROVED = """
  claim "falls"
    given f in smooth(L), lr in (0, 2/L), beta in [0, 1)
    prove f(x') <= f(x)
"""
REFUTED = """
  claim "too long"
    given f in smooth(L), lr > 4/L
    refute f(x') <= f(x)
"""


@pytest.fixture(autouse=True)
def nothing_known(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def solver(claims: str, classes: str = "convex, smooth(max(a))"):
    return optgen.compile(METHOD.format(claims=claims, classes=classes), problem="bowl", backend="numpy")


def said(made, **inputs) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made(steps=1, **inputs)
    return [str(item.message) for item in caught if item.category is ClaimWarning]


A = np.array([1.0, 4.0])


def test_inside_what_is_claimed_nothing_is_said():
    assert said(solver(PROVED), a=A, lr=0.4) == []


def test_outside_it_is_said_with_the_claim_its_region_and_the_constants_of_this_problem():
    (sentence,) = said(solver(PROVED), a=A, lr=0.6)
    assert sentence.startswith("walk: beta = 0, lr = 0.6 lie outside what its claims cover: lr in (0, 2/L)")
    assert '("falls")' in sentence and sentence.endswith("here L = 4")


def test_the_constant_follows_the_data():
    made = solver(PROVED)
    assert said(made, a=A / 2, lr=0.6) == []
    assert said(made, a=A, lr=0.61) != []


def test_a_rounded_end_of_a_closed_region_is_inside():
    made = solver(PROVED.replace("(0, 2/L)", "(0, 2/L]"))
    assert said(made, a=np.array([0.3, 0.7]), lr=np.nextafter(2 / 0.7, 9)) == []


def test_what_is_refuted_is_said_too():
    (sentence,) = said(solver(PROVED + REFUTED), a=A, lr=1.5)
    assert 'where "too long" is claimed to be false: lr > 4/L' in sentence


def test_a_refuted_claim_alone_is_enough():
    made = solver(REFUTED)
    assert said(made, a=A, lr=0.9) == []
    (sentence,) = said(made, a=A, lr=1.1)
    assert sentence.startswith('walk: lr = 1.1 lies where "too long" is claimed to be false')


def test_a_sharp_claim_refuted_inside_a_proved_region_is_no_warning():
    sharp = REFUTED.replace("lr > 4/L", "lr = 1/L, beta = 0")
    assert said(solver(PROVED + sharp), a=A, lr=0.25) == []


def test_another_claim_about_the_same_params_covers():
    long = PROVED.replace("falls", "stays").replace("(0, 2/L)", "[2/L, 3/L)")
    assert said(solver(PROVED + long), a=A, lr=0.6) == []


def test_a_claim_about_one_point_warns_nobody_who_is_not_there():
    point = PROVED.replace("lr in (0, 2/L), beta in [0, 1)", "lr = 1/L, beta = 0")
    assert said(solver(point), a=A, lr=0.6) == []


def test_a_claim_about_a_class_that_the_problem_does_not_state_says_nothing():
    assert said(solver(PROVED, "convex"), a=A, lr=0.6) == []


def test_a_convex_smooth_problem_is_one_of_strong_convexity_zero():
    made = solver(PROVED.replace("smooth(L)", "smooth_strongly_convex(mu, L)"))
    (sentence,) = said(made, a=A, lr=0.6)
    assert "mu = 0" in sentence
    assert said(solver(PROVED.replace("smooth(L)", "strongly_convex(L)")), a=A, lr=0.6) == []  # needs mu > 0


def test_params_alone_need_no_class():
    made = solver(PROVED.replace("f in smooth(L), lr in (0, 2/L), beta in [0, 1)", "lr + beta < 1"))
    assert said(made, a=A, lr=0.5, beta=0.4) == []
    assert said(made, a=A, lr=0.5, beta=0.6) != []


def test_a_schedule_is_looked_at_from_its_least_to_its_largest_value():
    made = solver(PROVED)
    assert said(made, a=A, lr=lambda k: 0.4 / k) == []
    (sentence,) = said(made, a=A, lr=lambda k: 0.6 * k)
    assert "lr = 0.6" in sentence


def test_a_call_with_the_params_of_the_call_before_is_not_looked_at_again():
    made = solver(PROVED)
    assert said(made, a=A, lr=0.6) != []
    assert said(made, a=A, lr=0.6) == []


def test_binding_warns_and_calling_again_does_not():
    made = solver(PROVED)
    with pytest.warns(ClaimWarning):
        bound = made.bind(a=A, lr=0.6, steps=1)
    assert said(lambda steps: bound()) == []
    with pytest.warns(ClaimWarning):
        bound(lr=0.7)


def test_a_constant_that_costs_too_much_is_not_computed():
    classes = "convex, smooth(max_eig(B.T @ B))"
    text = METHOD.format(claims=PROVED, classes=classes).replace("a : R[n]", "a : R[n], B : R[m, n]")
    made = optgen.compile(text, problem="bowl", backend="numpy")
    B = np.ones((500_000, 40))
    assert said(made, a=np.ones(40), B=B, lr=100.0) == []
    assert said(made, a=np.ones(40), B=B[:10], lr=101.0) != []


def test_verdicts_that_are_known_are_used():
    wrong = PROVED.replace("falls", "wrong").replace("(0, 2/L)", "(0, 3/L)")
    spec = optgen.parse(METHOD.format(claims=PROVED + wrong, classes="smooth(max(a))"))
    first, second = optgen.verify(spec)
    assert first.verdict == "proved" and second.verdict != "proved"
    (sentence,) = said(optgen.compile(spec, problem="bowl", backend="numpy"), a=A, lr=0.9)
    assert "outside what is proved" in sentence and "wrong" not in sentence


def test_the_warning_points_to_the_line_of_the_call():
    made = solver(PROVED)
    with pytest.warns(ClaimWarning) as caught:
        made(a=A, lr=0.6, steps=1)
    assert caught[0].filename == __file__


def test_run_prints_it_as_a_line(tmp_path):
    file = tmp_path / "walk.opt"
    file.write_text(METHOD.format(claims=PROVED, classes="smooth(max(a))"))
    np.save(tmp_path / "a.npy", A)
    words = ["run", file, "--problem", "bowl", "--data", f"a={tmp_path / 'a.npy'}", "--set", "lr=0.6", "--steps", "1"]
    made = subprocess.run(
        [sys.executable, "-m", "optgen", *words], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert made.stderr.startswith("warning: walk: beta = 0, lr = 0.6 lie outside")
