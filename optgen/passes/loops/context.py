"""What the translation of blocks knows, and the few steps that all of it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir.imperative import Buffer
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.passes.loops.nests import define, without_reductions
from optgen.passes.loops.pieces import Piece, insert
from optgen.passes.loops.space import Space


@dataclass(slots=True)
class Context:
    """What translating blocks needs: names by node, `outputs` that are read of each region, the names of `results` by
    the tensors that are not computed yet, the results' memory `given` so far, and `kept`, the buffers that live longer
    than an iteration."""

    space: Space
    names: Mapping[AnyNode, str]
    outputs: dict[tuple[AnyNode, int], list[ir.Output]]
    results: dict[AnyNode, str]
    kept: set[Buffer] = field(default_factory=set)
    given: list[Buffer] = field(default_factory=list)

    def buffer(self, node: AnyNode, tensor: Tensor) -> Buffer:
        """Memory for a tensor: a result's own where the tensor is a result."""
        if node in self.results and tensor.axes:
            made = self.space.named(self.results.pop(node), tensor.dtype, tensor.axes)
            self.given.append(made)
            self.kept.add(made)
            return made
        return self.space.temporary(self.names.get(node, "value"), tensor.dtype, tensor.axes)


def scalar(context: Context, value: Scalar, hint: str, pieces: list[Piece]) -> Scalar:
    """A closed scalar over buffers, its reductions computed in pieces."""
    made, (value,) = without_reductions(context.space, hint, (), [value])
    for piece in made:
        insert(context.space, pieces, piece)
    return context.space.translated([value])[0]


def copied(context: Context, target: Buffer, tensor: Tensor, pieces: list[Piece]) -> None:
    """`target` gets the entries of `tensor`, in a loop that may be shared."""
    places = tuple(Index(axis, "ijkl"[position % 4]) for position, axis in enumerate(tensor.axes))
    for piece in define(context.space, target, places, ir.access(tensor, *places)):
        insert(context.space, pieces, piece)
