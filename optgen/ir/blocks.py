"""A function in order: which tensors are computed where, under which names.

What numpy and jax print as it stands, and what the loop pass turns into statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from optgen.ir.nodes import AnyNode, Array, Call, Concat, Loop, View
from optgen.ir.program import Function

Computed = Array | Concat | View | Call | Loop


@dataclass(frozen=True, slots=True)
class Block:
    """Closed nodes computed here, each after what it reads; an Output is named by its source and position."""

    nodes: tuple[Computed, ...] = ()
    loops: Mapping[Loop, LoopBlocks] = field(default_factory=dict)
    branches: Mapping[Array, BranchBlocks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoopBlocks:
    """The region of a loop: `head` is what its condition needs, and what a step and the finals share; `tail` is the
    rest of one step, `close` the rest of the finals.  See passes/finals for what they share."""

    head: Block
    tail: Block
    close: Block


@dataclass(frozen=True, slots=True)
class BranchBlocks:
    """An array that is a choice by one truth value: what only its `then` reads, what only its `otherwise` reads.

    Its body is a Choose; one of the two blocks is computed, and then the array's entries from that side.
    """

    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Scheduled:
    """`names` has a legal, unique name for every parameter, computed node and output that is read.

    Outputs of loops and calls are keyed by the Output node; loop parameters and counters by their Input.
    """

    function: Function
    body: Block
    names: Mapping[AnyNode, str]
