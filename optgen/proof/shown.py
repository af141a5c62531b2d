"""A counterexample as a run: what a compiled solver is given, what must come out, and how the claim reads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.claims import Claim, Relation
from optgen.proof.attack import Run, Vector, measured, symbols_of
from optgen.proof.evaluation import Evaluation, Expand, as_text, holds_at
from optgen.proof.examples import ElsewhereError, Samples, function_to_json
from optgen.proof.extract import Extracted
from optgen.proof.members import Explicit, as_oracles, rebuilt
from optgen.proof.quantities import NotLinear

HIDDEN = ("steps", "tol")  # slots that say when to stop


def violates(
    claim: Claim, goal: Relation, found: Extracted, example: Mapping[str, Any], expand: Expand
) -> tuple[bool | None, dict[str, Any]]:
    """Whether a claim fails at the points of a counterexample (None: it can't be evaluated), and the counterexample
    with a function for every oracle and the run that shows it.
    """
    vectors = {n: tuple(Fraction(c) for c in v) for n, v in example["points"].items()}
    size = len(next(iter(vectors.values()), ())) or 1
    numbers = {n: Fraction(c) for n, c in example["params"].items()}
    for name in symbols_of(found) - numbers.keys():
        numbers[name] = Fraction(1)
    run = Run(claim, found, numbers, vectors, {}, size)
    values = {n: Fraction(c) for n, c in example["values"].items()}
    functions = {name: rebuilt(data, name in found.operators) for name, data in example["functions"].items()}
    for name in found.asked.keys() - functions:
        functions[name] = Explicit(samples(found, name, run, values), name in found.operators)
    run.oracles = as_oracles(functions)
    evaluation = run.evaluation
    try:
        left, right = evaluation.sides(goal, expand)
    except (NotLinear, ArithmeticError, ir.IRError):
        return None, dict(example)
    data = {name: function_to_json(f.function) for name, f in functions.items()}
    seen = step(evaluation, expand) | {"left": as_text(left), "right": as_text(right), "operator": goal.operator}
    return not holds_at(goal.operator, left, right), {**example, "functions": data, "run": seen}


def samples(found: Extracted, oracle: str, run: Run, values: Mapping[str, Fraction]) -> Samples:
    """What an oracle without a formula answers: its points."""
    points = found.asked[oracle]
    known = {n: values.get(n, Fraction(0)) for p in points for n in p.f.values}
    f = [Fraction(0) if oracle in found.operators else measured(p.f, run, known) for p in points]
    places: list[tuple[Vector, Vector]] = [(run.placed(p.x), run.placed(p.g)) for p in points]
    return Samples(tuple(x for x, _ in places), tuple(g for _, g in places), tuple(f))


def step(evaluation: Evaluation, expand: Expand) -> dict[str, Any]:
    """The inputs of a solver and its states after the step (or the steps) that a claim speaks of."""
    program = evaluation.claim.program
    if program is None or len(program.phases) != 1:
        return {}
    steps, arrays = evaluation.steps, evaluation.arrays
    given = {s.name: as_text(arrays[s.input]) for s in program.slots if s.input in arrays and s.kind != "start"}
    if steps == 0:
        starts = {s.name: as_text(arrays[s.input]) for s in program.states if s.input in arrays}
        after = program.phases[0].following
    else:
        starts = {s.name: as_text(arrays[s.input]) for s in program.slots if s.kind == "start" and s.input in arrays}
        after = tuple(evaluation.after(steps))
    inputs = [*(s.input for s in program.slots), *(s.input for s in program.states)]
    shapes = {axis.name for made in inputs for axis in made.axes if isinstance(axis, ir.Dim)}
    return {
        "dims": {n: size for n, size in evaluation.sizes.items() if n in program.dims and n not in shapes},
        "inputs": {name: number for name, number in given.items() if name not in HIDDEN},
        "states": starts,
        "done": arrays.get(program.phases[0].done, 0) if steps == 0 else 0,
        "steps": steps,
        "after": known_states([s.name for s in program.states], after, evaluation, expand),
    }


def known_states(
    names: Sequence[str], after: Sequence[ir.Tensor], evaluation: Evaluation, expand: Expand
) -> dict[str, Any]:
    """The states after the step, but those for which a function is asked at a point that nothing is said of."""
    found: dict[str, Any] = {}
    for name, tensor in zip(names, after, strict=True):
        try:
            found[name] = as_text(evaluation.values([tensor], expand)[0])
        except (ElsewhereError, ZeroDivisionError, NotLinear, ir.IRError):
            continue
    return found
