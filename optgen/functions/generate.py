"""From a meaning and an accuracy to a program: the schemes are asked in turn, the cheapest program that holds is taken.

A scheme recognises its functions by analysis of the meaning, and offers programs from the cheapest on. Each is looked
at by a quick sweep (a window of every block of floats, all special inputs); the full sweep is the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from optgen.functions.certificate import Claim, Proof, known, prove
from optgen.functions.errors import Refused
from optgen.functions.request import Accuracy
from optgen.functions.schemes import circular, decaying, exponential, gaussian, logarithm, logistic, saturating
from optgen.functions.target import Target, precise
from optgen.ir import nodes as ir
from optgen.ir.program import Function
from optgen.ir.straight import Straight
from optgen.symbolic.arb import Meaning, Undecided, Undefined

Scheme = Callable[[str, Target, float], Iterator[Straight]]
SCHEMES: tuple[Scheme, ...] = (
    exponential.programs, logarithm.programs, circular.programs, saturating.programs,
    logistic.programs, decaying.programs, gaussian.programs,
)  # fmt: skip
MARGIN = 0.99
BITS = 420  # of values, so that what cancels in a meaning does not show


def target_of(meaning: Function) -> Target:
    """The meaning of a function of one argument, at exact points."""
    ((_, result),) = meaning.results
    compiled = Meaning.of(ir.access(result), list(meaning.parameters))

    def value(x: Any) -> Any:
        try:
            return compiled.value([x], BITS)
        except (Undefined, Undecided) as reason:
            raise ArithmeticError(str(reason)) from reason

    return Target(value)


def candidates(name: str, meaning: Function, accuracy: Accuracy) -> Iterator[Straight]:
    """Programs for a function, a scheme after the other, in each the cheaper first.

    They are made at the working precision, which is left as it was while they are judged.
    """
    tolerance = float(accuracy.amount)
    if not accuracy.relative:
        # half an ulp goes to the rounding of the result
        tolerance = (tolerance - 0.5 + 2.0**-6) * 2.0 ** (-8 if accuracy.of == "bfloat16" else -24)
    target = target_of(meaning)
    for scheme in SCHEMES:
        offers = scheme(name, target, tolerance)
        while True:
            with precise():
                program = next(offers, None)
            if program is None:
                break
            yield program


def promising(proof: Proof) -> bool:
    """Whether the claim holds with room for what a quick sweep has not seen."""
    findings, amount = proof.findings, proof.claim.amount
    return proof.holds and (findings.full or amount == 0.5 or findings.error <= MARGIN * amount)


def generate(name: str, claim: Claim) -> Straight:
    """A program for which a quick sweep finds the claim to hold; raises Refused if no scheme has one."""
    reference = known(claim)
    seen = []
    for program in candidates(name, claim.meaning, claim.accuracy):
        proof = prove(program, claim, full=False, against=reference, threads=1)
        if promising(proof):
            return program
        seen.append(proof.findings.error)
    best = f"; the best that was tried has {min(seen):.3g}" if seen else ""
    raise Refused(f"no scheme computes {claim.meaning.doc} to {claim.accuracy}{best}")
