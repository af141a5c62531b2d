"""From a program of the IR to arrays and back, and what is left of a program when its plain case is replaced.

A search works on the *plain* case of a program where it has one: the cheaper value that most arguments take.  What is
found takes its place; elsewhere the program is what it was, so that special arguments need no search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optgen.evolution.hardware import kinds as k
from optgen.evolution.hardware.machine import ENTRIES, LIMIT, TABLES, Program, empty
from optgen.evolution.machine import CONSTANT, X
from optgen.evolution.target import wrong
from optgen.ir.straight import Instruction, Straight, evaluate
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_operations import Type


def simplest() -> Straight:
    """The program x + 1, with which a search begins that is given none."""
    builder = Builder("f")
    return builder.finish(builder.parameter("x", "f32") + 1.0)


def to_arrays(straight: Straight) -> Program:
    """The plain case of a program, else the program itself.  Raises SpecError for one beyond what the search knows."""
    if [type for _, type in straight.parameters] != ["f32"] or straight.type != "f32":
        raise wrong(f"{straight.name} is no function from one float32 to a float32")
    end = straight.result if straight.plain is None else straight.plain.value
    made = empty()
    places: dict[int, int] = {}
    for number in sorted(straight.live(end)):
        instruction = straight.instructions[number]
        if instruction.operation not in ("parameter", "constant"):
            places[number] = len(places)
            if len(places) > LIMIT:
                raise wrong(f"{straight.name} has more than {LIMIT} operations")
            _place(straight, instruction, made, places)
    made.n[0] = len(places)
    return made


def _place(straight: Straight, instruction: Instruction, made: Program, places: dict[int, int]) -> None:
    i = len(places) - 1
    types = tuple(straight.instructions[argument].type for argument in instruction.arguments)
    kind = k.NUMBERS.get((instruction.operation, types))
    if kind is None:
        raise wrong(f"a search in float32 can't begin from {straight.name}: it has {instruction.operation} of {types}")
    made.kind[i] = kind
    for j, argument in enumerate(instruction.arguments):
        given = straight.instructions[argument]
        if given.operation == "constant":
            made.constant[i, j] = given.constant
        else:
            made.argument[i, j] = X if given.operation == "parameter" else places[argument]
    if instruction.operation == "table":
        table = instruction.constant or 0
        entries = straight.tables[table][2]
        if table >= TABLES or len(entries) > ENTRIES or types != ("i32",):
            raise wrong(f"{straight.name} has more or longer tables than a search in float32 keeps")
        made.constant[i, 1], made.sizes[table] = table, len(entries)
        made.tables[table, : len(entries)] = entries


@dataclass(frozen=True, slots=True)
class Origin:
    """The program that a search began from, and the name of what it finds."""

    straight: Straight

    def plain(self, x: Any) -> Any:
        """Which arguments are plain: all where there is no plain case."""
        if self.straight.plain is None:
            return np.ones(len(x), bool)
        return evaluate(self.straight, (x,), plain=True)[0]

    def with_plain(self, program: Program) -> Straight:
        """The program with this plain case: elsewhere what it was."""
        old = self.straight
        builder = Builder(old.name)
        x = builder.parameter(old.parameters[0][0], "f32")
        value = append(builder, x, program)
        if old.plain is None:
            return builder.finish(value)
        rest = old.instructions[old.result]
        repeated = rest.operation == "select" and rest.arguments[:2] == (old.plain.condition, old.plain.value)
        end = rest.arguments[2] if repeated else old.result
        copied = _copied(builder, x, old, (old.plain.condition, end))
        value, condition = value.named("plain"), copied[old.plain.condition].named("near")
        full = builder.select(condition, value, copied[end]).named("full")
        return builder.finish(full, plain=(condition, value))


def append(builder: Builder, x: Value, program: Program) -> Value:
    """The operations of arrays, added to a program that is being written; the last value."""
    values: list[Value] = []
    for i in range(int(program.n[0])):
        kind = k.KINDS[program.kind[i]]
        if kind.operation == "table":
            index = _operand(builder, x, values, program, i, 0, "i32")
            table = int(program.constant[i, 1])
            entries = tuple(int(bits) for bits in program.tables[table, : program.sizes[table]])
            values.append(builder.table_bits(f"t{table}", "f32", entries, index))
            continue
        types: list[Type] = [{"f": "f32", "i": "i32", "b": "bool"}[letter] for letter in kind.takes]  # type: ignore[misc]
        operands = [_operand(builder, x, values, program, i, j, type) for j, type in enumerate(types)]
        values.append(builder.apply(kind.operation, *operands))
    return values[-1] if values else x


def _operand(builder: Builder, x: Value, values: list[Value], program: Program, i: int, j: int, type: Type) -> Value:
    argument = int(program.argument[i, j])
    if argument == CONSTANT:
        return builder.bits_constant(int(program.constant[i, j]), type)
    return x if argument == X else values[argument]


def _copied(builder: Builder, x: Value, old: Straight, ends: tuple[int, ...]) -> dict[int, Value]:
    """Values of another program, written here."""
    values: dict[int, Value] = {}
    for number in sorted(old.live(*ends)):
        one = old.instructions[number]
        match one.operation:
            case "parameter":
                values[number] = x
            case "constant":
                values[number] = builder.bits_constant(one.constant or 0, one.type)
            case "table":
                name, type, entries = old.tables[one.constant or 0]
                values[number] = builder.table_bits(name, type, entries, values[one.arguments[0]])
            case operation:
                values[number] = builder.apply(operation, *(values[argument] for argument in one.arguments))
        if old.names and old.names[number] and one.operation not in ("parameter", "constant"):
            values[number].named(old.names[number])
    return values
