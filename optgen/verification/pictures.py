"""What can be drawn of counterexamples: the function and the iterates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optgen.verification.claims import as_spec, claims_of
from optgen.verification.replays import floats, sides_in_words, solver_of

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.proof.pictures import Picture
    from optgen.proof.verdict import Verdict

DRAWN = 24  # steps of a method that should converge
DRAWN_KINDS = {"QuadraticFunction", "PiecewiseLinearGradient", "Interpolant", "Samples"}


def pictures(spec: Spec | str | os.PathLike[str], verdicts: Sequence[Verdict]) -> list[tuple[Verdict, Picture]]:
    """What can be drawn of the counterexamples among verdicts on a spec: in one or two dimensions."""
    from optgen.proof.members import rebuilt
    from optgen.proof.pictures import picture

    given = as_spec(spec)
    claims = {claim.span: claim for claim in claims_of(given)}
    found = []
    for verdict in verdicts:
        claim = claims.get(verdict.span) if verdict.span is not None else None
        example = verdict.counterexample
        run = (example or {}).get("run") or {}
        if claim is None or example is None or not run.get("states") or "inputs" not in run:
            continue
        if not {data["kind"] for data in example["functions"].values()} <= DRAWN_KINDS:
            continue
        (state, *_), path = run["states"], orbit(given, claim, example)
        functions = {name: rebuilt(data).function for name, data in example["functions"].items()}
        title = f"{claim.owner}: {claim.text}"
        note = sides_in_words(run) if "operator" in run else str(example["violated"])
        made = picture(title, note, state, path, int(example.get("period") or 0), functions)
        found += [(verdict, made)] if made is not None else []
    return found


def orbit(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> Any:
    """The iterates of the first state, one a row, as a compiled solver makes them."""
    import numpy as np

    run = example["run"]
    several = int(run.get("steps") or 0)
    solver = solver_of(spec, claim, example, several == 0)
    numbers = {name: floats(item) for name, item in run["inputs"].items()}
    states = {name: floats(item) for name, item in run["states"].items()}
    (first, *_) = states
    count = several or (min(run["growth"]["steps"], DRAWN) if "growth" in run else 1)
    seen = [states[first]]
    for k in range(1, count + 1):
        result = solver(steps=k, tol=0.0, **run.get("dims", {}), **numbers, **states)
        seen.append(np.asarray(getattr(result, first)))
    return np.array(seen)
