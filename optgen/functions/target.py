"""What a generator wants to know of the function that it approximates: values, in high precision, at exact points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.functions.fit import PRECISION, Ball
from optgen.ir import nodes as ir
from optgen.ir.program import Function


def ball(x: Fraction | int | float) -> Ball:
    """An exact number as a ball, at the working precision."""
    from flint import arb

    made = Fraction(x)
    return arb(made.numerator) / made.denominator


def to_fraction(value: Ball) -> Fraction:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


BITS = 420  # of values, so that what cancels in a meaning does not show


@dataclass(frozen=True, slots=True)
class Target:
    """A real function of one variable; `value(ball)` is a ball round f, narrow at the working precision.

    It raises ValueError or ArithmeticError where f has no value.
    """

    value: Callable[[Ball], Ball]

    def at(self, x: Fraction | int | float) -> Ball:
        """The midpoint of f at an exact point."""
        return self.value(ball(x)).mid()


@contextmanager
def precise(bits: int = PRECISION) -> Iterator[None]:
    """Arb's working precision for a block; it is global to the process."""
    import flint

    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def target_of(meaning: Function) -> Target:
    """The meaning of a function of one argument, at exact points."""
    from optgen.symbolic.arb import Meaning, Undecided, Undefined

    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))

    def value(x: Any) -> Any:
        try:
            return compiled.value([x], BITS)
        except (Undefined, Undecided) as reason:
            raise ArithmeticError(str(reason)) from reason

    return Target(value)
