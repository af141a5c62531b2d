"""Claims of real arithmetic: identities by normal form, signs by slacks, forms in vectors, then two SMT solvers.

In: a `Question` over terms.  Out: a `Decision`.  Cheap and exact first: an identity is a comparison of normal forms; an
inequality whose slacked coefficients have one sign is proved by them; one that is a quadratic form in vectors goes to
the elimination of `parametric`; what is left is asked of z3 and cvc5.  A refutation is numbers at which the claim was
evaluated exactly and fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Any

from optgen.proof.contractions import ONE, Factor, Quotient, TooLarge, contraction_text
from optgen.proof.contractions import Polynomial as Contractions
from optgen.proof.identity import identity_certificate
from optgen.proof.polynomial import Number, Polynomial, Ratio, quotient, symbol
from optgen.proof.problem import Interval, Problem, Quadratic, Statement, constant
from optgen.proof.smt import Script, ask, not_negative, statement
from optgen.proof.terms import Reader, Rules, Term, renamed
from optgen.proof.values import Undefined, holds, in_dimension, named


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


@dataclass(frozen=True, slots=True)
class Decision:
    """status: proved, refuted or unknown.  `numbers` of a refutation by atom; `tried`: (method, what came, seconds)."""

    status: str
    trust: str = ""
    certificate: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Fraction] = field(default_factory=dict)
    tried: tuple[tuple[str, str, float], ...] = ()
    empty: bool = False  # the assumptions contradict each other


def decide(question: Question, seconds: float = 20.0) -> Decision:
    """Every conjunct of the goal proved, or one of them refuted."""
    goals = list(conjuncts(question.goal))
    decisions = []
    for goal in goals:
        decision = one(replace(question, goal=goal), seconds / len(goals))
        if decision.status != "proved":
            return decision
        decisions.append(decision)
    order = ("smt", "algebra")
    trust = next((t for t in order if any(d.trust == t for d in decisions)), "algebra")
    if len(decisions) == 1:
        return decisions[0]
    return Decision(
        "proved",
        trust,
        {"kind": "all", "parts": [d.certificate for d in decisions]},
        tried=tuple(t for d in decisions for t in d.tried),
    )


def conjuncts(goal: Term) -> Iterator[Term]:
    if isinstance(goal, list) and goal[0] == "and":
        for part in goal[1:]:
            yield from conjuncts(part)
    else:
        yield goal


def one(question: Question, seconds: float) -> Decision:
    """One relation: the methods in the order of their price."""
    tried: list[tuple[str, str, float]] = []
    question = substituted(question)
    reader = Reader(question.rules)
    for name, method in (("normal form", by_identity), ("slack signs", by_signs), ("quadratic form", by_squares),
                         ("z3 and cvc5", by_solvers)):  # fmt: skip
        start = time.perf_counter()
        try:
            decision = method(question, reader, seconds)
            said = "no" if decision is None else decision.status
        except (TooLarge, Undefined, ZeroDivisionError, RecursionError) as stop:
            decision, said = None, f"gave up: {type(stop).__name__} {stop}".strip()
        tried.append((name, said, time.perf_counter() - start))
        if decision is not None and (decision.status != "unknown" or decision.empty):
            empty = decision.empty or (decision.status == "proved" and contradictory(question, reader, seconds / 4))
            found = Decision("unknown", empty=True) if empty else decision
            return replace(found, tried=tuple(tried))
    return Decision("unknown", tried=tuple(tried))


def substituted(question: Question) -> Question:
    """An assumption `atom = term` for a scalar atom that the term does not contain becomes its value."""
    values = dict(question.rules.values)
    rest = []
    for assumption in question.assumptions:
        match assumption:
            case ["=", ["atom", name], value] if name not in values and not mentions(value, name, values):
                values[name] = ((), value)
            case _:
                rest.append(assumption)
    return replace(question, assumptions=tuple(rest), rules=replace(question.rules, values=values))


def mentions(term: Term, name: str, values: Mapping[str, tuple[Any, Term]]) -> bool:
    if isinstance(term, str):
        return False
    if term[0] == "atom":
        return bool(term[1] == name) or (term[1] in values and mentions(values[term[1]][1], name, values))
    return any(isinstance(part, list) and mentions(part, name, values) for part in term)


# ---------------------------------------------------------------- identities


def by_identity(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """The two sides have one normal form: `=`, `<=` and `>=` follow."""
    match question.goal:
        case ["=" | "<=" | ">=", left, right]:
            if reader.vanishes(["+", left, ["*", "-1", right]]):
                return Decision("proved", "algebra", identity_certificate(question.goal, question.rules))
    return None


# ---------------------------------------------------------------- signs


def by_signs(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """The difference of the sides after slack substitution: all coefficients have one sign."""
    gap = difference(question.goal, reader)
    number = None if gap is None else as_number(gap[0])
    if gap is None or number is None:
        return None
    domain = intervals(question.assumptions, reader, names(gap[0]))
    return checked(Problem((), (Statement("claim", constant(1 / number if gap[1] else number)),), domain))


def checked(problem: Problem) -> Decision | None:
    """The problem whose statements are signs of coefficients, if the checker sees them."""
    from optgen.proof.certificate import Certificate

    empty: dict[str, Any] = {s.name: {} for s in problem.statements}
    return certified(Certificate(problem, {}, empty, empty, {s.name: () for s in problem.statements}).to_json())


def certified(data: Mapping[str, Any]) -> Decision | None:
    """A certificate that the checker accepts."""
    from optgen.proof.check import check
    from optgen.proof.check_classes import Rejected

    try:
        report = check(data)
    except Rejected:
        return None
    return Decision("proved", report.trust, data)


def difference(goal: Term, reader: Reader) -> tuple[Quotient, bool] | None:
    """What must be >= 0 (or > 0) for the goal."""
    match goal:
        case ["<=" | "<" as word, left, right]:
            return reader.normal(["+", right, ["*", "-1", left]]), word == "<"
        case [">=" | ">" as word, left, right]:
            return reader.normal(["+", left, ["*", "-1", right]]), word == ">"
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
            low[name] = (Fraction(0), not item[0][0].startswith("exp("))
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


# ---------------------------------------------------------------- quadratic forms in vectors


def by_squares(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """A difference that is quadratic in vectors, or in numbers without a bound, is a sum of squares with weights that
    are not negative.  A strict one leaves a positive monomial over.  What has a bound may be taken as a number without.
    """
    gap = difference(question.goal, reader)
    if gap is None:
        return None
    start = time.perf_counter()
    needed = {name: item for name, item in names(gap[0]).items() if not is_product(item)}
    domain = intervals(question.assumptions, reader, needed)
    for freed in ((), *((name,) for name in needed if name in {i.name for i in domain})):
        kept = tuple(i for i in domain if i.name not in freed and not used((i.low, True), (i.high, True)) & set(freed))
        decision = with_squares(question, reader, gap, kept, seconds)
        if decision is not None or time.perf_counter() - start > seconds:
            return decision
    return None


def with_squares(
    question: Question, reader: Reader, gap: tuple[Quotient, bool], domain: tuple[Interval, ...], seconds: float
) -> Decision | None:
    """A sum of squares whose weights are in the numbers of the domain."""
    from optgen.proof.parametric import prove

    bounded = {interval.name for interval in domain}
    form = as_quadratic(gap[0], bounded)
    if form is None or not all(symbols_of(c) <= bounded for c in form.products.values()):
        return None
    assumptions = {}
    for place, assumption in enumerate(question.assumptions):
        other = difference(assumption, reader)
        known = None if other is None else as_quadratic(other[0], bounded)
        placed = known is not None and all(symbols_of(c) <= bounded for c in known.products.values())
        if known is not None and placed and (known.basis() - {UNIT} or len(other[0].top) > 2):  # type: ignore[index]
            assumptions[f"given {place + 1}"] = known
    for margin in positive(gap[0], domain) if gap[1] else (Fraction(0),):
        left = form - Quadratic({(UNIT, UNIT): margin}, {}) if margin != 0 else form
        found = prove(Problem((), (Statement("claim", left),), domain, assumptions), min(seconds, 10.0))
        decision = None if found is None else certified(found.to_json())
        if decision is None or margin == 0:
            if decision is not None:
                return decision
            continue
        strict = checked(Problem((), (Statement("margin", constant(1 / margin)),), domain))
        if strict is not None:
            return replace(decision, certificate={"kind": "all", "parts": [decision.certificate, strict.certificate]})
    return None


def symbols_of(number: Number) -> set[str]:
    return number.names() if isinstance(number, Ratio) else set()


UNIT = "<1>"  # the number 1 as a vector of a quadratic form in numbers


def positive(value: Quotient, domain: Sequence[Interval]) -> Iterator[Number]:
    """Monomials of a polynomial that are positive on the domain."""
    strict = {i.name for i in domain if i.low is not None and i.low == 0 and not i.low_closed}
    for monomial, c in value.top.items() if value.bottom == ONE else ():
        if c > 0 and all(contraction_text(item) in strict for item, _ in monomial):
            yield part_as_number({monomial: c})


def as_quadratic(value: Quotient, bounded: set[str]) -> Quadratic | None:
    """Products of two vectors, or of two numbers without a bound (then the number 1 is a vector as well), with
    coefficients in the bounded numbers; None if anything else occurs.
    """
    products: dict[tuple[str, str], Number] = {}
    try:
        bottom = part_as_number(value.bottom)
        for monomial, c in value.top.items():
            vectors: list[str] = []
            rest = []
            for item, power in monomial:
                if is_product(item) and contraction_text(item) not in bounded:
                    vectors += [name for name, _ in item] * int(power)
                elif contraction_text(item) not in bounded:
                    if power < 0 or int(power) != power:
                        return None
                    vectors += [contraction_text(item)] * int(power)
                else:
                    rest.append((item, power))
            if len(vectors) > 2:
                return None
            a, b = sorted((*vectors, *[UNIT] * (2 - len(vectors))))
            products[a, b] = products.get((a, b), Fraction(0)) + part_as_number({tuple(rest): c}) / bottom
    except (ValueError, ZeroDivisionError):
        return None
    return Quadratic({pair: c for pair, c in products.items() if c != 0}, {})


def is_product(item: tuple[tuple[str, tuple[str, ...]], ...]) -> bool:
    labels = {label for _, ls in item for label in ls}
    return len(item) == 2 and len(labels) == 1 and all(len(ls) == 1 for _, ls in item) and ":" in labels.pop()


# ---------------------------------------------------------------- solvers


def by_solvers(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """unsat of the negation, asked twice; or numbers in one or two dimensions at which the claim fails."""
    text = statement(Script(reader), question.assumptions, question.goal)
    first = ask(text, "z3", seconds / 2)
    if first.status == "unsat":
        second = ask(text, "cvc5", seconds / 2)
        if second.status == "sat":
            return None
        agreed = ["z3"] + (["cvc5"] if second.status == "unsat" else [])
        return Decision("proved", "smt", {"kind": "smt", "script": text, "solvers": agreed})
    for size in (1, 2):
        found = counterexample(question, reader, size, seconds / 4)
        if found is not None:
            return Decision("refuted", numbers=found)
    return None


def contradictory(question: Question, reader: Reader, seconds: float) -> bool:
    """Whether nothing satisfies the assumptions."""
    if not question.assumptions:
        return False
    text = statement(Script(reader), question.assumptions, ["false"])
    return ask(text, "z3", seconds).status == "unsat"


def counterexample(question: Question, reader: Reader, size: int, seconds: float) -> dict[str, Fraction] | None:
    """Numbers in a small dimension at which all assumptions hold and the goal does not, evaluated exactly."""
    if not question.refutable or (size > 1 and (question.small or not (question.dims or question.labels))):
        return None
    sizes = dict.fromkeys(question.dims, size)
    try:
        open_places = [*places(question.labels, sizes)]
        given = [in_dimension(renamed(a, place), sizes) for a in question.assumptions for place in open_places]
        given += [renamed(a, open_places[0]) for a in question.small]
        goal = in_dimension(renamed(question.goal, open_places[-1]), sizes)
        text = statement(Script(reader), given, goal)
        answer = ask(text, "z3", seconds)
        if answer.status != "sat":
            return None
        values = {name: v for name, v in answer.values.items() if v is not None and name.startswith("<")}
        whole = all(v.denominator == 1 for name, v in values.items() if name in question.integers)
        failing = holds(named(goal, reader), values) is False
        if whole and failing and all(holds(named(a, reader), values) for a in given):
            return values
    except (Undefined, TooLarge):
        return None
    return None


def places(labels: Mapping[str, str], sizes: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """Every choice of entries for open labels; the last one takes the last entries in turn."""
    counts = [int(e) if e.isdigit() else sizes.get(e, 1) for e in labels.values()]
    for chosen in product(*(range(count) for count in counts)):
        yield {label: f"={k + 1}" for label, k in zip(labels, chosen, strict=True)}


__all__ = ["Decision", "Question", "decide", "symbol"]
