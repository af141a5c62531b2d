"""Functions that are smooth on a stretch of the line: polynomials of cells, found by the bits of the argument.

Each binade of a = |x| is cut into 2^k equal cells, as many as it takes; what is nearer to 0 is one cell, if f is smooth
at 0, else binades go down to the smallest float. In a cell f = P(w), w = ((a - high) - low)/2^e, where high + low is
its middle or the zero of f in or beside it: there P begins with w itself, so that f is known relative to a small
distance. So one program serves functions that oscillate, decay beyond the floats, or grow like x log x.

An odd or even function has one side to compute. Where f has poles on the negative line, its reflection is looked for:
f(x) = mirror*f(1 - x) + factor*T(x) + offset, with T = log|sin(pi x)| or pi/tan(pi x). All in doubles, rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from optgen.functions.formulas import written
from optgen.functions.repair import ENDS, with_ends
from optgen.functions.request import Domain
from optgen.functions.target import precise
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact

MOST = 4096  # cells
DEPTH = 11  # leading bits of a binade that name a cell
STARTS = tuple(range(2, -6, -1))  # exponents where the first binade may begin
BITS = 64  # of values
ZERO_BITS = 256  # of the search for a zero
STEPS = 60


@dataclass(frozen=True, slots=True)
class Format:
    """The degree of the polynomials and their relative error; where results are beyond a type; its smallest number."""

    degree: int
    accuracy: float
    least: float
    most: float
    smallest: int


FLOAT = Format(7, 2.0**-33, 2.0**-155, 2.0**129, -149)
ROUNDED = replace(FLOAT, degree=13, accuracy=2.0**-54)  # nearly always to the nearest float
DOUBLE = replace(ROUNDED, least=2.0**-1015, most=2.0**1020, smallest=-1074)


@dataclass(frozen=True, slots=True)
class Cell:
    high: float
    low: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """f(sign*a) for a up to `end`, `beyond` farther out (NaN: nobody asks).

    Row 0 is what lies below 2^lowest, row 1 the binade of 2^lowest, and so on: each has the number of its first cell
    and how far the 52 bits of the fraction are shifted to count its cells.
    """

    sign: int
    lowest: int
    end: float
    beyond: float
    offsets: tuple[int, ...]
    shifts: tuple[int, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Reflection:
    """f(x) = mirror*f(1 - x) + factor*T(x) + offset for x < 1/2; T is one of TERMS."""

    term: str
    mirror: int
    factor: int
    offset: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """The sides of f on its domain: one, with a mirror (1 even, -1 odd) or a reflection if there is more; or two."""

    sides: tuple[Side, ...]
    domain: Domain
    mirror: int = 0
    reflection: Reflection | None = None


def recognise(meaning: Meaning, domain: Domain, format: Format = FLOAT) -> Stretch | None:
    """The cells of a function of one argument on a domain; None if they are too many, or f is not smooth."""
    low, high = domain.low, domain.high
    try:
        if low >= 0 or high <= 0:
            sign = 1 if low >= 0 else -1
            start, end = sorted((abs(low), abs(high)))
            side = _side(meaning, sign, start, end, format)
            return None if side is None else Stretch((side,), domain)
        mirror = _mirror(meaning, min(-low, high))
        if mirror:
            side = _side(meaning, 1, 0.0, max(-low, high), format)
            return None if side is None else Stretch((side,), domain, mirror)
        reflection = _reflection(meaning)
        if reflection is not None:
            # sums cancel at the zeros beyond, and leave a float's digits if there were a double's
            side = _side(meaning, 1, 0.5, max(1 - low, high), ROUNDED if format == FLOAT else format)
            return None if side is None else Stretch((side,), domain, 0, reflection)
        sides = [_side(meaning, sign, 0.0, abs(end), format) for sign, end in ((1, high), (-1, low))]
        found = tuple(side for side in sides if side is not None)
        return Stretch(found, domain) if len(found) == 2 else None
    except (Undecided, Undefined, OverflowError):
        return None


def programs(name: str, meaning: Function, domain: Domain | None, format: Format = FLOAT) -> Iterator[Straight]:
    """The one program from float to float; NaN beyond the domain."""
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))
    domain = domain or Domain(-math.inf, math.inf)
    found = recognise(compiled, domain, format)
    if found is not None:
        b = Builder(name)
        x = b.parameter("x", "f32")
        program = b.finish(b.apply("f32", write(b, found, b.apply("f64", x))))
        yield with_ends(program, meaning, [end for end in ENDS if domain.low <= end <= domain.high])


# ---------------------------------------------------------------- symmetry


def _mirror(meaning: Meaning, reach: float) -> int:
    """1 for an even function, -1 for an odd one, else 0."""
    points = [min(reach, 64.0) * part for part in (0.17578125, 0.40234375, 0.73046875)]
    try:
        pairs = [(meaning.refined([x], BITS), meaning.refined([-x], BITS)) for x in points]
    except Undecided:
        return 0  # a pole
    for mirror in (1, -1):
        if all((left - mirror * right).contains(0) for left, right in pairs):
            return mirror
    return 0


TERMS: dict[str, Callable[[Any], Any]] = {
    "log|sin|": lambda x: abs(x.sin_pi()).log(),
    "cotangent": lambda x: x.cot_pi() * type(x).pi(),
}


def _reflection(meaning: Meaning) -> Reflection | None:
    points = [exact(x) for x in (-0.3125, -1.625, -4.59375, 0.21875, -7.125)]
    for term, value in TERMS.items():
        for mirror in (1, -1):
            try:
                with precise(128):
                    rests = [meaning.value([x], 128) - mirror * meaning.value([1 - x], 128) for x in points]
                    terms = [value(x) for x in points]
                    factor = round(float((rests[1] - rests[0]) / (terms[1] - terms[0])))
                    offsets = [rest - factor * part for rest, part in zip(rests, terms, strict=True)]
                    same = all(abs(float(offset - offsets[0])) < 2.0**-90 for offset in offsets)
            except (Undecided, Undefined):
                return None
            if factor and abs(factor) <= 4 and same:
                offset = float(offsets[0].mid())
                return Reflection(term, mirror, factor, offset if abs(offset) > 2.0**-90 else 0.0)
    return None


# ---------------------------------------------------------------- cells


@dataclass(slots=True)
class Fitter:
    """One side of f while its cells are made."""

    meaning: Meaning
    sign: int
    format: Format
    nodes: Any = field(init=False)
    waves: Any = field(init=False)

    def __post_init__(self) -> None:
        count = self.format.degree + 5 + self.format.degree % 2  # even: no node is the middle
        # of few bits, so that places in a cell are exact
        self.nodes = np.rint(np.cos((np.arange(count) + 0.5) * (np.pi / count)) * 2.0**20) / 2.0**20
        matrix = chebyshev.chebvander(self.nodes, count - 1)
        inverse = np.linalg.inv(matrix).astype(np.longdouble)
        self.waves = inverse @ (2 * np.eye(count) - matrix @ inverse)  # a step of Newton's for the last digits

    def value(self, a: float) -> float:
        return float(self.meaning.refined([self.sign * a], BITS))

    def wide(self, a: float) -> Any:
        """The value in as many digits as NumPy has."""
        value = self.meaning.refined([self.sign * a], BITS)
        first = float(value)
        return np.longdouble(first) + np.longdouble(float(value - first))

    def sign_at(self, a: float) -> int:
        """0 where f has no value."""
        try:
            value = self.meaning.refined([self.sign * a], 8)
        except (Undecided, Undefined):
            return 0
        return 1 if value > 0 else -1 if value < 0 else 0

    def cell(self, low: float, high: float, unit: float) -> Cell | None:
        """The polynomial on [low, high] for distances in units; None if it does not follow f there."""
        half, middle = (high - low) / 2, (high + low) / 2
        places = middle + half * self.nodes
        try:
            values = np.array([self.wide(float(a)) for a in places])
            if low == 0 and (order := self._order(high)):
                return self._fitted(places, values, middle, half, unit, (0.0, 0.0), order)
            outside = [max(low - half / 2, low / 2), high + half / 2]
            signs = [self.sign_at(outside[0]), *np.sign(values[::-1]), self.sign_at(outside[1])]
            edges = [outside[0], *places[::-1], outside[1]]
            changes = [k for k in range(len(signs) - 1) if signs[k] * signs[k + 1] < 0]
            if len(changes) > 1:
                return None
            zero = self._zero(float(edges[changes[0]]), float(edges[changes[0] + 1])) if changes else None
        except (Undecided, Undefined, OverflowError):
            return None
        return self._fitted(places, values, middle, half, unit, zero or (middle, 0.0), 1 if zero else 0)

    def _order(self, reach: float) -> int:
        """m where f is like a^m near 0; raises `Undecided` where that is no integer."""
        a = reach * 2.0**-70
        power = math.log2(abs(self.value(a) / self.value(a / 2)))
        if abs(power - round(power)) > 2.0**-30 or not 0 <= round(power) <= 8:
            raise Undecided("no power of a")
        return round(power)

    def _zero(self, low: float, high: float) -> tuple[float, float]:
        """The zero between two places of different sign, as two doubles."""
        with precise(ZERO_BITS):
            a, b = exact(low), exact(high)
            at_a, at_b = (self.meaning.value([self.sign * x], ZERO_BITS) for x in (a, b))
            for _ in range(STEPS):
                c = (b - at_b * (b - a) / (at_b - at_a)).mid()
                at_c = self.meaning.value([self.sign * c], ZERO_BITS).mid()
                if abs(c - b) <= abs(c) * 2.0**-120 or at_c.is_zero():
                    a = b = c
                    break
                if (at_c > 0) != (at_b > 0):
                    a, at_a = b, at_b
                else:
                    at_a = at_a / 2
                b, at_b = c, at_c
            first = float(b)
            rest = float(b - exact(first))
            return first, rest if abs(rest) > abs(first) * 2.0**-100 else 0.0

    def _fitted(
        self, places: Any, values: Any, middle: float, half: float, unit: float, zero: tuple[float, float], order: int
    ) -> Cell | None:
        """P with `order` zeros at `zero`, in w; from its series in (a - middle)/half."""
        degree = self.format.degree - order
        distances = ((places - np.longdouble(zero[0])) - np.longdouble(zero[1])) / unit
        rest = values / distances**order
        series = self.waves @ rest
        if not np.abs(series[degree + 1 :]).sum() <= self.format.accuracy * np.abs(rest).min():
            return None
        shift = ((np.longdouble(middle) - zero[0]) - zero[1]) / half
        coefficients = np.zeros(1, np.longdouble)
        for c in chebyshev.cheb2poly(series[: degree + 1])[::-1]:  # Horner's rule with t = w/half - shift
            coefficients = np.append(coefficients[:1] * 0, coefficients) - shift * np.append(coefficients, 0)
            coefficients[0] += c
        powers = coefficients[: degree + 1] * (unit / half) ** np.arange(degree + 1.0)
        return Cell(*zero, (*[0.0] * order, *map(float, powers)))

    def binade(self, exponent: int, end: float, guess: int) -> list[Cell] | None:
        """The cells of the binade from 2^exponent to its end; None if they are too many."""
        for k in range(guess, DEPTH + 1):
            if not self.promising(exponent, end, k):
                continue
            unit, width = 2.0**exponent, 2.0 ** (exponent - k)
            lows = [low for low in (unit + j * width for j in range(1 << k)) if low <= end]
            made = []
            for low in lows:
                cell = self.cell(low, low + width, unit)
                if cell is None:
                    break
                made.append(cell)
            else:
                return made + [made[-1]] * ((1 << k) - len(made))
        return None

    def promising(self, exponent: int, end: float, k: int) -> bool:
        """Whether one of 2^k cells of a binade is good."""
        unit, width = 2.0**exponent, 2.0 ** (exponent - k)
        low = (unit / 2 + min(unit, end / 2)) // width * width
        return self.cell(low, low + width, unit) is not None


def _side(meaning: Meaning, sign: int, start: float, end: float, format: Format) -> Side | None:
    fitter = Fitter(meaning, sign, format)
    end, beyond = _end(fitter, start, end)
    if not fitter.promising(math.frexp(end)[1] - 1, end, DEPTH):
        return None  # before the nearer binades take their time
    first, lowest = _first(fitter, start, end, format.smallest)
    cells = [first or Cell(0.0, 0.0, (0.0,) * (fitter.format.degree + 1))]
    offsets, shifts, guess = [0], [52], 0
    for exponent in range(lowest, math.frexp(end)[1]):
        made = fitter.binade(exponent, end, max(guess - 1, 0))
        if made is None or len(cells) + len(made) > MOST:
            return None
        guess = len(made).bit_length() - 1
        offsets.append(len(cells))
        shifts.append(52 - guess)
        cells += made
    return Side(sign, lowest, end, beyond, tuple(offsets), tuple(shifts), tuple(cells))


def _first(fitter: Fitter, start: float, end: float, smallest: int) -> tuple[Cell | None, int]:
    """The cell round 0, and the exponent of the first binade."""
    if start > 0:
        return None, math.frexp(start)[1] - 1
    for exponent in STARTS:
        if 2.0**exponent <= end and (cell := fitter.cell(0.0, 2.0**exponent, 2.0 ** (exponent - 1))):
            return cell, exponent
    return None, smallest


def _end(fitter: Fitter, start: float, end: float) -> tuple[float, float]:
    """Where f leaves the floats for good, if that is before the end; and what it is from there on."""

    def beyond(a: float) -> bool:
        return not fitter.format.least < abs(fitter.value(a)) < fitter.format.most

    last = min(end, 2.0**128 if fitter.format.most < 2.0**1000 else 2.0**1023)
    if not beyond(last):
        return last, math.nan
    while last / 2 > start and beyond(last / 2):
        last /= 2
    inside = last / 2
    for _ in range(9):
        middle = (inside + last) / 2
        inside, last = (inside, middle) if beyond(middle) else (middle, last)
    value = fitter.value(last)
    return last, math.copysign(0.0 if abs(value) < 1 else math.inf, value)


# ---------------------------------------------------------------- the program


def write(b: Builder, found: Stretch, x: Value) -> Value:
    """f at a double; NaN outside the domain, and where it is NaN."""
    reflected = found.reflection
    if reflected is None:
        value = _value(b, found.sides, x)
        if found.mirror < 0:
            value = value * b.apply("copysign", b.constant(1.0, "f64"), x)
    else:
        left = x < 0.5
        direct = _value(b, found.sides, b.select(left, 1.0 - x, x))
        turned = direct if reflected.mirror > 0 else -direct
        value = b.select(left, b.fma(_term(b, reflected.term, x), float(reflected.factor), turned) + reflected.offset,
                         direct)  # fmt: skip
    inside = x.equals(x)
    if found.domain.low > -math.inf:
        inside = inside & (x >= found.domain.low)
    if found.domain.high < math.inf:
        inside = inside & (x <= found.domain.high)
    return b.select(inside, value, math.nan)


def _value(b: Builder, sides: tuple[Side, ...], x: Value) -> Value:
    """P of the cell in which x lies."""
    negative = x < 0.0

    def per_side(numbers: list[float | int], type: Any) -> Value:
        first = b.constant(numbers[0], type)
        return first if len(set(numbers)) == 1 else b.select(negative, numbers[1], first)

    counts = [len(side.offsets) for side in sides]
    a = b.apply("min", per_side([side.end for side in sides], "f64"), abs(x))
    bits = b.apply("bits", a)
    nearest = per_side([1023 + side.lowest - 1 for side in sides], "i64")
    exponent = b.apply("max", b.apply("shift_right_zero", bits, 52), nearest)
    unit = b.apply("from_bits", (b.constant(2046, "i64") - exponent) << 52)
    row = b.apply("min", b.apply("i32", exponent - nearest), per_side([count - 1 for count in counts], "i32"))
    if len(sides) > 1:
        row = row + per_side([0, counts[0]], "i32")
    bases = [0, len(sides[0].cells)]
    offsets = [base + at for base, side in zip(bases, sides, strict=False) for at in side.offsets]
    shifts = [shift for side in sides for shift in side.shifts]
    cells = [cell for side in sides for cell in side.cells]
    shift = b.apply("i64", b.table("shifts", "i32", shifts, row + 1))
    within = b.apply("i32", b.apply("shift_right_zero", bits & b.constant((1 << 52) - 1, "i64"), shift))
    cell = (b.table("offsets", "i32", offsets, row + 1) + within + 1).named("cell")
    w = a - b.table("high", "f64", [one.high for one in cells], cell)
    w = ((w - b.table("low", "f64", [one.low for one in cells], cell)) * unit).named("w")
    columns = list(zip(*(one.coefficients for one in cells), strict=True))
    value = b.table(f"c{len(columns) - 1}", "f64", columns[-1], cell)
    for k in range(len(columns) - 2, -1, -1):
        value = b.fma(value, w, b.table(f"c{k}", "f64", columns[k], cell))
    if all(math.isnan(side.beyond) for side in sides):
        return value
    ended = abs(x) > per_side([side.end for side in sides], "f64")
    return b.select(ended, per_side([side.beyond for side in sides], "f64"), value)


def _term(b: Builder, term: str, x: Value) -> Value:
    """T at x, by the distance from the nearest integer."""
    rest = x - b.apply("round_even", x)
    angle = rest * math.pi
    sine = written("sin", b, angle)
    if term == "log|sin|":
        return written("log", b, abs(sine))
    return written("cos", b, angle) / sine * math.pi
