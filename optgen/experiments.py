"""Experiments of a spec as plans: which data, which problem, which runs with which inputs.

In: the tree of an experiment.  Out: a `Plan`, its data read.  Must not know: how anything is compiled or drawn.

Read here: data sets and files, dims, the problem with its arguments, runs with numbers, names of data and functions of
the step as arguments, plots.  Draws, lets and sets of values are refused as planned, with their place; expectations and
tables are not read here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from optgen.diagnostics import Diagnostic, Span, SpecError
from optgen.language import tree


@dataclass(frozen=True, slots=True)
class Plot:
    """One trace of all runs against the step; options such as `log y`."""

    trace: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run: its name, the algorithm, its inputs by name."""

    name: str
    algorithm: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """An experiment, read.  `problem` is None where there is none; its arguments are in the order of its header."""

    name: str
    problem: str | None
    data: Mapping[str, Any]
    positional: tuple[Any, ...]
    keywords: Mapping[str, Any]
    runs: tuple[PlannedRun, ...]
    plots: tuple[Plot, ...]

    def inputs(self, names: Sequence[str]) -> dict[str, Any]:
        """What the problem gets, where `names` are its data and params in the order of its text."""
        given = dict(zip(names, self.positional, strict=False)) if self.problem is not None else dict(self.data)
        return {**given, **self.keywords}


def experiments(file: tree.File) -> dict[str, tree.Group]:
    """The experiments of a file by name."""
    return {item.name: item for item in file.body if isinstance(item, tree.Group) and item.kind == "experiment"}


def read(group: tree.Group) -> Plan:
    """The plan of an experiment, with its data loaded.  Raises SpecError for what is wrong or not yet possible."""
    later = group.lines("draw", "let")
    if later:
        raise SpecError([_planned(f"`{line.kind}` in an experiment", line.span) for line in later])
    names: dict[str, Any] = {}
    for line in group.lines("dim"):
        for declaration in line.declarations:
            if isinstance(declaration.target, tree.Name) and declaration.value is not None:
                names[declaration.target.name] = value(declaration.value, names)
    for line in group.lines("data"):
        names.update(_data(line))
    data = dict(names)
    problem: str | None = None
    positional: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    for line in group.lines("problem"):
        problem, positional, keywords = _call(line.exprs[0], names)
    runs = []
    for line in group.lines("run"):
        labels = line.names or ("",) * len(line.exprs)
        for label, expr in zip(labels, line.exprs, strict=True):
            algorithm, arguments, inputs = _call(expr, names)
            if arguments:
                raise SpecError([_planned("a run with arguments by position", expr.span)])
            runs.append(PlannedRun(label or algorithm, algorithm, inputs))
    plots = [
        Plot(expr.name, _plot_options(line.names))
        for line in group.lines("plot")
        for expr in line.exprs
        if isinstance(expr, tree.Name)
    ]
    return Plan(group.name, problem, data, positional, keywords, tuple(runs), tuple(plots))


def _plot_options(words: Sequence[str]) -> tuple[str, ...]:
    """The words after a plot, `log x log y`, as the options they make."""
    return tuple(f"{first} {second}" for first, second in pairwise(words) if first == "log")


def _data(line: tree.Line) -> dict[str, Any]:
    """The arrays of a data line by the names on its left."""
    if line.source_kind == "dataset":
        from optgen.datasets import load

        arrays: Sequence[Any] = load(line.text, dict(line.options), line.span)
    else:
        arrays = _file(line)
    if len(arrays) < len(line.names):
        message = f"{line.text} has {len(arrays)} arrays, here are {len(line.names)} names"
        raise SpecError([Diagnostic("E0504", message, line.span)])
    return dict(zip(line.names, arrays, strict=False))


def _file(line: tree.Line) -> list[Any]:
    import numpy as np

    try:
        if line.text.endswith(".npz"):
            with np.load(line.text, allow_pickle=False) as archive:
                return [archive[name] for name in line.names]
        if line.text.endswith(".npy"):
            return [np.load(line.text, allow_pickle=False)]
        return [np.loadtxt(line.text, delimiter="," if line.text.endswith(".csv") else None)]
    except (OSError, ValueError, KeyError) as error:
        raise SpecError([Diagnostic("E0501", f"can't read {line.text}: {error}", line.span)]) from None


def _call(expr: tree.Expr, names: Mapping[str, Any]) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """`name(a, k = b)` as a name and its evaluated arguments."""
    match expr:
        case tree.Name(name=name):
            return name, (), {}
        case tree.Call(function=tree.Name(name=name), arguments=arguments, body=None):
            positional = tuple(value(a.value, names) for a in arguments if a.keyword is None)
            keywords = {a.keyword.name: value(a.value, names) for a in arguments if isinstance(a.keyword, tree.Name)}
            return name, positional, keywords
    raise SpecError([_planned("this form of a run or problem", expr.span)])


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
    "^": lambda a, b: a**b if b >= 0 or isinstance(a, float) else float(a) ** b,
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "abs": abs, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip
_CONSTANTS: dict[str, Any] = {"pi": math.pi, "inf": math.inf, "true": True, "false": False}


def value(expr: tree.Expr, names: Mapping[str, Any]) -> Any:
    """A number, an array of the experiment, or a function of the step."""
    match expr:
        case tree.Number(text=text):
            return float.fromhex(text) if text.startswith("0x") else float(text) if set(text) & set(".e") else int(text)
        case tree.Name(name=name) if name in names or name in _CONSTANTS:
            return names[name] if name in names else _CONSTANTS[name]
        case tree.Unary(operator="-", operand=operand):
            return -value(operand, names)
        case tree.Binary(operator=operator, left=left, right=right) if operator in _ARITHMETIC:
            return _ARITHMETIC[operator](value(left, names), value(right, names))
        case tree.Call(function=tree.Name(name=name), arguments=(only,), body=None) if name in _FUNCTIONS:
            return _FUNCTIONS[name](value(only.value, names))
        case tree.If(condition=tree.Comparison(), then=then, otherwise=otherwise):
            return value(then if _holds(expr.condition, names) else otherwise, names)
        case tree.Lambda(parameters=(parameter,), body=body):
            return lambda k: value(body, {**names, parameter: k})
        case tree.Name(name=name):
            raise SpecError([Diagnostic("E0201", f"{name} is not defined in this experiment", expr.span)])
    raise SpecError([_planned("this expression in an experiment", expr.span)])


_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _holds(comparison: tree.Expr, names: Mapping[str, Any]) -> bool:
    assert isinstance(comparison, tree.Comparison)
    left = value(comparison.first, names)
    for operator, operand in comparison.rest:
        if operator not in _RELATIONS:
            raise SpecError([_planned(f"`{operator}` in an experiment", comparison.span)])
        right = value(operand, names)
        if not _RELATIONS[operator](left, right):
            return False
        left = right
    return True


def _planned(what: str, span: Span) -> Diagnostic:
    return Diagnostic("E0404", f"{what} is planned, not yet possible", span)
