"""Newton with conjugate gradients and L-BFGS reach the optimum that SciPy finds."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from tests.references import logistic
from tests.references.lbfgs import lbfgs, rosenbrock, rosenbrock_gradient
from tests.references.newton_cg import cg, first_halving, newton_cg

optimize = pytest.importorskip("scipy.optimize")


@pytest.fixture(scope="module")
def cancer():
    A, y = logistic.breast_cancer()
    f, g, h = (partial(part, A, y) for part in (logistic.value, logistic.gradient, logistic.hessian_product))
    peer = optimize.minimize(
        f, np.zeros(30), jac=g, hessp=h, method="trust-ncg", options={"gtol": 1e-12, "maxiter": 1000}
    )
    return f, g, h, peer


def test_conjugate_gradients_solve_a_system_in_as_many_steps_as_it_has_dimensions():
    B = np.random.default_rng(0).standard_normal((8, 8))
    A, b = B @ B.T + np.eye(8), np.arange(1.0, 9)
    x, steps = cg(lambda v: A @ v, b, np.zeros(8), 1e-10, 50)
    assert steps <= 9
    np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-8)


def test_newton_cg_finds_the_optimum_of_logistic_regression(cancer):
    f, g, h, peer = cancer
    path = newton_cg(f, g, h, np.zeros(30), tol=1e-9)
    assert len(path.inner) <= 15
    assert f(path.x[-1]) == pytest.approx(peer.fun, rel=1e-13)
    np.testing.assert_allclose(path.x[-1], peer.x, atol=1e-6)


def test_newton_cg_descends_in_every_step_and_takes_full_steps_at_the_end(cancer):
    f, g, h, _ = cancer
    path = newton_cg(f, g, h, np.full(30, 0.5))
    values = [f(x) for x in path.x]
    assert all(later < earlier for earlier, later in pairwise(values))
    assert max(path.halvings) > 0 and path.halvings[-1] == 0


def test_lbfgs_finds_the_optimum_of_logistic_regression(cancer):
    f, g, _, peer = cancer
    path = lbfgs(f, g, np.zeros(30), tol=1e-9)
    assert f(path[-1]) == pytest.approx(peer.fun, rel=1e-13)
    np.testing.assert_allclose(path[-1], peer.x, atol=1e-6)


def test_lbfgs_finds_the_optimum_of_rosenbrock_in_ten_dimensions_about_as_fast_as_scipy():
    start = np.full(10, -1.0)
    peer = optimize.minimize(
        rosenbrock, start, jac=rosenbrock_gradient, method="L-BFGS-B", options={"gtol": 1e-9, "ftol": 0}
    )
    path = lbfgs(rosenbrock, rosenbrock_gradient, start)
    assert np.linalg.norm(rosenbrock_gradient(path[-1])) <= 1e-6
    np.testing.assert_allclose(path[-1], np.ones(10), atol=1e-6)
    np.testing.assert_allclose(peer.x, np.ones(10), atol=1e-6)
    assert len(path) - 1 <= 2 * peer.nit


def test_the_rosenbrock_gradient_is_the_slope():
    x = np.linspace(-1, 1, 10)
    assert optimize.check_grad(rosenbrock, rosenbrock_gradient, x) < 1e-4


def test_a_search_in_which_nothing_is_accepted_fails():
    with pytest.raises(ArithmeticError):
        first_halving(lambda t: False, 40)
