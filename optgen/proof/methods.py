"""Methods for whole claims and for goals that are no relation: a table each, tried in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optgen.ir.claims import Claim, Rate, Stable

if TYPE_CHECKING:
    from optgen.proof.verify import Part
    from optgen.proof.worker import Worker


def whole_claim(claim: Claim, seconds: float) -> Part | None:
    """Algebra and real arithmetic on the claim as it stands; None where no method of this kind applies."""

    return None


def linear_goal(claim: Claim, goal: Stable | Rate, worker: Worker, seconds: float) -> Part:
    from optgen.proof.verify import Part

    return Part(tried=[("reading", "no method for this kind of goal", 0.0)])
