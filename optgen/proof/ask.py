"""Questions about the method of a claim: its best rate, its largest parameter, where it is stable."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from optgen.ir.claims import Claim
from optgen.proof.decide import prove
from optgen.proof.domains import holds
from optgen.proof.linear import LinearMethod, lyapunov
from optgen.proof.linear_claims import LinearClaim, linear_claim
from optgen.proof.quantities import NotLinear
from optgen.proof.questions import Bracket, Cell, at_rate, best_rate, largest, stability
from optgen.proof.refute_linear import quadratic
from optgen.proof.rounding import rational

FALLS = Fraction(9999, 10000)  # of the squared rate: what counts as convergence


class OpenQuestion(ValueError):
    """A question whose numbers are not all given."""


def closed(claim: Claim, **numbers: Fraction) -> LinearClaim:
    """The method of a claim with numbers for all its symbols."""
    try:
        found = linear_claim(claim, numbers)
    except NotLinear as why:
        raise OpenQuestion(
            f"the step of {claim.owner} is not linear but for what one function answers ({why})"
        ) from None
    if found.symbols():
        raise OpenQuestion(f"give numbers for {', '.join(sorted(found.symbols()))}")
    for condition in found.constraints:
        if not holds([condition], {}):
            there = ", ".join(f"{name} = {number}" for name, number in {**claim.at, **numbers}.items())
            raise OpenQuestion(f"{condition.text} does not hold" + (f" at {there}" if there else ""))
    return found


def rate_of(claim: Claim, claimed: Fraction | None = None) -> Bracket:
    """The smallest rho^2 proved for |y - x*|^2 <= C rho^(2k), and the largest that a member refutes; of one that is
    claimed, whether it is proved.
    """
    found = closed(claim)
    if claimed is None:
        return best_rate(found.method, found.classes)
    proofs = (prove(at_rate(found.method, found.classes, history, claimed)) for history in (1, 2))
    certificate = next((proof for proof in proofs if proof is not None), None)
    return Bracket(claimed if certificate else None, None, certificate, None)


def largest_of(claim: Claim, name: str, low: Fraction, high: Fraction) -> Bracket:
    """The largest parameter for which convergence on the whole class is proved, and the smallest one refuted."""

    for end in (low, high):
        closed(claim, **{name: end})

    def prover(value: Fraction) -> object:
        found = closed(claim, **{name: value})
        for history in (1, 2):
            proof = prove(lyapunov(found.method, found.classes, FALLS, history))
            if proof is not None:
                return proof
        return None

    def refuter(value: Fraction) -> object:
        found = closed(claim, **{name: value})
        bounds = bounds_of(found)
        return None if bounds is None else quadratic(found.method, *bounds)

    return largest(prover, refuter, low, high)  # type: ignore[arg-type]


def bounds_of(found: LinearClaim) -> tuple[Fraction, Fraction] | None:
    from optgen.proof.linear_claims import curvatures

    try:
        low, high = curvatures(found.classes[found.method.oracles[0]])
    except NotLinear:
        return None
    return rational(low), rational(high)


def map_of(claim: Claim, x: str, y: str, xs: Sequence[Fraction], ys: Sequence[Fraction]) -> list[Cell]:
    """The verdict on convergence at every pair of two parameters."""
    cells = []
    for b in ys:
        for a in xs:
            found = closed(claim, **{x: a, y: b})
            method: LinearMethod = found.method
            cells.append(Cell(a, b, stability(method, found.classes)[0]))
    return cells
