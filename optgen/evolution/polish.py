"""From the least squares of a search to the least largest error: constants in more than double precision.

Gauss-Newton in the maximum norm: the error is evaluated in Arb, its derivatives in double, and the step that makes the
linearised error smallest is a linear program (HiGHS) in a box that grows with success.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from optgen.evolution.found import Found, to_arrays
from optgen.evolution.island import Samples
from optgen.evolution.machine import LIMIT, derivatives, evaluate, table
from optgen.evolution.target import BITS, Target
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact

CONSTANT_BITS = (53, 64, 80, 106, 128)
WORTH = 1.0005  # an error that fewer bits may cost
SETTLED = 1e-6  # share of the error that the last step gains
PATIENCE, CREEPING = 16, 1e-3  # rounds that must gain at least this share together
FARTHEST = 1e15  # what constants may do to the error in a step, one by one, as a multiple of the error
ENOUGH = 1e4  # and what they may do together
DEPENDENT = 1e-14  # a direction whose effect is less than this share of the largest is none


class Reference:
    """f at the points of a grid, kept as balls, so that each evaluation of a program costs only the program."""

    def __init__(self, target: Target, grid: Samples) -> None:
        meaning = target.meaning
        self.target, (self.points, _, self.weights) = target, grid
        self.balls = [exact(x) for x in self.points]
        self.values = [meaning.refined([Fraction(float(x))], 100) for x in self.points]

    def errors(self, found: Found) -> np.ndarray | None:
        """The weighted error at each point, rounded to double; None where the program is not finite."""
        variable, expression = found.expression()
        meaning = Meaning.of(expression, [variable])
        rest = np.empty(len(self.points))
        try:
            for place, (x, value) in enumerate(zip(self.balls, self.values, strict=True)):
                difference = meaning.value([x], BITS) - value
                if not self.target.absolute:
                    difference = difference / value
                rest[place] = float(difference.mid())
        except (Undefined, Undecided):
            return None
        return rest if np.isfinite(rest).all() else None


def polished(found: Found, reference: Reference, rounds: int = 80) -> Found:
    """The program with constants that make its largest error on the grid (locally) least.

    Constants keep the fewest of CONSTANT_BITS bits at which the error stays.
    """
    rest = reference.errors(found)
    if rest is None or not found.constants:
        return found
    best, reach = float(np.abs(rest).max()), 1.0
    before: list[float] = []
    for _ in range(rounds):
        before.append(best)
        if len(before) > PATIENCE and best > before[-PATIENCE] * (1 - CREEPING):
            break
        step = _step(found, reference, rest, best, reach)
        if step is None:
            break
        change, taken, expected = step
        candidate = found.with_constants(
            [_cut(c + Fraction(d), CONSTANT_BITS[-1]) for c, d in zip(found.constants, change, strict=True)]
        )
        tried = reference.errors(candidate)
        reached = np.inf if tried is None else float(np.abs(tried).max())
        if tried is not None and reached < best:
            settled = taken < 0.99 * reach and reached > best * (1 - SETTLED)  # else the box held it back
            found, rest, best = candidate, tried, reached
            reach = min(reach * 8, FARTHEST)
            if settled:
                break
        else:
            if reach < 1e-6 or (taken < 0.99 * reach and expected > best * (1 - SETTLED)):
                break
            reach = min(reach, taken) / 8
    return _fewest_bits(replace(found, error=best), reference)


def _step(
    found: Found, reference: Reference, rest: np.ndarray, size: float, reach: float
) -> tuple[np.ndarray, float, float] | None:
    """The change of the constants that a linear model asks for, its size beside `reach`, and the error it expects."""
    from scipy.optimize import linprog

    kind, left, right, value, n = to_arrays(found)
    m = len(reference.points)
    points = table(reference.points)
    adjoints = np.zeros((2 * LIMIT, m))
    evaluate(kind, left, right, value, n, points)
    weights = np.ones(m) if reference.target.absolute else reference.weights
    k = derivatives(kind, left, right, value, n, points, weights, adjoints, 0)
    rows = adjoints[LIMIT : LIMIT + k]
    scale = np.abs(rows).max(axis=1)
    if not np.isfinite(rows).all() or not (scale > 0).all():
        return None
    # in orthogonal directions: constants alone are nearly dependent, which the solver's tolerances do not bear
    across, sizes, along = np.linalg.svd((rows / scale[:, None]).T, full_matrices=False)
    box = np.where(sizes > DEPENDENT * sizes[0], np.minimum(reach * sizes, ENOUGH), 0.0)
    ones = np.ones((m, 1))
    solved = linprog(
        np.r_[np.zeros(k), 1.0],
        A_ub=np.block([[across, -ones], [-across, -ones]]),
        b_ub=np.r_[-rest / size, rest / size],
        bounds=[*zip(-box, box, strict=True), (0, None)],
        method="highs",
    )
    if solved.status != 0 or solved.x is None:
        return None
    taken = np.where(box > 0, solved.x[:k] / sizes, 0.0)
    return along.T @ taken * size / scale, float(np.abs(taken).max()), float(solved.x[k]) * size


def _cut(value: Fraction, bits: int) -> Fraction:
    """To so many significant bits, to nearest."""
    if value == 0:
        return value
    shift = bits - (abs(value.numerator).bit_length() - value.denominator.bit_length()) - 1
    scaled = value * (Fraction(2) ** shift)
    return Fraction(round(scaled)) / Fraction(2) ** shift


def _fewest_bits(found: Found, reference: Reference) -> Found:
    for bits in CONSTANT_BITS:
        candidate = found.with_constants([_cut(c, bits) for c in found.constants])
        rest = reference.errors(candidate)
        error = np.inf if rest is None else float(np.abs(rest).max())
        if error <= found.error * WORTH:
            return replace(candidate, error=error)
    return found
