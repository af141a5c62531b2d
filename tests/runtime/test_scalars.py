"""Short formulas evaluated in Python mean what the operations mean."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.runtime.scalars import evaluator, text

X = ir.Input("x", "real")
K = ir.Input("k", "int")
x, k, n = ir.access(X), ir.access(K), ir.dim("n")


def value(scalar, **names):
    environment = {{"x": X, "k": K}.get(name, name): given for name, given in names.items()}
    return evaluator(scalar)(environment)


def c(number):
    return ir.constant(Fraction(number), "real")


@pytest.mark.parametrize(
    ("scalar", "at", "expected"),
    [
        (apply("div", c(1), x), 0.0, math.inf),
        (apply("div", c(1), x), -0.0, -math.inf),
        (apply("div", c(0), x), 0.0, math.nan),
        (apply("log", x), 0.0, -math.inf),
        (apply("log", x), -1.0, math.nan),
        (apply("sqrt", x), -1.0, math.nan),
        (apply("exp", x), 1e4, math.inf),
        (apply("maximum", x, c(1)), math.nan, math.nan),
        (apply("minimum", c(1), x), math.nan, math.nan),
        (apply("power_int", x, ir.constant(3)), 2.0, 8.0),
        (apply("mod", x, c(3)), -1.0, 2.0),
    ],
)
def test_partial_operations_give_what_ieee_arithmetic_gives(scalar, at, expected):
    assert value(scalar, x=at) == pytest.approx(expected, nan_ok=True)


def test_a_choice_does_not_touch_the_other_branch():
    chosen = ir.choose(apply("gt", x, c(0)), ir.constant(1), apply("floor", apply("log", x)))
    assert value(chosen, x=2.0) == 1


def test_dims_and_inputs_are_looked_up_by_need():
    formula = apply("add", n, apply("mul", ir.constant(2), k))
    assert value(formula, n=3, k=4) == 11
    with pytest.raises(KeyError):
        value(formula, n=3)


def test_what_is_no_short_formula_is_left_to_compiled_code():
    i = ir.Index(n, "i")
    total = ir.reduce("sum", (i,), ir.access(ir.Input("a", "real", (n,)), i))
    assert evaluator(total) is None
    assert evaluator(apply("add", total, x)) is None


def test_extents_are_written_as_a_reader_writes_them():
    m = ir.dim("m")
    assert text(apply("add", apply("mul", ir.constant(2), n), m)) == "2*n + m"
    assert text(apply("mul", apply("add", n, m), n)) == "(n + m)*n"
