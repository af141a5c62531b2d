"""Densities of laws: what claims read of a law that is not drawn.  One entry of a table a law."""

from __future__ import annotations

from collections.abc import Callable

from optgen.ir import nodes as ir
from optgen.ir.constants import PI
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.laws import split_arguments
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Grid, Law

Entry = Callable[[Scalar, list[Scalar]], tuple[Scalar, Scalar]]
TWO = ir.constant(2, "real")


def square(x: Scalar) -> Scalar:
    return apply("mul", x, x)


def bell(x: Scalar, mean: Scalar, deviation: Scalar) -> Scalar:
    """-(x - m)^2/(2 s^2)."""
    gap = apply("div", square(apply("sub", x, mean)), apply("mul", TWO, square(deviation)))
    return apply("neg", gap)


def width(deviation: Scalar) -> Scalar:
    """s sqrt(2 pi)."""
    return apply("mul", deviation, apply("sqrt", apply("mul", TWO, ir.constant(PI))))


def normal(x: Scalar, of: list[Scalar]) -> tuple[Scalar, Scalar]:
    return bell(x, of[0], of[1]), width(of[1])


def lognormal(x: Scalar, of: list[Scalar]) -> tuple[Scalar, Scalar]:
    return bell(apply("log", x), of[0], of[1]), apply("mul", x, width(of[1]))


def laplace(x: Scalar, of: list[Scalar]) -> tuple[Scalar, Scalar]:
    gap = apply("div", apply("abs", apply("sub", x, of[0])), of[1])
    return apply("neg", gap), apply("mul", TWO, of[1])


# a law: the exponent of its density at an entry, and what the exponential is divided by
DENSITIES: dict[str, Entry] = {"normal": normal, "lognormal": lognormal, "laplace": laplace}


def entries(law: Law, x: Grid) -> tuple[tuple[ir.Index, ...], Scalar, Scalar]:
    """Exponent and divisor at an entry of x."""
    if law.name not in DENSITIES:
        fail("E0404", f"the density of {law.name} is planned for a later release", law.span)
    _, parameters = split_arguments(law, False)
    own = math.indices(x.axes, "pqr")
    for parameter in parameters:
        if parameter.axes and not math.fits(parameter, x):
            fail("E0303", f"{law.name} is of {math.shape_text(parameter.axes)}", law.span)
    values = [math.to_real(p).at(own if p.axes else ()) for p in parameters]
    return own, *DENSITIES[law.name](x.at(own), values)


def log_density(law: Law, x: Grid) -> Scalar:
    """The logarithm of the density at x, whose entries are independent."""
    own, exponent, divisor = entries(law, x)
    entry = apply("sub", exponent, apply("log", divisor))
    return ir.reduce("sum", own, entry) if own else entry
