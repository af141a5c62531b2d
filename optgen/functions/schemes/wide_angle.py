"""The angle of a slope in doubles: f(x) = f(c) + f((x - c)/(1 + c x)), with the cells of `angle` and more coefficients.

The centres are floats, so x - c and 1 + c x are exact doubles.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import to_float64
from optgen.functions.schemes.angle import CELLS, LARGEST, SHIFT, cells_from, recognise, rotated
from optgen.functions.schemes.series import chebyshev, powers_of, shifted
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_builder import Builder

ACCURACY = 2.0**-49  # of what is added to z, at most a part in 200
LONGEST = 12


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    slope = recognise(target)
    if slope is None:
        return
    cells = cells_from(to_bits(0.125, "f32") >> SHIFT)
    square = cells.reach**2

    def ratio(s: Fraction) -> object:
        z = ball(to_fraction(ball(s).sqrt()))
        return (z.atan() / z - 1) / z**2

    series = chebyshev(ratio, square / 2**20, square, ACCURACY, LONGEST)
    if series is None:
        return
    polynomial = [float(to_float64(c)) for c in shifted(powers_of(series), square / 2**20, square)]
    b = Builder(name)
    x = b.parameter("x", "f32")
    size = b.apply("min", b.constant(LARGEST, "f32"), abs(x)).named("size")
    place = b.apply("max", b.apply("bits", size) >> SHIFT, cells.first - 1)
    cell = ((b.apply("min", place, cells.first + CELLS - 2) & (CELLS - 1)) + 1).named("cell")
    angles = [float(to_float64(ball(Fraction(c)).atan())) for c in cells.centres]
    centre = b.apply("f64", b.table("centre", "f32", rotated(cells.centres, cells.first - 1), cell))
    angle = b.table("angle", "f64", rotated(angles, cells.first - 1), cell)
    wide = b.apply("f64", size)
    z = ((wide - centre) / b.fma(wide, centre, 1.0)).named("z")
    s = z * z
    value = b.apply("f32", angle + b.fma(b.horner(s, polynomial), z * s, z))
    yield b.finish(b.apply("copysign", value, x if slope > 0 else -x))
