"""Hamiltonian Monte Carlo: what leapfrog keeps, and the moments of the laws it samples."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import hmc, logistic

PRECISION = np.array([[2.0, 0.6], [0.6, 0.5]])


def gaussian(q):
    return q @ PRECISION @ q / 2


def gaussian_gradient(q):
    return PRECISION @ q


def test_leapfrog_goes_back_when_the_momentum_is_turned_round():
    q, p = np.array([1.0, -2.0]), np.array([0.3, 0.7])
    q1, p1 = hmc.leapfrog(gaussian_gradient, q, p, 0.2, 15)
    q2, p2 = hmc.leapfrog(gaussian_gradient, q1, -p1, 0.2, 15)
    np.testing.assert_allclose((q2, -p2), (q, p), atol=1e-13)


def test_leapfrog_keeps_volume():
    def flow(z):
        return np.concatenate(hmc.leapfrog(np.sinh, z[:2], z[2:], 0.2, 5))

    z, h = np.array([0.3, -0.8, 0.5, 0.1]), 1e-6
    jacobian = np.stack([(flow(z + e) - flow(z - e)) / (2 * h) for e in h * np.eye(4)], axis=1)
    assert np.linalg.det(jacobian) == pytest.approx(1, abs=1e-7)


def test_the_change_of_energy_is_of_second_order_in_the_step():
    q, p = np.array([1.0, -2.0]), np.array([0.3, 0.7])

    def change(h, leaps):
        q1, p1 = hmc.leapfrog(gaussian_gradient, q, p, h, leaps)
        return gaussian(q1) + p1 @ p1 / 2 - gaussian(q) - p @ p / 2

    assert change(0.02, 50) / change(0.01, 100) == pytest.approx(4, rel=0.05)


def test_a_gaussian_has_its_mean_and_covariance():
    chain = hmc.run(gaussian, gaussian_gradient, np.zeros(2), hmc.numpy_draws(0, 6000, 2), h=0.3, leaps=8)
    assert 0.7 < chain.accepted.mean() < 1
    np.testing.assert_allclose(chain.x.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(np.cov(chain.x.T), np.linalg.inv(PRECISION), rtol=0.1, atol=0.05)


def test_minus_the_energy_change_has_exponential_mean_one_in_equilibrium():
    chain = hmc.run(gaussian, gaussian_gradient, np.zeros(2), hmc.numpy_draws(1, 6000, 2), h=0.3, leaps=8)
    assert np.mean(np.exp(chain.drop[100:])) == pytest.approx(1, abs=0.05)


def test_a_bayesian_logistic_regression_has_the_mean_of_a_grid():
    A, y = logistic.breast_cancer()
    A, y = A[:60, :2], y[:60]  # two features and unit normal priors: the posterior can be summed on a grid

    def energy(x):
        return 60 * logistic.value(A, y, x, reg=1 / 60)

    def slope(x):
        return 60 * logistic.gradient(A, y, x, reg=1 / 60)

    axis = np.linspace(-5, 3, 121)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    heights = np.log1p(np.exp(-y * (grid @ A.T))).sum(axis=1) + (grid**2).sum(axis=1) / 2
    weights = np.exp(heights.min() - heights)
    weights /= weights.sum()
    mean = weights @ grid
    deviation = np.sqrt(weights @ (grid - mean) ** 2)
    chain = hmc.run(energy, slope, np.zeros(2), hmc.numpy_draws(0, 4000, 2), h=0.15, leaps=10)
    np.testing.assert_allclose(chain.x[100:].mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(chain.x[100:].std(axis=0), deviation, rtol=0.1)
