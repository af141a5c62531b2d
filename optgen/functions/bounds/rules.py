"""What each operation of a program does to enclosures.

An operation whose declaration says `rounds` is its meaning over the reals and one rounding, unless that is a number of
the format anyhow.  The others choose, copy or take bits apart: they have a rule each, and where the choice is not the
same all over the piece they raise `Split`, which says what it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb, arb_poly

from optgen.functions.bounds.enclosures import (
    ANY_GRAIN,
    Constant,
    Enclosure,
    Form,
    Real,
    Whole,
    form_of,
    grain_of,
    half_ulp,
    least_ulp,
)  # fmt: skip
from optgen.functions.bounds.formats import FORMATS
from optgen.ir.straight import Instruction, to_bits
from optgen.ir.straight_operations import NUMPY, STRAIGHT_OPERATIONS, WIDTH, Type
from optgen.symbolic.arb import Undecided, precision_of


class Split(Exception):
    """The piece has to be cut where `decides`, of the values with these numbers, changes."""

    def __init__(self, values: tuple[int, ...], decides: Callable[..., Any]) -> None:
        super().__init__("a decision that is not the same all over the piece")
        self.values, self.decides = values, decides


def apply(number: int, instruction: Instruction, given: Sequence[Enclosure], kept: bool) -> Enclosure:
    """The enclosure of an instruction's value; `kept`: its rounding is kept apart.

    Raises `Split` or `Undecided` where the piece is too wide to say.
    """
    name = instruction.operation
    entry = STRAIGHT_OPERATIONS[name]
    if all(isinstance(value, Constant) for value in given):
        return _computed(instruction, given)  # type: ignore[arg-type]
    if any(isinstance(value, Whole) for value in given):
        if rule := INTEGER_RULES.get(name):
            return rule(number, instruction, given)
        raise Split((number,), lambda x: x)
    if rule := RULES.get(name):
        return rule(number, instruction, given)
    if entry.real is None:
        raise Undecided(f"{name} of a value that varies")
    if (known := _with_zero(name, given)) is not None:
        return known
    operands = [_finite(value) for value in given]
    form = entry.real(*(form_of(value) for value in operands))
    grain = _grain(name, [grain_of(value) for value in operands])
    low, high = _sharper(name, operands, form.ends())
    if entry.rounds:
        return rounded(number, form, low, high, instruction.type, grain, kept)
    return Real(instruction.type, form, grain, low, high)


def _sharper(name: str, operands: Sequence[Constant | Real], ends: tuple[Any, Any]) -> tuple[Any, Any]:
    """The ends of the exact result; of a product with a number also what the ends of the float values say."""
    match name, operands:
        case "mul", ([Real() as a, Constant() as b] | [Constant() as b, Real() as a]):
            by = arb(b.number)
            with precision_of(2048):
                first, last = (a.low * by, a.high * by) if by > 0 else (a.high * by, a.low * by)
            low, high = ends
            return (first if first > low else low), (last if last < high else high)
    return ends


def _with_zero(name: str, given: Sequence[Enclosure]) -> Enclosure | None:
    """What a zero among the operands leaves as it is, to the bit; None for all else."""
    zero = [isinstance(value, Constant) and value.number == 0 for value in given]
    match name, given:
        case (("add" | "sub"), [a, b]) if zero[1] and isinstance(a, Real) and a.sign:
            return a
        case "add", [a, b] if zero[0] and isinstance(b, Real) and b.sign:
            return b
        case "fma", [_, _, c] if (zero[0] or zero[1]) and isinstance(c, Real) and c.sign:
            return c
        case "mul", ([Constant() as a, Real() as b] | [Real() as b, Constant() as a]) if a.number == 0 and b.sign:
            return a if b.sign > 0 else Constant(a.type, a.bits ^ (1 << (WIDTH[a.type] - 1)))
        case (("mul" | "div"), _) if any(zero):
            raise Undecided("a zero and a value that varies")
    return None


def _computed(instruction: Instruction, given: Sequence[Constant]) -> Constant:
    """An operation on numbers: the program's own meaning."""
    arrays = []
    for value in given:
        made: Any = np.array([value.bits], dtype=bool if value.type == "bool" else f"uint{WIDTH[value.type]}")
        arrays.append(made if value.type == "bool" else made.view(NUMPY[value.type]))
    with np.errstate(all="ignore"):
        made = np.asarray(STRAIGHT_OPERATIONS[instruction.operation].numpy(np, *arrays))
    if instruction.type != "bool":
        made = made.astype(NUMPY[instruction.type], copy=False).view(f"uint{WIDTH[instruction.type]}")
    return Constant(instruction.type, int(made[0]))


def _finite(value: Enclosure) -> Constant | Real:
    if isinstance(value, Whole) or (isinstance(value, Constant) and not abs(value.number) < float("inf")):
        raise Undecided("an operation between a number that varies and one that is not finite")
    return value


def _grain(operation: str, grains: list[int]) -> int:
    """Of what the exact result is a multiple."""
    match operation, grains:
        case (("add" | "sub"), [a, b]):
            return min(a, b)
        case "mul", [a, b]:
            return a + b
        case "fma", [a, b, c]:
            return min(a + b, c)
        case (("neg" | "f32" | "f64"), [a]):
            return a
    return -ANY_GRAIN


def rounded(number: int, form: Form, low: Any, high: Any, type: Type, grain: int, kept: bool) -> Enclosure:
    """An exact value rounded to a format; exact if it is a number of the format, one number if all round to one."""
    format = FORMATS[type]
    size = max(abs(low), abs(high))
    if size > format.largest:
        return _beyond(number, low, high, type)
    if grain >= format.least and size <= arb(2) ** (grain + format.precision):
        return Real(type, form, grain, low, high)
    bottom, top = format.nearest(low), format.nearest(high)
    if bottom == top and (bottom != 0 or low > 0 or high < 0):
        return Constant(type, to_bits(bottom, type))
    error = half_ulp(low, high, format)
    made = Form(form.main, {**form.noise, number: arb_poly([error])}) if kept else form.within(error)
    return Real(type, made, max(grain, least_ulp(low, high, format)), arb(bottom), arb(top))


def _beyond(number: int, low: Any, high: Any, type: Type) -> Enclosure:
    """A value that overflows: infinite if all of it does."""
    bottom, top = FORMATS[type].nearest(low), FORMATS[type].nearest(high)
    if bottom == top:
        return Constant(type, to_bits(bottom, type))
    raise Split((number,), np.isfinite)


# ---------------------------------------------------------------- choices


def _compared(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    if any(isinstance(value, Constant) and value.number != value.number for value in given):
        return Constant("bool", int(instruction.operation == "ne"))
    low, high = _difference(*given)
    truth = COMPARISONS[instruction.operation](low, high)
    if truth is None:
        raise Split((number,), lambda truth: truth)
    return Constant("bool", int(truth))


def _difference(a: Enclosure, b: Enclosure) -> tuple[Any, Any]:
    """Between what a - b lies, roundings that they share cancelled."""
    if isinstance(a, Whole) or isinstance(b, Whole):
        (low, high), (bottom, top) = _integers(a), _integers(b)
        return low - top, high - bottom
    for value, sign in ((a, 1), (b, -1)):
        if isinstance(value, Constant) and abs(value.number) == float("inf"):
            return value.number * sign, value.number * sign
    return (form_of(a) - form_of(b)).ends()


def _integers(value: Enclosure) -> tuple[int, int]:
    if isinstance(value, Whole):
        return value.low, value.high
    if isinstance(value, Constant):
        return int(value.number), int(value.number)
    raise Undecided("an integer operation of a float")


def _decided(holds: bool, fails: bool) -> bool | None:
    return True if holds else False if fails else None


COMPARISONS: dict[str, Callable[[Any, Any], bool | None]] = {
    "lt": lambda low, high: _decided(high < 0, low >= 0),
    "le": lambda low, high: _decided(high <= 0, low > 0),
    "eq": lambda low, high: _decided(low == 0 and high == 0, low > 0 or high < 0),
    "ne": lambda low, high: _decided(low > 0 or high < 0, low == 0 and high == 0),
}


def _extreme(sign: int) -> Callable[..., Enclosure]:
    """min and max; where both are equal either is the value."""

    def rule(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
        a, b = given
        if isinstance(a, Constant) and a.number != a.number:
            return b
        low, high = _difference(a, b)
        if sign < 0:
            low, high = -high, -low
        if low >= 0:
            return a
        if high <= 0:
            return b
        raise Split(instruction.arguments, lambda x, y: (x < y) if sign < 0 else (x > y))

    return rule


def _absolute(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    (a,) = given
    if isinstance(a, Real) and a.sign:
        return a if a.sign > 0 else _negated(a)
    raise Split(instruction.arguments, np.signbit)


def _negated(a: Real) -> Real:
    return Real(a.type, -a.form, a.grain, -a.high, -a.low)


def _copied_sign(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    a, b = given
    signs = []
    for value, place in ((a, instruction.arguments[0]), (b, instruction.arguments[1])):
        if isinstance(value, Real) and value.sign:
            signs.append(value.sign)
        elif isinstance(value, Constant) and value.number == value.number:
            signs.append(int(np.copysign(1, value.number)))
        else:
            raise Split((place,), np.signbit)
    if signs[0] == signs[1]:
        return a
    if isinstance(a, Constant):
        return Constant(a.type, a.bits ^ (1 << (WIDTH[a.type] - 1)))
    assert isinstance(a, Real)
    return _negated(a)


def _to_integer(rounding: Callable[[Any], Any]) -> Callable[..., Enclosure]:
    """round_even and floor: one number, or the piece is cut."""

    def rule(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
        (a,) = given
        if isinstance(a, Real):
            bottom, top = (float(rounding(FORMATS[a.type].nearest(end))) for end in (a.low, a.high))
            if bottom == top and (bottom != 0 or a.sign):
                return Constant(a.type, to_bits(bottom if bottom else float(np.copysign(0.0, a.sign)), a.type))
        raise Split(instruction.arguments, rounding)

    return rule


def _converted(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    """Of a float to an integer, or of an integer: one number, or the piece is cut."""
    raise Split((number,), lambda x: x)


# ---------------------------------------------------------------- bits


def _bits(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    (a,) = given
    if not isinstance(a, Real) or not a.sign:
        raise Split(instruction.arguments, np.signbit)
    format = FORMATS[a.type]
    first, last = (_signed(format.to_bits(format.nearest(end)), instruction.type) for end in (a.low, a.high))
    return Whole(instruction.type, min(first, last), max(first, last), a, 0)


def _signed(bits: int, type: Type) -> int:
    return bits - (1 << WIDTH[type]) if bits >> (WIDTH[type] - 1) else bits


def _whole(value: Whole, low: int, high: int, offset: int) -> Enclosure:
    limit = 1 << (WIDTH[value.type] - 1)
    if low < -limit or high >= limit:
        raise Undecided("an integer that may wrap")
    return Whole(value.type, low, high, value.source, offset)


def _moved(sign: int) -> Callable[..., Enclosure]:
    """Integer sums with a constant."""

    def rule(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
        a, b = given
        if isinstance(b, Whole) and sign > 0:
            a, b = b, a
        if not isinstance(a, Whole) or not isinstance(b, Constant):
            raise Undecided("a sum of integers that vary")
        by = sign * int(b.number)
        return _whole(a, a.low + by, a.high + by, a.offset + by)

    return rule


def _masked(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    """With a mask of low bits: what is cut off is the same for all."""
    a, b = given
    if not (isinstance(a, Whole) and isinstance(b, Constant) and b.number >= 0 and not (b.bits & (b.bits + 1))):
        raise Undecided("bits that are not the low ones of an integer that varies")
    width = b.bits.bit_length()
    if a.low >> width != a.high >> width:
        raise Split((instruction.arguments[0],), lambda x: x >> width)
    return Whole(a.type, a.low & b.bits, a.high & b.bits, a.source, a.offset - ((a.low >> width) << width))


def _shifted(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    a, by = given
    if isinstance(a, Whole) and isinstance(by, Constant):
        count = int(by.number) % WIDTH[a.type]
        results = {_computed(instruction, [_integer(end, a.type), by]) for end in (a.low, a.high)}
        same_sign = (a.low < 0) == (a.high < 0)
        if len(results) == 1 and a.low >> count == a.high >> count and same_sign:
            return results.pop()
    raise Split((number,), lambda x: x)


def _integer(value: int, type: Type) -> Constant:
    return Constant(type, value & ((1 << WIDTH[type]) - 1))


def _from_bits(number: int, instruction: Instruction, given: Sequence[Enclosure]) -> Enclosure:
    """Bits moved by a multiple of the exponent's unit: a power of 2, as long as all stays normal."""
    (a,) = given
    if not isinstance(a, Whole):
        raise Undecided("a float from other bits")
    format, source = FORMATS[instruction.type], a.source
    exponent, rest = divmod(a.offset, 1 << (format.precision - 1))
    normal, factor = arb(2) ** format.lowest, arb(2) ** exponent
    ends = sorted((abs(source.low), abs(source.high)))
    if rest or ends[0] < normal:
        raise Undecided("bits of a float moved by no power of 2")
    if ends[0] * factor < normal or ends[1] * factor > format.largest:
        raise Split((number,), lambda x: np.signbit(x) | ~np.isfinite(x))
    low, high = source.low * factor, source.high * factor
    return Real(instruction.type, source.form.times(exponent), source.grain + exponent, low, high)


RULES: dict[str, Callable[..., Enclosure]] = {
    **dict.fromkeys(COMPARISONS, _compared),
    "min": _extreme(-1),
    "max": _extreme(1),
    "abs": _absolute,
    "copysign": _copied_sign,
    "round_even": _to_integer(np.rint),
    "floor": _to_integer(np.floor),
    **dict.fromkeys(("i32", "i64"), _converted),
    "bits": _bits,
}

INTEGER_RULES: dict[str, Callable[..., Enclosure]] = {
    **dict.fromkeys(COMPARISONS, _compared),
    "from_bits": _from_bits,
    "add": _moved(1),
    "sub": _moved(-1),
    "and": _masked,
    **dict.fromkeys(("shift_left", "shift_right", "shift_right_zero"), _shifted),
}
