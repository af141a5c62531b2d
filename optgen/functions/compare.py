"""The machine code that runs a kernel over blocks of floats and compares it with their reference.

The kernel is the scalar text of the program, inlined here: the same operations in the same order as wherever it runs.
For each float x of a block, with p the reference polynomial and d = slack:

    error = (|y - p| + d) / ulp(|p| - d)        an upper bound of |y - f| / ulp(f), y = +-inf standing for +-2^128
    y is not the rounding of f for certain      if y is neither the rounding of p - d nor that of p + d
    it is not known                             if y is one of them only: Arb decides

The polynomial is evaluated as `reference` assumes: Horner's rule, fused, in double.  What the comparison itself rounds
is covered by the factor 1 + 2^-40 on the error.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optgen.functions.reference import BLOCK, DEGREE

RESULT = np.dtype([("error", np.uint64), ("wrong", np.int64), ("unknown", np.int64), ("sign", np.int64)])
KERNEL = "kernel"


def _hex(value: float) -> str:
    return f"0x{int.from_bytes(np.float64(value).tobytes(), 'little'):016X}"


def _polynomial() -> str:
    lines, last = [], f"%c{DEGREE}"
    for k in range(DEGREE - 1, -1, -1):
        lines.append(f"  %h{k} = call double @llvm.fma.f64(double {last}, double %s, double %c{k})")
        last = f"%h{k}"
    return "\n".join(lines)


def _loads() -> str:
    names = ["centre", "scale", "slack", *(f"c{k}" for k in range(DEGREE + 1))]
    return "\n".join(
        f"  %{name}.at = getelementptr i8, ptr %block, i64 {8 + 8 * k}\n  %{name} = load double, ptr %{name}.at"
        for k, name in enumerate(names)
    )


_TWO_128, _TINY = _hex(2.0**128), _hex(2.0**-126)

# from i (the number of the float in its block) to its error and what is wrong with it
_POINT = f"""
  %bits = add i32 %first, %i
  %x = bitcast i32 %bits to float
  %xd = fpext float %x to double
  %off = fsub double %xd, %centre
  %s = fmul double %off, %scale
{_polynomial()}
  %y = call float @{KERNEL}(float %x)
  %yd = fpext float %y to double
  %y.high = fcmp ogt double %yd, {_TWO_128}
  %y.1 = select i1 %y.high, double {_TWO_128}, double %yd
  %y.low = fcmp olt double %yd, {_hex(-(2.0**128))}
  %y.2 = select i1 %y.low, double {_hex(-(2.0**128))}, double %y.1
  %p.high = fcmp ogt double %h0, {_TWO_128}
  %p.1 = select i1 %p.high, double {_TWO_128}, double %h0
  %p.low = fcmp olt double %h0, {_hex(-(2.0**128))}
  %p = select i1 %p.low, double {_hex(-(2.0**128))}, double %p.1
  %difference = fsub double %y.2, %p
  %size = call double @llvm.fabs.f64(double %difference)
  %total = fadd double %size, %slack
  %p.size = call double @llvm.fabs.f64(double %p)
  %least = fsub double %p.size, %slack
  %subnormal = fcmp olt double %least, {_TINY}
  %least.1 = select i1 %subnormal, double {_TINY}, double %least
  %beyond = fcmp ogt double %least.1, {_hex(2.0**127)}
  %least.2 = select i1 %beyond, double {_hex(2.0**127)}, double %least.1
  %least.bits = bitcast double %least.2 to i64
  %exponent = and i64 %least.bits, {0x7FF0000000000000}
  %inverse.bits = sub i64 {2046 << 52}, %exponent
  %inverse = bitcast i64 %inverse.bits to double
  %units = fmul double %total, %inverse
  %error.number = fmul double %units, {_hex(2.0**23 * (1 + 2.0**-40))}
  %error = bitcast double %error.number to i64
  %below = fsub double %p, %slack
  %above = fadd double %p, %slack
  %lowest = fptrunc double %below to float
  %highest = fptrunc double %above to float
  %not.lowest = fcmp une float %y, %lowest
  %not.highest = fcmp une float %y, %highest
  %is.wrong = and i1 %not.lowest, %not.highest
  %is.unknown = xor i1 %not.lowest, %not.highest
  %y.zero = fcmp oeq float %y, 0.0
  %y.bits = bitcast float %y to i32
  %p.bits = bitcast double %h0 to i64
  %p.top = lshr i64 %p.bits, 32
  %p.half = trunc i64 %p.top to i32
  %mixed = xor i32 %y.bits, %p.half
  %opposite = icmp slt i32 %mixed, 0
  %is.sign = and i1 %y.zero, %opposite
"""

_MODULE = f"""
declare double @llvm.fma.f64(double, double, double)
declare double @llvm.fabs.f64(double)
declare i64 @llvm.umax.i64(i64, i64)

define void @compare(ptr noalias %blocks, i64 %count, ptr noalias %results, ptr %stop) {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %each, label %end
each:
  %b = phi i64 [ 0, %entry ], [ %b.next, %after ]
  %stopped = load volatile i32, ptr %stop
  %go = icmp eq i32 %stopped, 0
  br i1 %go, label %begin, label %end
begin:
  %place = mul i64 %b, {BLOCK.itemsize}
  %block = getelementptr i8, ptr %blocks, i64 %place
  %first = load i32, ptr %block
  %n.at = getelementptr i8, ptr %block, i64 4
  %n = load i32, ptr %n.at
{_loads()}
  br label %loop
loop:
  %i = phi i32 [ 0, %begin ], [ %i.next, %loop ]
  %worst = phi i64 [ 0, %begin ], [ %worst.next, %loop ]
  %wrong = phi i64 [ 0, %begin ], [ %wrong.next, %loop ]
  %unknown = phi i64 [ 0, %begin ], [ %unknown.next, %loop ]
  %sign = phi i64 [ 0, %begin ], [ %sign.next, %loop ]
{_POINT}
  %worst.next = call i64 @llvm.umax.i64(i64 %worst, i64 %error)
  %wrong.one = zext i1 %is.wrong to i64
  %wrong.next = add i64 %wrong, %wrong.one
  %unknown.one = zext i1 %is.unknown to i64
  %unknown.next = add i64 %unknown, %unknown.one
  %sign.one = zext i1 %is.sign to i64
  %sign.next = add i64 %sign, %sign.one
  %i.next = add nuw i32 %i, 1
  %more = icmp ult i32 %i.next, %n
  br i1 %more, label %loop, label %after
after:
  %at = mul i64 %b, {RESULT.itemsize}
  %result = getelementptr i8, ptr %results, i64 %at
  store i64 %worst.next, ptr %result
  %result.1 = getelementptr i8, ptr %result, i64 8
  store i64 %wrong.next, ptr %result.1
  %result.2 = getelementptr i8, ptr %result, i64 16
  store i64 %unknown.next, ptr %result.2
  %result.3 = getelementptr i8, ptr %result, i64 24
  store i64 %sign.next, ptr %result.3
  %b.next = add i64 %b, 1
  %again = icmp slt i64 %b.next, %count
  br i1 %again, label %each, label %end
end:
  ret void
}}

define i64 @collect(ptr noalias %block, i64 %least.error, ptr noalias %bits.out, ptr noalias %errors.out, i64 %room) {{
entry:
  %first = load i32, ptr %block
  %n.at = getelementptr i8, ptr %block, i64 4
  %n = load i32, ptr %n.at
{_loads()}
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %next ]
  %found = phi i64 [ 0, %entry ], [ %found.next, %next ]
{_POINT}
  %large = icmp uge i64 %error, %least.error
  %odd = or i1 %is.unknown, %is.sign
  %asked = or i1 %large, %odd
  %free = icmp slt i64 %found, %room
  %keep = and i1 %asked, %free
  br i1 %keep, label %store, label %skip
store:
  %bits.at = getelementptr i32, ptr %bits.out, i64 %found
  store i32 %bits, ptr %bits.at
  %errors.at = getelementptr i64, ptr %errors.out, i64 %found
  store i64 %error, ptr %errors.at
  br label %skip
skip:
  %one = zext i1 %asked to i64
  %found.next = add i64 %found, %one
  br label %next
next:
  %i.next = add nuw i32 %i, 1
  %more = icmp ult i32 %i.next, %n
  br i1 %more, label %loop, label %end
end:
  ret i64 %found.next
}}

define void @apply(ptr noalias %inputs, i64 %count, ptr noalias %outputs) {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %loop, label %end
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %in = getelementptr float, ptr %inputs, i64 %i
  %x = load float, ptr %in
  %y = call float @{KERNEL}(float %x)
  %out = getelementptr float, ptr %outputs, i64 %i
  store float %y, ptr %out
  %i.next = add nuw i64 %i, 1
  %more = icmp slt i64 %i.next, %count
  br i1 %more, label %loop, label %end
end:
  ret void
}}

define i64 @numbers(i32 %first, i64 %count) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %found = phi i64 [ 0, %entry ], [ %found.next, %loop ]
  %low = trunc i64 %i to i32
  %bits = add i32 %first, %low
  %x = bitcast i32 %bits to float
  %y = call float @{KERNEL}(float %x)
  %is = fcmp ord float %y, 0.0
  %one = zext i1 %is to i64
  %found.next = add i64 %found, %one
  %i.next = add nuw i64 %i, 1
  %more = icmp slt i64 %i.next, %count
  br i1 %more, label %loop, label %end
end:
  ret i64 %found.next
}}
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A kernel with the loops around it, compiled: `engine` keeps the code alive."""

    engine: Any
    address: Callable[[str], int]

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        return ctypes.CFUNCTYPE(result, *arguments)(self.address(name))

    def compare(self, blocks: Any, stop: Any) -> Any:
        """A RESULT for each block; returns early, with zeros, once stop[0] is not 0.  The GIL is released."""
        results = np.zeros(len(blocks), RESULT)
        run = self._function("compare", None, *[ctypes.c_void_p, ctypes.c_int64] * 2)
        run(blocks.ctypes.data, len(blocks), results.ctypes.data, stop.ctypes.data)
        return results

    def collect(self, block: Any, least: float, room: int) -> tuple[int, Any, Any]:
        """How many inputs of a block have an error of at least `least`, or something unknown or wrong in the sign of a
        zero; the bits and the errors of the first `room` of them."""
        bits, errors = np.zeros(room, np.uint32), np.zeros(room, np.float64)
        pointer = ctypes.c_void_p
        run = self._function("collect", ctypes.c_int64, pointer, ctypes.c_uint64, pointer, pointer, ctypes.c_int64)
        one = np.array([block], dtype=BLOCK)
        threshold = int(np.float64(least).view(np.uint64))
        found = run(one.ctypes.data, threshold, bits.ctypes.data, errors.ctypes.data, room)
        return int(found), bits[:found], errors[:found]

    def apply(self, inputs: Any) -> Any:
        """The kernel on an array of float32."""
        inputs = np.ascontiguousarray(inputs, np.float32)
        outputs = np.empty_like(inputs)
        self._function("apply", None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)(
            inputs.ctypes.data, inputs.size, outputs.ctypes.data
        )
        return outputs

    def numbers(self, first: int, count: int) -> int:
        """How many of `count` inputs from the bits `first` on have a result that is not NaN."""
        return int(self._function("numbers", ctypes.c_int64, ctypes.c_uint32, ctypes.c_int64)(first, count))


def compiled(kernel: str) -> Comparison:
    """The loops around the text of a kernel, which defines `float @kernel(float)` and all that it calls."""
    from optgen.backends.llvm.kernel import from_object, to_object

    engine = from_object(to_object(_without_doubles(kernel) + _MODULE))
    return Comparison(engine, engine.get_function_address)


def _without_doubles(kernel: str) -> str:
    """The kernel's text without the declarations that the loops bring along."""
    return "\n".join(line for line in kernel.splitlines() if line.strip() not in _DECLARED) + "\n"


_DECLARED = {line.strip() for line in _MODULE.splitlines() if line.startswith("declare")}
