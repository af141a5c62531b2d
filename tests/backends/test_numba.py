"""What numba source computes is what the reference evaluator says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optgen.backends.numba import compile_function, source
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.formulas import CODED
from optgen.ir.operations import apply
from optgen.passes import pipeline
from optgen.passes.assemble import function
from tests.backends.loop_programs import CASES, Case, random_case

pytest.importorskip("numba")


def compared(case: Case, real: str) -> list[tuple[Any, Any]]:
    made, dims, arrays = case
    ready = pipeline.run(made)
    return list(zip(compile_function(ready, real)(dims, arrays), evaluate(ready, dims, arrays, real), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_function_computes_what_the_evaluator_says(name: str) -> None:
    for found, expected in compared(CASES[name](), "float64"):
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["logistic", "adam", "softmax"])
def test_single_precision_stays_single(name: str) -> None:
    for found, expected in compared(CASES[name](), "float32"):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)


def test_random_functions_agree() -> None:
    for seed in range(4):
        for found, expected in compared(random_case(seed), "float64"):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_the_same_random_function_agrees_in_single_precision() -> None:
    for found, expected in compared(random_case(3), "float32"):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


# ---------------------------------------------------------------- operations

X = np.array([0.3, 0.9, -0.7, 0.5, 2.25])
K = np.array([3, -2, 0, 5, 1])
# arguments that keep an operation in its domain
INSIDE = {
    "sqrt": np.abs(X),
    "log": np.abs(X),
    "log1p": np.abs(X),
    "power": np.abs(X),
    "arccos": X / 3,
    "erfinv": X / 3,
    "lgamma": np.abs(X),
    "digamma": X,
    "round": X * 4 + 0.5,
    "floordiv": K,
    "mod": X,
}


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_every_operation_means_the_same(real: str) -> None:
    n = ir.dim("n")
    inputs = {
        "real": ir.Input("x", "real", (n,)),
        "int": ir.Input("k", "int", (n,)),
        "bool": ir.Input("b", "bool", (n,)),
        "u64": ir.Input("w", "u64", (n,)),
    }
    inside, other = ir.Input("inside", "real", (n,)), ir.Input("other", "int", (n,))
    for name, declaration in CODED.items():
        i = ir.Index(n, "i")
        domain = np.asarray(INSIDE.get(name, X))
        kinds = ["real" if kind == "number" else kind for kind in declaration.takes]
        chosen = [inside if kind == "real" and k == 0 else inputs[kind] for k, kind in enumerate(kinds)]
        if kinds == ["int", "int"] or name == "index_bits":
            chosen[1] = other
        body = apply(name, *(ir.access(tensor, i) for tensor in chosen))
        made = function("one", [inside, other, *inputs.values()], [("made", ir.array([i], body, "made"))])
        words = np.array([1, 2**63 + 5, 7, 2**40, 2**64 - 1], dtype=np.uint64)
        values = [domain, np.array([1, 2, 3, 4, 7]), X, np.abs(K) if name == "int_to_bits" else K, X > 0, words]
        found = compile_function(made, real)({"n": 5}, values)[0]
        expected = evaluate(made, {"n": 5}, values, real)[0]
        if expected.dtype.kind == "f":
            near = 1e-12 if real == "float64" else 3e-6
            np.testing.assert_allclose(found, expected, rtol=near, atol=near, err_msg=name)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=name)


def test_limits_of_floats_go_through() -> None:
    n = ir.dim("n")
    x, i, j = ir.Input("x", "real", (n,)), ir.Index(n, "i"), ir.Index(n, "j")
    inverse = ir.array([i], apply("div", ir.constant(1, "real"), ir.access(x, i)), "inverse")
    largest = ir.array((), ir.reduce("max", [j], ir.access(x, j)), "largest")
    made = function("limits", [x], [("inverse", inverse), ("largest", largest)])
    found = compile_function(made)({"n": 3}, [np.array([0.0, np.inf, -0.0])])
    np.testing.assert_array_equal(found[0], [np.inf, 0.0, -np.inf])
    assert np.isnan(compile_function(made)({"n": 3}, [np.array([1.0, np.nan, 2.0])])[1])


# ---------------------------------------------------------------- the source


def test_a_function_python_would_have_to_compute_is_refused() -> None:
    x = ir.Input("x", "real", (ir.dim("n"),))
    value = ir.output(ir.call("oracle f", [x], [("real", ())]), 0, "value")
    with pytest.raises(ir.IRError, match="oracle f"):
        source([pipeline.run(function("f", [x], [("value", value)]))])


def test_the_source_runs_without_optgen(tmp_path: Path) -> None:
    made, _, arrays = CASES["logistic"]()
    (tmp_path / "logistic.py").write_text(source([pipeline.run(made)], header="Logistic loss."))
    np.savez(tmp_path / "data.npz", A=arrays[0], y=arrays[1], x=arrays[2])
    script = (
        "import sys, numpy as np, logistic; d = np.load('data.npz'); assert 'optgen' not in sys.modules;"
        "print(logistic.logistic(d['A'], d['y'], d['x'])[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = evaluate(pipeline.run(made), {"m": 7, "n": 4}, arrays)[0]
    assert float(done.stdout) == pytest.approx(float(expected))


@pytest.mark.parametrize("name", ["logistic", "adam", "conjugate_gradients"])
def test_the_source_is_the_one_kept(name: str, golden: Callable[[Path, str], None]) -> None:
    made = source([pipeline.run(CASES[name]()[0])], header=f"The case {name}.")
    golden(Path(__file__).parent / "golden" / f"numba_{name}.txt", made)
