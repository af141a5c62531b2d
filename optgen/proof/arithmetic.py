"""Claims of real arithmetic: identities by normal form, signs by slacks, forms in vectors, then two SMT solvers.

In: a `Question` over terms.  Out: a `Decision`.  Cheap and exact first: an identity is a comparison of normal forms; an
inequality whose slacked coefficients have one sign is proved by them; one that is a quadratic form in vectors goes to
the elimination of `parametric`; what is left is asked of z3 and cvc5.  A refutation is numbers at which the claim was
evaluated exactly and fails.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Any

from optgen.proof.assumptions import Question, substituted
from optgen.proof.certificate import Certificate
from optgen.proof.check import check
from optgen.proof.contractions import ONE, Quotient, TooLarge, contraction_text
from optgen.proof.contractions import text as normal_text
from optgen.proof.evidence import UNIT, identity, inequality, is_product
from optgen.proof.polynomial import Number, Ratio, symbol
from optgen.proof.problem import Interval, Problem, Quadratic, Statement, constant
from optgen.proof.ranges import as_number, difference, intervals, names, part_as_number, used
from optgen.proof.smt import Script, ask, statement
from optgen.proof.terms import Reader, Term, renamed
from optgen.proof.values import Undefined, holds, in_dimension, named
from optgen.proof.written import Rejected

DECLARED = re.compile(r"\(declare-const \|(<[^|]*>)\| Real\)")
READABLE = 200  # characters of a normal form that is shown


@dataclass(frozen=True, slots=True)
class Decision:
    """status: proved, refuted or unknown.  `numbers` of a refutation by atom; `tried`: (method, what came, seconds)."""

    status: str
    trust: str = ""
    certificate: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Fraction] = field(default_factory=dict)
    tried: tuple[tuple[str, str, float], ...] = ()
    empty: bool = False  # the assumptions contradict each other
    question: Question | None = None  # of a claim: the one that is not proved


def decide(question: Question, seconds: float = 20.0) -> Decision:
    """Every conjunct of the goal proved, or one of them refuted."""
    goals = list(conjuncts(question.goal))
    decisions = []
    for goal in goals:
        decision = one(replace(question, goal=goal), seconds / len(goals))
        if decision.status != "proved":
            return decision
        decisions.append(decision)
    if len(decisions) == 1:
        return decisions[0]
    return Decision(
        "proved",
        weakest([d.trust for d in decisions]),
        {"kind": "all", "parts": [d.certificate for d in decisions]},
        tried=tuple(t for d in decisions for t in d.tried),
    )


def weakest(trusts: Sequence[str]) -> str:
    """What has to be believed of several proofs together."""
    return next(t for t in ("smt", "interval", "algebra", "exact") if t in trusts)


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
                         ("boxes", by_boxes), ("z3 and cvc5", by_solvers)):  # fmt: skip
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


# ---------------------------------------------------------------- identities


def by_identity(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """The two sides have one normal form: `=`, `<=` and `>=` follow."""
    match question.goal:
        case ["=" | "<=" | ">=", left, right]:
            certificate = identity(question) if reader.vanishes(["+", left, ["*", "-1", right]]) else None
            if certificate is not None:
                return accepted(certificate, both_are(left, reader), [])
    return None


def both_are(side: Term, reader: Reader) -> list[str]:
    """The normal form of both sides, if a reader can take it in."""
    normal = normal_text(reader.normal(side))
    return [f"both sides expand to {normal}"] if len(normal) <= READABLE else []


# ---------------------------------------------------------------- signs


def by_signs(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """The difference of the sides after slack substitution: all coefficients have one sign."""
    gap = difference(question.goal, reader)
    number = None if gap is None else as_number(gap[0])
    if gap is None or number is None:
        return None
    domain = intervals(question.assumptions, reader, names(gap[0]))
    problem = Problem((), (Statement("claim", constant(number)),), domain)
    return certified(question, reader, Certificate(problem, {}, {"claim": {}}, {"claim": {}}, {"claim": ()}))


def certified(question: Question, reader: Reader, found: Certificate) -> Decision | None:
    """The proof in contractions as one of the question's own terms."""
    from optgen.proof.explain import explained, latex

    data = inequality(question, reader, found)
    return None if data is None else accepted(data, explained(found), latex(found))


def accepted(data: Mapping[str, Any], mathematics: list[str], latex: list[str]) -> Decision | None:
    """A certificate, if the checker accepts it."""
    try:
        report = check(data)
    except Rejected:
        return None
    return Decision("proved", report.trust, {**data, "mathematics": mathematics, "latex": latex})


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
        decision = None if found is None else certified(question, reader, found)
        if decision is not None:
            return decision
    return None


def symbols_of(number: Number) -> set[str]:
    return number.names() if isinstance(number, Ratio) else set()


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


# ---------------------------------------------------------------- boxes


def by_boxes(question: Question, reader: Reader, seconds: float) -> Decision | None:
    """An inequality of transcendental functions of numbers, by enclosures on boxes that cover what is given."""
    from optgen.proof.boxes import check_boxes
    from optgen.proof.by_boxes import boxed

    data, numbers = boxed(question, reader, seconds / 4)
    if numbers is not None:
        return Decision("refuted", numbers=numbers)
    return None if data is None else Decision("proved", check_boxes(data).trust, data)


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
        found = counterexample(question, size, seconds / 4)
        if found is not None:
            return Decision("refuted", numbers=found)
    return None


def contradictory(question: Question, reader: Reader, seconds: float) -> bool:
    """Whether nothing satisfies the assumptions."""
    if not question.assumptions:
        return False
    text = statement(Script(reader), question.assumptions, ["false"])
    return ask(text, "z3", seconds).status == "unsat"


def counterexample(question: Question, size: int, seconds: float) -> dict[str, Fraction] | None:
    """Numbers in a small dimension at which all assumptions hold and the goal does not, evaluated exactly."""
    if not question.refutable or (size > 1 and (question.small or not (question.dims or question.labels))):
        return None
    sizes = dict.fromkeys(question.dims, size)
    try:
        values_there = {n: (own, in_dimension(v, sizes)) for n, (own, v) in question.rules.values.items()}
        reader = Reader(replace(question.rules, values=values_there))
        open_places = [*places(question.labels, sizes)]
        given = [in_dimension(renamed(a, place), sizes) for a in question.assumptions for place in open_places]
        given += [renamed(a, open_places[0]) for a in question.small]
        goal = in_dimension(renamed(question.goal, open_places[-1]), sizes)
        text = statement(Script(reader), given, goal)
        answer = ask(text, "z3", seconds)
        if answer.status != "sat":
            return None
        values = {name: v for name, v in answer.values.items() if v is not None and name.startswith("<")}
        for name in DECLARED.findall(text):  # a number that the model leaves open
            values.setdefault(name, Fraction(1))
        counts = [v for name, v in values.items() if name in question.integers]
        whole = all(v.denominator == 1 and v >= 0 for v in counts)  # most integers are counts: others refute nothing
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
