"""Sums of rows of a matrix, found in the loop form and made one call each.

`for j: g[j] += A[i, j] * c` in a loop over i reads and writes g once a row.  It becomes `Invoke vecmat` after the loop,
with c kept for each i, which takes several rows at once; what else the loop does is then often simple enough for
vectors.  For large problems the call is written out as loops again, over groups of rows, which threads can share.
Exact but for the order of sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from optgen.backends.llvm.products import is_simple, mentioned, rewritten, views, whole_matrix, written
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Buffer, For, Invoke, Let, Procedure, Statement, Store
from optgen.ir.nodes import Index, Scalar
from optgen.ir.operations import apply

VECMAT = "vecmat"
ROWS = 8


@dataclass(frozen=True, slots=True)
class Sum:
    """`target[j] += matrix[i, j] * factor` in each row i."""

    target: Buffer
    matrix: Buffer
    factor: Scalar


@dataclass(slots=True)
class Found:
    """What views share memory with, and the memory for the factors found."""

    shared: set[Buffer]
    made: list[Buffer] = field(default_factory=list)


def take_out_row_sums(procedure: Procedure) -> Procedure:
    """The procedure with sums of rows as calls."""
    found = Found(set(views(procedure.body)))
    body = rewritten(procedure.body, For, lambda loop: _without_sums(loop, found))
    return replace(procedure, body=body, temporaries=(*procedure.temporaries, *found.made))


def write_out_row_sums(procedure: Procedure) -> Procedure:
    """The procedure with these calls as loops."""
    return replace(procedure, body=rewritten(procedure.body, Invoke, _in_loops))


# ---------------------------------------------------------------- finding


def _without_sums(loop: For, found: Found) -> list[Statement]:
    """The loop without the sums that can leave it, then the calls."""
    body: list[Statement] = []
    calls: list[Statement] = []
    for place, statement in enumerate(loop.body):
        sum_ = _sum(statement, loop.index)
        others = (*loop.body[:place], *loop.body[place + 1 :])
        if sum_ is None or not _can_leave(sum_, others, found):
            body.append(statement)
            continue
        factors = _kept(sum_.factor, loop.index, others)
        if factors is None:
            factors = ir.Input(f"factor_{len(found.made)}", "real", (loop.index.extent,))
            found.made.append(factors)
            body.append(Store(factors, (loop.index,), sum_.factor))
        calls.append(Invoke(VECMAT, (sum_.matrix, factors), (sum_.target,)))
    if not calls:
        return [loop]
    rest = replace(loop, body=tuple(body), vector=is_simple(body))
    return calls if all(isinstance(statement, Let) for statement in body) else [rest, *calls]


def _sum(statement: Statement, row: Index) -> Sum | None:
    match statement:
        case For(index=j, body=(Accumulate("sum", target, (place,), ir.Operation("mul", (a, b)), None),)) if place is j:
            for entry, factor in ((a, b), (b, a)):
                if isinstance(entry, ir.Access) and entry.indices == (row, j) and j not in factor.free:
                    matrix: Buffer = entry.tensor  # type: ignore[assignment]
                    if {matrix.dtype, factor.dtype, target.dtype} == {"real"} and whole_matrix(matrix, row, j):
                        return Sum(target, matrix, factor)
    return None


def _can_leave(sum_: Sum, others: Sequence[Statement], found: Found) -> bool:
    """Whether nothing else in the loop touches the target or changes the matrix."""
    views_apart = not {sum_.target, sum_.matrix} & found.shared
    return views_apart and sum_.target not in mentioned(others) and sum_.matrix not in set(written(others))


def _kept(factor: Scalar, row: Index, others: Sequence[Statement]) -> Buffer | None:
    """The array that has the factor of each row already."""
    for statement in others:
        if isinstance(statement, Let) and factor is ir.access(statement.local):
            factor = statement.value
    match factor:
        case ir.Access(tensor=ir.Input(axes=(length,)) as array, indices=(index,)) if index is row:
            return array if length is row.extent and array not in set(written(others)) else None
    return None


# ---------------------------------------------------------------- writing out


def _in_loops(call: Invoke) -> list[Statement]:
    """A loop over groups of rows, and one over the rows left."""
    if call.function != VECMAT:
        return [call]
    rows = call.arguments[0].axes[0]
    groups = apply("floordiv", rows, ir.constant(ROWS))
    group, single = Index(groups, "group"), Index(apply("mod", rows, ir.constant(ROWS)), "row")
    first = apply("mul", ir.constant(ROWS), group)
    places = [apply("add", first, ir.constant(k)) for k in range(ROWS)]
    last = apply("add", apply("mul", ir.constant(ROWS), groups), single)
    return [_rows(call, group, places), _rows(call, single, [last])]


def _rows(call: Invoke, index: Index, places: Sequence[Scalar]) -> For:
    """A loop over `index` that adds the rows at these places."""
    (matrix, factors), (target,) = call.arguments, call.results
    column = Index(matrix.axes[1], "column")
    lets: list[Statement] = []
    total: Scalar = ir.constant(0, "real")
    for place in places:
        factor = ir.Input("factor", "real")
        lets.append(Let(factor, ir.access(factors, place)))
        term = apply("mul", ir.access(matrix, place, column), ir.access(factor))
        total = apply("add", total, term) if len(lets) > 1 else term
    inner = For(column, (Accumulate("sum", target, (column,), total),), vector=True)
    return For(index, (*lets, inner))
