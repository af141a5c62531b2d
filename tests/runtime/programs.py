"""Small programs for the runtime, with kernels by hand in NumPy: what the runtime does depends on no backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Condition, Exit, Leaf, Phase, Program, Record, Slot, State
from optgen.runtime import Code, Solver
from optgen.runtime.table import build


def scalar(made: ir.Input) -> ir.Scalar:
    return ir.access(made)


def number(value: int | Fraction) -> ir.Tensor:
    return ir.array((), ir.constant(value))


def positive(made: ir.Input, sentence: str) -> Condition:
    return Condition(sentence, apply("gt", scalar(made), ir.constant(0, "real")))


N = ir.dim("n")
A = ir.Input("A", "real", (N, N))
B = ir.Input("b", "real", (N,))
LR = ir.Input("lr", "real")
X = ir.Input("x", "real", (N,))
STEPS, TOL = ir.Input("steps", "int"), ir.Input("tol", "real")


def limits() -> tuple[Slot, ...]:
    at_least = Condition("steps must be >= 0", apply("ge", scalar(STEPS), ir.constant(0)))
    return (
        Slot("steps", STEPS, "param", number(1000), (at_least,)),
        Slot("tol", TOL, "param", number(Fraction(1, 10**6))),
    )


def zeros() -> ir.Tensor:
    return ir.array((ir.Index(N, "i"),), ir.constant(Fraction(0)), "zero")


def symmetric() -> Condition:
    """A condition on all entries, which no short formula says."""
    i, j = ir.Index(N, "i"), ir.Index(N, "j")
    body = apply("eq", ir.access(A, i, j), ir.access(A, j, i))
    return Condition("A must be symmetric", ir.reduce("all", (i, j), body))


def quadratic_slots() -> tuple[Slot, ...]:
    return (
        Slot("A", A, "data"),
        Slot("b", B, "data"),
        Slot("lr", LR, "param", number(Fraction(1, 10)), (positive(LR, "lr must be in (0, inf)"),)),
        *limits(),
        Slot("x", X, "start", zeros()),
    )


@dataclass
class Method:
    """A method in NumPy: `step(inputs, states, k)` gives the next states, rules look at (inputs, states)."""

    step: Callable
    stop: Callable = lambda inputs, states: False
    until: Callable = lambda inputs, states: False
    fail: Callable = lambda inputs, states: False
    outer: Sequence[Callable] = ()
    inner: Sequence[Callable] = ()
    length: int = 2**62
    chunks: list[tuple[int, int]] = field(default_factory=list)


def advance(method: Method, slots: int, states: int) -> Callable:
    """The kernel of a phase, by the convention of `Code`."""

    def kernel(dims, arrays):
        inputs, now = arrays[: slots + 1], list(arrays[slots + 1 : slots + 1 + states])
        start, stop = (int(end) for end in arrays[-2:])
        method.chunks.append((start, stop))
        rows, count, finite, ended, failed = [], 0, True, 0, 0
        while start + count < min(stop, method.length) and finite and not ended and not failed:
            if method.stop(inputs, now):
                break
            following = method.step(inputs, now, start + count + 1)
            failed = int(method.fail(inputs, now))
            rows.append([r(inputs, now) for r in method.outer] + [r(inputs, following) for r in method.inner])
            finite = all(np.isfinite(state).all() for state in following)
            now = now if failed else [np.asarray(state) for state in following]
            ended = int(method.until(inputs, now))
            count += 1
        traces = []
        for k in range(len(method.outer) + len(method.inner)):
            trace = np.zeros(stop - start)
            trace[:count] = [row[k] for row in rows]
            traces.append(trace)
        flags = [np.array(count), np.array(finite), np.array(ended), np.array(failed)]
        return [*(state.copy() for state in now), *flags, *traces]

    return kernel


def finish(method: Method, slots: int, states: int, more: Callable = lambda inputs, states: []) -> Callable:
    def kernel(dims, arrays):
        inputs, now = arrays[: slots + 1], arrays[slots + 1 : slots + 1 + states]
        entries = [np.asarray(record(inputs, now)) for record in method.outer]
        return [np.array(int(method.stop(inputs, now))), *entries, *more(inputs, now)]

    return kernel


def no_engine(function):
    raise AssertionError(f"{function.name} should have been a short formula")


def solver_of(program: Program, code: Code, engine: Callable = no_engine, real: str = "float64") -> Solver:
    return Solver(code, build(program, engine, real), "numpy", real)


# ---------------------------------------------------------------- gradient descent on x.A.x/2 - b.x


def gradient(inputs, states):
    return inputs[0] @ states[0] - inputs[1]


def descent_method(**changes) -> Method:
    parts = {
        "step": lambda inputs, states, k: [states[0] - inputs[2] * gradient(inputs, states)],
        "stop": lambda inputs, states: np.linalg.norm(gradient(inputs, states)) <= inputs[4],
        "outer": [lambda inputs, states: states[0] @ inputs[0] @ states[0] / 2 - inputs[1] @ states[0]],
        "inner": [lambda inputs, states: np.linalg.norm(states[0])],
    }
    return Method(**(parts | changes))


def descent_program(slots: tuple[Slot, ...], **rules) -> Program:
    state = ir.Input("x", "real", (N,))
    place = number(0)
    phase = Phase(
        "", ir.Input("done", "int"), None, (state,),
        stops=(Exit("the gradient is small", ir.constant(False)),),
        records=(Record("loss", place, False), Record("size", place, True)),
        **rules,
    )  # fmt: skip
    return Program(
        "descent",
        "Gradient descent.",
        ("n",),
        (),
        slots,
        ir.Input("seed", "u64"),
        (State("x", state, X),),
        (phase,),
        lets=(("residual", place),),
        objective=ir.constant(0),
    )


def descent(method: Method | None = None, condition: Condition | None = None, engine=no_engine, **rules) -> Solver:
    """Gradient descent as a solver; `method` replaces parts, `rules` are exits of its phase."""
    slots = quadratic_slots()
    if condition is not None:
        slots = (Slot("A", A, "data", None, (condition,)), *slots[1:])
    method = method or descent_method()
    program = descent_program(slots, **rules)

    def more(inputs, states):
        return [gradient(inputs, states), np.asarray(method.outer[0](inputs, states))]

    code = Code(
        program, lambda dims, arrays: [arrays[5].copy()], (advance(method, 6, 1),), (finish(method, 6, 1, more),), "1"
    )
    return solver_of(program, code, engine)


def quadratic(n: int = 4) -> dict[str, np.ndarray]:
    """A well conditioned quadratic with minimiser 1, 2, ..., n."""
    matrix = np.diag(np.linspace(1.0, 2.0, n))
    return {"A": matrix, "b": matrix @ np.arange(1.0, n + 1)}


# ---------------------------------------------------------------- two phases on a counter


def two_phases(first: Method, second: Method, records: Sequence[str] = ("value",)) -> Solver:
    """A counter that two methods move in turn; `value` is recorded by the phases named in `records`."""
    state = ir.Input("v", "real")
    names = [("value",) if name == "value" else () for name in records] * (2 if len(records) == 1 else 1)
    phases = tuple(
        Phase(label, ir.Input("done", "int"), None, (state,), stops=(Exit(f"{label} is over", ir.constant(False)),),
              records=tuple(Record(name, number(0), False) for name in own))
        for label, own in zip(("first", "second"), names, strict=True)
    )  # fmt: skip
    program = Program("counter", "", (), (), limits(), ir.Input("seed", "u64"),
                      (State("v", state, number(0)),), phases)  # fmt: skip
    code = Code(
        program, lambda dims, arrays: [np.array(0.0)],
        tuple(advance(m, 2, 1) for m in (first, second)), tuple(finish(m, 2, 1) for m in (first, second)),
    )  # fmt: skip
    return solver_of(program, code)


# ---------------------------------------------------------------- inputs of every kind


H, D = ir.dim("h"), ir.dim("d")
WEIGHTS = (
    Leaf("layer.W", (H, D), ir.constant(0)),
    Leaf("layer.b", (H,), apply("mul", H, D)),
)


def everything() -> Solver:
    """One step that changes nothing, over inputs of every kind: structures, indices, truth values, schedules, sizes."""
    size = apply("add", apply("mul", H, D), H)
    w = ir.Input("w", "real", (size,))
    classes = ir.Input("classes", "int", (ir.dim("m"),))
    keep = ir.Input("keep", "bool", (ir.dim("m"),))
    rate = ir.Input("rate", "real", (ir.dim("steps_rate"),))
    first = ir.Input("first", "real")
    double = ir.Input("double", "real", (ir.dim("twice"),))
    k = ir.Index(ir.dim("steps_rate"), "k")
    default = ir.array((k,), apply("div", scalar(first), apply("to_real", apply("add", k, ir.constant(1)))))
    slots = (
        Slot("w", w, "start", None, (), WEIGHTS),
        Slot("classes", classes, "data"),
        Slot("keep", keep, "data", ir.array((ir.Index(ir.dim("m"), "i"),), ir.constant(True))),
        Slot("first", first, "param", number(2)),
        Slot("rate", rate, "param", default),
        Slot("double", double, "data", ir.array((ir.Index(ir.dim("twice"), "i"),), ir.constant(Fraction(1, 2)))),
        *limits(),
    )
    state = ir.Input("w", "real", (size,))
    seen = [ir.Input("rates", "real", (ir.dim("steps_rate"),)), ir.Input("classes_seen", "int", (ir.dim("m"),))]
    states = (
        State("w", state, w, WEIGHTS), State("rates", seen[0], rate), State("labels", seen[1], classes, (), 1)
    )  # fmt: skip
    phase = Phase("", ir.Input("done", "int"), None, (state, *seen))
    program = Program("everything", "", ("h", "d", "m"), (("twice", apply("mul", ir.constant(2), ir.dim("m"))),),
                      slots, ir.Input("seed", "u64"), states, (phase,))  # fmt: skip
    method = Method(step=lambda inputs, states, k: states)

    def setup(dims, arrays):
        assert arrays[5].shape == (dims["twice"],)
        return [arrays[0].copy(), arrays[4].copy(), arrays[1] + 1]

    code = Code(program, setup, (advance(method, len(slots), 3),), (finish(method, len(slots), 3),))
    return solver_of(program, code, harmonic)


def harmonic(function):
    """An engine that knows the one default of `everything` that is no short formula: first/k."""
    assert function.name == "default_rate"
    return lambda dims, arrays: [arrays[0] / np.arange(1, dims["steps_rate"] + 1)]
