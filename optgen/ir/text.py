"""The small words of the IR's text, which the printer writes and the reader reads: names and numbers.

A name is the author's, then `~2`, `~3` where it is taken; what has no name is `%1`, `%2`.  A name with other characters
stands in backticks.  Real numbers have a point or an exponent; `0.1d` is the double nearest to 0.1, `1|3` a fraction.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

from optgen.ir.nodes import Constant, IRError

ATOM, NEGATIVE = 100, 10
REDUCTIONS = ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin")
WORDS = frozenset(("true", "false", "inf", "nan"))  # names that read as numbers; other words are known by their place

_PLAIN = re.compile(r"[A-Za-z_][\w.']*")
_DIGITS = 20  # a decimal this short is the shortest way to say a number


def quoted(name: str) -> str:
    """A hint as it is written."""
    if _PLAIN.fullmatch(name) and name not in WORDS:
        return name
    if "`" in name or "\n" in name:
        raise IRError(f"{name!r} can't be written as a name")
    return f"`{name}`"


def number(node: Constant) -> tuple[str, int]:
    """A constant as text, and how tightly that binds."""
    value, dtype = node.value, node.dtype
    if dtype == "bool":
        return ("true" if value else "false"), ATOM
    if dtype in ("int", "u64"):
        text = str(int(value)) + ("u64" if dtype == "u64" else "")
    else:
        text = _real(value) + ("" if dtype == "real" else dtype)
    return text, NEGATIVE if text[0] == "-" else ATOM


def _real(value: Any) -> str:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    exact = decimal(value)
    if exact is not None and len(exact) <= _DIGITS:
        return exact
    if abs(value) < 1e300 and Fraction(float(value)) == value:
        return f"{float(value)!r}d"
    return exact if exact is not None else f"{value.numerator}|{value.denominator}"


def decimal(value: Fraction) -> str | None:
    """The exact decimal of a fraction, None if it has no end."""
    left, places = value.denominator, [0, 0]
    for k, prime in enumerate((2, 5)):
        while left % prime == 0:
            left, places[k] = left // prime, places[k] + 1
    if left != 1:
        return None
    exponent = max(places)
    digits = str(abs(value.numerator) * 10**exponent // value.denominator)
    sign = "-" if value < 0 else ""
    if exponent == 0 and len(digits) > _DIGITS and digits.endswith("0"):
        stripped = digits.rstrip("0")
        return f"{sign}{stripped}e{len(digits) - len(stripped)}"
    if exponent > len(digits) + 3:
        return f"{sign}{digits}e-{exponent}"
    digits = digits.rjust(exponent + 1, "0")
    whole, part = digits[: len(digits) - exponent], digits[len(digits) - exponent :]
    return f"{sign}{whole}.{part or '0'}"
