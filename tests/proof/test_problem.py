"""Coefficients with symbols, linear forms, quadratics, and the finite problem as data."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from optgen.proof.polynomial import Number, Ratio, at, from_json, symbol, to_json
from optgen.proof.problem import inner, square, value, vector

lr, L, mu = symbol("lr"), symbol("L"), symbol("mu")
NUMBERS = some.fractions(min_value=-9, max_value=9, max_denominator=9)


def ratios() -> some.SearchStrategy[Number]:
    leaves = NUMBERS | some.sampled_from([lr, L, mu])
    return some.recursive(
        leaves, lambda inner: some.tuples(inner, inner, some.sampled_from("+-*")).map(operated), max_leaves=6
    )


def operated(parts: tuple[Number, Number, str]) -> Number:
    left, right, sign = parts
    return left + right if sign == "+" else left - right if sign == "-" else left * right


@given(ratios(), ratios(), some.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_arithmetic_of_quotients_is_that_of_their_values(left, right, point):
    values: dict[str, Number] = dict(zip(("lr", "L", "mu"), point))
    there = at(left, values), at(right, values)
    assert at(left + right, values) == there[0] + there[1]
    assert at(left * right, values) == there[0] * there[1]
    if right != 0 and there[1] != 0:
        assert at(left / right, values) == there[0] / there[1]
        assert (left / right) * right == left


@given(ratios())
def test_a_coefficient_is_read_back_from_its_data(coefficient):
    assert from_json(to_json(coefficient)) == coefficient
    assert (coefficient - coefficient) == 0 and isinstance(coefficient - coefficient, Fraction)


def test_numbers_stay_fractions_and_poles_are_errors():
    assert isinstance(lr / lr, Fraction)
    assert isinstance(2 / (1 + lr) - lr, Ratio)
    with pytest.raises(ZeroDivisionError):
        at(1 / (L - mu), {"L": Fraction(1), "mu": Fraction(1)})


def test_a_square_of_a_step_expands_into_products():
    x, g = vector("x"), vector("g")
    step = square(x - lr * g)
    assert step.products[("g", "x")] == -2 * lr and step.products[("g", "g")] == lr * lr
    assert (step - square(x) + 2 * lr * inner(g, x) - lr * lr * square(g)).products == {}
    assert (value("f") - value("f")).values == {}
