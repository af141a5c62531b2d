"""A claim with its meaning: names, classes, what is given, what is to be shown, as nodes over a Program's inputs.

In an expression of a claim

    x                 is the input of a state (before the step), a param or data: the program's own inputs
    x'                is the `following` tensor of the phase
    L, k, u           names of the claim are inputs of their own (`Name.input`)
    g                 names of the step and lets are read through
    x(k)              is `Call "iterate"` of the number k, with the attribute state = x: the state after k steps;
                      lets and names of the step at an iterate are read through
    argmin F, min F   is the point of an `Optimum`, and F there
    fix(x)            is `Call "fixed"`, with the attribute state = x: the state at a fixed point of the step
    E(e)              is `Call "expectation"` of e, over the draws of the step, given what was before it
    f(x)              of an argument nobody gave is `Call "oracle f"`; `grad f(x)` a `Derivative` of it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from optgen.diagnostics import Span
from optgen.ir.nodes import Input, Lambda, Scalar, Tensor
from optgen.ir.program import Program

Operator = Literal["<", "<=", "==", ">=", ">", "!="]


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the claim itself brings in: by `for all`, or as the argument of a class (a symbol).

    A function has no input: calls of it are `Call "oracle NAME"`.
    """

    name: str
    kind: Literal["symbol", "integer", "point", "function"]
    input: Input | None
    span: Span


@dataclass(frozen=True, slots=True)
class Membership:
    """`f in smooth(L)`: `arguments` in the order of the class, functions among them by name in `others`;
    `members`: it is said of every member of a family."""

    function: str
    name: str
    arguments: tuple[Tensor, ...]
    members: bool
    span: Span
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """`left operator right`, elementwise where they have axes."""

    operator: Operator
    left: Tensor
    right: Tensor
    span: Span


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that is no comparison (an `or`, an `if`): a tensor of Bools, true everywhere."""

    holds: Tensor
    span: Span


@dataclass(frozen=True, slots=True)
class Structured:
    """`matrix psd`: one of the words for matrices (psd, spd, symmetric, diagonal, lower, strict_lower, orthogonal)."""

    matrix: Tensor
    word: str
    span: Span


@dataclass(frozen=True, slots=True)
class Invariant:
    """True of the states (`before`) implies true after the step (`after`), and true of the first states (`first`)."""

    before: tuple[Fact, ...]
    after: tuple[Fact, ...]
    first: tuple[Fact, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Rate:
    """`rate(V) <= rho`: V(k) <= C rho^k."""

    value: Tensor
    following: Tensor
    bound: Tensor
    span: Span


@dataclass(frozen=True, slots=True)
class Stable:
    """Every eigenvalue of the step is below 1, for every member of the classes."""

    span: Span


@dataclass(frozen=True, slots=True)
class Special:
    """A goal with a calculus of its own (order, error, same): its word and what it is of."""

    word: str
    arguments: tuple[Any, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Lyapunov:
    """`lyapunov V = e`: a candidate at the states and after the step; None: optgen finds V."""

    name: str
    value: Tensor | None
    following: Tensor | None
    span: Span


@dataclass(frozen=True, slots=True)
class Noise:
    """A Brownian motion of a flow with entries along `axes`: how each moves each state, tensors along both axes."""

    word: str
    axes: tuple[Scalar, ...]
    columns: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """What lowering derived from a flow, beside what it is derived from, so that it can be doubted.

    generator: `results` is L V of the `value` V.  density: how the `value` changes in time, and what the flow makes of
    it; log_density: the same of exp(value), divided by it.  reverse: the drift back in time with the score `value`.
    All are over the `states` and the `time`.
    """

    word: Literal["generator", "density", "log_density", "reverse"]
    states: tuple[Input, ...]
    time: Input
    drift: tuple[Tensor, ...]
    noise: tuple[Noise, ...]
    value: Tensor
    results: tuple[Tensor, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Optimum:
    """`argmin F`: `point` stands for a minimiser (a maximiser) of F, the same throughout; `function` is F."""

    name: str
    kind: Literal["argmin", "argmax"]
    point: Tensor
    function: Lambda
    span: Span


Fact = Relation | Condition | Structured
Goal = Relation | Condition | Structured | Invariant | Rate | Stable | Special


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.  `goals` are to be shown together; `refute`: that they do not all hold.

    owner: the block it stands in ("" at the top of a file), `program` that block lowered without a problem (None for a
    lemma; without phases where a block has no step); `x'` is of its only phase.  domains: what declarations say of
    params, data, states and of the symbols of classes; given: what the claim adds; at: numbers for params, symbols and
    integers; derived: what it says of a flow.
    """

    text: str
    owner: str
    mode: Literal["prove", "refute"]
    program: Program | None
    names: tuple[Name, ...]
    classes: tuple[Membership, ...]
    domains: tuple[Fact, ...]
    given: tuple[Fact, ...]
    at: Mapping[str, Fraction]
    lyapunov: tuple[Lyapunov, ...]
    goals: tuple[Goal, ...]
    optima: tuple[Optimum, ...]
    span: Span
    derived: tuple[Derived, ...] = ()

    def named(self, name: str) -> Name | None:
        """The claim's own name; None if it is one of the program."""
        return next((item for item in self.names if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Region:
    """Where in the params of a program a claim speaks, as comparisons of numbers over the program's inputs.

    applies: what must hold for the claim to speak of this problem at all; facts: what it asks of `params`.  constants:
    the symbols of its classes, inputs that stand for formulas over data.  text: what is asked, as the author wrote it.
    """

    claim: str
    mode: Literal["prove", "refute"]
    params: frozenset[str]
    applies: tuple[Relation, ...]
    facts: tuple[Relation, ...]
    constants: tuple[tuple[Input, Scalar], ...]
    text: str
    span: Span

    @property
    def wide(self) -> bool:
        """Whether it is more than single values: something in it is no equation."""
        return any(fact.operator != "==" for fact in self.facts)


def scalar_of(tensor: Tensor) -> Scalar:
    """The number that a tensor of rank 0 holds."""
    from optgen.ir import nodes as ir

    if isinstance(tensor, ir.Array) and not tensor.indices:
        return tensor.body
    return ir.access(tensor)
