"""Expressions over the reals: enclosures hold values and Taylor coefficients, and nothing infinite gets out."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest
from flint import arb

from optgen.ir import nodes as ir
from optgen.ir.operations import OPERATIONS, apply
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementwise import elementwise
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of, to_fraction
from optgen.symbolic.jets import HOLDS
from optgen.symbolic.special import RULES

X = ir.Input("x", "real")
x = ir.access(X)


def meaning(text: str) -> Meaning:
    made = elementwise(parse_expression(text), lambda name: None)
    return Meaning.of(ir.access(made.results[0][1]), made.parameters)


def real(value: Fraction | int) -> ir.Scalar:
    return ir.constant(Fraction(value), "real")


# what mpmath computes, and where
KNOWN = {
    "exp": (mpmath.exp, -9, 9), "expm1": (mpmath.expm1, -2, 2), "log": (mpmath.log, 0, 9),
    "log1p": (lambda v: mpmath.log(1 + v), -0.9, 3), "sqrt": (mpmath.sqrt, 0, 9), "sin": (mpmath.sin, -9, 9),
    "cos": (mpmath.cos, -9, 9), "tan": (mpmath.tan, -1.5, 1.5), "arccos": (mpmath.acos, -1, 1),
    "sinh": (mpmath.sinh, -5, 5), "cosh": (mpmath.cosh, -5, 5), "tanh": (mpmath.tanh, -9, 9),
    "erf": (mpmath.erf, -4, 4), "erfc": (mpmath.erfc, -4, 9),
    "lgamma": (lambda v: mpmath.log(abs(mpmath.gamma(v))), -4, 9),
    "erfcx": (lambda v: mpmath.exp(v * v) * mpmath.erfc(v), -3, 12), "digamma": (mpmath.digamma, 0.1, 9),
    "erfinv": (mpmath.erfinv, -0.99, 0.99), "bessel_j0": (lambda v: mpmath.besselj(0, v), -9, 9),
    "bessel_j1": (lambda v: mpmath.besselj(1, v), -9, 9), "airy_ai": (mpmath.airyai, -9, 4),
    "bessel_i0e": (lambda v: mpmath.besseli(0, v) * mpmath.exp(-abs(v)), -9, 9),
    "bessel_i1e": (lambda v: mpmath.besseli(1, v) * mpmath.exp(-abs(v)), -9, 9),
    "airy_ai_prime": (lambda v: mpmath.airyai(v, derivative=1), -9, 4),
}  # fmt: skip
SMOOTH = sorted(KNOWN)


def of_rule(name: str) -> Meaning:
    """The function of one rule, applied to 1/2 + 3x/4 so that the composition is seen too."""
    if name in OPERATIONS:
        return Meaning.of(apply(name, inner()), [X])
    from optgen.symbolic.arb import Step

    steps = Meaning.of(inner(), [X]).steps
    return Meaning((*steps, Step("operation", name, (len(steps) - 1,), RULES[name])), 1)


def inner() -> ir.Scalar:
    return apply("add", real(Fraction(1, 2)), apply("mul", real(Fraction(3, 4)), x))


@pytest.mark.parametrize("name", SMOOTH)
def test_taylor_coefficients_are_those_of_the_function_at_every_point_of_the_ball(name):
    function, low, high = KNOWN[name]
    draw, made = random.Random(name), of_rule(name)
    with mpmath.workdps(60):
        for _ in range(3):
            argument = draw.uniform(low, high)
            at = (argument - 0.5) / 0.75
            wanted = mpmath.taylor(lambda v: function(mpmath.mpf(1) / 2 + mpmath.mpf(3) / 4 * v), mpmath.mpf(at), 5)
            narrow = made.taylor(exact(at), 6, 128)
            try:
                wide = made.taylor(arb(at, 2.0**-12), 6, 128)
            except Undecided:
                wide = narrow
            for k, true in enumerate(wanted):
                close = mpmath.mpf(to_fraction(narrow[k]).numerator) / to_fraction(narrow[k]).denominator
                assert abs(close - true) <= 1e-20 * (1 + abs(true)), (name, argument, k)
                with precision_of(200):
                    assert wide[k].overlaps(arb(mpmath.nstr(true, 45))), (name, argument, k)


def test_every_elementwise_operation_over_the_reals_has_a_rule():
    discrete = {"floordiv", "round", "ceil", "is_finite", "bool_to_int", "int_to_bits", "threefry", "uniform_bits",
                "index_bits", "high_word", "low_word", "and", "or", "not"}  # fmt: skip
    assert set(OPERATIONS) - discrete <= set(RULES) | set(HOLDS)


@pytest.mark.parametrize(
    ("text", "point", "error"),
    [
        ("log(x)", -1.0, Undefined), ("sqrt(x)", -1.0, Undefined), ("arccos(x)", 1.5, Undefined),
        ("log1p(x)", -2.0, Undefined), ("x^0.3", -2.0, Undefined), ("log(x)", 0.0, Undecided),
        ("1/x", 0.0, Undecided), ("arctan2(x, x)", 0.0, Undecided), ("lgamma(x)", -3.0, Undecided),
    ],
)  # fmt: skip
def test_a_point_without_a_value_is_told_from_one_where_a_ball_does_not_tell(text, point, error):
    with pytest.raises(error):
        meaning(text).value([exact(point)], 100)


@pytest.mark.parametrize("text", ["1/x", "abs(x)^1.5", "sqrt(x + 0.5)", "log(x)", "tan(10*x)", "x^-3", "sin(x)/x"])
def test_no_enclosure_on_a_ball_that_holds_a_pole_or_an_end(text):
    with pytest.raises(Undecided):
        meaning(text).taylor(arb(0, 1), 4, 80)


def test_a_power_of_a_ball_around_zero_is_a_number():
    for power in (2, 3, 5):
        value = meaning(f"x^{power}").value([arb(0, 0.5)], 80)
        assert value.is_finite() and value.contains(0) and value.abs_upper() <= 0.5**power * 1.001


def test_only_the_branch_that_is_chosen_counts():
    made = meaning("if x > 0 then log(x) else x")
    assert float(made.value([exact(-2.0)], 60)) == -2.0
    with pytest.raises(Undecided):
        made.value([arb(0, 1)], 60)


def test_cancellation_is_met_by_precision():
    value = meaning("1 - cos(x)").refined([2.0**-60], 60)
    assert abs(float(value) / 2.0**-121 - 1) < 1e-15


def test_ranges_keep_signs_that_balls_lose():
    tail = meaning("x/2*(1 + erf(x/sqrt(2)))").range([(exact(-(2.0**127)), exact(-(2.0**100)))], 512)
    assert tail[1] <= 0 and tail[0] > -(2.0**-160)
    low, high = meaning("exp(x)").range([(exact(-1000.0), exact(1000.0))], 64)
    assert low > 0 and high > 2.0**1000


def test_two_arguments_have_partial_series():
    made = meaning("(y, x) -> arctan2(y, x)")
    first = made.partial([exact(1.0), exact(2.0)], 0, 3, 100)
    assert abs(float(first[1]) - 2 / 5) < 1e-15


STARTS = {"airy_ai": 0.0, "airy_ai_prime": 0.0, "lgamma": 2.0, "digamma": 1.0}


@pytest.mark.parametrize(("name", "start"), STARTS.items())
def test_ranges_of_functions_that_are_monotone_from_somewhere_on(name, start):
    """They hold the values at points within, also on stretches that no ball encloses, and up to infinity."""
    function = Meaning.of(apply(name, x), [X])
    for low, high in ((start, start + 0.5), (start, 2.0**20), (3.0, 2.0**120), (2.0**90, 2.0**120)):
        least, most = function.range([(exact(low), exact(high))], 512)
        points = [low + (high - low) * part for part in (0.0, 2.0**-60, 0.25, 1.0)]
        values = [function.value([exact(point)], 600) for point in points]
        assert all(least <= value.upper() and value.lower() <= most for value in values)
        assert least.is_finite() and most.is_finite()
    least, most = function.range([(exact(2.0**90), arb("inf"))], 512)
    grows = name in ("lgamma", "digamma")
    assert most == arb("inf") if grows else abs(least) < 2.0**-200 and abs(most) < 2.0**-200
