"""Claims with symbols: which multipliers are needed is seen at numbers, what they are is solved over QQ(symbols).

1. At a few rational points of the domain a solver shows which multipliers a proof can do without; the others are 0.
2. Function values that must cancel, and rows that must be 0, give linear equations over QQ(symbols).
3. What they leave open is settled by `settle`: read off the numbers, from minors that vanish, or between bounds.
4. The residual becomes a sum of squares by elimination, simplest pivot first.
5. Signs on the domain follow from signs of coefficients after the slack substitution of `check.Signs`, or from solvers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product

from optgen.proof.cancel import lowest
from optgen.proof.certificate import Certificate, Square, certificate
from optgen.proof.check import check
from optgen.proof.interpolation import joined
from optgen.proof.polynomial import Number, Ratio, at, names_of
from optgen.proof.problem import Form, Interval, Problem, domain_to_json, mapped
from optgen.proof.program import Block, Program, Row, at_assignment, program, reduced
from optgen.proof.rounding import rational
from optgen.proof.scaling import scaled
from optgen.proof.semidefinite import multipliers_of, solve
from optgen.proof.settle import CAP, Sample, multipliers, with_numbers
from optgen.proof.signs import Signs, charts
from optgen.proof.written import Rejected

SLACKS = ((Fraction(1), Fraction(2, 3)), (Fraction(1, 3), Fraction(2)), (Fraction(5, 2), Fraction(2, 5)))
FAR_SLACKS = ((Fraction(1, 30), Fraction(20)), (Fraction(25), Fraction(1, 16)))  # near the ends of the domain
ATTEMPTS = 8  # assignments of what the equations leave open that are tried
LOOSE = 1e-6  # a margin above minus this counts as feasible while multipliers are dropped


def prove(
    problem: Problem, seconds: float = 20.0, solver: Callable[[Number, Problem], bool] | None = None
) -> Certificate | None:
    """A certificate for every value of the symbols in the domain; None if none was found.

    `solver(number, problem)` may decide that a number is >= 0 and finite on the domain where coefficients do not tell.
    """
    problem = joined(mapped(problem, lowest))
    given = program(problem)
    samples = [Sample(v, *scaled(reduced(at_numbers(given, v)))) for v in sample_points(problem.domain)]
    needed = support(samples, seconds)
    if needed is None:
        return None
    zero, samples = needed
    far = (Sample(v, *scaled(reduced(at_numbers(given, v)))) for v in sample_points(problem.domain, FAR_SLACKS))
    further = [with_numbers(sample, zero) for sample in far]
    samples += [sample for sample in further if sample is not None]
    if len(samples) < len(SLACKS) + len(FAR_SLACKS):
        return None
    for values in islice(multipliers(reduced(without(given, zero)), problem.domain, samples, zero, seconds), ATTEMPTS):
        squares = {block.name: sum_of_squares(block, values) for block in given.blocks}
        for domain in (problem.domain, opened(problem.domain)):
            found = certified(replace(problem, domain=domain), given, values, squares, solver)
            if found is not None:
                return found
    return None


def opened(domain: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Without the ends: where a class has a pole (mu = L), its members lie in the classes nearby."""
    return tuple(replace(interval, low_closed=False, high_closed=False) for interval in domain)


def at_numbers(given: Program, values: Mapping[str, Fraction]) -> Program:
    """The program with numbers for symbols."""

    def row(r: Row) -> Row:
        return {c: v for c, v in ((c, at(v, values)) for c, v in r.items()) if v != 0}

    blocks = tuple(Block(b.name, b.basis, {p: row(r) for p, r in b.entries.items()}, b.statement) for b in given.blocks)
    return Program(given.variables, blocks, tuple(map(row, given.zeros)), tuple(map(row, given.nonnegative)))


def without(given: Program, zero: frozenset[int]) -> Program:
    """The program where some variables are 0."""

    def row(r: Row) -> Row:
        return {c: v for c, v in r.items() if c not in zero}

    blocks = tuple(Block(b.name, b.basis, {p: row(r) for p, r in b.entries.items()}, b.statement) for b in given.blocks)
    return Program(given.variables, blocks, tuple(map(row, given.zeros)), tuple(map(row, given.nonnegative)))


def sample_points(
    domain: Sequence[Interval], choices: Sequence[tuple[Fraction, Fraction]] = SLACKS
) -> Iterator[dict[str, Fraction]]:
    """Rational points inside the domain."""
    for number, slacks in enumerate(choices):
        values: dict[str, Fraction] = {}
        for place, interval in enumerate(domain):
            low, high = (None if b is None else at(b, values) for b in (interval.low, interval.high))
            slack = slacks[(place + number) % 2] + Fraction(place, 7)
            chart = next(iter(charts({}, interval.name, low, high, False, False)))
            inside = at(chart[interval.name], dict.fromkeys(names_of(chart[interval.name]), slack))
            values[interval.name] = rational(inside)
        yield values


def support(samples: Sequence[Sample], seconds: float) -> tuple[frozenset[int], list[Sample]] | None:
    """The multipliers that can be 0 at all samples, dropped one by one, and numbers for the others."""
    variables = samples[0].program.variables
    found = [solve(sample.program, CAP, seconds) for sample in samples]
    if any(f is None or f.margin < -LOOSE for f in found):
        return None
    small = [
        solve(sample.program, CAP, seconds, least=multipliers_of(sample.program)) or f
        for sample, f in zip(samples, found)
    ]
    size = [max(abs(f.numbers[i]) for f in small if f) for i in range(len(variables))]
    zero: frozenset[int] = frozenset()
    for index in sorted((i for i, v in enumerate(variables) if v.kind != "unknown"), key=lambda i: size[i]):
        without = zero | {index}
        again = [solve(sample.program, CAP, seconds, without) for sample in samples]
        if all(a is not None and a.margin > -LOOSE for a in again):
            zero = without
    final: list[Sample] = []
    for sample in samples:
        best = with_numbers(sample, zero)
        if best is None:
            return None
        final.append(best)
    return zero, final


def sum_of_squares(block: Block, values: Sequence[Number]) -> tuple[Square, ...] | None:
    """The residual as weights times squares, simplest pivot first; None if a zero pivot has a row that is not."""
    entries = {(a, b): at_assignment(block.row(a, b), values) for a, b in product(block.basis, repeat=2) if a <= b}
    left = list(block.basis)
    squares: list[Square] = []

    def entry(a: str, b: str) -> Number:
        return entries[(a, b) if a <= b else (b, a)]

    while any(entry(a, b) != 0 for a in left for b in left):
        pivots = [a for a in left if entry(a, a) != 0]
        if not pivots:
            return None
        pivot = min(pivots, key=lambda a: terms_of(entry(a, a)))
        d = entry(pivot, pivot)
        form = {b: lowest(entry(pivot, b) / d) for b in left if entry(pivot, b) != 0}
        squares.append((d, Form(form)))
        left.remove(pivot)
        for a, b in product(left, repeat=2):
            if a <= b and a in form and b in form:
                entries[(a, b)] = lowest(entries[(a, b)] - d * form[a] * form[b])
    return tuple(squares)


def terms_of(number: Number) -> int:
    return len(number.numerator.terms) + len(number.denominator.terms) if isinstance(number, Ratio) else 0


def certified(
    problem: Problem,
    given: Program,
    values: Sequence[Number],
    squares: Mapping[str, tuple[Square, ...] | None],
    solver: Callable[[Number, Problem], bool] | None,
) -> Certificate | None:
    """The certificate, if every sign that it needs is known."""
    signs = Signs(domain_to_json(problem.domain), ())
    needed = [(v, False) for v, variable in zip(values, given.variables) if variable.nonnegative]
    needed += [(at_assignment(row, values), False) for row in given.nonnegative]
    for block_squares in squares.values():
        if block_squares is None:
            return None
        needed += [(weight, True) for weight, _ in block_squares]
    open_signs = [number for number, pole in needed if not signs.nonnegative(number, pole)]
    if open_signs and (solver is None or not all(solver(number, problem) for number in open_signs)):
        return None
    sums = {name: s for name, s in squares.items() if s is not None}
    found = certificate(problem, given, values, sums, open_signs)
    try:
        check(found.to_json())
    except Rejected:
        return None
    return found
