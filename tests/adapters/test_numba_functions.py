"""A function inside Numba's code is the same program, and the loop round it becomes a vector loop."""

from __future__ import annotations

import re

import numpy as np
import pytest

from optgen.adapters.numba_functions import register
from optgen.functions.ufunc import make_ufunc
from tests.functions.kernels import definition

numba = pytest.importorskip("numba")
register()
reciprocal = make_ufunc(definition("1/x", 1), "", {})
square = make_ufunc(definition("square", 2), "", {})
X = np.random.default_rng(0).uniform(1, 2, 1000).astype("float32")


@numba.njit
def over(x, out):
    for i in range(x.size):
        out[i] = reciprocal(x[i])


def test_a_loop_gives_the_bits_of_numpy():
    for dtype in ("float32", "float64"):
        out = np.empty(X.size, dtype)
        over(X.astype(dtype), out)
        assert np.array_equal(out, reciprocal(X.astype(dtype)))


def test_the_loop_is_vectorised():
    over(X, np.empty_like(X))
    code = next(text for signature, text in over.inspect_llvm().items() if "float32" in str(signature))
    assert re.search(r"fdiv <\d+ x float>", code)


def test_whole_arrays_and_other_types_follow_numpy():
    @numba.njit
    def whole(x):
        return reciprocal(x)

    grid = X.reshape(20, 50)
    assert np.array_equal(whole(grid), reciprocal(grid)) and whole(grid).dtype == np.float32
    assert whole(4) == 0.25 and whole(np.int8(4)) == 0.25
    assert np.array_equal(whole(np.arange(1, 5)), reciprocal(np.arange(1, 5)))


def test_two_arguments():
    @numba.njit
    def pairs(x, y):
        return square(x, y)

    assert pairs(np.float32(3), np.float32(2)) == 7
    assert np.array_equal(pairs(X, X[::-1]), square(X, X[::-1]))


def test_a_type_without_a_loop_is_refused():
    @numba.njit
    def f(x):
        return reciprocal(x)

    with pytest.raises(numba.TypingError):
        f(1j)


def test_ufuncs_of_numpy_are_still_known():
    assert numba.njit(lambda x: np.exp(x) + 1)(0.0) == 2
