"""Special functions: operations that have a meaning over the reals and derivatives, but no code of their own.

They stand in expressions of functions, whose kernels compute them; a solver takes them in as kernels (or, in NumPy's
code, from SciPy).  Declarations are as in `operations`.
"""

from __future__ import annotations

from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import R1, TWO_OVER_SQRT_PI, Operation, apply


def _c(value: int | Fraction) -> Scalar:
    return ir.constant(Fraction(value), "real")


def _minus(x: Scalar) -> Scalar:
    return apply("neg", x)


def _gauss(x: Scalar) -> Scalar:
    """2/sqrt(pi) e^(-x^2)"""
    return apply("mul", _c(TWO_OVER_SQRT_PI), apply("exp", _minus(apply("mul", x, x))))


def _erfcx_partial(x: Scalar) -> tuple[Scalar]:
    return (apply("sub", apply("mul", apply("mul", _c(2), x), apply("erfcx", x)), _c(TWO_OVER_SQRT_PI)),)


def _erfinv_partial(x: Scalar) -> tuple[Scalar]:
    return (apply("div", _c(1), _gauss(apply("erfinv", x))),)


def _over(name: str, x: Scalar) -> Scalar:
    """f(x)/x, and its limit 1/2 at 0 (J1 and I1)."""
    zero = apply("eq", x, _c(0))
    return ir.choose(zero, _c(Fraction(1, 2)), apply("div", apply(name, x), x))


def _i0e_partial(x: Scalar) -> tuple[Scalar]:
    return (apply("sub", apply("bessel_i1e", x), apply("mul", apply("sign", x), apply("bessel_i0e", x))),)


def _i1e_partial(x: Scalar) -> tuple[Scalar]:
    decay = apply("mul", apply("sign", x), apply("bessel_i1e", x))
    return (apply("sub", apply("sub", apply("bessel_i0e", x), _over("bessel_i1e", x)), decay),)


_declarations = (
    Operation("erfc", R1, "real", "{special}.erfc({0})", lambda x: (_minus(_gauss(x)),), "1 - erf(x)"),
    Operation("erfcx", R1, "real", "{special}.erfcx({0})", _erfcx_partial, "e^(x^2) erfc(x)", safe=(0, 0)),
    Operation("erfinv", R1, "real", "{special}.erfinv({0})", _erfinv_partial, "the inverse of erf", safe=(0, 0)),
    Operation("bessel_i0e", R1, "real", "{special}.i0e({0})", _i0e_partial, "e^-|x| I0(x), modified Bessel function"),
    Operation("bessel_i1e", R1, "real", "{special}.i1e({0})", _i1e_partial, "e^-|x| I1(x), modified Bessel function"),
    Operation(
        "bessel_j0", R1, "real", "{special}.j0({0})", lambda x: (_minus(apply("bessel_j1", x)),), "Bessel function J0"
    ),
    Operation(
        "bessel_j1",
        R1,
        "real",
        "{special}.j1({0})",
        lambda x: (apply("sub", apply("bessel_j0", x), _over("bessel_j1", x)),),
        "Bessel function J1",
    ),
    Operation(
        "airy_ai", R1, "real", "{special}.airy({0})[0]", lambda x: (apply("airy_ai_prime", x),), "Airy function Ai"
    ),
    Operation(
        "airy_ai_prime",
        R1,
        "real",
        "{special}.airy({0})[1]",
        lambda x: (apply("mul", x, apply("airy_ai", x)),),
        "derivative of the Airy function Ai",
    ),
)

SPECIAL: dict[str, Operation] = {declaration.name: declaration for declaration in _declarations}
