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
from optgen.passes.lower.machine import Machine, StateSlot, define, target_name
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import Typed, conform, facts_of, read_type
from optgen.passes.lower.values import Function, Grid, Law, Space, number

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
            names.setdefault(_declared(declaration), line.kind)
    return names


def _declared(declaration: tree.Declaration) -> str:
    target = declaration.target
    while isinstance(target, tree.Index | tree.Call):
        target = target.base if isinstance(target, tree.Index) else target.function
    if not isinstance(target, tree.Name):
        fail("E0211", "a declaration starts with a name", declaration.target.span)
    return target.name


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
            context.attempt(lambda declaration=declaration: _bind_oracle(declaration, context))


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


def _bind_oracle(declaration: tree.Declaration, context: Context) -> None:
    """`oracle f : R[n] -> R in smooth(L)`: the type of an argument; the constants of its class, if the code uses
    them.
    """
    name = _declared(declaration)
    found = context.scope.names.get(name)
    if isinstance(declaration.target, tree.Call) and isinstance(found, Function):
        variables = tuple(a.value.name for a in declaration.target.arguments if isinstance(a.value, tree.Name))
        context.scope.names[name] = replace(found, variables=variables)
    elif found is None and not context.known(name):
        context.scope.names[name] = abstract_oracle(declaration, name, context)
    found = context.scope.names.get(name)
    if isinstance(found, Function):
        _unify_domain(declaration, found, context)
    for domain in declaration.domains:
        if domain.operator == "in" and isinstance(domain.operand, tree.Call):
            _bind_constants(domain.operand, name, isinstance(declaration.target, tree.Index), found, context)


def _unify_domain(declaration: tree.Declaration, function: Function, context: Context) -> None:
    """Dimensions in an oracle's type take their length from the function that was given."""
    if declaration.type is None or declaration.type.result is None:
        return
    domain = declaration.type.base
    items = domain.items if isinstance(domain, tree.Tuple) else (domain,)
    spaces = function.spaces if len(function.spaces) == len(items) else (function.space,) * len(items)
    for item, space in zip(items, spaces, strict=True):
        if space is not None:
            read_type(tree.Type(item.span, item), context, space.axes, declaration.span)


def _bind_constants(call: tree.Call, function: str, of_members: bool, value: Any, context: Context) -> None:
    """Names in a class's arguments (`smooth(L)`, `smooth(L[i])`) are declared by the class."""
    word = call.function.name if isinstance(call.function, tree.Name) else ""
    constants = value.constants if isinstance(value, Function) else {}
    known = constants.get(("member " if of_members else "") + word, ())
    for position, argument in enumerate(call.arguments):
        target = argument.value.base if isinstance(argument.value, tree.Index) else argument.value
        if not isinstance(target, tree.Name) or target.name in context.scope.names or context.known(target.name):
            continue
        if position < len(known):
            context.scope.names[target.name] = known[position]
        else:
            missing = context.scope.find("$missing")
            if missing is not None:
                missing[1](target.name, of_members, value, call, context)


def abstract_oracle(declaration: tree.Declaration, name: str, context: Context) -> Function:
    """A function that nobody gave: typed, and called through the oracle of its name."""
    typed = read_type(declaration.type, context)
    opaque = any(
        d.operator == "is" and isinstance(d.operand, tree.Name) and d.operand.name == "opaque"
        for d in declaration.domains
    )
    variables: tuple[str, ...] = ()
    if isinstance(declaration.target, tree.Call):
        variables = tuple(a.value.name for a in declaration.target.arguments if isinstance(a.value, tree.Name))
    if typed.function is None:
        axes: tuple[Any, ...] = (ir.dim(f"dim_{name}"),)
        return oracle_function(name, [Space(axes)], (), opaque, variables)
    domain, result = typed.function
    items = domain.items if isinstance(domain, tree.Tuple) else (domain,)
    spaces = []
    for item in items:
        one = read_type(tree.Type(item.span, item), context)
        spaces.append(Space(one.axes))
    value = read_type(tree.Type(result.span, result), context)
    return oracle_function(name, spaces, value.axes, opaque, variables)


def oracle_function(
    name: str, spaces: Sequence[Space], axes: tuple[Any, ...], opaque: bool = False, variables: tuple[str, ...] = ()
) -> Function:
    """A function known only by its type: calls of it are `oracle NAME` in the IR."""
    attributes = (("opaque", True),) if opaque else ()

    def call(arguments: list[Any], keywords: dict[str, Any], span: Span) -> Grid:
        from optgen.passes.lower.expressions import as_grid
        from optgen.passes.lower.values import grid

        if len(arguments) != len(spaces):
            fail(
                "E0309",
                f"{name} takes {len(spaces)} argument{'s' * (len(spaces) != 1)}, here are {len(arguments)}",
                span,
            )
        values = [math.to_real(as_grid(argument, span)) for argument in arguments]
        for value, space in zip(values, spaces, strict=True):
            if not math.fits(value, Grid(space.axes, "real", value.at)):
                fail(
                    "E0303",
                    f"{name} takes {math.shape_text(space.axes)}",
                    span,
                    label=f"this is {math.shape_text(value.axes)}",
                )
        node = ir.call(f"oracle {name}", [math.tensor(v) for v in values], [("real", axes)], attributes)
        made = ir.output(node, 0, name)
        return grid(made) if axes else number(ir.access(made))

    return Function(name, call, spaces[0], variables=variables, spaces=tuple(spaces), parts={"$oracle": name})


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
    kernel = bool(group.lines("accuracy"))

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
    return Function(group.name, call, variables=parameters)


# ---------------------------------------------------------------- states


def lower_states(machine: Machine, starts: Mapping[str, Any], space: Space | None, span: Span) -> None:
    """First values: given by the call, declared, drawn, or where the problem starts."""
    context = machine.context
    scope = context.scope.child()
    inner = replace(context, scope=scope)
    for line in machine.group.lines("state"):
        for declaration in line.declarations:
            name = _declared(declaration)
            scope.names[name] = Lazy(
                name,
                declaration.span,
                lambda d=declaration, n=name: _first_value(d, n, machine, inner, starts, space, span),
            )
    define_lets(machine.group, inner)
    for line in machine.group.lines("state"):
        for declaration in line.declarations:
            name = _declared(declaration)
            made = context.attempt(lambda n=name, d=declaration: inner.lookup(n, d.span))
            if isinstance(made, Grid):
                typed = _state_type(declaration, inner, made)
                machine.states.append(StateSlot(name, typed, made, declaration.span))


def _state_type(declaration: tree.Declaration, context: Context, made: Grid) -> Typed:
    return Typed(made.dtype, made.axes, made.lows, Space(made.axes, made.leaves), buffer=made.count is not None)


def _first_value(
    declaration: tree.Declaration,
    name: str,
    machine: Machine,
    context: Context,
    starts: Mapping[str, Any],
    space: Space | None,
    span: Span,
) -> Grid:
    from optgen.passes.lower.expressions import as_grid, evaluate
    from optgen.passes.lower.laws import sample

    inner = context.inside(name)
    axes, lows = _member_axes(declaration, context)
    given = starts.get(name)
    actual = None
    if given is not None:
        given = as_grid(given, span)
        actual = given.axes[len(axes) :] if axes else given.axes
    type_ = declaration.type
    typed = read_type(type_, context, actual if type_ is not None and _plain(type_) else None, declaration.span)
    typed = replace(
        typed, axes=(*axes, *typed.axes), lows=(*lows, *(typed.lows or (ir.constant(1),) * len(typed.axes)))
    )
    if typed.dtype == "real" and type_ is None and given is not None and given.axes:
        typed = replace(typed, axes=given.axes)
    if given is not None:
        return _made(conform(given, typed, name, span), name)
    if declaration.law is not None:
        law = evaluate(declaration.law, inner)
        if isinstance(law, Grid):
            return _made(conform(law, typed, name, declaration.law.span), name)
        if hasattr(law, "start"):
            law = law.start(inner)
            return _made(conform(law, typed, name, declaration.law.span), name)
        if not isinstance(law, Law):
            fail("E0329", f"{declaration.law.span.text} is not a law", declaration.law.span)
        return replace(
            sample(law, name, typed.axes, True, declaration.span, inner),
            lows=typed.lows,
            leaves=typed.space.leaves if typed.space else (),
        )
    if declaration.value is not None:
        return _made(_indexed_first(declaration, typed, axes, name, inner), name)
    if typed.buffer:
        zero = replace(number(ir.constant(0, "real")), zero=True)
        return conform(zero, typed, name, declaration.span)
    missing = context.scope.find("$start")
    if missing is not None:
        return missing[1](name, typed, declaration)  # type: ignore[no-any-return]
    fail("E0407", f"{machine.name} needs a start for its state {name}", span, help=f"give {name} = .. in the call")


def _plain(type_: tree.Type) -> bool:
    base = type_.base
    return type_.item is None and type_.result is None and isinstance(base, tree.Index)


def _member_axes(declaration: tree.Declaration, context: Context) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """`state g[i in clients]`, `state X[i in 1..N]`: the axes of members."""
    if not isinstance(declaration.target, tree.Index):
        return (), ()
    from optgen.passes.lower.binders import bind, index_parts

    axes, lows = [], []
    for index in declaration.target.indices:
        if isinstance(index, tree.All):
            fail("E0319", "an index is a name, or `i in a..b`", declaration.target.span)
        name, span, within = index_parts(index)
        bound = bind(name, span, within, [declaration.value] if declaration.value is not None else [], context)
        axes.append(bound.index.extent)
        lows.append(bound.low)
    return tuple(axes), tuple(lows)


def _indexed_first(
    declaration: tree.Declaration, typed: Typed, axes: Sequence[Any], name: str, context: Context
) -> Grid:
    """A declared first value; with members it is an equation in their indices."""
    from optgen.passes.lower.binders import bind_all, zero_of
    from optgen.passes.lower.expressions import numeric

    assert declaration.value is not None
    if not axes:
        return conform(numeric(declaration.value, context), typed, name, declaration.value.span)
    assert isinstance(declaration.target, tree.Index)
    bounds, test, inner = bind_all(list(declaration.target.indices), None, [declaration.value], context)  # type: ignore[arg-type]
    del test, zero_of
    value = numeric(declaration.value, inner)
    entry = replace(typed, axes=typed.axes[len(axes) :], lows=typed.lows[len(axes) :])
    value = conform(value, entry, name, declaration.value.span)
    own = math.indices(value.axes, "pqr")
    from optgen.passes.lower.values import grid

    made = ir.array((*(bound.index for bound in bounds), *own), value.at(own), name)
    return grid(made, lows=typed.lows)


def _made(value: Grid, name: str) -> Grid:
    if value.structure is not None:
        value = replace(value, structure=None)
    return math.fixed(value, name)
