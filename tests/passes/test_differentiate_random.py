"""Of random programs: the derivative forward is the change, the derivative backward is its transpose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import Index, Input, Scalar, Tensor
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from tests.passes.calculus import DIMS, N, S, X, add, integer, jvp, like, mul, real, run, sub, vjp

SMOOTH = ("sin", "tanh", "exp")
Draw = Callable[[st.SearchStrategy], object]


def _read(draw: Draw, tensors: list[Tensor], within: list[Index]) -> Scalar:
    """An entry of a tensor: at an index, a neighbour (0 beyond the end), a reflection or a fixed place."""
    tensor = draw(st.sampled_from(tensors))
    last = sub(N, integer(1))
    places, inside = [], ir.constant(True)
    for _ in tensor.axes:
        index = draw(st.sampled_from(within))
        kind = draw(st.sampled_from(["plain", "plain", "fixed", "reflected", "next"]))
        table = {"plain": index, "fixed": integer(1), "reflected": sub(last, index), "next": add(index, integer(1))}
        places.append(table[kind])
        if kind == "next":
            inside = apply("and", inside, apply("lt", index, last))
    return ir.choose(inside, ir.access(tensor, *places), real(0))


def _expression(draw: Draw, tensors: list[Tensor], within: list[Index], depth: int) -> Scalar:
    kind = draw(
        st.sampled_from(["read", "sum", "product", "smooth", "branch", "reduce", "extremum"] if depth else ["read"])
    )
    part = lambda: _expression(draw, tensors, within, depth - 1)
    match kind:
        case "sum":
            return sub(part(), mul(real("1/2"), part()))
        case "product":
            return mul(part(), part())
        case "smooth":
            return apply(draw(st.sampled_from(SMOOTH)), apply("tanh", part()))
        case "branch":
            parts = part(), part()
            test = draw(st.sampled_from([apply("lt", within[0], integer(2)), apply("gt", parts[0], real("1/3"))]))
            return ir.choose(test, *parts)
        case "reduce" | "extremum":
            index = Index(N, "jkl"[len(within) % 3])
            body = _expression(draw, tensors, [*within, index], depth - 1)
            below = apply("le", index, within[0]) if draw(st.booleans()) else None
            return ir.reduce("sum" if kind == "reduce" else "max", (index,), body, below)
    return _read(draw, tensors, within)


@st.composite
def programs(draw: Draw) -> Tensor:
    """Three definitions, each of those before it, the last the result; one may be a loop, one made end to end."""
    tensors: list[Tensor] = [X, S]
    for name in ("first", "second", "result"):
        index = Index(N, "i")
        made = ir.array((index,), _expression(draw, tensors, [index], 3), name)
        if name == "second" and draw(st.booleans()):
            made = _repeated(draw, tensors, made)
        if name == "first" and draw(st.booleans()):
            whole = ir.concat([made, X])
            made = ir.view(whole, integer(2), (N,), "middle")
        tensors.append(made)
    return tensors[-1]


def _repeated(draw: Draw, tensors: list[Tensor], start: Tensor) -> Tensor:
    """Three steps of a loop, from a definition."""
    z, counter, index = Input("z", "real", (N,)), Input("step", "int"), Index(N, "i")
    step = apply("tanh", _expression(draw, [*tensors, z], [index], 2))
    body = ir.array((index,), add(step, mul(real("1/2"), ir.access(z, index))), "z")
    return ir.output(ir.loop(counter, [z], [start], [body], limit=integer(3), name="loop"), 0)


@settings(max_examples=60)
@given(result=programs(), seed=st.integers(0, 2**16))
def test_the_derivatives_of_a_program_agree_with_each_other_and_with_its_change(result: Tensor, seed: int):
    generator = np.random.default_rng(seed)
    x, v, w = (generator.standard_normal(4) for _ in range(3))
    s, u = (generator.standard_normal((4, 4)) for _ in range(2))
    steps, flow = [like(X, "_dot"), like(S, "_dot")], Input("flow", "real", (N,))
    forward = jvp(result, [X, S], [X, S], steps)
    back = vjp(result, [X, S], [X, S], flow)
    along, by_x, by_s = run([forward, *back], (X, S, *steps, flow), [x, s, v, u, w])
    np.testing.assert_allclose(along @ w, by_x @ v + np.sum(by_s * u), rtol=1e-9, atol=1e-9)
    h = 1e-6
    ends = [run([result], (X, S), [x + t * v, s + t * u])[0] for t in (-2 * h, -h, h, 2 * h)]
    slopes = np.array([(ends[3] - ends[0]) / (4 * h), (ends[2] - ends[1]) / (2 * h)])
    smooth = np.abs(slopes[0] - slopes[1]) < 1e-5 * (1 + np.abs(slopes[0]))  # no kink or jump in between
    np.testing.assert_allclose(along[smooth], slopes[1][smooth], rtol=1e-4, atol=1e-4)


@settings(max_examples=40)
@given(result=programs(), seed=st.integers(0, 2**16))
def test_the_passes_after_it_keep_the_derivatives_of_a_program(result: Tensor, seed: int):
    generator = np.random.default_rng(seed)
    arrays = [generator.standard_normal(4), generator.standard_normal((4, 4)), generator.standard_normal(4)]
    flow = Input("flow", "real", (N,))
    parameters = (X, S, flow)
    made = vjp(result, [X, S], [X, S], flow)
    before = run(made, parameters, arrays)
    function = Function("f", tuple(DIMS), parameters, tuple((str(k), tensor) for k, tensor in enumerate(made)))
    for wanted, found in zip(before, evaluate(pipeline.run(function), DIMS, arrays), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
