"""Which functions are legal after which pass: a table of rules, each with the pass from which on it holds.

Tests check between passes; what is found here is a mistake of a pass, never of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.calls import CALLS
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.ir.operations import OPERATIONS
from optgen.ir.program import Function
from optgen.ir.scopes import scopes
from optgen.ir.special import SPECIAL

STAGES = ("assemble", "differentiate", "draws", "simplify", "lift", "materialise", "share")
NUMBERS = ("real", "int", "f32", "f64")
REALS = ("real", "f32", "f64")
LAWS = {"uniform": 2, "normal": 2, "exponential": 1, "index": 1}


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a node (`broken` says how it does not) after the pass `since` and all later ones."""

    name: str
    since: str
    broken: Callable[[AnyNode], Iterable[str]]


def check(function: Function, stage: str = "assemble") -> None:
    """Raises IRError with all that is illegal in a function after the pass `stage`."""
    found = list(violations(function, stage))
    if found:
        raise ir.IRError(f"{function.name} after {stage}: " + "; ".join(found))


def violations(function: Function, stage: str = "assemble") -> Iterator[str]:
    """Every rule that a function breaks, and how."""
    if stage not in STAGES:
        raise ir.IRError(f"there is no stage {stage}")
    active = [rule for rule in RULES if STAGES.index(rule.since) <= STAGES.index(stage)]
    roots = [tensor for _, tensor in function.results]
    order = list(walk.postorder(roots))
    yield from _places(function, order)
    for node in order:
        for rule in active:
            for broken in rule.broken(node):
                yield f"{rule.name}: {_described(node)}: {broken}"


def _described(node: AnyNode) -> str:
    name = getattr(node, "name", "") or getattr(node, "function", "") or getattr(node, "kind", "")
    return f"{type(node).__name__} {name}".strip() if isinstance(name, str) else type(node).__name__


# ---------------------------------------------------------------- places


def _places(function: Function, order: Sequence[AnyNode]) -> Iterator[str]:
    """Every place is bound where it is used, and not again inside; every dim is a dim of the function."""
    dims = {node.name for node in order if isinstance(node, ir.Dim)}
    for name in sorted(dims - set(function.dims)):
        yield f"places: {name} is not a dim of the function"
    for parameter in function.parameters:
        if parameter.free:
            yield f"places: the parameter {parameter.name} depends on an index"
    try:
        top, _ = scopes([[tensor for _, tensor in function.results]], function.parameters)
    except ir.IRError as error:
        yield f"places: {error}"
        return
    stack = [top]
    while stack:
        scope = stack.pop()
        for node, inner in scope.inner.items():
            for place in walk.bound(node):
                if place in scope.owners:
                    yield f"places: {_described(node)} binds {place.name} where it is bound already"
            stack.append(inner)


# ---------------------------------------------------------------- types


def _is(what: str, value: Scalar | ir.Input | None, dtype: str) -> Iterator[str]:
    if value is not None and value.dtype != dtype:
        yield f"{what} is {value.dtype}, not {dtype}"


def _constant(node: AnyNode) -> Iterator[str]:
    if not isinstance(node, ir.Constant):
        return
    kinds = {"int": int, "u64": int, "bool": bool}
    wanted = kinds.get(node.dtype, Fraction if not isinstance(node.value, float) else float)
    if not isinstance(node.value, wanted) or (node.dtype in ("int", "u64") and isinstance(node.value, bool)):
        yield f"{node.value!r} is no {node.dtype}"


def _operation(node: AnyNode) -> Iterator[str]:
    if not isinstance(node, ir.Operation):
        return
    declaration = OPERATIONS.get(node.name) or SPECIAL.get(node.name)
    if declaration is None or len(declaration.takes) != len(node.arguments):
        yield f"there is none of {len(node.arguments)} arguments"
        return
    numbers = {a.dtype for a, wanted in zip(node.arguments, declaration.takes, strict=True) if wanted == "number"}
    if len(numbers) > 1 or not numbers <= set(NUMBERS):
        yield f"of {', '.join(sorted(numbers))}"
    for argument, wanted in zip(node.arguments, declaration.takes, strict=True):
        if wanted != "number":
            yield from _is("an argument", argument, wanted)
    gives = node.arguments[0].dtype if declaration.gives == "same" else declaration.gives
    if node.dtype != gives:
        yield f"gives {node.dtype}, not {gives}"


def _reduce(node: AnyNode) -> Iterator[str]:
    if not isinstance(node, ir.Reduce):
        return
    yield from _is("the condition", node.condition, "bool")
    if node.kind in ("any", "all"):
        yield from _is("the body", node.body, "bool")
    elif node.body.dtype not in NUMBERS:
        yield f"the body is {node.body.dtype}, not a number"


def _scalars(node: AnyNode) -> Iterator[str]:
    """Conditions are Bool, places and extents int."""
    match node:
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            yield from _is("the condition", condition, "bool")
            yield from _is("one branch", otherwise, then.dtype)
        case ir.Index(extent=extent):
            yield from _is("the extent", extent, "int")
        case ir.Access(indices=indices):
            for index in indices:
                yield from _is("an index", index, "int")
        case ir.View(offset=offset):
            yield from _is("the offset", offset, "int")
        case ir.Draw():
            if len(node.parameters) != LAWS.get(node.law):
                yield f"no law {node.law} of {len(node.parameters)} parameters"
            yield from _is("the seed", node.seed, "u64")
            for counter in (*node.counters, node.position):
                yield from _is("a counter or the position", counter, "int")
        case ir.Loop():
            yield from _is("the condition", node.condition, "bool")
            yield from _is("the limit", node.limit, "int")
            yield from _is("the capacity", node.capacity, "int")
            yield from _is("the counter", node.counter, "int")


# ---------------------------------------------------------------- shapes


def _apart(left: Scalar, right: Scalar) -> bool:
    """Whether two extents differ for all values of the dims."""
    a, b = extents.polynomial(left), extents.polynomial(right)
    difference = {key: a.get(key, 0) - b.get(key, 0) for key in {*a, *b}}
    return [key for key, value in difference.items() if value] == [()]


def _alike(what: str, left: Sequence[Scalar], right: Sequence[Scalar]) -> Iterator[str]:
    if len(left) != len(right):
        yield f"{what}: {len(left)} axes and {len(right)}"
    elif any(_apart(a, b) for a, b in zip(left, right, strict=True)):
        yield f"{what}: axes differ"


def _typed(what: str, left: Sequence[Tensor], right: Sequence[Tensor]) -> Iterator[str]:
    if len(left) != len(right):
        yield f"{what}: {len(left)} and {len(right)}"
        return
    for a, b in zip(left, right, strict=True):
        if a.dtype != b.dtype:
            yield f"{what}: {a.dtype} and {b.dtype}"
        yield from _alike(what, a.axes, b.axes)


def _shapes(node: AnyNode) -> Iterator[str]:
    match node:
        case ir.Access(tensor=tensor, indices=indices):
            if len(indices) != len(tensor.axes):
                yield f"{len(indices)} indices for {len(tensor.axes)} axes"
            else:
                for index, axis in zip(indices, tensor.axes, strict=True):
                    if isinstance(index, ir.Index) and _beyond(index.extent, axis):
                        yield f"{index.name} is longer than its axis"
        case ir.Loop():
            yield from _typed("carried", node.parameters, node.initial)
            yield from _typed("carried", node.parameters, node.body)
            if node.traces and node.capacity is None:
                yield "traces without a capacity"
            if node.finals and node.condition is None:
                yield "finals without a condition"
        case ir.Derivative(kind=kind, function=function, at=at, seeds=seeds):
            yield from _typed("point", function.parameters, at)
            yield from _typed("seeds", function.parameters if kind == "jvp" else function.results, seeds)
        case ir.Output(source=source, position=position):
            if position >= len(ir.output_types(source)):
                yield f"no output {position}"
        case ir.Call():
            yield from _call(node)


def _beyond(extent: Scalar, axis: Scalar) -> bool:
    """Whether an index surely runs past the end of an axis."""
    constant = isinstance(extent, ir.Constant) and isinstance(axis, ir.Constant)
    return constant and extent.value > axis.value  # type: ignore[union-attr]


def _call(node: ir.Call) -> Iterator[str]:
    declaration = CALLS.get(node.function)
    if declaration is None:
        if not node.function.startswith("oracle "):
            yield "it is in no table"
        return
    batch = dict(node.attributes).get("batch", 0)
    ranks = [len(argument.axes) - batch for argument in node.arguments]
    if ranks != list(declaration.ranks):
        yield f"ranks {ranks}, not {list(declaration.ranks)}"
        return
    leading = node.arguments[0].axes[:batch]
    for (dtype, axes), (wanted, inner) in zip(
        node.outputs, declaration.types(*(a.axes[batch:] for a in node.arguments)), strict=True
    ):
        if dtype != wanted:
            yield f"gives {dtype}, not {wanted}"
        yield from _alike("result", axes, (*leading, *inner))


# ---------------------------------------------------------------- what passes remove


def _none_of(*kinds: type) -> Callable[[AnyNode], Iterator[str]]:
    def broken(node: AnyNode) -> Iterator[str]:
        if isinstance(node, kinds):
            yield "should be gone"

    return broken


def _closed(node: AnyNode) -> Iterator[str]:
    if node.free and isinstance(node, ir.Array | ir.Concat | ir.View | ir.Output | ir.Loop | ir.Call):
        yield f"depends on {', '.join(sorted(index.name for index in node.free))}"


def _flat(node: AnyNode) -> Iterator[str]:
    """No reduction inside another."""
    if not isinstance(node, ir.Reduce):
        return
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [node.body]
    while stack:
        inner = stack.pop()
        if inner in seen:
            continue
        seen.add(inner)
        match inner:
            case ir.Reduce(kind=kind):
                yield f"holds another: {kind}"
            case ir.Access(indices=indices):
                stack.extend(indices)
            case ir.Operation() | ir.Choose():
                stack.extend(walk.children(inner))


RULES: tuple[Rule, ...] = (
    Rule("constants", "assemble", _constant),
    Rule("operations", "assemble", _operation),
    Rule("reductions", "assemble", _reduce),
    Rule("scalars", "assemble", _scalars),
    Rule("shapes", "assemble", _shapes),
    Rule("no derivative", "differentiate", _none_of(ir.Derivative, ir.Lambda)),
    Rule("no draw", "draws", _none_of(ir.Draw)),
    Rule("closed", "lift", _closed),
    Rule("flat", "materialise", _flat),
)
