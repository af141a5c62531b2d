"""A claim of real arithmetic at numbers: arrays for everything it reads, run by the reference evaluator.

`instance`: the numbers of a solver's model.  `attack_lemma`: random numbers that satisfy what is given; a claim that
was proved must hold there.  A matrix that is symmetric (positive definite, ...) by what is given is made so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

from optgen.ir import claims as said
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Tensor
from optgen.ir.program import Function, Program
from optgen.proof.assumptions import Question, substituted
from optgen.proof.attack import MistranslatedError
from optgen.proof.attack_draws import same_moments
from optgen.proof.contractions import TooLarge
from optgen.proof.evaluation import Evaluation, Expand, as_text, holds_at
from optgen.proof.examples import Samples, function_to_json
from optgen.proof.members import Diagonal, Explicit, as_oracles
from optgen.proof.quantities import NotLinear
from optgen.proof.reading import Reading
from optgen.proof.shown import step
from optgen.proof.slopes import Unreadable
from optgen.proof.terms import Reader, Rules, Term, renamed
from optgen.proof.values import Undefined, enclosure, in_dimension, named

SIZE = 2  # of the dimensions in an attack
RUNS, TRIES = 20, 400
CANNOT = (NotLinear, Unreadable, ir.IRError, ArithmeticError, Undefined, TooLarge)
Array = Any  # nested lists of exact numbers
Entry = tuple[str, tuple[str, ...]]  # a name and a place
Entries = Mapping[Entry, Fraction]


class Instance:
    """Values of the atoms of a question as arrays of its inputs, in one size of the open dimensions.

    `entries` are numbers by the name and the place of an entry: those are taken as they are, unless what is given says
    what they are.
    """

    def __init__(
        self, question: Question, numbers: Mapping[str, Fraction], size: int, entries: Entries | None = None
    ) -> None:
        question = substituted(question)
        self.size, self.entries = size, entries or {}
        self.numbers = {**numbers, **{atom(name, place): n for (name, place), n in self.entries.items()}}
        self.sizes = dict.fromkeys(question.dims, size)
        values = {n: (own, in_dimension(v, self.sizes)) for n, (own, v) in question.rules.values.items()}
        self.reader = Reader(replace(question.rules, values=values))
        self.question = question

    def array(self, name: str, extents: Sequence[str]) -> Array:
        """The entries of an input; 1 where nothing depends on them."""
        counts = [int(e) if e.isdigit() else self.sizes.get(e, self.size) for e in extents]

        def level(place: tuple[str, ...]) -> Array:
            if len(place) < len(counts):
                return [level((*place, f"={k + 1}")) for k in range(counts[len(place)])]
            if (name, place) in self.entries and name not in self.reader.rules.values:
                return self.entries[name, place]
            try:
                return self.number(["atom", name, *place])
            except Undefined:
                return Fraction(1)

        return level(())

    def number(self, term: Term) -> Fraction:
        low, high = enclosure(named(in_dimension(term, self.sizes), self.reader), self.numbers)
        if low != high:
            raise Undefined("a number that is no quotient")
        return low

    def arrays(self, program: Program | None) -> dict[ir.Input, Array]:
        """All inputs; what a step reads besides the claim has any numbers."""
        found: dict[ir.Input, Array] = {}
        for made, name, extents in (*self.question.inputs, *others(program)):
            if made not in found:
                array = self.array(name, extents)
                found[made] = whole(array) if made.dtype == "int" else array
        return found

    def functions(self) -> dict[str, Samples]:
        """What the functions of a claim answer at the one point where each is asked."""
        asked: dict[str, dict[str, Any]] = {}
        for term in (self.question.goal, *self.question.assumptions):
            for word, points in asked_in(term):
                kind, _, name = word.rpartition(" ")
                asked.setdefault(name, {})[kind] = points
        return {name: self.sample(name, points) for name, points in asked.items()}

    def sample(self, name: str, asked: Mapping[str, Any]) -> Samples:
        ((labels, entry),) = next(iter(asked.values()))
        places = [f"={k + 1}" for k in range(self.size)]

        def known(term: Term) -> Fraction:
            try:
                return self.number(term)
            except Undefined:
                return Fraction(1)

        x = tuple(known(renamed(entry, dict.fromkeys(labels, p))) for p in places)
        g = tuple(known(["at", f"grad {name}", [labels, entry], [p]]) for p in places)
        return Samples((x,), (g,), (known(["at", name, [labels, entry], []]),))


def others(program: Program | None) -> Iterator[tuple[ir.Input, str, tuple[str, ...]]]:
    """Every input of a step, under a name that no number has."""
    if program is not None and len(program.phases) <= 1:
        counters = [phase.done for phase in program.phases]
        for made in (*(s.input for s in program.slots), *(s.input for s in program.states), *counters):
            yield made, f"other {made.name}", tuple(Reading().extent(axis) for axis in made.axes)


def atom(name: str, place: Sequence[str]) -> str:
    """The number of an entry as the algebra writes it."""
    return f"<{name}[{','.join(place)}]>" if place else f"<{name}>"


def whole(array: Array) -> Array:
    return [whole(part) for part in array] if isinstance(array, list) else int(array)


def asked_in(term: Term) -> Iterator[tuple[str, Any]]:
    match term:
        case ["at", word, *points, _]:
            yield word, points
            for _, entry in points:
                yield from asked_in(entry)
        case [_, *parts]:
            for part in parts:
                yield from asked_in(part)


# ---------------------------------------------------------------- a counterexample


def instance(
    claim: said.Claim, question: Question, numbers: Mapping[str, Fraction], expand: Expand
) -> dict[str, Any] | None:
    """Numbers of a model as a counterexample with its run; None if the evaluator does not find the claim false."""
    sizes = [int(part.split(",")[0].split("]")[0]) for n in numbers for part in n.split("=")[1:] if part[:1].isdigit()]
    found = Instance(question, numbers, max(sizes, default=1))
    try:
        functions = found.functions()
        oracles = as_oracles({n: Explicit(f) for n, f in functions.items()})
        evaluation = Evaluation(claim, found.arrays(claim.program), oracles, found.sizes, found.size)
        if not all(true(fact, evaluation, expand) for fact in (*claim.domains, *claim.given)):
            return None
        goal = next((g for g in relations(claim) if not true(g, evaluation, expand)), None)
        if goal is None:
            return None
        left, right = evaluation.values([goal.left, goal.right], expand)
        run = step(evaluation, expand) | lowered(evaluation, goal, expand)
    except CANNOT:
        return None
    run |= {"left": as_text(left), "right": as_text(right), "operator": goal.operator}
    shown = {name: function_to_json(f) for name, f in functions.items()}
    params = {name: str(n) for name, n in numbers.items()}
    return {"kind": "numbers", "params": params, "functions": shown, "run": run}


def lowered(evaluation: Evaluation, goal: said.Relation, expand: Expand) -> dict[str, Any]:
    """The sides of a relation as a function that can be compiled, with its arguments and the functions it asks."""
    left, right = evaluation.resolved([goal.left, goal.right])
    ready = expand(Function("sides", (), (), (("left", left), ("right", right))))
    nodes = list(walk.postorder([t for _, t in ready.results]))
    inputs = [n for n in nodes if isinstance(n, ir.Input) and n in evaluation.arrays]
    names = sorted({n.name for n in nodes if isinstance(n, ir.Dim)})
    dims = {name: evaluation.sizes.get(name, evaluation.size) for name in names}
    function = Function("sides", tuple(names), tuple(inputs), ready.results)
    return {"lowered": (function, dims, [evaluation.arrays[made] for made in inputs], evaluation.oracles)}


def relations(claim: said.Claim) -> Iterator[said.Relation]:
    for goal in claim.goals:
        match goal:
            case said.Relation():
                yield goal
            case said.Invariant():
                yield from (g for g in (*goal.first, *goal.after) if isinstance(g, said.Relation))


def true(fact: Any, evaluation: Evaluation, expand: Expand) -> bool:
    """Whether what is said holds at every entry."""
    match fact:
        case said.Relation():
            left, right = evaluation.values([fact.left, fact.right], expand)
            pairs = list(zip(*(flat(side, left, right) for side in (left, right)), strict=True))
            if any(entry != entry for pair in pairs for entry in pair):
                raise ArithmeticError("a root or a logarithm that does not exist")
            return all(holds_at(fact.operator, a, b) for a, b in pairs)
        case said.Condition():
            return bool(evaluation.values([fact.holds], expand)[0].all())
    return True  # matrices are made as they are said to be


def flat(side: Any, *both: Any) -> list[Any]:
    """Entries, a number once for each entry of the other side."""
    count = max(array.size for array in both)
    entries = side.reshape(-1).tolist()
    return entries * (count // len(entries)) if entries else []


# ---------------------------------------------------------------- an attack


def attack_lemma(claim: said.Claim, questions: Sequence[Question], expand: Expand, seeds: range = range(TRIES)) -> int:
    """Runs a claim at random numbers that satisfy what is given; how often.  MistranslatedError where it fails."""
    if not questions:
        return 0
    mean = outcomes(questions) if averaged(claim) else None
    if averaged(claim) and mean is None:
        return 0
    done = 0
    for seed in seeds:
        try:
            outcome = one_run(claim, questions[0], Random(seed), expand, mean)
        except CANNOT:
            outcome = None
        done += outcome is not None
        if outcome is False:
            raise MistranslatedError(f"{claim.text} was proved, but fails at numbers that it allows (seed {seed})")
        if done == RUNS or (seed == seeds[len(seeds) // 4] and not done):
            break
    return done


def averaged(claim: said.Claim) -> bool:
    """Whether a claim is about a mean over draws, which one run does not show."""
    facts = [*claim.domains, *claim.given, *claim.goals]
    sides = [getattr(fact, side, None) for fact in facts for side in ("left", "right")]
    tensors = [side for side in sides if side is not None]
    return any(isinstance(n, ir.Call) and n.function == "expectation" for n in walk.postorder(tensors))


def outcomes(questions: Sequence[Question]) -> Callable[[Tensor], Tensor] | None:
    """What stands for a mean over normal numbers: as high a moment as occurs is right.  None where it is none."""
    degrees = [degree for q in questions for t in (q.goal, *q.assumptions) for degree in degrees_in(t, q.rules)]
    if not degrees or None in degrees:
        return None
    most = max(degree for degree in degrees if degree is not None)
    return lambda argument: same_moments(argument, most, SIZE)


def degrees_in(term: Term, rules: Rules) -> Iterator[int | None]:
    """Of each mean, the degree in the draws of what it is a mean of; None if that is no polynomial in them."""
    match term:
        case ["expect", body]:
            value = Reader(rules).normal(body)
            powers = [[p for item, p in m for n, _ in item if n in rules.normal] for m in value.top]
            below = any(n in rules.normal for m in value.bottom for item, _ in m for n, _ in item)
            inside = any(d in n and n != d for m in value.top for item, _ in m for n, _ in item for d in rules.normal)
            whole = all(p > 0 and int(p) == p for found in powers for p in found)
            yield None if below or inside or not whole else max((int(sum(found)) for found in powers), default=0)
        case [_, *parts]:
            for part in parts:
                yield from degrees_in(part, rules)


def one_run(
    claim: said.Claim,
    question: Question,
    random: Random,
    expand: Expand,
    mean: Callable[[Tensor], Tensor] | None = None,
) -> bool | None:
    """Whether the claim holds at numbers chosen at random; None if these are not what is given."""
    evaluation = evaluated_at(claim, question, random, functions_for(claim, random), expand)
    if evaluation is not None and mean is not None:
        evaluation.mean = mean
    return None if evaluation is None else all(kept(goal, evaluation, expand) for goal in claim.goals)


def evaluated_at(
    claim: said.Claim, question: Question, random: Random, oracles: Mapping[str, Callable[..., Any]], expand: Expand
) -> Evaluation | None:
    """The claim at numbers chosen at random; None if these are not what is given."""
    free: dict[Entry, Fraction] = {}
    structured = {f.matrix: f.word for f in (*claim.domains, *claim.given) if isinstance(f, said.Structured)}
    for made, name, extents in question.inputs:
        counts = [int(e) if e.isdigit() else SIZE for e in extents]
        entries = {p: entry(random, made.dtype) for p in product(*(range(n) for n in counts))}
        entries = shaped(entries, structured.get(made, ""), SIZE)
        free |= {(name, tuple(f"={k + 1}" for k in place)): number for place, number in entries.items()}

    def evaluated() -> Evaluation:
        found = Instance(question, {}, SIZE, free)
        return Evaluation(claim, found.arrays(claim.program), oracles, found.sizes, SIZE)

    evaluation = evaluated()
    facts = (*claim.domains, *claim.given)
    for fact in facts:
        if isinstance(fact, said.Relation) and fact.operator == "==" and not true(fact, evaluation, expand):
            solve_for(fact, free, evaluated, expand)
            evaluation = evaluated()
    return evaluation if all(true(fact, evaluation, expand) for fact in facts) else None


def kept(goal: said.Goal, evaluation: Evaluation, expand: Expand) -> bool:
    """Whether a goal holds here; an invariant where it held before."""
    if isinstance(goal, said.Invariant):
        before = all(true(f, evaluation, expand) for f in goal.before)
        return not before or all(true(f, evaluation, expand) for f in goal.after)
    return true(goal, evaluation, expand)


def solve_for(
    fact: said.Relation, free: dict[Entry, Fraction], evaluated: Callable[[], Evaluation], expand: Expand
) -> None:
    """Changes one number for each entry of an equation, so that it holds: one on which the entry depends linearly."""

    def gaps() -> list[Fraction]:
        left, right = evaluated().values([fact.left, fact.right], expand)
        pairs = zip(flat(left, left, right), flat(right, left, right), strict=True)
        return [Fraction(a) - Fraction(b) for a, b in pairs]

    for place in range(len(gaps())):
        for name, number in list(free.items()):
            seen = []
            for shift in (0, 1, 2):
                free[name] = number + shift
                seen.append(gaps()[place])
            slope = seen[1] - seen[0]
            free[name] = number
            if slope != 0 and seen[2] - seen[1] == slope:
                free[name] = number - seen[0] / slope
                break


def entry(random: Random, dtype: str) -> Fraction:
    if dtype != "real":
        return Fraction(random.randint(0, 4))
    size = Fraction(random.randint(1, 12), 12) * random.choice((1, 1, 1, 3, 10, Fraction(1, 10)))
    return size if random.random() < 0.7 else -size


def shaped(entries: dict[tuple[int, ...], Fraction], word: str, size: int) -> dict[tuple[int, ...], Fraction]:
    """A matrix as a word says: symmetric ones by their mean, positive definite ones as M M^T (+ I)."""
    if word in ("psd", "spd"):
        both = {(i, j): sum((entries[i, k] * entries[j, k] for k in range(size)), Fraction(0)) for i, j in entries}
        return {p: n + (word == "spd" and p[0] == p[1]) for p, n in both.items()}
    if word == "symmetric":
        return {(i, j): (entries[i, j] + entries[j, i]) / 2 for i, j in entries}
    kept: dict[str, Callable[[int, int], bool]] = {
        "diagonal": lambda i, j: i == j,
        "lower": lambda i, j: i >= j,
        "strict_lower": lambda i, j: i > j,
    }
    if word in kept:
        return {p: n if kept[word](*p) else Fraction(0) for p, n in entries.items()}
    if word:
        raise NotLinear(f"a matrix that is {word}")
    return entries


def functions_for(claim: said.Claim, random: Random) -> dict[str, Callable[..., Any]]:
    """Functions for a claim whose proof uses no class: any will do.  Every member of a family is the same."""
    import numpy as np

    found: dict[str, Callable[..., Any]] = {}
    for name, member in quadratics_for(claim, random).items():
        found |= as_oracles({name: member})
        found[f"oracle {name}.hvp"] = lambda x, v, m=member: [c * e for c, e in zip(m.curvatures, v, strict=True)]
        for way in ("", ".grad"):
            answer = found[f"oracle {name}{way}"]
            found[f"oracle {name}[i]{way}"] = lambda x, _, a=answer: a(x)
    for n in claim.names:
        if n.kind == "function":
            tilt, bend = (Fraction(random.randint(1, 9), 4) for _ in range(2))
            found[f"oracle {n.name}"] = lambda *xs, a=tilt, b=bend: sum(np.sum(a * x + b * x * x) for x in xs)
            found[f"oracle {n.name}.grad"] = lambda x, a=tilt, b=bend: a + 2 * b * x
    return found


def quadratics_for(claim: said.Claim, random: Random) -> dict[str, Diagonal]:
    """A quadratic for each function argument of the program."""
    program = claim.program
    made = {}
    for name in program.oracles if program is not None else ():
        width = tuple(Fraction(random.randint(0, 12), 4) for _ in range(SIZE))
        centre = tuple(Fraction(random.randint(-4, 4), 2) for _ in range(SIZE))
        made[name] = Diagonal(width, centre, vector_valued(claim, name))
    return made


def vector_valued(claim: said.Claim, name: str) -> bool:
    assert claim.program is not None
    tensors = [t for phase in claim.program.phases for t in phase.following]
    calls = [n for n in walk.postorder(tensors) if isinstance(n, ir.Call)]
    return any(c.function.partition("[")[0] == f"oracle {name}" and c.outputs[0][1] for c in calls)
