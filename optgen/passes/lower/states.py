"""States: their types and first values, given by the call, declared, drawn, or where the problem starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.algorithms import define_lets
from optgen.passes.lower.context import Context, Lazy
from optgen.passes.lower.machine import Machine, StateSlot
from optgen.passes.lower.oracles import declared_name
from optgen.passes.lower.problems import fail
from optgen.passes.lower.types import Typed, conform, read_type
from optgen.passes.lower.values import Grid, Law, Space, number


def lower_states(machine: Machine, starts: Mapping[str, Any], space: Space | None, span: Span) -> None:
    """First values: given by the call, declared, drawn, or where the problem starts."""
    context = machine.context
    scope = context.scope.child()
    inner = replace(context, scope=scope)
    for line in machine.group.lines("state"):
        for declaration in line.declarations:
            name = declared_name(declaration)
            scope.names[name] = Lazy(
                name,
                declaration.span,
                lambda d=declaration, n=name: _first_value(d, n, machine, inner, starts, space, span),
            )
    define_lets(machine.group, inner)
    for line in machine.group.lines("state"):
        for declaration in line.declarations:
            name = declared_name(declaration)
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
