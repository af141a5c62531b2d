"""Kernels by hand for the tests of what users touch: f(x) = 1/x and g(x, y) = x*x - y, without tricks."""

from __future__ import annotations

from optgen.functions.definition import Code, Definition

REAL = {"float32": "float", "float64": "double"}
BODIES = {1: "  %v = fdiv {real} 1.0, %x0", 2: "  %s = fmul {real} %x0, %x0\n  %v = fsub {real} %s, %x1"}


def scalar(real: str, arguments: int, symbol: str, linkage: str = "") -> str:
    parameters = ", ".join(f"{real} %x{k}" for k in range(arguments))
    body = BODIES[arguments].format(real=real)
    return f'define {linkage}{real} @"{symbol}"({parameters}) {{\n{body}\n  ret {real} %v\n}}\n'


def loop(real: str, arguments: int, symbol: str) -> str:
    begin, loads = "", ""
    for k in range(arguments + 1):
        begin += f"""
  %at{k} = getelementptr ptr, ptr %args, i64 {k}
  %p{k} = load ptr, ptr %at{k}
  %st{k} = getelementptr i64, ptr %steps, i64 {k}
  %s{k} = load i64, ptr %st{k}"""
        loads += f"""
  %o{k} = mul i64 %i, %s{k}
  %q{k} = getelementptr i8, ptr %p{k}, i64 %o{k}"""
        loads += f"\n  %x{k} = load {real}, ptr %q{k}" if k < arguments else ""
    given = ", ".join(f"{real} %x{k}" for k in range(arguments))
    return (
        scalar(real, arguments, f"{symbol}.one", "internal ")
        + f"""
define void @{symbol}(ptr %args, ptr %dims, ptr %steps, ptr %data) {{
entry:
  %n = load i64, ptr %dims{begin}
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %body, label %end
body:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]{loads}
  %v = call {real} @"{symbol}.one"({given})
  store {real} %v, ptr %q{arguments}
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %body, label %end
end:
  ret void
}}
"""
    )


def definition(name: str, arguments: int, derivative=lambda position: None) -> Definition:
    codes = {
        dtype: Code(
            lambda symbol, real=real: loop(real, arguments, symbol),
            lambda symbol, real=real: scalar(real, arguments, symbol),
        )
        for dtype, real in REAL.items()
    }
    return Definition(name, ("x", "y")[:arguments], codes, derivative)
