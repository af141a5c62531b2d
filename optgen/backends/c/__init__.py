"""The c backend: straight-line programs as plain C, one line a value.

In: a program.  Out: a header, and a source file of C99 that needs nothing but the standard library.
Must not know: what the program computes, another backend.

Each operation is one IEEE operation, so the file asks the compiler not to contract (`#pragma STDC FP_CONTRACT OFF`;
GCC needs -ffp-contract=off) and is not to be compiled with -ffast-math.
"""

from __future__ import annotations

from optgen.ir.straight import Instruction, Straight, from_bits
from optgen.ir.straight_operations import CONVERSIONS, STRAIGHT_OPERATIONS, WIDTH, Type, kind

TYPES: dict[Type, str] = {"f32": "float", "f64": "double", "i32": "int32_t", "i64": "int64_t", "bool": "int"}
UNSIGNED: dict[Type, str] = {"f32": "uint32_t", "f64": "uint64_t", "i32": "uint32_t", "i64": "uint64_t", "bool": "int"}

_HELPERS = """\
static inline {i} bits_{f}({T} x) {{ {i} y; memcpy(&y, &x, sizeof y); return y; }}
static inline {T} from_bits_{n}({i} x) {{ {T} y; memcpy(&y, &x, sizeof y); return y; }}
"""
_CLAMPED = """\
static inline {t} clamped_{n}(double x) {{
    if (!(x == x)) return 0;
    return x >= {high} ? {most} : x < {low} ? {least} : ({t})x;
}}
"""


def header(name: str, program: Straight, documentation: str) -> str:
    """Declares `name` of one number and `name_array` of arrays."""
    one, many = _signatures(name, program)
    guard = f"{name.upper()}_H"
    lines = ["/*", *(f" * {line}".rstrip() for line in documentation.splitlines()), " */"]
    return "\n".join(
        [*lines, f"#ifndef {guard}", f"#define {guard}", "#include <stddef.h>", "#include <stdint.h>", "",
         "#ifdef __cplusplus", 'extern "C" {', "#endif", "", f"{one};", f"{many};", "",
         "#ifdef __cplusplus", "}", "#endif", "#endif", ""]
    )  # fmt: skip


def source(name: str, program: Straight) -> str:
    """Defines what the header declares."""
    one, many = _signatures(name, program)
    loads = ", ".join(f"{argument}[i]" for argument, _ in program.parameters)
    return "\n".join(
        [f'#include "{name}.h"', "#include <math.h>", "#include <stdint.h>", "#include <string.h>", "",
         "#if defined(__clang__) || !defined(__GNUC__)", "#pragma STDC FP_CONTRACT OFF", "#endif", "",
         *_helpers(), *_tables(program), f"{one} {{", *_lines(program), f"    return v{program.result};", "}", "",
         f"{many} {{", f"    for (size_t i = 0; i < n; i++) result[i] = {name}({loads});", "}", ""]
    )  # fmt: skip


def _signatures(name: str, program: Straight) -> tuple[str, str]:
    result = TYPES[program.type]
    one = ", ".join(f"{TYPES[type]} {argument}" for argument, type in program.parameters)
    many = ", ".join(f"const {TYPES[type]} *{argument}" for argument, type in program.parameters)
    return f"{result} {name}({one})", f"void {name}_array(size_t n, {many}, {result} *result)"


def _helpers() -> list[str]:
    made = [_HELPERS.format(i=f"int{w}_t", f=f"f{w}", n=f"i{w}", T=t) for w, t in ((32, "float"), (64, "double"))]
    for width in (32, 64):
        made.append(
            _CLAMPED.format(
                t=f"int{width}_t", n=f"i{width}", high=f"{2.0 ** (width - 1)!r}", low=f"-{2.0 ** (width - 1)!r}",
                most=f"INT{width}_MAX", least=f"INT{width}_MIN",
            )
        )  # fmt: skip
    return made


def _tables(program: Straight) -> list[str]:
    lines = []
    for place, (name, type, entries) in enumerate(program.tables):
        numbers = ", ".join(_constant(bits, type) for bits in entries)
        lines.append(f"static const {TYPES[type]} table{place}[{len(entries)}] = {{{numbers}}}; /* {name} */")
    return lines


def _lines(program: Straight) -> list[str]:
    """One line a value that the result needs; a value the author named says so."""
    live = program.live(program.result)
    lines = []
    for number, instruction in enumerate(program.instructions):
        if number not in live:
            continue
        name = program.names[number] if program.names and instruction.operation != "parameter" else ""
        comment = f" /* {name} */" if name else ""
        lines.append(f"    const {TYPES[instruction.type]} v{number} = {_value(program, instruction)};{comment}")
    return lines


def _value(program: Straight, instruction: Instruction) -> str:
    given = [f"v{argument}" for argument in instruction.arguments]
    type = instruction.type
    match instruction.operation:
        case "parameter":
            return program.parameters[instruction.constant or 0][0]
        case "constant":
            return _constant(instruction.constant or 0, type)
        case "table":
            last = len(program.tables[instruction.constant or 0][2])
            index = f"({given[0]} < 1 ? 0 : {given[0]} > {last} ? {last - 1} : {given[0]} - 1)"
            return f"table{instruction.constant}[{index}]"
    first = program.instructions[instruction.arguments[0]].type
    if (first, type) in CONVERSIONS and instruction.operation == type:
        template = CONVERSIONS[first, type][1]
    else:
        template = STRAIGHT_OPERATIONS[instruction.operation].c[kind(first)]
    return template.format(
        *given, T=TYPES[type], U=UNSIGNED[type], s="f" if first == "f32" else "", n=first, w=WIDTH[type] - 1
    )


def _constant(bits: int, type: Type) -> str:
    """A literal of the number with these bits."""
    if type == "bool":
        return str(bits)
    if kind(type) == "i":
        least = 1 << (WIDTH[type] - 1)
        whole = bits - 2 * least if bits >= least else bits
        return f"INT{WIDTH[type]}_MIN" if whole == -least else f"INT{WIDTH[type]}_C({whole})"
    value = from_bits(bits, type)
    if value != value:
        return "NAN"
    if value in (float("inf"), -float("inf")):
        return "INFINITY" if value > 0 else "-INFINITY"
    return float(value).hex() + ("f" if type == "f32" else "")
