"""Small scalar expressions as Python functions: derived dims, defaults and domains of parameters.

Most of what stands around a solve is a comparison or a short formula of numbers; for these a compiled kernel costs more
than it saves.  What is not such an expression gives None, and the caller compiles it like any other function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir

Environment = Mapping[Any, Any]  # dims by name, values of rank-0 inputs by node
Evaluator = Callable[[Environment], Any]


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or a != a or b != b:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _total(function: Callable[..., float], otherwise: Callable[..., float]) -> Callable[..., float]:
    """`function`, with the value of IEEE arithmetic where Python raises."""

    def evaluate(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError, ZeroDivisionError):
            return otherwise(*arguments)

    return evaluate


def _smaller(a: float, b: float) -> float:
    return a if a != a or a < b else b


def _larger(a: float, b: float) -> float:
    return a if a != a or a > b else b


def _nan(*_: float) -> float:
    return math.nan


def _log_outside(x: float) -> float:
    return -math.inf if x == 0 else math.nan


_TABLE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _divide,
    "neg": lambda a: -a,
    "floordiv": lambda a, b: a // b,
    "mod": _total(lambda a, b: a % b, _nan),
    "power_int": _total(lambda a, k: a**k, lambda a, k: _divide(1.0, a) if k < 0 else math.inf),
    "sqrt": _total(math.sqrt, _nan),
    "exp": _total(math.exp, lambda x: math.inf),
    "log": _total(math.log, _log_outside),
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "minimum": _smaller,
    "maximum": _larger,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "is_finite": math.isfinite,
    "to_real": float,
    "bool_to_int": int,
    "stop_gradient": lambda x: x,
}


def evaluator(scalar: ir.Scalar) -> Evaluator | None:
    """A function of dims and rank-0 inputs with the value of `scalar`, or None if it is not a short formula of these.

    The environment maps the names of dims and the `Input` nodes to numbers; a name that is missing raises KeyError.
    """
    match scalar:
        case ir.Constant(value=value):
            number = float(value) if isinstance(value, Fraction) else value
            return lambda environment: number
        case ir.Dim(name=name):
            return lambda environment: environment[name]
        case ir.Access(tensor=ir.Input() as tensor, indices=()):
            return lambda environment: environment[tensor]
        case ir.Access(tensor=ir.Array(indices=(), body=body)):
            return evaluator(body)
        case ir.Choose():
            return _chosen(scalar)
        case ir.Operation(name=name, arguments=arguments) if name in _TABLE:
            return _applied(_TABLE[name], [evaluator(argument) for argument in arguments])
    return None


def _chosen(scalar: ir.Choose) -> Evaluator | None:
    condition, then, otherwise = (evaluator(part) for part in (scalar.condition, scalar.then, scalar.otherwise))
    if condition is None or then is None or otherwise is None:
        return None
    return lambda environment: then(environment) if condition(environment) else otherwise(environment)


def _applied(function: Callable[..., Any], arguments: list[Evaluator | None]) -> Evaluator | None:
    match arguments:
        case [None] | [None, _] | [_, None]:
            return None
        case [only] if only is not None:
            return lambda environment: function(only(environment))
        case [left, right] if left is not None and right is not None:
            return lambda environment: function(left(environment), right(environment))
    return None


def text(scalar: ir.Scalar) -> str:
    """An extent as a reader writes it: `m`, `2*n + 1`."""
    match scalar:
        case ir.Constant(value=value):
            return str(value)
        case ir.Dim(name=name):
            return name
        case ir.Access(tensor=tensor, indices=()):
            return tensor.name
        case ir.Operation(name="neg", arguments=(a,)):
            return f"-{text(a)}"
        case ir.Operation(name=name, arguments=(a, b)) if name in _SIGNS:
            left, right = text(a), text(b)
            if name == "mul":
                left, right = (f"({side})" if " " in side else side for side in (left, right))
                return f"{left}*{right}"
            return f"{left} {_SIGNS[name]} {right}"
        case ir.Operation(name=name, arguments=arguments):
            return f"{name}({', '.join(text(argument) for argument in arguments)})"
    return "..."


_SIGNS = {"add": "+", "sub": "-", "mul": "*"}
