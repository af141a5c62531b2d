"""Facts about functions: what analysis finds is what a reader of the formula knows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import optgen
from optgen import elementwise
from optgen.cli.group import cli
from optgen.diagnostics import SpecError
from optgen.functions.guarantees import Guarantees
from optgen.functions.held import contradiction
from optgen.ir import nodes as ir
from optgen.symbolic import names, parity
from optgen.symbolic.arb import Meaning, exact

KNOWN = {
    "exp": {"domain": "(-inf, inf)", "range": "(0, inf)", "monotone": "rises"},
    "log": {"domain": "(0, inf)", "range": "(-inf, inf)", "monotone": "rises", "zero": "1", "pole": "0"},
    "1/x": {"domain": "(-inf, 0) and (0, inf)", "pole": "0", "monotone": ""},
    "sigmoid": {"range": "(0, 1)", "monotone": "rises"},
    "cosh(x)": {"range": "[1, inf)", "minimum": "0", "monotone": ""},
    "erfc": {"range": "(0, 2)", "monotone": "falls"},
    "abs(x)": {"range": "[0, inf)", "kink": "0", "zero": "0"},
    "sqrt(1 - x^2)": {"domain": "(-1, 1)", "maximum": "0"},
    "x^3 - x": {"zero": "-1, 0, 1", "maximum": "-0.577350269189626", "range": "(-inf, inf)"},
    "erfinv": {"domain": "(-1, 1)", "pole": "-1, 1", "range": "(-inf, inf)"},
    "sin": {"zero": "0, pi", "maximum": "pi/2", "minimum": "3 pi/2", "range": "[-1, 1]"},
    "tan": {"pole": "pi/2, 3 pi/2", "range": "(-inf, inf)"},
    "exp(sin(x))": {"range": "[0.367879441171442, 2.71828182845905]"},
    "asin": {"range": "(-pi/2, pi/2)", "monotone": "rises"},
    "x*exp(-x^2)": {"maximum": "0.707106781186547", "range": ""},
    "mish": {"kink": "", "minimum": "-1.1924312145155"},
    "cbrt": {"kink": "0", "zero": "0"},
    "x": {"domain": "(-inf, inf)", "monotone": "rises", "zero": "0"},
    "x -> if x > 0 then 1 else 0": {"jump": "0", "range": "[0, 1]", "pole": "", "kink": ""},
    "1/(x^2 - 1)": {"domain": "(-inf, -1) and (-1, 1) and (1, inf)", "pole": "-1, 1", "maximum": "0"},
}


@pytest.mark.parametrize("text", KNOWN)
def test_what_is_known_is_found(text):
    found = optgen.analyse(text)
    for word, said in KNOWN[text].items():
        if word in ("domain", "range", "monotone"):
            assert getattr(found, word) == said
        else:
            assert ", ".join(point.name for point in found.of_kind(word)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tanh", ["odd"]), ("cosh(x)", ["even"]), ("x^3/(1 + x^4)", ["odd"]), ("exp(x)", []), ("gelu", []),
        ("sin", ["odd", "periodic 2 pi"]), ("asin", ["odd (in all values looked at; not proved)"]),
        ("cos(x)^2", ["even", "periodic pi (in all values looked at; not proved)"]),
    ],
)  # fmt: skip
def test_symmetries_and_how_they_are_known(text, said):
    assert [str(symmetry) for symmetry in optgen.analyse(text).symmetries] == said


SUMS = st.recursive(
    st.sampled_from(["x", "1", "2", "1/3"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*"]), part).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "exp", "abs"]), part).map(lambda t: f"{t[0]}({t[1]})"),
        part.map(lambda t: f"(-{t})"),
    ),
    max_leaves=6,
)


@given(SUMS)
@settings(deadline=None, max_examples=60)
def test_a_parity_by_rules_is_one_of_values(text):
    meaning = elementwise.meaning_of(f"x -> {text}")
    expression, (argument,) = ir.access(meaning.results[0][1]), meaning.parameters
    sign = parity.by_rules(expression, argument)
    compiled = Meaning.of(expression, [argument])
    if sign:
        here, there = (compiled.value([exact(x)], 200) for x in (0.375, -0.375))
        assert (there - sign * here).contains(0)
        word = "even" if sign > 0 else "odd"
        assert contradiction(meaning, Guarantees(parity=word), None) is None


@given(SUMS.filter(lambda text: "x" in text and "exp" not in text))
@settings(deadline=None, max_examples=15)
def test_a_piece_is_monotone(text):
    found = optgen.analyse(f"x -> {text}", domain=(-3, 3))
    meaning = elementwise.meaning_of(f"x -> {text}")
    compiled = Meaning.of(ir.access(meaning.results[0][1]), meaning.parameters)
    for piece in found.pieces:
        if piece.kind in ("rises", "falls", "constant"):
            low, high = Fraction(piece.low), Fraction(piece.high)
            ends = [compiled.value([exact(x)], 200) for x in (low, (low + high) / 2, high)]
            steps = [b - a for a, b in pairwise(ends)]
            right = {"falls": lambda s: s <= 0, "rises": lambda s: s >= 0, "constant": lambda s: s.contains(0)}
            assert all(right[piece.kind](step) for step in steps)


def test_a_domain_is_all_that_is_looked_at():
    found = optgen.analyse("sin(x)", domain=(-1, 1))
    assert found.monotone == "rises" and found.range == "[-0.841470984807897, 0.841470984807897]"
    assert [point.name for point in found.of_kind("zero")] == ["0"]


def test_what_is_not_decided_is_said():
    lines = "\n".join(optgen.analyse("sin(x)/x").lines())
    assert "not decided on (" in lines and "range" not in lines


def test_exact_values_are_listed():
    assert dict(optgen.analyse("2^x - 1").values)[Fraction(0)] == 0
    assert "f(0) = 1/2" in str(optgen.analyse("sigmoid"))


def test_what_lies_outside_the_domain_is_no_value():
    assert {x for x, _ in optgen.analyse("x^x").values} == {0, 1, 2}


def test_two_arguments_are_refused():
    with pytest.raises(SpecError, match="E0810"):
        optgen.analyse("(x, y) -> x*y")


def test_the_command_prints_them():
    told = CliRunner().invoke(cli, ["function", "log(x)", "--facts"]).output
    assert "domain      (0, inf)" in told and "operations" not in told


def test_numbers_have_their_names():
    assert names.point(Fraction(1, 3) - Fraction(1, 10**18), Fraction(1, 3) + Fraction(1, 10**18)) == "1/3"
    assert names.number(Fraction(-3, 4)) == "-3/4"
    assert names.number(exact(2.0) ** 4000).startswith("1.318")
