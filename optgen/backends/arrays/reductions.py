"""Reductions as array code: products of matrices, sums into places, and everything else over named axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optgen.backends.arrays.code import Code
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Index, Scalar
from optgen.ir.operations import apply

if TYPE_CHECKING:
    from optgen.backends.arrays.expressions import Printer


def reduction(printer: Printer, node: ir.Reduce, outer: tuple[Index, ...]) -> Code:
    """A reduction whose value has the axes `outer`, in an order of its own."""
    if node.kind == "sum" and node.dtype == "real":
        made = product(printer, node, outer) or scattered(printer, node, outer)
        if made is not None:
            return made
    full = (*outer, *node.indices)
    body = printer.scalar(node.body, full)
    if node.condition is not None:
        test = printer.scalar(node.condition, full)
        (test, body), axes = printer.together([test, body], full)
        body = Code(f"{printer.np}.where({test.text}, {body.text}, {identity(printer, node)})", axes)
    if not set(node.indices) <= set(body.axes):  # an entry that does not change counts as often as the index runs
        shape = printer.shape([index.extent for index in full])
        body = Code(f"{printer.np}.broadcast_to({printer.align(body, full).text}, {shape})", full)
    if node.kind in ("argmax", "argmin"):
        return _best(printer, node, body)
    rest = tuple(index for index in body.axes if index not in node.indices)
    text = f"{printer.np}.{node.kind}({body.text}{_axis(node.indices, body.axes, bool(rest))}"
    if node.kind in ("max", "min") and not all(_positive(index.extent) for index in node.indices):
        text += f", initial={identity(printer, node)}"
    return Code(f"{text})", rest)


def _axis(indices: Sequence[Index], axes: tuple[Index, ...], some: bool) -> str:
    if not some:
        return ""
    places = sorted(axes.index(index) for index in indices)
    return f", axis={places[0] if len(places) == 1 else tuple(places)}"


def _positive(extent: Scalar) -> bool:
    return isinstance(extent, ir.Constant) and extent.value > 0


def _best(printer: Printer, node: ir.Reduce, body: Code) -> Code:
    """The first best place along the last axis: NaN is never best, and an empty axis gives 0."""
    printer.used.add(node.kind)
    (index,) = node.indices
    rest = tuple(other for other in body.axes if other is not index)
    return Code(f"{node.kind}({printer.align(body, (*rest, index)).text})", rest)


def identity(printer: Printer, node: ir.Reduce) -> str:
    """What a reduction over nothing gives."""
    np, real = printer.np, node.body.dtype == "real"
    least = f"-{np}.inf" if real else f"{np}.iinfo({np}.int64).min"
    most = f"{np}.inf" if real else f"{np}.iinfo({np}.int64).max"
    table = {"max": least, "argmax": least, "min": most, "argmin": most, "any": "False", "all": "True"}
    table |= {"prod": "1.0", "sum": "0.0"} if real else {"prod": "1", "sum": "0"}
    return table[node.kind]


# ---------------------------------------------------------------- sums of products


def product(printer: Printer, node: ir.Reduce, outer: tuple[Index, ...]) -> Code | None:
    """A sum of products: `@` for two factors over one index, else einsum, which forms no product of all axes."""
    if node.condition is not None:
        return None
    summed = frozenset(node.indices)
    groups: dict[frozenset[Index], Scalar] = {}
    for factor in _factors(node.body):
        key = factor.free & (summed | frozenset(outer))
        if not key & summed:
            key = frozenset()
        groups[key] = factor if key not in groups else apply("mul", groups[key], factor)
    scale = groups.pop(frozenset(), None)
    if scale is not None and not scale.free <= frozenset(outer):
        return None
    made = _square(printer, node, groups) or _matrix(printer, node, groups, outer) or _einsum(printer, node, groups)
    if made is None or scale is None:
        return made
    (left, right), axes = printer.together([printer.scalar(scale, outer), made], outer)
    return Code(f"{left.at(9)} * {right.at(10)}", axes, 9)


def _factors(body: Scalar) -> list[Scalar]:
    if isinstance(body, ir.Operation) and body.name == "mul":
        return [*_factors(body.arguments[0]), *_factors(body.arguments[1])]
    return [body]


def _square(printer: Printer, node: ir.Reduce, groups: dict[frozenset[Index], Scalar]) -> Code | None:
    """An inner product of two vectors."""
    if len(groups) != 1 or len(node.indices) != 1:
        return None
    (value,) = groups.values()
    if value.free != frozenset(node.indices) or not isinstance(value, ir.Operation) or value.name != "mul":
        return None
    left, right = (printer.scalar(argument, node.indices) for argument in value.arguments)
    if left.axes == right.axes == node.indices:
        return Code(f"{left.at(10)} @ {right.at(10)}", (), 9)
    return None


def _matrix(
    printer: Printer, node: ir.Reduce, groups: dict[frozenset[Index], Scalar], outer: tuple[Index, ...]
) -> Code | None:
    """A matrix by a vector or by a matrix."""
    if len(groups) != 2 or len(node.indices) != 1:
        return None
    (j,) = node.indices
    left, right = (printer.scalar(value, (*outer, j)) for value in groups.values())
    own = [index for index in left.axes if index is not j]
    other = [index for index in right.axes if index is not j]
    for a, b, rest in ((left, right, own), (right, left, other)):
        if b.axes == (j,) and a.axes[-1] is j and len(rest) > 1:  # a stack of matrices by one vector
            return Code(f"{a.at(10)} @ {b.at(10)}", tuple(rest), 9)
    if set(own) & set(other) or len(own) > 1 or len(other) > 1:
        return None
    if (own and other and outer.index(own[0]) > outer.index(other[0])) or (not own and right.axes[0] is not j):
        left, right, own, other = right, left, other, own
    a = printer.align(left, (*own, j))
    b = printer.align(right, (j, *other))
    return Code(f"{a.at(10)} @ {b.at(10)}", (*own, *other), 9)


def _einsum(printer: Printer, node: ir.Reduce, groups: dict[frozenset[Index], Scalar]) -> Code | None:
    """Several factors with different indices."""
    every = frozenset().union(*groups)
    if len(groups) < 2 or not frozenset(node.indices) <= every:
        return None
    rest = tuple(index for index in walk.free_in_order(node) if index in every)
    codes = [printer.scalar(value, (*rest, *node.indices)) for value in groups.values()]
    letters: dict[Index, str] = {}
    for code in codes:
        for index in code.axes:
            free = (c for c in (index.name, *"ijklpqrstuvw") if len(c) == 1 and c not in letters.values())
            letters.setdefault(index, next(free))
    terms = ",".join("".join(letters[index] for index in code.axes) for code in codes)
    target = "".join(letters[index] for index in rest)
    operands = ", ".join(code.text for code in codes)
    optimize = ", optimize=True" if len(codes) > 2 else ""
    return Code(f'{printer.np}.einsum("{terms}->{target}", {operands}{optimize})', rest)


# ---------------------------------------------------------------- sums into places


def scattered(printer: Printer, node: ir.Reduce, outer: tuple[Index, ...]) -> Code | None:
    """A sum under `e == p`, e without p: entries added up at their places."""
    if node.condition is None:
        return None
    places: dict[Index, Scalar] = {}
    rest: Scalar | None = None
    for test in _conjuncts(node.condition):
        found = _place(test, outer, places)
        if found is not None:
            places[found[0]] = found[1]
        else:
            rest = test if rest is None else apply("and", rest, test)
    hit = frozenset(places)
    others = [node.body, *places.values(), *([] if rest is None else [rest])]
    if not hit or any(other.free & hit for other in others):
        return None
    printer.used.add("add_at")
    full = (*(index for index in outer if index not in hit), *node.indices)
    value = node.body if rest is None else ir.choose(rest, node.body, ir.constant(0, "real"))
    picked = [printer.align(printer.scalar(places.get(index, index), full), full).text for index in outer]
    shape = f"({', '.join(printer.extent(i.extent) for i in outer)}{',' if len(outer) == 1 else ''})"
    at = f"({', '.join(picked)}{',' if len(picked) == 1 else ''})"
    entries = printer.align(printer.scalar(value, full), full)
    return Code(f"add_at({shape}, {at}, {entries.text})", outer)


def _conjuncts(condition: Scalar) -> list[Scalar]:
    if isinstance(condition, ir.Operation) and condition.name == "and":
        return [*_conjuncts(condition.arguments[0]), *_conjuncts(condition.arguments[1])]
    return [condition]


def _place(test: Scalar, outer: Sequence[Index], places: dict[Index, Scalar]) -> tuple[Index, Scalar] | None:
    """(p, e) of `e == p`, p an index of the result that has no place yet."""
    if not isinstance(test, ir.Operation) or test.name != "eq":
        return None
    for p, e in (test.arguments, test.arguments[::-1]):
        if isinstance(p, Index) and p in outer and p not in places and p not in e.free:
            return p, e
    return None
