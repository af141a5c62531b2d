"""Elementary functions of the llvm backend: within their bounds of the exact value, right at the edges, in vectors."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

from optgen.backends.llvm import coefficients, fit, math_functions

llvm = pytest.importorskip("llvmlite.binding")
mpmath = pytest.importorskip("mpmath")

DTYPES = {"double": np.float64, "float": np.float32}
BOTH = pytest.mark.parametrize("real", DTYPES)
EACH = pytest.mark.parametrize("name", math_functions.NAMES)
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1e-45, -1e-40, 5e-324]
LOOP = """
define void @run(ptr noalias %a, ptr noalias %b, i64 %n) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %j, %loop ]
  %p = getelementptr {real}, ptr %a, i64 %i
  %v = load {real}, ptr %p
  %w = call {real} @{name}.{real}({real} %v)
  %q = getelementptr {real}, ptr %b, i64 %i
  store {real} %w, ptr %q
  %j = add nuw nsw i64 %i, 1
  %c = icmp slt i64 %j, %n
  br i1 %c, label %loop, label %done
done:
  ret void
}}
"""


def text_of(name: str, real: str) -> str:
    made = [math_functions.definition(part, real) for part in math_functions.closure([name])]
    declares = sorted({line for part in made for line in part.declares})
    return "\n".join([*declares, *(part.text for part in made), LOOP.format(name=name, real=real)])


def optimised(name: str, real: str) -> tuple[Any, Any]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text_of(name, real))
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module, machine


def compiled(name: str, real: str) -> Callable[[Any], Any]:
    module, machine = optimised(name, real)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("run"))

    def call(x: Any) -> Any:
        y = np.empty_like(x)
        code(x.ctypes.data, y.ctypes.data, x.size)
        return y

    call.kept = engine  # type: ignore[attr-defined]
    return call


def samples(name: str, real: str, count: int = 400) -> Any:
    rng = np.random.default_rng(0)
    single = real == "float"
    if name == "log":
        parts = [10.0 ** rng.uniform(-44 if single else -320, 37, count), rng.uniform(0.5, 2, count)]
    elif name == "log1p":
        parts = [10.0 ** rng.uniform(-37, 37, count), rng.uniform(-1, 2, count), -(10.0 ** rng.uniform(-37, 0, count))]
    else:
        turn = math_functions.SMALL_ANGLE
        low, high = {
            "exp": (-103, 88) if single else (-745, 709),
            "expm1": (-20, 88) if single else (-45, 709),
            "tanh": (-25, 25),
            "erf": (-7, 7),
        }.get(name, (-turn, turn))
        small = np.sign(rng.normal(size=count)) * 10.0 ** rng.uniform(-37, 0, count)
        parts = [rng.uniform(low, high, count), rng.uniform(-3, 3, count), small]
        if name in ("sin", "cos"):
            parts.append(rng.integers(1, 600000, count) * np.pi / 2)
    return np.concatenate(parts).astype(DTYPES[real])


@EACH
@BOTH
def test_errors_are_within_the_stated_bound(name: str, real: str) -> None:
    x = samples(name, real)
    with mpmath.workdps(40):
        for argument, found in zip(x, compiled(name, real)(x), strict=True):
            exact = getattr(mpmath, name)(mpmath.mpf(float(argument)))
            unit = float(np.spacing(np.abs(DTYPES[real](float(exact)))))
            assert abs(mpmath.mpf(float(found)) - exact) <= math_functions.ULPS[name] * unit, (argument, found)


@EACH
@BOTH
def test_limits_zeros_and_nan_come_out_as_in_numpy(name: str, real: str) -> None:
    x = np.array(EDGES, DTYPES[real])
    with np.errstate(all="ignore"):
        expected = scipy.special.erf(x) if name == "erf" else getattr(np, name)(x)
    found = compiled(name, real)(x)
    np.testing.assert_array_max_ulp(found, expected, 2)
    np.testing.assert_array_equal(np.signbit(found)[expected == 0], np.signbit(expected)[expected == 0])


@EACH
def test_a_loop_over_a_function_becomes_a_vector_loop(name: str) -> None:
    module, _ = optimised(name, "double")
    assert re.search(r"<\d+ x double>", str(module))


def test_the_coefficients_are_those_of_the_fit() -> None:
    assert Path(coefficients.__file__).read_text() == fit.table()


@pytest.mark.parametrize("name", fit.FITS)
def test_a_polynomial_is_close_to_its_function(name: str) -> None:
    chosen = fit.FITS[name]
    with mpmath.workdps(40):
        for x in np.linspace(chosen.low, chosen.high, 21)[1:-1]:
            exact = chosen.value(mpmath.mp, mpmath.mpf(x)) if x else mpmath.mpf(1) / 2
            assert float(mpmath.polyval(list(coefficients.COEFFICIENTS[name, "double"]), x)) == pytest.approx(
                float(exact), rel=1e-13
            )
