"""Blocks as values: algorithms, functions, networks, problems; what they are called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optgen.diagnostics import Span, suggestion
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context, Lazy
from optgen.passes.lower.definitions import define, target_name
from optgen.passes.lower.oracles import bind_oracle, declared_name
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import conform, facts_of, read_type
from optgen.passes.lower.values import Function, Grid, Law, number

CALL_WORDS = {"steps", "tol", "seed", "batch", "order"}


def block_value(group: tree.Group, context: Context) -> Any:
    """The value that a block's name stands for."""
    match group.kind:
        case "algorithm":
            return Algorithm(group.name, group, context)
        case "function":
            return function_block(group, context)
        case "network":
            from optgen.passes.lower.networks import network

            return Lazy(group.name, group.span, lambda: network(group, context))
        case "problem":
            return Problem(group.name, group, context)
    return Planned(group.kind, group.name)


@dataclass(frozen=True, slots=True)
class Planned:
    """A block kind that parses and is not yet released."""

    kind: str
    name: str

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        fail("E0404", f"calls of the {self.kind} {self.name} are planned for a later release", expr.span)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as a value: programs.py binds it."""

    name: str
    group: tree.Group
    context: Context


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm as a value; `fixed` are arguments and defaults given by a specialisation."""

    name: str
    group: tree.Group
    context: Context
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        from optgen.passes.lower.nested import run

        return run(self, positional, keywords, expr.span, context)

    def specialised(self, positional: list[Any], keywords: dict[str, Any], span: Span) -> Algorithm:
        names = [parameter.name for parameter in self.group.parameters]
        if len(positional) > len(names):
            fail("E0309", f"{self.name} takes {len(names)} arguments, here are {len(positional)}", span)
        given = dict(zip(names, positional, strict=False))
        check_keywords(self, keywords, span)
        return replace(self, fixed={**self.fixed, **given, **keywords})


def declared_names(group: tree.Group) -> dict[str, str]:
    """What a call may give by keyword: name -> kind (argument, data, param, state, dim)."""
    names = {parameter.name: "argument" for parameter in group.parameters}
    for line in group.lines("data", "param", "state", "dim"):
        for declaration in line.declarations:
            names.setdefault(declared_name(declaration), line.kind)
    return names


def check_keywords(algorithm: Algorithm, keywords: Mapping[str, Any], span: Span) -> None:
    known = declared_names(algorithm.group)
    for name in keywords:
        if name not in known and name not in CALL_WORDS:
            fail("E0212", f"{algorithm.name} has no {name}", span, help=suggestion(name, [*known, *CALL_WORDS]))


# ---------------------------------------------------------------- binding inputs


def bind_arguments(
    algorithm: Algorithm, positional: Sequence[Any], keywords: Mapping[str, Any], span: Span
) -> dict[str, Any]:
    """Names of the header and keywords to values."""
    check_keywords(algorithm, keywords, span)
    names = [parameter.name for parameter in algorithm.group.parameters]
    free = [name for name in names if name not in algorithm.fixed]
    if len(positional) > len(free):
        fail(
            "E0309",
            f"{algorithm.name} takes {len(free)} arguments ({', '.join(free)}), here are {len(positional)}",
            span,
        )
    given = {**algorithm.fixed, **dict(zip(free, positional, strict=False))}
    for name, value in keywords.items():
        if name in dict(zip(free, positional, strict=False)):
            fail("E0310", f"{name} is given twice", span)
        given[name] = value
    return given


def enter(algorithm: Algorithm, context: Context) -> Context:
    """The context inside an algorithm's block: its own names over those where it was written."""
    scope = algorithm.context.scope.child()
    return replace(context, scope=scope, in_claim=False)


def bind_functions(group: tree.Group, given: Mapping[str, Any], context: Context, span: Span) -> None:
    """Function arguments of the header: families named, oracles typed, classes' constants in scope."""
    for parameter in group.parameters:
        name = parameter.name
        if name in given:
            value = given[name]
            if hasattr(value, "rule"):
                from optgen.passes.lower.intrinsics import as_function

                value = as_function(value, context)
            context.scope.names[name] = _as_family(parameter, value, context, span)
    for line in group.lines("oracle"):
        for declaration in line.declarations:
            context.attempt(lambda declaration=declaration: bind_oracle(declaration, context))


def _as_family(parameter: tree.Parameter, value: Any, context: Context, span: Span) -> Any:
    """`f = mean(i in clients: f[i])` names the family's size and says what bare f is."""
    shape = parameter.value
    if not (isinstance(shape, tree.Call) and shape.body is not None and isinstance(value, Function)):
        return value
    from optgen.passes.lower.binders import index_parts

    _, _, within = index_parts(shape.arguments[0].value)
    kind = shape.function.name if isinstance(shape.function, tree.Name) else ""
    if value.family is None:
        fail(
            "E0328",
            f"{parameter.name} must be a family here, but {value.name} is one function",
            span,
            help="an objective that is a mean or sum over an index is a family",
        )
    if kind not in ("mean", "sum"):
        fail("E0328", "a family is a mean or a sum of its members", shape.span)
    if isinstance(within, tree.Name) and not context.known(within.name):
        context.scope.names[within.name] = replace(number(value.family.size), facts=frozenset({"dim"}))
    if kind == value.family.kind:
        return value
    family = value.family

    def call(arguments: list[Any], keywords: dict[str, Any], at: Span) -> Grid:
        index = ir.Index(family.size, "i")
        total = ir.reduce("sum", (index,), family.member(index, arguments).scalar)
        from optgen.ir.operations import apply

        return number(total if kind == "sum" else apply("div", total, apply("to_real", family.size)))

    return replace(value, call=call, family=replace(family, kind=kind))


# ---------------------------------------------------------------- declarations shared by nested and top


def open_block(group: tree.Group, context: Context) -> None:
    """Nested algorithms and functions, outer draws: names seen everywhere in the block."""
    for inner in group.groups("algorithm", "function"):
        context.scope.names[inner.name] = block_value(inner, context)
    for line in group.lines("draw"):
        for draw in line.draws:
            define_draw(draw, context)


def define_draw(draw: tree.Draw, context: Context) -> None:
    """`draw z ~ law`, `draw z[i] ~ law for i in S`, `draw s ~ f`."""
    name = context.attempt(lambda: target_name(draw.left))
    if name is None:
        return
    context.scope.names[name] = Lazy(name, draw.span, lambda: lower_draw(draw, name, context))


def lower_draw(draw: tree.Draw, name: str, context: Context) -> Any:
    from optgen.passes.lower.binders import bind_all
    from optgen.passes.lower.expressions import evaluate
    from optgen.passes.lower.laws import sample

    if draw.seed is not None:
        fail("E0404", "a draw `from` a seed is planned for a later release", draw.span)
    axes: tuple[Any, ...] = ()
    inner = context
    if isinstance(draw.left, tree.Index):
        bounds, test, inner = bind_all(
            list(draw.ranges) or list(draw.left.indices),  # type: ignore[arg-type]
            draw.condition,
            [draw.law],
            context,
        )
        if test is not None:
            fail("E0404", "draws under a condition are planned for a later release", draw.span)
        axes = tuple(bound.index.extent for bound in bounds)
    law = evaluate(draw.law, inner)
    if isinstance(law, Function):
        from optgen.passes.lower.sampling import draw_sample

        return draw_sample(law, name, draw.span, context)
    if hasattr(law, "rule") or not isinstance(law, Law):
        fail(
            "E0329",
            f"{draw.law.span.text} is not a law",
            draw.law.span,
            help="laws are normal(n), uniform(n, 0, 1), index(n), ...",
        )
    typed = read_type(draw.type, context) if draw.type is not None else None
    if typed is not None:
        axes = (*axes, *typed.axes)
    value = sample(law, name, axes, typed is not None or bool(axes and draw.type), draw.span, context)
    if typed is not None and typed.space is not None:
        value = replace(value, leaves=typed.space.leaves)
    return value


def define_lets(group: tree.Group, context: Context) -> None:
    for line in group.lines("let"):
        for definition in line.definitions:
            define(definition, context)


# ---------------------------------------------------------------- function blocks


def function_block(group: tree.Group, context: Context) -> Function:
    """`function f(x : T) -> T = e`, or with a block that ends in `value e`."""
    parameters = tuple(parameter.name for parameter in group.parameters)
    # the type of a kernel says for which format it is made; what it means, it means of every number
    kernel = bool(group.lines("accuracy") or group.groups("program"))

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Any:
        from optgen.passes.lower.expressions import as_grid, evaluate
        from optgen.passes.lower.intrinsics import INTRINSICS, intrinsic

        given = dict(zip(parameters, arguments, strict=False))
        for name, value in keywords.items():
            if name not in parameters or name in given:
                fail("E0310", f"{group.name} takes ({', '.join(parameters)})", span)
            given[name] = value
        inner = replace(call_context[0], scope=context.scope.child())
        if group.name in INTRINSICS:  # a program for exp means exp by exp
            inner.scope.names[group.name] = intrinsic(group.name, inner)
        for parameter in group.parameters:
            if parameter.name not in given:
                if parameter.value is None:
                    fail("E0309", f"{group.name} needs {parameter.name}", span)
                given[parameter.name] = evaluate(parameter.value, inner)
            value = given[parameter.name]
            if parameter.type is not None and isinstance(value, Grid) and not kernel:
                typed = read_type(parameter.type, inner, value.axes, span)
                value = conform(value, typed, parameter.name, span)
                value = replace(value, facts=value.facts | facts_of(parameter.domains))
            inner.scope.names[parameter.name] = value
        if group.value is not None:
            return evaluate(group.value, inner)
        inner = inner.inside(group.name)
        open_block(group, inner)
        define_lets(group, inner)
        values = group.lines("value")
        if not values:
            fail("E0406", f"the function {group.name} has no value", group.span, help="end it with: value e")
        result = evaluate(values[0].expr, inner)  # type: ignore[arg-type]
        return math.fixed(as_grid(result, span), group.name) if group.lines("draw") else result

    call_context = [context]
    parts = {"$parameters": group.parameters} | ({"$group": group} if group.groups("program") else {})
    return Function(group.name, call, variables=parameters, parts=parts)
