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


def erfcx(v: Any) -> Any:
    """e^(v^2) erfc(v) at a point."""
    square = v * v
    return square.hypgeom_u(arb(1) / 2, arb(1) / 2) / arb.pi().sqrt() if v >= 1 else square.exp() * v.erfc()


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


def _bessel_j(which: int) -> Rule:
    """J0 or J1, by J0' = -J1 and c J1' = c J0 - J1."""

    def rule(order: int, a: Jet) -> Jet:
        c = head(a)
        if c.is_zero() and order == 1:
            return jet([arb(1 - which)], 1)
        if c.contains(0) and order > 1:
            raise Undecided("a recurrence that divides by 0")
        first, second = [c.bessel_j(0)], [c.bessel_j(1)]
        for n in range(order - 1):
            before = first[n - 1] if n else arb(0)
            second.append((c * first[n] + before - (n + 1) * second[n]) / (c * (n + 1)))
            first.append(-second[n] / (n + 1))
        return composed((first, second)[which], a, order)

    return rule


def _decaying(c: Any, order: int) -> list[Any]:
    """Taylor coefficients of e^-x I0(x) at an exact point c > 0, by the pair (p, q) = e^-x (I0, I1): p' = q - p,
    c q' = c (p - q) - q.  Each step loses as many bits as c has before or behind its point."""
    import flint

    before = flint.ctx.prec
    mantissa, exponent = c.man_exp()
    flint.ctx.prec = before + order * (abs(int(exponent) + int(mantissa).bit_length()) + 8)
    try:
        p, q = [c.bessel_i(0, scaled=True)], [c.bessel_i(1, scaled=True)]
        for n in range(order - 1):
            last = (p[n - 1] - q[n - 1]) if n else arb(0)
            p.append((q[n] - p[n]) / (n + 1))
            q.append((c * (p[n] - q[n]) + last - (n + 1) * q[n]) / (c * (n + 1)))
    finally:
        flint.ctx.prec = before
    return [+value for value in p]


def _bessel_i(which: int) -> Rule:
    """e^-|x| I0(x) or e^-|x| I1(x).

    e^-x I0(x) is the mean of e^(-x (1 - cos t)) over t: its derivatives alternate in sign and fall in size, so on a
    ball a coefficient lies between its values at the two ends.  e^-x I1(x) is that function plus its derivative.
    """

    def rule(order: int, a: Jet) -> Jet:
        value = head(a)
        if value.is_zero() and order == 1:
            return jet([arb(1 - which)], 1)
        if value.contains(0):
            raise Undecided("a kink inside the ball")
        size = value if value > 0 else -value
        low, high = size.lower(), size.upper()
        if not low > 0:
            raise Undecided("a kink at the end of the ball")
        p = _decaying(low, order + 1)
        if low != high:
            p = [x.union(y) for x, y in zip(p, _decaying(high, order + 1), strict=True)]
        coefficients = [p[k] + (k + 1) * p[k + 1] for k in range(order)] if which else p[:order]
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
    "bessel_i0e": _bessel_i(0),
    "bessel_i1e": _bessel_i(1),
    "bessel_j0": _bessel_j(0),
    "bessel_j1": _bessel_j(1),
    "airy_ai": lambda order, a: a.airy_ai(),
    "airy_ai_prime": lambda order, a: a.airy_ai_prime(),
    "lgamma": _lgamma,
    "digamma": _digamma,
}

RULES: dict[str, Rule] = {**JETS, **SPECIAL_JETS}

__all__ = ["RULES", "SPECIAL_JETS", "finite", "with_head"]
