"""Claims to `ir.claims`: names declared, classes looked up, relations taken apart, goals by a table of words.

A claim sees what its algorithm sees in the step (states before and after, names of the step, lets), lowered without a
problem: functions that nobody gave are calls of oracles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from optgen.diagnostics import Span
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir import program as step_form
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.claim_names import declare_names, declared_facts, read_classes
from optgen.passes.lower.claim_words import WORDS, Word, goals_of, no_step
from optgen.passes.lower.context import Context, Lazy, Scope
from optgen.passes.lower.definitions import define, target_name
from optgen.passes.lower.machine import Machine
from optgen.passes.lower.problems import fail
from optgen.passes.lower.values import Function, Grid, Space, grid, number

if TYPE_CHECKING:
    from optgen.passes.lower.flows import Flow

COMPARISONS = {"lt": "<", "le": "<=", "eq": "==", "ge": ">=", "gt": ">", "ne": "!="}


@dataclass(slots=True)
class Scene:
    """Where claims of a block stand: the context of its step, and what stands for states before and after it."""

    owner: str
    context: Context
    machine: Machine | None = None
    program: step_form.Program | None = None
    step_names: frozenset[str] = frozenset()
    following: Mapping[AnyNode, AnyNode] = field(default_factory=dict)  # state inputs and `done` to after the step
    first: Mapping[AnyNode, AnyNode] = field(default_factory=dict)
    done: ir.Input | None = None
    counter: str = ""  # the name that the step gives its counter
    group: tree.Group | None = None  # the block with its declarations
    flow: Flow | None = None


@dataclass(slots=True)
class Maker:
    """One claim while it is lowered; `context.scope` has its names, and itself as `$claim`."""

    scene: Scene
    context: Context
    names: list[out.Name] = field(default_factory=list)
    classes: list[out.Membership] = field(default_factory=list)
    domains: list[out.Fact] = field(default_factory=list)
    optima: dict[str, out.Optimum] = field(default_factory=dict)
    derived: list[out.Derived] = field(default_factory=list)

    # ------------------------------------------------------------ names of claims

    def declare(self, name: str, kind: Any, span: Span, axes: tuple[Scalar, ...] = ()) -> None:
        """A name of the claim as an input of its own."""
        if self.known(name):
            machine = self.scene.machine
            counts = machine is not None and name == machine.group_counter()
            help = "it counts the steps; take another letter" if counts else "a claim binds new names by `for all`"
            fail("E0202", f"{name} is already a name here", span, help=help)
        made = ir.Input(name, "int" if kind == "integer" else "real", axes)
        self.context.scope.names[name] = grid(made) if axes else number(ir.access(made))
        self.names.append(out.Name(name, kind, made, span))

    def known(self, name: str) -> bool:
        """Whether the file, the algorithm or the claim has the name (shipped specs apart)."""
        scope: Scope | None = self.context.scope
        while scope is not None:
            if name in scope.names and scope.fallback is None:
                return True
            scope = scope.parent
        return False

    def optimum(self, expr: tree.Optimum) -> Grid:
        """`argmin F`: one point, the same throughout; `min F` is F there."""
        function = self.context.lookup(expr.name, expr.span)
        if not isinstance(function, Function):
            fail("E0307", f"{expr.name} is not a function, so it has no minimiser", expr.span)
        where = "argmin" if "min" in expr.kind else "argmax"
        point = self.optimum_point(expr, function, where)
        if expr.kind in ("argmin", "argmax"):
            return point
        from optgen.passes.lower.expressions import as_grid

        return as_grid(function.call([point], {}, expr.span), expr.span)

    def optimum_point(self, expr: tree.Optimum, function: Function, where: Any) -> Grid:
        space = function.space or self.state_space(expr.span)
        key = f"{where} {expr.name}"
        if key not in self.optima:
            node = ir.call(where, [], [("real", space.axes)], (("function", expr.name),))
            place = ir.Input(expr.name, "real", space.axes)
            from optgen.passes.lower.expressions import as_grid

            value = as_grid(function.call([as_point(place)], {}, expr.span), expr.span)
            body = ir.function_value((place,), (math.tensor(math.to_real(value)),))
            self.optima[key] = out.Optimum(expr.name, where, ir.output(node, 0, key), body, expr.span)
        return as_point(self.optima[key].point)

    def state_space(self, span: Span) -> Space:
        """Where a function without a type lives: the space of the first state."""
        program = self.scene.program
        if program is None or not program.states:
            fail("E0325", "the space of this function is not known here", span)
        return Space(program.states[0].input.axes)

    # ------------------------------------------------------------ other places

    def moved(self, value: Any, mapping: Mapping[AnyNode, AnyNode]) -> Any:
        """A value with states replaced by what stands for them elsewhere."""
        if not isinstance(value, Grid):
            return value
        tensor = walk.substitute([math.tensor(value)], mapping)[0]
        return replace(as_point(tensor), lows=value.lows, leaves=value.leaves)

    def after(self, value: Any) -> Any:
        return self.moved(value, self.scene.following)

    def iterate(self, expr: tree.Call, value: Grid) -> Grid:
        """`x(k)`, `V(k)` at the states after k steps; a name of the step in the k-th step."""
        from optgen.passes.lower.expressions import integer

        if self.scene.program is None or not isinstance(expr.function, tree.Name) or len(expr.arguments) != 1:
            fail("E0311", "this is a number, not a function", expr.function.span)
        k = integer(expr.arguments[0].value, self.context, "an iterate is chosen by an integer")
        if expr.function.name in self.scene.step_names:
            k = math.plus(k, -1)
        at = ir.array((), k)
        mapping: dict[AnyNode, AnyNode] = {}
        for state in self.scene.program.states:
            node = ir.call("iterate", [at], [(state.input.dtype, state.input.axes)], (("state", state.name),))
            mapping[state.input] = ir.output(node, 0, state.name)
        if self.scene.done is not None:
            mapping[self.scene.done] = at
        return self.moved(value, mapping)  # type: ignore[no-any-return]

    def primed(self, name: str, span: Span) -> None:
        """`V'` is V at the new states."""
        lazy = Lazy(name + "'", span, lambda: self.after(self.context.lookup(name, span)))
        self.context.scope.names[name + "'"] = lazy

    # ------------------------------------------------------------ facts

    def facts(self, relation: tree.Relation) -> tuple[out.Fact, ...]:
        """What a relation says, taken apart into comparisons."""
        from optgen.passes.lower.expressions import condition, numeric, sized_identity

        span = relation.span
        if relation.definite:
            matrix = numeric(relation.left, self.context)
            if len(matrix.axes) != 2:
                fail("E0321", f"{relation.definite} is said of a matrix", relation.left.span)
            return (out.Structured(math.tensor(math.to_real(matrix)), relation.definite, span),)
        if relation.right is None:
            return facts_of(condition(relation.left, self.context), span)
        right = relation.right
        chain: tuple[out.Fact, ...] = ()
        if isinstance(right, tree.Comparison):
            chain, right = facts_of(condition(right, self.context), right.span), right.first
        left_value, right_value = numeric(relation.left, self.context), numeric(right, self.context)
        left_value, right_value = sized_identity(left_value, right_value), sized_identity(right_value, left_value)
        spans = (relation.left.span, right.span)
        return (*facts_of(math.binary("==", left_value, right_value, spans, span), span), *chain)


def as_point(tensor: Tensor) -> Grid:
    return grid(tensor) if tensor.axes else number(ir.access(tensor))


def facts_of(value: Grid, span: Span) -> tuple[out.Fact, ...]:
    """A condition as comparisons of tensors; `and`, and `all` over indices, are taken apart."""
    places = math.indices(value.axes)
    return tuple(taken_apart(value.at(places), places, span))


def taken_apart(scalar: Scalar, places: tuple[ir.Index, ...], span: Span) -> list[out.Fact]:
    match scalar:
        case ir.Constant(value=True):
            return []
        case ir.Operation(name="and", arguments=(left, right)):
            return [*taken_apart(left, places, span), *taken_apart(right, places, span)]
        case ir.Operation(name=name, arguments=(left, right)) if name in COMPARISONS:
            sides = [ir.array(places, apply("to_real", s) if s.dtype == "int" else s) for s in (left, right)]
            return [out.Relation(COMPARISONS[name], sides[0], sides[1], span)]  # type: ignore[arg-type]
        case ir.Reduce(kind="all", indices=indices, body=body, condition=None):
            return taken_apart(body, (*places, *indices), span)
    return [out.Condition(ir.array(places, scalar), span)]


# ---------------------------------------------------------------- a claim


def lower_claim(group: tree.Group, scene: Scene) -> out.Claim | None:
    """The claim, or None if something is wrong with it (which is collected)."""
    context = replace(scene.context, scope=scene.context.scope.child(), in_claim=True, failures=[])
    before = len(context.program.diagnostics)
    maker = Maker(scene, context)
    if scene.machine is not None and scene.done is not None and not scene.counter:
        context.scope.names[scene.machine.group_counter()] = number(ir.access(scene.done))  # the steps done before
    context.scope.names["$claim"] = maker
    for word in WORDS:
        if not maker.known(word):
            context.scope.names[word] = Word(word, maker)
    made = context.attempt(lambda: _lowered(group, maker))
    return made if len([d for d in context.program.diagnostics[before:] if d.severity == "error"]) == 0 else None


def _lowered(group: tree.Group, maker: Maker) -> out.Claim:
    context = maker.context
    if maker.scene.group is not None:
        declared_facts(maker.scene.group, maker)
    declare_names(group, maker)
    rest = read_classes(group, maker)
    for line in group.lines("let"):
        for definition in line.definitions:
            define(definition, context)
            if isinstance(definition.left, tree.Name) and maker.scene.following:
                maker.primed(target_name(definition.left), definition.span)
    lyapunov = [item for line in group.lines("lyapunov") for item in [_lyapunov(line, maker)]]
    given: list[out.Fact] = []
    for relation in rest:
        given += context.attempt(lambda r=relation: maker.facts(r)) or ()
    goals: list[out.Goal] = []
    lines = group.lines("prove", "refute")
    for line in lines:
        for relation in line.relations:
            goals += context.attempt(lambda r=relation: goals_of(r, maker)) or ()
    _one_aim(group, lines, lyapunov)
    for lazy in list(context.scope.names.values()):
        if isinstance(lazy, Lazy) and not lazy.done:
            context.attempt(lambda v=lazy: context._force(v, v.span))
    return out.Claim(
        group.name,
        maker.scene.owner,
        "refute" if lines and lines[0].kind == "refute" else "prove",
        maker.scene.program,
        tuple(maker.names),
        tuple(maker.classes),
        tuple(maker.domains),
        tuple(given),
        numbers_at(group, maker),
        tuple(lyapunov),
        tuple(goals),
        tuple(maker.optima.values()),
        group.span,
        tuple(maker.derived),
    )


def _one_aim(group: tree.Group, lines: list[tree.Line], lyapunov: list[Any]) -> None:
    if not lines and not lyapunov:
        fail("E0703", "the claim says nothing to prove", group.span, help="add a line `prove ..` or `refute ..`")
    if len({line.kind for line in lines}) == 2:
        fail("E0703", "a claim proves or refutes, not both", lines[1].span, help="make it two claims")


def _lyapunov(line: tree.Line, maker: Maker) -> out.Lyapunov:
    no_step(maker, line.span)
    if not line.definitions:
        name = line.expr.name if isinstance(line.expr, tree.Name) else "V"
        return out.Lyapunov(name, None, None, line.span)
    (definition,) = line.definitions
    name = target_name(definition.left)
    define(definition, maker.context)
    maker.primed(name, definition.span)
    value = maker.context.lookup(name, definition.span)
    if not isinstance(value, Grid) or value.axes:
        fail("E0304", "a Lyapunov function is one number", definition.right.span)
    return out.Lyapunov(name, math.tensor(value), math.tensor(maker.after(value)), line.span)


def numbers_at(group: tree.Group, maker: Maker) -> dict[str, Fraction]:
    """`at mu = 1, L = 10`, `at default`."""
    found: dict[str, Fraction] = {}
    for line in group.lines("at"):
        for relation in line.relations:
            if relation.right is None and isinstance(relation.left, tree.Name) and relation.left.name == "default":
                found |= _defaults(maker)
                continue
            if not isinstance(relation.left, tree.Name) or relation.right is None:
                fail("E0207", "`at` gives numbers to names, as in at mu = 1", relation.span)
            maker.context.lookup(relation.left.name, relation.left.span)
            found[relation.left.name] = rational(relation.right, maker)
    return found


def _defaults(maker: Maker) -> dict[str, Fraction]:
    slots = maker.scene.program.slots if maker.scene.program is not None else ()
    found = {}
    for slot in slots:
        if slot.kind == "param" and slot.value is not None and slot.name not in ("steps", "tol"):
            value = exact_number(out.scalar_of(slot.value)) if not slot.value.axes else None
            if value is not None:
                found[slot.name] = value
    return found


def rational(expr: tree.Expr, maker: Maker) -> Fraction:
    from optgen.passes.lower.expressions import scalar

    value = exact_number(scalar(expr, maker.context))
    if value is None:
        fail("E0305", "`at` takes rational numbers", expr.span)
    return value


def exact_number(node: Scalar) -> Fraction | None:
    """The value of arithmetic on constants; None for anything else."""
    match node:
        case ir.Constant(value=int() | Fraction() as value):
            return Fraction(value)
        case ir.Operation(name=name, arguments=arguments) if name in _EXACT:
            values = [exact_number(a) for a in arguments]
            if any(v is None for v in values) or (name == "div" and values[1] == 0):
                return None
            return _EXACT[name](*values)
    return None


_EXACT: dict[str, Callable[..., Fraction | None]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "to_real": lambda a: a,
    "power_int": lambda a, b: a**b.numerator if a or b > 0 else None,
}
