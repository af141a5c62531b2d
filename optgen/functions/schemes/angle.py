"""The angle of a slope: f(x) - f(c) = f((x - c)/(1 + c x)), an odd function. One quotient, one short polynomial.

|x| is in one of 16 cells, read off its bits, two a power of 2, with a centre c: z = (x - c)/(1 + c x) is small, and
f(x) = f(c) + z + z^3 P(z^2), where f(c) has two parts. In the first cell c = 0, so z = x. In the last c is so large
that z = -1/x, and larger arguments are taken for it: there f has reached its limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float32
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder

SHIFT = 22  # bits less than a float: two cells a power of 2
CELLS = 16
NEARER = 0.4
LARGEST = 2.0**60  # an argument whose angle is a right one, as far as floats see


@dataclass(frozen=True, slots=True)
class Cells:
    """The bits of the first cell's end, less SHIFT; the centres."""

    first: int
    centres: tuple[float, ...]

    @property
    def reach(self) -> Fraction:
        """The largest |z|: that of the first cell or the last."""
        end = Fraction(edge(self.first))
        return max(end, 1 / Fraction(edge(self.first + CELLS - 2)))


def edge(place: int) -> float:
    """Where a cell begins."""
    return float(from_bits(place << SHIFT, "f32"))


def recognise(target: Target) -> int | None:
    """f'(0), 1 of the angle or -1 of its negative; None for any other function."""
    try:
        tiny = Fraction(1, 2**60)
        slope = 1 if target.at(tiny) > 0 else -1
        if abs(float(target.at(tiny) / ball(tiny)) - slope) > 1e-15:
            return None
        for x, c in ((Fraction(3, 8), Fraction(1, 4)), (Fraction(5), Fraction(3)), (Fraction(100), Fraction(7, 8))):
            turned = target.at((x - c) / (1 + c * x))
            odd = abs(float(target.at(-x) + target.at(x))) < 1e-30
            if not odd or abs(float(target.at(x) - target.at(c) - turned)) > 1e-30:
                return None
    except (ValueError, ArithmeticError):
        return None
    return slope


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomial is good enough."""
    slope = recognise(target)
    if slope is None:
        return
    angle = target if slope > 0 else Target(lambda x: -target.value(x))
    cells = cells_from(to_bits(0.125, "f32") >> SHIFT)
    for degree in range(1, 6):
        polynomial, error = coefficients(angle, cells.reach, degree)
        if error < tolerance:
            yield program(name, angle, slope, cells, polynomial)


def cells_from(first: int) -> Cells:
    """The angle of a centre is nearer to that of its cell's lower end, where a result may have the smaller ulp."""
    centres = [0.0]
    for place in range(first, first + CELLS - 2):
        low, high = edge(place), edge(place + 1)
        angle = ball(low).atan() + (ball(high).atan() - ball(low).atan()) * NEARER
        centres.append(float(to_float32(angle.tan())))
    return Cells(first, (*centres, LARGEST))


def coefficients(target: Target, reach: Fraction, degree: int) -> tuple[list[Fraction], float]:
    """Those of (f(z) - z)/z^3 in z^2, and their error relative to f."""
    points = [z for z in chebyshev_points(Fraction(0), reach, 12 * degree + 20) if z > reach / 1000]
    values = [target.at(z) for z in points]
    rows = tuple(tuple(ball(z) ** (2 * k + 3) for k in range(degree + 1)) for z in points)
    wanted = tuple(value - ball(z) for value, z in zip(values, points, strict=True))
    model = Model(rows, wanted, tuple(1 / value for value in values))
    return round_jointly(model, [(k, to_float32) for k in range(degree + 1)])


def program(
    name: str, target: Target, slope: int, cells: Cells, polynomial: Sequence[Fraction], argument: str = "x"
) -> Straight:
    """The program of the angle, or its negative, with these cells and coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = b.apply("min", b.constant(LARGEST, "f32"), abs(x)).named("size")
    place = b.apply("max", b.apply("bits", size) >> SHIFT, cells.first - 1)
    cell = ((b.apply("min", place, cells.first + CELLS - 2) & (CELLS - 1)) + 1).named("cell")
    angles = [target.at(Fraction(c)) for c in cells.centres]
    high = [float(to_float32(angle)) for angle in angles]
    low = [float(to_float32(angle - ball(h))) for angle, h in zip(angles, high, strict=True)]
    centre, large, small = (
        b.table(name, "f32", rotated(row, cells.first - 1), cell)
        for name, row in (("centre", cells.centres), ("large", high), ("small", low))
    )
    z = ((size - centre) / b.fma(size, centre, 1.0)).named("z")
    s = z * z
    rest = b.fma(b.horner(s, [float(c) for c in polynomial]), z * s, small)
    return b.finish(b.apply("copysign", large + (z + rest), x if slope > 0 else -x))


def rotated(entries: Sequence[float], first: int) -> list[float]:
    """The table whose entry for `first` is where the last bits of `first` say."""
    return [entries[(place - first) % CELLS] for place in range(CELLS)]
