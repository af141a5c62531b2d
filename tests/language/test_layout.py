"""Indentation makes blocks; a line goes on where it cannot have ended."""

from __future__ import annotations

import pytest

from optgen.diagnostics import Diagnostic, Source, SpecError
from optgen.language import tree
from optgen.language.layout import LogicalLine, layout
from optgen.language.lexer import lex
from optgen.language.parser import parse


def shape(text: str) -> list:
    """The lines of a text as their words, each with the lines under it."""

    def of(lines: list[LogicalLine]) -> list:
        return [(" ".join(token.text for token in line.tokens), of(line.children)) for line in lines]

    problems: list[Diagnostic] = []
    source = Source("<text>", text)
    lines = layout(source, lex(source).tokens, problems)
    assert problems == []
    return of(lines)


def test_a_deeper_line_belongs_to_the_line_above():
    assert shape("a\n  b\n    c\n  d\ne\n") == [("a", [("b", [("c", [])]), ("d", [])]), ("e", [])]


def test_blocks_may_be_indented_by_any_number_of_spaces():
    assert shape("a\n b\n     c\n d\n") == [("a", [("b", [("c", [])]), ("d", [])])]


def test_blank_lines_and_comments_are_no_lines():
    assert shape("# one\n\na # two\n   # three\n  b\n\n") == [("a", [("b", [])])]


def test_a_semicolon_separates_lines_and_the_block_belongs_to_the_last():
    assert shape("a; b; c\n  d; e\n") == [("a", []), ("b", []), ("c", [("d", []), ("e", [])])]


def test_a_semicolon_in_brackets_does_not():
    assert shape("x = [a; b]\n") == [("x = [ a ; b ]", [])]


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "@", "^", "==", "<=", "in", "and", "or", "mod", "..", "->", "~"])
def test_a_line_goes_on_after_and_before_a_binary_operator(sign):
    whole = [(f"x = a {sign} b", [])]
    assert shape(f"x = a {sign}\n  b\n") == whole
    assert shape(f"x = a\n  {sign} b\n") == whole


@pytest.mark.parametrize("word", [",", "not", "where", "if"])
def test_a_line_goes_on_after_a_comma_and_words_that_need_more(word):
    assert shape(f"x = a {word}\nb\n") == [(f"x = a {word} b", [])]


def test_a_line_goes_on_with_then_and_else():
    assert shape("x = if c\n  then a\n  else b\n") == [("x = if c then a else b", [])]


def test_a_line_that_starts_with_a_sign_is_a_new_one():
    assert shape("x = a\n  -b\n") == [("x = a", [("- b", [])])]


def test_a_line_of_facts_is_a_new_one():
    assert shape("a\n  b = f(x)\n  where c\n") == [("a", [("b = f ( x )", []), ("where c", [])])]


def test_a_line_goes_on_inside_brackets_whatever_its_indentation():
    assert shape("x = f(a,\nb\n      c)\n") == [("x = f ( a , b c )", [])]


def test_a_comment_may_stand_where_a_line_goes_on():
    assert shape("x = a + # one\n  # two\n  b\n") == [("x = a + b", [])]


def test_half_open_intervals_are_closed_by_the_other_bracket():
    assert shape("x in (0, 1]\ny in [0, 1)\n") == [("x in ( 0 , 1 ]", []), ("y in [ 0 , 1 )", [])]


def test_windows_line_ends_are_line_ends():
    assert shape("a\r\n  b\r\n") == [("a", [("b", [])])]


def test_lines_under_a_block_are_its_body():
    file = parse("algorithm a(f)\n  step k\n    when k > 1\n      x' = x\n    otherwise\n      x' = 1\n")
    (algorithm,) = file.groups("algorithm")
    (step,) = algorithm.groups("step")
    assert [group.kind for group in step.groups("when", "otherwise")] == ["when", "otherwise"]
    assert all(isinstance(line, tree.Line) for group in step.groups("when", "otherwise") for line in group.body)


def test_words_of_lines_may_be_defined_in_a_step():
    file = parse("algorithm a(f)\n  step\n    record = 1\n    data[i] = 3 for i in 1..2\n    value = record\n")
    (step,) = file.groups("algorithm")[0].groups("step")
    assert [line.kind for line in step.lines("equation", "record")] == ["equation"] * 3


def test_an_empty_text_is_an_empty_file():
    assert parse("").body == parse("\n  # nothing\n").body == ()


def test_several_problems_of_layout_are_told_at_once():
    with pytest.raises(SpecError) as raised:
        parse("algorithm a(f)\n\tstate x : R\n    step\n      x' = (1 + 2\n   y = 3\n")
    assert {"E0101", "E0102", "E0104"} <= {diagnostic.code for diagnostic in raised.value.diagnostics}
