"""What numpy and jax source computes is what the reference evaluator says; what it looks like is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optgen.ir import calls
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.formulas import CODED
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from optgen.passes.assemble import function
from tests.backends.loop_programs import Case, number, random_case, vector
from tests.programs import PROGRAMS

N, M = ir.dim("n"), ir.dim("m")


def run(dialect: str, made: Function, dims: dict[str, int], arrays: list[Any], real: str = "float64") -> list[Any]:
    pytest.importorskip(dialect)
    backend = import_module(f"optgen.backends.{dialect}")
    found: list[Any] = backend.compile_function(pipeline.run(made), real)(dims, arrays)
    return found


def text(dialect: str, *functions: Function, header: str = "A test.") -> str:
    backend = import_module(f"optgen.backends.{dialect}")
    made: str = backend.source([pipeline.run(f) for f in functions], "float64", header)
    return made


def expect_equal(dialect: str, case: Case, real: str = "float64", bound: float = 1e-11) -> None:
    made, dims, arrays = case
    expected = evaluate(pipeline.expand(made), dims, arrays, real)
    found = run(dialect, made, dims, arrays, real)
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert value.dtype == wanted.dtype and value.shape == wanted.shape
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(value, wanted, rtol=bound, atol=bound)
        else:
            np.testing.assert_array_equal(value, wanted)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_a_function_computes_what_the_evaluator_says(dialect: str, name: str) -> None:
    expect_equal(dialect, PROGRAMS[name]())


@pytest.mark.parametrize("name", ["logistic", "adam", "softmax", "scattered", "matrices", "gradient"])
@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_single_precision_stays_single(dialect: str, name: str) -> None:
    expect_equal(dialect, PROGRAMS[name](), "float32", 2e-4)


@pytest.mark.parametrize("seed", range(120))
def test_random_functions_agree_in_numpy(seed: int) -> None:
    expect_equal("numpy", random_case(seed), bound=1e-10)


@pytest.mark.parametrize("seed", range(200, 206))
def test_random_functions_agree_in_jax(seed: int) -> None:
    expect_equal("jax", random_case(seed), bound=1e-10)


# ---------------------------------------------------------------- operations

X = np.array([0.3, 0.9, -0.7, 0.5, 2.25, -3.5])
K = np.array([3, -2, 0, 5, 1, -7])
WORDS = np.array([1, 2**63 + 5, 7, 2**40, 2**64 - 1, 12345678901234567], dtype=np.uint64)
# arguments that keep an operation in its domain
INSIDE = {name: np.abs(X) for name in ("sqrt", "log", "log1p", "power", "lgamma", "digamma")}
INSIDE |= {"arccos": X / 4, "erfinv": X / 4, "round": np.round(X) + 0.5}


def one_operation(name: str) -> Case:
    """The operation on every dtype it takes, entry by entry."""
    kinds = ["real" if kind == "number" else kind for kind in CODED[name].takes]
    tables = {"real": [INSIDE.get(name, X), X[::-1]], "int": [K, np.array([1, 2, 3, 4, 7, 2])], "bool": [X > 0, K > 0]}
    tables["u64"] = [WORDS, WORDS[::-1]]
    if name == "int_to_bits":
        tables["int"] = [np.abs(K), K]
    if name == "index_bits":
        tables["int"] = [K, np.array([1, 2, 3, 4, 7, 2])]
    inputs = [ir.Input(f"x{k}", kind, (N,)) for k, kind in enumerate(kinds)]  # type: ignore[arg-type]
    i = ir.Index(N, "i")
    made = ir.array([i], apply(name, *(ir.access(tensor, i) for tensor in inputs)), "made")
    arrays = [tables[kind][min(k, 1)] for k, kind in enumerate(kinds)]
    return function("one", inputs, [("made", made)]), {"n": 6}, arrays


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("dialect", ["numpy", "jax"])
@pytest.mark.parametrize("name", CODED)
def test_every_operation_means_the_same(name: str, dialect: str, real: str) -> None:
    made, dims, arrays = one_operation(name)
    (expected,) = evaluate(made, dims, arrays, real)
    (found,) = run(dialect, made, dims, arrays, real)
    assert found.dtype == expected.dtype
    if expected.dtype.kind == "f":
        bound = 1e-13 if real == "float64" else 1e-5
        np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
@pytest.mark.parametrize("kind", ["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"])
@pytest.mark.parametrize("length", [0, 4])
def test_reductions_under_a_condition_and_over_nothing(dialect: str, kind: Any, length: int) -> None:
    x, i = vector("x"), ir.Index(N, "i")
    entry = apply("gt", ir.access(x, i), ir.constant(0, "real")) if kind in ("any", "all") else ir.access(x, i)
    test = apply("lt", ir.access(x, i), ir.constant(2, "real"))
    results = [("all", ir.array((), ir.reduce(kind, [i], entry), "all")),
               ("some", ir.array((), ir.reduce(kind, [i], entry, test), "some"))]  # fmt: skip
    values = np.array([1.0, np.nan, 3.0, -1.0])[:length]
    expect_equal(dialect, (function("reduced", [x], results), {"n": length}, [values]))


# ---------------------------------------------------------------- what must hold beside the values


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_what_lies_outside_is_read_at_the_nearest_end_and_added_nowhere(dialect: str) -> None:
    x, at = vector("x"), ir.Input("at", "int", (M,))
    i, p, j = ir.Index(M, "i"), ir.Index(N, "p"), ir.Index(M, "j")
    read = ir.array([i], ir.access(x, ir.access(at, i)), "read")
    weight = apply("to_real", ir.access(at, j))
    added = ir.array([p], ir.reduce("sum", [j], weight, apply("eq", ir.access(at, j), p)), "added")
    made = function("edges", [x, at], [("read", read), ("added", added)])
    found = run(dialect, made, {"n": 3, "m": 5}, [np.array([1.0, 2.0, 3.0]), np.array([-4, 0, 2, 2, 9])])
    np.testing.assert_array_equal(found[0], [1, 1, 3, 3, 3])
    np.testing.assert_array_equal(found[1], [0, 0, 4])


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_division_by_zero_and_nan_pass_silently(dialect: str) -> None:
    x, i = vector("x"), ir.Index(N, "i")
    inverse = ir.array([i], apply("div", ir.constant(1, "real"), ir.access(x, i)), "inverse")
    largest = ir.array((), ir.reduce("max", [i2 := ir.Index(N, "j")], ir.access(x, i2)), "largest")
    never = ir.array((), apply("div", ir.constant(1, "real"), ir.constant(0, "real")), "never")
    made = function("limits", [x], [("inverse", inverse), ("largest", largest), ("never", never)])
    found = run(dialect, made, {"n": 3}, [np.array([0.0, np.nan, -np.inf])])
    np.testing.assert_array_equal(found[0], [np.inf, np.nan, -0.0])
    assert np.isnan(found[1]) and np.isinf(found[2])


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_calls_take_batches_and_give_nan_where_there_is_no_result(dialect: str) -> None:
    a, b = ir.Input("A", "real", (ir.dim("w"), N, N)), ir.Input("b", "real", (ir.dim("w"), N))
    made = [(name, calls.apply(name, a, b)[0]) for name in ("solve", "solve_spd", "solve_lower")]
    made += [("values", calls.apply("eigh", a)[0]), ("vectors", calls.apply("eigh", a)[1])]
    made += [(name, calls.apply(name, b)[0]) for name in ("sort", "argsort")]
    made += [("det", calls.apply("det", a)[0]), ("both", calls.apply("solve_matrix", a, a)[0])]
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 4, 4))
    spd = root @ np.swapaxes(root, 1, 2) + np.eye(4)
    expect_equal(
        dialect, (function("called", [a, b], made), {"w": 3, "n": 4}, [spd, rng.normal(size=(3, 4))]), bound=1e-9
    )
    c, d = ir.Input("c", "real", (N, N)), vector("d")
    bad = [("lower", calls.apply("cholesky", c)[0]), ("x", calls.apply("solve_spd", c, d)[0])]
    found = run(dialect, function("bad", [c, d], bad), {"n": 2}, [-np.eye(2), np.ones(2)])
    assert np.isnan(found[0][0, 0]) and np.all(np.isnan(found[1]))


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_rows_beyond_the_capacity_of_a_trace_are_dropped(dialect: str) -> None:
    x, k = ir.Input("x", "real"), ir.Input("k", "int")
    following = ir.array((), apply("mul", ir.constant(2, "real"), ir.access(x)), "x_new")
    loop = ir.loop(k, [x], [number(1, "real")], [following], limit=ir.constant(5), traces=[x], capacity=ir.constant(3))
    made = function("traced", [], [("x", ir.output(loop, 0, "x")), ("rows", ir.output(loop, 2, "rows"))])
    found = run(dialect, made, {}, [])
    assert found[0] == 32
    np.testing.assert_array_equal(found[1], [1, 2, 4])


def test_a_carried_zero_divides_silently_in_numpy() -> None:
    x, k = ir.Input("x", "real"), ir.Input("k", "int")
    following = ir.array((), apply("div", ir.constant(1, "real"), ir.access(x)), "x_new")
    loop = ir.loop(k, [x], [number(0, "real")], [following], limit=ir.constant(1))
    assert np.isinf(run("numpy", function("zero", [], [("x", ir.output(loop, 0))]), {}, [])[0])


# ---------------------------------------------------------------- jax


def test_jax_code_runs_under_grad_and_vmap() -> None:
    jax = pytest.importorskip("jax")
    made, _, arrays = PROGRAMS["logistic"]()
    scope: dict[str, Any] = {}
    exec(text("jax", made), scope)  # noqa: S102  # text that the compiler wrote
    A, y, x = arrays
    slope = jax.grad(lambda x: scope["logistic"](A, y, x)[0])(x)
    np.testing.assert_allclose(slope, evaluate(pipeline.expand(made), {"m": 7, "n": 4}, arrays)[1], rtol=1e-12)
    both = jax.vmap(lambda x: scope["logistic"](A, y, x)[0])(np.stack([x, 2 * x]))
    np.testing.assert_allclose(both[1], scope["logistic"](A, y, 2 * x)[0], rtol=1e-12)


def test_a_loop_in_jax_has_a_forward_derivative() -> None:
    jax = pytest.importorskip("jax")
    made, _, arrays = PROGRAMS["conjugate_gradients"]()
    scope: dict[str, Any] = {}
    exec(text("jax", made), scope)  # noqa: S102
    A, b = arrays
    change = jax.jvp(lambda b: scope["cg"](A, b)[0], (b,), (np.ones(5),))[1]
    np.testing.assert_allclose(change, np.linalg.solve(A, np.ones(5)), rtol=1e-6)


def test_what_condition_and_step_share_is_computed_once_a_step() -> None:
    source = text("jax", PROGRAMS["conjugate_gradients"]()[0])
    assert source.count("r @ r") == 1


# ---------------------------------------------------------------- the source


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
@pytest.mark.parametrize("name", ["logistic", "adam", "conjugate_gradients", "two_loop", "draws"])
def test_the_source_is_the_one_kept(dialect: str, name: str, golden: Callable[[Path, str], None]) -> None:
    kept = Path(__file__).parent / "golden" / f"{dialect}_{name}.txt"
    golden(kept, text(dialect, PROGRAMS[name]()[0], header=f"The case {name}."))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_lines_are_short_and_nothing_of_the_compiler_is_imported(dialect: str, name: str) -> None:
    source = text(dialect, PROGRAMS[name]()[0])
    assert "optgen" not in source
    assert max(map(len, source.splitlines())) <= 120
    assert not [line for line in source.splitlines() if line != line.rstrip()]


def test_a_numpy_file_runs_alone(tmp_path: Path) -> None:
    made, dims, arrays = PROGRAMS["logistic"]()
    (tmp_path / "logistic.py").write_text(text("numpy", made))
    np.savez(tmp_path / "data.npz", A=arrays[0], y=arrays[1], x=arrays[2])
    script = (
        "import sys, numpy as np, logistic; d = np.load('data.npz'); assert 'optgen' not in sys.modules;"
        "print(logistic.logistic(d['A'], d['y'], d['x'])[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(float(evaluate(pipeline.expand(made), dims, arrays)[0]))


def test_a_function_that_python_computes_is_refused() -> None:
    x = vector("x")
    value = ir.output(ir.call("oracle f", [x], [("real", ())]), 0, "value")
    with pytest.raises(ir.IRError, match="oracle f"):
        text("numpy", function("f", [x], [("value", value)]))


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
@pytest.mark.parametrize("steps", [-2, 0, 3])
def test_a_counted_loop_tells_how_often_it_ran(dialect: str, steps: int) -> None:
    limit, k, x = ir.Input("limit", "int"), ir.Input("k", "int"), ir.Input("x", "real")
    more = ir.array((), apply("add", ir.access(x), ir.constant(1, "real")), "more")
    loop = ir.loop(k, [x], [number(0, "real")], [more], limit=ir.access(limit))
    bare = ir.loop(ir.Input("l", "int"), [], [], [], limit=ir.access(limit))
    results = [("x", ir.output(loop, 0)), ("ran", ir.output(loop, 1)), ("bare", ir.output(bare, 0))]
    expect_equal(dialect, (function("counted", [limit], results), {}, [steps]))


@pytest.mark.parametrize("dialect", ["numpy", "jax"])
def test_a_table_of_numbers_is_one_literal(dialect: str) -> None:
    table = ir.concat([number(value, "real") for value in (0.5, -1, 2)], "table")
    made = function("table", [], [("table", table)])
    assert "array([0.5, -1.0, 2.0]" in text(dialect, made)
    expect_equal(dialect, (made, {}, []))


# ---------------------------------------------------------------- derivatives of the code by jax

NOWHERE = {  # arguments without a finite value or derivative
    "div": (1.0, 0.0), "power": (-1.0, 0.5), "power_int": (0.0, -1), "sqrt": (0.0,), "exp": (1e4,), "expm1": (1e4,),
    "log": (0.0,), "log1p": (-1.0,), "tan": (np.inf,), "arccos": (2.0,), "arctan2": (0.0, 0.0), "sinh": (1e4,),
    "cosh": (1e4,), "lgamma": (0.0,), "digamma": (0.0,), "erfcx": (-1e4,), "erfinv": (2.0,),
}  # fmt: skip


def derivative_by_jax(made: Function, *values: Any) -> Any:
    """The gradient of a function's one number in its first parameter, by jax.grad of the code."""
    jax = pytest.importorskip("jax")
    from optgen.backends.arrays.files import load

    jax.config.update("jax_enable_x64", True)
    body, _ = load(pipeline.run(made), "jax", "float64")
    return np.asarray(jax.grad(lambda *given: body(*given)[0])(*values))


def test_every_partial_operation_has_a_safe_argument() -> None:
    assert {name for name, declaration in CODED.items() if declaration.safe} == set(NOWHERE)


@pytest.mark.parametrize("name", NOWHERE)
@pytest.mark.parametrize("holds", [True, False])
def test_the_side_not_chosen_adds_no_nan_to_a_derivative(name: str, holds: bool) -> None:
    values = NOWHERE[name]
    place = CODED[name].safe[0]  # type: ignore[index]
    numbers = [ir.Input(f"a{k}", "int" if isinstance(value, int) else "real") for k, value in enumerate(values)]
    order = [numbers[place], *(a for k, a in enumerate(numbers) if k != place), ir.Input("c", "bool")]
    there, zero = apply(name, *(ir.access(a) for a in numbers)), ir.constant(0, "real")
    chosen = ir.choose(ir.access(order[-1]), *((zero, there) if holds else (there, zero)))
    made = function("guarded", order, [("value", ir.array((), chosen, "value"))])
    given = [values[place], *(value for k, value in enumerate(values) if k != place)]
    assert derivative_by_jax(made, *given, holds) == 0


def test_the_derivative_of_a_norm_at_zero_is_zero() -> None:
    x, i = vector("x"), ir.Index(N, "i")
    square = ir.reduce("sum", [i], apply("mul", ir.access(x, i), ir.access(x, i)))
    made = function("norm", [x], [("norm", ir.array((), apply("sqrt", square), "norm"))])
    np.testing.assert_array_equal(derivative_by_jax(made, np.zeros(3)), np.zeros(3))
    np.testing.assert_allclose(derivative_by_jax(made, np.array([3.0, 4.0])), [0.6, 0.8])


@pytest.mark.parametrize("before", [False, True])
def test_jax_keeps_its_width_around_code_in_doubles(before: bool) -> None:
    jax = pytest.importorskip("jax")
    import optgen

    with jax.enable_x64(before):
        made = optgen.array_code("exp(x)", "jax", "float64")(np.array([0.5, 1.0]))
        assert made.dtype == np.float64 and np.allclose(made, np.exp([0.5, 1.0]), rtol=1e-15)
        assert jax.config.jax_enable_x64 is before and jax.numpy.ones(1).dtype == ("float64" if before else "float32")
