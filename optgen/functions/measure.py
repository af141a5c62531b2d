"""How errors are counted: in ulps, in ulps with a floor, or relative; and what the rounding of a value is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from optgen.functions.floats import ulp_exponent
from optgen.ir.nodes import access
from optgen.ir.program import Function
from optgen.symbolic.arb import Meaning, Undecided, exact, precision_of, to_fraction


@dataclass(frozen=True, slots=True)
class Measure:
    """`ulp`: |y - f| / max(ulp(f), 2^floor).  `relative`: |y - f| / max(|f|, 2^-126).

    The floor is -149 (the spacing of the smallest floats) unless an absolute error is allowed near zeros: floor = -24
    counts in units of 2^-24 wherever an ulp is smaller.
    """

    kind: Literal["ulp", "relative"] = "ulp"
    floor: int = -149

    def __str__(self) -> str:
        if self.kind == "relative":
            return "relative"
        return "ulp" if self.floor == -149 else f"ulp, or 2^{self.floor} where that is more"


ULP = Measure()


def error_at(meaning: Meaning, measure: Measure, x: float, y: float) -> float:
    """The error of the result y at x, in the unit of the measure, rounded up; raises as `Meaning.refined`."""
    return error_from(meaning.refined([x], 90), measure, y)


def error_at_all(meaning: Function, measure: Measure, points: list[tuple[float, ...]], results: list[float]) -> float:
    """The largest error of results at points, rounded up; infinite for a NaN where there is a value."""
    ((_, result),) = meaning.results
    compiled = Meaning.of(access(result), list(meaning.parameters))
    errors = [0.0]
    for point, found in zip(points, results, strict=True):
        value = compiled.refined(list(point), 90)
        errors.append(error_from(value, measure, found) if found == found else float("inf"))
    return max(errors)


def error_from(value: Any, measure: Measure, y: float) -> float:
    """The error of the result y where the value is a narrow ball, in the unit of the measure, rounded up."""
    with precision_of(160):
        size = abs(value)
        largest = exact(2.0**128)
        value = largest if value > largest else -largest if value < -largest else value
        found = exact(min(max(y, -(2.0**128)), 2.0**128))
        difference = abs(found - value)
        if measure.kind == "relative":
            unit: Any = size if size > 2.0**-126 else exact(2.0**-126)
        else:
            unit = exact(Fraction(2) ** max(ulp_exponent(float(size.lower())), measure.floor))
        return float((difference / unit).upper()) * (1 + 2.0**-52)


def rounded(meaning: Meaning, x: float) -> float:
    """f(x) rounded to the nearest float32, ties to even; `Undecided` if even 2000 bits leave it open."""
    bits = 60
    while bits <= 2048:
        value = meaning.refined([x], bits)
        with precision_of(bits + 32):
            low, high = (nearest(to_fraction(end)) for end in (value.lower(), value.upper()))
        if low == high:
            return low
        bits *= 2
    raise Undecided(f"the rounding at {x!r}")


def nearest(value: Fraction) -> float:
    """A rational rounded to float32, ties to even, beyond the largest by half an ulp to infinity."""
    if value == 0:
        return 0.0
    size = abs(value)
    exponent = max(size.numerator.bit_length() - size.denominator.bit_length() - 1, -126)
    if size >= Fraction(2) ** (exponent + 1):
        exponent += 1
    unit = Fraction(2) ** (exponent - 23)
    made = unit * round(size / unit)
    if made >= Fraction(2) ** 128:
        return float("inf") if value > 0 else float("-inf")
    return float(made) if value > 0 else -float(made)
