"""The double formulas that compiled solvers use (backends/llvm/math_functions), as instructions of a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.backends.llvm.math_functions import Assembly, write
from optgen.ir.straight_builder import Builder, Value

ORDERED: dict[str, Callable[[Value, Value], Value]] = {
    "olt": lambda a, b: a < b,
    "ole": lambda a, b: a <= b,
    "ogt": lambda a, b: a > b,
    "oge": lambda a, b: a >= b,
    "oeq": lambda a, b: a.equals(b),
    "one": lambda a, b: (a < b) | (a > b),
}
OPPOSITE = {"uge": "olt", "ugt": "ole", "ule": "ogt", "ult": "oge", "une": "oeq", "ueq": "one"}
WHOLE = {
    "add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor",
    "shl": "shift_left", "ashr": "shift_right", "lshr": "shift_right_zero", "icmp ne": "ne",
}  # fmt: skip


@dataclass(slots=True)
class Writer(Assembly):
    """Writes the formulas of the llvm backend as instructions of a straight-line program."""

    builder: Builder = field(default_factory=lambda: Builder("f"))
    values: dict[str, Value] = field(default_factory=dict)

    def keep(self, value: Value) -> str:
        name = f"v{value.number}"
        self.values[name] = value
        return name

    def number(self, value: float | Fraction) -> str:
        return self.keep(self.builder.constant(float(value), "f64"))

    def binary(self, word: str, a: str, b: str) -> str:
        return self.keep(self.builder.apply(word.removeprefix("f"), self.values[a], self.values[b]))

    def neg(self, a: str) -> str:
        return self.keep(-self.values[a])

    def test(self, relation: str, a: str, b: float) -> str:
        x, y = self.values[a], self.builder.constant(b, "f64")
        if relation in OPPOSITE:
            return self.keep(self.builder.apply("not", ORDERED[OPPOSITE[relation]](x, y)))
        return self.keep(ORDERED[relation](x, y))

    def pick(self, test: str, a: str, b: str) -> str:
        return self.keep(self.builder.select(self.values[test], self.values[a], self.values[b]))

    def other(self, name: str, argument: str) -> str:
        return write(name, self, argument)

    def intrinsic(self, name: str, *arguments: str) -> str:
        return self.keep(self.builder.apply(name.removeprefix("f") if name == "fabs" else name,
                                            *(self.values[a] for a in arguments)))  # fmt: skip

    def whole(self, word: str, a: str, b: int | str) -> str:
        other = self.builder.constant(b, "i64") if isinstance(b, int) else self.values[b]
        return self.keep(self.builder.apply(WHOLE[word], self.values[a], other))

    def bits(self, a: str) -> str:
        return self.keep(self.builder.apply("bits", self.values[a]))

    def from_bits(self, a: str) -> str:
        return self.keep(self.builder.apply("from_bits", self.values[a]))


def written(name: str, builder: Builder, x: Value) -> Value:
    """A formula at a double: exp, log, log1p, expm1, tanh, erf; sin and cos of small angles."""
    writer = Writer("double", builder=builder)
    return writer.values[write(name, writer, writer.keep(x))]
