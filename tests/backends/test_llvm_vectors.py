"""Vector loops do what the same loops do one iteration at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optgen.backends.llvm.emit import emit
from optgen.backends.llvm.kernel import Kernel
from optgen.backends.llvm.scalars import ONE_AT_A_TIME
from optgen.backends.llvm.vectors import bases_of, clears, count, fits
from optgen.ir import nodes as ir
from optgen.ir.formulas import CODED
from optgen.ir.imperative import Accumulate, Alias, Buffer, For, Let, Procedure, Statement, Store
from optgen.ir.operations import apply
from tests.backends.loop_programs import add, mul, vector

pytest.importorskip("llvmlite")

N, M = ir.dim("n"), ir.dim("m")
ROW, OUTER = ir.Index(N, "i"), ir.Index(M, "j")
LENGTHS = (0, 1, 7, 8, 9, 16, 17, 37)
BOTH = pytest.mark.parametrize("real", ["float64", "float32"])


def numbers(real: str, size: Any, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 2.0, size).astype(real)


def both_ways(
    body: tuple[Statement, ...], buffers: tuple[list[Buffer], list[Buffer]], dims: dict[str, int], arrays: list[Any],
    real: str, before: tuple[Statement, ...] = (), around: Callable[[For], Statement] = lambda loop: loop,
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """The results of a loop as a vector loop, which it is asserted to become, and one iteration after the other."""
    found = []
    for vectors in (True, False):
        loop = For(ROW, body, vector=vectors)
        assert fits(loop, bases_of(before)) == vectors
        parameters, results = buffers
        names = tuple(sorted(dims))
        procedure = Procedure("made", names, tuple(parameters), tuple(results), (), (*before, around(loop)))
        found.append(Kernel(procedure, real)(dims, arrays))
    return found[0], found[1]


# ---------------------------------------------------------------- values


@BOTH
@pytest.mark.parametrize("n", LENGTHS)
def test_whole_blocks_and_the_lanes_left(n: int, real: str) -> None:
    x, y, local = vector("x"), vector("y"), ir.Input("local", "real")
    body = (
        Let(local, mul(ir.access(x, ROW), ir.access(x, ROW))),
        Store(y, (ROW,), add(ir.access(local), apply("to_real", ROW))),
    )
    fast, slow = both_ways(body, ([x], [y]), {"n": n}, [numbers(real, n)], real)
    np.testing.assert_array_equal(fast[0], slow[0])


ELEMENTWISE = sorted(name for name in CODED if name not in ONE_AT_A_TIME and name != "power_int")


@BOTH
@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_operation_has_the_same_bits_in_every_lane(name: str, integers: bool, real: str) -> None:
    number = "int" if integers else "real"
    kinds: list[Any] = [number if kind == "number" else kind for kind in CODED[name].takes]
    inputs = [ir.Input(f"a{k}", kind, (N,)) for k, kind in enumerate(kinds)]
    arguments = [ir.access(a, ROW) for a in inputs]
    if name in ("sin", "cos"):  # of small angles only
        inputs = [ir.Input("word", "u64", (N,))]
        arguments = [mul(ir.constant(6, "real"), apply("uniform_bits", ir.access(inputs[0], ROW)))]
    value = apply(name, *arguments)
    y = ir.Input("y", value.dtype, (N,))
    arrays = [_values(a.dtype, real, seed) for seed, a in enumerate(inputs)]
    fast, slow = both_ways((Store(y, (ROW,), value),), (inputs, [y]), {"n": 21}, arrays, real)
    np.testing.assert_array_equal(fast[0], slow[0])


def _values(dtype: str, real: str, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if dtype == "real":
        edges = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, 745.0, -1.0], real)
        return np.concatenate([edges, rng.normal(0, 3, 13)]).astype(real)
    if dtype == "bool":
        return rng.random(21) < 0.5
    if dtype == "u64":
        return rng.integers(0, 2**63, 21, dtype=np.uint64)
    return rng.integers(-5, 6, 21)


@BOTH
@pytest.mark.parametrize("n", (5, 32))
def test_choices_truths_and_integers_in_arrays(n: int, real: str) -> None:
    x, k = vector("x"), ir.Input("k", "int", (N,))
    y, b, z = vector("y"), ir.Input("b", "bool", (N,)), ir.Input("z", "int", (N,))
    test = apply("gt", ir.access(x, ROW), ir.constant(1, "real"))
    body = (
        Store(b, (ROW,), test),
        Store(y, (ROW,), ir.choose(ir.access(b, ROW), ir.access(x, ROW), ir.constant(-1, "real"))),
        Store(z, (ROW,), add(mul(ir.access(k, ROW), ir.constant(3)), ROW)),
    )
    arrays = [numbers(real, n), np.arange(n)[::-1].copy()]
    fast, slow = both_ways(body, ([x, k], [y, b, z]), {"n": n}, arrays, real)
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("n", LENGTHS)
def test_neighbours_are_read_at_any_alignment(n: int) -> None:
    x, y = ir.Input("x", "real", (add(N, ir.constant(2)),)), vector("y")
    body = (Store(y, (ROW,), add(ir.access(x, ROW), ir.access(x, add(ROW, ir.constant(2))))),)
    fast, slow = both_ways(body, ([x], [y]), {"n": n}, [numbers("float64", n + 2)], "float64")
    np.testing.assert_array_equal(fast[0], slow[0])


@BOTH
@pytest.mark.parametrize("n", LENGTHS)
def test_scattered_reads_beside_a_long_operation(n: int, real: str) -> None:
    a, picks, y = ir.Input("A", "real", (N, N)), ir.Input("picks", "int", (N,)), vector("y")
    value = apply("exp", add(ir.access(a, ROW, ir.constant(0)), ir.access(a, ir.access(picks, ROW), ROW)))
    arrays = [numbers(real, (n, n)), np.random.default_rng(0).permutation(n)]
    fast, slow = both_ways((Store(y, (ROW,), value),), ([a, picks], [y]), {"n": n}, arrays, real)
    np.testing.assert_array_equal(fast[0], slow[0])


def test_scattered_reads_alone_are_no_vector_loop() -> None:
    a, y = ir.Input("A", "real", (N, N)), vector("y")
    assert not fits(For(ROW, (Store(y, (ROW,), ir.access(a, ROW, ir.constant(0))),), vector=True), {})


@pytest.mark.parametrize("n", LENGTHS)
def test_sums_kept_in_memory_under_a_loop_around(n: int) -> None:
    a, w, total = ir.Input("A", "real", (M, N)), vector("w", M), vector("total")
    k = ir.Index(N, "k")
    clear = For(k, (Store(total, (k,), ir.constant(0, "real")),))
    step = Accumulate("sum", total, (ROW,), mul(ir.access(w, OUTER), ir.access(a, OUTER, ROW)))
    arrays = [numbers("float64", (5, n)), numbers("float64", 5, 1)]
    fast, slow = both_ways(
        (step,),
        ([a, w], [total]),
        {"m": 5, "n": n},
        arrays,
        "float64",
        (clear,),
        around=lambda loop: For(OUTER, (loop,)),
    )
    np.testing.assert_array_equal(fast[0], slow[0])
    np.testing.assert_allclose(fast[0], arrays[1] @ arrays[0], rtol=1e-14)


@BOTH
@pytest.mark.parametrize("kind", ["sum", "prod", "max", "min"])
@pytest.mark.parametrize("n", LENGTHS)
def test_reductions_under_a_condition_go_on_from_what_they_start_with(n: int, kind: str, real: str) -> None:
    x, k, total = vector("x"), ir.Input("k", "int", (N,)), ir.Input("total", "real")
    whole, every = ir.Input("whole", "int"), ir.Input("every", "bool")
    before = (
        Store(total, (), ir.constant(2, "real")),
        Store(whole, (), ir.constant(3)),
        Store(every, (), ir.constant(True)),
    )
    test = apply("gt", ir.access(k, ROW), ir.constant(2))
    body = (
        Accumulate(kind, total, (), ir.access(x, ROW), test),
        Accumulate(kind, whole, (), ir.access(k, ROW), test),
        Accumulate("all", every, (), apply("lt", ir.access(k, ROW), ir.constant(6))),
    )
    arrays = [numbers(real, n), np.arange(n) % 7]
    fast, slow = both_ways(body, ([x, k], [total, whole, every]), {"n": n}, arrays, real, before)
    np.testing.assert_allclose(fast[0], slow[0], rtol=1e-5 if real == "float32" else 1e-13)
    assert fast[1] == slow[1] and fast[2] == slow[2]


# ---------------------------------------------------------------- what is no vector loop


def test_what_an_iteration_hands_on_is_no_vector_loop() -> None:
    x, total, at = vector("x"), ir.Input("total", "real"), ir.Input("at", "int")
    here, after = ir.access(x, ROW), ir.access(x, add(ROW, ir.constant(1)))
    shifted = Store(x, (ROW,), after)
    running = (Accumulate("sum", total, (), here), Store(x, (ROW,), ir.access(total)))
    last = Store(total, (), here)
    best = Accumulate("argmax", total, (), here, None, ROW, at)
    scattered = Store(x, (apply("mod", ROW, ir.constant(3)),), ir.constant(0, "real"))
    for body in ((shifted,), running, (last,), (best,), (scattered,)):
        assert not fits(For(ROW, body, vector=True), {})


def test_a_view_of_what_is_written_is_no_vector_loop() -> None:
    x, view = vector("x"), vector("view")
    loop = For(ROW, (Store(x, (ROW,), ir.access(view, ROW)),), vector=True)
    assert fits(loop, {})
    assert not fits(loop, bases_of([Alias(view, x, ir.constant(1))]))


def test_the_vector_loops_of_a_block_are_counted() -> None:
    x, y = vector("x"), vector("y")
    fill = For(ROW, (Store(y, (ROW,), ir.access(x, ROW)),), vector=True)
    call = For(ROW, (Store(y, (ROW,), apply("tan", ir.access(x, ROW))),), vector=True)
    assert count([For(OUTER, (fill, call)), fill]) == 2


def test_nothing_is_written_beyond_the_end() -> None:
    x, y = vector("x"), vector("y")
    loop = For(ROW, (Store(y, (ROW,), apply("exp", ir.access(x, ROW))),), vector=True)
    room = np.full(40, -1.0)
    kernel = Kernel(Procedure("made", ("n",), (x,), (y,), (), (loop,)), "float64").prepare({"n": 11}, [np.zeros(11)])
    pointers = kernel.kept[0]
    pointers[1] = room.ctypes.data
    kernel()
    np.testing.assert_array_equal(room, [1.0] * 11 + [-1.0] * 29)


def test_a_module_has_each_function_in_the_width_it_needs() -> None:
    x, y, a = vector("x"), vector("y"), ir.Input("a", "real")
    loop = For(ROW, (Store(y, (ROW,), apply("exp", ir.access(x, ROW))),), vector=True)
    alone = Let(a, apply("exp", ir.constant(2, "real")))
    text = emit(Procedure("made", ("n",), (x,), (y,), (), (alone, loop)), "float64")
    assert "@exp.double(" in text and "@exp.double.16(" in text


@pytest.mark.parametrize("n", [0, 1, 11, 64])
def test_zeros_are_filled_in_without_a_loop(n: int) -> None:
    x, y, marks = vector("x"), vector("y"), ir.Input("marks", "bool", (N,))
    loop = For(ROW, (Store(y, (ROW,), ir.constant(0, "real")), Store(marks, (ROW,), ir.constant(False))), vector=True)
    procedure = Procedure("made", ("n",), (x,), (y, marks), (), (loop,))
    assert clears(loop) and "phi" not in emit(procedure, "float64")
    assert not clears(For(ROW, (Store(y, (ROW,), ir.access(x, ROW)),), vector=True))
    prepared = Kernel(procedure, "float64").prepare({"n": n}, [np.ones(n)])
    prepared.outputs[0][:], prepared.outputs[1][:] = 7.0, True
    prepared()
    assert not prepared.outputs[0].any() and not prepared.outputs[1].any()
