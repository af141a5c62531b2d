"""Area sine and cosine: f(x) = log(a + b) with b^2 = 1 + a^2. A polynomial near 0, and a logarithm of two parts.

Of the area sine a is |x| and b a root, of the area cosine b is x and a a root. The root has a second part, its
residual over twice itself, for which 1/b is known to some per cent. Where a is small, f = a + a^3 P(a^2), and a2 is
added. Else y = a + b and what the sum loses are the logarithm's argument: with y = 2^k (1 + v),
f = k log 2 + v + v^2 T(v) + y2 2^-k (1 - v + v^2).

Beyond 2^30, f = log(2 |x|).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log

from optgen.functions.fit import after_identity, chebyshev_points, to_bits_of, to_float32
from optgen.functions.schemes import logarithm
from optgen.functions.schemes.arc import over_root
from optgen.functions.target import Target, ball, to_fraction
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_builder import Builder, Value

NEAR = Fraction(1, 4)
LARGEST = 2.0**30
ONE = 127 << 23
GAIN = 1.76  # of accuracy by one more coefficient of the logarithm, as a power of e
ALLOWED = 0.4  # of the tolerance: the sums have roundings of their own


@dataclass(frozen=True, slots=True)
class Sides:
    """a, its second part if it is a root, and a + b in two parts."""

    a: Value
    second: Value | None
    large: Value
    small: Value


def recognise(target: Target) -> int | None:
    """1 of the area sine, -1 of the area cosine; None for any other function: by what doubles f, and how f begins."""
    tiny = Fraction(1, 2**60)
    try:
        sine = target.at(tiny).is_finite()
    except ArithmeticError:
        sine = False
    try:
        start = target.at(tiny) / ball(tiny) if sine else target.at(1 + tiny) / ball(2 * tiny).sqrt()
        if abs(float(start) - 1) > 1e-15 or (sine and abs(float(target.at(-1) + target.at(1))) > 1e-30):
            return None
        for x in (Fraction(3, 2), Fraction(17, 16), Fraction(100)):
            twice = 2 * x * to_fraction((ball(x) ** 2 + 1).sqrt()) if sine else 2 * x * x - 1
            if abs(float(target.at(twice) / target.at(x)) - 2) > 1e-15:
                return None
    except (ValueError, ArithmeticError):
        return None
    return 1 if sine else -1


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomials are good enough."""
    sign = recognise(target)
    if sign is None:
        return
    near = next(made for degree in range(2, 8) if (made := coefficients(degree))[1] < tolerance / 4)
    natural = Target(lambda x: x.log())
    for degree in range(max(2, int(-log(tolerance) / GAIN) - 1), 14):
        tail, error = logarithm.coefficients(natural, degree)
        if error < tolerance * ALLOWED:
            yield program(name, sign, near[0], tail)


def coefficients(degree: int) -> tuple[list[Fraction], float]:
    """Those of (asinh a - a)/a^3 in a^2, and their error relative to asinh a."""
    points = [a for a in chebyshev_points(Fraction(0), NEAR, 12 * degree + 20) if a > NEAR / 1000]
    values = [ball(a).asinh() for a in points]
    return after_identity([ball(a) for a in points], values, degree)


def program(
    name: str, sign: int, near: Sequence[Fraction], tail: Sequence[Fraction], argument: str = "x"
) -> Straight:
    """The program with these coefficients, of the area sine (1) or cosine (-1)."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size") if sign > 0 else x
    sides = _sine(b, size) if sign > 0 else _cosine(b, size)
    close = _close(b, sides, [float(c) for c in near])
    small = sides.a < float(NEAR)
    value = b.select(small, close, _logarithm(b, sides.large, sides.small, None, tail))
    far = size > LARGEST
    large, rest = b.select(far, size * 0.5, sides.large), b.select(far, 0.0, sides.small)
    full = b.select(small, close, _logarithm(b, large, rest, b.select(far, b.constant(2, "i32"), 0), tail))
    full = b.select(size < float("inf"), full, size)
    if sign > 0:
        plain = size <= LARGEST
        return b.finish(b.apply("copysign", full, x).named("full"), plain=(plain, b.apply("copysign", value, x)))
    shifted = b.apply("bits", x) + (0x80000000 - ONE)  # one comparison for 1 <= x <= LARGEST
    plain = shifted < to_bits(LARGEST, "f32") - ONE + 0x80000000
    return b.finish(b.select(x < 1.0, float("nan"), full).named("full"), plain=(plain, value))


def _sine(b: Builder, size: Value) -> Sides:
    """b is a root of 1 + a^2."""
    square = b.fma(size, size, 1.0)
    root = b.apply("sqrt", square)
    left = b.fma(-root, root, square) + b.fma(size, size, 1.0 - square)
    total = root + size
    return Sides(size, None, total, b.fma(left, over_root(b, square), (root - total) + size))


def _cosine(b: Builder, x: Value) -> Sides:
    """a is a root of (x - 1)(x + 1)."""
    above = x - 1.0
    square = b.fma(above, above, above + above)
    root = b.apply("sqrt", square)
    left = b.fma(-root, root, square) + b.fma(above, above, (above + above) - square)
    second = left * over_root(b, square)
    total = x + root
    return Sides(root, second, total, ((x - total) + root) + second)


def _close(b: Builder, sides: Sides, near: Sequence[float]) -> Value:
    """f where a is small."""
    square = sides.a * sides.a
    polynomial, cube = b.horner(square, near), sides.a * square
    return sides.a + (polynomial * cube if sides.second is None else b.fma(polynomial, cube, sides.second))


def _logarithm(b: Builder, y: Value, rest: Value, more: Value | None, tail: Sequence[Fraction]) -> Value:
    """log(y + rest), and `more` times log 2."""
    whole = b.apply("bits", y) - logarithm.LOWEST
    exponent = whole >> 23
    v = (b.apply("from_bits", (whole & 0x7FFFFF) + logarithm.LOWEST) - 1.0).named("v")
    small = rest * b.apply("from_bits", ONE - (exponent << 23))
    k = b.apply("f32", exponent if more is None else exponent + more).named("k")
    log2 = ball(2).log()
    high = to_bits_of(logarithm.SHORT)(log2)
    large = k * float(high)
    total = large + v
    lost = b.fma(k, float(to_float32(log2 - ball(high))), (large - total) + v)
    lost = b.fma(b.fma(v, v, -v), small, small) + lost
    first, second, *others = [float(c) for c in tail]
    return total + b.fma(b.horner(v, [second + (first - 1.0), *others]), v, lost)
