"""Extents as text, for docstrings."""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar

_SIGNS = {"add": " + ", "sub": " - ", "mul": "*", "floordiv": "//"}


def extent_text(extent: Scalar) -> str:
    match extent:
        case ir.Constant(value=value):
            return str(value)
        case ir.Dim(name=name):
            return name
        case ir.Operation(name=name, arguments=(a, b)) if name in _SIGNS:
            return f"{extent_text(a)}{_SIGNS[name]}{extent_text(b)}"
        case ir.Access(tensor=ir.Input(name=name)):
            return name
    return "..."
