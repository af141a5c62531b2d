"""Questions that can't be asked are errors in the author's words, before anything is searched."""

from __future__ import annotations

import pytest

import optgen

GD, MOMENTUM = optgen.specs.gradient_descent, optgen.specs.momentum
CLASS = "f in smooth_strongly_convex(1, 10)"

WRONG = [
    (lambda: optgen.largest(GD, "rl", CLASS), "neither gradient_descent nor its class has a rl"),
    (lambda: optgen.largest(GD, "lr", CLASS, beta=1), "neither gradient_descent nor its class has a beta"),
    (lambda: optgen.largest(GD, "lr", CLASS, lr=1), "lr is what is asked for, so it can't be 1"),
    (lambda: optgen.largest(GD, "lr", CLASS, low=2, high=1), "nothing lies between low = 2 and high = 1"),
    (lambda: optgen.largest(GD, "lr", CLASS, low=0, high=1), "lr in (0, inf) does not hold at lr = 0"),
    (lambda: optgen.largest(GD, "lr", "f in smooth(1), lr > 3"), "lr > 3 does not hold at lr = 1/1000"),
    (lambda: optgen.largest(GD, "lr", "f in smooth(L)"), "give numbers for L"),
    (lambda: optgen.largest(GD, "lr", "f in smoth(1)"), "there is no class smoth"),
    (lambda: optgen.largest(GD, "lr", "x in convex"), "x is no function, and convex is said of functions"),
    (lambda: optgen.largest(GD, "lr", CLASS, low="abc"), "'abc' is no number"),
    (lambda: optgen.largest(MOMENTUM, "lr", CLASS), "the file has several algorithms"),
    (lambda: optgen.largest(MOMENTUM, "lr", CLASS, "moment"), "there is no algorithm moment in the file"),
    (lambda: optgen.best_rate(GD, CLASS), "give numbers for lr"),
    (lambda: optgen.best_rate(GD, CLASS, lr=-1), "lr in (0, inf) does not hold at lr = -1"),
    (lambda: optgen.best_rate(GD, "f in smooth_strongly_convex(10, 1)", lr=1), "is outside what the class allows"),
    (lambda: optgen.best_rate(optgen.specs.adam, CLASS, "adam"), "the step of adam is not linear"),
    (lambda: optgen.stability_map(MOMENTUM, "lr", "beta", CLASS, [], [0.1], "momentum"), "the map has no values of lr"),
    (lambda: optgen.stability_map(MOMENTUM, "lr", "lr", CLASS, [1], [1], "momentum"), "not of lr twice"),
    (lambda: optgen.stability_map(MOMENTUM, "lr", "beta", CLASS, [0.1], [1.5], "momentum"), "in [0, 1) does not hold"),
]


@pytest.mark.parametrize(("ask", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_question_that_does_not_fit_is_an_error_that_says_why(ask, words):
    with pytest.raises(optgen.SpecError) as caught:
        ask()
    assert words in str(caught.value)


def test_a_misspelt_name_comes_with_the_right_one():
    with pytest.raises(optgen.SpecError, match=r"did you mean lr\?"):
        optgen.largest(GD, "rl", CLASS)


def test_an_answer_prints_its_numbers_and_not_its_proof():
    found = optgen.best_rate(GD, CLASS, lr="2/11")
    assert repr(found) == f"Bracket(proved={found.proved!r}, refuted={found.refuted!r})"
