"""Plain C of straight-line programs: compiled by the C compiler at hand, it has the bits of their meaning."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from optgen.backends.c import header, source
from optgen.ir.straight import evaluate
from optgen.ir.straight_builder import Builder
from optgen.ir.straight_operations import CONVERSIONS, NUMPY, STRAIGHT_OPERATIONS, WIDTH

COMPILER = shutil.which("cc")
FLOATS = [0.0, -0.0, 1.0, -1.5, 2.5, np.inf, -np.inf, np.nan, 1e-45, 3.4e38, -7.75e9, 0.1]
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def numbers(type, count=64):
    random = np.random.default_rng(WIDTH[type])
    made = random.integers(0, 2 ** WIDTH[type], count, f"uint{WIDTH[type]}").view(NUMPY[type])
    if type[0] == "f":
        made[: len(FLOATS)] = FLOATS
    return made


def in_c(program, arrays, folder):
    (folder / "f.h").write_text(header("f", program, "a test"))
    (folder / "f.c").write_text(source("f", program))
    library = folder / "f.so"
    flags = ["-std=c99", "-Wall", "-Werror", "-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([COMPILER, *flags, folder / "f.c", "-o", library, "-lm"], check=True)
    out = np.empty(len(arrays[0]), NUMPY[program.type])
    loop = ctypes.CDLL(str(library)).f_array
    loop(ctypes.c_size_t(len(out)), *(ctypes.c_void_p(array.ctypes.data) for array in (*arrays, out)))
    return out


def same(a, b):
    return bool(((a == b) | (a != a) & (b != b)).all() and (np.signbit(a) == np.signbit(b))[a == a].all())


@needs_compiler
@pytest.mark.parametrize("type", ["f32", "f64"])
def test_every_operation_on_floats_has_its_bits(type, tmp_path):
    """One program with all of them: each result goes through its bits into one checksum an argument."""
    whole = "i" + type[1:]
    builder = Builder("all")
    x, y = builder.parameter("x", type), builder.parameter("y", type)
    total = builder.apply("bits", x)
    for name, operation in STRAIGHT_OPERATIONS.items():
        for count in (1, 2, 3):
            if operation.rule((type,) * count) is None or name in ("f32", "f64", "i32", "i64"):
                continue
            made = builder.apply(name, *(x, y, x)[:count])
            value = {
                "b": lambda made: builder.apply(whole, made),
                "f": lambda made: builder.apply("bits", builder.select(made.equals(made), made, 0.0)),
                "i": lambda made: made,
            }[made.type[0]](made)
            total = (total * 31) ^ value
    program = builder.finish(total)
    arrays = [numbers(type), numbers(type)[::-1].copy()]
    assert np.array_equal(in_c(program, arrays, tmp_path), evaluate(program, arrays))


@needs_compiler
@pytest.mark.parametrize("type", ["i32", "i64"])
def test_every_operation_on_integers_wraps(type, tmp_path):
    builder = Builder("all")
    x, y = builder.parameter("x", type), builder.parameter("y", type)
    total = x
    for name, operation in STRAIGHT_OPERATIONS.items():
        for count in (1, 2):
            if operation.rule((type,) * count) == type and name not in ("i32", "i64"):
                total = (total * 31) ^ builder.apply(name, *(x, y)[:count])
    program = builder.finish(total)
    arrays = [numbers(type), numbers(type)[::-1].copy()]
    assert np.array_equal(in_c(program, arrays, tmp_path), evaluate(program, arrays))


@needs_compiler
@pytest.mark.parametrize(("given", "wanted"), sorted(pair for pair in CONVERSIONS if pair[0] != "bool"))
def test_conversions(given, wanted, tmp_path):
    builder = Builder("convert")
    program = builder.finish(builder.apply(wanted, builder.parameter("x", given)))
    arrays = [numbers(given)]
    assert same(in_c(program, arrays, tmp_path), evaluate(program, arrays))


@needs_compiler
def test_tables_are_read_from_one_and_clamped(tmp_path):
    builder = Builder("table")
    x = builder.parameter("x", "i32")
    program = builder.finish(builder.table("c", "f32", [0.1, np.inf, -2.5], x))
    arrays = [np.arange(-2, 7, dtype=np.int32)]
    assert same(in_c(program, arrays, tmp_path), evaluate(program, arrays))


def test_the_header_is_for_c_and_cpp():
    builder = Builder("f")
    text = header("twice", builder.finish(builder.parameter("x", "f32") * 2.0), "Twice a number.")
    assert " * Twice a number." in text and 'extern "C"' in text
    assert "float twice(float x);" in text and "void twice_array(size_t n, const float *x, float *result);" in text
