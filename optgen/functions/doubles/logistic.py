"""Logistic functions in float64: 1/f - 1 is an exponential E.  f = 1/(1 + g) or g/(1 + g) with g = E or 1/E <= 1.

g = 2^n (h + l); 1 + g in two doubles; the quotient of the large parts is corrected by its residual, which fma gives
exactly.  A numerator g keeps its 2^n until the end, so that small results are rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator

from optgen.functions.doubles.exponential import reduce
from optgen.functions.doubles.pairs import Exponent, exponential, exponential_terms, fast_sum
from optgen.functions.schemes.exponential import Exponential
from optgen.functions.schemes.logistic import recognise
from optgen.functions.target import Target
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

LEAST = -1000  # 2^LEAST beside 1 is nothing


def programs(name: str, target: Target) -> Iterator[Straight]:
    """The program, if the target is logistic."""
    scheme = recognise(target)
    if scheme is not None:
        yield program(name, scheme)


def program(name: str, scheme: Exponential, argument: str = "x") -> Straight:
    """One division, and both halves of the line by the same steps."""
    b = Builder(name)
    x = b.parameter(argument, "f64")
    size = abs(scheme.step)
    inside = b.apply("max", b.constant(-float(int(1100 * size)), "f64"), -abs(x)).named("inside")
    exponent, w = reduce(b, inside, Exponential(size, scheme.start))
    power = exponential(b, w, exponential_terms())
    small = fast_sum(power.high, power.low)
    kept = b.apply("max", exponent.whole, b.constant(LEAST, "i64"))
    scale = b.apply("from_bits", (kept + 1023) << 52).named("scale")
    below = fast_sum(1.0, small.high * scale)
    low = b.fma(small.low, scale, below.low).named("low")
    falling = ((x < 0.0) if scheme.step < 0 else (x > 0.0)).named("falling")
    above = b.select(falling, small.high, 1.0).named("above")
    inverse = (1.0 / below.high).named("inverse")
    quotient = (above * inverse).named("quotient")
    left = b.fma(-quotient, below.high, above)
    left = b.fma(-quotient, low, left + b.select(falling, small.low, 0.0))
    value = b.fma(left, inverse, quotient).named("value")
    whole = b.select(falling, exponent.whole, b.constant(0, "i64"))
    return b.finish(Exponent(whole.named("whole")).applied(b, value))
