"""Products of a matrix and a vector are found in loops, and come out right for small and large matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optgen.backends.llvm.kernel import Kernel, compile_functions
from optgen.backends.llvm.products import products, take_out_products
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, For, Procedure, Statement, Store
from optgen.ir.operations import apply
from optgen.passes.assemble import function

pytest.importorskip("llvmlite")

N, M = ir.dim("n"), ir.dim("m")
ZERO = ir.constant(0, "real")
A, X, Y, TOTAL = (
    ir.Input("A", "real", (M, N)),
    ir.Input("x", "real", (N,)),
    ir.Input("y", "real", (M,)),
    ir.Input("t", "real"),
)


def product_of(matrix: Buffer, vector: Buffer, *more: Statement, inner: ir.Scalar = N) -> For:
    """y = A x row by row, with more statements in each row."""
    i, j = ir.Index(M, "i"), ir.Index(inner, "j")
    step = Accumulate("sum", TOTAL, (), apply("mul", ir.access(matrix, i, j), ir.access(vector, j)))
    return For(i, (Store(TOTAL, (), ZERO), For(j, (step,), vector=True), Store(Y, (i,), ir.access(TOTAL)), *more))


def made(*body: Statement, parameters: tuple[Buffer, ...] = (A, X)) -> Procedure:
    return take_out_products(Procedure("made", ("m", "n"), parameters, (Y,), (TOTAL,), body))


def found(procedure: Procedure) -> list[tuple[Buffer, ...]]:
    return [call.arguments for call in products(procedure.body)]


def run(m: int, n: int, real: str) -> tuple[Kernel, Any, Any]:
    rng = np.random.default_rng(0)
    matrix, vector = rng.normal(size=(m, n)).astype(real), rng.normal(size=n).astype(real)
    kernel = Kernel(made(product_of(A, X)), real)
    return kernel, kernel({"m": m, "n": n}, [matrix, vector])[0], matrix.astype("float64") @ vector.astype("float64")


def test_a_product_is_taken_out_of_its_loop() -> None:
    assert found(made(product_of(A, X))) == [(A, X)]


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 0), (0, 3), (37, 5), (64, 130)])
def test_small_products_are_right_and_use_no_threads(shape: tuple[int, int], real: str) -> None:
    kernel, result, expected = run(*shape, real)
    np.testing.assert_allclose(result, expected, rtol=1e-4 if real == "float32" else 1e-12, atol=1e-4)
    assert set(kernel.codes) == {False}


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1003, 777), (2, 700_001), (700_001, 1), (900_001, 3)])
def test_large_products_are_right_in_parts(shape: tuple[int, int], real: str) -> None:
    kernel, result, expected = run(*shape, real)
    np.testing.assert_allclose(result, expected, rtol=1e-4 if real == "float32" else 1e-10, atol=2e-3)
    assert set(kernel.codes) == {True}


def test_a_product_with_what_the_loop_writes_stays() -> None:
    i = ir.Index(N, "i")
    assert found(made(product_of(A, X, For(i, (Store(X, (i,), ZERO),))))) == []


def test_a_product_with_a_view_stays() -> None:
    whole = ir.Input("whole", "real", (apply("mul", M, N),))
    assert found(made(Alias(A, whole, ir.constant(0)), product_of(A, X), parameters=(whole, X))) == []


def test_a_product_with_part_of_each_row_stays() -> None:
    assert found(made(product_of(A, X, inner=apply("sub", N, ir.constant(1))))) == []


def test_a_sum_that_does_not_start_at_zero_stays() -> None:
    loop = product_of(A, X)
    start = Store(TOTAL, (), ir.constant(1, "real"))
    assert found(made(For(loop.index, (start, *loop.body[1:])))) == []


def test_a_product_that_is_only_copied_is_computed_where_it_is_wanted() -> None:
    procedure = made(product_of(A, X))
    assert [call.results for call in products(procedure.body)] == [(Y,)]
    assert procedure.temporaries == (TOTAL,)


def test_a_process_compiles_a_product_once() -> None:
    first, second = (Kernel(made(product_of(A, X)), "float64") for _ in range(2))
    texts: list[str] = []

    def keep(content: str, make: Callable[[], bytes]) -> bytes:
        texts.append(content)
        return make()

    for kernel in (first, second):
        kernel.keep = keep
        kernel({"m": 3, "n": 2}, [np.ones((3, 2)), np.ones(2)])
    assert sum("define void @optgen_made(" in text for text in texts) == 2
    assert sum("define void @optgen_matvec(" in text for text in texts) <= 1  # another test may have come first


def test_functions_of_one_program_are_one_module() -> None:
    i = ir.Index(N, "i")
    double = ir.array([i], apply("add", ir.access(X, i), ir.access(X, i)), "double")
    square = ir.array([i], apply("mul", ir.access(X, i), ir.access(X, i)), "square")
    texts: list[str] = []

    def keep(content: str, make: Callable[[], bytes]) -> bytes:
        texts.append(content)
        return make()

    functions = [function(name, [X], [("y", tensor)]) for name, tensor in (("double", double), ("square", square))]
    both = compile_functions(functions, "float64", keep)
    values = np.array([1.0, 2.0, 5.0])
    np.testing.assert_array_equal(both[1]({"n": 3}, [values])[0], values * values)
    np.testing.assert_array_equal(both[0]({"n": 3}, [values])[0], values + values)
    assert len(texts) == 1 and "@optgen_double(" in texts[0] and "@optgen_square(" in texts[0]
