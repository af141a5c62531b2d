"""Definitions: what the left side names, and the value it gets when it is needed."""

from __future__ import annotations

from typing import Any

from optgen.diagnostics import Diagnostic, Span, SpecError
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context, Lazy
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid


def target_name(left: tree.Expr) -> str:
    """The name that a definition's left side defines, with the prime of a state."""
    match left:
        case tree.Name(name=name):
            return name
        case tree.Primed(name=name):
            return name + "'"
        case tree.Index(base=base):
            return target_name(base)
        case tree.Call(function=function):
            return target_name(function)
    fail("E0207", "the left side of a definition is a name, x', P[i, j], f(x) or (a, b)", left.span)


def define(definition: tree.Definition, context: Context, make: Any = None) -> None:
    """Put a definition's names into the context's scope, to be lowered when needed."""
    if isinstance(definition.left, tree.Tuple):
        _define_tuple(definition, context)
        return
    name = context.attempt(lambda: target_name(definition.left))
    if name is None:
        return
    if name in context.scope.names and not (isinstance(context.scope.names[name], Grid) and name in ("k",)):
        previous = context.scope.names[name]
        first = ((previous.span, "first here"),) if isinstance(previous, Lazy) else ()
        context.program.collect(SpecError([_duplicate(name, definition.left.span, first)]))
        return
    compute = make or (lambda: lower_definition(definition, name, context))
    context.scope.names[name] = Lazy(name, definition.left.span, compute)


def _duplicate(name: str, span: Span, first: tuple[tuple[Span, str], ...]) -> Any:
    return Diagnostic(
        "E0202", f"{name} is defined twice", span, secondary=first, help="each name is defined once in a block"
    )


def _define_tuple(definition: tree.Definition, context: Context) -> None:
    from optgen.passes.lower.expressions import evaluate
    from optgen.passes.lower.values import Items

    assert isinstance(definition.left, tree.Tuple)
    whole = Lazy(definition.left.span.text, definition.span, lambda: evaluate(definition.right, context.inside("pair")))

    def part(position: int, name: str, span: Span) -> Any:
        value = context._force(whole, span)
        if not isinstance(value, Items) or len(value.items) != len(definition.left.items):  # type: ignore[union-attr]
            fail("E0334", f"the right side is not a tuple of {len(definition.left.items)}", definition.right.span)  # type: ignore[union-attr]
        item = value.items[position]
        return math.fixed(item, name) if isinstance(item, Grid) else item

    for position, item in enumerate(definition.left.items):
        name = context.attempt(lambda item=item: target_name(item))
        if name is None:
            continue
        if name in context.scope.names:
            context.program.collect(SpecError([_duplicate(name, item.span, ())]))
            continue
        context.scope.names[name] = Lazy(name, item.span, lambda p=position, n=name, s=item.span: part(p, n, s))


def hint(name: str) -> str:
    """The name code gets: x' is x_new."""
    return name[:-1] + "_new" if name.endswith("'") else name


def lower_definition(definition: tree.Definition, name: str, context: Context) -> Any:
    """The value of a definition whose left side is a name, a state after the step, an indexed name or a function."""
    from optgen.passes.lower.expressions import evaluate

    left = definition.left
    inner = context.inside(name)
    match left:
        case tree.Call():
            return _local_function(definition, name, context)
        case tree.Index():
            from optgen.passes.lower.indexed import lower_indexed

            return lower_indexed(definition, left, name, inner)
    value = evaluate(definition.right, inner)
    if isinstance(value, Grid):
        made = math.fixed(value, hint(name))
        _remember(made, definition.span, context)
        return made
    return value


def _remember(value: Grid, span: Span, context: Context) -> None:
    """Keep where a definition stands beside the graph."""
    if value.structure is not None:
        return
    node: Any = value.at(()) if not value.axes else math.tensor(value)
    origins = context.program.origins
    origins[node] = origins.get(node, frozenset()) | {span}


def _local_function(definition: tree.Definition, name: str, context: Context) -> Function:
    from optgen.passes.lower.expressions import closure

    assert isinstance(definition.left, tree.Call)
    parameters = []
    for argument in definition.left.arguments:
        if argument.keyword is not None or not isinstance(argument.value, tree.Name):
            fail("E0207", "the parameters of a local function are names", argument.span)
        parameters.append(argument.value.name)
    return closure(name, tuple(parameters), definition.right, context.inside(name))
