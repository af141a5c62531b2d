"""Compiled specs compute, iterate by iterate, what the same methods written by hand in NumPy do."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import optgen
from tests.references import draws, ef21_w, hmc, lbfgs, logistic, mlp, newton_cg, runge_kutta
from tests.references import sinkhorn_newton_sparse as sns
from tests.references.adabelief import adabelief_step, adam_step, run

SPECS = optgen.specs


@pytest.fixture(scope="module")
def cancer():
    A, y = logistic.breast_cancer()
    parts = (partial(part, A, y) for part in (logistic.value, logistic.gradient, logistic.hessian_product))
    return SimpleNamespace(data={"A": A, "y": y}, parts=tuple(parts))


@pytest.mark.parametrize(("name", "step"), [("adabelief", adabelief_step), ("adam", adam_step)])
def test_adaptive_methods_on_logistic_regression(cancer, name, step):
    found = optgen.compile(getattr(SPECS, name), problem="logistic")(**cancer.data, lr=1e-2, steps=300)
    path = run(step, cancer.parts[1], np.zeros(30), 300, lr=1e-2)
    np.testing.assert_allclose(found.x, path[-1], atol=1e-12)
    np.testing.assert_allclose(found.loss, [cancer.parts[0](x) for x in path], rtol=1e-11)


def test_newton_cg_on_logistic_regression(cancer):
    solver, start = optgen.compile(SPECS.newton_cg, problem="logistic"), np.full(30, 0.5)
    path = newton_cg.newton_cg(*cancer.parts, start)
    assert max(path.halvings[:4]) > 0  # shortened steps are among those compared
    for steps in (1, 2, 4):
        found = solver(**cancer.data, x=start, steps=steps)
        np.testing.assert_allclose(found.x, path.x[steps], atol=1e-9)
        np.testing.assert_allclose(found.d, path.directions[steps - 1], atol=1e-9)
    whole = solver(**cancer.data, x=start)
    assert whole.steps == len(path.inner)
    np.testing.assert_allclose(whole.loss, [cancer.parts[0](x) for x in path.x], rtol=1e-9)


def test_lbfgs_on_rosenbrock():
    solver = optgen.compile(SPECS.lbfgs, problem="rosenbrock")
    path = lbfgs.lbfgs(lbfgs.rosenbrock, lbfgs.rosenbrock_gradient, np.full(10, -1.0))
    for steps in (1, 5, 20, len(path) - 1):
        found = solver(n=10, steps=steps)
        np.testing.assert_allclose(found.x, path[steps], atol=1e-9)
    assert solver(n=10).steps == len(path) - 1


@pytest.mark.parametrize(("make", "density"), [(sns.two_densities, 0.3), (sns.assignment, 0.1)])
def test_sinkhorn_newton_sparse(make, density):
    C, a, b = make(60)
    solver = optgen.compile(SPECS.sinkhorn_newton_sparse)
    inputs = {"C": C, "a": a, "b": b, "eta": 400, "density": density, "tol": 1e-12}
    expected = sns.solve(C, a, b, 400, 20, density)
    found = solver(**inputs)
    assert found.status == "converged" and found.steps == 20 + expected.newton_steps
    np.testing.assert_allclose(found.potential[20:], expected.potentials, atol=1e-12)
    np.testing.assert_allclose(sns.plan(C, found.x, found.y, 400), sns.plan(C, expected.x, expected.y, 400), atol=1e-11)


@pytest.mark.parametrize("spread", [0, 1])
def test_ef21_w_to_its_end(spread):
    clients = ef21_w.synthetic(spread)
    L, each = clients.smoothness()
    gam = ef21_w.step_sizes(L, each, 0.1)[1]
    expected = ef21_w.run(clients, each / each.sum(), ef21_w.top_k(1), gam, np.zeros(10))
    solver = optgen.compile(SPECS.ef21_w, algorithm="ef21_top1", problem="robust_regression")
    found = solver(A=clients.A, b=clients.b, alpha=0.1, tol=1e-4)
    assert found.steps == expected.steps
    np.testing.assert_allclose(found.x, expected.x[-1], atol=1e-10)
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-7)


TABLEAU = {"a": runge_kutta.TSIT5_A, "b": runge_kutta.TSIT5_B, "bt": runge_kutta.TSIT5_BT, "c": runge_kutta.TSIT5_C}


@pytest.mark.parametrize("backend", ["numpy", "llvm", "numba", "jax"])
def test_every_accepted_and_rejected_step_of_an_adaptive_solve(backend):
    spec = optgen.parse(
        "function swing(z : R[m], t : R) -> R[m] = cos(3*t) - sin(z) + 0.3*sum(z)*cos(t)\nswinging = rk(f = swing)\n"
    )
    start = np.array([1.0, 0.0, -2.0])
    # the error is a difference of nearly equal numbers, so its rounding against the tolerance is in every step size
    rough = {"atol": 1e-4, "rtol": 1e-4}
    found = optgen.compile(spec, algorithm="swinging", backend=backend)(z=start, tend=10.0, **TABLEAU, **rough)
    path = runge_kutta.solve(lambda z, t: np.cos(3 * t) - np.sin(z) + 0.3 * z.sum() * np.cos(t), start, 10.0, **rough)
    assert not all(path.accepted)
    np.testing.assert_array_equal(found.ok, path.accepted)
    np.testing.assert_allclose(found.ts, path.ts, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.zs, path.zs, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.z, path.z, rtol=1e-10, atol=1e-10)


def test_the_gradient_of_a_neural_flow_through_the_solver_and_its_error_estimate():
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    starts, goals = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    found = optgen.compile(SPECS.gradient_descent, problem="neural_flow")(
        starts=starts, goals=goals, reg=1.0, tight=1e-5, lr=1.0, steps=1
    )
    w = {
        "W1": draws.normals(0, "neural_flow/w/drift/W1", (), 16).reshape(8, 2), "b1": np.zeros(8),
        "W2": draws.normals(0, "neural_flow/w/drift/W2", (), 16).reshape(2, 8) / np.sqrt(8), "b2": np.zeros(2),
    }  # fmt: skip
    with jax.enable_x64(True):
        jnp = jax.numpy

        def loss(w):
            def flow(z, t):
                return (jnp.tanh(z.reshape(2, 4).T @ w["W1"].T + w["b1"]) @ w["W2"].T + w["b2"]).T.ravel()

            z = jnp.asarray(starts.T.ravel())
            path = runge_kutta.solve(flow, z, 1.0, h=0.25, atol=1e-5, rtol=1e-5, np=jnp)
            return jnp.sum((path.z - goals.T.ravel()) ** 2) / 4 + path.errors[0] * path.hs[0]

        value, slope = jax.value_and_grad(loss)({name: jnp.asarray(leaf) for name, leaf in w.items()})
    assert found.loss[0] == pytest.approx(float(value), rel=1e-10)
    for name, leaf in w.items():
        np.testing.assert_allclose(leaf - found.x[name], slope[name], rtol=1e-7, atol=1e-10)


def test_hamiltonian_monte_carlo_with_the_same_random_numbers(cancer):
    steps, seed, reg = 40, 7, 1.0
    solver = optgen.compile(SPECS.hmc, problem="logistic")
    found = solver(**cancer.data, reg=reg, h=0.8, leaps=8, steps=steps, seed=seed)
    fed = [
        (draws.normals(seed, "hmc/v", (k,), 30), float(draws.uniforms(seed, "hmc/u", (k,), 1)[0])) for k in range(steps)
    ]
    energy, slope = (partial(part, reg=reg) for part in cancer.parts[:2])
    chain = hmc.run(energy, slope, np.zeros(30), fed, h=0.8, leaps=8)
    assert 0 < chain.accepted.sum() < steps
    np.testing.assert_array_equal(found.accepted, chain.accepted)
    np.testing.assert_allclose(found.position, chain.x, atol=1e-9)


def test_a_perceptron_trained_on_the_same_minibatches():
    X, c = mlp.digits()
    X, c, seed, steps, batch = X[:300], c[:300], 5, 25, 16
    found = optgen.compile(SPECS.mlp, algorithm="adam", problem="classify")(
        X=X, c=c, lr=3e-3, batch=batch, steps=steps, seed=seed
    )
    place = "classify/w/mlp/"
    w = {
        "W1": draws.normals(seed, place + "W1", (), 6400).reshape(100, 64) / 8, "b1": np.zeros(100),
        "W2": draws.normals(seed, place + "W2", (), 1000).reshape(10, 100) / 10, "b2": np.zeros(10),
    }  # fmt: skip
    batches = [draws.indices(seed, "adam/sample of f", (k,), batch, 300) for k in range(steps)]
    assert found.loss[0] == pytest.approx(mlp.loss(w, X, c), rel=1e-12)
    trained = mlp.train(w, X, c, batches, lr=3e-3)
    for name, value in trained.items():
        np.testing.assert_allclose(found.x[name], value, atol=1e-9)
