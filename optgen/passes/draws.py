"""Draws to operations: random bits first, then one formula of them.

Expects any function without Derivatives; afterwards no Draw is left.  Preserves bits exactly.
"""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode
from optgen.ir.program import Function
from optgen.ir.random import draw_formula


def expand_draws(function: Function) -> Function:
    """The function with every draw written out."""

    def rule(node: AnyNode) -> AnyNode | None:
        return draw_formula(node) if isinstance(node, ir.Draw) else None

    tensors = [tensor for _, tensor in function.results]
    if not any(isinstance(node, ir.Draw) for node in walk.postorder(tensors)):
        return function
    names = [name for name, _ in function.results]
    made = walk.rewrite(tensors, rule)
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )
