"""A method as its bare step: begun at states that the caller gives, stopped by no rule."""

from __future__ import annotations

from dataclasses import replace

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.operations import apply
from optgen.ir.program import Phase, Program, Slot


def bare(program: Program, done: int = 0, anywhere: bool = True) -> Program:
    """A program of one phase without stop rules and records.

    `anywhere`: every state is an input of the caller, and `done` steps were made before.  A claim speaks of any step
    from any states; this is the program that makes it.
    """
    (phase,) = program.phases
    slots = program.slots
    states = program.states
    if anywhere:
        starts = {s.name: s.input for s in slots if s.kind == "start"}
        inputs = [starts.get(s.name) or ir.Input(f"{s.name} given", s.input.dtype, s.input.axes) for s in states]
        given = [Slot(s.name, made, "start", structure=s.structure) for s, made in zip(states, inputs, strict=True)]
        slots = (*(s for s in slots if s.kind != "start"), *given)
        states = tuple(replace(s, initial=made) for s, made in zip(states, inputs, strict=True))
    steps = (counted(phase, done),)
    return replace(program, slots=slots, states=states, phases=steps, lets=(), objective=None, regions=())


def counted(phase: Phase, done: int) -> Phase:
    """A phase whose counter begins at `done`, without rules."""
    later = ir.array((), apply("add", ir.access(phase.done), ir.constant(done)))
    following = walk.substitute(phase.following, {phase.done: later}) if done else phase.following
    return replace(phase, following=tuple(following), stops=(), untils=(), fails=(), diverged=(), records=())
