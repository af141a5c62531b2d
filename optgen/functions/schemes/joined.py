"""Two programs of one function as one: a plain case in floats, and for all other arguments one in doubles.

A scheme that only knows the plain case offers a program whose result is right where its plain condition holds.
"""

from __future__ import annotations

from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value


def joined(plain: Straight, rest: Straight) -> Straight:
    """The value of `plain` where its condition holds, else that of `rest`."""
    if plain.plain is None:
        raise ValueError(f"{plain.name} has no plain case")
    b = Builder(plain.name)
    x = b.parameter(plain.parameters[0][0], "f32")
    first = _written(b, plain, x, plain.plain.condition, plain.plain.value)
    condition, value = (Value(b, first[number]) for number in (plain.plain.condition, plain.plain.value))
    second = _written(b, rest, x, rest.result)
    full = b.select(condition, value, Value(b, second[rest.result])).named("full")
    return b.finish(full, plain=(condition, value))


def _free(name: str, taken: set[str]) -> str:
    """The name, with as many underscores as make it another than those that are taken."""
    while name in taken:
        name += "_"
    return name


def _written(b: Builder, program: Straight, x: Value, *ends: int) -> dict[int, int]:
    """Writes what the ends of a program need; the new numbers of its values."""
    made: dict[int, int] = {}
    needed = program.live(*ends)
    for number, one in enumerate(program.instructions):
        if number not in needed:
            continue
        arguments = [Value(b, made[argument]) for argument in one.arguments]
        match one.operation:
            case "parameter":
                value = x
            case "constant":
                value = b.bits_constant(one.constant or 0, one.type)
            case "table":
                name, type, entries = program.tables[one.constant or 0]
                taken = {table[0] for table in b.tables if table != (name, type, entries)}
                value = b.table_bits(_free(name, taken), type, entries, arguments[0])
            case operation:
                value = b.apply(operation, *arguments)
        made[number] = value.number
        name = program.names[number] if number < len(program.names) else ""
        if name and value.number not in b.names and name not in b.names.values():
            value.named(name)
    return made
