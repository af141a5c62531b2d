"""Elementwise functions of the language that other operations define: one entry a function.

The definitions are exact over the reals and lose little in floats: no difference of close numbers where one can do
without, no overflow on the way to a moderate result.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.arithmetic import add, div, mul, number, sub
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply


def _neg(a: Scalar) -> Scalar:
    return apply("neg", a)


def _root(a: Scalar) -> Scalar:
    return apply("sqrt", a)


def _odd(of_size: Callable[[Scalar], Scalar]) -> Callable[[Scalar], Scalar]:
    """An odd function from its values at |x|."""
    return lambda x: mul(apply("sign", x), of_size(apply("abs", x)))


def sigmoid(x: Scalar) -> Scalar:
    return div(number(1), add(number(1), apply("exp", _neg(x))))


def softplus(x: Scalar) -> Scalar:
    return add(apply("maximum", x, number(0)), apply("log1p", apply("exp", _neg(apply("abs", x)))))


def relu(x: Scalar) -> Scalar:
    return ir.choose(apply("gt", x, number(0)), x, ir.choose(apply("eq", x, x), number(0), x))


def _arcsinh(size: Scalar) -> Scalar:
    square = mul(size, size)
    return apply("log1p", add(size, div(square, add(number(1), _root(add(number(1), square))))))


def _arccosh(x: Scalar) -> Scalar:
    less = sub(x, number(1))
    return apply("log1p", add(less, mul(_root(less), _root(add(x, number(1))))))


def _arctanh(size: Scalar) -> Scalar:
    return mul(number(Fraction(1, 2)), apply("log1p", div(mul(number(2), size), sub(number(1), size))))


def _ndtr(x: Scalar) -> Scalar:
    return mul(number(Fraction(1, 2)), apply("erfc", div(_neg(x), _root(number(2)))))


def _log_ndtr(x: Scalar) -> Scalar:
    """Below -1 by erfcx, which does not vanish: log(erfcx(t)/2) - t^2 with t = -x/sqrt(2)."""
    half = number(Fraction(1, 2))
    tail = sub(apply("log", mul(half, apply("erfcx", div(_neg(x), _root(number(2)))))), mul(half, mul(x, x)))
    near = apply("log1p", _neg(mul(half, apply("erfc", div(x, _root(number(2)))))))
    return ir.choose(apply("lt", x, number(-1)), tail, near)


def _power(x: Scalar, exponent: Fraction) -> Scalar:
    return apply("power", x, number(exponent))


def _cbrt(size: Scalar) -> Scalar:
    return ir.choose(apply("eq", size, number(0)), size, _power(size, Fraction(1, 3)))


def _logaddexp(a: Scalar, b: Scalar) -> Scalar:
    off = _neg(apply("abs", sub(a, b)))
    return add(apply("maximum", a, b), apply("log1p", apply("exp", off)))


def _operation(name: str) -> Callable[[Scalar], Scalar]:
    return lambda x: apply(name, x)


UNARY: dict[str, Callable[[Scalar], Scalar]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "exp2": lambda x: apply("power", number(2), x),
    "exp10": lambda x: apply("power", number(10), x),
    "log2": lambda x: div(apply("log", x), apply("log", number(2))),
    "log10": lambda x: div(apply("log", x), apply("log", number(10))),
    "cbrt": _odd(_cbrt),
    "rsqrt": lambda x: div(number(1), _root(x)),
    "arcsin": lambda x: apply("arctan2", x, _root(mul(sub(number(1), x), add(number(1), x)))),
    "arctan": lambda x: apply("arctan2", x, number(1)),
    "arcsinh": _odd(_arcsinh),
    "arccosh": _arccosh,
    "arctanh": _odd(_arctanh),
    "ndtr": _ndtr,
    "log_ndtr": _log_ndtr,
    "logsigmoid": lambda x: _neg(softplus(_neg(x))),
    "silu": lambda x: mul(x, sigmoid(x)),
    "mish": lambda x: mul(x, apply("tanh", softplus(x))),
    "gelu": lambda x: mul(x, _ndtr(x)),
    **{
        name: _operation(operation)
        for name, operation in {
            "erfc": "erfc", "erfcx": "erfcx", "erfinv": "erfinv", "i0e": "bessel_i0e", "i1e": "bessel_i1e",
            "j0": "bessel_j0", "j1": "bessel_j1", "airy_ai": "airy_ai",
        }.items()
    },
}  # fmt: skip

BINARY: dict[str, Callable[[Scalar, Scalar], Scalar]] = {
    "hypot": lambda x, y: _root(add(mul(x, x), mul(y, y))),
    "logaddexp": _logaddexp,
}

__all__ = ["BINARY", "UNARY", "relu", "sigmoid", "softplus"]
