"""Cells by the leading bits of a number: its octave and part of one, each with its own polynomial, in registers.

    even and odd functions, smooth on a half-line      f(x) = P(|x|), or that with the sign of x
    odd functions that end at 1, as erfinv and atanh   f(x) = x P(1 - x^2), where P may grow without bound towards 0

Of the floats near the middle of a cell that is its centre at which P is all but a float; with r the distance from it
P = a + r (b + r (c2 + ...)), so nearly the only error is that of the last sum. Only the plain case: the cells reach
as far as there is room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, Model, chebyshev_points, exactly, least_squares, round_jointly, to_float32
from optgen.functions.schemes.cells import padded
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder, Value

CELLS = 32
NEIGHBOURS = 40
TINY = 2.0**-64  # below, the small part of a coefficient in two parts is lost
Numbers = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of `shift` bits less than a float, and their degree."""

    shift: int
    degree: int


@dataclass(frozen=True, slots=True)
class Cells:
    """The centre of each, its coefficients from a on, and a second part of that of r, which round a zero counts."""

    centres: Numbers
    coefficients: tuple[Numbers, ...]
    seconds: Numbers


LAYOUTS = (Layout(22, 5), Layout(22, 6), Layout(22, 7), Layout(22, 8), Layout(21, 5), Layout(21, 6))
LOW = 0.25  # the first cell of a half-line ends here


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases, those that reach farther first."""
    mirror = mirror_of(target)
    if mirror == 0:
        return
    ends = _ends(target)
    for layout in LAYOUTS:
        made = _ended(name, target, layout, tolerance) if ends else _half_line(name, target, mirror, layout, tolerance)
        if made is not None:
            yield made


def mirror_of(target: Target) -> int:
    """1 of an even function, -1 of an odd one, 0 of any other, as far as some points show."""
    try:
        pairs = [(target.at(x), target.at(-x)) for x in (Fraction(3, 8), Fraction(5, 7), Fraction(1, 9))]
    except (ValueError, ArithmeticError):
        return 0
    for mirror in (1, -1):
        if all(abs(float((right - mirror * left) / right)) < 1e-25 for right, left in pairs if not right.is_zero()):
            return mirror
    return 0


def _ends(target: Target) -> bool:
    """Whether a function has values up to 1, and none from there on."""
    try:
        target.at(1 - Fraction(1, 2**20))
    except (ValueError, ArithmeticError):
        return False
    for x in (1 + Fraction(1, 2**20), Fraction(3)):
        try:
            target.at(x)
        except (ValueError, ArithmeticError):
            continue
        return False
    return True


# ---------------------------------------------------------------- half-lines


def _half_line(name: str, target: Target, mirror: int, layout: Layout, tolerance: float) -> Straight | None:
    """The plain case of an even or an odd function; None if a cell is not good enough."""
    first = to_bits(LOW, "f32") >> layout.shift
    edges = [(Fraction(0), Fraction(LOW))]
    edges += [edge(place, layout.shift) for place in range(first, first + CELLS - 1)]
    try:
        start = target.at(Fraction(1, 2**60)) * 2**60
        zero = mirror < 0
        slope = _exact_slope(start) if zero else None
        cells = fitted(target.at, edges, layout.degree, tolerance, zero, slope)
    except (ValueError, ArithmeticError):
        return None
    if cells is None:
        return None
    b = Builder(name)
    x = b.parameter("x", "f32")
    size = abs(x).named("size")
    bits = b.apply("bits", size)
    octave = b.apply("max", b.apply("shift_right_zero", bits, layout.shift), first - 1)
    index = (((octave + (1 - first)) & (CELLS - 1)) + 1).named("cell")
    r = (size - table(b, "centre", cells.centres, index)).named("r")
    value = _odd_value(b, cells, index, r, slope) if zero else value_of(b, cells, index, r)
    value = b.apply("copysign", value, x) if zero and float(start) > 0 else value
    value = b.apply("copysign", value, -x) if zero and float(start) < 0 else value
    end = float(edges[-1][1])
    return b.finish(value, plain=(size < end if slope is not None or not zero else _between(b, x, TINY, end), value))


def _exact_slope(start: Ball) -> Fraction | None:
    """f'(0), where that is a float."""
    exact = to_fraction(start)
    rounded = to_float32(ball(exact))
    return rounded if rounded and abs(exact / rounded - 1) < Fraction(1, 2**60) else None


def _odd_value(b: Builder, cells: Cells, index: Value, r: Value, slope: Fraction | None) -> Value:
    """With the product of r and b exact beside what is added: round 0 that is the large part."""
    _, linear, *rest = zip(*cells.coefficients, strict=True)
    tail = table(b, f"c{len(rest) + 1}", rest[-1], index)
    for place in range(len(rest) - 2, -1, -1):
        tail = b.fma(tail, r, table(b, f"c{place + 2}", rest[place], index))
    a = table(b, "a", tuple(one[0] for one in cells.coefficients), index)
    small = tail * r if slope is not None else b.fma(tail, r, table(b, "b2", cells.seconds, index))
    return a + b.fma(r, table(b, "b", linear, index), small * r)


# ---------------------------------------------------------------- ends at 1


def _ended(name: str, target: Target, layout: Layout, tolerance: float) -> Straight | None:
    """The plain case of an odd function on [-1, 1]; None if a cell is not good enough."""
    last = to_bits(1.0, "f32") >> layout.shift
    edges = [edge(place, layout.shift) for place in range(last - CELLS + 1, last)]
    edges.append((1 - Fraction(1, 2**12), Fraction(1)))

    def wanted(z: Fraction) -> Ball:
        x = (1 - ball(z)).sqrt() if z < 1 else ball(Fraction(1, 2**60))
        return (target.value(x) / x).mid()

    try:
        cells = fitted(wanted, edges, layout.degree, tolerance, False, None)
    except (ValueError, ArithmeticError):
        return None
    if cells is None:
        return None
    b = Builder(name)
    x = b.parameter("x", "f32")
    z = b.fma(-x, x, 1.0).named("z")
    place = b.apply("shift_right_zero", b.apply("bits", z), layout.shift)
    index = (((place + (CELLS - 1 - last)) & (CELLS - 1)) + 1).named("cell")
    r = (z - table(b, "centre", cells.centres, index)).named("r")
    a, *rest = zip(*cells.coefficients, strict=True)
    tail = table(b, f"c{len(rest)}", rest[-1], index)
    for order in range(len(rest) - 2, -1, -1):
        tail = b.fma(tail, r, table(b, f"c{order + 1}", rest[order], index))
    factor = table(b, "a", a, index)
    large = (x * factor).named("large")
    value = large + b.fma(x, tail * r, b.fma(x, factor, -large))
    end = float(Fraction(int((1 - edges[0][0]) ** 0.5 * 2**22), 2**22))  # 1 - x^2 is in the first cell
    return b.finish(value, plain=(_between(b, x, TINY, end), value))


def _between(b: Builder, x: Value, low: float, high: float) -> Value:
    """Whether low <= |x| < high, by one comparison: bits below and above wrap to the other side."""
    first, last = to_bits(low, "f32"), to_bits(high, "f32")
    return b.apply("lt", b.apply("bits", abs(x)) + ((1 << 31) - first), last - first - (1 << 31))


# ---------------------------------------------------------------- cells


def edge(place: int, shift: int) -> tuple[Fraction, Fraction]:
    """Between what floats the bits but the last `shift` are these."""
    low, high = (Fraction(float(from_bits(bits << shift, "f32"))) for bits in (place, place + 1))
    return low, high


def table(b: Builder, name: str, entries: Numbers, index: Value) -> Value:
    """The entry of the cell of this index, from 1."""
    return b.table(name, "f32", padded([float(entry) for entry in entries]), index)


def value_of(b: Builder, cells: Cells, index: Value, r: Value) -> Value:
    """P, rounded once beside what is small."""
    columns = list(zip(*cells.coefficients, strict=True))
    value = table(b, f"c{len(columns) - 1}", columns[-1], index)
    for place in range(len(columns) - 2, -1, -1):
        value = b.fma(value, r, table(b, f"c{place}" if place > 1 else "ab"[place], columns[place], index))
    return value


def fitted(
    value: Callable[[Fraction], Ball],
    edges: list[tuple[Fraction, Fraction]],
    degree: int,
    tolerance: float,
    zero: bool,
    slope: Fraction | None,
) -> Cells | None:
    """The cells between these edges; with `zero` the first has its centre, and a zero, at 0, and this `slope`."""
    centres, coefficients, seconds = [], [], []
    for place, (low, high) in enumerate(edges):
        round_zero = zero and place == 0
        centre = Fraction(0) if round_zero else _centre(value, low, high)
        points = [p for p in chebyshev_points(low - centre, high - centre, 5 * degree + 12) if not round_zero or p]
        values = [value(centre + p) for p in points]
        rows = tuple(tuple(ball(p) ** k for k in range(degree + 1)) for p in points)
        model = Model(rows, tuple(values), tuple(1 / v for v in values))
        first = exactly(0) if round_zero else exactly(to_float32(value(centre)))
        second = exactly(slope) if round_zero and slope is not None else to_float32
        again = to_float32 if round_zero and slope is None else exactly(0)
        parts = [(0, first), (1, second), (1, again), *((k, to_float32) for k in range(2, degree + 1))]
        made, error = round_jointly(model, parts, least_squares)
        if not error < tolerance:
            return None
        centres.append(centre)
        coefficients.append((*made[:2], *made[3:]))
        seconds.append(made[2])
    return Cells(tuple(centres), tuple(coefficients), tuple(seconds))


def _centre(value: Callable[[Fraction], Ball], low: Fraction, high: Fraction) -> Fraction:
    """A float near the middle where the value is all but a float."""
    middle = to_float32(ball((low + high) / 2))
    unit = Fraction(2) ** (to_bits(float(middle), "f32") // 2**23 - 127 - 23)

    def off(step: int) -> float:
        found = value(middle + step * unit)
        return abs(float(found / ball(to_float32(found)) - 1))

    return middle + min(range(-NEIGHBOURS, NEIGHBOURS + 1), key=off) * unit
