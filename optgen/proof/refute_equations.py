"""Equations that no solver decides (logarithms, exponentials, curvatures of functions), refuted at random numbers.

The claim is run at numbers that satisfy what is given, with quadratics for its functions.  Where that run says that
the sides differ, both are enclosed by Arb at the same numbers: a counterexample is one whose enclosures are apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

from optgen.ir import claims as said
from optgen.proof.assumptions import Question
from optgen.proof.evaluation import Evaluation, Expand, as_text
from optgen.proof.instances import (
    CANNOT,
    Instance,
    averaged,
    evaluated_at,
    functions_for,
    lowered,
    quadratics_for,
    true,
)
from optgen.proof.members import Diagonal
from optgen.proof.terms import Term, renamed
from optgen.proof.values import in_dimension, named

TRIES = 60


def refute_equation(claim: said.Claim, questions: Sequence[Question], expand: Expand) -> dict[str, Any] | None:
    """Numbers at which an equation of the claim is false; None where none is found or the claim is of another kind."""
    goals = [goal for goal in claim.goals if isinstance(goal, said.Relation)]
    stepping = claim.program is not None and bool(claim.program.phases)
    if len(goals) != len(claim.goals) or len(questions) != len(goals) or stepping or averaged(claim):
        return None
    if claim.program is not None and set(dict(claim.program.sizes)) & {d for q in questions for d in q.dims}:
        return None  # a length that is declared
    for seed in range(TRIES):
        try:
            found = at_numbers(claim, goals, questions, seed, expand)
        except CANNOT:
            continue
        if found is not None:
            return found
    return None


def at_numbers(
    claim: said.Claim, goals: Sequence[said.Relation], questions: Sequence[Question], seed: int, expand: Expand
) -> dict[str, Any] | None:
    evaluation = evaluated_at(claim, questions[0], Random(seed), functions_for(claim, Random(seed)), expand)
    if evaluation is None:
        return None
    members = quadratics_for(claim, Random(seed))
    for goal, question in zip(goals, questions, strict=True):
        if goal.operator != "==" or true(goal, evaluation, expand):
            continue
        numbers = numbers_of(question, evaluation)
        if not apart(question, numbers, members, evaluation.size):
            continue
        left, right = evaluation.values([goal.left, goal.right], expand)
        run = lowered(evaluation, goal, expand)
        run |= {"left": as_text(left), "right": as_text(right), "operator": goal.operator}
        functions = {
            name: {"kind": "Quadratic", "curvatures": as_text(m.curvatures), "centre": as_text(m.centre)}
            for name, m in members.items()
        }
        params = {name: str(n) for name, n in numbers.items()}
        return {"kind": "numbers", "params": params, "functions": functions, "run": run}
    return None


def numbers_of(question: Question, evaluation: Evaluation) -> dict[str, Fraction]:
    """The numbers of a run by the names that the algebra gives to entries."""
    found: dict[str, Fraction] = {}

    def visit(name: str, array: Any, place: tuple[str, ...]) -> None:
        if isinstance(array, list):
            for k, part in enumerate(array):
                visit(name, part, (*place, f"={k + 1}"))
        else:
            found[f"<{name}[{','.join(place)}]>" if place else f"<{name}>"] = Fraction(array)

    for made, name, _ in question.inputs:
        if made in evaluation.arrays:
            visit(name, evaluation.arrays[made], ())
    return found


def apart(question: Question, numbers: Mapping[str, Fraction], members: Mapping[str, Diagonal], size: int) -> bool:
    """Whether enclosures of the two sides have nothing in common, at some entry."""
    from optgen.proof.boxes import BITS, range_of
    from optgen.proof.written import Rejected
    from optgen.symbolic.arb import precision_of
    from optgen.symbolic.jets import Undefined as NoValue

    instance = Instance(question, numbers, size)
    places = [dict.fromkeys(question.labels, f"={k + 1}") for k in range(size if question.labels else 1)]
    box = {name: (n, n, False, False) for name, n in numbers.items()}
    for place in places:
        sides = [renamed(side, place) for side in question.goal[1:]]
        try:
            closed = [named(in_dimension(asked(s, instance, members), instance.sizes), instance.reader) for s in sides]
            with precision_of(BITS):
                (low, high), (start, end) = (range_of(side, box) for side in closed)
        except (Rejected, NoValue, ValueError):
            return False
        if high < start or end < low:
            return True
    return False


def asked(term: Term, instance: Instance, members: Mapping[str, Diagonal]) -> Term:
    """A term in which values, slopes and curvatures of functions are numbers."""
    match in_dimension(term, instance.sizes):
        case ["at", str(word), [[own], entry], labels]:
            kind, _, name = word.rpartition(" ")
            if name not in members or kind not in ("", "grad", "hess"):
                raise ArithmeticError(f"nothing is known of {word}")
            member = members[name]
            x = [instance.number(renamed(entry, {own: f"={k + 1}"})) for k in range(instance.size)]
            places = [int(label[1:]) - 1 for label in labels]
            if kind == "hess":
                return str(member.curvatures[places[0]] if places[0] == places[1] else 0)
            return str(member.answer(x)[places[0]] if kind == "grad" else member.value(x))
        case ["at", *_]:
            raise ArithmeticError("a function of another kind")
        case ["same" | "before" as word, i, j]:
            return str(int(i == j if word == "same" else int(i[1:]) < int(j[1:])))
        case [head, *parts] if head != "atom":
            return [head, *(asked(p, instance, members) if isinstance(p, list) else p for p in parts)]
        case other:
            return other
