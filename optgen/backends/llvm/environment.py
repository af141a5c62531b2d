"""The floating-point environment in which a kernel runs, whoever calls it.

What is proved of a kernel is proved for rounding to nearest and denormals kept.  XLA's threads flush denormals, and so
does every process that has loaded a library built with -ffast-math.  And a loop that computes both sides of a choice
raises flags that mean nothing, which NumPy would report.  So the loop is called with the control and status word that
a program starts with, and the caller's word comes back after it, untouched: a function never reports an invalid,
infinite or tiny result by a flag, its result says it.

A kernel works on blocks.  `reduce` and `accumulate` call the loop of a function of two arguments with each result as
the next argument: such a call is taken apart into one call a number.
"""

from __future__ import annotations

import platform

DEFAULT = 0x1F80  # MXCSR at the start of a program: to nearest, denormals kept, no traps, no flags
PARAMETERS = "ptr %args, ptr %dims, ptr %steps, ptr %data"


def settled(name: str, loop: str, arguments: int) -> str:
    """The text of `name`, which calls the inner loop `loop` of so many arguments in the default environment.

    The word is that of x86-64; on other processors the loop runs in the caller's environment.
    """
    called, text = (loop, "") if arguments == 1 else (f"{loop}.any", _in_order(f"{loop}.any", loop))
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"{text}\ndefine void @{name}({PARAMETERS}) {{\n  call void @{called}({PARAMETERS})\n  ret void\n}}\n"
    return f"""{text}
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define void @{name}({PARAMETERS}) {{
  %before = alloca i32
  %during = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %before)
  store i32 {DEFAULT}, ptr %during
  call void @llvm.x86.sse.ldmxcsr(ptr %during)
  call void @{called}({PARAMETERS}) noinline
  call void @llvm.x86.sse.ldmxcsr(ptr %before)
  ret void
}}
"""


def _in_order(name: str, loop: str) -> str:
    """The loop of two arguments; one number at a time where a result is the first argument of what follows."""

    def loads(base: str, kind: str, name: str, size: int) -> str:
        return "".join(
            f"  %{name}.at{k} = getelementptr i8, ptr {base}, i64 {size * k}\n"
            f"  %{name}{k} = load {kind}, ptr %{name}.at{k}\n"
            for k in range(3)
        )

    moves = "".join(
        f"  %now{k} = load ptr, ptr %place{k}\n"
        f"  %then{k} = getelementptr i8, ptr %now{k}, i64 %step{k}\n"
        f"  store ptr %then{k}, ptr %place{k}\n"
        for k in range(3)
    )
    copies = "".join(
        f"  %place{k} = getelementptr ptr, ptr %places, i64 {k}\n  store ptr %p{k}, ptr %place{k}\n" for k in range(3)
    )
    return f"""
define internal void @{name}({PARAMETERS}) noinline {{
entry:
  %places = alloca ptr, i64 3
  %one = alloca i64
  store i64 1, ptr %one
  %n = load i64, ptr %dims
{loads("%args", "ptr", "p", 8)}{loads("%steps", "i64", "step", 8)}{copies}  %first = ptrtoint ptr %p0 to i64
  %result = ptrtoint ptr %p2 to i64
  %after = add i64 %first, %step0
  %reduces = icmp eq i64 %step2, 0
  %accumulates = icmp eq i64 %after, %result
  %ordered = or i1 %reduces, %accumulates
  %some = icmp sgt i64 %n, 0
  %apart = and i1 %ordered, %some
  br i1 %apart, label %next, label %whole
whole:
  call void @{loop}({PARAMETERS})
  ret void
next:
  %i = phi i64 [ 0, %entry ], [ %j, %next ]
  call void @{loop}(ptr %places, ptr %one, ptr %steps, ptr %data)
{moves}  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %next, label %end
end:
  ret void
}}
"""
