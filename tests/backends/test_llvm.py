"""Machine code does what each statement of the loop form says, and what the reference evaluator says of functions."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from optgen.backends.llvm import compile_function
from optgen.backends.llvm.emit import emit
from optgen.backends.llvm.kernel import Kernel, from_object, procedure_of, to_object
from optgen.backends.llvm.scalars import RULES
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.formulas import CODED
from optgen.ir.imperative import (
    Accumulate,
    Alias,
    Buffer,
    Copy,
    For,
    If,
    Invoke,
    Let,
    Procedure,
    Statement,
    Store,
    Swap,
    While,
)
from optgen.ir.operations import OPERATIONS, apply
from optgen.passes import pipeline
from optgen.passes.assemble import function
from tests.backends.loop_programs import CASES, add, mul, random_case, vector

pytest.importorskip("llvmlite")

N, M = ir.dim("n"), ir.dim("m")
BOTH = pytest.mark.parametrize("real", ["float64", "float32"])
TRUE = ir.constant(True)


def real(value: float) -> ir.Scalar:
    return ir.constant(value, "real")


def made(parameters: list[Buffer], results: list[Buffer], temporaries: list[Buffer], *body: Statement) -> Procedure:
    dims = {axis.name for b in (*parameters, *results, *temporaries) for axis in b.axes if isinstance(axis, ir.Dim)}
    return Procedure("made", tuple(sorted(dims)), tuple(parameters), tuple(results), tuple(temporaries), body)


def run(procedure: Procedure, dims: dict[str, int], arrays: list[Any], real: str = "float64") -> list[Any]:
    return Kernel(procedure, real)(dims, arrays)


# ---------------------------------------------------------------- statements


@BOTH
def test_for_let_and_store_fill_an_array(real: str) -> None:
    x, y, local, i = vector("x"), vector("y"), ir.Input("local", "real"), ir.Index(N, "i")
    body = (Let(local, mul(ir.access(x, i), ir.access(x, i))), Store(y, (i,), add(ir.access(local), ir.access(x, i))))
    values = np.arange(37, dtype=real)
    for vectors in (False, True):
        (found,) = run(made([x], [y], [], For(i, body, vectors)), {"n": 37}, [values], real)
        np.testing.assert_array_equal(found, values * values + values)
        assert found.dtype == real


def test_an_empty_axis_runs_no_iteration() -> None:
    x, total, i = vector("x"), ir.Input("total", "real"), ir.Index(N, "i")
    body = (Store(total, (), real(5)), For(i, (Store(total, (), ir.access(x, i)),)))
    (found,) = run(made([x], [total], [], *body), {"n": 0}, [np.empty(0)])
    assert found == 5


def test_nested_loops_run_row_major_and_inner_extents_may_depend_on_outer_indices() -> None:
    a, i = ir.Input("A", "real", (N, N)), ir.Index(N, "i")
    j, k = ir.Index(N, "j"), ir.Index(i, "k")
    clear = For(j, (Store(a, (i, j), real(0)),))
    below = For(k, (Store(a, (i, k), apply("to_real", add(mul(ir.constant(10), i), k))),))
    (found,) = run(made([], [a], [], For(i, (clear, below))), {"n": 4}, [])
    rows, columns = np.indices((4, 4))
    np.testing.assert_array_equal(found, np.where(columns < rows, 10.0 * rows + columns, 0))


START = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}
TOTAL = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}


@pytest.mark.parametrize("kind", TOTAL)
@BOTH
def test_accumulate_reduces_numbers_where_its_condition_holds(kind: str, real: str) -> None:
    x, total, i = vector("x"), ir.Input("total", "real"), ir.Index(N, "i")
    start = Store(total, (), ir.constant(START[kind], "real"))
    positive = apply("gt", ir.access(x, i), ir.constant(0, "real"))
    values = np.random.default_rng(0).uniform(-1.5, 1.5, 100).astype(real)
    for condition, chosen in ((None, values), (positive, values[values > 0])):
        step = Accumulate(kind, total, (), ir.access(x, i), condition)
        (found,) = run(made([x], [total], [], start, For(i, (step,), vector=True)), {"n": 100}, [values], real)
        np.testing.assert_allclose(found, TOTAL[kind](chosen), rtol=1e-4 if real == "float32" else 1e-13)


@pytest.mark.parametrize("kind", TOTAL)
def test_accumulate_reduces_integers_exactly(kind: str) -> None:
    k, total, i = ir.Input("k", "int", (N,)), ir.Input("total", "int"), ir.Index(N, "i")
    first = {"sum": 0, "prod": 1, "max": -(2**63), "min": 2**63 - 1}[kind]
    body = (Store(total, (), ir.constant(first)), For(i, (Accumulate(kind, total, (), ir.access(k, i)),), vector=True))
    values = np.array([3, -5, 7, 2, -1])
    assert run(made([k], [total], [], *body), {"n": 5}, [values])[0] == TOTAL[kind](values)


@pytest.mark.parametrize("values", [[True, True], [True, False], [False, False]])
def test_accumulate_any_and_all(values: list[bool]) -> None:
    b, i = ir.Input("b", "bool", (N,)), ir.Index(N, "i")
    some, every = ir.Input("some", "bool"), ir.Input("every", "bool")
    steps = (Accumulate("any", some, (), ir.access(b, i)), Accumulate("all", every, (), ir.access(b, i)))
    start = (Store(some, (), ir.constant(False)), Store(every, (), TRUE))
    found = run(made([b], [some, every], [], *start, For(i, steps)), {"n": 2}, [np.array(values)])
    assert [bool(f) for f in found] == [any(values), all(values)]


def test_accumulate_argmax_keeps_the_first_best_and_never_a_nan() -> None:
    x, top, at, i = vector("x"), ir.Input("top", "real"), ir.Input("at", "int"), ir.Index(N, "i")
    start = (Store(top, (), real(-np.inf)), Store(at, (), ir.constant(0)))
    step = Accumulate("argmax", top, (), ir.access(x, i), None, i, at)
    procedure = made([x], [top, at], [], *start, For(i, (step,)))
    assert [f.item() for f in run(procedure, {"n": 5}, [np.array([1, np.nan, 9, 9, 2])])] == [9, 2]


def test_accumulate_scatters_into_an_array() -> None:
    labels, total, i, j = ir.Input("labels", "int", (M,)), vector("total"), ir.Index(M, "i"), ir.Index(N, "j")
    step = Accumulate("sum", total, (ir.access(labels, i),), real(1))
    body = (For(j, (Store(total, (j,), real(0)),)), For(i, (step,)))
    (found,) = run(made([labels], [total], [], *body), {"n": 3, "m": 5}, [np.array([0, 2, 2, 2, 0])])
    np.testing.assert_array_equal(found, [2, 0, 3])


def test_if_runs_one_branch() -> None:
    x, y, i = vector("x"), vector("y"), ir.Index(N, "i")
    test = apply("lt", ir.access(x, i), real(0))
    branch = If(test, (Store(y, (i,), real(-1)),), (Store(y, (i,), real(1)),))
    (found,) = run(made([x], [y], [], For(i, (branch,))), {"n": 3}, [np.array([-2.0, np.nan, 3.0])])
    np.testing.assert_array_equal(found, [-1, 1, 1])


@pytest.mark.parametrize("limit", [None, 3, 100])
def test_while_stops_at_its_limit_or_where_its_condition_fails(limit: int | None) -> None:
    x, k = ir.Input("x", "real"), ir.Input("k", "int")
    going = apply("lt", ir.access(x), real(100))
    tail = (Store(x, (), mul(ir.access(x), real(2))),)
    loop = While(k, None if limit is None else ir.constant(limit), (), going, tail)
    found = run(made([], [x, k], [], Store(x, (), real(1)), loop), {}, [])
    assert [f.item() for f in found] == ([8, 3] if limit == 3 else [128, 7])


def test_the_head_of_a_while_is_computed_before_its_condition() -> None:
    x, k, square = ir.Input("x", "real"), ir.Input("k", "int"), ir.Input("square", "real")
    head = (Store(square, (), mul(ir.access(x), ir.access(x))),)
    loop = While(k, None, head, apply("lt", ir.access(square), real(10)), (Store(x, (), add(ir.access(x), real(1))),))
    found = run(made([], [x, k, square], [], Store(x, (), real(0)), loop), {}, [])
    assert [f.item() for f in found] == [4, 4, 16]


@pytest.mark.parametrize("dtype", ["real", "int", "bool", "u64"])
def test_copy_moves_all_entries(dtype: Any) -> None:
    source, target = ir.Input("source", dtype, (N, M)), ir.Input("target", dtype, (N, M))
    values = np.arange(6).reshape(2, 3) % 2 if dtype == "bool" else np.arange(6).reshape(2, 3)
    (found,) = run(made([source], [target], [], Copy(target, source)), {"n": 2, "m": 3}, [values])
    np.testing.assert_array_equal(found, values)


@BOTH
def test_swap_exchanges_two_buffers_in_a_loop(real: str) -> None:
    left, right, out, k, i = vector("left"), vector("right"), vector("out"), ir.Input("k", "int"), ir.Index(N, "i")
    j = ir.Index(N, "j")
    step = (For(i, (Store(right, (i,), add(ir.access(left, i), ir.constant(1, "real"))),)), Swap(left, right))
    loop = While(k, ir.constant(5), (), None, step)
    body = (For(j, (Store(left, (j,), ir.constant(0, "real")),)), loop, Copy(out, left))
    (found,) = run(made([], [out], [left, right, k], *body), {"n": 4}, [], real)
    np.testing.assert_array_equal(found, np.full(4, 5, real))


def test_alias_is_a_view_of_another_shape() -> None:
    flat, matrix, out = vector("flat", ir.constant(10)), ir.Input("W", "real", (N, M)), ir.Input("out", "real", (N, M))
    i, j = ir.Index(N, "i"), ir.Index(M, "j")
    body = (Alias(matrix, flat, ir.constant(3)), For(i, (For(j, (Store(out, (i, j), ir.access(matrix, i, j)),)),)))
    (found,) = run(made([flat], [out], [], *body), {"n": 2, "m": 3}, [np.arange(10.0)])
    np.testing.assert_array_equal(found, np.arange(3.0, 9.0).reshape(2, 3))


def test_writing_through_an_alias_writes_its_base() -> None:
    flat, part, i = vector("flat", ir.constant(5)), vector("part", ir.constant(2)), ir.Index(ir.constant(2), "i")
    j = ir.Index(ir.constant(5), "j")
    clear, fill = For(j, (Store(flat, (j,), real(0)),)), For(i, (Store(part, (i,), real(7)),))
    body = (clear, Alias(part, flat, ir.constant(1)), fill)
    (found,) = run(made([], [flat], [], *body), {}, [])
    np.testing.assert_array_equal(found, [0, 7, 7, 0, 0])


def test_an_alias_may_be_one_number_of_an_array() -> None:
    x, entry, out = vector("x"), ir.Input("entry", "real"), ir.Input("out", "real")
    body = (Alias(entry, x, ir.constant(2)), Store(out, (), mul(ir.access(entry), real(10))))
    (found,) = run(made([x], [out], [], *body), {"n": 4}, [np.arange(4.0)])
    assert found == 20


@BOTH
def test_invoke_sorts_each_member_of_a_batch_with_nan_last(real: str) -> None:
    x, places = ir.Input("x", "real", (M, N)), ir.Input("places", "int", (M, N))
    ordered = ir.Input("ordered", "real", (M, N))
    attributes = (("batch", 1),)
    body = (Invoke("sort", (x,), (ordered,), attributes), Invoke("argsort", (x,), (places,), attributes))
    values = np.array([[3, np.nan, 1, 3, -2], [0, 0, 0, -1, -1]], real)
    found = run(made([x], [ordered, places], [], *body), {"m": 2, "n": 5}, [values], real)
    np.testing.assert_array_equal(found[0], np.sort(values, axis=-1))
    np.testing.assert_array_equal(found[1], np.argsort(values, axis=-1, kind="stable"))


# ---------------------------------------------------------------- scalars

X = np.array([0.3, 0.9, -0.7, 0.5, 2.25, -0.0])
K = np.array([3, -2, 0, 5, 1, -7])
INSIDE = {
    "sqrt": np.abs(X),
    "log": np.abs(X),
    "log1p": np.abs(X),
    "power": np.abs(X),
    "arccos": X / 3,
    "erfinv": X / 3,
    "lgamma": np.abs(X) + 0.1,
    "digamma": X + 0.05,
    "round": X * 4 + 0.5,
    "floordiv": K,
    "mod": X,
}


def test_every_operation_has_a_rule() -> None:
    assert set(RULES) == set(CODED)


@pytest.mark.parametrize("name", CODED)
@BOTH
def test_every_operation_means_the_same(name: str, real: str) -> None:
    declaration, i = CODED[name], ir.Index(N, "i")
    inputs = {kind: ir.Input(kind, kind, (N,)) for kind in ("real", "int", "bool", "u64")}  # type: ignore[arg-type]
    inside, other = ir.Input("inside", "real", (N,)), ir.Input("other", "int", (N,))
    kinds = ["real" if kind == "number" else kind for kind in declaration.takes]
    chosen = [inside if kind == "real" and k == 0 else inputs[kind] for k, kind in enumerate(kinds)]
    if kinds == ["int", "int"] or name == "index_bits":
        chosen[1] = other
    body = apply(name, *(ir.access(tensor, i) for tensor in chosen))
    one = function("one", [inside, other, *inputs.values()], [("made", ir.array([i], body, "made"))])
    words = np.array([1, 2**63 + 5, 7, 2**40, 2**64 - 1, 0], dtype=np.uint64)
    integers = np.abs(K) if name == "int_to_bits" else K
    values = [INSIDE.get(name, X), np.array([1, 2, 3, 4, 7, 2]), X, integers, X > 0, words]
    with np.errstate(all="ignore"):
        expected = evaluate(one, {"n": 6}, values, real)[0]
    found = compile_function(one, real)({"n": 6}, values)[0]
    assert found.dtype == expected.dtype
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-13 if real == "float64" else 2e-6, atol=1e-7)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", [name for name, d in OPERATIONS.items() if d.takes[0] == "number" and name != "neg"])
def test_operations_on_numbers_are_exact_on_integers(name: str) -> None:
    i, left, right = ir.Index(N, "i"), ir.Input("left", "int", (N,)), ir.Input("right", "int", (N,))
    arguments = [ir.access(left, i), ir.access(right, i)][: len(OPERATIONS[name].takes)]
    one = function("one", [left, right], [("made", ir.array([i], apply(name, *arguments), "made"))])
    values = [np.array([7, -7, 7, -7, 0, 5]), np.array([2, 2, -2, -2, 3, 5])]
    found = compile_function(one, "float64")({"n": 6}, values)[0]
    np.testing.assert_array_equal(found, evaluate(one, {"n": 6}, values)[0])


def test_the_branch_not_chosen_does_no_harm() -> None:
    x, k, i = vector("x"), ir.Input("k", "int", (N,)), ir.Index(N, "i")
    positive = apply("gt", ir.access(x, i), real(0))
    root = ir.choose(positive, apply("sqrt", ir.access(x, i)), real(0))
    some = apply("ne", ir.access(k, i), ir.constant(0))
    share = ir.choose(some, apply("floordiv", ir.constant(12), ir.access(k, i)), ir.constant(0))
    both = function("both", [x, k], [("root", ir.array([i], root, "root")), ("share", ir.array([i], share, "share"))])
    found = compile_function(both, "float64")({"n": 3}, [np.array([4.0, -1.0, np.nan]), np.array([5, 0, -5])])
    np.testing.assert_array_equal(found[0], [2, 0, 0])
    np.testing.assert_array_equal(found[1], [2, 0, -3])


def test_nan_goes_through_maxima_and_fails_comparisons() -> None:
    x, i, j = vector("x"), ir.Index(N, "i"), ir.Index(N, "j")
    largest = ir.array((), ir.reduce("max", [j], ir.access(x, j)), "largest")
    small = ir.array([i], apply("lt", ir.access(x, i), real(10)), "small")
    found = compile_function(function("f", [x], [("largest", largest), ("small", small)]), "float64")(
        {"n": 3}, [np.array([1.0, np.nan, 2.0])]
    )
    assert np.isnan(found[0])
    np.testing.assert_array_equal(found[1], [True, False, True])


# ---------------------------------------------------------------- functions


@pytest.mark.parametrize("name", CASES)
def test_a_function_computes_what_the_evaluator_says(name: str) -> None:
    whole, dims, arrays = CASES[name]()
    ready = pipeline.run(whole)
    results = compile_function(ready, "float64")(dims, arrays)
    for found, expected in zip(results, evaluate(ready, dims, arrays), strict=True):
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["logistic", "adam", "softmax", "solved"])
def test_single_precision_stays_single(name: str) -> None:
    whole, dims, arrays = CASES[name]()
    ready = pipeline.run(whole)
    expected = evaluate(ready, dims, arrays, "float32")
    for found, wanted in zip(compile_function(ready, "float32")(dims, arrays), expected, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_random_functions_agree(seed: int) -> None:
    whole, dims, arrays = random_case(seed)
    ready = pipeline.run(whole)
    results = compile_function(ready, "float64")(dims, arrays)
    for found, expected in zip(results, evaluate(ready, dims, arrays), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize("name", CASES)
def test_a_module_allocates_nothing(name: str) -> None:
    text = emit(procedure_of(pipeline.run(CASES[name]()[0])), "float64")
    assert "alloc(" not in text and "@free" not in text


def endless() -> Procedure:
    x, k = ir.Input("x", "int"), ir.Input("k", "int")
    going = apply("ge", ir.access(x), ir.constant(0))
    return made([], [x, k], [], Store(x, (), ir.constant(0)), While(k, None, (), going, (Store(x, (), ir.access(k)),)))


def test_the_flag_ends_a_loop_with_whole_steps_done() -> None:
    kernel = Kernel(endless(), "float64")
    results: list[Any] = []
    worker = threading.Thread(target=lambda: results.extend(kernel({}, [])))
    worker.start()
    kernel.interrupt.value = 1
    worker.join(30)
    assert not worker.is_alive()
    steps = int(results[1])
    assert int(results[0]) == max(steps - 1, 0)


def test_a_prepared_kernel_reads_its_inputs_anew() -> None:
    x, y, i = vector("x"), vector("y"), ir.Index(N, "i")
    values = np.arange(3.0)
    procedure = made([x], [y], [], For(i, (Store(y, (i,), ir.access(x, i)),)))
    prepared = Kernel(procedure, "float64").prepare({"n": 3}, [values])
    prepared()
    values[:] = 7
    prepared()
    np.testing.assert_array_equal(prepared.outputs[0], [7, 7, 7])


def test_threads_share_a_kernel() -> None:
    whole, dims, arrays = CASES["logistic"]()
    kernel = compile_function(pipeline.run(whole), "float64")
    expected = kernel(dims, arrays)
    found: list[Any] = []
    workers = [threading.Thread(target=lambda: found.append(kernel(dims, arrays))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 4
    for results in found:
        for result, wanted in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, wanted)


def test_object_code_can_be_kept_and_loaded_again() -> None:
    x, y, i = vector("x"), vector("y"), ir.Index(N, "i")
    procedure = made([x], [y], [], For(i, (Store(y, (i,), apply("exp", ir.access(x, i))),)))
    code = to_object(emit(procedure, "float64"))
    assert to_object(emit(procedure, "float64")) == code
    assert from_object(code).get_function_address("optgen_made")


def test_an_ill_formed_module_is_refused_before_it_is_optimised() -> None:
    with pytest.raises(RuntimeError):
        to_object("define void @f() { ret i32 0 }")
