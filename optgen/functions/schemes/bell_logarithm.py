"""Functions with the tail of a bell on one side and minus a square on the other: the logarithm of ndtr.

With a = |x|, f = e^(-rate a^2) Q(a) on the side of the tail, and f = S(a) - fall a^2 on the other: Q and S are smooth
and share one set of tables, half of its cells for each side. The power is as `gaussian` has it, 1 where there is none;
a^2 in two parts. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball
from optgen.functions.floats import is_power_of_two
from optgen.functions.schemes.gaussian import limit_of, power_in_parts
from optgen.functions.schemes.octaves import Cells, Layout, edge, fitted, table
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_builder import Builder

HALF = 16  # cells of a side
HALF_BITS = 4
LOW = 0.25
LAYOUTS = (Layout(22, 5), Layout(22, 6), Layout(22, 7), Layout(22, 8))


@dataclass(frozen=True, slots=True)
class BellLogarithm:
    """The side of the tail, 1 or -1, and the two rates, powers of 2."""

    direction: int
    rate: Fraction
    fall: Fraction


def recognise(target: Target) -> BellLogarithm | None:
    """The rates; None for any other function."""
    for direction in (1, -1):
        try:
            if target.at(0).is_zero():
                return None
            logs = [abs(target.at(direction * a)).log() for a in (9, 10, 11)]
            far = [target.at(-direction * a) for a in (2000, 2001, 2002)]
            rates = [-float(three - 2 * two + one) / 2 for one, two, three in (logs, far)]
            near = [Fraction(round(rate * 16), 16) for rate in rates]
        except (ValueError, ArithmeticError):
            continue
        if all(n > 0 and is_power_of_two(n) and abs(r - float(n)) < 0.02 for n, r in zip(near, rates, strict=True)):
            return BellLogarithm(direction, *near)
    return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases from the lowest degree that is good enough."""
    scheme = recognise(target)
    if scheme is None:
        return
    for layout in LAYOUTS:
        sides = [_cells(target, scheme, layout, tolerance, side) for side in (1, -1)]
        tail, square = sides
        if tail is not None and square is not None:
            yield program(name, scheme, layout, tail, square)


def _cells(target: Target, scheme: BellLogarithm, layout: Layout, tolerance: float, side: int) -> Cells | None:
    first, last = (to_bits(end, "f32") >> layout.shift for end in (LOW, limit_of(scheme.rate)))
    edges = [(Fraction(0), Fraction(LOW)), *(edge(place, layout.shift) for place in range(first, last + 1))]
    if len(edges) > HALF:
        return None

    def wanted(a: Fraction) -> Ball:
        value, square = target.at(side * scheme.direction * a), ball(a) ** 2
        return value * (square * ball(scheme.rate)).exp() if side > 0 else value + square * ball(scheme.fall)

    try:
        return fitted(wanted, edges, layout.degree, tolerance, False, None)
    except (ValueError, ArithmeticError):
        return None


def program(
    name: str, scheme: BellLogarithm, layout: Layout, tail: Cells, square: Cells, argument: str = "x"
) -> Straight:
    """The plain case with these cells."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    forward = x if scheme.direction > 0 else -x
    size = abs(x).named("size")
    zero, one = b.constant(0.0, "f32"), b.constant(1.0, "f32")
    bits = b.apply("bits", forward)
    negative = b.apply("lt", bits, 0).named("negative")

    first = to_bits(LOW, "f32") >> layout.shift
    octave = b.apply("max", b.apply("shift_right_zero", b.apply("bits", size), layout.shift), first - 1)
    half = b.apply("shift_right_zero", bits, 31 - HALF_BITS) & HALF
    index = (((octave + half + (1 - first)) & (2 * HALF - 1)) + 1).named("cell")
    both = zip(zip(*tail.coefficients, strict=True), zip(*square.coefficients, strict=True), strict=True)
    columns = [_halves(one_side, other) for one_side, other in both]
    rest = (size - table(b, "centre", _halves(tail.centres, square.centres), index)).named("rest")
    small = table(b, f"c{len(columns) - 1}", columns[-1], index)
    for place in range(len(columns) - 2, 1, -1):
        small = b.fma(small, rest, table(b, f"c{place}", columns[place], index))
    # cells are wide: the linear term is rounded once, with what is added to it
    small = b.fma(rest, table(b, "b", columns[1], index), small * (rest * rest))
    large = table(b, "a", columns[0], index)

    power, growth = power_in_parts(b, size, -scheme.rate)
    power = b.select(negative, one, power)
    product = power * large
    grown = power * b.select(negative, zero, growth)
    small = b.fma(power + grown, small, b.fma(grown, large, b.fma(power, large, -product)))
    a_squared = size * size
    base = b.select(negative, a_squared * -float(scheme.fall), zero).named("base")
    low = b.select(negative, b.fma(size, size, -a_squared) * -float(scheme.fall), zero)
    total = (base + product).named("sum")
    back = total - base
    error = (base - (total - back)) + (product - back)
    value = total + (error + (small + low))
    return b.finish(value, plain=(size <= limit_of(scheme.rate), value))


def _halves(first: tuple[Fraction, ...], second: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """One table of two."""
    fill = (Fraction(0),) * (HALF - len(first))
    return (*first, *fill, *second, *(Fraction(0),) * (HALF - len(second)))
