"""`same(a, b)`: two methods give the same iterates, whatever their functions, params and starts are.

Side by side, both read one start, one set of params (by name) and the same functions (by place).  Sought are linear
equations between the states of the two, which hold at the start, are kept by a step, and have the first states equal.
They grow from that one: what a step would break without them is asked as well, until nothing new is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.claims import Claim, Relation
from optgen.ir.nodes import AnyNode
from optgen.ir.program import Phase, Program, Slot
from optgen.proof.arithmetic import decide
from optgen.proof.assumptions import Question
from optgen.proof.contractions import ONE, Factor, Monomial, Polynomial, Quotient, TooLarge
from optgen.proof.evaluation import Expand
from optgen.proof.evidence import identity
from optgen.proof.functions import simplest
from optgen.proof.lemma import fact_term, open_labels, said_of_infinity
from optgen.proof.reading import Reading
from optgen.proof.same_runs import differing
from optgen.proof.slopes import Unreadable, replaced
from optgen.proof.terms import Reader, Rules, Term, renamed
from optgen.proof.verdict import Part

MOST = 12  # equations
SECONDS = 2.0  # for a sign


class NotAlike(Exception):
    """The two can't be put side by side; the sentence says why."""


# ---------------------------------------------------------------- side by side


def beside(one: Program, other: Program) -> tuple[Program, dict[str, ir.Input]]:
    """The other method over the inputs of the first: params, data and starts by name, functions by place; its own
    names of these inputs.
    """
    for program in (one, other):
        if len(program.phases) != 1 or not program.states:
            raise NotAlike("a method with one phase and a state is needed")
    if len(one.oracles) != len(other.oracles):
        raise NotAlike("they take different functions")
    mapping: dict[Any, Any] = {other.phases[0].done: one.phases[0].done, other.seed: one.seed}
    mine = {s.name: s.input for s in one.slots}
    if one.states[0].name in mine and one.states[0].name != other.states[0].name:
        mine[other.states[0].name] = mine[one.states[0].name]
    shared = [(mine[s.name], s.input) for s in other.slots if s.name in mine]
    for made, found in ((one.states[0].input, other.states[0].input), *shared):
        if len(made.axes) != len(found.axes):
            raise NotAlike(f"{made.name} has another shape")
        mapping |= {b: a for a, b in zip(made.axes, found.axes, strict=True) if isinstance(b, ir.Dim)}
    own = [s.input for s in other.states] + [s.input for s in other.slots if s.name not in mine]
    mapping |= {made: ir.Input(made.name, made.dtype, tuple(walk.substitute(made.axes, mapping))) for made in own}
    mapping |= {found: made for made, found in shared}
    names = dict(zip((f"oracle {o}" for o in other.oracles), (f"oracle {o}" for o in one.oracles), strict=True))

    def called(node: AnyNode) -> AnyNode | None:
        if isinstance(node, ir.Output) and isinstance(node.source, ir.Call) and node.source.function in names:
            call = node.source
            same = ir.call(names[call.function], call.arguments, call.outputs, call.attributes)
            return ir.output(same, node.position, node.name)
        return None

    phase = other.phases[0]
    tensors = [*phase.following, *(s.initial for s in other.states)]
    moved = walk.rewrite(walk.substitute(tensors, mapping), called)
    count = len(other.states)
    states = tuple(
        replace(s, input=mapping[s.input], initial=t) for s, t in zip(other.states, moved[count:], strict=True)
    )
    left = tuple(moved_slot(s, mapping) for s in other.slots if s.name not in mine)
    made_over = replace(
        other,
        states=states,
        phases=(replace(phase, done=one.phases[0].done, following=tuple(moved[:count])),),
        slots=(*one.slots, *left),
        oracles=one.oracles,
    )
    return made_over, {s.name: mapping[s.input] for s in other.slots}


def moved_slot(slot: Slot, mapping: Mapping[AnyNode, AnyNode]) -> Slot:
    conditions = tuple(
        replace(c, holds=holds)
        for c, holds in zip(slot.conditions, walk.substitute([c.holds for c in slot.conditions], mapping), strict=True)
    )
    return replace(slot, input=mapping[slot.input], conditions=conditions)  # type: ignore[arg-type]


def at_numbers(program: Program, numbers: Mapping[ir.Input, Fraction]) -> Program:
    """A program with numbers for names of the claim."""
    mapping: dict[AnyNode, AnyNode] = {made: ir.array((), ir.constant(n)) for made, n in numbers.items()}
    (phase,) = program.phases
    firsts = walk.substitute([s.initial for s in program.states], mapping)
    states = tuple(replace(s, initial=t) for s, t in zip(program.states, firsts, strict=True))
    following = tuple(walk.substitute(phase.following, mapping))
    return bare(replace(program, states=states), replace(phase, following=following))


def bare(program: Program, phase: Phase) -> Program:
    """Without rules and records: so many steps are so many steps."""
    plain = replace(phase, stops=(), untils=(), fails=(), diverged=(), records=())
    return replace(program, phases=(plain,), lets=(), objective=None, regions=())


# ---------------------------------------------------------------- the search for equations


@dataclass(slots=True)
class Pair:
    """Both methods as terms: what stands for each state after a step and at the start, by its name."""

    reading: Reading
    after: dict[str, tuple[list[str], Term]]
    start: dict[str, tuple[list[str], Term]]
    domain: tuple[Term, ...] = ()  # what params satisfy
    values: dict[str, tuple[tuple[str, ...], Term]] = field(default_factory=dict)

    def reader(self) -> Reader:
        return Reader(Rules(solutions=self.reading.solutions, values=self.values))


def side_by_side(claim: Claim, one: Program, other: Program) -> Pair:
    reading = Reading()
    after: dict[str, tuple[list[str], Term]] = {}
    start: dict[str, tuple[list[str], Term]] = {}
    programs = (one, other)
    drawn = [n for p in programs for n in walk.postorder(p.phases[0].following) if isinstance(n, ir.Draw)]
    if drawn:
        raise NotAlike("a method that draws")
    for program in programs:
        for state, following in zip(program.states, program.phases[0].following, strict=True):
            name = reading.name(state.input)
            after[name] = reading.tensor(following, {}, {})
            start[name] = reading.tensor(state.initial, {}, {})
    done = reading.names.get(one.phases[0].done)
    if done is not None:
        after[done], start[done] = ([], ["+", ["atom", done], "1"]), ([], "0")
    return Pair(reading, after, start, tuple(domain(claim, other, reading)))


def domain(claim: Claim, program: Program, reading: Reading) -> Iterator[Term]:
    """Domains of params, and what the claim is given, as far as they are read."""
    stack: list[ir.Scalar] = [c.holds for slot in program.slots for c in slot.conditions]
    while stack:
        match stack.pop():
            case ir.Operation(name="and", arguments=(left, right)):
                stack += [left, right]
            case part:
                try:
                    yield reading.scalar(part, {})
                except Unreadable:  # an end at infinity
                    continue
    for fact in (*claim.domains, *claim.given):
        if isinstance(fact, Relation) and not fact.left.axes and not said_of_infinity(fact):
            yield fact_term(fact, [], reading)


def close_up(pair: Pair, first: str, second: str) -> None:
    """Equations from first = second until a step keeps them all.  NotAlike where one can't be had."""
    labels, _ = pair.after[first]
    pair.values[second] = (tuple(labels), ["atom", first, *labels])
    waiting = [second]
    while waiting:
        name = waiting[0]
        gap = gap_after(pair, name)
        if pair.reader().vanishes(gap):
            waiting.pop(0)
            continue
        made = next((found for found in wanted(pair, gap) if not poles(found[2], pair)), None)
        if made is None or len(pair.values) == MOST:
            raise NotAlike(f"no linear equation keeps {name} as it should be")
        pair.values[made[0]] = made[1:]
        waiting.append(made[0])
    for name in pair.values:
        own, value = pair.values[name]
        left = renamed(pair.start[name][1], dict(zip(pair.start[name][0], own, strict=True)))
        if not Reader(Rules(solutions=pair.reading.solutions)).vanishes(minus(left, replaced(value, pair.start))):
            raise NotAlike(f"{name} does not begin as it should")


def poles(value: Term, pair: Pair) -> bool:
    """Whether what a value divides by may be 0."""
    below = {str(t): t for t in divisors(value)}
    return not all(nowhere_zero(t, pair) for t in below.values())


def divisors(term: Term) -> Iterator[Term]:
    match term:
        case ["/", above, below]:
            yield below
            yield from divisors(above)
        case ["^", base, int(power)] if power < 0:
            yield base
        case [_, *parts]:
            for part in parts:
                yield from divisors(part)


def nowhere_zero(term: Term, pair: Pair) -> bool:
    return any(decide(Question(pair.domain, [sign, term, "0"]), SECONDS).status == "proved" for sign in (">", "<"))


def gap_after(pair: Pair, name: str) -> Term:
    """What a step makes of a state, less what it makes of its value."""
    own, value = pair.values[name]
    labels, entry = pair.after[name]
    return minus(renamed(entry, dict(zip(labels, own, strict=True))), replaced(value, pair.after))


def minus(left: Term, right: Term) -> Term:
    return ["+", left, ["*", "-1", right]]


def wanted(pair: Pair, gap: Term) -> Iterator[tuple[str, tuple[str, ...], Term]]:
    """Equations without which a gap does not close: points at which one function is asked, innermost first; itself."""
    reader = pair.reader()
    asked = list(points_in(gap))
    for place, (word, points) in enumerate(asked):
        for other_word, others in asked[:place]:
            if other_word != word:
                continue
            for (own, entry), (labels, found) in zip(points, others, strict=True):
                moved = renamed(found, dict(zip(labels, own, strict=True)))
                yield from solved(reader.normal(minus(entry, moved)), tuple(own), pair)
    yield from solved(reader.normal(gap), tuple(sorted(open_labels(gap))), pair)


def points_in(term: Term) -> Iterator[tuple[str, Any]]:
    match term:
        case ["at", word, *points, _]:
            for _, entry in points:
                yield from points_in(entry)
            yield word, points
        case [_, *parts]:
            for part in parts:
                yield from points_in(part)


def solved(value: Quotient, labels: tuple[str, ...], pair: Pair) -> Iterator[tuple[str, tuple[str, ...], Term]]:
    """A state written by the others, where a polynomial that is linear in states is 0; numbers among the states where
    what they multiply is no state.
    """
    apart: dict[Monomial, Polynomial] = {}
    for monomial, c in value.top.items():
        carrier = tuple(powered for powered in monomial if is_letter(powered[0], pair))
        apart.setdefault(carrier, {})[tuple(p for p in monomial if p not in carrier)] = c
    for carrier, top in apart.items():
        yield from isolated(top, () if carrier else labels, pair)


def is_letter(item: tuple[Factor, ...], pair: Pair) -> bool:
    """Whether a contraction is no state and no number: data, an answer of a function."""
    return not any(name in pair.after for name, _ in item) and any(ls or "(" in name for name, ls in item)


def isolated(top: Polynomial, labels: tuple[str, ...], pair: Pair) -> Iterator[tuple[str, tuple[str, ...], Term]]:
    coefficients: dict[str, Polynomial] = {}
    for monomial, c in top.items():
        states = [k for k, (item, _) in enumerate(monomial) if any(name in pair.after for name, _ in item)]
        if len(states) > 1 or any(monomial[k][1] != 1 or len(monomial[k][0]) != 1 for k in states):
            return
        for k in states:
            ((name, places),) = monomial[k][0]
            if sorted(places) != sorted(labels) or len(places) > 1:
                return
            coefficients.setdefault(name, {})[(*monomial[:k], *monomial[k + 1 :])] = c
        if not states and labels:
            return
    free = [n for n in coefficients if n not in pair.values]
    reader = Reader()
    for name in sorted(free, key=lambda n: (len(coefficients[n]), -list(pair.after).index(n))):
        others = {m: -c for m, c in top.items() if not any(item[0][0] == name for item, _ in m)}
        written = simplest(reader.times(Quotient(others, ONE), reader.reciprocal(Quotient(coefficients[name], ONE))))
        try:
            yield name, labels, as_term(written)
        except ValueError:
            return


def as_term(value: Quotient) -> Term:
    """A quotient of products of entries as a term."""
    top, bottom = (["+", "0", *(product_term(m, c) for m, c in p.items())] for p in (value.top, value.bottom))
    return top if value.bottom == ONE else ["/", top, bottom]


def product_term(monomial: Monomial, c: Fraction) -> Term:
    factors: list[Term] = [str(c)]
    for item, power in monomial:
        if len(item) != 1 or int(power) != power or "(" in item[0][0]:
            raise ValueError("no product of entries")
        ((name, labels),) = item
        atom = ["atom", name, *labels]
        factors.append(atom if power == 1 else ["^", atom, int(power)])
    return ["*", *factors]


# ---------------------------------------------------------------- the verdict


def same_claim(claim: Claim, one: Program, other: Program, expand: Expand) -> Part:
    """Equations as a certificate; a start from which the first states part as a counterexample."""
    part = Part()
    start = time.perf_counter()
    try:
        beside_it, names = beside(one, other)
        found = differing(claim, one, beside_it, names, expand)
    except (NotAlike, Unreadable) as why:
        part.tried.append(("side by side", f"not applicable: {why}", time.perf_counter() - start))
        return part
    if found.example is not None and claim.classes:
        part.tried.append(("runs", "they part, on functions that may lie outside the classes", 0.0))
        return part
    if found.example is not None:
        part.tried.append(("runs", "they part", time.perf_counter() - start))
        programs = tuple(at_numbers(program, found.numbers) for program in (one, other))
        part.status, part.counterexample = "refuted", {**found.example, "programs": programs}
        return part
    start = time.perf_counter()
    try:
        pair = side_by_side(claim, one, beside_it)
        close_up(pair, pair.reading.name(one.states[0].input), pair.reading.name(beside_it.states[0].input))
    except (NotAlike, Unreadable, TooLarge, ZeroDivisionError) as why:
        part.tried.append(("equations between states", f"none: {why}", time.perf_counter() - start))
        return part
    part.tried.append(("equations between states", "a step keeps them", time.perf_counter() - start))
    certificate(pair, found.runs, part)
    return part


def certificate(pair: Pair, runs: int, part: Part) -> None:
    from optgen.proof.recheck import recheck
    from optgen.proof.written import Rejected

    reading = pair.reading
    rules = Rules(solutions=reading.solutions, values=pair.values)
    inputs = tuple((made, name, reading.axes[name]) for made, name in reading.names.items())
    parts = []
    for name, (own, value) in pair.values.items():
        for places, known in ((pair.after, rules), (pair.start, Rules(solutions=reading.solutions))):
            labels, entry = places[name]
            here = renamed(entry, dict(zip(labels, own, strict=True)))
            parts.append(identity(Question((), ["=", here, replaced(value, places)], known, inputs=inputs)))
    found = [made for made in parts if made is not None]
    if len(found) < len(parts):
        part.tried.append(("the steps of the proof", "an equation could not be written as a sum of facts", 0.0))
        return
    shown = [f"{name} = {readable(value)}" for name, (_, value) in pair.values.items()]
    found[0] |= {"mathematics": ["before every step", *shown]}
    part.certificate = {"kind": "all", "parts": found}
    try:
        report = recheck(part.certificate)
    except Rejected as why:
        part.tried.append(("checker", f"rejected: {why}", 0.0))
        part.certificate = None
        return
    part.status, part.trust = "proved", report.trust
    part.words = (
        f"{len(pair.values)} equations hold at the start and are kept by a step, each as an identity",
        f"run side by side {runs} times, they gave the same",
    )


def readable(value: Term) -> str:
    from optgen.proof.contractions import text

    shown = text(Reader().normal(value))
    for label in sorted(open_labels(value)):
        shown = shown.replace(f"[{label}]", "")
    return shown
