"""Logarithms from 1 on: f(x) = L(1 + x), as log1p. What is lost in 1 + x is put back.

1 + x = 2^k m with m in [2/3, 4/3), by the bits of the rounded sum; with s = 2^-k, m - 1 = s x + (s - 1), where both
terms are floats: that sum is u, with what it lost. Where k = 0, u is x, and f keeps its digits down to the smallest x.
Then as `logarithm`. Only the plain case.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from optgen.functions.fit import to_bits_of, to_float32
from optgen.functions.schemes import logarithm
from optgen.functions.schemes.logarithm import LOWEST, SHORT, Logarithm
from optgen.functions.target import Target, ball
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

FIRST, LAST = -24, 126  # powers of 2 between which 1 + x is plain: their s - 1 is a float, or x all that counts


def shifted(target: Target) -> Target:
    """L of f."""
    return Target(lambda x: target.value(x - 1))


def programs(name: str, target: Target, tolerance: float) -> Iterator[Straight]:
    """Plain cases of growing degree, from the first whose polynomial is good enough."""
    scheme = logarithm.recognise(shifted(target))
    if scheme is not None:
        for degree in range(2, 14):
            polynomial, error = logarithm.coefficients(shifted(target), degree)
            if error < tolerance:
                yield program(name, scheme, polynomial)


def program(name: str, scheme: Logarithm, polynomial: list[Fraction], argument: str = "x") -> Straight:
    """The plain case with these coefficients."""
    b = Builder(name)
    x = b.parameter(argument, "f32")
    bits = b.apply("bits", x + 1.0)
    low, high = (127 + FIRST) << 23, (127 + LAST) << 23
    # one comparison for both ends: bits below and above wrap to the other side
    plain = b.apply("lt", bits + ((1 << 31) - low), high - low - (1 << 31))
    whole = (bits - LOWEST).named("whole")
    k = b.apply("f32", whole >> 23).named("k")
    s = b.apply("from_bits", 0x3F800000 - (whole & 0xFF800000)).named("s")
    one_less = s - 1.0
    u = b.fma(s, x, one_less).named("u")
    lost = b.fma(s, x, one_less - u)
    first, second, *rest = [float(c) for c in polynomial]
    step_high = to_bits_of(SHORT)(ball(scheme.step))
    step_low = float(to_float32(ball(scheme.step - step_high)))
    large = k if step_high == 1 else k * float(step_high)
    total = (large + u if first == 1 else b.fma(u, first, large)).named("sum")
    left = large - total
    error = left + u if first == 1 else b.fma(u, first, left)
    if step_low != 0:
        error = b.fma(k, step_low, error)
    # 1/(1 + u) is nearly 1 - u, the slope by which what was lost counts
    error = b.fma(b.fma(lost, -u, lost), first, error) if first != 1 else error + b.fma(lost, -u, lost)
    tail = b.horner(u, [second, *rest])
    value = total + b.fma(tail, u, error.named("error"))
    value = b.apply("copysign", value, x if scheme.step > 0 else -x)
    return b.finish(value, plain=(plain, value))
