"""Entropic optimal transport: Sinkhorn scalings, then Newton with a thresholded Hessian (Tang et al., ICLR 2024).

max_{x, y}  F(x, y) = a.x + b.y - 1/eta sum_ij P_ij,   P_ij = exp(eta (x_i + y_j - C_ij) - 1)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tests.references.newton_cg import first_halving

Array = NDArray[np.float64]


def log_sum_exp(values: Array, axis: int) -> Array:
    top = values.max(axis=axis)
    return np.asarray(top + np.log(np.exp(values - np.expand_dims(top, axis)).sum(axis=axis)))


def plan(C: Array, x: Array, y: Array, eta: float) -> Array:
    return np.exp(eta * (x[:, None] + y[None, :] - C) - 1)


def potential(C: Array, a: Array, b: Array, x: Array, y: Array, eta: float) -> float:
    with np.errstate(over="ignore"):  # a trial step may overflow: its potential is -inf, and it is refused
        return float(a @ x + b @ y - plan(C, x, y, eta).sum() / eta)


def marginal_error(C: Array, a: Array, b: Array, x: Array, y: Array, eta: float) -> float:
    P = plan(C, x, y, eta)
    return float(np.abs(P.sum(axis=1) - a).sum() + np.abs(P.sum(axis=0) - b).sum())


def sinkhorn_step(C: Array, a: Array, b: Array, y: Array, eta: float) -> tuple[Array, Array]:
    """The best x given y, then the best y given that x."""
    x = (np.log(a) + 1 - log_sum_exp(eta * (y[None, :] - C), 1)) / eta
    return x, (np.log(b) + 1 - log_sum_exp(eta * (x[:, None] - C), 0)) / eta


def pcg(product: Callable[[Array], Array], b: Array, diagonal: Array, tol: float, steps: int) -> tuple[Array, int]:
    """Conjugate gradients from 0, preconditioned by a diagonal: the solution and the number of steps."""
    x, r = np.zeros_like(b), b
    z = r / diagonal
    p = z
    for k in range(steps):
        if np.linalg.norm(r) <= tol * np.linalg.norm(b):
            return x, k
        q = product(p)
        t = np.dot(r, z) / np.dot(p, q)
        x = x + t * p
        new = r - t * q
        z_new = new / diagonal
        p = z_new + np.dot(new, z_new) / np.dot(r, z) * p
        r, z = new, z_new
    return x, steps


def newton_step(
    C: Array, a: Array, b: Array, x: Array, y: Array, eta: float, density: float
) -> tuple[Array, Array, int]:
    """One Newton step: the new x and y, and the steps of conjugate gradients."""
    n, m = C.shape
    P = plan(C, x, y, eta)
    u, v = P.sum(axis=1), P.sum(axis=0)
    kept = ceil(density * n * m)
    threshold = np.partition(P, -kept, axis=None)[-kept]
    S = np.where(threshold <= P, P, 0)

    def product(d: Array) -> Array:
        p, q = d[:n], d[n:]
        return eta * np.concatenate([u * p + S @ q, S.T @ p + v * q])

    g = np.concatenate([a - u, b - v])
    d, inner = pcg(product, g, eta * np.concatenate([u, v]), 1e-10, 2000)
    p, q = d[:n], d[n:]
    here, slope = potential(C, a, b, x, y, eta), float(np.dot(g, d))
    slack = 1e-14 * max(1.0, abs(here))
    j = first_halving(lambda t: potential(C, a, b, x + t * p, y + t * q, eta) >= here + 1e-4 * t * slope - slack, 40)
    return x + p / 2**j, y + q / 2**j, inner


@dataclass(frozen=True, slots=True)
class Run:
    """Potentials, marginal errors and values of the potential after each Newton step, the first before any."""

    x: Array
    y: Array
    errors: list[float]
    potentials: list[float]
    inner: int

    @property
    def newton_steps(self) -> int:
        return len(self.errors) - 1


def solve(
    C: Array, a: Array, b: Array, eta: float, warm: int = 20, density: float | None = None,
    tol: float = 1e-12, steps: int = 100,
) -> Run:  # fmt: skip
    """`warm` Sinkhorn steps, then Newton until the marginals are met to `tol` in the 1-norm."""
    density = 2 / len(a) if density is None else density
    x, y, total = np.zeros_like(a), np.zeros_like(b), 0
    for _ in range(warm):
        x, y = sinkhorn_step(C, a, b, y, eta)
    errors, potentials = [marginal_error(C, a, b, x, y, eta)], [potential(C, a, b, x, y, eta)]
    while errors[-1] > tol and len(errors) <= steps:
        x, y, inner = newton_step(C, a, b, x, y, eta, density)
        total += inner
        errors.append(marginal_error(C, a, b, x, y, eta))
        potentials.append(potential(C, a, b, x, y, eta))
    return Run(x, y, errors, potentials, total)


def assignment(n: int) -> tuple[Array, Array, Array]:
    """Random costs, uniform marginals."""
    return np.random.default_rng(0).random((n, n)), np.full(n, 1 / n), np.full(n, 1 / n)


def two_densities(n: int) -> tuple[Array, Array, Array]:
    """Squared distance on a line; one density has two bumps, the other a broad one."""
    t = (np.arange(n) + 0.5) / n
    a = 0.2 + np.exp(-(((t - 0.25) / 0.08) ** 2)) + 0.5 * np.exp(-(((t - 0.6) / 0.05) ** 2))
    b = 0.2 + np.exp(-(((t - 0.7) / 0.1) ** 2))
    C = (t[:, None] - t[None, :]) ** 2
    return C / C.max(), a / a.sum(), b / b.sum()


def two_digits(power: int) -> tuple[Array, Array, Array]:
    """From the first image of the digits to the second; power 1 or 2 of the 1-norm or Euclidean distance."""
    from sklearn.datasets import load_digits

    images = load_digits().images
    a, b = ((p.ravel() / p.sum() + 0.01 / 64) / 1.01 for p in images[:2])
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), axis=-1).reshape(64, 2) / 7
    difference = np.abs(grid[:, None, :] - grid[None, :, :])
    C = (difference**power).sum(axis=-1)
    return C / C.max(), a, b
