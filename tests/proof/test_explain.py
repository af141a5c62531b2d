"""A proof as mathematics."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optgen.proof.explain import explained, explained_stability, latex
from optgen.proof.linear import LinearMethod
from optgen.proof.mathematics import number_latex, number_text
from optgen.proof.parametric import prove
from optgen.proof.polynomial import symbol
from optgen.proof.semidefinite import prove as prove_with_numbers
from tests.proof.methods import lyapunov, tunings
from tests.proof.theorems import descent, values

lr, L, mu, beta = symbol("lr"), symbol("L"), symbol("mu"), symbol("beta")


def test_the_descent_lemma_reads_as_in_a_textbook():
    found = prove(descent())
    assert found is not None
    assert explained(found) == [
        "For all L > 0, lr > 0:",
        "the larger side minus the smaller one",
        "  = 1 [f is L-smooth at x, x']",
        "  + 1/(4*L) |-(1 - L*lr) g + g'|^2",
        "where x' = x - lr g",
        "   and [f is L-smooth at a, b] is f(a) - f(b) - <d, f'(b)> + L/4 |d|^2 - 1/(4*L) |h|^2 - 1/2 <d, h> >= 0;"
        " d = a - b, h = f'(a) - f'(b)",
    ]
    assert latex(found) == [
        "\\text{claim} = 1\\,\\left[\\text{f is L-smooth at x, x'}\\right]"
        " + \\frac{1}{4\\,L}\\left\\|-(1 - L\\,\\eta) g + g'\\right\\|^2"
    ]


def test_a_multiplier_is_shown_in_factors():
    found = prove(values())
    assert found is not None
    assert "  = lr*mu*(1 - lr*mu) [f is mu-strongly convex and L-smooth at *, x]" in explained(found)
    assert "where * = 0, a minimiser" in explained(found)


def test_a_lyapunov_function_that_was_found_is_shown_with_its_steps_by_number():
    method = tunings(1, 10)["nesterov"]
    found = prove_with_numbers(lyapunov(method, Fraction(1, 10), Fraction(1), Fraction(4, 5)))
    assert found is not None
    lines = explained(found)
    assert lines[0].startswith("Take V = ") and "P00" in lines[0]
    assert any(line.endswith("|^2") for line in lines)
    assert any("[f is 1/10-strongly convex and 1-smooth at y0, y1]" in line for line in lines)
    assert not any(".0." in line for line in lines)
    assert max(len(line) for line in lines) < 220  # long quotients are rounded, and say so
    assert lines[-1].startswith("(~ is before numbers that are shown rounded")


def test_eigenvalues_are_shown_by_their_polynomial_and_the_conditions_of_jury():
    heavy_ball = LinearMethod(
        ("x", "v"), ("f",), ((1, beta), (0, beta)), ((-lr,), (-lr,)), ((1, 0),), ((Fraction(0),),)
    )
    assert explained_stability(heavy_ball, "c")[1:] == [
        "  z^2 - (1 + beta - c*lr) z + beta",
        "They lie inside the unit circle, since (Jury)",
        "  c*lr > 0",
        "  (2 + 2*beta - c*lr) > 0",
        "  (1 - beta) > 0",
    ]


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
