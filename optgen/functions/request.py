"""What a user asks of a function: its accuracy, its domain, and the name under which both are found again.

A ufunc pickles by name, so the name says everything: the expression, and what of the choices differs from the usual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from optgen.diagnostics import Diagnostic, SpecError
from optgen.functions.guarantees import NONE, Guarantees, read

ULPS = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
RELATIVES = (Fraction(1, 10_000), Fraction(1, 1_000))
DOT = "\N{ONE DOT LEADER}"  # stands for a full stop in names: pickle takes that for a path of attributes


@dataclass(frozen=True, slots=True)
class Accuracy:
    """At most `amount` units in the last place of the result (1/2 is correctly rounded), or `amount` of the result if
    `relative`; `of` is the format whose units count, float32 (float64 for doubles) or bfloat16.
    """

    amount: Fraction = Fraction(1)
    relative: bool = False
    of: str = "float32"

    def __str__(self) -> str:
        if self.relative:
            return f"relative {float(self.amount):g}"
        return f"{float(self.amount):g} ulp" + (" of bfloat16" if self.of == "bfloat16" else "")


@dataclass(frozen=True, slots=True)
class Domain:
    """The arguments from `low` to `high`, both included; beyond them the result is any number."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]"


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
            parts.append(f"domain {self.domain.low!r} {self.domain.high!r}")
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
            case ["domain", low, high]:
                domain = Domain(float(low), float(high))
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
) -> Request:
    """A request from the arguments of `optgen.function`, checked.  Raises SpecError with what can't be had."""
    return Request(expression, _accuracy(ulp, relative, of), None if domain is None else _domain(domain), asked)


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
