"""A problem bound: its data as inputs, its variables as a space, its objective as a function and, where it is one,
a family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.ir.program import Leaf
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.algorithms import Problem, define_lets, open_block
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.spaces import flattened, leaf, nested, packed
from optgen.passes.lower.types import Typed, conform, read_type
from optgen.passes.lower.values import Family, Function, Grid, Space, grid, number


@dataclass(slots=True)
class Bound:
    """What an algorithm sees of a problem."""

    context: Context
    space: Space
    objective: Function | None
    maximise: bool = False
    names: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Members:
    """How the family binder of an objective is read: `over` chosen members (labels), `one` member, or `none` (0)."""

    node: tree.Call
    mode: str
    labels: Grid | None = None


def bind_problem(problem: Problem, context: Context) -> Bound:
    """`context.scope` already holds the problem's dims, data and params."""
    group = problem.group
    variables: dict[str, Typed] = {}
    starts: dict[str, Grid] = {}
    for line in group.lines("var"):
        for declaration in line.declarations:
            name = declaration.target.name  # type: ignore[union-attr]
            typed = read_type(declaration.type, context)
            variables[name] = typed
            starts[name] = _start(declaration, typed, name, context)
    open_block(group, context)
    space = _space(variables, starts)
    bound = Bound(context, space, None)
    objective = _objective(group, variables, space, context)
    if objective is not None:
        bound.maximise = bool(group.lines("maximize"))
        bound.objective = objective
    bound.names = _named_parts(group, variables, space, context)
    return bound


def _start(declaration: tree.Declaration, typed: Typed, name: str, context: Context) -> Grid:
    from optgen.passes.lower.expressions import evaluate, numeric
    from optgen.passes.lower.laws import sample
    from optgen.passes.lower.values import Law

    inner = context.inside(name)
    if declaration.law is not None:
        law = evaluate(declaration.law, inner)
        if hasattr(law, "start"):
            return conform(law.start(inner), typed, name, declaration.law.span)
        if not isinstance(law, Law):
            fail("E0329", f"{declaration.law.span.text} is not a law", declaration.law.span)
        return sample(law, name, typed.axes, True, declaration.span, inner)
    if declaration.value is not None:
        return conform(numeric(declaration.value, inner), typed, name, declaration.value.span)
    zero = replace(number(ir.constant(0, "real")), zero=True)
    return conform(zero, typed, name, declaration.span)


def _space(variables: Mapping[str, Typed], starts: Mapping[str, Grid]) -> Space:
    """One variable keeps its shape; several are laid out as one vector."""
    if len(variables) == 1:
        ((name, typed),) = variables.items()
        own = typed.space.leaves if typed.space else ()
        return Space(typed.axes, own, starts, starts[name])
    if not variables:
        return Space(())
    made = flattened(list(variables), [typed.axes for typed in variables.values()])
    leaves: list[Leaf] = []
    for entry, typed in zip(made.leaves, variables.values(), strict=True):
        inner = typed.space.leaves if typed.space else ()
        leaves.extend(nested(entry.name, inner, entry.offset) if inner else [entry])
    space = Space(made.axes, tuple(leaves), starts)
    return replace(space, start=packed(space, list(starts.values())))


def at_variables(variables: Mapping[str, Typed], space: Space, arguments: list[Any], span: Span) -> dict[str, Grid]:
    """The variables by name, from one point of the space or one argument each."""
    from optgen.passes.lower.expressions import as_grid

    names = list(variables)
    if len(arguments) == len(names):
        return {
            name: conform(as_grid(a, span), variables[name], name, span)
            for name, a in zip(names, arguments, strict=True)
        }
    if len(arguments) != 1:
        fail("E0309", f"the objective takes {len(names)} argument{'s' * (len(names) != 1)} ({', '.join(names)})", span)
    whole = as_grid(arguments[0], span)
    if not math.fits(whole, Grid(space.axes, "real", whole.at)):
        fail(
            "E0303",
            f"the objective takes {math.shape_text(space.axes)}",
            span,
            label=f"this is {math.shape_text(whole.axes)}",
        )
    whole = replace(whole, leaves=space.leaves)
    return {name: leaf(whole, name, span) for name in names}


def _objective(group: tree.Group, variables: Mapping[str, Typed], space: Space, context: Context) -> Function | None:
    lines = group.lines("minimize", "maximize")
    if not lines:
        return None
    expr = lines[0].expr
    assert expr is not None
    sign = lines[0].kind == "maximize"
    declared = [d.target for line in group.lines("data") for d in line.declarations]
    node = family_node(expr, {target.name for target in declared if isinstance(target, tree.Name)})

    def value(arguments: list[Any], span: Span, members: Members | None) -> Grid:
        from optgen.passes.lower.expressions import numeric

        names: dict[str, Any] = dict(at_variables(variables, space, arguments, span))
        if members is not None:
            names["$members"] = members
        inner = context.with_names(**names)
        define_lets(group, inner)
        result = math.to_real(numeric(expr, inner))
        if result.axes:
            fail("E0304", "an objective is one number", expr.span, label=f"this is {math.shape_text(result.axes)}")
        return math.negative(result) if sign else result

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        return value(arguments, span, None)

    family = None if node is None else _family(node, value, variables, space, context, expr.span)
    constants = _constants(group, context)
    return Function(
        "f",
        call,
        space,
        family,
        tuple(variables),
        constants=constants,
        spaces=tuple(Space(t.axes) for t in variables.values()),
    )


def family_node(expr: tree.Expr, data: set[str]) -> tree.Call | None:
    """The mean or sum over data that makes an objective a family: `c*mean(i: e) + r`."""
    found: list[tree.Call] = []
    stack: list[tree.Expr] = [expr]
    while stack:
        item = stack.pop()
        match item:
            case tree.Binary(operator="+" | "-" | "*" | "/", left=left, right=right):
                stack += [left, right]
            case tree.Call(function=tree.Name(name="mean" | "sum"), body=body, arguments=(_,)) if body is not None:
                if _over_data(item, data):
                    found.append(item)
    return found[0] if len(found) == 1 else None


def _over_data(call: tree.Call, data: set[str]) -> bool:
    """Whether the index of a binder subscripts data."""
    from optgen.passes.lower.binders import index_parts, subscripts

    assert call.body is not None
    name, _, _ = index_parts(call.arguments[0].value)
    return any(isinstance(base, tree.Name) and base.name in data for _, base, _ in subscripts(name, [call.body]))


def _family(
    node: tree.Call, value: Any, variables: Mapping[str, Typed], space: Space, context: Context, span: Span
) -> Family:
    from optgen.passes.lower.binders import bind, index_parts

    name, at, within = index_parts(node.arguments[0].value)
    names: dict[str, Any] = {}
    for variable, typed in variables.items():
        stand_in = ir.Input(variable, "real", typed.axes)
        names[variable] = grid(stand_in, leaves=typed.space.leaves if typed.space else ())
    probe = replace(context.with_names(**names), failures=[])
    assert node.body is not None
    bound = bind(name, at, within, [node.body], probe)
    size = bound.index.extent
    kind = node.function.name  # type: ignore[union-attr]

    def rest_correction(total: Grid, arguments: list[Any], amount: Scalar) -> Grid:
        """For a sum, members carry r/n: add r*(amount/n - 1)."""
        rest = value(arguments, span, Members(node, "none"))
        ratio = apply("div", apply("to_real", amount), apply("to_real", size))
        return number(
            apply("add", total.scalar, apply("mul", rest.scalar, apply("sub", ratio, ir.constant(1, "real"))))
        )

    def labels(position: Scalar) -> Scalar:
        from optgen.ir.walk import substitute

        return substitute([bound.label.scalar], {bound.index: position})[0]

    def member(position: Scalar, arguments: list[Any]) -> Grid:
        total = value(arguments, span, Members(node, "one", number(labels(position))))
        return total if kind == "mean" else rest_correction(total, arguments, ir.constant(1))

    def over(chosen: Grid, arguments: list[Any]) -> Grid:
        total = value(arguments, span, Members(node, "over", chosen))
        return total if kind == "mean" else rest_correction(total, arguments, chosen.axes[0])

    return Family(size, kind, member, over)


def _constants(group: tree.Group, context: Context) -> dict[str, Any]:
    """Constants of the classes that `where` states: `convex`, `smooth(L)`; of members: `f[i] in smooth(e)`."""
    from optgen.passes.lower.expressions import evaluate

    found: dict[str, Any] = {}
    for line in group.lines("where"):
        for relation in line.relations:
            expr = relation.left
            prefix = ""
            if isinstance(expr, tree.Comparison) and len(expr.rest) == 1 and expr.rest[0][0] == "in":
                if isinstance(expr.first, tree.Index):
                    prefix = "member "
                    made = context.attempt(lambda e=expr: _member_constants(e, context))
                    if made is not None:
                        found[prefix + made[0]] = made[1]
                    continue
                expr = expr.rest[0][1]
            if isinstance(expr, tree.Name):
                found[expr.name] = ()
            if isinstance(expr, tree.Call) and isinstance(expr.function, tree.Name) and expr.body is None:
                values = context.attempt(lambda e=expr: tuple(evaluate(a.value, context) for a in e.arguments))
                if values is not None:
                    found[prefix + expr.function.name] = tuple(
                        math.fixed(v, "") if isinstance(v, Grid) else v for v in values
                    )
    return found


def _member_constants(expr: tree.Comparison, context: Context) -> tuple[str, tuple[Any, ...]]:
    """`f[i in 1..n] in smooth(e)` with e over i: vectors of constants."""
    from optgen.passes.lower.binders import bind_all
    from optgen.passes.lower.expressions import numeric

    call = expr.rest[0][1]
    assert isinstance(expr.first, tree.Index) and isinstance(call, tree.Call) and isinstance(call.function, tree.Name)
    values = []
    for argument in call.arguments:
        bounds, _, inner = bind_all(list(expr.first.indices), None, [argument.value], context)  # type: ignore[arg-type]
        entry = numeric(argument.value, inner)
        values.append(grid(ir.array(tuple(b.index for b in bounds), math.to_real(entry).scalar)))
    return call.function.name, tuple(values)


def _named_parts(group: tree.Group, variables: Mapping[str, Typed], space: Space, context: Context) -> dict[str, Any]:
    """Lets, data and params of the problem by name; a let over the variables is a function of them."""
    names: dict[str, Any] = {}
    for scope_name, value in context.scope.names.items():
        if not scope_name.startswith("$"):
            names[scope_name] = value
    plain = context.with_names()
    define_lets(group, plain)
    for line in group.lines("let"):
        for definition in line.definitions:
            from optgen.passes.lower.definitions import target_name

            name = target_name(definition.left)
            if _mentions(definition, set(variables)):
                continue
            names[name] = plain.scope.names.get(name)
    return names


def _mentions(definition: tree.Definition, names: set[str]) -> bool:
    from optgen.passes.lower.binders import parts

    own: set[str] = set()
    if isinstance(definition.left, tree.Call):
        own = {a.value.name for a in definition.left.arguments if isinstance(a.value, tree.Name)}
    stack: list[Any] = [definition.right]
    while stack:
        item = stack.pop()
        if isinstance(item, tree.Name) and item.name in names - own:
            return True
        stack.extend(parts(item))
    return False
