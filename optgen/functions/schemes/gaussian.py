"""Functions with the tail of a bell, f(-a) = 2^-m(a) R(a) with m quadratic, and a mirror: gelu, ndtr, erfc.

a^2 is kept in two parts. 2^(-m) = 2^n T (1 + w): sixteen T in two parts each, w of third degree; R by cells of a. The
product T R is exact in two parts, all else is small beside it. For positive arguments the mirror's line is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Model, chebyshev_points, exactly, round_jointly, to_float32
from optgen.functions.schemes.cells import Cell, Fitted, Sum, evaluate, fit, padded
from optgen.functions.schemes.decaying import Decaying, base_and_error, line_of, mirror_of
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder, Value

PARTS = 16  # powers 2^(j/16)
MAGIC = 12582912.0 / PARTS  # its last bit is 1/16
LEAST = -110  # powers of 2 below are applied in two halves


@dataclass(frozen=True, slots=True)
class Gaussian:
    """f(-direction*a) = exp(-rate*a^2) R(a) for a >= 0, rate a power of 2; R(0) may be 0, with this slope."""

    mirror: Decaying
    rate: Fraction
    slope: Fraction | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of `shift` bits less than a float, from `low` on, and their degree."""

    shift: int
    low: float
    degree: int


LAYOUTS = (Layout(21, 0.125, 5), Layout(21, 0.125, 6), Layout(22, 0.25, 6), Layout(21, 0.25, 7))


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
            return Gaussian(Decaying(direction, Fraction(0), *found), near, slope)
    except (ValueError, ArithmeticError):
        pass
    return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs from the cheapest layout on."""
    scheme = recognise(target)
    if scheme is not None:
        for layout in LAYOUTS:
            centres, fitted = _cells(target, scheme, layout)
            if len(fitted) <= 32 and max(cell.error for cell in fitted) < tolerance:
                yield program(name, scheme, layout, centres, fitted)


def _end(scheme: Gaussian) -> float:
    """Where 2^n is below all floats: the cells end there."""
    return float(Fraction(round((156 * 0.6931472 / float(scheme.rate)) ** 0.5 * 8), 8))


def _cells(target: Target, scheme: Gaussian, layout: Layout) -> tuple[list[float], list[Fitted]]:
    first, last = (to_bits(end, "f32") >> layout.shift for end in (layout.low, _end(scheme)))
    edges = [(0.0, layout.low, 0.0)]
    for place in range(first, last + 1):
        low, high = (float(from_bits(bits << layout.shift, "f32")) for bits in (place, place + 1))
        edges.append((low, high, (low + high) / 2))
    fitted = []
    for low, high, centre in edges:
        middle = Fraction(centre)

        def wanted(r: Fraction, middle: Fraction = middle) -> object:
            a = middle + r
            return target.at(-scheme.mirror.direction * a) * (ball(a) ** 2 * ball(scheme.rate)).exp()

        zero = centre == 0 and scheme.slope is not None
        cell = Cell(Fraction(low) - middle, Fraction(high) - middle, wanted, zero, scheme.slope if zero else None)
        made = fit(cell, layout.degree)
        if zero:
            made = Fitted((*made.coefficients[:2], Fraction(0), *made.coefficients[3:]), made.error)
        fitted.append(made)
    return [centre for *_, centre in edges], fitted


def program(
    name: str, scheme: Gaussian, layout: Layout, centres: list[float], fitted: list[Fitted], argument: str = "x"
) -> Straight:
    """The program with these cells."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    forward = x if scheme.mirror.direction > 0 else -x
    positive = (forward > 0.0).named("mirrored")
    line = line_of(b, scheme.mirror, forward)
    limit = float(Fraction(int((-LEAST * 0.6931472 / float(scheme.rate)) ** 0.5 * 16), 16))
    near = (size <= limit).named("near")
    tail, t = _tail(b, size, scheme, layout, centres, fitted)
    power = (b.apply("bits", t) << 19) & 0xFF800000
    scale = b.apply("from_bits", power + 0x3F800000)
    if scheme.mirror.mirror < 0:
        scale = b.select(positive, -scale, scale)
    value = base_and_error(b, scheme.mirror, positive, line, Sum(tail.large * scale, tail.small * scale))

    clamped = b.apply("min", b.constant(_end(scheme), "f32"), size).named("inside")
    tail, t = _tail(b, clamped, scheme, layout, centres, fitted)
    whole = (b.apply("bits", t) - b.apply("bits", b.constant(MAGIC, "f32"))) >> 4
    half = whole >> 1
    powers = [b.apply("from_bits", (part + 127) << 23) for part in (half, whole - half)]
    far = ((tail.large + tail.small) * powers[0] * powers[1]).named("far")
    full = b.select(near, value, b.select(positive, line, far)).named("full")
    if scheme.slope is not None:  # zero keeps its sign: the only zero, so the function has the sign of x or of -x
        sign = x if scheme.slope * scheme.mirror.direction < 0 else -x
        value, full = (b.apply("copysign", made, sign) for made in (value, full))
    return b.finish(full, plain=(near, value))


def _tail(
    b: Builder, a: Value, scheme: Gaussian, layout: Layout, centres: list[float], fitted: list[Fitted]
) -> tuple[Sum, Value]:
    """exp(-rate*a^2) R(a) without its power of 2, in two parts, and the sum that holds the power."""
    rate = float(scheme.rate)
    square = a * a
    square_low = b.fma(a, a, -square)
    exponent = square * -rate
    step = ball(2).log() / PARTS
    high = to_float32(step)
    low = float(to_float32(step - ball(high)))
    t = b.fma(square, float(to_float32(-ball(scheme.rate) / ball(2).log())), MAGIC).named("t")
    n = (t - MAGIC) * float(PARTS)
    exact = b.fma(n, -float(high), exponent)
    r = b.fma(square_low, -rate, b.fma(n, -low, exact)).named("r")
    w = b.fma(b.horner(r, _growth()), r * r, r).named("w")

    first = to_bits(layout.low, "f32") >> layout.shift
    octave = b.apply("max", b.apply("shift_right_zero", b.apply("bits", a), layout.shift), first - 1)
    cell = (((octave + (1 - first)) & (len(padded(centres)) - 1)) + 1).named("cell")
    rest = (a - b.table("centre", "f32", padded(centres), cell)).named("rest")
    parts = evaluate(b, fitted, cell, rest, split=False)
    if scheme.slope is not None:
        # round the zero the linear part is the large one: exact, as the slope is a power of 2
        slopes = padded([float(scheme.slope)] + [0.0] * (len(fitted) - 1))
        parts = Sum(b.fma(rest, b.table("slope", "f32", slopes, cell), parts.large), parts.small)

    place = (b.apply("bits", t) & (PARTS - 1)) + 1
    powers = [(ball(2).log() * k / PARTS).exp() for k in range(PARTS)]
    large = [to_float32(p) for p in powers]
    small = [to_float32(p - ball(c)) for p, c in zip(powers, large, strict=True)]
    power = b.table("power", "f32", [float(c) for c in large], place)
    grown = b.fma(w, power, b.table("power2", "f32", [float(c) for c in small], place))
    product = power * parts.large
    correction = b.fma(grown, parts.large, b.fma(power, parts.large, -product))
    return Sum(product, b.fma(power + grown, parts.small, correction)), t


def _growth() -> list[float]:
    """(e^r - 1 - r)/r^2 on a thirty-second of a doubling to either side."""
    half = Fraction(22, 1000)
    points = [r for r in chebyshev_points(-half, half, 40) if r != 0]
    model = Model(
        tuple((ball(r) ** 2, ball(r) ** 3) for r in points),
        tuple(ball(r).exp() - 1 - ball(r) for r in points),
        tuple(ball(1) for _ in points),
    )
    return [float(c) for c in round_jointly(model, [(0, exactly(Fraction(1, 2))), (1, to_float32)])[0]]
