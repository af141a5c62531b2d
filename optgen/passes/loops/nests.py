"""A definition to loop nests: elementwise bodies to one nest, reductions to accumulations in the order that reads
memory along rows, sums under an equality to scattered accumulations.

What a backend with BLAS can look for, before fusion puts more into the outer loops:
    C[i, k] = sum(j: A[i, j]*B[j, k])    for i: { for k: C[i, k] = 0;  for j: for k: C[i, k] += A[i, j]*B[j, k] }
    y[i] = sum(j: A[i, j]*x[j])          for i: { entry = 0;  for j: entry += A[i, j]*x[j];  y[i] = entry }
    g[j] = sum(i: A[i, j]*c[i])          for j: g[j] = 0;  for i: for j: g[j] += A[i, j]*c[i]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Buffer, Store
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import apply
from optgen.passes.loops.bounds import below, never_negative
from optgen.passes.loops.pieces import Piece, leaf, nest
from optgen.passes.loops.space import Space

SMALLEST, LARGEST = -(2**63), 2**63 - 1
IDENTITIES: dict[str, Any] = {"sum": 0, "prod": 1, "any": False, "all": True}


def identity(kind: str, dtype: ir.Dtype) -> Scalar:
    """What a reduction of nothing is."""
    if kind in IDENTITIES:
        return ir.constant(IDENTITIES[kind], dtype)
    least = kind in ("max", "argmax")
    if dtype == "int":
        return ir.constant(SMALLEST if least else LARGEST)
    return ir.constant(-ir.INF if least else ir.INF, dtype)


def define(
    space: Space, target: Buffer, indices: Sequence[Index], body: Scalar, at: Sequence[Scalar] | None = None
) -> list[Piece]:
    """The nests that fill `target` with `body` at all `indices`, or at the places `at` that depend on them."""
    if isinstance(body, ir.Reduce) and at is None:
        return _accumulate(space, target, indices, body)
    pieces, (body,) = without_reductions(space, target.name, indices, [body])
    return [*pieces, _fill(space, target, indices if at is None else at, indices, body, {})]


def _fill(
    space: Space,
    target: Buffer,
    places: Sequence[Scalar],
    order: Sequence[Index],
    value: Scalar,
    start: Mapping[AnyNode, AnyNode],
) -> Piece:
    """`target[places] = value` under loops over `order`; `start` are the loops around."""
    loops, start = _own_loops(space, order, start)
    where = space.translated([value, *places], start)
    return nest(space, loops, [leaf(space, Store(target, tuple(where[1:]), where[0]))], target.name)


def _own_loops(
    space: Space, order: Sequence[Index], start: Mapping[AnyNode, AnyNode]
) -> tuple[list[Index], dict[AnyNode, AnyNode]]:
    """Fresh indices for a nest, since an index belongs to one loop, and what maps the old ones to them."""
    mapping, loops = dict(start), []
    for index in order:
        fresh = ir.Index(space.translated([index.extent], mapping)[0], index.name)
        mapping[index] = fresh
        loops.append(fresh)
    return loops, mapping


def without_reductions(
    space: Space, hint: str, indices: Sequence[Index], scalars: Sequence[Scalar]
) -> tuple[list[Piece], list[Scalar]]:
    """Accumulations for the outermost reductions in scalars, and the scalars that read them."""
    pieces: list[Piece] = []
    replaced: dict[AnyNode, AnyNode] = {}
    for node in _outermost(scalars):
        own = [index for index in indices if index in node.free]
        buffer = space.temporary(f"{hint.rstrip('_')}_{node.kind}", node.dtype, [index.extent for index in own])
        pieces += _accumulate(space, buffer, own, node)
        replaced[node] = ir.access(buffer, *own)
    return pieces, walk.rewrite(scalars, lambda node: None, replaced) if replaced else list(scalars)


def _outermost(scalars: Sequence[Scalar]) -> list[ir.Reduce]:
    found: dict[ir.Reduce, None] = {}
    seen: set[Scalar] = set()
    stack = list(reversed(scalars))
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        match node:
            case ir.Reduce():
                found[node] = None
            case ir.Operation():
                stack.extend(reversed(node.arguments))
            case ir.Access():
                stack.extend(reversed(node.indices))
            case ir.Choose():
                stack.extend((node.otherwise, node.then, node.condition))
    return list(found)


# ---------------------------------------------------------------- reductions


def _accumulate(space: Space, target: Buffer, indices: Sequence[Index], node: ir.Reduce) -> list[Piece]:
    conditions, body = _conjuncts(node.condition), node.body
    if node.kind == "sum" and isinstance(body, ir.Choose) and _is_zero(body.otherwise):
        conditions, body = [*conditions, *_conjuncts(body.condition)], body.then
    pieces, (body, *conditions) = without_reductions(space, target.name, [*indices, *node.indices], [body, *conditions])
    around, places = list(indices), list[Scalar](indices)
    scattered = None if node.kind in ("argmax", "argmin") else _scatter(indices, conditions)
    if scattered is not None:
        index, place, equality = scattered
        conditions.remove(equality)
        around.remove(index)
        moved = walk.substitute([body, *conditions, *places], {index: place})
        body, conditions, places = moved[0], moved[1 : 1 + len(conditions)], moved[1 + len(conditions) :]
        conditions = [*_within(place, index.extent), *conditions]
    order = _order(around, node.indices, [places, *_accesses([body, *conditions])])
    shared = order[: 0 if scattered is not None else _shared(around, order)]
    outer, start = _own_loops(space, shared, {})
    starts = _starting_values(space, target, indices, node, body.dtype)
    left = [index for index in indices if index not in shared]
    finish: list[Piece] = []
    if not left and shared and len(starts) == 1:  # one entry at a time: it is kept in a register
        entry = space.temporary(f"{target.name.rstrip('_')}_entry", target.dtype)
        starts, finish = [(entry, starts[0][1])], [_entry(space, target, indices, start, entry)]
    inside = [_fill(space, buffer, () if finish else indices, left, value, start) for buffer, value in starts]
    loops, start = _own_loops(space, order[len(shared) :], start)
    guard = space.translated([_all_of(conditions)], start)[0] if conditions else None
    value, *where = space.translated([body, *(places if not finish else ())], start)
    at, position = (start[node.indices[0]], target) if len(starts) == 2 else (None, None)
    statement = Accumulate(node.kind, starts[-1][0], tuple(where), value, guard, at, position)  # type: ignore[arg-type]
    inside.append(nest(space, loops, [leaf(space, statement)], target.name))
    inside += finish
    return [*pieces, *([nest(space, outer, inside, target.name)] if outer else inside)]


def _entry(
    space: Space, target: Buffer, indices: Sequence[Index], start: Mapping[AnyNode, AnyNode], entry: Buffer
) -> Piece:
    """The finished sum put where it belongs."""
    return leaf(space, Store(target, tuple(space.translated(indices, start)), ir.access(entry)))


def _starting_values(
    space: Space, target: Buffer, indices: Sequence[Index], node: ir.Reduce, dtype: ir.Dtype
) -> list[tuple[Buffer, Scalar]]:
    """What is set before accumulating; for argmax and argmin the position, then the best value."""
    if node.kind not in ("argmax", "argmin"):
        return [(target, identity(node.kind, dtype))]
    best = space.temporary(f"{target.name}_best", dtype, [index.extent for index in indices])
    return [(target, ir.constant(0)), (best, identity(node.kind, dtype))]


def _all_of(conditions: Sequence[Scalar]) -> Scalar:
    result: Scalar = ir.constant(True)
    for condition in conditions:
        result = apply("and", result, condition)
    return result


def _conjuncts(condition: Scalar | None) -> list[Scalar]:
    if condition is None:
        return []
    if isinstance(condition, ir.Operation) and condition.name == "and":
        return [part for argument in condition.arguments for part in _conjuncts(argument)]
    return [condition]


def _is_zero(node: Scalar) -> bool:
    return isinstance(node, ir.Constant) and node.value == 0


def _scatter(indices: Sequence[Index], conditions: Sequence[Scalar]) -> tuple[Index, Scalar, Scalar] | None:
    """(index, place, condition) of a condition `place == index`: instead of trying every index, go to the place."""
    for condition in conditions:
        if not (isinstance(condition, ir.Operation) and condition.name == "eq"):
            continue
        left, right = condition.arguments
        for index, place in ((left, right), (right, left)):
            if index in indices and index not in place.free:
                return index, place, condition  # type: ignore[return-value]
    return None


def _within(place: Scalar, axis: Scalar) -> list[Scalar]:
    """The conditions under which a place is on an axis, without those that always hold."""
    guards = []
    if not never_negative(place, axis):
        guards.append(apply("ge", place, ir.constant(0)))
    if not below(place, axis):
        guards.append(apply("lt", place, axis))
    return guards


# ---------------------------------------------------------------- the order of loops


def _accesses(scalars: Sequence[Scalar]) -> list[tuple[Scalar, ...]]:
    found: list[tuple[Scalar, ...]] = []
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = list(scalars)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        match node:
            case ir.Access():
                found.append(node.indices)
                stack.extend(node.indices)
            case ir.Operation():
                stack.extend(node.arguments)
            case ir.Choose():
                stack.extend((node.condition, node.then, node.otherwise))
            case ir.Reduce():
                stack.append(node.body)
    return found


def _order(indices: Sequence[Index], bound: Sequence[Index], accesses: Sequence[Sequence[Scalar]]) -> list[Index]:
    """The loops from the outermost: the innermost reads memory along rows; array indices stand outside if they can."""
    candidates = [*reversed(bound), *reversed(indices)]
    innermost = min(candidates, key=lambda index: sum(_strided(a, index) for a in accesses))
    if innermost in bound:
        others = [index for index in bound if index is not innermost]
        return [*indices, *others, innermost]
    return [*(index for index in indices if index is not innermost), *bound, innermost]


def _strided(access: Sequence[Scalar], index: Index) -> bool:
    """Whether going along `index` jumps in memory."""
    if not access:
        return False
    if any(index in place.free for place in access[:-1]):
        return True
    last = access[-1]
    if index not in last.free or last is index:
        return False
    form = extents.polynomial(last)
    return form.get((index,)) != 1 or any(index in atom.free for part in form if part != (index,) for atom in part)


def _shared(indices: Sequence[Index], order: Sequence[Index]) -> int:
    """How many of the outermost loops are over array indices: there the accumulator is one entry or row."""
    count = 0
    while count < len(order) and order[count] in indices:
        count += 1
    return count
