"""Elementary functions as straight-line LLVM functions, so that loops over them become vector loops.

`definition(name, real)` is the text of one of NAMES for double or float; its symbol is `name.double` or `name.float`,
and `name.double.8` where it works on vectors of 8.
Arguments are reduced exactly with fused multiply-adds, then a polynomial (fit.py) is evaluated; infinities, NaN, signed
zeros and numbers below the normal range come out as in libm.  The errors over all arguments are bounded by ULPS
(tests/backends/test_llvm_math.py); `cos` and `sin` need |x| <= SMALL_ANGLE, for what lies beyond is libm's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.backends.llvm.coefficients import COEFFICIENTS
from optgen.backends.llvm.lanes import SINGLE, Lanes
from optgen.backends.llvm.scalars import SMALL_ANGLE, literal, rounded_to_single

INF, NAN = float("inf"), float("nan")
LOG_2 = Fraction("0.693147180559945309417232121458176568075500134360255254120680009")
HALF_PI = Fraction("1.570796326794896619231321691639751442098584699687552910487472296")
ULPS = {"exp": 1, "log": 1, "log1p": 1, "expm1": 2, "tanh": 2, "sin": 1, "cos": 1, "erf": 1}
USES: dict[str, tuple[str, ...]] = {"tanh": ("expm1",), "erf": ("exp",)}
NAMES = tuple(ULPS)
__all__ = ["NAMES", "SMALL_ANGLE", "ULPS", "Definition", "closure", "definition"]


@dataclass(frozen=True, slots=True)
class Format:
    """A floating-point type: bits after the point, exponent bias, and the numbers that depend on them."""

    integer: str
    digits: int
    bias: int
    lowest: float  # where exp(x) rounds to 0
    highest: float  # where exp(x) overflows
    flat: float  # where erf(x) rounds to 1
    root_half: int  # the bits of sqrt(1/2)

    @property
    def magic(self) -> float:
        """Added and taken away, it rounds to an integer and leaves it in the low bits."""
        return 1.5 * 2.0**self.digits

    @property
    def magic_bits(self) -> int:
        return ((self.bias + self.digits) << self.digits) + (1 << (self.digits - 1))


FORMATS = {
    "double": Format("i64", 52, 1023, -746.0, 710.0, 6.0, 0x3FE6A09E667F3BCD),
    "float": Format("i32", 23, 127, -104.0, 89.0, 4.0, 0x3F3504F3),
}


@dataclass(slots=True)
class Assembly:
    """The instructions of one function, by what they do."""

    real: str
    lanes: Lanes = SINGLE
    lines: list[str] = field(default_factory=list)
    declares: set[str] = field(default_factory=set)

    @property
    def format(self) -> Format:
        return FORMATS[self.real]

    @property
    def reals(self) -> str:
        return self.lanes.type(self.real)

    @property
    def integers(self) -> str:
        return self.lanes.type(self.format.integer)

    def make(self, instruction: str) -> str:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def number(self, value: float | Fraction) -> str:
        text = literal(value if isinstance(value, Fraction) else float(value), "real", self.real)
        return self.lanes.constant(self.real, text)

    def binary(self, word: str, a: str, b: str) -> str:
        return self.make(f"{word} {self.reals} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        return self.binary("fadd", a, b)

    def sub(self, a: str, b: str) -> str:
        return self.binary("fsub", a, b)

    def mul(self, a: str, b: str) -> str:
        return self.binary("fmul", a, b)

    def div(self, a: str, b: str) -> str:
        return self.binary("fdiv", a, b)

    def neg(self, a: str) -> str:
        return self.make(f"fneg {self.reals} {a}")

    def test(self, relation: str, a: str, b: float) -> str:
        return self.make(f"fcmp {relation} {self.reals} {a}, {self.number(b)}")

    def pick(self, test: str, a: str, b: str) -> str:
        return self.make(f"select {self.lanes.type('i1')} {test}, {self.reals} {a}, {self.reals} {b}")

    def call(self, function: str, *arguments: str) -> str:
        return self.make(f"call {self.reals} @{function}({', '.join(f'{self.reals} {a}' for a in arguments)})")

    def other(self, name: str, argument: str) -> str:
        """Another function of this module."""
        return self.call(self.lanes.symbol(f"{name}.{self.real}"), argument)

    def intrinsic(self, name: str, *arguments: str) -> str:
        full = f"llvm.{name}.{self.lanes.overload(self.real)}"
        self.declares.add(f"declare {self.reals} @{full}({', '.join([self.reals] * len(arguments))})")
        return self.call(full, *arguments)

    def fma(self, a: str, b: str, c: str) -> str:
        return self.intrinsic("fma", a, b, c)

    def whole(self, word: str, a: str, b: int | str) -> str:
        other = self.lanes.constant(self.format.integer, b) if isinstance(b, int) else b
        return self.make(f"{word} {self.integers} {a}, {other}")

    def bits(self, a: str) -> str:
        return self.make(f"bitcast {self.reals} {a} to {self.integers}")

    def from_bits(self, a: str) -> str:
        return self.make(f"bitcast {self.integers} {a} to {self.reals}")

    def polynomial(self, name: str, x: str) -> str:
        """Horner's scheme."""
        first, *others = COEFFICIENTS[name, self.real]
        value = self.number(first)
        for coefficient in others:
            value = self.fma(value, x, self.number(coefficient))
        return value


@dataclass(frozen=True, slots=True)
class Definition:
    """The text of a function, the other functions of this module it calls, and the declarations it needs."""

    text: str
    uses: tuple[str, ...]
    declares: tuple[str, ...]


def definition(name: str, real: str, lanes: Lanes = SINGLE) -> Definition:
    """The function `name.real` (`name.real.8` of 8 lanes); real is double or float."""
    made = Assembly(real, lanes)
    result = _FORMULAS[name](made, "%x")
    symbol = lanes.symbol(f"{name}.{real}")
    head = f"define internal {made.reals} @{symbol}({made.reals} %x) alwaysinline nounwind {{"
    text = "\n".join([head, *made.lines, f"  ret {made.reals} {result}", "}", ""])
    return Definition(text, USES.get(name, ()), tuple(sorted(made.declares)))


def write(name: str, a: Assembly, x: str) -> str:
    """The instructions of one of NAMES, written by `a`; the register of the result."""
    return _FORMULAS[name](a, x)


# ---------------------------------------------------------------- parts


def _in_parts(a: Assembly, value: Fraction, count: int, spare: int = 0) -> list[str]:
    """A number as a sum of floats; all but the last keep `spare` trailing zero bits, so small multiples are exact."""
    parts: list[str] = []
    for position in range(count):
        single = a.real == "float"
        made = Fraction(rounded_to_single(value) if single else float(value))
        if position < count - 1 and spare:
            unit = Fraction(2) ** (_exponent(made) - a.format.digits + spare)
            made = unit * (made // unit)
        parts.append(a.number(made))
        value -= made
    return parts


def _exponent(value: Fraction) -> int:
    import math

    return math.frexp(float(value))[1] - 1


def _nearest(a: Assembly, x: str, per_unit: Fraction) -> tuple[str, str]:
    """The integer n nearest to x * per_unit: as a number, and as bits of which the lowest hold it."""
    shifted = a.fma(x, a.number(per_unit), a.number(a.format.magic))
    return a.sub(shifted, a.number(a.format.magic)), a.bits(shifted)


def _clamped(a: Assembly, x: str, low: float, high: float) -> str:
    """x within bounds; NaN stays."""
    upward = a.pick(a.test("olt", x, low), a.number(low), x)
    return a.pick(a.test("ogt", upward, high), a.number(high), upward)


def _signed_integer(a: Assembly, bits: str) -> str:
    """The integer in the low half of the bits of a shifted number."""
    width = 32 if a.real == "double" else 10
    return a.whole("ashr", a.whole("shl", bits, width), width)


def _two_to(a: Assembly, exponent: str) -> str:
    return a.from_bits(a.whole("shl", a.whole("add", exponent, a.format.bias), a.format.digits))


def _exp_less_one(a: Assembly, x: str) -> tuple[str, str]:
    """x = n log 2 + r with |r| <= log(2)/2: the integer n, and e^r - 1 with what rounding r lost put back."""
    n, bits = _nearest(a, x, 1 / LOG_2)
    high, low = _in_parts(a, LOG_2, 2, spare=11 if a.real == "double" else 8)
    minus = a.neg(n)
    above, less = a.fma(minus, high, x), a.mul(n, low)
    r = a.sub(above, less)
    lost = a.sub(a.sub(above, r), less)
    tail = a.fma(a.mul(r, r), a.polynomial("exp", r), a.fma(lost, r, lost))
    return _signed_integer(a, bits), a.add(r, tail)


# ---------------------------------------------------------------- functions


def _exp(a: Assembly, x: str) -> str:
    """2^n e^r, with 2^n in two factors: results below the normal range are rounded there only."""
    n, rest = _exp_less_one(a, _clamped(a, x, a.format.lowest, a.format.highest))
    first = a.whole("ashr", n, 1)
    scaled = a.mul(a.add(rest, a.number(1.0)), _two_to(a, first))
    return a.mul(scaled, _two_to(a, a.whole("sub", n, first)))


def _expm1(a: Assembly, x: str) -> str:
    """2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)), so that 2^n is never too large."""
    n, rest = _exp_less_one(a, _clamped(a, x, -40.0, a.format.highest))
    power = _two_to(a, a.whole("sub", n, 1))
    half = a.fma(power, rest, a.sub(power, a.number(0.5)))
    tiny = a.test("olt", a.intrinsic("fabs", x), 2.0 ** -(a.format.digits + 2))
    return a.pick(tiny, x, a.add(half, half))


def _split(a: Assembly, x: str) -> tuple[str, str]:
    """x = 2^e m with m in [sqrt(1/2), sqrt(2)): e as a number, and m; for normal positive x."""
    bits = a.bits(x)
    exponent = a.whole("ashr", a.whole("sub", bits, a.format.root_half), a.format.digits)
    mantissa = a.from_bits(a.whole("sub", bits, a.whole("shl", exponent, a.format.digits)))
    shifted = a.from_bits(a.whole("add", exponent, a.format.magic_bits))
    return a.sub(shifted, a.number(a.format.magic)), mantissa


def _log_of_parts(a: Assembly, e: str, f: str, lost: str) -> str:
    """e log 2 + log(1 + f) + lost: with s = f/(2 + f), log(1 + f) = 2 atanh(s) = f - s (f - R), R small."""
    s = a.div(f, a.add(f, a.number(2.0)))
    z = a.mul(s, s)
    rest = a.mul(z, a.polynomial("log", z))
    half_square = a.mul(a.mul(f, a.number(0.5)), f)
    high, low = _in_parts(a, LOG_2, 2, spare=11 if a.real == "double" else 8)
    small = a.fma(s, a.add(half_square, rest), a.fma(e, low, lost))
    return a.fma(e, high, a.neg(a.sub(a.sub(half_square, small), f)))


def _edges(a: Assembly, x: str, made: str, pole: float) -> str:
    """What a logarithm is at its pole, below it, at infinity and for NaN."""
    below = a.pick(a.test("ult", x, pole), a.number(NAN), made)
    at_pole = a.pick(a.test("oeq", x, pole), a.number(-INF), below)
    return a.pick(a.test("oeq", x, INF), x, at_pole)


def _log(a: Assembly, x: str) -> str:
    shift = float(a.format.digits + 2)
    tiny = a.test("olt", x, 2.0 ** (1 - a.format.bias))
    e, m = _split(a, a.pick(tiny, a.mul(x, a.number(2.0**shift)), x))
    exponent = a.sub(e, a.pick(tiny, a.number(shift), a.number(0.0)))
    made = _log_of_parts(a, exponent, a.sub(m, a.number(1.0)), a.number(0.0))
    return _edges(a, x, made, 0.0)


def _log1p(a: Assembly, x: str) -> str:
    """By u = 1 + x and what this sum lost; where u needs no scaling, f = x is exact."""
    one = a.number(1.0)
    u = a.add(x, one)
    e, m = _split(a, u)
    lost = a.pick(a.test("oge", x, 1.0), a.sub(one, a.sub(u, x)), a.sub(x, a.sub(u, one)))
    near = a.test("oeq", e, 0.0)
    f = a.pick(near, x, a.sub(m, one))
    made = _log_of_parts(a, e, f, a.pick(near, a.number(0.0), a.div(lost, u)))
    tiny = a.test("olt", a.intrinsic("fabs", x), 2.0 ** -(a.format.digits + 2))
    return a.pick(tiny, x, _edges(a, x, made, -1.0))


def _tanh(a: Assembly, x: str) -> str:
    """For |x| < 1, -t/(t + 2) with t = expm1(-2|x|); beyond, 1 - 2/(t + 2) with t = expm1(2|x|)."""
    size = a.intrinsic("fabs", x)
    double = a.add(size, size)
    small = a.test("olt", size, 1.0)
    t = a.other("expm1", a.pick(small, a.neg(double), double))
    quotient = a.div(a.pick(small, a.neg(t), a.number(2.0)), a.add(t, a.number(2.0)))
    made = a.pick(small, quotient, a.sub(a.number(1.0), quotient))
    return a.intrinsic("copysign", made, x)


def _turned(a: Assembly, x: str) -> tuple[str, str, str]:
    """x = n pi/2 + r + lost with |r| <= pi/4: the bits of n, r and lost."""
    n, bits = _nearest(a, x, 1 / HALF_PI)
    first, second, third, last = _in_parts(a, HALF_PI, 4)
    minus = a.neg(n)
    above = a.fma(minus, first, x)
    product = a.mul(n, second)
    r = a.sub(above, product)
    error = a.sub(a.sub(above, r), product)
    rest = a.fma(minus, last, a.fma(minus, third, a.sub(error, a.fma(n, second, a.neg(product)))))
    total = a.add(r, rest)
    return bits, total, a.add(a.sub(r, total), rest)


def _wave(a: Assembly, x: str, quarter: int) -> str:
    """sin(x + quarter pi/2)."""
    bits, r, lost = _turned(a, x)
    z = a.mul(r, r)
    sine = a.add(r, a.fma(a.mul(z, r), a.polynomial("sin", z), lost))
    half = a.mul(z, a.number(0.5))
    top = a.sub(a.number(1.0), half)
    error = a.sub(a.sub(a.number(1.0), top), half)
    tail = a.fma(a.mul(z, z), a.polynomial("cos", z), a.fma(a.neg(r), lost, error))
    cosine = a.add(top, tail)
    turns = a.whole("add", bits, quarter)
    odd = a.whole("icmp ne", a.whole("and", turns, 1), 0)
    chosen = a.pick(odd, cosine, sine)
    flipped = a.whole("shl", a.whole("and", turns, 2), 62 if a.real == "double" else 30)
    made = a.from_bits(a.whole("xor", a.bits(chosen), flipped))
    return made if quarter else a.pick(a.test("oeq", x, 0.0), x, made)


def _erf(a: Assembly, x: str) -> str:
    """A polynomial up to 1; beyond, 1 - e^(-x^2) times a polynomial in (|x| - 2.5)/(|x| + 2.5)."""
    size = a.intrinsic("fabs", x)
    inner = a.fma(x, a.polynomial("erf", a.mul(x, x)), x)
    bounded = _clamped(a, size, 1.0, a.format.flat)
    t = a.div(a.sub(bounded, a.number(2.5)), a.add(bounded, a.number(2.5)))
    decay = a.other("exp", a.neg(a.mul(bounded, bounded)))
    outer = a.fma(a.neg(decay), a.polynomial("erfc", t), a.number(1.0))
    return a.pick(a.test("olt", size, 1.0), inner, a.intrinsic("copysign", outer, x))


_FORMULAS: dict[str, Callable[[Assembly, str], str]] = {
    "exp": _exp,
    "log": _log,
    "log1p": _log1p,
    "expm1": _expm1,
    "tanh": _tanh,
    "sin": lambda a, x: _wave(a, x, 0),
    "cos": lambda a, x: _wave(a, x, 1),
    "erf": _erf,
}


def closure(names: Sequence[str]) -> list[str]:
    """The names and those they use, each once."""
    found: list[str] = []
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.append(name)
            stack.extend(USES.get(name, ()))
    return found
