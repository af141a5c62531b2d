"""Polynomials with rational coefficients as dictionaries, and their quotients: the numbers of every proof.

A coefficient of a finite problem is a `Fraction`, or a `Ratio` where the claim leaves parameters as symbols.  Nothing
here cancels a common factor that takes a gcd to find: the checker compares by multiplying across, and the provers
cancel in FLINT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

Monomial = tuple[tuple[str, int], ...]  # ((name, power), ...), sorted, powers >= 1; () is 1


@dataclass(frozen=True, slots=True, eq=False)
class Polynomial:
    """A sum of monomials with coefficients that are not zero."""

    terms: Mapping[Monomial, Fraction]

    @staticmethod
    def of(value: int | Fraction) -> Polynomial:
        return Polynomial({(): Fraction(value)} if value else {})

    @staticmethod
    def symbol(name: str) -> Polynomial:
        return Polynomial({((name, 1),): Fraction(1)})

    def __add__(self, other: Polynomial) -> Polynomial:
        return summed((*self.terms.items(), *other.terms.items()))

    def __neg__(self) -> Polynomial:
        return Polynomial({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        return summed((joined(m, n), c * d) for m, c in self.terms.items() for n, d in other.terms.items())

    def names(self) -> set[str]:
        return {name for monomial in self.terms for name, _ in monomial}

    def number(self) -> Fraction | None:
        """The value of a constant polynomial; None where a symbol occurs."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    def at(self, values: Mapping[str, Number]) -> Number:
        """With values for names; names without one stay."""
        total: Number = Fraction(0)
        for monomial, coefficient in self.terms.items():
            product: Number = coefficient
            for name, power in monomial:
                base = values[name] if name in values else symbol(name)
                for _ in range(power):
                    product = product * base
            total = total + product
        return total


def summed(terms: Iterable[tuple[Monomial, Fraction]]) -> Polynomial:
    total: dict[Monomial, Fraction] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    return Polynomial({m: c for m, c in total.items() if c})


def joined(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    if not left or not right:
        return left or right
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted(powers.items()))


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A quotient of polynomials.  Arithmetic gives a `Fraction` again where no symbol is left."""

    numerator: Polynomial
    denominator: Polynomial

    def made(self, top: Polynomial, bottom: Polynomial) -> Number:
        """The result of an operation; a prover's kind of quotient cancels here."""
        return quotient(top, bottom)

    def __add__(self, other: Number | int) -> Number:
        if not isinstance(other, int | Fraction | Ratio):
            return NotImplemented
        right = ratio(other)
        if same(self.denominator, right.denominator):
            return self.made(self.numerator + right.numerator, self.denominator)
        top = self.numerator * right.denominator + right.numerator * self.denominator
        return self.made(top, self.denominator * right.denominator)

    __radd__ = __add__

    def __neg__(self) -> Number:
        return self.made(-self.numerator, self.denominator)

    def __sub__(self, other: Number | int) -> Number:
        return self + -ratio(other)

    def __rsub__(self, other: Number | int) -> Number:
        return -self + other

    def __mul__(self, other: Number | int) -> Number:
        if not isinstance(other, int | Fraction | Ratio):
            return NotImplemented
        right = ratio(other)
        return self.made(self.numerator * right.numerator, self.denominator * right.denominator)

    __rmul__ = __mul__

    def __truediv__(self, other: Number | int) -> Number:
        right = ratio(other)
        return self.made(self.numerator * right.denominator, self.denominator * right.numerator)

    def __rtruediv__(self, other: Number | int) -> Number:
        left = ratio(other)
        return self.made(left.numerator * self.denominator, left.denominator * self.numerator)

    def __pow__(self, power: int) -> Number:
        base: Number = self if power >= 0 else 1 / self
        result: Number = Fraction(1)
        for _ in range(abs(power)):
            result = result * base
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | Fraction | Ratio):
            return NotImplemented
        right = ratio(other)
        return same(self.numerator * right.denominator, right.numerator * self.denominator)

    __hash__ = None  # type: ignore[assignment]  # equal quotients may be written differently

    def names(self) -> set[str]:
        return self.numerator.names() | self.denominator.names()

    def at(self, values: Mapping[str, Number]) -> Number:
        """With values for names; ZeroDivisionError at a pole."""
        return self.numerator.at(values) / self.denominator.at(values)


Number = Fraction | Ratio


def same(left: Polynomial, right: Polynomial) -> bool:
    return left.terms == right.terms


def ratio(value: Number | int) -> Ratio:
    return value if isinstance(value, Ratio) else Ratio(Polynomial.of(value), Polynomial.of(1))


def quotient(top: Polynomial, bottom: Polynomial) -> Number:
    """top/bottom, with a constant or proportional denominator divided out and common powers of one symbol cancelled."""
    if not bottom.terms:
        raise ZeroDivisionError("a quotient of polynomials with denominator 0")
    if not top.terms:
        return Fraction(0)
    (monomial, leading), *_ = bottom.terms.items()
    factor = top.terms.get(monomial, Fraction(0)) / leading
    if len(top.terms) == len(bottom.terms) and all(top.terms.get(m) == factor * c for m, c in bottom.terms.items()):
        return factor
    common = shared_powers(top, bottom)
    top, bottom = lowered(top, common, leading), lowered(bottom, common, leading)
    constant = bottom.number()
    value = top.number()
    if constant is not None and value is not None:
        return value / constant
    return Ratio(top, bottom)


def shared_powers(*polynomials: Polynomial) -> dict[str, int]:
    """The powers of symbols that divide every monomial."""
    powers: dict[str, int] | None = None
    for polynomial in polynomials:
        for monomial in polynomial.terms:
            here = dict(monomial)
            powers = here if powers is None else {n: min(p, here[n]) for n, p in powers.items() if n in here}
    return powers or {}


def lowered(polynomial: Polynomial, powers: Mapping[str, int], divisor: Fraction) -> Polynomial:
    """Divided by a monomial that divides it, and by a number."""
    if not powers and divisor == 1:
        return polynomial
    return Polynomial(
        {
            tuple((n, p - powers.get(n, 0)) for n, p in monomial if p > powers.get(n, 0)): coefficient / divisor
            for monomial, coefficient in polynomial.terms.items()
        }
    )


def symbol(name: str) -> Number:
    """A parameter that the claim leaves open."""
    return Ratio(Polynomial.symbol(name), Polynomial.of(1))


def at(value: Number, values: Mapping[str, Number]) -> Number:
    """A coefficient with values for its symbols."""
    return value.at(values) if isinstance(value, Ratio) else value


def names_of(value: Number) -> set[str]:
    return value.names() if isinstance(value, Ratio) else set()


def to_json(value: Number) -> object:
    """ "3/4", or [numerator, denominator] with each a list of [coefficient, {name: power}]."""
    if isinstance(value, Fraction):
        return str(value)
    return [[[str(c), dict(m)] for m, c in sorted(part.terms.items())] for part in (value.numerator, value.denominator)]


def from_json(data: object) -> Number:
    """Reads what `to_json` wrote; ValueError for anything else."""
    if isinstance(data, str):
        return Fraction(data)
    if not isinstance(data, list) or len(data) != 2:
        raise ValueError(f"not a coefficient: {data!r}")
    top, bottom = (
        summed((tuple(sorted((str(n), int(p)) for n, p in powers.items())), Fraction(c)) for c, powers in part)
        for part in data
    )
    return quotient(top, bottom)
