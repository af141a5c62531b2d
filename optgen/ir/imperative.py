"""The loop form: what numba prints and llvm emits, one statement for one statement.

A `Procedure` works on buffers.  A buffer is an `Input` node (so scalar expressions read it by `Access`); expressions
here hold no Reduce, Draw, Array, Loop: those have become loops, assignments and calls.  An Access outside its axis is
clamped where it was not proved inside (`Clamp` is written out as minimum and maximum by the pass that makes this form).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from optgen.ir.nodes import Index, Input, Scalar

Buffer = Input


@dataclass(frozen=True, slots=True)
class For:
    """`for index in range(extent)`.

    `vector`: iterations are independent but for accumulations, which may be reordered.
    """

    index: Index
    body: tuple[Statement, ...]
    vector: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Let:
    """A scalar local, assigned once where it stands; `local` is a rank-0 Input read by `access(local)`."""

    local: Input
    value: Scalar


@dataclass(frozen=True, slots=True)
class Store:
    """`buffer[indices] = value`."""

    buffer: Buffer
    indices: tuple[Scalar, ...]
    value: Scalar


@dataclass(frozen=True, slots=True)
class Accumulate:
    """`buffer[indices] = buffer[indices] <op> value` where `condition`.

    kind sum, prod, max, min, any, all; argmax, argmin keep the position `at` of the first best in `position`.
    The buffer was set to the reduction's identity by a Store before.
    """

    kind: str
    buffer: Buffer
    indices: tuple[Scalar, ...]
    value: Scalar
    condition: Scalar | None = None
    at: Scalar | None = None
    position: Buffer | None = None


@dataclass(frozen=True, slots=True)
class If:
    condition: Scalar
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """`counter = 0; while counter < limit: head; if not condition: close; break; tail; counter += 1`."""

    counter: Buffer
    limit: Scalar | None
    head: tuple[Statement, ...]
    condition: Scalar | None
    tail: tuple[Statement, ...]
    name: str = ""
    close: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoke:
    """A function of the table in `calls` (or an oracle) on whole buffers, results into buffers."""

    function: str
    arguments: tuple[Buffer, ...]
    results: tuple[Buffer, ...]
    attributes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Copy:
    """All entries of `source` to `target`, of equal size."""

    target: Buffer
    source: Buffer


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange the memory of two temporaries of equal size (double buffers of a loop)."""

    left: Buffer
    right: Buffer


@dataclass(frozen=True, slots=True)
class Alias:
    """`name` is a view of `base` from entry `offset` on (row-major), with its own axes; no memory of its own."""

    name: Buffer
    base: Buffer
    offset: Scalar


Statement = For | Let | Store | Accumulate | If | While | Invoke | Copy | Swap | Alias


@dataclass(frozen=True, slots=True)
class Procedure:
    """Parameters are read only; results are written, given by the caller; temporaries live in one arena.

    No parameter and result overlap, unless `updates` says that a result starts as a parameter and takes its memory.
    """

    name: str
    dims: tuple[str, ...]
    parameters: tuple[Buffer, ...]
    results: tuple[Buffer, ...]
    temporaries: tuple[Buffer, ...]
    body: tuple[Statement, ...]
    doc: str = ""


Placement = Literal["parameter", "result", "temporary"]
