"""Goals about all steps of a method: the linear form that was proved of is compared with the step itself.

`attack_form`: the step runs on unit vectors for its states and for what its function answers, and must give the
entries of A, B, C, D again.  `attack_stable`, `attack_rate`: it runs on members of the class; what the certificate says
must hold of them, in exact arithmetic.  What fails is an error of optgen, never a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

from optgen.ir import nodes as ir
from optgen.ir.claims import Claim
from optgen.ir.program import Program
from optgen.proof.attack import MEMBERS, MistranslatedError, sample
from optgen.proof.domains import holds
from optgen.proof.evaluation import Evaluation, Expand
from optgen.proof.examples import PiecewiseLinearGradient
from optgen.proof.members import Diagonal, Explicit, as_oracles
from optgen.proof.polynomial import Number, Ratio, at, from_json, names_of
from optgen.proof.problem import ONE, Interval, Quadratic, read_quadratic
from optgen.proof.rounding import rational
from optgen.proof.stability import characteristic, schur_stable

if TYPE_CHECKING:
    from optgen.proof.linear_claims import LinearClaim

Vector = tuple[Fraction, ...]
Step = Callable[[Mapping[str, Any], Mapping[str, Callable[..., Any]]], dict[str, Vector]]


def stepper(claim: Claim, found: LinearClaim, numbers: Mapping[str, Fraction], expand: Expand) -> Step:
    """The step of a claim on states (vectors of one size) and oracles, by the reference evaluator."""
    program = program_of(claim)
    params = parameters(claim, found, numbers)

    def step(states: Mapping[str, Any], oracles: Mapping[str, Callable[..., Any]]) -> dict[str, Vector]:
        arrays = {s.input: list(states[s.name]) for s in program.states} | params
        size = len(next(iter(states.values())))
        after = Evaluation(claim, arrays, oracles, {}, size).run(list(program.phases[0].following), expand)
        return {s.name: tuple(Fraction(e) for e in a) for s, a in zip(program.states, after, strict=True)}

    return step


def program_of(claim: Claim) -> Program:
    assert claim.program is not None
    return claim.program


def parameters(claim: Claim, found: LinearClaim, numbers: Mapping[str, Fraction]) -> dict[ir.Input, Any]:
    """Numbers for the params of the step, as the claim defines them."""
    known: dict[ir.Input, Any] = {program_of(claim).phases[0].done: 0}
    for made, meaning in params_of(found).items():
        number = at(meaning, numbers)
        if isinstance(number, Fraction):
            known[made] = int(number) if made.dtype == "int" else number
    return known


def params_of(found: LinearClaim) -> dict[ir.Input, Number]:
    """What the numbers that a step reads are, in the symbols of the claim."""
    slots = program_of(found.extraction.claim).slots
    inputs = [s.input for s in slots if s.kind == "param" and not s.input.axes]
    meanings = {made: found.extraction.base.values[made](()) for made in inputs}
    return {made: m for made, m in meanings.items() if isinstance(m, Fraction | Ratio)}


def admissible(found: LinearClaim, domain: Sequence[Interval], random: Random) -> dict[str, Fraction] | None:
    """Numbers for the symbols of the method and of its params as they are given; None if these are not."""
    values = sample(domain, random)
    for number in params_of(found).values():
        for name in sorted(names_of(number) - values.keys()):
            values[name] = Fraction(random.randint(1, 9), 10)
    return values if holds(found.constraints, values) else None


def attack_form(claim: Claim, found: LinearClaim, domain: Sequence[Interval], expand: Expand) -> None:
    """Raises MistranslatedError where the step is not x' = A x + B u, y = C x + D u."""
    numbers = next((n for seed in range(40) if (n := admissible(found, domain, Random(seed))) is not None), None)
    if numbers is None:
        return
    method = found.method.at(numbers)
    states, size = method.states, len(method.states) + 1
    units = [tuple(Fraction(int(i == j)) for j in range(size)) for i in range(size)]
    places: list[Vector] = []

    def gradient(x: Any) -> list[Fraction]:
        places.append(tuple(Fraction(e) for e in x))
        return list(units[-1])

    def implicit(z: Any, t: Any) -> list[Fraction]:
        number = Fraction(t.item() if hasattr(t, "item") else t)
        places.append(tuple(Fraction(e) - number * u for e, u in zip(z, units[-1], strict=True)))
        return list(places[-1])

    (oracle,) = set(method.oracles)
    answers: dict[str, Callable[..., Any]] = {f"oracle {oracle}.grad": gradient, f"oracle {oracle}": gradient}
    answers |= {f"oracle {oracle}.prox": implicit, f"oracle {oracle}.resolvent": implicit}
    after = stepper(claim, found, numbers, expand)(dict(zip(states, units)), answers)
    for name, a, b in zip(states, method.A, method.B, strict=True):
        if after[name] != (*a, *b):
            raise MistranslatedError(f"{claim.text}: run on unit vectors, {name} is not what the proof says it becomes")
    (row,) = [(*c, *d) for c, d in zip(method.C, method.D, strict=True)]
    if not places or any(place != row for place in places):
        raise MistranslatedError(f"{claim.text}: run on unit vectors, {oracle} is not asked where the proof says")


def attack_stable(
    claim: Claim, found: LinearClaim, bounds: tuple[Any, Any], domain: Sequence[Interval], expand: Expand
) -> int:
    """The step on random quadratics of the class has all its eigenvalues inside the circle; on how many."""
    done = 0
    (oracle,) = set(found.method.oracles)
    states = found.method.states
    for seed in range(2 * MEMBERS):
        random = Random(seed)
        numbers = admissible(found, domain, random)
        if numbers is None:
            continue
        low, high = (rational(at(b, numbers)) for b in bounds)
        curvature = low + (high - low) * Fraction(random.choice((0, random.randint(0, 12), 12)), 12)
        size = len(states)
        member = Diagonal((curvature,) * size, (Fraction(0),) * size, operator_of(found, oracle))
        units = {name: tuple(Fraction(int(i == j)) for j in range(size)) for i, name in enumerate(states)}
        after = stepper(claim, found, numbers, expand)(units, as_oracles({oracle: member}))
        if not schur_stable(characteristic(tuple(after[name] for name in states))):
            raise MistranslatedError(f"{claim.text} was proved, but curvature {curvature} has an eigenvalue outside")
        done += 1
        if done == MEMBERS:
            break
    return done


def operator_of(found: LinearClaim, oracle: str) -> bool:
    from optgen.proof.linear import is_operator

    return is_operator(found.classes[oracle])


def attack_rate(
    claim: Claim, found: LinearClaim, bounds: tuple[Fraction, Fraction], data: Mapping[str, Any], expand: Expand
) -> int:
    """The Lyapunov function of a certificate falls along runs on random members of the class; on how many."""
    (oracle,) = set(found.method.oracles)
    unknowns = {name: rational(from_json(n)) for name, n in data["unknowns"].items()}
    points = data["problem"]["oracles"][0]["points"]
    run = stepper(claim, found, {}, expand)
    for seed in range(MEMBERS):
        member = curved_member(*bounds, Random(seed), any(c.name == "quadratic" for c in found.classes[oracle]))
        random = Random(seed)
        states: dict[str, Vector] = {n: (Fraction(random.randint(-20, 20), 4),) for n in found.method.states}
        vectors, values = dict(states), dict[str, Fraction]()
        for k in range(sum(not p.get("minimiser") for p in points)):
            asked: list[Vector] = []
            states = run(states, watched(as_oracles({oracle: Explicit(member, operator_of(found, oracle))}), asked))
            place, answer = asked[0], tuple(member.gradient(asked[0]))
            vectors[f"{oracle}.0.{k}"] = answer
            values[f"f {oracle}.0.{k}"] = member.value(place) - member.value((Fraction(0),))
        for statement in data["problem"]["statements"]:
            total = value_of(read_quadratic(statement["claim"]), vectors, values)
            for name, term in statement["terms"].items():
                total += unknowns[name] * value_of(read_quadratic(term), vectors, values)
            if total < 0:
                raise MistranslatedError(f"{claim.text} was proved, but its {statement['name']} fails on a member")
    return MEMBERS


def watched(oracles: Mapping[str, Callable[..., Any]], asked: list[Vector]) -> dict[str, Callable[..., Any]]:
    """Oracles that note where their function is asked (for a step that is implicit: where it ends)."""

    def explicit(answer: Callable[..., Any]) -> Callable[..., Any]:
        def noted(x: Any) -> Any:
            asked.append(tuple(Fraction(e) for e in x))
            return answer(x)

        return noted

    def implicit(answer: Callable[..., Any]) -> Callable[..., Any]:
        def noted(z: Any, t: Any) -> Any:
            found = answer(z, t)
            asked.append(tuple(Fraction(e) for e in found))
            return found

        return noted

    return {n: (implicit if n.endswith((".prox", ".resolvent")) else explicit)(a) for n, a in oracles.items()}


def curved_member(low: Fraction, high: Fraction, random: Random, quadratic: bool) -> PiecewiseLinearGradient:
    """A function of one variable with its minimum at 0 and second derivatives from low to high."""
    slopes = [low + (high - low) * Fraction(random.choice((0, 12, random.randint(0, 12))), 12) for _ in range(4)]
    slopes = slopes[:1] * 4 if quadratic else slopes
    places = [Fraction(-2), Fraction(0), Fraction(3, 2)]
    heights = [slopes[1] * places[0], Fraction(0), slopes[2] * places[2]]
    return PiecewiseLinearGradient(tuple(zip(places, heights, strict=True)), slopes[0], slopes[3])


def value_of(q: Quadratic, vectors: Mapping[str, Vector], values: Mapping[str, Fraction]) -> Fraction:
    total = rational(q.values.get(ONE, Fraction(0)))
    for (a, b), c in q.products.items():
        total += rational(c) * sum((x * y for x, y in zip(vectors[a], vectors[b], strict=True)), Fraction(0))
    return total + sum((rational(c) * values[n] for n, c in q.values.items() if n != ONE), Fraction(0))
