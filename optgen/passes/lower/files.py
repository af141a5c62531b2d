"""The names of a file: its blocks, what it uses from others, the shipped specs in scope by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from optgen.diagnostics import Diagnostic, SpecError, suggestion
from optgen.language import tree
from optgen.passes.lower.algorithms import Algorithm, block_value
from optgen.passes.lower.context import Context, Lazy, Program, Scope
from optgen.passes.lower.problems import fail

Shipped = Callable[[str], "tree.File | None"]


def file_scope(file: tree.File, shipped: Shipped, program: Program) -> Scope:
    """All names of a file; other shipped specs are in scope by name."""
    context = Context(program, shipped_scope(shipped, program))
    context = replace(context, scope=Scope(context.scope))
    context.scope.names["$groups"] = file.groups("function")
    _enter_file(file, context, shipped)
    return context.scope


def _enter_file(file: tree.File, context: Context, shipped: Shipped) -> None:
    from optgen.passes.lower.definitions import define

    for item in file.body:
        match item:
            case tree.Group(name=name) if name and item.kind not in ("claim", "experiment", "search"):
                if name in context.scope.names:
                    context.program.collect(
                        SpecError(
                            [
                                Diagnostic(
                                    "E0202",
                                    f"{name} is defined twice",
                                    item.span,
                                    help="each top-level block has a name of its own",
                                )
                            ]
                        )
                    )
                    continue
                context.scope.names[name] = block_value(item, context)
            case tree.Line(kind="specialise", names=(name, *_)):
                context.scope.names[name] = Lazy(name, item.span, lambda i=item, n=name: specialised(i, n, context))
            case tree.Line(kind="let"):
                for definition in item.definitions:
                    define(definition, context)
            case tree.Line(kind="use"):
                context.attempt(lambda i=item: _use(i, context, shipped))


def _use(line: tree.Line, context: Context, shipped: Shipped) -> None:
    other = shipped(line.text)
    if other is None:
        fail("E0501", f"there is no file {line.text}", line.span, help="paths are relative to this file")
    scope = Scope(context.scope.parent)
    _enter_file(other, replace(context, scope=scope), shipped)
    for name in line.names:
        if name not in scope.names:
            fail("E0201", f"{line.text} has no {name}", line.span, help=suggestion(name, scope.names))
        context.scope.names[name] = scope.names[name]


def shipped_scope(shipped: Shipped, program: Program) -> Scope:
    """The outermost scope: names of shipped specs, read when first needed; an intrinsic is what the language has."""
    from optgen.passes.lower.intrinsics import INTRINSICS

    outer = Scope()

    def fallback(name: str) -> Any:
        file = None if name in INTRINSICS else shipped(name)
        if file is None:
            return None
        scope = Scope(outer)
        _enter_file(file, Context(program, scope), shipped)
        return scope.names.get(name)

    outer.fallback = fallback
    return outer


def specialised(line: tree.Line, name: str, context: Context) -> Any:
    """`lion = lion_k(K = norm1)`: the algorithm with arguments fixed, under a new name."""
    from optgen.passes.lower.expressions import evaluate

    expr = line.expr
    assert expr is not None
    if isinstance(expr, tree.Call) and expr.body is None:
        base = evaluate(expr.function, context)
        if isinstance(base, Algorithm):
            positional = [evaluate(a.value, context) for a in expr.arguments if a.keyword is None]
            keywords = {
                a.keyword.name: evaluate(a.value, context) for a in expr.arguments if isinstance(a.keyword, tree.Name)
            }
            return replace(base.specialised(positional, keywords, expr.span), name=name)
    return evaluate(expr, context)
