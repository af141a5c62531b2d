"""Pieces of an extraction that need no frame: sides of a relation, linear gradients, minimisers, definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from optgen.ir import claims as claim_form
from optgen.ir import nodes as ir
from optgen.ir.claims import Relation, scalar_of
from optgen.proof.interpolation import CLASSES, joint
from optgen.proof.polynomial import Number, Ratio
from optgen.proof.problem import Form, Oracle, Point, Quadratic, inner
from optgen.proof.quantities import NotLinear, Root, Value, as_quadratic, form_key


def squared(operator: str, sides: Sequence[Value]) -> tuple[list[Value], list[Number]]:
    """Both sides of a comparison of norms squared, and the factors that must not be negative for that."""
    found: list[Value] = []
    factors: list[Number] = []
    for side in sides:
        if isinstance(side, Root):
            factors.append(side.factor)
            found.append((side.factor * side.factor) * side.inside)
        elif isinstance(side, Fraction | Ratio):
            factors.append(side)
            found.append(side * side)
        else:
            raise NotLinear("a norm compared with a quantity")
    return found, factors


def differences(operator: str, left: Value, right: Value) -> list[Quadratic]:
    """What must be >= 0."""
    a, b = as_quadratic(left), as_quadratic(right)
    ways = {"<=": [b - a], "<": [b - a], ">=": [a - b], ">": [a - b], "==": [b - a, a - b]}
    if operator not in ways:
        raise NotLinear("a relation that is no inequality")
    return ways[operator]


def linear_answers(oracle: Oracle) -> list[Form]:
    """Where the lowest and the highest curvature are one, the gradient is linear: g - g0 = L (x - x0)."""
    for c in joint(oracle.classes):
        if c.name == "linear_gradient" and c.arguments[0] is not None:
            slope, (first, *rest) = c.arguments[0], oracle.points
            return [p.g - first.g - slope * (p.x - first.x) for p in rest]
    return []


def linear_values(oracle: Oracle) -> list[tuple[str, Quadratic]]:
    """The values of such a function: f - f0 = <g + g0, x - x0>/2."""
    if all(c.name != "linear_gradient" for c in joint(oracle.classes)):
        return []
    first, *rest = oracle.points
    values = [(p, name) for p in rest for name in p.f.values if len(p.f.values) == 1 and not p.f.products]
    return [(name, first.f + Fraction(1, 2) * inner(p.g + first.g, p.x - first.x)) for p, name in values]


def with_minimisers(oracle: Oracle, stars: Sequence[tuple[str, Form]]) -> Oracle:
    """The points that are minimisers: those of `argmin`, and zeros of an operator.

    A point with gradient 0 is none by that alone, where functions may not be convex.
    """
    is_operator = any(CLASSES[c.name].operator for c in oracle.classes)
    places = [form_key(form) for name, form in stars if name == oracle.name]

    def marked(p: Point) -> Point:
        star = not p.g.terms and not p.adjoint and (is_operator or form_key(p.x) in places)
        return replace(p, minimiser=True) if star else p

    return replace(oracle, points=tuple(marked(p) for p in oracle.points))


def definition_of(fact: claim_form.Fact) -> tuple[ir.Input, ir.Scalar] | None:
    """`p = e` with p an input without axes: (p, e)."""
    if not isinstance(fact, Relation) or fact.operator != "==" or fact.left.axes or fact.right.axes:
        return None
    left = scalar_of(fact.left)
    if isinstance(left, ir.Access) and isinstance(left.tensor, ir.Input) and not left.indices:
        return left.tensor, scalar_of(fact.right)
    return None


def number_of_member(fact: claim_form.Fact) -> tuple[str, Fraction] | None:
    """`L[2] = 3`: the symbol of a member and its number."""
    if not isinstance(fact, Relation) or fact.operator != "==" or fact.left.axes or fact.right.axes:
        return None
    left, right = scalar_of(fact.left), scalar_of(fact.right)
    if not isinstance(left, ir.Access) or not isinstance(left.tensor, ir.Input) or not left.indices:
        return None
    places = [p.value for p in left.indices if isinstance(p, ir.Constant) and isinstance(p.value, int)]
    if len(places) < len(left.indices) or not isinstance(right, ir.Constant) or isinstance(right.value, bool | float):
        return None
    return f"{left.tensor.name}[{', '.join(str(p + 1) for p in places)}]", Fraction(right.value)


def is_infinite(tensor: ir.Tensor) -> bool:
    if tensor.axes:
        return False
    side = scalar_of(tensor)
    if isinstance(side, ir.Operation) and side.name == "neg":
        side = side.arguments[0]
    return isinstance(side, ir.Constant) and isinstance(side.value, float)
