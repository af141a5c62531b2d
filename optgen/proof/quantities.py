"""Quantities of a claim: coefficients, products of vectors, entries along a vector, norms; their arithmetic.

What leaves these kinds is refused with a sentence (`NotLinear`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from optgen.ir import nodes as ir
from optgen.proof.averages import Place
from optgen.proof.cancel import lowest
from optgen.proof.contractions import TooLarge, bounded
from optgen.proof.polynomial import Number, Ratio, ratio, symbol, to_json
from optgen.proof.problem import NOWHERE, ZERO, Form, Quadratic, constant, inner

ROOT = "sqrt("
LARGEST = 64  # members, unrolled steps and powers: what is written out


class NotLinear(Exception):
    """Something that is no linear form or quadratic; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number that depends on the place along a vector: a linear form there, plus products of two entries there."""

    index: ir.Index
    form: Form
    pairs: Quadratic = ZERO


@dataclass(frozen=True, slots=True)
class Root:
    """factor * sqrt(inside): a norm, which a claim compares after squaring."""

    factor: Number
    inside: Quadratic


Value = Fraction | Ratio | Quadratic | Entry | Root | Place
Whole = Fraction | Ratio | Quadratic | Form | Root | Place  # of a tensor at numbers for its axes of known length


# ---------------------------------------------------------------- arithmetic


def added(left: Value, right: Value) -> Value:
    for place, number in ((left, right), (right, left)):
        if isinstance(place, Place):
            if not isinstance(number, Fraction):
                raise NotLinear("the number of a member is used as a number")
            return Place(place.key, place.dimension, place.offset + number)
    if isinstance(left, Entry) or isinstance(right, Entry):
        if not isinstance(left, Entry) or not isinstance(right, Entry):
            number, entry = (right, left) if isinstance(left, Entry) else (left, right)
            if number == 0:
                return entry
            raise NotLinear("a number added to every entry of a vector")
        if left.index is not right.index:
            raise NotLinear("entries at different places in one sum")
        return Entry(left.index, left.form + right.form, left.pairs + right.pairs)
    if isinstance(left, Fraction | Ratio) and isinstance(right, Fraction | Ratio):
        return left + right
    for zero, other in ((left, right), (right, left)):
        if zero == 0:
            return other
    return as_quadratic(left) + as_quadratic(right)


def multiplied(left: Value, right: Value) -> Value:
    for number, other in ((left, right), (right, left)):
        if isinstance(number, Fraction | Ratio):
            return times(number, other)
    if isinstance(left, Root) and left == right:
        return (left.factor * left.factor) * left.inside
    if isinstance(left, Entry) and isinstance(right, Entry) and left.index is right.index:
        if left.pairs.products or right.pairs.products:
            raise NotLinear("a product of more than two vectors")
        return Entry(left.index, NOWHERE, inner(left.form, right.form))
    raise NotLinear("a product that is not of two vectors")


def times(number: Number, other: Value) -> Value:
    if isinstance(other, Place):
        raise NotLinear("the number of a member is used as a number")
    if isinstance(other, Entry):
        return Entry(other.index, number * other.form, number * other.pairs)
    if isinstance(other, Root):
        return Root(number * other.factor, other.inside)
    return number * other


def divided(left: Value, right: Value) -> Value:
    if not isinstance(right, Fraction | Ratio):
        raise NotLinear("a division by a quantity that depends on vectors")
    if right == 0:
        raise NotLinear("a division by 0")
    return times(1 / right, left)


def power(base: Value, exponent: Value) -> Value:
    if not isinstance(exponent, Fraction) or exponent.denominator != 1 or abs(exponent) > LARGEST:
        raise NotLinear("a power that is not a small integer")
    if isinstance(base, Fraction | Ratio):
        if base == 0 and exponent < 0:
            raise NotLinear("a division by 0")
        parts = ratio(base)
        try:
            for part in (parts.numerator, parts.denominator):
                bounded(len(part.terms), int(exponent), part.terms.values())
        except TooLarge as why:
            raise NotLinear(str(why)) from None
        return base ** int(exponent)
    if exponent == 2:
        return multiplied(base, base)
    if exponent == 1:
        return base
    raise NotLinear("a power of a quantity that depends on vectors")


def same(x: Value) -> Value:
    return x


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": added,
    "sub": lambda a, b: added(a, times(Fraction(-1), b)),
    "neg": lambda a: times(Fraction(-1), a),
    "mul": multiplied,
    "div": divided,
    "power_int": power,
    "power": power,
    "to_real": same,
    "stop_gradient": same,
}
COMPARED: dict[str, Callable[..., bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def summed(body: Value, index: ir.Index) -> Value:
    """The sum of entries along a vector: an inner product."""
    if isinstance(body, Entry) and body.index is index:
        if body.form.terms:
            raise NotLinear("a sum over the entries of a vector")
        return body.pairs
    if isinstance(body, Fraction) and body == 0:
        return body
    raise NotLinear("a sum over a vector of something that is no product of two vectors")


def as_quadratic(item: object) -> Quadratic:
    if isinstance(item, Quadratic):
        return item
    if isinstance(item, Fraction | Ratio):
        return constant(item)
    what = "a norm that is not compared alone" if isinstance(item, Root) else "a vector where a number is needed"
    raise NotLinear(what)


def as_whole(item: Value, along: ir.Index | None) -> Whole:
    if isinstance(item, Entry):
        if item.index is not along or item.pairs.products:
            raise NotLinear("an elementwise product of vectors")
        return item.form
    if along is not None and not isinstance(item, Place):
        if isinstance(item, Fraction) and item == 0:
            return NOWHERE
        raise NotLinear("a vector with equal entries")
    return item


def placed(form: Form, name: str, what: Form) -> Form:
    """A form with a form for one of its names."""
    if name not in form.terms:
        return form
    rest = Form({n: c for n, c in form.terms.items() if n != name})
    return rest + form.terms[name] * what


def form_key(form: Form) -> str:
    """The same text for equal forms."""
    return ", ".join(f"{n}: {to_json(lowest(c))}" for n, c in sorted(form.terms.items()))


def shown(number: Number) -> str:
    """A coefficient as text."""
    if isinstance(number, Fraction):
        return str(number)
    parts = [" + ".join(term(m, c) for m, c in sorted(p.terms.items())) for p in (number.numerator, number.denominator)]
    return parts[0] if parts[1] == "1" else f"({parts[0]})/({parts[1]})"


def term(monomial: Sequence[tuple[str, int]], c: Fraction) -> str:
    factors = [n if p == 1 else f"{n}^{p}" for n, p in monomial]
    return "*".join(factors if c == 1 and factors else [str(c), *factors])


def exact_root(number: Number) -> Number | None:
    """The root of a square: of a rational, or of a product of even powers of roots."""
    if isinstance(number, Fraction):
        return rational_root(number)
    result: Number = Fraction(1)
    for polynomial, sign in ((number.numerator, 1), (number.denominator, -1)):
        if len(polynomial.terms) != 1:
            return None
        ((monomial, c),) = polynomial.terms.items()
        root = rational_root(c)
        if root is None or any(p % 2 or not n.startswith(ROOT) for n, p in monomial):
            return None
        result = result * (root if sign == 1 else 1 / root)
        for n, p in monomial:
            result = result * lowest(symbol(n)) ** (sign * p // 2)
    return result


def rational_root(number: Fraction) -> Fraction | None:
    if number < 0:
        return None
    top, bottom = isqrt(number.numerator), isqrt(number.denominator)
    return Fraction(top, bottom) if top * top == number.numerator and bottom * bottom == number.denominator else None
