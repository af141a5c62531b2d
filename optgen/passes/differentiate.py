"""Derivatives expanded: jvp and vjp, nested, through loops.

Expects any function; afterwards no Derivative node is left.  Preserves reals exactly, where the derivative exists.
Innermost first: a product with a Hessian is the jvp of a vjp.
"""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Tensor
from optgen.ir.program import Function
from optgen.passes.finals import has_finals, without_finals
from optgen.passes.forward import push_forward
from optgen.passes.reverse import pull_back


def differentiate(function: Function) -> Function:
    """The function with every Derivative replaced by what it is."""
    expanded: dict[ir.Derivative, tuple[Tensor, ...]] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Output) or not isinstance(node.source, ir.Derivative):
            return None
        source = node.source
        if source not in expanded:
            expanded[source] = push_forward(source) if source.kind == "jvp" else pull_back(source)
        return _named(expanded[source][node.position], node.name)

    tensors = [tensor for _, tensor in function.results]
    derivatives = [node for node in walk.postorder(tensors) if isinstance(node, ir.Derivative)]
    if not derivatives:
        return function
    if has_finals(derivatives):
        tensors = without_finals(tensors)
    names = [name for name, _ in function.results]
    made = walk.rewrite(tensors, rule)
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _named(tensor: Tensor, name: str) -> Tensor:
    """The tensor under the name that the author gave the derivative."""
    if name and isinstance(tensor, ir.Array) and tensor.indices:
        return ir.array(tensor.indices, tensor.body, name)
    if name and isinstance(tensor, ir.Concat):
        return ir.concat(tensor.parts, name)
    return tensor
