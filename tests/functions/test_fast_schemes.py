"""Circular, hyperbolic and inverse functions in floats: what they are at special arguments, and that they are found by
what a function is.
"""

import math
from functools import cache
from itertools import islice

import numpy as np
import pytest

from optgen.functions.certificate import Claim, prove
from optgen.functions.floats import LARGEST
from optgen.functions.generate import candidates, generate
from optgen.functions.request import Accuracy
from optgen.functions.schemes import angle, arc, area, hyperbolic, ratio, turning
from optgen.functions.target import precise, target_of
from optgen.ir.straight import evaluate
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise

INF, NAN = math.inf, math.nan
ULP = 2.0**-24
SCHEMES = {
    "tan(x)": turning, "arctan(x)": angle, "arcsin(x)": arc, "arccos(x)": arc, "sinh(x)": hyperbolic,
    "cosh(x)": hyperbolic, "arcsinh(x)": area, "arccosh(x)": area, "arctanh(x)": ratio,
}  # fmt: skip


def meaning(text):
    return elementwise(parse_expression(text), lambda name: None)


@cache
def first(text):
    """The cheapest program of its scheme."""
    with precise():
        return next(SCHEMES[text].programs("f", target_of(meaning(text)), ULP / 2))


@pytest.mark.parametrize("text", SCHEMES)
def test_it_is_within_an_ulp_and_right_at_special_arguments(text):
    claim = Claim(meaning(text), Accuracy())
    proof = prove(generate("f", claim), claim, full=False, seed=7)
    assert proof.findings.sound and proof.findings.error < 1


ZEROS = [(0.0, 0.0), (-0.0, -0.0)]
SPECIAL = [
    ("tan(x)", [*ZEROS, (INF, NAN), (-INF, NAN)]),
    ("arctan(x)", [*ZEROS, (INF, math.pi / 2), (-INF, -math.pi / 2), (1e38, math.pi / 2)]),
    ("arcsin(x)", [*ZEROS, (1.0, math.pi / 2), (-1.0, -math.pi / 2), (1.0000001, NAN), (-INF, NAN)]),
    ("arccos(x)", [(1.0, 0.0), (-1.0, math.pi), (0.0, math.pi / 2), (-0.0, math.pi / 2), (2.0, NAN), (INF, NAN)]),
    ("sinh(x)", [*ZEROS, (89.0, math.sinh(89)), (90.0, INF), (-INF, -INF), (1e-45, 1e-45)]),
    ("cosh(x)", [(0.0, 1.0), (-0.0, 1.0), (89.0, math.cosh(89)), (-90.0, INF), (INF, INF), (-INF, INF)]),
    ("arcsinh(x)", [*ZEROS, (3e38, math.asinh(3e38)), (INF, INF), (-INF, -INF), (1e-45, 1e-45)]),
    ("arccosh(x)", [(1.0, 0.0), (0.5, NAN), (-3.0, NAN), (3e38, math.acosh(3e38)), (INF, INF), (-INF, NAN)]),
    ("arctanh(x)", [*ZEROS, (1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN), (1e-45, 1e-45)]),
]


@pytest.mark.parametrize(("text", "values"), SPECIAL, ids=[text for text, _ in SPECIAL])
def test_zeros_keep_their_sign_and_what_is_outside_is_not_a_number(text, values):
    pairs = np.array([*values, (NAN, NAN)]).astype(np.float32)
    wanted, found = pairs[:, 1], evaluate(first(text), [pairs[:, 0]])
    np.testing.assert_array_max_ulp(found[~np.isnan(wanted)], wanted[~np.isnan(wanted)], 1)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    zeros = wanted == 0
    assert np.array_equal(np.signbit(found[zeros]), np.signbit(wanted[zeros]))


@pytest.mark.parametrize("text", sorted(set(SCHEMES) - {"arccos(x)", "arccosh(x)"}))
def test_mirrored_arguments_have_mirrored_results_to_the_bit(text):
    x = np.random.default_rng(3).integers(0, LARGEST, 4000, dtype=np.uint32).view(np.float32)
    plus, minus = (evaluate(first(text), [argument]) for argument in (x, -x))
    mirrored = minus if text == "cosh(x)" else -minus
    assert np.array_equal(plus, mirrored, equal_nan=True)


SAME = [
    ("tan(x)", "-1/tan(x + pi/2)"), ("arctan(x)", "2*arctan(x/(1 + sqrt(1 + x^2)))"), ("arccos(x)", "pi/2 - arcsin(x)"),
    ("cosh(x)", "(exp(x) + exp(-x))/2"), ("arcsinh(x)", "log(x + sqrt(x^2 + 1))"),
    ("arctanh(x)", "log((1 + x)/(1 - x))/2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "other"), SAME, ids=[other for _, other in SAME])
def test_one_function_has_one_program_however_it_is_written(text, other):
    found = [next(islice(candidates("f", meaning(one), Accuracy()), 1)).digest for one in (text, other)]
    assert found[0] == found[1]


@pytest.mark.parametrize("text", ["-sin(x)/cos(x)", "-arctan(x)", "-arcsin(x)", "log((1 - x)/(1 + x))/2"])
def test_the_negative_of_a_function_is_found_too(text):
    opposite = {"-sin(x)/cos(x)": "tan(x)", "log((1 - x)/(1 + x))/2": "arctanh(x)"}.get(text, text[1:])
    x = np.linspace(-0.99, 0.99, 301, dtype=np.float32)
    with precise():
        found = next(SCHEMES[opposite].programs("f", target_of(meaning(text)), ULP / 2))
    assert np.array_equal(evaluate(found, [x]), -evaluate(first(opposite), [x]))


def test_less_accuracy_needs_shorter_polynomials():
    for text in SCHEMES:
        rough = next(candidates("f", meaning(text), Accuracy(amount=Accuracy().amount * 4)))
        assert len(rough.instructions) <= len(first(text).instructions)


def test_the_ends_of_the_plain_range_meet():
    """Both sides of where the plain case ends are within an ulp of each other's neighbours."""
    for text, end in (("tan(x)", 6000.0), ("sinh(x)", 87.0), ("arcsinh(x)", 2.0**30), ("arctanh(x)", 1 - 2.0**-22)):
        x = np.nextafter(np.float32(end), np.array([0, np.inf], np.float32))
        wanted = getattr(np, text[:-3])(x.astype(np.float64))
        np.testing.assert_array_max_ulp(evaluate(first(text), [x]), wanted.astype(np.float32), 1)
