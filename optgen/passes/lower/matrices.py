"""Matrices: identity, diagonal, blocks, factorisations; matrices that are never formed keep how they multiply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from optgen.ir import calls, extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Structure, grid, number

ONE = ir.constant(1)


def identity(extent: Scalar) -> Grid:
    """I of a size."""

    def at(p: tuple[Scalar, ...]) -> Scalar:
        return apply("to_real", apply("bool_to_int", apply("eq", p[0], p[1])))

    def ones() -> Grid:
        return Grid((extent,), "real", lambda p: ir.constant(1, "real"))

    return Grid((extent, extent), "real", at, structure=Structure(lambda v: v, lambda v: v, ones))


def diagonal_matrix(vector: Grid) -> Grid:
    entry = vector.at

    def at(p: tuple[Scalar, ...]) -> Scalar:
        return ir.choose(apply("eq", p[0], p[1]), entry(p[:1]), ir.constant(0, "real"))

    def times(v: Grid) -> Grid:
        return replace(v, at=lambda p: apply("mul", entry(p), v.at(p)), structure=None)

    return Grid(vector.axes * 2, "real", at, structure=Structure(times, times, lambda: vector))


def diagonal(matrix: Grid) -> Grid:
    if matrix.structure is not None and matrix.structure.diagonal is not None:
        return matrix.structure.diagonal()
    return Grid(matrix.axes[:1], matrix.dtype, lambda p: matrix.at((p[0], p[0])))


def block(expr: tree.Block, rows: list[list[Grid]]) -> Grid:
    """`[A, B; C, D]`: vectors are columns, numbers 1x1, `0` and `I` fit; one column gives a vector."""
    items = [item for row in rows for item in row]
    if not expr.trailing and len(rows) == 1 and all(not item.axes for item in items):
        return _vector(items)
    if all(len(row) == 1 for row in rows) and all(len(item.axes) <= 1 for item in items) and not expr.trailing:
        return _vector(items)
    if all(not item.axes and "identity" not in item.facts for item in items) and len({len(row) for row in rows}) == 1:
        entries = math.tensor(_vector(items))
        return grid(ir.view(entries, ir.constant(0), (ir.constant(len(rows)), ir.constant(len(rows[0])))))
    return _matrix(expr, rows)


def _vector(items: Sequence[Grid]) -> Grid:
    if any(item.dtype == "real" for item in items) or len({item.dtype for item in items}) > 1:
        items = [math.to_real(item) for item in items]
    return grid(ir.concat([math.tensor(item) for item in items]) if len(items) > 1 else _one(items[0]))


def _one(item: Grid) -> ir.Tensor:
    return math.tensor(item) if item.axes else ir.array((ir.Index(ONE),), item.scalar)


def _matrix(expr: tree.Block, rows: list[list[Grid]]) -> Grid:
    if len({len(row) for row in rows}) != 1:
        fail("E0324", "the rows of a block matrix have different numbers of blocks", expr.span)
    blocks = [[_as_block(item) for item in row] for row in rows]
    heights = [_size(expr, [row[k] for k in range(len(row))], 0, blocks, r) for r, row in enumerate(blocks)]
    widths = [_size(expr, [row[c] for row in blocks], 1, blocks, c) for c in range(len(blocks[0]))]
    for r, row in enumerate(blocks):
        for c, item in enumerate(row):
            if item is not None and "identity" in item.facts:
                blocks[r][c] = math.binary(
                    "*", number(item.scalar), identity(heights[r]), (expr.span, expr.span), expr.span
                )
    return _assembled(blocks, heights, widths)


def _as_block(item: Grid) -> Grid | None:
    """A rank-2 grid; None for 0."""
    if item.zero:
        return None
    item = math.to_real(item)
    if "identity" in item.facts:
        return item
    if not item.axes:
        return Grid((ONE, ONE), "real", lambda p: item.scalar)
    if len(item.axes) == 1:
        return Grid((*item.axes, ONE), "real", lambda p: item.at(p[:1]))
    return item


def _size(expr: tree.Block, line: list[Grid | None], axis: int, blocks: Any, number_: int) -> Scalar:
    sizes = [item.axes[axis] for item in line if item is not None and item.axes]
    if not sizes:
        square = [
            row[number_].axes[0] if axis == 1 else None
            for row in blocks
            if row[number_] is not None and row[number_].axes
        ]
        if square and square[0] is not None:
            return square[0]  # type: ignore[no-any-return]
        fail(
            "E0324",
            f"nothing gives {'row' if axis == 0 else 'column'} {number_ + 1} of this block matrix a size",
            expr.span,
        )
    for size in sizes[1:]:
        if not extents.same(size, sizes[0]):
            fail(
                "E0324",
                "blocks in one line have different sizes",
                expr.span,
                label=f"{math.scalar_text(sizes[0])} and {math.scalar_text(size)}",
            )
    return sizes[0]


def _assembled(blocks: list[list[Grid | None]], heights: list[Scalar], widths: list[Scalar]) -> Grid:
    def at(p: tuple[Scalar, ...]) -> Scalar:
        return _in_segments(
            p[0],
            heights,
            lambda r, i: _in_segments(
                p[1],
                widths,
                lambda c, j: ir.constant(0, "real") if blocks[r][c] is None else blocks[r][c].at((i, j)),  # type: ignore[union-attr]
            ),
        )

    def product(lines: list[list[Grid | None]], sizes: list[Scalar], inner: list[Scalar], v: Grid) -> Grid:
        made = math.fixed(v, "")
        pieces = _pieces(made, inner)
        unit = (_unit_span(), _unit_span())
        results = []
        for line, size in zip(lines, sizes, strict=True):
            total: Grid | None = None
            for item, piece in zip(line, pieces, strict=True):
                if item is not None:
                    part = math.matmul(item, piece, unit)
                    total = part if total is None else math.binary("+", total, part, unit, unit[0])
            results.append(total or Grid((size,), "real", lambda p: ir.constant(0, "real")))
        return grid(ir.concat([math.tensor(part) for part in results]))

    flipped = [[None if row[c] is None else math.transpose(row[c]) for row in blocks] for c in range(len(widths))]  # type: ignore[arg-type]

    def on_diagonal() -> Grid:
        parts: list[Grid] = []
        for k, row in enumerate(blocks):
            item = row[k]
            parts.append(
                Grid((heights[k],), "real", lambda p: ir.constant(0, "real")) if item is None else diagonal(item)
            )
        return grid(ir.concat([math.tensor(part) for part in parts]))

    square = len(heights) == len(widths) and all(extents.same(a, b) for a, b in zip(heights, widths, strict=True))
    structure = Structure(
        lambda v: product(blocks, heights, widths, v),
        lambda v: product(flipped, widths, heights, v),
        on_diagonal if square else None,
    )
    return Grid((extents.total(heights), extents.total(widths)), "real", at, structure=structure)


def _unit_span() -> Any:
    from optgen.passes.lower.expressions import Span_of_nothing

    return Span_of_nothing()


def _pieces(vector: Grid, sizes: Sequence[Scalar]) -> list[Grid]:
    whole = math.tensor(vector)
    pieces, offset = [], ir.constant(0)
    for size in sizes:
        pieces.append(grid(ir.view(whole, offset, (size,))))
        offset = extents.total((offset, size))  # type: ignore[assignment]
    return pieces


def _in_segments(place: Scalar, sizes: Sequence[Scalar], read: Callable[[int, Scalar], Scalar]) -> Scalar:
    """The entry at a place of segments laid end to end."""
    starts: list[Scalar] = [ir.constant(0)]
    for size in sizes[:-1]:
        starts.append(extents.total((starts[-1], size)))
    result = read(len(sizes) - 1, math.minus(place, starts[-1]))
    for k in range(len(sizes) - 2, -1, -1):
        result = ir.choose(apply("lt", place, starts[k + 1]), read(k, math.minus(place, starts[k])), result)
    return result


# ---------------------------------------------------------------- intrinsics


def _diag(a: Any) -> Grid:
    value = a.grid(0)
    if len(value.axes) == 1:
        return diagonal_matrix(math.to_real(value))
    return diagonal(a.matrix(0))


def _trace(a: Any) -> Grid:
    return math.summed(diagonal(a.matrix(0, square=True)))


def _strict_lower(a: Any) -> Grid:
    value = a.matrix(0)
    return Grid(value.axes, "real", lambda p: ir.choose(apply("gt", p[0], p[1]), value.at(p), ir.constant(0, "real")))


def _solve(a: Any) -> Grid:
    left = a.values[0]
    if isinstance(left, Function):
        fail("E0404", "solve with a linear function is planned for a later release", a.span)
    matrix, right = a.matrix(0, square=True), a.real(1)
    if not right.axes or not extents.same(matrix.axes[1], right.axes[0]):
        fail(
            "E0303",
            "solve needs a right side as long as the matrix",
            a.spans[1],
            label=f"this is {math.shape_text(right.axes)}",
            secondary=((a.spans[0], f"this is {math.shape_text(matrix.axes)}"),),
        )
    facts = matrix.facts
    if len(right.axes) == 2:
        return grid(calls.apply("solve_matrix", math.tensor(matrix), math.tensor(right))[0])
    name = "solve_spd" if "spd" in facts else "solve_lower" if "lower" in facts else "solve"
    return grid(calls.apply(name, math.tensor(matrix), math.tensor(right))[0])


def _eigenvalue(position: str) -> Callable[[Any], Grid]:
    def rule(a: Any) -> Grid:
        matrix = a.matrix(0, square=True)
        values = calls.apply("eigh", math.tensor(matrix))[0]
        place = ir.constant(0) if position == "min" else math.plus(matrix.axes[0], -1)
        return number(ir.access(values, place))

    return rule


def _eigh(a: Any) -> Any:
    from optgen.passes.lower.values import Items

    values, vectors = calls.apply("eigh", math.tensor(a.matrix(0, square=True)))
    return Items((grid(values), grid(vectors)))


def _called(name: str) -> Callable[[Any], Grid]:
    def rule(a: Any) -> Grid:
        (result,) = calls.apply(name, math.tensor(a.matrix(0, square=True)))
        return grid(result) if result.axes else number(ir.access(result))

    return rule


DEFINITIONS: Sequence[tuple[str, int, int, Callable[[Any], Any]]] = (
    ("diag", 1, 1, _diag),
    ("trace", 1, 1, _trace),
    ("strict_lower", 1, 1, _strict_lower),
    ("solve", 2, 2, _solve),
    ("min_eig", 1, 1, _eigenvalue("min")),
    ("max_eig", 1, 1, _eigenvalue("max")),
    ("eigh", 1, 1, _eigh),
    ("cholesky", 1, 1, _called("cholesky")),
    ("det", 1, 1, _called("det")),
)
