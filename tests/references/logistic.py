"""L2-regularised logistic regression, its derivatives and a real data set for it.

f(x) = mean_i log(1 + exp(-y_i A_i.x)) + reg/2 |x|^2,   y_i in {-1, 1}
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def breast_cancer() -> tuple[Array, Array]:
    """The 569 x 30 standardised features and the labels in {-1, 1} (0 of the source, malignant, is -1)."""
    from sklearn.datasets import load_breast_cancer

    features, classes = load_breast_cancer(return_X_y=True)
    return (features - features.mean(axis=0)) / features.std(axis=0), np.where(classes == 0, -1.0, 1.0)


def value(A: Array, y: Array, x: Array, reg: float = 1e-3) -> float:
    """f at x; inf where an exponential overflows, which a line search then refuses."""
    with np.errstate(over="ignore"):
        losses = np.log1p(np.exp(-y * (A @ x)))
    return float(np.mean(losses) + reg / 2 * np.sum(x * x))


def gradient(A: Array, y: Array, x: Array, reg: float = 1e-3) -> Array:
    wrong = 1 / (1 + np.exp(y * (A @ x)))  # the probability of the other label
    return -A.T @ (y * wrong) / len(y) + reg * x


def hessian_product(A: Array, y: Array, x: Array, v: Array, reg: float = 1e-3) -> Array:
    """The Hessian at x times v; the matrix is not formed."""
    wrong = 1 / (1 + np.exp(y * (A @ x)))
    return A.T @ (wrong * (1 - wrong) * (A @ v)) / len(y) + reg * v
