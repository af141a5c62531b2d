"""The algebra of symbolic shapes: polynomials over dims with integer coefficients, everything else an atom."""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply

Monomial = tuple[Scalar, ...]


def total(extents: Sequence[Scalar]) -> Scalar:
    """The sum of extents, in normal form."""
    result: Scalar = ir.constant(0)
    for extent in extents:
        result = apply("add", result, extent)
    return normal(result)


def product(extents: Sequence[Scalar]) -> Scalar:
    """The number of entries of a tensor with these axes, in normal form."""
    result: Scalar = ir.constant(1)
    for extent in extents:
        result = apply("mul", result, extent)
    return normal(result)


def unravelled(place: Scalar, axes: Sequence[Scalar]) -> list[Scalar]:
    """Positions of the entry with this row-major number."""
    result: list[Scalar] = []
    for axis in reversed(axes[1:]):
        result.append(apply("mod", place, axis))
        place = apply("floordiv", place, axis)
    return [place, *reversed(result)] if axes else []


def ravelled(indices: Sequence[Scalar], axes: Sequence[Scalar]) -> Scalar:
    """The row-major number of the entry at these positions."""
    result: Scalar = ir.constant(0)
    for index, axis in zip(indices, axes, strict=True):
        result = apply("add", apply("mul", result, axis), index)
    return result


def same(left: Scalar, right: Scalar) -> bool:
    """Whether two extents are equal for all values of the dims (by normal form)."""
    return left is right or polynomial(left) == polynomial(right)


def normal(extent: Scalar) -> Scalar:
    """The one node for all extents equal to this one."""
    if isinstance(extent, ir.Constant | ir.Dim):
        return extent
    result: Scalar | None = None
    for monomial, coefficient in sorted(polynomial(extent).items(), key=lambda item: _order(item[0])):
        term: Scalar | None = None
        for factor in monomial:
            term = factor if term is None else apply("mul", term, factor)
        size = ir.constant(abs(coefficient))
        term = size if term is None else term if abs(coefficient) == 1 else apply("mul", size, term)
        if result is None:
            result = term if coefficient > 0 else apply("neg", term)
        else:
            result = apply("add" if coefficient > 0 else "sub", result, term)
    return ir.constant(0) if result is None else result


def polynomial(extent: Scalar) -> dict[Monomial, int]:
    """Coefficients by monomial (sorted atoms); zero coefficients are left out."""
    match extent:
        case ir.Constant(value=value):
            return {(): int(value)} if value else {}
        case ir.Operation(name="add", arguments=(a, b)):
            return _combine(polynomial(a), polynomial(b), 1)
        case ir.Operation(name="sub", arguments=(a, b)):
            return _combine(polynomial(a), polynomial(b), -1)
        case ir.Operation(name="neg", arguments=(a,)):
            return _combine({}, polynomial(a), -1)
        case ir.Operation(name="mul", arguments=(a, b)):
            result: dict[Monomial, int] = {}
            for left, p in polynomial(a).items():
                for right, q in polynomial(b).items():
                    monomial = tuple(sorted((*left, *right), key=_atom_order))
                    result[monomial] = result.get(monomial, 0) + p * q
            return {monomial: value for monomial, value in result.items() if value}
    return {(extent,): 1}


def _combine(left: dict[Monomial, int], right: dict[Monomial, int], sign: int) -> dict[Monomial, int]:
    result = dict(left)
    for monomial, value in right.items():
        result[monomial] = result.get(monomial, 0) + sign * value
    return {monomial: value for monomial, value in result.items() if value}


def _atom_order(atom: Scalar) -> tuple[str, str]:
    """A deterministic order: dims by name, other atoms by what they are built from."""
    match atom:
        case ir.Dim(name=name):
            return "a", name
        case ir.Operation(name=name, arguments=arguments):
            return "b", name + repr([_atom_order(a) for a in arguments])
        case ir.Constant(value=value):
            return "c", str(value)
        case ir.Access(tensor=ir.Input(name=name)):
            return "d", name
    return "e", type(atom).__name__


def _order(monomial: Monomial) -> tuple[int, list[tuple[str, str]]]:
    return (-len(monomial), [_atom_order(atom) for atom in monomial])
