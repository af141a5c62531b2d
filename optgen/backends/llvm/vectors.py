"""Loops whose iterations are independent, as vector loops: several iterations side by side.

`fits` says whether a loop has this form; `vector_loop` writes it.  Lanes beyond the end are masked: loops of cheap
operations have whole blocks and then a masked one, loops with elementary functions one masked block only, for these are
long.  Sums are kept lane by lane and added at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from optgen.backends.llvm import masks
from optgen.backends.llvm.body import Body
from optgen.backends.llvm.division import by_invariant
from optgen.backends.llvm.lanes import SINGLE, Lanes, width
from optgen.backends.llvm.products import MATVEC
from optgen.backends.llvm.rows import VECMAT
from optgen.backends.llvm.scalars import LONG, RULES, parts_of, scalar, works_on_vectors
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Alias, Buffer, For, If, Invoke, Let, Statement, Store, While
from optgen.ir.nodes import Index, Scalar

REDUCTIONS = {"sum": "fadd", "prod": "fmul", "max": "fmaximum", "min": "fminimum"}
OF_INTEGERS = {"sum": "add", "prod": "mul", "max": "smax", "min": "smin"}
FEW = 4
OF_TRUTHS = {"any": "or", "all": "and"}

# ---------------------------------------------------------------- which loops


@dataclass(slots=True)
class Shape:
    """What a loop's scalars are like: `index` runs, `locals` have the values that differ from lane to lane."""

    index: Index
    locals: dict[Scalar, Scalar] = field(default_factory=dict)
    differs: dict[Scalar, bool] = field(default_factory=dict)

    def varies(self, root: Scalar) -> bool:
        """Whether a scalar is not the same in all iterations."""
        stack: list[tuple[Scalar, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in self.differs:
                continue
            parts = parts_of(node)
            if not ready and parts:
                stack.append((node, True))
                stack.extend((part, False) for part in parts)
                continue
            own = node is self.index or node in self.locals
            self.differs[node] = own or any(self.differs[part] for part in parts)
        return self.differs[root]

    def runs(self, node: Scalar) -> bool:
        """Whether a scalar grows by one from one iteration to the next."""
        match node:
            case ir.Index():
                return node is self.index
            case ir.Operation(name="add", arguments=(a, b)):
                return (self.runs(a) and not self.varies(b)) or (self.runs(b) and not self.varies(a))
            case ir.Operation(name="sub", arguments=(a, b)):
                return self.runs(a) and not self.varies(b)
        return node in self.locals and self.runs(self.locals[node])

    def consecutive(self, indices: Sequence[Scalar]) -> bool:
        """Whether entries at these places lie one after the other."""
        return bool(indices) and self.runs(indices[-1]) and not any(map(self.varies, indices[:-1]))


def bases_of(block: Sequence[Statement]) -> dict[Buffer, Buffer]:
    """The memory that each view lies in."""
    found: dict[Buffer, Buffer] = {}
    for statement in _all(block):
        if isinstance(statement, Alias):
            found[statement.name] = found.get(statement.base, statement.base)
    return found


def _all(block: Sequence[Statement]) -> Iterator[Statement]:
    for statement in block:
        yield statement
        match statement:
            case For(body=body):
                yield from _all(body)
            case If(then=then, otherwise=otherwise):
                yield from _all((*then, *otherwise))
            case While(head=head, tail=tail, close=close):
                yield from _all((*head, *tail, *close))


def count(block: Sequence[Statement]) -> int:
    """The number of vector loops that a block becomes, its products of matrices and vectors among them."""
    bases = bases_of(block)
    return sum(_is_vector_loop(statement, bases) for statement in _all(block))


def _is_vector_loop(statement: Statement, bases: Mapping[Buffer, Buffer]) -> bool:
    match statement:
        case For():
            return fits(statement, bases)
        case Invoke(function=function):
            return function in (MATVEC, VECMAT)
    return False


def fits(
    loop: For, bases: Mapping[Buffer, Buffer], on_vectors: Callable[[ir.Operation], bool] = works_on_vectors
) -> bool:
    """Whether a loop can be written with vectors: its operations have vector forms, its writes are consecutive, and
    nothing that it writes is read or written elsewhere in it."""
    if not loop.vector:
        return False
    shape = Shape(loop.index)
    written: dict[Buffer, Scalar] = {}
    totals: dict[Buffer, str] = {}
    for statement in loop.body:
        match statement:
            case Let(local, value):
                if shape.varies(value):
                    shape.locals[ir.access(local)] = value
            case Store(buffer, indices) | Accumulate(buffer=buffer, indices=indices) if buffer.axes:
                place = ir.access(buffer, *indices)
                if not shape.consecutive(indices) or written.setdefault(bases.get(buffer, buffer), place) is not place:
                    return False
            case Accumulate(kind=kind, buffer=buffer) if kind not in ("argmax", "argmin"):
                if totals.setdefault(buffer, kind) != kind:
                    return False
            case _:
                return False
    return _readable(loop, shape, written, totals, bases, on_vectors)


def clears(loop: For) -> bool:
    """Whether a loop does nothing but fill entries that lie one after the other with zeros."""
    shape = Shape(loop.index)
    return loop.vector and all(
        isinstance(statement, Store)
        and isinstance(statement.value, ir.Constant)
        and statement.value.value == 0
        and shape.consecutive(statement.indices)
        for statement in loop.body
    )


def _readable(
    loop: For,
    shape: Shape,
    written: Mapping[Buffer, Scalar],
    totals: Mapping[Buffer, str],
    bases: Mapping[Buffer, Buffer],
    on_vectors: Callable[[ir.Operation], bool],
) -> bool:
    """Whether all that a loop computes has a vector form.  Scattered reads are worth it beside long operations only."""
    gathers = False
    for node in _below(_scalars(loop.body)):
        match node:
            case ir.Access(tensor=ir.Input() as tensor, indices=indices):
                if tensor in totals or written.get(bases.get(tensor, tensor), node) is not node:
                    return False
                gathers |= shape.varies(node) and bool(indices) and not shape.consecutive(indices)
            case ir.Operation() if shape.varies(node) and not on_vectors(node):
                return False
    return not gathers or heavy(loop)


def heavy(loop: For) -> bool:
    """Whether an iteration is long: it has an elementary function."""
    return any(isinstance(node, ir.Operation) and node.name in LONG for node in _below(_scalars(loop.body)))


def _waits(loop: For) -> bool:
    """Whether it pays to have two vectors under way: long chains of operations, maxima of one number."""
    return heavy(loop) or any(
        isinstance(part, Accumulate) and part.kind in ("max", "min") and not part.buffer.axes for part in loop.body
    )


def _scalars(block: Sequence[Statement]) -> Iterator[Scalar]:
    for statement in block:
        match statement:
            case Let(_, value):
                yield value
            case Store(_, indices, value):
                yield from (*indices, value)
            case Accumulate(indices=indices, value=value, condition=condition):
                yield from (*indices, value, *([] if condition is None else [condition]))


def _below(roots: Iterator[Scalar]) -> Iterator[Scalar]:
    seen: set[Scalar] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            stack.extend(parts_of(node))


# ---------------------------------------------------------------- writing one


@dataclass(slots=True)
class Block:
    """The iterations from `start` on, side by side; `mask` has the lanes that are not beyond the end, if any are."""

    body: Body
    shape: Shape
    lanes: Lanes
    start: str
    mask: str
    totals: Mapping[Buffer, str]
    known: dict[Scalar, str] = field(default_factory=dict)
    addresses: dict[Scalar, str] = field(default_factory=dict)


def vector_loop(body: Body, loop: For, start: str, end: str) -> str:
    """The instructions of a loop that `fits`; gives the iteration from which on it is left to be written in scalars.

    What is read again at once must not be written under a mask, for it would be waited for: so for sums kept in memory
    there is a rest, unless what is added takes longer than that.
    """
    lanes = Lanes(2 * width(body.real).count) if _waits(loop) else width(body.real)
    totals = {
        part.buffer: _total(body, lanes, part)
        for part in loop.body
        if isinstance(part, Accumulate) and not part.buffer.axes
    }
    name = body.fresh("loop")
    if heavy(loop):
        _blocks(body, loop, lanes, totals, name, (start, end), end)
        rest = end
    else:
        length = end if start == "0" else body.value(f"sub nsw i64 {end}, {start}")
        rest = body.value(f"and i64 {body.of_integers('llvm.smax', [length, '0'])}, {-lanes.count}")
        rest = rest if start == "0" else body.value(f"add nsw i64 {start}, {rest}")
        _blocks(body, loop, lanes, totals, name, (start, rest), "")
        if not any(isinstance(part, Accumulate) and part.buffer.axes and _short(part.value) for part in loop.body):
            _last_block(body, loop, lanes, totals, name, rest, end)
            rest = end
    for part in loop.body:
        if isinstance(part, Accumulate) and part.buffer in totals:
            _close(body, lanes, part, totals.pop(part.buffer))
    return rest


def _short(value: Scalar) -> bool:
    """Whether a value is made from few entries."""
    return sum(isinstance(node, ir.Access) and bool(node.indices) for node in _below(iter((value,)))) < FEW


def _last_block(
    body: Body, loop: For, lanes: Lanes, totals: Mapping[Buffer, str], name: str, start: str, end: str
) -> None:
    more = body.value(f"icmp slt i64 {start}, {end}")
    body.do(f"br i1 {more}, label %{name}.rest, label %{name}.done")
    body.begin(f"{name}.rest")
    _block(body, loop, lanes, totals, start, end)
    body.do(f"br label %{name}.done")
    body.begin(f"{name}.done")


def _blocks(
    body: Body, loop: For, lanes: Lanes, totals: Mapping[Buffer, str], name: str, run: tuple[str, str], end: str
) -> None:
    """A block after the other from the first number of `run` up to the second; masked if the end is given."""
    before = body.label
    some = body.value(f"icmp slt i64 {run[0]}, {run[1]}")
    body.do(f"br i1 {some}, label %{name}, label %{name}.end")
    body.begin(name)
    body.do(f"%{name}.i = phi i64 [ {run[0]}, %{before} ], [ %{name}.next, %{name} ]")
    _block(body, loop, lanes, totals, f"%{name}.i", end)
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.i, {lanes.count}")
    again = body.value(f"icmp slt i64 %{name}.next, {run[1]}")
    body.do(f"br i1 {again}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")


def _block(body: Body, loop: For, lanes: Lanes, totals: Mapping[Buffer, str], start: str, end: str) -> None:
    block = Block(body, Shape(loop.index), lanes, start, "", totals)
    body.values.append({loop.index: start})
    if end:
        block.mask = masks.within(body, lanes, start, end, some=True)
    for statement in loop.body:
        _statement(block, statement)
    body.values.pop()


def _statement(block: Block, statement: Statement) -> None:
    body = block.body
    match statement:
        case Let(local, value):
            entry = ir.access(local)
            if not block.shape.varies(value):
                body.values[-1][entry] = scalar(body, value)
                return
            made = _vector(block, value)
            block.shape.locals[entry] = value
            block.known[entry] = made
            if block.shape.runs(value):
                body.values[-1][entry] = scalar(body, value)
        case Store(buffer, indices, value):
            _store(block, ir.access(buffer, *indices), _vector(block, value))
        case Accumulate():
            _accumulate(block, statement)


def _accumulate(block: Block, statement: Accumulate) -> None:
    body, buffer = block.body, statement.buffer
    value = _vector(block, statement.value)
    test = "" if statement.condition is None else _vector(block, statement.condition)
    if not buffer.axes and block.mask:
        test = block.mask if not test else body.value(f"and {block.lanes.type('i1')} {test}, {block.mask}")
    place = ir.access(buffer, *statement.indices) if buffer.axes else None
    kind = block.lanes.type(body.element(buffer.dtype))
    old = body.value(f"load {kind}, ptr {block.totals[buffer]}") if place is None else _load(block, place)
    body.lanes = block.lanes
    if test:
        value = body.pick(test, buffer.dtype, value, body.identity(statement.kind, buffer.dtype))
    new = body.combined(statement.kind, buffer.dtype, old, value)
    body.lanes = SINGLE
    if place is None:
        body.do(f"store {kind} {new}, ptr {block.totals[buffer]}")
    else:
        _store(block, place, new)


def _total(body: Body, lanes: Lanes, part: Accumulate) -> str:
    """The memory of a sum for each lane; promoted to a register by LLVM."""
    name = "%" + body.fresh("t")
    kind = lanes.type(body.element(part.buffer.dtype))
    body.slots.append(f"  {name} = alloca {kind}")
    body.lanes = lanes
    body.do(f"store {kind} {body.identity(part.kind, part.buffer.dtype)}, ptr {name}")
    body.lanes = SINGLE
    return name


def _close(body: Body, lanes: Lanes, part: Accumulate, total: str) -> None:
    """All lanes into the number they are parts of."""
    dtype, kind = part.buffer.dtype, part.kind
    element = body.element(dtype)
    vector = lanes.type(element)
    value = body.value(f"load {vector}, ptr {total}")
    table = OF_TRUTHS if dtype == "bool" else REDUCTIONS if dtype == "real" else OF_INTEGERS
    symbol = f"llvm.vector.reduce.{table[kind]}.{lanes.overload(element)}"
    old = body.load(part.buffer, ())
    if dtype == "real" and kind in ("sum", "prod"):
        body.external(f"declare {element} @{symbol}({element}, {vector})")
        new = body.value(f"call reassoc {element} @{symbol}({element} {old}, {vector} {value})")
    else:
        made = body.value(f"call {element} @{symbol}({vector} {value})", f"declare {element} @{symbol}({vector})")
        new = body.combined(kind, dtype, old, made)
    body.store(part.buffer, (), new)


# ---------------------------------------------------------------- values


def _vector(block: Block, root: Scalar) -> str:
    """The register or constant that holds a scalar for each lane."""
    stack: list[tuple[Scalar, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in block.known:
            continue
        parts = _vector_parts(block, node)
        if not ready and parts:
            stack.append((node, True))
            stack.extend((part, False) for part in parts if part not in block.known)
            continue
        block.known[node] = _made(block, node, [block.known[part] for part in parts])
    return block.known[root]


def _vector_parts(block: Block, node: Scalar) -> tuple[Scalar, ...]:
    """The parts whose vectors a vector is made from."""
    if not block.shape.varies(node):
        return ()
    if isinstance(node, ir.Access) and block.shape.consecutive(node.indices):
        return ()
    return parts_of(node)


def _made(block: Block, node: Scalar, parts: list[str]) -> str:
    body = block.body
    if isinstance(node, ir.Constant):
        body.lanes = block.lanes
        made = body.literal(node.value, node.dtype)
        body.lanes = SINGLE
        return made
    if not block.shape.varies(node):
        return masks.splat(body, block.lanes, body.element(node.dtype), scalar(body, node))
    match node:
        case ir.Index():
            return _numbers(block)
        case ir.Access(indices=indices) if block.shape.consecutive(indices):
            return _load(block, node)
        case ir.Access():
            return _gather(block, node, parts)
        case ir.Operation(name="div", arguments=(_, divisor)) if not block.mask and not block.shape.varies(divisor):
            return by_invariant(body, block.lanes, parts[0], scalar(body, divisor))
    body.lanes = block.lanes
    if isinstance(node, ir.Choose):
        made = body.pick(parts[0], node.dtype, parts[1], parts[2])
    else:
        assert isinstance(node, ir.Operation)
        made = RULES[node.name](body, parts, node)
    body.lanes = SINGLE
    return made


def _numbers(block: Block) -> str:
    """The number of the iteration in each lane."""
    index: Scalar = block.shape.index
    if index not in block.known:
        block.known[index] = masks.numbers(block.body, block.lanes, block.start)
    return block.known[index]


# ---------------------------------------------------------------- memory


def _address(block: Block, place: Scalar) -> str:
    assert isinstance(place, ir.Access)
    if place not in block.addresses:
        buffer: Buffer = place.tensor  # type: ignore[assignment]
        indices = [scalar(block.body, index) for index in place.indices]
        block.addresses[place] = block.body.address(buffer, indices)
    return block.addresses[place]


def _load(block: Block, place: Scalar) -> str:
    element = block.body.memory(place.dtype)
    made = masks.load(block.body, block.lanes, element, _address(block, place), block.mask)
    return _as_truths(block, made) if place.dtype == "bool" else made


def _as_truths(block: Block, entries: str) -> str:
    return block.body.value(f"trunc {block.lanes.type('i8')} {entries} to {block.lanes.type('i1')}")


def _store(block: Block, place: Scalar, value: str) -> None:
    body, address = block.body, _address(block, place)
    block.known[place] = value
    if place.dtype == "bool":
        value = body.value(f"zext {block.lanes.type('i1')} {value} to {block.lanes.type('i8')}")
    masks.store(body, block.lanes, body.memory(place.dtype), value, address, block.mask)


def _gather(block: Block, node: Scalar, indices: Sequence[str]) -> str:
    """Entries that lie anywhere."""
    assert isinstance(node, ir.Access)
    body, lanes = block.body, block.lanes
    buffer: Buffer = node.tensor  # type: ignore[assignment]
    integers = lanes.type("i64")
    offset = indices[0]
    for index, axis in zip(indices[1:], buffer.axes[1:], strict=True):
        length = masks.splat(body, lanes, "i64", scalar(body, axis))
        offset = body.value(f"add nsw {integers} {body.value(f'mul nsw {integers} {offset}, {length}')}, {index}")
    made = masks.gather(body, lanes, body.memory(node.dtype), body.pointer(buffer), offset, block.mask)
    return _as_truths(block, made) if node.dtype == "bool" else made
