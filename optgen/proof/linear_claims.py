"""A step as a linear method, read off the Program, and goals about all its steps: `stable`, `rate(V) <= rho`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from optgen.ir.claims import Claim, Rate, Stable, scalar_of
from optgen.proof.attack import sample
from optgen.proof.attack_linear import attack_form, attack_rate, attack_stable, parameters
from optgen.proof.domains import Constraint, holds, intervals
from optgen.proof.evaluation import Expand
from optgen.proof.extract import Extraction
from optgen.proof.interpolation import joint
from optgen.proof.linear import LinearMethod, Matrix, closed_loop, lyapunov
from optgen.proof.members import RANGES
from optgen.proof.polynomial import Number, at, names_of, to_json
from optgen.proof.problem import Form, Interval, Membership, Quadratic, inner, problem_to_json, total, vector
from optgen.proof.program import CONSTANT, Row
from optgen.proof.quantities import NotLinear, Root
from optgen.proof.rounding import rational, solved
from optgen.proof.shown import HIDDEN
from optgen.proof.verdict import Part
from optgen.proof.worker import Worker

CURVATURE = "curvature"
TRIES = 12  # samples of the symbols at which a method is attacked
ABOVE = Fraction(10**9 + 1, 10**9)  # an eigenvalue that refutes a rate lies beyond it
LONG, CIRCLES = 240, 80  # steps, and rounds of a cycle, that a replay makes


@dataclass(frozen=True, slots=True)
class LinearClaim:
    """The method of a claim with its classes, and what is given of its numbers."""

    method: LinearMethod
    classes: Mapping[str, tuple[Membership, ...]]
    constraints: tuple[Constraint, ...]
    extraction: Extraction

    def symbols(self) -> set[str]:
        matrices = (self.method.A, self.method.B, self.method.C, self.method.D)
        numbers = [n for m in matrices for row in m for n in row]
        numbers += [a for cs in self.classes.values() for c in cs for a in c.arguments if a is not None]
        return {name for n in numbers for name in names_of(n)}


def linear_claim(claim: Claim, numbers: Mapping[str, Number] | None = None) -> LinearClaim:
    """Reads the method.  NotLinear says why there is none."""
    extraction = Extraction(claim, numbers or {})
    program = claim.program
    if program is None or len(program.phases) != 1:
        raise NotLinear("no single step")
    names = [state.name for state in program.states]
    after: list[Form] = []
    for tensor in program.phases[0].following:
        after.append(extraction.reader.form(tensor, extraction.base, {}))
    slots = [(oracle, p) for oracle, asked in extraction.reader.asked.items() for p in asked.points.values()]
    answers = [next(iter(p.g.terms)) for _, p in slots]
    known = {*names, *answers}
    if any(set(form.terms) - known for form in [*after, *(p.x for _, p in slots)]):
        raise NotLinear("the step depends on more than its states and the answers of its oracles")
    method = LinearMethod(
        tuple(names),
        tuple(oracle for oracle, _ in slots),
        matrix(after, names),
        matrix(after, answers),
        matrix([p.x for _, p in slots], names),
        matrix([p.x for _, p in slots], answers),
    )
    if len(slots) != 1:
        raise NotLinear("a step that asks more than one oracle")
    if fixed_weights(method) is None:
        raise NotLinear("a minimiser that the step does not keep")
    classes = {oracle: distinct(extraction.classes(oracle)) for oracle, _ in slots}
    if not all(classes.values()):
        raise NotLinear("nothing is given of the function")
    return LinearClaim(method, classes, tuple(extraction.constraints), extraction)


def distinct(classes: Sequence[Membership]) -> tuple[Membership, ...]:
    found: list[Membership] = []
    for c in classes:
        if c not in found:
            found.append(c)
    return tuple(found)


def matrix(forms: Sequence[Form], names: Sequence[str]) -> Matrix:
    return tuple(tuple(form.terms.get(name, Fraction(0)) for name in names) for form in forms)


def fixed_weights(method: LinearMethod) -> list[Number] | None:
    """Weights w of the states with A w = w, C w = 1: the states w x* are kept.  None if there are none."""
    size = range(len(method.states))
    rows: list[Row] = [{j: (Fraction(1) if i == j else Fraction(0)) - method.A[i][j] for j in size} for i in size]
    rows += [{**{j: line[j] for j in size}, CONSTANT: Fraction(-1)} for line in method.C]
    pivots = solved([{c: v for c, v in row.items() if v != 0} for row in rows], list(size))
    return None if pivots is None else [pivots.get(j, {}).get(CONSTANT, Fraction(0)) for j in size]


def curvatures(classes: Sequence[Membership]) -> tuple[Number, Number]:
    """The least and the largest curvature of the members that are quadratics."""
    (only, *others) = joint(classes)
    if others or only.name not in RANGES:
        raise NotLinear(f"quadratics in {' and '.join(c.name for c in classes)}")
    low, high = RANGES[only.name](*only.arguments)
    if low is None or high is None:
        raise NotLinear("curvatures without a bound")
    return low, high


# ---------------------------------------------------------------- stable


def stable(claim: Claim, goal: Stable, expand: Expand, worker: Worker, seconds: float) -> Part:
    """Jury's conditions for every curvature; else a quadratic with an eigenvalue outside the circle."""
    part = Part()
    try:
        found = linear_claim(claim)
        low, high = curvatures(found.classes[found.method.oracles[0]])
        domain, exact = intervals(found.constraints, found.symbols())
    except NotLinear as why:
        part.tried.append(("eigenvalues", f"not applicable: {why}", 0.0))
        return part
    attack_form(claim, found, domain, expand)
    example = unstable(found, (low, high), domain, Fraction(1), worker, seconds, part)
    if example is not None and exact:
        part.status, part.counterexample = "refuted", as_run(claim, found, example, Fraction(1))
        return part
    whole = [*domain_json(domain), [CURVATURE, to_json(low), to_json(high), True, True]]
    answer, took = worker.ask("stable", seconds, method=method_json(found.method), domain=whole, curvature=CURVATURE)
    part = certified(part, "Jury's conditions", answer, took)
    if part.status == "proved":
        runs = attack_stable(claim, found, (low, high), domain, expand)
        part.words += (f"run on {runs} members of the class, the step had its eigenvalues inside",)
    return part


def unstable(
    found: LinearClaim,
    bounds: tuple[Number, Number],
    domain: Sequence[Interval],
    rate: Number,
    worker: Worker,
    seconds: float,
    part: Part,
) -> dict[str, Any] | None:
    """A quadratic with an eigenvalue of size rate or more, at some numbers of the domain."""
    for seed in range(TRIES if domain else 1):
        values = sample(domain, Random(seed))
        if not holds(found.constraints, values):
            continue
        low, high = (rational(at(b, values)) for b in bounds)
        answer, took = worker.ask(
            "unstable",
            seconds / 4,
            method=method_json(found.method.at(values)),
            low=str(low),
            high=str(high),
            rate=str(at(rate, values)),
        )
        example = answer.get("counterexample")
        if example is not None:
            part.tried.append(("quadratics", "found", took))
            return {**example, "params": {name: str(n) for name, n in values.items()}}
    part.tried.append(("quadratics", "none found", 0.0))
    return None


def as_run(claim: Claim, found: LinearClaim, example: Mapping[str, Any], squared: Fraction) -> dict[str, Any]:
    """A counterexample with the solver's inputs that show it; `above` is the factor a step that was claimed."""
    numbers = {name: Fraction(n) for name, n in example["params"].items()}
    params = {made.name: str(n) for made, n in parameters(claim, found, numbers).items() if made.name not in HIDDEN}
    slots = {slot.name for slot in claim.program.slots} if claim.program is not None else set()
    period = int(example["period"])
    growth = {"steps": CIRCLES * period or LONG, "period": period, "above": float(squared) ** 0.5}
    inputs = {name: n for name, n in params.items() if name in slots}
    return {**example, "run": {"inputs": inputs, "states": example["points"], "growth": growth}}


def certified(part: Part, method: str, answer: Mapping[str, Any], took: float) -> Part:
    from optgen.proof.recheck import recheck
    from optgen.proof.written import Rejected

    data = answer.get("certificate")
    part.tried.append((method, "a certificate" if data else answer.get("failed", "none found"), took))
    if data is None:
        return part
    try:
        report = recheck(data)
    except Rejected as why:
        part.tried.append(("checker", f"rejected: {why}", 0.0))
        return part
    part.status, part.trust, part.certificate, part.words = "proved", report.trust, data, report.words
    if "mathematics" in answer:
        part.certificate = {**data, "mathematics": answer["mathematics"], "latex": answer["latex"]}
    return part


def method_json(method: LinearMethod) -> dict[str, Any]:
    matrices = {"A": method.A, "B": method.B, "C": method.C, "D": method.D}
    return {"states": method.states, "oracles": method.oracles} | {
        name: [[to_json(n) for n in row] for row in m] for name, m in matrices.items()
    }


def domain_json(domain: Sequence[Interval]) -> list[Any]:
    return [
        [i.name, *(None if b is None else to_json(b) for b in (i.low, i.high)), i.low_closed, i.high_closed]
        for i in domain
    ]


# ---------------------------------------------------------------- rates


def rate(claim: Claim, goal: Rate, expand: Expand, worker: Worker, seconds: float) -> Part:
    """A Lyapunov function that is found, for V(k) <= C rho^k; else a member that is slower."""
    part = Part()
    try:
        found = linear_claim(claim)
        if found.symbols():
            raise NotLinear(f"a rate of numbers: give {', '.join(sorted(found.symbols()))} theirs by `at`")
        squared, target = measured(found, goal)
        low, high = (rational(b) for b in curvatures(found.classes[found.method.oracles[0]]))
    except NotLinear as why:
        part.tried.append(("Lyapunov functions", f"not applicable: {why}", 0.0))
        return part
    attack_form(claim, found, (), expand)
    example = slower(found, target, (low, high), squared, worker, seconds, part)
    if example is not None:
        part.status, part.counterexample = "refuted", as_run(claim, found, example, squared)
        return part
    for history in (1, 2):
        problem = lyapunov(found.method, found.classes, squared, history, 1, lambda run: target)
        answer, took = worker.ask("multipliers", seconds, problem=problem_to_json(problem))
        part = certified(part, f"a Lyapunov function of {history} steps", answer, took)
        if part.status == "proved" and part.certificate is not None:
            runs = attack_rate(claim, found, (low, high), part.certificate, expand)
            part.words += (f"run on {runs} members of the class, the Lyapunov function fell",)
            return part
    return part


def measured(found: LinearClaim, goal: Rate) -> tuple[Fraction, Quadratic]:
    """The rate of the squared quantity, and the quantity as a quadratic in the states, the minimiser at 0."""
    extraction = found.extraction
    value = extraction.reader.scalar(scalar_of(goal.value), extraction.base, {})
    bound = extraction.reader.scalar(scalar_of(goal.bound), extraction.base, {})
    if not isinstance(bound, Fraction) or bound < 0:
        raise NotLinear("a rate that is no number")
    if isinstance(value, Root):
        quadratic, squared = (value.factor * value.factor) * value.inside, bound * bound
    elif isinstance(value, Quadratic):
        quadratic, squared = value, bound
    else:
        raise NotLinear("a rate of a number")
    products = {p: c for p, c in quadratic.products.items() if "x*" not in p}
    target = Quadratic(products, quadratic.values)
    if target.values or target.basis() - set(found.method.states):
        raise NotLinear("a rate of something that is no quadratic in the states")
    if not vanishes(quadratic - from_minimiser(target, found.method)):
        raise NotLinear("a rate of something that is not 0 at the minimiser, or depends on where it is")
    return squared, target


def from_minimiser(target: Quadratic, method: LinearMethod) -> Quadratic:
    """A quadratic in the states with each measured from what it is at the minimiser."""
    weights = fixed_weights(method) or []
    places = {name: vector(name) - w * vector("x*") for name, w in zip(method.states, weights)}
    return total(c * inner(places[a], places[b]) for (a, b), c in target.products.items())


def vanishes(q: Quadratic) -> bool:
    return not q.products and not q.values


def seen_state(target: Quadratic) -> str | None:
    """The state whose square a quantity is."""
    ((a, b), c), *others = target.products.items() or ((("", ""), Fraction(0)),)
    return a if not others and a == b and isinstance(c, Fraction) and c > 0 else None


def observable(method: LinearMethod, state: str, curvature: Fraction) -> bool:
    """Whether every mode of a step on a quadratic shows in one state, so that it falls no faster than all of them."""
    size = range(len(method.states))
    step = closed_loop(method, curvature)
    row: list[Number] = [Fraction(int(name == state)) for name in method.states]
    rows: list[Row] = []
    for _ in size:
        rows.append({j: row[j] for j in size if row[j] != 0})
        row = [sum((row[i] * step[i][j] for i in size), Fraction(0)) for j in size]
    pivots = solved(rows, list(size))
    return pivots is not None and len(pivots) == len(size)


def slower(
    found: LinearClaim,
    target: Quadratic,
    bounds: tuple[Fraction, Fraction],
    squared: Fraction,
    worker: Worker,
    seconds: float,
    part: Part,
) -> dict[str, Any] | None:
    """A quadratic, a function with two curvatures or a cycle on which the rate is not reached."""
    state = seen_state(target)
    if state is None:
        return None
    (oracle,) = found.method.oracles
    example = unstable(found, bounds, (), squared * ABOVE, worker, seconds, part)
    if example is not None and observable(found.method, state, Fraction(example["functions"][oracle]["curvature"])):
        return example
    if any(c.name == "quadratic" for c in found.classes[oracle]) or state != found.method.states[0]:
        return None
    low, high = map(str, bounds)
    for attempt in ("two curvatures", "cycle"):
        answer, took = worker.ask(attempt, seconds, method=method_json(found.method), low=low, high=high)
        shown = answer.get("counterexample")
        refutes = shown is not None and (attempt == "cycle" or Fraction(answer["rate"]) > squared)
        outcome = "found" if refutes else answer.get("failed", "none that is slower")
        part.tried.append((attempt, outcome, took))
        if refutes and (attempt != "cycle" or squared < 1):
            return {**(shown or {})}
    return None
