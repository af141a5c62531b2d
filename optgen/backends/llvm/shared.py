"""Loops whose parts are functions, handed to the threads of the process: see parts and threads.

Of a nest becomes a function of its arrays, of what it reads and of where to begin and end, and another which takes all
that out of the caller's memory, as threads need it.  Nothing is allocated: the numbers that parts accumulate lie on the
caller's stack.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from optgen.backends.llvm.body import Body
from optgen.backends.llvm.parts import GRAIN, LARGE, Nest
from optgen.backends.llvm.scalars import scalar
from optgen.backends.llvm.shared_routines import SHARE, SMAX, SMIN
from optgen.backends.llvm.threads import PARTS
from optgen.ir.imperative import Buffer, For

Loop = Callable[[Body, For, str, str], None]  # writes a loop from a register to another


def write_shared(body: Body, nest: Nest, loop: Loop) -> None:
    """The nest in parts, and the totals of all parts."""
    name = body.fresh("part")
    inner = Body(body.real, routines=body.routines, externals=body.externals, bases=body.bases)
    given = _given(body, inner, nest)
    extent = scalar(body, nest.loop.index.extent)
    size, parts = _cut(body, extent, scalar(body, nest.cost), not any(isinstance(s, For) for s in nest.loop.body))
    kept: list[str] = []
    for number, kind in nest.totals:
        memory = f"%{name}.t{len(kept)}"
        body.slots.append(f"  {memory} = alloca [{PARTS} x {body.type(number.dtype)}]")
        inner.do(f"store {body.type(number.dtype)} {body.identity(kind, number.dtype)}, ptr {inner.slot(number)}")
        kept.append(memory)
    loop(inner, nest.loop, "%from", "%to")
    for k, (number, _) in enumerate(nest.totals):
        inner.do(f"store {inner.type(number.dtype)} {inner.load(number, ())}, ptr %t{k}")
    inner.do("ret void")
    _functions(body, inner, name, nest, given)
    values = [*((kind, value) for kind, value, _ in given), *(("ptr", memory) for memory in kept)]
    context = f"%{name}.context"
    body.slots.append(f"  {context} = alloca [{len(values) + 2} x i64]")
    for k, (kind, value) in enumerate([("i64", size), ("i64", extent), *values]):
        place = body.value(f"getelementptr i64, ptr {context}, i64 {k}")
        body.do(f"store {kind} {value}, ptr {place}")
    body.external(SHARE)
    body.do(f"call void @optgen_share(ptr @{name}, ptr {context}, i64 {parts})")
    for (number, kind), memory in zip(nest.totals, kept, strict=True):
        _add_up(body, number, memory, parts, partial(body.combined, kind, number.dtype))


def _given(body: Body, inner: Body, nest: Nest) -> list[tuple[str, str, str]]:
    """What a part is given: type, the caller's register, the part's own."""
    given: list[tuple[str, str, str]] = []
    for buffer in nest.arrays:
        given.append(("ptr", body.pointer(buffer), inner.pointers.setdefault(buffer, f"%p{len(given)}")))
    for number in nest.numbers:
        kind, own = body.type(number.dtype), f"%a{len(given)}"
        given.append((kind, body.load(number, ()), own))
        inner.do(f"store {kind} {own}, ptr {inner.slot(number)}")
    for dim in nest.dims:
        given.append(("i64", scalar(body, dim), inner.values[0].setdefault(dim, f"%d{len(given)}")))
    return given


def _cut(body: Body, extent: str, cost: str, flat: bool) -> tuple[str, str]:
    """How many iterations a part has, and the number of parts: one for a loop that is not large.

    The parts of a flat loop begin on cache lines of their own.
    """
    large = body.value(f"icmp sge i64 {cost}, {LARGE}")
    wanted = body.value(f"udiv i64 {cost}, {GRAIN}")
    some = body.value(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {PARTS})", SMIN)
    number = body.value(f"select i1 {large}, i64 {some}, i64 1")
    rounded = body.value(f"add i64 {extent}, {body.value(f'sub i64 {number}, 1')}")
    size = body.value(f"udiv i64 {rounded}, {number}")
    if flat:
        size = body.value(f"and i64 {body.value(f'add i64 {size}, 15')}, -16")
    size = body.value(f"call i64 @llvm.smax.i64(i64 {size}, i64 1)", SMAX)
    last = body.value(f"add i64 {extent}, {body.value(f'sub i64 {size}, 1')}")
    return size, body.value(f"udiv i64 {last}, {size}")


def _functions(body: Body, inner: Body, name: str, nest: Nest, given: list[tuple[str, str, str]]) -> None:
    """The nest between two places, and the same for part `%k` by what the context holds."""
    totals = [f"%t{k}" for k in range(len(nest.totals))]
    own = [(kind, register) for kind, _, register in given]
    head = [f"{'ptr noalias' if kind == 'ptr' else kind} {register}" for kind, register in own]
    head += [*(f"ptr noalias {total}" for total in totals), "i64 %from", "i64 %to"]
    body.functions += [f"define internal void @{name}.nest({', '.join(head)}) #0 {{", "entry:"]
    body.functions += [*inner.slots, *inner.lines, "}"]
    lines = []
    for k, (kind, register) in enumerate([("i64", "%size"), ("i64", "%end"), *own, *(("ptr", t) for t in totals)]):
        lines.append(f"  %at{k} = getelementptr i64, ptr %context, i64 {k}")
        lines.append(f"  {register} = load {kind}, ptr %at{k}")
    lines += ["  %from = mul i64 %k, %size", "  %next = add i64 %from, %size"]
    lines.append("  %to = call i64 @llvm.smin.i64(i64 %next, i64 %end)")
    places = []
    for k, (number, _) in enumerate(nest.totals):
        lines.append(f"  %mine{k} = getelementptr {body.type(number.dtype)}, ptr %t{k}, i64 %k")
        places.append(f"ptr %mine{k}")
    passed = ", ".join([*(f"{kind} {register}" for kind, register in own), *places, "i64 %from", "i64 %to"])
    lines += [f"  call void @{name}.nest({passed})", "  ret void"]
    body.functions += [f"define internal void @{name}(ptr %context, i64 %k) nounwind {{", *lines, "}"]


def _add_up(body: Body, number: Buffer, memory: str, parts: str, combined: Callable[[str, str], str]) -> None:
    """Put the totals of the parts to what the number held, in their order."""
    name, before, kind = body.fresh("total"), body.label, body.type(number.dtype)
    some = body.value(f"icmp sgt i64 {parts}, 0")
    body.do(f"br i1 {some}, label %{name}, label %{name}.end")
    body.begin(name)
    body.do(f"%{name}.k = phi i64 [ 0, %{before} ], [ %{name}.next, %{name} ]")
    place = body.value(f"getelementptr {kind}, ptr {memory}, i64 %{name}.k")
    body.store(number, (), combined(body.load(number, ()), body.value(f"load {kind}, ptr {place}")))
    body.do(f"%{name}.next = add nuw nsw i64 %{name}.k, 1")
    more = body.value(f"icmp slt i64 %{name}.next, {parts}")
    body.do(f"br i1 {more}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")
