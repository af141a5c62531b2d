"""Which accesses are inside their axes whatever the dims are, and the clamps for the others."""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply

ZERO = ir.constant(0)
ONE = ir.constant(1)


def clamped(indices: Sequence[Scalar], axes: Sequence[Scalar]) -> tuple[Scalar, ...]:
    """The indices, with the nearest end taken where one might lie outside its axis."""
    return tuple(_clamp(index, axis) for index, axis in zip(indices, axes, strict=True))


def _clamp(index: Scalar, axis: Scalar) -> Scalar:
    if isinstance(index, ir.Index) and (index.extent is axis or extents.same(index.extent, axis)):
        return index
    if not below(index, axis):
        index = apply("minimum", index, apply("sub", axis, ONE))
    return index if never_negative(index, axis) else apply("maximum", index, ZERO)


def inside(index: Scalar, axis: Scalar) -> bool:
    """Whether 0 <= index < axis wherever the indices run within their extents."""
    return never_negative(index, axis) and below(index, axis)


def below(index: Scalar, axis: Scalar) -> bool:
    """Whether index < axis; an access to an empty axis has no meaning, so the axis counts as nonempty."""
    room = apply("sub", apply("sub", axis, ONE), index)
    return _nonnegative(room, axis)


def never_negative(index: Scalar, axis: Scalar) -> bool:
    match index:
        case ir.Operation(name="minimum", arguments=(a, b)):
            return never_negative(a, axis) and never_negative(b, axis)
        case ir.Operation(name="maximum", arguments=(a, b)):
            return never_negative(a, axis) or never_negative(b, axis)
    return _nonnegative(index, axis)


def _nonnegative(form: Scalar, axis: Scalar) -> bool:
    """Put each index at the end where the form is least, dims known to be positive as 1 + rest: no minus may stay."""
    running = {index.extent for index in form.free if isinstance(index.extent, ir.Dim)}
    positive = running | ({axis} if isinstance(axis, ir.Dim) else set())
    least = extents.polynomial(form)
    for _ in range(2):  # an index's extent may hold indices of the loops around
        least = _without_indices(least)
    total: dict[extents.Monomial, int] = {}
    for monomial, coefficient in least.items():
        if any(not isinstance(atom, ir.Dim) for atom in monomial):
            return False
        shifted = ir.constant(coefficient)
        for atom in monomial:
            shifted = apply("mul", shifted, apply("add", atom, ONE) if atom in positive else atom)  # type: ignore[assignment]
        for part, count in extents.polynomial(shifted).items():
            total[part] = total.get(part, 0) + count
    return all(count >= 0 for count in total.values())


def _without_indices(form: dict[extents.Monomial, int]) -> dict[extents.Monomial, int]:
    """A lower bound: a positive term with an index is 0 at least, in a negative one the index is at its end."""
    result: dict[extents.Monomial, int] = {}
    for monomial, coefficient in form.items():
        if not any(isinstance(atom, ir.Index) for atom in monomial):
            result[monomial] = result.get(monomial, 0) + coefficient
        elif coefficient < 0:
            bound: Scalar = ir.constant(coefficient)
            for atom in monomial:
                last = apply("sub", atom.extent, ONE) if isinstance(atom, ir.Index) else atom
                bound = apply("mul", bound, last)
            for part, count in extents.polynomial(bound).items():
                result[part] = result.get(part, 0) + count
    return result
