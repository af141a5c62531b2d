"""When and where each tensor is computed, and what it is called.

Expects closed, materialised functions.  A node stands in the innermost loop whose values it depends on, so what does
not change in a loop is computed before it.  Preserves floats exactly.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, Computed, LoopBlocks, Scheduled
from optgen.ir.calls import CALLS
from optgen.ir.nodes import AnyNode
from optgen.ir.program import Function
from optgen.ir.regions import regions
from optgen.passes.branches import branched
from optgen.passes.finals import COMPUTED, whole_steps
from optgen.passes.naming import author, described


def schedule(function: Function, reserved: Iterable[str] | None = None, in_place: bool = False) -> Scheduled:
    """The function's nodes in blocks, with names; none of these is `reserved`, by default the names of the dims.

    `in_place`: what a loop carries keeps its name after the loop, so that its outputs have no names of their own.
    """
    roots = [tensor for _, tensor in function.results]
    order = list(walk.postorder(roots))
    if any(isinstance(node, ir.Loop) and node.finals for node in order):
        function = whole_steps(function)
        roots = [tensor for _, tensor in function.results]
        order = list(walk.postorder(roots))
    inside = regions(order)
    members: dict[ir.Loop | None, list[Computed]] = {None: []}
    for node in order:
        if isinstance(node, COMPUTED):
            members.setdefault(_innermost(inside[node]), []).append(node)
    body = _block(members, members[None], roots)
    names = _names(function, order, inside, function.dims if reserved is None else reserved, in_place)
    return Scheduled(function, body, names)


def _innermost(loops: tuple[ir.Loop, ...]) -> ir.Loop | None:
    return loops[-1] if loops else None


def _block(
    members: Mapping[ir.Loop | None, list[Computed]], nodes: Iterable[Computed], readers: Sequence[AnyNode]
) -> Block:
    """The nodes of a region, or of its head or tail, in order; `readers` is what else reads them."""
    nodes = tuple(nodes)
    loops: dict[ir.Loop, LoopBlocks] = {}
    for node in nodes:
        if isinstance(node, ir.Loop):
            region = members.get(node, [])
            step, before = [*node.body, *node.traces], [] if node.condition is None else [node.condition]
            needed, going_on, ending = (set(walk.postorder(roots)) for roots in (before, step, node.finals))
            needed |= going_on & ending
            head = [n for n in region if n in needed]
            tail = [n for n in region if n not in needed and n in going_on]
            close = [n for n in region if n not in needed and n not in going_on]
            loops[node] = LoopBlocks(
                _block(members, head, [*before, *tail, *close, *step, *node.finals]),
                _block(members, tail, step),
                _block(members, close, node.finals),
            )
    return branched(Block(nodes, loops), readers)


# ---------------------------------------------------------------- names


def _names(
    function: Function,
    order: Sequence[AnyNode],
    inside: Mapping[AnyNode, tuple[ir.Loop, ...]],
    reserved: Iterable[str],
    in_place: bool,
) -> dict[AnyNode, str]:
    """Parameters first, then from outside to inside of loops: who comes late has the loop's name before its own."""
    taken: set[str] = set(reserved)
    names: dict[AnyNode, str] = {}

    def give(node: AnyNode, wish: str, loops: tuple[ir.Loop, ...] = ()) -> None:
        if node not in names:
            wish = legal(wish)
            if wish in taken and loops and loops[-1].name and not wish.startswith(loops[-1].name):
                wish = legal(f"{loops[-1].name}_{wish}")
            names[node] = _unique(wish, taken)

    for parameter in function.parameters:
        give(parameter, parameter.name)
    by_depth = sorted(order, key=lambda node: len(inside[node]))
    starts: dict[AnyNode, set[str]] = {}
    for node in by_depth:
        if isinstance(node, ir.Loop):
            for parameter, first in zip(node.parameters, node.initial, strict=True):
                give(parameter, parameter.name, (*inside[node], node))
                starts.setdefault(first, set()).add(parameter.name)
            give(node.counter, node.counter.name, (*inside[node], node))
            give(node, node.name if legal(node.name or "loop") not in taken else f"{node.name or 'loop'}_loop")
    wished = {tensor: name for name, tensor in function.results}
    for node in by_depth:
        match node:
            case ir.Array() | ir.Concat() | ir.View():
                name = author(node.name) or wished.get(node, "")
                if name:
                    give(node, f"{name}_start" if name in starts.get(node, ()) else name, inside[node])
    for node in order:
        match node:
            case ir.Array() | ir.Concat() | ir.View():
                give(node, described(node, names))
            case ir.Call(function=called, arguments=arguments):
                give(node, "_".join([called.replace("oracle ", ""), *(names.get(a, "value") for a in arguments)]))
            case ir.Output():
                if in_place and isinstance(node.source, ir.Loop) and node.position <= len(node.source.parameters):
                    places = (*node.source.parameters, node.source.counter)
                    names[node] = names[places[node.position]]
                name = node.name or _output_name(node, names)
                trace = isinstance(node.source, ir.Loop) and node.position > len(node.source.parameters)
                give(node, f"{name}_trace" if trace and legal(name) in taken else name, inside[node])
    return names


def _output_name(node: ir.Output, names: Mapping[AnyNode, str]) -> str:
    match node.source:
        case ir.Loop(parameters=parameters) if node.position < len(parameters):
            return parameters[node.position].name
        case ir.Loop(parameters=parameters) if node.position == len(parameters):
            return "count"
        case ir.Loop():
            return "trace"
        case ir.Call():
            return names[node.source]
    return "value"


def legal(name: str) -> str:
    """A legal identifier for any name."""
    made = re.sub(r"\W", "_", name) or "value"
    if made[0].isdigit():
        made = "_" + made
    return made + "_" if keyword.iskeyword(made) or made in _TAKEN else made


# names that generated code uses itself
_TAKEN = frozenset((
    *CALLS,
    *("np", "jnp", "jax", "lax", "math", "numba", "njit", "special", "partial", "range", "len", "min", "max", "abs"),
    *("sum", "float", "int", "add_at", "argmax", "argmin", "carry", "square_root"),
    *("threefry", "uniform", "uniform_bits", "index_bits", "high_word", "low_word"),
))  # fmt: skip


def _unique(name: str, taken: set[str]) -> str:
    made, number = name, 2
    while made in taken:
        made, number = f"{name}_{number}", number + 1
    taken.add(made)
    return made
