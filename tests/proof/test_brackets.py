"""A claim that is open or false on part of its domain says how far it holds: every number was tried itself."""

from __future__ import annotations

import re
from fractions import Fraction

import optgen
from optgen.proof.brackets import Range, edge, search, sentence
from tests.proof.specs import WALK

METHOD = (
    WALK
    + """  claim "c"
    {claim}
"""
)


def verdict(claim: str):
    (found,) = optgen.verify(METHOD.format(claim=claim), cache=False)
    return found


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"\d+\.?\d*(?:e-\d+)?", text)]


def test_a_false_claim_says_up_to_where_it_is_proved_and_from_where_it_is_refuted():
    found = verdict("given f in smooth(L), lr in (0, 3/L), beta = 0\n    prove f(x') <= f(x)")
    assert found.verdict == "refuted"
    assert found.bracket.startswith("proved at L = 1 for lr from ")
    _, _, proved, refuted = numbers(found.bracket)
    assert 1.99 < proved <= 2 < refuted < 2.01


def test_a_rate_that_is_too_good_is_bracketed_by_the_known_one():
    at = "at mu = 1, L = 10, lr = 1/10, beta = 0"
    found = verdict(f"given f in smooth_strongly_convex(mu, L)\n    {at}\n    prove rate(norm(x - argmin f)) <= 0.8")
    proved, refuted = numbers(found.bracket)
    assert found.verdict == "refuted" and 0.899 < refuted < 0.9 <= proved < 0.901


def test_a_proved_claim_has_none():
    assert verdict("given f in smooth(L), lr in (0, 2/L), beta = 0\n    prove f(x') <= f(x)").bracket == ""


def test_the_search_finds_the_longest_run_and_both_its_ends():
    def ask(value: Fraction) -> str:
        return "proved" if Fraction(3, 10) <= value <= Fraction(7, 10) else "refuted"

    found = search(ask, Fraction(0), Fraction(1))
    assert found.low is not None and found.high is not None and found.below is not None and found.above is not None
    assert found.below < Fraction(3, 10) <= found.low and found.high <= Fraction(7, 10) < found.above
    assert found.above - found.high < Fraction(1, 1000)


def test_an_end_without_a_refutation_says_nothing_of_one():
    known, refuted = edge(lambda value: "proved" if value <= Fraction(1, 3) else "unknown", Fraction(0), Fraction(1))
    assert Fraction(33, 100) < known <= Fraction(1, 3) and refuted is None
    assert sentence("lr", Range(Fraction(1, 8), known), "") == f"proved for lr from 0.125 to {float(known):.5g}"


def test_where_nothing_is_proved_the_refuted_numbers_are_said():
    assert sentence("lr", search(lambda value: "refuted", Fraction(0), Fraction(1)), "").startswith("proved nowhere")
