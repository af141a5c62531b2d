"""A program that a search found: equations, evaluation in any precision, its error.

Constants are exact dyadic numbers, as many bits as the program needs: beyond double where its error is below 1e-15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from optgen.evolution.machine import CONSTANT, OPERATIONS, SQRT, X
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.symbolic.arb import Meaning, exact

DEGREE = 200  # of the polynomials in `reduced`
SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on two arguments: "x", the number of an earlier step, or a constant.  sqrt has one."""

    operation: str
    left: int | str | Fraction
    right: int | str | Fraction | None


@dataclass(frozen=True, slots=True)
class Found:
    """`error`: the largest error over the domain, as `measure` says; `bound`: a proven upper bound of it, if proved."""

    steps: tuple[Step, ...]
    target: str
    domain: tuple[float, float]
    measure: str  # relative or absolute
    error: float
    bound: float | None = None

    @property
    def operations(self) -> int:
        """Operations that depend on x."""
        return len(self.steps)

    @property
    def constants(self) -> list[Fraction]:
        return [a for step in self.steps for a in (step.left, step.right) if isinstance(a, Fraction)]

    def evaluate(self, x: Any, bits: int = 53) -> Any:
        """The value at x: with 53 bits in double arithmetic on numbers and arrays, else an Arb ball at an exact x."""
        if bits == 53:
            x = np.asarray(x, np.float64)[()]  # a number of NumPy's divides by 0
            values: list[Any] = []
            with np.errstate(all="ignore"):
                for step in self.steps:
                    a, b = (_operand(argument, values, x) for argument in (step.left, step.right))
                    values.append(_APPLY[step.operation](a, b))
            return values[-1]
        variable, expression = self.expression()
        return Meaning.of(expression, [variable]).value([exact(x)], bits)

    def expression(self) -> tuple[ir.Input, ir.Scalar]:
        """The variable, and the program over the reals as an expression of the IR."""
        variable = ir.Input("x", "real")
        values: list[ir.Scalar] = []

        def operand(argument: int | str | Fraction) -> ir.Scalar:
            if isinstance(argument, Fraction):
                return ir.constant(argument)
            return ir.access(variable) if isinstance(argument, str) else values[argument]

        for step in self.steps:
            arguments = [step.left] if step.right is None else [step.left, step.right]
            values.append(apply(step.operation, *map(operand, arguments)))
        return variable, values[-1]

    def reduced(self) -> tuple[ir.Input, ir.Scalar]:
        """As `expression`, as one fraction of polynomials without common factors where it is one.

        c/x + x has a pole at 0 that 1/(c/x + x) has not: in IEEE arithmetic infinity passes through, over the reals
        the factor must go.
        """
        fraction = self._fraction()
        if fraction is None:
            return self.expression()
        variable = ir.Input("x", "real")
        top, bottom = (_horner(polynomial, ir.access(variable)) for polynomial in fraction)
        return variable, apply("div", top, bottom)

    def _fraction(self) -> tuple[list[Fraction], list[Fraction]] | None:
        """Coefficients, lowest first, of numerator and denominator; None with a root or beyond DEGREE."""
        from flint import fmpq, fmpq_poly

        def operand(argument: int | str | Fraction) -> tuple[Any, Any]:
            if isinstance(argument, Fraction):
                return fmpq_poly([fmpq(argument.numerator, argument.denominator)]), fmpq_poly([1])
            return (fmpq_poly([0, 1]), fmpq_poly([1])) if isinstance(argument, str) else values[argument]

        values: list[tuple[Any, Any]] = []
        for step in self.steps:
            if step.right is None:
                return None
            (a, b), (c, d) = operand(step.left), operand(step.right)
            match step.operation:
                case "add":
                    top, bottom = a * d + c * b, b * d
                case "sub":
                    top, bottom = a * d - c * b, b * d
                case "mul":
                    top, bottom = a * c, b * d
                case _:
                    top, bottom = a * d, b * c
            common = top.gcd(bottom)
            if bottom == 0 or top.degree() - common.degree() > DEGREE or bottom.degree() - common.degree() > DEGREE:
                return None
            values.append((top // common, bottom // common))
        top, bottom = values[-1]
        return tuple([Fraction(int(c.p), int(c.q)) for c in p.coeffs()] for p in (top, bottom))  # type: ignore[return-value]

    def equations(self) -> str:
        """One line an operation, in the language's notation."""
        lines = []
        for place, step in enumerate(self.steps):
            a = _text(step.left)
            if step.right is None:
                lines.append(f"{_name(place)} = {step.operation}({a})")
            else:
                lines.append(f"{_name(place)} = {a} {SYMBOLS[step.operation]} {_text(step.right)}")
        return "\n".join(lines)

    def with_constants(self, constants: list[Fraction]) -> Found:
        """The same structure with other constants, in their order."""
        left = iter(constants)

        def changed(argument: Any) -> Any:
            return next(left) if isinstance(argument, Fraction) else argument

        return replace(self, steps=tuple(Step(s.operation, changed(s.left), changed(s.right)) for s in self.steps))

    def __str__(self) -> str:
        return f"{self.operations} operations, {self.measure} error {self.error:.3g}\n{self.equations()}"


def _horner(coefficients: list[Fraction], x: ir.Scalar) -> ir.Scalar:
    value: ir.Scalar = ir.constant(coefficients[-1] if coefficients else Fraction(0))
    for coefficient in reversed(coefficients[:-1]):
        value = apply("add", apply("mul", value, x), ir.constant(coefficient))
    return value


_APPLY: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "sqrt": lambda a, _: np.sqrt(a),
}


def _operand(argument: Any, values: list[Any], x: Any) -> Any:
    if isinstance(argument, Fraction):
        return float(argument)
    return x if argument == "x" else None if argument is None else values[argument]


def _name(place: int) -> str:
    return f"v{place + 1}"


def _text(argument: int | str | Fraction) -> str:
    if isinstance(argument, Fraction):
        digits = f"{float(argument):.17g}"
        return f"({digits})" if argument < 0 else digits
    return argument if isinstance(argument, str) else _name(argument)


def from_arrays(kind: Any, left: Any, right: Any, value: Any, n: int, **about: Any) -> Found:
    """A program of the machine's arrays."""

    def argument(code: int, constant: float) -> int | str | Fraction:
        return "x" if code == X else Fraction(constant) if code == CONSTANT else int(code)

    steps = []
    for i in range(n):
        constant = float(value[i])
        second = None if kind[i] == SQRT else argument(int(right[i]), constant)
        steps.append(Step(OPERATIONS[kind[i]], argument(int(left[i]), constant), second))
    return Found(tuple(steps), **about)


def to_arrays(found: Found) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """The machine's arrays of a program, constants rounded to double."""
    n = len(found.steps)
    kind, left, right = (np.zeros(n, np.int8) for _ in range(3))
    value = np.zeros(n)
    for i, step in enumerate(found.steps):
        kind[i] = OPERATIONS.index(step.operation)
        for side, argument in ((left, step.left), (right, step.left if step.right is None else step.right)):
            if isinstance(argument, Fraction):
                side[i], value[i] = CONSTANT, float(argument)
            else:
                side[i] = X if isinstance(argument, str) else argument
    return kind, left, right, value, n
