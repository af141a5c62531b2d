"""What a claim is given must hold somewhere: contradictions are found before a proof, in the words of the author."""

from __future__ import annotations

import pytest

import optgen
from optgen.proof.givens import conflict
from optgen.verification import claims_of
from tests.proof.specs import WALK

METHOD = (
    WALK
    + """  claim "c"
    given {given}
    prove f(x') <= f(x)
"""
)

EMPTY = {
    "f in smooth(L), lr in (0, 1/L), lr > 2/L": "nothing satisfies lr in (0, 1/L) and lr > 2/L",
    "f in smooth(L), lr in (2, 1)": "lr in (2, 1)",
    "f in smooth(L), beta in (1, 2)": "nothing satisfies beta = 0.5 in [0, 1) and beta in (1, 2)",
    "f in smooth(L), L < 0": "nothing satisfies smooth(L) and L < 0",
    "f in smooth(L), lr*L > 2, lr*L < 1": "nothing satisfies lr*L > 2 and lr*L < 1",
    "f in smooth(L), lr = 1, lr = 2": "lr = 2 needs 1 = 2",
    "f in smooth_strongly_convex(mu, L), mu > L": "nothing satisfies smooth_strongly_convex(mu, L) and mu > L",
    "f in smooth(L), lr^2 + beta^2 < 0": "lr^2 + beta^2 < 0",
}


@pytest.mark.parametrize(("given", "words"), EMPTY.items())
def test_conditions_on_numbers_that_leave_none_are_an_error_that_names_the_fewest(given, words):
    with pytest.raises(optgen.SpecError) as caught:
        optgen.verify(METHOD.format(given=given), cache=False)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0705"
    assert diagnostic.message == f"what 'c' is given can't hold: {words}"
    assert diagnostic.span is not None and diagnostic.span.text in given


@pytest.mark.parametrize(
    "given",
    [
        "f in smooth_strongly_convex(mu, L), lr = 2/(mu + L)",
        "f in smooth(L), lr*L in (1, 2), beta^2 + lr^2 < 5",
        "f in smooth(L), lr = 1/L, L = 3",
        "f in smooth_strongly_convex(mu, L), mu > 0, lr = 1/L, beta = (1 - sqrt(mu/L))/(1 + sqrt(mu/L))",
    ],
)
def test_conditions_that_some_numbers_satisfy_are_none(given):
    (claim,) = claims_of(optgen.parse(METHOD.format(given=given)))
    assert conflict(claim) is None


def test_numbers_of_at_count_as_given():
    text = METHOD.format(given="f in smooth(L), lr = 2/L\n    at lr = 1, L = 1")
    with pytest.raises(optgen.SpecError, match="can't hold at lr = 1, L = 1"):
        optgen.verify(text, cache=False)


@pytest.mark.parametrize("given", ["sqnorm(v) < 0", "dot(v, x) = 1, dot(v, x) = 2"])
def test_contradictions_between_vectors_prove_nothing_either(given):
    with pytest.raises(optgen.SpecError, match="what 'c' is given can't hold"):
        optgen.verify(METHOD.format(given=f"f in smooth(L), {given}"), cache=False)
