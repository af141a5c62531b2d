"""Identities: found by the prover, accepted by the checker; neither what is false nor a changed certificate is."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from optgen.ir.claims import Claim, Relation
from optgen.proof.assumptions import Question
from optgen.proof.check import check
from optgen.proof.evidence import identity
from optgen.proof.lemma import lemma
from optgen.proof.recheck import recheck
from optgen.proof.terms import Reader, Rules
from optgen.proof.written import Rejected
from optgen.verification import as_spec, claims_of


def data(left: Any, right: Any, **rules: Any) -> Question:
    return Question((), ["=", left, right], Rules(**rules))


def entry(name: str, *labels: str) -> Any:
    return ["atom", name, *labels]


def over(label: str, body: Any, extent: str = "n") -> Any:
    return ["sum", label, extent, body]


DOT = over("i", ["*", entry("x", "i"), entry("y", "i")])
SQUARES = over("i", ["*", entry("x", "i"), entry("x", "i")])
TRUE = {
    "a sum under another label": data(DOT, over("j", ["*", entry("y", "j"), entry("x", "j")])),
    "a square of a sum": data(
        ["^", over("i", entry("x", "i")), 2], over("i", over("j", ["*", entry("x", "i"), entry("x", "j")]))
    ),
    "the transpose": data(
        over("i", over("j", ["*", entry("x", "i"), entry("A", "i", "j"), entry("y", "j")])),
        over("i", over("j", ["*", entry("y", "j"), entry("A", "i", "j"), entry("x", "i")])),
    ),
    "a symmetric matrix": data(
        over("i", over("j", ["*", entry("x", "i"), entry("A", "i", "j"), entry("y", "j")])),
        over("i", over("j", ["*", entry("y", "i"), entry("A", "i", "j"), entry("x", "j")])),
        symmetric=frozenset("A"),
    ),
    "the identity matrix": data(over("j", ["*", ["same", "i", "j"], entry("x", "j")]), entry("x", "i")),
    "a length": data(over("i", over("j", ["same", "i", "j"])), entry("n")),
    "a mean": data(
        ["/", over("i", ["+", entry("x", "i"), "1"]), entry("n")],
        ["+", ["/", over("i", entry("x", "i")), entry("n")], "1"],
    ),
    "pairs in order": data(
        over("i", over("j", ["*", ["before", "i", "j"], entry("x", "i"), entry("x", "j")])),
        ["/", ["+", ["^", over("i", entry("x", "i")), 2], ["*", "-1", SQUARES]], "2"],
    ),
    "a quotient": data(["/", ["*", DOT, SQUARES], SQUARES], DOT),
    "a root": data(["^", ["sqrt", SQUARES], 4], ["^", SQUARES, 2]),
    "a function at one point": data(
        ["at", "f", [["a"], ["+", entry("x", "a"), entry("y", "a")]], []],
        ["at", "f", [["b"], ["+", entry("y", "b"), entry("x", "b")]], []],
    ),
    "a value": data(entry("z", "i"), ["*", "2", entry("x", "i")], values={"z": (("k",), ["*", "2", entry("x", "k")])}),
}  # fmt: skip
FALSE = {
    "a sum of squares and the square of a sum": data(SQUARES, ["^", over("i", entry("x", "i")), 2]),
    "a length that is one": data(over("i", "1"), "1"),
    "a length that is three": data(over("i", "1"), "3"),
    "a polynomial in the length that vanishes up to four": data(
        ["*", *(["+", entry("n"), f"-{k}"] for k in range(1, 5)), over("i", "1")], "0"
    ),
    "a matrix that is not symmetric": data(
        over("i", over("j", ["*", entry("x", "i"), entry("A", "i", "j"), entry("y", "j")])),
        over("i", over("j", ["*", entry("y", "i"), entry("A", "i", "j"), entry("x", "j")])),
    ),
    "matrices that do not commute": data(
        over("j", ["*", entry("A", "i", "j"), entry("B", "j", "k")]),
        over("j", ["*", entry("B", "i", "j"), entry("A", "j", "k")]),
    ),
    "a determinant of three rows": data(
        over("i", over("j", ["*", entry("x", "i"), entry("y", "j"), ["+", ["same", "i", "j"], "-1"]])), "0"
    ),
    "entries that are equal on the diagonal alone": data(
        ["*", entry("x", "i"), entry("y", "j")], ["*", entry("x", "j"), entry("y", "i")]
    ),
    "functions at two points": data(
        ["at", "f", [["a"], entry("x", "a")], []], ["at", "f", [["a"], ["*", "2", entry("x", "a")]], []]
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_an_identity_is_proved_in_every_dimension(name):
    certificate = identity(TRUE[name])
    assert certificate is not None
    assert recheck(json.loads(json.dumps(certificate))).trust == "algebra"


@pytest.mark.parametrize("name", FALSE)
def test_what_is_no_identity_is_not(name):
    assert identity(FALSE[name]) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (over("i", ["/", entry("x", "i"), ["*", "2", entry("x", "i")]]), ["/", over("i", "1"), "2"]),
        (["exp", "0"], "1"),
        (["*", ["exp", entry("a")], ["exp", ["*", "-1", entry("a")]]], "1"),
        (["exp", ["*", "2", entry("a")]], ["^", ["exp", entry("a")], 2]),
        (["sqrt", ["*", "4", ["^", entry("a"), 2]]], ["*", "2", ["abs", entry("a")]]),
        (["^", ["abs", entry("a")], 2], ["^", entry("a"), 2]),
        (["exp", ["sqrt", ["^", ["exp", "0"], 2]]], ["exp", "1"]),
        (["abs", "-3"], "3"),
    ],
)
def test_laws_of_functions_are_used(left, right):
    certificate = identity(data(left, right))
    assert certificate is not None
    assert recheck(certificate).trust in ("algebra", "exact")


FORGED = {  # what no law says, though each step looks like one
    "a root makes its argument positive": (
        [">=", entry("y"), "0"], [[["law", "root", entry("y")], "-1", []]], [["1", ["sqrt", entry("y")]]], []
    ),
    "an inverse makes its argument not 0": (
        ["=", entry("x"), entry("y")],
        [
            [["law", "inverse", entry("w")], ["*", "-1", ["+", entry("x"), ["*", "-1", entry("y")]]], []],
            [["given", "given 1", {}], ["inverse", entry("w")], []],
        ],
        [],
        [],
    ),
    "a quotient in a lemma divides by what may be 0": (
        ["=", ["f", entry("x")], ["f", entry("y")]],
        [[["lemma", "f", "x"], "1", []], [["lemma", "f", "y"], "-1", []]],
        [],
        [
            ["x", ["=", entry("x"), ["/", ["*", entry("y"), entry("w")], entry("w")]],
             [[["given", "given 1", {}], ["/", "1", entry("w")], []]]],
            ["y", ["=", entry("y"), ["/", ["*", entry("y"), entry("w")], entry("w")]], []],
        ],
    ),
    "a quotient in a branch that is not taken": (
        ["=", entry("x"), ["+", entry("y"), ["*", "0", ["if", "c", ["/", "1", entry("w")], "1"]]]],
        [[["given", "given 1", {}], ["/", "1", entry("w")], []]],
        [],
        [],
    ),
    "an inequality for an equation": (
        ["=", ["^", entry("x"), 2], "0"], [[["law", "square", entry("x")], "1", []]], [], []
    ),
    "a square that is taken away": (["<=", ["^", entry("x"), 2], "0"], [], [["-1", entry("x")]], []),
    "a matrix form of two vectors": (
        [">=", over("s", over("t", ["*", entry("u", "s"), entry("w", "t"), entry("A", "s", "t"), entry("u", "t"),
                                    entry("w", "t")])), "0"],
        [[["form", "A", ["*", entry("u", "s"), entry("w", "t")], "s", "t", "n"], "1", []]], [], [],
    ),
    "what is given of one entry, of another": (
        ["=", entry("v", "=2"), "0"], [[["given", "given 2", {"=1": "=2"}], "1", []]], [], []
    ),
    "a power of a negative base": (
        [">=", entry("b"), "0"], [[["law", "power", entry("b"), "1", [2, "1/2"]], "1", []]],
        [["1", ["power", entry("b"), "1/2"]]], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_certificate_is_rejected(name):
    goal, uses, squares, lemmas = FORGED[name]
    difference = ["*", entry("w"), ["+", entry("x"), ["*", "-1", entry("y")]]]
    forged = {
        "kind": "sum",
        "problem": {
            "oracles": [], "domain": [], "assumptions": {}, "equalities": {},
            "given": {"given 1": ["=", difference, "0"], "given 2": ["=", entry("v", "=1"), "0"]},
            "psd": ["A"], "symmetric": ["A"],
            "statements": [{"name": "claim", "goal": goal}],
        },
        "lemmas": [{"name": n, "goal": g} for n, g, _ in lemmas],
        "multipliers": {}, "matrices": {}, "squares": {"claim": squares},
        "uses": {"claim": uses, **{n: u for n, _, u in lemmas}},
    }  # fmt: skip
    with pytest.raises(Rejected):
        check(forged)


def identities(certificate: Any):
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from identities(part)
    elif certificate["kind"] == "sum":
        yield certificate


def equations_only(claim: Claim) -> bool:
    return not claim.classes and all(isinstance(g, Relation) and g.operator == "==" for g in claim.goals)


FILES = ("gradient_descent", "factored_descent", "momentum", "mirror_descent", "newton_schulz", "steps", "descent")


@pytest.fixture(scope="module")
def shipped() -> list[Any]:
    paths = [f"specs/{'claims/' * (name in ('steps', 'descent'))}{name}.opt" for name in FILES]
    made = [claim for path in paths for claim in claims_of(as_spec(path)) if equations_only(claim)]
    certificates = [found.certificate for claim in made if (found := lemma(claim, 2.0)).status == "proved"]
    return [json.loads(json.dumps(c)) for certificate in certificates for c in identities(certificate)]


def test_certificates_of_shipped_identities_are_accepted(shipped):
    assert len(shipped) >= 15
    assert all(check(certificate).trust in ("algebra", "exact") for certificate in shipped)


def numbers_in(term: Any, path: tuple[int, ...] = ()):
    for k, part in enumerate(term):
        if isinstance(part, list):
            yield from numbers_in(part, (*path, k))
        elif isinstance(part, str) and part.lstrip("-").replace("/", "").isdigit() and term[0] in ("+", "*", "/"):
            yield (*path, k)


def test_changed_identities_are_rejected(shipped):
    """A number of a goal changed: accepted only where the prover can prove what the certificate then says."""
    rng, rejected = random.Random(3), 0
    places = [(c, path) for c in shipped for path in numbers_in(goal_of(c))]
    for certificate, path in rng.sample(places, 60):
        wrong = copy.deepcopy(certificate)
        term = goal_of(wrong)
        for k in path[:-1]:
            term = term[k]
        term[path[-1]] = "7/3"
        try:
            check(wrong)
        except Rejected:
            rejected += 1
            continue
        rules = Rules(frozenset(wrong["problem"]["symmetric"]), values=values_of(wrong))
        assert Reader(rules).vanishes(["+", goal_of(wrong)[1], ["*", "-1", goal_of(wrong)[2]]])  # a number times 0
    assert rejected >= 40


def goal_of(certificate: Any) -> Any:
    return certificate["problem"]["statements"][0]["goal"]


def values_of(certificate: Any) -> Any:
    return {name: (tuple(own), value) for name, (own, value) in certificate["problem"]["values"].items()}
