"""Methods for whole claims and for goals that are no relation."""

from __future__ import annotations

import time

from optgen.ir.claims import Claim, Rate, Stable
from optgen.proof.evaluation import Expand
from optgen.proof.verdict import CONTRADICTS, Part
from optgen.proof.worker import Worker


def whole_claim(claim: Claim, expand: Expand, seconds: float) -> Part:
    """Algebra and real arithmetic on the claim as it stands; a proof is attacked, a model of a solver is run."""
    from optgen.proof.attack_flow import attack_flows
    from optgen.proof.instances import attack_lemma, instance
    from optgen.proof.lemma import lemma_of, questions
    from optgen.proof.recheck import recheck
    from optgen.proof.refute_equations import refute_equation
    from optgen.proof.slopes import Unreadable
    from optgen.proof.written import Rejected

    try:
        asked = list(questions(claim))
    except Unreadable as stop:
        return Part(tried=[("reading", str(stop), 0.0)])
    found = lemma_of(claim, asked, seconds)
    part = Part(found.status, found.trust, tried=list(found.tried))
    if found.empty:
        part.tried.append((*CONTRADICTS, 0.0))
    if found.status == "proved":
        runs = attack_lemma(claim, asked, expand)
        doubted = attack_flows(claim, asked, expand) if claim.derived else 0
        part.certificate = found.certificate
        try:
            part.words = (*recheck(found.certificate).words, attacked(runs))
            if doubted:
                part.words += (f"what follows from the flow was found again by differences, {doubted} times",)
        except Rejected as why:
            return Part(tried=[*found.tried, ("checker", f"rejected: {why}", 0.0)])
    if found.status == "refuted" and found.question is not None:
        part.counterexample = instance(claim, found.question, found.numbers, expand)
        if part.counterexample is None:
            part.status = "unknown"
            part.tried.append(("the numbers of the solver", "the claim was not found false there", 0.0))
    if part.status == "unknown" and not found.empty and not claim.classes:
        start = time.perf_counter()
        part.counterexample = refute_equation(claim, asked, expand)
        part.status = "refuted" if part.counterexample is not None else "unknown"
        outcome = "the sides are apart" if part.counterexample is not None else "none at which an equation is false"
        part.tried.append(("random numbers", outcome, time.perf_counter() - start))
    return part


def attacked(runs: int) -> str:
    return f"run at {runs} choices of what it is about, it held" if runs else "not run: it was checked as it stands"


def linear_goal(claim: Claim, goal: Stable | Rate, expand: Expand, worker: Worker, seconds: float) -> Part:
    """Goals about all steps of a method that is linear but for its oracle."""
    from optgen.proof import linear_claims

    if isinstance(goal, Stable):
        return linear_claims.stable(claim, goal, expand, worker, seconds)
    return linear_claims.rate(claim, goal, expand, worker, seconds)
