"""What a generator wants to know of the function that it approximates: values, in high precision, at exact points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.functions.fit import PRECISION, Ball

Points = Sequence[Fraction]


def ball(x: Fraction | int | float) -> Ball:
    """An exact number as a ball, at the working precision."""
    from flint import arb

    made = Fraction(x)
    return arb(made.numerator) / made.denominator


def to_fraction(value: Ball) -> Fraction:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


@dataclass(frozen=True, slots=True)
class Target:
    """A real function of one variable: `value(x)` is a ball round f(x) that is narrow at the working precision."""

    value: Callable[[Ball], Ball]

    def at(self, x: Fraction | int | float) -> Ball:
        """The midpoint of f at an exact point."""
        return self.value(ball(x)).mid()

    def doubles(self, points: Any) -> Any:
        """f at an array of floats, rounded to float64."""
        import numpy as np

        with precise(120):
            made = [float(self.at(Fraction(float(x)))) for x in points]
        return np.array(made, np.float64)


class precise:
    """Arb's working precision for a block; it is global to the process."""

    def __init__(self, bits: int = PRECISION) -> None:
        self.bits = bits

    def __enter__(self) -> None:
        import flint

        self.before = flint.ctx.prec
        flint.ctx.prec = self.bits

    def __exit__(self, *_: object) -> None:
        import flint

        flint.ctx.prec = self.before
