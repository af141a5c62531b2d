"""What the rows of `optgen bench functions` compare is the same function."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import optgen
from optgen.backends.llvm import kernel
from optgen.bench import restricted
from optgen.bench.function_peers import FUNCTIONS, GOALS
from optgen.bench.functions import _errors, _means, _writes
from optgen.bench.restricted import environment
from optgen.bench.timing import Row
from optgen.shipped import function_paths

SHIPPED = sorted(set(FUNCTIONS) & set(function_paths()))


def _arrays(name: str, count: int = 500) -> list[np.ndarray]:
    draw = np.random.default_rng(1)
    return [draw.uniform(low, high, count).astype(np.float32) for low, high in FUNCTIONS[name].domain]


def test_each_goal_is_of_a_function_that_ships():
    assert set(GOALS) <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_numpy_and_scipy_say_the_function_that_ships(name):
    special = pytest.importorskip("scipy.special")
    arrays = _arrays(name)
    out = np.empty_like(arrays[0])
    FUNCTIONS[name].numpy(np, special, out, *arrays)
    np.testing.assert_allclose(out, getattr(optgen.functions, name)(*arrays), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_number_by_hand_is_the_function_that_ships(name):
    if FUNCTIONS[name].numba is None:
        pytest.skip("there is no such function of a number")
    arrays = _arrays(name, 50)
    found = [FUNCTIONS[name].numba(*map(float, point)) for point in zip(*arrays, strict=True)]
    np.testing.assert_allclose(found, getattr(optgen.functions, name)(*arrays), rtol=1e-4, atol=1e-6)


def test_errors_are_counted_in_units_of_the_value():
    arrays = _arrays("exp")
    out = np.exp(arrays[0].astype(float)).astype(np.float32)
    off = np.nextafter(out, np.float32(np.inf))
    errors = _errors("exp", arrays, {"exact": _writes(lambda: None, out, 1), "next": _writes(lambda: None, off, 1)})
    assert errors["exact"] <= 0.5 < errors["next"] <= 1.5


def test_the_mean_of_the_library_counts_where_it_is_as_exact():
    library = "glibc's vector library"
    rows = [
        Row("good", {"optgen": 1.0, library: 4.0}, notes={"optgen": "0.9 ulp", library: "0.8 ulp"}),
        Row("poor", {"optgen": 1.0, library: 1.0}, notes={"optgen": "0.9 ulp", library: "3 ulp"}),
    ]
    every, as_good = _means(rows, "two")
    assert every.seconds[library] == pytest.approx(2.0) and as_good.seconds[library] == pytest.approx(4.0)


def test_the_variable_is_the_one_that_code_is_made_by():
    assert restricted.WITHOUT == kernel.WITHOUT


def test_a_process_without_long_vectors_computes_the_same_bits():
    program = (
        "import numpy as np, optgen, sys\n"
        "from optgen.backends.llvm.kernel import processor_features\n"
        "print(any(has for name, has in processor_features().items() if name.startswith('avx512')))\n"
        "x = np.linspace(-4, 4, 99, dtype=np.float32)\n"
        "for f in (optgen.functions.erf, optgen.functions.gelu): print(f(x).tobytes().hex())\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment()}, check=True, capture_output=True, text=True
    ).stdout.split()
    x = np.linspace(-4, 4, 99, dtype=np.float32)
    here = [f(x).tobytes().hex() for f in (optgen.functions.erf, optgen.functions.gelu)]
    assert found == ["False", *here]
