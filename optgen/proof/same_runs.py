"""Two methods run side by side in exact arithmetic: on quadratics, from one start, with one set of params."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.claims import Claim, Relation
from optgen.ir.evaluate import evaluate
from optgen.ir.program import Function, Program
from optgen.proof.evaluation import Expand, as_text, holds_at
from optgen.proof.instances import entry
from optgen.proof.members import Diagonal, as_oracles
from optgen.proof.quantities import NotLinear

SIZE, STEPS, RUNS, TRIES = 2, 5, 8, 200
CANNOT = (NotLinear, ir.IRError, ArithmeticError, TypeError)


@dataclass(frozen=True, slots=True)
class Runs:
    """How often both gave the same, or where they did not; `numbers` of the claim's own names there."""

    runs: int
    example: dict[str, Any] | None = None
    numbers: Mapping[ir.Input, Fraction] = field(default_factory=dict)


def differing(claim: Claim, one: Program, other: Program, names: Mapping[str, ir.Input], expand: Expand) -> Runs:
    """Runs of both methods, `other` over the inputs of `one`, until they part."""
    done = 0
    own = [n.input for n in claim.names if n.input is not None]
    for seed in range(TRIES):
        random = Random(seed)
        members = {name: quadratic(random) for name in one.oracles}
        inputs = (*(slot.input for slot in other.slots), *own)
        given = {made: numbers(random, made) for made in inputs}
        try:
            if not allowed(claim, other, given, expand):
                continue
            oracles = as_oracles(members)
            paths = [trajectory(program, given, oracles, expand) for program in (one, other)]
        except CANNOT:
            continue
        for k, (x, y) in enumerate(zip(*paths, strict=True)):
            if as_text(x) != as_text(y):
                shown = example(one, names, given, members, k, x, y)
                return Runs(done, shown, {made: given[made] for made in own if not made.axes})
        done += 1
        if done == RUNS:
            break
    return Runs(done)


def quadratic(random: Random) -> Diagonal:
    curvatures = tuple(Fraction(random.randint(0, 12), 4) for _ in range(SIZE))
    return Diagonal(curvatures, tuple(Fraction(random.randint(-4, 4), 2) for _ in range(SIZE)))


def example(
    one: Program, names: Mapping[str, ir.Input], given: Mapping[ir.Input, Any], members: Mapping[str, Diagonal],
    k: int, x: Any, y: Any,
) -> dict[str, Any]:  # fmt: skip
    name = one.states[0].name
    functions = {
        n: {"kind": "Quadratic", "curvatures": as_text(m.curvatures), "centre": as_text(m.centre)}
        for n, m in members.items()
    }
    given_to = [
        {n: as_text(given[made]) for n, made in inputs.items() if n not in ("steps", "tol")}
        for inputs in ({s.name: s.input for s in one.slots}, names)
    ]
    used = {made.name: as_text(v) for made, v in given.items() if made.name not in ("steps", "tol")}
    return {
        "kind": "trajectories",
        "params": {n: v for n, v in used.items() if isinstance(v, str)},
        "points": {n: v for n, v in used.items() if isinstance(v, list)},
        "functions": functions,
        "violated": f"after {k} steps {name} is {shown(x)} and {shown(y)}",
        "run": {"given": given_to, "steps": k, "left": as_text(x), "right": as_text(y)},
    }


def shown(x: Any) -> str:
    found = as_text(x)
    return f"({', '.join(map(str, found))})" if isinstance(found, list) else str(found)


def numbers(random: Random, made: ir.Input) -> Any:
    def level(axes: tuple[ir.Scalar, ...]) -> Any:
        if axes:
            count = int(axes[0].value) if isinstance(axes[0], ir.Constant) else SIZE
            return [level(axes[1:]) for _ in range(count)]
        found = entry(random, made.dtype)
        return int(found) if made.dtype == "int" else found

    return level(made.axes)


def allowed(claim: Claim, program: Program, given: Mapping[ir.Input, Any], expand: Expand) -> bool:
    """Whether the numbers lie in the domains of params and satisfy what the claim is given."""
    conditions = [c for slot in program.slots for c in slot.conditions]
    holds = {f"{n}": ir.array((), c.holds) for n, c in enumerate(conditions)}
    if not all(bool(found) for found in evaluated(holds, given, {}, expand)):
        return False
    for fact in (*claim.domains, *claim.given):
        if isinstance(fact, Relation):
            sides = evaluated({"left": fact.left, "right": fact.right}, given, {}, expand)
            pairs = zip(*(side.reshape(-1).tolist() for side in sides), strict=False)
            if not all(holds_at(fact.operator, a, b) for a, b in pairs):
                return False
    return True


def evaluated(
    results: Mapping[str, ir.Tensor], given: Mapping[ir.Input, Any], oracles: Mapping[str, Any], expand: Expand
) -> list[Any]:
    if not results:
        return []
    ready = expand(Function("run", (), (), tuple(results.items())))
    tensors = [t for _, t in ready.results]
    inside = [n for n in walk.postorder(tensors) if isinstance(n, ir.Input)]
    missing = [n for n in inside if n not in given]
    if missing:
        raise NotLinear(f"no number for {missing[0].name}")
    dims = {n.name: SIZE for n in walk.postorder(tensors) if isinstance(n, ir.Dim)}
    function = Function("run", tuple(dims), tuple(inside), ready.results)
    return list(evaluate(function, dims, [given[n] for n in inside], "exact", oracles))


def trajectory(
    program: Program, given: Mapping[ir.Input, Any], oracles: Mapping[str, Any], expand: Expand
) -> list[Any]:
    """The first state at the start and after each step."""
    names = [f"state {k}" for k in range(len(program.states))]
    firsts = dict(zip(names, (s.initial for s in program.states), strict=True))
    now = evaluated(firsts, given, oracles, expand)
    seen = [now[0]]
    for k in range(STEPS):
        here = {s.input: v.tolist() for s, v in zip(program.states, now, strict=True)}
        following = dict(zip(names, program.phases[0].following, strict=True))
        now = evaluated(following, {**given, **here, program.phases[0].done: k}, oracles, expand)
        seen.append(now[0])
    return seen
