"""Kernels for the tests of what users touch: f(x) = 1/x, with a plain case, and g(x, y) = x*x - y."""

from __future__ import annotations

from optgen.functions.definition import Definition
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder

DTYPES = {"float32": "f32", "float64": "f64"}


def program(arguments: int, dtype: str) -> Straight:
    builder = Builder("kernel")
    x = builder.parameter("x", DTYPES[dtype])
    if arguments == 1:
        return builder.finish(1.0 / x, plain=(abs(x) < 2.0, 1.0 / x))
    y = builder.parameter("y", DTYPES[dtype])
    return builder.finish(x * x - y)


def definition(name: str, arguments: int, derivative=lambda position: None) -> Definition:
    programs = {dtype: program(arguments, dtype) for dtype in DTYPES}
    return Definition(name, ("x", "y")[:arguments], programs, derivative)
