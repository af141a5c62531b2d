"""Blocks `sde` and `ode`: a flow as tensors over its states and the time, and the calculus that follows from it.

    dX = b dt + G dW          drift b, one direction G_k for each entry k of a Brownian motion

A flow has no step.  What claims say of it (`generator`, `fokker_planck`, the drift of its image or its reverse) are
derivatives of expressions along its drift and its directions; `Derived` keeps what each was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span, suggestion
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.algorithms import Algorithm, define_lets, enter, open_block
from optgen.passes.lower.block_scenes import at_input, without_steps
from optgen.passes.lower.claims import Scene
from optgen.passes.lower.context import Context, Lazy
from optgen.passes.lower.oracles import abstract_oracle, declared_name
from optgen.passes.lower.problems import fail
from optgen.passes.lower.programs import Inputs, Options, _Builder
from optgen.passes.lower.types import Typed, conform, read_type
from optgen.passes.lower.values import Function, Grid, grid, number

HALF = ir.constant(Fraction(1, 2))
ONE = ir.constant(1, "real")
INVERSES = {"log": "exp", "exp": "log"}  # of elementwise maps under which a flow has an image


@dataclass(frozen=True, eq=False, slots=True)
class Flow:
    """A flow as a value: `drift` one tensor a state, over the states and the time."""

    name: str
    states: tuple[ir.Input, ...]
    time: ir.Input
    drift: tuple[Tensor, ...]
    noise: tuple[out.Noise, ...]

    def part(self, name: str, span: Span, context: Context) -> Function:
        """`gbm.drift(x, t)`, `gbm.noise(x, t)`: of a flow with one state."""
        if len(self.states) != 1:
            fail("E0704", f"{self.name} has several states; drift and noise are of a flow with one", span)
        found = {"drift": self._part("drift", self.drift[0])}
        if len(self.noise) == 1 and not self.noise[0].axes:
            found["noise"] = self._part("noise", self.noise[0].columns[0])
        if name not in found:
            fail("E0205", f"{self.name} has no {name}", span, help=suggestion(name, found))
        return found[name]

    def _part(self, word: str, tensor: Tensor) -> Function:
        def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
            from optgen.passes.lower.expressions import as_grid

            if keywords or len(arguments) not in (1, 2):
                fail("E0309", f"{word} takes a state and the time", span)
            points = [math.to_real(as_grid(a, span)) for a in arguments]
            (made,) = self.states
            if not math.fits(points[0], Grid(made.axes, "real", points[0].at)):
                fail("E0303", f"{word} takes {math.shape_text(made.axes)}", span)
            places: dict[AnyNode, AnyNode] = {
                k: math.tensor(v) for k, v in zip((made, self.time), points, strict=False)
            }
            return as_value(walk.substitute([tensor], places)[0])

        return Function(f"{self.name}.{word}", call)


def as_value(tensor: Tensor) -> Grid:
    return grid(tensor) if tensor.axes else number(ir.access(tensor))


# ---------------------------------------------------------------- reading a block


def flow_scene(group: tree.Group, context: Context) -> Scene:
    """What claims of a flow see: its params, data, functions, states, the time `t`, lets, and the flow by its name."""
    algorithm = Algorithm(group.name, group, context)
    inputs = Inputs()
    builder = _Builder(algorithm, None, context, Options(), inputs)
    inner = replace(enter(algorithm, context), place=group.name)
    dims: list[str] = []
    inner.scope.names["$dims"] = dims
    for line in group.lines("oracle"):
        for declaration in line.declarations:
            inner.attempt(lambda d=declaration: _oracle(d, inputs, inner))
    builder._data(group, {}, inner)
    builder._dims(group, inner)
    builder._params(group, {}, inner)
    states = _states(group, inner)
    time = ir.Input("t", "real")
    if "t" not in inner.scope.names:
        inner.scope.names["t"] = number(ir.access(time))
    open_block(group, inner)
    define_lets(group, inner)
    flow = _flow(group, states, time, inner)
    for lazy in list(inner.scope.names.values()):
        if isinstance(lazy, Lazy) and not lazy.done:
            inner.attempt(lambda v=lazy: inner._force(v, v.span))
    program = without_steps(group, inputs, dims, list(flow.states), inner)
    inner.scope.names[group.name] = flow
    return Scene(group.name, inner, program=program, group=group, flow=flow)


def _oracle(declaration: tree.Declaration, inputs: Inputs, context: Context) -> None:
    name = declared_name(declaration)
    inputs.oracles.append(name)
    context.scope.names[name] = abstract_oracle(declaration, name, context)


def _states(group: tree.Group, context: Context) -> dict[str, ir.Input]:
    """The declared states, then those that only a flow names: numbers."""
    found: dict[str, ir.Input] = {}
    for line in group.lines("state"):
        for declaration in line.declarations:
            name = declared_name(declaration)
            typed = context.attempt(lambda d=declaration: read_type(d.type, context))
            if typed is not None:
                found[name] = ir.Input(name, "real", typed.axes)
    for line in group.lines("flow"):
        name = line.names[0][1:]
        if not line.names[0].startswith("d") or not name:
            fail("E0412", "a flow says how a state changes", line.span, help="write dX = a dt + b dW")
        found.setdefault(name, ir.Input(name, "real"))
    for name, made in found.items():
        if name in context.scope.names:
            fail("E0202", f"{name} is declared twice", group.span, help="a state of a flow has a name of its own")
        context.scope.names[name] = at_input(made)
    return found


def _flow(group: tree.Group, states: dict[str, ir.Input], time: ir.Input, context: Context) -> Flow:
    lines = {line.names[0][1:]: line for line in group.lines("flow")}
    if not lines:
        fail("E0412", f"{group.name} has no flow", group.span, help="write dX = a dt + b dW")
    if len(lines) != len(group.lines("flow")):
        fail("E0202", "a state has one flow", group.lines("flow")[-1].span)
    drifts: list[Tensor] = []
    sources: dict[str, dict[int, Grid]] = {}  # a Brownian motion: the columns of the states that it moves
    axes: dict[str, tuple[Scalar, ...]] = {}
    for place, (name, made) in enumerate(states.items()):
        drift: Grid = replace(number(ir.constant(0, "real")), zero=True)
        for sign, factor, word in lines[name].flow if name in lines else ():
            value = _factor(sign, factor, context)
            span = factor.span if factor is not None else lines[name].span
            if word == "dt":
                drift = value if drift.zero else math.binary("+", drift, value, (span, span), span)
                continue
            if group.kind == "ode":
                fail("E0412", "an ode has no noise", span, help="a flow with dW is an sde")
            own, columns = _columns(value, made, span)
            known = axes.setdefault(word, own)
            if len(known) != len(own) or place in sources.get(word, {}):
                fail("E0303", f"{word} has one shape and stands once in a line", span)
            sources.setdefault(word, {})[place] = columns
        drifts.append(math.tensor(math.to_real(conform(drift, Typed("real", made.axes), name, lines[name].span
                                                       if name in lines else group.span))))  # fmt: skip
    noise = []
    for word, moved in sources.items():
        tensors = [
            math.tensor(moved[k] if k in moved else nothing((*axes[word], *made.axes)))
            for k, made in enumerate(states.values())
        ]
        noise.append(out.Noise(word, axes[word], tuple(tensors)))
    return Flow(group.name, tuple(states.values()), time, tuple(drifts), tuple(noise))


def nothing(axes: tuple[Scalar, ...]) -> Grid:
    return Grid(axes, "real", lambda positions: ir.constant(0, "real"))


def _factor(sign: str, factor: tree.Expr | None, context: Context) -> Grid:
    from optgen.passes.lower.expressions import numeric

    value = number(ir.constant(1, "real")) if factor is None else math.to_real(numeric(factor, context))
    return math.negative(value) if sign == "-" else value


def _columns(value: Grid, made: ir.Input, span: Span) -> tuple[tuple[Scalar, ...], Grid]:
    """The axes of dW, and how each of its entries moves the state: `G dW` is G @ dW, `b dW` is entry by entry."""
    rank = len(made.axes)
    if rank == 1 and len(value.axes) == 2:
        if not math.fits(replace(value, axes=value.axes[:1]), Grid(made.axes, "real", value.at)):
            fail("E0303", f"the noise of {made.name} has a row for each of its entries", span)
        return value.axes[1:], Grid((value.axes[1], *made.axes), "real", lambda p: value.at((p[1], p[0])))
    if value.axes and not math.fits(value, Grid(made.axes, "real", value.at)):
        fail("E0303", f"the noise of {made.name} is like {made.name}, or a matrix with a row for each entry", span)

    def entry(places: tuple[Scalar, ...]) -> Scalar:
        product = value.at(places[rank:] if value.axes else ())
        for own, other in zip(places[:rank], places[rank:], strict=True):
            product = apply("mul", product, apply("to_real", apply("bool_to_int", apply("eq", own, other))))
        return product

    return made.axes, Grid((*made.axes, *made.axes), "real", entry)


# ---------------------------------------------------------------- derivatives along a flow


def stand_ins(inputs: Sequence[ir.Input]) -> tuple[ir.Input, ...]:
    return tuple(ir.Input(made.name, "real", made.axes) for made in inputs)


def of(inputs: Sequence[ir.Input], value: Tensor) -> ir.Lambda:
    """A value as a function of some inputs."""
    fresh = stand_ins(inputs)
    body = walk.substitute([value], dict(zip(inputs, fresh, strict=True)))
    return ir.function_value(fresh, tuple(body))


def along(value: ir.Lambda, at: Sequence[Tensor], direction: Sequence[Tensor]) -> Tensor:
    return ir.output(ir.derivative("jvp", value, at, direction), 0)


def twice_along(value: ir.Lambda, at: Sequence[ir.Input], direction: Sequence[Tensor]) -> Tensor:
    """The second derivative along a direction that is held where it is."""
    fresh = stand_ins(at)
    return along(ir.function_value(fresh, (along(value, fresh, direction),)), at, direction)


def direction(source: out.Noise, states: Sequence[ir.Input], places: Sequence[Scalar]) -> list[Tensor]:
    """How one entry of a Brownian motion moves the states."""
    found = []
    for made, columns in zip(states, source.columns, strict=True):
        own = math.indices(made.axes, "pqr")
        found.append(ir.array(own, ir.access(columns, *places, *own)))
    return found


def reads(tensor: Tensor, made: ir.Input) -> bool:
    return any(node is made for node in walk.postorder([tensor]))


def generator(flow: Flow, value: Tensor) -> Tensor:
    """b.grad V + tr(G G' hess V)/2, and dV/dt where V reads the time: how the mean of V begins to change."""
    own = math.indices(value.axes, "uvw")
    moving: list[ir.Input] = [*flow.states, *([flow.time] if reads(value, flow.time) else [])]
    total = ir.access(along(of(moving, value), moving, [*flow.drift, ir.array((), ONE)][: len(moving)]), *own)
    function = of(flow.states, value)
    bent = of_each(flow, lambda columns: ir.access(twice_along(function, flow.states, columns), *own))
    return ir.array(own, apply("add", total, apply("mul", HALF, bent)))


def divergence(fields: Sequence[Tensor], states: Sequence[ir.Input]) -> Scalar:
    """The sum over all entries of the states of the derivative of the entry's field by it."""
    total: Scalar | None = None
    for made, value in zip(states, fields, strict=True):
        places = math.indices(made.axes, "abc")
        own = math.indices(made.axes, "pqr")
        unit: Scalar = ONE
        for place, other in zip(places, own, strict=True):
            unit = apply("mul", unit, apply("to_real", apply("bool_to_int", apply("eq", place, other))))
        slope = along(of([made], value), [made], [ir.array(own, unit)])
        entry: Scalar = ir.access(slope, *places)
        entry = ir.reduce("sum", places, entry) if places else entry
        total = entry if total is None else apply("add", total, entry)
    assert total is not None
    return total


def scaled(tensor: Tensor, factor: Scalar) -> Tensor:
    own = math.indices(tensor.axes, "mno")
    return ir.array(own, apply("mul", ir.access(tensor, *own), factor))


def rows_moved(states: Sequence[ir.Input], columns: Sequence[Tensor], density: Scalar) -> list[Tensor]:
    """For each entry G_a of a direction: the divergence of the direction times G_a and the density."""
    found: list[Tensor] = []
    for column in columns:
        rows = math.indices(column.axes, "rst")
        weight = apply("mul", ir.access(column, *rows), density)
        found.append(ir.array(rows, divergence([scaled(other, weight) for other in columns], states)))
    return found


def of_each(flow: Flow, term: Callable[[list[Tensor]], Scalar]) -> Scalar:
    """A term summed over all directions in which the flow is driven."""
    total: Scalar | None = None
    for source in flow.noise:
        places = math.indices(source.axes, "kl")
        entry = term(direction(source, flow.states, places))
        entry = ir.reduce("sum", places, entry) if places else entry
        total = entry if total is None else apply("add", total, entry)
    return ir.constant(0, "real") if total is None else total


def forward(flow: Flow, density: Tensor) -> Tensor:
    """-div(b p) and half the sum of the second derivatives of G_a G_b p: how a density begins to change."""
    p = out.scalar_of(density)
    carried = divergence([scaled(b, p) for b in flow.drift], flow.states)
    spread = of_each(flow, lambda columns: divergence(rows_moved(flow.states, columns, p), flow.states))
    return ir.array((), apply("sub", apply("mul", HALF, spread), carried))


def forward_log(flow: Flow, log: Tensor) -> Tensor:
    """The same of p = exp(q), divided by p: how q begins to change."""
    function = of(flow.states, log)

    def slope(fields: Sequence[Tensor]) -> Scalar:
        return ir.access(along(function, flow.states, fields))

    def term(columns: list[Tensor]) -> Scalar:
        moved = rows_moved(flow.states, columns, ONE)
        bent = ir.access(twice_along(function, flow.states, columns))
        square = apply("mul", slope(columns), slope(columns))
        twice = apply("mul", ir.constant(2, "real"), slope(moved))
        return apply("add", apply("add", divergence(moved, flow.states), twice), apply("add", bent, square))

    carried = apply("add", divergence(flow.drift, flow.states), slope(flow.drift))
    return ir.array((), apply("sub", apply("mul", HALF, of_each(flow, term)), carried))


def exponent(density: Tensor) -> Tensor | None:
    """q of a density exp(q)."""
    scalar = out.scalar_of(density)
    while isinstance(scalar, ir.Access) and isinstance(scalar.tensor, ir.Array) and not scalar.indices:
        scalar = scalar.tensor.body
    found = isinstance(scalar, ir.Operation) and scalar.name == "exp"
    return ir.array((), scalar.arguments[0]) if found else None  # type: ignore[union-attr]


# ---------------------------------------------------------------- other flows


def reverse(flow: Flow, score: Function, span: Span) -> tuple[Flow, out.Derived]:
    """The flow back in time, by the time of the flow itself: the drift is div(G G') + G G' score - b."""
    from optgen.passes.lower.expressions import as_grid

    made = one_state(flow, span)
    own, rows = math.indices(made.axes, "pqr"), math.indices(made.axes, "rst")
    slope = math.to_real(as_grid(score.call([as_value(made), number(ir.access(flow.time))], {}, span), span))

    def term(columns: list[Tensor]) -> Scalar:
        (column,) = columns
        row = ir.array(rows, apply("mul", ir.access(column, *rows), ir.access(column, *own)))
        pull = apply("mul", ir.access(row, *rows), slope.at(rows))
        return apply("add", divergence([row], [made]), ir.reduce("sum", rows, pull) if rows else pull)

    back = ir.array(own, apply("sub", of_each(flow, term), ir.access(flow.drift[0], *own)))
    return replace(flow, name=f"reverse({flow.name})", drift=(back,)), derived(
        flow, "reverse", math.tensor(slope), (back,), span
    )


def image(flow: Flow, function: Function, span: Span) -> tuple[Flow, out.Derived]:
    """The flow of h(X) for an elementwise h with a known inverse, by Ito's rule; the rule as it was used."""
    made = one_state(flow, span)
    if function.name not in INVERSES:
        fail("E0704", f"the inverse of {function.name} is not known", span, help=f"known: {', '.join(INVERSES)}")
    own = math.indices(made.axes, "pqr")
    places: dict[AnyNode, AnyNode] = {made: ir.array(own, apply(INVERSES[function.name], ir.access(made, *own)))}
    value = ir.array(own, apply(function.name, ir.access(made, *own)))
    ito = derived(flow, "generator", value, (generator(flow, value),), span)
    (drift,) = walk.substitute(ito.results, places)
    noise = []
    for source in flow.noise:
        at = math.indices(source.axes, "kl")
        slope = along(of([made], value), [made], direction(source, flow.states, at))
        columns = ir.array((*at, *own), ir.access(slope, *own))
        noise.append(replace(source, columns=tuple(walk.substitute([columns], places))))
    return replace(flow, name=f"image({flow.name})", drift=(drift,), noise=tuple(noise)), ito


def one_state(flow: Flow, span: Span) -> ir.Input:
    if len(flow.states) != 1:
        fail("E0704", f"{flow.name} has several states", span)
    return flow.states[0]


def derived(flow: Flow, word: Any, value: Tensor, results: tuple[Tensor, ...], span: Span) -> out.Derived:
    """What was derived, with what it was derived from."""
    return out.Derived(word, flow.states, flow.time, flow.drift, flow.noise, value, results, span)
