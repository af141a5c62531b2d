"""A file's algorithm and problem to a Program: inputs as slots, states, phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from optgen.diagnostics import Diagnostic, Span, SpecError
from optgen.ir import nodes as ir
from optgen.ir import program as out
from optgen.ir.nodes import Scalar, Tensor
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.algorithms import Algorithm, Problem, bind_functions, define_lets, enter, open_block
from optgen.passes.lower.claims import Scene
from optgen.passes.lower.context import Context, Lazy, Program
from optgen.passes.lower.families import abstract_family
from optgen.passes.lower.files import Shipped, file_scope
from optgen.passes.lower.machine import Machine
from optgen.passes.lower.nested import stand_ins, tensors
from optgen.passes.lower.objectives import Bound, bind_problem
from optgen.passes.lower.oracles import abstract_oracle, oracle_function
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.regions import regions as regions_of
from optgen.passes.lower.results import lets_of, objective_of, phase_of, scene_of, warn_unread
from optgen.passes.lower.states import lower_states
from optgen.passes.lower.types import Typed, conditions, conform, declare_dim, facts_of, read_type
from optgen.passes.lower.values import Function, Grid, Space, grid, number

STEPS, TOL = 1000, Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class Options:
    """Choices made before compiling: minibatches, params given by step, Bool params, a Python objective's name."""

    batch: bool = False
    schedules: frozenset[str] = frozenset()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    oracle: str | None = None


@dataclass(slots=True)
class Inputs:
    """Slots as they are declared, in order."""

    slots: list[out.Slot] = field(default_factory=list)
    sizes: list[tuple[str, Scalar]] = field(default_factory=list)
    taken: dict[str, Span | None] = field(default_factory=dict)
    oracles: list[str] = field(default_factory=list)

    def add(self, slot: out.Slot) -> None:
        if slot.name in self.taken:
            fail(
                "E0202",
                f"{slot.name} is declared twice, by the algorithm and by the problem",
                slot.span,
                help="rename one of them",
            )
        self.taken[slot.name] = slot.span
        self.slots.append(slot)


# ---------------------------------------------------------------- the whole


def lower(
    file: tree.File, algorithm: str, problem: str | None, shipped: Shipped, options: Options | None = None
) -> tuple[out.Program, tuple[Diagnostic, ...]]:
    """The Program of an algorithm on a problem (or alone), and warnings.  Raises SpecError with all errors found."""
    options = options or Options()
    program = Program(ir.Input("seed", "u64"))
    scope = file_scope(file, shipped, program)
    context = Context(program, scope)
    result: out.Program | None = None
    try:
        found = context.lookup(algorithm, file.span)
        if not isinstance(found, Algorithm):
            fail("E0409", f"{algorithm} is not an algorithm", file.span)
        target = None
        if problem is not None:
            target = context.lookup(problem, file.span)
            if not isinstance(target, Problem):
                fail("E0409", f"{problem} is not a problem", file.span)
        result = _Builder(found, target, context, options, Inputs()).build()
    except SpecError as error:
        program.collect(error)
    except Poisoned:
        pass
    errors = [d for d in program.diagnostics if d.severity == "error"]
    if errors or result is None:
        raise SpecError(program.diagnostics)
    return result, tuple(program.diagnostics)


@dataclass(slots=True)
class _Builder:
    algorithm: Algorithm
    problem: Problem | None
    context: Context
    options: Options
    inputs: Inputs
    scene: Scene | None = None

    def build(self) -> out.Program:
        group = self.algorithm.group
        dims: list[str] = []
        bound = self._bind_problem(dims) if self.problem is not None else None
        inner = enter(self.algorithm, self.context)
        inner = replace(inner, place=self.algorithm.name)
        inner.scope.names["$dims"] = dims
        given = self._given(bound, inner)
        if self.options.batch:
            self._batch(inner)
        self._missing_constants(inner)
        self._abstract_arguments(group, given, inner)
        bind_functions(group, given, inner, group.span)
        self._data(group, given, inner)
        self._dims(group, inner)
        self._params(group, given, inner)
        self._capacity(inner)
        open_block(group, inner)
        sampled = (
            tuple(n for n, v in given.items() if isinstance(v, Function) and v.family) if self.options.batch else ()
        )
        machine = Machine(self.algorithm.name, group, inner, sampled=sampled)
        inner.scope.names["$start"] = lambda name, typed, declaration: self._start(
            name, typed, declaration, bound, inner
        )
        lower_states(
            machine,
            {n: v for n, v in given.items() if n in _state_names(group)},
            bound.space if bound else None,
            group.span,
        )
        return self._finish(machine, bound, inner, dims)

    # ------------------------------------------------------------ inputs

    def _bind_problem(self, dims: list[str]) -> Bound:
        assert self.problem is not None
        problem = self.problem
        inner = replace(self.context, scope=problem.context.scope.child(), place=problem.name)
        inner.scope.names["$dims"] = dims
        self._dims(problem.group, inner)
        self._data(problem.group, {}, inner)
        self._params(problem.group, {}, inner)
        bound = bind_problem(problem, inner)
        inner.scope.names.pop("$dims", None)
        return bound

    def _given(self, bound: Bound | None, inner: Context) -> dict[str, Any]:
        """Arguments of the header: fixed ones, those of the problem by name, the first left over is the objective."""
        given: dict[str, Any] = {**self.algorithm.fixed, **self.options.fixed}
        if bound is None:
            return given
        objective_taken = False
        for parameter in self.algorithm.group.parameters:
            name = parameter.name
            if name in given:
                continue
            if name in bound.names and bound.names[name] is not None:
                found = bound.names[name]
                given[name] = bound.context._force(found, parameter.span) if isinstance(found, Lazy) else found
            elif bound.objective is not None and not objective_taken:
                given[name] = replace(bound.objective, name=name)
                objective_taken = True
            elif parameter.value is None:
                fail(
                    "E0410",
                    f"the problem has nothing for the argument {name} of {self.algorithm.name}",
                    parameter.span,
                    help=f"fix it: {self.algorithm.name}({name} = ..)",
                )
        data = [d for line in self.algorithm.group.lines("data") for d in line.declarations]
        for declaration in data:
            name = declaration.target.name  # type: ignore[union-attr]
            if name not in given and name in bound.names:
                found = bound.names[name]
                given[name] = bound.context._force(found, declaration.span) if isinstance(found, Lazy) else found
        return given

    def _batch(self, inner: Context) -> None:
        inner.scope.names["batch"] = replace(number(ir.dim("batch")), facts=frozenset({"dim"}))
        self.inputs.sizes.append(("batch", ir.constant(1)))

    def _missing_constants(self, inner: Context) -> None:
        """A class's constant that the problem does not state: a let, data or param of that name, else a required
        input.
        """

        def missing(name: str, of_members: bool, value: Any, call: tree.Call, context: Context) -> None:
            axes: tuple[Scalar, ...] = ()
            if of_members and isinstance(value, Function) and value.family is not None:
                axes = (value.family.size,)
            made = ir.Input(name, "real", axes)
            self.inputs.add(
                out.Slot(name, made, "data" if axes else "param", doc=f"constant of {call.span.text}", span=call.span)
            )
            context.scope.names[name] = grid(made) if axes else number(ir.access(made))

        inner.scope.names["$missing"] = missing

    def _abstract_arguments(self, group: tree.Group, given: Mapping[str, Any], inner: Context) -> None:
        """Arguments nobody gave: functions by their declared type, else a smooth function of a space."""
        declared = {_base_name(d.target) for line in group.lines("data", "dim", "param") for d in line.declarations}
        oracles = [(d, _base_name(d.target)) for line in group.lines("oracle") for d in line.declarations]
        for parameter in group.parameters:
            name = parameter.name
            if name in given or name in declared:
                continue
            if parameter.type is not None and parameter.type.result is None:
                typed = read_type(parameter.type, inner)
                self._add_param(name, typed, parameter.value, parameter.domains, parameter.span, inner)
                continue
            typed_oracles = [d for d, n in oracles if n == name and d.type is not None]
            shape = parameter.value
            is_family = isinstance(shape, tree.Call) and shape.body is not None
            if shape is not None and not is_family:
                from optgen.passes.lower.expressions import evaluate

                inner.scope.names[name] = evaluate(shape, inner)
                continue
            if name not in self.inputs.oracles:
                self.inputs.oracles.append(name)
            if typed_oracles:
                made = abstract_oracle(typed_oracles[0], name, inner)
            else:
                made = oracle_function(name, [Space((ir.dim(f"dim_{name}"),))], ())
                inner.scope.names["$dims"].append(f"dim_{name}")
            if is_family:
                made = abstract_family(parameter, shape, made, inner)  # type: ignore[arg-type]
            inner.scope.names[name] = made

    def _data(self, group: tree.Group, given: Mapping[str, Any], context: Context) -> None:
        pending: list[tuple[tree.Declaration, Typed, Grid, ir.Input]] = []
        for line in group.lines("data"):
            for declaration in line.declarations:
                name = _base_name(declaration.target)
                if name in given:
                    context.attempt(lambda n=name, d=declaration: self._given_data(n, d, given[n], context))
                    continue
                made = context.attempt(lambda n=name, d=declaration: self._declare(n, d, context))
                if made is not None:
                    pending.append((declaration, *made))
        for declaration, typed, value, made in pending:
            name = _base_name(declaration.target)
            holds = conditions(name, value, declaration.domains, typed, context)
            default = None
            if declaration.value is not None:
                from optgen.passes.lower.expressions import numeric

                default = context.attempt(
                    lambda d=declaration, t=typed, n=name: math.tensor(conform(numeric(d.value, context), t, n, d.span))
                )
            context.attempt(
                lambda n=name, m=made, h=holds, d=default, s=declaration.span, t=typed: self.inputs.add(
                    out.Slot(n, m, "data", d, h, t.space.leaves if t.space else (), span=s)
                )
            )

    def _given_data(self, name: str, declaration: tree.Declaration, value: Any, context: Context) -> None:
        from optgen.passes.lower.expressions import as_grid

        made = as_grid(value, declaration.span)
        typed = read_type(declaration.type, context, made.axes, declaration.span)
        made = conform(made, typed, name, declaration.span)
        context.scope.names[name] = replace(made, facts=made.facts | facts_of(declaration.domains))

    def _declare(self, name: str, declaration: tree.Declaration, context: Context) -> tuple[Typed, Grid, ir.Input]:
        typed = read_type(declaration.type, context)
        made = ir.Input(name, typed.dtype, typed.axes)
        value = grid(made) if made.axes else number(ir.access(made))
        if typed.limit is not None:
            context.program.index_inputs[made] = typed.limit
            value = replace(value, at=lambda p: math.plus(ir.access(made, *p), 1))
        leaves = typed.space.leaves if typed.space else ()
        value = replace(value, lows=typed.lows, facts=facts_of(declaration.domains), leaves=leaves)
        if name in context.scope.names:
            fail("E0202", f"{name} is declared twice", declaration.span)
        context.scope.names[name] = value
        return typed, value, made

    def _dims(self, group: tree.Group, context: Context) -> None:
        from optgen.passes.lower.expressions import integer

        for line in group.lines("dim"):
            for declaration in line.declarations:
                name = _base_name(declaration.target)
                declare_dim(name, ir.dim(name), context)
                if declaration.value is not None:
                    value = context.attempt(
                        lambda d=declaration: integer(d.value, context, "a dimension is an integer")
                    )
                    if value is not None:
                        self.inputs.sizes.append((name, value))

    def _params(self, group: tree.Group, given: Mapping[str, Any], context: Context) -> None:
        schedules: dict[str, Any] = {}
        pending = []
        seen = context.with_names()  # defaults may use lets of data and params
        define_lets(group, seen)
        for line in group.lines("param"):
            for declaration in line.declarations:
                name = _base_name(declaration.target)
                typed = context.attempt(lambda d=declaration: read_type(d.type, context))
                if typed is None:
                    continue
                if name in given:
                    from optgen.passes.lower.expressions import as_grid

                    value = given[name]
                    if not isinstance(value, Grid):
                        value = as_grid(value, declaration.span)
                    context.scope.names[name] = conform(value, typed, name, declaration.span)
                elif isinstance(declaration.target, tree.Index) or name in self.options.schedules:
                    self._schedule(name, declaration, typed, schedules, seen)
                else:
                    made = ir.Input(name, typed.dtype)
                    context.scope.names[name] = number(ir.access(made))
                    pending.append((name, declaration, typed, made))
        if schedules:
            context.scope.names["$schedules"] = schedules
        for name, declaration, typed, made in pending:
            value = context.scope.names[name]
            holds = conditions(name, value, declaration.domains, typed, context)
            default = self._default(name, declaration.value, typed, seen)
            context.attempt(
                lambda n=name, m=made, d=default, h=holds, s=declaration.span: self.inputs.add(
                    out.Slot(n, m, "param", d, h, span=s)
                )
            )

    def _add_param(
        self, name: str, typed: Typed, value: tree.Expr | None, domains: Any, span: Span, context: Context
    ) -> None:
        made = ir.Input(name, typed.dtype, typed.axes)
        context.scope.names[name] = grid(made) if typed.axes else number(ir.access(made))
        holds = conditions(name, context.scope.names[name], domains, typed, context)
        self.inputs.add(out.Slot(name, made, "param", self._default(name, value, typed, context), holds, span=span))

    def _default(self, name: str, value: tree.Expr | None, typed: Typed, context: Context) -> Tensor | None:
        if value is None:
            return None
        from optgen.passes.lower.expressions import numeric

        return context.attempt(lambda: math.tensor(conform(numeric(value, context), typed, name, value.span)))  # type: ignore[no-any-return]

    def _schedule(
        self, name: str, declaration: tree.Declaration, typed: Typed, schedules: dict[str, Any], context: Context
    ) -> None:
        """A param by step: its entries are the steps; read beyond its end it keeps the last."""
        length = ir.dim(f"steps_{name}")
        made = ir.Input(name, typed.dtype, (length,))
        default = None
        if declaration.value is not None:
            from optgen.passes.lower.expressions import numeric

            index = ir.Index(length, "k")
            counter = declaration.target.indices[0].name if isinstance(declaration.target, tree.Index) else "k"  # type: ignore[union-attr]
            names = {counter: number(math.plus(index, 1))}
            entry = context.attempt(
                lambda: conform(numeric(declaration.value, context.with_names(**names)), typed, name, declaration.span)  # type: ignore[arg-type]
            )
            default = None if entry is None else ir.array((index,), entry.scalar)
        schedules[name] = lambda label: number(ir.access(made, math.plus(label.scalar, -1)))
        value = grid(made)
        holds = conditions(name, value, declaration.domains, typed, context)
        self.inputs.add(out.Slot(name, made, "param", default, holds, span=declaration.span))

    def _capacity(self, inner: Context) -> None:
        """`steps` and `tol` exist in every algorithm."""
        ranged = all(step.range is not None for _, step, _ in Machine("", self.algorithm.group, inner).phases())
        steps, tol = ir.Input("steps", "int"), ir.Input("tol", "real")
        fixed = self.algorithm.fixed
        for name, made, default in (
            ("steps", steps, ir.constant(2**62 if ranged else STEPS)),
            ("tol", tol, ir.constant(TOL)),
        ):
            if name in inner.scope.names:
                continue
            if name in fixed and isinstance(fixed[name], Grid):
                default = fixed[name].scalar
            inner.scope.names[name] = number(ir.access(made))
            at_least = ir.access(made)
            from optgen.ir.operations import apply

            holds = apply("ge", at_least, ir.constant(0, made.dtype))
            sentence = f"{name} must be >= 0"
            self.inputs.add(out.Slot(name, made, "param", ir.array((), default), (out.Condition(sentence, holds),)))

    def _start(
        self, name: str, typed: Typed, declaration: tree.Declaration, bound: Bound | None, inner: Context
    ) -> Grid:
        """A state without a value: an input `name`, by default where the problem starts."""
        default: Grid | None = None
        if bound is not None:
            default = bound.space.starts.get(name)
            if default is None and _alone(self.algorithm.group, bound) and bound.space.start is not None:
                default = bound.space.start
        axes = typed.axes
        if default is not None and not axes and declaration.type is None:
            axes = default.axes
        leaves = (typed.space.leaves if typed.space else ()) or (default.leaves if default is not None else ())
        made = ir.Input(f"{name}_start", typed.dtype, axes)
        value = (
            None
            if default is None
            else math.tensor(conform(default, replace(typed, axes=axes), name, declaration.span), name)
        )
        model = grid(made) if axes else number(ir.access(made))
        model = replace(model, lows=typed.lows, leaves=leaves)
        holds = conditions(name, model, declaration.domains, typed, inner)
        self.inputs.add(out.Slot(name, made, "start", value, holds, leaves, span=declaration.span))
        return model

    # ------------------------------------------------------------ outputs

    def _finish(self, machine: Machine, bound: Bound | None, inner: Context, dims: list[str]) -> out.Program:
        carried = stand_ins(machine)
        states = []
        for slot, item in zip(machine.states, carried, strict=True):
            for place, (made, first) in enumerate(zip(item.inputs, tensors(slot.initial, item), strict=True)):
                structure = slot.initial.leaves if place == 0 else ()
                states.append(out.State(made.name, made, first, structure))
        current = {item.name: item.stand_in for item in carried}
        lowered = [phase_of(machine, name, step, owner, current, carried) for name, step, owner in machine.phases()]
        phases = [phase for phase, _ in lowered]
        for lazy in inner.scope.names.values():
            if isinstance(lazy, Lazy) and not lazy.done:
                inner.attempt(lambda lazy=lazy: inner._force(lazy, lazy.span))
        done = ir.Input("done", "int")
        lets = lets_of(machine, current, ir.access(done))
        objective = objective_of(bound, carried, self.inputs.slots, self.algorithm.group.span, inner)
        if not phases and not machine.let_names():
            fail("E0411", f"the algorithm {machine.name} has no step", machine.group.span, help="add a block `step`")
        docs = machine.group.lines("doc")
        sizes = list(self.inputs.sizes)
        free = [name for name in dict.fromkeys(dims) if name not in dict(sizes)]
        program = out.Program(
            machine.name,
            docs[0].text if docs else "",
            tuple(free),
            tuple(sizes),
            tuple(self.inputs.slots),
            inner.program.seed,
            tuple(states),
            tuple(phases),
            lets,
            objective,
            tuple(self.inputs.oracles),
            dict(inner.program.origins),
            done,
            regions_of(self.algorithm.group, self.inputs.slots, inner),
        )
        warn_unread(program, inner)
        self.scene = scene_of(program, machine, lowered, inner)
        return program


def _alone(group: tree.Group, bound: Bound) -> bool:
    """Whether exactly one state has neither a value nor a var of its name."""
    names = [
        _base_name(d.target)
        for line in group.lines("state")
        for d in line.declarations
        if d.value is None and d.law is None and not (d.type is not None and d.type.item is not None)
    ]
    return len([name for name in names if name not in bound.space.starts]) == 1


def _state_names(group: tree.Group) -> set[str]:
    return {_base_name(d.target) for line in group.lines("state") for d in line.declarations}


def _base_name(target: tree.Expr) -> str:
    while isinstance(target, tree.Index | tree.Call):
        target = target.base if isinstance(target, tree.Index) else target.function
    if not isinstance(target, tree.Name):
        fail("E0211", "a declaration starts with a name", target.span)
    return target.name
