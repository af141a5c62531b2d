"""Blocks to pieces: one rule a kind of tensor."""

from __future__ import annotations

from collections.abc import Mapping

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.blocks import Block, BranchBlocks
from optgen.ir.imperative import Alias, Buffer, If, Invoke
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import apply
from optgen.passes.loops.carried import translate_loop
from optgen.passes.loops.context import Context, copied, scalar
from optgen.passes.loops.nests import define
from optgen.passes.loops.pieces import Piece, compound, insert, joins, leaf


def translate(
    context: Context,
    block: Block,
    pieces: list[Piece],
    before: list[Piece] | None = None,
    late: frozenset[AnyNode] = frozenset(),
) -> None:
    """Add the statements of a block to pieces.

    What can share a loop with the block `before` (a loop's head) goes there, for that saves more than computing it once
    in vain after the last step; but for the nodes `late`, whose memory may hold the values that the head reads.
    """
    joined = _join_in_place(context, block, pieces)
    for node in block.nodes:
        match node:
            case ir.Array() if node in block.branches:
                _branch(context, node, block.branches[node], pieces)
            case ir.Array(indices=indices, body=body):
                target = joined.get(node) or context.buffer(node, node)
                made = define(context.space, target, indices, body)
                shares = before is not None and node not in late and joins(context.space, before, pieces, made)
                for piece in made:
                    insert(context.space, before if before is not None and shares else pieces, piece)
                context.space.places[node] = target
            case ir.View():
                _view(context, node, pieces)
            case ir.Concat():
                _fill_rest(context, node, joined, pieces)
            case ir.Call():
                _call(context, node, pieces)
            case ir.Loop():
                translate_loop(context, node, block.loops[node], pieces, translate)


def _branch(context: Context, node: ir.Array, blocks: BranchBlocks, pieces: list[Piece]) -> None:
    """An If: on each side what only that side needs, then the entries from there."""
    space = context.space
    assert isinstance(node.body, ir.Choose)
    target = context.buffer(node, node)
    context.kept.add(target)  # written in two places
    test = scalar(context, node.body.condition, f"{target.name}_chosen", pieces)
    sides: list[list[Piece]] = []
    for block, value in ((blocks.then, node.body.then), (blocks.otherwise, node.body.otherwise)):
        inner: list[Piece] = []
        translate(context, block, inner)
        fresh: dict[AnyNode, AnyNode] = {index: Index(index.extent, index.name) for index in node.indices}
        entry = walk.substitute([value], fresh)[0]
        for piece in define(space, target, [fresh[i] for i in node.indices], entry):  # type: ignore[misc]
            insert(space, inner, piece)
        sides.append(inner)
    insert(space, pieces, compound(space, If(test, ()), sides, [test]))
    space.places[node] = target


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
