"""An algorithm where it is used: its inputs bound, its states, and what each step makes of them.

The same for a call inside another algorithm (nested.py makes a loop of it) and at the top (programs.py makes a
Program of it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optgen.diagnostics import Span, SpecError
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.context import Context, Failure, Lazy, Scope
from optgen.passes.lower.definitions import define, hint, lower_definition, target_name
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.types import Typed, conform, facts_of
from optgen.passes.lower.values import Function, Grid, Range, grid, number


@dataclass(frozen=True, slots=True)
class StateSlot:
    """A state while lowering: its type, its declaration, its first value."""

    name: str
    typed: Typed
    initial: Grid
    span: Span


@dataclass(frozen=True, slots=True)
class Rule:
    """A stop, until or fail line."""

    reason: str
    condition: Scalar
    span: Span


@dataclass(frozen=True, slots=True)
class Steps:
    """One phase lowered: over the states' stand-ins and the number `done` of steps already done."""

    name: str
    following: Mapping[str, Grid]
    stops: tuple[Rule, ...]
    untils: tuple[Rule, ...]
    fails: tuple[Rule, ...]
    diverged: tuple[Rule, ...]
    failures: tuple[Failure, ...]
    inner_records: Mapping[str, Grid]
    length: Scalar | None
    context: Context  # what the equations of the step see


@dataclass(slots=True)
class Machine:
    """An algorithm with its inputs bound; `context.scope` holds params, data, dims, oracles, functions."""

    name: str
    group: tree.Group
    context: Context
    states: list[StateSlot] = field(default_factory=list)
    sampled: tuple[str, ...] = ()  # families read through one sample a step

    # ------------------------------------------------------------ scopes

    def seeing(self, states: Mapping[str, Any], counter: Scalar | None) -> Context:
        """The context that sees these values of the states: lets and outer records follow them."""
        scope = self.context.scope.child(**states)
        context = replace(self.context, scope=scope)
        if counter is not None:
            label = self.group_counter()
            if label not in states:
                scope.names[label] = number(counter)
            _schedules(self.group, context, number(counter), label)
        for line in self.group.lines("let", "record"):
            for definition in line.definitions:
                define(definition, context)
        return context

    def group_counter(self) -> str:
        """The name of the step counter outside the step: `k` if it has none."""
        steps = [*self.group.groups("step"), *(s for p in self.group.groups("phase") for s in p.groups("step"))]
        named = [step.counter for step in steps if step.counter and step.range is None]
        return named[0] if named else "k"

    def record_names(self) -> list[str]:
        return [target_name(d.left) for line in self.group.lines("record") for d in line.definitions]

    def let_names(self) -> list[str]:
        return [target_name(d.left) for line in self.group.lines("let") for d in line.definitions]

    def phases(self) -> list[tuple[str, tree.Group, tree.Group]]:
        """(name, the step, the block whose stops and records apply)."""
        found = []
        for phase in self.group.groups("phase"):
            for step in phase.groups("step"):
                found.append((phase.name, step, phase))
        for step in self.group.groups("step"):
            found.append(("", step, self.group))
        return found

    # ------------------------------------------------------------ a step

    def lower_phase(
        self, name: str, step: tree.Group, owner: tree.Group, current: Mapping[str, Grid], done: Scalar
    ) -> Steps:
        """What one step makes of `current`; `done` is the number of steps of this phase done before it."""
        failures: list[Failure] = []
        base = replace(self.context, failures=failures, counters=(*self.context.counters, done))
        machine = replace(self, context=base)
        seeing = machine.seeing(current, done)
        stops = _rules(_own_lines(owner, self.group, "stop"), seeing)
        diverged = _rules(self.group.lines("diverged"), seeing)
        outer_fails = _rules(_own_lines(owner, self.group, "fail"), seeing)
        label, length, seeing = machine.counter(step, seeing, done)
        body = Step(machine, step, seeing, current, label)
        following = body.following()
        untils = body.rules("until")
        fails = (*outer_fails, *body.rules("fail"))
        records = body.records()
        body.check_unused()
        return Steps(name, following, stops, untils, fails, diverged, tuple(failures), records, length, body.context)

    def counter(self, step: tree.Group, context: Context, done: Scalar) -> tuple[Grid, Scalar | None, Context]:
        """The value of the step's counter, the number of steps of a `step i in S`, the context that sees it."""
        from optgen.passes.lower.expressions import evaluate

        label: Grid = number(math.plus(done, 1))
        length: Scalar | None = None
        if step.range is not None:
            chosen = evaluate(step.range, context)
            match chosen:
                case Range():
                    label, length = _counted(chosen, step, context, done)
                case Grid(axes=(extent,), dtype="int"):
                    length = extent if chosen.count is None else chosen.count
                    label = number(chosen.at((done,)))
                case _:
                    fail("E0315", "a step runs over a range a..b or an integer vector", step.range.span)
        names = {step.counter: label} if step.counter else {"k": label}
        inner = replace(context, scope=context.scope.child(**names))
        _schedules(self.group, inner, label, step.counter or "k")
        return label, length, inner


def _counted(chosen: Range, step: tree.Group, context: Context, done: Scalar) -> tuple[Grid, Scalar]:
    from optgen.passes.lower.expressions import integer

    if step.by is None:
        return number(apply("add", done, chosen.low)), chosen.length
    by = integer(step.by, context)
    if not isinstance(by, ir.Constant) or by.value not in (1, -1):
        fail("E0404", "a step `by` anything but 1 and -1 is planned for a later release", step.by.span)
    if by.value == 1:
        return number(apply("add", done, chosen.low)), chosen.length
    length = math.plus(math.minus(chosen.low, chosen.high), 1)
    return number(math.minus(chosen.low, done)), length


def _own_lines(owner: tree.Group, group: tree.Group, kind: str) -> list[tree.Line]:
    return owner.lines(kind) if owner is group else [*owner.lines(kind), *group.lines(kind)]


def _rules(lines: Sequence[tree.Line], context: Context) -> tuple[Rule, ...]:
    from optgen.passes.lower.expressions import scalar_condition

    rules = []
    for line in lines:
        assert line.expr is not None
        holds = context.attempt(lambda line=line: scalar_condition(line.expr, context))
        if holds is not None:
            rules.append(Rule(line.text or line.expr.span.text, holds, line.span))
    return tuple(rules)


def _schedules(group: tree.Group, context: Context, label: Grid, counter: str) -> None:
    """Params declared with the counter, `param lr[k] = e`, mean their value of this step."""
    schedules = context.scope.find("$schedules")
    if schedules is None:
        return
    for name, make in schedules[1].items():
        context.scope.names[name] = Lazy(name, group.span, lambda make=make: make(label))


# ---------------------------------------------------------------- the body of a step


@dataclass(slots=True)
class Step:
    """The equations of a step, lowered when needed; each branch of a `when` has a scope of its own."""

    machine: Machine
    group: tree.Group
    context: Context
    current: Mapping[str, Grid]
    label: Grid

    def __post_init__(self) -> None:
        self.context = replace(self.context, scope=self.context.scope.child())
        self._sample_families()
        self._fill(self.group, self.context)
        for name in self.current:
            if f"{name}'" not in self.context.scope.names:
                self.context.scope.names[f"{name}'"] = self.current[name]
        self._primed_lets()

    def _sample_families(self) -> None:
        for name in self.machine.sampled:
            from optgen.passes.lower.sampling import sampled_function

            found = self.context.scope.find(name)
            if found is not None:
                self.context.scope.names[name] = sampled_function(name, found[1], self.context)

    # ------------------------------------------------------------ filling scopes

    def _fill(self, group: tree.Group, context: Context) -> None:
        chain: list[tree.Group] = []
        for item in group.body:
            if isinstance(item, tree.Group) and item.kind == "when":
                self._close(chain, context)
                chain = [item]
            elif isinstance(item, tree.Group) and item.kind == "otherwise":
                if not chain:
                    context.program.collect(SpecError([_orphan(item)]))
                chain.append(item)
            else:
                self._close(chain, context)
                chain = []
                self._line(item, context)
        self._close(chain, context)

    def _line(self, item: tree.Line | tree.Group, context: Context) -> None:
        from optgen.passes.lower import algorithms

        match item:
            case tree.Line(kind="equation", definitions=definitions):
                for definition in definitions:
                    define(definition, context, self._primed(definition, context))
            case tree.Line(kind="draw", draws=draws):
                for draw in draws:
                    algorithms.define_draw(draw, context)
            case tree.Group(kind="algorithm" | "function"):
                context.scope.names[item.name] = algorithms.block_value(item, context)

    def _primed(self, definition: tree.Definition, context: Context) -> Any:
        """For `x' = e`: the value made to fit the state."""
        left = definition.left
        base = left.base if isinstance(left, tree.Index) else left
        if not isinstance(base, tree.Primed):
            return None
        state = next((s for s in self.machine.states if s.name == base.name), None)
        if state is None:
            names = [s.name for s in self.machine.states]
            from optgen.diagnostics import suggestion

            def complain() -> Any:
                fail(
                    "E0206",
                    f"{base.name} is not a state, so {base.name}' can't be defined",
                    base.span,
                    help=suggestion(base.name, names) or f"declare it: state {base.name} : R",
                )

            return complain

        def make() -> Any:
            value = lower_definition(definition, base.name + "'", context)
            from optgen.passes.lower.expressions import as_grid

            if not isinstance(value, Grid):
                if hasattr(value, "fields"):
                    value = as_grid(value, definition.right.span)
                else:
                    return as_grid(value, definition.right.span)
            if state.typed.buffer and value.count is None and not value.zero:
                fail("E0323", f"{base.name} is a buffer", definition.right.span, help=f"write push({base.name}, ..)")
            fitted = conform(value, state.typed, base.name + "'", definition.right.span)
            return math.fixed(fitted, hint(base.name + "'")) if fitted.at is not value.at else fitted

        return make

    def _close(self, chain: list[tree.Group], context: Context) -> None:
        """A finished chain of when, otherwise when, otherwise: its names are choices between the branches."""
        if not chain:
            return
        from optgen.passes.lower.expressions import scalar_condition

        branches: list[tuple[Scalar | None, Context, tree.Group]] = []
        before: Scalar | None = None
        for group in chain:
            test = None
            if group.condition is not None:
                holding = context if before is None else context.under(apply("not", before))
                test = context.attempt(lambda g=group, h=holding: scalar_condition(g.condition, h))
                if test is None:
                    test = ir.constant(True)
            path = (
                test
                if before is None
                else apply("not", before)
                if test is None
                else apply("and", apply("not", before), test)
            )
            inner = context if path is None else context.under(path)
            inner = replace(inner, scope=context.scope.child())
            branches.append((test, inner, group))
            before = test if before is None else before if test is None else apply("or", before, test)
        defined: dict[str, Span] = {}
        for _, inner, group in branches:
            self._fill(group, inner)
            for name, lazy in inner.scope.names.items():
                if isinstance(lazy, Lazy):
                    defined.setdefault(name, lazy.span)
        for name, span in defined.items():
            self._merge(name, span, branches, context)

    def _merge(self, name: str, span: Span, branches: list[Any], context: Context) -> None:
        state = name[:-1] if name.endswith("'") else None
        old = self.current.get(state) if state else None
        for _, inner, _ in branches:
            if name not in inner.scope.names and old is not None:
                inner.scope.names[name] = old

        def make() -> Any:
            complete = branches[-1][0] is None and all(name in inner.scope.names for _, inner, _ in branches)
            if old is None and not complete:
                fail(
                    "E0208",
                    f"{name} is used outside the when, but not defined in every branch",
                    span,
                    help="add an `otherwise` that defines it",
                )
            result = old if branches[-1][0] is not None else None
            for test, inner, group in reversed(branches):
                value = inner.lookup(name, group.span)
                result = value if test is None or result is None else _choice(test, value, result, group.span)
            return math.fixed(result, hint(name)) if isinstance(result, Grid) else result

        if name in context.scope.names and not isinstance(context.scope.names[name], Lazy):
            del context.scope.names[name]
        context.scope.names.setdefault(name, Lazy(name, span, make))

    def _primed_lets(self) -> None:
        """`V'` is the let at the new states."""
        names = self.machine.let_names()

        def at_new_states(name: str, span: Span) -> Any:
            following = {state: self.context.lookup(state + "'", span) for state in self.current}
            label = math.plus(self.label.scalar, 1) if not self.label.axes else None
            return self.machine.seeing(following, label).lookup(name, span)

        for name in names:
            self.context.scope.names.setdefault(
                name + "'", Lazy(name + "'", self.group.span, lambda n=name: at_new_states(n, self.group.span))
            )

    # ------------------------------------------------------------ results

    def following(self) -> dict[str, Grid]:
        """Each state after the step."""
        result: dict[str, Grid] = {}
        for name in self.current:
            value = self.context.attempt(lambda name=name: self.context.lookup(name + "'", self.group.span))
            result[name] = self.current[name] if value is None else value
        return result

    def rules(self, kind: str) -> tuple[Rule, ...]:
        return _rules(self.group.lines(kind), self.context)

    def records(self) -> dict[str, Grid]:
        from optgen.passes.lower.expressions import numeric

        result = {}
        for line in self.group.lines("record"):
            for definition in line.definitions:
                name = target_name(definition.left)
                value = self.context.attempt(lambda d=definition: numeric(d.right, self.context))
                if value is not None:
                    result[name] = math.fixed(value, name)
        return result

    def check_unused(self) -> None:
        """Look also at definitions nothing needs, so that their mistakes are reported, and say that nothing needs
        them.
        """
        for name, lazy in list(self.context.scope.names.items()):
            if isinstance(lazy, Lazy) and not lazy.done:
                self.context.attempt(lambda lazy=lazy: self.context._force(lazy, lazy.span))
                if not name.endswith("'") and lazy.value is not None and not isinstance(lazy.value, Function):
                    self.context.program.warn("W0201", f"{name} is not used", lazy.span)


def _orphan(item: tree.Group) -> Any:
    from optgen.diagnostics import Diagnostic

    return Diagnostic("E0405", "otherwise without a when before it", item.span)


def _choice(test: Scalar, then: Any, otherwise: Any, span: Span) -> Any:
    """`then` where `test`, else `otherwise`; of buffers also the number of entries."""
    if not isinstance(then, Grid) or not isinstance(otherwise, Grid):
        if then is otherwise:
            return then
        fail("E0307", "only numbers and arrays can differ between the branches of a when", span)
    result = math.select(number(test), then, otherwise, (span, span, span))
    if then.count is not None and otherwise.count is not None:
        result = replace(result, count=ir.choose(test, then.count, otherwise.count))
    return result


__all__ = ["Machine", "Poisoned", "Scope", "StateSlot", "Step", "facts_of", "grid"]
