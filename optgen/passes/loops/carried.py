"""Loops with memory: While statements whose carried values are updated in place where that is safe.

A next value may take the memory of the value before if nothing reads the old value after an entry was overwritten; old
entries that one iteration still needs are read first.  Else it has a second buffer, and the two are swapped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.blocks import Block, LoopBlocks
from optgen.ir.imperative import Buffer, Copy, If, Store, Swap, While
from optgen.ir.nodes import Index, Loop, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.passes.loops.context import Context, copied, scalar
from optgen.passes.loops.nests import define
from optgen.passes.loops.pieces import Piece, Touch, compound, insert, leaf
from optgen.passes.loops.space import Space

Translate = Callable[..., None]  # blocks.translate, which calls back into this file


def translate_loop(context: Context, node: Loop, blocks: LoopBlocks, pieces: list[Piece], translate: Translate) -> None:
    """Add a loop to pieces: first values, the While, what the results need after it."""
    space = context.space
    counter = space.temporary(context.names[node.counter], "int")
    space.places[node.counter] = counter
    context.kept.add(counter)
    current = [_carried(context, node, position) for position in range(len(node.parameters))]
    for buffer, initial in zip(current, node.initial, strict=True):
        _start(context, buffer, initial, pieces)
    limit = None if node.limit is None else scalar(context, node.limit, f"{counter.name}_limit", pieces)
    first = len(node.parameters) + 1
    traces = [_memory(context, node, first + position) for position in range(len(node.traces))]
    finals = [_memory(context, node, first + len(traces) + position) for position in range(len(node.finals))]
    for target in finals:
        _clear(context, target, pieces)
    head: list[Piece] = []
    tail: list[Piece] = []
    close: list[Piece] = []
    translate(context, blocks.head, head)
    condition = None if node.condition is None else scalar(context, node.condition, f"{counter.name}_going", head)
    translate(context, blocks.close, close)
    for target, final in zip(finals, node.finals, strict=True):
        copied(context, target, final, close)
    early = _early(context, node, tail)
    translate(context, blocks.tail, tail, head, frozenset(node.body))
    for target, traced in zip(traces, node.traces, strict=True):
        _record(context, node, counter, target, traced, tail)
    _step(context, node, current, early, blocks, tail)
    statement = While(counter, limit, (), condition, (), node.name)
    scalars = [s for s in (limit, condition) if s is not None]
    insert(space, pieces, compound(space, statement, [head, tail, close], scalars))
    for target in traces:
        _clear_rest(context, node, counter, target, pieces)
    for read in context.outputs.get((node, len(node.parameters)), []):
        space.places[read] = counter


def _carried(context: Context, node: Loop, position: int) -> Buffer:
    """The memory of a carried value; outputs of the loop are read there."""
    read = context.outputs.get((node, position), [])
    parameter = node.parameters[position]
    buffer = context.buffer(read[0] if read else parameter, parameter)
    context.kept.add(buffer)
    context.space.places[parameter] = buffer
    context.space.places.update(dict.fromkeys(read, buffer))
    return buffer


def _start(context: Context, buffer: Buffer, initial: Tensor, pieces: list[Piece]) -> None:
    source = context.space.places[initial]
    if isinstance(initial, ir.Array) or not buffer.axes:
        copied(context, buffer, initial, pieces)
    else:
        insert(context.space, pieces, leaf(context.space, Copy(buffer, source)))


# ---------------------------------------------------------------- traces and finals


def _memory(context: Context, node: Loop, place: int) -> Buffer:
    """The memory of an output that the loop writes beside what it carries."""
    read = context.outputs.get((node, place), [])
    tensor = read[0] if read else ir.output(node, place)
    buffer = context.buffer(tensor, tensor)
    context.kept.add(buffer)
    context.space.places.update(dict.fromkeys(read, buffer))
    return buffer


def _record(context: Context, node: Loop, counter: Buffer, target: Buffer, traced: Tensor, tail: list[Piece]) -> None:
    """One row of a trace."""
    space = context.space
    row = ir.access(counter)
    body: list[Piece] = []
    sure = node.capacity is not None and any(_at_most(bound, node.capacity) for bound in _bounds(node))
    places = tuple(Index(axis, "ijkl"[position % 4]) for position, axis in enumerate(traced.axes))
    made = define(space, target, places, ir.access(traced, *places), (row, *places))
    if sure:
        for piece in made:
            insert(space, tail, piece)
        return
    for piece in made:
        insert(space, body, piece)
    test = apply("lt", row, space.translated([node.capacity])[0])  # type: ignore[list-item]
    insert(space, tail, compound(space, If(test, ()), [body, []], [test]))


def _bounds(node: Loop) -> list[Scalar]:
    """What the counter is below in each step: the limit, and what the condition says of it."""
    found = [] if node.limit is None else [node.limit]
    stack = [] if node.condition is None else [node.condition]
    while stack:
        match stack.pop():
            case ir.Operation(name="and", arguments=arguments):
                stack.extend(arguments)
            case ir.Operation(name="lt", arguments=(ir.Access(tensor=tensor), bound)) if tensor is node.counter:
                found.append(bound)
    return found


def _at_most(value: Scalar, bound: Scalar) -> bool:
    """Whether value <= bound is plain from how they are written."""
    if value is bound or extents.same(value, bound):
        return True
    match value, bound:
        case ir.Operation(name="minimum", arguments=(a, b)), _:
            return _at_most(a, bound) or _at_most(b, bound)
        case ir.Operation(name="sub", arguments=(a, b)), ir.Operation(name="sub", arguments=(c, d)) if b is d:
            return _at_most(a, c)
    return False


def _clear_rest(context: Context, node: Loop, counter: Buffer, target: Buffer, pieces: list[Piece]) -> None:
    """Rows that the loop did not reach are 0."""
    space = context.space
    reached = ir.access(counter)
    rest = Index(apply("maximum", apply("sub", target.axes[0], reached), ir.constant(0)), "row")
    places = [Index(axis, "ijkl"[position % 4]) for position, axis in enumerate(target.axes[1:])]
    zero = ir.constant(False if target.dtype == "bool" else 0, target.dtype)
    row = apply("add", reached, rest)
    for piece in define(space, target, (rest, *places), zero, (row, *places)):
        insert(space, pieces, piece)


def _clear(context: Context, target: Buffer, pieces: list[Piece]) -> None:
    space = context.space
    places = [Index(axis, "ijkl"[position % 4]) for position, axis in enumerate(target.axes)]
    zero = ir.constant(False if target.dtype == "bool" else 0, target.dtype)
    for piece in define(space, target, places, zero):
        insert(space, pieces, piece)


# ---------------------------------------------------------------- next values


def _early(context: Context, node: Loop, tail: list[Piece]) -> dict[int, Buffer]:
    """Next values that are another carried value as it was: read before anything is overwritten."""
    space = context.space
    found: dict[int, Buffer] = {}
    for position, (parameter, following) in enumerate(zip(node.parameters, node.body, strict=True)):
        if following in node.parameters and following is not parameter:
            found[position] = space.temporary(f"{space.places[parameter].name}_next", parameter.dtype, parameter.axes)
            copied(context, found[position], following, tail)
    return found


def _step(
    context: Context,
    node: Loop,
    current: Sequence[Buffer],
    early: dict[int, Buffer],
    blocks: LoopBlocks,
    tail: list[Piece],
) -> None:
    """Give every carried value its next: in place, by a swap, or by a store at the end if it is one number."""
    space = context.space
    taken: set[Buffer] = set()
    stores: list[Piece] = []
    moves: list[tuple[Buffer, Buffer]] = []
    for position, (buffer, following) in enumerate(zip(current, node.body, strict=True)):
        if following is node.parameters[position]:
            continue
        made = early.get(position) or space.places[following]
        if not buffer.axes:
            stores.append(leaf(space, Store(buffer, (), ir.access(made))))
            continue
        if made in taken or not (position in early or _own(space, following, blocks.tail)):
            made = space.temporary(f"{buffer.name}_next", buffer.dtype, buffer.axes)
            copied(context, made, following, tail)
        taken.add(made)
        moves.append((buffer, made))
    tail.extend(stores)
    for buffer, made in moves:
        context.kept.add(made)
        if in_place(space, tail, buffer, made):
            space.shared[made] = buffer
            space.temporaries.remove(made)
            continue
        if buffer in context.given:  # memory of the caller can't be swapped: the result is copied at the end
            context.given.remove(buffer)
            space.temporaries.append(buffer)
        tail.append(leaf(space, Swap(buffer, made)))


def _own(space: Space, tensor: Tensor, block: Block) -> bool:
    """Whether a tensor's buffer is computed anew in this block, for this loop to take."""
    owner = tensor.source if isinstance(tensor, ir.Output) else tensor
    buffer = space.places[tensor]
    own = buffer in space.temporaries and buffer not in space.bases
    return own and owner in block.nodes and not isinstance(tensor, ir.View)


def in_place(space: Space, pieces: Sequence[Piece], old: Buffer, new: Buffer) -> bool:
    """Whether `new` may take the memory of `old`: no entry of `old` is read after it was overwritten."""
    first = next((place for place, piece in enumerate(pieces) if new in piece.writes), None)
    if first is None:
        return False
    if any(old in piece.reads for piece in pieces[first + 1 :]):
        return _together(space, pieces, old, new)
    writer = pieces[first]
    if old not in writer.reads:
        return True
    if writer.index is None:
        return _together(space, pieces, old, new)
    return _aligned(space, writer, old, new) and in_place(space, writer.body, old, new)


def _touches(piece: Piece, buffer: Buffer) -> set[Touch]:
    return set(piece.reads.get(buffer, ())) | set(piece.writes.get(buffer, ()))


def _aligned(space: Space, piece: Piece, old: Buffer, new: Buffer) -> bool:
    """Whether all accesses to both have, on one axis, the index of this loop."""
    touches = _touches(piece, old) | _touches(piece, new)
    if any(touch.indices is None or touch.buffer not in (old, new) for touch in touches):
        return False
    index = space.one(piece.index)  # type: ignore[arg-type]
    return any(
        all(space.one(touch.indices[axis]) is index for touch in touches)  # type: ignore[index]
        for axis in range(len(old.axes))
    )


def _together(space: Space, pieces: Sequence[Piece], old: Buffer, new: Buffer) -> bool:
    """Whether one block reads and writes a single entry: then its old value is read at the start of the block."""
    touches: set[tuple[object, ...]] = set()
    for piece in pieces:
        found = _touches(piece, old) | _touches(piece, new)
        if found and (piece.index is not None or piece.blocks):
            return False
        for touch in found:
            if touch.indices is None or touch.buffer not in (old, new):
                return False
            touches.add(tuple(space.one(place) for place in touch.indices))
    return len(touches) == 1 and all(isinstance(place, Index) for place in next(iter(touches)))
