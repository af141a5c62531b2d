"""Bounds of programs of two arguments: stages bounded by interval arithmetic, and how their errors add up.

Let u = 2^-53.  A program gives f(1 + e), |e| <= E, as a double (for sums of exponentials with an absolute error A in
addition), and rounds that to float32.  Then it is within 1/2 + 2^24 E ulp of f: |f| is less than 2^24 of its ulps, and
a double that passes a power of 2 which f does not reach is nearest to that power.

length: the squares are exact, their sum is rounded once, and the root: 1 + E = (1 + u)^(3/2) < 1 + 2u.
angle: the quotient is rounded; q atan'(q) <= atan(q), so atan moves by u at most; then the stage's error a.  Taken
    from pi/2, at least pi/4 is left: pi/2 as a double is off by u, and the difference is rounded, 4u/pi + u more; from
    pi, at least pi/2 is left: 4u/pi + u more.  E = a + 6u covers the products of these.
power: log2|x| has the error a of its stage, times y one more rounding.  Where |y log2|x|| <= 160 the exponent moves by
    d = 160 ((1 + a)(1 + u) - 1), a power of 2 by 2^d - 1 < d, and the second stage has its own: 1 + E = (1 + d)(1 + b).
    Beyond 160 the result is infinite or 0 either way.
sum of exponentials: x - y is rounded, which moves log1p(e^d) by u |d| e^d/(1 + e^d) <= 0.28u; the stage adds a of at
    most log(2); beyond -200 both are below 2^-280.  The sum is rounded: E = u, A = 0.28u + 0.7a + 2^-280.  Where f is
    at least 2^-10 that is E + 2^10 A; below, errors count in ulps of 2^-10.

The formulas are about the programs that `two_arguments` writes, and a proof makes sure that it has such a one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.functions.bounds.pieces import Bound
from optgen.functions.bounds.stages import Stage, certify_stage
from optgen.functions.certificate import Claim, described
from optgen.functions.errors import Refused
from optgen.functions.request import Domain
from optgen.functions.two_arguments import FAR, recognise
from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.straight import Straight

U = Fraction(1, 2**53)
LEAST_SHARE = Domain(2.0**-280, 1.0)  # of two float32; a share of 0 is exact
LEAST = -33  # the ulp of 2^-10


def _number(value: int) -> ir.Scalar:
    return ir.constant(value, "real")


def _log2(x: ir.Scalar) -> ir.Scalar:
    return apply("div", apply("log", x), apply("log", _number(2)))


@dataclass(frozen=True, slots=True)
class Sum:
    """The stages of a family, and E from their errors; `floor`: no ulp counts as less than 2^floor."""

    stages: tuple[Stage, ...]
    total: Callable[..., Fraction]
    floor: int = -149


SUMS: Mapping[str, Sum] = {
    "length": Sum((), lambda: 2 * U),
    "angle": Sum(
        (Stage("share", "part", lambda q: apply("arctan2", q, _number(1)), "arctan(share)", LEAST_SHARE),),
        lambda a: a + 6 * U,
    ),
    "power": Sum(
        (
            Stage("size", "log", _log2, "log2(size)", Domain(2.0**-149, 2.0**128)),
            Stage("power", "made", lambda t: apply("power", _number(2), t), "2^power", Domain(-FAR, FAR)),
        ),
        lambda a, b: (1 + 160 * (a + U + a * U)) * (1 + b) - 1,
    ),
    "sum of exponentials": Sum(
        (
            Stage("apart", "more", lambda d: apply("log1p", apply("exp", d)), "log1p(exp(apart))", Domain(-200.0, 0.0)),
        ),
        lambda a: U + 2**10 * (Fraction(28, 100) * U + Fraction(7, 10) * a + Fraction(1, 2**280)),
        LEAST,
    ),
}


@dataclass(frozen=True, slots=True)
class StagedProof:
    """A claim about a program of two arguments, and what its stages prove of it."""

    program: Straight
    claim: Claim
    stages: Sequence[tuple[Stage, Bound]]
    before: Fraction

    @property
    def error(self) -> float:
        """No result is further from the value than so many ulps."""
        return above(Fraction(1, 2) + 2**24 * self.before)

    @property
    def proved(self) -> bool:
        return self.error <= self.claim.amount

    def as_json(self) -> str:
        """The certificate, the same text whenever it is made of the same program and claim."""
        return json.dumps(_data(self), indent=1) + "\n"


def prove_stages(program: Straight, claim: Claim) -> StagedProof:
    """The bound of a program of two arguments; raises `Refused` for one whose steps are not known."""
    family = recognise(claim.meaning)
    if family is None or claim.accuracy.relative or claim.accuracy.of != "float32":
        raise Refused("its steps have no formula for how their errors add up")
    if family.program(program.name, [name for name, _ in program.parameters]).digest != program.digest:
        raise Refused("it is another program than the one whose steps are known")
    rule = SUMS[family.name]
    if claim.accuracy.floor < rule.floor:
        raise Refused(f"its bound is {replace(claim.accuracy, floor=rule.floor)}: ask for that")
    found = [(stage, certify_stage(program, stage)) for stage in rule.stages]
    before = rule.total(*(Fraction(bound.error) * 2 * U for _, bound in found))  # an ulp is at most 2u of a number
    return StagedProof(program, claim, found, before)


def above(number: Fraction, digits: int = 9) -> float:
    """A number rounded up to so many digits."""
    return float(-((-number * 10**digits) // 1) / Fraction(10) ** digits)


def _data(proof: StagedProof) -> dict[str, Any]:
    return {
        "format": 1,
        "program": proof.program.digest,
        **described(proof.claim),
        "verdict": "proved" if proof.proved else "unknown",
        "trust": "interval",
        "error at most": f"{proof.error:.9f}",
        "relative error before rounding": f"2^{math.log2(proof.before):.1f}",
        "stages": [
            {
                "from": stage.source,
                "to": stage.result,
                "meaning": stage.words,
                "domain": [stage.domain.low.hex(), stage.domain.high.hex()],
                "error at most": f"{above(Fraction(bound.error), 4):.4f}",
                "pieces": bound.pieces,
            }
            for stage, bound in proof.stages
        ],
        "again": "optgen function NAME --prove",
    }
