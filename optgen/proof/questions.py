"""Questions instead of claims: the best rate, the largest parameter, a map of where a method is stable.

Every answer rests on a certificate or a counterexample: `proved` is a value with a certificate, `refuted` one with a
counterexample, and between the two nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from optgen.proof.certificate import Certificate
from optgen.proof.examples import Counterexample
from optgen.proof.interpolation import CURVATURES, joint
from optgen.proof.linear import LinearMethod, lyapunov
from optgen.proof.problem import Membership, Problem
from optgen.proof.refute_linear import cycle, quadratic
from optgen.proof.refute_slopes import slowest
from optgen.proof.rounding import rational
from optgen.proof.semidefinite import bisect, prove

Classes = Mapping[str, Sequence[Membership]]
Prover = Callable[[Fraction], Certificate | None]
Refuter = Callable[[Fraction], Counterexample | None]


NEAR = 1e-5  # a gap, relative to 1 - rho^2, that no longer history is tried for


@dataclass(frozen=True, slots=True)
class Bracket:
    """The best value proved and the nearest one refuted, with what shows it; None where nothing was found."""

    proved: Fraction | None = None
    refuted: Fraction | None = None
    certificate: Certificate | None = field(default=None, repr=False)
    counterexample: Counterexample | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a map: `proved`, `refuted` or `unknown`."""

    x: Fraction
    y: Fraction
    verdict: str


def best_rate(method: LinearMethod, classes: Classes, histories: Sequence[int] = (1, 2), steps: int = 20) -> Bracket:
    """The smallest rho^2 for which |y_k - x*|^2 <= C rho^(2k) is proved, and the largest that some member refutes.

    The refuter goes first, so that the prover only looks above; longer histories are tried while there is a gap.
    """
    refuted, example = slowest_member(method, classes, Fraction(1), steps)
    low, proved, certificate = refuted or Fraction(0), Fraction(1), None
    for history in histories:
        if certificate is not None and proved - low <= NEAR * (1 - low):
            break
        better = proved - Fraction(NEAR) * 10 * (
            1 - proved
        )  # a longer history that does not reach this is not worth a search
        if certificate is not None and prove(at_rate(method, classes, history, better)) is None:
            continue
        found = bisect(partial(at_rate, method, classes, history), proved, low, steps, NEAR / 10)
        if found is not None:
            proved, certificate = found
    return Bracket(proved if certificate else None, refuted, certificate, example)


def at_rate(method: LinearMethod, classes: Classes, history: int, rate: Fraction) -> Problem:
    return lyapunov(method, classes, rate, history)


def slowest_member(
    method: LinearMethod, classes: Classes, above: Fraction, steps: int = 20
) -> tuple[Fraction | None, Counterexample | None]:
    """The largest rho^2 that a quadratic or a function with two curvatures refutes."""
    refuted, example = slowest_quadratic(method, classes, above, steps)
    bounds = curvature_bounds(method, classes)
    bent = slowest(method, *bounds) if bounds and joint(classes[method.oracles[0]])[0].name != "quadratic" else None
    return bent if bent is not None and (refuted is None or bent[0] > refuted) else (refuted, example)


def slowest_quadratic(
    method: LinearMethod, classes: Classes, above: Fraction, steps: int
) -> tuple[Fraction | None, Counterexample | None]:
    """The largest rho^2 <= above that a quadratic of the class refutes."""
    bounds = curvature_bounds(method, classes)
    if bounds is None:
        return None, None
    low, high, found = Fraction(0), above, None
    for _ in range(steps):
        middle = (low + high) / 2
        example = quadratic(method, *bounds, middle)
        if example is None:
            high = middle
        else:
            low, found = middle, example
    return (low if found else None), found


def curvature_bounds(method: LinearMethod, classes: Classes) -> tuple[Fraction, Fraction] | None:
    """mu and L of the only oracle, if it is a smooth function."""
    if len(method.oracles) != 1:
        return None
    (membership, *others) = joint(classes[method.oracles[0]])
    if others:
        return None
    if membership.name in ("quadratic", "smooth"):
        numbers = membership.arguments if membership.name == "quadratic" else (Fraction(0), *membership.arguments)
    elif membership.name in CURVATURES:
        numbers = CURVATURES[membership.name](*membership.arguments)
    else:
        return None
    low, high = numbers
    return None if low is None or high is None else (rational(low), rational(high))


def largest(prover: Prover, refuter: Refuter, low: Fraction, high: Fraction, steps: int = 20) -> Bracket:
    """The largest parameter between low and high for which a proof is found, and the smallest one refuted above it.

    The prover's end moves only on a certificate, the refuter's only on a counterexample.
    """
    certificate = prover(low)
    if certificate is None:
        return Bracket(refuted=low if (example := refuter(low)) else None, counterexample=example)
    proved, failed = low, high
    if (whole := prover(high)) is not None:
        return Bracket(high, None, whole, None)
    for _ in range(steps):
        middle = (proved + failed) / 2
        found = prover(middle)
        if found is None:
            failed = middle
        else:
            proved, certificate = middle, found
    refuted, example = None, refuter(high)
    if example is not None:
        below, refuted = proved, high
        for _ in range(steps):
            middle = (below + refuted) / 2
            found_example = refuter(middle)
            if found_example is None:
                below = middle
            else:
                refuted, example = middle, found_example
    return Bracket(proved, refuted, certificate, example)


def largest_of(make: Callable[[Fraction], Problem], refuter: Refuter, low: Fraction, high: Fraction) -> Bracket:
    """The same for a family of finite problems."""
    return largest(lambda parameter: prove(make(parameter)), refuter, low, high)


def stability(
    method: LinearMethod, classes: Classes, longest: int = 5
) -> tuple[str, Certificate | Counterexample | None]:
    """Does the method converge on every member of the class, from every start?

    A Lyapunov function that does not grow and falls by |y|^2 / 1000 proves it; an eigenvalue on a quadratic or a cycle
    refutes it.
    """
    bounds = curvature_bounds(method, classes)
    if bounds is not None:
        example = quadratic(method, *bounds)
        if example is not None:
            return "refuted", example
    for history in (1, 2):
        found = prove(lyapunov(method, classes, Fraction(9999, 10000), history))
        if found is not None:
            return "proved", found
    if bounds is not None:
        example = cycle(method, *bounds, longest)
        if example is not None:
            return "refuted", example
    return "unknown", None


def stability_map(
    make: Callable[[Fraction, Fraction], LinearMethod], classes: Classes, xs: Sequence[Fraction], ys: Sequence[Fraction]
) -> list[Cell]:
    """The verdict of `stability` at every pair of two parameters."""
    return [Cell(x, y, stability(make(x, y), classes)[0]) for y in ys for x in xs]
