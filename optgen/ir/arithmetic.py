"""Short words for the arithmetic of real scalars, for those who write formulas by hand."""

from __future__ import annotations

from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply


def number(value: int | Fraction) -> Scalar:
    return ir.constant(Fraction(value), "real")


def add(a: Scalar, b: Scalar) -> Scalar:
    return apply("add", a, b)


def sub(a: Scalar, b: Scalar) -> Scalar:
    return apply("sub", a, b)


def mul(a: Scalar, b: Scalar) -> Scalar:
    return apply("mul", a, b)


def div(a: Scalar, b: Scalar) -> Scalar:
    return apply("div", a, b)
