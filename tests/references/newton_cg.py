"""Newton's method with conjugate gradients inside, from values, gradients and Hessian-vector products only.

Nocedal and Wright, Numerical Optimization, section 7.1: the inner solve is inexact (relative residual
min(0.1, sqrt|g|)) and starts from the last direction; the step is halved until Armijo's condition holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cg(product: Callable[[Array], Array], b: Array, x: Array, tol: float, steps: int) -> tuple[Array, int]:
    """Solve product(x) = b to |r| <= tol |b|, from x: the solution and the number of steps."""
    r = b - product(x)
    p = r
    for k in range(steps):
        if np.linalg.norm(r) <= tol * np.linalg.norm(b):
            return x, k
        q = product(p)
        t = np.sum(r * r) / np.dot(p, q)
        x = x + t * p
        new = r - t * q
        p = new + np.sum(new * new) / np.sum(r * r) * p
        r = new
    return x, steps


def first_halving(accept: Callable[[float], bool], most: int) -> int:
    """The first j in 0..most for which a step of length 2^-j is accepted."""
    for j in range(most + 1):
        if accept(2.0**-j):
            return j
    raise ArithmeticError(f"no step length down to 2^-{most} is accepted")


def armijo(value: Callable[[Array], float], x: Array, d: Array, slope: float, c: float, most: int) -> int:
    """The halvings after which f falls by at least c times the length times the slope g.d."""
    here = value(x)
    return first_halving(lambda t: value(x + t * d) <= here + c * t * slope, most)


@dataclass(frozen=True, slots=True)
class Path:
    """Iterates 0..K as rows, and for each step the direction, its halvings and its inner steps."""

    x: Array
    directions: Array
    halvings: list[int]
    inner: list[int]


def newton_cg(
    value: Callable[[Array], float],
    gradient: Callable[[Array], Array],
    hessian_product: Callable[[Array, Array], Array],
    x: Array,
    c: float = 1e-4,
    tol: float = 1e-6,
    steps: int = 1000,
) -> Path:
    """Run until |grad f(x)| <= tol."""
    xs, directions, halvings, inner = [x], [], [], []
    d = np.zeros_like(x)
    for _ in range(steps):
        x, g = xs[-1], gradient(xs[-1])
        size = float(np.linalg.norm(g))
        if size <= tol:
            break
        d, count = cg(partial(hessian_product, x), -g, d, min(0.1, np.sqrt(size)), 200)
        j = armijo(value, x, d, float(np.dot(g, d)), c, 40)
        xs.append(x + d / 2**j)
        directions.append(d)
        halvings.append(j)
        inner.append(count)
    return Path(np.array(xs), np.array(directions), halvings, inner)
