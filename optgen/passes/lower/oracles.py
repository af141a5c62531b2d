"""Function arguments: the types that declare them, the constants of their classes, functions that nobody gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import read_type
from optgen.passes.lower.values import Function, Grid, Space, number


def declared_name(declaration: tree.Declaration) -> str:
    target = declaration.target
    while isinstance(target, tree.Index | tree.Call):
        target = target.base if isinstance(target, tree.Index) else target.function
    if not isinstance(target, tree.Name):
        fail("E0211", "a declaration starts with a name", declaration.target.span)
    return target.name


def bind_oracle(declaration: tree.Declaration, context: Context) -> None:
    """`oracle f : R[n] -> R in smooth(L)`: the type of an argument; the constants of its class, if the code uses
    them.
    """
    name = declared_name(declaration)
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
