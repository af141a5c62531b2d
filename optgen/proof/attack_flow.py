"""What lowering derived from a flow, doubted: the same by differences alone, at random numbers that the claim allows.

A generator is the mean of V over one Euler step with signs in place of normal numbers, less V, over its length.  How a
density changes is the divergence, by differences, of what the drift carries and the noise spreads.  Neither takes a
derivative of anything, so a wrong sign, a missing half or a lost term shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import exp, isfinite
from random import Random
from typing import Any

from optgen.ir import claims as said
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.evaluate import evaluate
from optgen.ir.program import Function
from optgen.proof.assumptions import Question
from optgen.proof.attack import MistranslatedError
from optgen.proof.evaluation import Evaluation, Expand, as_floats
from optgen.proof.instances import CANNOT, evaluated_at, functions_for

RUNS, TRIES = 6, 200
LENGTH, STEP = 1e-4, 1e-4  # of an Euler step, where drift and noise are 1; of a difference
CLOSE = 1e-2
MOST_SIGNS = 6
Point = tuple[float, ...]


class Flow:
    """The tensors of a derivation as functions of the states, laid end to end, and the time."""

    def __init__(self, made: said.Derived, evaluation: Evaluation, expand: Expand) -> None:
        import numpy as np

        columns = [c for source in made.noise for c in source.columns]
        tensors = evaluation.resolved([made.value, *made.drift, *columns, *made.results])
        ready = expand(Function("flow", (), (), tuple((f"result {n}", t) for n, t in enumerate(tensors))))
        results = [t for _, t in ready.results]
        inside = {n for n in walk.postorder(results) if isinstance(n, ir.Input)}
        self.arrays: dict[ir.Input, Any] = {n: as_floats(a) for n, a in evaluation.arrays.items() if n in inside}
        for given in (*made.states, made.time):
            self.arrays[given] = as_floats(evaluation.arrays.get(given, 1.0))
        dims = {n.name: evaluation.size for n in walk.postorder(results) if isinstance(n, ir.Dim)}
        self.dims = dims | dict(evaluation.sizes)
        self.function = Function("flow", tuple(self.dims), tuple(self.arrays), ready.results)
        self.made, self.oracles = made, evaluation.oracles
        starts = [np.asarray(self.arrays[s], dtype=float) for s in made.states]
        self.shapes = [s.shape for s in starts]
        self.start: Point = tuple(float(x) for s in starts for x in s.reshape(-1))
        self.time = float(self.arrays[made.time])

    def at(self, point: Sequence[float], time: float) -> tuple[Any, Any, Any, list[Any]]:
        """V (or p, or a score), the drift, the directions (one a row), the results."""
        import numpy as np

        arrays = {**self.arrays, self.made.time: time}
        place = 0
        for made, shape in zip(self.made.states, self.shapes, strict=True):
            count = int(np.prod(shape, dtype=int))
            arrays[made] = np.reshape(point[place : place + count], shape).tolist()
            place += count
        with np.errstate(all="ignore"):
            found = evaluate(self.function, self.dims, list(arrays.values()), "float64", self.oracles)
        value, *rest = (np.asarray(f, dtype=float) for f in found)
        drift = np.concatenate([d.reshape(-1) for d in rest[: len(self.shapes)]])
        rest, rows = rest[len(self.shapes) :], []
        for source in self.made.noise:
            columns, rest = rest[: len(self.shapes)], rest[len(self.shapes) :]
            rank = len(source.axes)
            count = int(np.prod(columns[0].shape[:rank], dtype=int))
            rows.append(np.concatenate([c.reshape(count, -1) for c in columns], axis=1))
        directions = np.concatenate(rows) if rows else np.zeros((0, len(self.start)))
        return value, drift, directions, rest


def attack_flows(claim: said.Claim, questions: Sequence[Question], expand: Expand) -> int:
    """How often each derivation of the claim was done again; MistranslatedError where one comes out otherwise."""
    done = 0
    for made in claim.derived:
        agreed, runs = 0, 0
        for seed in range(TRIES):
            try:
                evaluation = evaluated_at(claim, questions[0], Random(seed), functions_for(claim, Random(seed)), expand)
                outcome = None if evaluation is None else WAYS[made.word](Flow(made, evaluation, expand))
            except CANNOT:
                outcome = None
            runs += outcome is not None
            agreed += outcome is True
            if runs == RUNS or (seed == TRIES // 4 and not runs):
                break
        if 2 * agreed < runs:
            raise MistranslatedError(f"{claim.text}: {made.word} of the flow is not what differences give")
        done += runs
    return done


def close(found: Any, wanted: Any) -> bool | None:
    """Whether all entries agree; None where there is no number."""
    import numpy as np

    pairs = list(zip(np.reshape(found, -1).tolist(), np.reshape(wanted, -1).tolist(), strict=True))
    if not all(isfinite(entry) for pair in pairs for entry in pair):
        return None
    size = max(abs(b) for _, b in pairs)
    return all(abs(a - b) <= CLOSE * (size + STEP) for a, b in pairs)


def by_euler(flow: Flow) -> bool | None:
    """(mean of V after a step of length h - V)/h at two lengths, extrapolated to h = 0."""
    import numpy as np

    value, drift, directions, (result,) = flow.at(flow.start, flow.time)
    if len(directions) > MOST_SIGNS:
        return None
    longest = float(np.max(np.abs(drift), initial=0.0) + np.sum(directions**2))
    first = LENGTH / (1 + longest)

    def quotient(h: float) -> Any:
        ends = []
        for signs in product((-1.0, 1.0), repeat=len(directions)):
            point = np.asarray(flow.start) + h * drift + h**0.5 * (np.asarray(signs) @ directions)
            ends.append(flow.at(tuple(point), flow.time + h)[0])
        return (np.mean(ends, axis=0) - value) / h

    return close(2 * quotient(first / 2) - quotient(first), result)


def moved(flow: Flow, *places: tuple[int, float]) -> Point:
    point = list(flow.start)
    for place, change in places:
        point[place] += change
    return tuple(point)


def slope(f: Callable[[Point], Any], flow: Flow, a: int) -> Any:
    return (f(moved(flow, (a, STEP))) - f(moved(flow, (a, -STEP)))) / (2 * STEP)


def bend(f: Callable[[Point], Any], flow: Flow, a: int, b: int) -> Any:
    """The second derivative by two entries."""
    if a == b:
        return (f(moved(flow, (a, STEP))) - 2 * f(flow.start) + f(moved(flow, (a, -STEP)))) / STEP**2
    corners = ((i, j) for i in (1, -1) for j in (1, -1))
    return sum(i * j * f(moved(flow, (a, i * STEP), (b, j * STEP))) for i, j in corners) / (4 * STEP**2)


def by_flux(flow: Flow, log: bool) -> bool | None:
    """How a density changes in time, and what is carried and spread; of a logarithm, where the density is 1."""
    value, _, _, (change, forward) = flow.at(flow.start, flow.time)
    kept: dict[tuple[Point, float], tuple[float, Any, Any]] = {}

    def seen(point: Point, time: float) -> tuple[float, Any, Any]:
        if (point, time) not in kept:
            there, drift, directions, _ = flow.at(point, time)
            p = exp(float(there - value)) if log else float(there)
            kept[point, time] = (p, drift * p, directions.T @ directions * p)
        return kept[point, time]

    count = range(len(flow.start))
    try:
        carried = sum(slope(lambda z: seen(z, flow.time)[1], flow, a)[a] for a in count)
        spread = sum(bend(lambda z: seen(z, flow.time)[2], flow, a, b)[a, b] for a in count for b in count)
        later, earlier = (seen(flow.start, flow.time + s)[0] for s in (STEP, -STEP))
    except (OverflowError, ValueError):
        return None
    outcomes = [close((later - earlier) / (2 * STEP), change), close(spread / 2 - carried, forward)]
    return None if None in outcomes else all(outcomes)


def by_rows(flow: Flow) -> bool | None:
    """The drift back in time from a score: the divergence of each row of G G', and the row times the score."""
    import numpy as np

    score, drift, directions, (result,) = flow.at(flow.start, flow.time)
    count = range(len(flow.start))

    def square(point: Point) -> Any:
        there = flow.at(point, flow.time)[2]
        return there.T @ there

    rows = [sum(slope(square, flow, b)[a, b] for b in count) for a in count]
    return close(np.asarray(rows) + directions.T @ directions @ score.reshape(-1) - drift, result)


WAYS: Mapping[str, Callable[[Flow], bool | None]] = {
    "generator": by_euler,
    "density": lambda flow: by_flux(flow, False),
    "log_density": lambda flow: by_flux(flow, True),
    "reverse": by_rows,
}
