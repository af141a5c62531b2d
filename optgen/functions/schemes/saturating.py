"""Odd functions that rise from 0 to a limit: cells on [0, end], beyond which the float next to the limit is the value.

The cell is read off the bits of |x|: its exponent and first fraction bits. The first cell reaches to 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import to_float32
from optgen.functions.schemes.cells import Cell, Fitted, evaluate, fit, padded
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder

FAR = 60  # limits are looked for here
TINY = 2.0**-64  # below, a coefficient in two parts is applied to a scaled argument


@dataclass(frozen=True, slots=True)
class Saturating:
    """From `end` on the value is the limit to well below half an ulp; `slope` is f'(0) if that is a float."""

    end: float
    slope: Fraction | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of `shift` bits less than a float, from `low` on, and their degree."""

    shift: int
    low: float
    degree: int


LAYOUTS = (
    Layout(21, 0.125, 5), Layout(22, 0.25, 6), Layout(21, 0.125, 6), Layout(21, 0.25, 6), Layout(22, 0.25, 7),
)  # fmt: skip


def recognise(target: Target) -> Saturating | None:
    """Where an odd function with a limit reaches it; None for any other function."""
    try:
        limit = target.at(FAR)
        for x in (Fraction(3, 8), Fraction(11, 8), Fraction(40)):
            if abs(float((target.at(x) + target.at(-x)) / target.at(x))) > 1e-25:
                return None
        if limit.is_zero() or abs(float(target.at(Fraction(FAR, 2)) / limit) - 1) > 1e-10:
            return None
        end = Fraction(FAR)
        for step in range(FAR * 4, 0, -1):
            near = Fraction(step, 4)
            if abs(float((target.at(near) - limit) / limit)) > 2**-27:
                return Saturating(_rounded_up(float(end)), _slope(target))
            end = near
    except (ValueError, ArithmeticError):
        pass
    return None


def _slope(target: Target) -> Fraction | None:
    near = to_fraction(target.at(Fraction(1, 2**60))) * 2**60
    rounded = to_float32(ball(near))
    return rounded if abs(near / rounded - 1) < Fraction(1, 2**60) else None


def _rounded_up(value: float) -> float:
    """To a float with three fraction bits, where cells end."""
    bits = to_bits(value, "f32")
    return float(from_bits((bits + (1 << 20) - 1) >> 20 << 20, "f32"))


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs from the cheapest layout on."""
    scheme = recognise(target)
    if scheme is not None:
        for layout in LAYOUTS:
            made = program(name, target, scheme, layout, tolerance)
            if made is not None:
                yield made


def program(
    name: str, target: Target, scheme: Saturating, layout: Layout, tolerance: float, argument: str = "x"
) -> Straight | None:
    """The program of a layout; None if it has too many cells, or one is not good enough."""
    first = to_bits(layout.low, "f32") >> layout.shift
    last = (to_bits(scheme.end, "f32") - 1) >> layout.shift
    if last - first + 2 > 32:
        return None
    split = scheme.slope is None
    centres, fitted = [0.0], [_cell(target, 0.0, layout.low, 0.0, layout.degree, split, scheme.slope)]
    for place in range(first, last + 1):
        low, high = (float(from_bits(bits << layout.shift, "f32")) for bits in (place, place + 1))
        centres.append((low + high) / 2)
        fitted.append(_cell(target, low, high, centres[-1], layout.degree, split))
    if max(cell.error for cell in fitted) > tolerance:
        return None
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    inside = b.apply("min", b.constant(scheme.end * (1 - 2**-24), "f32"), size).named("inside")
    octave = b.apply("max", b.apply("shift_right_zero", b.apply("bits", inside), layout.shift), first - 1)
    cell = (((octave + (1 - first)) & (len(padded(centres)) - 1)) + 1).named("cell")
    r = (inside - b.table("centre", "f32", padded(centres), cell)).named("r")
    made = evaluate(b, fitted, cell, r, split)
    value = (made.large + made.small).named("value")
    if scheme.slope is not None:
        return b.finish(b.apply("copysign", value, x))
    scaled = size * 2.0**64
    tiny = b.fma(scaled, float(fitted[0].coefficients[2]), scaled * float(fitted[0].coefficients[3])) * 2.0**-64
    full = b.apply("copysign", b.select(size < TINY, tiny, value), x).named("full")
    return b.finish(full, plain=(b.apply("le", b.constant(TINY, "f32"), size), b.apply("copysign", value, x)))


def _cell(
    target: Target, low: float, high: float, centre: float, degree: int, split: bool, slope: Fraction | None = None
) -> Fitted:
    middle = Fraction(centre)
    wanted = Cell(Fraction(low) - middle, Fraction(high) - middle, lambda r: target.at(middle + r), centre == 0, slope)
    return fit(wanted, degree, split)
