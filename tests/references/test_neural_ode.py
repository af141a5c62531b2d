"""Local regularisation: the adjoints are slopes, and training with it makes a flow that is cheaper to solve."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import mlp
from tests.references import neural_ode as node


def perturbed(w, u, step):
    return {name: value + step * u[name] for name, value in w.items()}


@pytest.fixture(scope="module")
def setting():
    X, c = mlp.digits()
    w, rng = node.initial(0), np.random.default_rng(1)
    return X[:8], c[:8], w, {name: rng.standard_normal(value.shape) for name, value in w.items()}


def test_the_adjoint_of_the_local_error_is_its_slope(setting):
    X, _, w, u = setting
    g = {name: np.zeros_like(value) for name, value in w.items()}
    node.local_error_adjoint(w, X, 0.2, 0.3, 1.0, g)
    there, back = (node.local_error(perturbed(w, u, step), X, 0.2, 0.3) for step in (1e-6, -1e-6))
    assert sum(np.sum(g[name] * u[name]) for name in w) == pytest.approx((there - back) / 2e-6, rel=1e-4)


def test_the_adjoint_of_the_flow_is_the_slope_of_the_loss(setting):
    X, c, w, u = setting

    def loss(w):
        scores = node.flow(w, X).z @ w["W3"] + w["b3"]
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(c)), c])

    g, count = node.gradient(w, X, c, 0, np.random.default_rng(0))
    slope = (loss(perturbed(w, u, 1e-5)) - loss(perturbed(w, u, -1e-5))) / 2e-5
    assert sum(np.sum(g[name] * u[name]) for name in w) == pytest.approx(slope, rel=1e-5)
    assert count > 8


@pytest.mark.slow
def test_regularised_training_saves_two_fifths_of_the_evaluations_and_costs_at_most_two_points_of_accuracy():
    plain, regularised = node.train(0, 0.0), node.train(0, 0.6)
    assert abs(plain[0] - 86) <= 6 and abs(plain[1] - 0.972) <= 0.01
    assert plain[2] == pytest.approx(15346, rel=0.05)
    assert regularised[0] <= 0.6 * plain[0]
    assert regularised[1] >= plain[1] - 0.02
    assert regularised[2] < plain[2]
