"""Functions made by hand and at random, for the loop form and what is printed from it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optgen.ir import nodes as ir
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.assemble import function

N, M = ir.dim("n"), ir.dim("m")
Case = tuple[Function, dict[str, int], list[Any]]


def vector(name: str, length: ir.Scalar = N) -> ir.Input:
    return ir.Input(name, "real", (length,))


def number(value: Any, dtype: Any = None) -> ir.Tensor:
    return ir.array((), ir.constant(value, dtype))


def mul(a: ir.Scalar, b: ir.Scalar) -> ir.Scalar:
    return apply("mul", a, b)


def add(a: ir.Scalar, b: ir.Scalar) -> ir.Scalar:
    return apply("add", a, b)


def sub(a: ir.Scalar, b: ir.Scalar) -> ir.Scalar:
    return apply("sub", a, b)


def dot(a: ir.Tensor, b: ir.Tensor) -> ir.Scalar:
    i = ir.Index(a.axes[0], "i")
    return ir.reduce("sum", [i], mul(ir.access(a, i), ir.access(b, i)))


def product(a: ir.Tensor, b: ir.Tensor, name: str = "") -> ir.Tensor:
    """A matrix times a vector."""
    i, j = ir.Index(a.axes[0], "i"), ir.Index(a.axes[1], "j")
    return ir.array([i], ir.reduce("sum", [j], mul(ir.access(a, i, j), ir.access(b, j))), name)


def loss_of(a: ir.Input, y: ir.Input, x: ir.Tensor) -> ir.Scalar:
    i, j = ir.Index(M, "i"), ir.Index(N, "j")
    margin = ir.reduce("sum", [j], mul(ir.access(a, i, j), ir.access(x, j)))
    return ir.reduce("sum", [i], apply("log1p", apply("exp", apply("neg", mul(ir.access(y, i), margin)))))


def samples(seed: int = 0, m: int = 7, n: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"A": rng.normal(size=(m, n)), "y": np.sign(rng.normal(size=m)), "x": rng.normal(size=n)}


def logistic() -> Case:
    """The loss of a logistic regression and its gradient."""
    a, y, x = ir.Input("A", "real", (M, N)), vector("y", M), vector("x")
    value = ir.function_value([x], [ir.array((), loss_of(a, y, x))])
    slope = ir.output(ir.derivative("vjp", value, [x], [number(1, "real")]), 0, "slope")
    made = function("logistic", [a, y, x], [("loss", ir.array((), loss_of(a, y, x))), ("slope", slope)])
    data = samples()
    return made, {"m": 7, "n": 4}, [data["A"], data["y"], data["x"]]


def adam() -> Case:
    """Adam on a quadratic, with a record and a stop rule on the gradient."""
    x, m, v, b = vector("x"), vector("m"), vector("v"), vector("b")
    steps, counter = ir.Input("steps", "int"), ir.Input("k", "int")
    i = ir.Index(N, "i")

    def entry(tensor: ir.Tensor) -> ir.Scalar:
        return ir.access(tensor, i)

    real = ir.constant
    g = ir.array([i], sub(entry(x), entry(b)), "g")
    m_new = ir.array([i], add(mul(real(0.9), entry(m)), mul(real(0.1), entry(g))), "m_new")
    v_new = ir.array([i], add(mul(real(0.99), entry(v)), mul(real(0.01), mul(entry(g), entry(g)))), "v_new")
    bottom = add(apply("sqrt", entry(v_new)), real(1e-8))
    x_new = ir.array([i], sub(entry(x), apply("div", mul(real(0.1), entry(m_new)), bottom)), "x_new")
    zero = ir.array([i], ir.constant(0, "real"), "zero")
    start = vector("start")
    going = apply("gt", dot(g, g), ir.constant(1e-3))
    loop = ir.loop(
        counter,
        [x, m, v],
        [start, zero, zero],
        [x_new, m_new, v_new],
        limit=ir.access(steps),
        condition=going,
        traces=[ir.array((), dot(g, g))],
        capacity=ir.access(steps),
        name="adam",
    )
    results = [(name, ir.output(loop, k, name)) for k, name in enumerate(["x", "m", "v", "count", "size"])]
    return function("adam", [start, b, steps], results), {"n": 5}, [np.arange(5.0), np.ones(5), 40]


def conjugate_gradients() -> Case:
    a, b, counter = ir.Input("A", "real", (N, N)), vector("b"), ir.Input("k", "int")
    x, r, p = vector("x"), vector("r"), vector("p")
    i = ir.Index(N, "i")
    q = product(a, p, "q")
    t = apply("div", dot(r, r), dot(p, q))
    x_new = ir.array([i], add(ir.access(x, i), mul(t, ir.access(p, i))), "x_new")
    r_new = ir.array([i], sub(ir.access(r, i), mul(t, ir.access(q, i))), "r_new")
    ratio = apply("div", dot(r_new, r_new), dot(r, r))
    p_new = ir.array([i], add(ir.access(r_new, i), mul(ratio, ir.access(p, i))), "p_new")
    zero = ir.array([i], ir.constant(0, "real"), "zero")
    going = apply("gt", dot(r, r), ir.constant(1e-20))
    following = [x_new, r_new, p_new]
    loop = ir.loop(counter, [x, r, p], [zero, b, b], following, limit=ir.constant(50), condition=going, name="cg")
    made = function("cg", [a, b], [("x", ir.output(loop, 0, "x")), ("steps", ir.output(loop, 3, "steps"))])
    rng = np.random.default_rng(1)
    root = rng.normal(size=(5, 5))
    return made, {"n": 5}, [root @ root.T + np.eye(5), rng.normal(size=5)]


def exchange() -> Case:
    """Two vectors that change places, one shifted by its own neighbours: what must not be updated in place."""
    x, y, z, counter = vector("x"), vector("y"), vector("z"), ir.Input("k", "int")
    i = ir.Index(N, "i")
    shifted = ir.array([i], add(ir.access(z, add(i, ir.constant(1))), ir.access(z, sub(i, ir.constant(1)))), "shifted")
    starts = [vector("a"), vector("b"), vector("c")]
    loop = ir.loop(counter, [x, y, z], starts, [y, x, shifted], limit=ir.constant(3), name="exchange")
    results = [(name, ir.output(loop, k, name)) for k, name in enumerate("xyz")]
    return function("exchange", starts, results), {"n": 4}, [np.arange(4.0), np.ones(4), np.arange(4.0) ** 2]


def nested() -> Case:
    """A loop whose next value is what a loop inside ends with, started anew each time and warm."""
    start, x, k = vector("start"), vector("x"), ir.Input("k", "int")
    u, w, inner = vector("u"), vector("w"), ir.Input("l", "int")
    i = ir.Index(N, "i")
    u_new = ir.array([i], add(mul(ir.constant(0.5), ir.access(u, i)), ir.access(w, i)), "u_new")
    w_new = ir.array([i], apply("tanh", sub(ir.access(w, i), ir.access(u, add(i, ir.constant(1))))), "w_new")
    zero = ir.array([i], ir.constant(0, "real"), "zero")
    within = ir.loop(inner, [u, w], [zero, x], [u_new, w_new], limit=add(ir.access(k), ir.constant(1)), name="within")
    around = ir.loop(k, [x], [start], [ir.output(within, 0, "u_end")], limit=ir.constant(4), name="around")
    return function("nested", [start], [("x", ir.output(around, 0, "x"))]), {"n": 4}, [np.arange(1.0, 5.0)]


def descent(steps: int) -> Case:
    """Gradient descent that says where it ends: what a step shares with that, a matrix, and a loop of its own."""
    a, b, start = ir.Input("A", "real", (N, N)), vector("b"), vector("start")
    x, counter, inner = vector("x"), ir.Input("k", "int"), ir.Input("l", "int")
    i, j = ir.Index(N, "i"), ir.Index(N, "j")
    image = product(a, x, "image")
    g = ir.array([i], sub(ir.access(image, i), ir.access(b, i)), "g")
    x_new = ir.array([i], sub(ir.access(x, i), mul(ir.constant(0.1), ir.access(g, i))), "x_new")
    value = ir.array((), sub(mul(ir.constant(0.5), dot(x, image)), dot(b, x)))
    outer = ir.array([i, j], mul(ir.access(g, i), ir.access(x, j)), "outer")
    w = vector("w")
    shrunk = ir.array([i], mul(ir.constant(0.5), ir.access(w, i)), "shrunk")
    within = ir.loop(inner, [w], [g], [shrunk], limit=ir.access(counter), name="within")
    loop = ir.loop(
        counter,
        [x],
        [start],
        [x_new],
        limit=ir.constant(steps),
        condition=apply("gt", dot(g, g), ir.constant(1e-2)),
        traces=[value],
        capacity=ir.constant(40),
        finals=[value, outer, ir.output(within, 0), ir.array((), apply("lt", dot(x, x), ir.constant(0.3))), x],
        name="descent",
    )
    names = ["x", "steps", "values", "value", "outer", "shrunk", "small", "at"]
    rng = np.random.default_rng(8)
    root = rng.normal(size=(4, 4))
    made = function("descent", [a, b, start], [(name, ir.output(loop, k, name)) for k, name in enumerate(names)])
    return made, {"n": 4}, [root @ root.T / 4 + np.eye(4), rng.normal(size=4), rng.normal(size=4)]


def converged() -> Case:
    """Its condition ends it."""
    return descent(40)


def unfinished() -> Case:
    """Its limit ends it, so it says nothing of its end."""
    return descent(3)


def scattered() -> Case:
    """Sums by label, and the first place of the largest entry."""
    labels, x = ir.Input("labels", "int", (M,)), vector("x", M)
    i, p = ir.Index(M, "i"), ir.Index(N, "p")
    sums = ir.array([p], ir.reduce("sum", [i], ir.access(x, i), apply("eq", ir.access(labels, i), p)), "sums")
    best = ir.array((), ir.reduce("argmax", [i], ir.access(x, i)), "best")
    made = function("scattered", [labels, x], [("sums", sums), ("best", best)])
    return made, {"m": 6, "n": 3}, [np.array([0, 2, 2, 5, -1, 0]), np.array([1.0, 2, 4, 8, 16, 16])]


def softmax() -> Case:
    a = ir.Input("A", "real", (M, N))
    i, j, k, q = ir.Index(M, "i"), ir.Index(N, "j"), ir.Index(N, "k"), ir.Index(N, "l")
    top = ir.array([i], ir.reduce("max", [j], ir.access(a, i, j)), "top")
    total = ir.reduce("sum", [k], apply("exp", sub(ir.access(a, i, k), ir.access(top, i))))
    made = ir.array([i, q], apply("div", apply("exp", sub(ir.access(a, i, q), ir.access(top, i))), total), "p")
    return function("softmax", [a], [("p", made)]), {"m": 3, "n": 4}, [np.random.default_rng(2).normal(size=(3, 4))]


def matrices() -> Case:
    a, b = ir.Input("A", "real", (M, N)), ir.Input("B", "real", (N, M))
    i, j, k = ir.Index(M, "i"), ir.Index(N, "j"), ir.Index(M, "k")
    made = ir.array([i, k], ir.reduce("sum", [j], mul(ir.access(a, i, j), ir.access(b, j, k))), "C")
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=(3, 4)), rng.normal(size=(4, 3))]
    return function("matrices", [a, b], [("C", made)]), {"m": 3, "n": 4}, arrays


def joined() -> Case:
    """Two leaves of one flat vector, scaled and joined again."""
    w = ir.Input("w", "real", (ir.constant(10),))
    matrix = ir.view(w, ir.constant(0), (ir.constant(2), ir.constant(3)), "W")
    rest = ir.view(w, ir.constant(6), (ir.constant(4),), "b")
    i, j, k = ir.Index(ir.constant(2), "i"), ir.Index(ir.constant(3), "j"), ir.Index(ir.constant(4), "k")
    scaled = ir.array([i, j], mul(ir.constant(2, "real"), ir.access(matrix, i, j)), "scaled")
    moved = ir.array([k], add(ir.access(rest, k), ir.access(scaled, ir.constant(1), ir.constant(2))), "moved")
    return function("joined", [w], [("w_new", ir.concat([scaled, moved], "w_new"))]), {}, [np.arange(10.0)]


def solved() -> Case:
    """Factorisations, sorting, a singular system."""
    from optgen.ir import calls

    a, b = ir.Input("A", "real", (N, N)), vector("b")
    zero = ir.array([ir.Index(N, "i"), ir.Index(N, "j")], ir.constant(0, "real"), "zero")
    (x,) = calls.apply("solve", a, b)
    (bad,) = calls.apply("solve", zero, b)
    (spd,) = calls.apply("solve_spd", a, b)
    (lower,) = calls.apply("cholesky", a)
    (forward,) = calls.apply("solve_lower", lower, b)
    values, vectors = calls.apply("eigh", a)
    (size,) = calls.apply("det", a)
    (order,) = calls.apply("argsort", a)
    (ascending,) = calls.apply("sort", b)
    made = [x, bad, spd, lower, forward, values, vectors, size, order, ascending]
    names = ["x", "bad", "spd", "lower", "forward", "values", "vectors", "size", "order", "ascending"]
    rng = np.random.default_rng(4)
    root = rng.normal(size=(4, 4))
    results = list(zip(names, made, strict=True))
    arrays = [root @ root.T + np.eye(4), np.array([3.0, np.nan, -1.0, 2.0])]
    return function("solved", [a, b], results), {"n": 4}, arrays


CASES: dict[str, Callable[[], Case]] = {
    made.__name__: made
    for made in (
        *(logistic, adam, conjugate_gradients, exchange, nested, converged, unfinished),
        *(scattered, softmax, matrices, joined, solved),
    )
}


# ---------------------------------------------------------------- at random


def random_case(seed: int) -> Case:
    """Definitions over one or two indices, sums, shifts, gathers, choices; half of the cases in a loop."""
    rng = random.Random(seed)
    inputs = [vector("x"), vector("y"), ir.Input("A", "real", (N, N)), ir.Input("s", "real")]
    picks = ir.Input("picks", "int", (N,))
    if rng.random() < 0.5:
        made = _definitions(rng, inputs, picks, 5)
        results = [(f"r{k}", tensor) for k, tensor in enumerate(rng.sample(made, 3))]
    else:
        results = _random_loop(rng, inputs, picks)
    values = np.random.default_rng(seed)
    arrays = [values.normal(size=5), values.normal(size=5), values.normal(size=(5, 5)), 0.7, values.integers(0, 5, 5)]
    return function("random", [*inputs, picks], results), {"n": 5}, arrays


def _random_loop(rng: random.Random, inputs: Sequence[ir.Input], picks: ir.Input) -> list[tuple[str, ir.Tensor]]:
    carried = [vector("u"), vector("v"), ir.Input("t", "real"), ir.Input("B", "real", (N, N))]
    counter = ir.Input("k", "int")
    made = _definitions(rng, [*inputs, *carried], picks, 6)
    pool = [*made, *carried, *inputs]
    body = [_bounded(rng.choice([t for t in pool if len(t.axes) == len(c.axes)]), rng) for c in carried]
    starts = [inputs[0], inputs[1], inputs[3], inputs[2]]
    scalars = [t for t in (*made, carried[2]) if not t.axes]
    condition = apply("lt", ir.access(rng.choice(scalars)), ir.constant(50, "real")) if rng.random() < 0.7 else None
    trace = rng.choice([t for t in pool if len(t.axes) < 2])
    loop = ir.loop(
        counter,
        carried,
        starts,
        body,
        limit=ir.constant(4),
        condition=condition,
        traces=[trace],
        capacity=ir.constant(rng.choice([3, 6])),
        finals=[] if condition is None else [rng.choice(pool) for _ in range(2)],
        name="steps",
    )
    return [(f"r{k}", ir.output(loop, k)) for k in range(6 + len(loop.finals))]


def _bounded(tensor: ir.Tensor, rng: random.Random) -> ir.Tensor:
    """A tensor itself, or scaled so that steps do not overflow."""
    if isinstance(tensor, ir.Input) and rng.random() < 0.7:
        return tensor
    places = [ir.Index(axis, "abc"[k]) for k, axis in enumerate(tensor.axes)]
    return ir.array(places, apply("tanh", ir.access(tensor, *places)), "next")


def _definitions(rng: random.Random, tensors: Sequence[ir.Tensor], picks: ir.Input, count: int) -> list[ir.Tensor]:
    pool = list(tensors)
    made: list[ir.Tensor] = []
    for k in range(count):
        rank = rng.choice([0, 1, 1, 1, 2])
        if not any(not t.axes for t in made) and k == count - 1:
            rank = 0
        indices = [ir.Index(N, name) for name in "ij"[:rank]]
        sums = rank == 0 or rng.random() < 0.4
        body = _sum(rng, pool, picks, indices) if sums else _scalar(rng, pool, picks, indices, 2)
        tensor = ir.array(indices, body, f"d{k}")
        pool.append(tensor)
        made.append(tensor)
    return made


def _sum(rng: random.Random, pool: Sequence[ir.Tensor], picks: ir.Input, indices: Sequence[ir.Index]) -> ir.Scalar:
    bound = ir.Index(N, "k")
    kind = rng.choice(["sum", "sum", "max", "min"])
    condition = None
    if rng.random() < 0.4 and indices:
        place = rng.choice([ir.access(picks, bound), bound])
        condition = apply(rng.choice(["eq", "lt"]), place, rng.choice(indices))
    elif kind != "sum":
        condition = None
    body = _scalar(rng, pool, picks, [*indices, bound], 2)
    made = ir.reduce(kind if condition is None else "sum", [bound], body, condition)  # type: ignore[arg-type]
    return made if rng.random() < 0.6 else add(made, _scalar(rng, pool, picks, indices, 1))


def _scalar(
    rng: random.Random, pool: Sequence[ir.Tensor], picks: ir.Input, indices: Sequence[ir.Index], depth: int
) -> ir.Scalar:
    if depth == 0 or rng.random() < 0.2:
        tensor = rng.choice(pool)
        return ir.access(tensor, *(_place(rng, picks, indices) for _ in tensor.axes))
    a, b = (_scalar(rng, pool, picks, indices, depth - 1) for _ in range(2))
    kind = rng.random()
    if kind < 0.6:
        return apply(rng.choice(["add", "sub", "mul"]), a, b)
    if kind < 0.8:
        return apply(rng.choice(["tanh", "sin", "neg"]), a)
    return ir.choose(apply("lt", a, b), _scalar(rng, pool, picks, indices, depth - 1), b)


def _place(rng: random.Random, picks: ir.Input, indices: Sequence[ir.Index]) -> ir.Scalar:
    if not indices:
        return ir.constant(rng.randrange(4))
    index = rng.choice(list(indices))
    kind = rng.random()
    if kind < 0.65:
        return index
    if kind < 0.85:
        return add(index, ir.constant(rng.choice([1, -1])))
    return ir.access(picks, index)
