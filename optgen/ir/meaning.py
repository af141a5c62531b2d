"""What operations and calls mean in NumPy, for the reference evaluator.

Integer results and random bits are exact; whole-array functions give NaN where no result exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from numbers import Rational
from typing import Any

from optgen.ir import random
from optgen.ir.nodes import IRError


def _power_int(np: Any, x: Any, k: Any) -> Any:
    """By products, so that every backend rounds alike: binary powers, the reciprocal for negative exponents."""
    k = np.asarray(k)
    result = np.ones(np.broadcast_shapes(np.shape(x), k.shape), dtype=x.dtype)
    base, left = np.broadcast_to(x, result.shape).copy(), np.abs(np.broadcast_to(k, result.shape)).copy()
    while np.any(left > 0):
        result = np.where(left % 2 == 1, result * base, result)
        base, left = base * base, left // 2
    return np.where(k < 0, 1 / result, result).astype(x.dtype)


def _is_finite(np: Any, x: Any) -> Any:
    return np.isfinite(x)


def _to_int(np: Any, x: Any) -> Any:
    return np.asarray(x).astype(np.int64)


def _special(name: str) -> Callable[..., Any]:
    def function(np: Any, x: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(x)

    return function


MEANING: dict[str, Callable[..., Any]] = {
    "add": lambda np, a, b: a + b,
    "sub": lambda np, a, b: a - b,
    "mul": lambda np, a, b: a * b,
    "div": lambda np, a, b: a / b,
    "neg": lambda np, a: -a,
    "floordiv": lambda np, a, b: a // b,
    "mod": lambda np, a, b: np.mod(a, b),
    "power": lambda np, a, b: a**b,
    "power_int": _power_int,
    **{
        name: (lambda np, x, name=name: getattr(np, name)(x))
        for name in (
            "sqrt",
            "exp",
            "expm1",
            "log",
            "log1p",
            "abs",
            "sign",
            "sin",
            "cos",
            "tan",
            "arccos",
            "sinh",
            "cosh",
            "tanh",
        )
    },
    "arctan2": lambda np, y, x: np.arctan2(y, x),
    "erf": _special("erf"),
    "lgamma": _special("gammaln"),
    "digamma": _special("digamma"),
    "erfc": _special("erfc"),
    "erfcx": _special("erfcx"),
    "erfinv": _special("erfinv"),
    "bessel_i0e": _special("i0e"),
    "bessel_i1e": _special("i1e"),
    "bessel_j0": _special("j0"),
    "bessel_j1": _special("j1"),
    "airy_ai": lambda np, x: _special("airy")(np, x)[0],
    "airy_ai_prime": lambda np, x: _special("airy")(np, x)[1],
    "floor": lambda np, x: _to_int(np, np.floor(x)),
    "ceil": lambda np, x: _to_int(np, np.ceil(x)),
    "round": lambda np, x: _to_int(np, np.round(x)),
    "floor_real": lambda np, x: np.floor(x),
    "minimum": lambda np, a, b: np.minimum(a, b),
    "maximum": lambda np, a, b: np.maximum(a, b),
    "eq": lambda np, a, b: a == b,
    "ne": lambda np, a, b: a != b,
    "lt": lambda np, a, b: a < b,
    "le": lambda np, a, b: a <= b,
    "gt": lambda np, a, b: a > b,
    "ge": lambda np, a, b: a >= b,
    "and": lambda np, a, b: a & b,
    "or": lambda np, a, b: a | b,
    "not": lambda np, a: ~a,
    "is_finite": _is_finite,
    "to_real": lambda np, k: k,
    "bool_to_int": _to_int,
    "stop_gradient": lambda np, x: x,
    "int_to_bits": lambda np, k: np.asarray(k).astype(np.uint64),
    "threefry": random.threefry,
    "uniform_bits": random.uniform_bits,
    "index_bits": random.index_bits,
    "high_word": random.high_word,
    "low_word": random.low_word,
}


# ---------------------------------------------------------------- exact


def fractions(np: Any, values: Any) -> Any:
    """An array of fractions, equal to the numbers given; what is no number (a formal value of a proof) stays."""
    return np.asarray(np.frompyfunc(_fraction, 1, 1)(np.asarray(values, dtype=object)), dtype=object)


def _fraction(value: Any) -> Any:
    return Fraction(value) if isinstance(value, int | float | Rational) else value


def _quotient(a: Any, b: Any) -> Any:
    """a / b of numbers; what a division by zero gives is no fraction, but inf or nan as in floats."""
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a)
    return a / b


def _root(x: Any) -> Any:
    """The root of the square of a fraction; IRError for the root of anything else."""
    if x < 0 or x != x:
        return math.nan
    found = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    if found * found != x:
        raise IRError(f"sqrt has no exact value at {x}")
    return found


def _whole_power(x: Any, k: Any) -> Any:
    return x ** int(k) if x != 0 or k >= 0 else math.inf


def _each(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    return lambda np, *values: np.frompyfunc(function, arguments, 1)(*values)


# what fractions are closed under; a table of its own, since NumPy rounds where it may
EXACT_MEANING: dict[str, Callable[..., Any]] = {
    **{name: MEANING[name] for name in (
        "add", "sub", "mul", "neg", "floordiv", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "abs",
        "minimum", "maximum", "bool_to_int", "stop_gradient", "int_to_bits", "threefry", "index_bits")},
    "div": _each(_quotient, 2),
    "mod": lambda np, a, b: a % b,
    "power_int": _each(_whole_power, 2),
    "sqrt": _each(_root, 1),
    "sign": _each(lambda x: Fraction((x > 0) - (x < 0)), 1),
    "floor": _each(math.floor, 1),
    "ceil": _each(math.ceil, 1),
    "round": _each(round, 1),
    "floor_real": _each(lambda x: Fraction(math.floor(x)), 1),
    "is_finite": _each(math.isfinite, 1),
    "to_real": fractions,
}  # fmt: skip


# ---------------------------------------------------------------- calls


def _each_matrix(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices that gives NaN where LAPACK finds no result."""

    def safe(np: Any, *arguments: Any) -> list[Any]:
        try:
            return function(np, *arguments)  # type: ignore[no-any-return]
        except np.linalg.LinAlgError:
            shape = arguments[-1].shape
            return [np.full(shape, np.nan, dtype=arguments[0].dtype)]

    return safe


def _batched(function: Callable[..., list[Any]], ranks: tuple[int, ...]) -> Callable[..., list[Any]]:
    def each(np: Any, *arguments: Any) -> list[Any]:
        batch = arguments[0].shape[: arguments[0].ndim - ranks[0]]
        if not batch:
            return function(np, *arguments)
        rows = [function(np, *(a[position] for a in arguments)) for position in np.ndindex(*batch)]
        return [np.stack([row[k] for row in rows]).reshape(*batch, *rows[0][k].shape) for k in range(len(rows[0]))]

    return each


def signed(np: Any, vectors: Any) -> Any:
    """Columns with the sign that makes the entry largest in absolute value, the first of equals, positive."""
    places = np.argmax(np.abs(vectors), axis=0)
    signs = np.sign(vectors[places, np.arange(vectors.shape[1])])
    return vectors * np.where(signs == 0, 1, signs).astype(vectors.dtype)


def _eigh(np: Any, a: Any) -> list[Any]:
    try:
        values, vectors = np.linalg.eigh(a)
    except np.linalg.LinAlgError:
        return [np.full(a.shape[0], np.nan, a.dtype), np.full(a.shape, np.nan, a.dtype)]
    return [values, signed(np, vectors)]


def _solve_lower(np: Any, a: Any, b: Any) -> list[Any]:
    x = np.array(b)
    for i in range(len(x)):
        x[i] = (b[i] - a[i, :i] @ x[:i]) / a[i, i]
    return [x]


def _solve_spd(np: Any, a: Any, b: Any) -> list[Any]:
    lower = np.linalg.cholesky(a)
    return [np.linalg.solve(lower.T, np.linalg.solve(lower, b))]


CALL_MEANING: dict[str, Callable[..., list[Any]]] = {
    "solve": _batched(_each_matrix(lambda np, a, b: [np.linalg.solve(a, b)]), (2, 1)),
    "solve_matrix": _batched(_each_matrix(lambda np, a, b: [np.linalg.solve(a, b)]), (2, 2)),
    "solve_spd": _batched(_each_matrix(_solve_spd), (2, 1)),
    "solve_lower": _batched(_solve_lower, (2, 1)),
    "cholesky": _batched(_each_matrix(lambda np, a: [np.linalg.cholesky(a)]), (2,)),
    "eigh": _batched(_eigh, (2,)),
    "det": _batched(lambda np, a: [np.asarray(np.linalg.det(a))], (2,)),
    "sort": lambda np, x: [np.sort(x, axis=-1)],
    "argsort": lambda np, x: [np.argsort(x, axis=-1, kind="stable").astype(np.int64)],
}
