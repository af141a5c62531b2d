"""What a user may ask of a function beside its accuracy: monotone, odd or even, a range, exact values.

They are promises about the results of the program, held on every float32 of the domain (`held`); what the meaning
itself contradicts is refused before a program is looked for.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from optgen.diagnostics import Diagnostic, SpecError


@dataclass(frozen=True, slots=True)
class Guarantees:
    """`monotone`: results never turn back as the argument grows; `parity`: "odd" or "even", to the bit, or ""; `range`:
    every result that is a number lies in it; `exact`: pairs (x, f(x)) of float32 numbers."""

    monotone: bool = False
    parity: str = ""
    range: tuple[float, float] | None = None
    exact: tuple[tuple[float, float], ...] = ()

    def __bool__(self) -> bool:
        return self != NONE

    def words(self) -> list[str]:
        """As a name says them: `monotone`, `odd`, `range 0.0 1.0`, `exact 0.0 0.5`."""
        made = ["monotone"] * self.monotone + [self.parity] * bool(self.parity)
        if self.range is not None:
            made.append(f"range {self.range[0]!r} {self.range[1]!r}")
        return made + [f"exact {x!r} {y!r}" for x, y in self.exact]


NONE = Guarantees()


def read(words: Iterator[list[str]]) -> Guarantees:
    """The guarantees of split words; raises ValueError for what is none."""
    monotone, parity, ends, exact = False, "", None, []
    for word in words:
        match word:
            case ["monotone"]:
                monotone = True
            case ["odd" | "even" as parity]:
                pass
            case ["range", low, high]:
                ends = (float(low), float(high))
            case ["exact", x, y]:
                exact.append((float(x), float(y)))
            case _:
                raise ValueError(f"{' '.join(word)} is no choice of a function")
    return Guarantees(monotone, parity, ends, tuple(exact))


def guarantees(
    monotone: bool = False,
    odd: bool = False,
    even: bool = False,
    range: tuple[float, float] | None = None,
    exact: Mapping[float, float] | None = None,
) -> Guarantees:
    """Guarantees from the arguments of `optgen.function`, checked.  Raises SpecError with what can't be asked."""
    if odd and even:
        raise _error("a function that is odd and even is 0", "leave one of them out")
    ends: tuple[float, float] | None = None
    if range is not None:
        try:
            low, high = range
            ends = (float(low), float(high))
        except (TypeError, ValueError):
            raise _error(f"the range {range!r} is not two numbers", "range = (0, 1)") from None
        if not ends[0] <= ends[1]:
            raise _error(f"the range from {ends[0]:g} to {ends[1]:g} is empty", f"range = ({ends[1]:g}, {ends[0]:g})")
    pairs = tuple((float(x), float(y)) for x, y in (exact or {}).items())
    for number in (number for pair in pairs for number in pair):
        if not _is_single(number):
            nearest = struct.unpack("f", struct.pack("f", number))[0]
            raise _error(f"{number!r} is no float32, so no result or argument is exactly it", f"near is {nearest!r}")
    return Guarantees(monotone, "odd" if odd else "even" if even else "", ends, pairs)


def merged(first: Guarantees, second: Guarantees) -> Guarantees:
    """Both together; where they differ the second counts."""
    return Guarantees(
        monotone=first.monotone or second.monotone,
        parity=second.parity or first.parity,
        range=second.range or first.range,
        exact=tuple((dict(first.exact) | dict(second.exact)).items()),
    )


def _is_single(number: float) -> bool:
    if math.isinf(number):
        return True
    try:
        return bool(struct.unpack("f", struct.pack("f", number))[0] == number)
    except OverflowError:
        return False


def _error(message: str, fix: str) -> SpecError:
    return SpecError([Diagnostic("E0804", message, help=fix)])
