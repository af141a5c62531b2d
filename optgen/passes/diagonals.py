"""Reads on the diagonal of a tensor that is a choice by `i == j`: the entries from there, without the tensor.

Families have such tensors: the derivative of one member's function by its own argument is 0 off the diagonal.  Expects
closed tensors; preserves floats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor


def without_diagonals(roots: Sequence[Tensor]) -> list[Tensor]:
    """The tensors with such reads from tensors of one axis less."""
    if not any(isinstance(node, ir.Access) and _diagonal(node) is not None for node in walk.postorder(roots)):
        return list(roots)
    made: dict[tuple[AnyNode, int], Tensor] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        found = _diagonal(node) if isinstance(node, ir.Access) else None
        if found is None:
            return None
        assert isinstance(node, ir.Access) and isinstance(node.tensor, ir.Array)
        kept, dropped = found
        if (node.tensor, dropped) not in made:
            made[node.tensor, dropped] = _entries(node.tensor, kept, dropped, rule)
        rest = [index for place, index in enumerate(node.indices) if place != dropped]
        return ir.access(made[node.tensor, dropped], *rest)

    return walk.rewrite(roots, rule)


def _diagonal(node: ir.Access) -> tuple[int, int] | None:
    """The two axes of a choice by their equality that an access reads at the same place."""
    match node.tensor:
        case ir.Array(
            indices=bound,
            body=ir.Choose(condition=ir.Operation(name="eq", arguments=(ir.Index() as p, ir.Index() as q))),
        ) if p is not q and p in bound and q in bound and p.extent is q.extent:
            kept, dropped = sorted((bound.index(p), bound.index(q)))
            return (kept, dropped) if node.indices[kept] is node.indices[dropped] else None
    return None


def _entries(tensor: ir.Array, kept: int, dropped: int, rule) -> Tensor:  # type: ignore[no-untyped-def]
    """What stands on the diagonal, with reads on other diagonals in it replaced too."""
    assert isinstance(tensor.body, ir.Choose)
    fresh: list[Index] = [Index(index.extent, index.name) for index in tensor.indices]
    fresh[dropped] = fresh[kept]
    mapping: dict[AnyNode, AnyNode] = dict(zip(tensor.indices, fresh, strict=True))
    then: Scalar = walk.substitute([tensor.body.then], mapping)[0]
    body = walk.rewrite([then], rule, skip=lambda node: not node.free)[0]
    return ir.array([index for place, index in enumerate(fresh) if place != dropped], body, tensor.name)
