"""Products of a matrix and a vector, found in the loop form and made one call each.

`acc = 0; for j: acc += A[i, j] * x[j]` at every i of a loop becomes `Invoke matvec` before the loop, whose entry i is
read in its place: threads share the rows of large products.
Only whole rows of arrays that are no views and that the loop does not write are taken out.  Exact but for the order of
sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.imperative import (
    Accumulate,
    Alias,
    Buffer,
    Copy,
    For,
    If,
    Invoke,
    Let,
    Procedure,
    Statement,
    Store,
    Swap,
    While,
)
from optgen.ir.nodes import AnyNode, Scalar

MATVEC = "matvec"
S = TypeVar("S", bound=Statement)


@dataclass(slots=True)
class Found:
    """What views share memory with, and the memory for the products found."""

    shared: set[Buffer]
    made: list[Buffer] = field(default_factory=list)


def take_out_products(procedure: Procedure) -> Procedure:
    """The procedure with products of matrices and vectors as calls."""
    found = Found(set(views(procedure.body)))
    body = rewritten(procedure.body, For, lambda loop: _without_products(loop, found))
    return replace(procedure, body=body, temporaries=(*procedure.temporaries, *found.made))


def products(block: Sequence[Statement]) -> Iterator[Invoke]:
    """The calls that `take_out_products` made."""
    for statement in _all(block):
        if isinstance(statement, Invoke) and statement.function == MATVEC:
            yield statement


def _all(block: Sequence[Statement]) -> Iterator[Statement]:
    for statement in block:
        yield statement
        for inner in _blocks(statement):
            yield from _all(inner)


def _blocks(statement: Statement) -> tuple[tuple[Statement, ...], ...]:
    match statement:
        case For(body=body):
            return (body,)
        case If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case While(head=head, tail=tail, close=close):
            return (head, tail, close)
    return ()


def views(block: Sequence[Statement]) -> Iterator[Buffer]:
    """The buffers that share memory with others."""
    for statement in _all(block):
        if isinstance(statement, Alias):
            yield from (statement.name, statement.base)


def rewritten(
    block: Sequence[Statement], kind: type[S], rule: Callable[[S], Sequence[Statement]]
) -> tuple[Statement, ...]:
    """The block with what the rule makes of each statement of a kind; statements in loops stay as they are."""
    made: list[Statement] = []
    for statement in block:
        if isinstance(statement, kind):
            made.extend(rule(statement))
            continue
        match statement:
            case If():
                then, otherwise = (rewritten(part, kind, rule) for part in (statement.then, statement.otherwise))
                made.append(replace(statement, then=then, otherwise=otherwise))
            case While():
                parts = (statement.head, statement.tail, statement.close)
                head, tail, close = (rewritten(part, kind, rule) for part in parts)
                made.append(replace(statement, head=head, tail=tail, close=close))
            case _:
                made.append(statement)
    return tuple(made)


def _without_products(loop: For, found: Found) -> list[Statement]:
    """The calls for the products of a loop, then the loop without them; inner loops are left as they are."""
    fixed = set(written(loop.body)) | found.shared
    calls: list[Invoke] = []
    body: list[Statement] = []
    for statement in loop.body:
        operands = _product(statement, loop.index) if body else None
        if operands is None or not _cleared(body[-1], statement) or fixed & set(operands):
            body.append(statement)
            continue
        entry: Accumulate = statement.body[0]  # type: ignore[union-attr,assignment]
        result = ir.Input(f"product_{len(found.made)}", "real", (loop.index.extent,))
        found.made.append(result)
        calls.append(Invoke(MATVEC, operands, (result,)))
        body[-1] = Let(entry.buffer, ir.access(result, loop.index))
    if not calls:
        return [loop]
    copied = _copied(body, loop.index)
    if copied is not None and copied not in found.shared and len(calls) == 1:  # computed where it is wanted
        found.made.pop()
        return [replace(calls[0], results=(copied,))]
    return [*calls, replace(loop, body=tuple(body), vector=loop.vector or is_simple(body))]


def _copied(body: Sequence[Statement], row: ir.Index) -> Buffer | None:
    """The array to which a loop copies the product, if it does nothing else."""
    match body:
        case [Let(local, _), Store(buffer, (place,), ir.Access(tensor=tensor, indices=()))]:
            whole = extents.same(buffer.axes[0], row.extent)
            return buffer if tensor is local and place is row and whole else None
    return None


def is_simple(body: Sequence[Statement]) -> bool:
    """Whether no statement holds others."""
    return not any(isinstance(statement, For | While | If) for statement in body)


def _product(statement: Statement, row: ir.Index) -> tuple[Buffer, Buffer] | None:
    """A and x where the statement is `for j: acc += A[row, j] * x[j]` over whole rows."""
    match statement:
        case For(index=j, body=(Accumulate("sum", ir.Input(axes=()), (), ir.Operation("mul", (a, b)), None),)):
            if not (isinstance(a, ir.Access) and isinstance(b, ir.Access)):
                return None
        case _:
            return None
    matrix, vector = (a, b) if len(a.indices) == 2 else (b, a)
    if matrix.indices != (row, j) or vector.indices != (j,) or {matrix.dtype, vector.dtype} != {"real"}:
        return None
    return (matrix.tensor, vector.tensor) if whole_matrix(matrix.tensor, row, j) else None  # type: ignore[return-value,arg-type]


def whole_matrix(matrix: Buffer, row: ir.Index, column: ir.Index) -> bool:
    """Whether the indices run over all rows and columns."""
    rows, columns = matrix.axes
    return extents.same(rows, row.extent) and extents.same(columns, column.extent)


def _cleared(before: Statement, loop: Statement) -> bool:
    """Whether the accumulator of a loop is set to 0 just before it."""
    match before, loop:
        case Store(buffer, (), ir.Constant(value=0)), For(body=(Accumulate(buffer=accumulator),)):
            return buffer is accumulator
    return False


def mentioned(block: Sequence[Statement]) -> set[AnyNode]:
    """The buffers that statements in loops write, or read in their scalars."""
    scalars: list[Scalar] = []
    for statement in _all(block):
        match statement:
            case Let(value=value):
                scalars.append(value)
            case Store(_, indices, value):
                scalars += [*indices, value]
            case Accumulate(indices=indices, value=value, condition=condition):
                scalars += [*indices, value, *(() if condition is None else (condition,))]
            case For(index=index):
                scalars.append(index.extent)
            case If(condition=test):
                scalars.append(test)
    return {*walk.postorder(scalars), *written(block)}


def written(block: Sequence[Statement]) -> Iterator[Buffer]:
    """The buffers that statements write."""
    for statement in _all(block):
        match statement:
            case Store(buffer=buffer) | Accumulate(buffer=buffer) | Copy(target=buffer):
                yield buffer
            case Swap(left, right):
                yield from (left, right)
            case Invoke(results=results):
                yield from results
