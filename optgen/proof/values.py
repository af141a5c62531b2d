"""Terms at numbers, enclosed: exact where everything is rational, an interval of rationals where a root is taken.

What a solver calls a counterexample is believed only after this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt

from optgen.proof.contractions import contraction_text
from optgen.proof.terms import Reader, Term, renamed

Enclosure = tuple[Fraction, Fraction]
BITS = 120
MOST_BITS = 200_000  # of a power


class Undefined(Exception):
    """A term without a value at these numbers, or one that is not known to have one."""


def enclosure(term: Term, values: Mapping[str, Fraction]) -> Enclosure:
    """Bounds of a real term whose atoms are plain (see `named`)."""
    if isinstance(term, str):
        return Fraction(term), Fraction(term)
    match term:
        case ["atom", name]:
            if name not in values:
                raise Undefined(f"{name} has no value")
            return values[name], values[name]
        case ["+", *parts]:
            found = [enclosure(p, values) for p in parts]
            return sum((a for a, _ in found), Fraction(0)), sum((b for _, b in found), Fraction(0))
        case ["*", *parts]:
            total = (Fraction(1), Fraction(1))
            for part in parts:
                total = product(total, enclosure(part, values))
            return total
        case ["/", a, b]:
            return product(enclosure(a, values), reciprocal(enclosure(b, values)))
        case ["^", base, power]:
            return powered(enclosure(base, values), int(power))
        case ["power", base, exponent]:
            low, high = enclosure(exponent, values)
            if low != high or low.denominator != 1:
                raise Undefined("a power that is not an integer")
            return powered(enclosure(base, values), int(low))
        case ["if", condition, a, b]:
            chosen = holds(condition, values)
            if chosen is None:
                raise Undefined("a condition that is not decided")
            return enclosure(a if chosen else b, values)
        case ["same", i, j]:
            return (Fraction(1), Fraction(1)) if i == j else (Fraction(0), Fraction(0))
        case ["before", i, j] if i.startswith("=") and j.startswith("="):
            return (Fraction(int(i[1:]) < int(j[1:])),) * 2
        case [word, *parts] if word in FUNCTIONS:
            return FUNCTIONS[word](*(enclosure(p, values) for p in parts))
    raise Undefined(f"{term[0]} is not evaluated exactly")


def holds(condition: Term, values: Mapping[str, Fraction]) -> bool | None:
    """Whether a relation holds; None where the enclosures do not tell."""
    match condition:
        case ["true"]:
            return True
        case ["false"]:
            return False
        case ["not", a]:
            inner = holds(a, values)
            return None if inner is None else not inner
        case ["and", *parts] | ["or", *parts]:
            found = [holds(p, values) for p in parts]
            decisive = condition[0] == "or"
            return decisive if decisive in found else None if None in found else not decisive
        case ["<=" | ">", a, b]:
            (low, high), (start, end) = enclosure(a, values), enclosure(b, values)
            known = True if high <= start else False if low > end else None
            return known if condition[0] == "<=" or known is None else not known
        case ["<" | ">=", a, b]:
            (low, high), (start, end) = enclosure(a, values), enclosure(b, values)
            known = True if high < start else False if low >= end else None
            return known if condition[0] == "<" or known is None else not known
        case ["=" | "!=", a, b]:
            (low, high), (start, end) = enclosure(a, values), enclosure(b, values)
            known = True if low == high == start == end else False if high < start or end < low else None
            return known if condition[0] == "=" or known is None else not known
    raise Undefined(f"{condition[0]} is not a relation")


def product(left: Enclosure, right: Enclosure) -> Enclosure:
    ends = [a * b for a in left for b in right]
    return min(ends), max(ends)


def reciprocal(value: Enclosure) -> Enclosure:
    if value[0] <= 0 <= value[1]:
        raise Undefined("a quotient by 0")
    return 1 / value[1], 1 / value[0]


def powered(base: Enclosure, power: int) -> Enclosure:
    bits = max(max(e.numerator.bit_length(), e.denominator.bit_length()) for e in base)
    if abs(power) * bits > MOST_BITS:
        raise Undefined(f"the power {power}: too many digits")
    total = (Fraction(1), Fraction(1))
    for _ in range(abs(power)):
        total = product(total, base)
    return total if power >= 0 else reciprocal(total)


def root(value: Enclosure) -> Enclosure:
    if value[0] < 0:
        raise Undefined("a root of a negative number")
    return lower_root(value[0]), upper_root(value[1])


def lower_root(x: Fraction) -> Fraction:
    scale = 1 << (2 * BITS)
    top, bottom = isqrt(x.numerator), isqrt(x.denominator)
    if top * top == x.numerator and bottom * bottom == x.denominator:
        return Fraction(top, bottom)
    return Fraction(isqrt(x.numerator * scale // x.denominator), 1 << BITS)


def upper_root(x: Fraction) -> Fraction:
    low = lower_root(x)
    return low if low * low == x else low + Fraction(1, 1 << BITS)


def magnitude(x: Enclosure) -> Enclosure:
    low, high = x
    return (low, high) if low >= 0 else (-high, -low) if high <= 0 else (Fraction(0), max(-low, high))


def sign(x: Enclosure) -> Enclosure:
    low, high = (Fraction((end > 0) - (end < 0)) for end in x)
    return low, high


FUNCTIONS: dict[str, Callable[..., Enclosure]] = {
    "sqrt": root,
    "abs": magnitude,
    "sign": sign,
    "max": lambda *xs: (max(a for a, _ in xs), max(b for _, b in xs)),
    "min": lambda *xs: (min(a for a, _ in xs), min(b for _, b in xs)),
}


def named(term: Term, reader: Reader) -> Term:
    """Entries and oracle values as plain atoms under the names that `smt` gives them."""
    if isinstance(term, str):
        return term
    match term:
        case ["atom", name, *labels] if name in reader.rules.values:
            own, value = reader.rules.values[name]
            return named(renamed(value, dict(zip(own, labels, strict=True))), reader)
        case ["atom" | "at", *_]:
            ((monomial, _),) = reader.normal(term).top.items()
            return ["atom", contraction_text(monomial[0][0])]
        case ["^", base, power]:
            return ["^", named(base, reader), power]
        case ["same" | "before", *_]:
            return term
        case [head, *parts]:
            return [head, *(named(part, reader) for part in parts)]
    return term


def in_dimension(term: Term, sizes: Mapping[str, int]) -> Term:
    """A term with numbers for dimensions: sums written out, free labels left."""
    if isinstance(term, str):
        return term
    match term:
        case ["atom", name] if name in sizes:
            return str(sizes[name])
        case ["atom" | "same" | "before", *_]:
            return term
        case ["sum", label, extent, body]:
            size = int(extent) if extent.isdigit() else sizes.get(extent)
            if size is None:
                raise Undefined(f"{extent} has no value")
            inner = in_dimension(body, sizes)
            return ["+", "0", *(renamed(inner, {label: f"={k + 1}"}) for k in range(size))]
        case ["^", base, power]:
            return ["^", in_dimension(base, sizes), power]
        case ["at", *_]:
            return term
        case [head, *parts]:
            return [head, *(in_dimension(part, sizes) for part in parts)]
    return term
