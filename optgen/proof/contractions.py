"""Polynomials in contractions: products of indexed atoms tied together by the labels that are summed.

A contraction is written with numbers for its bound labels (`0:n` runs over 1 .. n), chosen so that the writing is the
least of all; it stands for one number for each value of its free labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import comb
from typing import Any

Factor = tuple[str, tuple[str, ...]]  # an atom or a function with its labels; bound ones are `0:n`, `1:n`, ...
Monomial = tuple[tuple[tuple[Factor, ...], int | Fraction], ...]  # contractions with their powers, sorted
Polynomial = dict[Monomial, Fraction]
MOST_LABELS = 6
MOST_TERMS, MOST_POWER, MOST_EXPONENT, MOST_BITS = 600, 200, 10_000, 20_000  # of a power that is expanded


class TooLarge(Exception):
    """An expansion beyond the bounds: the question stays open."""


def bounded(terms: int, power: int, coefficients: Iterable[Fraction]) -> None:
    """TooLarge where a power of a sum of so many terms would be too large, said before it is expanded."""
    power = abs(power)
    whole = comb(terms + power - 1, power) if 0 < power <= MOST_POWER and terms <= MOST_TERMS else 0
    bits = power * max((max(c.numerator.bit_length(), c.denominator.bit_length()) for c in coefficients), default=0)
    if power > MOST_EXPONENT or (terms > 1 and (power > MOST_POWER or whole > MOST_TERMS or terms > MOST_TERMS)):
        raise TooLarge(f"the power {power} of a sum of {terms} terms" + (f" has {whole} terms" if whole else ""))
    if bits > MOST_BITS:
        raise TooLarge(f"the power {power} has numbers of about {bits * 3 // 10} digits")


@dataclass(frozen=True, slots=True)
class Quotient:
    top: Polynomial
    bottom: Polynomial


ONE: Polynomial = {(): Fraction(1)}


def number(value: int | Fraction) -> Polynomial:
    return {(): Fraction(value)} if value else {}


def added(left: Polynomial, right: Polynomial, sign: int = 1) -> Polynomial:
    total = dict(left)
    for monomial, c in right.items():
        total[monomial] = total.get(monomial, Fraction(0)) + sign * c
    return {m: c for m, c in total.items() if c}


def merged(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for item, power in right:
        powers[item] = 1 if item[0][0] == "same" and len(item) == 1 else powers.get(item, 0) + power
    return tuple(sorted((item, power) for item, power in powers.items() if power))


def length(extent: str) -> Polynomial:
    return number(int(extent)) if extent.isdigit() else {(((((extent, ()),)), 1),): Fraction(1)}


def labels_of(contraction: Iterable[Factor]) -> set[str]:
    return {label for _, labels in contraction for label in labels}


def free_labels(polynomial: Polynomial) -> set[str]:
    return {
        label
        for monomial in polynomial
        for item, _ in monomial
        for label in labels_of(item)
        if ":" not in label and not label.startswith(("=", "@", "$"))
    }


def without_sames(factors: list[Factor]) -> tuple[list[Factor] | None, Polynomial]:
    """Each `same(i, j)` with a summed label carried out; None where two numbers differ."""
    scale = ONE
    while True:
        place = next((k for k, (name, ls) in enumerate(factors) if name == "same" and decided(*ls)), None)
        if place is None:
            return factors, scale
        i, j = factors[place][1]
        rest = [f for k, f in enumerate(factors) if k != place]
        if i.startswith("=") and j.startswith("=") and i != j:
            return None, scale
        gone, stays = (i, j) if ":" in i else (j, i)
        factors = [(name, tuple(stays if label == gone else label for label in ls)) for name, ls in rest]
        if ":" in stays and all(stays not in ls for _, ls in factors):  # a sum of ones is left
            scale = {merged(m, n): c * d for m, c in scale.items() for n, d in length(stays.split(":", 1)[1]).items()}


def divided(top: Polynomial, bottom: Polynomial) -> Polynomial | None:
    """top/bottom where the division leaves nothing (powers are natural numbers); None otherwise."""
    items = sorted({item for p in (top, bottom) for monomial in p for item, _ in monomial})
    if any(power < 0 or int(power) != power for p in (top, bottom) for m in p for _, power in m):
        return None

    def places(monomial: Monomial) -> tuple[int | Fraction, ...]:
        powers = dict(monomial)
        return tuple(powers.get(item, 0) for item in items)

    leading = max(bottom, key=places)
    left, quotient = dict(top), dict[Monomial, Fraction]()
    for _ in range(len(top) * 4 + 4):
        if not left:
            return quotient
        highest = max(left, key=places)
        step = tuple(a - b for a, b in zip(places(highest), places(leading), strict=True))
        if min(step, default=0) < 0:
            return None
        monomial: Monomial = tuple((item, power) for item, power in zip(items, step, strict=True) if power)
        factor = left[highest] / bottom[leading]
        quotient[monomial] = factor
        left = added(left, {merged(monomial, m): factor * c for m, c in bottom.items()}, -1)
    return None


def pivot_of(polynomial: Polynomial) -> tuple[tuple[Factor, ...], Polynomial] | None:
    """A contraction that stands alone in one term and nowhere else, and what it is where the polynomial is 0.

    The one tied together by most factors, then the last by its writing.
    """
    found = [
        (len(monomial[0][0]), monomial)
        for monomial in polynomial
        if len(monomial) == 1 and monomial[0][1] == 1
        and sum(monomial[0][0] in dict(other) for other in polynomial) == 1
    ]  # fmt: skip
    if not found:
        return None
    _, monomial = max(found)
    c = polynomial[monomial]
    return monomial[0][0], {m: -d / c for m, d in polynomial.items() if m != monomial}


def halved(factors: list[Factor], tidy: Any) -> tuple[list[Factor], list[Factor]] | None:
    """A sum over i < j of what is the same with i and j exchanged: half of the sum over both less the diagonal."""
    for place, (name, ls) in enumerate(factors):
        if name == "before" and ls[0] == ls[1]:
            return [("same", ("=1", "=2"))], [("same", ("=1", "=2"))]
        if name != "before" or not (":" in ls[0] and ":" in ls[1]):
            continue
        i, j = ls
        rest = [f for k, f in enumerate(factors) if k != place]
        one = [(other, tuple({i: "a'", j: "b'"}.get(label, label) for label in labels)) for other, labels in rest]
        two = [(other, tuple({i: "b'", j: "a'"}.get(label, label) for label in labels)) for other, labels in rest]
        if i.split(":", 1)[1] == j.split(":", 1)[1] and canonical(one, tidy) == canonical(two, tidy):
            both = rest if any(i in labels for _, labels in rest) else [*rest, ("same", (i, i)), ("same", (j, j))]
            return both, [*rest, ("same", (i, j))]
    return None


def decided(i: str, j: str) -> bool:
    return i == j or ":" in i or ":" in j or (i.startswith("=") and j.startswith("="))


def pair_of_inverses(factors: list[Factor], left: str, right: str) -> list[Factor] | None:
    """A[i, j] B[j, k] with A B = I, j summed and nowhere else, becomes same(i, k)."""
    for k, (name, ls) in enumerate(factors):
        for m, (other, rs) in enumerate(factors):
            if name != left or other != right or k == m or ls[1] != rs[0] or ":" not in ls[1]:
                continue
            if sum(labels.count(ls[1]) for _, labels in factors) == 2:
                rest = [f for place, f in enumerate(factors) if place not in (k, m)]
                return [*rest, ("same", (ls[0], rs[1]))]
    return None


def connected(factors: list[Factor]) -> list[list[Factor]]:
    """Factors tied by bound labels stand together."""
    groups: list[tuple[set[str], list[Factor]]] = []
    for factor in factors:
        bound = {label for label in factor[1] if ":" in label}
        touching = [group for group in groups if group[0] & bound]
        groups = [group for group in groups if not group[0] & bound]
        names = bound.union(*(group[0] for group in touching))
        groups.append((names, [f for group in touching for f in group[1]] + [factor]))
    return [group for _, group in groups]


def canonical(factors: list[Factor], tidy: Any) -> tuple[Factor, ...]:
    """The least way to write a contraction over all numberings of its bound labels."""
    bound = sorted({label for _, ls in factors for label in ls if ":" in label})
    if not bound:
        return tuple(sorted(tidy(f) for f in factors))
    if len(bound) > MOST_LABELS:
        raise TooLarge
    best: tuple[Factor, ...] | None = None
    for order in permutations(range(len(bound))):
        names = {label: f"{k}:{label.split(':', 1)[1]}" for label, k in zip(bound, order, strict=True)}
        here = tuple(sorted(tidy((name, tuple(names.get(i, i) for i in ls))) for name, ls in factors))
        best = here if best is None else min(best, here)
    assert best is not None
    return best


def text(value: Quotient) -> str:
    """The normal form in one line; equal normal forms have equal texts."""
    top = shown(value.top)
    return top if value.bottom == ONE else f"({top})/({shown(value.bottom)})"


def shown(polynomial: Polynomial) -> str:
    return " + ".join(
        "*".join([str(c), *(contraction_text(item) + (f"^{p}" if p != 1 else "") for item, p in monomial)])
        if monomial
        else str(c)
        for monomial, c in sorted(polynomial.items())
    ) or "0"  # fmt: skip


def contraction_text(contraction: Iterable[Factor]) -> str:
    return "<" + " ".join(name + (f"[{','.join(ls)}]" if ls else "") for name, ls in contraction) + ">"
