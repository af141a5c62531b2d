"""Claims about transcendental functions: boxes that Arb checks, points where they are false, changed certificates."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest

import optgen
from optgen.proof.boxes import above, check_boxes, range_of, slope_of, tidy
from optgen.proof.recheck import recheck
from optgen.proof.written import Rejected

TRUE = [
    "for all x in [0, inf)\nprove sin(x) <= x",
    "for all x in [0, 3]\nprove cos(x) >= 1 - x^2/2",
    "for all x in (0, 1)\nprove sin(x) > x - x^3/6",
    "for all x\nprove exp(x) >= 1 + x",
    "for all x > 0\nprove log(x) <= x - 1",
    "for all x in [1, 10]\nprove tanh(x) > 0.76",
    "for all x in [0, 1]\nprove 1 + x <= exp(x) <= 1 + x + x^2",
    "for all x, y\nprove tanh(x)*tanh(y) <= 1",
    "for all x in (0, 1/2)\nprove tan(x) > x",
    "for all x in [0, 1]\nprove abs(sin(x) - x) <= 0.16",
    "for all x in [0, 1], y in [0, 1]\nprove exp(-x)*cos(y) <= 1",
    "for all x in [1, 2], y in [1, 2]\ngiven x >= y + 1/10\nprove log(x) > log(y)",
    "for all u in (0, 3]\nprove erf(u) > u/4",
    "for all x in R[n]\nprove tanh(x) < 2*exp(x)",
]
FALSE = [
    "for all x in [0, 1]\nprove exp(x) <= 1 + x + 0.7*x^2",
    "for all x in [0, 1]\nprove exp(x) <= 2.718",
    "for all x in [0, 4]\nprove cos(x) >= 1 - x^2/3",
    "for all x > 0\nprove log(x) <= x - 1.001",
    "for all x, y in [0, 1]\ngiven y >= x\nprove sin(x) >= y",
]


def verdict(lines: str):
    (found,) = optgen.verify('claim "it"\n' + "".join(f"  {line}\n" for line in lines.split("\n")), cache=False)
    return found


@pytest.mark.parametrize("lines", TRUE)
def test_what_is_true_is_proved_by_boxes_that_run_again(lines):
    found = verdict(lines)
    assert (found.verdict, found.trust) == ("proved", "interval"), found.tried
    assert recheck(found.certificate).trust == "interval"
    assert any("boxes cover the domain" in word for word in found.words)


@pytest.mark.parametrize("lines", FALSE)
def test_what_is_false_is_refuted_at_a_point(lines):
    found = verdict(lines)
    assert found.verdict == "refuted", found.tried
    assert found.words[0].startswith("replayed: compiled, ")


@pytest.fixture(scope="module")
def certificate() -> Any:
    return verdict("for all x in [0, 1], y in [0, 1]\ngiven x + y <= 1\nprove exp(x)*exp(y) < 3").certificate


def test_a_certificate_is_a_tree_over_the_box(certificate):
    assert certificate["kind"] == "interval" and certificate["tree"][0] == "split"
    assert check_boxes(certificate).trust == "interval"


def changed(data: Any, **parts: Any) -> Any:
    return {**copy.deepcopy(data), **parts}


def test_changed_certificates_are_rejected(certificate):
    wider = {name: [side[0], "2", *side[2:]] for name, side in certificate["box"].items()}
    (_, name, place, low, high) = certificate["tree"]
    wrong = [
        changed(certificate, box=wider),
        changed(certificate, given=[]),
        changed(certificate, tree=["value"]),
        changed(certificate, tree=["outside", 0]),
        changed(certificate, tree=["outside", 7]),
        changed(certificate, tree=["split", name, "7", low, high]),
        changed(certificate, tree=["split", name, place, low, ["value"]]),
        changed(certificate, tree=["split", name, place, ["outside", 0], high]),
        changed(certificate, tree=["rises", name, ["outside", 0], ["value"]]),
        changed(certificate, tree=["falls", name, ["value"], ["value"]]),
        changed(certificate, tree=["believe"]),
        changed(certificate, tree=["split", name, "1/" + "9" * 500, low, high]),
    ]
    for data in wrong:
        with pytest.raises((Rejected, ZeroDivisionError)):
            check_boxes(data)


def test_nothing_is_left_out_on_the_way_of_a_derivative():
    """x rises from 0 where x >= 1 is given: what is given holds nowhere on the way, and proves nothing there."""
    data = {
        "term": ["+", ["sin", ["atom", "<x>"]], "1/10"], "strict": False,
        "given": [[">=", ["+", ["atom", "<x>"], "-1"]]],
        "box": {"<x>": ["0", "6", False, False]}, "tree": ["rises", "<x>", ["outside", 0], ["value"]],
    }  # fmt: skip
    with pytest.raises(Rejected):
        check_boxes(data)


def test_a_function_that_jumps_has_no_derivative_to_go_by():
    data = {
        "term": ["*", "-1", ["sign", ["atom", "<x>"]]], "strict": False, "given": [],
        "box": {"<x>": ["-1", "1", False, False]}, "tree": ["rises", "<x>", ["value"], ["value"]],
    }  # fmt: skip
    with pytest.raises(Rejected, match="jumps"):
        check_boxes(data)


def test_enclosures_by_two_ends():
    from optgen.symbolic.arb import precision_of

    box = {"<x>": (Fraction(0), Fraction(1), False, False)}
    with precision_of(128):
        low, high = range_of(["*", ["atom", "<x>"], ["+", ["exp", ["atom", "<x>"]], "-1"]], box)
        assert low <= 0 and 1.71 < float(high) < 1.72
        assert above(["+", ["sqrt", ["atom", "<x>"]], "0"], box, strict=False)
        assert not above(["/", "1", ["+", ["atom", "<x>"], "-1/2"]], box, strict=False)


def test_derivatives_are_tidy():
    slope = slope_of(["+", ["*", "2", ["atom", "<x>"]], ["exp", ["atom", "<x>"]]], "<x>")
    assert slope == ["+", "2", ["exp", ["atom", "<x>"]]]
    assert tidy(["*", "1", ["+", "0", "0"]]) == "0"
