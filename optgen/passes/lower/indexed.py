"""Indexed equations: `P[i, j] = e` for all new indices, `x'[B] = e` for chosen entries, recurrences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.binders import Bound, bind_all, index_parts, parts, zero_of
from optgen.passes.lower.context import Context
from optgen.passes.lower.loops import Failing
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import EntriesUnderDefinition, Function, Grid, Range, grid, number


@dataclass(frozen=True, slots=True)
class Place:
    """One index of the left side: a new index (`bound`), all of an axis, or a chosen entry, slice or vector."""

    bound: Bound | None = None
    chosen: Any = None


def lower_indexed(definition: tree.Definition, left: tree.Index, name: str, context: Context) -> Any:
    """The array that an indexed equation defines."""
    ranged = {index_parts(item)[0] for item in definition.ranges}
    new: list[tree.Expr] = []
    for index in left.indices:
        known = isinstance(index, tree.Name) and name.endswith("'") and context.known(index.name)
        if isinstance(index, tree.Name) and (index.name in ranged or not known):
            declared = next((r for r in definition.ranges if index_parts(r)[0] == index.name), index)
            new.append(declared)
    if len(new) == len(left.indices):
        return _whole(definition, new, name, context)
    return _partial(definition, left, new, name, context)


def _whole(definition: tree.Definition, new: Sequence[tree.Expr], name: str, context: Context) -> Any:
    """Every index is new: the equation says all entries."""
    if _reads(definition.right, name):
        return _recurrence(definition, new, name, context)
    base = _old(name, definition, context)
    bodies = [definition.right] if base is None else [definition.right, base]
    bounds, test, inner = bind_all(new, definition.condition, bodies, context)
    from optgen.passes.lower.expressions import evaluate

    value = evaluate(definition.right, inner)
    if not isinstance(value, Grid):
        from optgen.passes.lower.expressions import as_grid

        if isinstance(value, Function):
            return _function_family(definition, bounds, name, context)
        value = as_grid(value, definition.right.span)
    return _filled(bounds, test, value, name, context)


def _old(name: str, definition: tree.Definition, context: Context) -> tree.Expr | None:
    """For a state after the step: the state, whose axes say where its indices run."""
    if not name.endswith("'"):
        return None
    left = definition.left
    assert isinstance(left, tree.Index)
    return tree.Index(left.span, tree.Name(left.base.span, name[:-1]), left.indices)


def _filled(bounds: Sequence[Bound], test: Scalar | None, value: Grid, name: str, context: Context) -> Grid:
    """An array over the bound indices (and the value's own axes); entries where the condition fails are 0."""
    from optgen.passes.lower.definitions import hint

    own = math.indices(value.axes, "pqr")
    body = value.at(own)
    if test is not None:
        body = ir.choose(test, body, zero_of(value.dtype))
    indices = tuple(bound.index for bound in bounds)
    made = ir.array((*indices, *own), body, hint(name))
    lows = (*(bound.low for bound in bounds), *(value.lows or (ir.constant(1),) * len(own)))
    return grid(made, lows=lows, leaves=())


def _function_family(definition: tree.Definition, bounds: Sequence[Bound], name: str, context: Context) -> Any:
    fail("E0404", "families of local functions are planned for a later release", definition.span)


# ---------------------------------------------------------------- some entries


def _partial(
    definition: tree.Definition, left: tree.Index, new: Sequence[tree.Expr], name: str, context: Context
) -> Grid:
    """`x'[B] = e`, `H'[:, j] = e`: only these entries change."""
    from optgen.passes.lower.expressions import as_grid, evaluate

    if not name.endswith("'"):
        unknown = [i.span.text for i in left.indices if not isinstance(i, tree.All)]
        fail(
            "E0209",
            f"{name}[{', '.join(unknown)}] selects entries, but {name} is not a state",
            left.span,
            help="an index that is new makes an array; a known name selects entries of a state",
        )
    old = as_grid(context.lookup(name[:-1], left.span), left.span)
    if len(left.indices) > len(old.axes):
        fail("E0313", f"{len(left.indices)} indices for {math.shape_text(old.axes)}", left.span)
    base = tree.Index(left.span, tree.Name(left.base.span, name[:-1]), left.indices)
    bounds, test, inner = (
        bind_all(new, definition.condition, [definition.right, base], context) if new else ([], None, context)
    )
    named = {bound.name: bound for bound in bounds}
    places: list[Place] = []
    for index in left.indices:
        if isinstance(index, tree.All):
            places.append(Place())
        elif isinstance(index, tree.Name) and index.name in named:
            places.append(Place(bound=named[index.name]))
        else:
            places.append(Place(chosen=evaluate(index, inner)))
    value = as_grid(evaluate(definition.right, inner), definition.right.span)
    value = math.to_real(value) if old.dtype == "real" else value
    return _scattered(old, places, value, test, name, definition)


def _scattered(
    old: Grid, places: Sequence[Place], value: Grid, test: Scalar | None, name: str, definition: tree.Definition
) -> Grid:
    """For each entry: whether a place of the left side is it, and then the new value."""
    from optgen.ir.walk import substitute
    from optgen.passes.lower.definitions import hint

    target = math.indices(old.axes, "pqrs")
    hits: Scalar | None = None if test is None else test
    renamed: dict[Any, Any] = {}
    own: list[Scalar] = []
    searched: list[tuple[ir.Index, Scalar]] = []

    def both(extra: Scalar) -> None:
        nonlocal hits
        hits = extra if hits is None else apply("and", hits, extra)

    for axis, (place, entry) in enumerate(zip(places, target, strict=False)):
        low = old.low(axis)
        match place:
            case Place(bound=Bound(index=index)):
                renamed[index] = entry
                if index.extent is not old.axes[axis]:
                    both(apply("lt", entry, index.extent))
            case Place(chosen=None):
                own.append(entry)
            case Place(chosen=Range() as chosen):
                start = math.minus(chosen.low, low)
                both(apply("and", apply("ge", entry, start), apply("le", entry, math.minus(chosen.high, low))))
                own.append(apply("sub", entry, start))
            case Place(chosen=Grid(axes=()) as chosen):
                both(apply("eq", entry, math.minus(chosen.scalar, low)))
            case Place(chosen=Grid(axes=(extent,), dtype="int") as chosen):
                j = ir.Index(extent, "j")
                same = apply("eq", math.minus(chosen.at((j,)), low), entry)
                if chosen.count is not None:
                    same = apply("and", same, apply("lt", j, chosen.count))
                searched.append((j, same))
                own.append(ir.reduce("argmax", (j,), apply("to_real", apply("bool_to_int", same))))
                both(ir.reduce("any", (j,), same))
            case _:
                fail("E0314", "entries are chosen by integers, ranges or integer vectors", definition.left.span)
    rest = target[len(places) :]
    inside = value.at((*own, *rest)) if value.axes else value.at(())
    if value.axes and len(value.axes) != len(own) + len(rest):
        fail(
            "E0303",
            f"the right side must have {len(own) + len(rest)} axes",
            definition.right.span,
            label=f"this is {math.shape_text(value.axes)}",
        )
    inside, hits = substitute([inside, hits if hits is not None else ir.constant(True)], renamed)
    body = ir.choose(hits, inside, old.at(target))
    return replace(grid(ir.array(target, body, hint(name))), lows=old.lows, leaves=old.leaves, count=old.count)


# ---------------------------------------------------------------- recurrences


def _reads(expr: tree.Expr, name: str) -> bool:
    """Whether an expression reads the array it defines."""
    stack: list[Any] = [expr]
    while stack:
        item = stack.pop()
        if isinstance(item, tree.Name) and item.name == name:
            return True
        if isinstance(item, tree.Primed) and item.name + "'" == name:
            return True
        stack.extend(parts(item))
    return False


def _recurrence(definition: tree.Definition, new: Sequence[tree.Expr], name: str, context: Context) -> Grid:
    """Entries in order of the first index; each may read entries before it, which a loop carries."""
    from optgen.passes.lower.definitions import hint
    from optgen.passes.lower.expressions import numeric

    if len(new) != 1:
        fail("E0404", "recurrences over several indices are planned for a later release", definition.left.span)
    scratch = replace(context, scope=context.scope.child(**{name: None}), failures=[])
    bounds, test, _ = bind_all(new, None, [definition.right], scratch)
    if test is not None or definition.condition is not None:
        fail("E0404", "recurrences with a condition are planned for a later release", definition.span)
    bound = bounds[0]
    counter = ir.Input(bound.name, "int")
    place = ir.access(counter)
    label = number(_label(bound, place))
    entry_axes = _entry_axes(definition, bound, name, context, label)
    table = ir.Input(hint(name), "real", (bound.index.extent, *entry_axes))
    stand_in = grid(table, lows=(bound.low, *(ir.constant(1) for _ in entry_axes)))
    failing = Failing(context)
    context.program.index_inputs[counter] = bound.index.extent
    inner = replace(
        context,
        scope=context.scope.child(**{bound.name: label, name: stand_in}),
        counters=(*context.counters, place),
        failures=failing.noticed,
        path=None,
    )
    _check_earlier(definition.right, name, bound.name)
    value = math.to_real(numeric(definition.right, inner))
    value = math.fixed(value, f"{hint(name)}_{bound.name}") if value.axes else value
    target = math.indices(table.axes, "ipq")
    body = ir.choose(apply("eq", target[0], place), value.at(target[1:]), ir.access(table, *target))
    start = ir.array(math.indices(table.axes, "ipq"), ir.constant(0, "real"))
    flags, first, following = failing.carried()
    node = ir.loop(
        counter,
        (table, *flags),
        (start, *first),
        (ir.array(target, body, hint(name)), *following),
        limit=bound.index.extent,
        name=hint(name),
    )
    failing.report(node, 1, definition.span)
    return grid(ir.output(node, 0, hint(name)), lows=stand_in.lows)


def _label(bound: Bound, place: Scalar) -> Scalar:
    from optgen.ir.walk import substitute

    return substitute([bound.label.scalar], {bound.index: place})[0]


def _entry_axes(
    definition: tree.Definition, bound: Bound, name: str, context: Context, label: Grid
) -> tuple[Scalar, ...]:
    """The axes of one entry, found by lowering it with earlier entries read as the literal 0, which fits any shape."""
    from optgen.passes.lower.expressions import numeric

    zero = EntriesUnderDefinition(replace(number(ir.constant(0, "real")), zero=True))
    probe = replace(context, scope=context.scope.child(**{bound.name: label, name: zero}), failures=[])
    return numeric(definition.right, probe).axes


def _check_earlier(expr: tree.Expr, name: str, index: str) -> None:
    """A recurrence reads its own entries at smaller indices only: `h[i-1]`, or `h[j]` under `j < i`."""
    stack: list[tuple[Any, frozenset[str]]] = [(expr, frozenset())]
    while stack:
        item, smaller = stack.pop()
        if isinstance(item, tree.Call) and item.body is not None and item.condition is not None:
            smaller = smaller | _smaller(item.condition, index)
        if isinstance(item, tree.Index) and isinstance(item.base, tree.Name) and item.base.name == name:
            first = item.indices[0]
            if not _earlier(first, index, smaller):
                fail(
                    "E0210",
                    f"{name} is defined by its own entries, but {name}[{first.span.text}] is not shown to be "
                    "an earlier one",
                    item.span,
                    help=f"write {name}[{index} - 1], or {name}[j] under `where j < {index}`",
                )
            continue
        if isinstance(item, tree.Call) and item.body is not None:
            for argument in item.arguments:
                if isinstance(argument.value, tree.Comparison) and argument.value.rest[0][0] == "in":
                    smaller = smaller | _range_below(argument.value, index)
        stack.extend((part, smaller) for part in parts(item))


def _earlier(expr: Any, index: str, smaller: frozenset[str]) -> bool:
    match expr:
        case tree.Binary(operator="-", left=tree.Name(name=name), right=tree.Number(text=text)):
            return name == index and float(text) >= 1
        case tree.Name(name=name):
            return name in smaller
    return False


def _smaller(condition: tree.Expr, index: str) -> frozenset[str]:
    match condition:
        case tree.Comparison(first=tree.Name(name=name), rest=(("<", tree.Name(name=bound)), *_)) if bound == index:
            return frozenset({name})
        case tree.Binary(operator="and", left=left, right=right):
            return _smaller(left, index) | _smaller(right, index)
    return frozenset()


def _range_below(item: tree.Comparison, index: str) -> frozenset[str]:
    match item:
        case tree.Comparison(
            first=tree.Name(name=name),
            rest=(("in", tree.Binary(operator="..", right=tree.Binary(operator="-", left=tree.Name(name=top)))),),
        ) if top == index:
            return frozenset({name})
    return frozenset()
