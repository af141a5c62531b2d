"""Loops whose parts are functions, handed to the threads of the process: see parts and threads.

Of a nest becomes a function of its arrays, of what it reads and of where to begin and end, and another which takes all
that out of the caller's memory, as threads need it.  Nothing is allocated: the numbers that parts accumulate lie on the
caller's stack, the arrays in `%scratch`, which is given to the code with its size in entries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from optgen.backends.llvm.body import Body
from optgen.backends.llvm.costs import Cost
from optgen.backends.llvm.parts import COPIES, GRAIN, LARGE, Nest, copies
from optgen.backends.llvm.scalars import scalar
from optgen.backends.llvm.shared_routines import SHARE, SMAX, SMIN
from optgen.backends.llvm.threads import PARTS
from optgen.ir import extents
from optgen.ir.imperative import Buffer, For

Loop = Callable[[Body, For, str, str], None]  # writes a loop from a register to another


@dataclass(frozen=True, slots=True)
class Given:
    """An argument of a part: its type, the register of the caller and its own; `step` is what each part has of it for
    itself, as type of an entry and number of entries."""

    kind: str
    value: str
    own: str
    step: tuple[str, str] | None = None


def write_shared(body: Body, nest: Nest, loop: Loop) -> None:
    """The nest in parts, and what all parts accumulated."""
    name = body.fresh("part")
    inner = Body(
        body.real,
        routines=body.routines,
        externals=body.externals,
        bases=body.bases,
        implementations=body.implementations,
        programs=body.programs,
    )
    extent = scalar(body, nest.loop.index.extent)
    size, parts = _cut(body, nest, extent)
    given = [*_read(body, inner, nest), *_totals(body, inner, nest, name)]
    sums, own = _sums(body, inner, nest, parts)
    loop(inner, nest.loop, "%from", "%to")
    for k, (number, _) in enumerate(nest.totals):
        inner.do(f"store {inner.type(number.dtype)} {inner.load(number, ())}, ptr %t{k}")
    inner.do("ret void")
    _call(body, inner, name, [Given("i64", size, "%size"), Given("i64", extent, "%end"), *given, *sums], parts)
    for k, (number, kind) in enumerate(nest.totals):
        _add_up(body, number, f"%{name}.t{k}", parts, partial(body.combined, kind, number.dtype))
    for (buffer, kind), place in zip(nest.sums, own, strict=True):
        _add_up_array(body, buffer, kind, place, parts)


def _cut(body: Body, nest: Nest, extent: str) -> tuple[str, str]:
    """How many iterations a part has, and the number of parts: one for a loop that is not large.

    The parts of a flat loop begin on cache lines of their own.
    """
    cost = _amount(body, nest.cost)
    large, most = body.value(f"icmp sge i64 {cost}, {LARGE}"), PARTS
    if nest.sums:
        fits = body.value(f"icmp sle i64 {_amount(body, copies(nest))}, %scratch.size")
        large, most = body.value(f"and i1 {large}, {fits}"), COPIES
    wanted = body.value(f"udiv i64 {cost}, {GRAIN}")
    some = body.value(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {most})", SMIN)
    number = body.value(f"select i1 {large}, i64 {some}, i64 1")
    rounded = body.value(f"add i64 {extent}, {body.value(f'sub i64 {number}, 1')}")
    size = body.value(f"udiv i64 {rounded}, {number}")
    if not any(isinstance(statement, For) for statement in nest.loop.body):
        size = body.value(f"and i64 {body.value(f'add i64 {size}, 15')}, -16")
    size = body.value(f"call i64 @llvm.smax.i64(i64 {size}, i64 1)", SMAX)
    last = body.value(f"add i64 {extent}, {body.value(f'sub i64 {size}, 1')}")
    return size, body.value(f"udiv i64 {last}, {size}")


def _amount(body: Body, cost: Cost) -> str:
    """The units of a cost."""
    total = "0"
    for units, lengths in cost:
        term = str(units)
        for length in lengths:
            term = body.value(f"mul i64 {term}, {scalar(body, length)}")
        total = body.value(f"add i64 {total}, {term}")
    return total


# ---------------------------------------------------------------- what parts are given


def _read(body: Body, inner: Body, nest: Nest) -> list[Given]:
    given: list[Given] = []
    for buffer in nest.arrays:
        given.append(Given("ptr", body.pointer(buffer), inner.pointers.setdefault(buffer, f"%p{len(given)}")))
    for number in nest.numbers:
        given.append(Given(body.type(number.dtype), body.load(number, ()), f"%a{len(given)}"))
        inner.do(f"store {given[-1].kind} {given[-1].own}, ptr {inner.slot(number)}")
    for dim in nest.dims:
        given.append(Given("i64", scalar(body, dim), inner.values[0].setdefault(dim, f"%d{len(given)}")))
    return given


def _totals(body: Body, inner: Body, nest: Nest, name: str) -> list[Given]:
    """A number for each part in the caller's memory; it starts as the identity."""
    given = []
    for k, (number, kind) in enumerate(nest.totals):
        entry = body.type(number.dtype)
        body.slots.append(f"  %{name}.t{k} = alloca [{PARTS} x {entry}]")
        inner.do(f"store {entry} {body.identity(kind, number.dtype)}, ptr {inner.slot(number)}")
        given.append(Given("ptr", f"%{name}.t{k}", f"%t{k}", (entry, "1")))
    return given


def _sums(body: Body, inner: Body, nest: Nest, parts: str) -> tuple[list[Given], list[tuple[str, str]]]:
    """A copy of each accumulated array for each part, where the copies begin, and the length of one; but a part that is
    alone works on the array itself, and no copy has an entry."""
    given: list[Given] = []
    own = []
    place = "%scratch"
    several = body.value(f"icmp sgt i64 {parts}, 1") if nest.sums else ""
    for k, (buffer, kind) in enumerate(nest.sums):
        entry, entries = body.memory(buffer.dtype), scalar(body, extents.product(buffer.axes))
        start = body.value(f"select i1 {several}, ptr {place}, ptr {body.pointer(buffer)}")
        length = body.value(f"select i1 {several}, i64 {entries}, i64 0")
        given += [Given("ptr", start, f"%m{k}", (entry, f"%l{k}")), Given("i64", length, f"%l{k}")]
        own.append((place, length))
        place = body.value(f"getelementptr {entry}, ptr {place}, i64 {body.value(f'mul i64 {entries}, {COPIES}')}")
        inner.pointers[buffer] = f"%m{k}"
        _repeat(inner, f"%l{k}", partial(_fill, inner, entry, body.identity(kind, buffer.dtype), f"%m{k}"))
    return given, own


def _fill(inner: Body, entry: str, value: str, memory: str, j: str) -> None:
    inner.do(f"store {entry} {value}, ptr {inner.value(f'getelementptr inbounds {entry}, ptr {memory}, i64 {j}')}")


def _call(body: Body, inner: Body, name: str, given: list[Given], parts: str) -> None:
    """The functions of a part, and the call that has all parts run: `@name.nest` works between two places, `@name` is
    part `%k` by what `%context` holds."""
    context = f"%{name}.context"
    body.slots.append(f"  {context} = alloca [{len(given)} x i64]")
    lines, moved, passed, head = [], [], [], []
    for k, g in enumerate(given):
        body.do(f"store {g.kind} {g.value}, ptr {body.value(f'getelementptr i64, ptr {context}, i64 {k}')}")
        own = g.own if g.step is None else f"{g.own}.first"
        lines += [f"  %at{k} = getelementptr i64, ptr %context, i64 {k}", f"  {own} = load {g.kind}, ptr %at{k}"]
        if g.step is not None:
            moved += [f"  {g.own}.places = mul i64 %k, {g.step[1]}"]
            moved += [f"  {g.own} = getelementptr {g.step[0]}, ptr {own}, i64 {g.own}.places"]
        head.append(f"{'ptr noalias' if g.kind == 'ptr' else g.kind} {g.own}")
        passed.append(f"{g.kind} {g.own}")
    arguments = ", ".join([*passed, "i64 %from", "i64 %to"])
    body.functions += [
        f"define internal void @{name}.nest({', '.join([*head, 'i64 %from', 'i64 %to'])}) #0 {{",
        *("entry:", *inner.slots, *inner.lines, "}"),
        f"define internal void @{name}(ptr %context, i64 %k) nounwind {{",
        *(*lines, *moved, "  %from = mul i64 %k, %size", "  %next = add i64 %from, %size"),
        *("  %to = call i64 @llvm.smin.i64(i64 %next, i64 %end)", f"  call void @{name}.nest({arguments})"),
        *("  ret void", "}"),
    ]
    body.external(SHARE)
    body.do(f"call void @optgen_share(ptr @{name}, ptr {context}, i64 {parts})")


# ---------------------------------------------------------------- what parts accumulated


def _add_up(body: Body, number: Buffer, memory: str, parts: str, combined: Callable[[str, str], str]) -> None:
    """Put the totals of the parts to what the number held, in their order."""
    kind = body.type(number.dtype)

    def one(k: str) -> None:
        place = body.value(f"getelementptr {kind}, ptr {memory}, i64 {k}")
        body.store(number, (), combined(body.load(number, ()), body.value(f"load {kind}, ptr {place}")))

    _repeat(body, parts, one)


def _add_up_array(body: Body, buffer: Buffer, kind: str, copies: tuple[str, str], parts: str) -> None:
    """The same for an array; `copies` is where they begin, and the length of one, or 0 if there are none."""
    entry, target, (first, length) = body.memory(buffer.dtype), body.pointer(buffer), copies

    def one(copy: str, j: str) -> None:
        to, more = (body.value(f"getelementptr inbounds {entry}, ptr {start}, i64 {j}") for start in (target, copy))
        old, new = (body.value(f"load {entry}, ptr {x}") for x in (to, more))
        body.do(f"store {entry} {body.combined(kind, buffer.dtype, old, new)}, ptr {to}")

    def each(k: str) -> None:
        offset = body.value(f"mul i64 {k}, {length}")
        _repeat(body, length, partial(one, body.value(f"getelementptr {entry}, ptr {first}, i64 {offset}")))

    _repeat(body, parts, each)


def _repeat(body: Body, times: str, write: Callable[[str], None]) -> None:
    """A loop: `write` gets the register that counts from 0."""
    name, before = body.fresh("repeat"), body.label
    some = body.value(f"icmp sgt i64 {times}, 0")
    body.do(f"br i1 {some}, label %{name}, label %{name}.end")
    body.begin(name)
    body.do(f"%{name}.k = phi i64 [ 0, %{before} ], [ %{name}.next, %{name}.latch ]")
    write(f"%{name}.k")
    body.do(f"br label %{name}.latch")
    body.begin(f"{name}.latch")
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.k, 1")
    more = body.value(f"icmp slt i64 %{name}.next, {times}")
    body.do(f"br i1 {more}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")
