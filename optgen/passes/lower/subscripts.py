"""Brackets: entries, slices and members, and whether a place lies inside its axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import EntriesUnderDefinition, Function, Grid, Range


def index(expr: tree.Index, context: Context) -> Any:
    """`A[i, 1..k, :]`: numbers leave no axis, slices and vectors of integers one; members of a family."""
    from optgen.passes.lower.expressions import as_grid, evaluate

    base = evaluate(expr.base, context)
    if isinstance(base, Function):
        from optgen.passes.lower.families import select_members

        return select_members(base, expr, context)
    if isinstance(base, EntriesUnderDefinition):
        return base.entry
    value = as_grid(base, expr.base.span)
    if len(expr.indices) > len(value.axes):
        fail(
            "E0313",
            f"{len(expr.indices)} indices for {math.shape_text(value.axes)}",
            expr.span,
            label=f"it has {len(value.axes)} ax{'i' if len(value.axes) == 1 else 'e'}s",
        )
    readers: list[tuple[tuple[Scalar, ...], ir.Dtype, Callable[[tuple[Scalar, ...]], Scalar]]] = []
    for axis, place in enumerate(expr.indices):
        readers.append(_reader(place, value, axis, context))
    rest = value.axes[len(readers) :]
    kept = tuple(extent for axes, _, _ in readers for extent in axes)
    at = value.at

    def entry(positions: tuple[Scalar, ...]) -> Scalar:
        places, used = [], 0
        for axes, _, read in readers:
            places.append(read(positions[used : used + len(axes)]))
            used += len(axes)
        return at((*places, *positions[used:]))

    whole = all(isinstance(place, tree.All) for place in expr.indices)
    return Grid((*kept, *rest), value.dtype, entry, leaves=value.leaves if whole else ())


def _reader(index: tree.Expr | tree.All, value: Grid, axis: int, context: Context):  # type: ignore[no-untyped-def]
    """Axes that an index leaves, and the position it reads: nothing left by a number, one axis by a slice or vector."""
    from optgen.passes.lower.expressions import as_grid, evaluate

    extent, low = value.axes[axis], value.low(axis)
    if isinstance(index, tree.All):
        return (extent,), "int", lambda p: p[0]
    chosen = evaluate(index, context)
    if isinstance(chosen, Range):
        start = math.minus(chosen.low, low)
        length = extents.normal(chosen.length)
        context.require(
            apply("and", _at_least(start, 0), _below(math.minus(chosen.high, low), extent, context)),
            f"the slice {index.span.text} lies outside its axis",
            index.span,
        )
        return (length,), "int", lambda p: apply("add", start, p[0])
    places = as_grid(chosen, index.span)
    if places.dtype == "bool":
        fail("E0314", "an index is an integer, this is a condition", index.span, help="use a binder with `where`")
    if places.dtype != "int":
        fail(
            "E0314", "an index is an integer, this is a real", index.span, help="write floor(..), ceil(..) or round(..)"
        )

    def read(positions: tuple[Scalar, ...]) -> Scalar:
        return math.minus(places.at(positions), low)

    if not places.axes:
        place = read(())
        if not _inside(place, extent, context):
            context.require(
                apply("and", _at_least(place, 0), _below(place, extent, context)),
                f"the index {index.span.text} lies outside 1..{math.scalar_text(extent)}",
                index.span,
            )
    return places.axes, "int", read


def _at_least(place: Scalar, bound: int) -> Scalar:
    if isinstance(place, ir.Index | ir.Dim) and bound <= 0:
        return ir.constant(True)
    return apply("ge", place, ir.constant(bound))


def _below(place: Scalar, extent: Scalar, context: Context) -> Scalar:
    if _inside(place, extent, context):
        return ir.constant(True)
    if extents.polynomial(extents.normal(math.minus(extent, place))).keys() == {()}:
        return ir.constant(extents.polynomial(math.minus(extent, place))[()] > 0)
    return apply("lt", place, extent)


def _inside(place: Scalar, extent: Scalar, context: Context) -> bool:
    """Whether a position is in range by its type: an index over that axis, data declared as an index of it, a
    constant.
    """
    match place:
        case ir.Index():
            return extents.same(place.extent, extent)
        case ir.Constant(value=value) if isinstance(extent, ir.Constant):
            return 0 <= value < extent.value
        case ir.Constant(value=0):
            return True
        case ir.Access(tensor=ir.Input() as source):
            limit = context.program.index_inputs.get(source)
            return limit is not None and extents.same(limit, extent)
    return False
