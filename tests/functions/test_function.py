"""`optgen.function`: an expression to a ufunc, with what users are told of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import optgen
from optgen import SpecError

X = np.random.default_rng(0).uniform(-20, 20, 1000).astype("float32")


@pytest.fixture(scope="module")
def exponential():
    return optgen.function("2^x", ulp=4, domain=(-20, 20))


def test_it_computes_to_the_accuracy_that_was_asked_for(exponential):
    wanted = np.exp2(X.astype("float64"))
    error = np.abs(exponential(X) - wanted) / np.spacing(wanted.astype("float32"))
    assert error.max() <= 4
    assert error.max() <= float(exponential.error)


def test_it_says_what_it_is(exponential):
    assert type(exponential) is np.ufunc
    assert exponential.expression == "2^x" and str(exponential.accuracy) == "4 ulp"
    assert str(exponential.domain) == "[-20, 20]"
    assert "to 4 ulp in float32 on [-20, 20]" in exponential.__doc__
    assert "tested" in repr(exponential.error) and not exponential.error.proved
    assert -20 <= exponential.error.worst <= 20


def test_it_pickles_by_its_expression(exponential):
    assert pickle.loads(pickle.dumps(exponential)) is exponential  # noqa: S301
    assert copy.copy(exponential) is exponential
    assert b"2^x" in pickle.dumps(exponential)
    assert optgen.function("2^x", ulp=4, domain=(-20, 20)) is exponential
    assert optgen.function("2^x; 4 ulp; domain -20 20") is exponential


def test_its_derivative_is_a_function_of_the_same_accuracy(exponential):
    slope = exponential.definition.derivative(0)
    assert slope.accuracy == exponential.accuracy and slope.domain == exponential.domain
    np.testing.assert_allclose(slope(X), np.log(2) * np.exp2(X.astype("float64")), rtol=1e-6)


def test_every_argument_of_its_domain_is_run(exponential):
    small = optgen.function("2^x", ulp=4, domain=(1, 2))
    proof = small.prove()
    assert proof.proved and proof.findings.inputs == 2**23 + 1
    assert small.error.proved and float(small.error) == pytest.approx(proof.findings.error, rel=1e-6)
    assert small.certificate["verdict"] == "proved" and small.certificate["program"] == proof.program
    assert "every argument was run" in repr(small.error)


@pytest.mark.parametrize(
    ("expression", "choices", "code", "words"),
    [
        ("erff(x)", {}, "E0201", "did you mean erf?"),
        ("x*y", {}, "E0802", "(x, y) -> x*y"),
        ("2^x", {"ulp": 3}, "E0804", "choose one of 0.5, 1, 2, 4"),
        ("2^x", {"domain": (1, -1)}, "E0803", "empty"),
        ("(x, y) -> arccos(x)*y", {}, "E0805", "is not reached for arccos(x)*y: there is no double formula of arccos"),
    ],
)
def test_what_is_wrong_is_told_in_the_voice_of_the_house(expression, choices, code, words):
    with pytest.raises(SpecError, match=code) as told:
        optgen.function(expression, **choices)
    assert words in str(told.value)


def test_a_name_that_does_not_ship_is_no_attribute():
    with pytest.raises(AttributeError, match="no shipped function is called expp"):
        optgen.functions.expp  # noqa: B018
