"""Functions that are smooth from 0 to infinity but for known factors: a half-line is mapped to an interval.

On a half-line, with a = |x|, f(a) = a^m (a + k)^(n - m) e^(q a^2 + l a) P(t), t a fraction of a that runs through
[-1, 1]: m is how fast f leaves 0, n how it ends, q and l how it grows or decays. All four are read off values of f at
points near 2^-100 and 2^30; then P is bounded away from 0 and a polynomial does, for every float. Or all this holds of
e^f, and f is the logarithm. All in doubles, rounded once.

An odd or even function, or one with f(x) = line + s f(-x), has one half-line to compute; any other has two. Where f is
c x to first order, and c x may be halfway between two floats, c is moved by its last bit to the side where f lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from optgen.functions.fit import Ball, to_float64
from optgen.functions.formulas import written
from optgen.functions.schemes.decaying import mirror_of
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

FAR = tuple(Fraction(2**30 * k) for k in (1, 2, 3, 4))
NEARER = tuple(Fraction(k) for k in range(7, 19))
NEAR = 100  # binary digits
ACCURACY = 2.0**-51
LONGEST = 30  # coefficients of a polynomial; longer ones lose digits
PARTS = (1, 2, 4)
Limits = tuple[Fraction, Fraction]
CENTRES = tuple(Fraction(k, 4) for k in (2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48))
FLOATS = Fraction(2) ** -156, Fraction(2) ** 130  # beyond, for good, of floats; and of doubles
DOUBLES = Fraction(2) ** -1080, Fraction(2) ** 1030
FARTHEST = 2.0**200  # arguments beyond are cut: of products of their powers none overflows
LINEAR = 2.0**-30  # below, two terms do


@dataclass(frozen=True, slots=True)
class Half:
    """f(side*a) for a >= 0 (see above), u = slope*a/(a + k) runs through [0, 2], which is cut into as many equal parts
    as there are polynomials, each from the lowest coefficient and in a variable that runs through [-1, 1].

    `end` is where a is cut. `start` and `lean` are the two terms of f/a^m at 0, the first moved by its last bit, if it
    is that of a product which may be a tie.  With `logarithm` all this is said of e^f.
    """

    side: int
    power: int
    fall: Fraction
    quadratic: Fraction
    linear: Fraction
    centre: Fraction
    slope: float
    end: float
    polynomials: tuple[tuple[float, ...], ...]
    start: tuple[float, float] | None
    logarithm: bool = False


@dataclass(frozen=True, slots=True)
class Mapped:
    """Half-lines, the positive first; or one, and f(x) = slope*x + offset + mirror*f(-x) on its other side."""

    halves: tuple[Half, ...]
    slope: int = 0
    offset: int = 0
    mirror: int = 0


def recognise(target: Target, limits: Limits = FLOATS) -> Mapped | None:
    """The half-lines of a function; None where one is not of this family.

    Sizes beyond the `limits` count as nothing and as infinite.
    """
    try:
        for side in (1, -1):
            found = mirror_of(target, side)
            if found is not None:
                slope, offset, mirror = found
                half = _half(target, -side, limits)
                if half is None or (half.quadratic >= 0 and half.linear >= 0 and (slope or offset)):
                    continue  # the side that decays is computed, the other from it
                return Mapped((half,), slope * side, offset, mirror)
        first = _half(target, 1, limits)
        second = _half(target, -1, limits) if first is not None else None
        return None if first is None or second is None else Mapped((first, second))
    except (ValueError, ArithmeticError):
        return None


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    found = recognise(target)
    if found is not None:
        b = Builder(name)
        x = b.parameter("x", "f32")
        yield b.finish(b.apply("f32", write(b, found, b.apply("f64", x))))


# ---------------------------------------------------------------- analysis


def _half(target: Target, side: int, limits: Limits) -> Half | None:
    """The half-line of f, or else of e^f: a quadratic and a logarithm have no common law far out."""
    end = _end(target, side, limits)
    found = _lawful(target, side, end)
    if found is not None:
        return found
    signs = {target.at(side * Fraction(2) ** k) > 0 for k in range(-20, 60) if 2.0**k < end}
    found = _lawful(Target(lambda x: target.value(x).exp()), side, end) if len(signs) == 1 else None
    return None if found is None or found.power else replace(found, logarithm=True, start=None)


def _lawful(target: Target, side: int, end: float) -> Half | None:
    at = [target.at(side * Fraction(1, 2 ** (NEAR + k))) for k in (0, 1)]
    if any(value.is_zero() for value in at):
        return None
    power = _snapped((abs(at[0] / at[1])).log() / ball(2).log(), 1, 2.0**-20)
    far = _growth(target, side)
    if power is None or power < 0 or far is None:
        return None
    quadratic, linear, fall = far
    for parts in PARTS:
        law = side, int(power), fall, quadratic, linear
        made = [_fitted(target, Half(*law, centre, 0.0, end, (), None), parts) for centre in CENTRES]
        found = [half for half in made if half is not None]
        if found:
            return min(found, key=lambda half: len(half.polynomials[0]))
    return None


def _snapped(value: Ball, parts: int, room: float) -> Fraction | None:
    nearest = Fraction(round(float(value) * parts), parts)
    return nearest if abs(float(value - ball(nearest))) < room else None


def _growth(target: Target, side: int) -> tuple[Fraction, Fraction, Fraction] | None:
    """q, l, n of log |f| = q a^2 + l a + n log a + d + ... from far points; None if they are not simple.

    Where a function cancels there (1 - erf), nearer ones have to do, with the next terms of that series.
    """
    from flint import arb_mat

    for points, terms, room in ((FAR, 0, 2.0**-20), (NEARER, len(NEARER) - 4, 2.0**-6)):
        try:
            values = [target.at(side * a) for a in points]
        except ArithmeticError:
            continue
        if any(value.is_zero() for value in values):
            continue
        rows = [[ball(a) ** 2, ball(a), ball(a).log(), *(ball(a) ** -k for k in range(terms + 1))] for a in points]
        solved = arb_mat([[x.mid() for x in row] for row in rows]).solve(
            arb_mat([[abs(value).log().mid()] for value in values]), nonstop=True
        )
        law = (_snapped(solved[k, 0].mid(), parts, room) for k, parts in enumerate((16, 16, 2)))
        found = [number for number in law if number is not None]
        if len(found) == 3:
            return found[0], found[1], found[2]
    return None


def _end(target: Target, side: int, limits: Limits) -> float:
    """From where on f is beyond the limits for good: sixteenths of a power of 2."""
    smallest, largest = map(ball, limits)

    def beyond(a: Fraction) -> bool:
        return not smallest < abs(target.at(side * a)) < largest

    last = Fraction(FARTHEST)
    if not beyond(Fraction(2) ** 128):
        return float(last)
    while beyond(last / 2):
        last /= 2
    return float(next(last * eighths / 16 for eighths in range(9, 17) if beyond(last * eighths / 16)))


def _core(target: Target, shape: Half, a: Fraction) -> Ball:
    """f without its factors."""
    x = ball(a)
    lost = (-(ball(shape.quadratic) * x + ball(shape.linear)) * x).exp()
    power = (x + ball(shape.centre)) ** ball(shape.power - shape.fall)
    return (target.at(shape.side * a) * lost * power / x**shape.power).mid()


def _fitted(target: Target, shape: Half, parts: int) -> Half | None:
    """The half-line with its polynomials; None if one is too long."""
    end = Fraction(shape.end)
    slope = float(2 * (end + shape.centre) / end)
    series = []
    for part in range(parts):
        made = _series(target, replace(shape, slope=slope), part, parts)
        if made is None:
            return None
        series.append(made)
    length = max(map(len, series))
    numbers = [[float(to_float64(c)) for c in powers_of(one)] for one in series]
    polynomials = tuple((*one, *[0.0] * (length - len(one))) for one in numbers)
    return replace(shape, slope=slope, polynomials=polynomials, start=_start(target, shape))


def _series(target: Target, shape: Half, part: int, parts: int) -> list[Ball] | None:
    """The series of P on one of the parts."""

    def value(u: Fraction) -> Ball:
        fraction = u / Fraction(shape.slope)
        return _core(target, shape, shape.centre * fraction / (1 - fraction))

    return chebyshev(value, Fraction(2 * part, parts), Fraction(2 * part + 2, parts), ACCURACY, LONGEST)


def _start(target: Target, shape: Half) -> tuple[float, float] | None:
    """f(a)/a^m = c0 + c1 a near 0, where c0 has few bits and is no power of 2 above 1/2: its products can be ties."""
    a = Fraction(1, 2**NEAR)
    near = [target.at(shape.side * a * k) / ball(a * k) ** shape.power for k in (1, 2)]
    first = to_fraction(2 * near[0] - near[1])
    simple = Fraction(round(first * 2**12), 2**12)
    exact = abs(first - simple) < Fraction(1, 2**80)
    if shape.power != 1 or not exact or simple == 0 or (abs(simple.numerator) == 1 and abs(simple) >= 1):
        return None
    change = (near[1] - near[0]) / ball(a)
    if change.is_zero():
        return None
    outward = (change > 0) == (simple > 0)
    return float(simple) * (1 + (2.0**-51 if outward else -(2.0**-51))), float(change)


# ---------------------------------------------------------------- the program


def write(b: Builder, found: Mapped, x: Value) -> Value:
    """f at a double."""
    size = abs(x)
    values = [_half_value(b, half, size) for half in found.halves]
    if len(values) == 2:
        return b.select(x < 0.0, values[1], values[0])
    (half,), (value,) = found.halves, values
    if found.slope == 0 and found.offset == 0:
        if found.mirror > 0:
            return value
        return b.apply("copysign", value, x if _sign(half) == half.side else -x)
    other = value if found.mirror > 0 else -value
    if found.offset:
        other = float(found.offset) + other
    if found.slope:
        other = (x if found.slope > 0 else -x) + other
    mirrored = x > 0.0 if half.side < 0 else x < 0.0
    return b.select(mirrored, other, value)


def _sign(half: Half) -> int:
    """The sign of f on a half-line."""
    return 1 if half.polynomials[0][0] > 0 else -1


def _half_value(b: Builder, half: Half, size: Value) -> Value:
    a = b.apply("min", b.constant(half.end, "f64"), size)
    inverse = 1.0 / (a + float(half.centre))
    value = _polynomial(b, half, a * inverse * half.slope)
    fall = half.power - half.fall
    for _ in range(int(abs(fall))):
        value = value * (inverse if fall > 0 else a + float(half.centre))
    if fall.denominator == 2:
        value = value * b.apply("sqrt", inverse if fall > 0 else a + float(half.centre))
    if half.logarithm:
        value = written("log", b, value)
        return _odd_sum(b, _exponent(half, a), value) if half.quadratic or half.linear else value
    if half.quadratic or half.linear:
        value = value * written("exp", b, _exponent(half, a))
    if half.start is not None:
        value = b.select(a < LINEAR, b.fma(a, half.start[1], half.start[0]), value)
    for _ in range(half.power):
        value = value * a
    return value


def _polynomial(b: Builder, half: Half, u: Value) -> Value:
    """P, by the polynomial of the part in which u lies."""
    parts = len(half.polynomials)
    inside = [u < float(Fraction(2 * part, parts)) for part in range(1, parts)]

    t = b.fma(u, float(parts), b.picked(inside, [-1.0 - 2 * part for part in range(parts)]))
    *rest, value = [b.picked(inside, numbers) for numbers in zip(*half.polynomials, strict=True)]
    for coefficient in reversed(rest):
        value = b.fma(value, t, coefficient)
    return value


def _odd_sum(b: Builder, large: Value, small: Value) -> Value:
    """The sum, its last bit odd where it is not exact: what is no tie of floats is not made one."""
    total = large + small
    lost = small - (total - large)
    bits = b.apply("bits", total)
    step = b.select(lost * total > 0.0, b.constant(1, "i64"), -1)
    inexact = ((lost < 0.0) | (lost > 0.0)) & (bits & 1).equals(0)
    return b.apply("from_bits", bits + b.select(inexact, step, b.constant(0, "i64")))


def _exponent(half: Half, a: Value) -> Value:
    if not half.quadratic:
        return a * float(half.linear)
    square = a * a * float(half.quadratic) if half.quadratic != 1 else a * a
    return square if not half.linear else square + a * float(half.linear)
