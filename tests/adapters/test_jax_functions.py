"""A function in JAX is the same machine code, under every transformation."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from optgen.adapters.jax_functions import jax as to_jax
from optgen.backends.llvm.xla import OFFSETS
from optgen.functions.ufunc import make_ufunc
from tests.functions.kernels import definition

jax = pytest.importorskip("jax")
jnp = jax.numpy


@cache
def twice(position: int):
    """Stands for a derivative: x*x - y, whatever it is the derivative of."""
    return make_ufunc(definition("slope", 2), "", {})


square = make_ufunc(definition("square", 2, twice), "a square less a number", {})
reciprocal = make_ufunc(definition("1/x", 1), "one over x", {})
X = np.random.default_rng(0).uniform(1, 2, (5, 7)).astype("float32")


def test_the_bits_are_those_of_numpy_with_and_without_jit():
    f = to_jax(reciprocal)
    assert f.__name__ == "1/x" and f.__doc__ == "one over x"
    for run in (f, jax.jit(f), jax.vmap(f), jax.jit(jax.vmap(jax.vmap(f)))):
        assert np.array_equal(run(jnp.asarray(X)), reciprocal(X))


def test_denormals_are_kept_though_xla_flushes_them():
    tiny = np.array([2.0**127, 1.5 * 2**127, -(2.0**127)], "float32")
    wanted = reciprocal(tiny)
    assert (np.abs(wanted) < 2.0**-126).all() and (wanted != 0).all()
    assert np.array_equal(jax.jit(to_jax(reciprocal))(tiny), wanted)


def test_numbers_integers_and_half_precision():
    f = to_jax(reciprocal)
    assert f(4.0) == 0.25 and f(4).dtype == jnp.result_type(float) and f(jnp.float32(4)).shape == ()
    assert f(jnp.ones(3, "bfloat16")).dtype == jnp.bfloat16 and f(jnp.ones(3, "float16")).dtype == jnp.float16
    assert f(jnp.ones((0, 3))).shape == (0, 3)


def test_two_arguments_broadcast():
    f = to_jax(square)
    y = np.linspace(0, 1, 7, dtype="float32")
    assert np.array_equal(f(X, y), square(X, y))
    assert np.array_equal(jax.vmap(f, (0, None))(X, y), square(X, y))


def test_gradients_are_the_compiled_derivative():
    f = to_jax(square)
    x, y = jnp.float32(1.5), jnp.float32(0.25)
    assert jax.grad(f)(x, y) == twice(0)(1.5, 0.25)
    value, change = jax.jvp(f, (x, y), (jnp.float32(2), jnp.float32(0)))
    assert (value, change) == (square(1.5, 0.25), 2 * twice(0)(1.5, 0.25))
    assert np.array_equal(jax.jit(jax.vmap(jax.grad(f)))(X[0], X[1]), twice(0)(X[0], X[1]))


def test_the_layout_of_the_call_frame_is_that_of_the_header(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    lines = [f'printf("%zu\\n", offsetof({place.replace(".", ", ")}));' for place in OFFSETS]
    source = tmp_path / "offsets.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <xla/ffi/api/c_api.h>\n"
        f"int main(void) {{\n{chr(10).join(lines)}\nreturn XLA_FFI_Extension_Metadata != 1; }}\n"
    )
    program = tmp_path / "offsets"
    subprocess.run([compiler, "-I", jax.ffi.include_dir(), source, "-o", program], check=True)
    told = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert [int(line) for line in told.split()] == list(OFFSETS.values())
    assert (Path(jax.ffi.include_dir()) / "xla").is_dir()
