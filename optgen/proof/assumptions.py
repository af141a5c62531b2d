"""A question of real arithmetic, and its equations used: what an assumption says an atom is, is put in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.proof.contractions import ONE
from optgen.proof.slopes import replaced
from optgen.proof.terms import Reader, Rules, Term


@dataclass(frozen=True, slots=True)
class Question:
    """`assumptions` and `goal` are relations; `dims` the dimensions that occur, `labels` those left open, with their
    extents; `integers` the atoms that are integers.  refutable: numbers at which it fails refute the claim (all that
    is assumed is here); `small`: what is assumed of matrices, said for 1 x 1.
    """

    assumptions: tuple[Term, ...]
    goal: Term
    rules: Rules = field(default_factory=Rules)
    dims: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    refutable: bool = True
    small: tuple[Term, ...] = ()
    inputs: tuple[tuple[ir.Input, str, tuple[str, ...]], ...] = ()  # of the claim: the name of its atoms, its extents


def substituted(question: Question) -> Question:
    """An assumption `atom = term`, of a number or of all entries of a tensor, becomes the value of the atom; a number
    that an equation determines too; other equations are kept for contractions.
    """
    values = dict(question.rules.values)
    equations = list(question.rules.equations)
    rest = []
    for assumption in question.assumptions:
        found = determined(assumption, values, question)
        if found is not None:
            values[found[0]] = found[1:]
            continue
        rest.append(assumption)
        if assumption[0] == "=" and not open_in(assumption, question):
            equations.append(["+", assumption[1], ["*", "-1", assumption[2]]])
    rules = replace(question.rules, values=values, equations=tuple(equations))
    return replace(question, assumptions=tuple(rest), rules=rules)


def determined(
    assumption: Term, values: Mapping[str, tuple[Any, Term]], question: Question
) -> tuple[str, tuple[str, ...], Term] | None:
    """(atom, labels, value) of an equation that says what the atom is."""
    match assumption:
        case ["=", ["atom", name, *labels], value] if (
            name not in values
            and len(set(labels)) == len(labels)
            and all(label in question.labels for label in labels)
            and not mentions(value, name, values)
        ):
            return name, tuple(labels), value
        case ["=", left, right]:
            gap = ["+", left, ["*", "-1", right]]
            for name in plain_atoms(gap):
                if name in values or name in question.dims:
                    continue
                slope, rest = (slope_and_rest(gap, name) or (None, None)) if name not in values else (None, None)
                if slope is not None:
                    return name, (), ["*", str(-1 / slope), rest]
    return None


def plain_atoms(term: Term) -> list[str]:
    """Numbers that occur once in a sum, by name."""
    match term:
        case ["atom", name]:
            return [name]
        case ["+", *parts]:
            return [name for part in parts for name in plain_atoms(part)]
        case ["*", str(), inner]:
            return plain_atoms(inner)
    return []


def slope_and_rest(gap: Term, name: str) -> tuple[Fraction, Term] | None:
    """c and t with gap = c*name + t, where t does not mention the name."""
    zero, one_ = (replaced(gap, {name: ([], value)}) for value in ("0", "1"))
    top = Reader().normal(["+", one_, ["*", "-1", zero]])
    if top.bottom != ONE or set(top.top) != {()} or json.dumps(gap).count(json.dumps(["atom", name])) != 1:
        return None
    return top.top[()], zero


def open_in(term: Term, question: Question) -> bool:
    """Whether labels are left open in a term."""
    return any(json.dumps(label) in json.dumps(term) for label in question.labels)


def mentions(term: Term, name: str, values: Mapping[str, tuple[Any, Term]]) -> bool:
    if isinstance(term, str):
        return False
    if term[0] == "atom":
        return bool(term[1] == name) or (term[1] in values and mentions(values[term[1]][1], name, values))
    return any(isinstance(part, list) and mentions(part, name, values) for part in term)
