"""A proven upper bound of a program's error over its whole domain (trust: interval).

Branch and bound with Taylor expansions in Arb: on a box of half-width h around c, p - f is its Taylor polynomial at c,
whose coefficients are small because p is near f, plus a remainder that is a ball over the box times h^N.  At an open
end where f vanishes, numerator and denominator are divided by the same power of the distance.
"""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import Any

from optgen.evolution.found import Found
from optgen.evolution.target import BITS, Target, _ball
from optgen.ir.operations import apply
from optgen.ir.walk import substitute
from optgen.symbolic.arb import Meaning, Undecided, Undefined

ORDER = 14
BOXES = 4000


def proven_error(found: Found, target: Target, slack: float = 1.002) -> float | None:
    """An upper bound of the error, at most `slack` times the largest error seen if all goes well; None if none is had.

    The bound is rounded up; what must be believed is Arb.
    """
    from flint import arb

    variable, program = found.reduced()
    function = substitute([target.expression], {target.variable: variable})[0]
    difference = Meaning.of(apply("sub", program, function), [variable])
    meaning = Meaning.of(function, [variable])
    lower, upper = target.ends()
    width = upper - lower
    goal = arb(found.error) * arb(slack)
    worst = arb(0)
    boxes: list[tuple[float, Fraction, Fraction]] = [(0.0, Fraction(0), Fraction(1))]
    for _ in range(BOXES):
        if not boxes:
            return float(worst.upper()) * (1 + 2**-50)
        _, left, right = heapq.heappop(boxes)
        bound = _on_box(difference, meaning, target, lower, width, left, right)
        if bound is not None and bound < goal:
            if not bound < worst:
                worst = bound.upper().max(worst.upper()) if worst > 0 else bound.upper()
            continue
        if right - left < Fraction(1, 2**40):
            return None
        middle = (left + right) / 2
        for part in ((left, middle), (middle, right)):
            heapq.heappush(boxes, (-float(part[1] - part[0]), *part))
    return None


def _on_box(
    difference: Meaning, meaning: Meaning, target: Target, lower: Any, width: Any, left: Fraction, right: Fraction
) -> Any:
    """An upper bound of the weighted error on a box; None if no finite one was found."""
    from flint import arb

    vanishing = _vanishing_end(meaning, target, lower, width, left, right)
    place = (left + right) / 2 if vanishing is None else Fraction(vanishing)
    half = arb(abs(width)) * arb(_fmpq((right - left) / (2 if vanishing is None else 1)))
    center = lower + width * arb(_fmpq(place))
    box = _ball(lower, width, left, right)
    try:
        near, far = difference.taylor(center, ORDER, BITS), difference.taylor(box, ORDER + 1, BITS)
        if target.absolute:
            return _size(near, far[ORDER], half)
        if vanishing is None:
            least = abs(meaning.value([box], BITS)).lower()  # of a ball about 0 it has a sign
            return _size(near, far[ORDER], half) / least if least > 0 else None
        base, rest = meaning.taylor(center, ORDER, BITS), meaning.taylor(box, ORDER + 1, BITS)
    except (Undefined, Undecided, ZeroDivisionError):
        return None
    order = next((k for k, b in enumerate(base) if not (b.is_zero())), ORDER)
    if order == ORDER or not all(a.is_zero() for a in near[:order]):
        return None
    below = abs(base[order]) - _size([arb(0), *base[order + 1 :]], rest[ORDER], half, ORDER - order)
    if not below > 0:
        return None
    return _size(near[order:], far[ORDER], half, ORDER - order) / below.lower()


def _vanishing_end(
    meaning: Meaning, target: Target, lower: Any, width: Any, left: Fraction, right: Fraction
) -> int | None:
    """0 or 1 if the box touches an open end at which a relative error is a quotient of zeros."""
    for end, touched, is_open in ((0, left == 0, target.open_lower), (1, right == 1, target.open_upper)):
        if touched and is_open and not target.absolute:
            value = meaning.value([lower + width * end], BITS)
            if value.contains(0):
                return end
    return None


def _size(coefficients: list[Any], remainder: Any, half: Any, order: int = ORDER) -> Any:
    """An upper bound of |sum c_k s^k + remainder s^order| for |s| <= half."""
    from flint import arb

    total = abs(remainder).upper() * _power(half, order)
    for k, c in enumerate(coefficients):
        total = total + abs(c).upper() * _power(half, k)
    if not total.is_finite():
        raise Undecided("the bound of a box is not finite")
    return arb(total.upper())


def _power(base: Any, exponent: int) -> Any:
    from flint import arb

    result = arb(1)
    for _ in range(exponent):
        result = result * base
    return result


def _fmpq(value: Fraction) -> Any:
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)
