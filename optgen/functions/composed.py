"""A program that evaluates an expression as it is written, in double arithmetic.

Each operation is one of the IEEE operations, each elementary function the double formula that compiled solvers use
(backends/llvm/math_functions, tested to 1 or 2 ulp).  Nothing bounds the error of the whole: where numbers cancel, it
is large.  Rounded to float32 at the end, such a program is a candidate like any other, and the sweep decides; as the
loop for float64 it is what the expression is worth in doubles, and documented as that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from optgen.backends.llvm.math_functions import NAMES, Assembly, write
from optgen.functions.errors import Refused
from optgen.functions.measure import error_from
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.ir.straight import Straight, evaluate
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_operations import Type

if TYPE_CHECKING:
    from optgen.functions.certificate import Claim
    from optgen.functions.request import Domain

Point = tuple[float, ...]

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
    "shl": "shift_left", "ashr": "shift_right", "lshr": "shift_right_zero",
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


def composed(name: str, meaning: Function, type: Type) -> Straight:
    """The program of a meaning for arguments and results of a type; raises Refused for an operation without formula."""
    builder = Builder(name)
    inputs = [builder.parameter(parameter.name, type) for parameter in meaning.parameters]
    writer = Writer("double", builder=builder)
    known: dict[ir.AnyNode, Value] = {}
    for parameter, value in zip(meaning.parameters, inputs, strict=True):
        known[ir.access(parameter)] = value if type == "f64" else builder.apply("f64", value)
    ((_, result),) = meaning.results
    made = _value(ir.access(result), writer, known)
    made = made if type == "f64" else builder.apply(type, made)
    if len(inputs) == 1:
        made = _with_ends(made, inputs[0], meaning)
    return builder.finish(made)


FORMULAS = frozenset(NAMES) - {"sin", "cos"}  # those of sin and cos are good for small angles only
ENDS = (0.0, -0.0, float("inf"), -float("inf"))


def _with_ends(made: Value, x: Value, meaning: Function) -> Value:
    """The value with what the meaning says at zeros and infinities, where the formula says something else: an infinity
    times 0, mostly.
    """
    import numpy as np

    from optgen.functions.floats import bits_of
    from optgen.functions.limits import at_bits
    from optgen.symbolic.arb import Meaning

    builder = x.builder
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))
    dtype: Any = {"f32": np.float32, "f64": np.float64}[x.type]
    # a copy of the builder, for the program as it is so far can be finished only once it is known to be complete
    found = evaluate(replace(builder, names=dict(builder.names)).finish(made), [np.array(ENDS, dtype)])
    for end, value in zip(ENDS, found, strict=True):
        right = at_bits(compiled, bits_of(end))
        wanted = {"nan": float("nan"), "zero": 0.0, "infinite": float("inf")}.get(right.kind)
        if wanted is None:
            wanted = float(right.value.mid())
        elif right.sign:
            wanted = float(np.copysign(wanted, right.sign))
        agrees = np.isnan(value) if wanted != wanted else dtype(wanted) == value
        if not agrees or (wanted == 0 and right.sign and np.signbit(value) != np.signbit(wanted)):
            bits = builder.apply("bits", x)
            here = bits.equals(int(np.array(end, dtype).view(f"int{8 * dtype().itemsize}")))
            made = builder.select(here, wanted, made)
    return made


def plausible(program: Straight, claim: Claim) -> bool:
    """Whether a program is right to half as much again as is asked, at a few arguments of each size: a cheap look
    before a sweep.
    """
    error, _, _ = sampled(program, claim, 400, 1.5 * claim.amount)
    return error <= 1.5 * claim.amount


def sampled(program: Straight, claim: Claim, samples: int, enough: float = float("inf")) -> tuple[float, Point, int]:
    """The largest error at arguments of all sizes and of size 1 to 30, where it is, and how many arguments there were;
    the look ends where an error is more than `enough`.
    """
    import numpy as np

    from optgen.symbolic.arb import Meaning, Undecided, Undefined

    ((_, result),) = claim.meaning.results
    compiled = Meaning.of(ir.access(result), list(claim.meaning.parameters))
    draw = np.random.default_rng(0)
    columns = [_arguments(draw, claim.domain, samples) for _ in program.parameters]
    worst, at, seen = 0.0, tuple(float(column[0]) for column in columns), 0
    for *x, y in zip(*columns, evaluate(program, columns), strict=True):
        point = tuple(map(float, x))
        try:
            error = error_from(compiled.refined(point, 90), claim.measure, float(y))
        except (Undecided, Undefined, ValueError):
            continue
        seen += 1
        if not error <= worst:
            worst, at = error, point
        if worst > enough:
            break
    return worst, at, seen


def _arguments(draw: Any, domain: Domain | None, samples: int) -> Any:
    """Floats of all sizes and of moderate ones, or of a domain."""
    import numpy as np

    if domain is not None:
        return draw.uniform(domain.low, domain.high, 2 * samples).astype(np.float32)
    bits = draw.integers(1, 0x7F7FFFFF, samples).astype(np.uint32)
    bits |= draw.integers(0, 2, samples).astype(np.uint32) << np.uint32(31)
    moderate = draw.uniform(-30, 30, samples).astype(np.float32)
    return draw.permutation(np.concatenate([bits.view(np.float32), moderate]))


def _value(root: ir.Scalar, writer: Writer, known: dict[ir.AnyNode, Value]) -> Value:
    """The value of a node, parts first, each once."""
    stack = [root]
    while stack:
        node = stack[-1]
        parts = _parts(node)
        waiting = [part for part in parts if part not in known]
        if node in known:
            stack.pop()
        elif waiting:
            stack.extend(waiting)
        else:
            known[node] = _made(node, [known[part] for part in parts], writer)
            stack.pop()
    return known[root]


def _parts(node: ir.AnyNode) -> tuple[ir.Scalar, ...]:
    match node:
        case ir.Operation(name="power_int", arguments=(base, ir.Constant())):
            return (base,)
        case ir.Operation(arguments=arguments):
            return arguments
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case ir.Access(tensor=ir.Array(indices=(), body=body)):
            return (body,)
    return ()


def _made(node: ir.AnyNode, given: list[Value], writer: Writer) -> Value:
    builder = writer.builder
    match node:
        case ir.Constant(value=value, dtype="real" | "int"):
            return builder.constant(float(value), "f64")
        case ir.Access(tensor=ir.Array(indices=())):
            return given[0]
        case ir.Choose():
            return builder.select(*given)
        case ir.Operation(name="power_int", arguments=(_, ir.Constant(value=exponent))):
            return _power(given[0], int(exponent), builder)
        case ir.Operation(name="power", arguments=(base, exponent)) if _plain_power(base, exponent):
            logarithm = writer.values[write("log", writer, writer.keep(given[0]))]
            return writer.values[write("exp", writer, writer.keep(given[1] * logarithm))]
        case ir.Operation(name=name) if name in FORMULAS:
            return writer.values[write(name, writer, writer.keep(given[0]))]
        case ir.Operation(name=name) if name in DIRECT:
            return DIRECT[name](builder, given)
    what = node.name if isinstance(node, ir.Operation) else type(node).__name__
    raise Refused(f"there is no double formula of {what}")


def _plain_power(base: ir.Scalar, exponent: ir.Scalar) -> bool:
    """Whether x^y is exp(y log(x)) wherever it is a number: of a positive base, or by no integer."""
    match base, exponent:
        case ir.Constant(value=value), _:
            return value > 0
        case _, ir.Constant(value=value):
            return Fraction(value).denominator > 1
    return False


def _power(base: Value, exponent: int, builder: Builder) -> Value:
    """By products, the reciprocal for negative exponents."""
    left, square, result = abs(exponent), base, builder.constant(1.0, "f64")
    while left:
        if left & 1:
            result = result * square
        left >>= 1
        square = square * square if left else square
    return result if exponent >= 0 else 1.0 / result


def _extreme(builder: Builder, given: list[Value], word: str) -> Value:
    """NaN where either is."""
    a, b = given
    return builder.select(a.equals(a), builder.select(b.equals(b), builder.apply(word, a, b), b), a)


def _sign(builder: Builder, given: list[Value]) -> Value:
    (x,) = given
    one = builder.apply("copysign", builder.constant(1.0, "f64"), x)
    return builder.select((x < 0.0) | (x > 0.0), one, x)


def _same(name: str) -> Callable[[Builder, list[Value]], Value]:
    return lambda builder, given: builder.apply(name, *given)


SAME = ("add", "sub", "mul", "div", "sqrt", "neg", "abs", "lt", "le", "eq", "ne", "and", "or", "not")
DIRECT: Mapping[str, Callable[[Builder, list[Value]], Value]] = {
    **{name: _same(name) for name in SAME},
    "gt": lambda b, g: g[0] > g[1],
    "ge": lambda b, g: g[0] >= g[1],
    "floor_real": lambda b, g: b.apply("floor", *g),
    "minimum": lambda b, g: _extreme(b, g, "min"),
    "maximum": lambda b, g: _extreme(b, g, "max"),
    "sign": _sign,
    "to_real": lambda b, g: g[0],
    "stop_gradient": lambda b, g: g[0],
}
