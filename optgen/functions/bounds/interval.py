"""What interval arithmetic proves of a program: a bound of its error on every number of its domain.

A certificate says nothing of the machine or the day: made again, it is the same text.  It trusts: Arb's enclosures, the
rules of this package, LLVM's translation of the program, the processor's arithmetic; and, for zeros and infinities, the
reading of limits (`limits`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np

from optgen.functions.bounds.formats import Format
from optgen.functions.bounds.paths import Paths, Piece
from optgen.functions.bounds.pieces import Bound, bound
from optgen.functions.certificate import Claim, described
from optgen.functions.errors import Refused
from optgen.functions.limits import Expected, expected
from optgen.functions.request import Domain
from optgen.ir import nodes as ir
from optgen.ir.straight import Straight, evaluate
from optgen.symbolic.arb import Meaning

Progress = Callable[[float], None]
SPECIAL = (0.0, -0.0, float("inf"), -float("inf"), float("nan"))
GOAL = 0.88  # of the amount that is allowed: pieces with a bound below are not cut any further
DTYPE = {"f32": "float32", "f64": "float64"}


@dataclass(frozen=True, slots=True)
class IntervalProof:
    """A claim about a program, with the bound that was found; `wrong` are special inputs, results, what is right."""

    program: Straight
    claim: Claim
    found: Bound
    wrong: tuple[tuple[float, float, str], ...]

    @property
    def proved(self) -> bool:
        return not self.wrong and self.found.error <= self.claim.amount

    @property
    def error(self) -> float:
        """No result is further from the value than so many ulps."""
        return self.found.error

    def as_json(self) -> str:
        """The certificate, the same text whenever it is made of the same program and claim."""
        return json.dumps(_data(self), indent=1) + "\n"


def certify(
    program: Straight, claim: Claim, progress: Progress | None = None, watch: Progress = lambda _: None
) -> IntervalProof:
    """Bound the error of a program of one argument on its domain; takes seconds to minutes.

    `watch` is told the error of each piece, in ulps; what it raises ends the work.  Raises `Refused` where the bound
    can not be had.

    >>> certify(program, Claim(meaning, Accuracy())).proved
    True
    """
    paths, meaning = _paths(program), _meaning(claim)
    parts, beyond = _parts(program, claim, paths.format)
    found = bound(paths, meaning, _watched(parts, progress), GOAL * claim.amount, watch)
    if beyond is not None:
        worst = found if found.error >= beyond.error else beyond
        found = Bound(worst.error, worst.worst, found.pieces + beyond.pieces, found.numbers + beyond.numbers)
    return IntervalProof(program, claim, found, tuple(_wrong(program, meaning, claim.domain)))


def spot_check(program: Straight, claim: Claim, count: int, seed: int = 0) -> Bound:
    """The bound on random pieces of the domain, each of about 2^40 numbers: what a test can run again in a second."""
    paths, draw = _paths(program), Random(seed)
    parts, _ = _parts(program, claim, paths.format)
    chosen = []
    for _ in range(count):
        piece = draw.choice(parts)
        first = draw.randint(piece.first, piece.last)
        chosen.append(replace(piece, first=first, last=min(piece.last, first + 2**40)))
    return bound(paths, _meaning(claim), chosen, GOAL * claim.amount)


def _paths(program: Straight) -> Paths:
    if len(program.parameters) != 1 or program.type != program.parameters[0][1] or program.type not in DTYPE:
        raise Refused(f"{program.name} is not a program from one float to a float of the same format")
    return Paths(program)


def _parts(program: Straight, claim: Claim, format: Format) -> tuple[list[Piece], Bound | None]:
    """The pieces of the domain; of a sine or cosine of all doubles those up to NEAR, and a bound beyond."""
    from optgen.functions.bounds.turned import beyond
    from optgen.functions.doubles.circular import NEAR

    far = beyond(program, claim) if claim.domain is None and format.type == "f64" else None
    return domain_pieces(claim.domain if far is None else Domain(-NEAR, NEAR), format), far


def _meaning(claim: Claim) -> Meaning:
    if claim.accuracy.relative or claim.accuracy.of != "float32":
        raise Refused("bounds are in units in the last place of the result")
    (argument,) = claim.meaning.parameters
    ((_, result),) = claim.meaning.results
    return Meaning.of(ir.access(result), [argument])


def domain_pieces(domain: Domain | None, format: Format) -> list[Piece]:
    """All finite numbers of a domain but zero."""
    whole = Piece(1, format.infinite - 1)
    if domain is None:
        return [whole, replace(whole, negative=True)]
    made = []
    for low, high, negative in ((domain.low, domain.high, False), (-domain.high, -domain.low, True)):
        if high > 0:
            first = max(1, _bits(max(low, 0.0) + 0.0, format, up=True))
            last = min(whole.last, _bits(high, format, up=False))
            made += [Piece(first, last, negative)] if first <= last else []
    return made


def _bits(value: float, format: Format, up: bool) -> int:
    """The magnitude of the next number from a positive value, up or down."""
    if value == float("inf"):
        return format.infinite
    dtype: Any = {"f32": np.float32, "f64": np.float64}[format.type]
    bits = format.to_bits(float(dtype(value)))
    found = format.of_bits(bits)
    return bits + (found < value) if up else bits - (found > value)


def _watched(parts: Sequence[Piece], progress: Progress | None) -> Iterator[Piece]:
    """The parts cut at powers of 2^16, in the order in which they are done: what `progress` is told of."""
    step = 1 << 56
    made = []
    for part in parts:
        starts = [part.first, *range((part.first // step + 1) * step, part.last + 1, step)]
        ends = [*(start - 1 for start in starts[1:]), part.last]
        made += [replace(part, first=first, last=last) for first, last in zip(starts, ends, strict=True)]
    for number, part in enumerate(made):
        if progress is not None:
            progress(number / len(made))
        yield part
    if progress is not None:
        progress(1.0)


def _wrong(program: Straight, meaning: Meaning, domain: Domain | None) -> Iterator[tuple[float, float, str]]:
    """Special inputs of the domain at which the result is not right."""
    dtype: Any = np.dtype(DTYPE[program.type])
    inputs = [x for x in SPECIAL if domain is None or domain.low <= x <= domain.high]
    for x, y in zip(inputs, evaluate(program, [np.array(inputs, dtype)]).tolist() if inputs else [], strict=True):
        right = Expected("nan") if x != x else expected(meaning, x)
        if not agrees(y, right, dtype):
            yield x, y, str(right)


def agrees(found: float, right: Expected, dtype: Any) -> bool:
    """Whether a result is what a special input should give."""
    negative = str(found).startswith("-")
    match right.kind:
        case "nan":
            return found != found
        case "zero":
            return found == 0 and (right.sign == 0 or negative == (right.sign < 0))
        case "infinite":
            return abs(found) == float("inf") and (right.sign == 0 or negative == (right.sign < 0))
    return found == float(dtype.type(float(right.value.mid())))


def _data(proof: IntervalProof) -> dict[str, Any]:
    found, format = proof.found, Paths(proof.program).format
    return {
        "format": 1,
        "program": proof.program.digest,
        **described(proof.claim),
        "dtype": DTYPE[proof.program.type],  # whose ulps count
        "verdict": "proved" if proof.proved else "unknown",
        "trust": "interval",
        "error at most": _short(found.error),
        "worst piece": [end.hex() for end in found.worst.ends(format)],
        "pieces": found.pieces,
        "inputs": found.numbers,
        "wrong special inputs": [[repr(x), repr(y), right] for x, y, right in proof.wrong],
        "again": "optgen function EXPRESSION --prove --dtype float64, with the expression and domain above",
    }


def _short(value: float) -> str:
    """Four digits, rounded up: a bound stays a bound."""
    if not value < float("inf"):
        return repr(value)
    return f"{float(-((-Fraction(value) * 10**4) // 1) / 10**4):.4f}"
