"""A claim as questions of real arithmetic: its goals entry by entry, under what it is given.

What is said of a vector is used at the entry of the goal.  Classes of functions are not used here, so a proof holds for
every function; a refutation is given only where no function occurs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from optgen.ir import claims as said
from optgen.ir import nodes as ir
from optgen.proof.arithmetic import Decision, Question, decide, weakest
from optgen.proof.contractions import TooLarge
from optgen.proof.reading import Reading, eliminated
from optgen.proof.slopes import Unreadable
from optgen.proof.terms import Rules, Term, renamed
from optgen.proof.values import Undefined

WORDS = {"==": "="}


def lemma(claim: said.Claim, seconds: float = 20.0) -> Decision:
    """The claim decided by algebra and real arithmetic alone; unknown where it says more than these can read."""
    try:
        return lemma_of(claim, list(questions(claim)), seconds)
    except Unreadable as stop:
        return Decision("unknown", tried=(("reading", str(stop), 0.0),))


def lemma_of(claim: said.Claim, found: Sequence[Question], seconds: float) -> Decision:
    """The questions of a claim decided one by one; `question` is the one that was refuted."""
    decisions = []
    for question in found:
        try:
            decision = decide(question, seconds / len(found))
        except (TooLarge, Undefined) as why:
            decision = Decision("unknown", tried=(("normal form", f"too large: {why}", 0.0),))
        if decision.status == "refuted" and not realisable(question, claim):
            decision = replace(decision, status="unknown", numbers={})
        if decision.status != "proved":
            return replace(decision, question=question)
        decisions.append(decision)
    if len(decisions) == 1:
        return decisions[0]
    trust = weakest([d.trust for d in decisions])
    tried = tuple(t for d in decisions for t in d.tried)
    return Decision("proved", trust, {"kind": "all", "parts": [d.certificate for d in decisions]}, tried=tried)


def questions(claim: said.Claim) -> Iterator[Question]:
    """One question a goal (an invariant has more: true at the start, kept by the step)."""
    facts = (*claim.domains, *claim.given)
    for goal in claim.goals:
        match goal:
            case said.Relation() | said.Condition():
                yield from at_places(claim, facts, goal)
            case said.Invariant(before=before, after=after, first=first):
                for part in first:
                    yield from at_places(claim, facts, part)
                for part in after:
                    yield from at_places(claim, (*facts, *before), part)
            case _:
                raise Unreadable("a goal that is not a relation")
    if not claim.goals:
        raise Unreadable("a Lyapunov function alone")


def at_places(claim: said.Claim, facts: Sequence[said.Fact], goal: Any) -> Iterator[Question]:
    """The goal at an open entry; at each entry where their number is known and small."""
    axes = axes_of(goal)
    sizes = [axis.value if isinstance(axis, ir.Constant) else 0 for axis in axes]
    if not axes or not 0 < prod(int(size) for size in sizes) <= FEW:
        yield from cases(question(claim, facts, goal, None))
        return
    for place in product(*(range(1, int(size) + 1) for size in sizes)):
        yield from cases(question(claim, facts, goal, [f"={k}" for k in place]))


FEW = 64
SPLITS = 3  # conditions that are looked at both ways
OPPOSITE = {"<=": ">", "<": ">=", ">=": "<", ">": "<=", "=": "!=", "!=": "="}


def cases(question: Question) -> Iterator[Question]:
    """A choice by a condition on numbers, where vectors are chosen: each way is a question of its own."""
    chosen = [c for c in conditions_of(question.goal) if c[0] in OPPOSITE and not open_labels(c)]
    once: list[Term] = [c for place, c in enumerate(chosen) if c not in chosen[:place]][:SPLITS]
    for ways in product((True, False), repeat=len(once)):
        found = question
        for condition, holds in zip(once, ways, strict=True):
            said_now = condition if holds else [OPPOSITE[condition[0]], *condition[1:]]
            goal = decided_term(found.goal, condition, holds)
            given = tuple(decided_term(a, condition, holds) for a in found.assumptions)
            found = replace(found, goal=goal, assumptions=(*given, said_now))
        yield found


def conditions_of(term: Term, bound: bool = False) -> Iterator[Term]:
    """Conditions of choices that stand inside sums: a solver sees the others."""
    match term:
        case ["if", condition, then, otherwise]:
            if bound:
                yield condition
            yield from (c for part in (then, otherwise) for c in conditions_of(part, bound))
        case ["sum", _, _, body]:
            yield from conditions_of(body, True)
        case [_, *parts]:
            yield from (c for part in parts if isinstance(part, list) for c in conditions_of(part, bound))


def decided_term(term: Term, condition: Term, holds: bool) -> Term:
    """The term where a condition holds, or does not."""
    match term:
        case ["if", found, then, otherwise] if found == condition:
            return decided_term(then if holds else otherwise, condition, holds)
        case [head, *parts]:
            return [head, *(decided_term(p, condition, holds) if isinstance(p, list) else p for p in parts)]
    return term


def question(claim: said.Claim, facts: Sequence[said.Fact], goal: Any, place: list[str] | None) -> Question:
    if isinstance(goal, said.Structured):
        raise Unreadable(f"{goal.word} of a matrix")
    reading = Reading()
    axes = axes_of(goal)
    labels = place or [reading.label(ir.Index(axis, "i")) for axis in axes]
    aim = fact_term(goal, labels, reading)
    assumptions: list[Term] = []
    matrices = Matrices()
    complete = True
    for fact in facts:
        if said_of_infinity(fact):
            continue
        if isinstance(fact, said.Structured):
            complete = matrices.take(fact, reading) and complete
            continue
        places = matching(axes_of(fact), axes, labels, reading)
        try:
            own = places if places is not None else [reading.label(ir.Index(axis, "f")) for axis in axes_of(fact)]
            assumptions.append(fact_term(fact, own, reading))
        except Unreadable:
            complete = False  # an assumption that can't be read is not used, and nothing is refuted without it
    values = eliminated(reading)
    for name, number in claim.at.items():
        values[name] = (tuple(f"at{k}" for k in range(len(reading.axes.get(name, ())))), str(number))
    integers = {name for made, name in reading.names.items() if made.dtype == "int"}
    if claim.program is not None and claim.program.phases:
        done = reading.names.get(claim.program.phases[0].done)
        if done is not None:
            assumptions.append(["<=", "0", ["atom", done]])
            integers.add(done)
    rules = Rules(
        frozenset(matrices.symmetric),
        reading.solutions,
        values,
        normal=frozenset(reading.normal),
        psd=frozenset(matrices.psd),
    )
    inverse = {pair for term in assumptions for pair in inverses(term, reading)}
    rules = replace(rules, inverse=frozenset(inverse))
    free = {label for term in (aim, *assumptions) for label in open_labels(term)}
    dims = {e for e in reading.extents.values() if not e.isdigit()}
    sized = {name for name, _ in claim.program.sizes} if claim.program is not None else set()
    return Question(
        tuple(assumptions),
        aim,
        rules,
        tuple(sorted(dims)),
        {label: reading.extents[label] for label in sorted(free)},
        frozenset(f"<{name}>" for name in integers),
        complete and not dims & sized,
        (*matrices.small, *systems(reading)),
        tuple((made, name, reading.axes[name]) for made, name in reading.names.items()),
    )


def said_of_infinity(fact: said.Fact) -> bool:
    """`x < inf` says nothing of a real number."""
    if not isinstance(fact, said.Relation) or fact.left.axes or fact.right.axes:
        return False
    low, high = (said.scalar_of(side) for side in (fact.left, fact.right))
    if fact.operator in (">", ">="):
        low, high = high, low
    infinite = [isinstance(end, ir.Constant) and end.value == sign * ir.INF for end, sign in ((low, -1), (high, 1))]
    return fact.operator != "==" and any(infinite)


@dataclass(slots=True)
class Matrices:
    """What is said of matrices that are inputs; `small` says it of 1 x 1 matrices."""

    symmetric: set[str] = field(default_factory=set)
    psd: set[str] = field(default_factory=set)
    small: list[Term] = field(default_factory=list)

    def take(self, fact: said.Structured, reading: Reading) -> bool:
        """Whether all that is said is used."""
        if not isinstance(fact.matrix, ir.Input) or fact.word not in ("psd", "spd", "symmetric"):
            return False
        name = reading.name(fact.matrix)
        (self.symmetric if fact.word == "symmetric" else self.psd).add(name)
        if fact.word != "symmetric":
            self.small.append([">" if fact.word == "spd" else ">=", ["atom", name, "=1", "=1"], "0"])
        return True


def systems(reading: Reading) -> Iterator[Term]:
    """A z = b for 1 x 1 matrices."""
    for z, (matrix, label, entry) in reading.solutions.items():
        yield ["=", ["*", ["atom", matrix, "=1", "=1"], ["atom", z, "=1"]], renamed(entry, {label: "=1"})]


def inverses(term: Term, reading: Reading) -> Iterator[tuple[str, str]]:
    """Square inputs with A B = I."""
    match term:
        case ["=", ["sum", k, _, ["*", ["atom", a, i, j], ["atom", b, m, n]]], ["same", p, q]] if (
            k == j == m and (i, n) == (p, q) and len({*reading.axes[a], *reading.axes[b]}) == 1
        ):
            yield a, b
            yield b, a


def open_labels(term: Any, bound: frozenset[str] = frozenset()) -> set[str]:
    """Labels of a term that no sum binds."""
    match term:
        case ["atom", _, *labels] | ["same" | "before", *labels]:
            return {label for label in labels if label not in bound and label[0] not in "=?"}
        case ["sum", label, _, body]:
            return open_labels(body, bound | {label})
        case ["at", _, *points, labels]:
            inside = {label for own, entry in points for label in open_labels(entry, bound | set(own))}
            return inside | {label for label in labels if label not in bound and label[0] not in "=?"}
        case [_, *parts]:
            return {label for part in parts for label in open_labels(part, bound)}
    return set()


def axes_of(fact: Any) -> tuple[ir.Scalar, ...]:
    if isinstance(fact, said.Condition):
        return fact.holds.axes
    if isinstance(fact, said.Structured):
        return fact.matrix.axes
    return fact.left.axes or fact.right.axes  # type: ignore[no-any-return]


def matching(
    axes: Sequence[ir.Scalar], of_goal: Sequence[ir.Scalar], labels: Sequence[str], reading: Reading
) -> list[str] | None:
    """Labels of the goal that run along the axes of a fact; None where it speaks of other entries."""
    if not axes:
        return []
    same = [reading.extent(axis) for axis in axes] == [reading.extent(axis) for axis in of_goal]
    return list(labels) if same else None


def fact_term(fact: Any, labels: Sequence[str], reading: Reading) -> Term:
    if isinstance(fact, said.Condition):
        return reading.entry(fact.holds, list(labels))
    sides = [reading.entry(side, list(labels) if side.axes else []) for side in (fact.left, fact.right)]
    return [WORDS.get(fact.operator, fact.operator), *sides]


def realisable(question: Question, claim: said.Claim) -> bool:
    """Whether any numbers for the values of functions that occur belong to some function.

    A function without a class has any value, any slope and any symmetric curvature at one point; nothing else is known
    to exist.
    """
    points: dict[str, set[str]] = {}
    strange: list[str] = []

    def visit(term: Any) -> None:
        match term:
            case ["at", word, *places, _]:
                name = word.removeprefix("grad ").removeprefix("hess ")
                known = claim.program is not None and name in claim.program.oracles
                points.setdefault(name, set()).add(json.dumps([renamed_apart(p) for p in places]))
                outside = any(open_labels(entry, frozenset(own)) for own, entry in places)
                if not known or outside or any(c.function == name for c in claim.classes):
                    strange.append(name)
            case ["expect", *_]:
                strange.append("E")
            case ["atom", name, *_] if name.endswith("~") and name not in question.rules.normal:
                strange.append(name)  # a draw of another law has a range
            case ["atom", name, *labels] if " " in name or any(str(label).startswith("?") for label in labels):
                strange.append(name)
            case [_, *parts]:
                for part in parts:
                    visit(part)

    for term in (question.goal, *question.assumptions):
        visit(term)
    return not strange and all(len(found) == 1 for found in points.values())


def renamed_apart(point: Any) -> Any:
    """A point with its own labels by their place."""
    own, entry = point
    return renamed(entry, {label: f"@{k}" for k, label in enumerate(own)})
