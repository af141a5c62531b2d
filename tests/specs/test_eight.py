"""The eight methods that the design stands on: the same on every backend, and what independent code finds."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import optgen
from optgen.runtime.drive import Pace, Run, begin, drive
from optgen.runtime.inputs import bind
from tests.references import ef21_w, logistic, mlp, sinkhorn_newton_sparse

BACKENDS = ("llvm", "numba", "jax")


def regression():
    A, y = logistic.breast_cancer()
    return {"A": A, "y": y}


def densities(n: int):
    C, a, b = sinkhorn_newton_sparse.two_densities(n)
    return {"C": C, "a": a, "b": b, "density": 40 / n, "tol": 1e-12, "steps": 80}


def clients():
    data = ef21_w.synthetic(1.0)
    return {"A": np.asarray(data.A), "b": np.asarray(data.b), "alpha": 0.1, "tol": 1e-4}


def digits(rows: int):
    X, c = mlp.digits()
    return {"X": X[:rows], "c": c[:rows]}


# name: (spec, algorithm, problem, inputs, bound on the difference of two backends after these few steps)
CASES = {
    "adabelief": ("adabelief", None, "logistic", lambda: {**regression(), "lr": 1e-2, "steps": 30}, 1e-12),
    "newton_cg": ("newton_cg", None, "logistic", lambda: {**regression(), "steps": 4}, 1e-11),
    "lbfgs": ("lbfgs", None, "rosenbrock", lambda: {"x": -np.ones(10), "steps": 15}, 1e-9),
    "sinkhorn_newton_sparse": ("sinkhorn_newton_sparse", None, None, lambda: {**densities(40), "steps": 24}, 1e-9),
    "ef21_w": ("ef21_w", "ef21_top1", "robust_regression", lambda: {**clients(), "steps": 10}, 1e-11),
    "fit_flow": (
        "fit_flow",
        None,
        None,
        lambda: {"z0": [1.0, 0.5, -0.3], "target": [0.5, 0.4, 0.3], "steps": 3},
        1e-10,
    ),
    "hmc": ("hmc", None, "logistic", lambda: {**regression(), "h": 0.05, "steps": 5, "seed": 3}, 1e-11),
    "mlp": ("mlp", "adam", "classify", lambda: {**digits(100), "lr": 1e-2, "batch": 16, "steps": 3, "seed": 1}, 1e-11),
}


BOUND = 1e-14  # on the difference after one step from the same states, in units of a state's largest entry, at least 1
MOST = 12  # of such steps


@cache
def inputs_of(case: str):
    return CASES[case][3]()


@cache
def solver_of(case: str, backend: str, dtype: str = "float64"):
    spec, algorithm, problem, _, _ = CASES[case]
    loaded = getattr(optgen.specs, spec)
    return optgen.compile(loaded, algorithm=algorithm, problem=problem, backend=backend, dtype=dtype)


def solve(case: str, backend: str, dtype: str = "float64"):
    return solver_of(case, backend, dtype)(**inputs_of(case))


def run_from(case: str, backend: str, steps: int, before: Run | None = None) -> Run:
    """The run after so many steps in all, from the states of another run or from the start."""
    inputs = dict(inputs_of(case))
    solver, seed = solver_of(case, backend)._for(inputs), inputs.pop("seed", 0)
    binding = bind(solver.table, {**inputs, "steps": steps}, seed)
    if before is None:
        run = begin(solver.code, binding)
    else:
        states = [state.copy() for state in before.states]
        run = Run(solver.code, binding, states, before.phase, before.done, before.total)
    drive(run, Pace())
    return run


@cache
def reference(case: str) -> list[Run]:
    return [run_from(case, "numpy", steps) for steps in range(min(inputs_of(case)["steps"], MOST) + 1)]


def flat(value) -> np.ndarray:
    parts = value.values() if isinstance(value, dict) else [value]
    return np.concatenate([np.ravel(part) for part in parts]).astype(float)


def numbers(result) -> dict[str, np.ndarray]:
    return {name: flat(value) for name, value in {**result.states, **result.traces}.items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_method_gives_the_same_numbers_on_every_backend(case, backend):
    if backend == "numba" and case == "fit_flow":
        pytest.skip("compiling nested reverse loops takes numba most of a minute; the slow test has it")
    reference, found = solve(case, "numpy"), solve(case, backend)
    assert (found.status, found.steps) == (reference.status, reference.steps)
    bound = CASES[case][4]
    for name, value in numbers(reference).items():
        scale = max(1.0, float(np.max(np.abs(value), initial=0)))
        assert np.max(np.abs(numbers(found)[name] - value), initial=0) <= bound * scale, name


@pytest.mark.parametrize(
    ("case", "backend"),
    [
        pytest.param(case, backend, marks=[pytest.mark.slow] if (case, backend) == ("fit_flow", "numba") else [])
        for backend in BACKENDS
        for case in CASES
    ],
)
def test_a_step_from_the_references_states_is_the_references(case, backend):
    runs = reference(case)
    for before, after in pairwise(runs):
        found = run_from(case, backend, after.total, before)
        assert (found.total, found.phase, found.status) == (after.total, after.phase, after.status)
        for made, expected in zip(found.states, after.states, strict=True):
            if expected.dtype.kind == "f":
                scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
                assert np.max(np.abs(made - expected), initial=0) <= BOUND * scale
            else:
                np.testing.assert_array_equal(made, expected)


@pytest.mark.slow
def test_the_derivative_through_the_solver_is_the_same_on_numba():
    reference, found = solve("fit_flow", "numpy"), solve("fit_flow", "numba")
    np.testing.assert_allclose(found.slope, reference.slope, rtol=1e-10)


@pytest.mark.parametrize("case", ["adabelief", "mlp"])
@pytest.mark.parametrize("backend", ["llvm", "numba", "jax"])
def test_single_precision_follows_double_to_its_rounding(case, backend):
    reference, found = numbers(solve(case, "numpy")), numbers(solve(case, backend, "float32"))
    for name, value in reference.items():
        scale = max(1.0, float(np.max(np.abs(value), initial=0)))
        assert np.max(np.abs(found[name] - value), initial=0) <= 5e-3 * scale, name


@pytest.mark.parametrize("backend", ["numpy", "llvm", "numba", "jax"])
def test_an_adaptive_solve_in_single_precision_keeps_its_tolerance(backend):
    spec = optgen.parse(
        "algorithm decay(z0)\n  data z0 : R[m]\n  state z : R[m] = z0\n  step i in 1..1\n"
        "    r = rk((z, t) -> -z, tsit5_a, tsit5_b, tsit5_error, tsit5_c, z = z0, h = 0.01, atol = 1e-4, rtol = 1e-4)\n"
        "    z' = r.z\n"
    )
    found = optgen.compile(spec, backend=backend, dtype="float32")(z0=np.array([1.0, 2.0], np.float32))
    assert found.z.dtype == np.float32
    np.testing.assert_allclose(found.z, np.exp(-1.0) * np.array([1, 2]), rtol=5e-4)


@pytest.mark.parametrize("backend", ["numpy", "numba", "jax", "llvm"])
def test_integers_and_uniforms_are_the_same_bits_everywhere(backend):
    spec = optgen.parse(
        "algorithm toss()\n  dim n = 1000\n  state i : R[n] = 0, u : R[n] = 0\n"
        "  step\n    draw a ~ index(1000003), v ~ uniform(n)\n    draw b[j] ~ index(1000003) for j in 1..n\n"
        "    i' = b + a\n    u' = v\n"
    )
    found = optgen.compile(spec, backend=backend)(steps=2, seed=11)
    known = optgen.compile(spec, backend="reference")(steps=2, seed=11)
    assert np.array_equal(found.i, known.i) and np.array_equal(found.u, known.u)


# ---------------------------------------------------------------- figures of the papers' sheets


def test_sinkhorn_newton_sparse_needs_the_published_number_of_steps():
    result = optgen.compile(optgen.specs.sinkhorn_newton_sparse)(**densities(200))
    assert result.status == "converged" and 35 <= result.steps <= 42 and result.err < 1e-12


def test_the_plan_is_the_one_of_an_optimal_transport_library():
    ot = pytest.importorskip("ot")
    inputs = {**densities(60), "eta": 100.0, "density": 0.5}
    result = optgen.compile(optgen.specs.sinkhorn_newton_sparse)(**inputs)
    plan = ot.sinkhorn(
        inputs["a"], inputs["b"], inputs["C"], reg=1 / 100, method="sinkhorn_log", stopThr=1e-13, numItermax=100000
    )
    np.testing.assert_allclose(result.P, plan, atol=1e-10)


def test_ef21_w_stops_after_the_measured_528_steps():
    result = optgen.compile(optgen.specs.ef21_w, algorithm="ef21_top1", problem="robust_regression")(**clients())
    assert result.status == "converged" and abs(result.steps - 528) <= 5


def test_newton_and_lbfgs_end_at_the_minimum_that_scipy_finds():
    from scipy.optimize import minimize

    data = regression()
    best = minimize(
        lambda x: logistic.value(data["A"], data["y"], x),
        np.zeros(30),
        jac=lambda x: logistic.gradient(data["A"], data["y"], x),
        method="BFGS",
        options={"gtol": 1e-10},
    )
    for name in ("newton_cg", "lbfgs"):
        result = optgen.compile(getattr(optgen.specs, name), problem="logistic")(**data, tol=1e-9)
        assert result.status == "converged"
        assert abs(result.objective - best.fun) < 1e-12


def test_adabelief_is_optax_step_for_step():
    optax = pytest.importorskip("optax")
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    data = regression()
    result = optgen.compile(optgen.specs.adabelief, problem="logistic")(**data, lr=1e-2, steps=50)
    tx = optax.adabelief(1e-2, 0.9, 0.999, eps=1e-16, eps_root=1e-16)
    x = jnp.zeros(30)
    state = tx.init(x)
    for _ in range(50):
        update, state = tx.update(jnp.asarray(logistic.gradient(data["A"], data["y"], np.asarray(x))), state, x)
        x = optax.apply_updates(x, update)
    np.testing.assert_allclose(result.x, x, atol=1e-13)


def test_the_derivative_through_the_adaptive_solver_is_the_slope_of_an_accurate_one():
    z0, target = np.array([1.0, 0.5, -0.3]), np.array([0.5, 0.4, 0.3])

    def misfit(p):
        field = lambda t, z: -p[0] * z + np.sin(5 * p[1] * t) * np.cos(z)
        end = solve_ivp(field, (0, 1), z0, rtol=1e-12, atol=1e-13).y[:, -1]
        return float(np.sum((end - target) ** 2))

    result = optgen.compile(optgen.specs.fit_flow)(z0=z0, target=target, steps=1)
    step = 1e-5
    slope = [
        (misfit([1 + step, 1]) - misfit([1 - step, 1])) / (2 * step),
        (misfit([1, 1 + step]) - misfit([1, 1 - step])) / (2 * step),
    ]
    np.testing.assert_allclose(result.slope[0], slope, rtol=1e-6)


def test_hmc_of_a_gaussian_has_its_moments():
    spec = optgen.parse("problem gauss\n  data v : R[d] > 0\n  var x : R[d]\n  minimize sum(i: x[i]^2/(2*v[i]))\n")
    text = spec.file.span.source.text + (optgen.specs.hmc.file.span.source.text)
    result = optgen.compile(optgen.parse(text), algorithm="hmc", problem="gauss")(
        v=[1.0, 4.0], h=0.3, leaps=12, steps=20000, seed=5
    )
    kept = result.position[1000:]
    assert result.accepted.mean() > 0.9
    np.testing.assert_allclose(kept.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(kept.var(0), [1, 4], rtol=0.1)


def test_the_perceptron_learns_the_digits():
    X, c = mlp.digits()
    order = np.random.default_rng(0).permutation(len(X))
    X, c = X[order], c[order]
    result = optgen.compile(optgen.specs.mlp, algorithm="adam", problem="classify")(
        X=X[:1400], c=c[:1400], lr=3e-3, batch=64, steps=800, seed=0
    )
    w = result.x
    scores = np.tanh(X[1400:] @ w["W1"].T + w["b1"]) @ w["W2"].T + w["b2"]
    assert np.mean(np.argmax(scores, 1) == c[1400:]) > 0.95


def test_an_objective_in_python_drives_the_same_method():
    from scipy.optimize import rosen, rosen_der, rosen_hess_prod

    f = optgen.objective(rosen, grad=rosen_der, hvp=rosen_hess_prod)
    start = -np.ones(6)
    for name in ("lbfgs", "newton_cg"):
        spec = getattr(optgen.specs, name)
        by_python = optgen.compile(spec, f=f)(x=start, steps=12)
        by_spec = optgen.compile(spec, problem="rosenbrock")(x=start, steps=12)
        np.testing.assert_allclose(by_python.x, by_spec.x, rtol=1e-8)


def test_an_objective_without_a_gradient_is_an_error_that_says_so():
    solver = optgen.compile(optgen.specs.adam, f=lambda x: float(x @ x))
    with pytest.raises(optgen.SpecError, match="needs grad of f"):
        solver(x=np.ones(3), steps=1)


def test_what_an_objective_raises_is_raised():
    def broken(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        optgen.compile(optgen.specs.adam, f=optgen.objective(broken, grad=broken))(x=np.ones(3), steps=1)


def test_a_misspelt_problem_is_told_the_nearest_name():
    with pytest.raises(optgen.SpecError, match=r"no problem logistc(.|\n)*did you mean logistic"):
        optgen.compile(optgen.specs.adam, problem="logistc")


def test_the_derivative_of_an_adaptive_call_for_each_member_is_its_slope():
    from scipy.linalg import expm

    spec = optgen.parse(
        "problem fit\n  data s : R[n, 2]\n  var w : R[2, 2]\n  let flow(z, t) = w @ z\n"
        "  let path(x) = rk(flow, tsit5_a, tsit5_b, tsit5_error, tsit5_c, z = x, h = 0.1, steps = 30)\n"
        "  minimize mean(i: sqnorm(path(s[i]).z))\n"
        "algorithm one(f)\n  state x : space(f)\n  step\n    x' = x - grad f(x)\n"
    )
    rng = np.random.default_rng(0)
    starts, w = rng.standard_normal((3, 2)), 0.5 * rng.standard_normal((2, 2))

    def value(w):
        return np.mean([np.sum((expm(w) @ s) ** 2) for s in starts])

    slope = np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        moved = np.zeros((2, 2))
        moved[place] = 1e-5
        slope[place] = (value(w + moved) - value(w - moved)) / 2e-5
    for backend in ("numpy", "llvm"):
        found = optgen.compile(spec, problem="fit", backend=backend)(s=starts, x=w, steps=1)
        np.testing.assert_allclose(w - found.x, slope, atol=1e-7)
