"""Instructions on vectors that loops and routines share: spreading a number, numbering lanes, memory under a mask."""

from __future__ import annotations

from collections.abc import Sequence

from optgen.backends.llvm.body import Body
from optgen.backends.llvm.lanes import Lanes


def splat(body: Body, lanes: Lanes, element: str, value: str) -> str:
    """The number in every lane."""
    kind = lanes.type(element)
    first = body.value(f"insertelement {kind} poison, {element} {value}, i64 0")
    return body.value(f"shufflevector {kind} {first}, {kind} poison, {lanes.type('i32')} zeroinitializer")


def numbers(body: Body, lanes: Lanes, start: str) -> str:
    """start, start + 1, ..."""
    steps = ", ".join(f"i64 {k}" for k in range(lanes.count))
    return body.value(f"add nuw nsw {lanes.type('i64')} {splat(body, lanes, 'i64', start)}, <{steps}>")


def within(body: Body, lanes: Lanes, start: str, end: str, some: bool = False) -> str:
    """Which of the lanes start, start + 1, ... are below the end: as many bits of a word.  `some`: the first one is."""
    left = body.of_integers("llvm.smin", [body.value(f"sub nsw i64 {end}, {start}"), str(lanes.count)])
    left = left if some else body.of_integers("llvm.smax", [left, "0"])
    beyond = body.value(f"shl i64 -1, {left}")
    bits = body.value(f"trunc i64 {body.value(f'xor i64 {beyond}, -1')} to i{lanes.count}")
    return body.value(f"bitcast i{lanes.count} {bits} to {lanes.type('i1')}")


def shuffled(body: Body, lanes: Lanes, element: str, left: str, right: str, order: Sequence[int]) -> str:
    """Lanes of two vectors, those of the right one counted on from those of the left one."""
    kind, picked = lanes.type(element), ", ".join(f"i32 {lane}" for lane in order)
    return body.value(f"shufflevector {kind} {left}, {kind} {right}, <{len(order)} x i32> <{picked}>")


def load(body: Body, lanes: Lanes, element: str, address: str, mask: str = "") -> str:
    """Entries that lie one after the other; without a mask all of them."""
    kind, truths, size = lanes.type(element), lanes.type("i1"), BYTES[element]
    if not mask:
        return body.value(f"load {kind}, ptr {address}, align {size}")
    name = f"llvm.masked.load.{lanes.overload(element)}.p0"
    return body.value(
        f"call {kind} @{name}(ptr {address}, i32 {size}, {truths} {mask}, {kind} zeroinitializer)",
        f"declare {kind} @{name}(ptr, i32, {truths}, {kind})",
    )


def store(body: Body, lanes: Lanes, element: str, value: str, address: str, mask: str = "") -> None:
    """Entries that lie one after the other; without a mask all of them."""
    kind, truths, size = lanes.type(element), lanes.type("i1"), BYTES[element]
    if not mask:
        body.do(f"store {kind} {value}, ptr {address}, align {size}")
        return
    name = f"llvm.masked.store.{lanes.overload(element)}.p0"
    body.external(f"declare void @{name}({kind}, ptr, i32, {truths})")
    body.do(f"call void @{name}({kind} {value}, ptr {address}, i32 {size}, {truths} {mask})")


def gather(body: Body, lanes: Lanes, element: str, base: str, offsets: str, mask: str) -> str:
    """Entries that lie anywhere; without a mask all of them."""
    kind, pointers, truths, size = lanes.type(element), lanes.type("ptr"), lanes.type("i1"), BYTES[element]
    places = body.value(f"getelementptr inbounds {element}, ptr {base}, {lanes.type('i64')} {offsets}")
    name = f"llvm.masked.gather.{lanes.overload(element)}.{lanes.overload('p0')}"
    return body.value(
        f"call {kind} @{name}({pointers} {places}, i32 {size}, {truths} {mask or lanes.constant('i1', 'true')}, "
        f"{kind} zeroinitializer)",
        f"declare {kind} @{name}({pointers}, i32, {truths}, {kind})",
    )


BYTES = {"double": 8, "float": 4, "i64": 8, "i8": 1}
