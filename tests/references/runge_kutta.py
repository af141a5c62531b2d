"""Adaptive solution of ordinary differential equations by the pair Tsit5, and derivatives through the solve.

Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, 2011.
The controller is the plain one: accept if the error is at most 1, next step h * clip(0.9 err^(-1/5), 0.2, 10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Field = Callable[[Array, float], Array]

TSIT5_C = np.array([0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1])
TSIT5_B = np.array(
    [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0]
)
TSIT5_BT = np.array(
    [-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629, 0.5823571654525552,
     -0.45808210592918697, 1 / 66]
)  # fmt: skip
TSIT5_A = np.zeros((7, 7))
TSIT5_A[1, :1] = [0.161]
TSIT5_A[2, :2] = [-0.008480655492356989, 0.335480655492357]
TSIT5_A[3, :3] = [2.8971530571054935, -6.359448489975075, 4.3622954328695815]
TSIT5_A[4, :4] = [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525]
TSIT5_A[5, :5] = [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383]
TSIT5_A[6] = TSIT5_B


@dataclass(frozen=True, slots=True)
class Path:
    """The end of a solve, and for each tried step: state, time, step size, error, whether it was accepted."""

    z: Any
    zs: list[Any] = field(default_factory=list)
    ts: list[Any] = field(default_factory=list)
    hs: list[Any] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)

    @property
    def evaluations(self) -> int:
        """Calls of the field where the last stage of an accepted step is the first of the next."""
        return 1 + 6 * len(self.ts)


def step(f: Field, z: Any, t: Any, h: Any, atol: float, rtol: float, np: Any = np) -> tuple[Any, Any]:
    """One step: the new state, and the size of its estimated error against the tolerances.

    `np` is the array library; with JAX's the step can be differentiated by it.
    """
    k: list[Any] = []
    for i in range(7):
        k.append(f(z + h * sum((TSIT5_A[i, j] * k[j] for j in range(i)), 0.0), t + TSIT5_C[i] * h))
    y = z + h * sum(b * ki for b, ki in zip(TSIT5_B, k, strict=True))
    estimate = h * sum(b * ki for b, ki in zip(TSIT5_BT, k, strict=True))
    scaled = estimate / (atol + rtol * np.maximum(np.abs(z), np.abs(y)))
    return y, np.sqrt(np.mean(scaled**2))


def solve(
    f: Field, z: Any, tend: float, t: float = 0.0, h: Any = 1e-3, atol: float = 1.4e-8, rtol: float = 1.4e-8,
    np: Any = np,
) -> Path:  # fmt: skip
    """From (z, t) to tend.  All numbers of a step, also its size, are functions of what came before."""
    path = Path(z)
    while t < tend:
        hk = np.minimum(h, tend - t)
        y, error = step(f, z, t, hk, atol, rtol, np)
        ok = bool(error <= 1)
        for trace, entry in zip((path.zs, path.ts, path.hs, path.errors, path.accepted), (z, t, hk, error, ok)):
            trace.append(entry)
        h = hk * np.clip(0.9 * np.maximum(error, 1e-10) ** (-1 / 5), 0.2, 10)
        if ok:
            z, t = y, t + hk
    return Path(z, path.zs, path.ts, path.hs, path.errors, path.accepted)


def order_conditions(b: Array) -> dict[str, float]:
    """Residuals of all order conditions up to 5 for weights b on the stages of Tsit5."""
    A, c = TSIT5_A, TSIT5_C
    conditions = {
        "1": (np.ones(7), 1), "c": (c, 1 / 2), "c2": (c**2, 1 / 3), "Ac": (A @ c, 1 / 6),
        "c3": (c**3, 1 / 4), "cAc": (c * (A @ c), 1 / 8), "Ac2": (A @ c**2, 1 / 12), "AAc": (A @ A @ c, 1 / 24),
        "c4": (c**4, 1 / 5), "c2Ac": (c**2 * (A @ c), 1 / 10), "cAc2": (c * (A @ c**2), 1 / 15),
        "cAAc": (c * (A @ A @ c), 1 / 30), "AcAc": ((A @ c) ** 2, 1 / 20), "Ac3": (A @ c**3, 1 / 20),
        "AcAc_inner": (A @ (c * (A @ c)), 1 / 40), "AAc2": (A @ A @ c**2, 1 / 60), "AAAc": (A @ A @ A @ c, 1 / 120),
    }  # fmt: skip
    return {name: float(b @ vector - value) for name, (vector, value) in conditions.items()}
