"""Partial operations under choices are computed where they are defined, for a framework that differentiates the code.

The derivative of `where(c, f(x), 0)` is that of f times 0 where c does not hold, and NaN if f has none there: so f is
computed at `where(c, x, s)`, s being its safe argument.  A root of a sum of squares has the derivative 0 at 0.

Expects closed, materialised functions; preserves floats exactly.
"""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import apply, declared
from optgen.ir.program import Function

TENSORS = (ir.Input, ir.Array, ir.Concat, ir.View, ir.Output)


def safe(function: Function) -> Function:
    """The function whose code has derivatives wherever it has values."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = walk.rewrite(tensors, _rule)
    results = tuple(zip(names, made, strict=True))
    return Function(function.name, function.dims, function.parameters, results, function.doc)


def _rule(node: AnyNode) -> AnyNode | None:
    match node:
        case ir.Choose(condition=test, then=then, otherwise=otherwise) if root_of(node) is None:
            return ir.choose(test, _guarded(then, test, True), _guarded(otherwise, test, False))
        case ir.Operation(name="sqrt", arguments=(square,)) if _sum_of_squares(square):
            zero = ir.constant(0, "real")
            return ir.choose(apply("eq", square, zero), zero, node)
    return None


def root_of(node: ir.Choose) -> Scalar | None:
    """x where the node is `0 where x == 0, else the root of x`, which has a derivative as a whole only."""
    match node:
        case ir.Choose(
            condition=ir.Operation(name="eq", arguments=(x, ir.Constant(value=0))),
            then=ir.Constant(value=0),
            otherwise=ir.Operation(name="sqrt", arguments=(y,)),
        ) if x is y:
            return x
    return None


def _guarded(side: Scalar, test: Scalar, holds: bool) -> Scalar:
    """A side of a choice with the arguments of its partial operations safe where the other side is chosen."""

    def rule(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Operation) or not _partial(node, test):
            return None
        place, value = declared(node.name).safe or (0, 0)
        arguments = list(node.arguments)
        own, other = arguments[place], ir.constant(value, "real")
        arguments[place] = ir.choose(test, own, other) if holds else ir.choose(test, other, own)
        return apply(node.name, *arguments)

    return walk.rewrite([side], rule, skip=lambda node: isinstance(node, TENSORS))[0]


def _partial(node: ir.Operation, test: Scalar) -> bool:
    """Whether an operation may lack a value or a derivative, depending on what it reads where the test fails too."""
    declaration = declared(node.name)
    if declaration.safe is None or node.dtype != "real":
        return False
    match node:
        case ir.Operation(name="power_int", arguments=(_, ir.Constant(value=exponent))) if exponent > 0:
            return False
    return _reads(node.arguments[declaration.safe[0]], test)


def _reads(root: Scalar, test: Scalar) -> bool:
    """Whether a scalar reads a tensor other than under the test."""
    stack: list[AnyNode] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Access):
            return True
        if not isinstance(node, ir.Index | ir.Dim) and not (isinstance(node, ir.Choose) and node.condition is test):
            stack.extend(walk.children(node))
    return False


def _sum_of_squares(node: Scalar) -> bool:
    match node:
        case ir.Reduce(kind="sum", body=ir.Operation(name="mul", arguments=(a, b))):
            return a is b
        case ir.Access(tensor=ir.Array(body=ir.Reduce() as body)):
            return _sum_of_squares(body)
    return False
