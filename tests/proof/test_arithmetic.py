"""Real arithmetic: true relations are proved, false ones are refuted by numbers, contradictions are found."""

from __future__ import annotations

import json

import pytest

from optgen.proof.arithmetic import Question, decide
from optgen.proof.check import check
from optgen.proof.values import holds


def atom(name, *labels):
    return ["atom", name, *labels]


def minus(a, b):
    return ["+", a, ["*", "-1", b]]


def dot(a, b):
    return ["sum", "j", "n", ["*", atom(a, "j"), atom(b, "j")]]


b1, b2, eps, lr, L = map(atom, ("b1", "b2", "eps", "lr", "L"))
s, g, m = (atom(name, "i") for name in "sgm")


def squared_gap(a, b):
    return ["sum", "j", "n", ["^", minus(atom(a, "j"), atom(b, "j")), 2]]


second = ["+", ["*", b2, s], ["*", minus("1", b2), ["^", minus(g, m), 2]], eps]
domain = (["<=", "0", b2], ["<", b2, "1"], ["<", "0", eps])
u = atom("u")

TRUE = {
    "second moment at least eps": (Question((*domain, ["<=", eps, s]), ["<=", eps, second]), "algebra"),
    "second moment positive": (Question((*domain, ["<=", "0", s]), ["<", "0", second]), "algebra"),
    "young": (
        Question(
            (["<", "0", lr],),
            ["<=", ["*", "2", dot("g", "e")], ["+", ["*", lr, dot("g", "g")], ["/", dot("e", "e"), lr]]],
        ),
        "algebra",
    ),
    "normalised direction": (
        Question(
            (),
            [">=", ["/", dot("g", "m"), ["sqrt", dot("m", "m")]],
             minus(["sqrt", dot("g", "g")], ["*", "2", ["sqrt", squared_gap("g", "m")]])],
        ),
        "smt",
    ),
    "inverse of a shrinking scale": (
        Question(
            (["<", "0", lr], ["<=", ["*", lr, u], "1/4"], ["<", "0", u]),
            ["<=", ["/", "1", ["*", u, ["^", minus("1", ["*", lr, u]), 2]]], ["+", ["/", "1", u], ["*", "4", lr]]],
        ),
        "algebra",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_what_holds_is_proved(name):
    question, trust = TRUE[name]
    decision = decide(question)
    assert (decision.status, decision.trust) == ("proved", trust)
    if decision.certificate.get("kind") == "sum":
        assert check(json.loads(json.dumps(decision.certificate))).trust == "algebra"
    if trust == "smt":
        assert decision.certificate["solvers"] == ["z3", "cvc5"]


FALSE = {
    "second moment grows": Question((*domain, ["<=", "0", s]), [">=", second, ["+", s, eps]]),
    "young with a wrong constant": Question(
        (["<", "0", lr],),
        ["<=", ["*", "201/100", dot("g", "e")], ["+", ["*", lr, dot("g", "g")], ["/", dot("e", "e"), lr]]],
        dims=("n",),
    ),
    "a root beyond its argument": Question((["<", "0", u],), ["<=", ["sqrt", u], u]),
    "only one conjunct": Question((["<", "1", u],), ["and", ["<", "0", u], ["<", u, "2"]]),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_fails_somewhere_is_refuted_by_numbers(name):
    decision = decide(FALSE[name])
    assert decision.status == "refuted"
    assert decision.numbers


def test_contradictory_assumptions_prove_nothing():
    decision = decide(Question((["<", "0", lr], ["<", lr, ["*", "-1", ["^", L, 2]]]), ["<=", "1", "0"]))
    assert decision.status == "unknown"
    assert decision.empty


def test_an_equation_in_the_assumptions_is_substituted():
    given = ["=", lr, ["/", "2", ["+", L, u]]]
    decision = decide(Question((given,), ["=", ["*", lr, ["+", L, u]], "2"]))
    assert (decision.status, decision.trust) == ("proved", "algebra")


def test_a_branch_not_taken_assumes_nothing():
    value = ["if", ["=", u, "0"], "0", ["/", "1", u]]
    assert decide(Question((), ["!=", value, "0"])).status == "refuted"


def test_enclosures_decide_only_what_they_show():
    assert holds(["<", ["sqrt", "2"], "3/2"], {}) is True
    assert holds(["<", ["sqrt", "2"], "7/5"], {}) is False
    assert holds(["=", ["*", ["sqrt", "2"], ["sqrt", "2"]], "2"], {}) is None
    assert holds(["=", ["*", ["sqrt", "9/4"], "2"], "3"], {}) is True
