"""Expectations while a claim is attacked.

On vectors, a draw has two outcomes that are mirror images: what depends on a choice lives in coordinates of its own,
and the other outcome has the opposite sign there.  Products of vectors are the same in both, what has mean 0 cancels.
On members, all outcomes are run: which member is drawn, the signs of normal numbers (right up to second moments, and
members are quadratics), the coins of compressors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Tensor
from optgen.ir.operations import apply
from optgen.proof.averages import MEMBER, Averages, drawn_in, is_draw
from optgen.proof.quantities import NotLinear

BLOCK = 3  # coordinates of each key, and of what depends on none
MOST_RUNS = 600
Vector = tuple[Fraction, ...]


# ---------------------------------------------------------------- mirror images


@dataclass(frozen=True, slots=True)
class Mirror:
    """Which coordinates belong to which key; `members` and `draws` are the keys that are flipped together."""

    keys: tuple[str, ...]

    @property
    def size(self) -> int:
        return BLOCK * (1 + len(self.keys))

    def support(self, name: str, averages: Averages) -> set[int]:
        """Blocks in which a vector may have entries: one of mean 0 only that of its key."""
        if name in averages.centred and name in averages.centred[name][0].terms:
            return {1 + self.keys.index(averages.centred[name][1])}
        return {0, *(1 + self.keys.index(key) for key in averages.depends.get(name, ()))}

    def flipped(self, vector: Vector, keys: Sequence[str]) -> Vector:
        blocks = {1 + self.keys.index(key) for key in keys}
        return tuple(-e if place // BLOCK in blocks else e for place, e in enumerate(vector))

    def flips(self) -> Iterator[tuple[bool, bool, tuple[str, ...]]]:
        """Whether members and draws are the other ones, and the keys of these."""
        members = tuple(key for key in self.keys if key.startswith(MEMBER))
        draws = tuple(key for key in self.keys if is_draw(key))
        for m, d in product((False, True), repeat=2):
            yield m, d, (members if m else ()) + (draws if d else ())


def mirror_of(averages: Averages) -> Mirror:
    return Mirror(tuple(sorted({key for keys in averages.depends.values() for key in keys})))


def both_outcomes(argument: Tensor, places: list[str], normal: Callable[[ir.Draw], ir.Scalar]) -> Tensor:
    """The mean of the two outcomes: members drawn have the numbers -1 and -2 (-3 and -4 of the next draw)."""

    def outcome(other: bool) -> Tensor:
        mapping: dict[AnyNode, AnyNode] = {}
        for draw in drawn_in(argument):
            if draw.law == "normal":
                z = normal(draw)
                mapping[draw] = standard(draw, apply("neg", z) if other else z)
                continue
            if draw.place not in places:
                places.append(draw.place)
            mapping[draw] = ir.constant(-1 - 2 * places.index(draw.place) - other)
        return walk.substitute([argument], mapping)[0]

    if not any(True for _ in drawn_in(argument)):
        return argument
    one, two = outcome(False), outcome(True)
    indices = tuple(ir.Index(axis, "e") for axis in one.axes)
    half = ir.constant(Fraction(1, 2))
    total = apply("add", ir.access(one, *indices), ir.access(two, *indices))
    return ir.array(indices, apply("mul", half, total))


def drawn_member(place: int, places: Sequence[str], key: str) -> bool | None:
    """Whether a number below 0 is the other outcome of a key; None if it is of another draw."""
    drawn = places[(-1 - place) // 2]
    return bool((-1 - place) % 2) if key == drawn or key.startswith(drawn + ";") else None


# ---------------------------------------------------------------- all outcomes


@dataclass(slots=True)
class Coins:
    """Coins of compressors in the order in which they fall; a call at the same point falls as before."""

    sides: list[bool] = field(default_factory=list)
    seen: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def at(self, x: tuple[Any, ...]) -> bool:
        if x not in self.seen:
            self.seen[x] = len(self.seen)
            if len(self.seen) > len(self.sides):
                self.sides.append(False)
        return self.sides[self.seen[x]]

    def mean(self, compute: Callable[[], Any]) -> Any:
        """The mean of what is computed over all ways in which coins fall."""
        total: Any = 0
        self.sides = []
        for _ in range(MOST_RUNS):
            self.seen = {}
            total = total + compute() * Fraction(1, 2 ** len(self.sides))
            while self.sides and self.sides[-1]:
                self.sides.pop()
            if not self.sides:
                return total
            self.sides[-1] = True
        raise NotLinear("too many coins")


def all_outcomes(argument: Tensor, size: int) -> list[Mapping[AnyNode, AnyNode]]:
    """Nodes for the draws, equally likely: one of two members, signs in place of normal numbers."""
    draws = list(dict.fromkeys(drawn_in(argument)))
    choices: list[list[AnyNode]] = []
    for draw in draws:
        if draw.law == "index":
            choices.append([ir.constant(0), ir.constant(1)])
        elif draw.law == "normal":
            choices.append([standard(draw, signs(draw.position, s)) for s in product((-1, 1), repeat=size)])
        else:
            raise NotLinear(f"a draw of the law {draw.law}")
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MOST_RUNS:
        raise NotLinear("too many outcomes")
    return [dict(zip(draws, chosen, strict=True)) for chosen in product(*choices)]


def signs(position: ir.Scalar, chosen: Sequence[int]) -> ir.Scalar:
    """The sign at a position."""
    found: ir.Scalar = ir.constant(Fraction(chosen[-1]))
    for place, sign in reversed(list(enumerate(chosen[:-1]))):
        found = ir.choose(apply("eq", position, ir.constant(place)), ir.constant(Fraction(sign)), found)
    return found


def standard(draw: ir.Draw, entry: ir.Scalar) -> ir.Scalar:
    """A normal number by a standard one."""
    mean, deviation = draw.parameters
    return apply("add", mean, apply("mul", deviation, entry))


# ---------------------------------------------------------------- moments

# numbers with the moments of a standard normal one, up to the third and up to the fifth, with their weights
SUPPORTS: tuple[tuple[int, tuple[tuple[int, Fraction], ...]], ...] = (
    (3, ((-1, Fraction(1, 2)), (1, Fraction(1, 2)))),
    (
        5,
        (
            (-2, Fraction(1, 12)), (-1, Fraction(1, 6)), (0, Fraction(1, 2)), (1, Fraction(1, 6)), (2, Fraction(1, 12)),
        ),
    ),
)  # fmt: skip


def same_moments(argument: Tensor, degree: int, size: int) -> Tensor:
    """The mean of a polynomial of such a degree in each normal number: over all outcomes of numbers that have the same
    moments.  Axes that are open have `size` entries.
    """
    support = next((found for most, found in SUPPORTS if degree <= most), None)
    draws = list(dict.fromkeys(drawn_in(argument)))
    if support is None or any(draw.law != "normal" for draw in draws):
        raise NotLinear("a mean that few outcomes do not have")
    counts = [entries_of(draw, size) for draw in draws]
    if len(support) ** sum(counts) > MOST_RUNS:
        raise NotLinear("too many outcomes")
    indices = tuple(ir.Index(axis, "e") for axis in argument.axes)
    total: ir.Scalar = ir.constant(Fraction(0))
    for outcome in product(*(product(support, repeat=count) for count in counts)):
        weight = Fraction(1)
        mapping: dict[AnyNode, AnyNode] = {}
        for draw, chosen in zip(draws, outcome, strict=True):
            place = apply("mod", draw.position, ir.constant(len(chosen)))
            mapping[draw] = standard(draw, signs(place, [value for value, _ in chosen]))
            for _, share in chosen:
                weight *= share
        found = walk.substitute([argument], mapping)[0] if mapping else argument
        total = apply("add", total, apply("mul", ir.constant(weight), ir.access(found, *indices)))
    return ir.array(indices, total)


def entries_of(draw: ir.Draw, size: int) -> int:
    """How many numbers a draw stands for: positions that follow each other are numbers that differ."""
    count = 1
    for index in draw.position.free:
        extent = index.extent
        count *= int(extent.value) if isinstance(extent, ir.Constant) else size
    return count
