"""A part of a program, from one of its values to another, as a program of its own: bounded as a function of one number.

A program of two arguments has too many pairs for pieces.  Where its steps are functions of one number, each is bounded
on all numbers that can come to it, and what is left is a formula for how their errors add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optgen.functions.bounds.interval import domain_pieces
from optgen.functions.bounds.paths import Paths, Piece
from optgen.functions.bounds.pieces import Bound, bound
from optgen.functions.errors import Refused
from optgen.functions.request import Domain
from optgen.ir import nodes as ir
from optgen.ir.straight import Instruction, Straight
from optgen.ir.straight_builder import Builder, Value
from optgen.symbolic.arb import Meaning

GOAL = 32.0  # ulps of a double: pieces with a bound below are not cut any further


@dataclass(frozen=True, slots=True)
class Stage:
    """From the value called `source` to that called `result` a program computes `meaning`, for numbers in `domain`."""

    source: str
    result: str
    meaning: Callable[[ir.Scalar], ir.Scalar]
    words: str
    domain: Domain


def certify_stage(program: Straight, stage: Stage) -> Bound:
    """The error of a stage in ulps of its result, on every number of its domain."""
    part = between(program, stage.source, stage.result)
    argument = ir.Input("x", "real")
    meaning = Meaning.of(stage.meaning(ir.access(argument)), [argument])
    pieces = domain_pieces(stage.domain, Paths(part).format)
    if stage.domain.low <= 0 <= stage.domain.high:
        pieces.append(Piece(0, 0))
    return bound(Paths(part), meaning, pieces, GOAL)


def between(program: Straight, source: str, result: str) -> Straight:
    """The program from a named value to another; raises `Refused` if that needs anything else."""
    first, last = (_place(program, name) for name in (source, result))
    b = Builder(program.name)
    made: dict[int, Value] = {first: b.parameter(source, program.instructions[first].type)}
    for number in range(last + 1):
        instruction = program.instructions[number]
        if number not in made and all(argument in made for argument in instruction.arguments):
            moved = _moved(b, program, instruction, [made[argument] for argument in instruction.arguments])
            if moved is not None:
                made[number] = moved
    if last not in made:
        raise Refused(f"{result} is not computed from {source} alone")
    return b.finish(made[last])


def _place(program: Straight, name: str) -> int:
    if program.names.count(name) != 1:
        raise Refused(f"{program.name} has no one value called {name}")
    return program.names.index(name)


def _moved(b: Builder, program: Straight, instruction: Instruction, given: Sequence[Value]) -> Value | None:
    constant: Any = instruction.constant
    match instruction.operation:
        case "parameter":
            return None
        case "constant":
            return b.bits_constant(constant, instruction.type)
        case "table":
            name, type, entries = program.tables[constant]
            return b.table_bits(name, type, entries, given[0])
    return b.apply(instruction.operation, *given)

