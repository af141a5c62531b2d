"""The floating-point environment in which a kernel runs, whoever calls it.

What is proved of a kernel is proved for rounding to nearest and denormals kept.  XLA's threads flush denormals, and so
does every process that has loaded a library built with -ffast-math.  And a loop that computes both sides of a choice
raises flags that mean nothing, which NumPy would report.  So the loop is called with the control and status word that
a program starts with, and the caller's word comes back after it, untouched.
"""

from __future__ import annotations

import platform

DEFAULT = 0x1F80  # MXCSR at the start of a program: to nearest, denormals kept, no traps, no flags


def settled(name: str, loop: str) -> str:
    """The text of `name`, which calls the inner loop `loop` in the default environment.

    The word is that of x86-64; on other processors the loop runs in the caller's environment.
    """
    parameters = "ptr %args, ptr %dims, ptr %steps, ptr %data"
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"""
define void @{name}({parameters}) {{
  call void @{loop}({parameters})
  ret void
}}
"""
    return f"""
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define void @{name}({parameters}) {{
  %before = alloca i32
  %during = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %before)
  store i32 {DEFAULT}, ptr %during
  call void @llvm.x86.sse.ldmxcsr(ptr %during)
  call void @{loop}({parameters}) noinline
  call void @llvm.x86.sse.ldmxcsr(ptr %before)
  ret void
}}
"""
