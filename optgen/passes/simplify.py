"""Cheap algebra: rules that make the graph smaller, each with what it preserves.

Expects any function without Derivatives.  `floats` rules change no bit; `reals` rules may reorder a reduction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.unused import without_unused


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    preserves: Literal["floats", "reals"]
    apply: Callable[[AnyNode], AnyNode | None]


def simplify(function: Function) -> Function:
    """The function after one bottom-up sweep of all rules, without traces and carried values that nothing reads."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = without_unused(walk.rewrite(without_unused(tensors), _any_rule))
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _any_rule(node: AnyNode) -> AnyNode:
    """The node after all rules that apply to it, and to what it becomes."""
    for rule in RULES.get(type(node), ()):
        new = rule.apply(node)
        if new is not None and new is not node:
            return _any_rule(new)
    return node


def _minus_one(node: AnyNode) -> AnyNode | None:
    """x * -1 is -x."""
    match node:
        case (
            ir.Operation(name="mul", arguments=(x, ir.Constant(value=-1)))
            | ir.Operation(name="mul", arguments=(ir.Constant(value=-1), x))
        ):
            return apply("neg", x)
    return None


def _signs(node: AnyNode) -> AnyNode | None:
    """x + (-y) is x - y, x - (-y) is x + y, (-x)*(-y) is x*y."""
    match node:
        case ir.Operation(name="add", arguments=(x, ir.Operation(name="neg", arguments=(y,)))):
            return apply("sub", x, y)
        case ir.Operation(name="sub", arguments=(x, ir.Operation(name="neg", arguments=(y,)))):
            return apply("add", x, y)
        case ir.Operation(
            name="mul", arguments=(ir.Operation(name="neg", arguments=(x,)), ir.Operation(name="neg", arguments=(y,)))
        ):
            return apply("mul", x, y)
    return None


def _double(node: AnyNode) -> AnyNode | None:
    """x + x is 2*x."""
    match node:
        case ir.Operation(name="add", dtype="real", arguments=(x, y)) if x is y:
            return apply("mul", ir.constant(2, "real"), x)
    return None


def _decided(node: AnyNode) -> AnyNode | None:
    """A comparison of `choose(c, 1, 0)` with a number is c, or not c."""
    match node:
        case ir.Operation(
            name="eq" | "ne" as name,
            arguments=(
                ir.Choose(condition=c, then=ir.Constant(value=a), otherwise=ir.Constant(value=b)),
                ir.Constant(value=k),
            ),
        ):
            first, second = (a == k) == (name == "eq"), (b == k) == (name == "eq")
            if first == second:
                return ir.constant(first)
            return c if first else apply("not", c)
        case ir.Operation(name="not", arguments=(ir.Operation(name="not", arguments=(x,)),)):
            return x
    return None


_OPPOSITE = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}


def _negated(node: AnyNode) -> AnyNode | None:
    """not a < b is a >= b, for integers: no NaN is among them."""
    match node:
        case ir.Operation(name="not", arguments=(ir.Operation(name=name, arguments=(a, b)),)) if name in _OPPOSITE:
            return apply(_OPPOSITE[name], a, b) if a.dtype == "int" else None
    return None


def _repeated(node: AnyNode) -> AnyNode | None:
    """a and b and a is a and b; so with or."""
    match node:
        case ir.Operation(name="and" | "or" as name, arguments=(a, b)):
            left = a
            while True:
                if left is b:
                    return a
                if not isinstance(left, ir.Operation) or left.name != name:
                    return None
                if left.arguments[1] is b:
                    return a
                left = left.arguments[0]
    return None


def _root_of_squares(node: AnyNode) -> AnyNode | None:
    """The square root of a sum of squares needs no choice at 0, which has derivatives only."""
    match node:
        case ir.Choose(
            condition=ir.Operation(name="eq", arguments=(x, ir.Constant(value=0))),
            then=ir.Constant(value=0),
            otherwise=ir.Operation(name="sqrt", arguments=(y,)) as root,
        ) if x is y:
            match x:
                case ir.Reduce(kind="sum", body=ir.Operation(name="mul", arguments=(a, b))) if a is b:
                    return root
    return None


def _nested_choice(node: AnyNode) -> AnyNode | None:
    """A choice inside a branch of a choice by the same condition is decided."""
    match node:
        case ir.Choose(condition=c, then=ir.Choose(condition=d, then=x), otherwise=y) if c is d:
            return ir.choose(c, x, y)
        case ir.Choose(condition=c, then=x, otherwise=ir.Choose(condition=d, otherwise=y)) if c is d:
            return ir.choose(c, x, y)
    return None


def _delta(node: AnyNode) -> AnyNode | None:
    """A sum under `i == e`, e without i, has one term."""
    if not isinstance(node, ir.Reduce) or node.kind not in ("sum", "any") or node.condition is None:
        return None
    tests = _conjuncts(node.condition)
    for position, test in enumerate(tests):
        found = _index_equal(test, node.indices)
        if found is None:
            continue
        index, value = found
        rest = tests[:position] + tests[position + 1 :]
        others = tuple(i for i in node.indices if i is not index)
        condition: Scalar | None = None
        for other in rest:
            condition = other if condition is None else apply("and", condition, other)
        inside = apply("and", apply("ge", value, ir.constant(0)), apply("lt", value, index.extent))
        body = node.body
        pieces = [body] if condition is None else [body, condition]
        pieces = walk.substitute(pieces, {index: value})
        zero = ir.constant(False if node.dtype == "bool" else 0, node.dtype)
        if others:
            inner = ir.reduce(node.kind, others, pieces[0], pieces[1] if condition is not None else None)
            return (
                inner
                if isinstance(value, ir.Index) and value.extent is index.extent
                else ir.choose(inside, inner, zero)
            )
        test_ = inside if condition is None else apply("and", inside, pieces[1])
        if isinstance(value, ir.Index) and value.extent is index.extent:
            test_ = ir.constant(True) if condition is None else pieces[1]
        return ir.choose(test_, pieces[0], zero)
    return None


def _conjuncts(condition: Scalar) -> list[Scalar]:
    if isinstance(condition, ir.Operation) and condition.name == "and":
        return [*_conjuncts(condition.arguments[0]), *_conjuncts(condition.arguments[1])]
    return [condition]


def _index_equal(test: Scalar, indices: tuple[ir.Index, ...]) -> tuple[ir.Index, Scalar] | None:
    match test:
        case ir.Operation(name="eq", arguments=(ir.Index() as i, e)) if i in indices and not (
            e.free & frozenset(indices)
        ):
            return i, e
        case ir.Operation(name="eq", arguments=(e, ir.Index() as i)) if i in indices and not (
            e.free & frozenset(indices)
        ):
            return i, e
    return None


def _any_equal(node: AnyNode) -> AnyNode | None:
    """`any(j: j == e and ..)` has its equality as the condition, so that the rule for one term applies."""
    if isinstance(node, ir.Reduce) and node.kind == "any" and node.body is not _TRUE:
        tests = _conjuncts(node.body)
        if any(_index_equal(test, node.indices) for test in tests):
            condition = node.body if node.condition is None else apply("and", node.condition, node.body)
            return _delta(ir.reduce("any", node.indices, _TRUE, condition))
    return None


def _constant_factor(node: AnyNode) -> AnyNode | None:
    """sum(i: c*e) is c*sum(i: e) for c without i.

    Under a condition only if c is a finite number for sure: an empty sum is 0, whatever its entries would have been.
    """
    if not isinstance(node, ir.Reduce) or node.kind != "sum" or node.dtype != "real":
        return None
    bound = frozenset(node.indices)

    def hoisted(factor: Scalar) -> bool:
        return factor.free.isdisjoint(bound) and (node.condition is None or isinstance(factor, ir.Constant))

    above, below, negative = _factors(node.body)
    outer = [factor for factor in above if hoisted(factor)]
    under = [factor for factor in below if hoisted(factor)]
    if not (outer or under or negative) or (len(outer) == len(above) == 1 and not below):
        return None
    inner = _product([factor for factor in above if not hoisted(factor)])
    for factor in below:
        inner = inner if hoisted(factor) else apply("div", inner, factor)
    total = _product([*outer, _any_rule(ir.reduce("sum", node.indices, inner, node.condition))])  # type: ignore[list-item]
    for factor in under:
        total = apply("div", total, factor)
    return apply("neg", total) if negative else total


def _factors(body: Scalar) -> tuple[list[Scalar], list[Scalar], bool]:
    """The factors of a product in order, what it is divided by, and whether it is negative."""
    above: list[Scalar] = []
    below: list[Scalar] = []
    negative = False
    stack = [(body, above)]
    while stack:
        node, side = stack.pop()
        match node:
            case ir.Operation(name="mul", arguments=(a, b)):
                stack += [(b, side), (a, side)]
            case ir.Operation(name="neg", arguments=(a,)):
                negative = not negative
                stack.append((a, side))
            case ir.Operation(name="div", arguments=(a, b)) if side is above:
                below.append(b)
                stack.append((a, side))
            case _:
                side.append(node)
    return above, below, negative


def _product(factors: list[Scalar]) -> Scalar:
    """The product, 1 of nothing."""
    total, *rest = factors or [ir.constant(1, "real")]
    for factor in rest:
        total = apply("mul", total, factor)
    return total


def _constant_body(node: AnyNode) -> AnyNode | None:
    """A sum of what is the same for all entries is that times how many there are."""
    match node:
        case ir.Reduce(kind="sum", indices=indices, condition=None, body=body) if body.free.isdisjoint(indices):
            count = extents.product([index.extent for index in indices])
            return apply("mul", body, apply("to_real", count) if body.dtype == "real" else count)
    return None


def _zero(node: AnyNode) -> AnyNode | None:
    """x + 0, x - 0 are x, 0 - x is -x; the sign of a zero may change."""
    match node:
        case ir.Operation(name="add", arguments=(x, ir.Constant(value=0, dtype="real"))):
            return x
        case ir.Operation(name="add", arguments=(ir.Constant(value=0, dtype="real"), x)):
            return x
        case ir.Operation(name="sub", arguments=(x, ir.Constant(value=0, dtype="real"))):
            return x
        case ir.Operation(name="sub", arguments=(ir.Constant(value=0, dtype="real"), x)):
            return apply("neg", x)
    return None


def _cheap_array(node: AnyNode) -> AnyNode | None:
    """A read of an unnamed array that is a constant or another read is that constant or read."""
    match node:
        case ir.Access(tensor=ir.Array(body=ir.Constant() as body)):
            return body
        case ir.Access(tensor=ir.Array(indices=bound, body=ir.Access() as body, name=""), indices=places):
            return walk.substitute([body], dict(zip(bound, places, strict=True)))[0]
    return None


_TRUE = ir.constant(True)

RULES: dict[type, tuple[Rule, ...]] = {
    ir.Operation: (
        Rule("minus one", "floats", _minus_one),
        Rule("signs", "floats", _signs),
        Rule("double", "floats", _double),
        Rule("zero", "reals", _zero),
        Rule("decided", "floats", _decided),
        Rule("negated", "floats", _negated),
        Rule("repeated", "floats", _repeated),
    ),
    ir.Choose: (
        Rule("nested choice", "floats", _nested_choice),
        Rule("root of squares", "floats", _root_of_squares),
    ),
    ir.Reduce: (
        Rule("any equal", "floats", _any_equal),
        Rule("one term", "floats", _delta),
        Rule("constant body", "reals", _constant_body),
        Rule("constant factor", "reals", _constant_factor),
    ),
    ir.Access: (Rule("cheap array", "floats", _cheap_array),),
}
