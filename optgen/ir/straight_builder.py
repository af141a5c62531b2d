"""Writing a straight-line program: values with operators, equal values once, unused ones dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from optgen.ir.straight import Instruction, Plain, Straight, check, to_bits
from optgen.ir.straight_operations import STRAIGHT_OPERATIONS, Type


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value of a program that is being written.  A Python number beside it is a constant of its type, rounded.

    `+ - * /` and `< <= > >=` are the operations; `& | ~` those of bits or conditions; `equals` compares.
    """

    builder: Builder
    number: int

    @property
    def type(self) -> Type:
        return self.builder.instructions[self.number].type

    def __add__(self, other: Operand) -> Value:
        return self.builder.apply("add", self, other)

    def __radd__(self, other: Operand) -> Value:
        return self.builder.apply("add", other, self)

    def __sub__(self, other: Operand) -> Value:
        return self.builder.apply("sub", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self.builder.apply("sub", other, self)

    def __mul__(self, other: Operand) -> Value:
        return self.builder.apply("mul", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return self.builder.apply("mul", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return self.builder.apply("div", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.builder.apply("div", other, self)

    def __neg__(self) -> Value:
        return self.builder.apply("neg", self)

    def __abs__(self) -> Value:
        return self.builder.apply("abs", self)

    def __lt__(self, other: Operand) -> Value:
        return self.builder.apply("lt", self, other)

    def __le__(self, other: Operand) -> Value:
        return self.builder.apply("le", self, other)

    def __gt__(self, other: Operand) -> Value:
        return self.builder.apply("lt", other, self)

    def __ge__(self, other: Operand) -> Value:
        return self.builder.apply("le", other, self)

    def __and__(self, other: Operand) -> Value:
        return self.builder.apply("and", self, other)

    def __or__(self, other: Operand) -> Value:
        return self.builder.apply("or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return self.builder.apply("xor", self, other)

    def __invert__(self) -> Value:
        return self.builder.apply("not", self)

    def __lshift__(self, other: Operand) -> Value:
        return self.builder.apply("shift_left", self, other)

    def __rshift__(self, other: Operand) -> Value:
        return self.builder.apply("shift_right", self, other)

    def equals(self, other: Operand) -> Value:
        """The condition that both are equal (a NaN equals nothing, -0 equals 0)."""
        return self.builder.apply("eq", self, other)

    def named(self, name: str) -> Value:
        """The same value, which is called by this name in the program's text."""
        self.builder.names[self.number] = name
        return self


Operand = Value | float | int


@dataclass(slots=True)
class Builder:
    """A program as far as it is written."""

    name: str
    parameters: list[tuple[str, Type]] = field(default_factory=list)
    tables: list[tuple[str, Type, tuple[int, ...]]] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    known: dict[Instruction, int] = field(default_factory=dict)

    def parameter(self, name: str, type: Type) -> Value:
        """The next parameter; parameters are declared before anything else is written."""
        if len(self.instructions) != len(self.parameters):
            raise ValueError("parameters come first")
        self.parameters.append((name, type))
        return self._add(Instruction("parameter", type, (), len(self.parameters) - 1)).named(name)

    def constant(self, value: float | int, type: Type) -> Value:
        """A number, rounded to the type."""
        return self.bits_constant(to_bits(value, type), type)

    def bits_constant(self, bits: int, type: Type) -> Value:
        """The number with these bits."""
        return self._add(Instruction("constant", type, (), bits))

    def table(self, name: str, type: Type, entries: Sequence[float | int], index: Value) -> Value:
        """The entry of a table at an i32 index from 1; the same table may be read many times."""
        return self.table_bits(name, type, tuple(to_bits(entry, type) for entry in entries), index)

    def table_bits(self, name: str, type: Type, entries: tuple[int, ...], index: Value) -> Value:
        """The same, with the entries' bits."""
        wanted = (name, type, entries)
        if wanted not in self.tables:
            self.tables.append(wanted)
        return self._add(Instruction("table", type, (index.number,), self.tables.index(wanted)))

    def apply(self, operation: str, *operands: Operand) -> Value:
        """An operation of the table; numbers take the type of the other operands.  Raises TypeError."""
        values = self._operands(operation, operands)
        type = STRAIGHT_OPERATIONS[operation].rule(tuple(value.type for value in values))
        if type is None:
            raise TypeError(f"{operation} does not take {', '.join(value.type for value in values)}")
        return self._add(Instruction(operation, type, tuple(value.number for value in values)))

    def fma(self, a: Operand, b: Operand, c: Operand) -> Value:
        """a*b + c, rounded once."""
        return self.apply("fma", a, b, c)

    def select(self, condition: Value, then: Operand, otherwise: Operand) -> Value:
        """One of two values, both computed."""
        return self.apply("select", condition, then, otherwise)

    def horner(self, x: Value, coefficients: Sequence[float], above: Value | None = None) -> Value:
        """c0 + c1*x + ... by fma from the highest; `above` stands for what follows the last coefficient."""
        rest = list(coefficients)
        value = above if above is not None else self.constant(rest.pop(), x.type)
        for coefficient in reversed(rest):
            value = self.fma(value, x, coefficient)
        return value

    def picked(self, conditions: Sequence[Value], numbers: Sequence[float]) -> Value:
        """The first number whose condition holds, the last if none does: a double."""
        value = self.constant(numbers[-1], "f64")
        for condition, number in reversed(list(zip(conditions, numbers[:-1], strict=True))):
            value = self.select(condition, number, value)
        return value

    def finish(self, result: Value, plain: tuple[Value, Value] | None = None) -> Straight:
        """The program, without what nothing depends on; raises ValueError if it is not well formed.

        The order of its values is that in which the ends need them, whatever the order in which they were written.
        """
        ends = [*(value.number for value in plain or ()), result.number]
        kept = {old: new for new, old in enumerate(self._order(ends))}
        read = list(dict.fromkeys(self.instructions[old].constant or 0 for old in kept if self._reads(old)))
        moved = tuple(self._moved(old, kept, read) for old in kept)
        made = Straight(
            self.name,
            tuple(self.parameters),
            tuple(self.tables[table] for table in read),
            moved,
            kept[result.number],
            Plain(kept[ends[0]], kept[ends[1]]) if plain else None,
            tuple(self.names.get(old, "") for old in kept),
        )
        check(made)
        return made

    def _order(self, ends: Sequence[int]) -> list[int]:
        """The parameters, then all that the ends depend on, each after its operands, first operands first."""
        order = dict.fromkeys(range(len(self.parameters)))
        waiting = list(reversed(ends))
        while waiting:
            value = waiting[-1]
            missing = [argument for argument in self.instructions[value].arguments if argument not in order]
            if value not in order and missing:
                waiting.extend(reversed(missing))
            else:
                order.setdefault(waiting.pop())
        return list(order)

    def _reads(self, number: int) -> bool:
        return self.instructions[number].operation == "table"

    def _moved(self, old: int, kept: dict[int, int], read: list[int]) -> Instruction:
        one = self.instructions[old]
        constant = read.index(one.constant or 0) if self._reads(old) else one.constant
        return Instruction(one.operation, one.type, tuple(kept[argument] for argument in one.arguments), constant)

    def _operands(self, operation: str, operands: tuple[Operand, ...]) -> tuple[Value, ...]:
        alike = operands[1:] if operation == "select" else operands
        types = [operand.type for operand in alike if isinstance(operand, Value)]
        if not types:
            raise TypeError(f"the operands of {operation} are all numbers: which type is meant is open")
        return tuple(x if isinstance(x, Value) else self.constant(x, types[0]) for x in operands)

    def _add(self, instruction: Instruction) -> Value:
        if instruction not in self.known:
            self.known[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return Value(self, self.known[instruction])
