"""Elementwise functions of the language that other operations define: one entry a function.

The definitions are exact over the reals and lose little in floats: no difference of close numbers where one can do
without, no overflow on the way to a moderate result.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply


def _c(value: int | Fraction) -> Scalar:
    return ir.constant(Fraction(value), "real")


def _add(a: Scalar, b: Scalar) -> Scalar:
    return apply("add", a, b)


def _sub(a: Scalar, b: Scalar) -> Scalar:
    return apply("sub", a, b)


def _mul(a: Scalar, b: Scalar) -> Scalar:
    return apply("mul", a, b)


def _div(a: Scalar, b: Scalar) -> Scalar:
    return apply("div", a, b)


def _neg(a: Scalar) -> Scalar:
    return apply("neg", a)


def _root(a: Scalar) -> Scalar:
    return apply("sqrt", a)


def _odd(of_size: Callable[[Scalar], Scalar]) -> Callable[[Scalar], Scalar]:
    """An odd function from its values at |x|."""
    return lambda x: _mul(apply("sign", x), of_size(apply("abs", x)))


def sigmoid(x: Scalar) -> Scalar:
    return _div(_c(1), _add(_c(1), apply("exp", _neg(x))))


def softplus(x: Scalar) -> Scalar:
    return _add(apply("maximum", x, _c(0)), apply("log1p", apply("exp", _neg(apply("abs", x)))))


def relu(x: Scalar) -> Scalar:
    return ir.choose(apply("gt", x, _c(0)), x, ir.choose(apply("eq", x, x), _c(0), x))


def _arcsinh(size: Scalar) -> Scalar:
    square = _mul(size, size)
    return apply("log1p", _add(size, _div(square, _add(_c(1), _root(_add(_c(1), square))))))


def _arccosh(x: Scalar) -> Scalar:
    less = _sub(x, _c(1))
    return apply("log1p", _add(less, _mul(_root(less), _root(_add(x, _c(1))))))


def _arctanh(size: Scalar) -> Scalar:
    return _mul(_c(Fraction(1, 2)), apply("log1p", _div(_mul(_c(2), size), _sub(_c(1), size))))


def _ndtr(x: Scalar) -> Scalar:
    return _mul(_c(Fraction(1, 2)), apply("erfc", _div(_neg(x), _root(_c(2)))))


def _log_ndtr(x: Scalar) -> Scalar:
    """Below -1 by erfcx, which does not vanish: log(erfcx(t)/2) - t^2 with t = -x/sqrt(2)."""
    half = _c(Fraction(1, 2))
    tail = _sub(apply("log", _mul(half, apply("erfcx", _div(_neg(x), _root(_c(2)))))), _mul(half, _mul(x, x)))
    near = apply("log1p", _neg(_mul(half, apply("erfc", _div(x, _root(_c(2)))))))
    return ir.choose(apply("lt", x, _c(-1)), tail, near)


def _power(x: Scalar, exponent: Fraction) -> Scalar:
    return apply("power", x, _c(exponent))


def _cbrt(size: Scalar) -> Scalar:
    return ir.choose(apply("eq", size, _c(0)), size, _power(size, Fraction(1, 3)))


def _logaddexp(a: Scalar, b: Scalar) -> Scalar:
    off = _neg(apply("abs", _sub(a, b)))
    return _add(apply("maximum", a, b), apply("log1p", apply("exp", off)))


def _operation(name: str) -> Callable[[Scalar], Scalar]:
    return lambda x: apply(name, x)


UNARY: dict[str, Callable[[Scalar], Scalar]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "exp2": lambda x: apply("power", _c(2), x),
    "exp10": lambda x: apply("power", _c(10), x),
    "log2": lambda x: _div(apply("log", x), apply("log", _c(2))),
    "log10": lambda x: _div(apply("log", x), apply("log", _c(10))),
    "cbrt": _odd(_cbrt),
    "rsqrt": lambda x: _div(_c(1), _root(x)),
    "arcsin": lambda x: apply("arctan2", x, _root(_mul(_sub(_c(1), x), _add(_c(1), x)))),
    "arctan": lambda x: apply("arctan2", x, _c(1)),
    "arcsinh": _odd(_arcsinh),
    "arccosh": _arccosh,
    "arctanh": _odd(_arctanh),
    "ndtr": _ndtr,
    "log_ndtr": _log_ndtr,
    "logsigmoid": lambda x: _neg(softplus(_neg(x))),
    "silu": lambda x: _mul(x, sigmoid(x)),
    "mish": lambda x: _mul(x, apply("tanh", softplus(x))),
    "gelu": lambda x: _mul(x, _ndtr(x)),
    **{
        name: _operation(operation)
        for name, operation in {
            "erfc": "erfc", "erfcx": "erfcx", "erfinv": "erfinv", "i0e": "bessel_i0e", "i1e": "bessel_i1e",
            "j0": "bessel_j0", "j1": "bessel_j1", "airy_ai": "airy_ai",
        }.items()
    },
}  # fmt: skip

BINARY: dict[str, Callable[[Scalar, Scalar], Scalar]] = {
    "hypot": lambda x, y: _root(_add(_mul(x, x), _mul(y, y))),
    "logaddexp": _logaddexp,
}

__all__ = ["BINARY", "UNARY", "relu", "sigmoid", "softplus"]
