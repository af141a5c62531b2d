"""Sums of rows are found in loops, and come out right for small and large matrices."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.backends.llvm.kernel import Kernel
from optgen.backends.llvm.rows import VECMAT, take_out_row_sums
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, For, Invoke, Let, Procedure, Statement, Store
from optgen.ir.operations import apply

pytest.importorskip("llvmlite")

N, M = ir.dim("n"), ir.dim("m")
A, C, G, H = (
    ir.Input("A", "real", (M, N)),
    ir.Input("c", "real", (M,)),
    ir.Input("g", "real", (N,)),
    ir.Input("h", "real", (M,)),
)
ROW = ir.Index(M, "i")
OWN = apply("mul", ir.access(C, ROW), ir.access(C, ROW))


def sums(factor: ir.Scalar, *more: Statement, columns: ir.Scalar = N, matrix: Buffer = A) -> For:
    """g += A[i] * factor in each row, and more statements."""
    j = ir.Index(columns, "j")
    step = Accumulate("sum", G, (j,), apply("mul", ir.access(matrix, ROW, j), factor))
    return For(ROW, (For(j, (step,), vector=True), *more))


def made(*body: Statement, parameters: tuple[Buffer, ...] = (A, C)) -> Procedure:
    j = ir.Index(N, "j")
    start = For(j, (Store(G, (j,), ir.constant(1, "real")),), vector=True)
    return take_out_row_sums(Procedure("made", ("m", "n"), parameters, (G, H), (), (start, *body)))


def calls(procedure: Procedure) -> list[Invoke]:
    return [statement for statement in procedure.body if isinstance(statement, Invoke)]


def test_a_sum_leaves_its_loop_and_its_factors_are_kept() -> None:
    procedure = made(sums(OWN, Store(H, (ROW,), ir.access(C, ROW))))
    (call,) = calls(procedure)
    assert call.function == VECMAT and call.results == (G,) and call.arguments[1] in procedure.temporaries
    assert [type(statement) for statement in procedure.body] == [For, For, Invoke]


def test_factors_that_are_an_array_are_read_from_it_and_an_empty_loop_goes() -> None:
    local = ir.Input("local", "real")
    loop = sums(ir.access(local))
    for body in (sums(ir.access(C, ROW)), For(ROW, (Let(local, ir.access(C, ROW)), *loop.body))):
        procedure = made(body)
        assert [type(statement) for statement in procedure.body] == [For, Invoke]
        assert calls(procedure)[0].arguments == (A, C)


@pytest.mark.parametrize(
    "loop",
    [
        sums(OWN, Store(H, (ROW,), ir.access(G, ir.constant(0)))),
        sums(OWN, Store(G, (ir.constant(0),), ir.constant(0, "real"))),
        sums(OWN, Store(A, (ROW, ir.constant(0)), ir.constant(0, "real"))),
        sums(OWN, columns=apply("sub", N, ir.constant(1))),
    ],
    ids=["the sum is read", "the sum is written", "the matrix is written", "part of each row"],
)
def test_a_sum_stays_where(loop: For) -> None:
    assert made(loop).body[1:] == (loop,)


def test_a_sum_of_a_view_stays() -> None:
    whole = ir.Input("whole", "real", (apply("mul", M, N),))
    assert not calls(made(Alias(A, whole, ir.constant(0)), sums(OWN), parameters=(whole, C)))


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize(
    "shape", [(0, 3), (3, 0), (1, 1), (7, 30), (8, 8), (569, 30), (3001, 333), (5, 200_001), (200_001, 5)]
)
def test_sums_are_right(shape: tuple[int, int], real: str) -> None:
    m, n = shape
    rng = np.random.default_rng(0)
    matrix, factors = rng.normal(size=shape).astype(real), rng.normal(size=m).astype(real)
    kernel = Kernel(made(sums(OWN, Store(H, (ROW,), ir.access(C, ROW)))), real)
    found, copied = kernel({"m": m, "n": n}, [matrix, factors])
    expected = (factors.astype("float64") ** 2) @ matrix.astype("float64") + 1
    accuracy = 1e-4 if real == "float32" else 1e-12
    np.testing.assert_allclose(found, expected, rtol=accuracy, atol=accuracy * m)
    np.testing.assert_array_equal(copied, factors)
    assert set(kernel.codes) == {m > 1000}
