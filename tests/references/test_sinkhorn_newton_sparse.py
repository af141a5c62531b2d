"""Sinkhorn-Newton-Sparse: the fact sheet's counts, and the plan that POT finds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import sinkhorn_newton_sparse as sns

CASES = {  # problem, eta, warm-up, density, Newton steps
    "line": (lambda: sns.two_densities(200), 1200, 20, 40 / 200, 18),
    "digits": (lambda: sns.two_digits(2), 1200, 20, 5 / 64, 18),
    "assignment 200": (lambda: sns.assignment(200), 1200, 20, 5 / 200, 16),
}


@pytest.mark.parametrize("name", CASES)
def test_newton_takes_the_measured_number_of_steps_to_machine_precision(name):
    make, eta, warm, density, expected = CASES[name]
    found = sns.solve(*make(), eta, warm, density)
    assert found.errors[-1] <= 1e-12
    assert abs(found.newton_steps - expected) <= 1


def test_an_assignment_of_500_takes_ten_newton_steps():
    found = sns.solve(*sns.assignment(500), 1200, 20, 5 / 500)
    assert abs(found.newton_steps - 10) <= 1
    assert 3000 < found.inner < 4200


def test_the_one_norm_between_digits_takes_28_newton_steps():
    found = sns.solve(*sns.two_digits(1), 400, 100, 15 / 64)
    assert abs(found.newton_steps - 28) <= 2


def test_the_potential_never_falls_though_the_marginal_error_may_rise():
    found = sns.solve(*sns.two_densities(200), 1200, 20, 40 / 200)
    assert np.all(np.diff(found.potentials) >= -1e-13)
    assert np.any(np.diff(found.errors) > 0)


def test_a_sinkhorn_half_step_meets_its_marginal_exactly():
    C, a, b = sns.two_digits(2)
    y = np.linspace(-0.1, 0.1, 64)
    x, y_new = sns.sinkhorn_step(C, a, b, y, 100)
    np.testing.assert_allclose(sns.plan(C, x, y, 100).sum(axis=1), a, rtol=1e-11)
    np.testing.assert_allclose(sns.plan(C, x, y_new, 100).sum(axis=0), b, rtol=1e-11)


def test_the_plan_is_that_of_pot():
    ot = pytest.importorskip("ot")
    C, a, b = sns.two_digits(2)
    found = sns.solve(C, a, b, 100, 20, 20 / 64)
    peer = ot.sinkhorn(a, b, C, reg=1 / 100, method="sinkhorn_log", stopThr=1e-13, numItermax=20000)
    np.testing.assert_allclose(sns.plan(C, found.x, found.y, 100), peer, atol=1e-11)
