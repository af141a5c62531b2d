"""What someone who knows approximation theory would write with so many operations: the bar that a search has to pass.

Polynomials by Horner, continued fractions of three kinds, each also of x^2 where the function is even or odd, each also
as a root that is squared at the end; constants fitted from many starts and polished.  Written as programs like others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from optgen.evolution.fit import fit, largest_error, workspace
from optgen.evolution.found import Found, from_arrays
from optgen.evolution.island import Samples
from optgen.evolution.machine import ADD, CONSTANT, DIV, MUL, X, compiled, table
from optgen.evolution.moves import fresh_constant
from optgen.evolution.polish import Reference, polished
from optgen.evolution.scaling import rescale
from optgen.evolution.target import Target, samples

STARTS = 3000


@dataclass(slots=True)
class Structure:
    """Operations as they are written down."""

    kinds: list[int] = field(default_factory=list)
    lefts: list[int] = field(default_factory=list)
    rights: list[int] = field(default_factory=list)
    fraction: tuple[int, bool, bool, bool] | None = None  # levels, constant, of x^2, times x: has a direct start

    def write(self, kind: int, left: int, right: int) -> int:
        self.kinds.append(kind)
        self.lefts.append(left)
        self.rights.append(right)
        return len(self.kinds) - 1

    def __len__(self) -> int:
        return len(self.kinds)


def polynomial(code: Structure, x: int, degree: int) -> int:
    """c0 + x*(c1 + x*(c2 + ...)): 2*degree operations."""
    value = code.write(MUL, x, CONSTANT)
    for _ in range(degree - 1):
        value = code.write(MUL, code.write(ADD, value, CONSTANT), x)
    return code.write(ADD, value, CONSTANT)


def fraction(code: Structure, x: int, levels: int, constant: bool) -> int:
    """a1/(x + b1 + a2/(x + b2 + ...)) [+ c]: 3*levels - 1 [+ 1] operations, and as many constants over two thirds."""
    value = code.write(DIV, CONSTANT, code.write(ADD, x, CONSTANT))
    for _ in range(levels - 1):
        value = code.write(DIV, CONSTANT, code.write(ADD, code.write(ADD, x, CONSTANT), value))
    return code.write(ADD, value, CONSTANT) if constant else value


def stepped(code: Structure, x: int, levels: int, constant: bool) -> int:
    """a1*x/(b1 + x/(b2 + ...)) [+ c]: two operations a level."""
    value = code.write(MUL, x, CONSTANT)
    for _ in range(levels - 1):
        value = code.write(DIV, x, code.write(ADD, value, CONSTANT))
    return code.write(ADD, value, CONSTANT) if constant else value


def alternating(code: Structure, x: int, levels: int) -> int:
    """a1/(x + a2/(x + ...)): odd, two operations a level."""
    value = code.write(DIV, CONSTANT, x)
    for _ in range(levels - 1):
        value = code.write(DIV, CONSTANT, code.write(ADD, value, x))
    return value


def fraction_constants(x: np.ndarray, f: np.ndarray, weights: np.ndarray, levels: int, constant: bool) -> np.ndarray:
    """A start for `fraction`: a rational function by repeated linear least squares, divided out by Euclid."""
    powers = x[:, None] ** np.arange(levels + 1)
    top = powers if constant else powers[:, :levels]
    bottom = np.ones_like(x)
    for _ in range(8):  # linear in the coefficients once the denominator is divided by that of the last round
        rows = np.c_[top, -f[:, None] * powers[:, :levels]] * (weights / bottom)[:, None]
        right = f * powers[:, levels] * weights / bottom
        solved = np.linalg.lstsq(rows, right, rcond=None)[0]
        numerator, denominator = solved[: top.shape[1]], np.r_[solved[top.shape[1] :], 1.0]
        bottom = powers @ denominator
    end = numerator[levels] if constant else 0.0
    rest = numerator - end * denominator if constant else numerator
    above, below = np.polynomial.Polynomial(rest).cutdeg(levels - 1), np.polynomial.Polynomial(denominator)
    pairs = []
    for level in range(levels):
        lead = above.coef[levels - 1 - level]
        above = above / lead
        quotient, left = divmod(below, above)
        pairs.append((quotient.coef[0], lead))
        below, above = above, left.cutdeg(max(levels - 2 - level, 0))
    inner, *others = reversed(pairs)
    found = [*inner]
    for shift, lead in others:
        found += [shift, 0.0, lead]
    return np.array([*found, *([end] if constant else [])])


def structures(operations: int, squarings: int, parity: str) -> Iterator[Structure]:
    """All forms with exactly so many operations, `squarings` of them at the end."""
    inner = operations - squarings
    for square in (False, True) if parity else (False,):
        for times in (False, True) if parity == "odd" and square else (False,):
            for form in range(5):
                for size in range(1, 9):
                    for constant in (False, True):
                        code = Structure()
                        x = code.write(MUL, X, X) if square else X
                        if form == 0 and constant:
                            value = polynomial(code, x, size)
                        elif form == 1:
                            value = fraction(code, x, size, constant)
                            code.fraction = (size, constant, square, times)
                        elif form == 2:
                            value = stepped(code, x, size, constant)
                        elif form == 3 and not constant:
                            value = alternating(code, x, size)
                        else:
                            continue
                        if times:
                            value = code.write(MUL, value, X)
                        if len(code) != inner:
                            continue
                        for _ in range(squarings):
                            value = code.write(MUL, value, value)
                        yield code


def _direct_start(code: Structure, size: int, squarings: int, grid: Samples) -> np.ndarray:
    """Constants for all operations of a form with a fraction; nothing if it has none or linear algebra fails."""
    if code.fraction is None:
        return np.empty(0)
    points, values, weights = grid
    levels, constant, square, times = code.fraction
    root = values ** (0.5**squarings)
    inner, scale = (root / points, weights * points) if times else (root, weights * values / root)
    try:
        found = fraction_constants(points**2 if square else points, inner, scale, levels, constant)
    except (np.linalg.LinAlgError, ZeroDivisionError, ValueError, IndexError):
        return np.empty(0)
    start = np.zeros(size)
    start[int(square) : int(square) + len(found)] = found
    return start if np.isfinite(start).all() else np.empty(0)


@compiled
def _best_start(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, n: int, points: np.ndarray, target: np.ndarray,
    weights: np.ndarray, starts: int, seed: int, first: np.ndarray, value: np.ndarray,
) -> float:  # fmt: skip
    """Least squares from `first` (if it is not empty), stretched both ways, and from random constants."""
    state = np.array([seed], np.uint64)
    space = workspace(points)
    trial = np.empty(n)
    reached = np.inf
    for start in range(starts):
        for i in range(n):
            trial[i] = fresh_constant(state) if left[i] == CONSTANT or right[i] == CONSTANT else 0.0
        if first.shape[0] == n and start < 3:
            for i in range(n):
                trial[i] = first[i]
            if start > 0:
                rescale(kind, left, right, trial, n, 0.5 if start == 1 else 2.0)
        error = np.inf
        for stage in range(2):
            steps, enough = (25, 1e-3) if stage == 0 else (200, 1e-5)
            total = fit(kind, left, right, trial, n, target, weights, steps, enough, space)
            if np.isfinite(total):
                error = largest_error(kind, left, right, trial, n, target, weights, space[0])
            if not error < 1e3 * reached:
                break
        if error < reached:
            reached = error
            for i in range(n):
                value[i] = trial[i]
    return reached


def parity_of(target: Target) -> str:
    """`even`, `odd` or nothing, if the domain begins at 0: by the Taylor coefficients there."""
    lower, _ = target.ends()
    if not lower.is_zero():
        return ""
    coefficients = target.meaning.taylor(lower, 8, 128)
    for name, start in (("odd", 0), ("even", 1)):
        if all(c.is_zero() for c in coefficients[start::2]):
            return name
    return ""


def baseline(target: Target, sizes: range, grid: Samples, reference: Reference) -> dict[int, Found]:
    """The best classical program of each size."""
    points, values, weights = grid
    fine = samples(target, 4 * len(points))
    rows = table(fine[0])
    parity, positive = parity_of(target), bool((values > 0).all())
    found: dict[int, Found] = {}
    lower, upper = target.ends()
    for size in sizes:
        best, arrays = np.inf, None
        for squarings in range(4 if positive else 1):
            for number, code in enumerate(structures(size, squarings, parity)):
                kind, left, right = (np.array(a, np.int8) for a in (code.kinds, code.lefts, code.rights))
                value = np.zeros(size)
                first = _direct_start(code, size, squarings, grid)
                error = _best_start(kind, left, right, size, points, values, weights, STARTS, number + 1, first, value)
                if error < best and np.isfinite(largest_error(kind, left, right, value, size, *fine[1:], rows)):
                    best, arrays = error, (kind, left, right, value, size)
        if arrays is not None:
            ends = (float(lower), float(upper))
            measure = "absolute" if target.absolute else "relative"
            program = from_arrays(*arrays, target=target.text, domain=ends, measure=measure, error=best)
            tried = polished(program, reference)
            before = found.get(size - 1)
            found[size] = tried if before is None or tried.error < before.error else before
    return found
