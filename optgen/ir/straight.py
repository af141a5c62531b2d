"""Straight-line float programs: what an elementwise function is when every rounding is fixed.

A program is a list of instructions, each one operation of the table `straight_operations`; a value's number is its
place.  Constants are bit patterns.  A program may have a *plain* case: a condition on its arguments under which a
cheaper value, computed on the way, has the same bits as the result.

`text` is canonical: equal programs have equal texts whatever their values are called, and `digest` names a program.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optgen.ir.straight_operations import FLOATS, NUMPY, STRAIGHT_OPERATIONS, TYPES, WIDTH, Type


@dataclass(frozen=True, slots=True)
class Instruction:
    """`constant`: the bits of a constant (as an unsigned number), the place of a parameter, the place of a table."""

    operation: str
    type: Type
    arguments: tuple[int, ...] = ()
    constant: int | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """Where `condition` holds, `value` has the bits of the program's result."""

    condition: int
    value: int


@dataclass(frozen=True, slots=True)
class Straight:
    """A straight-line program.

    `parameters` and `tables` have a name, a type and, for tables, the bits of the entries; the first instructions are
    the parameters in their order.  `names` are those of the author, one a value, empty where there is none; they
    are no part of the program's identity.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    tables: tuple[tuple[str, Type, tuple[int, ...]], ...]
    instructions: tuple[Instruction, ...]
    result: int
    plain: Plain | None = None
    names: tuple[str, ...] = ()

    @property
    def type(self) -> Type:
        """The type of the result."""
        return self.instructions[self.result].type

    @property
    def text(self) -> str:
        """The canonical text: parameters, tables, instructions, result; no names but numbers."""
        lines = ["straight " + " ".join(type for _, type in self.parameters)]
        lines += [f"table {type} " + " ".join(f"{bits:x}" for bits in entries) for _, type, entries in self.tables]
        for number, instruction in enumerate(self.instructions):
            constant = "" if instruction.constant is None else f" #{instruction.constant:x}"
            arguments = "".join(f" {argument}" for argument in instruction.arguments)
            lines.append(f"{number} {instruction.operation} {instruction.type}{constant}{arguments}")
        if self.plain is not None:
            lines.append(f"plain {self.plain.condition} {self.plain.value}")
        lines.append(f"result {self.result}")
        return "\n".join(lines) + "\n"

    @property
    def digest(self) -> str:
        """A name of the program by its content: SHA-256 of its canonical text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def live(self, *values: int) -> frozenset[int]:
        """The numbers of all values that these depend on, themselves included."""
        needed: set[int] = set()
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            if value not in needed:
                needed.add(value)
                waiting.extend(self.instructions[value].arguments)
        return frozenset(needed)


def from_text(text: str, name: str = "f") -> Straight:
    """The program of a canonical text; raises ValueError for any other text."""
    parameters: list[tuple[str, Type]] = []
    tables: list[tuple[str, Type, tuple[int, ...]]] = []
    instructions: list[Instruction] = []
    result, plain = -1, None
    for line in text.splitlines():
        match line.split():
            case ["straight", *types]:
                parameters = [(f"x{place}", _type(type)) for place, type in enumerate(types)]
            case ["table", type, *entries]:
                tables.append((f"c{len(tables)}", _type(type), tuple(int(bits, 16) for bits in entries)))
            case ["plain", condition, value]:
                plain = Plain(int(condition), int(value))
            case ["result", number]:
                result = int(number)
            case [_, operation, type, *rest]:
                constant = int(rest.pop(0)[1:], 16) if rest and rest[0].startswith("#") else None
                instructions.append(Instruction(operation, _type(type), tuple(map(int, rest)), constant))
    made = Straight(name, tuple(parameters), tuple(tables), tuple(instructions), result, plain)
    check(made)
    if made.text != text:
        raise ValueError("not the canonical text of a program")
    return made


def _type(word: str) -> Type:
    for type in TYPES:
        if type == word:
            return type
    raise ValueError(f"{word} is no type")


_FORMATS: dict[Type, tuple[str, str]] = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}


def to_bits(value: float | int, type: Type) -> int:
    """The bits of a number rounded to a type; raises OverflowError for a finite number that has none."""
    if type in FLOATS:
        made, unsigned = _FORMATS[type]
        return int(struct.unpack(unsigned, struct.pack(made, float(value)))[0])
    width = WIDTH[type]
    if not -(1 << (width - 1)) <= value < 1 << width:
        raise OverflowError(f"{value} is no {type}")
    return int(value) & ((1 << width) - 1)


def from_bits(bits: int, type: Type) -> float | int:
    """The number with these bits."""
    if type in FLOATS:
        made, unsigned = _FORMATS[type]
        return float(struct.unpack(made, struct.pack(unsigned, bits))[0])
    width = WIDTH[type]
    return bits - (1 << width) if width > 1 and bits >> (width - 1) else bits


def check(program: Straight) -> None:
    """Raises ValueError, with the place, for a program that is not well formed."""
    for number, instruction in enumerate(program.instructions):
        problem = _problem(program, number, instruction)
        if problem:
            raise ValueError(f"value {number} of {program.name} ({instruction.operation}): {problem}")
    ends = (
        (program.result,) if program.plain is None else (program.result, program.plain.condition, program.plain.value)
    )
    if not all(0 <= end < len(program.instructions) for end in ends):
        raise ValueError(f"{program.name} has no value {max(ends)}")
    types = [program.instructions[end].type for end in ends]
    if len(types) == 3 and (types[1] != "bool" or types[2] != types[0]):
        raise ValueError(f"the plain case of {program.name} is no condition and a value like the result")
    if len(program.names) not in (0, len(program.instructions)):
        raise ValueError(f"{program.name} has {len(program.names)} names for {len(program.instructions)} values")


def _problem(program: Straight, number: int, instruction: Instruction) -> str:
    if not all(0 <= argument < number for argument in instruction.arguments):
        return "it reads a value that does not stand before it"
    operation, constant = instruction.operation, instruction.constant
    types = tuple(program.instructions[argument].type for argument in instruction.arguments)
    if (number < len(program.parameters)) != (operation == "parameter"):
        return "the first values, and only they, are the parameters"
    if operation in ("parameter", "constant", "table"):
        if constant is None or constant < 0 or instruction.type not in TYPES:
            return "it has no number"
        if operation == "parameter":
            return "" if constant == number and instruction.type == program.parameters[number][1] else "a wrong place"
        if operation == "constant":
            return "" if types == () and constant >> WIDTH[instruction.type] == 0 else "too many bits"
        fits = constant < len(program.tables) and program.tables[constant][1] == instruction.type
        return "" if fits and types == ("i32",) else "it reads no table of its type at an i32"
    if operation not in STRAIGHT_OPERATIONS or constant is not None:
        return "no such operation"
    return "" if STRAIGHT_OPERATIONS[operation].rule(types) == instruction.type else f"it does not take {types}"


# ---------------------------------------------------------------- reference evaluator


def evaluate(program: Straight, arguments: Sequence[Any], plain: bool = False) -> Any:
    """The program over NumPy arrays, one for each parameter and of its dtype (they broadcast): the exact bits.

    With `plain`, the pair of the plain case: where the condition holds, and the cheaper value.
    """
    import numpy as np

    arrays = np.broadcast_arrays(*(np.asarray(argument) for argument in arguments))
    for array, (name, type) in zip(arrays, program.parameters, strict=True):
        if array.dtype != NUMPY[type]:
            raise TypeError(f"{name} is {type}, not {array.dtype}")
    ends: tuple[int, ...] = (program.result,)
    if plain:
        if program.plain is None:
            raise ValueError(f"{program.name} has no plain case")
        ends = (program.plain.condition, program.plain.value)
    live = program.live(*ends)
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for number, instruction in enumerate(program.instructions):
            if number in live:
                values[number] = _value(np, program, instruction, values, arrays)
    shape = arrays[0].shape if arrays else ()
    made = tuple(np.array(np.broadcast_to(values[end], shape)) for end in ends)
    return made if plain else made[0]


def _value(np: Any, program: Straight, instruction: Instruction, values: dict[int, Any], arrays: Sequence[Any]) -> Any:
    given = [values[argument] for argument in instruction.arguments]
    match instruction.operation:
        case "parameter":
            return np.atleast_1d(arrays[instruction.constant or 0])
        case "constant":
            return _array(np, (instruction.constant or 0,), instruction.type)
        case "table":
            _, type, entries = program.tables[instruction.constant or 0]
            return _array(np, entries, type)[np.clip(given[0], 1, len(entries)) - 1]
        case operation:
            return STRAIGHT_OPERATIONS[operation].numpy(np, *given)


def _array(np: Any, bits: tuple[int, ...], type: Type) -> Any:
    if type == "bool":
        return np.array(bits, dtype=bool)
    return np.array(bits, dtype=f"uint{WIDTH[type]}").view(NUMPY[type])
