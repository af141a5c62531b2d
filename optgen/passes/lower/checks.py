"""All that is wrong with a file: every block lowered as far as it goes alone, every run of an experiment together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optgen.diagnostics import Diagnostic, SpecError, suggestion
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower.algorithms import Algorithm, Problem
from optgen.passes.lower.claim_files import FLOWS, claims_of_algorithm, claims_of_block, lemmas
from optgen.passes.lower.context import Context, Lazy, Program
from optgen.passes.lower.definitions import define
from optgen.passes.lower.files import Shipped, file_scope
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.programs import Inputs, Options, _Builder
from optgen.passes.lower.types import read_type
from optgen.passes.lower.values import Function, Grid, grid, number


def check(file: tree.File, shipped: Shipped) -> tuple[Diagnostic, ...]:
    """Errors and warnings of a file, in the order of the text."""
    found: list[Diagnostic] = []
    program = Program(ir.Input("seed", "u64"))
    scope = file_scope(file, shipped, program)
    context = Context(program, scope)
    for name, value in list(scope.names.items()):
        if isinstance(value, Lazy):
            value = context.attempt(lambda v=value: context._force(v, v.span))
        _check_value(name, value, context)
    for group in file.groups("sde", "ode", "problem", "function"):
        if group.groups("claim") or group.kind in FLOWS:
            _guarded(context, lambda g=group: claims_of_block(g, context))
    _guarded(context, lambda: lemmas(file, context))
    for group in file.groups("experiment"):
        _check_experiment(group, context)
    for diagnostic in program.diagnostics:
        if diagnostic not in found and (diagnostic.span is None or diagnostic.span.source is file.span.source):
            found.append(diagnostic)
    return tuple(sorted(found, key=lambda d: d.span.start if d.span is not None else 0))


def _check_value(name: str, value: Any, context: Context) -> None:
    match value:
        case Algorithm():
            _guarded(context, lambda: claims_of_algorithm(value, context))
        case Problem():
            _guarded(context, lambda: _check_problem(value, context))
        case Function():
            group = next((g for g in _groups_of(context) if g.name == name), None)
            if group is not None:
                _guarded(context, lambda: _check_function(group, value, context))


def _groups_of(context: Context) -> list[tree.Group]:
    found = context.scope.find("$groups")
    return found[1] if found is not None else []


def _guarded(context: Context, work: Any) -> None:
    try:
        work()
    except SpecError as error:
        context.program.collect(error)
    except Poisoned:
        pass


def _check_problem(problem: Problem, context: Context) -> None:
    """A problem alone: its inputs, then its objective at its variables."""
    builder = _Builder(Algorithm("", problem.group, context), problem, context, Options(), Inputs())
    bound = builder._bind_problem([])
    if bound.objective is not None:
        start = ir.Input("x", "real", bound.space.axes)
        point = grid(start, leaves=bound.space.leaves) if start.axes else number(ir.access(start))
        bound.objective.call([point], {}, problem.group.span)
    for lazy in list(bound.context.scope.names.values()):
        if isinstance(lazy, Lazy) and not lazy.done:
            bound.context.attempt(lambda v=lazy: bound.context._force(v, v.span))


def _check_function(group: tree.Group, function: Function, context: Context) -> None:
    """A function with typed parameters, called on stand-ins; its program."""
    if group.groups("program"):
        from optgen.passes.lower.straight import read_program  # few files have programs

        context.attempt(lambda: read_program(group))
    inner = replace(context, scope=context.scope.child())
    arguments: list[Any] = []
    for parameter in group.parameters:
        if parameter.type is None or parameter.type.result is not None:
            return
        typed = read_type(parameter.type, inner)
        made = ir.Input(parameter.name, typed.dtype, typed.axes)
        arguments.append(grid(made) if typed.axes else number(ir.access(made)))
    function.call(arguments, {}, group.span)


# ---------------------------------------------------------------- experiments


def _check_experiment(group: tree.Group, context: Context) -> None:
    """The names an experiment uses exist, and each of its algorithms fits its problem."""
    problem: Problem | None = None
    for line in group.lines("problem"):
        name = _called(line.exprs[0])
        value = None
        if name is not None:
            value = context.attempt(lambda n=name, s=line.exprs[0].span: context.lookup(n, s))
        if isinstance(value, Problem):
            problem = value
        elif value is not None:
            context.attempt(lambda s=line.exprs[0].span, n=name: fail("E0502", f"{n} is not a problem", s))
    for line in group.lines("run"):
        for expr in line.exprs:
            name = _called(expr)
            if name is None:
                continue
            value = context.attempt(lambda n=name, s=expr.span: context.lookup(n, s))
            if isinstance(value, Algorithm):
                _check_run(expr, value, problem, context)
            elif value is not None:
                context.attempt(
                    lambda s=expr.span, n=name: fail("E0503", f"{n} is not an algorithm, so it can't be run", s)
                )


def _check_run(expr: tree.Expr, algorithm: Algorithm, problem: Problem | None, context: Context) -> None:
    from optgen.passes.lower.algorithms import CALL_WORDS, declared_names

    batch = False
    if isinstance(expr, tree.Call):
        known = {**declared_names(algorithm.group), **dict.fromkeys(CALL_WORDS, "option")}
        for argument in expr.arguments:
            word = argument.keyword.name if isinstance(argument.keyword, tree.Name) else None
            batch = batch or word == "batch"
            if word is not None and word not in known:
                context.attempt(
                    lambda w=word, s=argument.keyword.span: fail(  # type: ignore[union-attr]
                        "E0212", f"{algorithm.name} has no {w}", s, help=suggestion(w, known)
                    )
                )
    if problem is not None:
        _guarded(context, lambda: _Builder(algorithm, problem, context, Options(batch=batch), Inputs()).build())


def _called(expr: tree.Expr) -> str | None:
    base = expr.function if isinstance(expr, tree.Call) else expr
    return base.name if isinstance(base, tree.Name) else None


__all__ = ["Grid", "check", "define"]
