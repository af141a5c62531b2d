"""Shipped functions that state a domain: NaN beyond, wherever they are used, and values as SciPy has them within."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import optgen
from optgen.elementwise import _shipped, domain_of
from optgen.functions.request import Domain
from optgen.shipped import function_paths

LIMITED = {name: domain for name in function_paths() if (domain := domain_of(_shipped(name))) is not None}


def test_they_are_those_that_oscillate_or_have_poles_for_ever():
    assert {"airy", "j0", "j1"} <= set(LIMITED) <= {"airy", "j0", "j1", "lgamma"}
    assert LIMITED["j0"] == Domain(-128.0, 128.0, strict=True)


@pytest.mark.parametrize("name", LIMITED)
def test_beyond_the_domain_a_result_is_nan(name):
    function, domain = getattr(optgen.functions, name), LIMITED[name]
    assert function.domain == domain
    low, high = np.float32(domain.low), np.float32(domain.high)
    beyond = [np.nextafter(low, np.float32(-np.inf)), low * 2, np.float32(-np.inf)]
    if np.isfinite(high):
        beyond += [np.nextafter(high, np.float32(np.inf)), high * 2, np.float32(np.inf)]
    with np.errstate(all="raise"):
        assert np.isnan(function(np.array(beyond, np.float32))).all()
        assert not np.isnan(function(np.array([low, min(high, np.float32(3e38))]))).any()


@pytest.mark.parametrize("name", LIMITED)
def test_both_loops_agree_with_scipy(name):
    special = pytest.importorskip("scipy.special")
    say = {"airy": lambda x: special.airy(x)[0], "lgamma": special.gammaln}.get(name, getattr(special, name, None))
    x = np.random.default_rng(1).uniform(-20, 20, 1000)
    np.testing.assert_allclose(getattr(optgen.functions, name)(x), say(x), rtol=1e-11, atol=1e-12)
    single = x.astype(np.float32)
    found, wanted = getattr(optgen.functions, name)(single), say(single.astype(float))
    assert (np.abs(found - wanted) <= np.spacing(np.abs(wanted).astype(np.float32)) + 1e-12).all()


def test_another_accuracy_is_asked_on_the_domain_of_the_function():
    rough = optgen.function("airy", ulp=4)
    assert rough.domain == LIMITED["airy"] and pickle.loads(pickle.dumps(rough)) is rough  # noqa: S301
    assert float(rough.error) <= 4


def test_documentation_certificate_and_files_say_where(tmp_path):
    function = optgen.functions.j0
    assert "to 1 ulp in float32 on [-128, 128], NaN beyond." in function.__doc__
    assert "NaN beyond arguments of size 128" in function.__doc__
    function.write(tmp_path)
    assert "j0(x), to 1 ulp on [-128, 128], NaN beyond" in (tmp_path / "optgen_j0.h").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", LIMITED)
def test_derivatives_are_functions_on_the_same_domain(name):
    function = getattr(optgen.functions, name)
    slope = function.definition.derivative(0)
    assert slope.domain == LIMITED[name] and float(slope.error) <= 1
    x = np.linspace(0.3, 3, 20)
    wanted = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope(x.astype(np.float32)), wanted, rtol=1e-5, atol=1e-6)
