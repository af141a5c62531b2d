"""Claims verified, composed as solvers are in compiler.py: text -> claims over Programs -> verdicts.

`claims` reads them, `replays` runs counterexamples as compiled solvers, `pictures` draws them, `kept` has on disk what
was found before, `errors` runs programs of floats, `questions` asks for the largest step, the best rate, the map.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from optgen.diagnostics import Diagnostic, SpecError
from optgen.verification.claims import as_spec, claims_of, contradiction, irrefutable, refuse_contradictions
from optgen.verification.kept import SECONDS, Kept, known
from optgen.verification.pictures import pictures
from optgen.verification.questions import best_rate, largest, stability_map
from optgen.verification.replays import differentiated, replay

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.proof.pictures import Graph as Graph
    from optgen.proof.pictures import Picture as Picture
    from optgen.proof.verdict import Verdict
    from optgen.proof.worker import Worker

__all__ = [
    "as_spec", "best_rate", "claims_of", "differentiated", "known", "largest", "pictures", "replay", "stability_map",
    "verdicts", "verify",
]  # fmt: skip


def verify(spec: Spec | str | os.PathLike[str], seconds: float = SECONDS, cache: bool = True) -> tuple[Verdict, ...]:
    """A verdict on every claim of a spec, in the order of the text.

    for verdict in optgen.verify(optgen.load("specs/gradient_descent.opt")):
        print(verdict.claim, verdict.verdict, verdict.trust)

    proved: `certificate` is the proof, checked again by `optgen.proof.check`; refuted: `counterexample` was run;
    unknown: `tried` says what came of each method.  `seconds` is the limit of one attempt.  Raises SpecError with
    everything that is wrong with the spec.
    """
    return tuple(verdicts(spec, seconds, cache))


def verdicts(spec: Spec | str | os.PathLike[str], seconds: float = SECONDS, cache: bool = True) -> Iterator[Verdict]:
    """The verdicts of `verify` as they come."""
    from optgen.proof.worker import Worker

    given = as_spec(spec)
    claims = claims_of(given)
    store = Kept(given.file.span.source.text, seconds) if cache else None
    kept = {} if store is None else {claim.span: store.get(claim.text, claim.span) for claim in claims}
    refuse_contradictions([claim for claim in claims if kept.get(claim.span) is None])
    wrong: list[Diagnostic] = []
    with Worker() as worker:
        for claim in claims:
            found = kept.get(claim.span)
            if found is None:
                found = fresh(given, claim, worker, seconds)
                if store is not None:
                    store.put(claim.span, found)
            complaint = unusable(claim, found)
            if complaint is None:
                yield found
            else:
                wrong.append(complaint)
    if wrong:
        raise SpecError(wrong)


def fresh(spec: Spec, claim: Claim, worker: Worker, seconds: float) -> Verdict:
    """The verdict on a claim of which nothing is known yet."""
    from optgen.proof.verify import Tools, decided
    from optgen.verification.errors import measured

    tools = Tools(differentiated, lambda c, example: replay(spec, c, example), measured)
    return decided(claim, tools, worker, seconds)


def unusable(claim: Claim, found: Verdict) -> Diagnostic | None:
    """What is wrong with a claim that has no verdict: its givens contradict each other, or nothing could refute it."""
    from optgen.proof.verdict import CONTRADICTS

    if any(tried[:2] == CONTRADICTS for tried in found.tried):
        return contradiction(claim, (), ())
    return irrefutable(claim) if found.verdict == "unknown" else None
