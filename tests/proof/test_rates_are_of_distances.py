"""A rate is proved of what vanishes at the minimiser, wherever that is; not of what only vanishes where it is 0."""

from __future__ import annotations

import pytest

import optgen

TEXT = """algorithm gd(f)
  param lr in (0, inf)
  state x : space(f)
  state v : space(f) = 0
  step
    v' = v/4 - lr*grad f(x)
    x' = x + v'
  claim "c"
    given f in smooth_strongly_convex(mu, L)
    at mu = 1, L = 10, lr = 1/10
    prove rate({quantity}) <= 0.91
"""


@pytest.mark.parametrize("quantity", ["norm(x - argmin f)", "sqnorm(x - argmin f) + sqnorm(v)"])
def test_the_distance_to_the_minimiser_has_a_rate(quantity):
    (verdict,) = optgen.verify(optgen.parse(TEXT.format(quantity=quantity)), cache=False)
    assert (verdict.verdict, verdict.trust) == ("proved", "exact")


@pytest.mark.parametrize("quantity", ["norm(x)", "norm(x + argmin f)", "norm(x - 2*argmin f)", "norm(v - argmin f)"])
def test_what_is_not_0_at_the_minimiser_has_none(quantity):
    (verdict,) = optgen.verify(optgen.parse(TEXT.format(quantity=quantity)), cache=False)
    assert verdict.verdict != "proved"
