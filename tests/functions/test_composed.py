"""Expressions evaluated as they are written, in doubles: a candidate for float32, the loop for float64."""

from __future__ import annotations

import numpy as np
import pytest

import optgen
from optgen import SpecError
from optgen.elementwise import _expression, _meaning
from optgen.functions.certificate import Claim
from optgen.functions.composed import composed, plausible, sampled
from optgen.functions.errors import Refused
from optgen.functions.request import Accuracy
from optgen.ir.straight import evaluate

X = np.random.default_rng(0).uniform(0.1, 5, 500)


@pytest.mark.parametrize(
    "text",
    [
        "x*tanh(softplus(x))", "exp(-x^2)/sqrt(x)", "log1p(x^2) - expm1(-x)", "if x > 1 then log(x) else x - 1",
        "max(x, 2)*min(x, 1)^-3", "abs(x - 1)*sign(2 - x)", "erf(x)*sigmoid(x)",
    ],
)  # fmt: skip
def test_in_doubles_it_is_what_numpy_computes(text):
    program = composed("f", _meaning(_expression(text)), "f64")
    wanted = optgen.array_code(text, "numpy", "float64")(X)
    np.testing.assert_allclose(evaluate(program, [X]), wanted, rtol=1e-14, atol=1e-300)


def test_zeros_and_infinities_are_those_of_the_meaning():
    """x*sigmoid(x) at -inf is -inf*0 as it is written."""
    program = composed("silu", _meaning(_expression("x*sigmoid(x)")), "f32")
    ends = np.array([-np.inf, np.inf, -0.0, 0.0, np.nan], "float32")
    found = evaluate(program, [ends])
    np.testing.assert_array_equal(found, [-0.0, np.inf, -0.0, 0.0, np.nan])
    assert np.signbit(found).tolist()[:4] == [True, False, True, False]


def test_what_loses_by_cancellation_is_found_by_a_few_arguments():
    gelu = _meaning(_expression("x/2*(1 + erf(x/sqrt(2)))"))
    assert not plausible(composed("f", gelu, "f32"), Claim(gelu, Accuracy()))
    error, (at,), _ = sampled(composed("f", gelu, "f32"), Claim(gelu, Accuracy()), 500)
    assert error > 4 and at < -3


def test_an_operation_without_a_formula_is_refused():
    with pytest.raises(Refused, match="no double formula of arccos"):
        composed("f", _meaning(_expression("arccos(x)")), "f32")


def test_functions_of_two_arguments_are_tested_and_say_so():
    hypotenuse = optgen.function("(x, y) -> sqrt(1 + x^2 + y^2)")
    assert hypotenuse.types == ["ff->f", "dd->d"]
    assert hypotenuse(np.float32(3e38), np.float32(1)) == np.float32(3e38)  # no overflow on the way
    assert "tested on samples" in hypotenuse.__doc__ and "tested" in repr(hypotenuse.error)
    assert not hypotenuse.error.proved and float(hypotenuse.error) <= 1 and len(hypotenuse.error.worst) == 2
    with pytest.raises(SpecError, match="too many pairs"):
        hypotenuse.prove()


def test_doubles_go_through_the_loop_for_doubles():
    f = optgen.function("2^x", ulp=4, domain=(1, 4))
    assert f(2.0) == 4.0 and f(X).dtype == np.float64
    np.testing.assert_allclose(f(X), 2**X, rtol=1e-13)
