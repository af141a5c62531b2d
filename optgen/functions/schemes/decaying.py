"""Functions that decay exponentially on one side and have a mirror: f(x) = a x + b +- f(-x), as sigmoid and softplus.

For x <= 0 the function is 2^n g(r) with x = n s + r, where s halves it far out; g differs from n to n near 0, and is
always the same beyond 32 steps: 32 cells, picked by n. For x > 0 the mirror's line is added, with the error of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from optgen.functions.fit import to_float32
from optgen.functions.schemes.cells import Cell, Fitted, Sum, evaluate, fit
from optgen.functions.schemes.exponential import MAGIC
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

CELLS = 32
PLAIN_STEPS = 80  # beyond, the mirror's line is all there is, or the power of 2 is applied in two halves
FAR_STEPS = 180


@dataclass(frozen=True, slots=True)
class Decaying:
    """g(x) = f(direction*x) halves every `step` towards -inf, and g(x) = slope*x + offset + mirror*g(-x)."""

    direction: int
    step: Fraction
    slope: int
    offset: int
    mirror: int


def recognise(target: Target) -> Decaying | None:
    """The decay and the mirror; None for any other function."""
    try:
        for direction in (1, -1):
            far = [target.at(-direction * k) for k in (60, 61, 90, 91)]
            if any(value.is_zero() for value in far):
                continue
            rates = [(far[k] / far[k + 1]).log() for k in (0, 2)]
            if float(rates[0]) > 0.1 and abs(float(rates[1] - rates[0])) < 1e-20:
                mirror = mirror_of(target, direction)
                step = to_fraction(ball(2).log() / rates[1])
                exact = step.limit_denominator(64)
                near = exact if abs(exact - step) < Fraction(1, 2**30) and exact.denominator in (1, 2, 4) else step
                return None if mirror is None else Decaying(direction, near, *mirror)
    except (ValueError, ArithmeticError):
        pass
    return None


def mirror_of(target: Target, direction: int) -> tuple[int, int, int] | None:
    """Slope, offset and sign of the mirror, all small integers."""
    points = (Fraction(1, 2), Fraction(9, 4), Fraction(7))
    for mirror in (1, -1):
        rests = [float(target.at(direction * x) - mirror * target.at(-direction * x)) for x in points]
        slope = round((rests[1] - rests[0]) / float(points[1] - points[0]))
        offset = round(rests[0] - slope * 0.5)
        fits = all(abs(rest - slope * float(x) - offset) < 1e-14 for rest, x in zip(rests, points, strict=True))
        if fits and abs(slope) <= 1 and abs(offset) <= 2:
            return slope, offset, mirror
    return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomials are good enough."""
    scheme = recognise(target)
    if scheme is not None:
        for degree in range(3, 9):
            fitted = _cells(target, scheme, degree)
            if max(cell.error for cell in fitted) < tolerance:
                yield program(name, scheme, fitted)


def _cells(target: Target, scheme: Decaying, degree: int) -> list[Fitted]:
    """In the order in which the last bits of n count: n = 0, -31, -30, ..., -1."""
    half = scheme.step * Fraction(501, 1000)
    made = []
    for n in (0, *range(1 - CELLS, 0)):
        centre = scheme.step * n

        def wanted(r: Fraction, n: int = n, centre: Fraction = centre) -> object:
            return target.at(scheme.direction * (centre + r)) * ball(2) ** -n

        made.append(fit(Cell(-half, half if n else Fraction(0), wanted, slope=None), degree))
    return made


def program(name: str, scheme: Decaying, fitted: list[Fitted], argument: str = "x") -> Straight:
    """The program with these cells."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    forward = x if scheme.direction > 0 else -x
    positive = (forward > 0.0).named("mirrored")
    line = line_of(b, scheme, forward)
    limit = float(int(scheme.step * PLAIN_STEPS))
    near = (size <= limit).named("near")
    value = _near(b, scheme, fitted, size, positive, line)

    clamped = b.apply("max", b.constant(-float(int(scheme.step * FAR_STEPS)), "f32"), -size)
    t, r, second = _reduce(b, scheme, clamped)
    parts = evaluate(b, fitted, _index(b, t), r, False, second)
    whole = b.apply("bits", t) - b.apply("bits", b.constant(MAGIC, "f32"))
    half = whole >> 1
    powers = [b.apply("from_bits", (part + 127) << 23) for part in (half, whole - half)]
    far = ((parts.large + parts.small) * powers[0] * powers[1]).named("far")
    full = b.select(near, value, b.select(positive, line, far)).named("full")
    return b.finish(full, plain=(near, value))


def line_of(b: Builder, scheme: Decaying, forward: Value) -> Value:
    """What the mirror adds."""
    if scheme.slope == 0:
        return b.constant(float(scheme.offset), "f32")
    line = forward if scheme.slope > 0 else -forward
    return line if scheme.offset == 0 else line + float(scheme.offset)


def _reduce(b: Builder, scheme: Decaying, x: Value) -> tuple[Value, Value, Value | None]:
    """The sum that holds n, and r in two parts."""
    t = b.fma(x, float(1 / scheme.step), MAGIC)
    n = t - MAGIC
    high = to_float32(ball(scheme.step))
    low = float(to_float32(ball(scheme.step - high)))
    exact = b.fma(n, -float(high), x)
    if low == 0:
        return t, exact, None
    r = b.fma(n, -low, exact)
    return t, r, b.fma(n, -low, exact - r)


def _index(b: Builder, t: Value) -> Value:
    """1 for n = 0, 2 for n = 1 - CELLS and all below, CELLS for n = -1."""
    return (b.apply("bits", b.apply("max", b.constant(MAGIC + 1 - CELLS, "f32"), t)) & (CELLS - 1)) + 1


def _near(b: Builder, scheme: Decaying, fitted: list[Fitted], size: Value, positive: Value, line: Value) -> Value:
    t, r, second = _reduce(b, scheme, -size)
    parts = evaluate(b, fitted, _index(b, t.named("t")), r.named("r"), False, second)
    scale = b.apply("from_bits", (b.apply("bits", t) << 23) + 0x3F800000)
    if scheme.mirror < 0:
        scale = b.select(positive, -scale, scale)
    return base_and_error(b, scheme, positive, line, Sum(parts.large * scale, parts.small * scale))


def base_and_error(b: Builder, scheme: Decaying, positive: Value, line: Value, made: Sum) -> Value:
    """The mirror's line, where there is one, plus a value in two parts, with the error of the sum."""
    base = b.select(positive, line, b.constant(0.0, "f32")).named("base")
    total = (base + made.large).named("sum")
    if scheme.slope == 0:
        error = (base - total) + made.large
    else:
        back = total - base
        error = (base - (total - back)) + (made.large - back)
    return total + (error + made.small)
