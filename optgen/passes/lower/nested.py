"""An algorithm called inside another: a loop of the IR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar, Tensor
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.algorithms import (
    Algorithm,
    bind_arguments,
    bind_functions,
    declared_names,
    define_lets,
    enter,
    open_block,
)
from optgen.passes.lower.context import Context, Lazy
from optgen.passes.lower.machine import Machine, Steps
from optgen.passes.lower.problems import fail
from optgen.passes.lower.states import lower_states
from optgen.passes.lower.types import conform, declare_dim, facts_of, read_type
from optgen.passes.lower.values import Fields, Grid, grid, number

# language.md section 2: every algorithm has steps (1000) and tol (1e-6)
STEPS = 1000


def run(
    algorithm: Algorithm, positional: Sequence[Any], keywords: Mapping[str, Any], span: Span, context: Context
) -> Fields:
    """The value of a call."""
    given = bind_arguments(algorithm, positional, keywords, span)
    place = context.unique_place(algorithm.name, span)
    inner = replace(enter(algorithm, context), place=place)
    inner.scope.names["tol"] = given.get("tol", number(ir.constant(_TOL)))
    if "batch" in given:
        inner.scope.names["batch"] = given["batch"]
    machine = Machine(algorithm.name, algorithm.group, inner)
    bind_functions(algorithm.group, given, inner, span)
    bind_numbers(algorithm.group, given, inner, span)
    open_block(algorithm.group, inner)
    states = {name: value for name, value in given.items() if declared_names(algorithm.group).get(name) == "state"}
    lower_states(machine, states, None, span)
    if context.program.diagnostics and any(d.severity == "error" for d in context.program.diagnostics):
        from optgen.passes.lower.problems import Poisoned

        if len(machine.states) != sum(len(line.declarations) for line in algorithm.group.lines("state")):
            raise Poisoned
    return _loops(machine, given.get("steps"), span)


_TOL = Fraction(1, 10**6)


def bind_numbers(group: tree.Group, given: Mapping[str, Any], context: Context, span: Span) -> None:
    """Dims, data and params from the call or their defaults."""
    from optgen.passes.lower.expressions import as_grid, evaluate

    for line in group.lines("data"):
        for declaration in line.declarations:
            name = declaration.target.name  # type: ignore[union-attr]
            if name not in given:
                context.attempt(lambda n=name, d=declaration: fail("E0407", f"the data {n} is not given", span))
                continue
            value = as_grid(given[name], span)
            typed = read_type(declaration.type, context, value.axes, span)
            value = conform(value, typed, name, span)
            context.scope.names[name] = replace(value, facts=value.facts | facts_of(declaration.domains))
    for parameter in group.parameters:
        if parameter.name in given and parameter.name not in context.scope.names:
            context.scope.names[parameter.name] = given[parameter.name]
    for line in group.lines("dim"):
        for declaration in line.declarations:
            name = declaration.target.name  # type: ignore[union-attr]
            value = given.get(name)  # type: ignore[assignment]
            if value is None and declaration.value is not None:
                value = evaluate(declaration.value, context)
            if value is None:
                fail("E0407", f"the dimension {name} is not given", span)
            declare_dim(name, as_grid(value, span).scalar, context)
    _bind_params(group, given, context, span)


def _bind_params(group: tree.Group, given: Mapping[str, Any], context: Context, span: Span) -> None:
    from optgen.passes.lower.expressions import as_grid, numeric

    schedules: dict[str, Any] = {}
    seen = context.with_names()  # defaults may use lets of data and params
    define_lets(group, seen)
    for line in group.lines("param"):
        for declaration in line.declarations:
            target = declaration.target
            name = target.base.name if isinstance(target, tree.Index) else target.name  # type: ignore[union-attr]
            typed = read_type(declaration.type, context)
            if name in given:
                value = conform(as_grid(given[name], span), typed, name, span)
                context.scope.names[name] = value
            elif declaration.value is None:
                fail("E0407", f"the param {name} is not given", span, help=f"write {name} = .. in the call")
            elif isinstance(target, tree.Index):
                counter = target.indices[0].name  # type: ignore[union-attr]
                schedules[name] = lambda label, d=declaration, c=counter, t=typed, n=name: conform(
                    numeric(d.value, seen.with_names(**{c: label})), t, n, d.span
                )
            else:
                context.scope.names[name] = Lazy(
                    name,
                    declaration.span,
                    lambda d=declaration, t=typed, n=name: math.fixed(conform(numeric(d.value, seen), t, n, d.span), n),
                )
    if schedules:
        context.scope.names["$schedules"] = schedules


# ---------------------------------------------------------------- loops


@dataclass(frozen=True, slots=True)
class Carried:
    """What a loop carries for one state: the array, and for a buffer the number of its entries."""

    name: str
    inputs: tuple[ir.Input, ...]
    stand_in: Grid


def stand_ins(machine: Machine) -> list[Carried]:
    """Inputs that stand for the states before a step."""
    result = []
    for state in machine.states:
        value = state.initial
        main = ir.Input(state.name, value.dtype, value.axes)
        inputs = [main]
        count = None
        if state.typed.buffer:
            length = ir.Input(f"{state.name}_count", "int")
            inputs.append(length)
            count = ir.access(length)
        model = grid(main) if main.axes else number(ir.access(main))
        result.append(
            Carried(state.name, tuple(inputs), replace(model, lows=value.lows, leaves=value.leaves, count=count))
        )
    return result


def tensors(value: Grid, carried: Carried) -> list[Tensor]:
    """The value of a state as the tensors a loop carries."""
    made = [math.tensor(replace(value, structure=None), "")]
    if len(carried.inputs) == 2:
        made.append(ir.array((), value.count if value.count is not None else ir.constant(0)))
    return made


def from_outputs(outputs: Sequence[Tensor], carried: Carried) -> Grid:
    main = outputs[0]
    model = grid(main) if main.axes else number(ir.access(main))
    count = ir.access(outputs[1]) if len(outputs) == 2 else None
    like = carried.stand_in
    return replace(model, lows=like.lows, leaves=like.leaves, count=count)


def any_of(conditions: Sequence[Scalar]) -> Scalar:
    result: Scalar = ir.constant(False)
    for condition in conditions:
        result = apply("or", result, condition) if result is not ir.constant(False) else condition
    return result


def _loops(machine: Machine, steps: Any, span: Span) -> Fields:
    """The phases one after the other."""
    values: dict[str, Grid] = {state.name: state.initial for state in machine.states}
    phases = machine.phases()
    taken: Scalar = ir.constant(0)
    traces: dict[str, Any] = {}
    outcome: Scalar = ir.constant(False)
    for name, step, owner in phases:
        values, count, more, outcome = _phase(machine, name, step, owner, values, steps, span)
        traces.update(more)
        taken = apply("add", taken, count)
    return _fields(machine, values, taken, traces, outcome)


def _phase(
    machine: Machine, name: str, step: tree.Group, owner: tree.Group, start: Mapping[str, Grid], steps: Any, span: Span
) -> tuple[dict[str, Grid], Scalar, dict[str, Any], Scalar]:
    carried = stand_ins(machine)
    current = {item.name: item.stand_in for item in carried}
    counter = ir.Input(f"{machine.name}_step", "int")
    done = ir.access(counter)
    lowered = machine.lower_phase(name, step, owner, current, done)
    limit, capacity = _limit(lowered, steps, span)
    flags = _Flags(lowered)
    inputs = [i for item in carried for i in item.inputs]
    initial = [t for item in carried for t in tensors(start[item.name], item)]
    body = [t for item in carried for t in tensors(lowered.following[item.name], item)]
    body = flags.guarded(inputs, body)
    stop = any_of([rule.condition for rule in lowered.stops])
    condition = apply("not", stop) if stop is not ir.constant(False) else None
    records = [(n, math.tensor(v)) for n, v in _traced(machine, current, done, lowered)]
    node = ir.loop(
        counter,
        (*inputs, *flags.inputs),
        (*initial, *flags.initial),
        (*body, *flags.body),
        limit=limit,
        condition=flags.condition(condition),
        traces=[t for _, t in records],
        capacity=capacity if records else None,
        name=f"{machine.name}_{name}".rstrip("_"),
    )
    flags.report(node, len(inputs), machine.context, span)
    values: dict[str, Grid] = {}
    position = 0
    for item in carried:
        outs = [ir.output(node, position + k, item.name) for k in range(len(item.inputs))]
        values[item.name] = from_outputs(outs, item)
        position += len(item.inputs)
    total = len(inputs) + len(flags.inputs)
    count = ir.access(ir.output(node, total, "steps"))
    return values, count, _traces(machine, records, node, total, values, count, lowered), stop


def _limit(lowered: Steps, steps: Any, span: Span) -> tuple[Scalar | None, Scalar]:
    """Steps at most, and the rows a trace needs."""
    from optgen.passes.lower.binders import static
    from optgen.passes.lower.expressions import as_grid

    cap: Scalar = ir.constant(STEPS)
    if steps is not None:
        given = as_grid(steps, span)
        if given.dtype != "int" or given.axes:
            fail("E0305", "steps is an integer", span)
        cap = given.scalar
    if lowered.length is None:
        return cap, cap if static(cap) else ir.constant(STEPS)
    limit = lowered.length if steps is None else apply("minimum", lowered.length, cap)
    return limit, limit if static(limit) else cap if static(cap) else ir.constant(STEPS)


class _Flags:
    """Extra values a loop carries only where a step needs them: whether an `until` held, whether a failure occurred."""

    def __init__(self, lowered: Steps) -> None:
        self.lowered = lowered
        self.inputs: list[ir.Input] = []
        self.initial: list[Tensor] = []
        self.body: list[Tensor] = []
        false = ir.array((), ir.constant(False))
        until = any_of([rule.condition for rule in lowered.untils])
        self.wrong = any_of([*(rule.condition for rule in lowered.fails), *(f.condition for f in lowered.failures)])
        for name, condition in (("ended", until), ("failed", self.wrong)):
            if condition is not ir.constant(False):
                self.inputs.append(ir.Input(name, "bool"))
                self.initial.append(false)
                self.body.append(ir.array((), condition))

    def guarded(self, inputs: Sequence[ir.Input], body: Sequence[Tensor]) -> list[Tensor]:
        """A failing step does not replace the states."""
        if self.wrong is ir.constant(False):
            return list(body)
        result = []
        for old, new in zip(inputs, body, strict=True):
            places = math.indices(old.axes)
            entry = ir.choose(self.wrong, ir.access(old, *places), ir.access(new, *places))
            result.append(ir.array(places, entry, getattr(new, "name", "")))
        return result

    def condition(self, condition: Scalar | None) -> Scalar | None:
        for flag in self.inputs:
            going = apply("not", ir.access(flag))
            condition = going if condition is None else apply("and", going, condition)
        return condition

    def report(self, node: ir.Loop, offset: int, context: Context, span: Span) -> None:
        for position, flag in enumerate(self.inputs):
            if flag.name == "failed":
                failed = ir.access(ir.output(node, offset + position, "failed"))
                reasons = [rule.reason for rule in self.lowered.fails] + [f.reason for f in self.lowered.failures]
                context.require(apply("not", failed), "; ".join(reasons), span)


# ---------------------------------------------------------------- results


def _traced(machine: Machine, current: Mapping[str, Grid], done: Scalar, lowered: Steps) -> list[tuple[str, Grid]]:
    from optgen.passes.lower.expressions import as_grid

    context = machine.seeing(current, done)
    found = []
    for name in machine.record_names():
        value = context.attempt(lambda n=name: as_grid(context.lookup(n, machine.group.span), machine.group.span))
        if value is not None:
            found.append((name, value))
    return [*found, *lowered.inner_records.items()]


def _traces(
    machine: Machine,
    records: Sequence[tuple[str, Tensor]],
    node: ir.Loop,
    total: int,
    values: Mapping[str, Grid],
    count: Scalar,
    lowered: Steps,
) -> dict[str, Any]:
    """Traces as grids: outer entries 0..K at the states after k steps, a step's own entries 1..K."""
    result: dict[str, Any] = {}
    for position, (name, _) in enumerate(records):
        rows = grid(ir.output(node, total + 1 + position, name))
        if name in lowered.inner_records:
            result[name] = replace(rows, count=count)
        else:
            result[name] = _with_last(machine, name, rows, values, count)
    return result


def _with_last(machine: Machine, name: str, rows: Grid, values: Mapping[str, Grid], count: Scalar) -> Any:
    def make() -> Grid:
        from optgen.passes.lower.expressions import as_grid

        last = as_grid(machine.seeing(values, count).lookup(name, machine.group.span), machine.group.span)
        last = math.fixed(last, f"{name}_last")
        top = math.plus(rows.axes[0], -1)

        def at(p: tuple[Scalar, ...]) -> Scalar:
            return ir.choose(apply("lt", p[0], count), rows.at((apply("minimum", p[0], top), *p[1:])), last.at(p[1:]))

        axes = (math.plus(rows.axes[0], 1), *rows.axes[1:])
        return Grid(axes, rows.dtype, at, lows=(ir.constant(0), *(ir.constant(1) for _ in axes[1:])))

    return make


def _fields(
    machine: Machine, values: Mapping[str, Grid], count: Scalar, traces: Mapping[str, Any], outcome: Scalar
) -> Fields:
    context = machine.seeing(values, count)
    fields: dict[str, Any] = dict(values)
    fields["steps"] = number(count)
    for name in machine.let_names():
        fields.setdefault(name, lambda n=name: context.lookup(n, machine.group.span))
    fields.update(traces)
    first = machine.states[0].name if machine.states else next(iter(machine.let_names()), "steps")
    return Fields(machine.name, fields, first)
