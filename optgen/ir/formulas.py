"""Formulas of special functions in doubles: for backends that have no function of their own for them.

One declaration an operation: its value, made from elementary operations, and a bound of its error in ulps (held by
tests against Arb).  The polynomials are in `formula_coefficients`, which `python -m optgen.functions.formula_fits`
writes.  No branch is computed where it would trap; where a branch is not chosen its value does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.arithmetic import add, div, mul, number, sub
from optgen.ir.formula_coefficients import COEFFICIENTS
from optgen.ir.nodes import Scalar
from optgen.ir.operations import OPERATIONS, Operation, apply
from optgen.ir.program import Function
from optgen.ir.special import SPECIAL

Named = Callable[[Scalar, str], Scalar]  # gives a value a name, or leaves it

CENTRE = Fraction(15, 4)  # of the map of [0, inf) to [-1, 1] for erfcx
ASYMPTOTIC = 10**8  # from here on erfcx(x) is 1/(sqrt(pi) x)
ROOT_OF_PI = Fraction("1.772453850905516027298167483341145182797549456122387128213808")
MIDDLE = 8  # where the two pieces of i0e and i1e meet
SPLIT = Fraction(25, 4)  # of -log(1 - x^2), where the two pieces of erfinv meet
TAIL = (Fraction(5, 2), Fraction(31, 5))  # of its square root, up to the last double below 1
GROUP = 3  # coefficients in a line of source


@dataclass(frozen=True, slots=True)
class Formula:
    """`value(x, named)`, in doubles at most `ulps` from the function wherever that is a normal number."""

    value: Callable[[Scalar, Named], Scalar]
    ulps: int
    doc: str


def function(name: str) -> Function:
    """A formula as a function of a number, its parts under names: what backends print as source."""
    formula = FORMULAS[name]
    x = ir.Input("x", "real")
    body = formula.value(ir.access(x), lambda value, called: ir.access(ir.array((), value, called)))
    return Function(name, (), (x,), (("value", ir.array((), body, "value")),), formula.doc)


def inlined(name: str, x: Scalar) -> Scalar:
    """A formula as one expression."""
    return FORMULAS[name].value(x, lambda value, called: value)


# ---------------------------------------------------------------- parts


def _less(a: Scalar, b: Scalar | int | Fraction) -> Scalar:
    return apply("lt", a, b if isinstance(b, Scalar) else number(b))


def _at_most(a: Scalar, most: int | Fraction) -> Scalar:
    return apply("minimum", a, number(most))


def _at_least(a: Scalar, least: int | Fraction) -> Scalar:
    return apply("maximum", a, number(least))


def _polynomial(name: str, t: Scalar, named: Named) -> Scalar:
    """Horner's scheme."""
    first, *others = COEFFICIENTS[name]
    value = number(Fraction(first))
    for place, coefficient in enumerate(others, 1):
        product, added = mul(value, t), number(abs(Fraction(coefficient)))
        value = add(product, added) if coefficient > 0 else sub(product, added)
        if place % GROUP == GROUP - 1 and place < len(others):
            value = named(value, "p")
    return value


def _exp_of_square(s: Scalar, rising: bool, named: Named) -> Scalar:
    """e^(s^2) or e^(-s^2): the square of s rounded to sixteenths is exact, and s^2 less it is small."""
    near = named(div(apply("floor_real", add(mul(s, number(16)), number(Fraction(1, 2)))), number(16)), "near")
    square, rest = mul(near, near), mul(sub(s, near), add(s, near))
    if not rising:
        square, rest = apply("neg", square), apply("neg", rest)
    return mul(apply("exp", square), apply("exp", rest))


def _scaled_erfc(s: Scalar, named: Named) -> Scalar:
    """erfcx at s >= 0: (1 + 2 s) erfcx(s) is a polynomial of (s - 15/4)/(s + 15/4)."""
    bounded = named(_at_most(s, ASYMPTOTIC), "bounded")
    t = named(div(sub(bounded, number(CENTRE)), add(bounded, number(CENTRE))), "t")
    near = div(_polynomial("erfcx", t, named), add(number(1), mul(number(2), bounded)))
    return ir.choose(_less(s, ASYMPTOTIC), near, div(number(1 / ROOT_OF_PI), s))


# ---------------------------------------------------------------- functions


def _erfcx(x: Scalar, named: Named) -> Scalar:
    """Below 0 it is 2 e^(x^2) - erfcx(-x)."""
    size = named(apply("abs", x), "size")
    right = named(_scaled_erfc(size, named), "right")
    power = named(_exp_of_square(named(_at_most(size, 27), "finite"), True, named), "power")
    return ir.choose(_less(x, 0), sub(mul(number(2), power), right), right)


def _erfc(x: Scalar, named: Named) -> Scalar:
    """1 - erf(x) up to 1/2, then e^(-x^2) erfcx(x), which is 0 at 28."""
    s = named(_at_most(_at_least(x, Fraction(1, 2)), 28), "s")
    power, scaled = named(_exp_of_square(s, False, named), "power"), named(_scaled_erfc(s, named), "scaled")
    return ir.choose(_less(x, Fraction(1, 2)), sub(number(1), apply("erf", x)), mul(power, scaled))


def _bessel(order: int, x: Scalar, named: Named) -> Scalar:
    """Up to 8 a polynomial of |x| (times |x| for i1e), then one of 1/|x|, over the root of |x|."""
    size = named(apply("abs", x), "size")
    low = named(sub(div(_at_most(size, MIDDLE), number(Fraction(MIDDLE, 2))), number(1)), "low")
    inner = named(_polynomial(f"i{order}e near", low, named), "inner")
    far = named(_at_least(size, MIDDLE), "far")
    high = named(sub(div(number(2 * MIDDLE), far), number(1)), "high")
    outer = named(div(_polynomial(f"i{order}e far", high, named), apply("sqrt", far)), "outer")
    if order == 0:
        return ir.choose(_less(size, MIDDLE), inner, outer)
    return ir.choose(_less(size, MIDDLE), mul(x, inner), mul(apply("sign", x), outer))


def _erfinv(x: Scalar, named: Named) -> Scalar:
    """By w = -log(1 - x^2): x times a polynomial of w; near 1 and -1 one of the square root of w."""
    w = named(apply("neg", apply("log", mul(sub(number(1), x), add(number(1), x)))), "w")
    low = named(sub(div(_at_most(w, SPLIT), number(SPLIT / 2)), number(1)), "low")
    inner = named(mul(x, _polynomial("erfinv near", low, named)), "inner")
    root = apply("sqrt", _at_most(_at_least(w, SPLIT), TAIL[1] ** 2))
    high = named(div(sub(root, number((TAIL[0] + TAIL[1]) / 2)), number((TAIL[1] - TAIL[0]) / 2)), "high")
    outer = named(mul(apply("sign", x), _polynomial("erfinv far", high, named)), "outer")
    inside = ir.choose(_less(w, SPLIT), inner, outer)
    return ir.choose(apply("eq", apply("abs", x), number(1)), mul(x, ir.constant(ir.INF, "real")), inside)


FORMULAS: dict[str, Formula] = {
    "erfc": Formula(_erfc, 4, "1 - erf(x)."),
    "erfcx": Formula(_erfcx, 4, "e^(x^2) erfc(x)."),
    "erfinv": Formula(_erfinv, 4, "The inverse of erf."),
    "bessel_i0e": Formula(lambda x, named: _bessel(0, x, named), 4, "e^-|x| I0(x), modified Bessel function."),
    "bessel_i1e": Formula(lambda x, named: _bessel(1, x, named), 4, "e^-|x| I1(x), modified Bessel function."),
}
# what every backend has code for
CODED: dict[str, Operation] = {**OPERATIONS, **{name: SPECIAL[name] for name in FORMULAS}}
