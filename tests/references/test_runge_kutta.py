"""Tsit5: its order, SciPy's solutions, and the derivative of a whole adaptive solve."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import runge_kutta as rk


def pendulum(z, t):
    return np.array([z[1], -np.sin(z[0]) + 0.1 * np.cos(t)])


def test_the_weights_satisfy_all_order_conditions_up_to_five():
    assert max(abs(residual) for residual in rk.order_conditions(rk.TSIT5_B).values()) < 1e-14
    np.testing.assert_allclose(rk.TSIT5_A.sum(axis=1), rk.TSIT5_C, atol=1e-14)


def test_the_error_weights_compare_with_a_method_of_order_four_and_not_five():
    residuals = rk.order_conditions(rk.TSIT5_B - rk.TSIT5_BT)
    assert all(abs(residuals[name]) < 1e-14 for name in ("1", "c", "c2", "Ac", "c3"))
    assert residuals["c4"] == pytest.approx(5.8e-4, abs=1e-5) or residuals["c4"] == pytest.approx(-5.8e-4, abs=1e-5)


def test_the_error_of_one_step_is_of_sixth_order():
    exact, errors = (lambda h: np.array([np.cos(h), -np.sin(h)])), []
    for h in (0.2, 0.1):
        y, _ = rk.step(lambda z, t: np.array([z[1], -z[0]]), np.array([1.0, 0.0]), 0.0, h, 1e-8, 1e-8)
        errors.append(np.linalg.norm(y - exact(h)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(6, abs=0.5)


def test_an_adaptive_solve_ends_where_scipy_does():
    integrate = pytest.importorskip("scipy.integrate")
    start = np.array([1.0, 0.0])
    path = rk.solve(pendulum, start, 10.0, atol=1e-10, rtol=1e-10)
    peer = integrate.solve_ivp(lambda t, z: pendulum(z, t), (0, 10), start, method="DOP853", rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(path.z, peer.y[:, -1], atol=1e-8)


def test_a_first_step_that_is_far_too_long_is_rejected_until_it_fits():
    path = rk.solve(pendulum, np.array([1.0, 0.0]), 10.0, h=10.0)
    assert not path.accepted[0] and path.accepted[-1]
    assert sum(h for h, ok in zip(path.hs, path.accepted, strict=True) if ok) == pytest.approx(10)
    assert all(h2 < h1 for h1, h2, ok in zip(path.hs, path.hs[1:], path.accepted, strict=False) if not ok)


def decay(theta, z, np=np):
    """A damped rotation with two parameters."""
    return np.stack([-theta[0] * z[0] + theta[1] * z[1], -theta[1] * z[0] - theta[0] * z[1]])


def misfit(theta, np=np, **options):
    """Distance of the end of the flow from the end for (0.5, 2)."""
    turn = np.exp(-0.5) * np.array([np.cos(2.0), -np.sin(2.0)])
    end = rk.solve(lambda z, t: decay(theta, z, np), np.array([1.0, 0.0]), 1.0, np=np, **options).z
    return np.sum((end - turn) ** 2)


def test_the_derivative_through_accepted_and_rejected_steps_is_the_slope():
    jax = pytest.importorskip("jax")
    theta, h = np.array([0.3, 1.5]), 1e-5
    with jax.enable_x64(True):
        found = jax.grad(lambda theta: misfit(theta, jax.numpy, h=1.0))(jax.numpy.asarray(theta))
    slopes = [(misfit(theta + e, h=1.0) - misfit(theta - e, h=1.0)) / (2 * h) for e in h * np.eye(2)]
    np.testing.assert_allclose(found, slopes, rtol=1e-5)


def test_descent_through_the_solver_finds_the_parameters():
    jax = pytest.importorskip("jax")
    optimize = pytest.importorskip("scipy.optimize")
    rough = {"atol": 1e-3, "rtol": 1e-3, "h": 0.5}
    with jax.enable_x64(True):
        both = jax.value_and_grad(lambda theta: misfit(theta, jax.numpy, **rough))
        found = optimize.minimize(
            lambda theta: tuple(np.asarray(part, dtype=float) for part in both(jax.numpy.asarray(theta))),
            np.array([0.3, 1.5]), jac=True, method="BFGS", options={"maxiter": 8},
        )  # fmt: skip
    np.testing.assert_allclose(found.x, [0.5, 2], atol=2e-3)
