"""From a meaning and an accuracy to a program: the schemes are asked in turn, the cheapest program that holds is taken.

A scheme recognises its functions by analysis of the meaning, and offers programs from the cheapest on. Each is looked
at by a quick sweep (a window of every block of floats, all special inputs); the full sweep is the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from optgen.functions.certificate import Claim, Proof, known, prove
from optgen.functions.composed import composed
from optgen.functions.errors import Refused
from optgen.functions.repair import with_ends
from optgen.functions.request import Accuracy, Domain
from optgen.functions.schemes import (
    angle,
    arc,
    area,
    bell_logarithm,
    binades,
    circular,
    decaying,
    ended,
    exponential,
    gated,
    gaussian,
    hyperbolic,
    logarithm,
    logistic,
    mapped,
    octaves,
    power,
    ratio,
    reflected,
    roots,
    saturating,
    shifted_exponential,
    shifted_logarithm,
    tangent,
    turning,
    wide_angle,
    wide_exponential,
    wide_hyperbolic,
    wide_logarithm,
)
from optgen.functions.schemes.joined import joined
from optgen.functions.target import Target, precise, target_of
from optgen.ir.program import Function
from optgen.ir.straight import Straight

Scheme = Callable[[str, Target, float], Iterator[Straight]]
SCHEMES: tuple[Scheme, ...] = (
    exponential.programs, logarithm.programs, circular.programs, saturating.programs,
    logistic.programs, decaying.programs, turning.programs,
    angle.programs, arc.programs, hyperbolic.programs, ratio.programs, area.programs,
)  # fmt: skip
PLAIN: tuple[Scheme, ...] = (
    shifted_exponential.programs, shifted_logarithm.programs, roots.programs, gated.programs,
    gaussian.programs, bell_logarithm.programs, reflected.programs, octaves.programs,
)  # fmt: skip
DOUBLE: tuple[Callable[[str, Target], Iterator[Straight]], ...] = (
    wide_exponential.programs, wide_logarithm.programs, wide_hyperbolic.programs, wide_angle.programs,
    mapped.programs, power.programs, ended.programs, tangent.programs,
)  # fmt: skip
MARGIN = 0.96


def candidates(name: str, meaning: Function, accuracy: Accuracy, domain: Domain | None = None) -> Iterator[Straight]:
    """Programs for a function, a scheme after the other, in each the cheaper first.

    Those in float32 come first, and are left out where correct rounding is asked for; of some only the plain case is in
    float32. Then come those in doubles, and the expression as it is written, the cheaper first; then cells on the
    domain; then the expression with operations that are cells themselves. They are made at the working precision, which
    is left as it was while they are judged.
    """
    target = target_of(meaning)
    rounded = accuracy == Accuracy(Fraction(1, 2))
    whole, plain = ((), ()) if rounded else (SCHEMES, PLAIN)
    for scheme in whole:
        yield from _precisely(scheme(name, target, _tolerance(accuracy)))
    offers = [scheme(name, target, _tolerance(accuracy)) for scheme in plain]
    cases = [case for offer in offers for case in _precisely(offer)]
    with precise():
        wide = [with_ends(program, meaning) for scheme in DOUBLE for program in scheme(name, target)]
    written = _as_written(name, meaning, cells=False)
    ordered = sorted([*wide, *written], key=cost)
    for rest in ordered:
        yield from (joined(case, rest) for case in cases)
    yield from ordered
    yield from binades.programs(name, meaning, domain, binades.ROUNDED if rounded else binades.FLOAT)
    if not written:
        yield from _as_written(name, meaning)


def _tolerance(accuracy: Accuracy) -> float:
    """The relative error that a polynomial may have: half an ulp goes to the rounding of the result."""
    if accuracy.relative:
        return float(accuracy.amount)
    return (float(accuracy.amount) - 0.5 + 2.0**-6) * 2.0 ** (-8 if accuracy.of == "bfloat16" else -24)


def _precisely(offers: Iterator[Straight]) -> Iterator[Straight]:
    """The same programs, each made at the working precision."""
    while True:
        with precise():
            program = next(offers, None)
        if program is None:
            return
        yield program


def _as_written(name: str, meaning: Function, cells: bool = True) -> list[Straight]:
    try:
        return [composed(name, meaning, "f32", cells)]
    except Refused:
        return []


DEAR = {"div": 8, "sqrt": 8, "table": 6}  # of additions


def cost(program: Straight) -> int:
    """Roughly, what a program takes on plain arguments, in additions."""
    ends = (program.result,) if program.plain is None else (program.plain.condition, program.plain.value)
    return sum(DEAR.get(program.instructions[number].operation, 1) for number in program.live(*ends))


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
