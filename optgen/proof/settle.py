"""What a proof with symbols leaves open after the support is known: multipliers as quotients in the symbols.

Function values that must cancel and rows that must be 0 give linear equations.  What they leave open is, in this order:
a simple quotient that agrees with the numbers at all samples; a root of a minor of the residual that vanishes there (a
tight proof is rank-deficient); a simple quotient between the smallest and the largest number that a proof allows at
every sample (a proof with room).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations, combinations_with_replacement, islice
from math import ceil, floor

import numpy as np

from optgen.proof.cancel import factors, linear_root, lowest
from optgen.proof.polynomial import Number, Ratio, at, ratio, symbol
from optgen.proof.problem import Interval
from optgen.proof.program import CONSTANT, Block, Program, Row, at_assignment
from optgen.proof.rounding import pivot_order, rational, solved
from optgen.proof.semidefinite import TIGHT, float_at, multipliers_of, solve

CAP = 1e4
SECONDS = 10.0
ROOM = 1e-5  # a margin above this leaves a choice
WRONG = -1e-4  # a margin below this is no error of a solver
ROOTS = 3  # of minors, for one open multiplier
CHOICES = 5  # between bounds, for one open multiplier


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


def with_numbers(sample: Sample, zero: frozenset[int]) -> Sample | None:
    """The sample with few and small multipliers that prove it; None where none do."""
    given = sample.program
    best = solve(given, CAP, SECONDS, zero, multipliers_of(given)) or solve(given, CAP, SECONDS, zero)
    return None if best is None or best.margin < WRONG else replace(sample, numbers=best.numbers)


@dataclass(frozen=True, slots=True)
class Search:
    """The program (without the multipliers that are 0), which those are, quotients to measure numbers with, the time
    when to stop.
    """

    program: Program
    zero: frozenset[int]
    units: tuple[Number, ...]
    until: float


def multipliers(
    given: Program, domain: Sequence[Interval], samples: Sequence[Sample], zero: frozenset[int], seconds: float
) -> Iterator[list[Number]]:
    """Every variable as a quotient in the symbols, candidate by candidate."""
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
    yield from constants(samples, zero, values, names)
    yield from settled(Search(given, zero, units_of(domain), time.monotonic() + seconds), samples, values, names)


def constants(
    samples: Sequence[Sample], zero: frozenset[int], values: list[Number], names: Mapping[str, int]
) -> Iterator[list[Number]]:
    """All open variables the same numbers everywhere: those in the middle of what one sample allows, if it has room."""
    middle = solve(samples[0].program, CAP, SECONDS, zero) if names else None
    if middle is not None and middle.margin > ROOM:
        numbers = {n: middle.numbers[c] * float(samples[0].factors[c]) for n, c in names.items()}
        chosen_numbers: dict[str, Number] = {n: Fraction(round(v * 2**12), 2**12) for n, v in numbers.items()}
        yield [lowest(at(v, chosen_numbers)) for v in values]


def settled(
    search: Search, samples: Sequence[Sample], values: list[Number], names: Mapping[str, int]
) -> Iterator[list[Number]]:
    """Candidates for the variables that are still open."""
    if not names:
        yield values
        return
    minors = (f for b in search.program.blocks for f in roots(b, samples, values, names))
    read = ((name, guess) for name, c in sorted(names.items()) for guess in guesses(search, samples, c))
    for name, root in chain(read, islice(minors, ROOTS)):
        yield from chosen(search, samples, values, names, name, root)
    first = min(names)
    column = names[first]
    for choice in islice(choices(search, samples, column), CHOICES):
        if time.monotonic() > search.until:
            return
        moved = [fixed(sample, column, choice, search.zero) for sample in samples]
        there = [sample for sample in moved if sample is not None]
        if len(there) == len(samples):
            yield from chosen(search, there, values, names, first, choice)


def chosen(
    search: Search, samples: Sequence[Sample], values: list[Number], names: Mapping[str, int], name: str, root: Number
) -> Iterator[list[Number]]:
    """Candidates with one variable settled."""
    rest = {n: c for n, c in names.items() if n != name}
    try:
        yield from settled(search, samples, [lowest(at(v, {name: root})) for v in values], rest)
    except ZeroDivisionError:
        return


def units_of(domain: Sequence[Interval]) -> tuple[Number, ...]:
    """1, the symbols, how far they are from their bounds, reciprocals; and products of two."""
    single: list[Number] = []
    for interval in domain:
        own = symbol(interval.name)
        single.append(own)
        single += [own - interval.low] if interval.low is not None and interval.low != 0 else []
        single += [interval.high - own] if interval.high is not None else []
    whole: list[Number] = [Fraction(1), *single, *(1 / u for u in single)]
    return tuple(lowest(whole[i] * whole[j]) for i, j in combinations_with_replacement(range(len(whole)), 2))


def guesses(search: Search, samples: Sequence[Sample], column: int) -> Iterator[Number]:
    """Simple rationals times a unit that are the numbers at all samples."""
    for unit in search.units:
        quotients = [s.number(column) / float(rational(at(unit, s.values))) for s in samples]
        guess = Fraction(quotients[0]).limit_denominator(1000)
        if guess and all(abs(q - guess) < 1e-4 * abs(guess) for q in quotients):
            yield lowest(guess * unit)


def choices(search: Search, samples: Sequence[Sample], column: int) -> Iterator[Number]:
    """Simple rationals times a unit that lie between what is allowed at every sample, simple units first."""
    bounds = [(extreme(s, column, search.zero, 1.0), extreme(s, column, search.zero, -1.0)) for s in samples]
    if any(low is None or high is None for low, high in bounds):
        return
    for unit in search.units:
        sizes = [float(rational(at(unit, s.values))) for s in samples]
        if any(size <= 0 for size in sizes):
            continue
        low = max(b[0] / size for b, size in zip(bounds, sizes) if b[0] is not None)
        high = min(b[1] / size for b, size in zip(bounds, sizes) if b[1] is not None)
        room = high - low
        number = simplest(low + room / 50, high - room / 50) if room > 1e-3 * (abs(high) + abs(low)) else Fraction(0)
        if number != 0:
            yield lowest(number * unit)


def extreme(sample: Sample, column: int, zero: frozenset[int], sign: float) -> float | None:
    """The smallest (sign 1) or largest (-1) number of a variable in a proof at a sample."""
    found = solve(sample.program, CAP, SECONDS, zero, {column: sign})
    return None if found is None else found.numbers[column] * float(sample.factors[column])


def fixed(sample: Sample, column: int, number: Number, zero: frozenset[int]) -> Sample | None:
    """The sample with one variable at its number, and new numbers for the others."""
    value = rational(at(number, sample.values)) / sample.factors[column]
    row: Row = {column: Fraction(1), CONSTANT: -value}
    program = replace(sample.program, zeros=(*sample.program.zeros, row))
    return with_numbers(replace(sample, program=program), zero)


def simplest(low: float, high: float) -> Fraction:
    """The rational with the smallest denominator (then the smallest numerator) between two numbers."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest(-high, -low)
    for denominator in range(1, 1000):
        if ceil(low * denominator) <= floor(high * denominator):
            return Fraction(ceil(low * denominator), denominator)
    return Fraction((low + high) / 2)


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
