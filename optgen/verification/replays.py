"""Counterexamples run as compiled solvers, before they are reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from optgen import compiler
from optgen.diagnostics import SpecError
from optgen.proof.verdict import Replay

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.ir.program import Function, Program
    from optgen.runtime import Solver


def replay(spec: Spec, claim: Claim, example: Mapping[str, Any]) -> Replay:
    """Run a counterexample as `compile` would, and compare with what it says must come out."""
    run = example.get("run") or {}
    try:
        if "programs" in example:
            return part_ways(example)
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
    function, dims, arrays, oracles = run["lowered"]
    (kernel,) = engine_for(function, oracles)([function])
    sides = kernel(dims, [floats(a) for a in arrays])
    said = [floats(run["left"]), floats(run["right"])]
    shows = all(np.allclose(a, b, rtol=1e-6, atol=1e-9 * (1 + largest_entry(b))) for a, b in zip(sides, said))
    return Replay(shows, f"compiled, {sides_in_words(run)}")


def part_ways(example: Mapping[str, Any]) -> Replay:
    """Two methods run as solvers from one start: their first states differ as it says."""
    import numpy as np

    from optgen.proof.members import as_oracles, separable

    run, ends = example["run"], []
    for program, given in zip(example["programs"], run["given"], strict=True):
        members = dict(zip(program.oracles, example["functions"].values(), strict=True))
        oracles = as_oracles({n: separable(data) for n, data in members.items()})
        solver = compiler.driven(program, {name: lists(answer) for name, answer in oracles.items()})
        result = solver(steps=run["steps"], tol=0.0, **{n: floats(v) for n, v in given.items()})
        ends.append(np.asarray(getattr(result, program.states[0].name)))
    said = [np.asarray(floats(run[side])) for side in ("left", "right")]
    shows = all(np.allclose(a, b, rtol=1e-6, atol=1e-9) for a, b in zip(ends, said, strict=True))
    shows = shows and not np.allclose(said[0], said[1], rtol=1e-6, atol=1e-9)
    first, second = (in_words(end) for end in ends)
    many = f"{run['steps']} compiled steps of each" if run["steps"] != 1 else "a compiled step of each"
    return Replay(shows, f"{many} from one start gave {first} and {second}")


def lists(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A function of exact vectors, of arrays of floats."""
    return lambda x, *others: answer([float(e) for e in x], *others)


def engine_for(function: Function, oracles: Mapping[str, Callable[..., Any]]) -> Any:
    """Machine code, or the engine that asks Python where a function of a counterexample occurs."""
    from optgen.ir import nodes as ir
    from optgen.ir import walk

    nodes = walk.postorder([tensor for _, tensor in function.results])
    asks = any(isinstance(node, ir.Call) and node.function.startswith("oracle ") for node in nodes)
    return compiler.asking(oracles) if asks else compiler._engine("llvm", "float64")


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


def differentiated(function: Any) -> Any:
    from optgen.passes.differentiate import differentiate

    return differentiate(function)


# ---------------------------------------------------------------- numbers


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
