"""The names of a claim: what `for all` binds, the symbols that classes declare, and the domains they bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from optgen.diagnostics import Span, suggestion
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.classes import CLASSES, WITHOUT_INEQUALITY, Class
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Space, number

if TYPE_CHECKING:
    from optgen.passes.lower.claims import Maker

TYPE_WORDS = ("R", "N", "Z", "Bool")


# ---------------------------------------------------------------- for all


def declare_names(group: tree.Group, maker: Maker) -> None:
    """`for all k >= 1, x in (0, 1), u in R[d], s(x, t)`: names, then what is said of them."""
    conditions: list[tree.Expr] = []
    for line in group.lines("for_all"):
        for expr in line.exprs:
            maker.context.attempt(lambda e=expr: conditions.extend(_declare(e, group, maker)))
    for expr in conditions:
        maker.domains += maker.context.attempt(lambda e=expr: maker.facts(tree.Relation(e.span, e))) or ()


def _declare(expr: tree.Expr, group: tree.Group, maker: Maker) -> list[tree.Expr]:
    """One item; the condition that is left to be read when all names are known."""
    match expr:
        case tree.Call(function=tree.Name(name=name), arguments=arguments, body=None):
            _declare_function(name, len(arguments), expr.span, maker)
            return []
        case tree.Name(name=name):
            maker.declare(name, _number_kind(name, group, maker), expr.span)
            return []
        case tree.Comparison(first=tree.Name(name=name, span=span), rest=(("in", within),)):
            return _declare_within(name, span, within, expr, group, maker)
        case tree.Comparison():
            sides = [expr.first, *(right for _, right in expr.rest)]
            new = [side for side in sides if isinstance(side, tree.Name) and not maker.known(side.name)]
            if new:
                maker.declare(new[0].name, _number_kind(new[0].name, group, maker), new[0].span)
            if new or any(isinstance(side, tree.Name) and is_time(side.name, maker) for side in sides):
                return [expr]
    fail("E0704", "`for all` binds names, as in for all k >= 1, x in (0, 1), u in R[d]", expr.span)


def is_time(name: str, maker: Maker) -> bool:
    """Whether a name is the time of the flow that the claim is about: every time, as it stands."""
    return maker.scene.flow is not None and name == maker.scene.flow.time.name


def _declare_within(
    name: str, span: Span, within: tree.Expr, expr: tree.Comparison, group: tree.Group, maker: Maker
) -> list[tree.Expr]:
    base = within.base if isinstance(within, tree.Index) else within
    word = base.name if isinstance(base, tree.Name) else base.function if isinstance(base, tree.Call) else None
    if isinstance(word, tree.Name):
        word = word.name
    if word in CLASSES and not maker.known(word):
        fix = f"write for all {name}(x), and given {name} in {within.span.text}"
        fail(
            "E0704",
            f"{word} is a class of functions; `for all` names a function with its argument",
            expr.span,
            help=fix,
        )
    if word in TYPE_WORDS or word == "space":
        from optgen.passes.lower.types import read_type

        typed = read_type(tree.Type(within.span, within), maker.context)
        kind = "point" if typed.axes else ("integer" if typed.dtype == "int" else "symbol")
        maker.declare(name, kind, span, typed.axes)
        return []
    if isinstance(within, tree.Binary) and within.operator == "..":
        maker.declare(name, "integer", span)
        low = tree.Comparison(expr.span, within.left, (("<=", expr.first),))
        if isinstance(within.right, tree.Name) and within.right.name == "inf":
            return [low]
        return [low, tree.Comparison(expr.span, expr.first, (("<=", within.right),))]
    maker.declare(name, _number_kind(name, group, maker), span)
    return [expr]


def _declare_function(name: str, count: int, span: Span, maker: Maker) -> None:
    """`s(x, t)`: any function of so many numbers."""
    from optgen.passes.lower.oracles import oracle_function

    if maker.known(name):
        fail("E0202", f"{name} is already a name here", span)
    maker.context.scope.names[name] = oracle_function(name, [Space(())] * count, ())
    maker.names.append(out.Name(name, "function", None, span))


def _number_kind(name: str, group: tree.Group, maker: Maker) -> str:
    """An integer if the claim uses the name as an iterate or an index, else a real."""
    from optgen.passes.lower.binders import parts

    stack: list[Any] = list(_expressions(group))
    while stack:
        expr = stack.pop()
        if isinstance(expr, tree.Index) and any(_mentions(i, name) for i in expr.indices):
            return "integer"
        if isinstance(expr, tree.Call) and expr.body is None and isinstance(expr.function, tree.Name):
            value = maker.context.scope.find(expr.function.name) if maker.known(expr.function.name) else None
            if (
                value is not None
                and isinstance(value[1], Grid)
                and any(_mentions(a.value, name) for a in expr.arguments)
            ):
                return "integer"
        stack.extend(parts(expr))
    return "symbol"


def _mentions(expr: Any, name: str) -> bool:
    from optgen.passes.lower.binders import parts

    if isinstance(expr, tree.Name):
        return expr.name == name
    return not isinstance(expr, tree.All) and any(_mentions(part, name) for part in parts(expr))


def _expressions(group: tree.Group) -> Iterator[tree.Expr]:
    for line in group.body:
        if isinstance(line, tree.Line):
            yield from (d.right for d in line.definitions)
            for relation in line.relations:
                yield relation.left
                if relation.right is not None:
                    yield relation.right


# ---------------------------------------------------------------- classes


def read_classes(group: tree.Group, maker: Maker) -> list[tree.Relation]:
    """Memberships of `given` into the maker; the relations that are left."""
    rest: list[tree.Relation] = []
    for line in group.lines("given"):
        for relation in line.relations:
            if maker.context.attempt(lambda r=relation: _membership(r.left, r, maker)) is False:
                rest.append(relation)
    return rest


def _membership(expr: tree.Expr, relation: tree.Relation, maker: Maker) -> bool:
    """Whether the relation was `f in class` (then it is in the maker)."""
    if relation.right is not None and isinstance(expr, tree.Name) and _is_function(expr, maker):
        return True  # `given K = norm1`: the claim's algorithm was specialised by it
    match expr:
        case tree.Comparison(
            first=tree.Call(
                function=tree.Name(name="variance"), arguments=(tree.Argument(value=tree.Name() as function),)
            ),
            rest=(("<=", bound),),
        ) if not maker.known("variance") and _is_function(function, maker):
            variance_of(function.name, bound, expr.span, maker)
            return True
        case tree.Comparison(first=first, rest=(("in", within),)) if relation.right is None:
            base = first.base if isinstance(first, tree.Index) else first
            if not isinstance(base, tree.Name) or not maker.known(base.name):
                return False
            if not _is_function(base, maker):
                _refuse_number(base, within)
                return False
            member_of(base.name, isinstance(first, tree.Index), within, maker)
            return True
    return False


def _refuse_number(name: tree.Name, within: tree.Expr) -> None:
    """`x in smooth(L)` of a state."""
    word = within.function if isinstance(within, tree.Call) else within
    if isinstance(word, tree.Name) and word.name in {*CLASSES, *WITHOUT_INEQUALITY}:
        fail("E0701", f"{name.name} is no function, and {word.name} is said of functions", name.span)


def _is_function(name: tree.Name, maker: Maker) -> bool:
    return maker.known(name.name) and isinstance(maker.context.lookup(name.name, name.span), Function)


def member_of(function: str, members: bool, within: tree.Expr, maker: Maker) -> None:
    """`f in smooth(L)`; a name in the arguments that nobody knows is a symbol of the class."""
    word = within.function if isinstance(within, tree.Call) else within
    arguments = within.arguments if isinstance(within, tree.Call) else ()
    for argument in arguments:  # symbols first, so that a wrong class leaves no other line in the dark
        if isinstance(argument.value, tree.Name) and _is_function(argument.value, maker):
            continue
        _declare_symbol(argument.value, function, members, maker)
    if not isinstance(word, tree.Name) or word.name not in CLASSES:
        name = word.span.text
        if name in WITHOUT_INEQUALITY:
            fail(
                "E0701",
                f"{name} may stand in `where`: nothing is known of its members that a proof could use",
                word.span,
            )
        fail("E0701", f"there is no class {name}", word.span, help=suggestion(name, [*CLASSES, *WITHOUT_INEQUALITY]))
    found = CLASSES[word.name]
    if len(arguments) != len(found.parameters):
        takes = ", ".join(found.parameters) if found.parameters else "nothing"
        fail("E0702", f"{word.name} takes {takes}", within.span, help=f"write {_written(word.name, found)}")
    pairs = list(zip(found.parameters, (a.value for a in arguments), strict=True))
    others = tuple(_function_named(expr, word.name, maker) for name, expr in pairs if name in found.functions)
    of = {name: _argument(expr, members, maker) for name, expr in pairs if name not in found.functions}
    numbers = tuple(math.tensor(math.to_real(v)) for v in of.values())
    maker.classes.append(out.Membership(function, word.name, numbers, members, within.span, others))
    for left, operator, right in found.domain:
        other = of[right] if isinstance(right, str) else number(ir.constant(right))
        spans = (within.span, within.span)
        from optgen.passes.lower.claims import facts_of

        maker.domains += facts_of(math.binary(operator, of[left], other, spans, within.span), within.span)


def _function_named(expr: tree.Expr, word: str, maker: Maker) -> str:
    """`h` of `relatively_smooth(L, h)`."""
    if not isinstance(expr, tree.Name) or not _is_function(expr, maker):
        fail("E0702", f"{word} takes a function of the algorithm here", expr.span)
    return expr.name


def variance_of(function: str, bound: tree.Expr, span: Span, maker: Maker) -> None:
    """`variance(f) <= e`: the gradient under a sample errs by at most e in the mean square, at every point."""
    from optgen.passes.lower.claims import facts_of
    from optgen.passes.lower.expressions import scalar

    value = math.to_real(number(scalar(bound, maker.context)))
    maker.classes.append(out.Membership(function, "variance", (math.tensor(value),), False, span))
    maker.domains += facts_of(math.binary(">=", value, number(ir.constant(0)), (span, span), span), span)


def _written(name: str, found: Class) -> str:
    return f"{name}({', '.join(found.parameters)})" if found.parameters else name


def _declare_symbol(expr: tree.Expr, function: str, members: bool, maker: Maker) -> None:
    """A name that nobody knows is a symbol of the class, one for each member if it is said of the members."""
    base = expr.base if isinstance(expr, tree.Index) else expr
    of_each = members and isinstance(expr, tree.Index)  # L[i]; a bare L is one number for all members
    if isinstance(base, tree.Name) and not maker.known(base.name):
        maker.declare(base.name, "symbol", base.span, _member_axes(function, maker) if of_each else ())


def _argument(expr: tree.Expr, members: bool, maker: Maker) -> Grid:
    from optgen.passes.lower.expressions import numeric

    return numeric(expr.base if members and isinstance(expr, tree.Index) else expr, maker.context)


def _member_axes(function: str, maker: Maker) -> tuple[ir.Scalar, ...]:
    value = maker.context.scope.find(function)
    family = value[1].family if value is not None and isinstance(value[1], Function) else None
    return (family.size,) if family is not None else ()


def declared_facts(group: tree.Group, maker: Maker) -> None:
    """What the block's declarations say: domains of params, data and states, classes of oracles."""
    from optgen.passes.lower.programs import _base_name
    from optgen.passes.lower.types import domain_holds

    for parameter in group.parameters if group.kind == "function" else ():
        value = maker.context.attempt(lambda p=parameter: maker.context.lookup(p.name, p.span))
        for domain in parameter.domains:
            if isinstance(value, Grid):
                maker.domains += _declared(value, domain, parameter.span, domain_holds, maker)
    for line in group.lines("param", "data", "state", "var"):
        for declaration in line.declarations:
            name = _base_name(declaration.target)
            value = maker.context.attempt(lambda n=name, d=declaration: maker.context.lookup(n, d.span))
            for domain in declaration.domains:
                if isinstance(value, Grid):
                    maker.domains += _declared(value, domain, declaration.span, domain_holds, maker)
    for line in group.lines("oracle"):
        for declaration in line.declarations:
            for domain in declaration.domains:
                word = domain.operand.function if isinstance(domain.operand, tree.Call) else domain.operand
                if domain.operator == "in" and isinstance(word, tree.Name) and word.name in CLASSES:
                    of_members = isinstance(declaration.target, tree.Index)
                    name = _base_name(declaration.target)
                    maker.context.attempt(lambda n=name, m=of_members, w=domain.operand: member_of(n, m, w, maker))


def _declared(value: Grid, domain: tree.Domain, span: Span, holds: Any, maker: Maker) -> Sequence[out.Fact]:
    from optgen.passes.lower.claims import facts_of

    if domain.operator == "is":
        matrix = math.tensor(math.to_real(value)) if len(value.axes) == 2 else None
        word = domain.operand.name if isinstance(domain.operand, tree.Name) else ""
        return () if matrix is None else (out.Structured(matrix, word, span),)
    condition = maker.context.attempt(lambda: holds(value, domain, maker.context))
    return () if condition is None else facts_of(number(condition), span)
