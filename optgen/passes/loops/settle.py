"""What fusion decided, put in place: indices that became one, buffers contracted to what one iteration needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.imperative import Accumulate, Alias, Buffer, Copy, If, Invoke, Let, Statement, Store, Swap, While
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.passes.loops.pieces import Piece
from optgen.passes.loops.space import Space

# ---------------------------------------------------------------- settling


def leaves(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """All pieces that are statements, loops left out, in order."""
    stack = [iter(pieces)]
    while stack:
        piece = next(stack[-1], None)
        if piece is None:
            stack.pop()
            continue
        if piece.statement is not None:
            yield piece
        stack.append(piece for block in piece.blocks for piece in block)


def scalars_of(statement: Statement) -> tuple[Scalar, ...]:
    match statement:
        case Store(_, indices, value):
            return (*indices, value)
        case Accumulate(_, _, indices, value, condition, at, _):
            return (*indices, value, *(s for s in (condition, at) if s is not None))
        case Alias(offset=offset):
            return (offset,)
        case If(condition=condition):
            return (condition,)
        case While(limit=limit, condition=condition):
            return tuple(s for s in (limit, condition) if s is not None)
        case Let(value=value):
            return (value,)
    return ()


def with_scalars(statement: Statement, new: Sequence[Scalar]) -> Statement:
    """The statement with other scalars, in the order of `scalars_of`."""
    match statement:
        case Store(buffer, indices, _):
            return Store(buffer, tuple(new[: len(indices)]), new[-1])
        case Accumulate(kind, buffer, indices, _, condition, at, position):
            rest = list(new[len(indices) :])
            value = rest.pop(0)
            guard = rest.pop(0) if condition is not None else None
            place = rest[0] if at is not None else None
            return Accumulate(kind, buffer, tuple(new[: len(indices)]), value, guard, place, position)
        case Alias(name, base, _):
            return Alias(name, base, new[0])
        case If() as branch:
            return replace(branch, condition=new[0])
        case While() as loop:
            parts = list(new)
            limit = parts.pop(0) if loop.limit is not None else None
            return replace(loop, limit=limit, condition=parts[0] if loop.condition is not None else None)
        case Let(local, _):
            return Let(local, new[0])
    return statement


@dataclass(slots=True)
class Settled:
    """Statements by piece as they are after fusion and contraction; `single` are the temporaries that one Store fills
    and only scalars read."""

    statements: dict[Piece, Statement]
    single: frozenset[Buffer]


def settle(space: Space, pieces: Sequence[Piece], kept: set[Buffer]) -> Settled:
    """Put every fused index and every contracted buffer in place."""
    found = list(leaves(pieces))
    axes = _contracted(space, found, kept)
    slim = {
        buffer: ir.Input(buffer.name, buffer.dtype, tuple(a for k, a in enumerate(buffer.axes) if k not in gone))
        for buffer, gone in axes.items()
    }

    def rule(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Access) and node.tensor in slim:
            gone = axes[node.tensor]
            return ir.access(slim[node.tensor], *(p for k, p in enumerate(node.indices) if k not in gone))
        return None

    roots = [scalars_of(piece.statement) for piece in found]  # type: ignore[arg-type]
    start: dict[AnyNode, AnyNode] = {index: space.one(index) for index in space.same}
    new = iter(walk.rewrite([scalar for group in roots for scalar in group], rule, start))
    statements: dict[Piece, Statement] = {}
    for piece, group in zip(found, roots, strict=True):
        statement = with_scalars(piece.statement, [next(new) for _ in group])  # type: ignore[arg-type]
        statements[piece] = _slimmed(statement, slim, axes)
    space.whole.update({small: buffer for buffer, small in slim.items()})
    space.temporaries = [slim.get(buffer, buffer) for buffer in space.temporaries]
    return Settled(statements, _single(space, found, statements, kept))


def _single(
    space: Space, pieces: Sequence[Piece], statements: dict[Piece, Statement], kept: set[Buffer]
) -> frozenset[Buffer]:
    """The temporaries that one Store fills and that only scalars read."""
    stores: Counter[Buffer] = Counter()
    other: set[Buffer] = set(kept)
    for piece in pieces:
        match statements[piece]:
            case Store(buffer=buffer):
                stores[buffer] += 1
            case Accumulate(buffer=buffer, position=position):
                other |= {buffer} if position is None else {buffer, position}
            case Invoke(arguments=arguments, results=results):
                other.update((*arguments, *results))
            case Copy(left, right) | Swap(left, right) | Alias(left, right, _):
                other |= {left, right}
            case While(counter=counter):
                other.add(counter)
    own = set(space.temporaries) - other - set(space.bases)
    return frozenset(buffer for buffer, count in stores.items() if count == 1 and buffer in own)


def _slimmed(statement: Statement, slim: dict[Buffer, Buffer], axes: dict[Buffer, set[int]]) -> Statement:
    match statement:
        case Store(buffer, indices, value) if buffer in slim:
            return Store(slim[buffer], _left(indices, axes[buffer]), value)
        case Accumulate(buffer=buffer, indices=indices, position=position) if buffer in slim or position in slim:
            place = _left(indices, axes[buffer] if buffer in slim else axes[position])  # type: ignore[index]
            moved = slim.get(position, position) if position is not None else None
            return replace(statement, buffer=slim.get(buffer, buffer), indices=place, position=moved)
    return statement


def _left(indices: Sequence[Scalar], gone: set[int]) -> tuple[Scalar, ...]:
    return tuple(place for axis, place in enumerate(indices) if axis not in gone)


def _contracted(space: Space, pieces: Sequence[Piece], kept: set[Buffer]) -> dict[Buffer, set[int]]:
    """The axes of temporaries on which every access stands at one loop's index: an iteration needs one entry."""
    places: dict[Buffer, list[tuple[Scalar, ...] | None]] = {}
    pairs: list[tuple[Buffer, Buffer]] = []
    for piece in pieces:
        for table in (piece.reads, piece.writes):
            for touches in table.values():
                for touch in touches:
                    places.setdefault(touch.buffer, []).append(touch.indices)
        if isinstance(piece.statement, Accumulate) and piece.statement.position is not None:
            pairs.append((piece.statement.buffer, piece.statement.position))
    result: dict[Buffer, set[int]] = {}
    for buffer in space.temporaries:
        if buffer in kept or not buffer.axes or buffer in space.bases or None in places.get(buffer, [None]):
            continue
        gone = set()
        for axis in range(len(buffer.axes)):
            found = {space.one(indices[axis]) for indices in places[buffer]}  # type: ignore[index]
            if len(found) == 1 and isinstance(next(iter(found)), Index):
                gone.add(axis)
        if gone:
            result[buffer] = gone
    for best, position in pairs:  # both of an argmax are addressed by one set of indices
        if result.get(best) != result.get(position):
            result.pop(best, None)
            result.pop(position, None)
    return result
