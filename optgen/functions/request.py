"""What a user asks of a function: its accuracy, its domain, and the name under which both are found again.

A ufunc pickles by name, so the name says everything: the expression, and what of the choices differs from the usual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from optgen.diagnostics import Diagnostic, SpecError
from optgen.functions.guarantees import NONE, Guarantees, read

ULPS = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
RELATIVES = (Fraction(1, 10_000), Fraction(1, 1_000))
SPACING = -149  # exponent of the distance of the smallest floats
LEAST_FLOOR, MOST_FLOOR = -126, 0
DOT = "\N{ONE DOT LEADER}"  # stands for a full stop in names: pickle takes that for a path of attributes


@dataclass(frozen=True, slots=True)
class Accuracy:
    """At most `amount` units in the last place of the result (1/2 is correctly rounded), or `amount` of the result if
    `relative`; `of` is the format whose units count, float32 (float64 for doubles) or bfloat16.

    No unit counts as less than 2^`floor`, by default the spacing of the smallest floats. A larger one is for functions
    with zeros next to floats: then `amount` ulp will do, or an absolute error of `absolute`.
    """

    amount: Fraction = Fraction(1)
    relative: bool = False
    of: str = "float32"
    floor: int = SPACING

    @property
    def absolute(self) -> Fraction:
        """The error that is allowed where an ulp is smaller than the floor."""
        return self.amount * Fraction(2) ** self.floor

    def __str__(self) -> str:
        if self.relative:
            return f"relative {float(self.amount):g}"
        said = f"{float(self.amount):g} ulp" + (" of bfloat16" if self.of == "bfloat16" else "")
        return said if self.floor == SPACING else f"{said} or 2^{exponent_of(self.absolute)} absolute"


@dataclass(frozen=True, slots=True)
class Domain:
    """The arguments from `low` to `high`, both included; beyond them the result is any number, or NaN if `strict`."""

    low: float
    high: float
    strict: bool = False

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]" + ", NaN beyond" * self.strict


@dataclass(frozen=True, slots=True)
class Request:
    """An expression with what is asked of its implementation; `domain` None is every number."""

    expression: str
    accuracy: Accuracy = Accuracy()
    domain: Domain | None = None
    guarantees: Guarantees = NONE

    @property
    def name(self) -> str:
        """The expression, and the choices that are not the usual ones: `exp(x); relative 0.001; domain -20 0`."""
        parts = [self.expression]
        if self.accuracy != Accuracy():
            parts.append(str(self.accuracy))
        if self.domain is not None:
            parts.append(f"domain {self.domain.low!r} {self.domain.high!r}" + " or nan" * self.domain.strict)
        return "; ".join(parts + self.guarantees.words()).replace(".", DOT)


def named(name: str) -> Request:
    """The request of a name; raises ValueError for what is no name of a request."""
    expression, *parts = name.replace(DOT, ".").split("; ")
    accuracy, domain, others = Accuracy(), None, []
    for part in parts:
        match part.split():
            case ["relative", amount]:
                accuracy = Accuracy(Fraction(amount), relative=True)
            case [amount, "ulp"]:
                accuracy = Accuracy(Fraction(amount))
            case [amount, "ulp", "of", "bfloat16"]:
                accuracy = Accuracy(Fraction(amount), of="bfloat16")
            case [amount, "ulp", "or", power, "absolute"] if power.startswith("2^"):
                absolute = Fraction(2) ** int(power[2:])
                accuracy = Accuracy(Fraction(amount), floor=exponent_of(absolute / Fraction(amount)))
            case ["domain", low, high]:
                domain = Domain(float(low), float(high))
            case ["domain", low, high, "or", "nan"]:
                domain = Domain(float(low), float(high), strict=True)
            case words:
                others.append(words)
    return Request(expression, accuracy, domain, read(iter(others)))


def request(
    expression: str,
    ulp: float | None = None,
    relative: float | None = None,
    of: str = "float32",
    domain: tuple[float, float] | None = None,
    asked: Guarantees = NONE,
    absolute: float | None = None,
) -> Request:
    """A request from the arguments of `optgen.function`, checked.  Raises SpecError with what can't be had."""
    accuracy = _accuracy(ulp, relative, of)
    if absolute is not None:
        accuracy = _floored(accuracy, absolute)
    return Request(expression, accuracy, None if domain is None else _domain(domain), asked)


def exponent_of(power: Fraction) -> int:
    """k of 2^k; raises ValueError for other numbers."""
    k = power.numerator.bit_length() - power.denominator.bit_length()
    if power <= 0 or Fraction(2) ** k != power:
        raise ValueError(f"{power} is no power of 2")
    return k


def _floored(accuracy: Accuracy, absolute: float) -> Accuracy:
    """An accuracy with an absolute error that will do near zeros."""
    fix = "1 ulp or 2^-24 absolute: ulp=1, absolute=2**-24"
    if accuracy.relative or accuracy.of != "float32" or accuracy.amount == Fraction(1, 2):
        raise _error("E0804", f"an absolute error goes with 1, 2 or 4 ulp of float32, not with {accuracy}", fix)
    try:
        floor = exponent_of(Fraction(absolute) / accuracy.amount)
    except (ValueError, OverflowError):
        raise _error("E0804", f"an absolute error is a power of 2, and {absolute:g} is none", fix) from None
    if not LEAST_FLOOR <= floor <= MOST_FLOOR:
        raise _error("E0804", f"an absolute error lies between 2^{LEAST_FLOOR} and 1, and {absolute:g} does not", fix)
    return replace(accuracy, floor=floor)


def _accuracy(ulp: float | None, relative: float | None, of: str) -> Accuracy:
    if ulp is not None and relative is not None:
        raise _error("E0804", "an accuracy is in ulp or relative, not both", "leave one of them out")
    if of not in ("float32", "bfloat16"):
        raise _error("E0804", f"there are no units of {of}", "of is float32 or bfloat16")
    if relative is not None:
        return Accuracy(_among("relative", relative, RELATIVES), relative=True)
    return Accuracy(_among("ulp", 1 if ulp is None else ulp, ULPS), of=of)


def _among(word: str, value: float, choices: tuple[Fraction, ...]) -> Fraction:
    found = [choice for choice in choices if float(choice) == value]
    if not found:
        offered = ", ".join(f"{float(choice):g}" for choice in choices)
        raise _error("E0804", f"there is no accuracy of {word} {value}", f"choose one of {offered}")
    return found[0]


def _domain(given: tuple[float, float]) -> Domain:
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        raise _error("E0803", f"the domain {given!r} is not two numbers", "domain = (-20, 0)") from None
    if math.isnan(low) or math.isnan(high) or low > high:
        fix = f"domain = ({high:g}, {low:g})" if low > high else "domain = (-20, 0)"
        raise _error("E0803", f"the domain from {low:g} to {high:g} is empty", fix)
    return Domain(low, high)


def _error(code: str, message: str, fix: str) -> SpecError:
    return SpecError([Diagnostic(code, message, help=fix)])
