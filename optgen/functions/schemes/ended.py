"""Functions on [-e, e] with an algebraic or logarithmic end: asin, acos, erfinv, atanh.

At a square root's end f = v + sqrt(e - a) Q(a), with a = |x|: Q is smooth, so a polynomial does, on all of [0, e]
where f does not vanish at 0, else on its outer half; on the inner half f = a^m P(a^2). Where f grows without bound at e
like a power of log(e - a), f = a P(w) with w = -log(1 - (a/e)^2). All in doubles, rounded once.

For negative arguments f(-x) = v - f(x), or f is odd or even.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import Ball, to_float64
from optgen.functions.formulas import written
from optgen.functions.schemes.series import chebyshev, powers_of
from optgen.functions.target import BITS, Target, ball, precise, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

CLOSE = 200  # binary digits of the distance from the end at which f is looked at
LONGEST = 30
ACCURACY = 2.0**-53
LAST = Fraction(17)  # w of the float next to the end
PARTS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Ended:
    """f(-x) = offset + mirror*f(x); `value` is f(end), None where f is unbounded there; `start` the power of f at 0."""

    end: Fraction
    offset: Ball
    mirror: int
    value: Ball | None
    start: int


def recognise(target: Target) -> Ended | None:
    """The end and what f is there; None for any other function."""
    with precise(BITS):
        return _recognised(target)


def _recognised(target: Target) -> Ended | None:
    try:
        end = _end(target)
        mirror = None if end is None else _mirror(target, end)
        if end is None or mirror is None:
            return None
        tiny = [abs(target.at(Fraction(1, 2 ** (100 + k)))) for k in (0, 1)]
        start = round(float((tiny[0] / tiny[1]).log() / ball(2).log()))
        steps = [Fraction(1, 2 ** (CLOSE + 2 * k)) for k in range(3)]
        one, two, three = (target.at(end - step) for step in steps)
        value = 2 * two - one
        slopes = (one - value) / ball(steps[0]).sqrt(), (three - value) / ball(steps[2]).sqrt()
        if abs(float(slopes[0])) > 1e-9 and abs(float(slopes[1] / slopes[0]) - 1) < 1e-9:
            value = ball(0) if abs(float(value)) < 1e-40 else value.mid()
            return Ended(end, mirror[0], mirror[1], value, start)
        unbounded = float(one / target.at(end - Fraction(1, 2 ** (CLOSE // 2))))
        return Ended(end, ball(0), mirror[1], None, start) if unbounded > 1.2 and mirror[1] and start == 1 else None
    except (ValueError, ArithmeticError, OverflowError):
        return None


def _end(target: Target) -> Fraction | None:
    """The simple number from which on f has no value."""
    low, high = Fraction(0), Fraction(64)
    if _defined(target, high) or not _defined(target, Fraction(1, 2**20)):
        return None
    while high - low > Fraction(1, 2**30):
        middle = (low + high) / 2
        low, high = (middle, high) if _defined(target, middle) else (low, middle)
    end = ((low + high) / 2).limit_denominator(64)
    inside, outside = end - Fraction(1, 2**CLOSE), end + Fraction(1, 2**CLOSE)
    return end if end > 0 and _defined(target, inside) and not _defined(target, outside) else None


def _defined(target: Target, x: Fraction) -> bool:
    try:
        return bool(target.at(x).is_finite())
    except (ValueError, ArithmeticError):
        return False


def _mirror(target: Target, end: Fraction) -> tuple[Ball, int] | None:
    points = [end * Fraction(k, 16) for k in (3, 7, 13)]
    for mirror in (-1, 1):
        offsets = [target.at(-x) - mirror * target.at(x) for x in points]
        if all(abs(float(offset - offsets[0])) < 1e-40 for offset in offsets):
            nothing = abs(float(offsets[0])) < 1e-40
            return (ball(0) if nothing else offsets[0].mid()), mirror
    return None


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The one program."""
    found = recognise(target)
    if found is None:
        return
    b = Builder(name)
    x = b.parameter("x", "f32")
    wide = b.apply("f64", x)
    size = abs(wide)
    value = _bounded(b, target, found, size) if found.value is not None else _unbounded(b, target, found, size)
    if value is None:
        return
    if found.offset == 0:
        value = _with_sign(b, value, wide, target.at(found.end / 2) > 0) if found.mirror < 0 else value
    else:
        turned = -value if found.mirror < 0 else value
        value = b.select(x < 0.0, turned + float(to_float64(found.offset)), value)
    inside = abs(x) <= float(found.end)
    yield b.finish(b.select(inside, b.apply("f32", value), float("nan")))


def _with_sign(b: Builder, value: Value, x: Value, rises: bool) -> Value:
    return b.apply("copysign", value, x if rises else -x)


def _bounded(b: Builder, target: Target, found: Ended, size: Value) -> Value | None:
    """v + sqrt(e - a) Q(a), and a^m P(a^2) on the inner half of a function that is 0 at 0."""
    end, last = found.end, found.value
    middle = end / 2 if found.start else Fraction(0)

    def outer(a: Fraction) -> Ball:
        return (target.at(a) - last) / ball(end - a).sqrt()

    made = _picked(b, outer, middle, end, size)
    if made is None:
        return None
    value = b.apply("sqrt", float(end) - size) * made + float(to_float64(last))
    if not found.start:
        return value
    series = chebyshev(
        lambda s: target.at(_root(s)) / ball(_root(s)) ** found.start, Fraction(0), middle**2, ACCURACY, LONGEST
    )
    if series is None:
        return None
    t = b.fma(size * size, float(2 / middle**2), -1.0)
    inner = b.horner(t, [float(to_float64(c)) for c in powers_of(series)])
    for _ in range(found.start):
        inner = inner * size
    return b.select(size < float(middle), inner, value)


def _root(square: Fraction) -> Fraction:
    return to_fraction(ball(square).sqrt())


def _unbounded(b: Builder, target: Target, found: Ended, size: Value) -> Value | None:
    """a P(w)."""
    end = found.end

    def rest(w: Fraction) -> Ball:
        a = ball(end) * (-(-ball(w)).expm1()).sqrt()
        return target.value(a).mid() / a

    scaled = size if end == 1 else size / float(end)
    w = -written("log", b, b.fma(-scaled, scaled, 1.0))
    made = _picked(b, rest, Fraction(0), LAST, w)
    if made is None:
        return None
    infinite = float("inf") if target.at(end * Fraction(1, 2)) > 0 else -float("inf")
    return b.select(size.equals(float(end)), infinite, made * size)


def _picked(b: Builder, value: Callable[[Fraction], Ball], low: Fraction, high: Fraction, x: Value) -> Value | None:
    """A function on an interval by as few equal parts as do, one polynomial each, picked by comparisons."""
    for parts in PARTS:
        width = (high - low) / parts
        edges = [low + width * k for k in range(parts + 1)]
        series = [chebyshev(value, edges[k], edges[k + 1], ACCURACY, LONGEST) for k in range(parts)]
        found = [one for one in series if one is not None]
        if len(found) < parts:
            continue
        length = max(map(len, found))
        rows = [[float(to_float64(c)) for c in powers_of(one)] for one in found]
        columns = list(zip(*([*row, *[0.0] * (length - len(row))] for row in rows), strict=True))
        inside = [x < float(edge) for edge in edges[1:-1]]
        t = b.fma(x, float(2 / width), b.picked(inside, [float(-2 * edges[k] / width - 1) for k in range(parts)]))
        made = b.picked(inside, columns[-1])
        for column in reversed(columns[:-1]):
            made = b.fma(made, t, b.picked(inside, column))
        return made
    return None
