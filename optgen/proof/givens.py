"""Whether what a claim is given can hold at all: numbers that satisfy it, or the conditions that leave none.

A proof from a contradiction would prove nothing, so the conditions on numbers are looked at before anything is proved.
Mostly the intervals of `domains` give an example at once; z3 is asked only where they don't.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from random import Random

from optgen.diagnostics import Span
from optgen.ir.claims import Claim
from optgen.proof.domains import Constraint, Contradiction, holds, intervals
from optgen.proof.extract import Extraction
from optgen.proof.polynomial import Number, Polynomial, at, names_of, ratio
from optgen.proof.problem import Interval

ATTEMPTS = 100
SECONDS = 2.0  # for z3


@dataclass(frozen=True, slots=True)
class Conflict:
    """Conditions, as few as possible, that no numbers satisfy together: what is said of each, and where."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]


def conflict(claim: Claim) -> Conflict | None:
    """What can't hold together of a claim's conditions on numbers; None where something satisfies them all."""
    try:
        extraction = Extraction(claim)
    except Contradiction as why:
        return Conflict((str(why),), (claim.span,))
    roots = extraction.reader.roots
    given = [*extraction.constraints, *(fact for name, of in roots.items() for fact in root_facts(name, of))]
    if not impossible(given):
        return None
    for condition in list(given):  # what is not needed is left away, the declarations first
        fewer = [other for other in given if other is not condition]
        if impossible(fewer):
            given = fewer
    places = {fact.span.text: fact.span for fact in (*claim.domains, *claim.given)}
    texts = dict.fromkeys(c.text for c in given)
    words = tuple(worded(text, [c for c in given if c.text == text]) for text in texts)
    return Conflict(words, tuple(places.get(text, claim.span) for text in texts))


def root_facts(name: str, of: Number) -> Iterator[Constraint]:
    """A square root is not negative, and its square is what it is of."""
    from optgen.proof.polynomial import symbol

    root = symbol(name)
    yield Constraint(">=", root, Fraction(0), f"a square root of {of}")
    yield Constraint("==", root * root, of, f"a square root of {of}")


def worded(text: str, conditions: Sequence[Constraint]) -> str:
    """A condition as the author wrote it; with numbers also what it comes to."""
    for c in conditions:
        if isinstance(c.left, Fraction) and isinstance(c.right, Fraction) and not holds([c], {}):
            operator = "=" if c.operator == "==" else c.operator
            return f"{text} needs {c.left} {operator} {c.right}"
    return text


def impossible(given: Sequence[Constraint]) -> bool:
    """Whether it is certain that no numbers satisfy the conditions."""
    names = {name for c in given for side in (c.left, c.right) for name in names_of(side)}
    try:
        domain, _ = intervals(given, names)
    except Contradiction:
        return True
    if any(holds(given, values) for values in islice(samples(domain), ATTEMPTS)):
        return False
    from optgen.proof.smt import ask

    return ask(script(given, names), "z3", SECONDS).status == "unsat"


def samples(domain: Sequence[Interval]) -> Iterator[dict[str, Fraction]]:
    """Numbers in the intervals, each within those before it: in the middle first, then anywhere."""
    chance = Random(0)
    for attempt in range(10**6):
        values: dict[str, Fraction] = {}
        for interval in domain:
            share = Fraction(1, 2) if attempt == 0 else Fraction(chance.randrange(0, 9), 8)
            low, high = (end_of(end, values) for end in (interval.low, interval.high))
            values[interval.name] = between(low, high, share)
        yield values


def end_of(end: Number | None, values: Mapping[str, Fraction]) -> Fraction | None:
    try:
        found = None if end is None else at(end, values)
    except ZeroDivisionError:
        return None
    return found if isinstance(found, Fraction) else None


def between(low: Fraction | None, high: Fraction | None, share: Fraction) -> Fraction:
    if low is not None and high is not None:
        return low + (high - low) * share
    if low is not None:
        return low + 2 * share
    return (Fraction(1) if high is None else high) - 2 * share


# ---------------------------------------------------------------- for z3


def script(given: Sequence[Constraint], names: set[str]) -> str:
    """The conditions as SMT-LIB text."""
    lines = [f"(declare-const {quoted(name)} Real)" for name in sorted(names)]
    lines += [f"(assert {line})" for c in given for line in conditions(c)]
    return "\n".join([*lines, ""])


def conditions(c: Constraint) -> Iterator[str]:
    """`left operator right` multiplied out: a quotient has the sign of its product."""
    difference = ratio(c.left - c.right)
    top, bottom = written(difference.numerator), written(difference.denominator)
    yield f"(not (= {bottom} 0.0))"
    if c.operator in ("==", "!="):
        equal = f"(= {top} 0.0)"
        yield equal if c.operator == "==" else f"(not {equal})"
    else:
        yield f"({c.operator} (* {top} {bottom}) 0.0)"


def written(polynomial: Polynomial) -> str:
    terms = []
    for monomial, c in polynomial.terms.items():
        size = f"(/ {abs(c.numerator)}.0 {c.denominator}.0)"
        factors = [f"(- {size})" if c < 0 else size]
        factors += [quoted(name) for name, power in monomial for _ in range(power)]
        terms.append(f"(* {' '.join(factors)} 1.0)")
    return f"(+ {' '.join(terms)} 0.0)"


def quoted(name: str) -> str:
    return f"|{name.replace('|', '!')}|"
