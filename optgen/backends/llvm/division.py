"""Quotients by one number in a loop of whole blocks, without the unit that divides: ten cycles a vector or more.

The reciprocal r of the divisor b is rounded once, ahead of the loop; then q = a r, and q + (a - b q) r with the rest in
one rounding is the quotient as a division rounds it, but for rare last bits (Markstein 1990, theorem 8.1).  If b is
very small or large, so that r may leave the range of the type, both are first scaled by a power of 2.  Where the rest
can't be told, for a is nearly below the range or q is infinite or not a number, q stays; results below the normal range
may be off by their last bit.
"""

from __future__ import annotations

from optgen.backends.llvm import masks
from optgen.backends.llvm.body import Body
from optgen.backends.llvm.lanes import SINGLE, Lanes

RANGE = {"double": (2.0**-500, 2.0**500, 2.0**100), "float": (2.0**-60, 2.0**60, 2.0**40)}  # of b as it is; the scale
LEAST = {"double": 2.0**-960, "float": 2.0**-100}  # of a whose rests are exact


def by_invariant(body: Body, lanes: Lanes, dividends: str, divisor: str) -> str:
    """The quotients of a vector by a number.  LLVM moves what does not depend on the vector out of the loop."""
    magnitude, scale = _scaled(body, divisor)
    inverse = body.value(f"fdiv {body.real} {body.literal(1.0)}, {magnitude}")
    numbers = magnitude, inverse, body.intrinsic("llvm.copysign", [scale, divisor])
    magnitude, inverse, scale = (masks.splat(body, lanes, body.real, number) for number in numbers)
    body.lanes = lanes
    kind = body.reals
    dividends = body.value(f"fmul {kind} {dividends}, {scale}")
    first = body.value(f"fmul {kind} {dividends}, {inverse}")
    beyond = body.intrinsic("llvm.fma", [magnitude, first, body.value(f"fneg {kind} {dividends}")])
    second = body.intrinsic("llvm.fma", [body.value(f"fneg {kind} {beyond}"), inverse, first])
    large = body.value(f"fcmp oge {kind} {body.intrinsic('llvm.fabs', [dividends])}, {body.literal(LEAST[body.real])}")
    told = body.value(f"and {body.truths} {large}, {body.value(f'fcmp ord {kind} {second}, {second}')}")
    quotient = body.pick(told, "real", second, first)
    body.lanes = SINGLE
    return quotient


def _scaled(body: Body, divisor: str) -> tuple[str, str]:
    """The size of the divisor, scaled to the middle of the range, and the scale."""
    low, high, scale = RANGE[body.real]
    size = body.intrinsic("llvm.fabs", [divisor])
    small = body.value(f"fcmp olt {body.real} {size}, {body.literal(low)}")
    large = body.value(f"fcmp ogt {body.real} {size}, {body.literal(high)}")
    factor = body.pick(large, "real", body.literal(1 / scale), body.literal(1.0))
    factor = body.pick(small, "real", body.literal(scale), factor)
    return body.value(f"fmul {body.real} {size}, {factor}"), factor
