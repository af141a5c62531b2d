"""Pieces to statements.

A stored entry that the same block reads again is a Let, and the buffer goes if nothing else reads it; what an update in
place overwrites, and its block still needs, is read first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, Copy, For, If, Invoke, Let, Statement, Store, Swap, While
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.passes.loops.pieces import Piece, serial
from optgen.passes.loops.scalars import Facts, facts_of, values
from optgen.passes.loops.settle import Settled, scalars_of, with_scalars
from optgen.passes.loops.space import Space, unique
from optgen.passes.loops.writing import Scope, Writer, close, forget, hold, scalars_below


def write(space: Space, settled: Settled, pieces: Sequence[Piece]) -> tuple[Statement, ...]:
    """The statements of a procedure."""
    writer = Writer(space, settled, [Scope([], frozenset())])
    for piece in pieces:
        writer.total.update(_reads(writer, piece))
    _block(writer, pieces)
    return tuple(writer.scopes[0].statements)


def _block(writer: Writer, pieces: Sequence[Piece], last: Sequence[Scalar] = ()) -> list[Scalar]:
    """Write the pieces into the innermost scope; `last` are scalars needed at the end."""
    simple = [piece for piece in pieces if not piece.blocks]
    scalars = [scalar for piece in simple for scalar in scalars_of(writer.settled.statements[piece])]
    facts = facts_of(writer, [*scalars, *last])
    _read_old(writer, facts, pieces)
    for piece in pieces:
        if piece.index is not None:
            _loop(writer, piece)
        elif piece.blocks:
            _compound(writer, piece)
        else:
            _leaf(writer, facts, piece, pieces)
    return values(writer, facts, last)


def _loop(writer: Writer, piece: Piece) -> None:
    index = writer.space.one(piece.index)  # type: ignore[arg-type]
    assert isinstance(index, Index)
    forget(writer, piece.writes)
    outer = writer.scopes[-1]
    writer.scopes.append(Scope([], frozenset(piece.writes), index, outer.floor))
    _block(writer, piece.body)
    scope = close(writer)
    flat = not any(inner.index is not None or inner.blocks for inner in piece.body)
    vector = flat and not any(serial(inner) for inner in piece.body)
    outer.statements.append(For(index, tuple(scope.statements), vector, piece.comment))


def _compound(writer: Writer, piece: Piece) -> None:
    forget(writer, piece.writes)
    match writer.settled.statements[piece]:
        case While() as loop:
            limit = None if loop.limit is None else _one(writer, loop.limit)
            writer.scopes.append(Scope([], frozenset(piece.writes), None, writer.scopes[-1].floor))
            condition = _block(writer, piece.blocks[0], [] if loop.condition is None else [loop.condition])
            ending = _apart(writer, piece.blocks[2])
            split = len(writer.scopes[-1].statements)
            _block(writer, piece.blocks[1])
            made = close(writer).statements
            test = condition[0] if condition else None
            head, tail = tuple(made[:split]), tuple(made[split:])
            writer.scopes[-1].statements.append(While(loop.counter, limit, head, test, tail, loop.name, ending))
        case If(condition=test):
            test = _one(writer, test)
            blocks = [_apart(writer, pieces) for pieces in piece.blocks]
            writer.scopes[-1].statements.append(If(test, *blocks))


def _apart(writer: Writer, pieces: Sequence[Piece]) -> tuple[Statement, ...]:
    """The statements of a block that may be passed over."""
    writer.scopes.append(Scope([], frozenset(), None, len(writer.scopes)))
    _block(writer, pieces)
    return tuple(close(writer).statements)


def _one(writer: Writer, scalar: Scalar) -> Scalar:
    return values(writer, facts_of(writer, [scalar]), [scalar])[0]


def _leaf(writer: Writer, facts: Facts, piece: Piece, block: Sequence[Piece]) -> None:
    written = writer.settled.statements[piece]
    statement = with_scalars(written, values(writer, facts, scalars_of(written)))
    forget(writer, piece.writes)
    statements = writer.scopes[-1].statements
    if isinstance(statement, Store):
        entry = ir.access(statement.buffer, *written.indices)  # type: ignore[union-attr]
        again = _reads_after(writer, piece, entry, block)
        gone = again == writer.total[entry] and _only_here(writer, statement.buffer, entry)
        if again and _steady(writer, statement.value, block[block.index(piece) + 1 :]):
            hold(writer, entry, statement.value, len(writer.scopes) - 1)
            if gone:
                return
        elif gone and not again:
            return
        elif again:
            free_name = gone or statement.buffer in writer.space.shared
            name = statement.buffer.name if free_name else unique(f"{statement.buffer.name}_entry", writer.space.names)
            local = ir.Input(name, statement.buffer.dtype)
            statements.append(Let(local, statement.value))
            hold(writer, entry, ir.access(local), len(writer.scopes) - 1)
            if gone:
                return
            statement = replace(statement, value=ir.access(local))
    statements.append(_final(writer.space, statement))


def _steady(writer: Writer, value: Scalar, following: Sequence[Piece]) -> bool:
    """Whether a value is a constant or a number in memory that stays what it is."""
    if isinstance(value, ir.Access) and not value.indices:
        root = writer.space.root(value.tensor)  # type: ignore[arg-type]
        return not any(root in piece.writes for piece in following)
    return isinstance(value, ir.Constant)


def _reads_after(writer: Writer, piece: Piece, entry: AnyNode, block: Sequence[Piece]) -> int:
    """How often an entry is read in what follows the piece in its block, until its buffer is written again."""
    buffer = next(iter(piece.writes))
    count = 0
    for other in block[block.index(piece) + 1 :]:
        count += _reads(writer, other)[entry]
        if buffer in other.writes:
            break
    return count


def _reads(writer: Writer, piece: Piece) -> Counter[AnyNode]:
    """The accesses of a piece, each once for each statement that holds it."""
    counts = writer.read.get(piece)
    if counts is None:
        counts = Counter()
        if piece.statement is not None:
            scalars = scalars_below(scalars_of(writer.settled.statements[piece]))
            counts.update(node for node in scalars if isinstance(node, ir.Access))
        for block in piece.blocks:
            for inner in block:
                counts.update(_reads(writer, inner))
        writer.read[piece] = counts
    return counts


def _only_here(writer: Writer, buffer: Buffer, entry: AnyNode) -> bool:
    """Whether a temporary is written by one Store and read only as `entry`."""
    return buffer in writer.settled.single and all(
        node is entry for node in writer.total if isinstance(node, ir.Access) and node.tensor is buffer
    )


def _read_old(writer: Writer, facts: Facts, pieces: Sequence[Piece]) -> None:
    """Name the entries that this block overwrites in place and still reads afterwards."""
    shared, gone = writer.space.shared, set[Buffer]()
    for piece in pieces:
        statement = writer.settled.statements.get(piece)
        if statement is None or piece.blocks:
            continue
        for node in _reads(writer, piece):
            if isinstance(node, ir.Access) and node.tensor in gone and node.indices:
                facts.bound.add(node)
                values(writer, facts, [node])
        if isinstance(statement, Store) and statement.buffer in shared:
            gone.add(shared[statement.buffer])


def _final(space: Space, statement: Statement) -> Statement:
    """Writes go to the memory that a next value shares."""
    at = space.memory
    match statement:
        case Store(buffer=buffer):
            return replace(statement, buffer=at(buffer))
        case Accumulate(buffer=buffer, position=position):
            return replace(statement, buffer=at(buffer), position=None if position is None else at(position))
        case Invoke(arguments=arguments, results=results):
            return replace(statement, arguments=tuple(map(at, arguments)), results=tuple(map(at, results)))
        case Copy(target, source):
            return Copy(at(target), at(source))
        case Swap(left, right):
            return Swap(at(left), at(right))
        case Alias(base=base):
            return replace(statement, base=at(base))
    return statement


def mentioned(statements: Iterable[Statement]) -> set[AnyNode]:
    """The buffers and locals that statements read or write."""
    found: set[AnyNode] = set()
    stack: list[Statement] = list(statements)
    while stack:
        statement = stack.pop()
        for node in scalars_below(scalars_of(statement)):
            if isinstance(node, ir.Access):
                found.add(node.tensor)
        match statement:
            case Store(buffer=buffer):
                found.add(buffer)
            case Accumulate(buffer=buffer, position=position):
                found.update((buffer,) if position is None else (buffer, position))
            case Invoke(arguments=arguments, results=results):
                found.update((*arguments, *results))
            case Copy(left, right) | Swap(left, right) | Alias(left, right, _):
                found.update((left, right))
            case For(body=body):
                stack.extend(body)
            case While(counter=counter, head=head, tail=tail, close=ending):
                found.add(counter)
                stack.extend((*head, *tail, *ending))
            case If(then=then, otherwise=otherwise):
                stack.extend((*then, *otherwise))
    return found
