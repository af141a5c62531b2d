"""What an expression means as an elementwise function, and how it is refused."""

from __future__ import annotations

import pytest

from optgen.diagnostics import SpecError
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise


def lowered(text: str):
    return elementwise(parse_expression(text), lambda name: None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x/2*(1 + erf(x/sqrt(2)))", ["x"]),
        ("t -> exp(-t^2)", ["t"]),
        ("(y, x) -> arctan2(y, x)", ["y", "x"]),
        ("grad (x -> x*tanh(x))(x)", ["x"]),
        ("max(z, 0) + min(z, pi)", ["z"]),
        ("if x > 0 then x else exp(x) - 1", ["x"]),
    ],
)
def test_arguments_are_the_parameters_or_the_one_free_name(text, names):
    made = lowered(text)
    assert [parameter.name for parameter in made.parameters] == names
    ((_, result),) = made.results
    assert result.dtype == "real" and not result.axes


@pytest.mark.parametrize(
    ("text", "code", "help"),
    [
        ("x*y", "E0802", "say which are its arguments, in their order: (x, y) -> x*y"),
        ("erff(x)", "E0201", "did you mean erf?"),
        ("x -> x + lam", "E0201", ""),
        ("x > 0", "E0801", ""),
        ("[x, 1]", "E0801", ""),
        ("1 +* x", "E0115", ""),
    ],
)
def test_what_is_wrong_is_told(text, code, help):
    with pytest.raises(SpecError) as told:
        lowered(text)
    (diagnostic,) = told.value.diagnostics
    assert diagnostic.code == code and diagnostic.help == help
    assert diagnostic.span is not None and diagnostic.span.text in text
