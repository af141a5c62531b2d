"""Scalars with names for what should be computed once.

A value that an inner loop would compute again in every iteration, and that costs more than a few cycles, is a Let
before it; so is a costly value used twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir.imperative import Let
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import apply
from optgen.passes.loops.pieces import HEAVY
from optgen.passes.loops.space import Space, unique
from optgen.passes.loops.writing import Writer, hold, parts_of, scalars_below

# cheap enough to be computed again, or to be left to LLVM to move
LIGHT = frozenset(
    [
        *("add", "sub", "mul", "neg", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "minimum", "maximum"),
        *("to_real", "bool_to_int", "stop_gradient", "sign", "abs"),
    ]
)
LAZY = HEAVY | {"floordiv", "mod"}  # not computed where a condition might spare it
WORDS = {  # names for what has none
    "add": "total",
    "sub": "difference",
    "mul": "product",
    "div": "ratio",
    "neg": "negative",
    "power": "power",
    "power_int": "power",
    "sqrt": "root",
    "threefry": "bits",
    "int_to_bits": "word",
    "eq": "same",
    "and": "both",
    "or": "either",
    "not": "opposite",
    "abs": "size",
}


@dataclass(slots=True)
class Facts:
    """What a block's scalars are like: which have no name yet (`open`, parts first), the scope each belongs to, whether
    it is costly, lazy, surely computed, how often it is used; `bound` are those to name."""

    open: list[AnyNode] = field(default_factory=list)
    level: dict[AnyNode, int] = field(default_factory=dict)
    worth: set[AnyNode] = field(default_factory=set)
    lazy: set[AnyNode] = field(default_factory=set)
    uses: Counter[AnyNode] = field(default_factory=Counter)
    sure: set[AnyNode] = field(default_factory=set)
    bound: set[AnyNode] = field(default_factory=set)


def facts_of(writer: Writer, roots: Sequence[Scalar]) -> Facts:
    """What the scalars of the innermost block are like."""
    facts = Facts()
    scopes = writer.scopes
    here = len(scopes) - 1
    depths = {scope.index: depth for depth, scope in enumerate(scopes) if scope.index is not None}
    order = scalars_below(roots, writer.known)
    facts.uses.update(roots)
    for node in order:
        held = writer.known.get(node)
        if held is not None:
            facts.level[node] = held.depth
            continue
        parts = parts_of(node)
        facts.uses.update(parts)
        facts.open.append(node)
        level = max((facts.level[part] for part in parts), default=scopes[here].floor)
        match node:
            case ir.Index():
                level = max(level, depths.get(node, 0))
            case ir.Access(tensor=tensor):
                root = writer.space.root(tensor)  # type: ignore[arg-type]
                level = max([level, *(depth for depth, scope in enumerate(scopes) if root in scope.writes)])
        facts.level[node] = level
        if _costly(node) or any(part in facts.worth for part in parts):
            facts.worth.add(node)
        if (isinstance(node, ir.Operation) and node.name in LAZY) or any(part in facts.lazy for part in parts):
            facts.lazy.add(node)
    _mark_sure(facts, roots)
    _choose_bound(facts, roots, here)
    return facts


def _costly(node: AnyNode) -> bool:
    match node:
        case ir.Operation(name=name, arguments=arguments):
            return name not in LIGHT and not all(isinstance(a, ir.Constant) for a in arguments)
        case ir.Access(indices=indices):
            return bool(indices)
    return False


def _mark_sure(facts: Facts, roots: Sequence[Scalar]) -> None:
    """What is computed whichever way the choices fall."""
    stack: list[AnyNode] = list(roots)
    while stack:
        node = stack.pop()
        if node in facts.sure:
            continue
        facts.sure.add(node)
        stack.extend([node.condition] if isinstance(node, ir.Choose) else parts_of(node))


def _choose_bound(facts: Facts, roots: Sequence[Scalar], here: int) -> None:
    """The values to name: costly ones that an outer scope can hold, and costly ones used twice."""
    outermost: set[AnyNode] = {root for root in roots if facts.level[root] < here}
    for node in facts.open:
        outermost.update(part for part in parts_of(node) if facts.level[part] < facts.level[node])
    for node in facts.open:
        if node not in facts.worth or (node in facts.lazy and node not in facts.sure):
            continue
        plain = isinstance(node, ir.Access) and all(isinstance(p, ir.Index | ir.Constant) for p in node.indices)
        if (facts.level[node] < here and node in outermost) or (facts.uses[node] > 1 and not plain):
            facts.bound.add(node)


def values(writer: Writer, facts: Facts, roots: Sequence[Scalar]) -> list[Scalar]:
    """The scalars with named values in place; what is to be named and is not yet, is named now."""
    done: dict[AnyNode, Scalar] = {}
    for node in scalars_below(roots, writer.known):
        held = writer.known.get(node)
        if held is not None:
            done[node] = held.value
            continue
        made = _rebuilt(writer.space, node, done)
        if node in facts.bound and not (isinstance(made, ir.Access) and not made.indices):
            depth = facts.level[node]
            local = ir.Input(unique(_described(node), writer.space.names), made.dtype)
            writer.scopes[depth].statements.append(Let(local, made))
            made = ir.access(local)
            hold(writer, node, made, depth)
        done[node] = made
    return [done[root] for root in roots]


def _rebuilt(space: Space, node: AnyNode, done: dict[AnyNode, Scalar]) -> Scalar:
    match node:
        case ir.Operation(name=name, arguments=arguments):
            new = tuple(done[a] for a in arguments)
            return node if new == arguments else apply(name, *new)
        case ir.Access(tensor=tensor, indices=indices):
            return ir.access(space.memory(tensor), *(done[i] for i in indices))  # type: ignore[arg-type]
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return ir.choose(done[condition], done[then], done[otherwise])
    return node  # type: ignore[return-value]


def _described(node: AnyNode) -> str:
    match node:
        case ir.Access(tensor=tensor, indices=indices):
            numbers: dict[AnyNode, str] = {i: str(i.value) for i in indices if isinstance(i, ir.Constant)}
            names = [i.name if isinstance(i, Index) else numbers.get(i, "") for i in indices]
            return "_".join([tensor.name, *(name for name in names if name)])
        case ir.Operation(name=name, arguments=arguments):
            first = next((_described(a) for a in arguments if isinstance(a, ir.Access)), "")
            word = WORDS.get(name, name)
            return f"{word}_{first}" if first and len(arguments) == 1 else word
        case ir.Choose():
            return "chosen"
    return "value"
