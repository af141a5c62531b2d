"""Formulas of special functions: within their bounds of the exact value, right at the edges, made by their command."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from optgen.functions import formula_fits
from optgen.ir import formula_coefficients, formulas
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.operations import apply
from optgen.symbolic.arb import Meaning, to_fraction

X = ir.Input("x", "real")
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 2.0, 5e-324, 1e-310, -1e-310]


def values(name, x):
    with np.errstate(all="ignore"):
        return [float(evaluate(formulas.function(name), {}, [np.array(v)])[0]) for v in x]


def samples(name, count=120):
    rng = np.random.default_rng(0)
    small = np.sign(rng.normal(size=count)) * 10.0 ** rng.uniform(-300, 0, count)
    if name == "erfinv":
        near_one = 1 - 10.0 ** rng.uniform(-15.9, -0.1, count)
        return np.concatenate([rng.uniform(-1, 1, count), small, near_one, -near_one])
    low, high = {"erfc": (-6, 26.5), "erfcx": (-26.6, 60)}.get(name, (-60, 60))
    large = 10.0 ** rng.uniform(0, 1.4 if name == "erfc" else 300, count)
    return np.concatenate([rng.uniform(low, high, count), rng.uniform(-3, 3, count), small, large])


def ulps(found, wanted):
    return abs(Fraction(found) - wanted) / Fraction(float(np.spacing(abs(float(wanted)))))


def worst(name, x):
    meaning = Meaning.of(apply(name, ir.access(X)), [X])
    wanted = [to_fraction(meaning.refined([float(v)], 80)) for v in x]
    return max(ulps(*pair) for pair in zip(values(name, x), wanted, strict=True))


@pytest.mark.parametrize("name", formulas.FORMULAS)
def test_errors_are_within_the_stated_bound(name):
    assert worst(name, samples(name)) <= formulas.FORMULAS[name].ulps


@pytest.mark.parametrize("name", formula_coefficients.COEFFICIENTS)
def test_a_changed_coefficient_is_beyond_it(name, monkeypatch):
    first, *others, last = formula_coefficients.COEFFICIENTS[name]
    monkeypatch.setitem(formulas.COEFFICIENTS, name, (first, *others, last * (1 + 2.0**-48)))
    function = {"i0e": "bessel_i0e", "i1e": "bessel_i1e"}.get(name.split()[0], name.split()[0])
    assert worst(function, samples(function)) > formulas.FORMULAS[function].ulps


@pytest.mark.parametrize("name", formulas.FORMULAS)
def test_limits_zeros_and_nan_come_out_as_in_scipy(name):
    special = pytest.importorskip("scipy.special")
    wanted = getattr(special, name.removeprefix("bessel_"))(np.array(EDGES))
    np.testing.assert_allclose(values(name, EDGES), wanted, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ["erfinv", "bessel_i1e"])
def test_odd_functions_keep_the_sign_of_zero(name):
    assert [np.signbit(value) for value in values(name, [0.0, -0.0])] == [False, True]


def test_the_coefficients_are_those_that_the_command_prints():
    kept = Path(formula_coefficients.__file__).read_text(encoding="utf-8")
    assert formula_fits.table() == kept
