"""Quotients by one number in a whole loop are what a division gives, whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.backends.llvm import compile_function
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline

BITS = {"float64": np.uint64, "float32": np.uint32}


def quotients(dtype: str):
    """x[i]/d as machine code: its loop has one divisor."""
    n = ir.dim("n")
    x, d, i = ir.Input("x", "real", (n,)), ir.Input("d", "real", ()), ir.Index(n)
    made = ir.array((i,), apply("div", ir.access(x, i), ir.access(d)), "z")
    code = compile_function(pipeline.run(Function("f", ("n",), (x, d), (("z", made),))), dtype)
    return lambda numbers, divisor: code({"n": len(numbers)}, [numbers, np.array(divisor, dtype)])[0]


def any_numbers(dtype: str, count: int, seed: int) -> np.ndarray:
    """Numbers of all magnitudes, infinities and what is no number among them."""
    bits = np.random.default_rng(seed).integers(0, 2 ** (8 * np.dtype(dtype).itemsize), count, BITS[dtype])
    return bits.view(dtype)


def special(dtype: str) -> np.ndarray:
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, 2 * info.tiny, 1, 3, info.max / 4, info.max, np.inf, np.nan]
    return np.array([sign * size for size in sizes for sign in (1, -1)], dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_special_numbers_are_divided_as_ieee_says_but_for_a_unit_below_the_normal_range(dtype):
    divide, numbers = quotients(dtype), special(dtype)
    for divisor in numbers:
        with np.errstate(all="ignore"):
            expected = numbers / divisor
        found = divide(numbers, divisor)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected), err_msg=f"divided by {divisor}")
        finite = np.isfinite(expected)
        unit = np.where(np.abs(expected[finite]) < np.finfo(dtype).tiny, np.finfo(dtype).smallest_subnormal, 0)
        assert (np.abs(found[finite] - expected[finite]) <= unit).all(), f"divided by {divisor}"
        some = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[some]), np.signbit(expected[some]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_quotients_of_usual_size_have_the_bits_of_a_division(dtype):
    """Of 800,000 quotients none differs: the last bit is another one only where the rest can't be told exactly."""
    divide, rng = quotients(dtype), np.random.default_rng(0)
    numbers = rng.standard_normal(4_000).astype(dtype)
    for divisor in np.exp(rng.uniform(-30, 30, 200)).astype(dtype) * rng.choice([-1, 1], 200).astype(dtype):
        np.testing.assert_array_equal(divide(numbers, divisor), numbers / divisor)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_of_any_size_are_off_by_one_unit_at_most(dtype):
    divide, numbers = quotients(dtype), any_numbers(dtype, 4_000, 1)
    for divisor in any_numbers(dtype, 200, 2):
        with np.errstate(all="ignore"):
            expected = numbers / divisor
        found = divide(numbers, divisor)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        some = ~np.isnan(expected)
        apart = np.abs(found[some].view(BITS[dtype]).astype(object) - expected[some].view(BITS[dtype]).astype(object))
        assert max(apart, default=0) <= 1, f"divided by {divisor}"
