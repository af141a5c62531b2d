"""How each operation of the IR acts on a jet: a power series in t whose coefficients are balls of reals.

A rule gets jets (the value is the constant coefficient) and the order (how many coefficients are wanted) and gives a
jet.  It raises `Undefined` where the operation has no real value at any point of the ball, and `Undecided` where the
ball is too wide to tell: an enclosure that is not finite never leaves this module (`finite` checks it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

import flint
from flint import arb, arb_series

HALF = arb(0.5)
Jet = Any  # arb_series; flint carries no types
Rule = Callable[..., Jet]


class Undefined(ArithmeticError):
    """No point of the ball has a real value."""


class Undecided(ArithmeticError):
    """The ball is too wide, or holds a pole or an end of the domain."""


def rational(value: Fraction | int | float) -> Any:
    """An exact rational as flint's; None for infinities and NaN."""
    if isinstance(value, float) and not isfinite(value):
        return None
    made = Fraction(value)
    return flint.fmpq(made.numerator, made.denominator)


def number(value: Any) -> Any:
    """A `rational` as a ball at the precision that is set, infinities and NaN refused."""
    if value is None:
        raise Undecided("an infinite constant has no finite enclosure")
    return arb(value)


def jet(coefficients: Sequence[Any], order: int) -> Jet:
    return arb_series(list(coefficients), prec=order)


def head(series: Jet) -> Any:
    """The constant coefficient: the ball of values."""
    return series[0] if len(series) else arb(0)


def finite(series: Jet) -> Jet:
    """The jet itself; raises `Undecided` unless every coefficient is finite."""
    for coefficient in series.coeffs():
        if not coefficient.is_finite():
            raise Undecided("no finite enclosure")
    return series


def with_head(series: Jet, value: Any, order: int) -> Jet:
    """The series with its constant coefficient replaced by a better enclosure of the same number."""
    coefficients = list(series.coeffs()) or [arb(0)]
    coefficients[0] = value
    return jet(coefficients, order)


def integrated(inner: Jet, slope: Jet, value: Any, order: int) -> Jet:
    """f(inner) from f at the centre and f'(inner): the integral of f'(inner) inner'."""
    if order == 1:
        return jet([value], 1)
    rate = slope * inner.derivative()
    return jet([value, *(c / (k + 1) for k, c in enumerate(rate.coeffs()))], order)


def composed(outer: Sequence[Any], inner: Jet, order: int) -> Jet:
    """The series with coefficients `outer` at the centre of `inner`, in t."""
    if order == 1:
        return jet(outer[:1], 1)
    return jet(outer, order)(with_head(inner, arb(0), order))


def inside(value: Any, low: int | None, high: int | None, closed: bool, name: str) -> None:
    """Refuse a ball that lies outside (low, high), or is not certainly in it; an exact end is in if `closed`."""
    if (low is not None and value < low) or (high is not None and value > high):
        raise Undefined(f"{name} has no value there")
    enough = low is None or (value >= low if closed else value > low)
    enough = enough and (high is None or (value <= high if closed else value < high))
    if not enough:
        raise Undecided(f"{name} at an end of its domain")


# ---------------------------------------------------------------- arithmetic


def _divide(order: int, a: Jet, b: Jet) -> Jet:
    if head(b).contains(0):
        raise Undecided("a quotient by a ball that holds 0")
    return a / b


def _whole_power(base: Jet, exponent: int, order: int) -> Jet:
    """By products: `arb ** int` on a ball that holds 0 is NaN."""
    result, square, left = jet([arb(1)], order), base, abs(exponent)
    while left:
        if left & 1:
            result = result * square
        left >>= 1
        if left:
            square = square * square
    return _divide(order, jet([arb(1)], order), result) if exponent < 0 else result


def constant_of(series: Jet) -> Any:
    """The exact value of a jet that is an exact constant, else None."""
    if len(series) > 1:
        return None
    value = head(series)
    return value if value.is_exact() else None


def _power(order: int, base: Jet, exponent: Jet) -> Jet:
    value, constant = head(base), constant_of(exponent)
    if constant is not None and constant.is_integer() and abs(constant) <= 4096:
        return _whole_power(base, int(constant.unique_fmpz()), order)
    if constant is not None and constant == HALF:
        return _sqrt(order, base)
    if order == 1 and value.is_zero() and head(exponent) > 0:
        return jet([arb(0)], 1)
    inside(value, 0, None, False, "a real power")
    return (exponent * base.log()).exp()


def _power_int(order: int, base: Jet, exponent: Jet) -> Jet:
    constant = constant_of(exponent)
    if constant is None or not constant.is_integer():
        raise Undecided("an integer power whose exponent varies")
    return _whole_power(base, int(constant.unique_fmpz()), order)


def _mod(order: int, a: Jet, b: Jet) -> Jet:
    return a - b * _floor(order, _divide(order, a, b))


def _floor(order: int, a: Jet) -> Jet:
    value = head(a)
    low, high = value.lower().floor(), value.upper().floor()
    lowest, highest = low.unique_fmpz(), high.unique_fmpz()
    if lowest is None or lowest != highest:
        raise Undecided("a step inside the ball")
    return jet([arb(lowest)], order)


def _abs(order: int, a: Jet) -> Jet:
    value = head(a)
    if value >= 0:
        return a
    if value <= 0:
        return -a
    if order == 1:
        return jet([abs(value)], 1)
    raise Undecided("a kink inside the ball")


def _sign(order: int, a: Jet) -> Jet:
    value = head(a)
    if value > 0:
        return jet([arb(1)], order)
    if value < 0:
        return jet([arb(-1)], order)
    if value.is_zero():
        return jet([arb(0)], order)
    raise Undecided("a jump inside the ball")


def _larger(order: int, a: Jet, b: Jet) -> Jet:
    if head(a) >= head(b):
        return a
    if head(b) >= head(a):
        return b
    if order == 1:
        return jet([head(a).max(head(b))], 1)
    raise Undecided("a kink inside the ball")


# ---------------------------------------------------------------- elementary functions


def _sqrt(order: int, a: Jet) -> Jet:
    value = head(a)
    inside(value, 0, None, order == 1, "a square root")
    return a.sqrt()


def _log(order: int, a: Jet) -> Jet:
    inside(head(a), 0, None, False, "a logarithm")
    return a.log()


def _log1p(order: int, a: Jet) -> Jet:
    inside(head(a), -1, None, False, "log1p")
    if order == 1:
        return jet([head(a).log1p()], 1)
    return integrated(a, (1 + a).inv(), head(a).log1p(), order)


def _tanh(order: int, a: Jet) -> Jet:
    """(1 - E)/(1 + E) with E = e^(-2|a|) and the sign of a: E is small where |a| is large, also on a wide ball."""
    value = head(a).tanh()
    if order == 1:
        return jet([value], 1)
    size = a if head(a).mid() >= 0 else -a
    decay = (-2 * size).exp()
    made = _divide(order, 1 - decay, 1 + decay)
    return with_head(made if size is a else -made, value, order)


def _tan(order: int, a: Jet) -> Jet:
    return a.tan()


def _arccos(order: int, a: Jet) -> Jet:
    inside(head(a), -1, 1, order == 1, "arccos")
    return a.acos()


def _arctan2(order: int, y: Jet, x: Jet) -> Jet:
    top, right = head(y), head(x)
    if right <= 0 and top.contains(0) and not (top.is_zero() and right < 0 and order == 1):
        raise Undecided("the angle jumps inside the ball")
    if right.contains(0) and top.contains(0):
        raise Undecided("the angle at the origin")
    value = arb.atan2(top, right)
    if order == 1:
        return jet([value], 1)
    rate = _divide(order, x * y.derivative() - y * x.derivative(), x * x + y * y)
    return jet([value, *(c / (k + 1) for k, c in enumerate(rate.coeffs()))], order)


def _with(value: Callable[[Any], Any], series: Callable[[Jet], Jet]) -> Rule:
    """A rule from a function of balls, best for the value, and one of jets for the rest."""

    def rule(order: int, a: Jet) -> Jet:
        first = value(head(a))
        return jet([first], 1) if order == 1 else with_head(series(a), first, order)

    return rule


JETS: dict[str, Rule] = {
    "add": lambda order, a, b: a + b,
    "sub": lambda order, a, b: a - b,
    "mul": lambda order, a, b: a * b,
    "div": _divide,
    "neg": lambda order, a: 0 - a,
    "mod": _mod,
    "power": _power,
    "power_int": _power_int,
    "sqrt": _sqrt,
    "exp": lambda order, a: a.exp(),
    "expm1": _with(lambda v: v.expm1(), lambda a: a.exp()),
    "log": _log,
    "log1p": _log1p,
    "abs": _abs,
    "sign": _sign,
    "sin": lambda order, a: a.sin(),
    "cos": lambda order, a: a.cos(),
    "tan": _tan,
    "arccos": _arccos,
    "arctan2": _arctan2,
    "sinh": _with(lambda v: v.sinh(), lambda a: (a.exp() - (0 - a).exp()) / 2),
    "cosh": _with(lambda v: v.cosh(), lambda a: (a.exp() + (0 - a).exp()) / 2),
    "tanh": _tanh,
    "erf": lambda order, a: a.erf(),
    "floor_real": _floor,
    "floor": _floor,
    "minimum": lambda order, a, b: 0 - _larger(order, 0 - a, 0 - b),
    "maximum": _larger,
    "to_real": lambda order, a: a,
    "stop_gradient": lambda order, a: a,
}

# when a comparison certainly holds; its opposite is looked up by OPPOSITE
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a.is_exact() and b.is_exact() and a == b,
    "ne": lambda a, b: a != b,
}
OPPOSITE = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}


def compare(name: str, a: Any, b: Any) -> bool:
    """Whether a comparison of two balls holds; raises `Undecided` where it holds for some points only."""
    if HOLDS[name](a, b):
        return True
    if HOLDS[OPPOSITE[name]](a, b):
        return False
    raise Undecided("a comparison that changes inside the ball")
