"""Words that only claims have: in an expression (`E`, `fix`, `generator`), and as a goal (`decreases`, `order`).

One entry of a table a word.  `generator` and `fokker_planck` are of the flow in whose block the claim stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optgen.diagnostics import Span
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode
from optgen.ir.operations import apply
from optgen.ir.program import Function as IRFunction
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Law, grid, number

if TYPE_CHECKING:
    from optgen.passes.lower.claims import Maker
    from optgen.passes.lower.flows import Flow

# ---------------------------------------------------------------- words that only claims have


@dataclass(frozen=True, slots=True)
class Word:
    """A word of claims in an expression: `fix(x)`, `E(V')`, `generator(V)`."""

    name: str
    maker: Maker

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        count, rule = WORDS[self.name]
        if len(positional) != count or keywords:
            fail("E0309", f"{self.name} takes {count} argument{'s' * (count != 1)}", expr.span)
        return rule(positional, expr.span, self.maker)


def needs(kind: Any, value: Any, sentence: str, span: Span) -> Any:
    if not isinstance(value, kind):
        fail("E0307", sentence, span)
    return value


def mean(values: list[Any], span: Span, maker: Maker) -> Grid:
    """`E(V')`."""
    return expectation(needs(Grid, values[0], "E takes a number or an array", span), ())


def expectation(value: Grid, draws: tuple[str, ...]) -> Grid:
    tensor = math.tensor(math.to_real(value))
    node = ir.call("expectation", [tensor], [("real", tensor.axes)], (("draws", ", ".join(draws)),))
    made = ir.output(node, 0)
    return grid(made) if made.axes else number(ir.access(made))


def expected(expr: tree.Call, context: Context) -> Grid:
    """`E(z: e)`: over these draws of the step."""
    from optgen.passes.lower.expressions import numeric

    names = []
    for argument in expr.arguments:
        if not isinstance(argument.value, tree.Name):
            fail("E0404", "E over a law is planned for a later release", argument.span, help="name a draw of the step")
        context.lookup(argument.value.name, argument.span)
        names.append(argument.value.name)
    assert expr.body is not None
    return expectation(numeric(expr.body, context), tuple(names))


def fixed(values: list[Any], span: Span, maker: Maker) -> Grid:
    """`fix(x)`: a state, or an expression of states, where the step changes nothing."""
    value = needs(Grid, values[0], "fix takes a number or an array", span)
    program = maker.scene.program
    if program is None:
        fail("E0201", "fix(..) speaks of the states of an algorithm", span)
    mapping: dict[AnyNode, AnyNode] = {}
    for state in program.states:
        node = ir.call("fixed", [], [(state.input.dtype, state.input.axes)], (("state", state.name),))
        mapping[state.input] = ir.output(node, 0, state.name)
    return maker.moved(value, mapping)  # type: ignore[no-any-return]


# ---------------------------------------------------------------- flows


def flow_of(maker: Maker, word: str, span: Span) -> Flow:
    if maker.scene.flow is None:
        fail("E0704", f"{word} speaks of a flow, and there is none here", span, help="write the claim in an sde or ode")
    return maker.scene.flow


def generator(values: list[Any], span: Span, maker: Maker) -> Grid:
    """`generator(V)` of an expression in the states, or of a function of them."""
    from optgen.passes.lower.flows import as_value, derived, generator

    flow = flow_of(maker, "generator", span)
    value = math.tensor(math.to_real(at_states(values[0], flow, span)))
    made = derived(flow, "generator", value, (generator(flow, value),), span)
    maker.derived.append(made)
    return as_value(made.results[0])


def at_states(value: Any, flow: Flow, span: Span) -> Grid:
    """An expression as it is; a function at the states, with the time where it takes one more argument."""
    from optgen.passes.lower.expressions import as_grid
    from optgen.passes.lower.flows import as_value

    points = [as_value(made) for made in flow.states]
    match value:
        case Function(variables=variables):
            timed = len(variables) == len(points) + 1
            if not timed and len(variables) not in (0, len(points)):
                fail("E0309", f"{value.name} must take the states of {flow.name}", span)
            return as_grid(value.call([*points, *([number(ir.access(flow.time))] if timed else [])], {}, span), span)
    return as_grid(value, span)


def reversed_flow(values: list[Any], span: Span, maker: Maker) -> Flow:
    """`reverse(gbm, s)`: back in time with a score s(x, t)."""
    from optgen.passes.lower.flows import reverse

    score = needs(Function, values[1], "a score is a function of the state and the time", span)
    made, drift = reverse(a_flow(values[0], maker, span), score, span)
    maker.derived.append(drift)
    return made


def image_of_flow(values: list[Any], span: Span, maker: Maker) -> Flow:
    """`image(gbm, log)`: the flow of log X."""
    from optgen.passes.lower.flows import image
    from optgen.passes.lower.intrinsics import as_function

    function = as_function(values[1], maker.context) if hasattr(values[1], "rule") else values[1]
    made, ito = image(a_flow(values[0], maker, span), needs(Function, function, "image takes a function", span), span)
    maker.derived.append(ito)
    return made


def a_flow(value: Any, maker: Maker, span: Span) -> Flow:
    from optgen.passes.lower.flows import Flow

    flow_of(maker, "this", span)
    return needs(Flow, value, "the flow of this block is needed", span)  # type: ignore[no-any-return]


def logpdf(values: list[Any], span: Span, maker: Maker) -> Grid:
    """`logpdf(law, x)`: of independent entries."""
    from optgen.passes.lower.densities import log_density
    from optgen.passes.lower.expressions import as_grid

    law = needs(Law, values[0], "logpdf takes a law", span)
    return number(log_density(law, math.to_real(as_grid(values[1], span))))


def score(values: list[Any], span: Span, maker: Maker) -> Grid:
    """`score(law, x)`: the gradient of the logarithm of the density."""
    from optgen.passes.lower.calculus import of_function

    log = Function("logpdf", lambda arguments, _, at: logpdf([values[0], arguments[0]], at, maker))
    return of_function("grad", (), log, span).call([values[1]], {}, span)  # type: ignore[no-any-return]


WORDS: dict[str, tuple[int, Callable[[list[Any], Span, Maker], Any]]] = {
    "E": (1, mean),
    "fix": (1, fixed),
    "generator": (1, generator),
    "reverse": (2, reversed_flow),
    "image": (2, image_of_flow),
    "logpdf": (2, logpdf),
    "score": (2, score),
}


# ---------------------------------------------------------------- goals


def scalar_argument(call: tree.Call, place: int, maker: Maker) -> Grid:
    from optgen.passes.lower.expressions import numeric

    value = math.to_real(numeric(call.arguments[place].value, maker.context))
    if value.axes:
        fail("E0304", "one number is needed here", call.arguments[place].span)
    return value


def takes(call: tree.Call, count: int) -> None:
    if len(call.arguments) != count or any(a.keyword is not None for a in call.arguments):
        word = call.function.span.text
        fail("E0309", f"{word} takes {count} argument{'s' * (count != 1)}", call.span)


def no_step(maker: Maker, span: Span) -> None:
    if not maker.scene.following:
        fail("E0704", "this speaks of a step, and there is none here", span, help="write the claim in an algorithm")


def decreases(call: tree.Call, maker: Maker) -> tuple[out.Goal, ...]:
    """`decreases(V)`: V' <= V."""
    takes(call, 1)
    no_step(maker, call.span)
    value = scalar_argument(call, 0, maker)
    return (out.Relation("<=", math.tensor(maker.after(value)), math.tensor(value), call.span),)


def contracts(call: tree.Call, maker: Maker) -> tuple[out.Goal, ...]:
    """`contracts(V, rho)`: V' <= rho*V."""
    takes(call, 2)
    no_step(maker, call.span)
    value, rho = scalar_argument(call, 0, maker), scalar_argument(call, 1, maker)
    bound = number(apply("mul", rho.scalar, value.scalar))
    return (out.Relation("<=", math.tensor(maker.after(value)), math.tensor(bound), call.span),)


def invariant(call: tree.Call, maker: Maker) -> tuple[out.Goal, ...]:
    """`invariant(c)`: true at the start and kept."""
    from optgen.passes.lower.claims import facts_of
    from optgen.passes.lower.expressions import condition

    takes(call, 1)
    no_step(maker, call.span)
    value = condition(call.arguments[0].value, maker.context)
    after, first = maker.after(value), maker.moved(value, maker.scene.first)
    before_facts, after_facts, first_facts = (facts_of(v, call.span) for v in (value, after, first))
    return (out.Invariant(before_facts, after_facts, first_facts, call.span),)


def stable(maker: Maker, span: Span) -> tuple[out.Goal, ...]:
    no_step(maker, span)
    return (out.Stable(span),)


def rate(call: tree.Call, bound: tree.Expr, maker: Maker) -> tuple[out.Goal, ...]:
    """`rate(V) <= rho`."""
    from optgen.passes.lower.expressions import scalar

    takes(call, 1)
    no_step(maker, call.span)
    value = scalar_argument(call, 0, maker)
    limit = math.to_real(number(scalar(bound, maker.context)))
    return (out.Rate(math.tensor(value), math.tensor(maker.after(value)), math.tensor(limit), call.span),)


def order(call: tree.Call, value: tree.Expr, maker: Maker) -> tuple[out.Goal, ...]:
    """`order(rk(a = A, b = b)) = 4`: of a method whose data are given."""
    from optgen.passes.lower.claim_files import program_of
    from optgen.passes.lower.claims import rational

    takes(call, 1)
    return (out.Special("order", (program_of(call.arguments[0].value, maker), rational(value, maker)), call.span),)


def fokker_planck(call: tree.Call, maker: Maker) -> tuple[out.Goal, ...]:
    """`fokker_planck(p)`: the density p(x, t) moves as the flow makes densities move; p(x) stays as it is."""
    from optgen.passes.lower.expressions import evaluate
    from optgen.passes.lower.flows import along, derived, forward, forward_log, of, reads

    takes(call, 1)
    flow = flow_of(maker, "fokker_planck", call.span)
    value, log = density_at(evaluate(call.arguments[0].value, maker.context), flow, call.span)
    if value.axes:
        fail("E0304", "a density is one number", call.arguments[0].span)
    change: ir.Tensor = ir.array((), ir.constant(0, "real"))
    if reads(value, flow.time):
        change = along(of([flow.time], value), [flow.time], [ir.array((), ir.constant(1, "real"))])
    results = (change, (forward_log if log else forward)(flow, value))
    maker.derived.append(derived(flow, "log_density" if log else "density", value, results, call.span))
    return (out.Relation("==", *results, call.span),)


def same(call: tree.Call, maker: Maker) -> tuple[out.Goal, ...]:
    """`same(a, b)`: the first states of two methods are equal after every number of steps, from equal starts."""
    from optgen.passes.lower.claim_files import program_of

    takes(call, 2)
    programs = tuple(program_of(argument.value, maker) for argument in call.arguments)
    return (out.Special("same", programs, call.span),)


def density_at(value: Any, flow: Flow, span: Span) -> tuple[ir.Tensor, bool]:
    """A density at the states, or its logarithm, where it has one that is simpler; whether it is that."""
    from optgen.passes.lower.densities import log_density
    from optgen.passes.lower.flows import as_value, exponent

    if isinstance(value, Law):
        if len(flow.states) != 1:
            fail("E0704", "a law is the density of one state", span)
        return ir.array((), log_density(value, as_value(flow.states[0]))), True
    found = math.tensor(math.to_real(at_states(value, flow, span)))
    log = None if found.axes else exponent(found)
    return (found, False) if log is None else (log, True)


def error(call: tree.Call, bound: tree.Expr, maker: Maker) -> tuple[out.Goal, ...]:
    """`error(p, exact) <= e`: the relative error of p on its domain; of p's program, as it runs, where it has one."""
    from optgen.passes.lower.claims import rational
    from optgen.passes.lower.expressions import evaluate, scalar

    takes(call, 2)
    p, exact = (as_a_function(evaluate(a.value, maker.context), a.value, maker) for a in call.arguments)
    group = p.parts.get("$group")
    if group is not None:
        return (out.Special("error", run_of(group, exact, call, rational(bound, maker), maker.context), call.span),)
    point = argument_of(p, maker, call.span)
    limit = math.to_real(number(scalar(bound, maker.context))).scalar
    here, there = (math.to_real(value_at(f, point, call.span)).scalar for f in (p, exact))
    off = apply("abs", apply("sub", here, there))
    allowed = apply("mul", limit, apply("abs", there))
    return (out.Relation("<=", ir.array((), off), ir.array((), allowed), call.span),)


def argument_of(p: Function, maker: Maker, span: Span) -> Grid:
    """Any number of the domain of a function; in the function's own block its parameter."""
    from optgen.passes.lower.claims import facts_of
    from optgen.passes.lower.types import domain_holds

    parameters = p.parts.get("$parameters", ())
    if maker.scene.group is not None and parameters == maker.scene.group.parameters and len(parameters) == 1:
        return maker.context.lookup(parameters[0].name, span)  # type: ignore[no-any-return]
    x = ir.Input("x", "real")
    maker.names.append(out.Name("x", "symbol", x, span))
    point = number(ir.access(x))
    for parameter in parameters:
        for domain in parameter.domains:
            maker.domains += facts_of(number(domain_holds(point, domain, maker.context)), parameter.span)
    return point


def as_a_function(value: Any, expr: tree.Expr, maker: Maker) -> Function:
    from optgen.passes.lower.intrinsics import as_function

    found = as_function(value, maker.context) if hasattr(value, "rule") else value
    return needs(Function, found, "error compares two functions", expr.span)  # type: ignore[no-any-return]


def value_at(function: Function, point: Grid, span: Span) -> Grid:
    from optgen.passes.lower.expressions import as_grid

    found = as_grid(function.call([point], {}, span), span)
    if found.axes:
        fail("E0304", "error compares functions from a number to a number", span)
    return found


def run_of(group: tree.Group, exact: Function, call: tree.Call, bound: Any, context: Context) -> tuple[Any, ...]:
    """The program, what it should give, the ends of its domain (None: there is none), the bound."""
    from optgen.passes.lower.claims import exact_number
    from optgen.passes.lower.expressions import scalar
    from optgen.passes.lower.straight import read_program

    if len(group.parameters) != 1:
        fail("E0704", "error is of functions of one argument", call.span)
    x = ir.Input("x", "real")
    value = math.to_real(value_at(exact, number(ir.access(x)), call.span)).scalar
    meaning = IRFunction("value", (), (x,), (("value", ir.array((), value)),), call.arguments[1].value.span.text)
    ends: list[Any] = [None, None]
    for domain in group.parameters[0].domains:
        match domain.operand:
            case tree.Block(rows=((low, high),)) if domain.operator == "in":
                ends = [exact_number(scalar(end, context)) for end in (low, high)]
            case _:
                fail("E0704", "the domain of a program is closed: x : f32 in [0, 1]", domain.span)
    return read_program(group), meaning, ends[0], ends[1], bound


CALLS: dict[str, Callable[[tree.Call, Maker], tuple[out.Goal, ...]]] = {
    "decreases": decreases,
    "contracts": contracts,
    "invariant": invariant,
    "fokker_planck": fokker_planck,
    "same": same,
}
BOUNDED: dict[tuple[str, str], Callable[[tree.Call, tree.Expr, Maker], tuple[out.Goal, ...]]] = {
    ("rate", "<="): rate,
    ("error", "<="): error,
}
EQUATED: dict[str, Callable[[tree.Call, tree.Expr, Maker], tuple[out.Goal, ...]]] = {"order": order}
PLANNED = ("order", "error", "preserves", "limit", "steps")


def goals_of(relation: tree.Relation, maker: Maker) -> tuple[out.Goal, ...]:
    """A relation of `prove`: a word of the tables, else a relation as in `given`."""
    match relation:
        case tree.Relation(left=tree.Name(name="stable", span=span), right=None) if not maker.known("stable"):
            return stable(maker, span)
        case tree.Relation(left=tree.Call(function=tree.Name(name=word)) as call, right=None) if word in CALLS:
            return CALLS[word](call, maker)
        case tree.Relation(left=tree.Comparison(first=tree.Call(function=tree.Name(name=word)) as call, rest=rest)) if (
            len(rest) == 1 and (word, rest[0][0]) in BOUNDED
        ):
            return BOUNDED[(word, rest[0][0])](call, rest[0][1], maker)
        case tree.Relation(left=tree.Call(function=tree.Name(name=word)) as call, right=right) if (
            right is not None and word in EQUATED and not maker.known(word)
        ):
            return EQUATED[word](call, right, maker)
    refuse_planned(relation, maker)
    return maker.facts(relation)


def refuse_planned(relation: tree.Relation, maker: Maker) -> None:
    for side in (relation.left, relation.right):
        for expr in (side, *((side.first,) if isinstance(side, tree.Comparison) else ())):
            base = expr.function if isinstance(expr, tree.Call) else expr
            if isinstance(base, tree.Name) and base.name in PLANNED and not maker.known(base.name):
                fail("E0404", f"claims with {base.name} are planned for a later release", base.span)
