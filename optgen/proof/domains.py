"""What is given about numbers, as intervals for one symbol after another.

`intervals` may widen: of several bounds of a symbol one is kept, and what is no bound is left out.  A proof on the
wider domain is a proof; a counterexample has to satisfy all constraints (`holds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optgen.proof.cancel import from_flint, linear_root, lowest, to_flint
from optgen.proof.polynomial import Number, Polynomial, Ratio, at, names_of, ratio, symbol
from optgen.proof.problem import Interval

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Contradiction(ValueError):
    """What is given can't all hold."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """`left operator right` between numbers, with the author's text."""

    operator: str
    left: Number
    right: Number
    text: str


@dataclass(frozen=True, slots=True)
class Bound:
    """symbol >= number (low) or symbol <= number."""

    symbol: str
    low: bool
    number: Number
    closed: bool
    given: int  # of which constraint


COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def holds(constraints: Sequence[Constraint], values: Mapping[str, Fraction]) -> bool:
    """Whether all constraints are true at numbers; one whose symbols have no number is not looked at."""
    for c in constraints:
        try:
            left, right = at(c.left, values), at(c.right, values)
        except ZeroDivisionError:
            return False
        if isinstance(left, Fraction) and isinstance(right, Fraction) and not COMPARE[c.operator](left, right):
            return False
    return True


def intervals(constraints: Sequence[Constraint], used: set[str]) -> tuple[tuple[Interval, ...], bool]:
    """Intervals for the symbols that are used, and whether they say all that is given."""
    for c in constraints:
        if isinstance(c.left, Fraction) and isinstance(c.right, Fraction) and not COMPARE[c.operator](c.left, c.right):
            raise Contradiction(f"{c.text} does not hold")
    symbolic = [c for c in constraints if names_of(c.left) | names_of(c.right)]
    positive = signs(symbolic)
    bounds = [b for place, c in enumerate(symbolic) for b in bounds_of(place, c, positive)]
    needed = closure(used, bounds)
    placed: list[Interval] = []
    consumed: set[int] = set()
    left = [n for n in order_of(symbolic) if n in needed] + sorted(needed - set(order_of(symbolic)))
    while left:
        name = next_symbol(left, bounds, {i.name for i in placed})
        left.remove(name)
        known = {i.name for i in placed}
        own = [b for b in bounds if b.symbol == name and names_of(b.number) <= known]
        low, high = chosen([b for b in own if b.low], positive), chosen([b for b in own if not b.low], positive)
        consumed |= {b.given for b in own if b in (low, high) or dominated(b, low, high, positive)}
        if low and high and is_empty(low, high):
            raise Contradiction(f"no {name} satisfies what is given of it")
        placed.append(
            Interval(
                name,
                low.number if low else None,
                high.number if high else None,
                bool(low and low.closed),
                bool(high and high.closed),
            )
        )
    relevant = {p for p, c in enumerate(symbolic) if (names_of(c.left) | names_of(c.right)) & needed}
    relevant -= {p for p, c in enumerate(symbolic) if evident(c, positive)}
    return tuple(placed), relevant <= consumed


def evident(c: Constraint, positive: Mapping[str, bool]) -> bool:
    """Whether the signs of symbols alone make an inequality true."""
    difference = ratio(lowest(c.left - c.right))
    signs = [sign_of(p, positive) for p in (difference.numerator, difference.denominator)]
    if None in signs or c.operator in ("==", "!="):
        return False
    strict = any(all(positive.get(n, False) for n, _ in m) for m in difference.numerator.terms)
    return (signs[0] == signs[1]) == (c.operator[0] == ">") and (strict or c.operator in ("<=", ">="))


def is_empty(low: Bound, high: Bound) -> bool:
    """Whether two bounds by numbers leave nothing."""
    if not isinstance(low.number, Fraction) or not isinstance(high.number, Fraction):
        return False
    return low.number > high.number or (low.number == high.number and not (low.closed and high.closed))


def order_of(constraints: Sequence[Constraint]) -> list[str]:
    return list(dict.fromkeys(n for c in constraints for n in sorted(names_of(c.left)) + sorted(names_of(c.right))))


def closure(used: set[str], bounds: Sequence[Bound]) -> set[str]:
    """Symbols that occur, and those in their bounds."""
    found = set(used)
    while True:
        more = {n for b in bounds if b.symbol in found for n in names_of(b.number)} - found
        if not more:
            return found
        found |= more


def next_symbol(left: Sequence[str], bounds: Sequence[Bound], placed: set[str]) -> str:
    """The first symbol all of whose bounds are placed, or can be read as bounds of the other symbol."""
    for name in left:
        own = [b for b in bounds if b.symbol == name and not names_of(b.number) <= placed | {name}]
        mirrored = [any(o.given == b.given and o.symbol in names_of(b.number) for o in bounds) for b in own]
        if not own or (all(mirrored) and simple(own)):
            return name
    return left[0]


def simple(bounds: Sequence[Bound]) -> bool:
    """Bounds by one symbol alone, as in mu <= L."""
    return all(isinstance(b.number, Ratio) and len(b.number.names()) == 1 for b in bounds)


def chosen(bounds: Sequence[Bound], positive: Mapping[str, bool]) -> Bound | None:
    """One of several bounds: the tightest number, but rather one with symbols."""
    if not bounds:
        return None
    symbolic = [b for b in bounds if not isinstance(b.number, Fraction)]
    if symbolic:
        return symbolic[-1]
    best = bounds[0]
    for b in bounds[1:]:
        tighter = b.number > best.number if b.low else b.number < best.number  # type: ignore[operator]
        if tighter or (b.number == best.number and not b.closed):
            best = b
    return best


def dominated(b: Bound, low: Bound | None, high: Bound | None, positive: Mapping[str, bool]) -> bool:
    """Whether a bound by a number follows from the one that was kept."""
    kept = low if b.low else high
    if kept is None or not isinstance(b.number, Fraction):
        return False
    if isinstance(kept.number, Fraction):
        return True
    above = sign_of(ratio(kept.number).numerator, positive) == 1
    return b.low and b.number <= 0 and above and (b.closed or b.number < 0)


# ---------------------------------------------------------------- signs


def signs(constraints: Sequence[Constraint]) -> dict[str, bool]:
    """Symbols that are not negative, and whether they are positive, as single constraints say."""
    found: dict[str, bool] = {}
    for _ in constraints:
        before = len(found)
        for place, c in enumerate(constraints):
            for b in bounds_of(place, c, found):
                above = b.number >= 0 if isinstance(b.number, Fraction) else sign_of(b.number.numerator, found) == 1
                if b.low and above:
                    strict = not b.closed or (isinstance(b.number, Fraction) and b.number > 0)
                    found[b.symbol] = found.get(b.symbol, False) or strict
        if len(found) == before:
            break
    return found


def sign_of(polynomial: Polynomial, positive: Mapping[str, bool]) -> int | None:
    """1 or -1 if all coefficients have that sign and all symbols are not negative (or squared)."""
    found = {1 if c > 0 else -1 for c in polynomial.terms.values()}
    open_symbols = any(p % 2 and n not in positive for m in polynomial.terms for n, p in m)
    return None if len(found) != 1 or open_symbols else found.pop()


def bounds_of(place: int, c: Constraint, positive: Mapping[str, bool]) -> Iterator[Bound]:
    """What a constraint says of each of its symbols, where factors with a known sign are divided out."""
    if c.operator in ("==", "!="):
        return
    difference = lowest(c.left - c.right)
    if not isinstance(difference, Ratio):
        return
    sign = sign_of(difference.denominator, positive)
    if sign is None:
        return
    names = tuple(sorted(difference.numerator.names()))
    leading, factors = to_flint(difference.numerator, names).factor()
    sign = sign if Fraction(int(leading.p), int(leading.q)) > 0 else -sign
    rest = []
    for factor, power in factors:
        polynomial = from_flint(factor, names)
        own = sign_of(polynomial, positive)
        if own is None or len(factors) == 1:
            rest += [polynomial] * (power % 2)
        elif power % 2:
            sign = sign * own
    if len(rest) != 1:
        return
    greater = (c.operator in (">", ">=")) == (sign > 0)  # rest >= 0, or <= 0
    alone = [n for n in names for side in (c.left, c.right) if isinstance(side, Ratio) and side == symbol(n)]
    for name in alone or names:  # a bound is one of the symbol that stands alone
        root = linear_root(rest[0], name)
        slope = None if root is None else sign_of(slope_of(rest[0], name), positive)
        if root is not None and slope is not None:
            yield Bound(name, greater == (slope > 0), root, c.operator in ("<=", ">="), place)


def slope_of(polynomial: Polynomial, name: str) -> Polynomial:
    """The coefficient of a symbol that occurs to the first power."""
    return Polynomial(
        {tuple(p for p in m if p[0] != name): c for m, c in polynomial.terms.items() if dict(m).get(name) == 1}
    )
