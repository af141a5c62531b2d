"""Where each node of a graph stands when it is written down: the innermost binder whose places it depends on.

Places are indices (bound by Array and Reduce) and region inputs (bound by Loop and Lambda).  A binder that shares its
place with another is entered once for each, so the scopes are a tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Input

Place = Index | Input
LEAVES = (ir.Constant, ir.Dim, ir.Index)


@dataclass(slots=True)
class Scope:
    """`order` has the nodes that stand here, each after what it is built from; `uses` counts their readers.

    `owners` maps every place that is bound here or outside to the scope that binds it; `inner` has the scopes of the
    binders in `order`, `crossed` what is read from one of them.  Leaves (constants, dims, indices) stand nowhere.
    """

    depth: int
    owners: dict[Place, Scope]
    order: list[AnyNode] = field(default_factory=list)
    uses: dict[AnyNode, int] = field(default_factory=dict)
    inner: dict[AnyNode, Scope] = field(default_factory=dict)
    crossed: set[AnyNode] = field(default_factory=set)


def scopes(sections: Sequence[Sequence[AnyNode]], parameters: Iterable[Input]) -> tuple[Scope, list[int]]:
    """The tree of scopes of a graph over `parameters`; of each section of its roots, where it ends in the top's order.

    Raises IRError where a place is used that nothing binds.
    """
    top = Scope(0, {})
    top.owners.update((parameter, top) for parameter in parameters)
    region_inputs = _region_inputs([root for roots in sections for root in roots], top.owners)
    ends = []
    for roots in sections:
        _place(roots, top, region_inputs)
        ends.append(len(top.order))
    return top, ends


def _place(roots: Sequence[AnyNode], top: Scope, region_inputs: dict[AnyNode, frozenset[Input]]) -> None:
    stack: list[tuple[AnyNode, Scope, bool]] = [(root, top, False) for root in reversed(roots)]
    while stack:
        node, scope, ready = stack.pop()
        if ready:
            scope.order.append(node)
            continue
        if isinstance(node, LEAVES):
            continue
        reader, scope = scope, _owner(node, scope, top, region_inputs)
        if reader is not scope:
            scope.crossed.add(node)
        count = scope.uses[node] = scope.uses.get(node, 0) + 1
        if count > 1:
            continue
        stack.append((node, scope, True))
        bound = walk.bound(node)
        if not bound:
            stack.extend([(child, scope, False) for child in reversed(parts(node))])
            continue
        inner = scope.inner[node] = Scope(scope.depth + 1, dict(scope.owners))
        inner.owners.update((place, inner) for place in bound)
        outside, inside = _divided(node)
        stack.extend([(child, inner, False) for child in reversed(inside)])
        stack.extend([(child, scope, False) for child in reversed(outside)])


def _owner(node: AnyNode, scope: Scope, top: Scope, region_inputs: dict[AnyNode, frozenset[Input]]) -> Scope:
    owner = top
    for places in (node.free, region_inputs.get(node, ())):
        for place in places:
            found = scope.owners.get(place)
            if found is None:
                raise ir.IRError(f"{place.name} is used outside the node that binds it")
            if found.depth > owner.depth:
                owner = found
    return owner


def _region_inputs(roots: list[AnyNode], known: dict[Place, Scope]) -> dict[AnyNode, frozenset[Input]]:
    """The inputs of loops and lambdas that a node depends on and does not bind, where there are some."""
    found: dict[AnyNode, frozenset[Input]] = {}
    order = list(walk.postorder(roots))
    bound = {place for node in order if isinstance(node, ir.Loop | ir.Lambda) for place in walk.bound(node)}
    for node in order:
        sets = {found[child] for child in parts(node) if child in found}
        inputs = sets.pop() if len(sets) == 1 else frozenset().union(*sets)
        if isinstance(node, ir.Input) and (node in bound or node not in known):
            inputs |= {node}
        elif isinstance(node, ir.Loop | ir.Lambda):
            inputs = inputs.difference(walk.bound(node))
        if inputs:
            found[node] = inputs
    return found


def parts(node: AnyNode) -> tuple[AnyNode, ...]:
    """What has to be written before a node, or in it: its children, and the axes that its text states."""
    match node:
        case ir.Call():
            return (*node.arguments, *(axis for _, axes in node.outputs for axis in axes))
        case ir.Loop() | ir.Lambda():
            return (*(axis for parameter in node.parameters for axis in parameter.axes), *walk.children(node))
    return walk.children(node)


def _divided(node: AnyNode) -> tuple[list[AnyNode], list[AnyNode]]:
    """The parts of a binder outside and inside its scope."""
    outside: list[AnyNode] = []
    match node:
        case ir.Reduce(indices=indices, condition=condition, body=body):
            inside: list[AnyNode] = [body] if condition is None else [condition, body]
            return [index.extent for index in indices], inside
        case ir.Array(axes=axes, body=body):
            return [*axes], [body]
        case ir.Loop(condition=condition):
            outside += [axis for parameter in node.parameters for axis in parameter.axes]
            outside += [*node.initial, *(s for s in (node.limit, node.capacity) if s is not None)]
            return outside, [*([] if condition is None else [condition]), *node.body, *node.traces, *node.finals]
        case ir.Lambda():
            outside += [axis for parameter in node.parameters for axis in parameter.axes]
            return outside, [*node.results]
    raise ir.IRError(f"{type(node).__name__} binds nothing")
