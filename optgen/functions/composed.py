"""A program that evaluates an expression as it is written, in double arithmetic.

Each operation is one of the IEEE operations, each elementary function the double formula that compiled solvers use
(backends/llvm/math_functions, tested to 1 or 2 ulp).  Nothing bounds the error of the whole: where numbers cancel, it
is large.  Rounded to float32 at the end, such a program is a candidate like any other, and the sweep decides; as the
loop for float64 it is what the expression is worth in doubles, and documented as that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from optgen.backends.llvm.math_functions import NAMES, write
from optgen.functions.errors import Refused
from optgen.functions.formulas import Writer
from optgen.functions.measure import error_from
from optgen.functions.repair import with_ends
from optgen.functions.request import Domain
from optgen.functions.schemes import binades, mapped
from optgen.functions.target import target_of
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.ir.straight import Straight, evaluate
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_operations import Type

if TYPE_CHECKING:
    from optgen.functions.certificate import Claim

Point = tuple[float, ...]


def composed(name: str, meaning: Function, type: Type, cells: bool = True) -> Straight:
    """The program of a meaning for arguments and results of a type; raises Refused for an operation without formula,
    and, unless `cells`, for one whose formula is a table of cells.
    """
    builder = Builder(name)
    inputs = [builder.parameter(parameter.name, type) for parameter in meaning.parameters]
    writer = Writer("double", builder=builder)
    known: dict[ir.AnyNode, Value] = {}
    for parameter, value in zip(meaning.parameters, inputs, strict=True):
        known[ir.access(parameter)] = value if type == "f64" else builder.apply("f64", value)
    ((_, result),) = meaning.results
    made = _value(ir.access(result), writer, known, cells)
    made = made if type == "f64" else builder.apply(type, made)
    program = builder.finish(made)
    return with_ends(program, meaning) if len(inputs) == 1 else program


LONG = Domain(-128.0, float("inf")), Domain(-128.0, 128.0)
FORMULAS = frozenset(NAMES) - {"sin", "cos"}  # those of sin and cos are good for small angles only


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

    if domain is not None and abs(domain.low) + abs(domain.high) < float("inf"):
        return draw.uniform(domain.low, domain.high, 2 * samples).astype(np.float32)
    bits = draw.integers(1, 0x7F7FFFFF, samples).astype(np.uint32)
    bits |= draw.integers(0, 2, samples).astype(np.uint32) << np.uint32(31)
    moderate = draw.uniform(-30, 30, samples).astype(np.float32)
    made = draw.permutation(np.concatenate([bits.view(np.float32), moderate]))
    return made if domain is None else made[(made >= domain.low) & (made <= domain.high)]


def _value(root: ir.Scalar, writer: Writer, known: dict[ir.AnyNode, Value], cells: bool) -> Value:
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
            known[node] = _made(node, [known[part] for part in parts], writer, cells)
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


def _made(node: ir.AnyNode, given: list[Value], writer: Writer, cells: bool) -> Value:
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
        case ir.Operation(name=name, arguments=(_,)) if (halves := half_lines(name)) is not None:
            return mapped.write(builder, halves, given[0])
        case ir.Operation(name=name, arguments=(_,)) if cells and (stretch := cells_of(name)) is not None:
            return binades.write(builder, stretch, given[0])
    what = node.name if isinstance(node, ir.Operation) else type(node).__name__
    raise Refused(f"there is no double formula of {what}")


@cache
def half_lines(operation: str) -> mapped.Mapped | None:
    """The half-lines of an operation that has no formula, seen as a function by itself."""
    from optgen.functions.target import precise

    with precise():
        return mapped.recognise(target_of(_alone(operation)), mapped.DOUBLES)


@cache
def cells_of(operation: str) -> binades.Stretch | None:
    """Its cells, on as much of the line as there are not too many; beyond that it is NaN."""
    from optgen.symbolic.arb import Meaning

    function = _alone(operation)
    meaning = Meaning.of(ir.access(function.results[0][1]), list(function.parameters))
    offers = (binades.recognise(meaning, domain, binades.DOUBLE) for domain in LONG)
    return next((found for found in offers if found is not None), None)


def _alone(operation: str) -> Function:
    x = ir.Input("x", "real")
    value = ir.array((), apply(operation, ir.access(x)), "value")
    return Function("value", (), (x,), (("value", value),), operation)


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
