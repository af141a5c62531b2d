"""Six functions of two variables from the AdaBelief paper, with gradients (sign(0) = 0 at kinks)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Toy:
    """A function, its gradient, where runs start, and the value that counts as solved."""

    value: Callable[[float, float], float]
    gradient: Callable[[float, float], tuple[float, float]]
    start: tuple[float, float]
    solved: float


def _rotated_gradient(x: float, y: float) -> tuple[float, float]:
    return np.sign(x + y) + np.sign(x - y) / 10, np.sign(x + y) - np.sign(x - y) / 10


def _beale(x: float, y: float) -> float:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _beale_gradient(x: float, y: float) -> tuple[float, float]:
    p, q, r = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    return (
        2 * p * (y - 1) + 2 * q * (y**2 - 1) + 2 * r * (y**3 - 1),
        2 * p * x + 4 * q * x * y + 6 * r * x * y**2,
    )


def _rosenbrock_gradient(x: float, y: float) -> tuple[float, float]:
    return -400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)


TOYS = {
    "l1": Toy(lambda x, y: abs(x) + abs(y), lambda x, y: (np.sign(x), np.sign(y)), (4, 2), 0.1),
    "rotated l1": Toy(lambda x, y: abs(x + y) + abs(x - y) / 10, _rotated_gradient, (4, 2), 0.1),
    "rotated quadratic": Toy(
        lambda x, y: (x + y) ** 2 + (x - y) ** 2 / 10,
        lambda x, y: (2 * (x + y) + (x - y) / 5, 2 * (x + y) - (x - y) / 5),
        (4, 2),
        1e-3,
    ),
    "scaled l1": Toy(lambda x, y: abs(x) / 10 + abs(y), lambda x, y: (np.sign(x) / 10, np.sign(y)), (4, 2), 0.05),
    "beale": Toy(_beale, _beale_gradient, (1, -1), 1e-3),
    "rosenbrock": Toy(lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2, _rosenbrock_gradient, (-1, 1.5), 1e-2),
}
