"""Methods for whole claims and for goals that are no relation."""

from __future__ import annotations

from optgen.ir.claims import Claim, Rate, Stable
from optgen.proof.verdict import CONTRADICTS, Part
from optgen.proof.worker import Worker


def whole_claim(claim: Claim, seconds: float) -> Part:
    """Algebra and real arithmetic on the claim as it stands."""
    from optgen.proof.lemma import lemma
    from optgen.proof.recheck import recheck

    found = lemma(claim, seconds)
    part = Part(found.status, found.trust, tried=list(found.tried))
    if found.empty:
        part.tried.append((*CONTRADICTS, 0.0))
    if found.status == "proved":
        part.certificate = found.certificate
        part.words = recheck(found.certificate).words
    if found.status == "refuted":
        part.counterexample = {"kind": "numbers", "params": {name: str(n) for name, n in found.numbers.items()}}
    return part


def linear_goal(claim: Claim, goal: Stable | Rate, worker: Worker, seconds: float) -> Part:
    """Goals about all steps of a method that is linear but for its oracle."""
    from optgen.proof import linear_claims

    if isinstance(goal, Stable):
        return linear_claims.stable(claim, goal, worker, seconds)
    return linear_claims.rate(claim, goal, worker, seconds)
