"""Functions with the tail of a bell, f(-a) = 2^-m(a) R(a) with m quadratic, and a mirror: gelu, ndtr, erfc.

a^2 is kept in two parts. 2^(-m) = 2^n T (1 + w): sixteen T, w of third degree with what T lacks; R by cells of a, whose
centres are floats at which R is all but a float. The product T R is exact in two parts, all else is small beside it.
For positive arguments the mirror's line is added. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_float32
from optgen.functions.schemes.cells import Sum, padded
from optgen.functions.schemes.decaying import Decaying, line_of, mirror_of
from optgen.functions.schemes.octaves import Cells, fitted, table
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder, Value

PARTS = 16  # powers 2^(j/16)
FRACTION = 4  # the bits of j
MAGIC = 12582912.0 / PARTS  # its last bit is 1/16
LEAST = -110  # the least plain power of 2


@dataclass(frozen=True, slots=True)
class Gaussian:
    """f(-direction*a) = exp(-rate*a^2) R(a) for a >= 0, rate a power of 2; R(0) may be 0, with this slope.

    `under`: the mirror's line is above the tail everywhere, or there is none.
    """

    mirror: Decaying
    rate: Fraction
    slope: Fraction | None
    under: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of `shift` bits less than a float, from `low` on, and their degree."""

    shift: int
    low: float
    degree: int


LAYOUTS = (Layout(21, 0.125, 4), Layout(21, 0.125, 5), Layout(21, 0.125, 6), Layout(22, 0.25, 6), Layout(21, 0.25, 7))


def recognise(target: Target) -> Gaussian | None:
    """The rate and the mirror; None for any other function."""
    try:
        for direction in (1, -1):
            logs = [abs(target.at(-direction * a)).log() for a in (9, 10, 11)]
            rate = -float(logs[2] - 2 * logs[1] + logs[0]) / 2
            near = Fraction(2) ** round(rate).bit_length() / 2 if rate >= 0.75 else Fraction(1, 2)
            if abs(rate - float(near)) > 0.02:
                continue
            found = mirror_of(target, direction)
            if found is None:
                return None
            first = target.at(-direction * Fraction(1, 2**60)) * 2**60
            start = target.at(0)
            slope = to_float32(first) if start.is_zero() else None
            mirror = Decaying(direction, Fraction(0), *found)
            return Gaussian(mirror, near, slope, _under(target, mirror))
    except (ValueError, ArithmeticError):
        pass
    return None


def _under(target: Target, mirror: Decaying) -> bool:
    """Whether the tail is at most the line of its mirror."""
    sizes = [Fraction(2) ** k for k in range(-60, 4)] + [Fraction(k, 4) for k in range(1, 24)]
    return all(
        abs(float(target.at(-mirror.direction * a))) < 0.9999 * abs(float(mirror.slope * a + mirror.offset)) or not a
        for a in sizes
    )


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases from the cheapest layout on."""
    scheme = recognise(target)
    if scheme is not None:
        for layout in LAYOUTS:
            cells = _cells(target, scheme, layout, tolerance)
            if cells is not None:
                yield program(name, scheme, layout, cells)


def limit_of(rate: Fraction) -> float:
    """Where exp(-rate*a^2) becomes too small."""
    return float(Fraction(int((-LEAST * 0.6931472 / float(rate)) ** 0.5 * 16), 16))


def _cells(target: Target, scheme: Gaussian, layout: Layout, tolerance: float) -> Cells | None:
    first, last = (to_bits(end, "f32") >> layout.shift for end in (layout.low, limit_of(scheme.rate)))
    edges = [(Fraction(0), Fraction(layout.low))]
    for place in range(first, last + 1):
        low, high = (Fraction(float(from_bits(bits << layout.shift, "f32"))) for bits in (place, place + 1))
        edges.append((low, high))
    if len(edges) > 32:
        return None

    def wanted(a: Fraction) -> object:
        return target.at(-scheme.mirror.direction * a) * (ball(a) ** 2 * ball(scheme.rate)).exp()

    return fitted(wanted, edges, layout.degree, tolerance, scheme.slope is not None, scheme.slope)


def program(name: str, scheme: Gaussian, layout: Layout, cells: Cells, argument: str = "x") -> Straight:
    """The plain case with these cells."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    forward = x if scheme.mirror.direction > 0 else -x
    power, growth = power_in_parts(b, size, -scheme.rate)
    if scheme.mirror.mirror < 0:
        power = b.apply("copysign", power, -forward)
    factor = _factor(b, scheme, layout, cells, size)
    product = power * factor.large
    lost = b.fma(power, factor.large, -product)
    grown = power * growth
    made = Sum(product, b.fma(power + grown, factor.small, b.fma(grown, factor.large, lost)))
    value = _mirrored(b, scheme, forward, made)
    if scheme.slope is not None:  # zero keeps its sign: the only zero, so the function has the sign of x or of -x
        value = b.apply("copysign", value, x if scheme.slope * scheme.mirror.direction < 0 else -x)
    return b.finish(value, plain=(size <= limit_of(scheme.rate), value))


def power_in_parts(b: Builder, a: Value, rate: Fraction) -> tuple[Value, Value]:
    """p and g with exp(rate*a^2) = p (1 + g): p a float, g small."""
    square = a * a
    square_low = b.fma(a, a, -square)
    step = ball(2).log() / ball(rate)
    t = b.fma(square, float(to_float32(1 / step)), MAGIC).named("t")
    n = t - MAGIC
    high = to_float32(step)
    low = float(to_float32(step - ball(high)))
    r = (b.fma(n, -low, b.fma(n, -float(high), square)) + square_low).named("r")
    powers = [(ball(2).log() * k / PARTS).exp() for k in range(PARTS)]
    large = [to_float32(p) for p in powers]
    rest = [float(p / ball(c) - 1) for p, c in zip(powers, large, strict=True)]
    place = (b.apply("bits", t) & (PARTS - 1)) + 1
    growth = b.fma(b.horner(r, _growth(rate)), r, b.table("rest", "f32", rest, place)).named("growth")
    # each entry is less by what the bits of its place add to it
    entries = [to_bits(float(c), "f32") - (k << (23 - FRACTION)) for k, c in enumerate(large)]
    entry = b.apply("bits", b.table_bits("power", "f32", tuple(entries), place))
    return b.apply("from_bits", entry + (b.apply("bits", t) << (23 - FRACTION))).named("power"), growth


def _growth(rate: Fraction) -> list[float]:
    """(e^(rate r) - 1)/r where rate*r is at most a thirty-second of a doubling."""
    half = Fraction(22, 1000) / abs(rate)
    points = [r for r in chebyshev_points(-half, half, 40) if r != 0]
    model = Model(
        tuple((ball(1), ball(r), ball(r) ** 2) for r in points),
        tuple(((ball(r) * ball(rate)).exp() - 1) / ball(r) for r in points),
        tuple(ball(r) for r in points),
    )
    return [float(c) for c in round_jointly(model, [(k, to_float32) for k in range(3)])[0]]


def _factor(b: Builder, scheme: Gaussian, layout: Layout, cells: Cells, size: Value) -> Sum:
    """R in two parts."""
    first = to_bits(layout.low, "f32") >> layout.shift
    octave = b.apply("max", b.apply("shift_right_zero", b.apply("bits", size), layout.shift), first - 1)
    count = len(padded([float(c) for c in cells.centres]))
    index = (((octave + (1 - first)) & (count - 1)) + 1).named("cell")
    rest = (size - table(b, "centre", cells.centres, index)).named("rest")
    a, linear, *higher = zip(*cells.coefficients, strict=True)
    tail = table(b, f"c{len(higher) + 1}", higher[-1], index)
    for place in range(len(higher) - 2, -1, -1):
        tail = b.fma(tail, rest, table(b, f"c{place + 2}", higher[place], index))
    if scheme.slope is None:
        return Sum(table(b, "a", a, index), b.fma(tail, rest, table(b, "b", linear, index)) * rest)
    # round the zero the linear part is the large one: exact, as the slope is a power of 2
    slopes = (linear[0], *[Fraction(0)] * (len(linear) - 1))
    others = (Fraction(0), *linear[1:])
    large = b.fma(rest, table(b, "slope", slopes, index), table(b, "a", a, index))
    return Sum(large, b.fma(tail, rest, table(b, "b", others, index)) * rest)


def _mirrored(b: Builder, scheme: Gaussian, forward: Value, made: Sum) -> Value:
    """The mirror's line, where there is one, plus a value in two parts, with the error of the sum."""
    zero = b.constant(0.0, "f32")
    mirror = scheme.mirror
    if mirror.slope == 1 and mirror.offset == 0:
        base = b.apply("max", zero, forward).named("base")
    else:
        # by the sign bit, as the sign of the power is: at a zero both sides are right
        positive = b.apply("le", b.constant(0, "i32"), b.apply("bits", forward)).named("mirrored")
        base = b.select(positive, line_of(b, mirror, forward), zero).named("base")
    total = (base + made.large).named("sum")
    if scheme.under:
        error = (base - total) + made.large
    else:
        back = total - base
        error = (base - (total - back)) + (made.large - back)
    return total + (error + made.small)
