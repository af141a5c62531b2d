"""When and where each tensor is computed, and what it is called.

Expects closed, materialised functions.  A node stands in the innermost loop whose values it depends on, so what does
not change in a loop is computed before it.  Preserves floats exactly.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, LoopBlocks, Scheduled
from optgen.ir.nodes import AnyNode
from optgen.ir.program import Function
from optgen.ir.regions import regions

_COMPUTED = (ir.Array, ir.Concat, ir.View, ir.Call, ir.Loop)


def schedule(function: Function) -> Scheduled:
    """The function's nodes in blocks, with names."""
    roots = [tensor for _, tensor in function.results]
    order = list(walk.postorder(roots))
    inside = regions(order)
    members: dict[ir.Loop | None, list[AnyNode]] = {None: []}
    for node in order:
        if isinstance(node, _COMPUTED):
            members.setdefault(_innermost(inside[node]), []).append(node)
    body = _block(members, members[None])
    return Scheduled(function, body, _names(function, order))


def _innermost(loops: tuple[ir.Loop, ...]) -> ir.Loop | None:
    return loops[-1] if loops else None


def _block(members: dict[ir.Loop | None, list[AnyNode]], nodes: Iterable[AnyNode]) -> Block:
    nodes = tuple(nodes)
    loops: dict[ir.Loop, LoopBlocks] = {}
    for node in nodes:
        if isinstance(node, ir.Loop):
            region = members.get(node, [])
            needed = set(walk.postorder([node.condition])) if node.condition is not None else set()
            head = [n for n in region if n in needed]
            tail = [n for n in region if n not in needed]
            loops[node] = LoopBlocks(_block(members, head), _block(members, tail))
    return Block(nodes, loops)  # type: ignore[arg-type]


# ---------------------------------------------------------------- names


def _names(function: Function, order: Iterable[AnyNode]) -> dict[AnyNode, str]:
    taken: set[str] = set(function.dims)
    names: dict[AnyNode, str] = {}

    def give(node: AnyNode, wish: str) -> None:
        if node not in names:
            names[node] = _unique(legal(wish), taken)

    for parameter in function.parameters:
        give(parameter, parameter.name)
    wished = {tensor: name for name, tensor in function.results}
    for node in order:
        match node:
            case ir.Loop():
                give(node.counter, node.counter.name)
                for parameter in node.parameters:
                    give(parameter, parameter.name)
                give(node, node.name or "loop")
            case ir.Array() | ir.Concat() | ir.View():
                give(node, node.name or wished.get(node, "") or _described(node))
            case ir.Call():
                give(node, node.function.replace("oracle ", ""))
            case ir.Output():
                give(node, node.name or _output_name(node))
    return names


def _output_name(node: ir.Output) -> str:
    match node.source:
        case ir.Loop(parameters=parameters) if node.position < len(parameters):
            return parameters[node.position].name
        case ir.Loop(parameters=parameters) if node.position == len(parameters):
            return "count"
        case ir.Loop():
            return "trace"
        case ir.Call(function=function):
            return function.replace("oracle ", "")
    return "value"


def _described(node: ir.Array | ir.Concat | ir.View) -> str:
    """A name for a tensor that the author did not name: what it is."""
    if isinstance(node, ir.Concat):
        return "joined"
    if isinstance(node, ir.View):
        return "part"
    if isinstance(node.body, ir.Reduce):
        return {"sum": "total", "prod": "product"}.get(node.body.kind, node.body.kind + "_")
    return "value"


def legal(name: str) -> str:
    """A legal identifier for any name."""
    made = re.sub(r"\W", "_", name) or "value"
    if made[0].isdigit():
        made = "_" + made
    return made + "_" if keyword.iskeyword(made) or made in _TAKEN else made


# names that generated code uses itself
_TAKEN = {
    "np",
    "jnp",
    "jax",
    "lax",
    "math",
    "numba",
    "njit",
    "threefry",
    "uniform",
    "range",
    "len",
    "min",
    "max",
    "abs",
    "sum",
    "float",
    "int",
}


def _unique(name: str, taken: set[str]) -> str:
    made, number = name, 2
    while made in taken:
        made, number = f"{name}_{number}", number + 1
    taken.add(made)
    return made
