"""Functions that fall on one side and grow like a bell's reciprocal on the other: f(-a) = c e^(q a^2) - f(a), as erfcx.

f(a) for a >= 0 by cells of octaves, which reach far; for negative arguments the power in parts, as `gaussian` has it,
less that. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import to_float32
from optgen.functions.floats import is_power_of_two
from optgen.functions.schemes.cells import padded
from optgen.functions.schemes.gaussian import power_in_parts
from optgen.functions.schemes.octaves import CELLS, LAYOUTS, LOW, Cells, Layout, edge, fitted, table, value_of
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_builder import Builder

MOST = 120  # the largest plain power of 2


@dataclass(frozen=True, slots=True)
class Reflected:
    """f(direction*a) falls; f(a) + f(-a) = factor*exp(rate*a^2), both powers of 2."""

    direction: int
    factor: Fraction
    rate: Fraction


def recognise(target: Target) -> Reflected | None:
    """Factor and rate; None for any other function."""
    try:
        factor = to_fraction(target.at(0)) * 2
        sums = {x: target.at(x) + target.at(-x) for x in (Fraction(1, 2), Fraction(1), Fraction(3))}
        if factor <= 0 or not is_power_of_two(factor):
            return None
        rate = (sums[Fraction(1)] / ball(factor)).log()
        near = Fraction(round(float(rate) * 16), 16)
        if near <= 0 or not is_power_of_two(near):
            return None
        for x, total in sums.items():
            if not abs(float(total / (ball(factor) * (ball(near) * ball(x) ** 2).exp())) - 1) < 1e-14:
                return None
        direction = 1 if target.at(1) < target.at(-1) else -1
        return Reflected(direction, factor, near)
    except (ValueError, ArithmeticError):
        return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases, those that reach farther first."""
    scheme = recognise(target)
    if scheme is None:
        return
    for layout in LAYOUTS:
        first = to_bits(LOW, "f32") >> layout.shift
        edges = [(Fraction(0), Fraction(LOW))]
        edges += [edge(place, layout.shift) for place in range(first, first + CELLS - 1)]
        try:
            cells = fitted(lambda a: target.at(scheme.direction * a), edges, layout.degree, tolerance, False, None)
        except (ValueError, ArithmeticError):
            return
        if cells is not None:
            yield program(name, scheme, layout, cells, edges[-1][1])


def program(name: str, scheme: Reflected, layout: Layout, cells: Cells, end: Fraction, argument: str = "x") -> Straight:
    """The plain case with these cells."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    forward = x if scheme.direction > 0 else -x
    size = abs(x).named("size")
    first = to_bits(LOW, "f32") >> layout.shift
    octave = b.apply("max", b.apply("shift_right_zero", b.apply("bits", size), layout.shift), first - 1)
    count = len(padded([float(c) for c in cells.centres]))
    index = (((octave + (1 - first)) & (count - 1)) + 1).named("cell")
    r = (size - table(b, "centre", cells.centres, index)).named("r")
    fallen = b.apply("copysign", value_of(b, cells, index, r), forward)

    zero = b.constant(0.0, "f32")
    power, growth = power_in_parts(b, b.apply("max", zero, -forward), scheme.rate)
    negative = b.apply("lt", b.apply("bits", forward), 0).named("negative")
    grown = b.select(negative, power * float(scheme.factor) if scheme.factor != 1 else power, zero)
    total = (grown + fallen).named("sum")
    value = total + b.fma(grown, growth, (grown - total) + fallen)
    least = float(to_float32((ball(MOST) * ball(2).log() / ball(scheme.rate)).sqrt()))
    middle, half = (float(end) - least) / 2, (float(end) + least) / 2 * (1 - 2.0**-20)
    return b.finish(value, plain=(abs(forward - middle) <= half, value))
