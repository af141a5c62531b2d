"""What a draw of a spec is: a random word of seed, place, counters and position, and a formula for each law."""

from __future__ import annotations

import hashlib
from math import cos, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from tests.references.threefry import WORD, threefry_word


def word(seed: int, place: str, counters: tuple[int, ...], position: int) -> int:
    """64 random bits: the seed keyed by the place, by each counter from outside in, and by the position."""
    key = threefry_word(seed, int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big"))
    for counter in counters:
        key = threefry_word(key, counter)
    return threefry_word(key, position)


def uniform(bits: int) -> float:
    """In [0, 1): the leading 53 bits."""
    return (bits >> 11) * 2.0**-53


def normal(bits: int) -> float:
    """Box and Muller: the radius from the high half, the angle from the low half."""
    high, low = divmod(bits, WORD)
    return sqrt(-2 * log((high + 0.5) / WORD)) * cos(2 * pi * low / WORD)


def index(bits: int, n: int) -> int:
    """A whole number in 0..n-1: the high half as a fraction of n."""
    return (bits // WORD) * n // WORD


def uniforms(seed: int, place: str, counters: tuple[int, ...], count: int) -> NDArray[np.float64]:
    return np.array([uniform(word(seed, place, counters, i)) for i in range(count)])


def normals(seed: int, place: str, counters: tuple[int, ...], count: int) -> NDArray[np.float64]:
    return np.array([normal(word(seed, place, counters, i)) for i in range(count)])


def indices(seed: int, place: str, counters: tuple[int, ...], count: int, n: int) -> NDArray[np.int64]:
    return np.array([index(word(seed, place, counters, i), n) for i in range(count)])
