"""Loops without what nobody reads: traces, carried values that feed only themselves or never change.

Expects any function without Derivatives; preserves floats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Tensor


def without_unused(roots: Sequence[Tensor]) -> list[Tensor]:
    """The tensors with smaller loops, the outer ones first: what they no longer read, inner ones need not give."""
    result = list(roots)
    while True:
        mapping: dict[AnyNode, AnyNode] = {}
        for loop, outputs in _read(result).items():
            mapping.update(_smaller(loop, outputs))
        if not mapping:
            return result
        result = walk.substitute(result, mapping)


def _read(roots: Sequence[Tensor]) -> dict[ir.Loop, list[ir.Output]]:
    """The outputs of each loop that are read."""
    read: dict[ir.Loop, list[ir.Output]] = {}
    for node in walk.postorder(roots):
        if isinstance(node, ir.Output) and isinstance(node.source, ir.Loop):
            read.setdefault(node.source, []).append(node)
    return read


def _smaller(loop: ir.Loop, outputs: Sequence[ir.Output]) -> dict[AnyNode, AnyNode]:
    """What stands for the outputs that are read; nothing if the loop is as small as it can be."""
    count = len(loop.parameters)
    fixed = {k for k in range(count) if loop.body[k] is loop.parameters[k]}
    positions = {output.position for output in outputs}
    after = [k - count - 1 for k in sorted(positions) if k > count]
    traces = [k for k in after if k < len(loop.traces)]
    finals = [k - len(loop.traces) for k in after if k >= len(loop.traces)]
    roots: list[AnyNode] = [*(loop.traces[k] for k in traces), *(loop.finals[k] for k in finals)]
    if loop.condition is not None:
        roots.append(loop.condition)
    carried = sorted(_needed(loop, roots, {k for k in positions if k < count}) - fixed)
    if len(carried) == count and len(after) == len(loop.traces) + len(loop.finals):
        return {}
    made = _with(loop, carried, traces, finals, {loop.parameters[k]: loop.initial[k] for k in fixed})
    places = {old: new for new, old in enumerate(carried)}
    places[count] = len(carried)
    places.update((count + 1 + old, len(carried) + 1 + new) for new, old in enumerate(after))
    return {
        output: loop.initial[output.position]
        if output.position in fixed
        else ir.output(made, places[output.position], output.name)
        for output in outputs
    }


def _needed(loop: ir.Loop, roots: Sequence[AnyNode], read: set[int]) -> set[int]:
    """The carried values that decide what is read, when and how often."""
    places: dict[AnyNode, int] = {parameter: k for k, parameter in enumerate(loop.parameters)}
    needed = set(read)
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [*roots, *(loop.body[k] for k in read)]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in places:
            needed.add(places[node])
            stack.append(loop.body[places[node]])
        stack.extend(walk.children(node))
    return needed


def _with(
    loop: ir.Loop,
    carried: Sequence[int],
    traces: Sequence[int],
    finals: Sequence[int],
    fixed: dict[AnyNode, AnyNode],
) -> ir.Loop:
    """The loop with some of its carried values, traces and finals, and values that never change in place of others."""
    parts: list[AnyNode] = [*(loop.body[k] for k in carried), *(loop.traces[k] for k in traces)]
    parts += [loop.finals[k] for k in finals]
    if loop.condition is not None:
        parts.append(loop.condition)
    if fixed:
        parts = walk.substitute(parts, fixed)
    body, rest = parts[: len(carried)], parts[len(carried) :]
    return ir.loop(
        loop.counter,
        [loop.parameters[k] for k in carried],
        [loop.initial[k] for k in carried],
        body,  # type: ignore[arg-type]
        limit=loop.limit,
        condition=rest[-1] if loop.condition is not None else None,  # type: ignore[arg-type]
        traces=rest[: len(traces)],  # type: ignore[arg-type]
        capacity=loop.capacity if traces else None,
        finals=rest[len(traces) : len(traces) + len(finals)],  # type: ignore[arg-type]
        name=loop.name,
    )
