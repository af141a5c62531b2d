"""Sine and cosine in float64: x less q quarter turns in two doubles, then one of two polynomials.

Up to NEAR pi/2 is in three parts: products of q with the first two are exact, so is the first difference; the error of
the second is kept.  Beyond, quarters are taken off in integers (`turns`).  With r the high part: sin = r + (l + r^3 S),
cos = (1 - r^2/2) + (e + r^4 C - r*l), e the error of the difference in front.  Odd quarters take the other function,
quarters 2 and 3 turn the sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from optgen.functions.doubles import turns
from optgen.functions.doubles.pairs import MAGIC, Pair, exact_product, exponent_of, fast_sum
from optgen.functions.fit import Model, chebyshev_points, round_jointly, to_bits_of, to_float64
from optgen.functions.schemes.circular import recognise
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value

SHORT = 33  # bits of the first two parts of pi/2: products with q are exact
NEAR = 32.0
SINE_TERMS, COSINE_TERMS = 7, 7


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The program, if the target is a sine or a cosine."""
    scheme = recognise(target)
    if scheme is not None:
        yield program(name, scheme.quarters)


def terms(count: int, rest: Callable[[Any], Any], size: Callable[[Any], Any]) -> list[float]:
    """The polynomial of r^2 near rest(r), an eighth of a turn to either side, its error weighted by size(r)."""
    limit = Fraction(7856, 10000)
    points = [x for x in chebyshev_points(Fraction(0), limit, 16 * count) if x != 0]
    model = Model(
        tuple(tuple(ball(x) ** (2 * k) for k in range(count)) for x in points),
        tuple(rest(ball(x)) for x in points),
        tuple(size(ball(x)) for x in points),
    )
    return [float(c) for c in round_jointly(model, [(k, to_float64) for k in range(count)])[0]]


def program(name: str, quarters: int, argument: str = "x") -> Straight:
    """sin(x + quarters*pi/2)."""
    b = Builder(name)
    x = b.parameter(argument, "f64")
    size = abs(x)
    near = (size <= NEAR).named("near")
    q, r = reduce(b, x)
    value = turned(b, x, q, r, quarters)
    far_q, far_r = turns.reduced(b, size)
    negative = x < 0.0
    both = Pair(
        b.select(near, r.high, b.select(negative, -far_r.high, far_r.high)).named("r"),
        b.select(near, r.low, b.select(negative, -far_r.low, far_r.low)).named("l"),
    )
    count = b.select(near, q, b.select(negative, 0 - far_q, far_q))
    full = b.select(size < float("inf"), turned(b, x, count, both, quarters), float("nan"))
    return b.finish(full, plain=(near, value))


def turned(b: Builder, x: Value, q: Value, r: Pair, quarters: int) -> Value:
    """The function at r, q quarter turns further on."""
    count = q + quarters if quarters else q
    square = r.high * r.high
    odd = (count & 1).equals(1)
    value = b.select(odd, cosine(b, r, square), sine(b, r, square))
    value = b.select((count & 2).equals(2), -value, value)
    if quarters % 2 == 0:
        value = b.select(x.equals(0.0), x if quarters == 0 else -x, value)
    return value


def reduce(b: Builder, x: Value) -> tuple[Value, Pair]:
    """The quarter turns, and what is left of x."""
    turn = ball(1).atan() * 2
    first = to_bits_of(SHORT)(turn)
    second = to_bits_of(SHORT)(turn - ball(first))
    third = to_float64(turn - ball(first) - ball(second))
    sum = b.fma(x, float(to_float64(1 / turn)), MAGIC).named("t")
    q = sum - MAGIC
    left = b.fma(q, -float(first), x).named("left")
    by = q * float(second)
    high = (left - by).named("high")
    low = b.fma(q, -float(third), (left - high) - by)
    return exponent_of(b, sum).whole, fast_sum(high, low)


def sine(b: Builder, r: Pair, square: Value) -> Value:
    made = terms(SINE_TERMS, lambda x: (x.sin() / x - 1) / x**2, lambda x: x**3 / x.sin())
    return r.high + b.fma(r.high * square, b.horner(square, made), r.low)


def cosine(b: Builder, r: Pair, square: Value) -> Value:
    made = terms(COSINE_TERMS, lambda x: (x.cos() - 1 + x**2 / 2) / x**4, lambda x: x**4 / x.cos())
    half = exact_product(b, 0.5 * r.high, r.high)
    front = fast_sum(1.0, -half.high)
    rest = b.fma(-r.high, r.low, front.low - half.low)
    return front.high + b.fma(square * square, b.horner(square, made), rest)
