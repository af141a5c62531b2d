"""Loops that can be cut into parts: which they are, and what their parts need.

A nest can be cut where its iterations are independent: each writes entries of its own, found at its own index on one
axis, and numbers that are used nowhere else; what several iterations accumulate are numbers and arrays that nothing
else reads meanwhile.  Each part accumulates in memory of its own, and this is put together in the order of the parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from optgen.backends.llvm.costs import Cost, cost_of, outermost
from optgen.backends.llvm.products import products
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.imperative import (
    Accumulate,
    Alias,
    Buffer,
    Copy,
    For,
    If,
    Invoke,
    Let,
    Procedure,
    Statement,
    Store,
    Swap,
    While,
)
from optgen.ir.nodes import Index, Scalar

# In units of `costs`.  Sharing takes a few microseconds when workers are awake, some tens of them when they sleep.
LARGE = 1 << 20  # of a loop that is worth to be shared
GRAIN = 1 << 16  # of a part
COPIES = 16  # at most, of an array that parts accumulate; each entry of all copies must go with WORTH of the cost
WORTH = 4

Views = Mapping[Buffer, Buffer]  # what each view is part of


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop that can be cut: the `arrays` and `numbers` that its parts are given, what they accumulate with the kind
    of each, `totals` in numbers and `sums` in arrays, and its whole cost."""

    loop: For
    arrays: tuple[Buffer, ...]
    numbers: tuple[Buffer, ...]
    totals: tuple[tuple[Buffer, str], ...]
    sums: tuple[tuple[Buffer, str], ...]
    dims: tuple[ir.Dim, ...]
    cost: Cost


def nests(procedure: Procedure) -> dict[Index, Nest]:
    """The nests of a procedure that can be cut, by the index of their outermost loop."""
    views = {view.name: view.base for view in _all(procedure.body) if isinstance(view, Alias)}
    mentions = Counter(_numbers(procedure.body))
    mentions.update(buffer for buffer in procedure.results if not buffer.axes)
    found = {}
    for loop in outermost(procedure.body):
        nest = _nest(loop, mentions, views) if isinstance(loop, For) else None
        if nest is not None:
            found[nest.loop.index] = nest
    return found


def shareable(procedure: Procedure) -> Iterator[tuple[Cost, Cost]]:
    """The cost of each loop and product that can be cut, and the entries of the memory of its own that it needs."""
    for nest in nests(procedure).values():
        yield nest.cost, copies(nest)
    for product in products(procedure.body):
        yield cost_of(product), ()


def copies(nest: Nest) -> Cost:
    """How many entries the arrays have that all parts accumulate, each part in its own."""
    return tuple((COPIES, buffer.axes) for buffer, _ in nest.sums)


# ---------------------------------------------------------------- what a loop does


@dataclass(slots=True)
class Touched:
    """What a loop reads and writes.  `defined` are the numbers set so far in an iteration, `own` all that it sets."""

    entries: dict[Buffer, list[tuple[Scalar, ...]]] = field(default_factory=dict)  # of arrays, by name
    written: set[Buffer] = field(default_factory=set)
    accumulated: dict[Buffer, list[str]] = field(default_factory=dict)  # arrays, with the kind each time
    read: dict[Buffer, None] = field(default_factory=dict)  # numbers set before the loop
    own: set[Buffer] = field(default_factory=set)
    totals: dict[Buffer, str] = field(default_factory=dict)
    dims: dict[ir.Dim, None] = field(default_factory=dict)
    cut: bool = True  # nothing was met that forbids it


def _nest(loop: For, mentions: Mapping[Buffer, int], views: Views) -> Nest | None:
    touched = Touched()
    _block(loop.body, touched, set(), views)
    inside = Counter(_numbers((loop,)))
    private = all(inside[number] == mentions[number] for number in touched.own)
    clear = not (touched.own | set(touched.totals)) & set(touched.read) and not touched.own & set(touched.totals)
    if not (touched.cut and private and clear):
        return None
    sums = _sums(touched, loop.index, views)
    if sums is None:
        return None
    arrays = tuple(buffer for buffer in touched.entries if buffer not in sums)
    totals, cost = tuple(touched.totals.items()), cost_of(loop)
    return Nest(loop, arrays, tuple(touched.read), totals, tuple(sums.items()), tuple(touched.dims), cost)


def _sums(touched: Touched, index: Index, views: Views) -> dict[Buffer, str] | None:
    """The arrays that iterations accumulate together; None if one touches what another writes in any other way."""
    names: dict[Buffer, set[Buffer]] = {}
    for buffer in touched.entries:
        names.setdefault(_root(buffer, views), set()).add(buffer)
    found: dict[Buffer, str] = {}
    for buffer in touched.written:
        entries, kinds = touched.entries[buffer], touched.accumulated.get(buffer, [])
        if len(names[_root(buffer, views)]) > 1:
            return None
        if any(all(entry[k] is index for entry in entries) for k in range(len(buffer.axes))):
            continue
        if len(kinds) < len(entries) or len(set(kinds)) > 1 or buffer.dtype != "real":
            return None
        found[buffer] = kinds[0]
    return found


def _root(buffer: Buffer, views: Views) -> Buffer:
    while buffer in views:
        buffer = views[buffer]
    return buffer


def _block(block: Sequence[Statement], touched: Touched, defined: set[Buffer], views: Views) -> None:
    """Note what the statements of one block do; `defined` grows in it."""
    for statement in block:
        match statement:
            case Let(local, value):
                _reads((value,), touched, defined, views)
                _set(local, touched, defined)
            case Store(buffer, indices, value):
                _reads((value, *indices), touched, defined, views)
                _written(buffer, indices, touched, defined, views)
            case Accumulate(indices=indices, value=value, condition=condition, at=at):
                _reads([s for s in (value, *indices, condition, at) if s is not None], touched, defined, views)
                _accumulated(statement, touched, defined, views)
            case For(index=index, body=body):
                _reads((index.extent,), touched, defined, views)
                _block(body, touched, set(defined), views)
            case If(condition=test, then=then, otherwise=otherwise):
                _reads((test,), touched, defined, views)
                _block(then, touched, set(defined), views)
                _block(otherwise, touched, set(defined), views)
            case _:
                touched.cut = False


def _accumulated(statement: Accumulate, touched: Touched, defined: set[Buffer], views: Views) -> None:
    buffer, position = statement.buffer, statement.position
    if buffer.axes or buffer in views:
        _written(buffer, statement.indices, touched, defined, views)
        if position is None:
            touched.accumulated.setdefault(buffer, []).append(statement.kind)
    elif buffer not in defined:
        touched.cut &= position is None and touched.totals.setdefault(buffer, statement.kind) == statement.kind
    if position is not None:
        if position.axes or position in views:
            _written(position, statement.indices, touched, defined, views)
        touched.cut &= bool(position.axes) or position in defined


def _written(buffer: Buffer, indices: Sequence[Scalar], touched: Touched, defined: set[Buffer], views: Views) -> None:
    if buffer.axes or buffer in views:
        touched.written.add(buffer)
        touched.entries.setdefault(buffer, []).append(tuple(indices))
        _reads(buffer.axes, touched, defined, views)
    else:
        _set(buffer, touched, defined)


def _set(number: Buffer, touched: Touched, defined: set[Buffer]) -> None:
    defined.add(number)
    touched.own.add(number)


def _reads(scalars: Sequence[Scalar], touched: Touched, defined: set[Buffer], views: Views) -> None:
    for node in walk.postorder(scalars):
        match node:
            case ir.Access(tensor=ir.Input() as buffer, indices=indices):
                if buffer.axes or buffer in views:
                    touched.entries.setdefault(buffer, []).append(indices)
                elif buffer not in defined:
                    touched.read[buffer] = None
            case ir.Dim():
                touched.dims[node] = None


# ---------------------------------------------------------------- statements


def _all(block: Sequence[Statement]) -> Iterator[Statement]:
    stack = list(block)
    while stack:
        statement = stack.pop()
        yield statement
        match statement:
            case For(body=body):
                stack.extend(body)
            case If(then=then, otherwise=otherwise):
                stack.extend((*then, *otherwise))
            case While(head=head, tail=tail, close=close):
                stack.extend((*head, *tail, *close))


def _numbers(block: Sequence[Statement]) -> Iterator[Buffer]:
    """The numbers that statements read or write, once for each time."""
    for statement in _all(block):
        scalars: tuple[Scalar | None, ...] = ()
        buffers: tuple[Buffer, ...] = ()
        match statement:
            case Let(local, value):
                buffers, scalars = (local,), (value,)
            case Store(buffer, indices, value):
                buffers, scalars = (buffer,), (*indices, value)
            case Accumulate(buffer=buffer, indices=indices, value=value, condition=condition):
                buffers = (buffer,) if statement.position is None else (buffer, statement.position)
                scalars = (*indices, value, condition, statement.at)
            case For(index=index):
                scalars = (index.extent,)
            case If(condition=test):
                scalars = (test,)
            case While(counter=counter, limit=limit, condition=test):
                buffers, scalars = (counter,), (limit, test)
            case Invoke(arguments=arguments, results=results):
                buffers = (*arguments, *results)
            case Copy(left, right) | Swap(left, right):
                buffers = (left, right)
            case Alias(name, base, offset):
                buffers, scalars = (name, base), (offset,)
        axes = [axis for buffer in buffers for axis in buffer.axes]
        yield from (buffer for buffer in buffers if not buffer.axes)
        for node in walk.postorder([s for s in (*scalars, *axes) if s is not None]):
            if isinstance(node, ir.Access) and isinstance(node.tensor, ir.Input) and not node.tensor.axes:
                yield node.tensor
