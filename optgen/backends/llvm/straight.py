"""Straight-line programs as LLVM IR: one definition, over scalars or over vectors of lanes.

`definition` is a function of one lane, to be inlined where a loop is written by others (solvers, numba), or of a whole
vector, the body of the loops of `straight_loop`.  Every instruction is one instruction or intrinsic without fast-math
flags, so that LLVM may neither contract nor reorder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from optgen.ir.straight import Instruction, Straight
from optgen.ir.straight_operations import CONVERSIONS, STRAIGHT_OPERATIONS, WIDTH, Type, kind

TYPES: dict[Type, str] = {"f32": "float", "f64": "double", "i32": "i32", "i64": "i64", "bool": "i1"}


def type_text(type: Type, lanes: int = 1) -> str:
    """`float`, or `<16 x float>` for more than one lane."""
    return TYPES[type] if lanes == 1 else f"<{lanes} x {TYPES[type]}>"


def mangled(type: Type, lanes: int) -> str:
    """The suffix of an overloaded intrinsic: `f32`, `v16f32`."""
    name = "i1" if type == "bool" else type
    return name if lanes == 1 else f"v{lanes}{name}"


def constant_text(bits: int, type: Type, lanes: int = 1) -> str:
    """The literal of a constant; LLVM writes a float by the bits of the double it equals."""
    if type == "bool":
        one = "true" if bits else "false"
    elif kind(type) == "i":
        one = str(bits)
    else:
        one = f"0x{widened(bits) if type == 'f32' else bits:016X}"
    return one if lanes == 1 else "<" + ", ".join([f"{TYPES[type]} {one}"] * lanes) + ">"


def widened(bits: int) -> int:
    """The bits of the double that equals a float; the payload of a NaN moves up."""
    import struct

    sign, exponent, fraction = bits >> 31, (bits >> 23) & 0xFF, bits & 0x7FFFFF
    if exponent == 0xFF:
        return (sign << 63) | (0x7FF << 52) | (fraction << 29)
    value = struct.unpack("<f", struct.pack("<I", bits))[0]
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


@dataclass(frozen=True, slots=True)
class Written:
    """Lines of a program's values, and how each value is called in them."""

    lines: tuple[str, ...]
    values: dict[int, str]


def write(
    program: Straight, ends: tuple[int, ...], arguments: tuple[str, ...], lanes: int, prefix: str = "v",
    known: dict[int, str] | None = None,
) -> Written:  # fmt: skip
    """The lines that compute the values `ends` from the arguments; values in `known` are there already."""
    values = dict(known or {})
    lines: list[str] = []
    live = program.live(*ends)
    for number, instruction in enumerate(program.instructions):
        if number not in live or number in values:
            continue
        match instruction.operation:
            case "parameter":
                values[number] = arguments[number]
            case "constant":
                values[number] = constant_text(instruction.constant or 0, instruction.type, lanes)
            case _:
                values[number] = f"%{prefix}{number}"
                lines += _lines(program, instruction, values[number], values, lanes)
    return Written(tuple(lines), values)


def _lines(program: Straight, instruction: Instruction, result: str, values: dict[int, str], lanes: int) -> list[str]:
    if instruction.operation == "table":
        return _table_lines(program, instruction, result, values, lanes)
    given = [values[argument] for argument in instruction.arguments]
    type = instruction.type
    first = program.instructions[instruction.arguments[0]].type
    if (first, type) in CONVERSIONS and instruction.operation == type:
        template = CONVERSIONS[first, type][0]
    else:
        template = STRAIGHT_OPERATIONS[instruction.operation].llvm[kind(first)]
    text = template.format(
        *given,
        r=result,
        t=type_text(type, lanes),
        m=mangled(type, lanes),
        a=type_text(first, lanes),
        n=mangled(first, lanes),
        b=type_text("bool", lanes),
        w=constant_text(WIDTH[type] - 1, type, lanes) if kind(type) == "i" else "",
        zero="0" if lanes == 1 else "zeroinitializer",
        ones=constant_text(1, "bool", lanes),
    )
    return [f"  {line.strip()}" for line in text.split("\n")]


def _table_lines(
    program: Straight, instruction: Instruction, result: str, values: dict[int, str], lanes: int
) -> list[str]:
    """A read at 1..n: clamped where the index is not known to be inside; over lanes permuted, or gathered."""
    table = instruction.constant or 0
    _, type, entries = program.tables[table]
    lines = []
    integer, wide = type_text("i32", lanes), type_text("i64", lanes)
    low, high = bounds(program, instruction.arguments[0])
    inside = low >= 1 and high <= len(entries)
    if inside and type == "f32" and lanes == 16 and len(entries) <= 32:
        if has_permutations():
            return [f"  {_permuted(program, instruction, result, values)}"]
        if has_short_permutations():
            return [f"  {line}" for line in _picked(program, instruction, result, values)]
    index = values[instruction.arguments[0]]
    if not inside:
        suffix = mangled("i32", lanes)
        one, last = constant_text(1, "i32", lanes), constant_text(len(entries), "i32", lanes)
        lines += [
            f"{result}.l = call {integer} @llvm.smax.{suffix}({integer} {index}, {integer} {one})",
            f"{result}.h = call {integer} @llvm.smin.{suffix}({integer} {result}.l, {integer} {last})",
        ]
        index = f"{result}.h"
    before = f"getelementptr (i8, ptr @{table_symbol(program, table)}, i64 -{WIDTH[type] // 8})"
    if lanes == 1:
        lines.append(f"{result}.w = sext {integer} {index} to {wide}")
        lines.append(f"{result}.p = getelementptr {TYPES[type]}, ptr {before}, i64 {result}.w")
        lines.append(f"{result} = load {TYPES[type]}, ptr {result}.p")
    else:
        vector, pointers = type_text(type, lanes), f"<{lanes} x ptr>"
        every = constant_text(1, "bool", lanes)
        lines.append(f"{result}.w = sext {integer} {index} to {wide}")
        lines.append(f"{result}.p = getelementptr {TYPES[type]}, ptr {before}, {wide} {result}.w")
        lines.append(
            f"{result} = call {vector} @llvm.masked.gather.{mangled(type, lanes)}.v{lanes}p0("
            f"{pointers} {result}.p, i32 {WIDTH[type] // 8}, <{lanes} x i1> {every}, {vector} undef)"
        )
    return [f"  {line}" for line in lines]


@cache
def has_permutations() -> bool:
    """Whether this processor picks lanes of one or two vectors of 16 floats by 16 indices in one instruction."""
    from optgen.backends.llvm.kernel import processor_features

    return bool(processor_features().get("avx512f"))


@cache
def has_short_permutations() -> bool:
    """Whether this processor picks lanes of one vector of 8 floats by 8 indices in one instruction."""
    from optgen.backends.llvm.kernel import processor_features

    return bool(processor_features().get("avx2"))


def _permuted(program: Straight, instruction: Instruction, result: str, values: dict[int, str]) -> str:
    """A read of at most 32 floats in registers.

    The instruction counts modulo 16 or 32, so constants that are added to the index, and masks that keep these bits,
    only say where each entry stands.
    """
    placed, index = _placed(program, instruction)
    size = len(placed)
    halves = [_floats(placed[start : start + 16]) for start in range(0, size, 16)]
    if size == 16:
        return f"{result} = call <16 x float> @llvm.x86.avx512.permvar.sf.512({halves[0]}, <16 x i32> {values[index]})"
    return (
        f"{result} = call <16 x float> @llvm.x86.avx512.vpermi2var.ps.512("
        f"{halves[0]}, <16 x i32> {values[index]}, {halves[1]})"
    )


def _picked(program: Straight, instruction: Instruction, result: str, values: dict[int, str]) -> list[str]:
    """The same by vectors of 8: each eighth lane is picked from every 8 entries, and the higher bits of the index say
    from which.  A gather takes twice as long."""
    placed, index = _placed(program, instruction)
    lines: list[str] = []
    halves: list[str] = []
    for half in range(2):
        of = f"{result}.{half}"
        lanes = ", ".join(f"i32 {8 * half + lane}" for lane in range(8))
        given = values[index]
        lines.append(f"{of}.i = shufflevector <16 x i32> {given}, <16 x i32> undef, <8 x i32> <{lanes}>")
        found = []
        for start in range(0, len(placed), 8):
            found.append(f"{of}.p{start}")
            eight = _floats(placed[start : start + 8])
            lines.append(f"{found[-1]} = call <8 x float> @llvm.x86.avx2.permps({eight}, <8 x i32> {of}.i)")
        for bit in range(3, len(placed).bit_length() - 1):
            shift = ", ".join([f"i32 {31 - bit}"] * 8)
            lines.append(f"{of}.s{bit} = shl <8 x i32> {of}.i, <{shift}>")
            lines.append(f"{of}.b{bit} = icmp slt <8 x i32> {of}.s{bit}, zeroinitializer")
            pairs = list(zip(found[::2], found[1::2], strict=True))
            found = [f"{of}.c{bit}.{place}" for place in range(len(pairs))]
            lines += [
                f"{name} = select <8 x i1> {of}.b{bit}, <8 x float> {high}, <8 x float> {low}"
                for name, (low, high) in zip(found, pairs, strict=True)
            ]
        halves.append(found[0])
    every = ", ".join(f"i32 {lane}" for lane in range(16))
    both = ", ".join(f"<8 x float> {half}" for half in halves)
    return [*lines, f"{result} = shufflevector {both}, <16 x i32> <{every}>"]


def _placed(program: Straight, instruction: Instruction) -> tuple[list[int], int]:
    """The entries in the order in which the last bits of a value count, 16 or 32 of them, and that value."""
    entries = program.tables[instruction.constant or 0][2]
    size = 16 if len(entries) <= 16 else 32
    index, offset = _index_modulo(program, instruction.arguments[0], size)
    placed = [0] * size
    for position, bits in enumerate(entries):
        placed[(position + 1 - offset) % size] = bits
    return placed, index


def _floats(entries: list[int]) -> str:
    """A constant vector."""
    return f"<{len(entries)} x float> <" + ", ".join(f"float {constant_text(e, 'f32')}" for e in entries) + ">"


def _index_modulo(program: Straight, index: int, size: int) -> tuple[int, int]:
    """A value and a constant whose sum is the index modulo a power of 2."""
    offset = 0
    while True:
        instruction = program.instructions[index]
        if instruction.operation not in ("add", "and"):
            return index, offset
        first, second = instruction.arguments
        if program.instructions[first].operation == "constant":
            first, second = second, first
        constant = program.instructions[second]
        if constant.operation != "constant":
            return index, offset
        number = constant.constant or 0
        if instruction.operation == "add":
            offset += number
        elif number & (size - 1) != size - 1:
            return index, offset
        index = first


def table_symbol(program: Straight, table: int) -> str:
    """The global name of a table, by content."""
    return f"table_{program.digest[:16]}_{table}"


def table_definitions(program: Straight) -> list[str]:
    """The constant arrays that the program reads."""
    lines = []
    for place, (_, type, entries) in enumerate(program.tables):
        numbers = ", ".join(f"{TYPES[type]} {constant_text(bits, type)}" for bits in entries)
        symbol = table_symbol(program, place)
        lines.append(f"@{symbol} = internal constant [{len(entries)} x {TYPES[type]}] [{numbers}], align 64")
    return lines


def bounds(program: Straight, value: int) -> tuple[int, int]:
    """Integers between which a value surely lies: what masks, shifts by constants and added constants show."""
    instruction = program.instructions[value]
    width = WIDTH[instruction.type]
    limits = (-(1 << (width - 1)), (1 << (width - 1)) - 1)
    given = [bounds(program, argument) for argument in instruction.arguments if _is_integer(program, argument)]
    made = limits
    match instruction.operation, given:
        case "constant", _:
            bits = instruction.constant or 0
            made = (bits, bits) if bits <= limits[1] else (bits - (1 << width),) * 2
        case "and", [(low, high), (other_low, other_high)]:
            masks = [top for bottom, top in ((low, high), (other_low, other_high)) if bottom >= 0]
            made = (0, min(masks)) if masks else limits
        case "add", [(low, high), (other_low, other_high)]:
            made = (low + other_low, high + other_high)
        case "shift_right_zero", [_, (low, high)] if low == high and 0 < low < width:
            made = (0, (1 << (width - low)) - 1)
        case "shift_right", [(low, high), (count, same)] if count == same and 0 <= count < width:
            made = (low >> count, high >> count)
        case "min", [(low, high), (other_low, other_high)]:
            made = (min(low, other_low), min(high, other_high))
        case "max", [(low, high), (other_low, other_high)]:
            made = (max(low, other_low), max(high, other_high))
        case (("i32" | "i64"), [(low, high)]) if limits[0] <= low and high <= limits[1]:
            made = (low, high)
        case _:
            pass
    return made if limits[0] <= made[0] and made[1] <= limits[1] else limits


def _is_integer(program: Straight, value: int) -> bool:
    return kind(program.instructions[value].type) == "i"


def definition(program: Straight, name: str, lanes: int = 1, plain: bool = False, attributes: str = "") -> str:
    """`define internal float @name(float %x, ..)`: the result (or the plain case's value) of one lane or a vector.

    The tables it reads are apart (`table_definitions`).
    """
    end = program.plain.value if plain and program.plain is not None else program.result
    arguments = tuple(f"%a{place}" for place, _ in enumerate(program.parameters))
    written = write(program, (end,), arguments, lanes)
    result = type_text(program.type, lanes)
    header = ", ".join(
        f"{type_text(type, lanes)} {argument}"
        for argument, (_, type) in zip(arguments, program.parameters, strict=True)
    )
    lines = [f"define internal {result} @{name}({header}) {attributes}{{", *written.lines]
    return "\n".join([*lines, f"  ret {result} {written.values[end]}", "}"])


def guarded(program: Straight, name: str, lanes: int, attributes: str = "") -> str:
    """The same as a function of a vector with two ways: the cheaper value where all lanes are plain."""
    assert program.plain is not None
    arguments = tuple(f"%a{place}" for place, _ in enumerate(program.parameters))
    header = ", ".join(
        f"{type_text(type, lanes)} {argument}"
        for argument, (_, type) in zip(arguments, program.parameters, strict=True)
    )
    result, bits = type_text(program.type, lanes), f"i{lanes}"
    tested = write(program, (program.plain.condition,), arguments, lanes)
    cheap = write(program, (program.plain.value,), arguments, lanes, "c", tested.values)
    return "\n".join(
        [
            definition(program, f"{name}.full", lanes, attributes="noinline nounwind "),
            f"define internal {result} @{name}({header}) {attributes}{{",
            *tested.lines,
            f"  %mask = bitcast <{lanes} x i1> {tested.values[program.plain.condition]} to {bits}",
            f"  %all = icmp eq {bits} %mask, -1",
            "  br i1 %all, label %cheap, label %rare",
            "cheap:",
            *cheap.lines,
            f"  ret {result} {cheap.values[program.plain.value]}",
            "rare:",
            f"  %full = call {result} @{name}.full({header})",
            f"  ret {result} %full",
            "}",
        ]
    )
