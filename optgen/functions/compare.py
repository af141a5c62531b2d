"""The machine code that runs a kernel over blocks of floats and compares it with their reference.

The kernel is the scalar text of the program, inlined here: the same operations in the same order as wherever it runs.
For each float x of a block, with p the reference polynomial and d = slack:

    error = (|y - p| + d) / unit(|p| - d)       an upper bound of |y - f| / unit(f), y = +-inf standing for +-2^128
    y is not the rounding of f for certain      if y is neither the rounding of p - d nor that of p + d
    it is not known                             if y is one of them only: Arb decides

A block that leans (see `reference`) has f beyond p on one side: p itself then gives way to its neighbour on that side.

The polynomial is evaluated as `reference` assumes: Horner's rule, fused, in double.  What the comparison itself rounds
is covered by the factor 1 + 2^-40 on the error.
"""

from __future__ import annotations

import ctypes
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optgen.functions.errors import DEGREE, TINY
from optgen.functions.measure import ULP, Measure
from optgen.functions.reference import BLOCK
from optgen.functions.turns import LARGEST_QUOTIENT, PIECE, PIECES_LOG, TURN
from optgen.ir.straight import Straight

RESULT = np.dtype([("error", np.uint64), ("wrong", np.int64), ("unknown", np.int64), ("sign", np.int64)])
KERNEL = "kernel"
DEFAULT = 0x1F80  # the control word at the start of a program: to nearest, denormals kept, no traps
POINTER, LONG = ctypes.c_void_p, ctypes.c_int64


def _hex(value: float) -> str:
    return f"0x{int.from_bytes(np.float64(value).tobytes(), 'little'):016X}"


def _polynomial(stem: str = "h") -> str:
    lines, last = [], f"%c{DEGREE}"
    for k in range(DEGREE - 1, -1, -1):
        lines.append(f"  %{stem}{k} = call double @llvm.fma.f64(double {last}, double %s, double %c{k})")
        last = f"%{stem}{k}"
    return "\n".join(lines)


def _reads(base: str, names: Sequence[str], offset: int) -> str:
    """Doubles that lie one after the other in memory."""
    return "\n".join(
        f"  %{name}.at = getelementptr i8, ptr {base}, i64 {offset + 8 * k}\n  %{name} = load double, ptr %{name}.at"
        for k, name in enumerate(names)
    )


_LOADS = _reads("%block", ("centre", "scale", "slack", "lean", *(f"c{k}" for k in range(DEGREE + 1))), 8)
_TURN_LOADS = """
  %low.at = getelementptr i8, ptr %block, i64 8
  %turn.low = load i64, ptr %low.at
  %high.at = getelementptr i8, ptr %block, i64 16
  %turn.high = load i64, ptr %high.at
  %turn.wide = zext i64 %turn.high to i128
  %turn.top = shl i128 %turn.wide, 64
  %turn.bottom = zext i64 %turn.low to i128
  %turn = or i128 %turn.top, %turn.bottom"""


_TWO_128 = _hex(2.0**128)


# from i (the number of the float in its block) to its error and what is wrong with it
def _judged(measure: Measure) -> str:
    """Ulps are powers of two, so that dividing by one is exact; see `measure`."""
    if measure.kind == "relative":
        unit = _SHARE
    else:
        unit = _ULPS
    return _JUDGE.replace("{least}", _hex(2.0 ** (measure.floor + 23))).replace("{unit}", unit)


_SHARE = f"""  %share = fdiv double %total, %least.1
  %error.number = fmul double %share, {_hex(1 + 2.0**-40)}"""

_ULPS = f"""  %beyond = fcmp ogt double %least.1, {_hex(2.0**127)}
  %least.2 = select i1 %beyond, double {_hex(2.0**127)}, double %least.1
  %least.bits = bitcast double %least.2 to i64
  %exponent = and i64 %least.bits, {0x7FF0000000000000}
  %inverse.bits = sub i64 {2046 << 52}, %exponent
  %inverse = bitcast i64 %inverse.bits to double
  %units = fmul double %total, %inverse
  %error.number = fmul double %units, {_hex(2.0**23 * (1 + 2.0**-40))}"""

_PLAIN = f"""
  %bits = add i32 %first, %i
  %x = bitcast i32 %bits to float
  %xd = fpext float %x to double
  %off = fsub double %xd, %centre
  %s = fmul double %off, %scale
{_polynomial()}
"""

# the argument in turns, as integers modulo 2^128; the piece whose centre is nearest; the distance in half-widths
_TURNED = f"""
  %bits = add i32 %first, %i
  %x = bitcast i32 %bits to float
  %fraction = and i32 %bits, {0x7FFFFF}
  %mantissa = or i32 %fraction, {0x800000}
  %m = zext i32 %mantissa to i128
  %u.size = mul i128 %m, %turn
  %u.minus = sub i128 0, %u.size
  %negative = icmp slt i32 %bits, 0
  %u = select i1 %negative, i128 %u.minus, i128 %u.size
  %u.half = add i128 %u, {1 << (127 - PIECES_LOG)}
  %piece.wide = lshr i128 %u.half, {128 - PIECES_LOG}
  %piece.top = shl i128 %piece.wide, {128 - PIECES_LOG}
  %rho = sub i128 %u, %piece.top
  %rho.negative = icmp slt i128 %rho, 0
  %rho.minus = sub i128 0, %rho
  %rho.size = select i1 %rho.negative, i128 %rho.minus, i128 %rho
  %rho.high.wide = lshr i128 %rho.size, 64
  %rho.high = trunc i128 %rho.high.wide to i64
  %rho.low = trunc i128 %rho.size to i64
  %s.high = uitofp i64 %rho.high to double
  %s.low = uitofp i64 %rho.low to double
  %s.first = fmul double %s.high, {_hex(2.0 ** (PIECES_LOG - 63))}
  %s.size = call double @llvm.fma.f64(double %s.low, double {_hex(2.0 ** (PIECES_LOG - 127))}, double %s.first)
  %s.minus = fneg double %s.size
  %s = select i1 %rho.negative, double %s.minus, double %s.size
  %piece = trunc i128 %piece.wide to i64
  %piece.bytes = mul i64 %piece, {PIECE.itemsize}
  %entry.at = getelementptr i8, ptr %pieces, i64 %piece.bytes
{_reads("%entry.at", ("absolute", "relative", "invert", *(f"c{k}" for k in range(DEGREE + 1))), 0)}
{_polynomial("q")}
  %inverse.value = fdiv double 1.0, %q0
  %inverted = fcmp une double %invert, 0.0
  %h0 = select i1 %inverted, double %inverse.value, double %q0
  %h0.size = call double @llvm.fabs.f64(double %h0)
  %slack.1 = call double @llvm.fma.f64(double %h0.size, double %relative, double %absolute)
  %too.large = fcmp ogt double %h0.size, {_hex(LARGEST_QUOTIENT)}
  %lean = fadd double 0.0, 0.0
  %slack = select i1 %too.large, double {_hex(math.inf)}, double %slack.1
"""

_JUDGE = f"""
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
  %small = fcmp olt double %least, {{least}}
  %least.1 = select i1 %small, double {{least}}, double %least
{{unit}}
  %error = bitcast double %error.number to i64
  %nudge.size = fmul double %p.size, {_hex(1.25 * 2.0**-53)}
  %nudge = fmul double %nudge.size, %lean
  %beside = fadd double %p, %nudge
  %p.less = fsub double %p, %slack
  %p.more = fadd double %p, %slack
  %leans.up = fcmp ogt double %lean, 0.0
  %leans.down = fcmp olt double %lean, 0.0
  %below.smaller = fcmp olt double %p.less, %beside
  %below.least = select i1 %below.smaller, double %p.less, double %beside
  %below.plain = select i1 %leans.down, double %below.least, double %p.less
  %below = select i1 %leans.up, double %beside, double %below.plain
  %above.larger = fcmp ogt double %p.more, %beside
  %above.most = select i1 %above.larger, double %p.more, double %beside
  %above.plain = select i1 %leans.up, double %above.most, double %p.more
  %above = select i1 %leans.down, double %beside, double %above.plain
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
  %sure = fcmp ogt double %p.size, %slack
  %vanishes = fcmp oeq double %p.size, {_hex(TINY / 2)}
  %has.sign = or i1 %sure, %vanishes
  %sign.wrong = and i1 %y.zero, %opposite
  %is.sign = and i1 %sign.wrong, %has.sign
"""


def module(measure: Measure) -> str:
    """The loops around a kernel that is not defined here: over plain blocks, over blocks in turns, over arrays."""
    judged = _judged(measure)
    made = []
    for suffix, blocks, loads, point in (("", BLOCK, _LOADS, _PLAIN), (".turned", TURN, _TURN_LOADS, _TURNED)):
        text = _LOOPS.replace("{suffix}", suffix).replace("{size}", str(blocks.itemsize))
        made.append(text.replace("{loads}", loads).replace("{point}", point + judged))
    return "".join([*made, _ARRAYS, _environment()])


_LOOPS = f"""
define void @compare{{suffix}}(ptr noalias %blocks, i64 %count, ptr noalias %results, ptr %stop, ptr noalias %pieces) {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %each, label %end
each:
  %b = phi i64 [ 0, %entry ], [ %b.next, %after ]
  %stopped = load volatile i32, ptr %stop
  %go = icmp eq i32 %stopped, 0
  br i1 %go, label %begin, label %end
begin:
  %place = mul i64 %b, {{size}}
  %block = getelementptr i8, ptr %blocks, i64 %place
  %first = load i32, ptr %block
  %n.at = getelementptr i8, ptr %block, i64 4
  %n = load i32, ptr %n.at
{{loads}}
  br label %loop
loop:
  %i = phi i32 [ 0, %begin ], [ %i.next, %loop ]
  %worst = phi i64 [ 0, %begin ], [ %worst.next, %loop ]
  %wrong = phi i64 [ 0, %begin ], [ %wrong.next, %loop ]
  %unknown = phi i64 [ 0, %begin ], [ %unknown.next, %loop ]
  %sign = phi i64 [ 0, %begin ], [ %sign.next, %loop ]
{{point}}
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

define i64 @collect{{suffix}}(
  ptr noalias %block, i64 %least.error, ptr noalias %bits.out, ptr noalias %errors.out, i64 %room, ptr noalias %pieces
) {{
entry:
  %first = load i32, ptr %block
  %n.at = getelementptr i8, ptr %block, i64 4
  %n = load i32, ptr %n.at
{{loads}}
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.next, %next ]
  %found = phi i64 [ 0, %entry ], [ %found.next, %next ]
{{point}}
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
"""

_ARRAYS = f"""
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


def _environment() -> str:
    """Sets the control word of floating-point arithmetic, and gives the one before (x86-64; elsewhere nothing)."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return "define i32 @environment(i32 %word) {\n  ret i32 %word\n}\n"
    return """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define i32 @environment(i32 %word) {
  %old = alloca i32
  %new = alloca i32
  store i32 %word, ptr %new
  call void @llvm.x86.sse.stmxcsr(ptr %old)
  call void @llvm.x86.sse.ldmxcsr(ptr %new)
  %before = load i32, ptr %old
  ret i32 %before
}
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A kernel with the loops around it, compiled: `engine` keeps the code alive.

    The loops run rounding to nearest with denormals kept, whatever the thread that calls them was set to.
    """

    engine: Any

    def _call(self, name: str, result: Any, types: Sequence[Any], *arguments: Any) -> Any:
        address = self.engine.get_function_address
        environment = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)(address("environment"))
        function = ctypes.CFUNCTYPE(result, *types)(address(name))
        before = environment(DEFAULT)
        try:
            return function(*arguments)
        finally:
            environment(before)

    def compare(self, blocks: Any, stop: Any, pieces: Any = None) -> Any:
        """A RESULT for each block; returns early, with zeros, once stop[0] is not 0.  The GIL is released.

        With `pieces` the blocks are those of `turns`.
        """
        results = np.zeros(len(blocks), RESULT)
        places = (blocks.ctypes.data, len(blocks), results.ctypes.data, stop.ctypes.data, _address(pieces))
        self._call(_named("compare", pieces), None, (POINTER, LONG, POINTER, POINTER, POINTER), *places)
        return results

    def collect(self, block: Any, least: float, room: int, pieces: Any = None) -> tuple[int, Any, Any]:
        """How many inputs of a block have an error of at least `least`, or something unknown or wrong in the sign of a
        zero; the bits and the errors of the first `room` of them."""
        bits, errors = np.zeros(room, np.uint32), np.zeros(room, np.float64)
        one = np.array([block], dtype=block.dtype)
        threshold = int(np.float64(least).view(np.int64))
        places = (one.ctypes.data, threshold, bits.ctypes.data, errors.ctypes.data, room, _address(pieces))
        found = self._call(_named("collect", pieces), LONG, (POINTER, LONG, POINTER, POINTER, LONG, POINTER), *places)
        return int(found), bits[:found], errors[:found]

    def apply(self, inputs: Any) -> Any:
        """The kernel on an array of float32."""
        inputs = np.ascontiguousarray(inputs, np.float32)
        outputs = np.empty_like(inputs)
        places = (inputs.ctypes.data, inputs.size, outputs.ctypes.data)
        self._call("apply", None, (POINTER, LONG, POINTER), *places)
        return outputs

    def numbers(self, first: int, count: int) -> int:
        """How many of `count` inputs from the bits `first` on have a result that is not NaN."""
        return int(self._call("numbers", LONG, (ctypes.c_uint32, LONG), first, count))


def _named(name: str, pieces: Any) -> str:
    return name if pieces is None else f"{name}.turned"


def _address(pieces: Any) -> int | None:
    return None if pieces is None else int(pieces.ctypes.data)


def kernel_text(program: Straight) -> str:
    """The program as `kernel`.  Where its plain case holds but has not the bits of the result, the kernel gives NaN for
    a number and 0 for NaN, so that no comparison passes."""
    from optgen.backends.llvm.straight import definition, table_definitions, write

    lines = table_definitions(program)
    if program.plain is None:
        return "\n".join([*lines, definition(program, KERNEL, attributes="alwaysinline ")]) + "\n"
    ends = (program.result, program.plain.condition, program.plain.value)
    made = write(program, ends, ("%a0",), 1)
    result, condition, value = (made.values[end] for end in ends)
    return "\n".join([
        *lines,
        f"define internal float @{KERNEL}(float %a0) alwaysinline {{", *made.lines,
        f"  %same.a = bitcast float {result} to i32",
        f"  %same.b = bitcast float {value} to i32",
        "  %differ = icmp ne i32 %same.a, %same.b",
        f"  %broken = and i1 {condition}, %differ",
        f"  %number = fcmp ord float {result}, 0.0",
        f"  %bad = select i1 %number, float {_hex(math.nan)}, float 0.0",
        f"  %out = select i1 %broken, float %bad, float {result}",
        "  ret float %out", "}", "",
    ])  # fmt: skip


def compiled(kernel: str, measure: Measure = ULP) -> Comparison:
    """The loops around the text of a kernel, which defines `float @kernel(float)` and all that it calls."""
    from optgen.backends.llvm.kernel import widened

    return Comparison(widened(kernel + module(measure)))
