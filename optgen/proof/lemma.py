"""A claim as questions of real arithmetic: its goals entry by entry, under what it is given.

What is said of a vector is used at the entry of the goal.  Classes of functions are not used here, so a proof holds for
every function; a refutation is given only where no function occurs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from optgen.ir import claims as said
from optgen.ir import nodes as ir
from optgen.proof.arithmetic import Decision, Question, decide
from optgen.proof.contractions import TooLarge
from optgen.proof.reading import Reading, Unreadable, eliminated
from optgen.proof.terms import Rules, Term
from optgen.proof.values import Undefined

WORDS = {"==": "="}


def lemma(claim: said.Claim, seconds: float = 20.0) -> Decision:
    """The claim decided by algebra and real arithmetic alone; unknown where it says more than these can read."""
    try:
        found = list(questions(claim))
    except Unreadable as stop:
        return Decision("unknown", tried=(("reading", str(stop), 0.0),))
    decisions = []
    for question in found:
        try:
            decision = decide(question, seconds / len(found))
        except (TooLarge, Undefined):
            decision = Decision("unknown", tried=(("normal form", "too large", 0.0),))
        if decision.status == "refuted" and mentions_function(question):
            decision = replace(decision, status="unknown", numbers={})
        if decision.status != "proved":
            return decision
        decisions.append(decision)
    if len(decisions) == 1:
        return decisions[0]
    trust = "smt" if any(d.trust == "smt" for d in decisions) else "algebra"
    tried = tuple(t for d in decisions for t in d.tried)
    return Decision("proved", trust, {"kind": "all", "parts": [d.certificate for d in decisions]}, tried=tried)


def questions(claim: said.Claim) -> Iterator[Question]:
    """One question a goal (an invariant has more: true at the start, kept by the step)."""
    facts = (*claim.domains, *claim.given)
    for goal in claim.goals:
        match goal:
            case said.Relation() | said.Condition():
                yield question(claim, facts, goal)
            case said.Invariant(before=before, after=after, first=first):
                for part in first:
                    yield question(claim, facts, part)
                for part in after:
                    yield question(claim, (*facts, *before), part)
            case _:
                raise Unreadable("a goal that is not a relation")
    if not claim.goals:
        raise Unreadable("a Lyapunov function alone")


def question(claim: said.Claim, facts: Sequence[said.Fact], goal: said.Relation | said.Condition | Any) -> Question:
    if isinstance(goal, said.Structured):
        raise Unreadable(f"{goal.word} of a matrix")
    reading = Reading()
    axes = axes_of(goal)
    labels = [reading.label(ir.Index(axis, "i")) for axis in axes]
    aim = fact_term(goal, labels, reading)
    assumptions: list[Term] = []
    symmetric: set[str] = set()
    psd: set[str] = set()
    for fact in facts:
        if isinstance(fact, said.Structured):
            if isinstance(fact.matrix, ir.Input):
                (psd if fact.word in ("psd", "spd") else symmetric).add(reading.name(fact.matrix))
            continue
        places = matching(axes_of(fact), labels, reading)
        if places is not None:
            try:
                assumptions.append(fact_term(fact, places, reading))
            except Unreadable:
                continue  # an assumption that can't be read is not used
    values = eliminated(reading)
    for name, number in claim.at.items():
        values[name] = ((), str(number))
    if claim.program is not None:
        done = claim.program.phases[0].done
        if done in reading.names:
            assumptions.append(["<=", "0", ["atom", reading.names[done]]])
    rules = Rules(frozenset(symmetric), reading.solutions, values, normal=frozenset(reading.normal), psd=frozenset(psd))
    dims = tuple(sorted({e for e in reading.extents.values() if not e.isdigit()}))
    return Question(tuple(assumptions), aim, rules, dims)


def axes_of(fact: Any) -> tuple[ir.Scalar, ...]:
    if isinstance(fact, said.Condition):
        return fact.holds.axes
    if isinstance(fact, said.Structured):
        return fact.matrix.axes
    return fact.left.axes or fact.right.axes  # type: ignore[no-any-return]


def matching(axes: Sequence[ir.Scalar], labels: Sequence[str], reading: Reading) -> list[str] | None:
    """Labels of the goal that run along the axes of a fact; None where it speaks of other entries."""
    if not axes:
        return []
    if [reading.extent(axis) for axis in axes] == [reading.extents[label] for label in labels]:
        return list(labels)
    return None


def fact_term(fact: Any, labels: Sequence[str], reading: Reading) -> Term:
    if isinstance(fact, said.Condition):
        return reading.entry(fact.holds, list(labels))
    sides = [reading.entry(side, list(labels) if side.axes else []) for side in (fact.left, fact.right)]
    return [WORDS.get(fact.operator, fact.operator), *sides]


def mentions_function(question: Question) -> bool:
    """Whether a value of an abstract function or of an iterate occurs."""

    def inside(term: Any) -> bool:
        if not isinstance(term, list):
            return False
        special = term[0] in ("at", "expect") or (term[0] == "atom" and " " in term[1])
        return special or any(inside(part) for part in term)

    return inside(question.goal) or any(inside(a) for a in question.assumptions)
