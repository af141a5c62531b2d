"""Claims with symbols: which multipliers are needed is seen at numbers, what they are is solved over QQ(symbols).

1. At a few rational points of the domain a solver shows which multipliers a proof can do without; the others are 0.
2. Function values that must cancel, and rows that must be 0, give linear equations over QQ(symbols).
3. A proof that is tight leaves a residual that is rank-deficient: minors of the residual that vanish at the numbers
   found give what the equations left open.
4. The residual becomes a sum of squares by elimination, simplest pivot first.
5. Signs on the domain follow from signs of coefficients after the slack substitution of `check.Signs`, or from solvers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations, combinations_with_replacement, islice, product

import numpy as np

from optgen.proof.cancel import factors, linear_root, lowest
from optgen.proof.certificate import Certificate, Square, certificate
from optgen.proof.check import Signs, charts, check
from optgen.proof.check_classes import Rejected
from optgen.proof.interpolation import joined
from optgen.proof.polynomial import Number, Ratio, at, names_of, ratio, symbol
from optgen.proof.problem import Form, Interval, Problem, domain_to_json, mapped
from optgen.proof.program import Block, Program, Row, at_assignment, program, reduced
from optgen.proof.rounding import pivot_order, rational, solved
from optgen.proof.scaling import scaled
from optgen.proof.semidefinite import TIGHT, float_at, solve

SLACKS = ((Fraction(1), Fraction(2, 3)), (Fraction(1, 3), Fraction(2)), (Fraction(5, 2), Fraction(2, 5)))
CAP = 1e4
ATTEMPTS = 8  # assignments of what the equations leave open that are tried
ROOTS = 3  # of minors, for one open multiplier
LOOSE = 1e-6  # a margin above minus this counts as feasible while multipliers are dropped


@dataclass(frozen=True, slots=True)
class Sample:
    """Numbers for the symbols, the program there in good units, and its variables in these units, few multipliers."""

    values: Mapping[str, Fraction]
    program: Program
    factors: tuple[Fraction, ...]
    numbers: tuple[float, ...] = ()

    def number(self, column: int) -> float:
        """The variable in the units of the problem."""
        return self.numbers[column] * float(self.factors[column])


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
    for values in islice(multipliers(reduced(without(given, zero)), samples, zero), ATTEMPTS):
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


def sample_points(domain: Sequence[Interval]) -> Iterator[dict[str, Fraction]]:
    """Rational points inside the domain."""
    for number, slacks in enumerate(SLACKS):
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
    small = [solve(sample.program, CAP, seconds, sparse=True) or f for sample, f in zip(samples, found)]
    size = [max(abs(f.numbers[i]) for f in small if f) for i in range(len(variables))]
    zero: frozenset[int] = frozenset()
    for index in sorted((i for i, v in enumerate(variables) if v.kind != "unknown"), key=lambda i: size[i]):
        without = zero | {index}
        again = [solve(sample.program, CAP, seconds, without) for sample in samples]
        if all(a is not None and a.margin > -LOOSE for a in again):
            zero = without
    final: list[Sample] = []
    for sample in samples:
        best = solve(sample.program, CAP, seconds, zero, sparse=True) or solve(sample.program, CAP, seconds, zero)
        if best is None:
            return None
        final.append(replace(sample, numbers=best.numbers))
    return zero, final


def multipliers(given: Program, samples: Sequence[Sample], zero: frozenset[int]) -> Iterator[list[Number]]:
    """Every variable as a quotient in the symbols."""
    order = pivot_order(given, samples[0].numbers, zero)
    solution = solved(given.zeros, list(reversed(order)))
    if solution is None:
        return
    free = [c for c in order if c not in solution]
    values: list[Number] = [Fraction(0)] * len(given.variables)
    names = {f"variable {c}": c for c in free}
    for name, c in names.items():
        values[c] = lowest(symbol(name))
    for pivot, row in solution.items():
        values[pivot] = at_assignment(row, values)
    yield from settled(given, samples, values, names)


def settled(
    given: Program, samples: Sequence[Sample], values: list[Number], names: Mapping[str, int]
) -> Iterator[list[Number]]:
    """What the linear equations left open: read off the numbers at the samples, else from minors that vanish there."""
    if not names:
        yield values
        return
    first = min(names)
    minors = (f for b in given.blocks for f in roots(b, samples, values, names))
    for name, root in chain(((first, guess) for guess in guesses(samples, names[first])), islice(minors, ROOTS)):
        rest = {n: c for n, c in names.items() if n != name}
        try:
            yield from settled(given, samples, [lowest(at(v, {name: root})) for v in values], rest)
        except ZeroDivisionError:
            continue


def guesses(samples: Sequence[Sample], column: int) -> Iterator[Number]:
    """Simple rationals times a product of at most two symbols or reciprocals that are the numbers at all samples."""
    symbols: list[Number] = [symbol(name) for name in samples[0].values]
    units = [Fraction(1), *symbols, *(1 / s for s in symbols)]
    for left, right in combinations_with_replacement(range(len(units)), 2):
        unit = units[left] * units[right]
        quotients = [s.number(column) / float(rational(at(unit, s.values))) for s in samples]
        guess = Fraction(quotients[0]).limit_denominator(1000)
        if guess and all(abs(q - guess) < 1e-4 * abs(guess) for q in quotients):
            yield lowest(guess * unit)


def roots(
    block: Block, samples: Sequence[Sample], values: Sequence[Number], names: Mapping[str, int]
) -> Iterator[tuple[str, Number]]:
    """An open variable and the quotient that makes a minor vanish which vanishes at all samples."""
    matrix = [[at_assignment(block.row(a, b), values) for b in block.basis] for a in block.basis]
    ranks = [rank(b, sample.numbers) for sample in samples for b in sample.program.blocks if b.name == block.name]
    size, deficient = len(block.basis), max(ranks, default=0)
    for lines in combinations(range(size), deficient + 1):
        for columns in combinations(range(size), deficient + 1):
            if columns < lines:
                continue
            minor = determinant([[matrix[i][j] for j in columns] for i in lines])
            for factor in factors(ratio(minor).numerator) if isinstance(minor, Ratio) else ():
                for name in sorted(factor.names() & names.keys()):
                    root = linear_root(factor, name)
                    if root is not None and agrees(root, samples, names, names[name]):
                        yield name, root


def agrees(root: Number, samples: Sequence[Sample], names: Mapping[str, int], column: int) -> bool:
    """Whether a root is the number found at every sample."""
    for sample in samples:
        open_numbers = {name: Fraction(sample.number(c)) for name, c in names.items()}
        try:
            there = float(rational(at(root, {**open_numbers, **sample.values})))
        except ZeroDivisionError:
            return False
        if abs(there - sample.number(column)) > 1e-3 * (float(sample.factors[column]) + abs(there)):
            return False
    return True


def rank(block: Block, numbers: Sequence[float]) -> int:
    matrix = np.array([[float_at(block.row(a, b), numbers) for b in block.basis] for a in block.basis])
    eigenvalues = np.linalg.eigvalsh(matrix)
    return int((np.abs(eigenvalues) > TIGHT * max(1.0, float(np.abs(eigenvalues).max()))).sum())


def determinant(matrix: Sequence[Sequence[Number]]) -> Number:
    """Expansion along the first row; the minors are small."""
    if not matrix:
        return Fraction(1)
    total: Number = Fraction(0)
    for j, head in enumerate(matrix[0]):
        if head != 0:
            rest = [[*row[:j], *row[j + 1 :]] for row in matrix[1:]]
            total = total + (-1) ** j * head * determinant(rest)
    return total


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
