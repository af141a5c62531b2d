"""Enclosures by their two ends: what a ball can not hold, such as [e^10, e^1000] with its sign.

A range is a pair of exact points of Arb (also infinities) with the value between them; (-inf, inf) says nothing.  Rules
are per operation: increasing and decreasing functions act on the ends, the rest by cases, and what has no rule here is
asked of `jets` on the ball between the ends.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import arb

from optgen.symbolic import jets
from optgen.symbolic.jets import Undecided, Undefined
from optgen.symbolic.special import RULES, erfcx

Range = tuple[Any, Any]
INF = arb("inf")
FULL: Range = (-INF, INF)


def made(low: Any, high: Any) -> Range:
    """The range from a ball for each end; what is not a number is infinite."""
    first, last = low.lower(), high.upper()
    return (-INF if first.is_nan() else first), (INF if last.is_nan() else last)


def hull(*balls: Any) -> Range:
    """The smallest range that holds all the balls."""
    if any(ball.is_nan() for ball in balls):
        return FULL
    first, last = balls[0].lower(), balls[0].upper()
    for ball in balls[1:]:
        low, high = ball.lower(), ball.upper()
        first, last = (low if low < first else first), (high if high > last else last)
    return first, last


def _increasing(
    function: Callable[[Any], Any],
    bottom: Any,
    top: Any,
    low: int | None = None,
    high: int | None = None,
    far: Any = INF,
) -> Callable[[Range], Range]:
    """`bottom` and `top` bound the values; outside [low, high] the function has none; it is computed up to `far`."""

    def rule(a: Range) -> Range:
        first, last = (far if a[0] > far else a[0]), (-far if a[1] < -far else a[1])
        if (low is not None and last < low) or (high is not None and first > high):
            raise Undefined("outside the domain")
        if (low is not None and not last > low) or (high is not None and not first < high):
            return FULL  # only an end of the domain
        inside_low = low is None or first > low
        inside_high = high is None or last < high
        start = function(first) if inside_low and first.is_finite() else arb(bottom)
        end = function(last) if inside_high and last.is_finite() else arb(top)
        first, last = made(start, end)
        floor, ceiling = arb(bottom), arb(top)
        return (floor if first < floor else first), (ceiling if last > ceiling else last)

    return rule


def _negated(rule: Callable[[Range], Range]) -> Callable[[Range], Range]:
    """A decreasing function as minus an increasing one."""

    def turned(a: Range) -> Range:
        first, last = rule(a)
        return -last, -first

    return turned


def _mul(a: Range, b: Range) -> Range:
    return hull(*(_product(x, y) for x in a for y in b))


def _product(x: Any, y: Any) -> Any:
    return arb(0) if x.is_zero() or y.is_zero() else x * y


def _div(a: Range, b: Range) -> Range:
    if b[0] <= 0 and b[1] >= 0:
        return FULL
    return hull(*(arb(0) if not y.is_finite() and x.is_finite() else x / y for x in a for y in b))


def _abs(a: Range) -> Range:
    if a[0] >= 0:
        return a
    if a[1] <= 0:
        return -a[1], -a[0]
    return arb(0), (a[1] if a[1] > -a[0] else -a[0])


def _power(a: Range, b: Range) -> Range:
    """Constant exponents only: whole ones by products of ends, others on positive bases."""
    if not (b[0] == b[1] and b[0].is_finite()):
        if a[0] > 0 and a[0].is_finite() and a[1].is_finite():
            return _EXP(_mul((a[0].log().lower(), a[1].log().upper()), b))
        return FULL
    mantissa, shift = b[0].man_exp()
    exponent = Fraction(int(mantissa)) * Fraction(2) ** int(shift)
    if exponent.denominator == 1 and abs(exponent) <= 4096:
        return _whole(a, int(exponent))
    if a[1] < 0:
        raise Undefined("a real power of a negative number")
    if not a[0] > 0 or not a[1].is_finite():
        return arb(0), INF
    return _EXP(_mul((a[0].log().lower(), a[1].log().upper()), b))


def _whole(a: Range, exponent: int) -> Range:
    if exponent < 0:
        return _div((arb(1), arb(1)), _whole(a, -exponent))
    base = _abs(a) if exponent % 2 == 0 else a
    ends = []
    for end in base:
        result = arb(1)
        for _ in range(exponent):
            result = _product(result, end)
        ends.append(result)
    return made(*ends)


def _sign(end: Any) -> int:
    return 1 if end > 0 else -1 if end < 0 else 0


def _larger(a: Range, b: Range) -> Range:
    return (a[0] if a[0] > b[0] else b[0]), (a[1] if a[1] > b[1] else b[1])


def _neg(a: Range) -> Range:
    return -a[1], -a[0]


def _from(start: int, name: str, rule: Callable[[Range], Range]) -> Callable[[Range], Range]:
    """A rule for ranges that begin at `start` or later; others are asked of `jets`."""
    return lambda a: rule(a) if a[0] >= start else _by_ball(name, (a,))


FAR = arb(2**40)  # beyond, Arb gives no enclosure of exp
FALLEN = arb(2**10)  # beyond, Ai is nothing
_EXP = _increasing(lambda v: v.exp(), 0, INF, far=FAR)

ENDS: dict[str, Callable[..., Range]] = {
    "add": lambda a, b: made(a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: made(a[0] - b[1], a[1] - b[0]),
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "abs": _abs,
    "sign": lambda a: (arb(_sign(a[0])), arb(_sign(a[1]))),
    "power": _power,
    "power_int": _power,
    "sqrt": _increasing(lambda v: v.sqrt(), 0, INF, low=0),
    "exp": _EXP,
    "expm1": _increasing(lambda v: v.expm1(), -1, INF, far=FAR),
    "log": _increasing(lambda v: v.log(), -INF, INF, low=0),
    "log1p": _increasing(lambda v: v.log1p(), -INF, INF, low=-1),
    "sinh": _increasing(lambda v: v.sinh(), -INF, INF, far=FAR),
    "cosh": lambda a: _increasing(lambda v: v.cosh(), 1, INF, far=FAR)(_abs(a)),
    "tanh": _increasing(lambda v: v.tanh(), -1, 1),
    "erf": _increasing(lambda v: v.erf(), -1, 1),
    "erfc": _negated(_increasing(lambda v: -v.erfc(), -2, 0)),
    "erfcx": _negated(_increasing(lambda v: -erfcx(v), -INF, 0)),
    "erfinv": _increasing(lambda v: v.erfinv(), -INF, INF, low=-1, high=1),
    "airy_ai": _from(0, "airy_ai", _negated(_increasing(lambda v: -v.airy_ai(), -1, 0, far=FALLEN))),
    "airy_ai_prime": _from(0, "airy_ai_prime", _increasing(lambda v: v.airy_ai(1), -1, 0, far=FALLEN)),
    "lgamma": _from(2, "lgamma", _increasing(lambda v: v.lgamma(), 0, INF)),
    "digamma": _from(1, "digamma", _increasing(lambda v: v.digamma(), -1, INF)),
    "maximum": _larger,
    "minimum": lambda a, b: _neg(_larger(_neg(a), _neg(b))),
    "to_real": lambda a: a,
    "stop_gradient": lambda a: a,
}


def apply_ends(name: str, arguments: tuple[Range, ...]) -> Range:
    """The range of an operation on ranges; raises `Undefined` where it has no value anywhere."""
    rule = ENDS.get(name)
    return rule(*arguments) if rule is not None else _by_ball(name, arguments)


def _by_ball(name: str, arguments: tuple[Range, ...]) -> Range:
    if not all(end.is_finite() for pair in arguments for end in pair):
        return (arb(-1), arb(1)) if name in ("sin", "cos") else FULL
    try:
        ball = jets.head(RULES[name](1, *(jets.jet([low.union(high)], 1) for low, high in arguments)))
    except Undecided:
        return FULL
    return made(ball, ball)


def compare_ends(name: str, a: Range, b: Range) -> bool | None:
    """Whether a comparison holds for all points of the ranges; None if it does for some only."""
    if not all(end.is_finite() for end in (*a, *b)):
        return None
    try:
        if name in ("lt", "ge"):
            return _decided(a[1] < b[0], a[0] >= b[1], name == "lt")
        if name in ("gt", "le"):
            return _decided(a[0] > b[1], a[1] <= b[0], name == "gt")
        return jets.compare(name, a[0].union(a[1]), b[0].union(b[1]))
    except Undecided:
        return None


def _decided(holds: bool, fails: bool, asked: bool) -> bool | None:
    return asked if holds else (not asked) if fails else None
