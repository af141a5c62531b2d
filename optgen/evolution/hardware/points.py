"""Arguments at which programs are judged, and the exact values there: from the bounded reference of `functions`.

Half of the arguments are uniform over the blocks of the reference, of which there are more where a function varies
more; half over the numbers where users are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optgen.evolution.hardware.programs import Origin
from optgen.evolution.target import wrong
from optgen.functions.reference import Reference
from optgen.functions.request import Domain

USUAL = (-20.0, 20.0)  # where users are
Points = tuple[np.ndarray, np.ndarray, np.ndarray]  # x in float32; f(x) and an ulp of it in float64


@dataclass(frozen=True, slots=True)
class Source:
    """`blocks` are those of a reference; the arguments are those that are plain to the origin."""

    blocks: np.ndarray
    origin: Origin
    usual: tuple[float, float]

    def draw(self, count: int, seed: int) -> Points:
        """So many arguments, fixed by the seed, and what the function is there; raises SpecError if there are none."""
        random = np.random.default_rng(seed)
        kept: list[np.ndarray] = []
        found = 0
        for _ in range(64):
            blocks = self.blocks[random.integers(0, len(self.blocks), count)]
            inside = (random.random(count) * blocks["count"]).astype(np.uint32)
            even = random.uniform(*self.usual, count).astype(np.float32).view(np.uint32)
            bits = np.where(random.random(count) < 0.5, blocks["first"] + inside, even)
            x = bits[_held(self.blocks, bits) >= 0].view(np.float32)
            kept.append(x[self.origin.plain(x)])
            found += len(kept[-1])
            if found >= count:
                return values(self.blocks, np.concatenate(kept)[:count])
        raise wrong("the program that the search begins from has no plain arguments in the domain")


def source(known: Reference, origin: Origin, domain: Domain | None) -> Source:
    """The arguments of a domain.  Raises SpecError where only turns tell the function (sin of large angles)."""
    if known.turns is not None or not len(known.blocks):
        raise wrong("a search in float32 needs a domain on which the function is known by polynomials", "--domain -3 3")
    low, high = USUAL
    if domain is not None:
        low, high = max(low, domain.low), min(high, domain.high)
        if low >= high:
            low, high = domain.low, domain.high
    return Source(known.blocks, origin, (low, high))


def values(blocks: np.ndarray, x: np.ndarray) -> Points:
    """The arguments with the function and an ulp of it, to 2^-20 ulp."""
    held = blocks[_held(blocks, x.view(np.uint32))]
    s = (x.astype(np.float64) - held["centre"]) * held["scale"]
    truth = np.zeros(len(x))
    for coefficient in held["coefficients"].T[::-1]:
        truth = truth * s + coefficient
    exponent = np.clip(np.frexp(truth)[1] - 1, -126, 127) - 23
    return x, truth, np.ldexp(1.0, exponent)


def _held(blocks: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The place of the block that holds each argument, -1 for those in none."""
    place = np.searchsorted(blocks["first"], bits, side="right") - 1
    near = blocks[np.maximum(place, 0)]
    return np.where((place >= 0) & (bits - near["first"] < near["count"]), place, -1)
