"""Structured vectors: several arrays flattened into one, with a table of leaves."""

from __future__ import annotations

from collections.abc import Sequence

from optgen.diagnostics import Span, suggestion
from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.program import Leaf
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Grid, Space, grid


def flattened(names: Sequence[str], axes: Sequence[tuple[Scalar, ...]]) -> Space:
    """The space of several arrays, laid end to end in row-major order."""
    leaves, offset = [], ir.constant(0)
    for name, shape in zip(names, axes, strict=True):
        leaves.append(Leaf(name, shape, offset))
        offset = extents.total((offset, extents.product(shape)))  # type: ignore[assignment]
    return Space((offset,), tuple(leaves))


def nested(prefix: str, leaves: Sequence[Leaf], offset: Scalar) -> list[Leaf]:
    """The leaves of a part that is itself structured, with its name before theirs."""
    return [Leaf(f"{prefix}.{leaf.name}", leaf.axes, extents.total((offset, leaf.offset))) for leaf in leaves]


def leaf(value: Grid, name: str, span: Span) -> Grid:
    """`r.x.W1`: one array of a structure, or the part below a name."""
    whole = math.tensor(value)
    for entry in value.leaves:
        if entry.name == name:
            return grid(ir.view(whole, entry.offset, entry.axes, name))
    below = [entry for entry in value.leaves if entry.name.startswith(name + ".")]
    if not below:
        known = sorted({entry.name.split(".")[0] for entry in value.leaves})
        fail(
            "E0205", f"this structure has no {name}", span, help=suggestion(name, known) or f"it has {', '.join(known)}"
        )
    start = below[0].offset
    parts = tuple(Leaf(e.name[len(name) + 1 :], e.axes, math.minus(extents.normal(e.offset), start)) for e in below)
    size = extents.total([extents.product(e.axes) for e in below])
    return grid(ir.view(whole, start, (size,), name), leaves=parts)


def packed(space: Space, values: Sequence[Grid], name: str = "") -> Grid:
    """The arrays of a structure as one flat vector."""
    made = ir.concat([math.flat(math.to_real(value)) for value in values], name)
    return grid(made, leaves=space.leaves)
