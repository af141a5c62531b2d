"""Procedures as LLVM modules: one rule a statement.

A procedure is an exported function `optgen_name(buffers, dims, interrupt)` on tables of pointers and of lengths.
Numbers (buffers without axes) live in registers; results are written at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optgen.backends.llvm.body import Body, Implementations, no_implementations
from optgen.backends.llvm.parts import nests
from optgen.backends.llvm.routines import Routine, call_signature, routine
from optgen.backends.llvm.scalars import scalar
from optgen.backends.llvm.shared import write_shared
from optgen.backends.llvm.straight import definition, guarded, table_definitions
from optgen.backends.llvm.vectors import bases_of, clears, fits, vector_loop
from optgen.ir import nodes as ir
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
from optgen.ir.straight import Straight

# ---------------------------------------------------------------- modules


@dataclass(frozen=True, slots=True)
class Module:
    """The text of a module, and the routines that it expects to find in the process."""

    text: str
    linked: tuple[str, ...]


def emit(
    procedure: Procedure, real: str, shared: bool = False, implementations: Implementations = no_implementations
) -> str:
    """The text of a module that is whole in itself; `real` is float64 or float32.  In a `shared` one, for large
    problems, threads share the work of loops.  Operations for which `implementations` has a program are computed by
    it."""
    return module([(procedure, shared)], real, implementations, links=False).text


def module(
    procedures: Sequence[tuple[Procedure, bool]], real: str, implementations: Implementations, links: bool
) -> Module:
    """The module of several procedures, each with whether its loops are shared.  If it `links`, routines that stand on
    their own are not in it."""
    functions: list[str] = []
    needed: set[str] = set()
    linked: set[str] = set()
    externals: set[str] = set()
    programs: dict[str, tuple[Straight, int]] = {}
    counter = 0
    for procedure, shared in procedures:
        body = Body(
            "double" if real == "float64" else "float",
            nests=nests(procedure) if shared else None,
            implementations=implementations,
            links=links,
            counter=counter,
        )
        functions += [*_function(body, procedure), ""]
        counter = body.counter
        needed |= body.routines
        linked |= body.linked
        externals |= body.externals
        programs |= body.programs
    routines = _closure(needed)
    externals.update(*(found.declares for found in routines.values()))
    text = "\n".join([
        *sorted(externals), "", *(found.text for found in routines.values()), *_programs(programs), *functions,
        'attributes #0 = { noinline nounwind "prefer-vector-width"="512" }',
    ])  # fmt: skip
    return Module(text + "\n", tuple(sorted(linked)))


def _function(body: Body, procedure: Procedure) -> list[str]:
    """The exported function and the parts of its loops.  Steps with loops in loops are a function of their own, which
    is told that no arrays overlap: LLVM then moves what it reads out of the inner ones.

    `%buffers` has the pointers of parameters, results and temporaries with axes, in this order, `%dims` the dims; for
    shared work there is scratch memory after the buffers, and its size after the dims.
    """
    shared = body.nests is not None
    buffers = [*procedure.parameters, *procedure.results, *(b for b in procedure.temporaries if b.axes)]
    places = {buffer: position for position, buffer in enumerate(buffers)}
    given: list[tuple[str, str]] = []  # types and registers of what is in the tables
    for position, buffer in enumerate(buffer for buffer in buffers if buffer.axes):
        body.pointers[buffer] = f"%p{position}"
        given.append(_taken(body, f"%p{position}", "ptr", "%buffers", places[buffer]))
    for position, name in enumerate(procedure.dims):
        body.values[0][ir.dim(name)] = f"%d{position}"
        given.append(_taken(body, f"%d{position}", "i64", "%dims", position))
    if shared:
        given.append(_taken(body, "%scratch", "ptr", "%buffers", len(buffers)))
        given.append(_taken(body, "%scratch.size", "i64", "%dims", len(procedure.dims)))
    taken, body.lines = body.lines, []
    if shared:
        body.externals |= {"declare void @optgen_enter()", "declare void @optgen_leave()"}
        body.do("call void @optgen_enter()")
    body.bases = bases_of(procedure.body)
    _swappable(body, procedure.body)
    for buffer in body.swapped:
        slot = "%" + body.fresh("q")
        body.slots.append(f"  {slot} = alloca ptr")
        if buffer in body.pointers:
            body.lines.append(f"  store ptr {body.pointers[buffer]}, ptr {slot}")
        body.pointers[buffer] = slot
    for buffer in procedure.parameters:
        if not buffer.axes:
            value = body.value(f"load {body.memory(buffer.dtype)}, ptr {_pointer(body, places[buffer])}")
            body.store(buffer, (), body.value(f"trunc i8 {value} to i1") if buffer.dtype == "bool" else value)
    statements(body, procedure.body)
    for buffer in procedure.results:
        if not buffer.axes:
            value = body.load(buffer, ())
            if buffer.dtype == "bool":
                value = body.value(f"zext i1 {value} to i8")
            body.do(f"store {body.memory(buffer.dtype)} {value}, ptr {_pointer(body, places[buffer])}")
    if shared:
        body.do("call void @optgen_leave()")
    tables = "ptr %buffers, ptr %dims, ptr %interrupt"
    head, end = f"define void @optgen_{procedure.name}({tables})", ["  ret void", "}", ""]
    if not any(isinstance(statement, While) and _nested(statement) for statement in procedure.body):
        return [f"{head} #0 {{", "entry:", *body.slots, *taken, *body.lines, *end, *body.functions]
    apart = ", ".join([*(f"{'ptr noalias' if kind == 'ptr' else kind} {name}" for kind, name in given), tables])
    passed = ", ".join([*(f"{kind} {name}" for kind, name in given), tables])
    steps = [f"define internal void @{procedure.name}.steps({apart}) #0 {{", "entry:", *body.slots, *body.lines, *end]
    call = f"  call void @{procedure.name}.steps({passed})"
    return [*steps, *body.functions, f"{head} {{", "entry:", *taken, call, *end]


def _nested(statement: Statement) -> bool:
    """Whether a loop over numbers has another in it, somewhere in a statement."""
    match statement:
        case For(body=body):
            return any(isinstance(inner, For) or _nested(inner) for inner in body)
        case If(then=then, otherwise=otherwise):
            return any(map(_nested, (*then, *otherwise)))
        case While(head=head, tail=tail, close=close):
            return any(map(_nested, (*head, *tail, *close)))
    return False


def _taken(body: Body, register: str, kind: str, table: str, place: int) -> tuple[str, str]:
    """A register for an entry of a table that the caller gave."""
    body.do(f"{register} = load {kind}, ptr {body.value(f'getelementptr {kind}, ptr {table}, i64 {place}')}")
    return kind, register


def _pointer(body: Body, place: int) -> str:
    return body.value(f"load ptr, ptr {body.value(f'getelementptr ptr, ptr %buffers, i64 {place}')}")


def _programs(called: Mapping[str, tuple[Straight, int]]) -> list[str]:
    """The text of straight-line programs, each as a function of one number or of a vector, and of their tables."""
    tables = dict.fromkeys(line for program, _ in called.values() for line in table_definitions(program))
    attributes = "alwaysinline nounwind "
    texts = [
        guarded(program, name, lanes, attributes) if program.plain is not None and lanes > 1
        else definition(program, name, lanes, attributes=attributes)
        for name, (program, lanes) in called.items()
    ]  # fmt: skip
    return [*tables, *texts, ""]


def _closure(names: set[str]) -> dict[str, Routine]:
    """The routines of these names and all that they call, by name."""
    found: dict[str, Routine] = {}
    stack = sorted(names)
    while stack:
        name = stack.pop(0)
        if name not in found:
            found[name] = routine(name)
            stack.extend(found[name].uses)
    return found


def _swappable(body: Body, block: Sequence[Statement]) -> None:
    """Arrays whose memory is exchanged, and their views, are reached through a slot."""
    for statement in block:
        match statement:
            case Swap(left, right):
                body.swapped |= {left, right}
            case For(body=inner):
                _swappable(body, inner)
            case If(then=then, otherwise=otherwise):
                _swappable(body, then)
                _swappable(body, otherwise)
            case While(head=head, tail=tail, close=close):
                for inner in (head, tail, close):
                    _swappable(body, inner)


# ---------------------------------------------------------------- statements


def statements(body: Body, block: Sequence[Statement]) -> None:
    for statement in block:
        _statement(body, statement)


def _statement(body: Body, statement: Statement) -> None:
    match statement:
        case For(index=index) if body.nests and index in body.nests:
            write_shared(body, body.nests[index], _loop)
        case For(index=index):
            _loop(body, statement, "0", scalar(body, index.extent))
        case Let(local, value):
            body.store(local, (), scalar(body, value))
        case Store(buffer, indices, value):
            made = scalar(body, value)
            body.store(buffer, [scalar(body, index) for index in indices], made)
        case Accumulate():
            _accumulate(body, statement)
        case If():
            _if(body, statement)
        case While():
            _while(body, statement)
        case Invoke():
            _invoke(body, statement)
        case Copy(target, source):
            _copy(body, target, source)
        case Swap(left, right):
            a, b = body.pointer(left), body.pointer(right)
            body.do(f"store ptr {b}, ptr {body.pointers[left]}")
            body.do(f"store ptr {a}, ptr {body.pointers[right]}")
        case Alias(name, base, offset):
            kind = body.memory(base.dtype)
            start = scalar(body, offset)
            body.pointers[name] = body.value(f"getelementptr inbounds {kind}, ptr {body.pointer(base)}, i64 {start}")


def _loop(body: Body, statement: For, start: str, end: str) -> None:
    if clears(statement):
        _clear(body, statement, start, end)
        return
    if fits(statement, body.bases, body.on_vectors):
        start = vector_loop(body, statement, start, end)
        if start == end:
            return
    name = body.fresh("loop")
    before = body.label
    some = body.value(f"icmp slt i64 {start}, {end}")
    body.do(f"br i1 {some}, label %{name}, label %{name}.end")
    body.begin(name)
    body.do(f"%{name}.i = phi i64 [ {start}, %{before} ], [ %{name}.next, %{name}.latch ]")
    body.values.append({statement.index: f"%{name}.i"})
    statements(body, statement.body)
    body.values.pop()
    body.do(f"br label %{name}.latch")
    body.begin(f"{name}.latch")
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
    more = body.value(f"icmp slt i64 %{name}.next, {end}")
    body.do(f"br i1 {more}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")


def _clear(body: Body, statement: For, start: str, end: str) -> None:
    """A loop that fills arrays with zeros."""
    count = end if start == "0" else body.value(f"sub nsw i64 {end}, {start}")
    count = body.of_integers("llvm.smax", [count, "0"])
    body.values.append({statement.index: start})
    for store in statement.body:
        assert isinstance(store, Store)
        address = body.address(store.buffer, [scalar(body, index) for index in store.indices])
        size = body.value(f"mul nsw i64 {count}, {body.size(store.buffer.dtype)}")
        body.external("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        body.do(f"call void @llvm.memset.p0.i64(ptr {address}, i8 0, i64 {size}, i1 false)")
    body.values.pop()


def _accumulate(body: Body, statement: Accumulate) -> None:
    buffer, kind = statement.buffer, statement.kind
    value = scalar(body, statement.value)
    test = None if statement.condition is None else scalar(body, statement.condition)
    indices = [scalar(body, index) for index in statement.indices]
    if kind in ("argmax", "argmin"):
        _accumulate_best(body, statement, indices, value, test)
        return
    if buffer.axes:
        address = body.address(buffer, indices)
        old = body.value(f"load {body.memory(buffer.dtype)}, ptr {address}")
        if buffer.dtype == "bool":
            old = body.value(f"trunc i8 {old} to i1")
    else:
        old = body.load(buffer, ())
    type_ = body.type(buffer.dtype)
    if test is not None:
        value = body.value(f"select i1 {test}, {type_} {value}, {type_} {body.identity(kind, buffer.dtype)}")
    new = body.combined(kind, buffer.dtype, old, value)
    if not buffer.axes:
        body.store(buffer, (), new)
        return
    if buffer.dtype == "bool":
        new = body.value(f"zext i1 {new} to i8")
    body.do(f"store {body.memory(buffer.dtype)} {new}, ptr {address}")


def _accumulate_best(body: Body, statement: Accumulate, indices: Sequence[str], value: str, test: str | None) -> None:
    """argmax, argmin: a strictly better value takes the place; NaN never is better."""
    assert statement.at is not None and statement.position is not None
    at = scalar(body, statement.at)
    old = body.load(statement.buffer, indices)
    sign = "gt" if statement.kind == "argmax" else "lt"
    if statement.buffer.dtype == "int":
        better = body.value(f"icmp s{sign} i64 {value}, {old}")
    else:
        better = body.value(f"fcmp o{sign} {body.real} {value}, {old}")
    if test is not None:
        better = body.value(f"and i1 {better}, {test}")
    kind = body.type(statement.buffer.dtype)
    body.store(statement.buffer, indices, body.value(f"select i1 {better}, {kind} {value}, {kind} {old}"))
    place = body.load(statement.position, indices)
    body.store(statement.position, indices, body.value(f"select i1 {better}, i64 {at}, i64 {place}"))


def _if(body: Body, statement: If) -> None:
    name = body.fresh("if")
    test = scalar(body, statement.condition)
    body.do(f"br i1 {test}, label %{name}.then, label %{name}.else")
    for part, block in (("then", statement.then), ("else", statement.otherwise)):
        body.begin(f"{name}.{part}")
        body.values.append({})
        statements(body, block)
        body.values.pop()
        body.do(f"br label %{name}.end")
    body.begin(f"{name}.end")


def _while(body: Body, statement: While) -> None:
    """Leaves at its limit, where its condition fails, or when the flag asks for it."""
    name = body.fresh("while")
    limit = None if statement.limit is None else scalar(body, statement.limit)
    body.store(statement.counter, (), "0")
    body.do(f"br label %{name}")
    body.begin(name)
    asked = body.value("load volatile i32, ptr %interrupt")
    going = body.value(f"icmp eq i32 {asked}, 0")
    if limit is not None:
        count = body.load(statement.counter, ())
        going = body.value(f"and i1 {going}, {body.value(f'icmp slt i64 {count}, {limit}')}")
    body.do(f"br i1 {going}, label %{name}.head, label %{name}.end")
    body.begin(f"{name}.head")
    body.values.append({})
    statements(body, statement.head)
    if statement.condition is not None:
        test = scalar(body, statement.condition)
        body.do(f"br i1 {test}, label %{name}.tail, label %{name}.{'close' if statement.close else 'end'}")
        if statement.close:
            body.begin(f"{name}.close")
            body.values.append({})
            statements(body, statement.close)
            body.values.pop()
            body.do(f"br label %{name}.end")
        body.begin(f"{name}.tail")
    statements(body, statement.tail)
    body.values.pop()
    count = body.load(statement.counter, ())
    body.store(statement.counter, (), body.value(f"add nuw nsw i64 {count}, 1"))
    body.do(f"br label %{name}")
    body.begin(f"{name}.end")


def _size(body: Body, buffer: Buffer) -> str:
    size = "1"
    for axis in buffer.axes:
        length = scalar(body, axis)
        size = length if size == "1" else body.value(f"mul nsw i64 {size}, {length}")
    return size


def _copy(body: Body, target: Buffer, source: Buffer) -> None:
    if not target.axes and not source.axes:
        body.store(target, (), body.load(source, ()))
        return
    amount = body.value(f"mul nsw i64 {_size(body, target)}, {body.size(target.dtype)}")
    a, b = body.pointer(target), body.pointer(source)
    if body.nests is not None:
        body.needs("copy_shared")
        body.do(f"call void @copy_shared(ptr {a}, ptr {b}, i64 {amount})")
        return
    body.external("declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)")
    body.do(f"call void @llvm.memmove.p0.p0.i64(ptr {a}, ptr {b}, i64 {amount}, i1 false)")


def _invoke(body: Body, statement: Invoke) -> None:
    """A whole-array function: a routine of the module, called once for each member of a batch."""
    routine, sizes, strides = call_signature(statement, body)
    symbol = body.needs(routine)
    lead = statement.arguments[0].axes[: dict(statement.attributes).get("batch", 0)]
    pointers = [body.pointer(b) if b.axes else body.slot(b) for b in (*statement.arguments, *statement.results)]
    if not lead:
        arguments = ", ".join([*(f"ptr {p}" for p in pointers), *(f"i64 {s}" for s in sizes)])
        body.do(f"call void @{symbol}({arguments})")
        return
    count = "1"
    for axis in lead:
        length = scalar(body, axis)
        count = length if count == "1" else body.value(f"mul nsw i64 {count}, {length}")
    name, before = body.fresh("batch"), body.label
    some = body.value(f"icmp sgt i64 {count}, 0")
    body.do(f"br i1 {some}, label %{name}, label %{name}.end")
    body.begin(name)
    body.do(f"%{name}.i = phi i64 [ 0, %{before} ], [ %{name}.next, %{name} ]")
    moved = []
    for pointer, (kind, stride) in zip(pointers, strides, strict=True):
        offset = body.value(f"mul nsw i64 %{name}.i, {stride}")
        moved.append(body.value(f"getelementptr {kind}, ptr {pointer}, i64 {offset}"))
    arguments = ", ".join([*(f"ptr {p}" for p in moved), *(f"i64 {s}" for s in sizes)])
    body.do(f"call void @{symbol}({arguments})")
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
    more = body.value(f"icmp slt i64 %{name}.next, {count}")
    body.do(f"br i1 {more}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")
