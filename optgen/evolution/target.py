"""What a search aims at: a function on an interval, how errors are measured, and points to see it at.

The meaning of the function is Arb's (symbolic/arb): no library's digits are trusted.  A target that can't be searched
for is refused here, before anything starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.evolution.island import Samples
from optgen.ir.nodes import Input, Scalar
from optgen.symbolic.arb import Meaning, Undecided, Undefined, to_fraction

BITS = 160  # of the reference values
DEEPEST = 14  # halvings of the domain before a zero or pole is believed


@dataclass(frozen=True, slots=True)
class Target:
    """f(x) for x between two constants.  The error of p is |p - f|, divided by |f| unless `absolute`.

    `open_lower`, `open_upper`: the end itself does not belong to the domain, so f may vanish there.
    """

    text: str
    expression: Scalar
    variable: Input
    lower: Scalar
    upper: Scalar
    absolute: bool = False
    open_lower: bool = False
    open_upper: bool = False
    interval: str = ""  # the domain as it was written

    @property
    def meaning(self) -> Meaning:
        return Meaning.of(self.expression, [self.variable])

    def ends(self, bits: int = BITS) -> tuple[Any, Any]:
        """The ends as balls."""
        return Meaning.of(self.lower, []).value([], bits), Meaning.of(self.upper, []).value([], bits)


def wrong(message: str, help: str = "") -> SpecError:
    return SpecError([Diagnostic("E0901", message, help=help)])


# ---------------------------------------------------------------- is it well-posed?


def checked(target: Target) -> Target:
    """The target, with relative errors replaced by absolute ones where f vanishes in the domain.

    Raises SpecError if the domain is empty or unbounded, or f is not finite or not defined somewhere in it.
    """
    try:
        lower, upper = target.ends()
    except (Undefined, Undecided):
        raise wrong("the ends of the domain must be finite numbers", "for example 0 1, or 0 pi/2") from None
    if not (lower.is_finite() and upper.is_finite()):
        raise wrong("the domain must be bounded: a search samples it", "reduce the range first, for example to 0 1")
    if not lower < upper:
        raise wrong(f"the domain from {target_number(lower)} to {target_number(upper)} is empty")
    zeros = list(_zeros(target, lower, upper))
    for end, is_open in ((lower, target.open_lower), (upper, target.open_upper)):
        if is_open and not _smooth(target, end):
            raise wrong(
                f"{target.text} is not smooth at x = {target_number(end)}: no error is proved up to that end",
                "begin or end the domain at a point where it is",
            )
    inside = [t for t in zeros if not ((t == 0 and target.open_lower) or (t == 1 and target.open_upper))]
    if inside and not target.absolute:
        return replace(target, absolute=True)
    return target


def _smooth(target: Target, place: Any) -> bool:
    """Whether f has a Taylor polynomial at an end, which a bound near it needs."""
    try:
        return all(c.is_finite() for c in target.meaning.taylor(place, 2, BITS))
    except (Undefined, Undecided, ZeroDivisionError):
        return False


def target_number(ball: Any) -> str:
    return f"{float(ball):.6g}"


def _zeros(target: Target, lower: Any, upper: Any) -> Iterator[Fraction]:
    """Places t in [0, 1] where f may vanish; raises where f is not finite."""
    meaning, width = target.meaning, upper - lower
    stack = [(Fraction(0), Fraction(1), 0)]
    found: list[Fraction] = []
    while stack:
        left, right, depth = stack.pop()
        box = _ball(lower, width, left, right)
        try:
            value = meaning.value([box], 64)
            if not value.contains(0):
                continue
        except (Undefined, Undecided):
            value = None
        if depth == DEEPEST:
            if value is None and not _open_end(target, left, right):
                raise wrong(
                    f"{target.text} is not finite near x = {target_number(box)}, inside the domain",
                    "leave that point out of the domain, or search for the function without its pole",
                )
            found.append(Fraction(0) if left == 0 else Fraction(1) if right == 1 else (left + right) / 2)
            continue
        middle = (left + right) / 2
        stack += [(middle, right, depth + 1), (left, middle, depth + 1)]
    yield from sorted(set(found))


def _open_end(target: Target, left: Fraction, right: Fraction) -> bool:
    return (left == 0 and target.open_lower) or (right == 1 and target.open_upper)


def _ball(lower: Any, width: Any, left: Fraction, right: Fraction) -> Any:
    """A ball that holds lower + width*t for t between two dyadic numbers."""
    from flint import arb, fmpq

    middle, radius = (left + right) / 2, (right - left) / 2
    t = arb(fmpq(middle.numerator, middle.denominator), fmpq(radius.numerator, radius.denominator))
    return lower + width * t


# ---------------------------------------------------------------- samples


def samples(target: Target, count: int) -> Samples:
    """Chebyshev points, and a few that approach an open end where f vanishes; values to the last bit."""
    lower, upper = (float(end) for end in target.ends())
    angles = (2 * np.arange(count) + 1) / (2 * count) * np.pi
    points = (lower + upper) / 2 - (upper - lower) / 2 * np.cos(angles)
    if not target.absolute:
        near = (upper - lower) * 10.0 ** -np.arange(4, 13, 2)
        if target.open_lower and _vanishes(target, 0):
            points = np.concatenate([lower + near, points])
        if target.open_upper and _vanishes(target, 1):
            points = np.concatenate([points, upper - near])
    points = np.unique(points)
    values = exact_values(target, points)
    weights = np.ones(len(points)) if target.absolute else 1 / values
    if not np.isfinite(values).all() or not np.isfinite(weights).all():
        raise wrong(f"{target.text} leaves the range of double precision in the domain")
    return points, values, weights


def _vanishes(target: Target, end: int) -> bool:
    lower, upper = target.ends()
    try:
        return bool(target.meaning.value([upper if end else lower], BITS).contains(0))
    except (Undefined, Undecided):
        return False


def exact_values(target: Target, points: np.ndarray) -> np.ndarray:
    """f rounded to double at each point.  The double itself is the point."""
    meaning = target.meaning
    return np.array([float(to_fraction(meaning.refined([Fraction(float(x))], 64))) for x in points])
