"""A neural differential equation on digits, regularised by the local error (Pal, Edelman, Rackauckas, ICML 2023).

The batch is one state.  Gradients are the discrete adjoint of the accepted steps, their sizes held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.references import mlp
from tests.references.adabelief import adam_step
from tests.references.runge_kutta import TSIT5_A, TSIT5_B, TSIT5_BT, TSIT5_C, Path, solve

Array = NDArray[np.float64]
Weights = dict[str, Array]
TOLERANCE = 1.4e-8


def initial(seed: int, d: int = 64, h: int = 32, q: int = 10) -> Weights:
    """Uniform weights after Glorot, biases zero."""
    rng = np.random.default_rng(seed)

    def layer(inputs: int, outputs: int) -> Array:
        bound = np.sqrt(6 / (inputs + outputs))
        return rng.uniform(-bound, bound, (inputs, outputs))

    return {
        "W1": layer(d + 1, h), "b1": np.zeros(h), "W2": layer(h + 1, d), "b2": np.zeros(d),
        "W3": layer(d, q), "b3": np.zeros(q),
    }  # fmt: skip


def velocity(w: Weights, z: Array, t: float) -> Array:
    """Two layers, each with the time as one more input."""
    hidden = np.tanh(z @ w["W1"][:-1] + t * w["W1"][-1] + w["b1"])
    return np.asarray(hidden @ w["W2"][:-1] + t * w["W2"][-1] + w["b2"])


def velocity_adjoint(w: Weights, z: Array, t: float, bar: Array, g: Weights) -> Array:
    """The cotangent of z for the cotangent `bar` of the velocity; those of the weights are added to g."""
    hidden = np.tanh(z @ w["W1"][:-1] + t * w["W1"][-1] + w["b1"])
    inner = (bar @ w["W2"][:-1].T) * (1 - hidden**2)
    sums = bar.sum(axis=0), inner.sum(axis=0)
    g["W2"] += np.vstack([hidden.T @ bar, t * sums[0]])
    g["W1"] += np.vstack([z.T @ inner, t * sums[1]])
    g["b2"] += sums[0]
    g["b1"] += sums[1]
    return np.asarray(inner @ w["W1"][:-1].T)


def first_step(w: Weights, z: Array) -> float:
    """The automatic start step of Hairer, Norsett, Wanner for order 5; two evaluations."""
    scale = TOLERANCE + TOLERANCE * np.abs(z)

    def size(u: Array) -> float:
        return float(np.sqrt(np.mean((u / scale) ** 2)))

    k = velocity(w, z, 0.0)
    d0, d1 = size(z), size(k)
    h0 = 1e-6 if min(d0, d1) < 1e-5 else 0.01 * d0 / d1
    d2 = size(velocity(w, z + h0 * k, h0) - k) / h0
    h1 = max(1e-6, 1e-3 * h0) if max(d1, d2) <= 1e-15 else (0.01 / max(d1, d2)) ** (1 / 5)
    return min(100 * h0, h1, 1.0)


def flow(w: Weights, z: Array) -> Path:
    """From time 0 to 1."""
    return solve(lambda z, t: velocity(w, z, t), z, 1.0, h=first_step(w, z), atol=TOLERANCE, rtol=TOLERANCE)


def evaluations(path: Path) -> int:
    """Two for the start step, then six a step, since the last stage is the first of the next."""
    return 2 + 6 * len(path.ts)


@dataclass(frozen=True, slots=True)
class Stages:
    """The points and velocities of one step, and where it leads."""

    points: list[Array]
    k: list[Array]
    y: Array


def stages(w: Weights, z: Array, t: float, h: float) -> Stages:
    points: list[Array] = []
    k: list[Array] = []
    for i in range(7):
        points.append(z + h * sum((TSIT5_A[i, j] * k[j] for j in range(i)), np.zeros_like(z)))
        k.append(velocity(w, points[i], t + TSIT5_C[i] * h))
    return Stages(points, k, z + h * sum(TSIT5_B[i] * k[i] for i in range(7)))


def step_adjoint(w: Weights, made: Stages, t: float, h: float, bars: list[Array], g: Weights) -> Array:
    """From cotangents of the velocities to what they add to the cotangent of z; those of the weights go to g."""
    bars, total = list(bars), np.zeros_like(made.y)
    for i in reversed(range(7)):
        bar = velocity_adjoint(w, made.points[i], t + TSIT5_C[i] * h, bars[i], g)
        total += bar
        for j in range(i):
            bars[j] = bars[j] + h * TSIT5_A[i, j] * bar
    return total


def flow_adjoint(w: Weights, path: Path, bar: Array, g: Weights) -> None:
    """The weights' cotangents for the cotangent `bar` of the end."""
    for z, t, h, ok in reversed(list(zip(path.zs, path.ts, path.hs, path.accepted, strict=True))):
        if ok:
            made = stages(w, z, t, h)
            bar = bar + step_adjoint(w, made, t, h, [h * b * bar for b in TSIT5_B], g)


def local_error(w: Weights, z: Array, t: float, h: float) -> float:
    """The error estimate of one step times its size."""
    made = stages(w, z, t, h)
    u = h * sum(TSIT5_BT[i] * made.k[i] for i in range(7))
    return float(np.sqrt(np.mean((u / (TOLERANCE + TOLERANCE * np.maximum(np.abs(z), np.abs(made.y)))) ** 2)) * h)


def local_error_adjoint(w: Weights, z: Array, t: float, h: float, factor: float, g: Weights) -> None:
    """Adds factor times the gradient of `local_error`; z and h are constants."""
    made = stages(w, z, t, h)
    u = h * sum(TSIT5_BT[i] * made.k[i] for i in range(7))
    scale = TOLERANCE + TOLERANCE * np.maximum(np.abs(z), np.abs(made.y))
    error = np.sqrt(np.mean((u / scale) ** 2))
    bar_u = factor * h * u / scale**2 / (u.size * error)
    moved = np.abs(made.y) > np.abs(z)
    bar_y = np.where(moved, -bar_u * u / scale * TOLERANCE * np.sign(made.y), 0)
    step_adjoint(w, made, t, h, [h * (TSIT5_BT[i] * bar_u + TSIT5_B[i] * bar_y) for i in range(7)], g)


def gradient(
    w: Weights, X: Array, c: NDArray[np.int64], weight: float, rng: np.random.Generator
) -> tuple[Weights, int]:
    """Of cross-entropy plus `weight` times the local error at a random accepted step; and the solve's evaluations."""
    path = flow(w, X)
    scores = path.z @ w["W3"] + w["b3"]
    error = np.exp(scores - scores.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(c)), c] -= 1
    error /= len(c)
    g = {name: np.zeros_like(value) for name, value in w.items()}
    g["W3"], g["b3"] = path.z.T @ error, error.sum(axis=0)
    flow_adjoint(w, path, error @ w["W3"].T, g)
    if weight > 0:
        i = rng.choice(np.flatnonzero(path.accepted))
        local_error_adjoint(w, path.zs[i], path.ts[i], path.hs[i], weight, g)
    return g, evaluations(path)


def train(seed: int, weight: float, steps: int = 200) -> tuple[int, float, int]:
    """On 1400 digits: the evaluations and the accuracy of a solve of the other 397, and the evaluations in training."""
    X, c = mlp.digits()
    order = np.random.default_rng(0).permutation(len(c))
    X, c = X[order], c[order]
    w, rng, total = initial(seed), np.random.default_rng(seed + 1), 0
    m, v = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    for k in range(1, steps + 1):
        batch = rng.choice(1400, 64, replace=False)
        g, count = gradient(w, X[batch], c[batch], weight, rng)
        total += count
        for name in w:
            w[name], m[name], v[name] = adam_step(w[name], m[name], v[name], g[name], k, lr=3e-3)
    path = flow(w, X[1400:])
    found = (path.z @ w["W3"] + w["b3"]).argmax(axis=1)
    return evaluations(path), float(np.mean(found == c[1400:])), total
