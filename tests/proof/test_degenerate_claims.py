"""Claims at the edges of what they are about: none that is false, or without a meaning, is proved."""

from __future__ import annotations

import pytest

from optgen.diagnostics import SpecError
from optgen.verification import verify

HEAVY_BALL = """algorithm heavy_ball(f)
  param lr in (0, inf), beta in [0, 1)
  state x : space(f)
  state v : space(f) = 0
  step
    v' = beta*v - lr*grad f(x)
    x' = x + v'
"""
FALSE = {
    "a factor that may be 0": "for all w, x, y\ngiven w*x = w*y\nprove x = y",
    "a quotient in a branch": "for all w, x, y\ngiven w*x = w*y\nprove x = y + 0*(if w > 0 then 1/w else 1)",
    "a root has one sign": "for all x\nprove sqrt(x^2) = x",
    "a half power is no inverse": "for all b\nprove (b^2)^(1/2) = b",
    "the two are alike": "for all x, y\nprove max(x, y) > min(x, y)",
    "no slope at 0": "for all x\nlet q(x) = abs(x)\nprove grad q(x)^2 = 1",
    "one dimension is not all": "for all x in R[n], y in R[n]\nprove dot(x, y)^2 = sqnorm(x)*sqnorm(y)",
    "a dimension may be one": "for all x in R[n]\nprove n >= 2",
    "a square may be 0": "for all x in R[n]\nprove sqnorm(x) > 0",
    "a count may be 0": "for all k in N\nprove k >= 1",
    "an end of an interval": "for all x in [0, 1]\nprove x*(1 - x) > 0",
    "an interval that is a point": "for all x in [1, 1]\nprove x = 2",
    "an interval that is mostly empty": "for all p >= 0, x in [0, -p^2]\nprove p = 1",
    "ends that cross": "for all a in [0, 1], b in [a, a^2]\nprove b > a",
    "a semidefinite form may be 0": "for all A in R[n, n], x in R[n]\ngiven A psd\nprove dot(x, A @ x) > 0",
    "an empty interval": "for all x in (1, 0)\nprove x = 5",
}
OF_A_METHOD = {
    "no curvature from below": "given f in quadratic(mu, L), mu >= 0, lr in (0, 2*(1 + beta)/L)\nprove stable",
    "the end of the stable steps": "given f in quadratic(mu, L), mu > 0, lr in (0, 2*(1 + beta)/L]\nprove stable",
    "a point where the gradient is 0": "given f in smooth(L), lr in (0, 1/L)\nlet W = f(x)\nprove f(x') < f(x)",
    "steps that are longer": (
        "given f in smooth(L), lr in (0, 1/L]\nlet W = f(x) + beta/(2*lr)*sqnorm(v)\nprove decreases(W)"
    ),
    "a class without members": "given f in smooth_strongly_convex(mu, L), L > 0, mu > L\nprove f(x') <= f(x) - 1",
}


def verdict(text: str) -> str:
    try:
        (found,) = verify(text, seconds=2.0, cache=False)
    except SpecError as stop:
        assert "E0705" in str(stop)
        return "contradiction"
    return found.verdict


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_at_an_edge_is_not_proved(name):
    text = 'claim "it"\n' + "".join(f"  {line}\n" for line in FALSE[name].split("\n"))
    assert verdict(text) in ("refuted", "contradiction")


@pytest.mark.parametrize("name", OF_A_METHOD)
def test_what_is_false_of_a_method_at_an_edge_is_not_proved(name):
    lines = "".join(f"    {line}\n" for line in OF_A_METHOD[name].split("\n"))
    assert verdict(HEAVY_BALL + '  claim "it"\n' + lines) != "proved"
