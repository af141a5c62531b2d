"""A straight-line program as the lines of a `program` block: equations with the author's names.

A value without a name that is used once stands where it is used, if the line stays short.  Constants are decimal where
that is short and exact, else hexadecimal.  Reading the lines back gives the same program (passes/lower/straight).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from optgen.ir.straight import Straight, from_bits
from optgen.ir.straight_operations import STRAIGHT_OPERATIONS, WIDTH, Type, kind

LONGEST = 72
RESERVED = frozenset(
    [
        "if", "then", "else", "and", "or", "not", "in", "mod", "where", "by", "of", "min", "max", "argmin", "argmax",
        "grad", "hess", "jac", "div", "laplacian", "draw", "record", "when", "otherwise", "until", "algorithm", "fail",
        "inf", "nan", "true", "false", "likely", "pi", "I",
    ]
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_LEVELS = {"or": 3, "and": 4, "not ": 5, "<": 6, "<=": 6, "==": 6, "!=": 6, "+": 8, "-": 8, "*": 9, "/": 9}
_TIGHT, _NEGATIVE, _CHOICE = 12, 10, 2


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    level: int

    def at(self, level: int) -> str:
        """In parentheses if it binds less tightly than that."""
        return self.text if self.level >= level else f"({self.text})"


def to_text(program: Straight) -> list[str]:
    """The equations, one a line; the last defines the result."""
    return _Printer(program).lines()


def literal(bits: int, type: Type) -> str:
    """A constant without its type."""
    if type == "bool":
        return "true" if bits else "false"
    value = from_bits(bits, type)
    if kind(type) == "i":
        return str(value) if abs(value) < 1 << 16 else f"0x{bits:x}"
    negative = bits >> (WIDTH[type] - 1)
    sign, size = ("-" if negative else ""), abs(value)
    if size != size or size == float("inf"):
        return sign + ("nan" if size != size else "inf")
    short = f"{size:.6g}"
    if "e" not in short and len(short) <= 8 and Fraction(short) == Fraction(size):
        return sign + short
    head, _, exponent = float(size).hex().partition("p")
    return f"{sign}{head.rstrip('0').rstrip('.')}p{exponent}"


class _Printer:
    def __init__(self, program: Straight) -> None:
        self.program = program
        self.uses = [0] * len(program.instructions)
        for instruction in program.instructions:
            for argument in instruction.arguments:
                self.uses[argument] += 1
        self.names = self._names()
        self.texts: dict[int, _Text] = {}

    def _names(self) -> dict[int, str]:
        """Names that are the author's, where they are names, and different."""
        taken = {name for name, _ in self.program.parameters} | {name for name, _, _ in self.program.tables}
        taken |= RESERVED | set(STRAIGHT_OPERATIONS) | {one.text for one in STRAIGHT_OPERATIONS.values()}
        names = {number: name for number, (name, _) in enumerate(self.program.parameters)}
        for number in range(len(names), len(self.program.instructions)):
            wanted = self.program.names[number] if self.program.names else ""
            if self.program.instructions[number].operation != "constant" and _NAME.fullmatch(wanted):
                base, count = wanted.rstrip("0123456789_") or wanted, 2
                while wanted in taken:
                    wanted, count = f"{base}{count}", count + 1
                names[number] = wanted
                taken.add(wanted)
        self.taken = taken
        return names

    def lines(self) -> list[str]:
        made = []
        for name, type, entries in self.program.tables:
            made.append(f"{name} = {type}([{', '.join(literal(bits, type) for bits in entries)}])")
        ends = {self.program.result}
        if self.program.plain is not None:
            ends |= {self.program.plain.condition, self.program.plain.value}
        for number, instruction in enumerate(self.program.instructions):
            if instruction.operation == "parameter":
                self.texts[number] = _Text(self.names[number], _TIGHT)
                continue
            text = self._text(number)
            last = number == self.program.result and self.program.plain is None
            if instruction.operation == "constant" and not last:
                continue
            keep = number in self.names or (self.uses[number] != 1 and number not in ends)
            if last or keep or (len(text.text) > LONGEST and number not in ends) or self._shared_end(number):
                name = self.names.get(number) or self._fresh(f"v{number}" if not last else "y")
                made.append(f"{name} = {text.text}")
                text = _Text(name, _TIGHT)
            self.texts[number] = text
        if self.program.plain is not None:
            condition, value = self.program.plain.condition, self.program.plain.value
            parts = [
                self._typed(end) if end == self.program.result else self._given(end)
                for end in (value, self.program.result)
            ]
            made.append(
                f"{self._fresh('y')} = if likely({self._given(condition).text}) "
                f"then {parts[0].at(3)} else {parts[1].at(2)}"
            )
        return made

    def _shared_end(self, number: int) -> bool:
        ends = [self.program.result]
        if self.program.plain is not None:
            ends += [self.program.plain.condition, self.program.plain.value]
        return ends.count(number) + self.uses[number] > 1 and number in ends

    def _fresh(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _given(self, number: int) -> _Text:
        """An operand whose type another operand or the operation tells."""
        instruction = self.program.instructions[number]
        if instruction.operation == "constant":
            text = literal(instruction.constant or 0, instruction.type)
            return _Text(text, _NEGATIVE if text.startswith("-") else _TIGHT)
        return self.texts[number]

    def _typed(self, number: int) -> _Text:
        """An operand that has to tell its type."""
        instruction = self.program.instructions[number]
        if instruction.operation == "constant" and instruction.type != "bool":
            return _Text(f"{instruction.type}({literal(instruction.constant or 0, instruction.type)})", _TIGHT)
        return self._given(number)

    def _operands(self, arguments: tuple[int, ...]) -> list[_Text]:
        """Operands of one type: the first tells it if all are constants."""
        constant = [self.program.instructions[argument].operation == "constant" for argument in arguments]
        first = self._typed(arguments[0]) if all(constant) else self._given(arguments[0])
        return [first, *(self._given(argument) for argument in arguments[1:])]

    def _text(self, number: int) -> _Text:
        instruction = self.program.instructions[number]
        match instruction.operation:
            case "constant":
                return self._typed(number)
            case "table":
                name = self.program.tables[instruction.constant or 0][0]
                return _Text(f"{name}[{self._typed(instruction.arguments[0]).text}]", _TIGHT)
            case "select":
                then, otherwise = self._operands(instruction.arguments[1:])
                condition = self._given(instruction.arguments[0])
                return _Text(f"if {condition.at(3)} then {then.at(3)} else {otherwise.at(2)}", _CHOICE)
            case operation:
                return self._operation(operation, instruction.type, self._operands(instruction.arguments))

    def _operation(self, name: str, type: Type, given: list[_Text]) -> _Text:
        entry = STRAIGHT_OPERATIONS[name]
        sign, form = entry.text, entry.form
        if type == "bool" and name in ("and", "or"):
            sign, form = name, "infix"
        if form == "infix":
            level = _LEVELS[sign]
            space = "" if level == 9 else " "
            return _Text(f"{given[0].at(level + (level == 6))}{space}{sign}{space}{given[1].at(level + 1)}", level)
        if form == "prefix":
            level = _LEVELS.get(sign, _NEGATIVE) if sign != "-" else _NEGATIVE
            return _Text(f"{sign}{given[0].at(level + 1)}", level)
        return _Text(f"{sign}({', '.join(text.text for text in given)})", _TIGHT)
