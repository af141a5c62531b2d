"""Blocks to a procedure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.blocks import Block, Scheduled
from optgen.ir.imperative import Alias, Buffer, Copy, Invoke, Procedure, Statement, Store
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.passes.loops.nests import define, without_reductions
from optgen.passes.loops.pieces import Piece, insert, leaf
from optgen.passes.loops.scalars import mentioned, write
from optgen.passes.loops.settle import settle
from optgen.passes.loops.space import Space


@dataclass(slots=True)
class Context:
    """What translating blocks needs: names by node, the results by the tensor computed for them, `outputs` that are read
    of each region, and `kept`, the buffers that live longer than an iteration."""

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


def loops(scheduled: Scheduled) -> Procedure:
    """The procedure of a function."""
    function = scheduled.function
    space = Space(set(function.dims))
    parameters = []
    for parameter in function.parameters:
        made = space.named(scheduled.names[parameter], parameter.dtype, parameter.axes)
        space.places[parameter] = made
        parameters.append(made)
    outputs: dict[tuple[AnyNode, int], list[ir.Output]] = {}
    for node in scheduled.names:
        if isinstance(node, ir.Output):
            outputs.setdefault((node.source, node.position), []).append(node)
    context = Context(space, scheduled.names, outputs, _wanted(scheduled, outputs))
    pieces: list[Piece] = []
    translate(context, scheduled.body, pieces)
    results = _finish(context, function.results, pieces)
    settled = settle(space, pieces, context.kept)
    body = write(space, settled, pieces)
    used = mentioned(body)
    temporaries = tuple(b for b in space.temporaries if b in used and b not in space.bases)
    return Procedure(function.name, function.dims, tuple(parameters), tuple(results), temporaries, body, function.doc)


def _wanted(scheduled: Scheduled, outputs: Mapping[tuple[AnyNode, int], Sequence[ir.Output]]) -> dict[AnyNode, str]:
    """The tensors computed in the outermost block that are results, by the name of their result."""
    wanted: dict[AnyNode, str] = {}
    members = set(scheduled.body.nodes)
    for name, tensor in scheduled.function.results:
        node = outputs[tensor.source, tensor.position][0] if isinstance(tensor, ir.Output) else tensor
        owner = tensor.source if isinstance(tensor, ir.Output) else tensor
        if owner in members and not isinstance(node, ir.View):
            wanted.setdefault(node, name)
    return wanted


def _finish(context: Context, results: Sequence[tuple[str, Tensor]], pieces: list[Piece]) -> list[Buffer]:
    """The buffers of the results; what was not computed in its result's memory is copied there."""
    space = context.space
    made: list[Buffer] = []
    for name, tensor in results:
        buffer = space.places[tensor]
        if buffer in context.given and buffer not in made:
            made.append(buffer)
            continue
        target = space.named(name, tensor.dtype, tensor.axes)
        statement: Statement = Copy(target, buffer) if tensor.axes else Store(target, (), ir.access(buffer))
        pieces.append(leaf(space, statement))
        context.kept.add(target)
        made.append(target)
    return made


# ---------------------------------------------------------------- blocks


def translate(context: Context, block: Block, pieces: list[Piece]) -> None:
    """Add the statements of a block to pieces."""
    from optgen.passes.loops.carried import translate_loop

    joined = _join_in_place(context, block, pieces)
    for node in block.nodes:
        match node:
            case ir.Array(indices=indices, body=body):
                target = joined.get(node) or context.buffer(node, node)
                for piece in define(context.space, target, indices, body):
                    insert(context.space, pieces, piece)
                context.space.places[node] = target
            case ir.View():
                _view(context, node, pieces)
            case ir.Concat():
                _fill_rest(context, node, joined, pieces)
            case ir.Call():
                _call(context, node, pieces)
            case ir.Loop():
                translate_loop(context, node, block.loops[node], pieces)


def scalar(context: Context, value: Scalar, hint: str, pieces: list[Piece]) -> Scalar:
    """A closed scalar over buffers, its reductions computed in pieces."""
    made, (value,) = without_reductions(context.space, hint, (), [value])
    for piece in made:
        insert(context.space, pieces, piece)
    return context.space.translated([value])[0]


def _view(context: Context, node: ir.View, pieces: list[Piece]) -> None:
    space = context.space
    name = space.named(context.names[node], node.dtype, node.axes)
    base = space.places[node.tensor]
    offset = scalar(context, node.offset, name.name, pieces)
    space.bases[name] = base
    insert(space, pieces, leaf(space, Alias(name, base, offset)))
    space.places[node] = name
    context.kept.add(base)


def _call(context: Context, node: ir.Call, pieces: list[Piece]) -> None:
    space = context.space
    results = []
    for position, (dtype, axes) in enumerate(node.outputs):
        read = context.outputs.get((node, position), [])
        if read:
            buffer = context.buffer(read[0], read[0])
            space.places.update(dict.fromkeys(read, buffer))
        else:
            buffer = space.temporary("unread", dtype, axes)
        results.append(buffer)
    arguments = tuple(space.places[argument] for argument in node.arguments)
    insert(space, pieces, leaf(space, Invoke(node.function, arguments, tuple(results), node.attributes)))


# ---------------------------------------------------------------- joined tensors


def _offsets(node: ir.Concat) -> list[Scalar]:
    found: list[Scalar] = [ir.constant(0)]
    for part in node.parts:
        found.append(extents.normal(apply("add", found[-1], extents.product(part.axes))))
    return found


def _join_in_place(context: Context, block: Block, pieces: list[Piece]) -> dict[AnyNode, Buffer]:
    """Parts of a Concat that are computed in this block are computed in its memory; gives the buffers of both."""
    space = context.space
    members = set(block.nodes)
    found: dict[AnyNode, Buffer] = {}
    for node in block.nodes:
        if not isinstance(node, ir.Concat):
            continue
        whole = context.buffer(node, node)
        found[node] = whole
        for part, offset in zip(node.parts, _offsets(node), strict=False):
            if isinstance(part, ir.Array) and part in members and part not in found and part not in context.results:
                name = space.named(context.names[part], part.dtype, part.axes)
                space.bases[name] = whole
                found[part] = name
                insert(space, pieces, leaf(space, Alias(name, whole, space.translated([offset])[0])))
    return found


def _fill_rest(context: Context, node: ir.Concat, joined: Mapping[AnyNode, Buffer], pieces: list[Piece]) -> None:
    """Copy the parts that are not in place already."""
    space = context.space
    whole = joined[node]
    seen: set[AnyNode] = set()
    for part, offset in zip(node.parts, _offsets(node), strict=False):
        in_place = part in joined and space.bases.get(joined[part]) is whole and part not in seen
        seen.add(part)
        if in_place:
            continue
        target = space.named(f"{whole.name}_part", part.dtype, part.axes)
        space.bases[target] = whole
        insert(space, pieces, leaf(space, Alias(target, whole, space.translated([offset])[0])))
        copied(context, target, part, pieces)
    space.places[node] = whole


def copied(context: Context, target: Buffer, tensor: Tensor, pieces: list[Piece]) -> None:
    """`target` gets the entries of `tensor`, in a loop that may be shared."""
    places = tuple(Index(axis, "ijkl"[position % 4]) for position, axis in enumerate(tensor.axes))
    for piece in define(context.space, target, places, ir.access(tensor, *places)):
        insert(context.space, pieces, piece)
