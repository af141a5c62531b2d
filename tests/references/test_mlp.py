"""The perceptron: its gradient, its classes, and what training by Adam reaches on digits."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import mlp


def batches(seed: int, steps: int, size: int = 64, n: int = 1400):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, n, size) for _ in range(steps)]


def test_backpropagation_is_the_gradient_of_autodiff():
    jax = pytest.importorskip("jax")
    X, c = mlp.digits()
    X, c, w = X[:50], c[:50], mlp.initial(0)
    with jax.enable_x64(True):
        jnp = jax.numpy

        def loss(w):
            z = jnp.tanh(X @ w["W1"].T + w["b1"]) @ w["W2"].T + w["b2"]
            return jnp.mean(jax.nn.logsumexp(z, axis=1) - z[np.arange(50), c])

        assert mlp.loss(w, X, c) == pytest.approx(float(loss(w)), rel=1e-14)
        expected = jax.grad(loss)({name: jnp.asarray(value) for name, value in w.items()})
    for name, found in mlp.gradient(w, X, c).items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-10, atol=1e-14)


def test_backpropagation_is_the_slope_along_a_direction():
    X, c = mlp.digits()
    w, step = mlp.initial(1), 1e-5
    rng = np.random.default_rng(2)
    u = {name: rng.standard_normal(value.shape) for name, value in w.items()}
    there, back = ({name: w[name] + sign * step * u[name] for name in w} for sign in (1, -1))
    slope = (mlp.loss(there, X, c) - mlp.loss(back, X, c)) / (2 * step)
    assert sum(np.sum(g * u[name]) for name, g in mlp.gradient(w, X, c).items()) == pytest.approx(slope, rel=1e-6)


def test_an_untrained_network_knows_no_more_than_chance():
    X, c = mlp.digits()
    flat = {name: np.zeros_like(value) for name, value in mlp.initial(0).items()}
    assert mlp.loss(flat, X, c) == pytest.approx(np.log(10))


def test_training_by_adam_in_minibatches_reads_digits():
    X, c = mlp.digits()
    order = np.random.default_rng(0).permutation(len(c))
    X, c = X[order], c[order]
    w = mlp.train(mlp.initial(0), X[:1400], c[:1400], batches(0, 600), lr=3e-3)
    assert mlp.accuracy(w, X[1400:], c[1400:]) >= 0.95
    assert mlp.loss(w, X[:1400], c[:1400]) <= 0.06


def test_the_updates_are_those_of_optax():
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    X, c = mlp.digits()
    w = mlp.initial(0)
    chosen = batches(3, 20)
    found = mlp.train(w, X, c, chosen, lr=1e-3)
    with jax.enable_x64(True):
        method = optax.adam(1e-3)
        state = method.init(w)
        for batch in chosen:
            change, state = method.update(mlp.gradient(w, X[batch], c[batch]), state)
            w = {name: w[name] + np.asarray(change[name]) for name in w}
    for name, value in found.items():
        np.testing.assert_allclose(value, w[name], rtol=1e-10, atol=1e-14)
