"""Coefficients of the polynomials in math_functions: `python -m optgen.backends.llvm.fit` prints `coefficients.py`.

Each polynomial interpolates its function at Chebyshev nodes with 60 digits, which is within a small factor of the best
possible error; each coefficient is then rounded to the type it is used in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HEAD = '''"""Written by `python -m optgen.backends.llvm.fit`; do not edit.  Highest coefficient first."""

COEFFICIENTS: dict[tuple[str, str], tuple[float, ...]] = {
'''


@dataclass(frozen=True, slots=True)
class Fit:
    """A function (of mpmath and a number) on an interval, and the degrees for double and for float."""

    value: Callable[[Any, Any], Any]
    low: float
    high: float
    degrees: tuple[int, int]


FITS: dict[str, Fit] = {
    # (e^r - 1 - r)/r^2
    "exp": Fit(lambda mp, r: mp.hyp1f1(1, 3, r) / 2, -0.34663, 0.34663, (10, 4)),
    # (2 atanh(s)/s - 2)/z with z = s^2
    "log": Fit(lambda mp, z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, 0.0, 0.02945, (7, 3)),
    # (sin(r)/r - 1)/z and (cos(r) - 1 + z/2)/z^2 with z = r^2
    "sin": Fit(lambda mp, z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0.0, 0.6169, (6, 3)),
    "cos": Fit(lambda mp, z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0.0, 0.6169, (6, 3)),
    # erf(x)/x - 1 with z = x^2, for |x| <= 1
    "erf": Fit(lambda mp, z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 0.0, 1.0, (13, 6)),
    # e^(x^2) erfc(x) with t = (x - 2.5)/(x + 2.5), for 1 <= x <= 6
    "erfc": Fit(lambda mp, t: _scaled_erfc(mp, 2.5 * (1 + t) / (1 - t)), -0.4286, 0.4118, (18, 8)),
}


def _scaled_erfc(mp: Any, x: Any) -> Any:
    return mp.exp(x * x) * mp.erfc(x)


def coefficients(fit: Fit, degree: int) -> list[Any]:
    """Coefficients of the interpolating polynomial, highest first."""
    import mpmath

    mp = mpmath.mp.clone()
    mp.dps = 60
    middle, half = (mp.mpf(fit.low) + fit.high) / 2, (mp.mpf(fit.high) - fit.low) / 2
    nodes = [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    powers = mp.matrix([[node**k for k in range(degree, -1, -1)] for node in nodes])
    values = mp.matrix([fit.value(mp, node) for node in nodes])
    return list(mp.lu_solve(powers, values))


def table() -> str:
    """The text of coefficients.py."""
    lines = [HEAD]
    for name, fit in FITS.items():
        for real, degree in zip(("double", "float"), fit.degrees, strict=True):
            numbers = [float(c) for c in coefficients(fit, degree)]
            if real == "float":
                numbers = [struct.unpack("f", struct.pack("f", number))[0] for number in numbers]
            lines.append(f'    ("{name}", "{real}"): (\n')
            lines += [f"        {number!r},\n" for number in numbers]
            lines.append("    ),\n")
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    print(table(), end="")
