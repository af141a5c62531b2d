"""Random numbers as functions: Threefry-2x32-20 and what draws are made of.

A 64-bit word holds the pair of 32-bit words (high, low).  Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers:
as easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
_MASK = 0xFFFFFFFF


def place_hash(place: str) -> int:
    """The first eight bytes of SHA-256 of the path of names, as a number."""
    return int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big")


# ---------------------------------------------------------------- as NumPy


def threefry(np: Any, key: Any, counter: Any) -> Any:
    """The encryption of a counter under a key, both 64-bit words."""
    mask = np.uint64(_MASK)
    thirty_two = np.uint64(32)
    key, counter = np.asarray(key, np.uint64), np.asarray(counter, np.uint64)
    keys = [key >> thirty_two, key & mask]
    keys.append(keys[0] ^ keys[1] ^ np.uint64(PARITY))
    x0, x1 = ((counter >> thirty_two) + keys[0]) & mask, ((counter & mask) + keys[1]) & mask
    for group in range(5):
        for rotation in ROTATIONS[4 * (group % 2) : 4 * (group % 2) + 4]:
            x0 = (x0 + x1) & mask
            x1 = ((x1 << np.uint64(rotation)) | (x1 >> np.uint64(32 - rotation))) & mask
            x1 = x1 ^ x0
        x0 = (x0 + keys[(group + 1) % 3]) & mask
        x1 = (x1 + keys[(group + 2) % 3] + np.uint64(group + 1)) & mask
    return (x0 << thirty_two) | x1


def uniform_bits(np: Any, bits: Any) -> Any:
    """The leading 53 bits as a double in [0, 1); rounding to float32 keeps it below 1, since the last place is cut."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def high_word(np: Any, bits: Any) -> Any:
    return ((bits >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32


def low_word(np: Any, bits: Any) -> Any:
    return (bits & np.uint64(_MASK)).astype(np.float64) * 2.0**-32


def index_bits(np: Any, bits: Any, n: Any) -> Any:
    high = bits >> np.uint64(32)
    return ((high * np.asarray(n).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


# ---------------------------------------------------------------- as IR


def bits(node: ir.Draw) -> Scalar:
    """The 64 random bits of a draw: the seed keyed by the place, then by each counter, then by the position."""
    key = apply("threefry", node.seed, ir.constant(place_hash(node.place), "u64"))
    for counter in node.counters:
        key = apply("threefry", key, apply("int_to_bits", counter))
    return apply("threefry", key, apply("int_to_bits", node.position))


def _uniform(word: Scalar, low: Scalar, high: Scalar) -> Scalar:
    return apply("add", low, apply("mul", apply("sub", high, low), apply("uniform_bits", word)))


def _normal(word: Scalar, mean: Scalar, deviation: Scalar) -> Scalar:
    """Box and Muller: the radius from the high word, the angle from the low one."""
    from optgen.ir.constants import PI

    log = apply("log", apply("high_word", word))
    radius = apply("sqrt", apply("mul", ir.constant(-2, "real"), log))
    angle = apply("cos", apply("mul", ir.constant(2 * PI, "real"), apply("low_word", word)))
    return apply("add", mean, apply("mul", deviation, apply("mul", radius, angle)))


def _exponential(word: Scalar, rate: Scalar) -> Scalar:
    return apply("div", apply("neg", apply("log", apply("high_word", word))), rate)


_LAWS: dict[str, Callable[..., Scalar]] = {
    "uniform": _uniform,
    "normal": _normal,
    "exponential": _exponential,
    "index": lambda word, n: apply("index_bits", word, n),
}


def draw_formula(node: ir.Draw) -> Scalar:
    """The number that a draw is, by operations."""
    return _LAWS[node.law](bits(node), *node.parameters)
