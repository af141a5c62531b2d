"""Claims verified, composed as solvers are in compiler.py: text -> claims over Programs -> verdicts.

A verdict is kept on disk by content: the texts of all files used, the versions of optgen and of the solvers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from optgen import compiler
from optgen.diagnostics import Diagnostic, Span, SpecError, suggestion
from optgen.proof.verdict import Replay

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.ir.program import Program
    from optgen.proof.pictures import Graph as Graph
    from optgen.proof.pictures import Picture as Picture
    from optgen.proof.questions import Bracket, Cell
    from optgen.proof.verdict import Verdict
    from optgen.proof.worker import Worker
    from optgen.runtime import Solver

Answer = TypeVar("Answer")
SECONDS = 20.0
DRAWN = 24  # steps of a method that should converge
DRAWN_KINDS = {"QuadraticFunction", "PiecewiseLinearGradient", "Interpolant", "Samples"}
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

    return decided(claim, Tools(differentiated, lambda c, example: replay(spec, c, example)), worker, seconds)


def unusable(claim: Claim, found: Verdict) -> Diagnostic | None:
    """What is wrong with a claim that has no verdict: its givens contradict each other, or nothing could refute it."""
    from optgen.proof.verdict import CONTRADICTS

    if any(tried[:2] == CONTRADICTS for tried in found.tried):
        return contradiction(claim, (), ())
    return irrefutable(claim) if found.verdict == "unknown" else None


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
    if not claims:
        return
    from optgen.proof.givens import conflict

    found = [contradiction(c, made.words, made.spans) for c in claims if (made := conflict(c)) is not None]
    if found:
        raise SpecError(found)


def irrefutable(claim: Claim) -> Diagnostic | None:
    """A refutation that would need a function of a class through given points, where no such function is known."""
    from optgen.proof.interpolation import without_interpolation

    if any(m.name in ("variance", "noise", "contractive", "unbiased") or m.members for m in claim.classes):
        return None  # claims about draws and families are tried on explicit members
    for membership in claim.classes if claim.mode == "refute" else ():
        names = {other.name for other in claim.classes if other.function == membership.function}
        loose = without_interpolation(names)
        if loose is not None:
            message = f"{claim.text!r} can't be refuted: no function in {loose} is known through points that violate it"
            fix = "refute it for a class inside this one, such as smooth_strongly_convex or quadratic"
            return Diagnostic("E0707", message, membership.span, help=fix)
    return None


def contradiction(claim: Claim, words: Sequence[str], spans: Sequence[Span]) -> Diagnostic:
    """What can't hold together, at its last condition in the text of the claim."""
    numbers = ", ".join(f"{name} = {number}" for name, number in claim.at.items())
    here = f" at {numbers}" if numbers else ""
    inside = [span for span in spans if span.start >= claim.span.start] or [claim.span]
    place = max(inside, key=lambda span: span.start)
    others = tuple((span, "and this") for span in dict.fromkeys(spans) if span != place)
    message = f"what {claim.text!r} is given can't hold{here}"
    if len(words) == 1:
        message += f": {words[0]}"
    elif words:
        message += f": nothing satisfies {', '.join(words[:-1])} and {words[-1]}"
    return Diagnostic("E0705", message, place, secondary=others, help="a proof from it would prove nothing")


def differentiated(function: Any) -> Any:
    from optgen.passes.differentiate import differentiate

    return differentiate(function)


# ---------------------------------------------------------------- counterexamples


def replay(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> Replay:
    """Run a counterexample as `compile` would, and compare with what it says must come out."""
    run = example.get("run") or {}
    try:
        if "growth" in run:
            return grows(spec, claim, example)
        return steps_as_said(spec, claim, example) if run.get("after") else sides_as_said(claim, example)
    except SpecError as error:
        return Replay(None, f"it can't be run: {error.diagnostics[0].message}")


def solver_of(spec: Spec, claim: Claim, example: Mapping[str, Any], anywhere: bool) -> Solver:
    """The method of a claim, lowered anew and compiled, on the functions of a counterexample."""
    from optgen.passes.bare import bare
    from optgen.proof.members import as_oracles, rebuilt

    program = compiler.lowered(spec, claim.owner)
    program = bare(program, int((example.get("run") or {}).get("done", 0)), anywhere)
    if not program.oracles:
        return compiler._solver(program, compiler._engine("llvm", "float64"), "llvm", "float64", None)
    operators = operators_of(program)
    members = {n: rebuilt(data, n.partition("[")[0] in operators) for n, data in example["functions"].items()}
    oracles = {f"oracle {name}{way}": unknown for name in program.oracles for way in ("", ".grad", ".prox")}
    oracles |= {name: in_floats(answer) for name, answer in as_oracles(members).items()}
    return compiler.driven(program, oracles)


def unknown(x: Any, *_: Any) -> Any:
    """What a function answers of which a counterexample says nothing."""
    import numpy as np

    return np.full(np.shape(x), np.nan)


def operators_of(program: Program) -> set[str]:
    """Function arguments whose values are vectors."""
    from optgen.ir import nodes as ir
    from optgen.ir import walk

    calls = {n for n in walk.postorder(program.phases[0].following) if isinstance(n, ir.Call)}
    return {c.function[7:].partition("[")[0] for c in calls if c.function[:7] == "oracle " and c.outputs[0][1]}


def in_floats(answer: Callable[..., Any]) -> Callable[..., Any]:
    """What a function of a counterexample answers, in floats; not a number where nothing is said of it."""
    import numpy as np

    from optgen.proof.examples import ElsewhereError

    def asked(x: Any, *others: Any) -> Any:
        try:
            found = answer(exact(x), *others)
        except ElsewhereError:
            return np.full(np.shape(x), np.nan)
        return floats(found) if isinstance(found, list) else float(found)

    return asked


def steps_as_said(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> Replay:
    """One step from any states, or several from the start."""
    import numpy as np

    run = example["run"]
    several = run["steps"]
    solver = solver_of(spec, claim, example, several == 0)
    given = {name: floats(item) for name, item in {**run["inputs"], **run["states"]}.items()}
    result = solver(steps=several or 1, tol=0.0, **run["dims"], **given)
    landed = {name: np.asarray(getattr(result, name)) for name in run["after"]}
    said = {name: floats(item) for name, item in run["after"].items()}
    shows = all(np.allclose(landed[n], said[n], rtol=1e-6, atol=1e-9 * (1 + largest_entry(said[n]))) for n in said)
    many = f"{several} compiled steps" if several > 1 else "a compiled step"
    start = ", ".join(f"{name} = {in_words(value)}" for name, value in given.items())
    after = ", ".join(f"{name} = {in_words(value)}" for name, value in landed.items())
    return Replay(shows, f"{many} of {claim.owner} from {start} gave {after}; there {sides_in_words(run)}")


def sides_as_said(claim: Claim, example: Mapping[str, Any]) -> Replay:
    """The two sides of a claim compiled as a function, where it speaks of no step."""
    import numpy as np

    run = example.get("run") or {}
    if "lowered" not in run:
        return Replay(None, "nothing of it can be run")
    function, dims, arrays = run["lowered"]
    (kernel,) = compiler._engine("llvm", "float64")([function])
    sides = kernel(dims, [floats(a) for a in arrays])
    said = [floats(run["left"]), floats(run["right"])]
    shows = all(np.allclose(a, b, rtol=1e-6, atol=1e-9 * (1 + largest_entry(b))) for a, b in zip(sides, said))
    return Replay(shows, f"compiled, {sides_in_words(run)}")


def grows(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> Replay:
    """Many steps of a method that should converge, or do so faster."""
    import numpy as np

    run = example["run"]
    solver = solver_of(spec, claim, example, True)
    numbers = {name: floats(item) for name, item in run["inputs"].items()}
    states = {name: floats(item) for name, item in run["states"].items()}
    seen = [states]
    for _ in range(run["growth"]["steps"]):
        result = solver(steps=1, tol=0.0, **numbers, **seen[-1])
        seen.append({name: np.asarray(getattr(result, name)) for name in states})
        if not 1e-140 < size_of(seen[-1]) < 1e140:
            break
    start = ", ".join(f"{name} = {in_words(value)}" for name, value in {**numbers, **states}.items())
    made = f"{len(seen) - 1} compiled steps of {claim.owner} from {start}"
    if run["growth"]["period"]:
        away = max(float(np.abs(seen[-1][name] - states[name]).max()) for name in states)
        return Replay(away <= 1e-6 * (1 + size_of(states)), f"{made} end where they began, but for {away:.1g}")
    window = max(len(seen) // 4, 1)
    sizes = [max(map(size_of, part)) for part in (seen[:window], seen[-window:])]
    factor = (sizes[1] / sizes[0]) ** (1 / (len(seen) - window))
    bound = run["growth"]["above"]
    said = f"a factor {factor:.6g} a step, where {bound:.6g} or less is claimed"
    return Replay(factor >= bound * (1 - 2e-3), f"{made} have {said}")


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


def size_of(states: Mapping[str, Any]) -> float:
    return max(largest_entry(value) for value in states.values())


def largest_entry(array: Any) -> float:
    import numpy as np

    return float(np.max(np.abs(array), initial=0.0))


def sides_in_words(run: Mapping[str, Any]) -> str:
    left, right = (in_words(floats(run[side])) for side in ("left", "right"))
    return f"{left} {run['operator']} {right} is false"


def in_words(array: Any) -> str:
    import numpy as np

    if np.ndim(array) == 0:
        return f"{float(array):.6g}"
    return "(" + ", ".join(in_words(entry) for entry in array) + ")"


def exact(x: Any) -> list[Fraction]:
    return [Fraction(float(e)) for e in x]


def floats(item: Any) -> Any:
    """Nested lists of exact numbers, or texts of them, as an array of floats."""
    import numpy as np

    if isinstance(item, list | tuple):
        return np.array([floats(part) for part in item])
    return np.float64(Fraction(item)) if isinstance(item, str) else np.asarray(item, dtype=np.float64)


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

    claim = asked(spec, given, algorithm, numbers, (name,))
    ends = exactly(low), exactly(high)
    if not ends[0] < ends[1]:
        raise SpecError([Diagnostic("E0706", f"nothing lies between low = {ends[0]} and high = {ends[1]}")])
    return answered(lambda: largest_of(claim, name, *ends))


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

    claim = asked(spec, given, algorithm, numbers, (x, y))
    for name, values in ((x, xs), (y, ys)):
        if not len(values):
            raise SpecError([Diagnostic("E0706", f"the map has no values of {name}")])
    return answered(lambda: map_of(claim, x, y, [exactly(v) for v in xs], [exactly(v) for v in ys]))


def asked(
    spec: Spec | str,
    given: str,
    algorithm: str | None,
    numbers: Mapping[str, float | str],
    moved: tuple[str, ...] = (),
) -> Claim:
    """The claim that a question is about: a method, a class, numbers; `moved` are the params it asks for."""
    from optgen.passes.lower import claim_in

    whole = as_spec(spec)
    name = compiler.choose(whole, "algorithm", algorithm)
    if name not in whole.names("algorithm"):
        hint = suggestion(name, whole.names("algorithm"))
        raise SpecError([Diagnostic("E0409", f"there is no algorithm {name} in the file", help=hint)])
    refuse_names(whole, name, given, numbers, moved)
    lines = [f'claim "question"\n  given {given}']
    if numbers:
        lines.append(f"  at {', '.join(f'{n} = {exactly(v)}' for n, v in numbers.items())}")
    (group,) = compiler.parse("\n".join([*lines, "  prove stable\n"]), "<question>").file.groups("claim")
    return claim_in(whole.file, compiler._shipped(whole.folder), name, group)


def refuse_names(
    spec: Spec, algorithm: str, given: str, numbers: Mapping[str, float | str], moved: tuple[str, ...]
) -> None:
    """SpecError for a name that neither the method nor its class has, or that is asked for and given, or twice."""
    import re

    group = next((g for g in spec.file.groups("algorithm") if g.name == algorithm), None)
    declared = [d.target for line in group.lines("param") for d in line.declarations] if group is not None else []
    params = [target.span.text for target in declared]
    symbols = re.findall(r"[A-Za-z_]\w*", given)
    for name in (*moved, *numbers):
        if group is not None and name not in (*params, *symbols):
            hint = suggestion(name, [*params, *symbols]) or f"its params are {', '.join(params)}"
            raise SpecError([Diagnostic("E0706", f"neither {algorithm} nor its class has a {name}", help=hint)])
        if name in moved and name in numbers:
            raise SpecError([Diagnostic("E0706", f"{name} is what is asked for, so it can't be {numbers[name]}")])
    if len(set(moved)) < len(moved):
        raise SpecError([Diagnostic("E0706", f"a map is of two parameters, not of {moved[0]} twice")])


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
