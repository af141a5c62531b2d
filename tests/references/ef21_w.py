"""EF21 and EF21-W: distributed descent with compressed differences (Richtarik, Gasanov, Burlachenko, ICLR 2024)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Compressor = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Clients:
    """f_i(x) = |A_i x - b_i|^2/m + lam sum_j x_j^2/(1 + x_j^2), f = mean f_i; A : (n, m, d), b : (n, m)."""

    A: Array
    b: Array
    lam: float = 0.1

    def values(self, x: Array) -> Array:
        """f_i(x) of every client."""
        residual = self.A @ x - self.b
        return np.asarray((residual**2).sum(axis=1) / self.b.shape[1] + self.lam * np.sum(x**2 / (1 + x**2)))

    def gradients(self, x: Array) -> Array:
        """grad f_i(x), a row a client."""
        residual = self.A @ x - self.b
        data: Array = 2 * np.einsum("imd,im->id", self.A, residual) / self.b.shape[1]
        return data + 2 * self.lam * x / (1 + x**2) ** 2

    def smoothness(self) -> tuple[float, Array]:
        """L of f and L_i of the f_i."""
        grams = np.einsum("imd,ime->ide", self.A, self.A) / self.b.shape[1]
        each = 2 * np.linalg.eigvalsh(grams)[:, -1] + 2 * self.lam
        return float(2 * np.linalg.eigvalsh(grams.mean(axis=0))[-1] + 2 * self.lam), each


def synthetic(spread: float, n: int = 40, m: int = 10, d: int = 10) -> Clients:
    """Clients whose scales are exp(spread * normal): the larger the spread, the more their smoothness differs."""
    rng = np.random.default_rng(0)
    scale = np.exp(spread * rng.standard_normal(n))
    A = scale[:, None, None] * rng.standard_normal((n, m, d))
    truth = rng.standard_normal(d)
    return Clients(A, A @ truth + 0.1 * scale[:, None] * rng.standard_normal((n, m)))


def top_k(k: int) -> Compressor:
    """Keep the k entries largest in size, of equals the first."""

    def compress(v: Array) -> Array:
        kept = np.argsort(-np.abs(v), kind="stable")[:k]
        out = np.zeros_like(v)
        out[kept] = v[kept]
        return out

    return compress


def nearest_power_of_two(v: Array) -> Array:
    """Each entry to the nearest power of two, zero to zero: contractive with alpha >= 8/9, not homogeneous."""
    fraction, exponent = np.frexp(np.abs(v))  # fraction in [1/2, 1)
    nearest = np.where(fraction < 0.75, np.ldexp(0.5, exponent), np.ldexp(1.0, exponent))
    return np.where(v == 0, 0.0, np.sign(v) * nearest)


def step_sizes(L: float, each: Array, alpha: float) -> tuple[float, float]:
    """The step of the old theory (quadratic mean of the L_i) and of the new one (arithmetic mean)."""
    r = np.sqrt(1 - alpha)
    return 1 / (L + np.sqrt(np.mean(each**2)) * r / (1 - r)), 1 / (L + np.mean(each) * r / (1 - r))


@dataclass(frozen=True, slots=True)
class Run:
    """Iterates as rows, their squared gradient norms, and G_0 = sum_i w_i |g_i - grad f_i/(n w_i)|^2 at the start."""

    x: Array
    gradient: Array
    start_error: float

    @property
    def steps(self) -> int:
        return len(self.x) - 1


def run(
    clients: Clients, weights: Array, compress: Compressor, gam: float, x: Array, tol: float = 1e-4, steps: int = 5000
) -> Run:
    """EF21-W with the given weights; with all weights 1/n it is EF21."""
    n = len(weights)

    def scaled(x: Array) -> Array:
        return clients.gradients(x) / (n * weights[:, None])

    def size(x: Array) -> float:
        return float(np.sum(clients.gradients(x).mean(axis=0) ** 2))

    xs, sizes = [x], [size(x)]
    first = scaled(x)
    g = np.stack([compress(row) for row in first])
    start_error = float(np.sum(weights * ((g - first) ** 2).sum(axis=1)))
    while sizes[-1] > tol and len(xs) <= steps:
        x = x - gam * (weights @ g)
        g = g + np.stack([compress(row) for row in scaled(x) - g])
        xs.append(x)
        sizes.append(size(x))
    return Run(np.array(xs), np.array(sizes), start_error)
