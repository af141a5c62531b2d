"""What running a loop costs, as numbers of units that are spent in loops of some lengths.

The unit is an addition; a thread does ten to twenty in a nanosecond.  Whether a problem is small must be known before
anything is compiled, so this looks at each scalar once and builds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from optgen.backends.llvm.products import MATVEC
from optgen.backends.llvm.rows import VECMAT
from optgen.backends.llvm.scalars import parts_of
from optgen.ir import nodes as ir
from optgen.ir.formulas import FORMULAS
from optgen.ir.imperative import Accumulate, For, If, Invoke, Let, Procedure, Statement, Store, While
from optgen.ir.nodes import Index, Scalar

Cost = tuple[tuple[int, tuple[Scalar, ...]], ...]  # units, and the lengths of the loops in which they are spent

ENTRY = 4  # of a product of a matrix and a vector, for each entry of the matrix
UNITS = {
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "tanh", "erf", "sin", "cos"), 15),
    **dict.fromkeys(("tan", "arccos", "arctan2", "sinh", "cosh"), 30),
    **dict.fromkeys(("power", "lgamma", "digamma", *FORMULAS), 60),
    **dict.fromkeys(("floordiv", "mod"), 20),
    "div": 6,
    "sqrt": 8,
    "threefry": 40,
}


def cost_of(statement: For | Invoke) -> Cost:
    """The cost of a loop or a product.  Lengths that differ from one iteration to the next count as one."""
    if isinstance(statement, Invoke):
        return ((ENTRY, statement.arguments[0].axes),)
    around = (statement.index.extent,)
    return tuple(_spent(statement.body, around))


def costs(procedure: Procedure) -> Iterator[Cost]:
    """The cost of each outermost loop and each product, whether it can be cut or not."""
    for statement in outermost(procedure.body):
        yield cost_of(statement)


def amount(cost: Cost, length: Callable[[Scalar], int]) -> int:
    """The units of a cost where the lengths are known."""
    total = 0
    for units, lengths in cost:
        for axis in lengths:
            units *= length(axis)
        total += units
    return total


def outermost(block: Sequence[Statement]) -> Iterator[For | Invoke]:
    """The loops that are in no other, and the products; loops with memory and choices are looked into."""
    for statement in block:
        match statement:
            case For():
                yield statement
            case Invoke(function=function) if function in (MATVEC, VECMAT):
                yield statement
            case If(then=then, otherwise=otherwise):
                yield from outermost((*then, *otherwise))
            case While(head=head, tail=tail, close=close):
                yield from outermost((*head, *tail, *close))


def _spent(block: Sequence[Statement], around: tuple[Scalar, ...]) -> Iterator[tuple[int, tuple[Scalar, ...]]]:
    total = 0
    for statement in block:
        match statement:
            case Let(_, value):
                total += _units((value,))
            case Store(_, indices, value):
                total += 1 + _units((value, *indices))
            case Accumulate(_, _, indices, value, condition):
                total += 2 + _units((value, *indices, *(() if condition is None else (condition,))))
            case For(index=index, body=body):
                yield from _spent(body, (*around, index.extent) if _fixed(index.extent) else around)
            case If(then=then, otherwise=otherwise):
                yield from _spent((*then, *otherwise), around)
    if total:
        yield total, around


def _fixed(extent: Scalar) -> bool:
    """Whether a length is a formula of dims."""
    if isinstance(extent, ir.Dim | ir.Constant):
        return True
    return isinstance(extent, ir.Operation) and all(map(_fixed, extent.arguments))


def _units(scalars: Sequence[Scalar]) -> int:
    total, seen, stack = 0, set[Scalar](), list(scalars)
    while stack:
        node = stack.pop()
        if node in seen or isinstance(node, Index | ir.Constant | ir.Dim):
            continue
        seen.add(node)
        total += UNITS.get(node.name, 1) if isinstance(node, ir.Operation) else 1
        stack.extend(parts_of(node))
    return total
