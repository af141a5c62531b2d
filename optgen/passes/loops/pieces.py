"""Statements with what they read and write, and the fusion of loops over them.

Two loops become one when every buffer that one writes and the other touches is accessed, on some axis, at the loop's
own index in both: then an iteration meets only what the same iteration left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, Copy, If, Invoke, Statement, Store, Swap, While
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.special import SPECIAL
from optgen.passes.loops.space import Space

# operations that a loop should compute for many entries at a time rather than between two inner loops
HEAVY = frozenset(
    [
        *("power", "power_int", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "arccos", "arctan2", "sinh"),
        *("cosh", "tanh", "erf", "lgamma", "digamma", "threefry", "mod"),
        *SPECIAL,
    ]
)


@dataclass(frozen=True, slots=True)
class Touch:
    """An access to memory: `buffer` as written, at `indices`, or as a whole (None)."""

    buffer: Buffer
    indices: tuple[Scalar, ...] | None


Touches = dict[Buffer, frozenset[Touch]]


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A statement with what it touches, by the buffer that owns the memory.

    A loop has an `index` and one block, its body; a While (its statement has empty blocks) has head, tail and close, an
    If its branches.  `heavy`: the statement, or one directly in the loop, has an operation that should be vectorised.
    """

    statement: Statement | None
    index: Index | None
    blocks: tuple[tuple[Piece, ...], ...]
    reads: Touches
    writes: Touches
    heavy: bool = False
    comment: str = ""

    @property
    def body(self) -> tuple[Piece, ...]:
        return self.blocks[0]


# ---------------------------------------------------------------- building


def nest(space: Space, loops: Sequence[Index], body: Sequence[Piece], comment: str = "") -> Piece:
    """`body` under the loops, the first outermost; without loops `body` is one piece."""
    inner = tuple(body)
    for index in reversed(loops):
        inner = (loop_over(space, index, inner, comment if index is loops[0] else ""),)
    return inner[0]


def loop_over(space: Space, index: Index, body: Sequence[Piece], comment: str = "") -> Piece:
    reads = merged([*(piece.reads for piece in body), touched(space, [index.extent])])
    heavy = any(piece.heavy for piece in body if piece.index is None)
    return Piece(None, index, (tuple(body),), reads, merged(piece.writes for piece in body), heavy, comment)


def merged(touches: Iterable[Touches]) -> Touches:
    result: Touches = {}
    for one in touches:
        for buffer, places in one.items():
            known = result.get(buffer)
            result[buffer] = places if known is None else known | places
    return result


def leaf(space: Space, statement: Statement) -> Piece:
    """A statement that holds no others."""
    scalars: Sequence[Scalar | None] = ()
    read: tuple[Buffer, ...] = ()
    written: tuple[Buffer, ...] = ()
    where: tuple[Scalar, ...] | None = None
    match statement:
        case Store(buffer, indices, value):
            scalars, written, where = (*indices, value), (buffer,), indices
        case Accumulate(_, buffer, indices, value, condition, at, position):
            scalars, where = (*indices, value, condition, at), indices
            written = (buffer,) if position is None else (buffer, position)
        case Invoke(_, arguments, results):
            read, written = arguments, results
        case Copy(target, source):
            read, written = (source,), (target,)
        case Swap(left, right):
            written = (left, right)
        case Alias(_, base, offset):
            scalars, read = (offset,), (base,)
        case _:
            raise ir.IRError(f"a {type(statement).__name__} is not a piece by itself")
    reads = merged([touched(space, [s for s in scalars if s is not None]), _wholes(space, read)])
    if isinstance(statement, Alias):  # it makes a name, and writes no memory
        return Piece(statement, None, (), reads, {statement.name: frozenset((Touch(statement.name, None),))})
    writes = merged({owner: frozenset((Touch(buffer, where),))} for buffer in written for owner in space.owners(buffer))
    return Piece(statement, None, (), reads, writes, _heavy(statement))


def compound(
    space: Space, statement: While | If, blocks: Sequence[Sequence[Piece]], scalars: Iterable[Scalar]
) -> Piece:
    """A While or an If over pieces; to what stands around it, it touches its buffers as wholes."""
    pieces = [piece for block in blocks for piece in block]
    read = [*(buffer for piece in pieces for buffer in piece.reads), *touched(space, scalars)]
    written = [buffer for piece in pieces for buffer in piece.writes]
    if isinstance(statement, While):
        written.append(statement.counter)
    kept = tuple(tuple(block) for block in blocks)
    return Piece(statement, None, kept, _wholes(space, read), _wholes(space, written))


def _wholes(space: Space, buffers: Iterable[Buffer]) -> Touches:
    return merged({owner: frozenset((Touch(buffer, None),))} for buffer in buffers for owner in space.owners(buffer))


def touched(space: Space, scalars: Iterable[Scalar]) -> Touches:
    """The accesses in scalars."""
    found: dict[Buffer, set[Touch]] = {}
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = list(scalars)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        match node:
            case ir.Access(tensor=ir.Input() as tensor, indices=indices):
                for owner in space.owners(tensor):
                    found.setdefault(owner, set()).add(Touch(tensor, indices))
                stack.extend(indices)
            case ir.Operation():
                stack.extend(node.arguments)
            case ir.Choose():
                stack.extend((node.condition, node.then, node.otherwise))
    return {buffer: frozenset(places) for buffer, places in found.items()}


# ---------------------------------------------------------------- fusion


def insert(space: Space, pieces: list[Piece], new: Piece) -> None:
    """Add a piece to a block in order: into a loop it can share, else as early as what it depends on allows."""
    place = len(pieces)
    while place > 0:
        old = pieces[place - 1]
        if new.index is not None and old.index is not None and _worthwhile(old, new) and _fusible(space, old, new):
            pieces[place - 1] = _fused(space, old, new)
            return
        if _conflicts(old, new):
            break
        place -= 1
    pieces.insert(place, new)


def joins(space: Space, before: Sequence[Piece], after: Sequence[Piece], made: Sequence[Piece]) -> bool:
    """Whether the last of new pieces would share a flat loop of the block `before`, and none needs what comes after."""
    new = made[-1]
    if new.index is None or _deep(new) or any(_conflicts(piece, other) for piece in after for other in made):
        return False
    for old in reversed(before):
        if old.index is not None and not _deep(old) and _worthwhile(old, new) and _fusible(space, old, new):
            return True
        if _conflicts(old, new):
            return False
    return False


def _conflicts(first: Piece, second: Piece) -> set[Buffer]:
    """The memory that one writes and the other touches."""
    shared = first.writes.keys() & (second.reads.keys() | second.writes.keys())
    return shared | (first.reads.keys() & second.writes.keys())


def _fusible(space: Space, old: Piece, new: Piece) -> bool:
    if old.index is None or new.index is None or not extents.same(old.index.extent, new.index.extent):
        return False
    for buffer in _conflicts(old, new):
        places = [(touch, old.index) for table in (old.reads, old.writes) for touch in table.get(buffer, ())]
        places += [(touch, new.index) for table in (new.reads, new.writes) for touch in table.get(buffer, ())]
        if not along(space, places):
            return False
    return True


def along(space: Space, places: Sequence[tuple[Touch, Index]]) -> bool:
    """Whether all accesses are to one buffer and have, on some axis, the index of their loop."""
    first, _ = places[0]
    if first.indices is None or any(touch.buffer is not first.buffer for touch, _ in places):
        return False
    return any(
        all(touch.indices is not None and space.one(touch.indices[axis]) is index for touch, index in places)
        for axis in range(len(first.indices))
    )


def _fused(space: Space, old: Piece, new: Piece) -> Piece:
    assert old.index is not None and new.index is not None
    space.same[new.index] = old.index
    body = list(old.body)
    for piece in new.body:
        insert(space, body, piece)
    comment = ", ".join(dict.fromkeys(part for part in (old.comment, new.comment) if part))
    return loop_over(space, old.index, body, comment)


def _deep(loop: Piece) -> bool:
    """Whether a loop holds others."""
    return any(piece.statement is None or piece.blocks for piece in loop.body)


def _worthwhile(old: Piece, new: Piece) -> bool:
    """Loops that vectorise stay apart from what would stop that: inner loops by heavy operations, scattered writes."""
    if _deep(old) != _deep(new):
        return not old.heavy and not new.heavy
    return _deep(old) or any(map(serial, old.body)) == any(map(serial, new.body))


def _heavy(statement: Statement) -> bool:
    match statement:
        case Store(value=value):
            return has_heavy([value])
        case Accumulate(value=value, condition=condition):
            return has_heavy([value] if condition is None else [value, condition])
    return False


def has_heavy(scalars: Iterable[Scalar]) -> bool:
    """Whether an operation below the scalars is one of HEAVY."""
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = list(scalars)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        match node:
            case ir.Operation(name=name, arguments=arguments):
                if name in HEAVY:
                    return True
                stack.extend(arguments)
            case ir.Choose():
                stack.extend((node.condition, node.then, node.otherwise))
    return False


def serial(piece: Piece) -> bool:
    match piece.statement:
        case Accumulate(kind=kind, indices=indices):
            scattered = any(not isinstance(place, ir.Index) and place.free for place in indices)
            return scattered or kind in ("argmax", "argmin")
    return False
