"""What a sweep proved, as data: the program by its digest, the meaning as text, the claim, what was found.

A certificate says nothing of the machine or the day: made again, it is the same text (the file's test).  It trusts:
this reference (Arb's enclosures, the bounds of `reference` and `turns`), LLVM's translation of the program, the
processor's arithmetic; and, for the handful of special inputs, the reading of limits (`limits`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.functions import held
from optgen.functions.compare import compiled, kernel_text
from optgen.functions.floats import INFINITE, SIGN, bits_of, float_of
from optgen.functions.guarantees import NONE, Guarantees
from optgen.functions.measure import Measure
from optgen.functions.reference import Reference, audit, reference
from optgen.functions.request import Accuracy, Domain
from optgen.functions.sweep import Findings, Progress, sweep
from optgen.ir import nodes as ir
from optgen.ir.printer import print_function
from optgen.ir.program import Function
from optgen.ir.straight import Straight

FORMAT = 1
FINITE_END = 0x7F7FFFFF
AUDITED = 100  # random inputs at which the reference is held against Arb before it judges


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked of a program: its meaning, an accuracy, a domain (None: all floats), and guarantees."""

    meaning: Function
    accuracy: Accuracy
    domain: Domain | None = None
    guarantees: Guarantees = NONE

    @property
    def measure(self) -> Measure:
        return Measure("relative" if self.accuracy.relative else "ulp", self.accuracy.floor)

    @property
    def amount(self) -> float:
        """The largest error allowed, in the unit of the measure (ulps of bfloat16 are 2^16 of float32)."""
        return float(self.accuracy.amount * (2**16 if self.accuracy.of == "bfloat16" else 1))


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim about a program with what the sweep found; `proved` only if every input was run and the claim holds."""

    program: str
    claim: Claim
    findings: Findings
    broken: held.Violation | None = None

    @property
    def holds(self) -> bool:
        """Whether the claim held on all inputs that were run."""
        return self.findings.holds(self.claim.amount) and self.broken is None

    @property
    def proved(self) -> bool:
        return self.findings.full and self.holds

    @property
    def error(self) -> float:
        """The largest error that was found, in the unit of the claim."""
        return self.findings.error

    def as_json(self) -> str:
        """The certificate, the same text whenever it is made of the same program and claim."""
        return json.dumps(_data(self), indent=1) + "\n"


def known(claim: Claim, turns: bool = True) -> Reference:
    """The reference of a claim on its domain; raises `Refused`.  The same for every program: keep it.

    Without `turns` periodic functions are in plain blocks too, which only small domains allow.
    """
    (argument,) = claim.meaning.parameters
    ((_, result),) = claim.meaning.results
    expression = ir.access(result)
    if claim.domain is None:
        return reference(expression, argument, turns=turns, floor=claim.accuracy.floor)
    ranges, ends = _bits(claim.domain)
    found = reference(expression, argument, ranges, ends, turns, claim.accuracy.floor)
    if not claim.domain.strict:
        return found
    return replace(found, undefined=(*found.undefined, *_outside(claim.domain, ranges)))


def _outside(domain: Domain, ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The floats beyond a domain as (first, count), infinities and zeros among them; `ranges` are those within."""
    for sign, end in ((0, domain.high), (SIGN, domain.low)):
        inside = [(first & ~SIGN, last & ~SIGN) for first, last in ranges if first & SIGN == sign]
        low, high = inside[0] if inside else (1, 0)
        low, high = (0 if domain.low <= 0 <= domain.high else low), (INFINITE if abs(end) == float("inf") else high)
        pieces = [(0, low - 1), (high + 1, INFINITE)]
        yield from ((sign | first, last - first + 1) for first, last in pieces if first <= last)


def _bits(domain: Domain) -> tuple[list[tuple[int, int]], tuple[int, ...]]:
    """The floats of a domain as ranges of bits of one sign, without zeros and infinities; and those among its ends."""
    low, high = bits_of(domain.low), bits_of(domain.high)
    ranges, ends = [], []
    if domain.high > 0:
        first = _at_least(domain.low) if domain.low > 0 else 1
        ranges.append((first, min(_at_most(domain.high), FINITE_END)))
    if domain.low < 0:
        first = _at_least(-domain.high) if domain.high < 0 else 1
        ranges.append((SIGN | first, SIGN | min(_at_most(-domain.low), FINITE_END)))
    if domain.low <= 0 <= domain.high:
        ends += [0, SIGN]
    ends += [bits for bits in (low, high) if abs(float_of(bits)) == float("inf")]
    return [(first, last) for first, last in ranges if first <= last], tuple(ends)


def _at_least(value: float) -> int:
    """The bits of the smallest float >= a positive value."""
    bits = bits_of(value)
    return bits if float_of(bits) >= value else bits + 1


def _at_most(value: float) -> int:
    bits = bits_of(value)
    return bits if float_of(bits) <= value else bits - 1


def prove(
    program: Straight,
    claim: Claim,
    *,
    full: bool = True,
    threads: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
    against: Reference | None = None,
) -> Proof:
    """Run the program over the floats of its domain, all of them unless `full` is False, against the bounded reference.

    Raises `Refused` where there is no reference, ValueError for a program that is not float32 to float32.

    >>> prove(program, Claim(meaning, Accuracy())).proved
    True
    """
    if program.type != "f32" or [type for _, type in program.parameters] != ["f32"]:
        raise ValueError(f"{program.name} is not a program from one float32 to a float32")
    comparison, reality = compiled(kernel_text(program), claim.measure), against or known(claim)
    if broken := audit(reality, AUDITED, seed):
        raise AssertionError(f"the reference of {claim.meaning.doc} is wrong at {float_of(broken[0])!r}")
    findings = sweep(
        comparison,
        reality,
        claim.measure,
        full=full,
        threads=threads,
        seed=seed,
        progress=progress,
    )
    asked = claim.guarantees
    against_it = held.violation(comparison.apply, asked, claim.meaning, claim.domain, full) if asked else None
    return Proof(program.digest, claim, findings, against_it)


def described(claim: Claim) -> dict[str, Any]:
    """What is claimed, as data."""
    return {
        "meaning": claim.meaning.doc,
        "expression": print_function(claim.meaning).splitlines(),
        "accuracy": {"amount": str(claim.accuracy.amount), "relative": claim.accuracy.relative,
                     "of": claim.accuracy.of, "floor": claim.accuracy.floor},
        "domain": None if claim.domain is None else [claim.domain.low.hex(), claim.domain.high.hex()],
        **({"beyond": "nan"} if claim.domain is not None and claim.domain.strict else {}),
    }  # fmt: skip


def _data(proof: Proof) -> dict[str, Any]:
    found = proof.findings
    return {
        "format": FORMAT,
        "program": proof.program,
        **described(proof.claim),
        "verdict": "proved" if proof.proved else "tested" if proof.holds else "refuted",
        "trust": "exhaustive" if found.full else "sampled",
        "inputs": found.inputs,
        "error at most": _short(found.error),
        "worst input": float_of(found.worst).hex(),
        "error there": _short(found.exact),
        "not correctly rounded": found.rounded_wrong,
        "undecided": found.unknown,
        "numbers for nan or nan for numbers": found.nan,
        "wrong signs of zero": found.sign,
        **({"guarantees": held.with_found(proof.claim.guarantees, proof.broken)} if proof.claim.guarantees else {}),
        "special inputs": found.special,
        "wrong special inputs": [[f"{wrong.bits:08x}", repr(wrong.found), wrong.expected] for wrong in found.wrong],
        "binades": [f"{key:03x} {_short(error)} {wrong}" for key, error, wrong in found.binades],
        "again": "optgen function EXPRESSION --prove, with the expression, accuracy and domain above",
    }  # fmt: skip


def _short(value: float) -> str:
    """Seven digits, rounded up: a bound stays a bound."""
    if value != value or value in (float("inf"), 0.0):
        return repr(value)
    scale = Fraction(10) ** 7
    return f"{float(-((-Fraction(value) * scale) // 1) / scale):.7f}"


def same(certificate: str, proof: Proof) -> bool:
    """Whether a kept certificate is what this proof says."""
    found: Mapping[str, Any] = json.loads(certificate)
    again: Mapping[str, Any] = json.loads(proof.as_json())
    return dict(found) == dict(again)
