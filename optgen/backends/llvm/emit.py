"""Procedures as LLVM modules: one rule a statement.

A module has one exported function `name(buffers, dims, interrupt)` that takes the pointers apart and calls the body,
whose pointers do not alias.  Numbers (buffers without axes) live in registers; results are written at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optgen.backends.llvm.body import Body, Implementations, no_implementations
from optgen.backends.llvm.parts import nests
from optgen.backends.llvm.routines import Routine, call_signature, routine
from optgen.backends.llvm.scalars import scalar
from optgen.backends.llvm.shared import write_shared
from optgen.backends.llvm.straight import definition, guarded, table_definitions
from optgen.backends.llvm.vectors import bases_of, fits, vector_loop
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


def emit(
    procedure: Procedure, real: str, shared: bool = False, implementations: Implementations = no_implementations
) -> str:
    """The text of a module; `real` is float64 or float32.  In a `shared` one, for large problems, threads share the
    work of loops.  Operations for which `implementations` has a program are computed by it."""
    body = Body(
        "double" if real == "float64" else "float",
        nests=nests(procedure) if shared else None,
        implementations=implementations,
    )
    arrays = [b for b in (*procedure.parameters, *procedure.results, *procedure.temporaries) if b.axes]
    given = [b for b in procedure.parameters if not b.axes]
    results = [b for b in procedure.results if not b.axes]
    for position, buffer in enumerate(arrays):
        body.pointers[buffer] = f"%p{position}"
    body.bases = bases_of(procedure.body)
    _swappable(body, procedure.body)
    for buffer in body.swapped:
        slot = "%" + body.fresh("q")
        body.slots.append(f"  {slot} = alloca ptr")
        if buffer in body.pointers:
            body.lines.append(f"  store ptr {body.pointers[buffer]}, ptr {slot}")
        body.pointers[buffer] = slot
    for position, name in enumerate(procedure.dims):
        body.values[0][ir.dim(name)] = f"%d{position}"
    for position, buffer in enumerate(given):
        body.do(f"store {body.type(buffer.dtype)} %a{position}, ptr {body.slot(buffer)}")
    statements(body, procedure.body)
    for position, buffer in enumerate(results):
        value = body.value(f"load {body.type(buffer.dtype)}, ptr {body.slot(buffer)}")
        if buffer.dtype == "bool":
            value = body.value(f"zext i1 {value} to i8")
        body.do(f"store {body.memory(buffer.dtype)} {value}, ptr %r{position}")
    body.do("ret void")
    parameters = [f"ptr noalias %p{k}" for k in range(len(arrays))]
    parameters += [f"{body.type(b.dtype)} %a{k}" for k, b in enumerate(given)]
    parameters += [f"ptr noalias %r{k}" for k in range(len(results))]
    parameters += [f"i64 %d{k}" for k in range(len(procedure.dims))] + ["ptr %interrupt"]
    parameters += ["ptr noalias %scratch", "i64 %scratch.size"] if shared else []
    lines = [
        f"define internal void @body({', '.join(parameters)}) #0 {{",
        "entry:",
        *body.slots,
        *body.lines,
        "}",
        "",
        *body.functions,
        *_entry(procedure, body, arrays, given, results),
        "",
        'attributes #0 = { noinline nounwind "prefer-vector-width"="512" }',
    ]
    needed = _closure(body.routines)
    externals = set(body.externals)
    for name in needed:
        externals |= set(needed[name].declares)
    programs = _programs(body.programs)
    text = "\n".join([*sorted(externals), "", *(found.text for found in needed.values()), *programs, *lines])
    return text + "\n"


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


def _entry(
    procedure: Procedure, body: Body, arrays: Sequence[Buffer], given: Sequence[Buffer], results: Sequence[Buffer]
) -> list[str]:
    """The exported function: pointers in the order parameters, results, temporaries with axes; for shared work, scratch
    memory after them, and its size after the dims."""
    lines = [f"define void @optgen_{procedure.name}(ptr %buffers, ptr %dims, ptr %interrupt) {{", "entry:"]
    registers: dict[Buffer, str] = {}
    order = [*procedure.parameters, *procedure.results, *(b for b in procedure.temporaries if b.axes)]
    for position, buffer in enumerate(order):
        lines.append(f"  %g{position} = getelementptr ptr, ptr %buffers, i64 {position}")
        lines.append(f"  %b{position} = load ptr, ptr %g{position}")
        registers[buffer] = f"%b{position}"
    arguments = [f"ptr {registers[buffer]}" for buffer in arrays]
    for position, buffer in enumerate(given):
        kind = body.memory(buffer.dtype)
        lines.append(f"  %n{position} = load {kind}, ptr {registers[buffer]}")
        if buffer.dtype == "bool":
            lines.append(f"  %m{position} = trunc i8 %n{position} to i1")
            arguments.append(f"i1 %m{position}")
        else:
            arguments.append(f"{kind} %n{position}")
    arguments += [f"ptr {registers[buffer]}" for buffer in results]
    for position in range(len(procedure.dims)):
        lines.append(f"  %h{position} = getelementptr i64, ptr %dims, i64 {position}")
        lines.append(f"  %d{position} = load i64, ptr %h{position}")
        arguments.append(f"i64 %d{position}")
    arguments.append("ptr %interrupt")
    if body.nests is None:
        return [*lines, f"  call void @body({', '.join(arguments)})", "  ret void", "}"]
    body.externals |= {"declare void @optgen_enter()", "declare void @optgen_leave()"}
    return [
        *lines,
        f"  %g = getelementptr ptr, ptr %buffers, i64 {len(order)}",
        f"  %h = getelementptr i64, ptr %dims, i64 {len(procedure.dims)}",
        *("  %scratch = load ptr, ptr %g", "  %scratch.size = load i64, ptr %h", "  call void @optgen_enter()"),
        f"  call void @body({', '.join([*arguments, 'ptr %scratch', 'i64 %scratch.size'])})",
        *("  call void @optgen_leave()", "  ret void", "}"),
    ]


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
    body.needs(routine)
    lead = statement.arguments[0].axes[: dict(statement.attributes).get("batch", 0)]
    pointers = [body.pointer(b) if b.axes else body.slot(b) for b in (*statement.arguments, *statement.results)]
    if not lead:
        arguments = ", ".join([*(f"ptr {p}" for p in pointers), *(f"i64 {s}" for s in sizes)])
        body.do(f"call void @{routine}({arguments})")
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
    body.do(f"call void @{routine}({arguments})")
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
    more = body.value(f"icmp slt i64 %{name}.next, {count}")
    body.do(f"br i1 {more}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")
