"""Functions that a module carries when it uses them, as LLVM text.

`routine` finds one by its symbol; a symbol with a point is an elementary function of math_functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from optgen.backends.llvm.body import linked_symbol
from optgen.backends.llvm.lanes import SINGLE, Lanes
from optgen.backends.llvm.math_functions import definition
from optgen.backends.llvm.matvec import matvec
from optgen.backends.llvm.products import MATVEC
from optgen.backends.llvm.rows import VECMAT
from optgen.backends.llvm.shared_routines import SHARED_ROUTINES, Routine
from optgen.backends.llvm.vecmat import vecmat
from optgen.ir import nodes as ir

if TYPE_CHECKING:
    from optgen.backends.llvm.body import Body
    from optgen.ir.imperative import Invoke

FMA = "declare double @llvm.fma.f64(double, double, double)"


def _hex(value: float | Fraction) -> str:
    from optgen.backends.llvm.scalars import literal

    return literal(value if isinstance(value, Fraction) else float(value), "real", "double")


def _define(name: str, arguments: str, lines: Sequence[str], result: str = "double") -> str:
    return (
        f"define internal {result} @{name}({arguments}) alwaysinline nounwind {{\n"
        + "\n".join(f"  {x}" for x in lines)
        + "\n}\n"
    )


def horner(lines: list[str], variable: str, coefficients: Sequence[Fraction], stem: str) -> str:
    """Instructions for the polynomial, highest coefficient first; the register of its value."""
    value = _hex(coefficients[0])
    for k, coefficient in enumerate(coefficients[1:]):
        lines.append(
            f"%{stem}{k} = call double @llvm.fma.f64(double {value}, double {variable}, double {_hex(coefficient)})"
        )
        value = f"%{stem}{k}"
    return value


def _digamma() -> str:
    """Below 6 by psi(x) = psi(x + 1) - 1/x, then the asymptotic series; negative x by reflection."""
    bernoulli = [
        Fraction(1, 12),
        Fraction(-1, 120),
        Fraction(1, 252),
        Fraction(-1, 240),
        Fraction(1, 132),
        Fraction(-691, 32760),
        Fraction(1, 12),
    ]
    lines = ["%inv = fdiv double 1.0, %y", "%z = fmul double %inv, %inv"]
    p = horner(lines, "%z", [*reversed(bernoulli)], "d")
    series = "\n  ".join(lines)
    return f"""define internal double @digamma_positive(double %x) nounwind {{
entry:
  br label %up
up:
  %v = phi double [ %x, %entry ], [ %v1, %more ]
  %sum = phi double [ 0.0, %entry ], [ %sum1, %more ]
  %small = fcmp olt double %v, 1.0e1
  br i1 %small, label %more, label %done
more:
  %one = fdiv double 1.0, %v
  %sum1 = fsub double %sum, %one
  %v1 = fadd double %v, 1.0
  br label %up
done:
  %y = fadd double %v, 0.0
  {series}
  %tail = fmul double %z, {p}
  %lg = call double @log.double(double %y)
  %h = fmul double %inv, 5.0e-1
  %a = fsub double %lg, %h
  %b = fsub double %a, %tail
  %c = fadd double %b, %sum
  ret double %c
}}
define internal double @digamma_(double %x) nounwind {{
entry:
  %neg = fcmp ole double %x, 0.0
  br i1 %neg, label %mirror, label %plain
plain:
  %p = call double @digamma_positive(double %x)
  ret double %p
mirror:
  %whole = call double @llvm.floor.f64(double %x)
  %pole = fcmp oeq double %whole, %x
  %m = fsub double 1.0, %x
  %q = call double @digamma_positive(double %m)
  %frac = fsub double %x, %whole
  %angle = fmul double %frac, {_hex(Fraction("3.14159265358979323846264338327950288"))}
  %t = call double @tan(double %angle)
  %cot = fdiv double {_hex(Fraction("3.14159265358979323846264338327950288"))}, %t
  %r = fsub double %q, %cot
  %s = select i1 %pole, double {_hex(float("nan"))}, double %r
  ret double %s
}}
"""


def _power_int(real: str) -> str:
    return f"""define internal {real} @power_int({real} %x, i64 %k) nounwind {{
entry:
  %neg = icmp slt i64 %k, 0
  %flip = sub i64 0, %k
  %n = select i1 %neg, i64 %flip, i64 %k
  br label %loop
loop:
  %left = phi i64 [ %n, %entry ], [ %half, %next ]
  %base = phi {real} [ %x, %entry ], [ %squared, %next ]
  %result = phi {real} [ 1.0, %entry ], [ %kept, %next ]
  %some = icmp sgt i64 %left, 0
  br i1 %some, label %next, label %done
next:
  %bit = and i64 %left, 1
  %odd = icmp eq i64 %bit, 1
  %more = fmul {real} %result, %base
  %kept = select i1 %odd, {real} %more, {real} %result
  %squared = fmul {real} %base, %base
  %half = lshr i64 %left, 1
  br label %loop
done:
  %inverse = fdiv {real} 1.0, %result
  %made = select i1 %neg, {real} %inverse, {real} %result
  ret {real} %made
}}
"""


def _threefry(lanes: Lanes = SINGLE) -> Routine:
    word, wide = lanes.type("i32"), lanes.type("i64")

    def halves(name: str, of: str) -> list[str]:
        """The high and the low word of a number."""
        return [
            f"%{name}h = lshr {wide} {of}, {lanes.constant('i64', 32)}",
            f"%{name}0 = trunc {wide} %{name}h to {word}",
            f"%{name}1 = trunc {wide} {of} to {word}",
        ]

    rotations = ((13, 15, 26, 6), (17, 29, 16, 24))
    lines = [
        *halves("k", "%key"),
        f"%kx = xor {word} %k0, %k1",
        f"%k2 = xor {word} %kx, {lanes.constant('i32', 0x1BD11BDA)}",
        *halves("c", "%counter"),
        f"%x0 = add {word} %c0, %k0",
        f"%y0 = add {word} %c1, %k1",
    ]
    x, y, number = "%x0", "%y0", 0
    rotate = f"llvm.fshl.{lanes.overload('i32')}"
    for group in range(5):
        for turn in rotations[group % 2]:
            number += 1
            turns = lanes.constant("i32", turn)
            lines += [
                f"%x{number} = add {word} {x}, {y}",
                f"%t{number} = call {word} @{rotate}({word} {y}, {word} {y}, {word} {turns})",
                f"%y{number} = xor {word} %t{number}, %x{number}",
            ]
            x, y = f"%x{number}", f"%y{number}"
        lines += [
            f"%a{group} = add {word} {x}, %k{(group + 1) % 3}",
            f"%b{group} = add {word} {y}, %k{(group + 2) % 3}",
            f"%d{group} = add {word} %b{group}, {lanes.constant('i32', group + 1)}",
        ]
        x, y = f"%a{group}", f"%d{group}"
    lines += [
        f"%wide0 = zext {word} {x} to {wide}",
        f"%wide1 = zext {word} {y} to {wide}",
        f"%top = shl {wide} %wide0, {lanes.constant('i64', 32)}",
        f"%word = or {wide} %top, %wide1",
        f"ret {wide} %word",
    ]
    text = _define(lanes.symbol("threefry"), f"{wide} %key, {wide} %counter", lines, wide)
    return Routine(text, (), (f"declare {word} @{rotate}({word}, {word}, {word})",))


# ---------------------------------------------------------------- whole arrays

_HEAP = """define internal void @{name}_sift(ptr %a, ptr %keys, i64 %start, i64 %end) nounwind {{
entry:
  br label %loop
loop:
  %root = phi i64 [ %start, %entry ], [ %child, %swap ]
  %double = shl i64 %root, 1
  %left = add i64 %double, 1
  %in = icmp slt i64 %left, %end
  br i1 %in, label %pick, label %done
pick:
  %right = add i64 %double, 2
  %two = icmp slt i64 %right, %end
  br i1 %two, label %compare, label %chosen
compare:
  %lp = getelementptr {item}, ptr %a, i64 %left
  %rp = getelementptr {item}, ptr %a, i64 %right
  %lv = load {item}, ptr %lp
  %rv = load {item}, ptr %rp
  %larger = call i1 @{name}_before(ptr %keys, {item} %lv, {item} %rv)
  %best = select i1 %larger, i64 %right, i64 %left
  br label %chosen
chosen:
  %child = phi i64 [ %left, %pick ], [ %best, %compare ]
  %cp = getelementptr {item}, ptr %a, i64 %child
  %pp = getelementptr {item}, ptr %a, i64 %root
  %cv = load {item}, ptr %cp
  %pv = load {item}, ptr %pp
  %less = call i1 @{name}_before(ptr %keys, {item} %pv, {item} %cv)
  br i1 %less, label %swap, label %done
swap:
  store {item} %cv, ptr %pp
  store {item} %pv, ptr %cp
  br label %loop
done:
  ret void
}}
define internal void @{name}_heap(ptr %a, ptr %keys, i64 %n) nounwind {{
entry:
  %half = lshr i64 %n, 1
  br label %build
build:
  %k = phi i64 [ %half, %entry ], [ %k1, %sift ]
  %some = icmp sgt i64 %k, 0
  br i1 %some, label %sift, label %sort
sift:
  %k1 = sub i64 %k, 1
  call void @{name}_sift(ptr %a, ptr %keys, i64 %k1, i64 %n)
  br label %build
sort:
  %end = phi i64 [ %n, %build ], [ %last, %take ]
  %more = icmp sgt i64 %end, 1
  br i1 %more, label %take, label %done
take:
  %last = sub i64 %end, 1
  %tp = getelementptr {item}, ptr %a, i64 %last
  %tv = load {item}, ptr %tp
  %hv = load {item}, ptr %a
  store {item} %hv, ptr %tp
  store {item} %tv, ptr %a
  call void @{name}_sift(ptr %a, ptr %keys, i64 0, i64 %last)
  br label %sort
done:
  ret void
}}
"""


def _sort(real: str) -> str:
    width, name = (8, "sort") if real == "double" else (4, "sort_single")
    return f"""define internal i1 @sort_before(ptr %keys, {real} %a, {real} %b) alwaysinline nounwind {{
  %less = fcmp olt {real} %a, %b
  %nan = fcmp uno {real} %b, %b
  %number = fcmp ord {real} %a, %a
  %last = and i1 %nan, %number
  %r = or i1 %less, %last
  ret i1 %r
}}
{_HEAP.format(name="sort", item=real)}define internal void @{name}(ptr %x, ptr %out, i64 %n) nounwind {{
  %bytes = mul i64 %n, {width}
  call void @llvm.memmove.p0.p0.i64(ptr %out, ptr %x, i64 %bytes, i1 false)
  call void @sort_heap(ptr %out, ptr %x, i64 %n)
  ret void
}}
"""


def _argsort(real: str) -> str:
    """Places by (key, place), so that equal keys keep their order; NaN last."""
    name = "argsort" if real == "double" else "argsort_single"
    return f"""define internal i1 @argsort_before(ptr %keys, i64 %a, i64 %b) alwaysinline nounwind {{
  %ap = getelementptr {real}, ptr %keys, i64 %a
  %bp = getelementptr {real}, ptr %keys, i64 %b
  %u = load {real}, ptr %ap
  %v = load {real}, ptr %bp
  %less = fcmp olt {real} %u, %v
  %nan = fcmp uno {real} %v, %v
  %number = fcmp ord {real} %u, %u
  %last = and i1 %nan, %number
  %first = or i1 %less, %last
  %more = fcmp olt {real} %v, %u
  %nan.u = fcmp uno {real} %u, %u
  %number.v = fcmp ord {real} %v, %v
  %last.u = and i1 %nan.u, %number.v
  %after = or i1 %more, %last.u
  %tie = icmp slt i64 %a, %b
  %not = xor i1 %after, true
  %equal = and i1 %not, %tie
  %r = or i1 %first, %equal
  ret i1 %r
}}
{_HEAP.format(name="argsort", item="i64")}define internal void @{name}(ptr %x, ptr %out, i64 %n) nounwind {{
entry:
  br label %fill
fill:
  %i = phi i64 [ 0, %entry ], [ %next, %one ]
  %in = icmp slt i64 %i, %n
  br i1 %in, label %one, label %heap
one:
  %p = getelementptr i64, ptr %out, i64 %i
  store i64 %i, ptr %p
  %next = add i64 %i, 1
  br label %fill
heap:
  call void @argsort_heap(ptr %out, ptr %x, i64 %n)
  ret void
}}
"""


MOVE = "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)"

ROUTINES: dict[str, Routine] = {
    "digamma_": Routine(
        _digamma(), ("log.double",), (FMA, "declare double @llvm.floor.f64(double)", "declare double @tan(double)")
    ),
    "power_int": Routine(_power_int("double")),
    "power_int_single": Routine(_power_int("float")),
    "threefry": _threefry(),
    "sort": Routine(_sort("double"), (), (MOVE,)),
    "argsort": Routine(_argsort("double")),
    "sort_single": Routine(_sort("float"), (), (MOVE,)),
    "matvec": Routine(*matvec("double", "matvec")),
    "matvec_single": Routine(*matvec("float", "matvec_single")),
    "vecmat": Routine(*vecmat("double", "vecmat")),
    "vecmat_single": Routine(*vecmat("float", "vecmat_single")),
    **SHARED_ROUTINES,
    "argsort_single": Routine(_argsort("float")),
}


def routine(symbol: str) -> Routine:
    """The routine of a symbol; elementary functions, and those on vectors, are written when a module asks for them."""
    if symbol in ROUTINES:
        return ROUTINES[symbol]
    name, *rest = symbol.split(".")
    lanes = Lanes(int(rest.pop())) if rest[-1].isdigit() else SINGLE
    if name == "threefry":
        return _threefry(lanes)
    (real,) = rest
    made = definition(name, real, lanes)
    return Routine(made.text, tuple(lanes.symbol(f"{used}.{real}") for used in made.uses), made.declares)


def standing_alone(name: str) -> str:
    """The module of a routine that other modules are linked with."""
    found = ROUTINES[name]
    text = found.text.replace(f"define internal void @{name}(", f"define void @{linked_symbol(name)}(")
    return "\n".join([*sorted(found.declares), "", text])


def call_signature(statement: Invoke, body: Body) -> tuple[str, list[str], list[tuple[str, str]]]:
    """The routine of an Invoke, its sizes, and how far each pointer moves from one member of a batch to the next."""
    from optgen.backends.llvm.scalars import scalar

    name = statement.function
    if name in (MATVEC, VECMAT):
        sizes = [scalar(body, axis) for axis in statement.arguments[0].axes]
        name = f"{name}_shared" if body.nests is not None else name
        return (name if body.real == "double" else f"{name}_single"), sizes, []
    if name not in ("sort", "argsort"):
        raise ir.IRError(f"the llvm backend has no {name.removeprefix('oracle ')}; the numpy backend runs it")
    buffers = (*statement.arguments, *statement.results)
    length = scalar(body, statement.arguments[0].axes[-1])
    strides = [(body.memory(buffer.dtype), length) for buffer in buffers]
    return (name if body.real == "double" else f"{name}_single"), [length], strides


__all__ = ["Routine", "call_signature", "routine"]
