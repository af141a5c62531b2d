"""What the composition of rooms refuses, in the author's terms."""

from __future__ import annotations

import pytest

import optgen
from optgen.diagnostics import SpecError


@pytest.mark.parametrize(("name", "open_arguments"), [("adam", "argument f of adam"), ("proximal_gradient", "f and h")])
def test_a_method_without_a_problem_is_told_which_functions_are_open(name, open_arguments):
    spec = getattr(optgen.specs, name)
    for call in (optgen.compile, optgen.source):
        with pytest.raises(SpecError, match=open_arguments) as caught:
            call(spec)
        assert caught.value.diagnostics[0].code == "E0410" and "problem=NAME" in caught.value.diagnostics[0].help


SPECIAL = """algorithm descent(f)
  state x : space(f)
  step
    x' = x - grad f(x)/4

problem p
  data a : R[n]
  var x : R[n]
  minimize sum(i: FUNCTION(x[i] - a[i]) + x[i]^2)
"""


@pytest.mark.parametrize(("backend", "function"), [("llvm", "j0"), ("numba", "j1"), ("jax", "j0")])
@pytest.mark.parametrize("made", [optgen.compile, optgen.source])
def test_a_function_for_which_a_backend_has_no_code_is_named(backend, function, made):
    pytest.importorskip(backend if backend != "llvm" else "llvmlite")
    with pytest.raises(SpecError, match=f"the {backend} backend has no code for .*{function}"):
        made(optgen.parse(SPECIAL.replace("FUNCTION", function)), problem="p", backend=backend)


@pytest.mark.parametrize("function", ["erfc", "erfcx", "erfinv", "i0e", "i1e"])
@pytest.mark.parametrize(
    ("backend", "dtype", "near"),
    [("jax", "float64", 1e-12), ("llvm", "float64", 1e-14), ("numba", "float64", 1e-14), ("llvm", "float32", 1e-6)],
)
def test_special_functions_and_their_derivatives_are_the_same_in_backends(function, backend, dtype, near):
    pytest.importorskip(backend if backend != "llvm" else "llvmlite")
    spec = optgen.parse(SPECIAL.replace("FUNCTION", function))
    a = [0.1, 0.25, -0.3, 0.5, -0.125]
    wanted = optgen.compile(spec, problem="p", backend="numpy")(a=a, steps=3).x
    found = optgen.compile(spec, problem="p", backend=backend, dtype=dtype)(a=a, steps=3).x
    assert found == pytest.approx(wanted, rel=near)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_of_the_c_library_give_the_same_to_rounding(dtype):
    spec = optgen.parse(SPECIAL.replace("FUNCTION", "softplus"))
    a = [0.1, 0.25, -0.3, 0.5, -0.125, 3.0, -4.0, 0.75, 1.5]
    ends = [optgen.compile(spec, problem="p", dtype=dtype, functions=f)(a=a, steps=5).x for f in ("own", "libm")]
    assert ends[0] == pytest.approx(ends[1], rel=1e-14 if dtype == "float64" else 1e-6)


def test_a_choice_of_functions_is_one_of_llvm():
    spec = optgen.parse(SPECIAL.replace("FUNCTION", "exp"))
    for choice, backend in (("fast", "llvm"), ("libm", "numpy")):
        with pytest.raises(SpecError, match=f"no choice of functions {choice}"):
            optgen.compile(spec, problem="p", backend=backend, functions=choice)
