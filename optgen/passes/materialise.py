"""What is computed once: reductions and costly parts that depend on fewer indices than the place where they stand.

Costly parts of a loop's region that do not change with the loop become arrays too, so that they are computed before it.

Expects closed tensors.  Afterwards the body of an Array is elementwise, or one Reduce over an elementwise body.
A choice by one truth value that spares a loop or a call is an Array of its own.
Preserves floats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.program import Function
from optgen.ir.regions import regions
from optgen.ir.special import SPECIAL
from optgen.passes.branches import spares
from optgen.passes.diagonals import without_diagonals

COSTLY = {
    "div",
    "power",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "tan",
    "arccos",
    "arctan2",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "lgamma",
    "digamma",
    "threefry",
    "mod",
    *SPECIAL,
}


def materialise(function: Function) -> Function:
    """The function with such parts as arrays of their own."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = _hoisted(materialised(without_diagonals(tensors)))
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _hoisted(roots: Sequence[Tensor]) -> list[Tensor]:
    """Costly parts that vary with fewer loops than the array they stand in, as arrays of their own."""
    order = list(walk.postorder(roots))
    if not any(isinstance(node, ir.Loop) for node in order):
        return list(roots)
    inside = regions(order)
    chosen: dict[AnyNode, AnyNode] = {}
    for node in order:
        if not isinstance(node, ir.Array) or not inside[node] or not node.indices:
            continue
        stack: list[AnyNode] = [node.body]
        seen: set[AnyNode] = set()
        while stack:
            part = stack.pop()
            if part in seen or _is_tensor(part) or part in chosen:
                continue
            seen.add(part)
            fewer = len(inside[part]) < len(inside[node])
            if (
                fewer
                and part.free
                and isinstance(part, ir.Operation | ir.Choose)
                and part.dtype == "real"
                and _costs(part)
            ):
                outer = walk.free_in_order(part)
                fresh: dict[AnyNode, AnyNode] = {index: Index(index.extent, index.name) for index in outer}
                made = ir.array([fresh[i] for i in outer], walk.substitute([part], fresh)[0], "")  # type: ignore[misc]
                chosen[part] = ir.access(made, *outer)
            elif not isinstance(part, ir.Access) or not fewer:
                stack.extend(walk.children(part))
    if not chosen:
        return list(roots)
    return walk.rewrite(roots, lambda node: None, chosen)


def _costs(part: AnyNode) -> bool:
    return any(isinstance(node, ir.Operation) and node.name in COSTLY for node in _scalars(part))  # type: ignore[arg-type]


def materialised(roots: Sequence[Tensor]) -> list[Tensor]:
    """The tensors with such parts as arrays of their own."""
    extracted: dict[AnyNode, Scalar] = {}

    def own(node: Scalar) -> Scalar:
        """The scalar read from an array of its own."""
        if node not in extracted:
            outer = walk.free_in_order(node)
            fresh: dict[AnyNode, AnyNode] = {index: Index(index.extent, index.name) for index in outer}
            body = walk.substitute([node], fresh)[0]
            name = node.kind if isinstance(node, ir.Reduce) else _name(node)
            made = ir.array([fresh[index] for index in outer], body, name)  # type: ignore[misc]
            extracted[node] = ir.access(made, *outer)
        return extracted[node]

    def rule(node: AnyNode) -> AnyNode | None:
        match node:
            case ir.Array(indices=indices, body=body, name=name):
                if isinstance(body, ir.Reduce):
                    return None  # its own parts were looked at with the Reduce
                new = _pulled(body, frozenset(indices), own)
                return None if new is body else ir.array(indices, new, name)
            case ir.Reduce(kind=kind, indices=indices, condition=condition, body=body):
                within = node.free | frozenset(indices)
                new = _pulled(body, within, own)
                test = None if condition is None else _pulled(condition, within, own)
                return None if new is body and test is condition else ir.reduce(kind, indices, new, test)
            case ir.Loop():
                return _loop(node, own)
            case ir.View(offset=offset) if any(isinstance(n, ir.Reduce) for n in walk.postorder([offset])):
                return ir.view(node.tensor, _pulled(offset, frozenset(), own), node.axes, node.name)
        return None

    return walk.rewrite(roots, rule)


def _name(node: Scalar) -> str:
    return node.name if isinstance(node, ir.Operation) else "value"


def _loop(node: ir.Loop, own) -> ir.Loop | None:  # type: ignore[no-untyped-def]
    scalars = (node.limit, node.condition)
    new = [None if s is None else _pulled(s, frozenset(), own) for s in scalars]
    if all(a is b for a, b in zip(scalars, new, strict=True)):
        return None
    return ir.loop(
        node.counter,
        node.parameters,
        node.initial,
        node.body,
        limit=new[0],
        condition=new[1],
        traces=node.traces,
        capacity=node.capacity,
        finals=node.finals,
        name=node.name,
    )


def _pulled(body: Scalar, within: frozenset[Index], own) -> Scalar:  # type: ignore[no-untyped-def]
    """The body with its reductions, and its costly parts that vary with some but not all indices, read from arrays."""
    parts = _scalars(body)
    chosen: dict[AnyNode, AnyNode] = {}
    for node in parts:
        if isinstance(node, ir.Reduce) or _repeated(node, within) or (node is not body and spares(node)):
            chosen[node] = own(node)
    if not chosen:
        return body
    maximal = _outermost(body, chosen)
    return walk.rewrite([body], lambda node: None, {node: chosen[node] for node in maximal}, _is_tensor)[0]


def _repeated(node: Scalar, within: frozenset[Index]) -> bool:
    return isinstance(node, ir.Operation) and node.name in COSTLY and bool(node.free) and node.free < within


def _is_tensor(node: AnyNode) -> bool:
    return isinstance(node, ir.Input | ir.Array | ir.Concat | ir.View | ir.Output)


def _scalars(root: Scalar) -> list[Scalar]:
    """The scalars of a body: not into tensors, not into other reductions."""
    seen: dict[AnyNode, None] = {}
    stack: list[AnyNode] = [root]
    while stack:
        node = stack.pop()
        if node in seen or _is_tensor(node) or isinstance(node, ir.Index):
            continue
        seen[node] = None
        if not isinstance(node, ir.Reduce):
            stack.extend(walk.children(node))
    return list(seen)  # type: ignore[arg-type]


def _outermost(body: Scalar, chosen: dict[AnyNode, AnyNode]) -> list[AnyNode]:
    """The chosen nodes reached from the body without passing another chosen one."""
    found: dict[AnyNode, None] = {}
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [body]
    while stack:
        node = stack.pop()
        if node in seen or _is_tensor(node):
            continue
        seen.add(node)
        if node in chosen:
            found[node] = None
        else:
            stack.extend(walk.children(node))
    return list(found)
