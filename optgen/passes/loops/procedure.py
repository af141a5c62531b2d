"""Scheduled functions to procedures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Scheduled
from optgen.ir.imperative import Buffer, Copy, Procedure, Statement, Store
from optgen.ir.nodes import AnyNode, Tensor
from optgen.passes.loops.blocks import translate
from optgen.passes.loops.context import Context
from optgen.passes.loops.pieces import Piece, leaf
from optgen.passes.loops.settle import settle
from optgen.passes.loops.space import RESERVED, Space
from optgen.passes.loops.statements import mentioned, write


def loops(scheduled: Scheduled) -> Procedure:
    """The procedure of a function."""
    function = scheduled.function
    space = Space(set(function.dims) | RESERVED)
    parameters = []
    read = set(walk.postorder(tensor for _, tensor in function.results))
    wished = {name for name, _ in function.results}
    for parameter in function.parameters:
        name = scheduled.names[parameter]
        if name in wished and parameter not in read:
            name += "_unread"  # so that the result can have its name
        made = space.named(name, parameter.dtype, parameter.axes)
        space.places[parameter] = made
        parameters.append(made)
    numbers = {name: space.named(name, tensor.dtype) for name, tensor in function.results if not tensor.axes}
    outputs: dict[tuple[AnyNode, int], list[ir.Output]] = {}
    for node in scheduled.names:
        if isinstance(node, ir.Output):
            outputs.setdefault((node.source, node.position), []).append(node)
    context = Context(space, scheduled.names, outputs, _wanted(scheduled, outputs))
    pieces: list[Piece] = []
    translate(context, scheduled.body, pieces)
    results = _finish(context, function.results, numbers, pieces)
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


def _finish(
    context: Context, results: Sequence[tuple[str, Tensor]], numbers: Mapping[str, Buffer], pieces: list[Piece]
) -> list[Buffer]:
    """The buffers of the results; what was not computed in its result's memory is copied there."""
    space = context.space
    made: list[Buffer] = []
    for name, tensor in results:
        buffer = space.places[tensor]
        if buffer in context.given and buffer not in made:
            made.append(buffer)
            continue
        target = numbers.get(name) or space.named(name, tensor.dtype, tensor.axes)
        statement: Statement = Copy(target, buffer) if tensor.axes else Store(target, (), ir.access(buffer))
        pieces.append(leaf(space, statement))
        context.kept.add(target)
        made.append(target)
    return made
