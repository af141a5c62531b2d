"""Claims verified, composed as solvers are in compiler.py: text -> claims over Programs -> verdicts.

A verdict is kept on disk by content: the texts of all files used, the versions of optgen and of the solvers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from optgen import compiler
from optgen.diagnostics import Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.proof.givens import Conflict
    from optgen.proof.questions import Bracket, Cell
    from optgen.proof.verdict import Verdict

Answer = TypeVar("Answer")
SECONDS = 20.0
SOLVERS = ("clarabel", "python-flint", "z3-solver", "cvc5", "scipy", "numpy")


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
    from optgen.proof.givens import Conflict
    from optgen.proof.verdict import CONTRADICTS
    from optgen.proof.verify import Tools, decided
    from optgen.proof.worker import Worker

    given = as_spec(spec)
    claims = claims_of(given)
    refuse_contradictions(claims)
    wrong: list[Diagnostic] = []
    tools = Tools(differentiated, lambda claim, example: replay(given, claim, example))
    store = Kept(given.file.span.source.text, seconds) if cache else None
    with Worker() as worker:
        for claim in claims:
            found = store.get(claim.text, claim.span) if store is not None else None
            if found is None:
                found = decided(claim, tools, worker, seconds)
                if store is not None:
                    store.put(claim.span, found)
            if any(tried[:2] == CONTRADICTS for tried in found.tried):
                wrong.append(contradiction(claim, Conflict((), ())))
            elif found.verdict == "unknown" and (loose := irrefutable(claim)) is not None:
                wrong.append(loose)
            else:
                yield found
    if wrong:
        raise SpecError(wrong)


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
    from optgen.proof.givens import conflict

    found = [contradiction(claim, made) for claim in claims if (made := conflict(claim)) is not None]
    if found:
        raise SpecError(found)


def irrefutable(claim: Claim) -> Diagnostic | None:
    """A refutation that would need a function of a class through given points, where no such function is known."""
    from optgen.proof.interpolation import without_interpolation

    for membership in claim.classes if claim.mode == "refute" else ():
        names = {other.name for other in claim.classes if other.function == membership.function}
        loose = without_interpolation(names)
        if loose is not None:
            message = f"{claim.text!r} can't be refuted: no function in {loose} is known through points that violate it"
            fix = "refute it for a class inside this one, such as smooth_strongly_convex or quadratic"
            return Diagnostic("E0707", message, membership.span, help=fix)
    return None


def contradiction(claim: Claim, found: Conflict) -> Diagnostic:
    """What can't hold together, at its last condition in the text of the claim."""
    numbers = ", ".join(f"{name} = {number}" for name, number in claim.at.items())
    here = f" at {numbers}" if numbers else ""
    inside = [span for span in found.spans if span.start >= claim.span.start] or [claim.span]
    place = max(inside, key=lambda span: span.start)
    others = tuple((span, "and this") for span in dict.fromkeys(found.spans) if span != place)
    message = f"what {claim.text!r} is given can't hold{here}"
    if len(found.words) == 1:
        message += f": {found.words[0]}"
    elif found.words:
        message += f": nothing satisfies {', '.join(found.words[:-1])} and {found.words[-1]}"
    return Diagnostic("E0705", message, place, secondary=others, help="a proof from it would prove nothing")


def differentiated(function: Any) -> Any:
    from optgen.passes.differentiate import differentiate

    return differentiate(function)


# ---------------------------------------------------------------- counterexamples


def replay(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> bool | None:
    """Run a counterexample of one step as a compiled solver: whether the step lands where the example says.

    None where it can't be run through `compile`: several functions, or states that do not start where the caller says.
    """
    import numpy as np

    from optgen.proof.members import rebuilt

    run = example.get("run")
    program = claim.program
    if run is None or program is None or len(program.oracles) != 1:
        return None
    starts = {slot.name for slot in program.slots if slot.kind == "start"}
    if {state.name for state in program.states} != starts:
        return None
    member = rebuilt(example["functions"][program.oracles[0]])
    if member is None:
        return None
    f = compiler.objective(lambda x: float(member.value(exact(x))), lambda x: floats(member.answer(exact(x))))
    solver = compiler.compile(spec, algorithm=claim.owner, f=f)
    given: dict[str, Any] = {name: float(Fraction(n)) for name, n in run["params"].items()}
    given |= {name: floats([Fraction(e) for e in v]) for name, v in run["states"].items()}
    result = solver(steps=1, tol=0.0, **given)
    return all(
        np.allclose(getattr(result, name), floats([Fraction(e) for e in v]), rtol=1e-6, atol=1e-9)
        for name, v in run["after"].items()
    )


def exact(x: Any) -> list[Fraction]:
    return [Fraction(float(e)) for e in x]


def floats(x: Any) -> Any:
    import numpy as np

    return np.array([float(e) for e in x])


# ---------------------------------------------------------------- what is kept


class Kept:
    """Verdicts on disk: of the same text, by the same versions, with the same limits."""

    def __init__(self, text: str, seconds: float) -> None:
        from optgen.runtime.cache import user_store

        self.store = user_store()
        self.parts = (text, *used_texts(), versions(), str(seconds))

    def name(self, claim: str, span: Span) -> str:
        from optgen.runtime.cache import key

        return key("verdict", *self.parts, claim, str(span.start))

    def get(self, claim: str, span: Span) -> Verdict | None:
        """The verdict on the claim of this name and place."""
        import json

        from optgen.proof.verdict import verdict_from_json

        found = self.store.get(self.name(claim, span))
        if found is None:
            return None
        try:
            return verdict_from_json(json.loads(found[0]), span)
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, span: Span, verdict: Verdict) -> None:
        import json

        self.store.put(self.name(verdict.claim, span), json.dumps(verdict.to_json()).encode(), {"kind": "verdict"})


def known(claims: Mapping[Span, str]) -> dict[Span, str]:
    """By their places, the verdicts on claims that were found on this machine before; "" where there is none."""
    stores = {text: Kept(text, SECONDS) for text in {span.source.text for span in claims}}
    found = {span: stores[span.source.text].get(name, span) for span, name in claims.items()}
    return {span: "" if verdict is None else verdict.verdict for span, verdict in found.items()}


def used_texts() -> list[str]:
    """Texts of other files on which the claims may depend: those used by path, and every shipped one."""
    from optgen.shipped import paths

    return [path.read_text(encoding="utf-8") for path in paths().values()]


def versions() -> str:
    """optgen's own files and the solvers' versions."""
    from hashlib import sha256
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    digest = sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    found = []
    for package in SOLVERS:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} missing")
    return " ".join((digest.hexdigest(), *found))


# ---------------------------------------------------------------- questions


def best_rate(spec: Spec | str, given: str, algorithm: str | None = None, **numbers: float | str) -> Bracket:
    """The best rate of a method that is proved: `proved` and `refuted` are squared rates of the distance a step.

    optgen.best_rate(optgen.specs.momentum, "f in smooth_strongly_convex(1, 10)", "momentum", lr="1/10", beta="1/4")

    `given` names the class of the function, as in a claim; numbers are exact (text, or the decimal that is printed).
    Raises SpecError where the spec, the class or a number does not fit.
    """
    from optgen.proof.ask import rate_of

    return answered(lambda: rate_of(asked(spec, given, algorithm, numbers)))


def largest(
    spec: Spec | str,
    name: str,
    given: str,
    algorithm: str | None = None,
    low: float | str = "1/1000",
    high: float | str = 10,
    **numbers: float | str,
) -> Bracket:
    """The largest value of a parameter, from low to high, with which the method is proved to converge on a class.

    optgen.largest(optgen.specs.gradient_descent, "lr", "f in smooth_strongly_convex(1, 10)", high=1).proved
    """
    from optgen.proof.ask import largest_of

    claim = asked(spec, given, algorithm, numbers)
    return answered(lambda: largest_of(claim, name, exactly(low), exactly(high)))


def stability_map(
    spec: Spec | str,
    x: str,
    y: str,
    given: str,
    xs: Sequence[float | str],
    ys: Sequence[float | str],
    algorithm: str | None = None,
    **numbers: float | str,
) -> list[Cell]:
    """Where a method converges on a class: the verdict at every pair of values of two parameters.

    cells = optgen.stability_map(spec, "lr", "beta", "f in smooth_strongly_convex(1, 25)", [0.01, 0.1], [0, 0.5])
    """
    from optgen.proof.ask import map_of

    claim = asked(spec, given, algorithm, numbers)
    return answered(lambda: map_of(claim, x, y, [exactly(v) for v in xs], [exactly(v) for v in ys]))


def asked(spec: Spec | str, given: str, algorithm: str | None, numbers: Mapping[str, float | str]) -> Claim:
    """The claim that a question is about: a method, a class, numbers."""
    from optgen.passes.lower import claim_in

    whole = as_spec(spec)
    name = compiler.choose(whole, "algorithm", algorithm)
    lines = [f'claim "question"\n  given {given}']
    if numbers:
        lines.append(f"  at {', '.join(f'{n} = {exactly(v)}' for n, v in numbers.items())}")
    (group,) = compiler.parse("\n".join([*lines, "  prove stable\n"]), "<question>").file.groups("claim")
    return claim_in(whole.file, compiler._shipped(whole.folder), name, group)


def exactly(number: float | str) -> Fraction:
    """A number as the decimal or quotient that is written."""
    try:
        return Fraction(str(number))
    except ValueError:
        raise SpecError([Diagnostic("E0706", f"{number!r} is no number", help='write 0.1 or "1/10"')]) from None


def answered(work: Callable[[], Answer]) -> Answer:
    """The answer to a question, or what keeps it from having one as an error of the user."""
    from optgen.proof.ask import OpenQuestion
    from optgen.proof.domains import Contradiction
    from optgen.proof.quantities import NotLinear

    try:
        return work()
    except (OpenQuestion, NotLinear, Contradiction) as why:
        raise SpecError([Diagnostic("E0706", f"the question has no answer: {why}")]) from None
