"""How far a claim that is open or false holds: the largest range of a parameter that is proved, where it is refuted.

For a relation one param is moved through its domain while the other symbols stand at simple numbers; for a rate with
numbers the rate itself is moved.  Every number that is named was proved, or refuted, itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction

from optgen.ir.claims import Claim, Goal, Rate, Relation, scalar_of
from optgen.proof.domains import holds
from optgen.proof.extract import Extracted
from optgen.proof.givens import between, end_of
from optgen.proof.interpolation import ClassError
from optgen.proof.linear import lyapunov
from optgen.proof.linear_claims import curvatures, linear_claim, measured, slower
from optgen.proof.problem import Interval, problem_to_json
from optgen.proof.quantities import NotLinear, Root
from optgen.proof.rounding import rational
from optgen.proof.verdict import Part
from optgen.proof.worker import Worker

POINTS = 8  # tried inside a domain
HALVINGS = 12
DIGITS = 5
FAR = Fraction(8)  # beyond the lower end, where a domain has no upper one
LIMIT = 2.0  # seconds of one attempt

Ask = Callable[[Fraction], str]  # proved, refuted or unknown at a number


def bracket(claim: Claim, readings: Callable[[Relation], Sequence[Extracted]], worker: Worker) -> str:
    """What was found, as a sentence; nothing where there is no number to move."""
    for goal in claim.goals:
        try:
            found = of_goal(claim, goal, readings, worker)
        except (NotLinear, ClassError, ZeroDivisionError):
            continue
        if found:
            return found
    return ""


def of_goal(claim: Claim, goal: Goal, readings: Callable[[Relation], Sequence[Extracted]], worker: Worker) -> str:
    match goal:
        case Relation():
            return along_param(claim, readings(goal), worker)
        case Rate():
            return of_rate(claim, goal, worker)
    return ""


# ---------------------------------------------------------------- a param of a relation


def along_param(claim: Claim, problems: Sequence[Extracted], worker: Worker) -> str:
    """The largest range of a param in which all problems of a relation are proved."""
    params = [s.name for s in claim.program.slots if s.kind == "param"] if claim.program is not None else []
    domain = problems[0].problem.domain if problems else ()
    moved = next((i.name for i in domain if i.name in params), None)
    if moved is None:
        return ""
    place = placed(domain, moved, None)
    low, high = (end_of(end, place) for i in domain if i.name == moved for end in (i.low, i.high))
    low = Fraction(0) if low is None else low
    high = low + FAR if high is None else high

    def ask(value: Fraction) -> str:
        return status(problems, placed(domain, moved, value), worker)

    found = search(ask, low, high)
    numbers = ", ".join(f"{name} = {number}" for name, number in place.items() if name != moved)
    return sentence(moved, found, f" at {numbers}" if numbers else "")


def placed(domain: Sequence[Interval], moved: str, value: Fraction | None) -> dict[str, Fraction]:
    """Simple numbers in a domain, one of them given."""
    values: dict[str, Fraction] = {}
    for interval in domain:
        middle = between(end_of(interval.low, values), end_of(interval.high, values), Fraction(1, 2))
        values[interval.name] = value if interval.name == moved and value is not None else middle
    return values


def status(problems: Sequence[Extracted], values: Mapping[str, Fraction], worker: Worker) -> str:
    """proved if all problems are there, refuted if one is."""
    if not all(holds(p.constraints, values) for p in problems):
        return "unknown"
    for found in problems:
        data = problem_to_json(found.problem.at(dict(values)))
        if worker.ask("multipliers", LIMIT, problem=data)[0].get("certificate") is None:
            shown = found.complete and worker.ask("points", LIMIT, problem=data)[0].get("counterexample") is not None
            return "refuted" if shown else "unknown"
    return "proved"


# ---------------------------------------------------------------- the search


@dataclass(frozen=True, slots=True)
class Range:
    """The ends of what is proved, and the nearest numbers that are refuted; None where nothing was found."""

    low: Fraction | None = None
    high: Fraction | None = None
    below: Fraction | None = None
    above: Fraction | None = None


def search(ask: Ask, low: Fraction, high: Fraction) -> Range:
    """The longest run of proved points on a grid, its ends moved outward by halving."""
    grid = [low + (high - low) * Fraction(2 * k + 1, 2 * POINTS) for k in range(POINTS)]
    found = [ask(value) for value in grid]
    start, stop = longest(found)
    if start == stop:
        refuted = [value for value, word in zip(grid, found) if word == "refuted"]
        return Range(above=min(refuted), below=max(refuted)) if refuted else Range()
    left, below = edge(ask, grid[start], grid[start - 1] if start else low)
    right, above = edge(ask, grid[stop - 1], grid[stop] if stop < POINTS else high)
    return Range(left, right, below, above)


def longest(found: Sequence[str]) -> tuple[int, int]:
    """The longest run of `proved`: its first place and the one after its last."""
    runs = [(a, b) for a in range(len(found)) for b in range(a, len(found) + 1) if set(found[a:b]) <= {"proved"}]
    return max(runs, key=lambda run: run[1] - run[0])


def edge(ask: Ask, proved: Fraction, other: Fraction) -> tuple[Fraction, Fraction | None]:
    """The number nearest to `other` that is proved, and the nearest beyond it that is refuted."""
    known, failed, refuted = proved, other, None
    for _ in range(HALVINGS):
        middle = short((known + failed) / 2, known < failed)
        if not min(known, failed) < middle < max(known, failed):
            break
        word = ask(middle)
        if word == "proved":
            known = middle
        else:
            failed, refuted = middle, middle if word == "refuted" else refuted
    return known, refuted


def short(value: Fraction, down: bool) -> Fraction:
    """A decimal of few digits nearby."""
    context = Context(prec=DIGITS, rounding=ROUND_FLOOR if down else ROUND_CEILING)
    return Fraction(context.divide(context.create_decimal(value.numerator), context.create_decimal(value.denominator)))


def sentence(name: str, found: Range, where: str) -> str:
    """`at L = 1: proved for lr from 0.001 to 0.99, refuted at 1.1`."""
    if found.low is not None and found.high is not None:
        refuted = [decimal(value) for value in (found.below, found.above) if value is not None]
        tail = f", refuted at {' and '.join(refuted)}" if refuted else ""
        return f"proved{where} for {name} from {decimal(found.low)} to {decimal(found.high)}{tail}"
    if found.above is not None:
        return f"proved nowhere{where}, refuted at {name} = {decimal(found.above)}"
    return ""


def decimal(value: Fraction) -> str:
    return f"{float(value):.{DIGITS}g}" if Fraction(f"{float(value):.{DIGITS}g}") == value else str(value)


# ---------------------------------------------------------------- a rate


def of_rate(claim: Claim, goal: Rate, worker: Worker) -> str:
    """The least rate that is proved, the largest that is refuted, in the units of the claim."""
    found = linear_claim(claim)
    if found.symbols():
        return ""
    _, target = measured(found, goal)
    rooted = isinstance(found.extraction.reader.scalar(scalar_of(goal.value), found.extraction.base, {}), Root)
    bounds = curvatures(found.classes[found.method.oracles[0]])
    low, high = (rational(b) for b in bounds)

    def ask(rate: Fraction) -> str:
        square = rate * rate if rooted else rate
        for history in (1, 2):
            problem = lyapunov(found.method, found.classes, square, history, 1, lambda run: target)
            if worker.ask("multipliers", LIMIT, problem=problem_to_json(problem))[0].get("certificate") is not None:
                return "proved"
        example = slower(found, target, (low, high), square, worker, LIMIT, Part())
        return "unknown" if example is None else "refuted"

    if ask(Fraction(1)) != "proved":
        return "no rate below 1 is proved"
    least, refuted = edge(ask, Fraction(1), Fraction(0))
    tail = "" if refuted is None else f", {decimal(refuted)} is refuted"
    return f"the rate {decimal(least)} is proved{tail}"
