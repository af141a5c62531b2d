"""The checker's own table of the inequalities of each class, written apart from the table the provers use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.proof.polynomial import Number
from optgen.proof.problem import ZERO, Form, Quadratic, constant, inner, square, vector

HALF = Fraction(1, 2)


class Rejected(ValueError):
    """A certificate that does not prove what it says."""


def known(c: Number | None) -> Number:
    if c is None:
        raise Rejected("an infinite argument where a number is needed")
    return c


@dataclass(frozen=True, slots=True)
class P:
    """A point of the certificate."""

    name: str
    x: Form
    g: Form
    f: Quadratic
    minimiser: bool
    adjoint: bool

    def __sub__(self, other: P) -> P:
        return P("", self.x - other.x, self.g - other.g, self.f - other.f, False, self.adjoint != other.adjoint)


def bend(i: P, j: P, low: Number | None, high: Number | None) -> Quadratic:
    """low/2 |dx|^2 <= f_i - f_j - <g_j, dx> - ... : second derivatives between low and high (None: no bound)."""
    d = i - j
    if low is None:
        return known(high) * HALF * square(d.x) - d.f + inner(j.g, d.x)
    gap = d.f - inner(j.g, d.x) - low * HALF * square(d.x)
    return gap if high is None else gap - (1 / (2 * (high - low))) * square(d.g - low * d.x)


# (class, kind, number): pair of points, `both` for pairs without order, point, minimiser; `equal` kinds are = 0
RULES: dict[tuple[str, str, int], Callable[..., Quadratic]] = {
    ("convex", "pair", 0): lambda i, j: bend(i, j, Fraction(0), None),
    ("concave", "pair", 0): lambda i, j: bend(i, j, None, Fraction(0)),
    ("strongly_convex", "pair", 0): lambda i, j, mu: bend(i, j, mu, None),
    ("weakly_convex", "pair", 0): lambda i, j, rho: bend(i, j, -rho, None),
    ("smooth_strongly_convex", "pair", 0): bend,
    ("curved", "pair", 0): bend,
    ("linear_gradient", "equal_pair", 0): lambda i, j, L: (i - j).f - HALF * inner(i.g + j.g, (i - j).x),
    ("linear_gradient", "equal_pair", 1): lambda i, j, L: square((i - j).g - L * (i - j).x),
    ("smooth", "pair", 0): lambda i, j, L: bend(i, j, -L, L),
    ("smooth", "star", 0): lambda i, s, L: (i - s).f - (1 / (2 * L)) * square(i.g),
    ("lipschitz", "point", 0): lambda i, M: constant(M * M) - square(i.g),
    ("indicator", "pair", 0): lambda i, j: inner(j.g, (j - i).x),
    ("indicator", "equal", 0): lambda i: i.f,
    ("bounded", "pair", 0): lambda i, j, D, R: inner(j.g, (j - i).x),
    ("bounded", "both", 0): lambda i, j, D, R: ZERO if D is None else constant(D * D) - square((i - j).x),
    ("bounded", "point", 0): lambda i, D, R: ZERO if R is None else constant(R * R) - square(i.x - vector("center")),
    ("bounded", "equal", 0): lambda i, D, R: i.f,
    ("support", "pair", 0): lambda i, j, M: inner(j.x, (j - i).g),
    ("support", "point", 0): lambda i, M: constant(M * M) - square(i.g),
    ("support", "equal", 0): lambda i, M: i.f - inner(i.g, i.x),
    ("homogeneous", "equal", 0): lambda i, p: p * i.f - inner(i.g, i.x),
    ("quadratic", "equal_pair", 0): lambda i, j, mu, L: inner(i.x, j.g) - inner(j.x, i.g),
    ("quadratic", "equal_star", 0): lambda i, s, mu, L: (i - s).f - HALF * inner((i - s).x, i.g),
    ("pl", "star", 0): lambda i, s, mu: (1 / (2 * mu)) * square(i.g) - (i - s).f,
    ("pl", "star", 1): lambda i, s, mu: (i - s).f,
    ("rsi", "star", 0): lambda i, s, mu: inner(i.g, (i - s).x) - mu * square((i - s).x),
    ("error_bound", "star", 0): lambda i, s, L: L * L * square((i - s).x) - square(i.g),
    ("upper_growth", "pair", 0): lambda i, j, L: bend(i, j, Fraction(0), None),
    ("upper_growth", "star", 0): lambda i, s, L: (s - i).f - inner(i.g, (s - i).x) - (1 / (2 * L)) * square(i.g),
    ("monotone", "both", 0): lambda i, j: inner((i - j).g, (i - j).x),
    ("strongly_monotone", "both", 0): lambda i, j, mu: inner((i - j).g, (i - j).x) - mu * square((i - j).x),
    ("cocoercive", "both", 0): lambda i, j, b: inner((i - j).g, (i - j).x) - b * square((i - j).g),
    ("comonotone", "both", 0): lambda i, j, rho: inner((i - j).g, (i - j).x) + rho * square((i - j).g),
    ("lipschitz_operator", "both", 0): lambda i, j, L: L * L * square((i - j).x) - square((i - j).g),
    ("nonexpansive", "both", 0): lambda i, j: square((i - j).x) - square((i - j).g),
    ("averaged", "both", 0): lambda i, j, a: a * a * square((i - j).x) - square((i - j).g - (1 - a) * (i - j).x),
    ("weak_minty", "star", 0): lambda i, s, rho: inner(i.g, (i - s).x) - rho * square(i.g),
    ("linear", "equal_pair", 0): lambda i, j, L: inner(i.x, j.g) - inner(i.g, j.x) if (i - j).adjoint else ZERO,
    ("skew", "equal", 0): lambda i: inner(i.x, i.g),
    ("skew", "equal_pair", 0): lambda i, j: inner(i.x, j.g) + inner(i.g, j.x),
    ("contractive", "point", 0): lambda i, alpha: (1 - alpha) * square(i.x) - square(i.g - i.x),
    ("unbiased", "point", 0): lambda i, omega: omega * square(i.x) - square(i.g - i.x),
}
GRAMS: dict[tuple[str, str], Callable[..., tuple[Any, Callable[[P, P], Quadratic]]]] = {  # PSD matrices over points
    ("quadratic", "range"): lambda mu, L: (
        lambda p: not p.minimiser,
        lambda a, b: inner(a.g - mu * a.x, L * b.x - b.g),
    ),
    ("linear", "forward"): lambda L: (lambda p: not p.adjoint, lambda a, b: L * L * inner(a.x, b.x) - inner(a.g, b.g)),
    ("linear", "adjoint"): lambda L: (lambda p: p.adjoint, lambda a, b: L * L * inner(a.x, b.x) - inner(a.g, b.g)),
}
