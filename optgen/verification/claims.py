"""The claims of a spec with their meaning, and what is wrong with them as claims."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optgen import compiler
from optgen.diagnostics import Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim


def as_spec(spec: Spec | str | os.PathLike[str]) -> Spec:
    if isinstance(spec, compiler.Spec):
        return spec
    if isinstance(spec, str) and "\n" in spec:
        return compiler.parse(spec)
    return compiler.load(spec)


def claims_of(spec: Spec) -> tuple[Claim, ...]:
    """The claims of a spec with their meaning."""
    from optgen.passes.lower import claims

    return claims(spec.file, compiler._shipped(spec.folder))


def refuse_contradictions(claims: Sequence[Claim]) -> None:
    """SpecError with every claim whose `given` no numbers satisfy: anything would follow from it."""
    if not claims:
        return
    from optgen.proof.givens import conflict

    found = [contradiction(c, made.words, made.spans) for c in claims if (made := conflict(c)) is not None]
    if found:
        raise SpecError(found)


def irrefutable(claim: Claim) -> Diagnostic | None:
    """A refutation that would need a function of a class through given points, where no such function is known."""
    from optgen.proof.interpolation import without_interpolation

    if any(m.name in ("variance", "noise", "contractive", "unbiased") or m.members for m in claim.classes):
        return None  # claims about draws and families are tried on explicit members
    for membership in claim.classes if claim.mode == "refute" else ():
        names = {other.name for other in claim.classes if other.function == membership.function}
        loose = without_interpolation(names)
        if loose is not None:
            message = f"{claim.text!r} can't be refuted: no function in {loose} is known through points that violate it"
            fix = "refute it for a class inside this one, such as smooth_strongly_convex or quadratic"
            return Diagnostic("E0707", message, membership.span, help=fix)
    return None


def contradiction(claim: Claim, words: Sequence[str], spans: Sequence[Span]) -> Diagnostic:
    """What can't hold together, at its last condition in the text of the claim."""
    numbers = ", ".join(f"{name} = {number}" for name, number in claim.at.items())
    here = f" at {numbers}" if numbers else ""
    inside = [span for span in spans if span.start >= claim.span.start] or [claim.span]
    place = max(inside, key=lambda span: span.start)
    others = tuple((span, "and this") for span in dict.fromkeys(spans) if span != place)
    message = f"what {claim.text!r} is given can't hold{here}"
    if len(words) == 1:
        message += f": {words[0]}"
    elif words:
        message += f": nothing satisfies {', '.join(words[:-1])} and {words[-1]}"
    return Diagnostic("E0705", message, place, secondary=others, help="a proof from it would prove nothing")
