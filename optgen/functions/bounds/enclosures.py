"""What a value of a program is on a piece of its arguments.

The argument is x = centre + half*t with t in [-1, 1].  A float value is a polynomial in t whose coefficients are balls,
plus, for each rounding that reaches the result by more than one way, that rounding (a number d in [-1, 1]) times a
polynomial: what two-term arithmetic adds and subtracts again cancels.  All other errors widen the constant coefficient.

`grain`: the value is a multiple of 2^grain.  A sum or product that is a multiple of 2^g and at most 2^(g + precision)
is a number of the format: it is exact, which is what two-term arithmetic rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_poly

from optgen.functions.bounds.formats import Format, binade, trailing
from optgen.ir.straight import from_bits
from optgen.ir.straight_operations import Type
from optgen.symbolic.arb import Undecided

DEGREE = 24  # of polynomials; what is above goes to the constant coefficient
ANY_GRAIN = 1 << 20  # 0 is a multiple of everything


@dataclass(frozen=True, slots=True)
class Form:
    """A real value on the piece: `main` plus, for each number n in `noise`, noise[n] times the rounding of value n.

    The arithmetic is that of reals: it encloses every value that the operands may have.
    """

    main: Any
    noise: Mapping[int, Any]

    def __add__(self, other: Form) -> Form:
        noise = dict(self.noise)
        for number, part in other.noise.items():
            noise[number] = noise[number] + part if number in noise else part
        return Form(self.main + other.main, noise)

    def __neg__(self) -> Form:
        return Form(-self.main, {number: -part for number, part in self.noise.items()})

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def __mul__(self, other: Form) -> Form:
        """The product of two roundings is an error of its own."""
        noise: dict[int, Any] = {}
        for one, by in ((self, other), (other, self)):
            for number, part in one.noise.items():
                term = cut(part * by.main)
                noise[number] = noise[number] + term if number in noise else term
        main = cut(self.main * other.main)
        if self.noise and other.noise:
            main = widened(main, self.loudness() * other.loudness())
        return Form(main, noise)

    def __truediv__(self, other: Form) -> Form:
        """A polynomial q near the quotient, and what self - q*other still is, divided."""
        low, high = other.ends()
        if low <= 0 and high >= 0:
            raise Undecided("a quotient by a value that may be 0")
        inverse = _inverse(other.main)
        main = cut(self.main * inverse)
        noise = {number: cut(part * inverse) for number, part in self.noise.items()}
        slope = cut(main * inverse)
        for number, part in other.noise.items():
            term = cut(part * slope)
            noise[number] = noise[number] - term if number in noise else -term
        near = Form(main, noise)
        return near.within((self - near * other).size() / (low if low > 0 else -high))

    def sqrt(self) -> Form:
        """A polynomial q near the root, and what self - q^2 still is, divided."""
        low, _ = self.ends()
        if not low > 0:
            raise Undecided("a square root of a value that may be 0")
        known = _middle(self.main)
        main = arb_poly([known.coeffs()[0].sqrt().mid()])
        for _ in range(5):
            main = _middle(cut((main + cut(known * _inverse(main))) * arb(0.5)))
        slope = _inverse(main) * arb(0.5)
        near = Form(main, {number: cut(part * slope) for number, part in self.noise.items()})
        if not near.ends()[0] > 0:
            raise Undecided("a square root of a value that varies too much")
        return near.within((self - near * near).size() / low.sqrt())

    def within(self, amount: Any) -> Form:
        """The value with an error of at most an amount."""
        return Form(widened(self.main, amount), self.noise)

    def times(self, exponent: int) -> Form:
        """The value times 2^exponent."""
        factor = arb(2) ** exponent
        return Form(self.main * factor, {number: part * factor for number, part in self.noise.items()})

    def loudness(self) -> Any:
        """An exact ball above the sum of all roundings."""
        return sum((spread(part) for part in self.noise.values()), arb(0)).upper()

    def size(self) -> Any:
        """An exact ball above the absolute value."""
        return (spread(self.main) + self.loudness()).upper()

    def ends(self) -> tuple[Any, Any]:
        """Exact balls between which the value lies; raises `Undecided` unless they are finite."""
        low, high = ends(self.main)
        if self.noise:
            noise = self.loudness()
            low, high = (low - noise).lower(), (high + noise).upper()
        if not (low.is_finite() and high.is_finite()):
            raise Undecided("an enclosure that is not finite")
        return low, high


@dataclass(frozen=True, slots=True)
class Constant:
    """One number of a type, by its bits: the value is the same all over the piece."""

    type: Type
    bits: int

    @property
    def number(self) -> float | int:
        return from_bits(self.bits, self.type)


@dataclass(frozen=True, slots=True)
class Real:
    """Float values that vary on the piece; all are finite, `low` <= value <= `high` (exact balls)."""

    type: Type
    form: Form
    grain: int
    low: Any
    high: Any

    @property
    def sign(self) -> int:
        """1 or -1 if all values have that sign, else 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True, slots=True)
class Whole:
    """Integers that vary: the bits of `source` plus `offset`, from `low` to `high`."""

    type: Type
    low: int
    high: int
    source: Real
    offset: int


Enclosure = Constant | Real | Whole


def form_of(value: Constant | Real) -> Form:
    """The polynomials of a finite value; a constant is one of degree 0."""
    return value.form if isinstance(value, Real) else Form(arb_poly([arb(value.number)]), {})


def grain_of(value: Constant | Real) -> int:
    if isinstance(value, Real):
        return value.grain
    return trailing(float(value.number)) if value.number else ANY_GRAIN


def spread(polynomial: Any) -> Any:
    """An exact ball above |p(t)|."""
    return sum((coefficient.abs_upper() for coefficient in polynomial.coeffs()), arb(0)).upper()


def ends(polynomial: Any) -> tuple[Any, Any]:
    """Exact balls between which p(t) lies; those at t = -1 and 1 where p is certainly monotone."""
    coefficients = polynomial.coeffs()
    if len(coefficients) < 2:
        return (coefficients[0].lower(), coefficients[0].upper()) if coefficients else (arb(0), arb(0))
    even, odd = sum(coefficients[2::2], coefficients[0]), sum(coefficients[3::2], coefficients[1])
    sizes = [coefficient.abs_upper() for coefficient in coefficients]
    if coefficients[1].abs_lower() > sum((k * sizes[k] for k in range(2, len(sizes))), arb(0)):
        first, last = even - odd, even + odd
        if coefficients[1] < 0:
            first, last = last, first
        return first.lower(), last.upper()
    rest = sum(sizes[3:], arb(0))
    low, high = _parabola(coefficients[0], coefficients[1], coefficients[2] if len(coefficients) > 2 else arb(0))
    return (low - rest).lower(), (high + rest).upper()


def _parabola(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """Balls below and above a + b*t + c*t^2: its values at the ends, and a - b^2/(4c), which it nowhere passes."""
    if c > 0:
        low, high = _parabola(-a, -b, -c)
        return -high, -low
    side = b.abs_upper()
    if not c < 0:
        size = side + c.abs_upper()
        return a - size, a + size
    top = side + c if side >= -2 * c else b * b / (-4 * c)
    return a - side + c, a + top


def cut(polynomial: Any) -> Any:
    """A polynomial of at most DEGREE that holds the given one."""
    if polynomial.degree() <= DEGREE:
        return polynomial
    coefficients = polynomial.coeffs()
    made = arb_poly(coefficients[: DEGREE + 1])
    return widened(made, sum((c.abs_upper() for c in coefficients[DEGREE + 1 :]), arb(0)))


def widened(polynomial: Any, amount: Any) -> Any:
    """The polynomial with an error of at most an amount."""
    return polynomial + arb(0, amount.abs_upper())


def _inverse(polynomial: Any) -> Any:
    """Nearly 1/p, as a polynomial of exact coefficients: its first terms."""
    known = [coefficient.mid() for coefficient in polynomial.coeffs()]
    made = [(1 / known[0]).mid()]
    for k in range(1, DEGREE + 1):
        term = sum((known[j] * made[k - j] for j in range(1, min(k, len(known) - 1) + 1)), arb(0))
        made.append((-term * made[0]).mid())
    return arb_poly(made)


def _middle(polynomial: Any) -> Any:
    return arb_poly([coefficient.mid() for coefficient in polynomial.coeffs()])


def half_ulp(low: Any, high: Any, format: Format) -> Any:
    """An exact ball above the error of rounding any number between two ends.

    Numbers up to 2^k + d: half an ulp of those below 2^k, or d, for 2^k itself is a number of the format.
    """
    top = max(abs(low), abs(high))
    if top.is_zero():
        return top
    exponent = binade(top)
    half = arb(2) ** (format.ulp_exponent(exponent) - 1)
    below = arb(2) ** (format.ulp_exponent(exponent - 1) - 1)
    return max(below, min(half, (top - arb(2) ** exponent).upper()))


def least_ulp(low: Any, high: Any, format: Format) -> int:
    """e where every number between two ends, rounded to the format, is a multiple of 2^e."""
    if low <= 0 and high >= 0:
        return format.least
    least = format.nearest(min(abs(low), abs(high)))
    return format.ulp_exponent(binade(arb(least))) if least else format.least
