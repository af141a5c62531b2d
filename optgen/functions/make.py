"""From what is asked of a function to its ufunc: programs, their error, the attributes that users see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.functions.definition import Definition
from optgen.functions.request import Accuracy, Domain, Request
from optgen.functions.ufunc import make_ufunc
from optgen.ir.program import Function
from optgen.ir.straight import Straight

if TYPE_CHECKING:  # what proves needs Arb, and a shipped function is made without
    from optgen.functions.bounds.interval import IntervalProof
    from optgen.functions.certificate import Claim, Proof
    from optgen.functions.held import Violation
    from optgen.functions.reference import Reference
    from optgen.functions.sweep import Progress
    from optgen.functions.two_argument_bounds import StagedProof

DTYPE = {"f32": "float32", "f64": "float64"}


def make(
    wanted: Request,
    meaning: Function,
    derivative: Callable[[int], Any],
    shipped: tuple[Straight, ...] = (),
    documentation: str = "",
    certificates: Mapping[str, Mapping[str, Any]] | None = None,
    name: str = "",
) -> np.ufunc:
    """The ufunc of a request.  `shipped` are programs that need not be searched for, one a dtype, and `certificates`
    say what was proved of them, by dtype; `name` finds it again, by default that of the request.

    Raises SpecError if no program reaches the accuracy, and for guarantees that the function contradicts or that do not
    hold of a shipped program.
    """
    if wanted.guarantees:
        _can_be_held(wanted, meaning)
    programs = {DTYPE[program.type]: program for program in shipped or (_found(wanted, meaning),)}
    if "float64" not in programs:
        programs |= in_doubles(meaning)
    # a certificate of another program says nothing, nor does one of other guarantees
    words = wanted.guarantees.words()
    kept = {
        dtype: found
        for dtype, found in (certificates or {}).items()
        if found["program"] == programs[dtype].digest
        and (dtype != "float32" or set(words) <= set(found.get("guarantees", {}).get("asked", ())))
    }
    if wanted.guarantees and shipped and "float32" not in kept:
        _look_at(programs["float32"], wanted, meaning)
    name = name or wanted.name
    record = Record(name, wanted, meaning, programs, kept)
    arguments = tuple(parameter.name for parameter in meaning.parameters)
    definition = Definition(name, arguments, programs, derivative)
    attributes = {
        "expression": meaning.doc,
        "accuracy": wanted.accuracy,
        "domain": wanted.domain,
        "guarantees": wanted.guarantees,
        "programs": programs,
        "certificate": record.certificate,
        "certificates": record.certificates,
        "error": ErrorBound(record),
        "error_of": record.error_of,
        "prove": record.prove,
        "write": record.write,
    }
    made = make_ufunc(definition, _documentation(record, documentation), attributes)
    record.attributes = made.__dict__
    return made


def _can_be_held(wanted: Request, meaning: Function) -> None:
    """SpecError where guarantees can't be decided, or are not true of the function itself."""
    from optgen.functions.held import contradiction

    if len(meaning.parameters) > 1:
        message = f"{meaning.doc} has two arguments, too many pairs to run them all for a guarantee"
        raise SpecError([Diagnostic("E0808", message, help="guarantees are of functions of one argument")])
    if said := contradiction(meaning, wanted.guarantees, wanted.domain):
        fix = "leave it out, or state a domain on which it is true"
        raise SpecError([Diagnostic("E0808", f"{meaning.doc} is not as asked: {said}", help=fix)])


def _look_at(program: Straight, wanted: Request, meaning: Function) -> None:
    """SpecError if a quick look at a program finds a guarantee broken."""
    from optgen.functions.compare import compiled, kernel_text
    from optgen.functions.held import violation
    from optgen.functions.measure import ULP

    apply = compiled(kernel_text(program), ULP).apply
    if found := violation(apply, wanted.guarantees, meaning, wanted.domain, full=False):
        raise _broken(meaning, found)


def _broken(meaning: Function, found: Violation) -> SpecError:
    message = f"{meaning.doc} does not keep `{found.guarantee}`: {found.sentence}"
    return SpecError([Diagnostic("E0809", message, help="ask for ulp=0.5: correct rounding keeps what f is")])


def _documentation(record: Record, documentation: str) -> str:
    wanted, meaning = record.wanted, record.meaning
    lines = [documentation, ""] if documentation else []
    names = ", ".join(parameter.name for parameter in meaning.parameters)
    where = f" on {wanted.domain}" if wanted.domain is not None else ""
    if len(meaning.parameters) == 1:
        also = f"; {', '.join(wanted.guarantees.words())}" if wanted.guarantees else ""
        lines.append(f"({names}) -> {meaning.doc}, to {wanted.accuracy} in float32{where}{also}.")
    elif record.certificate is not None:
        bound = f"no result is further off than {record.certificate['error at most']} ulp"
        lines.append(f"({names}) -> {meaning.doc}. In float32 {bound}, proved by interval arithmetic.")
    else:
        lines.append(f"({names}) -> {meaning.doc}, tested on samples in float32: there are too many pairs.")
    if "float64" in record.programs:
        bounded = record.double < float("inf")
        inside = f" on {record.double_domain}" if record.double_domain is not None else ""
        beyond = "; outside, nothing is claimed and a result may be NaN" if inside else ""
        lines.append(
            f"In float64 no result is further off than {record.double} ulp{inside}, proved by intervals{beyond}."
            if bounded
            else "In float64 the expression is evaluated as it is written: its error is not bounded"
            + (", and it may be NaN beyond arguments of size 128." if record.programs["float64"].tables else ".")
        )
    proves = "runs every float32 argument" if len(meaning.parameters) == 1 else "bounds it where its steps are known"
    lines += [
        "",
        f"`error` says what is known of its error, `prove()` {proves}, `write(folder)` is for C;",
        "`prove(dtype='float64')` bounds the error in float64 by interval arithmetic.",
        "Floating-point flags are neither raised nor read: a result says itself that it is infinite or not a number.",
    ]
    return "\n".join(lines)


# ---------------------------------------------------------------- search for a program


def _found(wanted: Request, meaning: Function) -> Straight:
    """The first program whose quick sweep holds; of two arguments, which can't be swept, whose samples hold."""
    from optgen.functions.certificate import Claim, known, prove
    from optgen.functions.composed import plausible
    from optgen.functions.errors import Refused
    from optgen.functions.generate import promising
    from optgen.functions.repair import repairable, repaired

    claim = Claim(meaning, wanted.accuracy, wanted.domain, guarantees=wanted.guarantees)
    reality: Reference | None = None
    reasons: list[str] = []
    for program in _offers(wanted, claim, reasons):
        if not plausible(program, claim):
            reasons.append("the best program loses too much by cancellation")
            continue
        if len(meaning.parameters) > 1:
            return program
        try:
            reality = reality or known(claim)
        except Refused as error:
            raise _unreachable(wanted, meaning, str(error)) from None
        proof = prove(program, claim, full=False, against=reality)
        if repairable(proof):
            program = repaired(program, reality.meaning, proof.findings.misrounded)
            proof = prove(program, claim, full=False, against=reality)
        if promising(proof):
            return program
        found = proof.findings
        if proof.broken is not None:
            reasons.append(f"{proof.broken.guarantee} does not hold: {proof.broken.sentence}")
            continue
        reasons.append(f"the best program has {found.error:.3g}" if found.sound else "it fails at zeros or infinities")
    raise _unreachable(wanted, meaning, reasons[-1] if reasons else "no scheme is known for it")


def _offers(wanted: Request, claim: Claim, reasons: list[str]) -> Iterator[Straight]:
    """Programs of the schemes, in floats and in doubles, then tables of polynomials; of two arguments those of known
    functions, then the expression as it is written, in doubles. `reasons` get why there is none.
    """
    from optgen.functions import two_arguments
    from optgen.functions.composed import composed
    from optgen.functions.errors import Refused
    from optgen.functions.generate import candidates
    from optgen.functions.tables import table_program

    meaning = claim.meaning
    sources: list[Callable[[], Iterator[Straight]]]
    if len(meaning.parameters) == 1:
        sources = [
            lambda: candidates("f", meaning, wanted.accuracy, wanted.domain),
            lambda: iter([table_program("f", claim)]),
        ]
    else:
        sources = [lambda: two_arguments.programs("f", meaning), lambda: iter([composed("f", meaning, "f32")])]
    for source in sources:
        try:
            yield from source()
        except Refused as error:
            reasons.append(str(error))


def in_doubles(meaning: Function) -> dict[str, Straight]:
    """The loop for float64, of an expression whose operations have formulas."""
    from optgen.functions.composed import composed
    from optgen.functions.errors import Refused

    try:
        return {"float64": composed("f", meaning, "f64")}
    except Refused:
        return {}


def _unreachable(wanted: Request, meaning: Function, reason: str) -> SpecError:
    message = f"{wanted.accuracy} is not reached for {meaning.doc}: {reason}"
    fix = "ask for less, or for a smaller domain: ulp=4, domain=(-20, 0)"
    return SpecError([Diagnostic("E0805", message, help=fix)])


# ---------------------------------------------------------------- what is known of the error


class Record:
    """What was proved of the programs of one request so far; `certificates` are those that came with them."""

    def __init__(
        self,
        name: str,
        wanted: Request,
        meaning: Function,
        programs: Mapping[str, Straight],
        certificates: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.wanted = wanted
        self.programs = programs
        self.certificates = dict(certificates)
        self.attributes: dict[str, Any] = {}  # of the ufunc

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """What was proved of the program for float32."""
        return self.certificates.get("float32")

    @property
    def double(self) -> float:
        """The bound for float64 in ulps, infinite where none was proved."""
        kept = self.certificates.get("float64")
        return float(kept["error at most"]) if kept is not None and kept["verdict"] == "proved" else float("inf")

    @property
    def double_domain(self) -> Domain | None:
        """The arguments in float64 of which something is claimed."""
        kept = self.certificates.get("float64", {}).get("domain")
        return self.wanted.domain if kept is None else Domain(float.fromhex(kept[0]), float.fromhex(kept[1]))

    @cached_property
    def claim(self) -> Claim:
        from optgen.functions.certificate import Claim

        return Claim(self.meaning, self.wanted.accuracy, self.wanted.domain, self.wanted.guarantees)

    @cached_property
    def reference(self) -> Reference:
        from optgen.functions.certificate import known

        return known(self.claim)

    @cached_property
    def quick(self) -> Proof:
        return self._swept(full=False)

    @cached_property
    def full(self) -> Proof:
        return self._swept(full=True)

    @property
    def known(self) -> Mapping[str, Any]:
        """The best certificate there is; without one, what a quick sweep finds."""
        if self.certificate is None and len(self.meaning.parameters) > 1:
            return self.samples
        return self.certificate or json.loads(self.quick.as_json())

    @cached_property
    def samples(self) -> Mapping[str, Any]:
        """What a function of two arguments is worth where it was tried."""
        from optgen.functions.certificate import Proof
        from optgen.functions.composed import sampled
        from optgen.functions.sweep import Findings

        program = self.programs["float32"]
        error, at, inputs = sampled(program, self.claim, 5_000)
        nothing = Findings(inputs, False, error, error, 0, 0, 0, 0, 0, 0, ())
        made: dict[str, Any] = json.loads(Proof(program.digest, self.claim, nothing).as_json())
        return {**made, "worst input": [value.hex() for value in at]}

    def error_of(self, results: Any, *arguments: Any) -> float:
        """The largest error of float32 results, anybody's, at these arguments: in ulps of the value, which is Arb's.

        >>> optgen.functions.exp.error_of(numpy.exp(x), x)
        """
        from optgen.functions.measure import ULP, error_at_all

        points = zip(*(np.asarray(array, np.float32).ravel().tolist() for array in arguments), strict=True)
        return error_at_all(self.meaning, ULP, list(points), np.asarray(results, np.float32).ravel().tolist())

    def _swept(self, full: bool, progress: Progress | None = None, threads: int = 2) -> Proof:
        from optgen.functions.certificate import prove
        from optgen.functions.errors import Refused

        try:
            program = self.programs["float32"]
            return prove(program, self.claim, full=full, threads=threads, progress=progress, against=self.reference)
        except (Refused, ValueError) as error:
            message = f"{self.meaning.doc} can't be proved here: {error}"
            raise SpecError([Diagnostic("E0805", message, help="state a domain")]) from None

    def prove(
        self, progress: Progress | None = None, threads: int = 2, dtype: str = "float32"
    ) -> Proof | IntervalProof | StagedProof:
        """Run every float32 argument of the domain against the bounded reference; takes seconds to minutes.

        The proof says what was found: `proof.proved`, `proof.error`, `proof.as_json()` (the certificate).  With
        `dtype="float64"` the error of the loop for doubles is bounded by interval arithmetic instead, and so is that of
        a function of two arguments, step by step.  Raises SpecError for a function that has no reference, and for one
        whose error has no bound.
        """
        if dtype == "float64":
            return self._bounded(progress)
        if len(self.meaning.parameters) > 1:
            return self._staged()
        if "full" not in self.__dict__:
            proof = self._swept(True, progress, threads)
            if proof.broken is not None:
                raise _broken(self.meaning, proof.broken)
            self.__dict__["full"] = proof
            self.certificates["float32"] = json.loads(self.full.as_json())
            self.attributes["certificate"] = self.certificate
        return self.full

    def _staged(self) -> StagedProof:
        from optgen.functions.errors import Refused
        from optgen.functions.two_argument_bounds import prove_stages

        try:
            proof = prove_stages(self.programs["float32"], self.claim)
        except Refused as error:
            message = f"{self.meaning.doc} has two arguments, too many pairs to run them all, and {error}"
            raise SpecError([Diagnostic("E0805", message, help="f.error says what samples showed")]) from None
        self.certificates["float32"] = json.loads(proof.as_json())
        self.attributes["certificate"] = self.certificate
        return proof

    def _bounded(self, progress: Progress | None) -> IntervalProof:
        from optgen.functions.bounds.interval import certify
        from optgen.functions.errors import Refused

        if "float64" not in self.programs or len(self.meaning.parameters) > 1:
            message = f"there is no bound in float64 of {self.meaning.doc}"
            raise SpecError([Diagnostic("E0805", message, help="bounds are of functions of one argument")])
        claim = self.claim
        if claim.accuracy == Accuracy(Fraction(1, 2)):
            claim = replace(claim, accuracy=Accuracy())  # correct rounding is a promise of float32
        try:
            claim = replace(claim, domain=self.double_domain)
            proof = certify(self.programs["float64"], claim, progress)
        except Refused as error:
            message = f"the error of {self.meaning.doc} in float64 can't be bounded here: {error}"
            raise SpecError([Diagnostic("E0805", message, help="state a domain")]) from None
        self.certificates["float64"] = json.loads(proof.as_json())
        return proof

    def write(self, folder: str | Path) -> list[Path]:
        """Write what the function is to a folder: plain C, header, shared library, certificate; the paths."""
        from optgen.functions.files import write

        return write(self.known, self.name, self.programs, Path(folder))


class ErrorBound:
    """What is known of a function's error, looked at when first asked for.

    `float(f.error)` is the bound in the unit of its accuracy; `f.error.proved` whether every argument was run;
    `f.error.float64` the bound in ulps of the loop for doubles on `f.error.float64_domain` (None: on all of them),
    infinite where none was proved.
    """

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def proved(self) -> bool:
        return self._record.certificate is not None and self._record.certificate["verdict"] == "proved"

    @property
    def worst(self) -> float | tuple[float, ...]:
        """The argument at which the error is largest; of two arguments those of the samples."""
        known = self._record.known
        at = known["worst input"] if "worst input" in known else self._record.samples["worst input"]
        return float.fromhex(at) if isinstance(at, str) else tuple(map(float.fromhex, at))

    @property
    def float64(self) -> float:
        return self._record.double

    @property
    def float64_domain(self) -> Domain | None:
        return self._record.double_domain

    def __float__(self) -> float:
        return float(self._record.known["error at most"])

    def __repr__(self) -> str:
        known, accuracy = self._record.known, self._record.wanted.accuracy
        if known["trust"] == "interval":
            return f"at most {float(self):.6f} ulp: proved by interval arithmetic, step by step"
        if known["trust"] == "exhaustive":
            how = f"every argument was run, {known['not correctly rounded']:,} results are not correctly rounded"
        else:
            how = "tested" + ("; prove() runs every argument" if len(self._record.meaning.parameters) == 1 else "")
        number = f"relative {float(self):.3e}" if accuracy.relative else f"{float(self):.4f} ulp"
        return f"{number}, at {self.worst!r}, {known['inputs']:,} arguments: {how}"
