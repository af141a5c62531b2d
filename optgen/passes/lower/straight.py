"""The `program` block of a function to a straight-line program, or all that is wrong with it.

Each line defines a name by one expression, in the order in which they are computed; the last is the result.  A literal
takes the type of what it stands beside; where there is nothing, `f32(1)` or `i64(0x7f)` says it.  `if likely(c) then a
else b` on the last line: where c holds, the cheaper a has the bits of b.  `c = f32([1, 2])` is a table, read by `c[k]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from optgen.diagnostics import Diagnostic, Span, SpecError, suggestion
from optgen.ir.straight import Straight, from_bits, to_bits
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_operations import STRAIGHT_OPERATIONS, TYPES, WIDTH, Type, kind
from optgen.language import tree
from optgen.passes.lower.problems import Poisoned, fail

_INFIX = {entry.text: entry.name for entry in STRAIGHT_OPERATIONS.values() if entry.form == "infix"}
_INFIX |= {"and": "and", "or": "or"}
_CALLS = {entry.text: entry.name for entry in STRAIGHT_OPERATIONS.values() if entry.form == "call"}
_SWAPPED = {">": "lt", ">=": "le"}
_TYPES: dict[str, Type] = {type: type for type in TYPES}
_NUMBERS = {"inf": float("inf"), "nan": float("nan")}


@dataclass(frozen=True, slots=True)
class Literal:
    """A number whose type its surroundings tell."""

    span: Span
    text: str
    negative: bool = False


Operand = Value | Literal


def read_program(group: tree.Group) -> Straight:
    """The straight-line program of a function with a `program` block; raises SpecError with all that is wrong."""
    reader = _Reader(Builder(group.name))
    for parameter in group.parameters:
        reader.parameter(parameter)
    block = group.groups("program")[0]
    for item in block.body:
        reader.attempt(item, last=item is block.body[-1])
    if reader.problems:
        raise SpecError(reader.problems)
    if reader.result is None:
        fail("E0421", f"the program of {group.name} has no line", block.span, help="its last line is the result")
    result = reader.result
    wanted = _type_name(group.result.base) if group.result is not None else None
    if wanted is not None and wanted != result.type:
        fail(
            "E0422",
            f"{group.name} gives {wanted}, and its program {result.type}",
            block.body[-1].span,
            help=f"convert the last line by {wanted}(..)",
        )
    return reader.builder.finish(result, reader.plain)


def _type_name(expr: tree.Expr) -> Type | None:
    return _TYPES.get(expr.name) if isinstance(expr, tree.Name) else None


@dataclass(slots=True)
class _Reader:
    """The lines read so far."""

    builder: Builder
    names: dict[str, Value | None] = field(default_factory=dict)  # None: its line has a mistake
    places: dict[str, Span] = field(default_factory=dict)
    tables: dict[str, tuple[Type, tuple[int, ...]]] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    result: Value | None = None
    plain: tuple[Value, Value] | None = None

    def parameter(self, parameter: tree.Parameter) -> None:
        type = _type_name(parameter.type.base) if parameter.type is not None else None
        if type is None or type == "bool":
            fail(
                "E0421",
                f"{parameter.name} has no machine type",
                parameter.span,
                help=f"write {parameter.name} : f32, or f64, i32, i64",
            )
        self.names[parameter.name] = self.builder.parameter(parameter.name, type)
        self.places[parameter.name] = parameter.span

    def attempt(self, item: tree.Line | tree.Group, last: bool) -> None:
        """One line; what is wrong with it is kept, and its name is not reported again."""
        left = item.definitions[0].left if isinstance(item, tree.Line) and item.definitions else None
        name = left.name if isinstance(left, tree.Name) else None
        try:
            self._line(item, last)
        except SpecError as error:
            self.problems += error.diagnostics
        except Poisoned:
            pass
        if name is not None:
            self.names.setdefault(name, None)

    def _line(self, item: tree.Line | tree.Group, last: bool) -> None:
        wrong = "a line of a program defines one name"
        if not isinstance(item, tree.Line) or item.kind != "equation" or len(item.definitions) != 1 or item.ranges:
            fail("E0421", wrong, item.span, help="write one equation a line, such as y = fma(x, x, 1)")
        made = item.definitions[0]
        if not isinstance(made.left, tree.Name) or made.ranges or made.condition is not None:
            fail("E0421", wrong, made.left.span, help="write a plain name on the left")
        name = made.left.name
        if name in self.places:
            secondary = ((self.places[name], "it is defined here"),)
            fail("E0202", f"{name} is defined twice", made.left.span, secondary=secondary, help="choose another name")
        self.places[name] = made.left.span
        table = self._table(made.right)
        if table is not None:
            self.tables[name] = table
            return
        value = self._last(made.right) if last else self._settled(made.right)
        named = self.builder.instructions[value.number].operation not in ("constant", "parameter")
        if named and self.plain is None:
            self.builder.names.setdefault(value.number, name)
        self.names[name] = self.result = value

    def _table(self, expr: tree.Expr) -> tuple[Type, tuple[int, ...]] | None:
        """`f32([1, 2, 3])`."""
        match expr:
            case tree.Call(function=tree.Name(name=name), arguments=(tree.Argument(value=tree.Block(rows=(row,))),)):
                type = _TYPES.get(name)
                if type is None or type == "bool":
                    return None
                return type, tuple(_bits(self._literal(entry), type) for entry in row)
        return None

    def _literal(self, expr: tree.Expr) -> Literal:
        value = self._value(expr)
        if isinstance(value, Literal):
            return value
        fail("E0421", "a table holds numbers", expr.span, help="write its entries as literals")

    def _last(self, expr: tree.Expr) -> Value:
        """The result, and the plain case if it is told."""
        match expr:
            case tree.If(
                condition=tree.Call(function=tree.Name(name="likely"), arguments=(tree.Argument(value=condition),))
            ):
                result = self._settled(expr.otherwise)
                then = self._typed(self._value(expr.then), result.type)
                if then.type != result.type:
                    self._disagree(expr.span, [then, result])
                self.plain = (self._condition(condition), then)
                return result
        return self._settled(expr)

    # ------------------------------------------------------------ expressions

    def _settled(self, expr: tree.Expr) -> Value:
        """A value that has a type."""
        value = self._value(expr)
        if isinstance(value, Literal):
            fail("E0422", "nothing tells the type of this number", expr.span, help=f"write f32({value.span.text})")
        return value

    def _condition(self, expr: tree.Expr) -> Value:
        value = self._settled(expr)
        if value.type != "bool":
            fail("E0422", f"a condition is needed here, and this is {value.type}", expr.span, help="compare it")
        return value

    def _value(self, expr: tree.Expr) -> Operand:
        match expr:
            case tree.Number(span=span, text=text):
                return Literal(span, text)
            case tree.Name(span=span, name=name):
                return self._name(span, name)
            case tree.Unary(operator="-", operand=operand):
                value = self._value(operand)
                if isinstance(value, Literal):
                    return Literal(expr.span, value.text, not value.negative)
                return self._apply(expr.span, "neg", [value])
            case tree.Unary(operand=operand):
                return self._apply(expr.span, "not", [self._condition(operand)])
            case tree.Binary(operator=operator, left=left, right=right) if operator in _INFIX:
                return self._apply(expr.span, _INFIX[operator], [self._value(left), self._value(right)])
            case tree.Comparison(first=first, rest=((operator, other),)) if operator in {**_INFIX, **_SWAPPED}:
                pair = [self._value(first), self._value(other)]
                if operator in _SWAPPED:
                    return self._apply(expr.span, _SWAPPED[operator], pair[::-1])
                return self._apply(expr.span, _INFIX[operator], pair)
            case tree.If(condition=condition, then=then, otherwise=otherwise):
                return self._select(expr.span, self._condition(condition), self._value(then), self._value(otherwise))
            case tree.Index(base=tree.Name(name=name), indices=(index,)) if name in self.tables:
                return self._read(name, index)
            case tree.Call(function=tree.Name(span=span, name=name)) if expr.body is None:
                return self._call(expr, span, name)
        fail("E0421", "this is no operation of a program", expr.span, help="only scalars and single operations")

    def _name(self, span: Span, name: str) -> Operand:
        if name in self.names:
            value = self.names[name]
            if value is None:
                raise Poisoned
            return value
        if name in _NUMBERS:
            return Literal(span, name)
        if name in ("true", "false"):
            return self.builder.bits_constant(int(name == "true"), "bool")
        hint = suggestion(name, self.names) or "a name is defined on a line above its uses"
        fail("E0201", f"{name} is not defined", span, help=hint)

    def _read(self, name: str, index: tree.Expr | tree.All) -> Value:
        type, entries = self.tables[name]
        if isinstance(index, tree.All):
            fail("E0421", "a table is read at one place", index.span)
        at = self._typed(self._value(index), "i32")
        if at.type != "i32":
            fail("E0422", f"a table is read at an i32, and this is {at.type}", index.span, help="write i32(..)")
        return self.builder.table_bits(name, type, entries, at)

    def _call(self, expr: tree.Call, span: Span, name: str) -> Operand:
        if name not in _CALLS or any(argument.keyword is not None for argument in expr.arguments):
            hint = suggestion(name, _CALLS)
            fail("E0421", f"{name} is no operation of a program", span, help=hint or "see optgen explain E0421")
        given = [self._value(argument.value) for argument in expr.arguments]
        type = _TYPES.get(name)
        if type is not None and len(given) == 1:
            if isinstance(given[0], Literal):
                return self._typed(given[0], type)
            if given[0].type == type:
                return given[0]
        return self._apply(expr.span, _CALLS[name], given)

    def _select(self, span: Span, condition: Value, then: Operand, otherwise: Operand) -> Value:
        first, second = self._alike(span, [then, otherwise])
        if first.type != second.type:
            self._disagree(span, [first, second])
        return self.builder.select(condition, first, second)

    def _apply(self, span: Span, operation: str, operands: list[Operand]) -> Value:
        values = self._alike(span, operands)
        if STRAIGHT_OPERATIONS[operation].rule(tuple(value.type for value in values)) is None:
            self._disagree(span, values)
        return self.builder.apply(operation, *values)

    def _alike(self, span: Span, operands: list[Operand]) -> list[Value]:
        """The operands, literals in the type of the others."""
        types = [operand.type for operand in operands if isinstance(operand, Value)]
        if not types:
            fail("E0422", "nothing tells the type of these numbers", span, help="write f32(..) round one of them")
        return [self._typed(operand, types[0]) for operand in operands]

    def _typed(self, operand: Operand, type: Type) -> Value:
        if isinstance(operand, Value):
            return operand
        return self.builder.bits_constant(_bits(operand, type), type)

    def _disagree(self, span: Span, values: list[Value]) -> None:
        types = " and ".join(value.type for value in values)
        hint = "each operation takes operands of one type: convert one, as in f64(x)"
        fail("E0422", f"this operation does not take {types}", span, help=hint)


def _bits(literal: Literal, type: Type) -> int:
    """The bits of a literal in a type: a hexadecimal integer is them, a float has to be exact if it is hexadecimal."""
    text, span = literal.text, literal.span
    if kind(type) == "b":
        fail("E0422", "a condition is needed here, and this is a number", span, help="write true or false")
    if kind(type) == "i":
        if any(sign in text for sign in ".np") or (not text.startswith("0x") and "e" in text):
            fail("E0422", f"{text} is no integer, and {type} is needed", span)
        value = int(text, 0) * (-1 if literal.negative else 1)
        if not -(1 << (WIDTH[type] - 1)) <= value < 1 << WIDTH[type]:
            fail("E0422", f"{text} does not fit {type}", span)
        return to_bits(value, type)
    size = _NUMBERS[text] if text in _NUMBERS else float.fromhex(text) if text.startswith("0x") else float(text)
    try:
        bits = to_bits(size, type)
    except OverflowError:
        fail("E0422", f"{text} is too large for {type}", span, help="write inf, if that is meant")
    if text.startswith("0x") and Fraction(size) != Fraction(from_bits(bits, type)):
        fail("E0422", f"{text} has more bits than {type} holds", span, help="round it")
    return bits | (1 << (WIDTH[type] - 1)) if literal.negative else bits
