"""Claims to verdicts: each goal attacked and proved by a table of methods in their order, under limits of time.

In: claims over lowered Programs, and from `compiler` what this room must not know: how a function of the IR is made
ready for the evaluator (derivatives expanded), and how a counterexample runs as a compiled solver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from optgen.ir.claims import Claim, Goal, Rate, Relation, Special, Stable
from optgen.ir.program import Function
from optgen.proof import methods
from optgen.proof.attack import MistranslatedError, attack_members, attack_vectors
from optgen.proof.brackets import bracket
from optgen.proof.cancel import linear_root, lowest
from optgen.proof.domains import Contradiction, holds
from optgen.proof.extract import Extracted, extracted
from optgen.proof.interpolation import ClassError
from optgen.proof.mathematics import number_text
from optgen.proof.order import order_claim
from optgen.proof.polynomial import Number, names_of, ratio, symbol
from optgen.proof.polynomial import at as value_at
from optgen.proof.problem import Interval, Statement, constant, problem_to_json
from optgen.proof.quantities import ROOT, NotLinear
from optgen.proof.refute_members import by_members
from optgen.proof.same import same_claim
from optgen.proof.shown import violates
from optgen.proof.verdict import CONTRADICTS, Part, Replay, Verdict, weakest
from optgen.proof.worker import Worker

DEEPEST = 4  # ends of intervals within ends of intervals


@dataclass(frozen=True, slots=True)
class Tools:
    """What `compiler` lends.

    expand: a function of the IR without derivatives; replay: a claim and a counterexample run by a compiled solver;
    error: the error of a program of floats decided (program, what it should give, ends of its domain, bound).
    """

    expand: Callable[[Function], Function]
    replay: Callable[[Claim, Mapping[str, Any]], Replay]
    error: Callable[..., Part] = lambda *_: Part()


def decided(claim: Claim, tools: Tools, worker: Worker, seconds: float) -> Verdict:
    start = time.perf_counter()
    parts: list[Part] = []
    for part in goal_parts(claim, tools, worker, seconds):
        parts.append(part)
        if part.status != "proved":
            break
    verdict = combined(claim, parts, time.perf_counter() - start)
    if claim.mode == "refute" or verdict.verdict == "proved" or any(t[:2] == CONTRADICTS for t in verdict.tried):
        return verdict
    found = bracket(claim, lambda goal: list(readings(claim, goal, {})), worker)
    return replace(verdict, bracket=found, seconds=time.perf_counter() - start)


def goal_parts(claim: Claim, tools: Tools, worker: Worker, seconds: float) -> Iterator[Part]:
    """What is known of the goals.  Algebra comes first, but where classes are given what they say is needed."""
    tried: list[tuple[str, str, float]] = []
    if all(isinstance(goal, Stable | Rate) for goal in claim.goals) and claim.goals:
        yield from (one_goal(claim, goal, tools, worker, seconds) for goal in claim.goals)
        return
    if not claim.classes:
        whole = methods.whole_claim(claim, tools.expand, seconds)
        if whole.status == "refuted":
            whole = replayed(claim, whole.counterexample or {}, tools, replace(whole, status="unknown"))
        if whole.status != "unknown":
            yield whole
            return
        tried = whole.tried
    parts = [one_goal(claim, goal, tools, worker, seconds) for goal in claim.goals]
    if claim.classes and any(p.status == "unknown" for p in parts) and not any(p.status == "refuted" for p in parts):
        whole = methods.whole_claim(claim, tools.expand, seconds)
        if whole.status == "proved":
            yield whole
            return
        tried = whole.tried
    if not parts:
        parts = [Part(tried=[("reading", "no method for this kind of goal", 0.0)])]
    parts[0].tried = [*tried, *parts[0].tried]
    yield from parts


def one_goal(claim: Claim, goal: Goal, tools: Tools, worker: Worker, seconds: float) -> Part:
    match goal:
        case Relation():
            return relation(claim, goal, tools, worker, seconds)
        case Special(word="order", arguments=(program, order)):
            return order_claim(program, order)
        case Special(word="error", arguments=asked):
            return tools.error(*asked, seconds)
        case Special(word="same", arguments=(one, other)):
            part = same_claim(claim, one, other, tools.expand)
            if part.status == "refuted":
                part = replayed(claim, part.counterexample or {}, tools, replace(part, status="unknown"))
            return part
        case Stable() | Rate():
            part = methods.linear_goal(claim, goal, tools.expand, worker, seconds)
            if part.status == "refuted":
                part = replayed(claim, part.counterexample or {}, tools, replace(part, status="unknown"))
            return part
    return Part(tried=[("reading", "no method for this kind of goal", 0.0)])


def combined(claim: Claim, parts: Sequence[Part], seconds: float) -> Verdict:
    """All goals proved: proved; one refuted: refuted."""
    tried = tuple(t for part in parts for t in part.tried)
    verdict = Verdict(claim.text, claim.owner, claim.mode, "unknown", tried=tried, seconds=seconds, span=claim.span)
    bad = next((part for part in parts if part.status != "proved"), None)
    if bad is not None and bad.status == "refuted":
        return replace(verdict, verdict="refuted", counterexample=bad.counterexample, words=bad.words)
    if bad is not None or not parts:
        return verdict
    certificates = [part.certificate for part in parts if part.certificate is not None]
    whole = certificates[0] if len(certificates) == 1 else {"kind": "all", "parts": certificates}
    words = tuple(w for part in parts for w in part.words)
    trust = weakest([part.trust for part in parts])
    return replace(verdict, verdict="proved", trust=trust, certificate=whole, words=words)


# ---------------------------------------------------------------- relations by interpolation


def relation(claim: Claim, goal: Relation, tools: Tools, worker: Worker, seconds: float) -> Part:
    """A relation as finite problems: first a counterexample is sought, then multipliers."""
    part = Part()
    try:
        problems = list(readings(claim, goal, {}))
    except NotLinear as why:
        part.tried.append(("points and multipliers", f"not applicable: {why}", 0.0))
        return part
    except ClassError as why:
        part.tried.append(("points and multipliers", f"not applicable: {why}", 0.0))
        return part
    pieces = []
    for problem in problems:
        attack_vectors(claim, goal, problem, tools.expand)
        random = problem.averages.draws or problem.averages.dimensions
        if random:
            piece = by_members(claim, goal, problem, tools.expand)
        else:
            piece = by_points(claim, goal, problem, tools, worker, seconds)
        if piece.status != "refuted":
            proved = by_multipliers(claim, goal, problem, 0, worker, seconds)
            proved.tried = [*piece.tried, *proved.tried]
            piece = proved
        part.tried += piece.tried
        if piece.status != "proved":
            return replace(piece, tried=part.tried) if piece.status == "refuted" else part
        pieces.append(piece)
    if any(p.problem.assumptions and contradictory(p, worker, seconds / 4) for p in problems):
        part.tried.append((*CONTRADICTS, 0.0))
        return part
    runs = attack_members(claim, goal, problems[0], tools.expand)
    certificates = [p.certificate for p in pieces if p.certificate is not None]
    part.status, part.trust = "proved", weakest([p.trust for p in pieces])
    part.certificate = certificates[0] if len(certificates) == 1 else {"kind": "all", "parts": certificates}
    part.words = tuple(w for p in pieces for w in p.words) + assumed_domains(claim, problems)
    part.words += ("run on vectors, the claim is the problem that was proved", methods.attacked(runs))
    return part


def contradictory(found: Extracted, worker: Worker, seconds: float) -> bool:
    """Whether what is given of vectors and values, with the classes, would prove that -1 is not negative."""
    absurd = replace(found.problem, statements=(Statement("claim", constant(Fraction(-1))),))
    answer, _ = worker.ask("multipliers", seconds, problem=problem_to_json(absurd))
    return answer.get("certificate") is not None


def assumed_domains(claim: Claim, problems: Sequence[Extracted]) -> tuple[str, ...]:
    """Declared domains of states that a proof may rest on."""
    used = {name for p in problems for name in p.problem.symbols()}
    states = claim.program.states if claim.program is not None else ()
    return tuple(f"the declared domain of the state {s.name} is assumed" for s in states if s.name in used)


def readings(claim: Claim, goal: Relation, numbers: Mapping[str, Number]) -> Iterator[Extracted]:
    """The problems of a relation, with square roots of quotients as symbols: mu = q^2 L where q = sqrt(mu/L)."""
    for _ in range(4):
        found = extracted(claim, goal, numbers)
        roots = {name: of for e in found for name, of in e.roots.items()}
        chosen = next(iter(parametrised(roots, numbers)), None)
        if chosen is None:
            yield from found
            return
        name, found_value = chosen
        numbers = {n: lowest(value_at(v, {name: found_value})) for n, v in numbers.items()} | {name: found_value}
    raise NotLinear("square roots inside square roots")


def parametrised(roots: Mapping[str, Number], numbers: Mapping[str, Number]) -> Iterator[tuple[str, Number]]:
    """A symbol in terms of a root in which it occurs."""
    for name, of in roots.items():
        square = lowest(symbol(name)) ** 2
        difference = lowest(square - of)
        for candidate in sorted(names_of(of)):
            root = linear_root(ratio(difference).numerator, candidate)
            if root is not None and not candidate.startswith(ROOT) and candidate not in numbers:
                yield candidate, root
                return
        raise NotLinear(f"{name} can't be made a symbol")


def by_points(claim: Claim, goal: Relation, found: Extracted, tools: Tools, worker: Worker, seconds: float) -> Part:
    """Points that violate the problem, checked against all that is given, in exact arithmetic and by a compiled run."""
    part = Part()
    if not found.complete and found.left_out:
        part.tried.append(("points that violate it", f"not used: {found.left_out[0]}", 0.0))
        return part
    if not found.problem.oracles:
        return part
    answer, took = worker.ask("points", seconds / 4, problem=problem_to_json(found.problem))
    example = answer.get("counterexample")
    if example is None:
        part.tried.append(("points that violate it", answer.get("failed", "none found"), took))
        return part
    params = {name: Fraction(n) for name, n in example["params"].items()}
    if not holds(found.constraints, params):
        part.tried.append(("points that violate it", "found outside what is given", took))
        return part
    violated, example = violates(claim, goal, found, example, tools.expand)
    if violated is False:
        raise MistranslatedError(f"{claim.text}: the counterexample of the problem is none of the claim")
    part.tried.append(("points that violate it", "found", took))
    return replayed(claim, example, tools, part)


def replayed(claim: Claim, example: Mapping[str, Any], tools: Tools, part: Part) -> Part:
    """A counterexample is reported once a compiled solver has shown it."""
    start = time.perf_counter()
    found = tools.replay(claim, example)
    outcome = found.words if found.shows else f"it does not show: {found.words}"
    part.tried.append(("replay", outcome, time.perf_counter() - start))
    if found.shows:
        run = {key: item for key, item in (example.get("run") or {}).items() if key != "lowered"}
        part.status, part.words = "refuted", (f"replayed: {found.words}",)
        shown = {key: item for key, item in example.items() if key != "programs"}
        part.counterexample = {**shown, "run": run, "replayed": True}
    return part


def by_multipliers(claim: Claim, goal: Relation, found: Extracted, depth: int, worker: Worker, seconds: float) -> Part:
    """A certificate of the problem; where it holds only inside the domain, the ends are problems of their own."""
    from optgen.proof.check import check
    from optgen.proof.written import Rejected

    part = Part()
    answer, took = worker.ask("multipliers", seconds, problem=problem_to_json(found.problem))
    data = answer.get("certificate")
    part.tried.append(("multipliers", "a certificate" if data else answer.get("failed", "none found"), took))
    if data is None:
        return part
    try:
        report = check(data)
    except Rejected as why:
        part.tried.append(("checker", f"rejected: {why}", 0.0))
        return part
    if not proves(data, found):
        part.tried.append(("checker", "the certificate is of another problem", 0.0))
        return part
    certificates, trusts, words = [data | mathematics(answer)], [report.trust], list(report.words)
    for name, end in opened_ends(data, found.problem.domain):
        if depth == DEEPEST:
            return part
        numbers = {n: lowest(value_at(number, {name: end})) for n, number in found.numbers.items()}
        piece = at_end(claim, goal, {**numbers, name: end}, depth + 1, worker, seconds)
        part.tried += piece.tried
        if piece.status != "proved" or piece.certificate is None:
            return part
        certificates.append({**piece.certificate, "where": f"{name} = {number_text(end)}"})
        trusts.append(piece.trust)
        words += piece.words
    part.status, part.trust, part.words = "proved", weakest(trusts), tuple(words)
    part.certificate = certificates[0] if len(certificates) == 1 else {"kind": "all", "parts": certificates}
    return part


def mathematics(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: answer[key] for key in ("mathematics", "latex") if key in answer}


def proves(data: Mapping[str, Any], found: Extracted) -> bool:
    """Whether a certificate is of this problem: the same statements, points and givens, ends of intervals apart."""
    from optgen.proof.child import read_problem
    from optgen.proof.interpolation import joined
    from optgen.proof.problem import mapped

    sent = joined(read_problem(problem_to_json(found.problem)))
    proved = data["problem"]
    for wanted in (problem_to_json(sent), problem_to_json(mapped(sent, lowest))):
        domain = [i[:3] for i in wanted.pop("domain")]  # type: ignore[attr-defined]
        if [i[:3] for i in proved["domain"]] == domain and all(proved[key] == wanted[key] for key in wanted):
            return True
    return False


def opened_ends(data: Mapping[str, Any], domain: Sequence[Interval]) -> Iterator[tuple[str, Number]]:
    """Closed ends of the claim's domain that the certificate leaves open."""
    for interval, (_, _, _, low_closed, high_closed) in zip(domain, data["problem"]["domain"], strict=True):
        if interval.low_closed and not low_closed and interval.low is not None:
            yield interval.name, interval.low
        if interval.high_closed and not high_closed and interval.high is not None:
            yield interval.name, interval.high


def at_end(
    claim: Claim, goal: Relation, numbers: Mapping[str, Number], depth: int, worker: Worker, seconds: float
) -> Part:
    """The claim where a symbol has the value of an end of its interval."""
    part = Part()
    try:
        problems = list(readings(claim, goal, numbers))
    except Contradiction:
        return Part("proved", "exact", {"kind": "all", "parts": []})  # the end is not in the domain
    except (NotLinear, ClassError, ZeroDivisionError) as why:
        part.tried.append(("an end of the domain", f"not applicable: {why}", 0.0))
        return part
    pieces = [by_multipliers(claim, goal, p, depth, worker, seconds) for p in problems]
    part.tried = [t for p in pieces for t in p.tried]
    if all(p.status == "proved" for p in pieces):
        part.status, part.trust = "proved", weakest([p.trust for p in pieces])
        part.certificate = {"kind": "all", "parts": [p.certificate for p in pieces]}
        part.words = tuple(w for p in pieces for w in p.words)
    return part
