"""Small pieces of derivatives that both modes build from."""

from __future__ import annotations

from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply

ZERO = ir.constant(Fraction(0), "real")
ONE = ir.constant(Fraction(1), "real")


def places_of(axes: tuple[Scalar, ...], names: str = "ijlp") -> tuple[Index, ...]:
    """A new index for each axis."""
    return tuple(Index(axis, names[k % len(names)]) for k, axis in enumerate(axes))


def zeros(like: Tensor) -> Tensor:
    """The tensor of the same dtype and axes with nothing in it."""
    zero = ir.constant(False) if like.dtype == "bool" else ir.constant(0, like.dtype)
    return ir.array(places_of(like.axes), zero)


def both(left: Scalar | None, right: Scalar | None) -> Scalar | None:
    """The conjunction of two conditions; None is no condition."""
    if left is None or right is None:
        return left or right
    return left if left is right else apply("and", left, right)


def attained(node: ir.Reduce) -> dict[AnyNode, AnyNode]:
    """Where an extremum is first attained, by index: the best row, then the best in that row."""
    found: dict[AnyNode, AnyNode] = {}
    for place, index in enumerate(node.indices):
        own = Index(index.extent, index.name)
        rest = node.indices[place + 1 :]
        copies: dict[AnyNode, AnyNode] = {i: Index(i.extent, i.name) for i in rest}
        body, condition = _renamed(node, {**found, index: own, **copies})
        if rest:
            body, condition = ir.reduce(node.kind, tuple(copies.values()), body, condition), None  # type: ignore[arg-type]
        found[index] = ir.reduce("argmax" if node.kind == "max" else "argmin", (own,), body, condition)
    return found


def others(node: ir.Reduce) -> Scalar:
    """The derivative of a product by its entry, under its indices: the product of all others, exact at zeros too."""
    copies = tuple(Index(index.extent, index.name) for index in node.indices)
    body, condition = _renamed(node, dict(zip(node.indices, copies, strict=True)))
    different: Scalar = ir.constant(False)
    for index, copy in zip(node.indices, copies, strict=True):
        different = apply("or", different, apply("ne", index, copy))
    return ir.reduce("prod", copies, body, both(condition, different))


def _renamed(node: ir.Reduce, names: dict[AnyNode, AnyNode]) -> tuple[Scalar, Scalar | None]:
    parts = [node.body] if node.condition is None else [node.body, node.condition]
    body, *condition = walk.substitute(parts, names)
    return body, condition[0] if condition else None
