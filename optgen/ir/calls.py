"""The table of whole-array functions: what a factorisation or a sort takes and gives.

One declaration a function: the axes of its results from the axes of its arguments.  Arguments may have extra leading
axes, the same for all: a batch (attribute `batch`, their number).  A result that does not exist (a singular system, a
matrix that is not positive definite) is NaN, never an exception.  Eigenvectors, singular vectors and null spaces have
the sign that makes the entry largest in absolute value (the first of equals) positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.nodes import Dtype, Scalar, Tensor

Types = tuple[tuple[Dtype, tuple[Scalar, ...]], ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """`ranks` of the arguments without batch axes; `types` gives dtype and axes of each result from the arguments'
    axes.
    """

    name: str
    ranks: tuple[int, ...]
    types: Callable[..., Types]
    doc: str


def _square(*axes: tuple[Scalar, ...]) -> Types:
    return (("real", axes[0]),)


_declarations = (
    Declaration("solve", (2, 1), lambda a, b: (("real", b),), "x with a @ x = b, by LU with partial pivoting"),
    Declaration("solve_matrix", (2, 2), lambda a, b: (("real", b),), "X with a @ X = b, by LU with partial pivoting"),
    Declaration(
        "solve_spd", (2, 1), lambda a, b: (("real", b),), "x with a @ x = b for a positive definite a, by Cholesky"
    ),
    Declaration("solve_lower", (2, 1), lambda a, b: (("real", b),), "x with a @ x = b for a lower triangular a"),
    Declaration("cholesky", (2,), _square, "lower L with L @ L.T = a"),
    Declaration(
        "eigh", (2,), lambda a: (("real", a[:1]), ("real", a)), "eigenvalues ascending, eigenvectors in columns"
    ),
    Declaration("det", (2,), lambda a: (("real", ()),), "determinant"),
    Declaration("sort", (1,), lambda x: (("real", x),), "ascending, NaN last"),
    Declaration(
        "argsort", (1,), lambda x: (("int", x),), "stable ascending order: the positions of the sorted entries"
    ),
)

CALLS: dict[str, Declaration] = {declaration.name: declaration for declaration in _declarations}


def apply(function: str, *arguments: Tensor, attributes: Sequence[tuple[str, Any]] = ()) -> tuple[Tensor, ...]:
    """The results of a function of the table; leading axes beyond the declared ranks are a batch."""
    declaration = CALLS.get(function)
    if declaration is None or len(arguments) != len(declaration.ranks):
        raise ir.IRError(f"no function {function} of {len(arguments)} arguments")
    batches = {len(a.axes) - rank for a, rank in zip(arguments, declaration.ranks, strict=True)}
    if len(batches) != 1 or min(batches) < 0:
        raise ir.IRError(f"{function} of ranks {[len(a.axes) for a in arguments]}")
    batch = batches.pop()
    leading = arguments[0].axes[:batch]
    types = declaration.types(*(a.axes[batch:] for a in arguments))
    outputs = tuple((dtype, (*leading, *axes)) for dtype, axes in types)
    extra = (("batch", batch),) if batch else ()
    node = ir.call(function, arguments, outputs, (*attributes, *extra))
    return tuple(ir.output(node, position) for position in range(len(outputs)))
