"""Jets of the special functions: by Arb's own series where it has one, else by a recurrence of the coefficients.

The recurrences come from linear differential equations (Bessel) or from an integral formula (erfcx); their start
values are Arb's.  Sources: DLMF 7.7, 10.2, 10.29, 13.4.
"""

from __future__ import annotations

from typing import Any

from flint import arb

from optgen.symbolic.jets import JETS, Jet, Rule, Undecided, composed, finite, head, inside, jet, with_head


def _erfinv(order: int, a: Jet) -> Jet:
    """y' = sqrt(pi)/2 e^(y^2), one coefficient after the other."""
    value = head(a)
    inside(value, -1, 1, False, "erfinv")
    coefficients = [value.erfinv()]
    half_root = arb.pi().sqrt() / 2
    for k in range(1, order):
        y = jet(coefficients, k)
        rate = (y * y).exp() * half_root
        coefficients.append((rate[k - 1]) / k)
    return composed(coefficients, a, order)


def _erfcx(order: int, a: Jet) -> Jet:
    """For positive arguments c the k-th coefficient is (-1)^k U((k+1)/2, 1/2, c^2)/sqrt(pi).

    From erfcx(x) = 2/sqrt(pi) times the integral of e^(-s^2 - 2xs) over s > 0.  U falls with its argument (it is an
    integral of such functions), so on a wide ball it lies between its values at the two ends.
    """
    value = head(a)
    if value < 1:
        square = a * a
        return square.exp() * a.erfc()
    if not value >= 1:
        raise Undecided("erfcx by two formulas inside the ball")
    low, high = value.lower(), value.upper()
    coefficients = []
    for k in range(order):
        ends = [(end * end).hypgeom_u(arb(k + 1) / 2, arb(1) / 2) for end in ((low,) if low == high else (low, high))]
        ball = (ends[0] if len(ends) == 1 else ends[0].union(ends[1])) / arb.pi().sqrt()
        coefficients.append(-ball if k % 2 else ball)
    return composed(coefficients, a, order)


def _bessel_system(c: Any, p: Any, q: Any, order: int, scaled: bool) -> tuple[list[Any], list[Any]]:
    """Coefficients at c of the pair J0, J1 (J0' = -J1, c J1' = c J0 - J1), or scaled of e^-x I0, e^-x I1."""
    first, second = [p], [q]
    for n in range(order - 1):
        last = (first[n - 1], second[n - 1]) if n else (arb(0), arb(0))
        if scaled:
            first.append((second[n] - first[n]) / (n + 1))
            rate = c * (first[n] - second[n]) + last[0] - last[1] - (n + 1) * second[n]
        else:
            first.append(-second[n] / (n + 1))
            rate = c * first[n] + last[0] - (n + 1) * second[n]
        second.append(rate / (c * (n + 1)))
    return first, second


def _bessel(which: int, scaled: bool) -> Rule:
    """J0, J1, or e^-|x| I0, e^-|x| I1: even for which = 0, odd for which = 1."""

    def rule(order: int, a: Jet) -> Jet:
        value = head(a)
        if value.is_zero() and order == 1:
            return jet([arb(1 - which)], 1)
        if value.contains(0):
            raise Undecided("a Bessel function on both sides of 0")
        size = value if value > 0 else -value
        p, q = ((size.bessel_i(k, scaled=True) if scaled else size.bessel_j(k)) for k in (0, 1))
        coefficients = _bessel_system(size, p, q, order, scaled)[which]
        if value > 0:
            return composed(coefficients, a, order)
        made = composed(coefficients, 0 - a, order)
        return 0 - made if which else made

    return rule


def _lgamma(order: int, a: Jet) -> Jet:
    """log |Gamma|; below 1/2 by reflection, log(pi / |sin(pi a)|) - lgamma(1 - a)."""
    value = head(a)
    if value > 0:
        return a.lgamma()
    sine = a.sin_pi()
    if not value < 0 or head(sine).contains(0):
        raise Undecided("a pole of lgamma inside the ball")
    size = sine if head(sine) > 0 else 0 - sine
    return arb.pi().log() - size.log() - (1 - a).lgamma()


def _digamma(order: int, a: Jet) -> Jet:
    value = head(a)
    if order == 1:
        return jet([value.digamma()], 1)
    outer = _lgamma(order + 1, jet([value, arb(1)], order + 1)).derivative()
    return composed(outer.coeffs(), a, order)


SPECIAL_JETS: dict[str, Rule] = {
    "erfc": lambda order, a: a.erfc(),
    "erfcx": _erfcx,
    "erfinv": _erfinv,
    "bessel_i0e": _bessel(0, True),
    "bessel_i1e": _bessel(1, True),
    "bessel_j0": _bessel(0, False),
    "bessel_j1": _bessel(1, False),
    "airy_ai": lambda order, a: a.airy_ai(),
    "airy_ai_prime": lambda order, a: a.airy_ai_prime(),
    "lgamma": _lgamma,
    "digamma": _digamma,
}

RULES: dict[str, Rule] = {**JETS, **SPECIAL_JETS}

__all__ = ["RULES", "SPECIAL_JETS", "finite", "with_head"]
