"""Hamiltonian Monte Carlo (Neal, MCMC using Hamiltonian dynamics, 2011), its random numbers given from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def leapfrog(gradient: Callable[[Array], Array], q: Array, p: Array, h: float, leaps: int) -> tuple[Array, Array]:
    """`leaps` steps of size h along -gradient, with half steps of the momentum at both ends."""
    p = p - h / 2 * gradient(q)
    for _ in range(leaps):
        q = q + h * p
        p = p - h * gradient(q)
    return q, p + h / 2 * gradient(q)


@dataclass(frozen=True, slots=True)
class Chain:
    """Positions 0..K as rows; for each step whether it was accepted and by how much the energy fell."""

    x: Array
    accepted: Array
    drop: Array


def run(
    energy: Callable[[Array], float],
    gradient: Callable[[Array], Array],
    x: Array,
    draws: Iterable[tuple[Array, float]],
    h: float = 0.1,
    leaps: int = 10,
) -> Chain:
    """A step for each (momentum, uniform) of `draws`; `energy` is minus the log density."""
    xs, accepted, drops = [x], [], []
    for v, u in draws:
        q, p = leapfrog(gradient, xs[-1], v, h, leaps)
        drop = energy(xs[-1]) + np.sum(v * v) / 2 - energy(q) - np.sum(p * p) / 2
        keep = bool(np.log(u) < drop)
        xs.append(q if keep else xs[-1])
        accepted.append(keep)
        drops.append(drop)
    return Chain(np.array(xs), np.array(accepted), np.array(drops))


def numpy_draws(seed: int, steps: int, d: int) -> Iterable[tuple[Array, float]]:
    """Momenta and uniforms of NumPy's generator."""
    rng = np.random.default_rng(seed)
    return ((rng.standard_normal(d), float(rng.random())) for _ in range(steps))
