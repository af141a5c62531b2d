"""Quotients that stay in lowest terms, and factors of polynomials: the provers' door to FLINT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.proof.polynomial import Number, Polynomial, Ratio, quotient


@dataclass(frozen=True, slots=True, eq=False)
class Cancelled(Ratio):
    """A quotient whose every result is divided by the greatest common divisor."""

    __hash__ = None

    def made(self, top: Polynomial, bottom: Polynomial) -> Number:
        return lowest(quotient(top, bottom))


def lowest(number: Number) -> Number:
    """In lowest terms, and so in all that is computed with it."""
    if not isinstance(number, Ratio):
        return number
    names = tuple(sorted(number.names()))
    top, bottom = number.numerator, number.denominator
    if bottom.number() is None:
        left, right = to_flint(top, names), to_flint(bottom, names)
        common = left.gcd(right)
        if not common.is_one():
            top, bottom = from_flint(left / common, names), from_flint(right / common, names)
    simple = quotient(top, bottom)
    return Cancelled(simple.numerator, simple.denominator) if isinstance(simple, Ratio) else simple


def to_flint(polynomial: Polynomial, names: tuple[str, ...]) -> Any:
    import flint

    place = {name: index for index, name in enumerate(names)}
    terms: dict[tuple[int, ...], Any] = {}
    for monomial, c in polynomial.terms.items():
        powers = [0] * len(names)
        for name, power in monomial:
            powers[place[name]] = power
        terms[tuple(powers)] = flint.fmpq(c.numerator, c.denominator)
    return flint.fmpq_mpoly_ctx.get(names, "lex").from_dict(terms)


def from_flint(polynomial: Any, names: tuple[str, ...]) -> Polynomial:
    return Polynomial(
        {
            tuple((name, int(power)) for name, power in zip(names, powers) if power): Fraction(int(c.p), int(c.q))
            for powers, c in polynomial.to_dict().items()
        }
    )


def factors(polynomial: Polynomial) -> Iterator[Polynomial]:
    """The irreducible factors over the rationals, each once."""
    names = tuple(sorted(polynomial.names()))
    if names:
        for factor, _ in to_flint(polynomial, names).factor()[1]:
            yield from_flint(factor, names)


def linear_root(polynomial: Polynomial, name: str) -> Number | None:
    """The value of a symbol where the polynomial is 0, if it occurs in it to the first power only."""
    slope: dict[Any, Fraction] = {}
    rest: dict[Any, Fraction] = {}
    for monomial, c in polynomial.terms.items():
        power = dict(monomial).get(name, 0)
        if power > 1:
            return None
        target = slope if power else rest
        target[tuple(pair for pair in monomial if pair[0] != name)] = c
    if not slope:
        return None
    return lowest(quotient(-Polynomial(rest), Polynomial(slope)))


def factorised(polynomial: Polynomial) -> tuple[Fraction, list[tuple[Polynomial, int]]]:
    """A constant and irreducible factors with their powers; the first coefficient of each factor is positive."""
    names = tuple(sorted(polynomial.names()))
    if not names:
        return polynomial.number() or Fraction(0), []
    constant, parts = to_flint(polynomial, names).factor()
    scale = Fraction(int(constant.p), int(constant.q))
    found: list[tuple[Polynomial, int]] = []
    for factor, power in parts:
        part = from_flint(factor, names)
        lowest_term = min(part.terms, key=lambda m: (sum(p for _, p in m), m))
        if part.terms[lowest_term] < 0:
            part, scale = -part, scale * (-1) ** int(power)
        found.append((part, int(power)))
    return scale, sorted(found, key=lambda item: (len(item[0].terms), sorted(item[0].terms)))
