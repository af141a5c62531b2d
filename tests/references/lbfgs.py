"""L-BFGS with the two-loop recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4).

Step lengths 1, 1/2, 1/4, ... until Armijo's condition holds.  That condition alone does not make the curvature s.y
positive, so a pair is kept only if s.y > 1e-12 |y|^2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.references.newton_cg import armijo

Array = NDArray[np.float64]
Pair = tuple[Array, Array]


def direction(g: Array, pairs: list[Pair]) -> Array:
    """Minus the inverse Hessian's estimate times g; `pairs` are (step, change of gradient), newest first."""
    q, a = g, list[float]()
    for s, y in pairs:
        a.append(float(np.dot(s, q) / np.dot(s, y)))
        q = q - a[-1] * y
    if pairs:
        s, y = pairs[0]
        gamma = float(np.dot(s, y) / np.sum(y * y))
    else:
        gamma = 1 / max(float(np.linalg.norm(g)), 1.0)
    r: Array = gamma * q
    for (s, y), ai in zip(reversed(pairs), reversed(a), strict=True):
        r = r + (ai - np.dot(y, r) / np.dot(s, y)) * s
    return -r


def lbfgs(
    value: Callable[[Array], float],
    gradient: Callable[[Array], Array],
    x: Array,
    memory: int = 10,
    c: float = 1e-4,
    tol: float = 1e-6,
    steps: int = 1000,
) -> Array:
    """The iterates as rows, until |grad f(x)| <= tol."""
    xs, g, pairs = [x], gradient(x), list[Pair]()
    for _ in range(steps):
        if np.linalg.norm(g) <= tol:
            break
        d = direction(g, pairs)
        j = armijo(value, xs[-1], d, float(np.dot(g, d)), c, 50)
        xs.append(xs[-1] + d / 2**j)
        new = gradient(xs[-1])
        s, y = xs[-1] - xs[-2], new - g
        if np.dot(s, y) > 1e-12 * np.sum(y * y):
            pairs = [(s, y), *pairs][:memory]
        g = new
    return np.array(xs)


def rosenbrock(x: Array) -> float:
    """The chained Rosenbrock function."""
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rosenbrock_gradient(x: Array) -> Array:
    valley = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * valley - 2 * (1 - x[:-1])
    g[1:] += 200 * valley
    return g
