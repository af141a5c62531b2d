"""From a claim to finite problems: its points listed, its relation a quadratic, its domain intervals.

Everything is read off the Program: what the step asks, where, and what becomes of the answers (`forms`).  Equations
(a minimiser has gradient 0, a fixed point stays) are solved among the names, and the minimiser is put at 0 where the
problem does not change under a common shift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from optgen.ir import claims as claim_form
from optgen.ir import nodes as ir
from optgen.ir.claims import Claim, Relation, scalar_of
from optgen.ir.program import State
from optgen.proof import noise
from optgen.proof.answers import MARK, Asked
from optgen.proof.averages import Averages, Place
from optgen.proof.cancel import lowest
from optgen.proof.constructions import conjugate_point, gap
from optgen.proof.domains import Constraint, Contradiction, intervals
from optgen.proof.forms import Frame, Reader
from optgen.proof.inputs import MOST_STEPS, Inputs
from optgen.proof.interpolation import CLASSES
from optgen.proof.polynomial import Number, Ratio, names_of, symbol
from optgen.proof.problem import (
    NOWHERE,
    ZERO,
    Form,
    Membership,
    Oracle,
    Point,
    Problem,
    Quadratic,
    Statement,
    constant,
    square,
    value,
    vector,
)
from optgen.proof.quantities import ROOT, NotLinear, Root, Whole, as_quadratic, form_key, shown
from optgen.proof.reduce import basis, centred, form_with, solution, substituted, twins, with_values, without_twins
from optgen.proof.relations import (
    differences,
    is_infinite,
    linear_answers,
    linear_values,
    number_of_member,
    squared,
    with_minimisers,
)

RELATIVE = "relatively_smooth"
CONJ = ".conj"  # ends the name of a conjugate, which is asked at points of the function itself


@dataclass(frozen=True, slots=True)
class Extracted:
    """A relation of the claim as a problem whose first statement is the relation.

    complete: nothing that the claim gives was left out, so a violation of the problem violates the claim; left_out
    says what was.  constraints: all that is given about numbers, of which `problem.domain` is a simpler superset.
    """

    problem: Problem
    complete: bool
    left_out: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    roots: Mapping[str, Number]  # square roots that are symbols, and of what
    vectors: Mapping[str, Form]  # what the states and points of the claim became
    inputs: Mapping[ir.Input, Mapping[tuple[int, ...], Number | Form]]  # what the program's inputs are, by members
    asked: Mapping[str, tuple[Point, ...]]  # all points, also of oracles of which nothing is given
    sizes: Mapping[str, int]
    operators: frozenset[str]
    starred: bool  # it speaks of a minimiser or a fixed point
    numbers: Mapping[str, Number]  # what was put for symbols
    tied: bool  # `given` says that vectors are equal: states are not arbitrary
    averages: Averages  # draws, and members that stand for all
    relative: tuple[tuple[str, Number, str], ...]  # f, L, h with L h - f convex


@dataclass(slots=True)
class Extraction(Inputs):
    """One reading of a claim: the frames of its states, what was asked, what is given."""

    optima: dict[str, claim_form.Optimum] = field(default_factory=dict)
    fixed: Frame | None = None
    left_out: list[str] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    assumptions: dict[str, Quadratic] = field(default_factory=dict)
    equations: list[Form] = field(default_factory=list)
    tied: bool = False  # `given` says that vectors are equal
    expected: bool = False  # the claim speaks of an expectation
    minimised: list[tuple[str, str]] = field(default_factory=list)  # oracles with the name of their minimiser
    relative: list[tuple[str, Number, str]] = field(default_factory=list)
    muted: bool = False  # expectations are read as 0, to see what stands outside of them

    def __post_init__(self) -> None:
        sizes = self.sizes()
        self.of_member = dict(n for n in map(number_of_member, self.claim.given) if n is not None)
        averages = noise.averages_of(self.claim, sizes)
        self.reader = Reader(sizes, special=self.special, numbers=self.numbers, averages=averages)
        self.base = Frame(self.inputs(), self.schedules("k"))
        self.given()

    # ------------------------------------------------------------ calls of claims

    def special(
        self, node: ir.Call, reader: Reader, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...]
    ) -> Whole | None:
        attributes = dict(node.attributes)
        match node.function:
            case "argmin" | "argmax":
                return self.optimum(f"{node.function} {attributes['function']}")
            case "iterate":
                step = reader.number(node.arguments[0], frame, at)
                if not isinstance(step, Fraction):
                    raise NotLinear("an iterate whose number is not known: give it by `at`")
                return self.iterate(int(step)).values[self.state(attributes["state"]).input](places)
            case "fixed":
                return self.fixed_point().values[self.state(attributes["state"]).input](places)
            case "expectation":
                self.expected = True
                if self.muted:
                    return NOWHERE if node.outputs[0][1] else Fraction(0)
                inside = reader.whole(node.arguments[0], frame, at, places)
                return noise.expected(inside, str(attributes["draws"]), reader.averages)
        return None

    def state(self, name: str) -> State:
        assert self.claim.program is not None
        return next(s for s in self.claim.program.states if s.name == name)

    def optimum(self, name: str) -> Form:
        found = next(o for o in self.claim.optima if f"{o.kind} {o.name}" == name)
        label = "x*" if len(self.claim.optima) == 1 else name
        point = self.specials.setdefault(label, vector(label))
        if name not in self.optima:
            self.optima[name] = found
            (parameter,) = found.function.parameters
            mark = f"{MARK}{id(parameter)}"
            inside = Frame({**self.base.values, parameter: lambda _: vector(mark)})
            body = as_quadratic(self.reader.whole(found.function.results[0], inside, {}, ()))
            self.equations.append(self.reader.differentiated(body, mark, point))
            asked = [(self.reader.waiting[n][0], c) for n, c in body.values.items() if n in self.reader.waiting]
            if found.kind == "argmin" and not body.products and len(body.values) == 1 and asked and asked[0][1] == 1:
                self.minimised.append((asked[0][0], label))
        return point

    def iterate(self, k: int) -> Frame:
        """The states after k steps from the start."""
        if k < 0 or k > MOST_STEPS:
            raise NotLinear(f"iterates from 0 to {MOST_STEPS} are written out")
        program = self.claim.program
        assert program is not None
        if len(program.phases) != 1:
            raise NotLinear("iterates of an algorithm with several phases")
        if k not in self.frames:
            values = dict(self.base.values)
            phase = program.phases[0]
            if k == 0:
                starts = {s.input: self.named(f"{s.name}(0)", s.input) for s in program.slots if s.kind == "start"}
                before = Frame({**values, **starts})
                after: Sequence[ir.Tensor] = [state.initial for state in program.states]
            else:
                before = self.iterate(k - 1)
                after = phase.following
            for state, tensor in zip(program.states, after, strict=True):
                values[state.input] = lambda places, t=tensor: self.reader.whole(t, before, {}, places)  # type: ignore[misc]
            values[phase.done] = lambda _: Fraction(k)
            self.frames[k] = Frame(values, self.schedules(k))
        return self.frames[k]

    def fixed_point(self) -> Frame:
        """States that the step does not change; what that means is added to the equations."""
        program = self.claim.program
        assert program is not None
        if self.fixed is None:
            if len(program.phases) != 1:
                raise NotLinear("a fixed point of several phases")
            values = dict(self.base.values)
            for state in program.states:
                values[state.input] = self.named(f"{state.name}*", state.input)
            self.fixed = Frame(values)
            for state, tensor in zip(program.states, program.phases[0].following, strict=True):
                for places in self.members(state.input):
                    after = self.reader.whole(tensor, self.fixed, {}, places)
                    before = values[state.input](places)
                    if isinstance(after, Form) and isinstance(before, Form):
                        self.equations.append(after - before)
                    else:
                        self.left_out.append(f"{state.name} is a number that a fixed point keeps")
        return self.fixed

    # ------------------------------------------------------------ what is given

    def given(self) -> None:
        for fact in (*self.claim.domains, *self.claim.given):
            if any(fact is definition for definition in self.defining.values()):
                continue
            try:
                self.fact(fact)
            except NotLinear as why:
                self.left_out.append(f"{fact.span.text} ({why})")

    def fact(self, fact: claim_form.Fact) -> None:
        if isinstance(fact, claim_form.Condition) and fact.holds == ir.array((), ir.constant(False)):
            raise Contradiction(f"{fact.span.text} is outside what the class allows")
        if not isinstance(fact, Relation):
            raise NotLinear("no comparison of numbers or quantities")
        if is_infinite(fact.left) or is_infinite(fact.right):
            return
        if fact.left.axes or fact.right.axes:
            places = self.places(fact.left.axes or fact.right.axes)
            if places is not None:
                for place in places:
                    self.fact_at(fact, place)
                return
            wholes = [self.reader.whole(side, self.base, {}, ()) for side in (fact.left, fact.right)]
            forms = [whole for whole in wholes if isinstance(whole, Form)]
            if fact.operator != "==" or len(forms) != 2:
                raise NotLinear("said of every entry of a vector")
            self.equations.append(forms[0] - forms[1])
            self.tied = True
            return
        self.fact_at(fact, ())

    def fact_at(self, fact: Relation, place: tuple[int, ...]) -> None:
        sides = (fact.left, fact.right)
        left, right = (self.reader.whole(s, self.base, {}, place if s.axes else ()) for s in sides)
        if isinstance(left, Form | Place) or isinstance(right, Form | Place):
            raise NotLinear("no comparison of numbers or quantities")
        if isinstance(left, Fraction | Ratio) and isinstance(right, Fraction | Ratio):
            self.constraints.append(Constraint(fact.operator, left, right, fact.span.text))
            return
        for number, quadratic in enumerate(differences(fact.operator, left, right)):
            self.assumptions[f"given {fact.span.text}" + f" {number}" * (number > 0)] = quadratic

    # ------------------------------------------------------------ the problem

    def problem(self, goals: Sequence[Quadratic], extra: Sequence[Number] = ()) -> Extracted:
        """The problem whose first statement is the first goal >= 0; `extra` numbers must be >= 0 as well."""
        statements = [Statement(f"part {n + 1}" if n else "claim", q) for n, q in enumerate(goals)]
        statements += [
            Statement(f"{shown(n)} >= 0", constant(n)) for n in extra if not (isinstance(n, Fraction) and n >= 0)
        ]
        oracles = self.oracles()
        self.assumptions |= noise.bounds(self.claim, self.reader.averages, self.reader.asked, self.class_argument)
        raw = Problem(oracles, tuple(statements), (), self.assumptions, {})
        equations = [*self.equations, *(e for o in oracles for e in linear_answers(o))]
        found, placed = solution(equations), raw
        for _ in range(MOST_STEPS):  # points that the equations bring together have one answer
            placed = substituted(raw, found)
            more = [p.g - q.g for p, q in twins(placed) if form_key(p.g) != form_key(q.g)]
            if not more:
                break
            equations += more
            found = solution(equations)
        placed = without_twins(placed)
        placed = with_values(placed, {n: q for o in placed.oracles for n, q in linear_values(o)})
        averages = self.reader.averages
        random = frozenset(n for n, keys in averages.depends.items() if keys)
        solved, zeros = centred(placed, self.centre_names(), random)

        def after(form: Form) -> Form:
            return form_with(form_with(form, found), dict.fromkeys(zeros, NOWHERE))

        stars = [(oracle, after(vector(name))) for oracle, name in self.minimised]
        marked = replace(solved, oracles=tuple(with_minimisers(o, stars) for o in solved.oracles))
        self.refuse_unsound(marked)
        centred_forms = {label: after(form) for label, (form, _) in averages.centred.items()}
        equalities = averages.orthogonal(basis(marked), centred_forms)
        equalities |= noise.means_of_compressors(averages, after, self.symbol)
        marked = replace(marked, equalities={**marked.equalities, **equalities})
        used = marked.symbols()
        roots = {n for n in used | {m for c in self.constraints for m in names_of(c.left)} if n.startswith(ROOT)}
        signs = [Constraint(">=", lowest(symbol(name)), Fraction(0), name) for name in sorted(roots)]
        constraints = [*self.constraints, *signs, *self.counters(used), *noise.sizes(averages, self.reader.sizes, used)]
        domain, exact = intervals(constraints, used)
        return Extracted(
            replace(marked, domain=domain),
            not self.left_out and exact,
            tuple(self.left_out),
            tuple(constraints),
            dict(self.reader.roots),
            {n: after(f) for n, f in self.specials.items()},
            self.meanings(after),
            {name: self.asked_points(a, after) for name, a in self.reader.asked.items()},
            self.reader.sizes,
            frozenset(self.reader.operators),
            bool(self.optima) or self.fixed is not None,
            self.numbers,
            self.tied,
            averages,
            tuple(self.relative),
        )

    def refuse_unsound(self, problem: Problem) -> None:
        """Classes whose conditions mean less than they seem to here."""
        for oracle in problem.oracles:
            names = {c.name for c in oracle.classes}
            if "quadratic" in names and any(p.minimiser and p.x.terms for p in oracle.points):
                raise NotLinear("a quadratic whose minimiser can't be put at 0")
            if "unbiased" in names and not self.expected:
                raise NotLinear("an unbiased compressor is bounded in expectation only: claim E(..)")

    def meanings(self, after: Callable[[Form], Form]) -> dict[ir.Input, dict[tuple[int, ...], Number | Form]]:
        """Inputs as numbers and forms, those without a meaning left out."""
        starts = [s for s in self.claim.program.slots if s.kind == "start"] if self.claim.program is not None else []
        known = {**self.base.values, **{s.input: self.named(f"{s.name}(0)", s.input) for s in starts}}
        found: dict[ir.Input, dict[tuple[int, ...], Number | Form]] = {}
        for made, meaning in known.items():
            parts: dict[tuple[int, ...], Number | Form] = {}
            try:
                for places in self.members(made):
                    part = meaning(places)
                    if isinstance(part, Form):
                        parts[places] = after(part)
                    elif isinstance(part, Fraction | Ratio):
                        parts[places] = part
            except NotLinear:
                continue
            found[made] = parts
        return found

    def asked_points(self, asked: Asked, after: Callable[[Form], Form]) -> tuple[Point, ...]:
        return tuple(replace(p, x=after(p.x), g=after(p.g)) for p in asked.points.values())

    def counters(self, used: set[str]) -> list[Constraint]:
        """The number of steps done is not negative."""
        return [Constraint(">=", lowest(symbol("k")), Fraction(0), "k")] if "k" in used else []

    def centre_names(self) -> list[str]:
        names = ["x*" if len(self.claim.optima) == 1 else name for name in self.optima]
        if self.fixed is not None and self.claim.program is not None:
            names += [f"{state.name}*" for state in self.claim.program.states]
        return [*names, *sorted(self.specials)]

    def below(self, membership: claim_form.Membership) -> list[Oracle]:
        """f in relatively_smooth(L, h): L h - f is convex, at all points where f was asked."""
        f, (h,), (argument,) = membership.function, membership.others, membership.arguments
        L = self.class_argument(argument, ())
        if L is None or membership.members:
            raise NotLinear("a class that speaks of two functions")
        points = list(self.reader.asked.get(f, Asked()).points.values())
        self.relative.append((f, L, h))
        return [gap(f"L {h} - {f}", points, [self.reader.point(h, p.x) for p in points], L)]

    def oracles(self) -> tuple[Oracle, ...]:
        for base, (_, dimension) in self.reader.averages.families.items():
            if dimension in self.reader.sizes and self.classes(
                base
            ):  # what is said of f holds where members were asked
                for p in list(self.reader.asked.get(f"{base}[1]", Asked()).points.values()):
                    self.reader.point(base, p.x)
        found = [below for c in self.claim.classes if c.name == RELATIVE for below in self.below(c)]
        conjugates = {n.removesuffix(CONJ): list(a.points.values()) for n, a in self.reader.asked.items() if CONJ in n}
        for name, asked in {**dict.fromkeys(conjugates, Asked()), **self.reader.asked}.items():
            if name.endswith(CONJ):
                continue
            classes = self.classes(name)
            points = list(asked.points.values())
            points += [conjugate_point(f"{p.name} of {name}*", p.x, p.g, p.f) for p in conjugates.get(name, ())]
            if not classes:
                base, _, member = name.partition("[")
                sampled = base in self.reader.averages.families and not member[:-1].isdigit() and member
                related = any(c.function == name and c.name == RELATIVE for c in self.claim.classes)
                if points and not sampled and not related:
                    self.left_out.append(f"nothing is given of {name}")
                continue
            if any(CLASSES[c.name].needs_star for c in classes) and not self.optima and self.fixed is None:
                points.append(Point("x*", vector("x*"), NOWHERE, value(f"{name}*"), minimiser=True))
            if any(CLASSES[c.name].operator for c in classes):
                points = [replace(p, f=ZERO) for p in points]
            found.append(Oracle(name, classes, tuple(points)))
        return tuple(found)

    def classes(self, oracle: str) -> tuple[Membership, ...]:
        base, _, place = oracle.partition("[")
        found: list[Membership] = []
        for membership in self.claim.classes:
            if membership.function == base and membership.members == bool(place):
                places = (int(place[:-1]) - 1,) if place[:-1].isdigit() else ()
                if membership.name in (*noise.SAMPLES, RELATIVE):
                    continue
                if place and not place[:-1].isdigit():
                    noise.refuse_means(membership.name, place[:-1], self.reader.averages)
                if membership.name not in CLASSES:
                    raise NotLinear(f"the class {membership.name} has no inequality")
                arguments = [self.class_argument(a, places) for a in membership.arguments]
                found.append(Membership(membership.name, tuple(arguments)))
        return tuple(found)

    def class_argument(self, tensor: ir.Tensor, places: tuple[int, ...]) -> Number | None:
        if is_infinite(tensor):
            return None
        if tensor.axes and not places:
            raise NotLinear("constants that differ between members: say how many there are, by `at`")
        found = self.reader.whole(tensor, self.base, {}, places if tensor.axes else ())
        if not isinstance(found, Fraction | Ratio):
            raise NotLinear("an argument of a class that is no number")
        return lowest(found)

    # ------------------------------------------------------------ goals

    def relation(self, goal: Relation) -> list[tuple[list[Quadratic], list[Number]]]:
        """The quadratics that must be >= 0 for the relation: for an equality one in each direction."""
        if goal.left.axes or goal.right.axes:
            if goal.operator != "==":
                raise NotLinear("a relation of vectors")
            self.refuse_draws(goal)
            left, right = (self.reader.form(side, self.base, {}) for side in (goal.left, goal.right))
            return [([-square(left - right)], [])]
        sides = [self.reader.scalar(scalar_of(side), self.base, {}) for side in (goal.left, goal.right)]
        if goal.operator in ("<", ">", "!="):
            raise NotLinear("a strict relation")
        self.refuse_draws(goal)
        numbers: list[Number] = []
        if any(isinstance(side, Root) for side in sides):
            sides, numbers = squared(goal.operator, sides)
        return [([q], numbers) for q in differences(goal.operator, *sides)]

    def refuse_draws(self, goal: Relation) -> None:
        """A draw has its mean only inside E(..)."""
        if self.muted:
            return
        outside = Extraction(self.claim, self.numbers, muted=True)
        for side in (goal.left, goal.right):
            outside.reader.whole(side, outside.base, {}, ())
        if outside.reader.averages.draws:
            raise NotLinear("a draw outside E(..)")


def extracted(claim: Claim, goal: Relation, numbers: Mapping[str, Number] | None = None) -> list[Extracted]:
    """The problems of one relation, all of which must hold.  NotLinear says why there are none."""
    found = []
    count = len(Extraction(claim, numbers or {}).relation(goal))
    for place in range(count):
        extraction = Extraction(claim, numbers or {})
        quadratics, extra = extraction.relation(goal)[place]
        found.append(extraction.problem(quadratics, extra))
    return found
