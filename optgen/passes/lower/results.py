"""What a Program gives: its phases with their rules and records, lets, the objective, what claims see of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir import program as out
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.claims import Scene
from optgen.passes.lower.context import Context
from optgen.passes.lower.machine import Machine, Steps
from optgen.passes.lower.nested import Carried, tensors
from optgen.passes.lower.objectives import Bound
from optgen.passes.lower.values import Grid


def scene_of(program: out.Program, machine: Machine, made: list[tuple[out.Phase, Context]], inner: Context) -> Scene:
    """What claims see: the step, if there is only one; else the states alone."""
    first: dict[AnyNode, AnyNode] = {state.input: state.initial for state in program.states}
    if len(made) != 1:
        return Scene(machine.name, made[-1][1] if made else inner, machine, program, first=first, group=machine.group)
    ((phase, context),) = made
    after: dict[AnyNode, AnyNode] = {s.input: t for s, t in zip(program.states, phase.following, strict=True)}
    after[phase.done] = ir.array((), math.plus(ir.access(phase.done), 1))
    first[phase.done] = ir.array((), ir.constant(0))
    names = frozenset(n for n in context.scope.names if not n.endswith("'"))
    ((_, step, _),) = machine.phases()
    return Scene(machine.name, context, machine, program, names, after, first, phase.done, step.counter, machine.group)


def warn_unread(made: out.Program, inner: Context) -> None:
    """Params that nothing reads; said only of a file without errors, which may be why."""
    if any(diagnostic.severity == "error" for diagnostic in inner.program.diagnostics):
        return
    roots: list[Any] = [state.initial for state in made.states]
    roots += [slot.value for slot in made.slots if slot.value is not None]
    roots += [tensor for _, tensor in made.lets]
    roots += [scalar for _, scalar in made.sizes]
    for phase in made.phases:
        roots += [*phase.following, *(record.value for record in phase.records)]
        roots += [e.condition for e in (*phase.stops, *phase.untils, *phase.fails, *phase.diverged)]
        roots += [] if phase.length is None else [phase.length]
    roots += [] if made.objective is None else [made.objective]
    read: set[Any] = set(walk.postorder(roots))
    for slot in made.slots:
        if slot.kind == "param" and slot.span is not None and slot.input not in read:
            inner.program.warn("W0201", f"{slot.name} is not used", slot.span)


def phase_of(
    machine: Machine,
    name: str,
    step: tree.Group,
    owner: tree.Group,
    current: Mapping[str, Grid],
    carried: list[Carried],
) -> tuple[out.Phase, Context]:
    done = ir.Input("done", "int")
    lowered = machine.lower_phase(name, step, owner, current, ir.access(done))
    following = [t for item in carried for t in tensors(lowered.following[item.name], item)]
    phase = out.Phase(
        name,
        done,
        lowered.length,
        tuple(following),
        exits(lowered.stops),
        exits(lowered.untils),
        (*exits(lowered.fails), *(out.Exit(f.reason, f.condition, f.span) for f in lowered.failures)),
        exits(lowered.diverged),
        _records(machine, current, ir.access(done), lowered),
    )
    return phase, lowered.context


def _records(machine: Machine, current: Mapping[str, Grid], done: Scalar, lowered: Steps) -> tuple[out.Record, ...]:
    from optgen.passes.lower.expressions import as_grid

    context = machine.seeing(current, done)
    records = []
    for name in machine.record_names():
        value = context.attempt(lambda n=name: as_grid(context.lookup(n, machine.group.span), machine.group.span))
        if value is not None:
            records.append(out.Record(name, math.tensor(value, name), False))
    return (
        *records,
        *(out.Record(name, math.tensor(value, name), True) for name, value in lowered.inner_records.items()),
    )


def lets_of(machine: Machine, current: Mapping[str, Grid], done: Scalar) -> tuple[tuple[str, Tensor], ...]:
    context = machine.seeing(current, done)
    found = []
    for name in machine.let_names():
        value = context.attempt(lambda n=name: context.lookup(n, machine.group.span))
        if isinstance(value, Grid) and value.structure is None:
            found.append((name, math.tensor(value, name)))
    return tuple(found)


def objective_of(
    bound: Bound | None, carried: list[Carried], slots: Sequence[out.Slot], span: Span, inner: Context
) -> Scalar | None:
    """The problem's objective at the state that starts where the problem does (for `maximize`, what is
    maximised).
    """
    if bound is None or bound.objective is None:
        return None
    starts = [slot.name for slot in slots if slot.kind == "start"]
    by_name = {item.name: item.stand_in for item in carried}
    points = [by_name[name] for name in bound.space.starts if name in by_name]
    if len(points) != len(bound.space.starts) or not points:
        points = [
            by_name[name]
            for name in starts
            if name in by_name and math.fits(by_name[name], Grid(bound.space.axes, "real", by_name[name].at))
        ][:1]
    if not points:
        return None
    value = inner.attempt(lambda: bound.objective.call(points, {}, span))  # type: ignore[union-attr]
    if value is None:
        return None
    return math.negative(value).scalar if bound.maximise else value.scalar


def exits(rules: Any) -> tuple[out.Exit, ...]:
    return tuple(out.Exit(rule.reason, rule.condition, rule.span) for rule in rules)
