"""How a diagnostic looks: its code and sentence, the line, the place underlined, the fix."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optgen.diagnostics import Diagnostic, Source, Span, SpecError, suggestion
from optgen.diagnostics.render import render_json, render_text

TEXT = "algorithm a(f)\n\tstep\n  x' = 宽y + é\n  y = f(x,\n    3,\n    4,\n    5,\n    6)\n"
SOURCE = Source("a.opt", TEXT)


def at(words: str, source: Source = SOURCE) -> Span:
    start = source.text.index(words)
    return Span(source, start, start + len(words))


def shown(*lines: str) -> str:
    return "\n".join(lines)


def test_all_parts():
    secondary = ((at("a(f)"), "named here"), (Span(Source("b.opt", "let f = 1\n"), 4, 5), "and here"))
    diagnostic = Diagnostic("E0202", "f is defined twice", at("y = f"), "again", secondary, "choose another name")
    assert render_text(diagnostic) == shown(
        "error[E0202]: f is defined twice",
        " --> a.opt:4:3",
        "  |",
        "1 | algorithm a(f)",
        "  |           ---- named here",
        "...",
        "4 |   y = f(x,",
        "  |   ^^^^^ again",
        " ::: b.opt:1:5",
        "  |",
        "1 | let f = 1",
        "  |     - and here",
        "  = help: choose another name",
    )


def test_a_message_without_a_place():
    assert render_text(Diagnostic("E0601", "no input lr", help="did you mean rl?")) == shown(
        "error[E0601]: no input lr", "  = help: did you mean rl?"
    )


def test_a_warning_says_so():
    assert render_text(Diagnostic("W0201", "y is not used", severity="warning")) == "warning[W0201]: y is not used"


def test_tabs_are_shown_as_wide_as_they_are_counted():
    lines = render_text(Diagnostic("E0101", "a tab", at("step"))).splitlines()
    assert lines[-2:] == ["2 |     step", "  |     ^^^^"]


def test_wide_and_combining_characters_are_underlined_by_their_columns():
    lines = render_text(Diagnostic("E0113", "wide", at("宽"))).splitlines()
    assert lines[-1] == "  |        ^^"
    after = at("y + e\u0301", Source("a", "x = 宽y + e\u0301 z"))
    lines = render_text(Diagnostic("E0113", "after it", after)).splitlines()
    assert lines[-1] == "  |       ^^^^^"


def test_a_span_over_many_lines_shows_its_first_and_last():
    diagnostic = Diagnostic("E0309", "too many", Span(SOURCE, TEXT.index("f(x,"), TEXT.index("6)") + 2), "here")
    assert render_text(diagnostic).splitlines()[3:] == [
        "4 |   y = f(x,",
        "  |       ^^^^",
        "5 |     3,",
        "  |     ^^",
        "...",
        "8 |     6)",
        "  |     ^^ here",
    ]


@pytest.mark.parametrize("place", [0, 5, len(TEXT)])
def test_an_empty_span_is_one_sign(place):
    lines = render_text(Diagnostic("E0114", "ends", Span(SOURCE, place, place))).splitlines()
    assert lines[-1].count("^") == 1


def test_colour_adds_codes_and_nothing_else():
    diagnostic = Diagnostic("E0202", "f is defined twice", at("y = f"), "again", ((at("a(f)"), "here"),), "rename")
    coloured = render_text(diagnostic, colour=True)
    assert "\033[1;31m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == render_text(diagnostic)


def test_json_has_places_for_editors():
    diagnostic = Diagnostic("E0202", "f is defined twice", at("y = f"), "again", ((at("a(f)"), "here"),), "rename")
    found = json.loads(json.dumps(render_json(diagnostic)))
    start = TEXT.index("y = f")
    assert found["span"] == {
        "file": "a.opt",
        "start": start,
        "end": start + 5,
        "line": 4,
        "column": 3,
        "end_line": 4,
        "end_column": 8,
    }
    assert (found["code"], found["severity"], found["help"]) == ("E0202", "error", "rename")
    assert found["secondary"][0]["label"] == "here"
    assert render_json(Diagnostic("E0601", "no place"))["span"] is None


def test_the_exception_prints_all_it_carries():
    text = str(SpecError([Diagnostic("E0201", "one"), Diagnostic("E0202", "two")]))
    assert text == "error[E0201]: one\n\nerror[E0202]: two"


def test_the_nearest_known_word_is_suggested():
    assert suggestion("bta1", ["beta1", "lr"]) == "did you mean beta1?"
    assert suggestion("gamma", ["lr"]) == ""


@given(st.text(max_size=40), st.data())
def test_any_span_of_any_text_can_be_shown(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert "^" in render_text(Diagnostic("E0100", "any", Span(Source("a", text), start, end))) or not text
