"""Whatever the text: a tree or a SpecError with places inside the text, never another exception, never for ever."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from optgen.diagnostics import Source, SpecError
from optgen.diagnostics.render import render_text
from optgen.language.format import format_source
from optgen.language.parser import parse
from tests.language.samples import SHIPPED, SKETCHES, without_places

TEXTS = [path.read_text(encoding="utf-8") for path in (*SKETCHES, *SHIPPED)]
PIECES = st.sampled_from(
    [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        ",",
        ":",
        "=",
        "==",
        "'",
        "''",
        '"',
        "#",
        "\n",
        "\n  ",
        "\n\t",
        " ",
        "..",
        ".",
        "-",
        "**",
        "->",
        "if",
        "then",
        "else",
        "where",
        "for",
        "step",
        "when",
        "claim",
        "algorithm a(f)\n",
        "x",
        "1",
        ".5",
        "5.",
        "2y",
        "∇",
        "‖",
        "²",
        "β₁",
        "é",
        "\\",
        "\r",
        "\0",
        "宽",
        "$",
        "grad",
        "min",
        "dW",
        "%",
        "~",
        "^",
        "of",
        "by",
        "otherwise",
    ]
)


def read(text: str) -> None:
    source = Source("<text>", text)
    try:
        tree = parse(source)
    except SpecError as error:
        assert error.diagnostics
        for diagnostic in error.diagnostics:
            assert diagnostic.span is not None and diagnostic.span.source is source
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
            assert render_text(diagnostic)
        return
    formatted = format_source(source)
    assert without_places(parse(formatted)) == without_places(tree)
    assert format_source(formatted) == formatted


@settings(max_examples=250)
@given(st.data())
def test_changed_specs(data):
    """Characters are taken out of a spec, words put into it, lines moved."""
    text = data.draw(st.sampled_from(TEXTS))[:1500]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 0, 1, 1, 2, 5, 30]))
        text = text[:place] + data.draw(st.one_of(st.just(""), PIECES)) + text[place + length :]
    read(text)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_pieces_in_any_order(text):
    read(text)


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_text(text):
    read(text)


def test_long_texts_with_many_mistakes_end():
    read("x = (\n" * 2000)
    read("algorithm a(f)\n" + "  step\n    x' = ((1 + [2\n" * 500)
    read("(" * 20000)
    read("a" * 20000 + "\n" + "- " * 20000)
