"""A claim about draws or members that fails on members of its classes, all outcomes run in exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from time import perf_counter
from typing import Any

from optgen.ir.claims import Claim, Relation
from optgen.ir.program import Function
from optgen.proof.attack import on_members
from optgen.proof.evaluation import holds_at
from optgen.proof.extract import Extracted
from optgen.proof.verdict import Part


def by_members(claim: Claim, goal: Relation, found: Extracted, expand: Callable[[Function], Function]) -> Part:
    """Functions, of which the families have two members, and states at which the claim is false."""
    part = Part()
    start = perf_counter()
    count = 0
    for run, left, right in on_members(claim, goal, found, expand):
        count += 1
        if isinstance(left, Fraction) and not holds_at(goal.operator, left, right):
            part.status = "refuted"
            part.counterexample = {
                "kind": "members",
                "params": {n: str(v) for n, v in run.values.items()},
                "points": {n: [str(e) for e in v] for n, v in run.vectors.items()},
                "functions": {n: described(m) for n, m in run.chosen.items()},
                "violated": f"{float(left):.6g} {goal.operator} {float(right):.6g} is false",
                "replayed": False,
            }
            part.words = (f"all outcomes were run in exact arithmetic: {part.counterexample['violated']}",)
            part.tried.append(("members of the classes", "one violates it", perf_counter() - start))
            return part
    said = f"{count} satisfy it" if count else "not applicable"
    part.tried.append(("members of the classes", said, perf_counter() - start))
    return part


def described(member: Any) -> dict[str, Any]:
    """A member as data: its kind and its numbers."""
    kept = [f.name for f in fields(member) if f.name not in ("operator", "coin")]
    return {"kind": type(member).__name__} | {name: plain(getattr(member, name)) for name in kept}


def plain(item: Any) -> Any:
    if isinstance(item, tuple):
        return [plain(part) for part in item]
    return str(item) if isinstance(item, Fraction) else described(item)
