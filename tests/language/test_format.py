"""The formatter: one canonical text, stable, with the same tree and all comments."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optgen.diagnostics import SpecError
from optgen.language.format import format_source
from optgen.language.parser import parse
from tests.language.samples import SHIPPED, SKETCHES, without_places

TEXTS = [path.read_text(encoding="utf-8") for path in (*SKETCHES, *SHIPPED)]


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in (*SKETCHES, *SHIPPED)])
def test_formatting_is_stable_and_keeps_tree_and_comments(text):
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    assert without_places(parse(formatted)) == without_places(parse(text))
    assert re.findall(r"#.*\S", formatted) == re.findall(r"#.*\S", text)


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        ("lion=lion_k( K=norm1 )", "lion = lion_k(K = norm1)"),
        ("let a=b+ c,d = e*f,g=h * i", "let a = b + c, d = e*f, g = h * i"),
        ("let p = -x^2*-y - -z", "let p = -x^2*-y - -z"),
        ("let A = B@x", "let A = B @ x"),
        ("let s=sum( i in 1 .. n:x[ i ] )", "let s = sum(i in 1..n: x[i])"),
        ("let c = A[:,j]+A[ i , : ]", "let c = A[:, j]+A[i, :]"),
        ("let h(p:R[n])=p", "let h(p: R[n]) = p"),
        ("let b = [A,B;C,0]", "let b = [A, B; C, 0]"),
        ("let g = grad(x->x^2)(y)", "let g = grad (x -> x^2)(y)"),
        ("let g = grad [y] f(x)", "let g = grad[y] f(x)"),
        ("let c = if(a<b)then(1)else(2)", "let c = if (a < b) then (1) else (2)"),
        ("let m = ∇f(x)·β₁ ≤ ‖x‖²", "let m = grad f(x)*beta1 <= norm(x)^2"),
        ("let i = not(a)and(b)in(0,1]", "let i = not (a) and (b) in (0, 1]"),
    ],
)
def test_spaces_and_spellings(written, formatted):
    assert format_source(written) == formatted + "\n"


def test_one_line_a_line_and_two_spaces_a_level():
    written = "algorithm a( f )\n     state x:space(f); step   k\n          x'=x; y=1\n"
    assert format_source(written) == "algorithm a(f)\n  state x : space(f)\n  step k\n    x' = x\n    y = 1\n"


def test_line_breaks_of_the_author_stay_and_are_indented():
    written = "let a = b +\nc, d = f(x,\n y)\n"
    assert format_source(written) == "let a = b +\n    c, d = f(x,\n    y)\n"


def test_a_leading_minus_stays_an_operator():
    formatted = format_source("let a = b\n - c\n")
    assert formatted == "let a = b\n    - c\n"
    assert without_places(parse(formatted)) == without_places(parse("let a = b - c"))


def test_a_sign_at_the_start_of_a_row_belongs_to_its_number():
    text = "let A = [1, 2;\n    -3, - 4]\n"
    assert format_source(text) == "let A = [1, 2;\n    -3, -4]\n"


def test_comments_stay_with_what_they_are_about():
    written = (
        "# above\nproblem p   # beside\n      # inside\n      var x : R[n]\n\n\n"
        "      minimize sum(x) + # half\n         # way\n         1\n      # last\n# after\nproblem q\n  var y : R\n"
    )
    assert format_source(written) == (
        "# above\nproblem p  # beside\n  # inside\n  var x : R[n]\n\n"
        "  minimize sum(x) +  # half\n      # way\n      1\n  # last\n\n# after\nproblem q\n  var y : R\n"
    )


def test_blocks_are_apart_and_single_lines_may_stand_together():
    written = "a = b(c = 1)\nd = b(c = 2)\nproblem p\n  var x : R\nproblem q\n  var x : R\ne = p(x = 1)\n"
    formatted = format_source(written)
    assert formatted == (
        "a = b(c = 1)\nd = b(c = 2)\n\nproblem p\n  var x : R\n\nproblem q\n  var x : R\n\ne = p(x = 1)\n"
    )


def test_a_text_that_does_not_parse_is_refused():
    with pytest.raises(SpecError):
        format_source("problem p\n  var x : : R\n")


@settings(max_examples=60)
@given(st.data())
def test_spaces_and_blank_lines_do_not_change_the_formatted_text_of_a_tree(data):
    """Spaces thrown in at random between tokens: the formatted text still has the tree of the text."""
    text = data.draw(st.sampled_from(TEXTS))
    gaps = [match.start() for match in re.finditer(r"(?<=[,(])(?=\S)| +(?=[^ \n#])(?<=\S )", text)]
    for place in sorted(data.draw(st.sets(st.sampled_from(gaps or [0]), max_size=20)), reverse=True):
        text = text[:place] + " " * data.draw(st.integers(1, 3)) + text[place:] if gaps else text
    try:
        tree = without_places(parse(text))
    except SpecError:
        return
    formatted = format_source(text)
    assert without_places(parse(formatted)) == tree
    assert format_source(formatted) == formatted
