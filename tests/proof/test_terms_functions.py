"""Functions, means and solutions in normal forms, against numbers; shipped lemmas made slightly false."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optgen
from optgen.compiler import _shipped
from optgen.passes.lower import claims
from optgen.proof.arithmetic import by_identity, conjuncts, substituted
from optgen.proof.check import check
from optgen.proof.lemma import questions
from optgen.proof.slopes import Unreadable
from optgen.proof.terms import Reader, Rules
from optgen.proof.written import Rejected

CALLS = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "abs": abs,
    "tanh": math.tanh,
    "sin": math.sin,
    "sign": lambda v: (v > 0) - (v < 0),
}


def number(term, values) -> float:
    if isinstance(term, str):
        return float(eval_fraction(term))
    match term:
        case ["atom", name]:
            return values[name]
        case ["+", *parts]:
            return sum(number(p, values) for p in parts)
        case ["*", *parts]:
            return math.prod(number(p, values) for p in parts)
        case ["/", a, b]:
            return number(a, values) / number(b, values)
        case ["^", a, n]:
            return number(a, values) ** n
        case ["power", a, b]:
            return number(a, values) ** number(b, values)
        case [word, a]:
            return CALLS[word](number(a, values))


def eval_fraction(text: str) -> float:
    top, _, bottom = text.partition("/")
    return int(top) / int(bottom or 1)


leaves = st.sampled_from(["2", "1/3", ["atom", "a"], ["atom", "b"], ["atom", "c"]])


def larger(inner):
    return st.one_of(
        st.builds(lambda x, y: ["+", x, y], inner, inner),
        st.builds(lambda x, y: ["*", x, y], inner, inner),
        st.builds(lambda x, y: ["+", x, ["*", "-1", y]], inner, inner),
        st.builds(lambda x, y: ["/", x, ["+", "1", ["^", y, 2]]], inner, inner),
        st.builds(lambda x: ["sqrt", ["+", "1", ["^", x, 2]]], inner),
        st.builds(lambda x: ["sqrt", ["^", x, 2]], inner),
        st.builds(lambda x: ["exp", x], leaves),
        st.builds(lambda x, y: ["*", ["exp", x], ["exp", ["*", "-1", y]]], leaves, leaves),
        st.builds(lambda x, y: ["power", ["+", "1", ["^", x, 2]], y], leaves, leaves),
        st.builds(lambda word, x: [word, x], st.sampled_from(["abs", "tanh", "sin", "sign"]), inner),
    )


TERMS = st.recursive(leaves, larger, max_leaves=5)


@settings(max_examples=200)
@given(TERMS, TERMS)
def test_functions_whose_difference_vanishes_have_one_value(left, right):
    for pair in ((left, right), (["*", left, left], ["^", left, 2]), (["+", left, right], ["+", right, left])):
        if Reader().vanishes(["+", pair[0], ["*", "-1", pair[1]]]):
            for values in ({"a": 0.7, "b": -1.3, "c": 0.4}, {"a": -0.2, "b": 0.9, "c": -1.1}):
                one, two = (number(term, values) for term in pair)
                assert math.isclose(one, two, rel_tol=1e-8, abs_tol=1e-8)


def test_means_over_draws_agree_with_gauss_hermite():
    z, x, A = (["atom", "z", "i"], ["atom", "x", "i"], ["atom", "A", "i", "j"])
    zj = ["atom", "z", "j"]
    form = ["sum", "i", "2", ["sum", "j", "2", ["*", A, z, zj]]]
    shifted = ["^", ["sum", "i", "2", ["*", z, ["+", z, x]]], 2]
    reader = Reader(Rules(normal=frozenset({"z"})))
    trace = ["sum", "i", "2", ["atom", "A", "i", "i"]]
    length = ["sum", "i", "2", ["^", x, 2]]
    assert reader.vanishes(["+", ["expect", form], ["*", "-1", trace]])
    assert reader.vanishes(["+", ["expect", shifted], ["*", "-1", ["+", "8", length]]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    weights = weights / weights.sum()
    point = np.array([0.3, -1.1])
    total = 0.0
    for p, u in zip(nodes, weights, strict=True):
        for q, v in zip(nodes, weights, strict=True):
            draw = np.array([p, q])
            total += u * v * float(draw @ (draw + point)) ** 2
    assert math.isclose(total, 8 + point @ point, rel_tol=1e-9)


LEMMAS = sorted((Path(__file__).parents[2] / "specs" / "claims").glob("*.opt"))


def equations(path):
    """(question, goal) of every equation of a file."""
    for claim in claims(optgen.load(path).file, _shipped(path.parent)):
        try:
            for question in questions(claim):
                question = substituted(question)
                yield from ((question, goal) for goal in conjuncts(question.goal) if goal[0] == "=")
        except Unreadable:
            continue


@pytest.mark.parametrize("path", LEMMAS, ids=lambda path: path.stem)
def test_an_equation_with_a_constant_off_by_a_thousandth_is_no_identity(path):
    for question, goal in equations(path):
        reader = Reader(question.rules)
        word, left, right = goal
        if not reader.normal(right).top:
            right, left = left, ["+", right, "1/1000"]
        wrong = [word, left, ["*", "1001/1000", right]]
        if reader.vanishes(right):
            wrong = [word, ["+", left, "1/1000"], right]
        assert not reader.vanishes(["+", wrong[1], ["*", "-1", wrong[2]]]), goal


def mutants(data):
    """The certificate with one number changed, or one sign lost."""

    def places(term, path=()):
        if isinstance(term, str) and term.lstrip("-").replace("/", "").isdigit():
            yield path
        elif isinstance(term, list):
            for k, part in enumerate(term):
                yield from places(part, (*path, k))

    for side in (1, 2):
        for path in list(places(data["problem"]["statements"][0]["goal"][side]))[:6]:
            broken = copy.deepcopy(data)
            target = broken["problem"]["statements"][0]["goal"]
            for k in (side, *path[:-1]):
                target = target[k]
            if path:
                target[path[-1]] = "17/16" if target[path[-1]] != "17/16" else "5"
                yield broken


def test_mutated_certificates_of_identities_are_rejected():
    rejected = total = 0
    for path in LEMMAS:
        for question, goal in equations(path):
            decision = by_identity(replace(question, goal=goal), Reader(question.rules), 1.0)
            if decision is None:
                continue
            data = json.loads(json.dumps(decision.certificate))
            check(data)
            for broken in mutants(data):
                total += 1
                try:
                    check(broken)
                except Rejected:
                    rejected += 1
    assert total >= 60
    assert total - rejected <= total // 20  # a factor of 0, or both sides changed alike, is still an identity
