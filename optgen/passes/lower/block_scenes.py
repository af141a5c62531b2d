"""What claims of blocks without a step see: a problem at a point of its variables, a function at its arguments."""

from __future__ import annotations

from dataclasses import replace

from optgen.ir import nodes as ir
from optgen.ir import program as step_form
from optgen.language import tree
from optgen.passes.lower.algorithms import Algorithm, Problem, define_lets, open_block
from optgen.passes.lower.claims import Scene
from optgen.passes.lower.context import Context
from optgen.passes.lower.programs import Inputs, Options, _Builder
from optgen.passes.lower.types import declare_dim, facts_of, read_type
from optgen.passes.lower.values import Grid, grid, number

OBJECTIVE = "objective"


def problem_scene(group: tree.Group, context: Context) -> Scene:
    """Its data, params and lets; its variables as any point; `objective`, a function of them (maximised: its
    negative).
    """
    inputs = Inputs()
    builder = _Builder(Algorithm("", group, context), Problem(group.name, group, context), context, Options(), inputs)
    dims: list[str] = []
    bound = builder._bind_problem(dims)
    points: dict[str, Grid] = {}
    states = []
    for line in group.lines("var"):
        for declaration in line.declarations:
            assert isinstance(declaration.target, tree.Name)
            typed = read_type(declaration.type, bound.context)
            made = ir.Input(declaration.target.name, "real", typed.axes)
            leaves = typed.space.leaves if typed.space else ()
            points[made.name] = at_input(made, leaves=leaves, facts=facts_of(declaration.domains))
            states.append(made)
    inner = bound.context.with_names(**points)
    if bound.objective is not None and not inner.known(OBJECTIVE):
        inner.scope.names[OBJECTIVE] = replace(bound.objective, name=OBJECTIVE)
    define_lets(group, inner)
    return Scene(group.name, inner, program=without_steps(group, inputs, dims, states, inner), group=group)


def function_scene(group: tree.Group, context: Context) -> Scene:
    """Its parameters as any numbers or points of their types (a format such as f32 says how a program runs; what the
    function means it means of every number), its lets, and itself by its name.
    """
    inner = replace(context, scope=context.scope.child(), place=group.name)
    dims: list[str] = []
    inner.scope.names["$dims"] = dims
    inputs, states = Inputs(), []
    for line in group.lines("dim"):
        for declaration in line.declarations:
            if isinstance(declaration.target, tree.Name):
                declare_dim(declaration.target.name, ir.dim(declaration.target.name), inner)
    for parameter in group.parameters:
        if parameter.type is None or parameter.type.result is not None:
            continue
        typed = read_type(parameter.type, inner)
        made = ir.Input(parameter.name, "int" if typed.dtype == "int" else "real", typed.axes)
        inner.scope.names[parameter.name] = at_input(made, facts=facts_of(parameter.domains))
        states.append(made)
    if group.value is None and not group.lines("draw"):
        open_block(group, inner)
        define_lets(group, inner)
    inner.scope.names.pop("$dims")
    return Scene(group.name, inner, program=without_steps(group, inputs, dims, states, inner), group=group)


def at_input(made: ir.Input, **extra: object) -> Grid:
    value = grid(made) if made.axes else number(ir.access(made))
    return replace(value, **extra)  # type: ignore[arg-type]


def without_steps(
    group: tree.Group, inputs: Inputs, dims: list[str], states: list[ir.Input], context: Context
) -> step_form.Program:
    """What is known of the block's inputs, as a program that makes no step."""
    docs = group.lines("doc")
    return step_form.Program(
        group.name,
        docs[0].text if docs else "",
        tuple(name for name in dict.fromkeys(dims) if name not in dict(inputs.sizes)),
        tuple(inputs.sizes),
        tuple(inputs.slots),
        context.program.seed,
        tuple(step_form.State(made.name, made, made) for made in states),
        (),
        oracles=tuple(inputs.oracles),
    )
