"""The shipped functions: each has a certificate of the program that it runs, and lives in NumPy."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import optgen
from optgen.elementwise import certificate
from optgen.shipped import function_paths

NAMES = sorted(function_paths())


@pytest.mark.parametrize("name", NAMES)
def test_the_certificate_is_of_the_program_that_runs(name):
    function, kept = getattr(optgen.functions, name), certificate(name)
    assert kept is not None, "a program without a sweep: scripts/functions"
    assert kept["program"] == function.programs["float32"].digest, "a changed program needs a new sweep"
    assert kept["verdict"] == "proved" and kept["trust"] == "exhaustive"
    assert function.error.proved and float(function.error) <= float(function.accuracy.amount)
    assert kept["meaning"] == function.expression


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_ufunc_under_its_name(name):
    function = getattr(optgen.functions, name)
    assert type(function) is np.ufunc and function.__name__ == name and name in dir(optgen.functions)
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301
    assert optgen.function(name) is function
    x = np.linspace(0.1, 0.9, 50, dtype="float32")
    with np.errstate(all="raise"):
        assert np.isfinite(function(x)).all()
        function(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-45, 3e38, -3e38], "float32"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_backends_compute(name):
    """Within what the expression loses in double."""
    x = np.linspace(0.1, 0.9, 50, dtype="float32")
    wanted = optgen.array_code(name, "numpy", "float64")(x.astype("float64"))
    error = np.abs(getattr(optgen.functions, name)(x) - wanted) / np.spacing(np.abs(wanted).astype("float32"))
    assert error.max() <= 1.001
