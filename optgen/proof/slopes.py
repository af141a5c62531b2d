"""Derivatives of terms, and tensors put in the place of atoms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from optgen.proof.terms import Term, renamed


class Unreadable(Exception):
    """Something that has no term; the sentence says what."""


class Labels(Protocol):
    """Who gives fresh labels: the extents of labels, and a count."""

    fresh: int
    extents: dict[str, str]


def replaced(term: Term, tensors: Mapping[str, tuple[list[str], Term]]) -> Term:
    """Atoms replaced by tensors (labels and entry)."""
    if isinstance(term, str):
        return term
    match term:
        case ["atom", name, *labels] if name in tensors:
            own, entry = tensors[name]
            return renamed(entry, dict(zip(own, labels, strict=True)))
        case ["atom" | "same" | "before", *_]:
            return term
        case ["sum", label, extent, body]:
            return ["sum", label, extent, replaced(body, tensors)]
        case ["at", name, *points, labels]:
            return ["at", name, *([own, replaced(e, tensors)] for own, e in points), labels]
        case ["^", base, power]:
            return ["^", replaced(base, tensors), power]
        case [head, *parts]:
            return [head, *(replaced(part, tensors) for part in parts)]
    return term


def occurs(term: Term, name: str) -> bool:
    if isinstance(term, str) or not term:
        return False
    return (term[0] == "atom" and term[1] == name) or any(isinstance(p, list) and occurs(p, name) for p in term)


_SLOPES: dict[str, Callable[[Term], Term]] = {
    "sqrt": lambda u: ["/", "1/2", ["sqrt", u]],
    "exp": lambda u: ["exp", u],
    "log": lambda u: ["/", "1", u],
    "log1p": lambda u: ["/", "1", ["+", "1", u]],
    "abs": lambda u: ["sign", u],
    "sin": lambda u: ["cos", u],
    "cos": lambda u: ["*", "-1", ["sin", u]],
    "expm1": lambda u: ["exp", u],
    "sinh": lambda u: ["cosh", u],
    "cosh": lambda u: ["sinh", u],
    "tan": lambda u: ["+", "1", ["^", ["tan", u], 2]],
    "tanh": lambda u: ["+", "1", ["*", "-1", ["^", ["tanh", u], 2]]],
    "sign": lambda u: "0",
    "erf": lambda u: ["erf'", u],  # 2/sqrt(pi) exp(-u^2)
    "erf'": lambda u: ["*", "-2", u, ["erf'", u]],
}


def derivative(term: Term, name: str, places: list[str], labels_of: Labels) -> Term:
    """The derivative by the entry `name[places]`."""
    if isinstance(term, str) or not occurs(term, name):
        return "0"

    def by(part: Term) -> Term:
        return derivative(part, name, places, labels_of)

    match term:
        case ["atom", _, *labels]:
            return times(*(["same", i, j] for i, j in zip(labels, places, strict=True)))
        case ["+", *parts]:
            return plus(*(by(p) for p in parts))
        case ["*", *parts]:
            return plus(*(times(*parts[:k], by(p), *parts[k + 1 :]) for k, p in enumerate(parts)))
        case ["/", a, b]:
            above, below = by(a), times("-1", ["/", ["*", a, by(b)], ["*", b, b]])
            return plus(above if above == "0" else ["/", above, b], "0" if by(b) == "0" else below)
        case ["^", base, power]:
            lower = {1: "1", 2: base}.get(power, ["^", base, power - 1])
            return times(str(power), lower, by(base))
        case ["sum", label, extent, body]:
            return total(label, extent, by(body), labels_of.extents)
        case ["if", condition, a, b]:
            return ["if", condition, by(a), by(b)]
        case ["at", word, *points, labels]:
            return _of_oracle(word, points, labels, by, labels_of)
        case [word, inner] if word in _SLOPES:
            return times(_SLOPES[word](inner), by(inner))
    raise Unreadable(f"the derivative of {term[0]}")


def plus(*parts: Term) -> Term:
    """A sum without what is 0."""
    left = [p for p in parts if p != "0"]
    return left[0] if len(left) == 1 else ["+", *left] if left else "0"


def times(*factors: Term) -> Term:
    """A product without what is 1; 0 if a factor is."""
    left = [f for f in factors if f != "1"]
    return "0" if "0" in left else left[0] if len(left) == 1 else ["*", *left] if left else "1"


def summed(labels_of: Labels, body: Term, labels: list[str]) -> Term:
    """A sum over labels, each over its extent."""
    for label in reversed(labels):
        body = total(label, labels_of.extents[label], body, labels_of.extents)
    return body


def total(label: str, extent: str, body: Term, extents: Mapping[str, str]) -> Term:
    """The sum of a term over a label; where a factor says that the label is another one, the term there."""
    if not marked(body, label):
        return "0" if body == "0" else ["sum", label, extent, body]
    match body:
        case ["+", *parts]:
            return plus(*(total(label, extent, p, extents) for p in parts))
        case ["*" | "same", *_]:
            factors = factors_of(body)
            for k, factor in enumerate(factors):
                rest = factors[:k] + factors[k + 1 :]
                other = partner(factor, label)
                if other is not None and (extents.get(other) == extent or is_place(other, extent)):
                    return renamed(times(*rest), {label: other})
                if factor[0] == "+" and marked(factor, label):
                    return plus(*(total(label, extent, times(part, *rest), extents) for part in factor[1:]))
    return ["sum", label, extent, body]


def is_place(label: str, extent: str) -> bool:
    """Whether a label is a number in a range."""
    return label.startswith("=") and extent.isdigit() and int(label[1:]) <= int(extent)


def marked(term: Term, label: str) -> bool:
    """Whether a factor of the term, or of a part of its sums, says that the label is another one."""
    match term:
        case ["+" | "*", *parts]:
            return any(marked(p, label) for p in parts)
    return partner(term, label) is not None


def partner(term: Term, label: str) -> str | None:
    match term:
        case ["same", i, j] if label in (i, j) and i != j:
            return str(j if i == label else i)
    return None


def factors_of(term: Term) -> list[Term]:
    """The factors of a product of products."""
    return [f for part in term[1:] for f in factors_of(part)] if term[0] == "*" else [term]


def _of_oracle(word: str, points: list[Any], labels: list[str], by: Callable[[Term], Term], labels_of: Labels) -> Term:
    """The chain rule at a point of an abstract function: grad f, then hess f."""
    if word in ("max", "min"):
        raise Unreadable(f"the derivative of {word}")
    parts: list[Term] = []
    for place, (own, entry) in enumerate(points):
        if by(entry) == "0":
            continue
        argument = f"[{place + 1}]" if len(points) > 1 else ""
        higher = f"hess{argument} {word[5:]}" if word.startswith("grad ") and not argument else f"grad{argument} {word}"
        fresh = []
        for label in own:
            labels_of.fresh += 1
            fresh.append(f"c{labels_of.fresh}")
            labels_of.extents[fresh[-1]] = labels_of.extents[label]
        moved = renamed(entry, dict(zip(own, fresh, strict=True)))
        parts.append(summed(labels_of, times(["at", higher, *points, [*labels, *fresh]], by(moved)), fresh))
    return plus(*parts)
