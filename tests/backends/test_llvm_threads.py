"""Threads share large loops: which loops can be cut, and that no bit of a result depends on who ran which part."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from optgen.backends.llvm.kernel import Kernel, from_object, shared_threads, to_object
from optgen.backends.llvm.parts import nests
from optgen.backends.llvm.threads import PARTS, VARIABLE, Threads, wanted
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, For, If, Let, Procedure, Statement, Store, While
from optgen.ir.operations import apply
from tests.backends.loop_programs import add, mul, vector

pytest.importorskip("llvmlite")

N, M = ir.dim("n"), ir.dim("m")
ZERO, ONE = ir.constant(0, "real"), ir.constant(1, "real")
X, Y, A = vector("x"), vector("y"), ir.Input("A", "real", (M, N))
TOTAL, ENTRY, LAST = ir.Input("total", "real"), ir.Input("entry", "real"), ir.Input("last", "real")
LENGTH = 150_001


@pytest.fixture
def team() -> Iterator[Threads]:
    """The threads of the process, whose number a test may change."""
    threads = shared_threads()
    before = threads.number
    yield threads
    threads.limit(before)


def made(*body: Statement, results: tuple[Buffer, ...] = (Y, TOTAL), temporaries: tuple[Buffer, ...] = ()) -> Procedure:
    return Procedure("made", ("m", "n"), (X, A), results, temporaries, body)


def over(index: ir.Index, *body: Statement) -> For:
    return For(index, body)


def at(buffer: Buffer, *indices: ir.Scalar) -> ir.Scalar:
    return ir.access(buffer, *indices)


# ---------------------------------------------------------------- which loops can be cut

PLACE = ir.Index(N, "i")
ROW, COLUMN = ir.Index(M, "r"), ir.Index(N, "c")
BEFORE = apply("maximum", apply("sub", PLACE, ir.constant(1)), ir.constant(0))

CAN = {
    "entries of its own": (over(PLACE, Store(Y, (PLACE,), at(X, PLACE))),),
    "what another iteration reads, of an array not written": (over(PLACE, Store(Y, (PLACE,), at(X, BEFORE))),),
    "an update in place": (over(PLACE, Store(Y, (PLACE,), mul(at(Y, PLACE), at(X, PLACE)))),),
    "a sum": (over(PLACE, Accumulate("sum", TOTAL, (), at(X, PLACE))),),
    "a sum into an array": (over(ROW, over(COLUMN, Accumulate("sum", Y, (COLUMN,), at(A, ROW, COLUMN)))),),
    "a local": (over(PLACE, Let(LAST, at(X, PLACE)), Store(Y, (PLACE,), at(LAST))),),
    "a sum in each row": (
        over(ROW, Store(ENTRY, (), ZERO), over(COLUMN, Accumulate("sum", ENTRY, (), at(A, ROW, COLUMN))),
             Store(Y, (ROW,), at(ENTRY))),
    ),
    "a choice": (
        over(PLACE, If(apply("gt", at(X, PLACE), ZERO), (Store(Y, (PLACE,), ONE),), (Store(Y, (PLACE,), ZERO),))),
    ),
}  # fmt: skip

CANNOT = {
    "a recurrence": (over(PLACE, Store(Y, (PLACE,), at(Y, BEFORE))),),
    "a scatter": (over(PLACE, Store(Y, (ir.constant(0),), at(X, PLACE))),),
    "a sum into an array that is read": (
        over(ROW, over(COLUMN, Accumulate("sum", Y, (COLUMN,), mul(at(A, ROW, COLUMN), at(Y, ir.constant(0)))))),
    ),
    "a running sum": (over(PLACE, Accumulate("sum", TOTAL, (), at(X, PLACE)), Store(Y, (PLACE,), at(TOTAL))),),
    "two ways to accumulate": (
        over(PLACE, Accumulate("sum", TOTAL, (), at(X, PLACE)), Accumulate("max", TOTAL, (), at(X, PLACE))),
    ),
    "a number that is read before it is set": (
        over(PLACE, Store(Y, (PLACE,), at(LAST)), Store(LAST, (), at(X, PLACE))),
    ),
    "a number that is read afterwards": (over(PLACE, Store(LAST, (), at(X, PLACE))), Store(TOTAL, (), at(LAST))),
    "a number that is a result": (over(PLACE, Store(TOTAL, (), at(X, PLACE))),),
    "the best place": (
        over(PLACE, Accumulate("argmax", TOTAL, (), at(X, PLACE), None, PLACE, ir.Input("place", "int"))),
    ),
    "memory with two names": (
        Alias(ENTRY_VIEW := vector("view"), Y, ir.constant(0)),
        over(PLACE, Store(Y, (PLACE,), at(ENTRY_VIEW, PLACE))),
    ),
}


@pytest.mark.parametrize("body", CAN.values(), ids=CAN)
def test_a_loop_can_be_cut_with(body: tuple[Statement, ...]) -> None:
    assert len(nests(made(*body))) == 1


@pytest.mark.parametrize("body", CANNOT.values(), ids=CANNOT)
def test_a_loop_stays_whole_with(body: tuple[Statement, ...]) -> None:
    assert not nests(made(*body))


# ---------------------------------------------------------------- results


def everything(number: int = 3) -> Procedure:
    """Steps with an update in place, sums and maxima, a row-wise sum, a condition; then sums along columns."""
    i, row, column = ir.Index(N, "i"), ir.Index(M, "r"), ir.Index(N, "c")
    step, top, good = ir.Input("step", "int"), ir.Input("top", "real"), ir.Input("good", "bool")
    z, w = vector("z", M), vector("w")
    value = add(mul(at(Y, i), ir.constant(0.75, "real")), apply("sqrt", apply("abs", at(X, i))))
    update = For(
        i,
        (
            Let(LAST, value),
            Store(Y, (i,), at(LAST)),
            Accumulate("sum", TOTAL, (), at(LAST)),
            Accumulate("max", top, (), at(LAST), apply("gt", at(X, i), ZERO)),
            Accumulate("all", good, (), apply("is_finite", at(LAST))),
        ),
        vector=True,
    )
    rows = For(
        row,
        (
            Store(ENTRY, (), ZERO),
            For(column, (Accumulate("sum", ENTRY, (), mul(at(A, row, column), at(Y, column))),), vector=True),
            Store(z, (row,), add(at(ENTRY), at(TOTAL))),
        ),
    )
    start, other, third = ir.Index(N, "s"), ir.Index(M, "o"), ir.Index(N, "t")
    share = mul(at(A, other, third), at(z, other))
    columns = For(other, (For(third, (Accumulate("sum", w, (third,), share),), vector=True),))
    body = (
        For(start, (Store(Y, (start,), at(X, start)), Store(w, (start,), ZERO)), vector=True),
        Store(TOTAL, (), ZERO),
        Store(top, (), ir.constant(-ir.INF, "real")),
        Store(good, (), ir.constant(True)),
        While(step, ir.constant(number), (), None, (update, rows)),
        columns,
    )
    return made(*body, results=(Y, TOTAL, top, good, z, w), temporaries=(ENTRY, step))


def inputs(real: str = "float64") -> tuple[dict[str, int], list[Any]]:
    rng = np.random.default_rng(0)
    return {"n": LENGTH, "m": 7}, [rng.normal(size=LENGTH).astype(real), rng.normal(size=(7, LENGTH)).astype(real)]


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_every_number_of_threads_gives_the_same_bits(real: str, team: Threads) -> None:
    kernel = Kernel(everything(), real)
    runs = []
    for number in (1, 2, 3):
        team.limit(number)
        runs.append([result.tobytes() for result in kernel(*inputs(real))])
    assert runs[0] == runs[1] == runs[2]
    assert set(kernel.codes) == {True}


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_parts_give_what_the_whole_gives_but_for_the_order_of_sums(real: str) -> None:
    dims, (x, a) = inputs(real)
    y, z = x.astype("float64"), np.zeros(7)
    total, top = 0.0, -np.inf
    for _ in range(3):
        y = 0.75 * y + np.sqrt(np.abs(x.astype("float64")))
        total, top = total + y.sum(), max(top, y[x > 0].max())
        z = a.astype("float64") @ y + total
    found = Kernel(everything(), real)(dims, [x, a])
    for value, expected in zip(found, (y, total, top, True, z, a.astype("float64").T @ z), strict=True):
        accuracy = 1e-4 if real == "float32" else 1e-11
        np.testing.assert_allclose(value, expected, rtol=accuracy, atol=accuracy * np.abs(expected).max())


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "whole"), [("sum", np.sum), ("max", np.max)])
def test_arrays_that_parts_accumulate_have_the_same_bits_for_every_number_of_threads(
    kind: str, whole: Any, real: str, team: Threads
) -> None:
    start = ir.Index(N, "s")
    first = ONE if kind == "sum" else ir.constant(-ir.INF, "real")
    body = over(ROW, over(COLUMN, Accumulate(kind, Y, (COLUMN,), at(A, ROW, COLUMN))))
    kernel = Kernel(made(over(start, Store(Y, (start,), first)), body, results=(Y,)), real)
    matrix = np.random.default_rng(0).normal(size=(3001, 333)).astype(real)
    runs = []
    for number in (1, 2, 3):
        team.limit(number)
        (found,) = kernel({"m": 3001, "n": 333}, [np.zeros(333), matrix])
        runs.append(found.tobytes())
    assert runs[0] == runs[1] == runs[2]
    expected = whole(matrix.astype("float64"), axis=0) + (kind == "sum")
    np.testing.assert_allclose(found, expected, rtol=1e-3 if real == "float32" else 1e-11, atol=1e-3)
    assert max(kernel._shareable({"m": 3001, "n": 333})) > 0


def test_small_problems_run_code_without_threads() -> None:
    kernel = Kernel(everything(), "float64")
    kernel({"n": 100, "m": 7}, [np.ones(100), np.ones((7, 100))])
    assert set(kernel.codes) == {False}


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_a_large_cost_with_few_iterations_covers_each_once(count: int) -> None:
    procedure = made(over(ROW, Store(ENTRY, (), ZERO), over(COLUMN, Accumulate("sum", ENTRY, (), at(A, ROW, COLUMN))),
                          Store(Y, (ROW,), at(ENTRY))), results=(z := vector("z", M),))  # fmt: skip
    body = (For(ROW, (*procedure.body[0].body[:2], Store(z, (ROW,), at(ENTRY)))),)  # type: ignore[union-attr]
    columns = 700_000 // count + 1
    matrix = np.arange(count, dtype=float)[:, None] * np.ones(columns)
    kernel = Kernel(Procedure("made", ("m", "n"), (A,), (z,), (ENTRY,), body), "float64")
    np.testing.assert_array_equal(kernel({"m": count, "n": columns}, [matrix])[0], np.arange(count) * float(columns))
    assert set(kernel.codes) == {True}


def test_several_solves_at_once_give_the_bits_of_one(team: Threads) -> None:
    team.limit(3)
    kernel = Kernel(everything(), "float64")
    alone = [result.tobytes() for result in kernel(*inputs())]
    with ThreadPoolExecutor(4) as pool:
        for run in pool.map(lambda _: kernel(*inputs()), range(12)):
            assert [result.tobytes() for result in run] == alone


def test_a_flag_ends_a_large_solve_before_its_next_step() -> None:
    kernel = Kernel(everything(10**9), "float64")
    kernel.interrupt.value = 1
    dims, arrays = inputs()
    np.testing.assert_array_equal(kernel(dims, arrays)[0], arrays[0])


# ---------------------------------------------------------------- the threads themselves

COUNT = """
define void @count(ptr %context, i64 %k) {
  %place = getelementptr i64, ptr %context, i64 %k
  %old = load i64, ptr %place
  %new = add i64 %old, 1
  store i64 %new, ptr %place
  ret void
}
"""


def test_each_part_of_each_job_is_run_once(team: Threads) -> None:
    team.limit(4)
    engine = from_object(to_object(COUNT))
    kinds = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    share = ctypes.CFUNCTYPE(None, *kinds)(team.engine.get_function_address("optgen_share"))
    enter, leave = (
        ctypes.CFUNCTYPE(None)(team.engine.get_function_address(f"optgen_{name}")) for name in ("enter", "leave")
    )
    count, jobs = engine.get_function_address("count"), 3000
    seen = np.zeros(PARTS, np.int64)
    enter()
    for job in range(jobs):
        share(count, seen.ctypes.data, 1 + job % PARTS)
    leave()
    np.testing.assert_array_equal(seen, [sum(job % PARTS >= k for job in range(jobs)) for k in range(PARTS)])


def test_the_number_of_threads_is_what_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    assert wanted() == 3
    for nonsense in ("", "0", "many", "-1"):
        monkeypatch.setenv(VARIABLE, nonsense)
        assert wanted() >= 1


FORK = """
import os, numpy as np, optgen
solver = optgen.compile(optgen.specs.gradient_descent, problem="least_squares")
A, y = np.random.default_rng(0).normal(size=(1500, 700)), np.ones(1500)
here = solver(A=A, y=y, lr=1e-4, steps=5).x
child = os.fork()
if not child:
    os._exit(0 if np.array_equal(solver(A=A, y=y, lr=1e-4, steps=5).x, here) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert np.array_equal(solver(A=A, y=y, lr=1e-4, steps=5).x, here)
"""


@pytest.mark.parametrize("number", ["1", "3"])
def test_a_forked_child_solves_alike_and_both_processes_end(number: str) -> None:
    import os

    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60, env={**os.environ, VARIABLE: number})
