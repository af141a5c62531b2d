"""A perceptron with one hidden layer and softmax cross-entropy; backpropagation by hand, Adam in minibatches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tests.references.adabelief import adam_step

Array = NDArray[np.float64]
Weights = dict[str, Array]


def digits() -> tuple[Array, NDArray[np.int64]]:
    """The 1797 images, 64 pixels in [0, 1], and their classes 0..9."""
    from sklearn.datasets import load_digits

    features, classes = load_digits(return_X_y=True)
    return features / 16, classes


def initial(seed: int, d: int = 64, h: int = 100, q: int = 10) -> Weights:
    """Normal weights of deviation 1/sqrt(inputs), biases zero."""
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(0, 1 / np.sqrt(d), (h, d)), "b1": np.zeros(h),
        "W2": rng.normal(0, 1 / np.sqrt(h), (q, h)), "b2": np.zeros(q),
    }  # fmt: skip


def scores(w: Weights, X: Array) -> Array:
    """A row of scores an example."""
    return np.tanh(X @ w["W1"].T + w["b1"]) @ w["W2"].T + w["b2"]


def loss(w: Weights, X: Array, c: NDArray[np.int64]) -> float:
    """Mean cross-entropy."""
    z = scores(w, X)
    top = z.max(axis=1)
    return float(np.mean(top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - z[np.arange(len(c)), c]))


def gradient(w: Weights, X: Array, c: NDArray[np.int64]) -> Weights:
    """The gradient of the mean cross-entropy with respect to each weight."""
    hidden = np.tanh(X @ w["W1"].T + w["b1"])
    z = hidden @ w["W2"].T + w["b2"]
    z = np.exp(z - z.max(axis=1, keepdims=True))
    error = z / z.sum(axis=1, keepdims=True)
    error[np.arange(len(c)), c] -= 1
    error /= len(c)
    inner = (error @ w["W2"]) * (1 - hidden**2)
    return {"W1": inner.T @ X, "b1": inner.sum(axis=0), "W2": error.T @ hidden, "b2": error.sum(axis=0)}


def train(w: Weights, X: Array, c: NDArray[np.int64], batches: Iterable[NDArray[np.int64]], **params: float) -> Weights:
    """One Adam step for each vector of example numbers (from 0)."""
    m = {name: np.zeros_like(value) for name, value in w.items()}
    v = {name: np.zeros_like(value) for name, value in w.items()}
    for k, batch in enumerate(batches, start=1):
        g = gradient(w, X[batch], c[batch])
        updated = {name: adam_step(w[name], m[name], v[name], g[name], k, **params) for name in w}
        w, m, v = ({name: state[part] for name, state in updated.items()} for part in range(3))
    return w


def accuracy(w: Weights, X: Array, c: NDArray[np.int64]) -> float:
    return float(np.mean(scores(w, X).argmax(axis=1) == c))
