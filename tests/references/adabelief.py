"""AdaBelief (Zhuang et al., NeurIPS 2020, algorithm 2) and Adam (Kingma and Ba, ICLR 2015, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def adabelief_step(
    x: Array, m: Array, s: Array, g: Array, k: int,
    lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-16,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Step k = 1, 2, ... with gradient g at x: the new x, m, s."""
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * (g - m) ** 2 + eps
    x = x - lr * (m / (1 - beta1**k)) / (np.sqrt(s / (1 - beta2**k)) + eps)
    return x, m, s


def adam_step(
    x: Array, m: Array, v: Array, g: Array, k: int,
    lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Step k = 1, 2, ... with gradient g at x: the new x, m, v."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    x = x - lr * (m / (1 - beta1**k)) / (np.sqrt(v / (1 - beta2**k)) + eps)
    return x, m, v


Step = Callable[..., tuple[Array, Array, Array]]


def run(step: Step, gradient: Callable[[Array], Array], x: Array, steps: int, **params: float) -> Array:
    """The iterates 0..steps as rows."""
    path = [np.asarray(x, dtype=np.float64)]
    first, second = np.zeros_like(path[0]), np.zeros_like(path[0])
    for k in range(1, steps + 1):
        x, first, second = step(path[-1], first, second, gradient(path[-1]), k, **params)
        path.append(x)
    return np.array(path)
