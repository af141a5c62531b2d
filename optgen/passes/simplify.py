"""Cheap algebra: rules that make the graph smaller, each with what it preserves.

Expects any function without Derivatives.  `floats` rules change no bit; `reals` rules may reorder a reduction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import apply
from optgen.ir.program import Function


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    preserves: Literal["floats", "reals"]
    apply: Callable[[AnyNode], AnyNode | None]


def simplify(function: Function) -> Function:
    """The function after one bottom-up sweep of all rules, without traces and carried values that nothing reads."""
    names, tensors = zip(*function.results, strict=True) if function.results else ((), ())
    made = walk.rewrite(tensors, _any_rule)
    made = _without_unused_traces(made)
    return Function(
        function.name, function.dims, function.parameters, tuple(zip(names, made, strict=True)), function.doc
    )


def _any_rule(node: AnyNode) -> AnyNode | None:
    for rule in RULES.get(type(node), ()):
        new = rule.apply(node)
        if new is not None:
            return new
    return None


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
    """sum(i: c*e) is c*sum(i: e) for c without i; a sign too."""
    if not isinstance(node, ir.Reduce) or node.kind != "sum" or node.dtype != "real":
        return None
    bound = frozenset(node.indices)
    match node.body:
        case ir.Operation(name="neg", arguments=(x,)):
            return apply("neg", ir.reduce("sum", node.indices, x, node.condition))
        case ir.Operation(name="mul", arguments=(c, x)) if not c.free & bound:
            return apply("mul", c, ir.reduce("sum", node.indices, x, node.condition))
        case ir.Operation(name="mul", arguments=(x, c)) if not c.free & bound:
            return apply("mul", ir.reduce("sum", node.indices, x, node.condition), c)
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
        Rule("decided", "floats", _decided),
    ),
    ir.Choose: (Rule("nested choice", "floats", _nested_choice),),
    ir.Reduce: (
        Rule("any equal", "floats", _any_equal),
        Rule("one term", "floats", _delta),
        Rule("constant factor", "reals", _constant_factor),
    ),
    ir.Access: (Rule("cheap array", "floats", _cheap_array),),
}


# ---------------------------------------------------------------- loops


def _without_unused_traces(roots: list[ir.Tensor]) -> list[ir.Tensor]:
    """Loops without the traces, and carried values feeding only themselves, that nothing reads."""
    order = list(walk.postorder(roots))
    read: dict[ir.Loop, set[int]] = {}
    for node in order:
        if isinstance(node, ir.Output) and isinstance(node.source, ir.Loop):
            read.setdefault(node.source, set()).add(node.position)
    plans = {loop_: _plan(loop_, positions) for loop_, positions in read.items()}
    if all(plan is None for plan in plans.values()):
        return list(roots)
    made: dict[ir.Loop, tuple[ir.Loop, dict[int, int]]] = {}

    def rule(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Output) and isinstance(node.source, ir.Loop):
            found = made.get(node.source)
            if found is not None:
                return ir.output(found[0], found[1][node.position], node.name)
        return None

    kept: dict[AnyNode, tuple[list[int], list[int]]] = {
        loop_: plan for loop_, plan in plans.items() if plan is not None
    }

    def shrink(node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Loop):
            return rule(node)
        plan = kept.get(originals.get(node, node))
        if plan is None:
            return None
        carried, traces = plan
        small = ir.loop(
            node.counter,
            [node.parameters[k] for k in carried],
            [node.initial[k] for k in carried],
            [node.body[k] for k in carried],
            limit=node.limit,
            condition=node.condition,
            traces=[node.traces[k] for k in traces],
            capacity=node.capacity if traces else None,
            name=node.name,
        )
        count = len(node.parameters)
        places = {old: new for new, old in enumerate(carried)}
        places[count] = len(carried)
        places.update({count + 1 + old: len(carried) + 1 + new for new, old in enumerate(traces)})
        made[node] = (small, places)
        return None

    originals: dict[AnyNode, AnyNode] = {}
    return walk.rewrite(roots, shrink)


def _plan(node: ir.Loop, positions: set[int]) -> tuple[list[int], list[int]] | None:
    """Carried values and traces to keep; None if all are."""
    count = len(node.parameters)
    needed = {k for k in positions if k < count}
    traces = sorted(k - count - 1 for k in positions if k > count)
    roots: list[AnyNode] = [node.traces[k] for k in traces]
    if node.condition is not None:
        roots.append(node.condition)
    places = {p: k for k, p in enumerate(node.parameters)}
    while True:
        reached = set(walk.postorder([*roots, *(node.body[k] for k in needed)]))
        more = {k for p, k in places.items() if p in reached} | needed
        if more == needed:
            break
        needed = more
    if len(needed) == count and len(traces) == len(node.traces):
        return None
    return sorted(needed), traces
