"""Programs for any function of one float32: tables of polynomials, found by the bits of the distance from an anchor.

An anchor is 0 or a point where the function is zero, has a pole, a kink or an end (`anchors`).  With w = x - z, exact
or nearly so in double, the sign, the exponent and some leading bits of w name a cell; in it the function is a
polynomial in w - centre, in double, rounded once at the end.  So cells are narrow where the function must be known
relative to a small distance, and how many leading bits a binade takes is found by trying.

Everything here is fitted by estimates; what a program is worth is for the sweep to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from optgen.functions.anchors import Anchor, anchors
from optgen.functions.certificate import Claim, known
from optgen.functions.errors import HUGE, TINY, Refused
from optgen.functions.floats import LARGEST, bits_of, float_of
from optgen.functions.limits import Expected, at_bits
from optgen.functions.reference import Reference
from optgen.functions.request import SPACING
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value
from optgen.symbolic.arb import Meaning, Undecided, Undefined, exact, precision_of

SERIES = 14  # Taylor coefficients that a cell starts from
MOST_BITS = 11  # leading bits of a binade that name a cell
MOST_CELLS = 40_000
SPECIALS = 24
END = Fraction(float_of(LARGEST))


@dataclass(frozen=True, slots=True)
class Cell:
    centre: float
    coefficients: tuple[float, ...]


@dataclass(slots=True)
class Tables:
    """What the program reads: for each row (an anchor, a sign, an exponent) where its cells begin and how many bits of
    the fraction to shift away; for each cell its centre and coefficients."""

    degree: int
    offsets: list[int] = field(default_factory=list)
    shifts: list[int] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def add(self, cells: Sequence[Cell]) -> None:
        self.offsets.append(len(self.cells))
        self.shifts.append(52 - (len(cells).bit_length() - 1))
        self.cells.extend(cells)
        if len(self.cells) > MOST_CELLS:
            raise Refused(f"more than {MOST_CELLS} polynomials: state a smaller domain")


@dataclass(frozen=True, slots=True)
class Frame:
    """An anchor while its rows are written: w = x - z lies in `low` .. `high`, exponents from `lowest` to `highest`."""

    at: Fraction
    ball: Any
    low: Fraction
    high: Fraction
    lowest: int
    highest: int
    others: tuple[tuple[Fraction, Fraction], ...]  # stretches of w seen from other anchors


def table_program(name: str, claim: Claim, against: Reference | None = None) -> Straight:
    """A program for the meaning of a claim on its domain; raises `Refused` with the reason.

    >>> prove(table_program("f", claim), claim, full=False).holds
    True
    """
    reality = against or _plain(claim)
    nearly = claim.amount == 0.5 and not claim.accuracy.relative
    degree, bits = (8, 51) if nearly else (5, 31)
    low, high = (-END, END) if claim.domain is None else (Fraction(claim.domain.low), Fraction(claim.domain.high))
    low, high = max(low, -END), min(high, END)
    special = anchors(reality)
    frames = [_frame(reality.meaning, anchor, special, low, high) for anchor in (None, *special)]
    tables = Tables(degree)
    bases = [_rows(reality.meaning, frame, tables, bits) for frame in frames]
    return _written(name, special, frames, bases, tables, _overrides(reality, special))


def _plain(claim: Claim) -> Reference:
    """The reference in plain blocks that end at zeros; raises `Refused` for a periodic function over many periods."""
    claim = replace(claim, accuracy=replace(claim.accuracy, floor=SPACING))
    reach = max(abs(claim.domain.low), abs(claim.domain.high)) if claim.domain is not None else math.inf
    if reach > 64 and known(claim).turns is not None:
        raise Refused("a periodic function over many periods has too many zeros: state a domain of a few")
    return known(claim, turns=False)


def _frame(meaning: Meaning, anchor: Anchor | None, special: Sequence[Anchor], low: Fraction, high: Fraction) -> Frame:
    at = Fraction(0) if anchor is None else anchor.at
    if anchor is not None:
        low, high = max(low, Fraction(anchor.low)), min(high, Fraction(anchor.high))
    with precision_of(400):
        ball = arb(exact(at.numerator)) / arb(exact(at.denominator))
    others = [] if anchor is not None else [(Fraction(other.low), Fraction(other.high)) for other in special]
    reach = max(abs(low - at), abs(high - at), Fraction(1, 2**149))
    nearest = _distance(at)
    exponents = _exponent(nearest), _exponent(reach)
    return Frame(at, ball, low - at, high - at, *exponents, tuple(others))


def _distance(at: Fraction) -> Fraction:
    """The smallest distance of a float from a point that is not that float."""
    if at == 0:
        return Fraction(1, 2**149)
    near = bits_of(float(at))
    floats = [Fraction(float_of(bits)) for bits in (near - 1, near, near + 1)]
    return min(abs(value - at) for value in floats if value != at)


def _exponent(value: Fraction) -> int:
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent if value >= Fraction(2) ** exponent else exponent - 1


# ---------------------------------------------------------------- cells


def _rows(meaning: Meaning, frame: Frame, tables: Tables, bits: int) -> int:
    """The rows of an anchor, positive distances first, exponents upwards; gives the number of the first."""
    first = len(tables.offsets)
    for sign in (1, -1):
        for exponent in range(frame.lowest, frame.highest + 1):
            tables.add(_binade(meaning, frame, sign, exponent, tables.degree, bits))
    return first


def _binade(meaning: Meaning, frame: Frame, sign: int, exponent: int, degree: int, bits: int) -> list[Cell]:
    for leading in range(MOST_BITS + 1):
        cells: list[Cell] = []
        width = Fraction(2) ** exponent / 2**leading
        for k in range(1 << leading):
            low = Fraction(2) ** exponent + k * width
            ends = sorted((sign * low, sign * (low + width)))
            cell = _cell(meaning, frame, ends[0], ends[1], degree, bits)
            if cell is None:
                break
            cells.append(cell)
        else:
            return cells
    place = float(frame.at + sign * Fraction(2) ** exponent)
    raise Refused(f"no polynomials of degree {degree} follow the function near {place:.6g}")


def _cell(meaning: Meaning, frame: Frame, low: Fraction, high: Fraction, degree: int, bits: int) -> Cell | None:
    """The polynomial on one cell of w, cut to the domain and to what no other anchor sees; None if it does not fit."""
    nothing = Cell(0.0, (math.nan, *([0.0] * degree)))
    low, high = max(low, frame.low), min(high, frame.high)
    for start, end in frame.others:
        if start <= low and high <= end:
            return nothing
        if start <= low < end:
            low = end
        if start < high <= end:
            high = start
    if low > high:
        return nothing
    if any(low < start and end < high for start, end in frame.others):
        return None
    try:
        return _fitted(meaning, frame, low, high, degree, bits)
    except Undefined:
        return nothing
    except Undecided:
        return _constant(meaning, frame, low, high, degree)


def _constant(meaning: Meaning, frame: Frame, low: Fraction, high: Fraction, degree: int) -> Cell | None:
    """Values that overflow or vanish on the whole cell, or have no value there."""
    rest = [0.0] * degree
    with precision_of(512):
        ends = ((frame.ball + _ball(low)).lower(), (frame.ball + _ball(high)).upper())
    try:
        least, most = meaning.range([ends], 512)
    except Undefined:
        return Cell(0.0, (math.nan, *rest))
    if least > HUGE or most < -HUGE:
        return Cell(0.0, (HUGE if least > HUGE else -HUGE, *rest))
    if least.is_zero() and most.is_zero():
        return Cell(0.0, (0.0, *rest))
    if (least >= 0 and most < TINY) or (most <= 0 and least > -TINY):
        return Cell(0.0, (TINY if least >= 0 else -TINY, *rest))
    return None


def _ball(value: Fraction) -> Any:
    return arb(exact(value.numerator)) / arb(exact(value.denominator))


def _fitted(meaning: Meaning, frame: Frame, low: Fraction, high: Fraction, degree: int, bits: int) -> Cell | None:
    centre = float((low + high) / 2)
    half = max(high - Fraction(centre), Fraction(centre) - low)
    precision = 160
    while True:
        with precision_of(precision):
            point = frame.ball + exact(centre)
        series = meaning.taylor(point, SERIES, precision)
        if series[0].rel_accuracy_bits() >= 60 or precision > 1300:
            break
        precision *= 2
    if not series[0].rel_accuracy_bits() >= 60 or series[0].is_zero():
        raise Undecided("the value cancels, or is 0")
    if half == 0:
        return Cell(centre, (float(series[0].mid()), *([0.0] * degree)))
    with precision_of(160):
        size = _ball(half)
        scaled = np.array([float((ball * size**k).mid()) for k, ball in enumerate(series)])
    if not np.all(np.isfinite(scaled)) or abs(scaled[0]) > HUGE * 4 or abs(scaled[0]) < TINY / 4:
        return _constant(meaning, frame, low, high, degree)
    kept, lost = _economised(scaled, degree)
    smallest = max(abs(scaled[0]) - np.abs(scaled[1:]).sum(), 0.0 if scaled[0] == 0 else 2.0**-126)
    error = lost + SERIES * (abs(scaled[-1]) + abs(scaled[-2]))
    if error > smallest * 2.0**-bits or not smallest > 0:
        return None
    coefficients = tuple(float(Fraction(float(c)) / half**k) if c else 0.0 for k, c in enumerate(kept))
    return Cell(centre, coefficients)


def _economised(scaled: Any, degree: int) -> tuple[Any, float]:
    """The polynomial on [-1, 1] cut to a degree where Chebyshev polynomials say it costs least, and what is lost."""
    waves = np.polynomial.chebyshev.poly2cheb(scaled)
    kept = np.polynomial.chebyshev.cheb2poly(waves[: degree + 1])
    kept = np.concatenate([kept, np.zeros(degree + 1 - len(kept))])
    return kept, float(np.abs(waves[degree + 1 :]).sum())


# ---------------------------------------------------------------- the program


def _overrides(reality: Reference, special: Sequence[Anchor]) -> list[tuple[int, float]]:
    """Inputs whose result is looked up: zeros, infinities, poles and ends, and floats that are anchors."""
    wanted = {*reality.ends, *reality.special}
    for anchor in special:
        at = bits_of(float(anchor.at))
        if Fraction(float_of(at)) == anchor.at:
            wanted.add(at)
    if len(wanted) > SPECIALS:
        raise Refused(f"the function has more than {SPECIALS} special inputs on its domain")
    return [(bits, _value(at_bits(reality.meaning, bits))) for bits in sorted(wanted)]


def _value(should: Expected) -> float:
    sign = -1.0 if should.sign < 0 else 1.0
    match should.kind:
        case "nan":
            return math.nan
        case "zero":
            return math.copysign(0.0, sign)
        case "infinite":
            return sign * math.inf
    return float_of(bits_of(float(should.value.mid())))


def _written(
    name: str,
    special: Sequence[Anchor],
    frames: Sequence[Frame],
    bases: Sequence[int],
    tables: Tables,
    overrides: Sequence[tuple[int, float]],
) -> Straight:
    b = Builder(name)
    x = b.parameter("x", "f32")
    row, w = _row(b, x, special, frames, bases)
    bits = b.apply("bits", w)
    fraction = bits & b.constant((1 << 52) - 1, "i64")
    shift = b.table("shifts", "i32", tables.shifts, row)
    within = b.apply("i32", b.apply("shift_right_zero", fraction, b.apply("i64", shift)))
    cell = (b.table("offsets", "i32", tables.offsets, row) + within + 1).named("cell")
    s = (w - b.table("centres", "f64", [one.centre for one in tables.cells], cell)).named("s")
    value: Value | None = None
    for k in range(tables.degree, -1, -1):
        entry = b.table(f"c{k}", "f64", [one.coefficients[k] for one in tables.cells], cell)
        value = entry if value is None else b.fma(value, s, entry)
    assert value is not None
    result = b.apply("f32", value)
    pattern = b.apply("bits", x)
    for at, number in overrides:
        result = b.select(pattern.equals(b.bits_constant(at, "i32")), number, result)
    return b.finish(b.select(x.equals(x), result, x + x))


def _row(
    b: Builder, x: Value, special: Sequence[Anchor], frames: Sequence[Frame], bases: Sequence[int]
) -> tuple[Value, Value]:
    """The row (from 1) of x, and its distance from the anchor that sees it."""
    wide = b.apply("f64", x)
    picked: dict[str, Value] = {}
    for k, (frame, base) in enumerate(zip(frames, bases, strict=True)):
        rows = frame.highest - frame.lowest + 1
        near = float(frame.at)
        numbers: dict[str, tuple[float | int, Any]] = {
            "high": (near, "f64"), "low": (float(frame.at - Fraction(near)), "f64"), "base": (base + 1, "i32"),
            "lowest": (frame.lowest + 1023, "i32"), "rows": (rows, "i32"),
        }  # fmt: skip
        values = {key: b.constant(number, type) for key, (number, type) in numbers.items()}
        if k == 0:
            picked = values
            continue
        inside = (x >= special[k - 1].low) & (x <= special[k - 1].high)
        picked = {key: b.select(inside, value, picked[key]) for key, value in values.items()}
    w = (wide - picked["high"]) - picked["low"]
    top = b.apply("i32", b.apply("shift_right_zero", b.apply("bits", w), 52))
    exponent = (top & 2047) - picked["lowest"]
    last = picked["rows"] - 1
    clamped = b.apply("min", b.apply("max", exponent, 0), last)
    negative = b.select(b.constant(2047, "i32") < top, picked["rows"], b.constant(0, "i32"))
    return (picked["base"] + negative + clamped).named("row"), w.named("w")
