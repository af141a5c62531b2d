"""A choice of vectors by a condition is looked at both ways."""

from __future__ import annotations

import pytest

from optgen.compiler import _shipped, parse
from optgen.passes.lower import claims
from optgen.proof.lemma import lemma, questions

HEAD = """algorithm m(a)
  data a : R[n]
  state w : R[n] = 0
  step
    w' = if dot(a, w) <= 0 then w + a else w
"""


def claim(line: str):
    (found,) = claims(parse(f'{HEAD}  claim "it"\n    {line}\n').file, _shipped(None))
    return found


def test_each_way_is_a_question_with_its_condition():
    found = list(questions(claim("prove sqnorm(w') <= sqnorm(w) + sqnorm(a)")))
    assert len(found) == 2
    assert {q.assumptions[-1][0] for q in found} == {"<=", ">"}
    assert all("if" not in str(q.goal) for q in found)


@pytest.mark.parametrize(
    ("goal", "status"),
    [
        ("prove sqnorm(w') <= sqnorm(w) + sqnorm(a)", "proved"),
        ("prove dot(a, w') >= dot(a, w)", "proved"),
        ("prove sqnorm(w') <= sqnorm(w)", "refuted"),
        ("prove sqnorm(w') <= sqnorm(w) + sqnorm(a)/2", "refuted"),
    ],
)
def test_what_holds_both_ways_is_proved_and_what_fails_one_way_is_refuted(goal, status):
    assert lemma(claim(goal)).status == status
