"""What users call: questions with exact answers, the command and its exit codes, contradictions."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import optgen
from optgen.cli.group import invoke
from optgen.compiler import parse
from optgen.diagnostics import SpecError
from tests.proof.specs import HEADS

CLASS = "f in smooth_strongly_convex(1, 10)"


def test_the_largest_step_size_lies_between_a_proof_and_a_counterexample():
    found = optgen.largest(parse(HEADS["gradient"]), "lr", CLASS, low="1/100", high=1)
    assert Fraction(1999, 10000) < found.proved <= Fraction(1, 5) <= found.refuted < Fraction(2001, 10000)


def test_the_best_rate_of_a_gradient_step_is_the_known_one():
    found = optgen.best_rate(parse(HEADS["gradient"]), CLASS, lr="1/10")
    assert found.refuted <= Fraction(81, 100) <= found.proved < Fraction(81, 100) + Fraction(1, 10**4)


def test_a_map_has_a_verdict_a_cell():
    cells = optgen.stability_map(parse(HEADS["momentum"]), "lr", "beta", CLASS, ["1/10", 1], [0, 0.5])
    assert [(float(c.x), float(c.y), c.verdict) for c in cells] == [
        (0.1, 0.0, "proved"),
        (1.0, 0.0, "refuted"),
        (0.1, 0.5, "proved"),
        (1.0, 0.5, "refuted"),
    ]


@pytest.mark.parametrize(
    ("given", "numbers", "code"),
    [(CLASS, {}, "E0706"), ("f in smoth(1)", {"lr": 1}, "E0701"), (CLASS, {"lr": "a lot"}, "E0706")],
    ids=["a number is missing", "an unknown class", "no number"],
)
def test_a_question_that_can_not_be_answered_says_why(given, numbers, code):
    with pytest.raises(SpecError) as told:
        optgen.best_rate(parse(HEADS["gradient"]), given, **numbers)
    assert told.value.diagnostics[0].code == code


@pytest.mark.parametrize("given", ["x > 2, x < 1", "x in [2, 1]"])
def test_contradictory_givens_are_found_and_not_used(given):
    with pytest.raises(SpecError) as told:
        optgen.verify(f'claim "c"\n  for all x\n  given {given}\n  prove x = 7\n')
    assert [d.code for d in told.value.diagnostics] == ["E0705"]


def write(tmp_path, lines: str):
    path = tmp_path / "spec.opt"
    path.write_text(HEADS["gradient"] + f'  claim "it"\n    given f in smooth(L)\n    {lines}\n', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("prove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))", 0),
        ("refute f(x') <= f(x)", 0),
        ("prove f(x') <= f(x)", 1),
        ("prove norm1(x') <= 2*norm1(x)", 2),
        ("prove f(x') <= q", 3),
    ],
    ids=["proved as claimed", "refuted as claimed", "refuted", "unknown", "an error"],
)
def test_the_exit_code_says_how_it_went(lines, code, tmp_path, capsys):
    assert invoke(["verify", write(tmp_path, lines)]) == code
    assert (" it" in capsys.readouterr().out) == (code != 3)


def test_verdicts_as_json_html_and_markdown(tmp_path, capsys):
    spec = write(tmp_path, "prove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))")
    page, table = tmp_path / "verdicts.html", tmp_path / "claims.md"
    assert invoke(["verify", spec, "--json", "--html", str(page), "--markdown", str(table)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["trust"], found["as_claimed"]) == ("proved", "algebra", True)
    assert "proved" in page.read_text(encoding="utf-8") and "| m: it | prove | proved |" in table.read_text("utf-8")


def test_a_proof_is_shown_as_mathematics(tmp_path, capsys):
    spec = write(tmp_path, "prove f(x') <= f(x) - lr*(1 - L*lr/2)*sqnorm(grad f(x))")
    invoke(["verify", spec, "--explain"])
    shown = capsys.readouterr().out
    assert "f is L-smooth" in shown and "sum of squares" in shown


def test_the_command_answers_questions(capsys):
    arguments = ["verify", "specs/gradient_descent.opt", "--max", "lr", "--given", CLASS, "--range", "0.01", "1"]
    assert invoke(arguments) == 0
    assert "lr proved: 0.1999" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["nofile.opt"],
        ["docs"],
        ["specs/gradient_descent.opt", "--seconds", "-1"],
        ["specs/gradient_descent.opt", "--max", "lr"],
        ["specs/gradient_descent.opt", "--max", "rl", "--given", CLASS],
        ["specs/gradient_descent.opt", "--rate", "--given", CLASS, "--at", "lr"],
        ["specs/momentum.opt", "--map", "lr", "beta", "--given", CLASS, "--range", "0", "x", "--range", "0", "1"],
        ["specs/momentum.opt", "--map", "lr", "beta", "--given", CLASS, "--range", "1", "0", "--range", "0", "1"],
        ["specs/momentum.opt", "--map", "lr", "beta", "--given", CLASS],
    ],
    ids=" ".join,
)
def test_whatever_is_wrong_with_the_command_leaves_by_3_and_is_no_bug(words, capsys):
    assert invoke(["verify", *words]) == 3
    errors = capsys.readouterr().err
    assert "error" in errors.lower() and "bug" not in errors
