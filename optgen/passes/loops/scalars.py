"""Pieces to statements, with names for the scalars that should be computed once.

A value that an inner loop would compute again in every iteration, and that costs more than a few cycles, is a Let before
it; so is a costly value used twice.  A stored entry that the same block reads again is a Let too, and the buffer goes
if nothing else reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace

from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, Copy, For, If, Invoke, Let, Statement, Store, Swap, While
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import apply
from optgen.passes.loops.pieces import HEAVY, Piece, serial
from optgen.passes.loops.settle import Settled, scalars_of, with_scalars
from optgen.passes.loops.space import Space, unique

# cheap enough to be computed again, or to be left to LLVM to move
LIGHT = frozenset(
    ["add", "sub", "mul", "neg", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "minimum", "maximum"]
    + ["to_real", "bool_to_int", "stop_gradient", "sign", "abs"]
)
LAZY = HEAVY | {"floordiv", "mod"}  # not computed where a condition might spare it
WORDS = {
    "add": "total", "sub": "difference", "mul": "product", "div": "ratio", "neg": "negative", "power": "power",
    "power_int": "power", "sqrt": "root", "threefry": "bits", "int_to_bits": "word", "eq": "same", "and": "both", "or": "either",
    "not": "opposite", "abs": "size",
}


@dataclass(slots=True)
class Scope:
    """A block being written: `writes` is the memory that its loop changes, `named` what got a local here."""

    statements: list[Statement]
    writes: frozenset[Buffer]
    index: Index | None = None
    floor: int = 0
    named: list[AnyNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a local holds: in the scope `depth`, until one of `buffers` is written."""

    value: Scalar
    depth: int
    buffers: frozenset[Buffer]


@dataclass(slots=True)
class Facts:
    """What a block's scalars are like: which have no name yet (`open`, parts first), the scope each belongs to, whether it
    is costly, lazy, surely computed, how often it is used; `bound` are those to name."""

    open: list[AnyNode] = field(default_factory=list)
    level: dict[AnyNode, int] = field(default_factory=dict)
    worth: set[AnyNode] = field(default_factory=set)
    lazy: set[AnyNode] = field(default_factory=set)
    uses: Counter[AnyNode] = field(default_factory=Counter)
    sure: set[AnyNode] = field(default_factory=set)
    bound: set[AnyNode] = field(default_factory=set)


@dataclass(slots=True)
class Writer:
    """All that placing statements needs: the open scopes, what locals hold, `read` the accesses of each piece, `total`
    those of the procedure."""

    space: Space
    settled: Settled
    scopes: list[Scope]
    known: dict[AnyNode, Held] = field(default_factory=dict)
    read: dict[Piece, Counter[AnyNode]] = field(default_factory=dict)
    total: Counter[AnyNode] = field(default_factory=Counter)


def write(space: Space, settled: Settled, pieces: Sequence[Piece]) -> tuple[Statement, ...]:
    """The statements of a procedure."""
    writer = Writer(space, settled, [Scope([], frozenset())])
    for piece in pieces:
        writer.total.update(_reads(writer, piece))
    _block(writer, pieces)
    return tuple(writer.scopes[0].statements)


# ---------------------------------------------------------------- statements


def _block(writer: Writer, pieces: Sequence[Piece], last: Sequence[Scalar] = ()) -> list[Scalar]:
    """Write the pieces into the innermost scope; `last` are scalars needed at the end."""
    direct = [scalars_of(writer.settled.statements[piece]) for piece in pieces if piece.statement is not None and not piece.blocks]
    facts = _facts(writer, [*(scalar for group in direct for scalar in group), *last])
    _read_old(writer, facts, pieces)
    for piece in pieces:
        if piece.index is not None:
            _loop(writer, piece)
        elif piece.blocks:
            _compound(writer, piece)
        else:
            _leaf(writer, facts, piece, pieces)
    return _values(writer, facts, last)


def _loop(writer: Writer, piece: Piece) -> None:
    index = writer.space.one(piece.index)  # type: ignore[arg-type]
    assert isinstance(index, Index)
    _forget(writer, piece.writes)
    outer = writer.scopes[-1]
    writer.scopes.append(Scope([], frozenset(piece.writes), index, outer.floor))
    _block(writer, piece.body)
    scope = _close(writer)
    flat = not any(inner.index is not None or inner.blocks for inner in piece.body)
    vector = flat and not any(serial(inner) for inner in piece.body)
    outer.statements.append(For(index, tuple(scope.statements), vector, piece.comment))


def _compound(writer: Writer, piece: Piece) -> None:
    _forget(writer, piece.writes)
    match writer.settled.statements[piece]:
        case While() as loop:
            limit = None if loop.limit is None else _one(writer, loop.limit)
            writer.scopes.append(Scope([], frozenset(piece.writes), None, writer.scopes[-1].floor))
            condition = _block(writer, piece.blocks[0], [] if loop.condition is None else [loop.condition])
            split = len(writer.scopes[-1].statements)
            _block(writer, piece.blocks[1])
            made = _close(writer).statements
            test = condition[0] if condition else None
            head, tail = tuple(made[:split]), tuple(made[split:])
            writer.scopes[-1].statements.append(While(loop.counter, limit, head, test, tail, loop.name))
        case If(condition=test):
            test = _one(writer, test)
            blocks = []
            for pieces in piece.blocks:
                writer.scopes.append(Scope([], frozenset(), None, len(writer.scopes)))
                _block(writer, pieces)
                blocks.append(tuple(_close(writer).statements))
            writer.scopes[-1].statements.append(If(test, *blocks))


def _one(writer: Writer, scalar: Scalar) -> Scalar:
    return _values(writer, _facts(writer, [scalar]), [scalar])[0]


def _leaf(writer: Writer, facts: Facts, piece: Piece, block: Sequence[Piece]) -> None:
    written = writer.settled.statements[piece]
    statement = with_scalars(written, _values(writer, facts, scalars_of(written)))
    _forget(writer, piece.writes)
    statements = writer.scopes[-1].statements
    if isinstance(statement, Store):
        entry = ir.access(statement.buffer, *written.indices)  # type: ignore[union-attr]
        again = _reads_after(writer, piece, entry, block)
        gone = again == writer.total[entry] and _only_here(writer, statement.buffer, entry)
        if again and _steady(writer, statement.value, block[block.index(piece) + 1 :]):
            _hold(writer, entry, statement.value, len(writer.scopes) - 1)
            if gone:
                return
        elif gone and not again:
            return
        elif again:
            free_name = gone or statement.buffer in writer.space.shared
            name = statement.buffer.name if free_name else unique(f"{statement.buffer.name}_entry", writer.space.names)
            local = ir.Input(name, statement.buffer.dtype)
            statements.append(Let(local, statement.value))
            _hold(writer, entry, ir.access(local), len(writer.scopes) - 1)
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
            scalars = _scalars(scalars_of(writer.settled.statements[piece]))
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


def _hold(writer: Writer, node: AnyNode, value: Scalar, depth: int) -> None:
    """From here on a value is read from a local, or is a constant.  What was read before it was overwritten in place
    stays what it was."""
    space = writer.space
    old = set(space.shared.values())
    buffers = {n.tensor for n in _scalars([node]) if isinstance(n, ir.Access)} - old  # type: ignore[operator]
    writer.known[node] = Held(value, depth, frozenset(space.root(b) for b in buffers))  # type: ignore[arg-type]
    writer.scopes[depth].named.append(node)


def _close(writer: Writer) -> Scope:
    scope = writer.scopes.pop()
    for node in scope.named:
        writer.known.pop(node, None)
    return scope


def _forget(writer: Writer, written: Iterable[Buffer]) -> None:
    gone = set(written)
    for node in [node for node, held in writer.known.items() if not held.buffers.isdisjoint(gone)]:
        del writer.known[node]


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
                _values(writer, facts, [node])
        if isinstance(statement, Store) and statement.buffer in shared:
            gone.add(shared[statement.buffer])


def _final(space: Space, statement: Statement) -> Statement:
    """Writes go to the memory that a next value shares."""
    def at(buffer: Buffer) -> Buffer:
        return space.shared.get(buffer, buffer)

    match statement:
        case Store(buffer=buffer):
            return replace(statement, buffer=at(buffer))
        case Accumulate(buffer=buffer, position=position):
            return replace(statement, buffer=at(buffer), position=None if position is None else at(position))
        case Invoke(arguments=arguments, results=results):
            return replace(statement, arguments=tuple(map(at, arguments)), results=tuple(map(at, results)))
    return statement


# ---------------------------------------------------------------- scalars


def _parts(node: AnyNode) -> tuple[Scalar, ...]:
    match node:
        case ir.Operation(arguments=arguments):
            return arguments
        case ir.Access(indices=indices):
            return indices
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
    return ()


def _scalars(roots: Iterable[AnyNode], known: Container[AnyNode] = ()) -> list[AnyNode]:
    """All scalars below the roots, parts first; what is known is not entered."""
    order: list[AnyNode] = []
    seen: set[AnyNode] = set()
    stack: list[AnyNode | None] = list(roots)
    stack.reverse()
    open_nodes: list[AnyNode] = []
    while stack:
        node = stack.pop()
        if node is None:
            order.append(open_nodes.pop())
        elif node not in seen:
            seen.add(node)
            parts = () if node in known else _parts(node)
            if parts:
                open_nodes.append(node)
                stack.append(None)
                stack.extend(parts[::-1])
            else:
                order.append(node)
    return order


def _facts(writer: Writer, roots: Sequence[Scalar]) -> Facts:
    facts = Facts()
    scopes = writer.scopes
    here = len(scopes) - 1
    depths = {scope.index: depth for depth, scope in enumerate(scopes) if scope.index is not None}
    order = _scalars(roots, writer.known)
    facts.uses.update(roots)
    for node in order:
        held = writer.known.get(node)
        if held is not None:
            facts.level[node] = held.depth
            continue
        parts = _parts(node)
        facts.uses.update(parts)
        facts.open.append(node)
        level = max((facts.level[part] for part in parts), default=scopes[here].floor)
        match node:
            case ir.Index():
                level = max(level, depths.get(node, 0))
            case ir.Access(tensor=tensor):
                root = writer.space.root(tensor)  # type: ignore[arg-type]
                level = max([level, *(depth for depth, scope in enumerate(scopes) if root in scope.writes)])
        facts.level[node] = level
        if _costly(node) or any(part in facts.worth for part in parts):
            facts.worth.add(node)
        if (isinstance(node, ir.Operation) and node.name in LAZY) or any(part in facts.lazy for part in parts):
            facts.lazy.add(node)
    _mark_sure(facts, roots)
    _choose_bound(facts, roots, here)
    return facts


def _costly(node: AnyNode) -> bool:
    match node:
        case ir.Operation(name=name, arguments=arguments):
            return name not in LIGHT and not all(isinstance(a, ir.Constant) for a in arguments)
        case ir.Access(indices=indices):
            return bool(indices)
    return False


def _mark_sure(facts: Facts, roots: Sequence[Scalar]) -> None:
    """What is computed whichever way the choices fall."""
    stack: list[AnyNode] = list(roots)
    while stack:
        node = stack.pop()
        if node in facts.sure:
            continue
        facts.sure.add(node)
        stack.extend([node.condition] if isinstance(node, ir.Choose) else _parts(node))


def _choose_bound(facts: Facts, roots: Sequence[Scalar], here: int) -> None:
    """The values to name: costly ones that an outer scope can hold, and costly ones used twice."""
    outermost: set[AnyNode] = {root for root in roots if facts.level[root] < here}
    for node in facts.open:
        outermost.update(part for part in _parts(node) if facts.level[part] < facts.level[node])
    for node in facts.open:
        if node not in facts.worth or (node in facts.lazy and node not in facts.sure):
            continue
        plain = isinstance(node, ir.Access) and all(isinstance(p, ir.Index | ir.Constant) for p in node.indices)
        if (facts.level[node] < here and node in outermost) or (facts.uses[node] > 1 and not plain):
            facts.bound.add(node)


def _values(writer: Writer, facts: Facts, roots: Sequence[Scalar]) -> list[Scalar]:
    """The scalars with named values in place; what is to be named and is not yet, is named now."""
    done: dict[AnyNode, Scalar] = {}
    for node in _scalars(roots, writer.known):
        held = writer.known.get(node)
        if held is not None:
            done[node] = held.value
            continue
        made = _rebuilt(writer.space, node, done)
        if node in facts.bound and not (isinstance(made, ir.Access) and not made.indices):
            depth = facts.level[node]
            local = ir.Input(unique(_described(node), writer.space.names), made.dtype)
            writer.scopes[depth].statements.append(Let(local, made))
            made = ir.access(local)
            _hold(writer, node, made, depth)
        done[node] = made
    return [done[root] for root in roots]


def _rebuilt(space: Space, node: AnyNode, done: dict[AnyNode, Scalar]) -> Scalar:
    match node:
        case ir.Operation(name=name, arguments=arguments):
            new = tuple(done[a] for a in arguments)
            return node if new == arguments else apply(name, *new)
        case ir.Access(tensor=tensor, indices=indices):
            return ir.access(space.shared.get(tensor, tensor), *(done[i] for i in indices))  # type: ignore[arg-type, call-overload]
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return ir.choose(done[condition], done[then], done[otherwise])
    return node  # type: ignore[return-value]


def _described(node: AnyNode) -> str:
    match node:
        case ir.Access(tensor=tensor, indices=indices):
            names = [i.name if isinstance(i, Index) else str(i.value) if isinstance(i, ir.Constant) else "" for i in indices]
            return "_".join([tensor.name, *(name for name in names if name)])  # type: ignore[union-attr]
        case ir.Operation(name=name, arguments=arguments):
            first = next((_described(a) for a in arguments if isinstance(a, ir.Access)), "")
            word = WORDS.get(name, name)
            return f"{word}_{first}" if first and len(arguments) == 1 else word
        case ir.Choose():
            return "chosen"
    return "value"


def mentioned(statements: Iterable[Statement]) -> set[AnyNode]:
    """The buffers and locals that statements read or write."""
    found: set[AnyNode] = set()
    stack: list[Statement] = list(statements)
    while stack:
        statement = stack.pop()
        for node in _scalars(scalars_of(statement)):
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
            case While(counter=counter, head=head, tail=tail):
                found.add(counter)
                stack.extend((*head, *tail))
            case If(then=then, otherwise=otherwise):
                stack.extend((*then, *otherwise))
    return found
