"""One finite problem decided: attacked first, then proved with numbers or symbols, else unknown with what was tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TypeVar

from optgen.proof import parametric, semidefinite, smt_signs
from optgen.proof.certificate import Certificate
from optgen.proof.examples import Counterexample
from optgen.proof.polynomial import Number
from optgen.proof.problem import Interval, Problem
from optgen.proof.refute_points import refute

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Part:
    """With the other symbols at the numbers `at`: proved for `symbol` in `proved`, refuted at `refuted`."""

    symbol: str
    proved: Interval
    refuted: Fraction
    at: Mapping[str, Fraction]
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Outcome:
    """`tried`: method, what came of it, seconds."""

    status: str
    certificate: Certificate | None = None
    counterexample: Counterexample | None = None
    tried: tuple[tuple[str, str, float], ...] = ()
    part: Part | None = None  # of a claim that is false on part of its domain: where it is true


def prove(
    problem: Problem, seconds: float = 20.0, solver: Callable[[Number, Problem], bool] | None = smt_signs.nonnegative
) -> Certificate | None:
    """A certificate of the problem, whatever its coefficients are; None if none was found.

    With numbers: rounding first; where a claim is tight with numbers that are not simple, the multipliers are solved
    for exactly, as with symbols.
    """
    if not problem.symbols():
        found = semidefinite.prove(problem, seconds)
        if found is not None:
            return found
    return parametric.prove(problem, seconds, solver)


def decide(problem: Problem, seconds: float = 20.0) -> Outcome:
    """The verdict on all statements of a problem at once."""
    tried: list[tuple[str, str, float]] = []

    def timed(method: str, attempt: Callable[[], Found | None], success: str) -> Found | None:
        start = time.perf_counter()
        found = attempt()
        tried.append((method, success if found else "nothing found", time.perf_counter() - start))
        return found

    example = timed("points that violate it", lambda: refute(problem, seconds / 4), "a function through them")
    if example is not None:
        part = timed("part of the domain", lambda: largest_part(problem, example, seconds / 2), "proved on a part")
        return Outcome("refuted", None, example, tuple(tried), part)
    proof = timed("multipliers", lambda: prove(problem, seconds), "a certificate")
    if proof is not None:
        return Outcome("proved", proof, None, tuple(tried))
    return Outcome("unknown", None, None, tuple(tried))


def largest_part(problem: Problem, example: Counterexample, seconds: float, steps: int = 12) -> Part | None:
    """The largest interval of the last symbol found proved, up to (or down to) where the claim is refuted.

    The other symbols keep the numbers of the counterexample.
    """
    if not problem.domain or not example.params:
        return None
    name = problem.domain[-1].name
    rest = {n: v for n, v in example.params.items() if n != name}
    here = problem.at(dict(rest))
    interval, wrong = here.domain[-1], example.params[name]
    limit = time.perf_counter() + seconds

    def proof_on(part: Interval) -> Certificate | None:
        return prove(replace(here, domain=(part,)), seconds / 4, None)

    for part_to in (partial(upwards, interval), partial(downwards, interval)):
        best: tuple[Interval, Certificate] | None = None
        share, gap = Fraction(0), Fraction(1)
        for _ in range(steps):
            gap /= 2
            part = part_to(wrong, share + gap)
            found = proof_on(part) if part is not None and time.perf_counter() < limit else None
            if found is not None and part is not None:
                share, best = share + gap, (part, found)
        if best is not None:
            nearest = nearest_violation(here, name, best[0], wrong, steps)
            return Part(name, best[0], nearest, rest, best[1])
    return None


def upwards(interval: Interval, wrong: Fraction, share: Fraction) -> Interval | None:
    """From the lower end to a share of the way to where the claim is wrong."""
    if not isinstance(interval.low, Fraction):
        return None
    return replace(interval, high=interval.low + share * (wrong - interval.low), high_closed=True)


def downwards(interval: Interval, wrong: Fraction, share: Fraction) -> Interval | None:
    if not isinstance(interval.high, Fraction):
        return None
    return replace(interval, low=interval.high - share * (interval.high - wrong), low_closed=True)


def nearest_violation(here: Problem, name: str, proved: Interval, wrong: Fraction, steps: int) -> Fraction:
    """The number nearest to the proved part at which the claim is refuted."""
    edge = proved.high if isinstance(proved.high, Fraction) and proved.high <= wrong else proved.low
    good = edge if isinstance(edge, Fraction) else wrong
    for _ in range(steps):
        middle = (good + wrong) / 2
        if refute(here.at({name: middle})) is not None:
            wrong = middle
        else:
            good = middle
    return wrong
