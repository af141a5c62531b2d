"""Roots and their powers, f(2^p a) = 2^q f(a): x is taken close to one of at most 32 numbers, whose f is in registers.

The exponent modulo p and some leading bits of the fraction name a cell. With c the cell's factor, r = m c - 1 is small
and f(m) = T (1 + w(r)). Of the floats c near the middle one is taken whose T is all but a float: nearly the only error
is that of the last sum. The exponent's multiple of p goes into the exponent of the result. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float32
from optgen.functions.schemes.cells import padded
from optgen.functions.schemes.power import Power, recognise
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

BIAS = 127
CELLS = 32
NEIGHBOURS = 60
SHIFT = 16  # a division by a small number is a product and a shift


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases of growing degree, from the first whose polynomial is good enough."""
    found = recognise(target)
    if found is None or found.exponent.denominator > CELLS:
        return
    bits = (CELLS // found.exponent.denominator).bit_length() - 1
    for degree in range(2, 8):
        polynomial, error = _coefficients(found, bits, degree)
        if error < tolerance:
            yield program(name, found, bits, polynomial)


def _normal(b: Builder, x: Value) -> Value:
    """2^-126 <= x < 2^127: bits below and above wrap to the other side."""
    return b.apply("lt", b.apply("bits", x) + 0x7F800000, 0xFE800000)


def _coefficients(found: Power, bits: int, degree: int) -> tuple[list[Fraction], float]:
    """Of w(r) = (1 + r)^exponent - 1, from r on."""
    half = Fraction(1, 2 ** (bits + 1)) * Fraction(1001, 1000)
    points = [r for r in chebyshev_points(-half, half, 8 * degree + 20) if r != 0]
    values = [((1 + ball(r)).log() * ball(found.exponent)).exp() - 1 for r in points]
    rows = tuple(tuple(ball(r) ** k for k in range(1, degree + 1)) for r in points)
    model = Model(rows, tuple(values), tuple(ball(1) for _ in points))
    return round_jointly(model, [(k, to_float32) for k in range(degree)])


def program(name: str, found: Power, bits: int, polynomial: list[Fraction], argument: str = "x") -> Straight:
    """The plain case with these coefficients of w."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x) if found.mirror else x
    parts, up = found.exponent.denominator, found.exponent.numerator
    per_octave = 1 << bits
    whole = b.apply("bits", size)
    cell, multiple, offset = _divided(b, whole, parts, bits)
    mantissa = b.apply("from_bits", (whole & 0x7FFFFF) | (BIAS << 23)).named("mantissa")

    entries = [_entry(found, place, per_octave) for place in range(parts * per_octave)]
    inverses, values = ([float(number) for number in column] for column in zip(*entries, strict=True))
    index = cell + 1
    r = b.fma(mantissa, b.table("inverse", "f32", padded(inverses), index), -1.0).named("r")
    w = b.horner(r, [float(c) for c in polynomial]) * r
    base = b.table("base", "f32", padded(values), index)
    value = b.fma(w, base, base)
    power = multiple * up if up != 1 else multiple
    value = value * b.apply("from_bits", (power + (BIAS - offset * up)) << 23)
    if found.mirror:
        value = b.apply("copysign", value, x) if found.mirror < 0 else value
        return b.finish(value, plain=(_normal(b, size), value))
    return b.finish(value, plain=(_normal(b, x), value))


def _entry(found: Power, place: int, per_octave: int) -> tuple[Fraction, Fraction]:
    """The factor c of a cell and T, the f of 2^octave/c, which is close to a float."""
    octave, fraction = divmod(place, per_octave)
    middle = to_float32(1 / (1 + ball(Fraction(2 * fraction + 1, 2 * per_octave))))
    best = None
    for step in range(-NEIGHBOURS, NEIGHBOURS + 1):
        inverse = middle + step * Fraction(1, 2**24)
        value = found.factor * ((ball(2).log() * octave - ball(inverse).log()) * ball(found.exponent)).exp()
        rounded = to_float32(value)
        off = abs(float(value / ball(rounded) - 1))
        if best is None or off < best[0]:
            best = off, inverse, rounded
    assert best is not None
    return best[1:]


def _divided(b: Builder, whole: Value, parts: int, bits: int) -> tuple[Value, Value, int]:
    """The cell (the exponent modulo `parts`, then leading bits), the exponent's multiple, and what that is too large
    by."""
    offset = -BIAS % parts
    place = b.apply("shift_right_zero", whole, 23 - bits)
    per_octave = 1 << bits
    if parts & (parts - 1) == 0:
        shifted = place + offset * per_octave if offset else place
        multiple = b.apply("shift_right_zero", shifted, bits + parts.bit_length() - 1)
        return shifted & (parts * per_octave - 1), multiple, (BIAS + offset) // parts
    size = parts * per_octave
    shifted = place + offset * per_octave
    multiple = b.apply("shift_right_zero", shifted * -(-(1 << SHIFT) // size), SHIFT).named("multiple")
    return (shifted - multiple * size) & (CELLS - 1), multiple, (BIAS + offset) // parts
