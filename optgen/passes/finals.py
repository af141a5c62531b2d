"""Finals of loops apart from their steps: after the loop, for passes and backends that know no finals; or in it, where
that keeps a step whole.

Expects any function; preserves floats exactly.  What a step and a final share is then written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.derivative_regions import instantiate, open_places

COMPUTED = (ir.Array, ir.Concat, ir.View, ir.Call, ir.Loop)  # what a backend computes at some place, under a name


def has_finals(roots: Iterable[AnyNode]) -> bool:
    """Whether a loop below the roots has finals."""
    return any(isinstance(node, ir.Loop) and node.finals for node in walk.postorder(roots))


def with_plain_loops(function: Function) -> Function:
    """The function with loops that have no finals."""
    tensors = [tensor for _, tensor in function.results]
    if not has_finals(tensors):
        return function
    results = zip((name for name, _ in function.results), without_finals(tensors), strict=True)
    return Function(function.name, function.dims, function.parameters, tuple(results), function.doc)


def without_finals(roots: Sequence[Tensor]) -> list[Tensor]:
    """The tensors with loops that have no finals."""
    made: dict[ir.Loop, tuple[ir.Loop, list[Tensor]]] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Output) or not isinstance(node.source, ir.Loop) or not node.source.finals:
            return None
        loop = node.source
        if loop not in made:
            plain = _with(loop, ())
            made[loop] = plain, _after(loop, plain)
        first = len(loop.parameters) + 1 + len(loop.traces)
        if node.position < first:
            return ir.output(made[loop][0], node.position, node.name)
        return made[loop][1][node.position - first]

    return walk.rewrite(roots, rule)


def whole_steps(function: Function) -> Function:
    """The function with finals that share nothing with the steps of a loop whose condition needs nothing computed.

    What a step and a final share stands before the condition.  Where that needs nothing there, a step would be cut in
    two for it, whose loops could not be fused any more.
    """
    tensors = [tensor for _, tensor in function.results]

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Loop) or not node.finals or _has_head(node):
            return None
        places: dict[AnyNode, AnyNode] = {place: place for place in (node.counter, *node.parameters)}
        return _with(node, instantiate(node.finals, places))

    results = zip((name for name, _ in function.results), walk.rewrite(tensors, rule), strict=True)
    return Function(function.name, function.dims, function.parameters, tuple(results), function.doc)


def _has_head(loop: ir.Loop) -> bool:
    """Whether the condition needs something to be computed in each step."""
    inside = open_places([loop])
    below = walk.postorder([] if loop.condition is None else [loop.condition])
    return any(isinstance(node, COMPUTED) and node in inside for node in below)


def _with(loop: ir.Loop, finals: Sequence[Tensor]) -> ir.Loop:
    return ir.loop(
        loop.counter, loop.parameters, loop.initial, loop.body, limit=loop.limit, condition=loop.condition,
        traces=loop.traces, capacity=loop.capacity, finals=finals, name=loop.name,
    )  # fmt: skip


def _after(loop: ir.Loop, plain: ir.Loop) -> list[Tensor]:
    """The finals over the outputs of the loop; 0 where its limit ended it."""
    places: dict[AnyNode, AnyNode] = {
        place: ir.output(plain, position, place.name) for position, place in enumerate((*loop.parameters, loop.counter))
    }
    values = instantiate(loop.finals, places)
    if loop.limit is None:
        return values
    failed = apply("lt", ir.access(ir.output(plain, len(loop.parameters))), loop.limit)
    return [_where(failed, value) for value in values]


def _where(failed: Scalar, value: Tensor) -> Tensor:
    indices = tuple(Index(axis, "ijkl"[k % 4]) for k, axis in enumerate(value.axes))
    zero = ir.constant(False if value.dtype == "bool" else 0, value.dtype)
    return ir.array(indices, ir.choose(failed, ir.access(value, *indices), zero), getattr(value, "name", ""))
