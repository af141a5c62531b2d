"""Hyperbolic sine and cosine: f'' = f, and f is odd or even. Their addition theorem at multiples of log 2.

|x| = k log 2 + r, where 2^k and 2^-k make C = cosh(k log 2) and S = sinh(k log 2) by two additions. With X, Y = C, S
for the even function and S, C for the odd one, f = X cosh r + Y sinh r = X + (Y r + X r^2 Q(r^2) + Y r^3 P(r^2)). The
sum of X and Y r keeps what it loses, as does C where 2^-k is near its last bit, and r = h + d, where h is exact and d,
a multiple of the rest of log 2, is small.

Where 2^k could overflow, S = C is taken a quarter as large, and the result four times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from optgen.functions.fit import Ball, Model, chebyshev_points, round_jointly, to_float32
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

MAGIC = 12582912.0
PLAIN = 87.0  # 2^-k is a normal number, or 0
LARGEST = 90.0  # the result has overflown, a quarter of it has not
REACH = Fraction(3467, 10000)
SHARE = 1 / 3  # of sinh r in cosh r
ALLOWED = 0.4  # of the tolerance: the sum of four parts has roundings of its own
DEGREES = ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3))


def recognise(target: Target) -> int | None:
    """1 of cosh, -1 of sinh; None for any other function."""
    try:
        wanted = 1 if abs(float(target.at(0) - 1)) < 1e-30 else -1
        for x, step in ((Fraction(3, 8), Fraction(1, 4)), (Fraction(5), Fraction(3)), (Fraction(-7), Fraction(7, 8))):
            total = target.at(x + step) + target.at(x - step)
            if abs(float(total / target.at(x) / 2 - ball(step).cosh())) > 1e-30:
                return None
            if abs(float(target.at(-x) / target.at(x)) - wanted) > 1e-30:
                return None
        tiny = Fraction(1, 2**60)
        return wanted if wanted > 0 or abs(float(target.at(tiny) / ball(tiny)) - 1) < 1e-15 else None
    except (ValueError, ArithmeticError):
        return None


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Programs of growing degree, from the first whose polynomials are good enough."""
    parity = recognise(target)
    if parity is None:
        return
    for degrees in DEGREES:
        (odd, first), (even, second) = (coefficients(degree, even) for even, degree in enumerate(degrees))
        if max(first * (SHARE if parity > 0 else 1), second) < tolerance * ALLOWED:
            yield program(name, parity, odd, even)


def coefficients(degree: int, even: int) -> tuple[list[Fraction], float]:
    """Those of (sinh r - r)/r^3 or of (cosh r - 1)/r^2 in r^2, and their error relative to sinh r or cosh r."""
    points = [r for r in chebyshev_points(Fraction(0), REACH, 12 * degree + 20) if r > Fraction(1, 2000)]
    values: list[Ball] = [ball(r).cosh() if even else ball(r).sinh() for r in points]
    rows = tuple(tuple(ball(r) ** (2 * k + 3 - even) for k in range(degree + 1)) for r in points)
    wanted = tuple(value - (1 if even else ball(r)) for value, r in zip(values, points, strict=True))
    model = Model(rows, wanted, tuple(1 / value for value in values))
    return round_jointly(model, [(k, to_float32) for k in range(degree + 1)])


def program(
    name: str, parity: int, odd: Sequence[Fraction], even: Sequence[Fraction], argument: str = "x"
) -> Straight:
    """The program with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    size = abs(x).named("size")
    polynomials = [float(c) for c in odd], [float(c) for c in even]
    value = _value(b, size, parity, *polynomials)
    far = 4.0 * _value(b, b.apply("min", b.constant(LARGEST, "f32"), size), 0, *polynomials)
    plain = size <= PLAIN
    full = b.select(plain, value, far)
    if parity < 0:
        value, full = b.apply("copysign", value, x), b.apply("copysign", full, x)
    return b.finish(full.named("full"), plain=(plain, value))


def _value(b: Builder, size: Value, parity: int, odd: Sequence[float], even: Sequence[float]) -> Value:
    """f(|x|); of parity 0, a quarter of exp(|x|)/2."""
    log2 = ball(2).log()
    first = to_float32(log2)
    t = b.fma(size, float(to_float32(1 / log2)), MAGIC)
    q = t - MAGIC
    h = b.fma(q, -float(first), size).named("h")
    d = q * -float(to_float32(log2 - ball(first)))
    r = (h + d).named("r")
    s = r * r
    power = b.apply("bits", t) << 23  # k, where exponents are
    lost = None
    if parity:
        up = b.apply("from_bits", power + (126 << 23))
        down = b.apply("from_bits", (126 << 23) - power)
        cosine, sine = (up + down).named("C"), (up - down).named("S")
        lost = (up - cosine) + down if parity > 0 else None
    else:
        cosine = sine = b.apply("from_bits", power + (124 << 23))
    large, small = (cosine, sine) if parity >= 0 else (sine, cosine)
    total = b.fma(small, h, large).named("sum")
    left = b.fma(small, h, large - total)
    lost = left if lost is None else left + lost
    rest = b.fma(small, b.fma(b.horner(s, odd), r * s, d), lost)
    return total + b.fma(large, b.horner(s, even) * s, rest)
