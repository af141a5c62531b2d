"""What a function is at every float: the bound holds against Arb, and a wrong reference is seen."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from optgen.functions import reference
from optgen.functions.certificate import Claim, known, prove
from optgen.functions.errors import Refused
from optgen.functions.floats import SIGN, binades, bits_of, float_of, ulp_exponent
from optgen.functions.limits import at_bits
from optgen.functions.reference import ACCURACY, Reference, audit
from optgen.functions.request import Accuracy, Domain
from optgen.ir.straight_builder import Builder
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise


def claim(text: str, low: float | None = None, high: float | None = None) -> Claim:
    domain = None if low is None or high is None else Domain(low, high)
    return Claim(elementwise(parse_expression(text), lambda name: None), Accuracy(), domain)


@cache
def of(text: str, low: float | None = None, high: float | None = None) -> Reference:
    return known(claim(text, low, high))


GELU = "x/2*(1 + erf(x/sqrt(2)))"
FUNCTIONS = ["exp(x)", "log(x)", "expm1(x)", "tanh(x)", GELU, "1 - erf(x)", "softplus(x)", "sin(x)", "tan(x)"]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_the_bound_of_a_block_holds_at_random_inputs(text):
    assert audit(of(text), 300) == []


@pytest.mark.parametrize("text", FUNCTIONS)
def test_every_finite_float_is_in_one_place(text):
    made = of(text)
    pieces = [(int(b["first"]), int(b["count"])) for b in made.blocks] + list(made.undefined)
    pieces += [(bits, 1) for bits in made.special]
    if made.turns is not None:
        pieces += [(int(b["first"]), int(b["count"])) for b in made.turns.blocks]
    pieces.sort()
    assert all(first + count <= later for (first, count), (later, _) in pairwise(pieces))
    assert sum(count for _, count in pieces) == 2 * 0x7F7FFFFF


def test_bounds_are_small_beside_an_ulp():
    for block in of("log(x)").blocks[::7]:
        assert float(block["slack"]) <= 2.0 ** (ulp_exponent(float(block["coefficients"][0])) + 1 - ACCURACY)


@pytest.mark.parametrize("text", [GELU, "exp(x)"])
@pytest.mark.parametrize("term", [0, 1, 4])
def test_a_planted_wrong_coefficient_is_caught_before_anything_is_judged(text, term):
    made = of(text, 0.25, 8.0)
    blocks = made.blocks.copy()
    blocks["coefficients"][:, term] *= 1 + 2.0**-20
    blocks["coefficients"][:, term] += 2.0**-30
    wrong = Reference(made.meaning, blocks, made.undefined, made.special, None, made.ends)
    assert len(audit(wrong, 60)) > 20
    builder = Builder("any")
    program = builder.finish(builder.parameter("x", "f32"))
    with pytest.raises(AssertionError, match="the reference of"):
        prove(program, claim(text, 0.25, 8.0), against=wrong, full=False)


def test_domains_cut_the_inputs_at_their_ends():
    made = of("exp(x)", -1.5, 0.1)
    assert made.inputs == bits_of(1.5) + bits_of(0.1) - (float_of(bits_of(0.1)) > 0.1)
    assert made.ends == (0, SIGN)


def test_a_function_that_varies_too_fast_is_refused_with_the_place(monkeypatch):
    monkeypatch.setattr(reference, "LIMIT", 300)
    with pytest.raises(Refused, match="state a smaller domain"):
        of("sin(x*x)", 1e12, 2e12)


def test_binades_are_cut_where_the_exponent_changes():
    for first, last in binades(1, 0x3FFFFFFF):
        low, high = float_of(first), float_of(last)
        assert ulp_exponent(low) == ulp_exponent(high)


@pytest.mark.parametrize(
    ("text", "values"),
    [  # at +0, -0, inf, -inf
        ("exp(x)", ("1", "1", "+inf", "+0")),
        ("log(x)", ("-inf", "-inf", "+inf", "nan")),
        ("expm1(x)", ("+0", "-0", "+inf", "-1")),
        (GELU, ("+0", "-0", "+inf", "-0")),
        ("1 - erf(x)", ("1", "1", "+0", "2")),
        ("sin(x)/x", ("1", "1", "+0", "+0")),
        ("1/x", ("+inf", "-inf", "+0", "-0")),
        ("cos(x)", ("1", "1", "nan", "nan")),
        ("lgamma(x)", ("+inf", "+inf", "+inf", "nan")),
    ],
)
def test_special_inputs_get_the_limits_of_the_function(text, values):
    meaning = of(text, 0.5, 1.0).meaning
    found = [str(at_bits(meaning, bits)) for bits in (0, SIGN, 0x7F800000, 0xFF800000)]
    if text == "sin(x)/x":
        found, values = found[:2], values[:2]
    assert found == list(values)
