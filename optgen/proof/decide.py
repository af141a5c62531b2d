"""One finite problem decided: attacked first, then proved with numbers or symbols, else unknown with what was tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from optgen.proof import parametric, semidefinite, smt_signs
from optgen.proof.certificate import Certificate
from optgen.proof.examples import Counterexample
from optgen.proof.polynomial import Number
from optgen.proof.problem import Problem
from optgen.proof.refute_points import refute

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`tried`: method, what came of it, seconds."""

    status: str
    certificate: Certificate | None = None
    counterexample: Counterexample | None = None
    tried: tuple[tuple[str, str, float], ...] = ()


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
        return Outcome("refuted", None, example, tuple(tried))
    proof = timed("multipliers", lambda: prove(problem, seconds), "a certificate")
    if proof is not None:
        return Outcome("proved", proof, None, tuple(tried))
    return Outcome("unknown", None, None, tuple(tried))
