"""What is open while statements are written: blocks, and the values that locals hold in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir.imperative import Buffer, Statement
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.passes.loops.pieces import Piece
from optgen.passes.loops.settle import Settled
from optgen.passes.loops.space import Space


@dataclass(slots=True)
class Scope:
    """A block being written: `writes` is the memory that its loop changes, `named` what got a local here."""

    statements: list[Statement]
    writes: frozenset[Buffer]
    index: Index | None = None
    floor: int = 0
    named: list[AnyNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a local holds: in the scope `depth`, until one of `buffers` is written."""

    value: Scalar
    depth: int
    buffers: frozenset[Buffer]


@dataclass(slots=True)
class Writer:
    """All that placing statements needs: the open scopes, what locals hold, `read` the accesses of each piece, `total`
    those of the procedure."""

    space: Space
    settled: Settled
    scopes: list[Scope]
    known: dict[AnyNode, Held] = field(default_factory=dict)
    read: dict[Piece, Counter[AnyNode]] = field(default_factory=dict)
    total: Counter[AnyNode] = field(default_factory=Counter)


def hold(writer: Writer, node: AnyNode, value: Scalar, depth: int) -> None:
    """From here on a value is read from a local, or is a constant.  What was read before it was overwritten in place
    stays what it was."""
    space = writer.space
    old = set(space.shared.values())
    buffers = {n.tensor for n in scalars_below([node]) if isinstance(n, ir.Access)} - old
    writer.known[node] = Held(value, depth, frozenset(space.root(b) for b in buffers))  # type: ignore[arg-type]
    writer.scopes[depth].named.append(node)


def close(writer: Writer) -> Scope:
    """End the innermost block: its locals are gone."""
    scope = writer.scopes.pop()
    for node in scope.named:
        writer.known.pop(node, None)
    return scope


def forget(writer: Writer, written: Iterable[Buffer]) -> None:
    """Locals that hold entries of these buffers hold old ones now."""
    gone = set(written)
    for node in [node for node, held in writer.known.items() if not held.buffers.isdisjoint(gone)]:
        del writer.known[node]


def parts_of(node: AnyNode) -> tuple[Scalar, ...]:
    """What a scalar is computed from."""
    match node:
        case ir.Operation(arguments=arguments):
            return arguments
        case ir.Access(indices=indices):
            return indices
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
    return ()


def scalars_below(roots: Iterable[AnyNode], known: Container[AnyNode] = ()) -> list[AnyNode]:
    """All scalars below the roots, parts first; what is known is not entered."""
    order: list[AnyNode] = []
    seen: set[AnyNode] = set()
    stack: list[AnyNode | None] = list(roots)
    stack.reverse()
    open_nodes: list[AnyNode] = []
    while stack:
        node = stack.pop()
        if node is None:
            order.append(open_nodes.pop())
        elif node not in seen:
            seen.add(node)
            parts = () if node in known else parts_of(node)
            if parts:
                open_nodes.append(node)
                stack.append(None)
                stack.extend(parts[::-1])
            else:
                order.append(node)
    return order
