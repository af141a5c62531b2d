"""A proof as mathematics."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optgen.proof.explain import explained, latex, number_latex, number_text
from optgen.proof.parametric import prove
from optgen.proof.polynomial import symbol
from optgen.proof.semidefinite import prove as prove_with_numbers
from tests.proof.methods import lyapunov, tunings
from tests.proof.theorems import descent, values

lr, L, mu = symbol("lr"), symbol("L"), symbol("mu")


def test_the_descent_lemma_reads_as_in_a_textbook():
    found = prove(descent())
    assert found is not None
    assert explained(found) == [
        "For all L in (0, inf), lr in (0, inf):",
        "claim: what is claimed to be >= 0 is the sum of",
        "  1  times  f is L-smooth at x, x'",
        "  1/(4*L)  times  |-(1 - L*lr) g + g'|^2",
    ]
    assert latex(found) == [
        "\\text{claim} = 1\\,\\left[\\text{f is L-smooth at x, x'}\\right]"
        " + \\frac{1}{4\\,L}\\left\\|-(1 - L\\,\\eta) g + g'\\right\\|^2"
    ]


def test_a_multiplier_is_shown_in_factors():
    found = prove(values())
    assert found is not None
    assert "  lr*mu*(1 - lr*mu)  times  f is mu-strongly convex and L-smooth at *, x" in explained(found)


def test_a_lyapunov_function_that_was_found_is_shown():
    method = tunings(1, 10)["nesterov"]
    found = prove_with_numbers(lyapunov(method, Fraction(1, 10), Fraction(1), Fraction(4, 5)))
    assert found is not None
    lines = explained(found)
    assert lines[0].startswith("Take V = ") and "P00" in lines[0]
    assert any(line.endswith("|^2") for line in lines)


@pytest.mark.parametrize(
    ("number", "text", "formula"),
    [
        (Fraction(-3, 4), "-3/4", "-\\frac{3}{4}"),
        (2 * lr * (1 - lr * mu) / L, "2*lr*(1 - lr*mu)/L", "\\frac{2\\,\\eta\\,(1 - \\eta\\,\\mu)}{L}"),
        ((lr * L - 1) ** 2, "(1 - L*lr)^2", "(1 - L\\,\\eta)^{2}"),
        (lr - 1, "-(1 - lr)", "-(1 - \\eta)"),
        (Fraction(0), "0", "0"),
    ],
)
def test_numbers_are_written_in_factors(number, text, formula):
    assert number_text(number) == text
    assert number_latex(number) == formula
