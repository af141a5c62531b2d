"""Families in doubles: powers, functions that end, the tangent; each is recognised by what it is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from optgen.elementwise import meaning_of
from optgen.functions.certificate import Claim, prove
from optgen.functions.request import Accuracy, Domain
from optgen.functions.schemes import (
    ended,
    mapped,
    power,
    tangent,
    wide_angle,
    wide_exponential,
    wide_hyperbolic,
    wide_logarithm,
)
from optgen.functions.schemes.series import chebyshev, powers_of, shifted
from optgen.functions.target import ball, precise, target_of
from optgen.ir.straight import evaluate

SCHEMES = (mapped, power, ended, tangent)
RECOGNISED = [
    ("cbrt(x)", power), ("3*x^(-2/5)", power), ("abs(x)^(3/4)", power), ("arcsin(x)", ended), ("arccos(x)", ended),
    ("erfinv(x)", ended), ("-2*arctanh(x)", ended), ("sqrt(4 - x^2)", ended), ("tan(x)", tangent),
    ("1/tan(x + pi/2)", tangent), ("arctan(x)", mapped), ("sin(x)", None), ("x^2 - 1", None),
]  # fmt: skip


def program(scheme, text):
    with precise():
        return next(scheme.programs("f", target_of(meaning_of(text))), None)


@pytest.mark.parametrize(("text", "scheme"), RECOGNISED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_function_is_recognised_by_what_it_is(text, scheme):
    assert [one for one in SCHEMES if program(one, text) is not None] == ([] if scheme is None else [scheme])


@pytest.mark.parametrize(
    ("text", "scheme", "low", "high"),
    [("cbrt(x)", power, 1.0, 8.0), ("x^(-2/5)", power, 3.0, 4.0), ("arcsin(x)", ended, 0.25, 1.0),
     ("arccos(x)", ended, -1.0, -0.25), ("erfinv(x)", ended, 0.25, 1.0), ("tan(x)", tangent, 0.5, 1.0)],
)  # fmt: skip
def test_nearly_all_results_are_rounded_correctly(text, scheme, low, high):
    claim = Claim(meaning_of(text), Accuracy(Fraction(1, 2)), Domain(low, high))
    findings = prove(program(scheme, text), claim).findings
    assert findings.sound and findings.error < 0.500001 and findings.rounded_wrong <= 2


WIDE = (wide_exponential, wide_logarithm, wide_hyperbolic, wide_angle)
EXACTLY = [
    ("exp(x)", wide_exponential, 4.0, 8.0), ("10^x", wide_exponential, -8.0, -4.0),
    ("2^(-x)", wide_exponential, 1.0, 2.0), ("exp(x)", wide_exponential, -104.0, -100.0),
    ("log(x)/log(10)", wide_logarithm, 0.5, 2.0),
    ("-log(x)", wide_logarithm, 64.0, 128.0), ("log1p(x)", wide_logarithm, -0.5, -0.25),
    ("log1p(x)", wide_logarithm, 2.0**53, 2.0**54), ("sinh(x)", wide_hyperbolic, 0.25, 1.0),
    ("cosh(x)", wide_hyperbolic, 4.0, 8.0), ("arctan(x)", wide_angle, 0.125, 0.25),
    ("-arctan(x)", wide_angle, 16.0, 32.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scheme", "low", "high"), EXACTLY)
def test_in_doubles_a_known_family_rounds_nearly_all_results_correctly(text, scheme, low, high):
    assert [one for one in WIDE if program(one, text) is not None] == [scheme]
    claim = Claim(meaning_of(text), Accuracy(Fraction(1, 2)), Domain(low, high))
    findings = prove(program(scheme, text), claim).findings
    assert findings.sound and findings.error < 0.500001 and findings.rounded_wrong <= 2


ENDS = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -2.0, 1e-45, -1e-45, 3e38], "float32")


@pytest.mark.parametrize("text", sorted({text for text, *_ in EXACTLY}))
def test_in_doubles_special_arguments_are_special(text):
    scheme = next(scheme for other, scheme, *_ in EXACTLY if other == text)
    expected = {
        "exp(x)": np.exp, "10^x": lambda x: 10**x, "2^(-x)": lambda x: 2**-x, "log(x)/log(10)": np.log10,
        "-log(x)": lambda x: -np.log(x), "log1p(x)": np.log1p, "sinh(x)": np.sinh, "cosh(x)": np.cosh,
        "arctan(x)": np.arctan, "-arctan(x)": lambda x: -np.arctan(x),
    }[text]  # fmt: skip
    found = evaluate(program(scheme, text), [ENDS])
    with np.errstate(all="ignore"):
        wanted = expected(ENDS.astype("float64")).astype("float32")
    assert np.array_equal(found, wanted, equal_nan=True)
    assert np.array_equal(np.signbit(found[wanted == 0]), np.signbit(wanted[wanted == 0]))


def test_powers_of_a_variable_on_an_interval_are_those_of_one_on_another():
    with precise():
        powers = [ball(2), ball(-3), ball(5)]  # 2 - 3t + 5t^2 with t = (2x - 3)/1 on [1, 2]
        found = shifted(powers, Fraction(1), Fraction(2))
        assert [float(c) for c in found] == [2 + 9 + 45, -6 - 60, 20]


def test_beyond_its_ends_a_function_is_no_number():
    x = np.array([1.0000001, -2.0, np.inf, np.nan], "float32")
    for text in ("arcsin(x)", "arccos(x)", "erfinv(x)"):
        assert np.isnan(evaluate(program(ended, text), [x])).all()


def test_the_smallest_and_the_largest_floats_have_roots():
    x = np.array([1e-45, -1e-45, 3.4028235e38, 0.0, -0.0, -np.inf], "float32")
    made = evaluate(program(power, "cbrt(x)"), [x])
    np.testing.assert_allclose(made[:3], np.cbrt(x[:3]), rtol=2e-7)
    assert made[3] == 0 and np.signbit(made).tolist() == [False, True, False, False, True, True]


def test_the_tangent_of_large_numbers():
    """Floats next to odd multiples of pi/2, and the largest; values by 200 digits."""
    x = np.array([1.5707964, 16367173 * 2.0**72, -3.4028235e38, 2.0**21], "float32")
    wanted = [float(target_of(meaning_of("tan(x)")).at(Fraction(float(one)))) for one in x]
    np.testing.assert_array_equal(evaluate(program(tangent, "tan(x)"), [x]), np.array(wanted, "float32"))


def test_a_series_is_as_long_as_it_must_be_and_refuses_a_zero():
    with precise():
        long = chebyshev(lambda x: ball(x).exp(), Fraction(0), Fraction(1), 2.0**-50, 30)
        short = chebyshev(lambda x: ball(x).exp(), Fraction(0), Fraction(1), 2.0**-20, 30)
        assert long is not None and short is not None and 5 < len(short) < len(long) < 16
        value = sum(float(c) * 0.5**k for k, c in enumerate(powers_of(long)))
        assert value == pytest.approx(np.exp(0.75), rel=1e-15)
        assert chebyshev(lambda x: ball(3 * x - 1), Fraction(0), Fraction(1), 0.1, 9) is None
