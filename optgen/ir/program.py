"""What a spec is lowered to.

A `Program` is the method in step form: what proofs read.  `Function`s are what passes rewrite and backends compile:
tensors in, tensors out, loops inside.  passes/assemble makes the functions of a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from optgen.diagnostics import Span
from optgen.ir.nodes import AnyNode, Input, Scalar, Tensor

if TYPE_CHECKING:
    from optgen.ir.claims import Region


@dataclass(frozen=True, slots=True)
class Function:
    """`results` as tensors over `parameters`; `dims` are the dims that occur, each an extra integer argument."""

    name: str
    dims: tuple[str, ...]
    parameters: tuple[Input, ...]
    results: tuple[tuple[str, Tensor], ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A domain of an input, checked at run time before the solve: `holds` is a rank-0 Bool over the program's inputs.

    `sentence` says it in the author's words (`beta1 must lie in [0, 1)`).
    """

    sentence: str
    holds: Scalar
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array of a structured input (a network's weight, a var): `axes` of it, `offset` in the flat vector."""

    name: str
    axes: tuple[Scalar, ...]
    offset: Scalar


@dataclass(frozen=True, slots=True)
class Slot:
    """Something the caller gives: data, a param, a start of a state.

    `value` is the default, over earlier inputs; None: required.  A schedule is a param that may depend on the step: its
    input has one axis (its entries are the steps); `structure` lists the leaves if it is a flattened structure.
    `index_base` is 1 for data holding indices (`index(n)`), which cross the border 0-based.
    """

    name: str
    input: Input
    kind: Literal["data", "param", "start"]
    value: Tensor | None = None
    conditions: tuple[Condition, ...] = ()
    structure: tuple[Leaf, ...] = ()
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A state: `input` stands for its value before the step, `initial` is over the slots (its own start slot
    included).
    """

    name: str
    input: Input
    initial: Tensor
    structure: tuple[Leaf, ...] = ()
    index_base: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A trace.  `inner` (in a step): entries 1..K; else entries 0..K, entry k at the states after k steps."""

    name: str
    value: Tensor
    inner: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """A stop or fail rule with its reason (the quoted text, or the condition as written)."""

    reason: str
    condition: Scalar
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: all expressions are over the slots, the states' inputs, `done` (steps done in this phase before this
    one, a rank-0 int) and `seed`.

    `length` is the number of steps of a `step i in S`, else None.  `following` has one tensor a state (the input itself
    if it keeps its value).  `stops` are tested before each step; `until` after the equations, `fails` too (then the
    states are not replaced); `failures` are run-time failures (an index out of range, `first` without a success).
    """

    name: str
    done: Input
    length: Scalar | None
    following: tuple[Tensor, ...]
    stops: tuple[Exit, ...] = ()
    untils: tuple[Exit, ...] = ()
    fails: tuple[Exit, ...] = ()
    diverged: tuple[Exit, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A method bound to what it solves, in step form.

    `dims` are bound from the shapes of the data, `sizes` are dims with a value (over dims and slots).  `lets` are
    outputs a user may read (`result.P`), at the final states.  `seed` is a u64 input; `steps` and `tol` are slots.
    `origins` gives the places in the text a node came from, beside the graph;
    so do `regions` say for which params the claims of the method speak.
    """

    name: str
    doc: str
    dims: tuple[str, ...]
    sizes: tuple[tuple[str, Scalar], ...]
    slots: tuple[Slot, ...]
    seed: Input
    states: tuple[State, ...]
    phases: tuple[Phase, ...]
    lets: tuple[tuple[str, Tensor], ...] = ()
    objective: Scalar | None = None
    oracles: tuple[str, ...] = ()
    origins: Mapping[AnyNode, frozenset[Span]] = field(default_factory=dict)
    done: Input = field(default_factory=lambda: Input("done", "int"))  # of the lets: all steps done
    regions: tuple[Region, ...] = field(default=(), compare=False)
