"""One line of the IR's text: its tokens, and the expressions and tensors in it.

Text never executes: names mean what the lines above defined, operations are those of the table.
"""

from __future__ import annotations

import json
import math
import re
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Dtype, Scalar, Tensor
from optgen.ir.operations import OPERATIONS, apply
from optgen.ir.special import SPECIAL
from optgen.ir.text import NEGATIVE, REDUCTIONS

Names = ChainMap[str, AnyNode]
T = TypeVar("T")

_TOKENS = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*")
    |(?P<number>\d+\|\d+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?:d|u64|f32|f64)?)
    |(?P<name>(?:%\d+|`[^`]*`|[A-Za-z_][\w.']*)(?:~\d+)?)
    |(?P<symbol>\*\*|//|==|!=|<=|>=|[-+*/<>&|()\[\],:=#{}]))""",
    re.X,
)
_NUMBER = re.compile(r"([-+.\d|eE]+?)(d|u64|f32|f64)?")
_INFIX = {entry.infix[0]: (name, entry.infix[1]) for name, entry in OPERATIONS.items() if entry.infix is not None}
_DTYPES = ("real", "int", "bool", "u64", "f32", "f64")
_REGIONS = (ir.Loop, ir.Call, ir.Derivative)
_TENSORS = (ir.Input, ir.Array, ir.Concat, ir.View, ir.Output)
END = ("end", "the end of the line")


def hint(name: str) -> str:
    """The author's name in a name of the text."""
    if name[0] == "%":
        return ""
    plain = re.sub(r"~\d+$", "", name)
    return plain[1:-1] if plain[0] == "`" else plain


@dataclass(slots=True)
class Line:
    """The tokens of a line and how far it is read; `names` is what the lines above mean by names."""

    number: int
    tokens: Sequence[tuple[str, str]]
    names: Names
    at: int = 0

    # ------------------------------------------------------------ tokens

    def error(self, expected: str) -> ir.IRError:
        return ir.IRError(f"line {self.number}: expected {expected}, found {self.peek()[1]}")

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def sees(self, *words: str, ahead: int = 0) -> bool:
        kind, token = self.peek(ahead)
        return token in words and kind in ("name", "symbol")

    def takes(self, *words: str) -> bool:
        """Goes past one of these words if it is next."""
        found = self.sees(*words)
        self.at += found
        return found

    def defines(self) -> bool:
        """Whether the line defines a name: no other line has `[` or `=` in second place."""
        return self.sees("[", "=", ahead=1)

    def expect(self, word: str) -> None:
        if not self.takes(word):
            raise self.error(word)

    def word(self, kind: str) -> str:
        found, token = self.peek()
        if found != kind:
            raise self.error(f"a {kind}")
        self.at += 1
        return token

    def name(self) -> str:
        return self.word("name")

    def string(self) -> str:
        return str(json.loads(self.word("string")))

    def integer(self) -> int:
        token = self.word("number")
        if not token.isdigit():
            raise ir.IRError(f"line {self.number}: {token} is not an integer")
        return int(token)

    def end(self) -> None:
        if self.peek() != END:
            raise self.error(END[1])

    def several(self, item: Callable[[], T], close: str) -> list[T]:
        """Items with commas between them, up to a closing word."""
        made: list[T] = []
        while not self.takes(close):
            if made:
                self.expect(",")
            made.append(item())
        return made

    def rest(self, item: Callable[[], T]) -> list[T]:
        """Items with commas between them, up to the end of the line."""
        made: list[T] = []
        while self.peek() != END:
            if made:
                self.expect(",")
            made.append(item())
        return made

    def enclosed(self, item: Callable[[], T]) -> list[T]:
        self.expect("(")
        return self.several(item, ")")

    # ------------------------------------------------------------ what names mean

    def meaning(self, name: str) -> AnyNode:
        found = self.names.get(name)
        if found is None:
            raise ir.IRError(f"line {self.number}: {name} is not defined")
        return found

    def define(self, name: str, node: AnyNode) -> None:
        if name in self.names:
            raise ir.IRError(f"line {self.number}: {name} is defined twice")
        self.names[name] = node

    def tensor(self) -> Tensor:
        if self.takes("scalar"):
            self.expect("(")
            body = self.scalar()
            self.expect(")")
            return ir.array((), body)
        found = self.output(self.meaning(self.name()))
        if not isinstance(found, _TENSORS):
            raise ir.IRError(f"line {self.number}: {self.tokens[self.at - 1][1]} is not a tensor")
        return found

    def output(self, found: AnyNode, name: str = "") -> AnyNode:
        """What a name means, or the output of it if it has several."""
        if not isinstance(found, _REGIONS):
            return found
        self.expect("#")
        position = self.integer()
        if position >= len(ir.output_types(found)):
            raise ir.IRError(f"line {self.number}: there is no output {position}")
        return ir.output(found, position, name)

    def type(self) -> tuple[Dtype, tuple[Scalar, ...]]:
        dtype = self.name()
        if dtype not in _DTYPES:
            raise ir.IRError(f"line {self.number}: {dtype} is not a dtype")
        return dtype, tuple(self.several(self.scalar, "]")) if self.takes("[") else ()  # type: ignore[return-value]

    def declaration(self) -> ir.Input:
        """`name : type`, a new place."""
        name = self.name()
        self.expect(":")
        made = ir.Input(hint(name), *self.type())
        self.define(name, made)
        return made

    def binder(self) -> ir.Index:
        """`i < extent`, a new place."""
        name = self.name()
        self.expect("<")
        made = ir.Index(self.scalar(_INFIX["<"][1] + 1), hint(name))
        self.define(name, made)
        return made

    # ------------------------------------------------------------ scalars

    def scalar(self, strength: int = 0) -> Scalar:
        """An expression of operators that bind at least so tightly."""
        left = self.prefix()
        while self.peek()[0] == "symbol" and self.peek()[1] in _INFIX:
            name, binds = _INFIX[self.peek()[1]]
            if binds < strength:
                break
            self.at += 1
            left = apply(name, left, self.scalar(binds + 1))
        return left

    def prefix(self) -> Scalar:
        kind, token = self.peek()
        if self.takes("-"):
            return apply("neg", self.scalar(NEGATIVE + 1))
        if self.takes("("):
            inside = self.scalar()
            self.expect(")")
            return inside
        self.at += 1
        if kind == "number":
            return _number(token)
        if kind == "name":
            if token in _WORDS:
                return _WORDS[token]
            return self.applied(token) if self.sees("(") else self.read(token)
        self.at -= 1
        raise self.error("an expression")

    def read(self, name: str) -> Scalar:
        found = self.output(self.meaning(name))
        if isinstance(found, _TENSORS):
            return ir.access(found, *(self.several(self.scalar, "]") if self.takes("[") else ()))
        if isinstance(found, ir.Lambda):
            raise ir.IRError(f"line {self.number}: {name} is not a number")
        return found  # type: ignore[return-value]

    def applied(self, name: str) -> Scalar:
        if name in REDUCTIONS:
            return self.reduction(name)
        if name == "draw":
            return self.draw()
        arguments = self.enclosed(self.scalar)
        if name == "choose" and len(arguments) == 3:
            return ir.choose(*arguments)
        if name not in OPERATIONS and name not in SPECIAL:
            raise ir.IRError(f"line {self.number}: there is no operation {name}")
        return apply(name, *arguments)

    def reduction(self, kind: str) -> Scalar:
        self.expect("(")
        outside, self.names = self.names, self.names.new_child()
        indices = self.binders()
        condition = self.scalar() if self.takes("where") else None
        self.expect(":")
        body = self.scalar()
        self.expect(")")
        self.names = outside
        return ir.reduce(kind, indices, body, condition)  # type: ignore[arg-type]

    def binders(self) -> list[ir.Index]:
        indices = [self.binder()]
        while self.takes(","):
            indices.append(self.binder())
        return indices

    def draw(self) -> Scalar:
        self.expect("(")
        law = self.name()
        parameters = self.enclosed(self.scalar)
        self.expect(",")
        place = self.string()
        self.expect(",")
        seed = self.scalar()
        self.expect(",")
        counters = self.enclosed(self.scalar)
        self.expect(",")
        position = self.scalar()
        self.expect(")")
        return ir.draw(law, parameters, place, seed, counters, position)

    def attribute(self) -> tuple[str, Any]:
        """`key: value`, a number, a string or a truth value."""
        key = hint(self.name())
        self.expect(":")
        kind, token = self.peek()
        if self.takes("true", "false"):
            return key, token == "true"
        return key, self.string() if kind == "string" else self.integer()


def tokens(number: int, text: str) -> list[tuple[str, str]]:
    """(kind, text) of the tokens of a line.  Raises IRError at what is no token."""
    made, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise ir.IRError(f"line {number}: can't read {text[at:].strip()[:20]!r}")
        at = found.end()
        made.append((found.lastgroup or "", found[found.lastgroup or ""]))
    return made


def _number(token: str) -> Scalar:
    digits, suffix = _NUMBER.fullmatch(token).groups()  # type: ignore[union-attr]
    if "|" in digits:
        numerator, denominator = digits.split("|")
        return ir.constant(Fraction(int(numerator), int(denominator)), "real")
    if suffix == "d":
        return ir.constant(float(digits), "real")
    if suffix == "u64":
        return ir.constant(int(digits), "u64")
    if suffix is not None or not digits.isdigit():
        return ir.constant(Fraction(digits), suffix or "real")  # type: ignore[arg-type]
    return ir.constant(int(digits))


_WORDS: dict[str, Scalar] = {
    "true": ir.constant(True),
    "false": ir.constant(False),
    "inf": ir.constant(math.inf, "real"),
    "nan": ir.constant(math.nan, "real"),
}
