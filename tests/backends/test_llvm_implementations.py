"""Operations of compiled solvers by straight-line programs that are given, in loops of any kind."""

from __future__ import annotations

import re

import numpy as np
import pytest

import optgen
from optgen.backends.llvm import compile_function
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.ir.straight_builder import Builder
from optgen.passes import pipeline


def marked(operation: str, real: str):
    """Programs that no one would take for the real thing: exp(x) = 3x + 1, arctan2(y, x) = y - x; no others."""
    type = {"double": "f64", "float": "f32"}[real]
    builder = Builder(operation)
    x = builder.parameter("x", type)
    if operation == "exp":
        return builder.finish(builder.fma(x, 3.0, 1.0))
    if operation == "arctan2":
        return builder.finish(x - builder.parameter("y", type))
    return None


def over_vectors(body) -> Function:
    n = ir.dim("n")
    x, y, i = ir.Input("x", "real", (n,)), ir.Input("y", "real", (n,)), ir.Index(n)
    result = ir.array((i,), body(ir.access(x, i), ir.access(y, i)), "z")
    return pipeline.run(Function("f", ("n",), (x, y), (("z", result),)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_given_program_is_what_runs(dtype):
    x, y = np.linspace(-1, 1, 37, dtype=dtype), np.linspace(3, 4, 37, dtype=dtype)
    function = over_vectors(lambda x, y: apply("add", apply("exp", x), apply("arctan2", y, x)))
    (made,) = compile_function(function, dtype, None, marked)({"n": 37}, [x, y])
    np.testing.assert_allclose(made, 3 * x + 1 + (y - x), rtol=1e-6)
    (plain,) = compile_function(function, dtype)({"n": 37}, [x, y])
    np.testing.assert_allclose(plain, np.exp(x) + np.arctan2(y, x), rtol=1e-6)


def test_operations_without_a_program_are_the_backends_own():
    function = over_vectors(lambda x, y: apply("mul", apply("log", y), apply("exp", x)))
    x, y = np.linspace(-1, 1, 5), np.linspace(3, 4, 5)
    (made,) = compile_function(function, "float64", None, marked)({"n": 5}, [x, y])
    np.testing.assert_allclose(made, np.log(y) * (3 * x + 1), rtol=1e-14)


def test_the_public_compiler_still_agrees_with_the_reference():
    data = {"A": np.eye(3), "y": np.array([1.0, -1.0, 1.0]), "steps": 3}
    found = [optgen.compile(optgen.specs.adam, problem="logistic", backend=b)(**data).x for b in ("llvm", "reference")]
    np.testing.assert_allclose(*found, rtol=1e-13)


def test_loops_over_given_programs_are_vector_loops_with_a_way_for_plain_blocks():
    from optgen.backends.llvm.emit import emit
    from optgen.backends.llvm.kernel import procedure_of

    def plain(operation: str, real: str):
        builder = Builder(operation)
        x = builder.parameter("x", {"double": "f64", "float": "f32"}[real])
        if operation != "tan":
            return None
        return builder.finish(builder.select(x < 1.0, x, 2.0 * x - 1.0), plain=(x < 1.0, x))

    procedure = procedure_of(over_vectors(lambda x, y: apply("tan", x)))
    text = emit(procedure, "float32", False, plain)
    assert re.search(r"call <\d+ x float> @tan\.float\.program\.\d+\(", text)
    assert "call float @tanf(float" in emit(procedure, "float32")
    for top in (0.5, 3.0):  # all blocks plain, and some not
        x = np.linspace(-1, top, 100, dtype="float32")
        function = over_vectors(lambda x, y: apply("tan", x))
        (made,) = compile_function(function, "float32", None, plain)({"n": 100}, [x, x])
        np.testing.assert_array_equal(made, np.where(x < 1, x, 2 * x - 1))
