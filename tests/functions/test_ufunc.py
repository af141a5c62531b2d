"""A ufunc made from machine code is NumPy's in every respect."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from optgen.functions.ufunc import make_ufunc
from tests.functions.kernels import definition

reciprocal = make_ufunc(definition("1/x", 1), "one over x", {"error": 0.5})
both = make_ufunc(definition("(x, y) -> x*x - y", 2), "a square less a number", {})
RANDOM = np.random.default_rng(0)


def test_it_is_a_ufunc_with_documentation_and_attributes():
    assert type(reciprocal) is np.ufunc and (reciprocal.nin, both.nin) == (1, 2)
    assert reciprocal.__doc__ == "one over x" and reciprocal.error == 0.5
    assert repr(reciprocal) == "<ufunc '1/x'>" and reciprocal.__module__ == "optgen.functions"
    assert reciprocal.types == ["f->f", "d->d"] and both.types == ["ff->f", "dd->d"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (17,), (5, 7), (3, 0, 2), (1000,)])
def test_it_computes_arrays_of_any_shape(dtype, shape):
    x = RANDOM.uniform(1, 2, shape).astype(dtype)
    y = reciprocal(x)
    assert y.dtype == dtype and y.shape == shape
    assert np.array_equal(y, 1 / x)


@pytest.mark.parametrize(
    ("given", "result"),
    [("float16", "float32"), ("int16", "float32"), ("int64", "float64"), ("float64", "float64"), ("bool", "float32")],
)
def test_other_dtypes_go_by_the_first_loop_that_holds_them(given, result):
    assert reciprocal(np.ones(3, given)).dtype == result


def test_what_no_loop_holds_is_refused():
    with pytest.raises(TypeError, match="not supported for the input types"):
        reciprocal(np.ones(3, "complex128"))


def test_strides_transposes_and_foreign_byte_order():
    x = RANDOM.uniform(1, 2, (6, 8)).astype("float32")
    for view in (x[::2, ::3], x.T, x[::-1, ::-1], x[:, 3], x.astype(">f4"), np.broadcast_to(x[0], (4, 8))):
        assert np.array_equal(reciprocal(view), (1 / view).astype("float32"))


def test_results_go_where_they_are_wanted_also_over_the_argument():
    x = RANDOM.uniform(1, 2, 1000).astype("float32")
    wanted = 1 / x
    out = np.full(1000, np.nan, "float32")
    assert reciprocal(x, out=out) is out and np.array_equal(out, wanted)
    reciprocal(x, out=x)
    assert np.array_equal(x, wanted)
    line = np.concatenate([x, x])
    wanted = 1 / line[:-1]
    reciprocal(line[:-1], out=line[1:])  # each result lies on the next argument
    assert np.array_equal(line[1:], wanted)


def test_a_mask_leaves_the_rest_alone():
    x, out = np.arange(10, dtype="float32"), np.full(10, 7, "float32")
    with np.errstate(all="raise"):
        reciprocal(x, out=out, where=x > 0)
    assert out[0] == 7 and np.array_equal(out[1:], 1 / x[1:])


def test_two_arguments_broadcast_reduce_and_accumulate():
    x, y = RANDOM.uniform(1, 2, (4, 1)).astype("float32"), RANDOM.uniform(1, 2, 50).astype("float32")
    assert np.array_equal(both(x, y), x * x - y)
    assert np.array_equal(both.outer(x[:, 0], y), x * x - y)
    line = RANDOM.uniform(0, 1, 40).astype("float32")
    total, running = line[0], [line[0]]
    for value in line[1:]:
        total = total * total - value
        running.append(total)
    assert both.reduce(line) == total
    assert np.array_equal(both.accumulate(line), np.array(running, "float32"))


def test_it_leaves_the_flags_and_the_rounding_of_its_caller_alone():
    with np.errstate(all="raise"):
        assert np.isinf(reciprocal(np.zeros(3, "float32"))).all()


def test_it_pickles_by_name(monkeypatch):
    import copy
    import pickle

    home = types.ModuleType("optgen.functions")
    monkeypatch.setitem(sys.modules, "optgen.functions", home)
    setattr(home, "1/x", reciprocal)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(reciprocal, protocol)) is reciprocal  # noqa: S301
    assert copy.deepcopy(reciprocal) is reciprocal


def test_code_lives_as_long_as_the_ufunc():
    import gc

    made = make_ufunc(definition("short lived", 1), "", {})
    gc.collect()
    assert made(np.float32(2)) == np.float32(0.5)
    bound = made.reduce if made.nin == 2 else made.__call__
    del made
    gc.collect()
    assert bound(np.float32(4)) == np.float32(0.25)
