"""The small checker of identities: one dimension that decides all, what it refuses to decide, what it finds false."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from optgen.ir.claims import Claim, Relation
from optgen.proof.check_identity import Differs, TooMuch, check_entries
from optgen.proof.identity import NotAnIdentity, check_identity
from optgen.proof.lemma import lemma
from optgen.proof.recheck import recheck
from optgen.verification import as_spec, claims_of

EMPTY: dict[str, Any] = {
    "kind": "identity", "symmetric": [], "solutions": {}, "values": {}, "inverse": [], "normal": [], "psd": [],
    "equations": [],
}  # fmt: skip


def data(left: Any, right: Any, **parts: Any) -> dict[str, Any]:
    return {**EMPTY, "goal": ["=", left, right], **parts}


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
        symmetric=["A"],
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
    "a value": data(entry("z", "i"), ["*", "2", entry("x", "i")], values={"z": [["k"], ["*", "2", entry("x", "k")]]}),
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
def test_an_identity_is_decided_in_one_dimension(name):
    assert "decides every dimension" in check_entries(TRUE[name])
    assert recheck(TRUE[name]).trust == "algebra"
    assert check_identity(TRUE[name])


@pytest.mark.parametrize("name", FALSE)
def test_what_is_no_identity_differs(name):
    with pytest.raises(Differs):
        check_entries(FALSE[name])
    with pytest.raises(NotAnIdentity):
        check_identity(FALSE[name])


@pytest.mark.parametrize(
    "left",
    [
        over("i", ["/", "1", entry("x", "i")]),
        over("i", entry("v", "i")),
        ["expect", entry("z", "i")],
        ["at", "f", [["a"], ["*", over("i", "1"), entry("x", "a")]], []],
        ["^", entry("a"), 100],
    ],
    ids=[
        "denominators that are summed",
        "a value that divides",
        "a mean",
        "a length inside a function",
        "a large power",
    ],
)
def test_what_it_does_not_decide_it_does_not_accept(left):
    values = {"v": [["k"], ["/", "1", entry("x", "k")]]}
    with pytest.raises(TooMuch):
        check_entries(data(left, left, values=values))


def test_a_function_of_which_more_is_known_is_left_to_the_normal_form():
    same = data(["exp", "0"], "1")
    with pytest.raises(TooMuch):
        check_entries(same)
    assert recheck(same).trust == "algebra"


def identities(certificate: Any):
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from identities(part)
    elif certificate["kind"] == "identity":
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


def test_both_checkers_agree_on_shipped_identities(shipped):
    decided = 0
    for certificate in shipped:
        assert check_identity(certificate)
        try:
            decided += bool(check_entries(certificate))
        except TooMuch:
            continue
    assert decided >= 15


def numbers_in(term: Any, path: tuple[int, ...] = ()):
    for k, part in enumerate(term):
        if isinstance(part, list):
            yield from numbers_in(part, (*path, k))
        elif isinstance(part, str) and part.lstrip("-").replace("/", "").isdigit() and term[0] in ("+", "*", "/"):
            yield (*path, k)


def test_changed_identities_are_rejected(shipped):
    rng, rejected = random.Random(3), 0
    places = [(c, path) for c in shipped for path in numbers_in(c["goal"])]
    for certificate, path in rng.sample(places, 60):
        wrong = copy.deepcopy(certificate)
        term = wrong["goal"]
        for k in path[:-1]:
            term = term[k]
        term[path[-1]] = "7/3"
        try:
            plain = bool(check_identity(wrong))
        except (NotAnIdentity, ZeroDivisionError):
            plain = False
        try:
            small = bool(check_entries(wrong))
        except Differs:
            small = False
        except TooMuch:
            continue
        assert small is plain  # a number times 0 may be changed
        rejected += not small
    assert rejected >= 40
