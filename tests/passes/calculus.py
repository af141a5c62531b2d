"""Hand-built functions for the tests of derivatives, each beside the same mathematics written in JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from optgen.ir import calls, extents
from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import Index, Input, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes.differentiate import differentiate

N, M, K = ir.dim("n"), ir.dim("m"), ir.dim("k")
DIMS = {"n": 4, "m": 3, "k": 2}


def real(value: float | Fraction | str) -> Scalar:
    return ir.constant(Fraction(value), "real")


def integer(value: int) -> Scalar:
    return ir.constant(value)


def add(*terms: Scalar) -> Scalar:
    total, *rest = terms
    for term in rest:
        total = apply("add", total, term)
    return total


def sub(a: Scalar, b: Scalar) -> Scalar:
    return apply("sub", a, b)


def mul(*factors: Scalar) -> Scalar:
    total, *rest = factors
    for factor in rest:
        total = apply("mul", total, factor)
    return total


def summed(index: Index | Sequence[Index], body: Scalar, where: Scalar | None = None) -> Scalar:
    return ir.reduce("sum", (index,) if isinstance(index, Index) else index, body, where)


def scalar(body: Scalar, name: str = "") -> Tensor:
    return ir.array((), body, name)


@dataclass(frozen=True)
class Case:
    """`build` makes the results from the parameters; `reference` is the same in JAX; `points` are the arguments."""

    name: str
    parameters: tuple[Input, ...]
    build: Callable[..., Tensor]
    reference: Callable[..., Any]
    points: Callable[[np.random.Generator], Sequence[Any]]
    constants: tuple[Input, ...] = ()
    values: Callable[[np.random.Generator], Sequence[Any]] = lambda generator: ()

    @property
    def result(self) -> Tensor:
        return self.build(*self.parameters, *self.constants)


def run(
    results: Sequence[Tensor], parameters: Sequence[Input], arrays: Sequence[Any], dims: dict[str, int] = DIMS
) -> list[Any]:
    """The value of tensors that may contain derivatives, by the reference evaluator."""
    named = tuple((str(k), tensor) for k, tensor in enumerate(results))
    function = differentiate(Function("f", tuple(dims), tuple(parameters), named))
    return evaluate(function, dims, arrays)


def jvp(result: Tensor, parameters: Sequence[Input], at: Sequence[Tensor], along: Sequence[Tensor]) -> Tensor:
    return ir.output(ir.derivative("jvp", ir.function_value(parameters, [result]), at, along), 0)


def vjp(result: Tensor, parameters: Sequence[Input], at: Sequence[Tensor], seed: Tensor) -> list[Tensor]:
    node = ir.derivative("vjp", ir.function_value(parameters, [result]), at, [seed])
    return [ir.output(node, k) for k in range(len(parameters))]


def like(tensor: Input, suffix: str) -> Input:
    return Input(tensor.name + suffix, tensor.dtype, tensor.axes)


# ---------------------------------------------------------------- cases

X, Y = Input("x", "real", (N,)), Input("y", "real", (N,))
A = Input("A", "real", (M, N))
S = Input("S", "real", (N, N))
W = Input("w", "real", (extents.total((apply("mul", N, K), K)),))


def _i(extent: Scalar = N) -> Index:
    return Index(extent, "i")


def _logistic(x: Tensor, a: Tensor, y: Tensor) -> Tensor:
    i, j = Index(M, "i"), Index(N, "j")
    z = summed(j, mul(ir.access(a, i, j), ir.access(x, j)))
    loss = summed(i, apply("log1p", apply("exp", apply("neg", mul(ir.access(y, i), z)))))
    return scalar(apply("div", loss, apply("to_real", M)))


def _logistic_jax(x, a, y):
    import jax.numpy as jnp

    return jnp.mean(jnp.log1p(jnp.exp(-y * (a @ x))))


def _norm(x: Tensor) -> Tensor:
    i = _i()
    s = summed(i, mul(ir.access(x, i), ir.access(x, i)))
    return scalar(ir.choose(apply("gt", s, real(0)), apply("sqrt", s), real(0)))


def _shift(x: Tensor) -> Tensor:
    """Second differences: reads at i + 1 and i - 1, guarded at the ends."""
    i = _i()
    last = apply("sub", N, integer(1))
    right = ir.choose(apply("lt", i, last), ir.access(x, add(i, integer(1))), real(0))
    left = ir.choose(apply("gt", i, integer(0)), ir.access(x, sub(i, integer(1))), real(0))
    body = apply("exp", sub(add(left, right), mul(real(2), ir.access(x, i))))
    return ir.array((i,), body, "d")


def _shift_jax(x):
    import jax.numpy as jnp

    p = jnp.pad(x, 1)
    return jnp.exp(p[:-2] + p[2:] - 2 * x)


def _convolution(x: Tensor, y: Tensor) -> Tensor:
    """Full convolution: the read at p - i is where it lies in the vector."""
    length = apply("sub", apply("mul", integer(2), N), integer(1))
    p, i = Index(length, "p"), _i()
    j = sub(p, i)
    inside = apply("and", apply("ge", j, integer(0)), apply("lt", j, N))
    return ir.array((p,), summed(i, mul(ir.access(x, i), ir.access(y, j)), inside), "c")


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    """sum(i, j: sin(x[i + j])*y[j]) with i over k entries, j over m: reads at a sum of two indices."""
    i, j = Index(K, "i"), Index(M, "j")
    return ir.array((i,), summed(j, mul(apply("sin", ir.access(x, add(i, j))), ir.access(y, j))), "c")


def _gather(x: Tensor, places: Tensor) -> Tensor:
    i = Index(M, "i")
    read = ir.access(x, ir.access(places, i))
    return ir.array((i,), mul(read, apply("sin", read)), "g")


def _transpose_product(s: Tensor) -> Tensor:
    i, j, k = Index(N, "i"), Index(N, "j"), Index(N, "k")
    return ir.array((i, j), summed(k, mul(ir.access(s, i, k), apply("tanh", ir.access(s, j, k)))), "t")


def _diagonal(s: Tensor) -> Tensor:
    i = _i()
    return ir.array((i,), apply("exp", mul(ir.access(s, i, i), ir.access(s, integer(0), i))), "d")


def _extrema(s: Tensor) -> Tensor:
    i, j = Index(N, "i"), Index(N, "j")
    largest = ir.reduce("max", (j,), ir.access(s, i, j))
    whole = ir.reduce("min", (Index(N, "k"), j2 := Index(N, "l")), ir.access(s, j2, integer(1)))
    return ir.array((i,), mul(largest, whole, apply("minimum", ir.access(s, i, integer(0)), real("1/10"))), "e")


def _extrema_jax(s):
    import jax.numpy as jnp

    return s.max(1) * s[:, 1].min() * jnp.minimum(s[:, 0], 0.1)


def _product(x: Tensor) -> Tensor:
    i = _i()
    return scalar(ir.reduce("prod", (i,), ir.access(x, i)))


def _log_softmax(x: Tensor) -> Tensor:
    i, j, k = _i(), Index(N, "j"), Index(N, "k")
    top = ir.reduce("max", (j,), ir.access(x, j))
    total = summed(k, apply("exp", sub(ir.access(x, k), top)))
    return ir.array((i,), sub(ir.access(x, i), add(top, apply("log", total))), "l")


def _network(w: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
    """Softmax cross-entropy of one layer with its weight and bias as views of one flat vector."""
    weight = ir.view(w, integer(0), (N, K), "W")
    bias = ir.view(w, apply("mul", N, K), (K,), "b")
    s, o, j = Index(M, "s"), Index(K, "o"), Index(N, "j")
    product = summed(j, mul(ir.access(inputs, s, j), ir.access(weight, j, o)))
    out = ir.array((s, o), apply("tanh", add(product, ir.access(bias, o))), "out")
    t, p = Index(M, "t"), Index(K, "p")
    log_total = apply("log", summed(p, apply("exp", ir.access(out, t, p))))
    return scalar(summed(t, sub(log_total, ir.access(out, t, ir.access(labels, t)))))


def _network_jax(w, inputs, labels):
    import jax
    import jax.numpy as jnp

    out = jnp.tanh(inputs @ w[:8].reshape(4, 2) + w[8:])
    return -jnp.sum(jax.nn.log_softmax(out)[jnp.arange(3), labels])


def _concatenated(x: Tensor, y: Tensor) -> Tensor:
    i = _i()
    square = ir.array((i,), mul(ir.access(x, i), ir.access(x, i)), "q")
    whole = ir.concat([square, y, x], "all")
    j = Index(whole.axes[0], "j")
    return ir.array((j,), apply("sin", mul(ir.access(whole, j), ir.access(whole, integer(1)))), "s")


def _concatenated_jax(x, y):
    import jax.numpy as jnp

    whole = jnp.concatenate([x * x, y, x])
    return jnp.sin(whole * whole[1])


def _rows(s: Tensor, x: Tensor) -> Tensor:
    """Views at an offset that depends on an index: row by row of a matrix as its flat entries."""
    i, j = Index(N, "i"), Index(N, "j")
    row = ir.view(s, mul(i, N), (N,), "row")
    return ir.array((i,), summed(j, mul(apply("sin", ir.access(row, j)), ir.access(x, j))), "r")


def _batch(s: Tensor, x: Tensor) -> Tensor:
    """A tensor for each i, each reading the same vector."""
    i, j, k = Index(N, "i"), Index(N, "j"), Index(N, "k")
    moved = ir.array((j,), apply("sin", mul(ir.access(s, i, j), ir.access(x, j))), "moved")
    return ir.array((i,), summed(k, mul(ir.access(moved, k), ir.access(moved, integer(0)))), "b")


def _batch_jax(s, x):
    import jax.numpy as jnp

    moved = jnp.sin(s * x)
    return moved.sum(1) * moved[:, 0]


def _power_loop(x: Tensor, s: Tensor) -> Tensor:
    """Three steps of z' = tanh(S z) + z*x, with x captured."""
    z, counter, i, j = Input("z", "real", (N,)), Input("step", "int"), _i(), Index(N, "j")
    product = summed(j, mul(ir.access(s, i, j), ir.access(z, j)))
    body = ir.array((i,), add(apply("tanh", product), mul(ir.access(z, i), ir.access(x, i))), "z")
    return ir.output(ir.loop(counter, [z], [x], [body], limit=integer(3), name="power"), 0)


def _power_loop_jax(x, s):
    import jax.numpy as jnp

    z = x
    for _ in range(3):
        z = jnp.tanh(s @ z) + z * x
    return z


def _while_loop(x: Tensor) -> Tensor:
    """Newton's method for the root of z^3 + z = sum(x^2), until it no longer moves: the number of steps is data."""
    z, counter, i = Input("z", "real"), Input("step", "int"), _i()
    target = summed(i, mul(ir.access(x, i), ir.access(x, i)))
    here = ir.access(z)
    value = sub(add(mul(here, here, here), here), target)
    slope = add(mul(real(3), here, here), real(1))
    body = scalar(sub(here, apply("div", value, slope)), "z")
    going = apply("gt", apply("abs", value), real("1/1000000"))
    made = ir.loop(
        counter,
        [z],
        [scalar(real(1))],
        [body],
        condition=going,
        traces=[scalar(mul(here, here), "squares")],
        capacity=integer(50),
        name="newton",
    )
    t = Index(integer(50), "t")
    return scalar(add(ir.access(ir.output(made, 0)), summed(t, ir.access(ir.output(made, 2), t))))


def _while_loop_jax(x):
    import jax.numpy as jnp

    target, z, total = jnp.sum(x * x), 1.0, 0.0
    while abs(z**3 + z - target) > 1e-6:
        total = total + z * z
        z = z - (z**3 + z - target) / (3 * z * z + 1)
    return z + total


def _nested_loop(x: Tensor) -> Tensor:
    """A loop in a loop: z' = (w after two steps of w' = sin(w + z*x)), w starting at z."""
    z, outer, w, inner = Input("z", "real", (N,)), Input("s", "int"), Input("w", "real", (N,)), Input("t", "int")
    i, j = _i(), _i()
    clock = apply("to_real", add(ir.access(inner), ir.access(outer)))
    step = ir.array((i,), apply("sin", add(ir.access(w, i), mul(ir.access(z, i), ir.access(x, i)), clock)), "w")
    within = ir.output(ir.loop(inner, [w], [z], [step], limit=integer(2), name="inner"), 0)
    body = ir.array((j,), mul(ir.access(within, j), ir.access(x, j)), "z")
    return ir.output(ir.loop(outer, [z], [x], [body], limit=integer(3), name="outer"), 0)


def _nested_loop_jax(x):
    import jax.numpy as jnp

    z = x
    for s in range(3):
        w = z
        for t in range(2):
            w = jnp.sin(w + z * x + s + t)
        z = w * x
    return z


def _adaptive(x: Tensor) -> Tensor:
    """z' = x[0] - x[1]*z^2 over [0, 1] by Heun's method; Euler's gives the error that accepts and sizes a step."""
    z, t, h, counter = (*(Input(name, "real") for name in "zth"), Input("step", "int"))
    first, second = ir.access(x, integer(0)), ir.access(x, integer(1))

    def slope(value: Scalar) -> Scalar:
        return sub(first, mul(second, value, value))

    here, size = ir.access(z), apply("minimum", ir.access(h), sub(real(1), ir.access(t)))
    before = slope(here)
    after = slope(add(here, mul(size, before)))
    error = mul(real(200), size, apply("abs", sub(after, before)))
    accepted = apply("le", error, real(1))
    growth = apply("minimum", real(3), apply("div", real("9/10"), apply("sqrt", add(error, real("1/1000")))))
    moved = add(here, mul(real("1/2"), size, add(before, after)))
    made = ir.loop(
        counter,
        [z, t, h],
        [scalar(real("1/2")), scalar(real(0)), scalar(real("1/4"))],
        [
            scalar(ir.choose(accepted, moved, here)),
            scalar(ir.choose(accepted, add(ir.access(t), size), ir.access(t))),
            scalar(mul(size, growth)),
        ],
        condition=apply("lt", ir.access(t), real(1)),
        capacity=integer(100),
        name="heun",
    )
    return ir.output(made, 0)


def _adaptive_jax(x):
    import jax.numpy as jnp

    z, t, h = jnp.asarray(0.5), jnp.asarray(0.0), jnp.asarray(0.25)
    while t < 1:
        h = jnp.minimum(h, 1 - t)
        before = x[0] - x[1] * z * z
        after = x[0] - x[1] * (z + h * before) ** 2
        error = 200 * h * jnp.abs(after - before)
        if error <= 1:
            z, t = z + h * (before + after) / 2, t + h
        h = h * jnp.minimum(3.0, 0.9 / jnp.sqrt(error + 0.001))
    return z


def _spd(s: Tensor) -> Tensor:
    """S S^T + 2 I."""
    i, j, k = Index(N, "i"), Index(N, "j"), Index(N, "k")
    unit = apply("to_real", apply("bool_to_int", apply("eq", i, j)))
    return ir.array((i, j), add(summed(k, mul(ir.access(s, i, k), ir.access(s, j, k))), mul(real(2), unit)), "P")


def _spd_jax(s):
    import jax.numpy as jnp

    return s @ s.T + 2 * jnp.eye(4)


def _linear(function: str, matrix: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda s, x: calls.apply(function, matrix(s), x)[0]


def _lower(s: Tensor) -> Tensor:
    """A matrix whose lower triangle is regular; what stands above must not count."""
    i, j = Index(N, "i"), Index(N, "j")
    unit = apply("to_real", apply("bool_to_int", apply("eq", i, j)))
    return ir.array((i, j), add(ir.access(s, i, j), mul(real(3), unit)), "L")


def _lower_jax(s, x):
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    return solve_triangular(s + 3 * jnp.eye(4), x, lower=True)


def _eigh(s: Tensor) -> Tensor:
    values, vectors = calls.apply("eigh", _spd(s))
    i = _i()
    return ir.array(
        (i,), mul(ir.access(values, i), ir.access(vectors, i, integer(0)), ir.access(vectors, i, integer(0))), "e"
    )


def _eigh_jax(s):
    import jax.numpy as jnp

    values, vectors = jnp.linalg.eigh(_spd_jax(s))
    return values * vectors[:, 0] ** 2


def _inverse(s: Tensor, x: Tensor) -> Tensor:
    """The first columns of P^-1 diag(x)."""
    i, j = Index(N, "i"), Index(N, "j")
    right = ir.array((i, j), ir.choose(apply("eq", i, j), ir.access(x, i), real(0)), "right")
    return calls.apply("solve_matrix", _spd(s), right)[0]


def _matrix_case(name: str, build: Callable[..., Tensor], reference: Callable[..., Any], vector: bool = True) -> Case:
    if vector:
        return Case(name, (S, X), build, reference, lambda g: (g.standard_normal((4, 4)), g.standard_normal(4)))
    return Case(name, (S,), build, reference, lambda g: (g.standard_normal((4, 4)),))


def _vector_case(name: str, build: Callable[..., Tensor], reference: Callable[..., Any]) -> Case:
    return Case(name, (X,), build, reference, lambda g: (g.standard_normal(4),))


def cases() -> tuple[Case, ...]:
    import jax
    import jax.numpy as jnp

    labels, places = Input("labels", "int", (M,)), Input("places", "int", (M,))
    inputs, targets = Input("inputs", "real", (M, N)), Input("targets", "real", (M,))
    two = (X, Y)

    def pair(generator: np.random.Generator) -> Sequence[Any]:
        return generator.standard_normal(4), generator.standard_normal(4)

    return (
        Case(
            "logistic",
            (X,),
            _logistic,
            _logistic_jax,
            lambda g: (g.standard_normal(4),),
            (A, targets),
            lambda g: (g.standard_normal((3, 4)), np.array([1.0, -1.0, 1.0])),
        ),
        _vector_case("norm", _norm, lambda x: jnp.sqrt(jnp.sum(x * x))),
        _vector_case("shift", _shift, _shift_jax),
        Case("convolution", two, _convolution, jnp.convolve, pair),
        Case(
            "correlation",
            two,
            _correlation,
            lambda x, y: jnp.stack([jnp.dot(jnp.sin(x[i : i + 3]), y[:3]) for i in range(2)]),
            pair,
        ),
        Case(
            "gather",
            (X,),
            _gather,
            lambda x, p: x[p] * jnp.sin(x[p]),
            lambda g: (g.standard_normal(4),),
            (places,),
            lambda g: (np.array([2, 0, 2]),),
        ),
        _matrix_case("transpose product", _transpose_product, lambda s: s @ jnp.tanh(s).T, vector=False),
        _matrix_case("diagonal", _diagonal, lambda s: jnp.exp(jnp.diag(s) * s[0]), vector=False),
        _matrix_case("extrema", _extrema, _extrema_jax, vector=False),
        _vector_case("product", _product, jnp.prod),
        _vector_case("log softmax", _log_softmax, jax.nn.log_softmax),
        Case(
            "network",
            (W,),
            _network,
            _network_jax,
            lambda g: (g.standard_normal(10),),
            (inputs, labels),
            lambda g: (g.standard_normal((3, 4)), np.array([1, 0, 1])),
        ),
        Case("concatenated", two, _concatenated, _concatenated_jax, pair),
        _matrix_case("rows", _rows, lambda s, x: jnp.sin(s) @ x),
        _matrix_case("batch", _batch, _batch_jax),
        Case(
            "loop",
            (X, S),
            _power_loop,
            _power_loop_jax,
            lambda g: (g.standard_normal(4), g.standard_normal((4, 4))),
        ),
        _vector_case("while loop", _while_loop, _while_loop_jax),
        Case("adaptive", (X,), _adaptive, _adaptive_jax, lambda g: (np.array([1.0, 2.0, 0.0, 0.0]),)),
        _vector_case("nested loop", _nested_loop, _nested_loop_jax),
        _matrix_case("solve", _linear("solve", _lower), lambda s, x: jnp.linalg.solve(s + 3 * jnp.eye(4), x)),
        _matrix_case("solve spd", _linear("solve_spd", _spd), lambda s, x: jnp.linalg.solve(_spd_jax(s), x)),
        _matrix_case("solve lower", _linear("solve_lower", _lower), _lower_jax),
        _matrix_case("solve matrix", _inverse, lambda s, x: jnp.linalg.solve(_spd_jax(s), jnp.diag(x))),
        _matrix_case(
            "cholesky", lambda s: calls.apply("cholesky", _spd(s))[0], lambda s: jnp.linalg.cholesky(_spd_jax(s)), False
        ),
        _matrix_case(
            "det", lambda s: calls.apply("det", _lower(s))[0], lambda s: jnp.linalg.det(s + 3 * jnp.eye(4)), False
        ),
        _matrix_case("eigh", _eigh, _eigh_jax, vector=False),
        _vector_case("sort", lambda x: calls.apply("sort", x)[0], jnp.sort),
    )
