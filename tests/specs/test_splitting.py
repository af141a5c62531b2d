"""Splitting methods find the one minimiser of a problem whose answer is known, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

import optgen

STEPS = {"proximal_gradient": {"lr": 0.5}, "douglas_rachford": {}, "admm": {"rho": 2.0}}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("backend", ["numpy", "llvm", "numba", "jax"])
def test_the_soft_fit_is_the_data_moved_towards_zero(name, backend):
    b = np.random.default_rng(1).normal(size=6)
    run = optgen.compile(getattr(optgen.specs, name), problem="soft_fit", backend=backend)
    result = run(b=b, reg=0.5, steps=5000, tol=1e-12, **STEPS[name])
    assert result.status == "converged"
    assert np.allclose(result.x, np.sign(b) * np.maximum(np.abs(b) - 0.5, 0), atol=1e-11)


def test_the_lasso_satisfies_its_optimality_conditions():
    chance = np.random.default_rng(0)
    A, b = chance.normal(size=(20, 8)), chance.normal(size=20)
    run = optgen.compile(optgen.specs.proximal_gradient, problem="lasso")
    x = run(A=A, b=b, reg=2.0, lr=1 / np.linalg.eigvalsh(A.T @ A)[-1], steps=5000, tol=1e-13).x
    slope = A.T @ (A @ x - b)
    assert np.all(np.abs(slope[x == 0]) <= 2)
    assert np.allclose(slope[x != 0], -2 * np.sign(x[x != 0]), atol=1e-9)
