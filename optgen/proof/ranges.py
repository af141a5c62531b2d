"""What assumptions say of single numbers: intervals of the contractions of a claim, for the signs of coefficients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from optgen.proof.contractions import ONE, Factor, Quotient, contraction_text
from optgen.proof.contractions import Polynomial as Contractions
from optgen.proof.polynomial import Number, Polynomial, Ratio, quotient
from optgen.proof.problem import Interval
from optgen.proof.smt import not_negative
from optgen.proof.terms import Reader, Term


def difference(goal: Term, reader: Reader) -> tuple[Quotient, bool] | None:
    """What must be >= 0 (or > 0) for the goal."""
    match goal:
        case ["<=" | "<" as word, left, right]:
            return reader.reduced(reader.normal(["+", right, ["*", "-1", left]])), word == "<"
        case [">=" | ">" as word, left, right]:
            return reader.reduced(reader.normal(["+", left, ["*", "-1", right]])), word == ">"
    return None


def names(value: Quotient) -> dict[str, tuple[Factor, ...]]:
    """The contractions of a quotient by their text."""
    return {contraction_text(item): item for p in (value.top, value.bottom) for m in p for item, _ in m}


def as_number(value: Quotient) -> Number | None:
    """A quotient of contractions as a coefficient whose symbols are their texts; None for roots of anything."""
    try:
        return part_as_number(value.top) / part_as_number(value.bottom)
    except (ValueError, ZeroDivisionError):
        return None


def part_as_number(polynomial: Contractions) -> Number:
    total: Number = Fraction(0)
    for monomial, c in polynomial.items():
        total_product: Number = c
        for item, power in monomial:
            if int(power) != power:
                raise ValueError("a broken power")
            total_product = total_product * power_of(contraction_text(item), int(power))
        total = total + total_product
    return total


def power_of(name: str, power: int) -> Number:
    made = Polynomial({((name, abs(power)),): Fraction(1)})
    one_ = Polynomial.of(1)
    return quotient(made, one_) if power > 0 else quotient(one_, made)


def intervals(
    assumptions: Sequence[Term], reader: Reader, needed: Mapping[str, tuple[Factor, ...]]
) -> tuple[Interval, ...]:
    """What the assumptions say of single numbers, in an order in which bounds use earlier symbols only; squares and
    roots are not negative.
    """
    low: dict[str, tuple[Number, bool]] = {}
    high: dict[str, tuple[Number, bool]] = {}
    for positive_names in (False, True):
        positives = {n for n, (b, shut) in low.items() if isinstance(b, Fraction) and (b > 0 or (b == 0 and not shut))}
        for assumption in assumptions:
            for name, bound, upper, closed in bounds(assumption, reader, positives if positive_names else set()):
                side = high if upper else low
                if name not in side:
                    side[name] = (bound, closed)
    known = set(low) | set(high)
    for name, item in needed.items():
        if name not in known and not_negative(item, reader):
            low[name] = least(item)
    placed: list[Interval] = []
    waiting = sorted(set(low) | set(high))
    while waiting:
        done = {i.name for i in placed}
        ready = next((n for n in waiting if used(low.get(n), high.get(n)) & (set(waiting) - done) <= {n}), None)
        name = ready or waiting[0]
        below, above = low.get(name), high.get(name)
        if ready is None:  # a circle of bounds: what can't be placed is left out
            below = below if below and not used(below) & set(waiting) else None
            above = above if above and not used(above) & set(waiting) else None
        waiting.remove(name)
        placed.append(
            Interval(name, below and below[0], above and above[0], bool(below and below[1]), bool(above and above[1]))
        )
    return tuple(placed)


def least(item: tuple[Factor, ...]) -> tuple[Number, bool]:
    """The bound of a contraction that is not negative, and whether it is taken."""
    name = item[0][0]
    if len(item) == 1 and name.startswith(("exp(1*<abs(", "exp(1*<sqrt(")):
        return Fraction(1), True
    return Fraction(0), not name.startswith("exp(")


def used(*sides: tuple[Number | None, bool] | None) -> set[str]:
    return {n for side in sides if side is not None and isinstance(side[0], Ratio) for n in side[0].names()}


def bounds(assumption: Term, reader: Reader, positives: set[str]) -> Iterator[tuple[str, Number, bool, bool]]:
    """(name, bound, upper?, closed?) of an assumption that bounds one number, or its product with positive ones."""
    match assumption:
        case ["and", *parts]:
            for part in parts:
                yield from bounds(part, reader, positives)
        case ["<" | "<=" | ">" | ">=" as word, left, right]:
            if word in (">", ">="):
                left, right = right, left
            a, b = reader.normal(left), reader.normal(right)
            for item, bound, upper in ((a, b, True), (b, a, False)):
                number = as_number(bound)
                for name, factor in singles(item, positives) if number is not None else ():
                    if name not in names(bound) and number is not None:
                        yield name, number / factor, upper, word in ("<=", ">=")


def singles(value: Quotient, positives: set[str]) -> Iterator[tuple[str, Number]]:
    """A monomial as one of its numbers times a factor that is positive."""
    if value.bottom != ONE or len(value.top) != 1:
        return
    ((monomial, c),) = value.top.items()
    for item, power in monomial:
        others = tuple(pair for pair in monomial if pair[0] != item)
        if power == 1 and c > 0 and all(contraction_text(other) in positives for other, _ in others):
            yield contraction_text(item), part_as_number({others: c})
