"""Chebyshev's series of a function on an interval, short enough and no longer than it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from optgen.functions.fit import Ball
from optgen.functions.target import to_fraction

NODES = 48


def chebyshev(
    value: Callable[[Fraction], Ball], low: Fraction, high: Fraction, accuracy: float, longest: int
) -> list[Ball] | None:
    """Coefficients for a variable that runs through [-1, 1], cut where what is left is less than `accuracy` of the
    value; None if they are more than `longest`, or if there is a zero, near which doubles have no digits of a sum.
    """
    from flint import arb

    angles = [arb.pi() * (2 * k + 1) / (2 * NODES) for k in range(NODES)]
    middle, half = (low + high) / 2, (high - low) / 2
    values = [value(middle + half * to_fraction(angle.cos())).mid() for angle in angles]
    series = [
        sum((v * (angle * k).cos() for v, angle in zip(values, angles, strict=True)), arb(0)) * 2 / NODES
        for k in range(NODES)
    ]
    series[0] = series[0] / 2
    least = min(abs(float(v)) for v in values)
    sizes = [abs(float(c)) for c in series]
    length = next((n for n in range(1, longest + 1) if sum(sizes[n:]) < accuracy * least), None)
    ends = [float(sum(series[::2])) + sign * float(sum(series[1::2])) for sign in (1, -1)]
    if length is None or len({v > 0 for v in (*values, *ends)}) > 1 or min(map(abs, ends)) < least / 16:
        return None
    return series[:length]


def powers_of(series: Sequence[Ball]) -> list[Ball]:
    """Coefficients of 1, t, t^2, ... from those of Chebyshev's polynomials."""
    from flint import arb

    before, last = [arb(1)], [arb(0), arb(1)]
    total = [arb(0)] * max(len(series), 2)
    for c in series:
        for k, part in enumerate(before):
            total[k] = total[k] + c * part
        following = [arb(0), *(2 * part for part in last)]
        for k, part in enumerate(before):
            following[k] = following[k] - part
        before, last = last, following
    return [c.mid() for c in total[: len(series)]]


def shifted(powers: Sequence[Ball], low: Fraction, high: Fraction) -> list[Ball]:
    """Coefficients of 1, x, x^2, ... from those of powers of t, which runs through [-1, 1] as x through [low, high]."""
    from flint import arb

    slope, start = (arb(part.numerator) / part.denominator for part in (2 / (high - low), (low + high) / (low - high)))
    total: list[Ball] = []
    for c in reversed(powers):
        total = [a * slope + b * start for a, b in zip([arb(0), *total], [*total, arb(0)], strict=True)]
        total[0] = total[0] + c
    return [c.mid() for c in total[: len(powers)]]
