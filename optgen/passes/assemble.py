"""A Program to the functions that backends compile.

    setup(slots, seed)                            -> first states
    advance(slots, seed, states, start, stop)     -> states, count, finite, ended, failed, traces      one a phase
    finish(slots, seed, states, steps)            -> stop, final entries of outer records, lets, objective  one a phase

`advance` runs the steps start .. stop - 1 of its phase until a rule holds.  `finite` is false when the last step made a
state that is not finite (its count is then that step's number, the states are as it left them), `ended` is 1 + the
number of the `until` that held, `failed` 1 + the number of the `fail` that held (the states are those before it).
`finish` gives 1 + the number of the stop rule that holds at the states, or 0.

For backends that keep what a step and `finish` share, `advance` can do both: its last results then are what holds at
the states it ends with, if it did less than stop - start + closing steps; `advance(.., k, k, 1)` does nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Input, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Exit, Function, Phase, Program


def assemble(program: Program, joined: bool = False) -> dict[str, Function]:
    """The functions by name; phases are numbered from 0: `advance_0`, `finish_0`, ...

    `joined`: no `finish` where there is an `advance`, which says at its end what that would.
    """
    functions = {"setup": _setup(program)}
    for position, phase in enumerate(program.phases):
        functions[f"advance_{position}"] = _advance(program, phase, f"advance_{position}", joined)
        if not joined:
            functions[f"finish_{position}"] = _finish(program, phase, f"finish_{position}")
    if not program.phases:
        functions["finish_0"] = _finish(program, None, "finish_0")
    return functions


def function(name: str, parameters: Sequence[Input], results: Sequence[tuple[str, Tensor]], doc: str = "") -> Function:
    """A function with the dims that occur in it, in the order of their names."""
    roots: list[ir.AnyNode] = [tensor for _, tensor in results]
    roots += [axis for parameter in parameters for axis in parameter.axes]
    dims = sorted({node.name for node in walk.postorder(roots) if isinstance(node, ir.Dim)})
    return Function(name, tuple(dims), tuple(parameters), tuple(results), doc)


def _inputs(program: Program) -> list[Input]:
    return [*(slot.input for slot in program.slots), program.seed]


def _setup(program: Program) -> Function:
    results = [(state.name, state.initial) for state in program.states]
    return function("setup", _inputs(program), results, f"The first states of {program.name}.")


def _number(value: int) -> Tensor:
    return ir.array((), ir.constant(value))


def _which(rules: Sequence[Exit]) -> Scalar:
    """1 + the number of the first rule that holds, or 0."""
    result: Scalar = ir.constant(0)
    for position in range(len(rules) - 1, -1, -1):
        result = ir.choose(rules[position].condition, ir.constant(position + 1), result)
    return result


def _any(conditions: Sequence[Scalar]) -> Scalar:
    result: Scalar = ir.constant(False)
    for condition in conditions:
        result = apply("or", result, condition)
    return result


def all_finite(tensors: Sequence[Tensor]) -> Scalar:
    """Whether every entry of every real tensor is finite."""
    result: Scalar = ir.constant(True)
    for tensor in tensors:
        if tensor.dtype != "real":
            continue
        places = tuple(ir.Index(axis, "ijlp"[k]) for k, axis in enumerate(tensor.axes))
        entry = apply("is_finite", ir.access(tensor, *places))
        result = apply("and", result, ir.reduce("all", places, entry))
    return result


def _advance(program: Program, phase: Phase, name: str, joined: bool) -> Function:
    start, stop, closing = Input("start", "int"), Input("stop", "int"), Input("closing", "int")
    counter = Input("step", "int")
    first = ir.access(start)
    done = apply("add", first, ir.access(counter))
    states = [state.input for state in program.states]
    given = states_in(program)
    finite, ended, failed = Input("finite", "bool"), Input("ended", "int"), Input("failed", "int")

    roots: list[ir.AnyNode] = [*phase.following, *(record.value for record in phase.records)]
    rules = [*phase.stops, *phase.untils, *phase.fails, *phase.diverged]
    roots += [rule.condition for rule in rules]
    places: list[Any] = walk.substitute(roots, {phase.done: ir.array((), done)})
    following = places[: len(phase.following)]
    traces = places[len(following) : len(following) + len(phase.records)]
    replaced = dict(zip(map(id, rules), places[len(following) + len(traces) :], strict=True))

    def renamed(exits: Sequence[Exit]) -> list[Exit]:
        return [Exit(rule.reason, replaced[id(rule)], rule.span) for rule in exits]

    fails = _which(renamed(phase.fails))
    after = [*following]
    if phase.fails:
        after = [
            _kept(apply("ne", fails, ir.constant(0)), old, new) for old, new in zip(states, following, strict=True)
        ]
    sound = all_finite(following)
    if phase.diverged:
        moved: dict[ir.AnyNode, ir.AnyNode] = dict(zip(states, following, strict=True))
        gone = walk.substitute([rule.condition for rule in renamed(phase.diverged)], moved)
        sound = apply("and", sound, apply("not", _any(gone)))
    zero = ir.constant(0)
    going = apply("and", ir.access(finite), apply("eq", ir.access(ended), zero))
    going = apply("and", going, apply("eq", ir.access(failed), zero))
    for rule in renamed(phase.stops):
        going = apply("and", going, apply("not", rule.condition))
    limit = apply("sub", ir.access(stop), first)
    last = ir.access(stop) if phase.length is None else apply("minimum", ir.access(stop), phase.length)
    bound = apply("sub", last, first)
    finals: list[Tensor] = []
    labels: list[str] = []
    if joined:  # the region is entered once more, only to say what holds there
        going = apply("and", apply("lt", ir.access(counter), bound), going)
        bound = apply("add", limit, ir.access(closing))
        labels, finals = _said(program, phase, ir.array((), done))
    node = ir.loop(
        counter,
        (*states, finite, ended, failed),
        (*given, ir.array((), ir.constant(True)), _number(0), _number(0)),
        (*after, ir.array((), sound), ir.array((), _which(renamed(phase.untils))), ir.array((), fails)),
        limit=bound,
        condition=going,
        traces=traces,
        capacity=limit if traces else None,
        finals=finals,
        name=phase.name or "steps",
    )
    parameters = [*_inputs(program), *given, start, stop, *([closing] if joined else [])]
    return _results(name, program, phase, node, parameters, labels)


def states_in(program: Program) -> list[Input]:
    """Parameters that hold the states where a function starts, named apart from the starts among the slots."""
    return [Input(f"{state.name}_given", state.input.dtype, state.input.axes) for state in program.states]


def _kept(wrong: Scalar, old: Input, new: Tensor) -> Tensor:
    places = tuple(ir.Index(axis, "ijlp"[k]) for k, axis in enumerate(old.axes))
    kept = ir.choose(wrong, ir.access(old, *places), ir.access(new, *places))
    return ir.array(places, kept, f"{old.name}_kept")


def _results(
    name: str, program: Program, phase: Phase, node: ir.Loop, parameters: Sequence[Input], labels: Sequence[str]
) -> Function:
    results: list[tuple[str, Tensor]] = []
    for position, state in enumerate(program.states):
        results.append((state.name, ir.output(node, position, state.name)))
    count = len(program.states)
    results.append(("count", ir.output(node, count + 3, "count")))
    for position, flag in enumerate(("finite", "ended", "failed")):
        results.append((flag, ir.output(node, count + position, flag)))
    for position, record in enumerate(phase.records):
        results.append((record.name, ir.output(node, count + 4 + position, record.name)))
    for position, label in enumerate(labels, count + 4 + len(phase.records)):
        results.append((f"{label}_end", ir.output(node, position, f"{label}_end")))
    return function(name, parameters, results, f"Steps start .. stop - 1 of {program.name}.")


def _finish(program: Program, phase: Phase | None, name: str) -> Function:
    """What is said of the states where a phase ends."""
    steps = Input("steps_done", "int")
    labels, said = _said(program, phase, ir.array((), ir.access(steps)))
    given = states_in(program)
    moved: dict[ir.AnyNode, ir.AnyNode] = dict(zip((state.input for state in program.states), given, strict=True))
    results = list(zip(labels, walk.substitute(said, moved), strict=True))
    parameters = [*_inputs(program), *given, steps]
    return function(name, parameters, results, f"What holds at the states of {program.name}.")


def _said(program: Program, phase: Phase | None, done: Tensor) -> tuple[list[str], list[Tensor]]:
    """The stop rule that holds at the states, outer records, lets and the objective there, after `done` steps."""
    records = [] if phase is None else [record for record in phase.records if not record.inner]
    labels = ["stop", *(record.name for record in records), *(let for let, _ in program.lets)]
    tensors = [ir.array((), _which(() if phase is None else phase.stops)), *(record.value for record in records)]
    tensors += [tensor for _, tensor in program.lets]
    if program.objective is not None:
        labels.append("objective")
        tensors.append(ir.array((), program.objective))
    places: dict[ir.AnyNode, ir.AnyNode] = {program.done: done}
    if phase is not None:
        places[phase.done] = done
    return labels, walk.substitute(tensors, places)
