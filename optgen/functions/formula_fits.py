"""The polynomials of `ir.formulas`: `python -m optgen.functions.formula_fits` prints `ir/formula_coefficients.py`.

Each is the minimax polynomial of its function, relative to it, with digits of Arb; its coefficients are rounded to
doubles jointly, the constant one first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.functions.fit import Model, chebyshev_points, least_squares, round_jointly, to_float64
from optgen.functions.target import ball, precise
from optgen.ir.formulas import CENTRE, MIDDLE, SPLIT, TAIL
from optgen.symbolic.special import erfcx

HEAD = '''"""Written by `python -m optgen.functions.formula_fits`; do not edit.  Highest coefficient first."""

COEFFICIENTS: dict[str, tuple[float, ...]] = {
'''


@dataclass(frozen=True, slots=True)
class Fit:
    """A function of t in [-1, 1], and the degree of its polynomial."""

    value: Callable[[Any], Any]
    degree: int


def _erfcx(t: Any) -> Any:
    """(1 + 2 s) erfcx(s), where t = (s - CENTRE)/(s + CENTRE); its limit for t = 1."""
    if t == 1:
        return 2 / (4 * ball(1).atan()).sqrt()
    s = ball(CENTRE) * (1 + t) / (1 - t)
    return (1 + 2 * s) * erfcx(s)


def _bessel_near(order: int) -> Callable[[Any], Any]:
    def value(t: Any) -> Any:
        x = (t + 1) * MIDDLE / 2
        if order == 0:
            return x.bessel_i(0, scaled=True)
        return x.bessel_i(1, scaled=True) / x if x != 0 else ball(Fraction(1, 2))

    return value


def _bessel_far(order: int) -> Callable[[Any], Any]:
    """sqrt(x) i0e(x), where t = 2 MIDDLE/x - 1; its limit for t = -1."""

    def value(t: Any) -> Any:
        if t == -1:
            return 1 / (2 * ball(1).atan() * 4).sqrt()
        x = 2 * MIDDLE / (t + 1)
        return x.sqrt() * x.bessel_i(order, scaled=True)

    return value


def _erfinv_near(t: Any) -> Any:
    """erfinv(x)/x, where -log(1 - x^2) = SPLIT (t + 1)/2."""
    if t == -1:
        return (ball(1).atan() * 4).sqrt() / 2
    x = (-(-(t + 1) * ball(SPLIT) / 2).expm1()).sqrt()
    return x.erfinv() / x


def _erfinv_far(t: Any) -> Any:
    """erfinv(x), where sqrt(-log(1 - x^2)) is t taken from [-1, 1] to TAIL."""
    w = (ball(sum(TAIL) / 2) + t * ball((TAIL[1] - TAIL[0]) / 2)) ** 2
    return (1 - (-w).exp()).sqrt().erfinv()


FITS: dict[str, Fit] = {
    "erfcx": Fit(_erfcx, 28),
    "i0e near": Fit(_bessel_near(0), 30),
    "i0e far": Fit(_bessel_far(0), 24),
    "i1e near": Fit(_bessel_near(1), 29),
    "i1e far": Fit(_bessel_far(1), 24),
    "erfinv near": Fit(_erfinv_near, 25),
    "erfinv far": Fit(_erfinv_far, 26),
}


def coefficients(fit: Fit) -> tuple[list[float], float]:
    """Highest first; and the largest relative error of the polynomial."""
    with precise(400):
        points = chebyshev_points(Fraction(-1), Fraction(1), 8 * fit.degree)
        values = [fit.value(ball(point)).mid() for point in points]
        model = Model(
            tuple(tuple(ball(point) ** k for k in range(fit.degree + 1)) for point in points),
            tuple(values),
            tuple(1 / value for value in values),
        )
        made, error = round_jointly(model, [(k, to_float64) for k in range(fit.degree + 1)], least_squares)
    return [float(c) for c in reversed(made)], error


def table() -> str:
    """The text of formula_coefficients.py."""
    lines = [HEAD]
    for name, fit in FITS.items():
        lines.append(f'    "{name}": (\n')
        lines += [f"        {number!r},\n" for number in coefficients(fit)[0]]
        lines.append("    ),\n")
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    print(table(), end="")
