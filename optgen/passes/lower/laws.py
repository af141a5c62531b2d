"""Laws and draws.  A draw is a pure function of (seed, place, counters of all enclosing loops, entry)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import calls
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Grid, Law, grid, number


@dataclass(frozen=True, slots=True)
class Declared:
    """A law: its parameters' defaults; `whole` laws take their parameters as they are, dimensions included."""

    parameters: tuple[Any, ...]
    whole: bool = False


LAWS: dict[str, Declared] = {
    "normal": Declared((0, 1)),
    "uniform": Declared((0, 1)),
    "exponential": Declared((1,)),
    "lognormal": Declared((0, 1)),
    "laplace": Declared((0, 1)),
    "bernoulli": Declared((None,)),
    "rademacher": Declared(()),
    "sphere": Declared((None,), whole=True),
    "index": Declared((None,), whole=True),
    "categorical": Declared((None,), whole=True),
    "subset": Declared((None, None), whole=True),
    "permutation": Declared((None,), whole=True),
}

PLANNED = ("student", "gamma", "beta", "poisson", "dirichlet", "mvnormal", "orthogonal")


def split_arguments(law: Law, typed: bool) -> tuple[tuple[Scalar, ...], list[Grid]]:
    """The shape of independent entries and the parameters: dimensions first, unless a type gave the shape."""
    declared = LAWS[law.name]
    values = [value for value in law.arguments if isinstance(value, Grid)]
    if len(values) != len(law.arguments):
        fail("E0329", f"the parameters of {law.name} are numbers", law.span)
    shape: list[Scalar] = []
    if not typed and not declared.whole:
        while values and "dim" in values[0].facts:
            shape.append(values.pop(0).scalar)
    if len(values) > len(declared.parameters):
        fail("E0329", f"{law.name} has {len(declared.parameters)} parameters, here are {len(values)}", law.span)
    for default in declared.parameters[len(values) :]:
        if default is None:
            fail("E0329", f"{law.name} needs its parameter", law.span)
        values.append(number(ir.constant(default, "real")))
    return tuple(shape), values


def sample(law: Law, name: str, axes: Sequence[Scalar], typed: bool, span: Span, context: Context) -> Grid:
    """Entries of a law: `axes` (from ranges or a type) times the law's own shape."""
    if law.name in PLANNED:
        fail("E0404", f"the law {law.name} is planned for a later release", law.span)
    shape, parameters = split_arguments(law, typed)
    place = context.unique_place(name, span)
    outer = tuple(index for index, _ in context.bound)
    stream = _Stream(place, context, (*context.counters, *outer))
    if LAWS[law.name].whole and law.name != "index":
        if axes:
            fail("E0404", f"several draws of {law.name} in one line are planned for a later release", span)
        return _WHOLE[law.name](parameters, stream, law)
    full = (*axes, *shape)
    if law.name == "index":
        parameters = [parameters[0]]
    made = Grid(full, "int" if law.name == "index" else "real", lambda p: _entry(law.name, parameters, p, full, stream))
    if law.name == "index":
        made = replace(made, at=lambda p: math.plus(_entry("index", parameters, p, full, stream), 1))
    return math.fixed(made, name)


@dataclass(frozen=True, slots=True)
class _Stream:
    place: str
    context: Context
    counters: tuple[Scalar, ...]

    def draw(self, law: str, parameters: Sequence[Scalar], position: Scalar) -> Scalar:
        seed = ir.access(self.context.program.seed)
        return ir.draw(law, parameters, self.place, seed, self.counters, position)


def linear(positions: Sequence[Scalar], axes: Sequence[Scalar]) -> Scalar:
    """The number of an entry in row-major order."""
    result: Scalar = ir.constant(0)
    for position, extent in zip(positions, axes, strict=True):
        result = apply("add", apply("mul", result, extent), position)
    return result


def _entry(
    law: str, parameters: Sequence[Grid], p: tuple[Scalar, ...], axes: Sequence[Scalar], stream: _Stream
) -> Scalar:
    position = linear(p, axes)
    if law == "index":
        return stream.draw("index", [parameters[0].scalar], position)
    values = [math.to_real(q).at(p if q.axes else ()) for q in parameters]
    zero, one = ir.constant(0, "real"), ir.constant(1, "real")
    match law:
        case "normal" | "uniform" | "exponential":
            return stream.draw(law, values, position)
        case "lognormal":
            return apply("exp", stream.draw("normal", values, position))
        case "bernoulli":
            return _as_real(apply("lt", stream.draw("uniform", [zero, one], position), values[0]))
        case "rademacher":
            heads = apply("lt", stream.draw("uniform", [zero, one], position), ir.constant(_HALF))
            return ir.choose(heads, ir.constant(-1, "real"), one)
        case "laplace":
            u = apply("sub", stream.draw("uniform", [zero, one], position), ir.constant(_HALF))
            size = apply("log1p", apply("mul", ir.constant(-2, "real"), apply("abs", u)))
            return apply("sub", values[0], apply("mul", values[1], apply("mul", apply("sign", u), size)))
    raise ir.IRError(f"law {law}")


_HALF = Fraction(1, 2)


def _as_real(test: Scalar) -> Scalar:
    return apply("to_real", apply("bool_to_int", test))


# ---------------------------------------------------------------- laws of whole vectors


def _sphere(parameters: list[Grid], stream: _Stream, law: Law) -> Grid:
    extent = parameters[0].scalar
    zero, one = ir.constant(0, "real"), ir.constant(1, "real")
    z = math.fixed(Grid((extent,), "real", lambda p: stream.draw("normal", [zero, one], p[0])), "z")
    (i,) = math.indices((extent,))
    length = apply("sqrt", ir.reduce("sum", (i,), apply("mul", z.at((i,)), z.at((i,)))))
    return replace(z, at=lambda p: apply("div", z.at(p), length))


def _categorical(parameters: list[Grid], stream: _Stream, law: Law) -> Grid:
    """1 + the number of entries whose cumulative weight is at most u times the total."""
    weights = math.to_real(parameters[0])
    if len(weights.axes) != 1:
        fail("E0329", "categorical takes a vector of weights", law.span)
    weights = math.fixed(weights, "weights")
    extent = weights.axes[0]
    i, j, k = ir.Index(extent, "i"), ir.Index(extent, "j"), ir.Index(extent, "k")
    below = ir.reduce("sum", (j,), weights.at((j,)), apply("le", j, i))
    cumulative = math.fixed(grid(ir.array((i,), below, "cumulative")), "cumulative")
    total = cumulative.at((math.plus(extent, -1),))
    u = stream.draw("uniform", [ir.constant(0, "real"), ir.constant(1, "real")], ir.constant(0))
    passed = ir.reduce("sum", (k,), ir.constant(1), apply("le", cumulative.at((k,)), apply("mul", u, total)))
    return number(math.plus(apply("minimum", passed, math.plus(extent, -1)), 1))


def _shuffled(extent: Scalar, stream: _Stream) -> Grid:
    """A random order: the places of n uniforms sorted."""
    zero, one = ir.constant(0, "real"), ir.constant(1, "real")
    keys = math.tensor(Grid((extent,), "real", lambda p: stream.draw("uniform", [zero, one], p[0])), "keys")
    order = grid(calls.apply("argsort", keys)[0])
    return replace(order, at=lambda p: math.plus(order.at(p), 1))


def _permutation(parameters: list[Grid], stream: _Stream, law: Law) -> Grid:
    return _shuffled(parameters[0].scalar, stream)


def _subset(parameters: list[Grid], stream: _Stream, law: Law) -> Grid:
    order = _shuffled(parameters[0].scalar, stream)
    return replace(order, axes=(parameters[1].scalar,))


_WHOLE = {"sphere": _sphere, "categorical": _categorical, "permutation": _permutation, "subset": _subset}
