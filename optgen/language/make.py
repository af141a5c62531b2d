"""What each rule of the grammar makes: nodes of `tree`, and the parts that larger rules put into them.

`NODES` are called with the span of the rule and its children, `PARTS` with the children only (see `automaton.run`).
Children are texts of tokens, nodes, and the small parts below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from optgen.diagnostics import Diagnostic, Span, SpecError
from optgen.language import tree

Children = list[Any]


class Arguments(NamedTuple):
    """What stands between the parentheses of a call or binder."""

    items: tuple[tree.Argument, ...]
    parts: dict[str, tree.Expr]


class Clause(NamedTuple):
    """A named optional part: `where c`, `: e`, `else d`, `= e`, `within 10%`."""

    name: str
    expr: tree.Expr


class Domains(NamedTuple):
    items: tuple[tree.Domain, ...]


class Parameters(NamedTuple):
    items: tuple[tree.Parameter, ...]


class First(NamedTuple):
    """`= e` or `~ law` of a declaration, with the domains after it."""

    value: tree.Expr | None
    law: tree.Expr | None
    domains: tuple[tree.Domain, ...]


class ForAll(NamedTuple):
    """The suffix `for i in S where c`."""

    ranges: tuple[tree.Expr, ...]
    condition: tree.Expr | None


class DataSource(NamedTuple):
    kind: str
    name: str
    options: tuple[tuple[str, tuple[str, ...]], ...]


_NO_RANGES = ForAll((), None)


def _fail(code: str, message: str, span: Span, fix: str) -> SpecError:
    return SpecError([Diagnostic(code, message, span, help=fix)])


def _find(children: Children, kind: type, default: Any = None) -> Any:
    return next((child for child in children if isinstance(child, kind)), default)


# ---------------------------------------------------------------- expressions


def _interval(low_open: bool) -> Callable[[Span, Children], tree.Expr]:
    def make(span: Span, c: Children) -> tree.Expr:
        if len(c[0]) != 2:
            raise _fail("E0117", "an interval has two ends", span, "write (a, b], or close with the same bracket")
        return tree.Interval(span, c[0][0], c[0][1], low_open, not low_open)

    return make


def _tuple(span: Span, c: Children) -> tree.Expr:
    items = c[0]
    return items[0] if len(items) == 1 else tree.Tuple(span, items)


def _block(span: Span, c: Children) -> tree.Expr:
    trailing = c[-1] == ";"
    return tree.Block(span, tuple(c[:-1] if trailing else c), trailing)


def _set(span: Span, c: Children) -> tree.Expr:
    suffix = c[1] if len(c) > 1 else _NO_RANGES
    return tree.SetOf(span, c[0] if c else (), suffix.ranges, suffix.condition)


_UPWARDS, _DOWNWARDS = frozenset(["<", "<="]), frozenset([">", ">="])


def _compared(span: Span, c: Children) -> tree.Expr:
    rest = tuple(zip(c[1::2], c[2::2], strict=True))
    signs = {sign for sign, _ in rest}
    if signs & _UPWARDS and signs & _DOWNWARDS:
        fix = "write it as two comparisons joined by `and`"
        raise _fail("E0118", "a chain of comparisons goes in one direction", span, fix)
    return tree.Comparison(span, c[0], rest)


def _lambda(span: Span, c: Children) -> tree.Expr:
    names: list[str] = []
    for item in c[0].items if isinstance(c[0], tree.Tuple) else (c[0],):
        if not isinstance(item, tree.Name):
            raise _fail("E0119", "names stand to the left of ->", item.span, "write x -> e or (x, y) -> e")
        names.append(item.name)
    return tree.Lambda(span, tuple(names), c[1])


def _call(span: Span, c: Children) -> tree.Expr:
    arguments = c[1] if len(c) == 2 else Arguments((), {})
    return tree.Call(span, c[0], arguments.items, **arguments.parts)


def _best(span: Span, c: Children) -> tree.Expr:
    word = Span(span.source, span.start, span.start + len(c[0]))
    return tree.Call(span, tree.Name(word, c[0]), c[1].items, **c[1].parts)


def _argument(span: Span, c: Children) -> tree.Argument:
    return tree.Argument(span, c[1], c[0]) if len(c) == 2 else tree.Argument(span, c[0])


def _derivative(span: Span, c: Children) -> tree.Expr:
    return tree.Derivative(span, c[0], c[1] if len(c) == 3 else (), c[-1])


# ---------------------------------------------------------------- parts of lines


def _declaration(span: Span, c: Children) -> tree.Declaration:
    target = c[0]
    if not isinstance(target, tree.Name | tree.Index | tree.Call):
        raise _fail("E0119", "a declaration starts with the name it declares", target.span, "write name : type = value")
    first = _find(c, First, First(None, None, ()))
    domains = (*_find(c, Domains).items, *first.domains)
    return tree.Declaration(span, target, _find(c, tree.Type), domains, first.value, first.law)


_LEFT = (tree.Name, tree.Primed, tree.Index, tree.Call, tree.Tuple)


def _definition(span: Span, c: Children) -> tree.Definition:
    if not isinstance(c[0], _LEFT):
        fix = "write x = e, x' = e, x[i] = e, f(x) = e or (a, b) = e"
        raise _fail("E0119", "only a name can be defined", c[0].span, fix)
    return tree.Definition(span, c[0], c[1])


def _draw(span: Span, c: Children) -> tree.Draw:
    if not isinstance(c[0], tree.Name | tree.Index):
        raise _fail("E0119", "a draw starts with the name it draws", c[0].span, "write draw z ~ normal(n)")
    rest = [part for part in c[1:] if not isinstance(part, tree.Type)]
    return tree.Draw(span, c[0], _find(c[1:], tree.Type), rest[0], rest[1] if len(rest) > 1 else None)


def _parameter(span: Span, c: Children) -> tree.Parameter:
    value = c[-1] if len(c) > 1 and not isinstance(c[-1], tree.Type | Domains) else None
    return tree.Parameter(span, c[0], _find(c, tree.Type), _find(c, Domains, Domains(())).items, value)


def _domain_word(span: Span, c: Children) -> tree.Domain:
    return tree.Domain(span, "is", tree.Name(span, c[0]))


def _flow(_: Any, c: Children) -> tuple[tuple[str, tree.Expr | None, str], ...]:
    signs = ["+", *c[1::2]]
    return tuple((sign, factor, differential) for sign, (factor, differential) in zip(signs, c[::2], strict=True))


# ---------------------------------------------------------------- lines


def _line(kind: str, field: str) -> Callable[[Span, Children], tree.Line]:
    """A line whose only part is one field of the node."""
    return lambda span, c: tree.Line(span, kind, **{field: c[0]})


def _quoted(kind: str) -> Callable[[Span, Children], tree.Line]:
    return lambda span, c: tree.Line(span, kind, text=c[0][1:-1])


def _definitions(kind: str) -> Callable[[Span, Children], tree.Line]:
    def make(span: Span, c: Children) -> tree.Line:
        definitions = c[0]
        if len(c) > 1:
            definitions = tuple(tree.Definition(d.span, d.left, d.right, *c[1]) for d in definitions)
        return tree.Line(span, kind, definitions=definitions)

    return make


def _draws(span: Span, c: Children) -> tree.Line:
    draws = c[0]
    if len(c) > 1:
        draws = tuple(tree.Draw(d.span, d.left, d.type, d.law, d.seed, *c[1]) for d in draws)
    return tree.Line(span, "draw", draws=draws)


def _subject(span: Span, c: Children) -> tree.Line:
    suffix = c[1] if len(c) > 1 else _NO_RANGES
    return tree.Line(span, "subject", relations=c[0], ranges=suffix.ranges, condition=suffix.condition)


def _reasoned(kind: str) -> Callable[[Span, Children], tree.Line]:
    return lambda span, c: tree.Line(span, kind, text=c[0][1:-1] if len(c) > 1 else "", expr=c[-1])


def _lyapunov(span: Span, c: Children) -> tree.Line:
    if len(c) == 1:
        return tree.Line(span, "lyapunov", expr=c[0])
    return tree.Line(span, "lyapunov", definitions=(_definition(span, c),))


def _accuracy(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "accuracy", exprs=(c[0],), names=tuple(c[1:]))


def _accuracy_or_absolute(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "accuracy", exprs=(c[0], c[2]), names=(c[1], "absolute"))


def _budget(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "budget", exprs=tuple(c[::2]), names=(c[1],))


def _use(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "use", names=c[0], text=c[1].strip('"'))


def _experiment_data(span: Span, c: Children) -> tree.Line:
    source: DataSource = c[1]
    return tree.Line(span, "data", names=c[0], source_kind=source.kind, text=source.name, options=source.options)


def _run(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "run", names=tuple(name for name, _ in c[0]), exprs=tuple(expr for _, expr in c[0]))


def _expect(span: Span, c: Children) -> tree.Line:
    tolerance = c[1] if len(c) > 1 else Clause("", None)  # type: ignore[arg-type]
    return tree.Line(span, "expect", relations=(c[0],), expr=tolerance.expr, text=tolerance.name)


def _table(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "table", exprs=c[0], names=c[1] if len(c) > 1 else ())


def _plot(span: Span, c: Children) -> tree.Line:
    return tree.Line(span, "plot", exprs=c[0], expr=c[1], names=c[2])


# ---------------------------------------------------------------- openings of blocks


def _named(kind: str) -> Callable[[Span, Children], tree.Group]:
    def make(span: Span, c: Children) -> tree.Group:
        parameters = c[1].items if len(c) > 1 else ()
        return tree.Group(span, kind, c[0], parameters, len(c) > 1)

    return make


def _function(span: Span, c: Children) -> tree.Group:
    value = _find(c, Clause)
    return tree.Group(
        span, "function", c[0], c[1].items, True, _find(c, tree.Type), value.expr if value is not None else None
    )


def _claim(span: Span, c: Children) -> tree.Group:
    return tree.Group(span, "claim", c[0][1:-1] if c else "")


def _step(span: Span, c: Children) -> tree.Group:
    over: Children = [*c[1], None] if len(c) > 1 else [None, None]
    return tree.Group(span, "step", counter=c[0] if c else "", range=over[0], by=over[1])


_DECLARED = ("dim", "data", "var", "oracle", "state", "weight", "input")
_ONE_EXPRESSION = ("value", "minimize", "maximize", "seeds", "until", "diverged", "target")
_RELATED = ("where", "given", "prove", "refute")
_NAMED_BLOCKS = ("algorithm", "problem", "network", "sde", "ode", "experiment", "search", "phase")
_LISTS = ("row", "names", "exprs", "indices", "decls", "defs", "draws", "rels", "runs", "step_range", "plot_options")

NODES: dict[str, Callable[[Span, Children], Any]] = {
    # expressions
    "name": lambda span, c: tree.Name(span, c[0]),
    "primed": lambda span, c: tree.Primed(span, c[0][:-1]),
    "number": lambda span, c: tree.Number(span, c[0]),
    "tuple": _tuple,
    "interval_left_open": _interval(True),
    "interval_right_open": _interval(False),
    "block": _block,
    "set": _set,
    "binary": lambda span, c: tree.Binary(span, c[1], c[0], c[2]),
    "power": lambda span, c: tree.Binary(span, "^", c[0], c[1]),
    "range_": lambda span, c: tree.Binary(span, "..", c[0], c[1]),
    "or_": lambda span, c: tree.Binary(span, "or", c[0], c[1]),
    "and_": lambda span, c: tree.Binary(span, "and", c[0], c[1]),
    "not_": lambda span, c: tree.Unary(span, "not", c[0]),
    "negative": lambda span, c: tree.Unary(span, "-", c[1]),
    "compared": _compared,
    "if_": lambda span, c: tree.If(span, c[0], c[1], c[2]),
    "lambda_": _lambda,
    "arg": _argument,
    "call": _call,
    "best": _best,
    "all_": lambda span, c: tree.All(span),
    "index": lambda span, c: tree.Index(span, c[0], c[1]),
    "attribute": lambda span, c: tree.Attribute(span, c[0], c[1]),
    "derivative": _derivative,
    "optimum": lambda span, c: tree.Optimum(span, c[0], c[1]),
    # parts of lines
    "type_plain": lambda span, c: tree.Type(span, c[0]),
    "type_of": lambda span, c: tree.Type(span, c[0], c[1]),
    "type_function": lambda span, c: tree.Type(span, c[0], None, c[1]),
    "type_of_function": lambda span, c: tree.Type(span, c[0], c[1], c[2]),
    "domain_in": lambda span, c: tree.Domain(span, "in", c[0]),
    "domain_compare": lambda span, c: tree.Domain(span, c[0], c[1]),
    "domain_word": _domain_word,
    "decl": _declaration,
    "definition": _definition,
    "draw": _draw,
    "relation": lambda span, c: tree.Relation(span, *c),
    "definite": lambda span, c: tree.Relation(span, c[0], None, c[1]),
    "param": _parameter,
    # lines
    "doc": _quoted("doc"),
    "source_line": _quoted("source"),
    **{kind: _line(kind, "declarations") for kind in _DECLARED},
    "param_line": _line("param", "declarations"),
    **{kind: _line(kind, "expr") for kind in _ONE_EXPRESSION},
    **{kind: _line(kind, "relations") for kind in _RELATED},
    "at_line": _line("at", "relations"),
    "search_domain": _line("domain", "relations"),
    "find": _line("find", "names"),
    "operation": lambda span, c: span.text,
    "operations": lambda span, c: tree.Line(span, "operations", names=tuple(c)),
    "for_all": _line("for_all", "exprs"),
    "objective": _line("objective", "exprs"),
    "quick": _line("quick", "definitions"),
    "let": _definitions("let"),
    "equation": _definitions("equation"),
    "record": _definitions("record"),
    "draw_line": _draws,
    "subject": _subject,
    "stop": _reasoned("stop"),
    "fail": _reasoned("fail"),
    "lyapunov": _lyapunov,
    "accuracy": _accuracy,
    "accuracy_or_absolute": _accuracy_or_absolute,
    "budget": _budget,
    "use": _use,
    "specialise": lambda span, c: tree.Line(span, "specialise", names=(c[0],), expr=c[1]),
    "flow_line": lambda span, c: tree.Line(span, "flow", names=(c[0],), flow=c[1]),
    "experiment_data": _experiment_data,
    "experiment_problem": lambda span, c: tree.Line(span, "problem", exprs=(c[0],)),
    "run_line": _run,
    "expect": _expect,
    "table": _table,
    "plot": _plot,
    # openings of blocks
    **{kind: _named(kind) for kind in _NAMED_BLOCKS},
    "function": _function,
    "claim": _claim,
    "program": lambda span, c: tree.Group(span, "program"),
    "step_group": _step,
    "when": lambda span, c: tree.Group(span, "when", condition=c[0]),
    "otherwise": lambda span, c: tree.Group(span, "otherwise", condition=c[0] if c else None),
}

PARTS: dict[str, Callable[[Any, Children], Any]] = {
    **{rule: lambda _, c: tuple(c) for rule in _LISTS},
    "flowterm": lambda _, c: (c[0] if len(c) > 1 else None, c[-1]),
    "flow": _flow,
    "flow_sign": lambda _, c: c[0],
    "compare": lambda _, c: c[0],
    "operand_name": lambda _, c: c[0],
    "colon_type": lambda _, c: c[0],
    "path": lambda _, c: "/".join(c),
    "arg_list": lambda _, c: tuple(c),
    "arg_where": lambda _, c: Clause("condition", c[0]),
    "arg_body": lambda _, c: Clause("body", c[0]),
    "arg_else": lambda _, c: Clause("otherwise", c[0]),
    "arg_by": lambda _, c: Clause("by", c[0]),
    "args": lambda _, c: Arguments(c[0], dict(c[1:])),
    "domains": lambda _, c: Domains(tuple(c)),
    "first_value": lambda _, c: First(c[0], None, c[1].items),
    "first_law": lambda _, c: First(None, c[0], c[1].items),
    "forall": lambda _, c: ForAll(c[0], c[1] if len(c) > 1 else None),
    "params": lambda _, c: Parameters(tuple(c)),
    "function_value": lambda _, c: Clause("value", c[0]),
    "within": lambda _, c: Clause("%" if len(c) > 1 else "", c[0]),
    "option_value": lambda _, c: "".join(c),
    "option": lambda _, c: (c[0], tuple(c[1:])),
    "dataset": lambda _, c: DataSource("dataset", c[0], tuple(c[1:])),
    "file_source": lambda _, c: DataSource("file", c[0][1:-1], ()),
    "run": lambda _, c: (c[0], c[1]) if len(c) == 2 else ("", c[0]),
}
