"""What an expression of the language means while it is lowered.

Numbers are `Grid`s: axes, a dtype and the scalar at given positions.  A grid is lazy: elementwise arithmetic composes
the `at` functions, and nothing is built until a name, a region or a reduction needs it.  Functions, algorithms, laws,
ranges and sets are values as well; they exist only while lowering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Dtype, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Leaf

Positions = tuple[Scalar, ...]
ONE = ir.constant(1)
ZERO = ir.constant(0)


@dataclass(frozen=True, eq=False, slots=True)
class Structure:
    """What is known of a matrix beyond its entries: how it multiplies a vector without being formed.

    `times` and `transposed` take and give grids like a vector; `diagonal` gives the diagonal; None where unknown.
    """

    times: Callable[[Grid], Grid]
    transposed: Callable[[Grid], Grid] | None = None
    diagonal: Callable[[], Grid] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """A number or an array.  `at` gives the entry at 0-based positions, one an axis.

    `lows` are the labels of the first entries (1 unless declared otherwise), `leaves` the structure of a flattened
    space, `zero` marks the literal 0, which fits any shape, `facts` are words such as spd that were declared.
    """

    axes: tuple[Scalar, ...]
    dtype: Dtype
    at: Callable[[Positions], Scalar]
    lows: tuple[Scalar, ...] = ()
    structure: Structure | None = None
    leaves: tuple[Leaf, ...] = ()
    zero: bool = False
    facts: frozenset[str] = frozenset()
    count: Scalar | None = None  # of a buffer: the entries present along the first axis
    members: Callable[[], Any] | None = None

    @property
    def scalar(self) -> Scalar:
        """The number itself; only for a grid without axes."""
        if self.axes:
            raise ir.IRError("not a scalar")
        return self.at(())

    def low(self, axis: int) -> Scalar:
        return self.lows[axis] if self.lows else ONE


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Members of an objective: `size` of them; `member(i, x)` one (position), `over(B, x)` the aggregate over a
    vector.
    """

    size: Scalar
    kind: str
    member: Callable[[Scalar, list[Any]], Grid]
    over: Callable[[Grid, list[Any]], Grid]


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """The domain of a function: the axes of one array, or one axis with its leaves; `start` is where a problem
    starts.
    """

    axes: tuple[Scalar, ...]
    leaves: tuple[Leaf, ...] = ()
    starts: Mapping[str, Grid] = field(default_factory=dict)
    start: Grid | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """A function value: `call(arguments, keywords, span)`; `space` is the domain of its first argument, if known."""

    name: str
    call: Callable[[list[Any], dict[str, Any], Span], Any]
    space: Space | None = None
    family: Family | None = None
    variables: tuple[str, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)  # of the classes it is in: smooth(L) gives L
    spaces: tuple[Space | None, ...] = ()
    cache: dict[Any, Any] = field(default_factory=dict)  # gradients already taken, by point


@dataclass(frozen=True, eq=False, slots=True)
class Fields:
    """The value of a call of an algorithm: its states, lets, traces; stands for its first state."""

    name: str
    fields: Mapping[str, Any]
    first: str


@dataclass(frozen=True, eq=False, slots=True)
class Items:
    """A tuple of values."""

    items: tuple[Any, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Range:
    """The integers low .. high, both included."""

    low: Scalar
    high: Scalar

    @property
    def length(self) -> Scalar:
        from optgen.passes.lower.arithmetic import plus

        return plus(apply("sub", self.high, self.low), 1)


@dataclass(frozen=True, eq=False, slots=True)
class Interval:
    low: Grid
    high: Grid
    low_open: bool
    high_open: bool


@dataclass(frozen=True, eq=False, slots=True)
class Members:
    """`{-1, 1}`."""

    items: tuple[Grid, ...]


@dataclass(frozen=True, eq=False, slots=True)
class NamedSet:
    """A set with a name and arguments: simplex, ball(r), box(a, b)."""

    name: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Law:
    """A law applied to its arguments, not yet drawn."""

    name: str
    arguments: tuple[Any, ...]
    span: Span


@dataclass(frozen=True, eq=False, slots=True)
class EntriesUnderDefinition:
    """An array that a recurrence defines, while the shape of its entries is not known: each is the literal 0."""

    entry: Grid


Value = Grid | Function | Fields | Items | Range | Interval | Members | NamedSet | Law


def number(scalar: Scalar) -> Grid:
    """A grid without axes."""
    return Grid((), scalar.dtype, lambda positions: scalar)


def grid(tensor: Tensor, **extra: Any) -> Grid:
    """A tensor of the IR as a grid."""
    return Grid(tensor.axes, tensor.dtype, lambda positions: ir.access(tensor, *positions), **extra)
