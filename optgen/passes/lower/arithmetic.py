"""Elementwise arithmetic, products and shapes of grids: the typing rules of the language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from optgen.diagnostics import Span
from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar, Tensor
from optgen.ir.operations import apply, declared
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Grid, Structure, grid, number

COMPARE = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def plus(value: Scalar, amount: int) -> Scalar:
    """An integer plus a constant, constants collected: (i + 1) - 1 is i."""
    base, offset = _split(value)
    offset += amount
    if isinstance(base, ir.Constant):
        return ir.constant(int(base.value) + offset)
    if offset == 0:
        return base
    return apply("add" if offset > 0 else "sub", base, ir.constant(abs(offset)))


def _split(value: Scalar) -> tuple[Scalar, int]:
    match value:
        case ir.Operation(name="add", arguments=(a, ir.Constant(value=c, dtype="int"))):
            return a, int(c)
        case ir.Operation(name="sub", arguments=(a, ir.Constant(value=c, dtype="int"))):
            return a, -int(c)
    return value, 0


def minus(left: Scalar, right: Scalar) -> Scalar:
    """An integer difference, constants collected."""
    base, offset = _split(right)
    if isinstance(base, ir.Constant):
        return plus(left, -offset - int(base.value))
    left_base, left_offset = _split(left)
    if left_base is base:
        return ir.constant(left_offset - offset)
    return plus(apply("sub", left_base, base), left_offset - offset)


def shape_text(axes: Sequence[Scalar]) -> str:
    """`R[m, n]` for messages."""
    return f"R[{', '.join(scalar_text(axis) for axis in axes)}]" if axes else "a number"


def scalar_text(scalar: Scalar) -> str:
    """An extent as an author would write it."""
    match scalar:
        case ir.Constant(value=value):
            return str(value)
        case ir.Dim(name=name):
            return name
        case ir.Operation(name=name, arguments=(a, b)) if name in ("add", "sub", "mul"):
            sign = {"add": " + ", "sub": " - ", "mul": "*"}[name]
            return f"{scalar_text(a)}{sign}{scalar_text(b)}"
        case ir.Access(tensor=ir.Input(name=name)):
            return name
    return "..."


# ---------------------------------------------------------------- types of numbers


def to_real(value: Grid) -> Grid:
    if value.dtype == "real":
        return value
    at = value.at
    if value.dtype == "bool":
        return replace(value, dtype="real", at=lambda p: apply("to_real", apply("bool_to_int", at(p))))
    return replace(value, dtype="real", at=lambda p: apply("to_real", at(p)))


def to_number(value: Grid) -> Grid:
    """A Bool as 0 or 1; numbers stay."""
    if value.dtype != "bool":
        return value
    at = value.at
    return replace(value, dtype="int", at=lambda p: apply("bool_to_int", at(p)))


def joined(left: Grid, right: Grid) -> tuple[Grid, Grid]:
    """Both as one kind of number."""
    left, right = to_number(left), to_number(right)
    if left.dtype != right.dtype:
        left, right = to_real(left), to_real(right)
    return left, right


# ---------------------------------------------------------------- elementwise


def fits(left: Grid, right: Grid) -> bool:
    return len(left.axes) == len(right.axes) and all(
        extents.same(a, b) for a, b in zip(left.axes, right.axes, strict=True)
    )


def common_axes(values: Sequence[Grid], spans: Sequence[Span], what: str) -> Grid:
    """The value whose axes the result has; scalars and the literal 0 fit everything."""
    model = values[0]
    at = spans[0]
    for value, span in zip(values[1:], spans[1:], strict=True):
        if not value.axes or value.zero:
            continue
        if not model.axes or model.zero:
            model, at = value, span
        elif not fits(model, value):
            fail(
                "E0301",
                f"{what} needs equal shapes, or a number on one side",
                span,
                label=f"this is {shape_text(value.axes)}",
                secondary=((at, f"this is {shape_text(model.axes)}"),),
                help="name the axes by indices, as in A[i, j] - m[j]" if len(model.axes) != len(value.axes) else "",
            )
    return model


def elementwise(operation: str, values: Sequence[Grid], spans: Sequence[Span], what: str) -> Grid:
    """An operation on grids of one shape; numbers broadcast.  Types must already fit."""
    dtype = _result_dtype(operation, values)
    return combined(lambda *parts: apply(operation, *parts), dtype, values, spans, what)


def combined(
    entry: Callable[..., Scalar], dtype: ir.Dtype, values: Sequence[Grid], spans: Sequence[Span], what: str
) -> Grid:
    """A function of numbers on grids of one shape."""
    model = common_axes(values, spans, what)
    ats = [(value.at, bool(value.axes)) for value in values]

    def at(positions: tuple[Scalar, ...]) -> Scalar:
        return entry(*[f(positions) if axes else f(()) for f, axes in ats])

    leaves = next((value.leaves for value in values if value.leaves), ())
    return Grid(model.axes, dtype, at, lows=model.lows, leaves=leaves if model.axes else ())


def _result_dtype(operation: str, values: Sequence[Grid]) -> ir.Dtype:
    gives = declared(operation).gives
    return values[0].dtype if gives == "same" else gives  # type: ignore[return-value]


def binary(operator: str, left: Grid, right: Grid, spans: tuple[Span, Span], span: Span) -> Grid:
    """`left operator right` for + - * / mod and comparisons."""
    what = {"+": "a sum", "-": "a difference", "*": "an elementwise product", "/": "a quotient", "mod": "a remainder"}
    sentence = what.get(operator, "a comparison")
    if operator == "/":
        left, right = to_real(left), to_real(right)
        name = "div"
    elif operator in COMPARE:
        name = COMPARE[operator]
        if left.dtype == right.dtype == "bool":
            left, right = to_number(left), to_number(right)
        left, right = joined(left, right)
    else:
        left, right = joined(left, right)
        name = {"+": "add", "-": "sub", "*": "mul", "mod": "mod"}[operator]
    result = elementwise(name, (left, right), spans, sentence)
    structure = _combined(operator, left, right)
    return result if structure is None else replace(result, structure=structure)


def _combined(operator: str, left: Grid, right: Grid) -> Structure | None:
    """Scaled and summed matrices keep a way to multiply without being formed."""
    if operator == "*" and right.structure and not left.axes:
        return _scaled(left, right.structure)
    if operator in ("*", "/") and left.structure and not right.axes:
        factor = right if operator == "*" else number(apply("div", ir.constant(1, "real"), right.scalar))
        return _scaled(factor, left.structure)
    if operator in ("+", "-") and left.structure and right.structure:
        return _summed(operator, left.structure, right.structure)
    return None


def _scaled(factor: Grid, structure: Structure) -> Structure:
    factor = to_real(factor)
    scale = factor.scalar

    def times(vector: Grid) -> Grid:
        at = vector.at
        return replace(vector, at=lambda p: apply("mul", scale, at(p)), structure=None)

    diagonal = structure.diagonal
    transposed = structure.transposed
    return Structure(
        lambda v: times(structure.times(v)),
        None if transposed is None else lambda v: times(transposed(v)),
        None if diagonal is None else lambda: times(diagonal()),
    )


def _summed(operator: str, left: Structure, right: Structure) -> Structure:
    name = "add" if operator == "+" else "sub"

    def both(a: Grid, b: Grid) -> Grid:
        return replace(a, at=lambda p: apply(name, a.at(p), b.at(p)), structure=None)

    lt, rt, ld, rd = left.transposed, right.transposed, left.diagonal, right.diagonal
    return Structure(
        lambda v: both(left.times(v), right.times(v)),
        None if lt is None or rt is None else lambda v: both(lt(v), rt(v)),
        None if ld is None or rd is None else lambda: both(ld(), rd()),
    )


def power(base: Grid, exponent: Grid, spans: tuple[Span, Span]) -> Grid:
    """`base^exponent`: by products where the exponent is an integer, else the real power."""
    base = to_real(base)
    name = "power_int" if exponent.dtype == "int" else "power"
    return elementwise(name, (base, to_number(exponent)), spans, "a power")


def negative(value: Grid) -> Grid:
    value = to_number(value)
    at = value.at
    structure = None if value.structure is None else _scaled(number(ir.constant(-1, "real")), value.structure)
    return replace(value, at=lambda p: apply("neg", at(p)), structure=structure, facts=frozenset(), zero=value.zero)


def select(condition: Grid, then: Grid, otherwise: Grid, spans: Sequence[Span]) -> Grid:
    """`if condition then .. else ..`, elementwise and lazy."""
    if then.dtype != otherwise.dtype:
        then, otherwise = joined(then, otherwise)
    model = common_axes((then, otherwise, condition), spans, "a choice")

    def entry(value: Grid, p: tuple[Scalar, ...]) -> Scalar:
        return value.at(p if value.axes else ())

    return Grid(
        model.axes,
        then.dtype,
        lambda p: ir.choose(entry(condition, p), entry(then, p), entry(otherwise, p)),
        lows=model.lows,
        leaves=then.leaves or otherwise.leaves,
    )


# ---------------------------------------------------------------- whole arrays


def indices(axes: Sequence[Scalar], names: str = "ijlpqr") -> tuple[ir.Index, ...]:
    """Fresh indices over axes."""
    return tuple(ir.Index(axis, names[k] if k < len(names) else f"i{k}") for k, axis in enumerate(axes))


def tensor(value: Grid, name: str = "") -> Tensor:
    """The grid as a tensor of the IR."""
    places = indices(value.axes)
    made = ir.array(places, value.at(places), name)
    if isinstance(made, ir.Output) and not made.name:  # a derivative or a call, as it is
        return ir.output(made.source, made.position, name)
    return made


def fixed(value: Grid, name: str) -> Grid:
    """The grid computed once, under a name; one that multiplies without being formed stays unformed."""
    if value.structure is not None:
        return value
    if not value.axes and isinstance(value.at(()), ir.Constant | ir.Dim):
        return value
    made = tensor(value, name)
    return replace(value, at=lambda p: ir.access(made, *p) if made.axes else _rank0(made))


def _rank0(made: Tensor) -> Scalar:
    return ir.access(made)


def summed(value: Grid, kind: ir.Reduction = "sum") -> Grid:
    """A reduction over all entries."""
    places = indices(value.axes)
    return number(ir.reduce(kind, places, value.at(places)))


def dot(left: Grid, right: Grid, spans: tuple[Span, Span]) -> Grid:
    """Sum of products of all entries."""
    product = elementwise("mul", (to_real(left), to_real(right)), spans, "an inner product")
    return summed(product)


def matmul(left: Grid, right: Grid, spans: tuple[Span, Span]) -> Grid:
    """`left @ right`: the last axis of the left with the first of the right."""
    if left.structure is not None and (len(right.axes) == 1 or right.leaves or len(right.axes) != 2):
        return left.structure.times(to_real(right))
    if right.structure is not None and right.structure.transposed is not None and len(left.axes) == 1:
        return right.structure.transposed(to_real(left))
    for value, span in zip((left, right), spans, strict=True):
        if not value.axes:
            fail("E0302", "@ needs a vector or a matrix on both sides", span, label="this is a number", help="write *")
    if not extents.same(left.axes[-1], right.axes[0]):
        fail(
            "E0303",
            "@ needs the last axis of the left to be as long as the first of the right",
            spans[1],
            label=f"this is {shape_text(right.axes)}",
            secondary=((spans[0], f"this is {shape_text(left.axes)}"),),
        )
    left, right = to_real(left), to_real(right)
    split, extent = len(left.axes) - 1, left.axes[-1]

    def at(p: tuple[Scalar, ...]) -> Scalar:
        j = ir.Index(extent, "j")
        return ir.reduce("sum", (j,), apply("mul", left.at((*p[:split], j)), right.at((j, *p[split:]))))

    return Grid((*left.axes[:-1], *right.axes[1:]), "real", at)


def transpose(value: Grid) -> Grid:
    """The last two axes swapped."""
    at, axes = value.at, value.axes
    flipped = (*axes[:-2], axes[-1], axes[-2])
    structure = value.structure
    turned = None
    if structure is not None and structure.transposed is not None:
        turned = Structure(structure.transposed, structure.times, structure.diagonal)
    return Grid(flipped, value.dtype, lambda p: at((*p[:-2], p[-1], p[-2])), structure=turned)


def flat(value: Grid, name: str = "") -> Tensor:
    """All entries in row-major order as a vector."""
    made = tensor(value, name)
    if len(made.axes) == 1:
        return made
    return ir.concat((made,), name)


__all__ = ["binary", "dot", "elementwise", "fixed", "flat", "grid", "matmul", "power", "select", "tensor", "transpose"]
