"""Wrong texts: each is told in the author's terms, with its place and a likely fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optgen.diagnostics import Source, SpecError
from optgen.language.parser import parse

BAD = sorted((Path(__file__).parent / "bad").glob("*.opt"))


def problems_of(text: str) -> list[tuple[str, str]]:
    """Codes, and the underlined words."""
    with pytest.raises(SpecError) as raised:
        parse(text)
    return [(d.code, d.span.text if d.span else "") for d in raised.value.diagnostics]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_messages_of_a_wrong_text(path, golden):
    with pytest.raises(SpecError) as raised:
        parse(Source(path.name, path.read_text(encoding="utf-8")))
    golden(path.with_suffix(".expected"), f"{raised.value}\n")


def test_there_are_many_wrong_texts():
    assert len(BAD) >= 40


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_message_speaks_of_the_parser(path):
    with pytest.raises(SpecError) as raised:
        parse(path.read_text(encoding="utf-8"))
    for diagnostic in raised.value.diagnostics:
        said = " ".join((diagnostic.message, diagnostic.label, diagnostic.help))
        assert not re.search(r"[Tt]oken|\$END|__|\b(?:LPAR|RPAR|LSQB|RSQB|NAME|NUMBER|CIRCUMFLEX|lark|Lark)\b", said)
        assert diagnostic.span is not None


def test_every_line_with_a_mistake_is_told():
    text = "algorithm a(f)\n  param lr = 2 3\n  state x : R[n\n  step\n    x' = (x -\n  recrod loss = f(x)\n"
    assert [code for code, _ in problems_of(text)] == ["E0115", "E0104", "E0104", "E0111"]


def test_one_mistake_is_told_once():
    assert problems_of("algorithm a(f)\n  step\n    x' = x**2 y\n") == [("E0112", "**")]


def test_lines_under_a_misspelt_opening_are_read_as_its_block():
    text = "algoritm a(f)\n  step\n    x' = 1 +* 2\nproblm p\n  minimise x\n"
    assert [word for _, word in problems_of(text)] == ["algoritm", "*", "problm", "minimise"]


def test_lines_under_a_misspelt_step_are_read_as_a_step():
    assert problems_of("algorithm a(f)\n  stpe k\n    x' = x - 1\n") == [("E0111", "stpe")]


def test_places_are_those_of_the_text_as_written():
    assert problems_of("algorithm a(f)\n  step\n    x' = β₁ · ∇f(x) λ λ\n") == [("E0115", ") λ")]


def test_a_forgotten_bracket_hides_no_other_line():
    text = "algorithm a(f)\n  step\n    g = grad f(x\n    y' = 1 2\nproblem p\n  var x : R[\n"
    assert [code for code, _ in problems_of(text)] == ["E0104", "E0115", "E0104"]
