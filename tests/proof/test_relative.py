"""f in relatively_smooth(L, h): L h - f is convex; claims of both functions together."""

from __future__ import annotations

import pytest

from optgen.diagnostics import SpecError
from optgen.passes.differentiate import differentiate
from optgen.proof import extract
from optgen.proof.attack import MistranslatedError, attack_members, attack_vectors
from optgen.proof.check import check
from optgen.proof.decide import prove
from optgen.proof.problem import Oracle
from tests.proof.test_averages import problem

HEAD = """algorithm m(f, h)
  oracle f : R[n] -> R, h : R[n] -> R
  state x : R[n], y : R[n] = 0
  step
    x' = x - grad f(x)
    y' = y
"""
GIVEN = "given f in relatively_smooth(L, h), h in convex"
GAP = "f(x) - f(y) - dot(grad f(y), x - y)"
BELOW = "L*(h(x) - h(y) - dot(grad h(y), x - y))"


@pytest.mark.parametrize(
    "goal", [f"{GAP} <= {BELOW}", "dot(grad f(x) - grad f(y), x - y) <= L*dot(grad h(x) - grad h(y), x - y)"]
)
def test_the_gap_is_convex(goal):
    claim, relation, found = problem(HEAD, f"{GIVEN}\nprove {goal}")
    attack_vectors(claim, relation, found, differentiate)
    certificate = prove(found.problem)
    assert certificate is not None
    check(certificate.to_json())
    assert attack_members(claim, relation, found, differentiate) > 0


@pytest.mark.parametrize("goal", [f"{GAP} <= {BELOW}/2", f"{GAP} >= 0", f"{GAP} >= -{BELOW}"])
def test_more_than_that_is_not_proved(goal):
    _, _, found = problem(HEAD, f"{GIVEN}\nprove {goal}")
    assert prove(found.problem) is None


def test_a_gap_of_the_wrong_sign_is_caught(monkeypatch):
    plain = extract.Extraction.below

    def flipped(self, membership):
        (found,) = plain(self, membership)
        points = tuple(extract.Point(p.name, p.x, -p.g, -p.f) for p in found.points)
        return [Oracle(found.name, found.classes, points)]

    monkeypatch.setattr(extract.Extraction, "below", flipped)
    claim, relation, found = problem(HEAD, f"{GIVEN}\nprove {GAP} >= {BELOW}")
    assert prove(found.problem) is not None
    with pytest.raises(MistranslatedError):
        attack_members(claim, relation, found, differentiate)


def test_the_second_argument_is_a_function():
    with pytest.raises(SpecError, match="takes a function"):
        problem(HEAD, "given f in relatively_smooth(L, 2)\nprove f(x) <= f(y)")
