"""Verdicts as a reader meets them: the claim as written, the proof in mathematics, no notation of the prover."""

from __future__ import annotations

import re

import pytest

import optgen
from optgen.cli.verdict_text import checked, claim_lines, conditions, details, example_lines, plain
from optgen.cli.verify_command import command

SPEC = optgen.specs.adabelief
CLAIMS = ("specs/adabelief.opt", "specs/claims/descent.opt", "specs/gradient_descent.opt")


def test_a_claim_stands_above_its_proof_as_it_stands_in_the_file():
    verdict = optgen.verify(
        'claim "c"\n  for all x > 0  # a number\n\n  prove x + 1 > 0\nclaim "d"\n  for all y\n  prove y = y\n'
    )[0]
    assert claim_lines(verdict.span) == ["for all x > 0  # a number", "prove x + 1 > 0"]


def test_names_lose_the_notation_of_normal_forms():
    assert plain("<grad f(1*<x[@0]>)[i1]> + -1*<m[0:n] m[0:n]>") == "grad f(x)[i] - |m|^2"
    assert plain("2*<g[0:n] m[0:n]>") == "2*<g, m>"
    assert plain("beta2*s |1|^2") == "beta2*s"


def test_inequalities_that_were_checked_are_counted():
    words = ("claim: f smooth pair 0 x y1 holds and is used", "claim: what is left is a sum of squares") * 2
    assert list(checked(words)) == [
        "checked: 2 inequalities of the classes hold where used",
        "checked: what is left is a sum of squares",
    ]


def test_a_script_of_a_solver_is_read_as_mathematics():
    script = "(declare-const |<x>| Real)\n(assert (>= (* 2 |<x>|) (/ 1 (+ |<x>| 3))))\n(assert (not (= |<x>| 0)))\n"
    assert list(conditions(script)) == ["2*x >= 1/(x + 3)", "x != 0"]


@pytest.mark.parametrize("file", CLAIMS)
def test_no_line_of_an_explanation_has_the_names_of_the_prover(file):
    for verdict in optgen.verify(file):
        for line in details(verdict):
            assert not re.search(r"@\d|\[=|\b\w+\.\d+\.\d+|Interpolant|Fraction\(", line), line


def test_a_proof_says_where_each_of_its_parts_holds():
    lines = [
        line for v in optgen.verify("specs/gradient_descent.opt") if v.claim == "linear rate" for line in details(v)
    ]
    assert "Where mu = L:" in lines and lines[lines.index("Where mu = L:") + 3] == "    = 0"


def test_a_refuted_claim_shows_its_function_without_being_asked(tmp_path):
    from click.testing import CliRunner

    file = tmp_path / "walk.opt"
    file.write_text(
        "algorithm walk(f)\n  param lr in (0, inf)\n  state x : space(f)\n  step\n    x' = x - lr*grad f(x)\n"
        '  claim "falls"\n    given f in smooth(L), lr in (0, 3/L)\n    prove f(x\') <= f(x)\n'
    )
    made = CliRunner().invoke(command, [str(file)])
    assert made.exit_code == 1
    assert "f is the largest function with second derivatives of -1 to 1 and" in made.output
    assert "proved at L = 1 for lr from" in made.output


def test_every_kind_of_function_is_said_in_words():
    whole = {"kind": "Diagonal", "curvatures": ["2", "1/3"], "centre": ["0", "-1"]}
    functions = {
        "f": whole,
        "f[1]": {"kind": "Tilted", "whole": whole, "slope": ["1", "0"], "scale": "0"},
        "A": {"kind": "Samples", "x": [["1"], ["0"]], "g": [["-3/5"], ["0"]], "f": ["0", "0"]},
        "h": {"kind": "QuadraticFunction", "curvature": "1/2"},
        "b": {"kind": "PiecewiseLinearGradient", "knots": [["0", "1"]], "slope": "1", "right": "4"},
    }
    assert list(example_lines({"functions": functions})) == [
        "f(x) = (2)/2 (x[1])^2 + (1/3)/2 (x[2] + 1)^2",
        "f[1](x) = ((2)/2 (x[1])^2 + (1/3)/2 (x[2] + 1)^2) + <(1, 0), x>",
        "a member A of the class goes through A'(1) = -3/5; A'(0) = 0",
        "h(x) = (1/2)/2 |x|^2",
        "b has a derivative that is linear between the points below, and beyond them of slope 1 on the left"
        " and 4 on the right",
        "  b'(0) = 1",
    ]
