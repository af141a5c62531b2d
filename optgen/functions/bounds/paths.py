"""A program run on a piece of its arguments, on which all that it decides is decided the same way.

What is not needed is not run: of a choice only the branch that is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import arb, arb_poly

from optgen.functions.bounds.enclosures import Constant, Enclosure, Form, Real
from optgen.functions.bounds.formats import FORMATS, Format
from optgen.functions.bounds.rules import apply
from optgen.ir.straight import Straight
from optgen.symbolic.arb import exact


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive numbers of one sign: the magnitudes with the bits first .. last, negative or not."""

    first: int
    last: int
    negative: bool = False

    def ends(self, format: Format) -> tuple[float, float]:
        """The smallest and the largest number."""
        low, high = format.of_bits(self.first), format.of_bits(self.last)
        return (-high, -low) if self.negative else (low, high)


@dataclass(frozen=True)
class Paths:
    """A program of one argument, with what its runs share."""

    program: Straight

    @property
    def format(self) -> Format:
        return FORMATS[self.program.parameters[0][1]]

    @cached_property
    def shared(self) -> frozenset[int]:
        """The values that reach an end of the program by more than one way: their roundings may cancel."""
        ways = [0] * len(self.program.instructions)
        for end in self.ends:
            ways[end] += 1
        for number in range(len(ways) - 1, -1, -1):
            for argument in self.program.instructions[number].arguments:
                ways[argument] += ways[number]
        return frozenset(number for number, count in enumerate(ways) if count > 1)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """All that a caller may be given, and when."""
        plain = self.program.plain
        return (self.program.result,) if plain is None else (self.program.result, plain.condition, plain.value)

    def run(self, piece: Piece) -> list[Enclosure]:
        """What the program gives on the piece: its result and, where its plain case holds, the value of that too.

        Raises `Split` where a decision is not the same all over the piece, `Undecided` where enclosures are too wide.
        """
        known: dict[int, Enclosure] = {0: self._argument(piece)}
        made = [self._value(self.program.result, known)]
        plain = self.program.plain
        if plain is not None:
            condition = self._value(plain.condition, known)
            assert isinstance(condition, Constant)
            if condition.bits:
                made.append(self._value(plain.value, known))
        return made

    def _argument(self, piece: Piece) -> Enclosure:
        format = self.format
        low, high = piece.ends(format)
        if low == high:
            return Constant(format.type, format.to_bits(low))
        centre, half = (Fraction(low) + Fraction(high)) / 2, (Fraction(high) - Fraction(low)) / 2
        form = Form(arb_poly([exact(centre), exact(half)]), {})
        least = max(piece.first, 1) >> (format.precision - 1)
        grain = format.least + max(least - 1, 0)
        return Real(format.type, form, grain, arb(low), arb(high))

    def _value(self, wanted: int, known: dict[int, Enclosure]) -> Enclosure:
        """A value with all that it needs, each computed once."""
        waiting = [wanted]
        while waiting:
            number = waiting[-1]
            if number in known:
                waiting.pop()
                continue
            instruction = self.program.instructions[number]
            needed = self._needed(number, known)
            missing = [argument for argument in needed if argument not in known]
            if missing:
                waiting.extend(missing)
                continue
            match instruction.operation:
                case "constant":
                    known[number] = Constant(instruction.type, instruction.constant or 0)
                case "table":
                    known[number] = self._entry(number, known[needed[0]])
                case "select":
                    known[number] = known[needed[-1]]
                case _:
                    given = [known[argument] for argument in needed]
                    known[number] = apply(number, instruction, given, number in self.shared)
        return known[wanted]

    def _needed(self, number: int, known: dict[int, Enclosure]) -> Sequence[int]:
        """The operands; of a choice the condition and, once that is known, the branch that is taken."""
        instruction = self.program.instructions[number]
        if instruction.operation != "select":
            return instruction.arguments
        condition, then, otherwise = instruction.arguments
        found = known.get(condition)
        if found is None:
            return (condition,)
        assert isinstance(found, Constant)
        return condition, (then if found.bits else otherwise)

    def _entry(self, number: int, index: Enclosure) -> Enclosure:
        """An entry of a table; the index is one number, or the piece is cut."""
        assert isinstance(index, Constant)
        _, type, entries = self.program.tables[self.program.instructions[number].constant or 0]
        return Constant(type, entries[min(max(int(index.number), 1), len(entries)) - 1])
