"""Places that tensors are read at, written out: sums of indices shortened, what may lie outside an axis kept inside.

Expects closed functions; preserves floats exactly.  Afterwards every access is inside its axis as far as its form
tells, so that a place that is read several times can be named like any other value.
"""

from __future__ import annotations

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.loops.bounds import below, inside, never_negative


def with_places(function: Function) -> Function:
    """The function with clamps as operations."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = walk.rewrite(tensors, _rule)
    results = tuple(zip(names, made, strict=True))
    return Function(function.name, function.dims, function.parameters, results, function.doc)


def _rule(node: AnyNode) -> AnyNode | None:
    if not isinstance(node, ir.Access) or all(isinstance(index, ir.Index) for index in node.indices):
        return None
    pairs = zip(node.indices, node.tensor.axes, strict=True)
    return ir.access(node.tensor, *(_kept_inside(_shortened(index), axis) for index, axis in pairs))


def _shortened(index: Scalar) -> Scalar:
    """i - 1 + 1 is i."""
    if not isinstance(index, ir.Operation) or index.name not in ("add", "sub"):
        return index
    short = extents.normal(index)
    return short if _size(short) < _size(index) else index


def _size(scalar: Scalar) -> int:
    return 1 + sum(_size(a) for a in scalar.arguments) if isinstance(scalar, ir.Operation) else 0


def _kept_inside(index: Scalar, axis: Scalar) -> Scalar:
    if inside(index, axis):
        return index
    if not never_negative(index, axis):
        index = apply("maximum", index, ir.constant(0))
    if not below(index, axis):
        index = apply("minimum", index, extents.total((axis, ir.constant(-1))))
    return index
