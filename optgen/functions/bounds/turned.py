"""The error of sine and cosine in doubles beyond the numbers that pieces reach: all quarter turns at once.

A result is the function of r = high + low, the radians left when quarter turns are taken off (`doubles.turns`), so the
bound has two parts, which know nothing of which quarter it is:

- `closest`: how near a double comes to a multiple of a quarter turn.  With m below 2^53 and alpha = 2^k 2/pi the least
  |m alpha - n| is that of a convergent of alpha (best approximation), found for each k from an enclosure of 2/pi.  It
  keeps what the reduction leaves out small beside r.
- `kernel_error`: both polynomials as programs of (high, low), high in pieces, low any number up to half an ulp of high.
  Their last step is one sum: if the exact sum z is within e ulps of f, e below 1/2, its rounding is within 1/2 + e
  (where f is below a power of 2 and z is not, the result is that power, and nearer).

The text of `doubles.turns` says why the reduction is exact to RELATIVE; it holds for the program that
`doubles.circular` writes and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from flint import arb, arb_poly

from optgen.functions.bounds.enclosures import Form, Real, ends, form_of
from optgen.functions.bounds.formats import FORMATS, binade
from optgen.functions.bounds.paths import Paths, Piece
from optgen.functions.bounds.pieces import ORDER, PRECISION, Bound
from optgen.functions.certificate import Claim
from optgen.functions.doubles import circular
from optgen.functions.doubles.pairs import Pair
from optgen.functions.errors import Refused
from optgen.functions.schemes.circular import recognise
from optgen.functions.target import ball, precise, target_of, to_fraction
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value
from optgen.symbolic.arb import Undecided, exact, precision_of

FORMAT = FORMATS["f64"]
RELATIVE = Fraction(1, 2**72)  # of r: what the reduction may be off, if no multiple is nearer than LEAST
LEAST = Fraction(1, 2**63)  # quarter turns
MOST = Fraction(7854, 10_000)  # above pi/4 and what rounding adds
GOAL = 0.96  # pieces with a bound below are not cut any further
HALVINGS = 6  # of a piece on which nothing is left but the bound itself


def beyond(program: Straight, claim: Claim) -> Bound | None:
    """The bound on all finite doubles beyond circular.NEAR; None for a function that is no sine or cosine.

    Raises `Refused` for another program than the one that is known.
    """
    with precise():
        scheme = recognise(target_of(claim.meaning))
        if scheme is None:
            return None
        known = circular.program(program.name, scheme.quarters, program.parameters[0][0])
    if known.digest != program.digest:
        raise Refused(f"a bound beyond {circular.NEAR:g} is of the program that doubles/circular writes")
    if not all(closest(exponent) > LEAST for exponent in range(4, 1024)):
        raise Refused("a double is too near to a multiple of a quarter turn")
    worst = max((kernel_error(kernel) for kernel in kernels()), key=lambda found: found.error)
    first = FORMAT.to_bits(circular.NEAR) + 1
    count = 2 * (FORMAT.infinite - first)
    return Bound(worst.error, Piece(first, FORMAT.infinite - 1), worst.pieces, count)


# ---------------------------------------------------------------- how near a double comes


@cache
def _two_over_pi() -> tuple[Fraction, Fraction]:
    with precise(1400):
        number = 1 / (ball(1).atan() * 2)
        width = to_fraction(number.rad()) if not number.is_exact() else Fraction(0)
        middle = to_fraction(number)
    return middle - width, middle + width


def closest(exponent: int) -> Fraction:
    """Below the distance, in quarter turns, of any double in [2^exponent, 2^(exponent + 1)) from a whole number."""
    scale = Fraction(2) ** (exponent - 52)
    low, high = (end * scale for end in _two_over_pi())
    least = Fraction(1)
    for p, q in _convergents(low, high):
        if q >= 2**53:
            return least
        least = min(least, abs(q * low - p), abs(q * high - p))
    raise Refused("2/pi is not known to enough bits")


def _convergents(low: Fraction, high: Fraction) -> Iterator[tuple[int, int]]:
    """The convergents that all numbers of an interval share."""
    before, last = (0, 1), (1, 0)
    while True:
        whole = low.numerator // low.denominator
        if whole != high.numerator // high.denominator:
            return
        before, last = last, (whole * last[0] + before[0], whole * last[1] + before[1])
        yield last
        low, high = low - whole, high - whole
        if low == 0 or high == 0:
            return
        low, high = 1 / high, 1 / low


# ---------------------------------------------------------------- what the polynomials lose


@dataclass(frozen=True, slots=True)
class Kernel:
    """A program of (high, low) whose last step is a sum, the function f that it computes and f'."""

    program: Straight
    function: Callable[[Any], Any]
    slope: Callable[[Any], Any]


def kernels() -> tuple[Kernel, Kernel]:
    """Sine and cosine of an eighth of a turn, as `doubles.circular` writes them."""
    with precise():
        return (
            Kernel(_kernel(circular.sine), lambda s: s.sin(), lambda s: s.cos()),
            Kernel(_kernel(circular.cosine), lambda s: s.cos(), lambda s: 0 - s.sin()),
        )


def _kernel(written: Callable[[Builder, Pair, Value], Value]) -> Straight:
    b = Builder("kernel")
    high, low = b.parameter("high", "f64"), b.parameter("low", "f64")
    return b.finish(written(b, Pair(high, low), high * high))


def kernel_error(kernel: Kernel) -> Bound:
    """The error in ulps for high from LEAST to MOST; for negative ones it is the same, with all signs turned."""
    turn = Fraction(3, 2)  # below pi/2: radians of a quarter turn
    first, last = FORMAT.to_bits(float(LEAST * turn)) - 1, FORMAT.to_bits(float(MOST))
    waiting, found = [(Piece(first, last), 0)], Bound(0.0, Piece(first, first), 0, last - first + 1)
    while waiting:
        piece, depth = waiting.pop()
        try:
            with precision_of(PRECISION, ORDER):
                error = _on(kernel, piece)
        except Undecided:
            if piece.first == piece.last:
                raise
            error, depth = float("inf"), depth - 1
        if error > GOAL and piece.first < piece.last and depth < HALVINGS:
            middle = _middle(piece)
            waiting += [(Piece(piece.first, middle - 1), depth + 1), (Piece(middle, piece.last), depth + 1)]
            continue
        worst = (error, piece) if error > found.error else (found.error, found.worst)
        found = Bound(*worst, found.pieces + 1, found.numbers)
    return found


def _middle(piece: Piece) -> int:
    """Where a piece is cut: at a power of 2 if it holds one."""
    middle, unit = (piece.first + piece.last + 1) // 2, 1 << (FORMAT.precision - 1)
    rounded = round(middle / unit) * unit
    return rounded if piece.first < rounded <= piece.last else middle


def _on(kernel: Kernel, piece: Piece) -> float:
    """Half an ulp and what the exact last sum is off, on one piece."""
    low, high = (Fraction(end) for end in piece.ends(FORMAT))
    paths = Paths(kernel.program)
    size = exact(high) * arb(2) ** -53
    second = Real("f64", Form(arb_poly([0]), {1: arb_poly([size])}), FORMAT.least, -size, size)
    known = {0: paths._argument(piece), 1: second}
    last = kernel.program.instructions[kernel.program.result]
    assert last.operation == "add"
    first, other = (form_of(paths._value(number, known)) for number in last.arguments)  # type: ignore[arg-type]
    centre, half = exact((low + high) / 2), exact((high - low) / 2)
    main, slope = (_taylor(f, centre, half) for f in (kernel.function, kernel.slope))
    wanted = Form(main, {1: slope * size}).within(size * size + exact(RELATIVE) * exact(high))
    off = (first + other - wanted).size()
    least = ends(main)[0] - size - size
    if not least > 0:
        raise Undecided("a value that may be 0")
    in_ulps = (off / arb(2) ** FORMAT.ulp_exponent(binade(least.lower()))).upper()
    if not in_ulps < 0.5:
        raise Undecided("half an ulp or more before the last rounding")
    return 0.5 + float(in_ulps) * (1 + 2.0**-50)


def _taylor(function: Callable[[Any], Any], centre: Any, half: Any) -> Any:
    """A polynomial in t that holds the function at centre + half*t: its derivatives are at most 1."""
    from flint import arb_series

    made = function(arb_series([centre, half], prec=ORDER))
    coefficients = [*made.coeffs()]
    rest, factor = arb(1), arb(1)
    for k in range(1, ORDER + 1):
        rest, factor = rest * half, factor * k
    return arb_poly(coefficients) + arb(0, (rest / factor).abs_upper())
