"""Whole-array functions whose rows or bytes threads share, as LLVM text: see routines for the others."""

from __future__ import annotations

from dataclasses import dataclass

from optgen.backends.llvm.costs import ENTRY
from optgen.backends.llvm.matvec import STREAMS, large_matvec
from optgen.backends.llvm.parts import GRAIN, LARGE
from optgen.backends.llvm.threads import PARTS

SHARE = "declare void @optgen_share(ptr, ptr, i64)"
SMAX = "declare i64 @llvm.smax.i64(i64, i64)"
SMIN = "declare i64 @llvm.smin.i64(i64, i64)"
MOVE = "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)"
BLOCK = 1 << 18  # bytes that one part copies at least


@dataclass(frozen=True, slots=True)
class Routine:
    text: str
    uses: tuple[str, ...] = ()
    declares: tuple[str, ...] = ()


def _cut(cost: str, count: str) -> str:
    """`%size` and `%parts` of `count` rows that cost `cost` in all: one part unless that is large."""
    return f"""
  %large = icmp sge i64 {cost}, {LARGE}
  %grains = udiv i64 {cost}, {GRAIN}
  %some = call i64 @llvm.smin.i64(i64 %grains, i64 {PARTS})
  %number = select i1 %large, i64 %some, i64 1
  %less = sub i64 %number, 1
  %rounded = add i64 {count}, %less
  %even = udiv i64 %rounded, %number
  %groups = add i64 %even, {STREAMS - 1}
  %size = and i64 %groups, {-STREAMS}
  %nonzero = call i64 @llvm.smax.i64(i64 %size, i64 {STREAMS})
  %size.less = sub i64 %nonzero, 1
  %last = add i64 {count}, %size.less
  %parts = udiv i64 %last, %nonzero"""


def _matvec(real: str) -> str:
    """y = a @ x, cut by rows."""
    end = "" if real == "double" else "_single"
    name, plain = f"matvec_shared{end}", f"matvec_large{end}"
    return f"""define internal void @{plain}_part(ptr %context, i64 %k) nounwind {{
  %a = load ptr, ptr %context
  %at.x = getelementptr i64, ptr %context, i64 1
  %x = load ptr, ptr %at.x
  %at.y = getelementptr i64, ptr %context, i64 2
  %y = load ptr, ptr %at.y
  %at.rows = getelementptr i64, ptr %context, i64 3
  %rows = load i64, ptr %at.rows
  %at.columns = getelementptr i64, ptr %context, i64 4
  %columns = load i64, ptr %at.columns
  %at.size = getelementptr i64, ptr %context, i64 5
  %size = load i64, ptr %at.size
  %from = mul i64 %k, %size
  %left = sub i64 %rows, %from
  %count = call i64 @llvm.smin.i64(i64 %left, i64 %size)
  %offset = mul i64 %from, %columns
  %start = getelementptr {real}, ptr %a, i64 %offset
  %target = getelementptr {real}, ptr %y, i64 %from
  call void @{plain}(ptr %start, ptr %x, ptr %target, i64 %count, i64 %columns)
  ret void
}}
define internal void @{name}(ptr %a, ptr %x, ptr %y, i64 %rows, i64 %columns) nounwind {{
  %context = alloca [6 x i64]
  %entries = mul i64 %rows, %columns
  %cost = mul i64 %entries, {ENTRY}{_cut("%cost", "%rows")}
  store ptr %a, ptr %context
  %at.x = getelementptr i64, ptr %context, i64 1
  store ptr %x, ptr %at.x
  %at.y = getelementptr i64, ptr %context, i64 2
  store ptr %y, ptr %at.y
  %at.rows = getelementptr i64, ptr %context, i64 3
  store i64 %rows, ptr %at.rows
  %at.columns = getelementptr i64, ptr %context, i64 4
  store i64 %columns, ptr %at.columns
  %at.size = getelementptr i64, ptr %context, i64 5
  store i64 %nonzero, ptr %at.size
  call void @optgen_share(ptr @{plain}_part, ptr %context, i64 %parts)
  ret void
}}
"""


COPY = f"""define internal void @copy_part(ptr %context, i64 %k) nounwind {{
  %to = load ptr, ptr %context
  %at.from = getelementptr i64, ptr %context, i64 1
  %from = load ptr, ptr %at.from
  %at.bytes = getelementptr i64, ptr %context, i64 2
  %bytes = load i64, ptr %at.bytes
  %at.size = getelementptr i64, ptr %context, i64 3
  %size = load i64, ptr %at.size
  %offset = mul i64 %k, %size
  %left = sub i64 %bytes, %offset
  %count = call i64 @llvm.smin.i64(i64 %left, i64 %size)
  %target = getelementptr i8, ptr %to, i64 %offset
  %source = getelementptr i8, ptr %from, i64 %offset
  call void @llvm.memmove.p0.p0.i64(ptr %target, ptr %source, i64 %count, i1 false)
  ret void
}}
define internal void @copy_shared(ptr %to, ptr %from, i64 %bytes) nounwind {{
  %context = alloca [4 x i64]
  %more = add i64 %bytes, {BLOCK * PARTS - 1}
  %blocks = udiv i64 %more, {BLOCK * PARTS}
  %size = mul i64 %blocks, {BLOCK}
  %size.less = sub i64 %size, 1
  %last = add i64 %bytes, %size.less
  %nonzero = call i64 @llvm.smax.i64(i64 %size, i64 1)
  %parts = udiv i64 %last, %nonzero
  store ptr %to, ptr %context
  %at.from = getelementptr i64, ptr %context, i64 1
  store ptr %from, ptr %at.from
  %at.bytes = getelementptr i64, ptr %context, i64 2
  store i64 %bytes, ptr %at.bytes
  %at.size = getelementptr i64, ptr %context, i64 3
  store i64 %nonzero, ptr %at.size
  call void @optgen_share(ptr @copy_part, ptr %context, i64 %parts)
  ret void
}}
"""

SHARED_ROUTINES: dict[str, Routine] = {
    "matvec_shared": Routine(_matvec("double"), ("matvec_large",), (SHARE, SMIN, SMAX)),
    "matvec_shared_single": Routine(_matvec("float"), ("matvec_large_single",), (SHARE, SMIN, SMAX)),
    "matvec_large": Routine(*large_matvec("double", "matvec_large")),
    "matvec_large_single": Routine(*large_matvec("float", "matvec_large_single")),
    "copy_shared": Routine(COPY, (), (SHARE, SMIN, SMAX, MOVE)),
}
