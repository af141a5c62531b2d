"""Certificates of identities: both sides as terms, and the rules used; the checker expands both again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optgen.proof.terms import Reader, Rules, Term


class NotAnIdentity(Exception):
    """The two sides of a certificate differ."""


def identity_certificate(goal: Term, rules: Rules) -> dict[str, Any]:
    """A relation whose sides are equal, as data."""
    return {
        "kind": "identity",
        "goal": goal,
        "symmetric": sorted(rules.symmetric),
        "solutions": {z: list(rule) for z, rule in rules.solutions.items()},
        "values": {name: [list(labels), value] for name, (labels, value) in rules.values.items()},
        "inverse": sorted(map(list, rules.inverse)),
        "normal": sorted(rules.normal),
        "psd": sorted(rules.psd),
        "equations": list(rules.equations),
    }


def check_identity(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Expand both sides again and compare; what was checked, in words.  NotAnIdentity if they differ."""
    rules = Rules(
        frozenset(data["symmetric"]),
        {z: (a, label, entry) for z, (a, label, entry) in data["solutions"].items()},
        {name: (tuple(labels), value) for name, (labels, value) in data["values"].items()},
        frozenset((a, b) for a, b in data["inverse"]),
        frozenset(data["normal"]),
        frozenset(data["psd"]),
        tuple(data["equations"]),
    )
    word, left, right = data["goal"]
    if word not in ("=", "<=", ">="):
        raise NotAnIdentity(f"equal sides do not prove {word}")
    if not Reader(rules).vanishes(["+", left, ["*", "-1", right]]):
        raise NotAnIdentity("the two sides differ")
    words = [f"{name} is what the claim says it is" for name in data["values"]]
    words += [f"{a} is symmetric" for a in (*data["symmetric"], *data["psd"])]
    words += [f"the entries of {z} are independent standard normal numbers" for z in data["normal"]]
    words += [f"{len(data['equations'])} equations are given"] if data["equations"] else []
    words += [f"{z} solves a system with the matrix {rule[0]}" for z, rule in data["solutions"].items()]
    words += [f"{a} {b} = I" for a, b in data["inverse"]]
    return (*words, "both sides have the same normal form, wherever their quotients and roots exist")
