"""What each grammar rule makes: nodes of `tree`.  Called by the parser as it reduces."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer, v_args

from optgen.diagnostics import Source, Span
from optgen.language import tree

class _Arguments:
    __slots__ = ("items", "parts")

    def __init__(self, items: tuple[Any, ...], parts: dict[str, Any] | None = None) -> None:
        self.items, self.parts = items, parts or {}


class _Part:
    __slots__ = ("expr", "name")

    def __init__(self, name: str, expr: Any) -> None:
        self.name, self.expr = name, expr


class _Domains:
    __slots__ = ("items",)

    def __init__(self, items: tuple[Any, ...]) -> None:
        self.items = items


class _Parameters(_Domains):
    __slots__ = ()


class _Value:
    __slots__ = ("domains", "law", "value")

    def __init__(self, value: Any, law: Any, domains: tuple[Any, ...]) -> None:
        self.value, self.law, self.domains = value, law, domains


class _ForAll:
    __slots__ = ("condition", "ranges")

    def __init__(self, ranges: tuple[Any, ...], condition: Any) -> None:
        self.ranges, self.condition = ranges, condition


def _line(kind: str, **content: int) -> Any:
    """A rule whose children fill fields of a Line."""

    def make(self: Builder, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), kind, **{name: c[place] for name, place in content.items()})

    return make


def _named(kind: str) -> Any:
    """A rule that opens a block with a name and maybe parameters."""

    def make(self: Builder, meta: Any, c: list[Any]) -> tree.Group:
        parameters = c[1] if len(c) > 1 else None
        return tree.Group(self.span(meta), kind, str(c[0]), parameters.items if parameters else (), parameters is not None)

    return make


@v_args(meta=True)
class Builder(Transformer):  # type: ignore[type-arg]
    """One method a rule; `source` is the text being read."""

    def __init__(self, source: Source) -> None:
        super().__init__(visit_tokens=False)
        self.source = source

    def span(self, meta: Any) -> Span:
        if meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, meta.start_pos, meta.end_pos)

    def token_span(self, token: Token) -> Span:
        return Span(self.source, token.start_pos or 0, token.end_pos or 0)

    # ------------------------------------------------------------ expressions

    def name(self, meta: Any, c: list[Any]) -> tree.Name:
        return tree.Name(self.token_span(c[0]), str(c[0]))

    def primed(self, meta: Any, c: list[Any]) -> tree.Primed:
        return tree.Primed(self.token_span(c[0]), str(c[0])[:-1])

    def number(self, meta: Any, c: list[Any]) -> tree.Number:
        return tree.Number(self.token_span(c[0]), str(c[0]))

    def row(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def tuple(self, meta: Any, c: list[Any]) -> Any:
        items = c[0]
        return items[0] if len(items) == 1 else tree.Tuple(self.span(meta), items)

    def interval_left_open(self, meta: Any, c: list[Any]) -> tree.Interval:
        return self._interval(meta, c[0], True, False)

    def interval_right_open(self, meta: Any, c: list[Any]) -> tree.Interval:
        return self._interval(meta, c[0], False, True)

    def _interval(self, meta: Any, items: Any, low_open: bool, high_open: bool) -> tree.Interval:
        low, high = (items[0], items[1]) if len(items) == 2 else (items[0], items[0])
        return tree.Interval(self.span(meta), low, high, low_open, high_open)

    def block(self, meta: Any, c: list[Any]) -> tree.Block:
        trailing = bool(c) and isinstance(c[-1], Token)
        return tree.Block(self.span(meta), tuple(row for row in c if not isinstance(row, Token)), trailing)

    def set(self, meta: Any, c: list[Any]) -> tree.SetOf:
        items = next((part for part in c if isinstance(part, type(()))), ())
        ranges = next((part for part in c if isinstance(part, _ForAll)), _ForAll((), None))
        return tree.SetOf(self.span(meta), items, ranges.ranges, ranges.condition)

    def binary(self, meta: Any, c: list[Any]) -> tree.Binary:
        return tree.Binary(self.span(meta), str(c[1]), c[0], c[2])  # type: ignore[arg-type]

    def power(self, meta: Any, c: list[Any]) -> tree.Binary:
        return tree.Binary(self.span(meta), "^", c[0], c[1])

    def range_(self, meta: Any, c: list[Any]) -> tree.Binary:
        return tree.Binary(self.span(meta), "..", c[0], c[1])

    def or_(self, meta: Any, c: list[Any]) -> tree.Binary:
        return tree.Binary(self.span(meta), "or", c[0], c[1])

    def and_(self, meta: Any, c: list[Any]) -> tree.Binary:
        return tree.Binary(self.span(meta), "and", c[0], c[1])

    def not_(self, meta: Any, c: list[Any]) -> tree.Unary:
        return tree.Unary(self.span(meta), "not", c[-1])

    def negative(self, meta: Any, c: list[Any]) -> tree.Unary:
        return tree.Unary(self.span(meta), "-", c[-1])

    def compare(self, meta: Any, c: list[Any]) -> str:
        return str(c[0])

    def compared(self, meta: Any, c: list[Any]) -> tree.Comparison:
        rest = tuple(zip(c[1::2], c[2::2], strict=True))
        return tree.Comparison(self.span(meta), c[0], rest)

    def if_(self, meta: Any, c: list[Any]) -> tree.If:
        return tree.If(self.span(meta), c[0], c[1], c[2])

    def lambda_(self, meta: Any, c: list[Any]) -> tree.Lambda:
        left = c[0].items if isinstance(c[0], tree.Tuple) else (c[0],)
        names = tuple(item.name if isinstance(item, tree.Name) else "" for item in left)
        return tree.Lambda(self.span(meta), names, c[1])

    def arg(self, meta: Any, c: list[Any]) -> tree.Argument:
        if len(c) == 2:
            return tree.Argument(self.span(meta), c[1], c[0])
        return tree.Argument(self.span(meta), c[0])

    def arg_list(self, meta: Any, c: list[Any]) -> _Arguments:
        return _Arguments(tuple(c))

    def arg_where(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("condition", c[0])

    def arg_body(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("body", c[0])

    def arg_else(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("otherwise", c[0])

    def arg_by(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("by", c[0])

    def args(self, meta: Any, c: list[Any]) -> _Arguments:
        return _Arguments(c[0].items, {part.name: part.expr for part in c[1:]})

    def call(self, meta: Any, c: list[Any]) -> tree.Call:
        arguments = c[1] if len(c) == 2 else _Arguments(())
        return tree.Call(self.span(meta), c[0], arguments.items, **arguments.parts)

    def best(self, meta: Any, c: list[Any]) -> tree.Call:
        function = tree.Name(self.token_span(c[0]), str(c[0]))
        return tree.Call(self.span(meta), function, c[1].items, **c[1].parts)

    def all_(self, meta: Any, c: list[Any]) -> tree.All:
        return tree.All(self.span(meta))

    def indices(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def index(self, meta: Any, c: list[Any]) -> tree.Index:
        return tree.Index(self.span(meta), c[0], c[1])

    def attribute(self, meta: Any, c: list[Any]) -> tree.Attribute:
        return tree.Attribute(self.span(meta), c[0], str(c[1]))

    def derivative(self, meta: Any, c: list[Any]) -> tree.Derivative:
        variables = c[1] if len(c) == 3 else ()
        return tree.Derivative(self.span(meta), str(c[0]), tuple(variables), c[-1])  # type: ignore[arg-type]

    def operand_name(self, meta: Any, c: list[Any]) -> str:
        return str(c[0])

    def optimum(self, meta: Any, c: list[Any]) -> tree.Optimum:
        return tree.Optimum(self.span(meta), str(c[0]), c[1])  # type: ignore[arg-type]

    # ------------------------------------------------------------ parts of lines

    def names(self, meta: Any, c: list[Any]) -> tuple[str, ...]:
        return tuple(str(item) for item in c)

    def path(self, meta: Any, c: list[Any]) -> str:
        return "/".join(str(item) for item in c)

    def exprs(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def type(self, meta: Any, c: list[Any]) -> tree.Type:
        span = self.span(meta)
        text = span.text
        if len(c) == 1:
            return tree.Type(span, c[0])
        if len(c) == 3:
            return tree.Type(span, c[0], c[1], c[2])
        between = text[c[0].span.end - span.start : c[1].span.start - span.start]
        return tree.Type(span, c[0], None, c[1]) if "->" in between else tree.Type(span, c[0], c[1])

    def colon_type(self, meta: Any, c: list[Any]) -> tree.Type:
        return c[0]  # type: ignore[no-any-return]

    def domain_in(self, meta: Any, c: list[Any]) -> tree.Domain:
        return tree.Domain(self.span(meta), "in", c[-1])

    def domain_compare(self, meta: Any, c: list[Any]) -> tree.Domain:
        return tree.Domain(self.span(meta), str(c[0]), c[1])  # type: ignore[arg-type]

    def domain_word(self, meta: Any, c: list[Any]) -> tree.Domain:
        span = self.token_span(c[0])
        return tree.Domain(span, "is", tree.Name(span, str(c[0])))

    def domains(self, meta: Any, c: list[Any]) -> _Domains:
        return _Domains(tuple(c))

    def first_value(self, meta: Any, c: list[Any]) -> _Value:
        return _Value(c[0], None, c[1].items)

    def first_law(self, meta: Any, c: list[Any]) -> _Value:
        return _Value(None, c[0], c[1].items)

    def decl(self, meta: Any, c: list[Any]) -> tree.Declaration:
        kind = next((part for part in c[1:] if isinstance(part, tree.Type)), None)
        domains = next(part for part in c[1:] if isinstance(part, _Domains)).items
        value = c[-1] if isinstance(c[-1], _Value) else _Value(None, None, ())
        return tree.Declaration(self.span(meta), c[0], kind, (*domains, *value.domains), value.value, value.law)

    def decls(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def definition(self, meta: Any, c: list[Any]) -> tree.Definition:
        return tree.Definition(self.span(meta), c[0], c[1])

    def defs(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def forall(self, meta: Any, c: list[Any]) -> _ForAll:
        return _ForAll(c[0], c[1] if len(c) > 1 else None)

    def draw(self, meta: Any, c: list[Any]) -> tree.Draw:
        kind = next((part for part in c[1:] if isinstance(part, tree.Type)), None)
        rest = [part for part in c[1:] if not isinstance(part, tree.Type)]
        return tree.Draw(self.span(meta), c[0], kind, rest[0], rest[1] if len(rest) > 1 else None)

    def draws(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def relation(self, meta: Any, c: list[Any]) -> tree.Relation:
        return tree.Relation(self.span(meta), c[0], c[1] if len(c) > 1 else None)

    def definite(self, meta: Any, c: list[Any]) -> tree.Relation:
        return tree.Relation(self.span(meta), c[0], None, str(c[1]))  # type: ignore[arg-type]

    def rels(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def param(self, meta: Any, c: list[Any]) -> tree.Parameter:
        kind = next((part for part in c[1:] if isinstance(part, tree.Type)), None)
        domains = next((part for part in c[1:] if isinstance(part, _Domains)), _Domains(())).items
        value = c[-1] if len(c) > 1 and not isinstance(c[-1], tree.Type | _Domains) else None
        return tree.Parameter(self.span(meta), str(c[0]), kind, domains, value)

    def params(self, meta: Any, c: list[Any]) -> _Parameters:
        return _Parameters(tuple(c))

    def function_value(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("value", c[0])

    def step_range(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def within(self, meta: Any, c: list[Any]) -> _Part:
        return _Part("%" if len(c) > 1 else "", c[0])

    # ------------------------------------------------------------ lines

    dim, data, var, oracle = (_line(kind, declarations=0) for kind in ("dim", "data", "var", "oracle"))
    param_line, state, weight, input = (_line(kind, declarations=0) for kind in ("param", "state", "weight", "input"))
    value, minimize, maximize, seeds, until = (_line(k, expr=0) for k in ("value", "minimize", "maximize", "seeds", "until"))
    diverged, target = _line("diverged", expr=0), _line("target", expr=0)
    where, given, prove, refute, at_line = (_line(k, relations=0) for k in ("where", "given", "prove", "refute", "at"))
    search_domain = _line("domain", relations=0)
    find, operations = _line("find", names=0), _line("operations", names=0)
    for_all, objective = _line("for_all", exprs=0), _line("objective", exprs=0)
    record, quick = _line("record", definitions=0), _line("quick", definitions=0)

    def doc(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "doc", text=str(c[0])[1:-1])

    def source_line(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "source", text=str(c[0])[1:-1])

    def _ranged(self, meta: Any, kind: str, c: list[Any]) -> tree.Line:
        suffix = c[1] if len(c) > 1 else _ForAll((), None)
        definitions = tuple(
            tree.Definition(d.span, d.left, d.right, suffix.ranges, suffix.condition) for d in c[0]
        ) if suffix.ranges else c[0]
        return tree.Line(self.span(meta), kind, definitions=definitions)

    def let(self, meta: Any, c: list[Any]) -> tree.Line:
        return self._ranged(meta, "let", c)

    def equation(self, meta: Any, c: list[Any]) -> tree.Line:
        return self._ranged(meta, "equation", c)

    def draw_line(self, meta: Any, c: list[Any]) -> tree.Line:
        suffix = c[1] if len(c) > 1 else _ForAll((), None)
        draws = tuple(tree.Draw(d.span, d.left, d.type, d.law, d.seed, suffix.ranges, suffix.condition) for d in c[0])
        return tree.Line(self.span(meta), "draw", draws=draws)

    def subject(self, meta: Any, c: list[Any]) -> tree.Line:
        suffix = c[1] if len(c) > 1 else _ForAll((), None)
        return tree.Line(self.span(meta), "subject", relations=c[0], ranges=suffix.ranges, condition=suffix.condition)

    def _reasoned(self, meta: Any, kind: str, c: list[Any]) -> tree.Line:
        text = str(c[0])[1:-1] if isinstance(c[0], Token) else ""
        return tree.Line(self.span(meta), kind, text=text, expr=c[-1])

    def stop(self, meta: Any, c: list[Any]) -> tree.Line:
        return self._reasoned(meta, "stop", c)

    def fail(self, meta: Any, c: list[Any]) -> tree.Line:
        return self._reasoned(meta, "fail", c)

    def lyapunov(self, meta: Any, c: list[Any]) -> tree.Line:
        span = self.span(meta)
        if len(c) == 1:
            return tree.Line(span, "lyapunov", expr=c[0])
        return tree.Line(span, "lyapunov", definitions=(tree.Definition(span, c[0], c[1]),))

    def accuracy(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "accuracy", exprs=(self.number(meta, c[:1]),), names=tuple(str(w) for w in c[1:]))

    def budget(self, meta: Any, c: list[Any]) -> tree.Line:
        numbers = tuple(self.number(meta, [c[k]]) for k in (0, 2) if k < len(c))
        return tree.Line(self.span(meta), "budget", exprs=numbers, names=(str(c[1]),))

    def use(self, meta: Any, c: list[Any]) -> tree.Line:
        path = str(c[1])[1:-1] if isinstance(c[1], Token) else c[1]
        return tree.Line(self.span(meta), "use", names=c[0], text=path)

    def specialise(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "specialise", names=(str(c[0]),), expr=c[1])

    def flow_sign(self, meta: Any, c: list[Any]) -> str:
        return str(c[0])

    def flowterm(self, meta: Any, c: list[Any]) -> tuple[Any, str]:
        return (c[0] if len(c) > 1 else None, str(c[-1]))

    def flow(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        terms, sign = [], "+"
        for item in c:
            if isinstance(item, str):
                sign = item
            else:
                terms.append((sign, *item))
        return tuple(terms)

    def flow_line(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "flow", names=(str(c[0]),), flow=c[1])

    # experiments

    def option_value(self, meta: Any, c: list[Any]) -> str:
        return "".join(str(item) for item in c)

    def option(self, meta: Any, c: list[Any]) -> tuple[str, tuple[str, ...]]:
        return str(c[0]), tuple(c[1:])

    def dataset(self, meta: Any, c: list[Any]) -> tuple[str, str, tuple[Any, ...]]:
        return "dataset", str(c[0]), tuple(c[1:])

    def file_source(self, meta: Any, c: list[Any]) -> tuple[str, str, tuple[Any, ...]]:
        return "file", str(c[0])[1:-1], ()

    def experiment_data(self, meta: Any, c: list[Any]) -> tree.Line:
        kind, name, options = c[1]
        return tree.Line(self.span(meta), "data", names=c[0], source_kind=kind, text=name, options=options)

    def experiment_problem(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "problem", exprs=(c[0],))

    def run(self, meta: Any, c: list[Any]) -> tuple[str, Any]:
        return (str(c[0]), c[1]) if len(c) == 2 else ("", c[0])

    def runs(self, meta: Any, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def run_line(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "run", names=tuple(n for n, _ in c[0]), exprs=tuple(e for _, e in c[0]))

    def expect(self, meta: Any, c: list[Any]) -> tree.Line:
        tolerance = c[1] if len(c) > 1 else _Part("", None)
        return tree.Line(self.span(meta), "expect", relations=(c[0],), expr=tolerance.expr, text=tolerance.name)

    def table(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "table", exprs=c[0], names=c[1] if len(c) > 1 else ())

    def plot_options(self, meta: Any, c: list[Any]) -> tuple[str, ...]:
        return tuple(str(item) for item in c)

    def plot(self, meta: Any, c: list[Any]) -> tree.Line:
        return tree.Line(self.span(meta), "plot", exprs=c[0], expr=c[1], names=c[2])

    # ------------------------------------------------------------ openings of blocks

    algorithm, problem, network, sde, ode = (_named(kind) for kind in ("algorithm", "problem", "network", "sde", "ode"))
    experiment, search, phase = (_named(kind) for kind in ("experiment", "search", "phase"))

    def function(self, meta: Any, c: list[Any]) -> tree.Group:
        result = next((part for part in c[2:] if isinstance(part, tree.Type)), None)
        value = c[-1].expr if isinstance(c[-1], _Part) else None
        return tree.Group(self.span(meta), "function", str(c[0]), c[1].items, True, result, value)

    def claim(self, meta: Any, c: list[Any]) -> tree.Group:
        return tree.Group(self.span(meta), "claim", str(c[0])[1:-1] if c else "")

    def program(self, meta: Any, c: list[Any]) -> tree.Group:
        return tree.Group(self.span(meta), "program")

    def step_group(self, meta: Any, c: list[Any]) -> tree.Group:
        ranged = c[1] if len(c) > 1 else ()
        by = ranged[1] if len(ranged) > 1 else None
        return tree.Group(self.span(meta), "step", counter=str(c[0]) if c else "", range=ranged[0] if ranged else None, by=by)

    def when(self, meta: Any, c: list[Any]) -> tree.Group:
        return tree.Group(self.span(meta), "when", condition=c[0])

    def otherwise(self, meta: Any, c: list[Any]) -> tree.Group:
        return tree.Group(self.span(meta), "otherwise", condition=c[0] if c else None)

