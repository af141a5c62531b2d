"""From what is asked of a function to its ufunc: programs, their error, the attributes that users see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.functions.definition import Definition
from optgen.functions.request import Request
from optgen.functions.ufunc import make_ufunc
from optgen.ir.program import Function
from optgen.ir.straight import Straight

if TYPE_CHECKING:  # what proves needs Arb, and a shipped function is made without
    from optgen.functions.certificate import Claim, Proof
    from optgen.functions.reference import Reference
    from optgen.functions.sweep import Progress

DTYPE = {"f32": "float32", "f64": "float64"}


def make(
    wanted: Request,
    meaning: Function,
    derivative: Callable[[int], Any],
    shipped: tuple[Straight, ...] = (),
    documentation: str = "",
) -> np.ufunc:
    """The ufunc of a request.  `shipped` are programs that need not be searched for, one a dtype.

    Raises SpecError if no program reaches the accuracy.
    """
    programs = {DTYPE[program.type]: program for program in shipped or (_found(wanted, meaning),)}
    record = Record(wanted, meaning, programs)
    arguments = tuple(parameter.name for parameter in meaning.parameters)
    definition = Definition(wanted.name, arguments, programs, derivative)
    attributes = {
        "expression": meaning.doc,
        "accuracy": wanted.accuracy,
        "domain": wanted.domain,
        "programs": programs,
        "error": ErrorBound(record),
        "prove": record.prove,
        "write": record.write,
    }
    return make_ufunc(definition, _documentation(wanted, meaning, documentation, programs), attributes)


def _documentation(
    wanted: Request, meaning: Function, documentation: str, programs: Mapping[str, Straight]
) -> str:
    lines = [documentation, ""] if documentation else []
    names = ", ".join(parameter.name for parameter in meaning.parameters)
    where = f" on {wanted.domain}" if wanted.domain is not None else ""
    lines += [
        f"({names}) -> {meaning.doc}, to {wanted.accuracy}{where}; {', '.join(programs)}.",
        "",
        "`error` says what is known of its error, `prove()` runs every float32 argument, `write(folder)` is for C.",
        "Floating-point flags are neither raised nor read: a result says itself that it is infinite or not a number.",
    ]
    return "\n".join(lines)


# ---------------------------------------------------------------- search for a program


def _found(wanted: Request, meaning: Function) -> Straight:
    """The first program whose quick sweep holds."""
    from optgen.functions.certificate import Claim, known, prove
    from optgen.functions.errors import Refused
    from optgen.functions.generate import candidates

    claim = Claim(meaning, wanted.accuracy, wanted.domain)
    best: Proof | None = None
    reality: Reference | None = None
    try:
        for program in candidates("f", meaning, wanted.accuracy):
            reality = reality or known(claim)
            proof = prove(program, claim, full=False, against=reality)
            if proof.holds:
                return program
            if best is None or proof.findings.error < best.findings.error:
                best = proof
    except Refused as error:
        raise _unreachable(wanted, meaning, str(error)) from None
    if best is None:
        raise _unreachable(wanted, meaning, "no scheme is known for it")
    raise _unreachable(wanted, meaning, f"the best program has {best.findings.error:.3g}")


def _unreachable(wanted: Request, meaning: Function, reason: str) -> SpecError:
    message = f"{wanted.accuracy} is not reached for {meaning.doc}: {reason}"
    fix = "ask for less, or for a smaller domain: ulp=4, domain=(-20, 0)"
    return SpecError([Diagnostic("E0805", message, help=fix)])


# ---------------------------------------------------------------- what is known of the error


class Record:
    """What was proved of the programs of one request so far."""

    def __init__(self, wanted: Request, meaning: Function, programs: Mapping[str, Straight]) -> None:
        self.meaning = meaning
        self.wanted = wanted
        self.programs = programs
        self.full: Proof | None = None

    @cached_property
    def claim(self) -> Claim:
        from optgen.functions.certificate import Claim

        return Claim(self.meaning, self.wanted.accuracy, self.wanted.domain)

    @cached_property
    def reference(self) -> Reference:
        from optgen.functions.certificate import known

        return known(self.claim)

    @cached_property
    def quick(self) -> Proof:
        from optgen.functions.certificate import prove

        return prove(self.programs["float32"], self.claim, full=False, against=self.reference)

    @property
    def best(self) -> Proof:
        return self.full or self.quick

    def prove(self, progress: Progress | None = None, threads: int = 2) -> Proof:
        """Run every float32 argument of the domain against the bounded reference; takes seconds to minutes.

        The proof says what was found: `proof.proved`, `proof.findings.error`, `proof.as_json()` (the certificate).
        Raises SpecError for a function of two arguments or one that has no reference.
        """
        from optgen.functions.certificate import prove
        from optgen.functions.errors import Refused

        if self.full is None:
            try:
                self.full = prove(
                    self.programs["float32"], self.claim, threads=threads, progress=progress, against=self.reference
                )
            except Refused as error:
                message = f"{self.meaning.doc} can't be proved here: {error}"
                raise SpecError([Diagnostic("E0805", message, help="state a domain")]) from None
        return self.full

    def write(self, folder: str | Path) -> list[Path]:
        """Write what the function is to a folder: plain C, header, shared library, certificate; the paths."""
        from optgen.functions.files import write

        return write(self.best, self.wanted.name, self.programs, Path(folder))


class ErrorBound:
    """What is known of a function's error, looked at when first asked for.

    `float(f.error)` is the bound in the unit of its accuracy; `f.error.proved` whether every argument was run.
    """

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def proved(self) -> bool:
        return self._record.full is not None and self._record.full.proved

    @property
    def worst(self) -> float:
        """The argument at which the error is largest."""
        from optgen.functions.floats import float_of

        return float_of(self._record.best.findings.worst)

    def __float__(self) -> float:
        return float(self._record.best.findings.error)

    def __repr__(self) -> str:
        findings, measure = self._record.best.findings, self._record.claim.measure
        how = "every argument was run" if findings.full else "tested; prove() runs every argument"
        number = f"{findings.error:.3e}" if measure.kind == "relative" else f"{findings.error:.4f}"
        return f"{number} {measure}, at {self.worst!r}, {findings.inputs:,} arguments: {how}"
