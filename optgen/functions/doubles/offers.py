"""The programs for float64 of a meaning: each family is asked in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optgen.functions.doubles import circular, exponential, logarithm, logistic, saturating
from optgen.functions.target import Target, precise, target_of
from optgen.ir.program import Function
from optgen.ir.straight import Straight

FAMILIES: tuple[Callable[[str, Target], Iterator[Straight]], ...] = (
    exponential.programs,
    logarithm.programs,
    logistic.programs,
    saturating.programs,
    circular.programs,
)


def double_programs(name: str, meaning: Function) -> Iterator[Straight]:
    """Programs for a function of one argument, the cheaper first; nothing where no family has it."""
    target = target_of(meaning)
    for family in FAMILIES:
        with precise():
            made = list(family(name, target))
        yield from made
