"""A straight-line program as a loop over arrays: the inner loop of a NumPy ufunc, in machine code.

`void loop(char** arguments, npy_intp* dimensions, npy_intp* steps, void* data)`.  Where all arrays are contiguous (an
input may also be one number) the loop works on blocks of lanes: a first one under a mask, after which the output is
aligned, whole ones, a last one under a mask.  If all lanes of a whole block are plain, the cheaper value is stored.
Output beyond the last cache is stored past it.  Other strides are gathered into blocks.  Input and output may be the
same array; arrays that overlap otherwise are NumPy's to copy.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from optgen.backends.llvm.straight import constant_text, definition, table_definitions, type_text, write
from optgen.ir.straight import Straight, to_bits
from optgen.ir.straight_operations import WIDTH, Type

ALIGNMENT = 64
_LAST_CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")


@cache
def last_cache() -> int:
    """The bytes of the last cache of this machine; 32 MiB where it is not told."""
    try:
        return int(_LAST_CACHE.read_text(encoding="ascii").strip().removesuffix("K")) * 1024
    except (OSError, ValueError):
        return 32 << 20


def lanes_of(program: Straight) -> int:
    """Lanes a block: one vector of 64 bytes of the widest type among arguments and result."""
    return 512 // max(WIDTH[program.type], *(WIDTH[type] for _, type in program.parameters))


@dataclass(slots=True)
class _Loop:
    program: Straight
    name: str
    lanes: int
    stream: int
    lines: list[str]

    @property
    def inputs(self) -> range:
        return range(len(self.program.parameters))

    def type(self, argument: int) -> Type:
        """The type of an argument of the loop; the output comes after the inputs."""
        return self.program.type if argument == len(self.inputs) else self.program.parameters[argument][1]

    def bytes(self, argument: int) -> int:
        return WIDTH[self.type(argument)] // 8

    def base(self, argument: int) -> str:
        """Where an input is read: one of several may be a number, which stands in a buffer."""
        return f"%base{argument}" if len(self.inputs) > 1 else f"%p{argument}"

    def vector(self, argument: int) -> str:
        return type_text(self.type(argument), self.lanes)

    def add(self, *lines: str) -> None:
        self.lines += [line if line.endswith((":", "{", "}")) else f"  {line}" for line in lines]


def loop_module(program: Straight, name: str, lanes: int | None = None, stream: int | None = None) -> str:
    """The module of the loop `name`.  `stream`: the bytes of output from which on it is stored past the caches."""
    loop = _Loop(program, name, lanes or lanes_of(program), last_cache() // 2 if stream is None else stream, [])
    _entry(loop)
    _first(loop)
    _blocks(loop)
    _last(loop)
    _strided(loop)
    loop.add("done:", "ret void", "}")
    full = definition(program, "full", loop.lanes)
    return "\n".join([*table_definitions(program), full, *loop.lines, "!1 = !{i32 1}", _WEIGHTS]) + "\n"


_WEIGHTS = '!2 = !{!"branch_weights", i32 2000, i32 1}'


def _entry(loop: _Loop) -> None:
    """Pointers and strides; which of the two ways to go; numbers that stand for whole arrays, spread to a block."""
    loop.add(f"define void @{loop.name}(ptr %arguments, ptr %dimensions, ptr %steps, ptr %data) {{", "entry:")
    loop.add("%n = load i64, ptr %dimensions")
    for k in (*loop.inputs, len(loop.inputs)):
        loop.add(
            f"%pp{k} = getelementptr ptr, ptr %arguments, i64 {k}",
            f"%p{k} = load ptr, ptr %pp{k}",
            f"%sp{k} = getelementptr i64, ptr %steps, i64 {k}",
            f"%s{k} = load i64, ptr %sp{k}",
            f"%buffer{k} = alloca {loop.vector(k)}, align {ALIGNMENT}",
        )
    loop.add("%none = icmp sle i64 %n, 0", "br i1 %none, label %done, label %some", "some:")
    contiguous = []
    for k in (*loop.inputs, len(loop.inputs)):
        loop.add(f"%unit{k} = icmp eq i64 %s{k}, {loop.bytes(k)}")
        contiguous.append(f"%unit{k}")
        if k < len(loop.inputs) and len(loop.inputs) > 1:
            loop.add(f"%zero{k} = icmp eq i64 %s{k}, 0", f"%fine{k} = or i1 %unit{k}, %zero{k}")
            contiguous[-1] = f"%fine{k}"
    value = contiguous[0]
    for place, other in enumerate(contiguous[1:]):
        loop.add(f"%both{place} = and i1 {value}, {other}")
        value = f"%both{place}"
    loop.add(f"br i1 {value}, label %contiguous, label %strided", "contiguous:")
    for k in loop.inputs if len(loop.inputs) > 1 else ():
        _spread(loop, k)


def _spread(loop: _Loop, k: int) -> None:
    """An input with stride 0 is read from a buffer that holds it in every lane, and which the loop never leaves."""
    scalar = type_text(loop.type(k))
    every = ", ".join(["i32 0"] * loop.lanes)
    loop.add(
        f"%number{k} = load {scalar}, ptr %p{k}",
        f"%in{k} = insertelement {loop.vector(k)} undef, {scalar} %number{k}, i32 0",
        f"%all{k} = shufflevector {loop.vector(k)} %in{k}, {loop.vector(k)} undef, <{loop.lanes} x i32> <{every}>",
        f"store {loop.vector(k)} %all{k}, ptr %buffer{k}, align {ALIGNMENT}",
        f"%base{k} = select i1 %unit{k}, ptr %p{k}, ptr %buffer{k}",
    )


def _masked(loop: _Loop, label: str, start: str, count: str) -> None:
    """One block under a mask: `count` lanes from element `start`; the other lanes are computed at 1."""
    lanes, output = loop.lanes, len(loop.inputs)
    numbers = "<" + ", ".join(f"i64 {lane}" for lane in range(lanes)) + ">"
    every = ", ".join(["i32 0"] * lanes)
    loop.add(
        f"%{label}.c = insertelement <{lanes} x i64> undef, i64 {count}, i32 0",
        f"%{label}.w = shufflevector <{lanes} x i64> %{label}.c, <{lanes} x i64> undef, <{lanes} x i32> <{every}>",
        f"%{label}.m = icmp slt <{lanes} x i64> {numbers}, %{label}.w",
    )
    arguments = []
    for k in loop.inputs:
        suffix = loop.type(k)
        one = constant_text(to_bits(1, loop.type(k)), loop.type(k), lanes)
        loop.add(
            f"%{label}.o{k} = mul i64 {start}, %s{k}",
            f"%{label}.p{k} = getelementptr i8, ptr {loop.base(k)}, i64 %{label}.o{k}",
            f"%{label}.x{k} = call {loop.vector(k)} @llvm.masked.load.v{lanes}{suffix}.p0(ptr %{label}.p{k}, "
            f"i32 {loop.bytes(k)}, <{lanes} x i1> %{label}.m, {loop.vector(k)} {one})",
        )
        arguments.append(f"{loop.vector(k)} %{label}.x{k}")
    loop.add(
        f"%{label}.y = call {loop.vector(output)} @full({', '.join(arguments)})",
        f"%{label}.o = mul i64 {start}, {loop.bytes(output)}",
        f"%{label}.p = getelementptr i8, ptr %p{output}, i64 %{label}.o",
        f"call void @llvm.masked.store.v{lanes}{loop.program.type}.p0({loop.vector(output)} %{label}.y, "
        f"ptr %{label}.p, i32 {loop.bytes(output)}, <{lanes} x i1> %{label}.m)",
    )


def _first(loop: _Loop) -> None:
    """The lanes before the output is aligned (none if there are few elements), and how many whole blocks follow."""
    output, size = len(loop.inputs), loop.bytes(len(loop.inputs))
    loop.add(
        f"%address = ptrtoint ptr %p{output} to i64",
        "%down = sub i64 0, %address",
        f"%bytes = and i64 %down, {ALIGNMENT - 1}",
        f"%lanes = lshr i64 %bytes, {size.bit_length() - 1}",
        f"%lane = and i64 %lanes, {loop.lanes - 1}",
        f"%many = icmp sgt i64 %n, {4 * loop.lanes}",
        "%ahead = select i1 %many, i64 %lane, i64 0",
        "%aligned = icmp eq i64 %ahead, 0",
        "br i1 %aligned, label %whole, label %first",
        "first:",
    )
    _masked(loop, "f", "0", "%ahead")
    loop.add(
        "br label %whole",
        "whole:",
        "%rest = sub i64 %n, %ahead",
        f"%over = and i64 %rest, {loop.lanes - 1}",
        "%end = sub i64 %n, %over",
        "%any = icmp slt i64 %ahead, %end",
        f"%size = mul i64 %n, {size}",
        f"%large = icmp sge i64 %size, {loop.stream}",
        f"%misplaced = and i64 %address, {size - 1}",
        "%placed = icmp eq i64 %misplaced, 0",
    )
    inplace = ["%large", "%many", "%placed"]
    for k in loop.inputs:
        loop.add(f"%other{k} = icmp ne ptr %p{k}, %p{output}")
        inplace.append(f"%other{k}")
    value = inplace[0]
    for place, other in enumerate(inplace[1:]):
        loop.add(f"%past{place} = and i1 {value}, {other}")
        value = f"%past{place}"
    loop.add(f"%stream = and i1 {value}, true", "br i1 %any, label %block, label %last")


def _blocks(loop: _Loop) -> None:
    """The loop over whole blocks."""
    program, output = loop.program, len(loop.inputs)
    loop.add("block:", "%i = phi i64 [ %ahead, %whole ], [ %next, %stored ]")
    for k in loop.inputs:
        loop.add(
            f"%b.o{k} = mul i64 %i, %s{k}" if len(loop.inputs) > 1 else f"%b.o{k} = mul i64 %i, {loop.bytes(k)}",
            f"%b.p{k} = getelementptr i8, ptr {loop.base(k)}, i64 %b.o{k}",
            f"%x{k} = load {loop.vector(k)}, ptr %b.p{k}, align {loop.bytes(k)}",
        )
    arguments = tuple(f"%x{k}" for k in loop.inputs)
    given = ", ".join(f"{loop.vector(k)} %x{k}" for k in loop.inputs)
    vector = loop.vector(output)
    if program.plain is None:
        whole = write(program, (program.result,), arguments, loop.lanes)
        loop.lines += whole.lines
        loop.add("br label %store", "store:")
        stored = whole.values[program.result]
    else:
        tested = write(program, (program.plain.condition,), arguments, loop.lanes)
        loop.lines += tested.lines
        bits = f"i{loop.lanes}"
        loop.add(
            f"%mask = bitcast <{loop.lanes} x i1> {tested.values[program.plain.condition]} to {bits}",
            f"%plain = icmp eq {bits} %mask, -1",
            "br i1 %plain, label %cheap, label %rare, !prof !2",
            "cheap:",
        )
        cheap = write(program, (program.plain.value,), arguments, loop.lanes, "c", tested.values)
        loop.lines += cheap.lines
        loop.add(
            "br label %store",
            "rare:",
            f"%full = call {vector} @full({given})",
            "br label %store",
            "store:",
            f"%y = phi {vector} [ {cheap.values[program.plain.value]}, %cheap ], [ %full, %rare ]",
        )
        stored = "%y"
    loop.add(
        f"%b.o = mul i64 %i, {loop.bytes(output)}",
        f"%b.p = getelementptr i8, ptr %p{output}, i64 %b.o",
        "br i1 %stream, label %streamed, label %cached",
        "streamed:",
        f"store {vector} {stored}, ptr %b.p, align {ALIGNMENT}, !nontemporal !1",
        "br label %stored",
        "cached:",
        f"store {vector} {stored}, ptr %b.p, align {loop.bytes(output)}",
        "br label %stored",
        "stored:",
        f"%next = add nuw nsw i64 %i, {loop.lanes}",
        "%again = icmp slt i64 %next, %end",
        "br i1 %again, label %block, label %blocks",
        "blocks:",
        "br i1 %stream, label %drain, label %last",
        "drain:",
        "fence seq_cst",
        "br label %last",
    )


def _last(loop: _Loop) -> None:
    loop.add("last:", "%left = icmp sgt i64 %over, 0", "br i1 %left, label %remainder, label %done", "remainder:")
    _masked(loop, "r", "%end", "%over")
    loop.add("br label %done")


def _strided(loop: _Loop) -> None:
    """Any strides: lanes are copied one by one into blocks, and the results back."""
    lanes, output = loop.lanes, len(loop.inputs)
    loop.add("strided:")
    for k in loop.inputs:
        one = constant_text(to_bits(1, loop.type(k)), loop.type(k), lanes)
        loop.add(f"store {loop.vector(k)} {one}, ptr %buffer{k}, align {ALIGNMENT}")
    loop.add(
        "br label %group",
        "group:",
        "%g = phi i64 [ 0, %strided ], [ %g.next, %scattered ]",
        "%g.left = sub i64 %n, %g",
        f"%g.whole = icmp sgt i64 %g.left, {lanes}",
        f"%g.count = select i1 %g.whole, i64 {lanes}, i64 %g.left",
        "br label %gather",
        "gather:",
        "%j = phi i64 [ 0, %group ], [ %j.next, %gather ]",
        "%j.place = add i64 %g, %j",
    )
    for k in loop.inputs:
        scalar = type_text(loop.type(k))
        loop.add(
            f"%j.o{k} = mul i64 %j.place, %s{k}",
            f"%j.p{k} = getelementptr i8, ptr %p{k}, i64 %j.o{k}",
            f"%j.x{k} = load {scalar}, ptr %j.p{k}, align 1",
            f"%j.b{k} = getelementptr {scalar}, ptr %buffer{k}, i64 %j",
            f"store {scalar} %j.x{k}, ptr %j.b{k}",
        )
    loop.add("%j.next = add i64 %j, 1", "%j.more = icmp slt i64 %j.next, %g.count")
    loop.add("br i1 %j.more, label %gather, label %gathered", "gathered:")
    for k in loop.inputs:
        loop.add(f"%g.x{k} = load {loop.vector(k)}, ptr %buffer{k}, align {ALIGNMENT}")
    given = ", ".join(f"{loop.vector(k)} %g.x{k}" for k in loop.inputs)
    scalar = type_text(loop.program.type)
    loop.add(
        f"%g.y = call {loop.vector(output)} @full({given})",
        f"store {loop.vector(output)} %g.y, ptr %buffer{output}, align {ALIGNMENT}",
        "br label %scatter",
        "scatter:",
        "%l = phi i64 [ 0, %gathered ], [ %l.next, %scatter ]",
        "%l.place = add i64 %g, %l",
        f"%l.o = mul i64 %l.place, %s{output}",
        f"%l.p = getelementptr i8, ptr %p{output}, i64 %l.o",
        f"%l.b = getelementptr {scalar}, ptr %buffer{output}, i64 %l",
        f"%l.y = load {scalar}, ptr %l.b",
        f"store {scalar} %l.y, ptr %l.p, align 1",
        "%l.next = add i64 %l, 1",
        "%l.more = icmp slt i64 %l.next, %g.count",
        "br i1 %l.more, label %scatter, label %scattered",
        "scattered:",
        f"%g.next = add i64 %g, {lanes}",
        "%g.more = icmp slt i64 %g.next, %n",
        "br i1 %g.more, label %group, label %done",
    )


@dataclass(frozen=True, slots=True)
class CompiledLoop:
    """A loop in memory: its address, and the engine that keeps it there."""

    program: Straight
    address: int
    engine: Any

    def __call__(self, arrays: Sequence[Any], out: Any) -> Any:
        """Runs over one-dimensional arrays of equal length (or of one element) into `out`, which is returned."""
        import numpy as np

        every = [*arrays, out]
        pointers = np.array([array.ctypes.data for array in every], np.int64)
        steps = np.array([0 if len(array) == 1 != len(out) else array.strides[0] for array in every], np.int64)
        count = np.array([len(out)], np.int64)
        prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
        prototype(self.address)(pointers.ctypes.data, count.ctypes.data, steps.ctypes.data, None)
        return out


def compile_loop(program: Straight, lanes: int | None = None, stream: int | None = None) -> CompiledLoop:
    """The loop of a program in machine code for this processor."""
    from optgen.backends.llvm.kernel import from_text

    name = f"loop_{program.digest[:16]}"
    engine = from_text(loop_module(program, name, lanes, stream))
    return CompiledLoop(program, engine.get_function_address(name), engine)
