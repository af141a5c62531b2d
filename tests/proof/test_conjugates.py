"""Values and subgradients of conj(K) in claims: they are points of K itself."""

from __future__ import annotations

import pytest

from optgen.passes.differentiate import differentiate
from optgen.proof import extract
from optgen.proof.attack import MistranslatedError, attack_members, attack_vectors
from optgen.proof.check import check
from optgen.proof.decide import prove
from optgen.proof.problem import Point
from tests.proof.test_averages import problem

HEAD = """algorithm m(K)
  oracle K : R[n] -> R
  state x : R[n], y : R[n] = 0
  step
    x' = grad K(x)
    y' = y
"""
TRUE = [
    "conj(K)(y) + K(x) >= dot(x, y)",
    "conj(K)(x') + K(x) <= dot(x, x')",
    "dot(grad (conj(K))(y) - x, y - x') >= 0",
    "dot(grad conj(K)(y) - x, y - x') >= 0",
]


@pytest.mark.parametrize("goal", TRUE)
def test_what_fenchel_and_young_say_is_proved_of_convex_functions(goal):
    claim, relation, found = problem(HEAD, f"given K in convex\nprove {goal}")
    attack_vectors(claim, relation, found, differentiate)
    certificate = prove(found.problem)
    assert certificate is not None
    check(certificate.to_json())
    assert attack_members(claim, relation, found, differentiate) > 0


def test_equality_needs_a_subgradient():
    _, _, found = problem(HEAD, "given K in convex\nprove conj(K)(y) + K(x) <= dot(x, y)")
    assert prove(found.problem) is None


def test_a_conjugate_taken_for_the_function_is_caught(monkeypatch):
    monkeypatch.setattr(extract, "conjugate_point", Point)
    claim, relation, found = problem(HEAD, "given K in convex\nprove conj(K)(x) >= K(x)")
    assert prove(found.problem) is not None
    with pytest.raises(MistranslatedError):
        attack_members(claim, relation, found, differentiate)
