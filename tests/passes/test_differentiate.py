"""Derivatives agree with JAX, forward, backward and second, and count nothing of a branch not chosen."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.formulas import CODED
from optgen.ir.nodes import Input
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from optgen.passes.differentiate import differentiate
from tests.passes import calculus
from tests.passes.calculus import DIMS, Case, N, X, add, jvp, like, mul, real, run, scalar, summed, vjp

jax.config.update("jax_enable_x64", True)
CASES = {case.name: case for case in calculus.cases()}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def _points(case: Case, seed: int = 0):
    generator = np.random.default_rng(seed)
    return list(case.points(generator)), list(case.values(generator)), generator


def test_a_function_means_what_its_reference_means(case: Case):
    points, values, _ = _points(case)
    (found,) = run([case.result], (*case.parameters, *case.constants), [*points, *values])
    np.testing.assert_allclose(found, case.reference(*points, *values), rtol=1e-12, atol=1e-12)


def test_the_forward_derivative_is_that_of_jax(case: Case):
    points, values, generator = _points(case)
    along = [generator.standard_normal(p.shape) for p in points]
    steps = [like(p, "_dot") for p in case.parameters]
    made = jvp(case.result, case.parameters, case.parameters, steps)
    (found,) = run([made], (*case.parameters, *case.constants, *steps), [*points, *values, *along])
    _, wanted = jax.jvp(lambda *p: case.reference(*p, *values), tuple(points), tuple(along))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_the_backward_derivative_is_that_of_jax(case: Case):
    points, values, generator = _points(case)
    result = case.result
    value, pull = jax.vjp(lambda *p: case.reference(*p, *values), *points)
    seed_value = generator.standard_normal(value.shape)
    seed = Input("seed", "real", result.axes)
    made = vjp(result, case.parameters, case.parameters, seed)
    found = run(made, (*case.parameters, *case.constants, seed), [*points, *values, seed_value])
    for mine, theirs in zip(found, pull(seed_value), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def test_the_passes_after_it_keep_the_derivative(case: Case):
    points, values, generator = _points(case)
    result = case.result
    seed = Input("seed", "real", result.axes)
    parameters = (*case.parameters, *case.constants, seed)
    made = vjp(result, case.parameters, case.parameters, seed)
    function = Function("f", tuple(DIMS), parameters, tuple((str(k), tensor) for k, tensor in enumerate(made)))
    arrays = [*points, *values, generator.standard_normal(np.shape(case.reference(*points, *values)))]
    from optgen.ir.evaluate import evaluate

    for before, after in zip(
        evaluate(differentiate(function), DIMS, arrays), evaluate(pipeline.run(function), DIMS, arrays), strict=True
    ):
        np.testing.assert_allclose(after, before, rtol=1e-10, atol=1e-12)


def _half_square(case: Case) -> ir.Tensor:
    """sum(result^2)/2, a number whose second derivatives are those of the result too."""
    result = case.result
    indices = tuple(ir.Index(axis) for axis in result.axes)
    entry = ir.access(result, *indices)
    return scalar(mul(real("1/2"), summed(indices, mul(entry, entry)) if indices else mul(entry, entry)))


def test_the_product_with_a_hessian_is_that_of_jax(case: Case):
    points, values, generator = _points(case)
    along = [generator.standard_normal(p.shape) for p in points]
    steps = [like(p, "_dot") for p in case.parameters]
    inner = [like(p, "_at") for p in case.parameters]
    outer = walk.substitute([_half_square(case)], dict(zip(case.parameters, inner, strict=True)))[0]
    gradient = vjp(outer, inner, case.parameters, scalar(real(1)))
    made = [jvp(g, case.parameters, case.parameters, steps) for g in gradient]
    found = run(made, (*case.parameters, *case.constants, *steps), [*points, *values, *along])

    def objective(*p):
        return 0.5 * jnp.sum(case.reference(*p, *values) ** 2)

    places = tuple(range(len(points)))
    _, wanted = jax.jvp(jax.grad(objective, argnums=places), tuple(points), tuple(along))
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-7)


SMOOTH = sorted(name for name, op in CODED.items() if op.partials is not None and op.gives in ("real", "same"))
POINTS = {"arccos": (0.3,), "erfinv": (0.3,), "power": (1.3, 0.7), "mod": (7.3, 2.2), "power_int": (1.3, 3)}
BLOCKED = {"stop_gradient", "floor_real", "sign", "to_real"}


@pytest.mark.parametrize("name", [name for name in SMOOTH if name not in BLOCKED])
def test_an_operation_changes_as_its_partials_say(name: str):
    takes = CODED[name].takes
    values = POINTS.get(name, (1.3, 0.7)[: len(takes)])
    parameters = [Input(f"a{k}", "int" if kind == "int" else "real") for k, kind in enumerate(takes)]
    reals = [p for p in parameters if p.dtype == "real"]
    result = scalar(apply(name, *(ir.access(p) for p in parameters)))
    backward = run(vjp(result, reals, reals, scalar(real(1))), parameters, values, {})
    ones = [scalar(real(1 if p is q else 0)) for p in reals for q in reals]
    forward = run(
        [jvp(result, reals, reals, ones[k * len(reals) : (k + 1) * len(reals)]) for k in range(len(reals))],
        parameters,
        values,
        {},
    )
    h = 1e-6
    for k in range(len(reals)):
        (up,) = run(
            [result], parameters, [v + h * (p is reals[k]) for p, v in zip(parameters, values, strict=True)], {}
        )
        (down,) = run(
            [result], parameters, [v - h * (p is reals[k]) for p, v in zip(parameters, values, strict=True)], {}
        )
        np.testing.assert_allclose([backward[k], forward[k]], (up - down) / (2 * h), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", sorted(BLOCKED - {"to_real"}))
def test_a_derivative_does_not_pass_what_is_constant(name: str):
    x = Input("x", "real")
    result = scalar(apply(name, ir.access(x)))
    found = run([*vjp(result, [x], [x], scalar(real(1))), jvp(result, [x], [x], [scalar(real(1))])], [x], [1.3], {})
    assert found == [0, 0]


def test_an_operation_without_a_derivative_says_so():
    x = Input("x", "real")
    result = scalar(apply("digamma", ir.access(x)))
    for made in (vjp(result, [x], [x], scalar(real(1)))[0], jvp(result, [x], [x], [scalar(real(1))])):
        with pytest.raises(ir.IRError, match="no derivative of digamma"):
            run([made], [x], [1.3], {})


# ---------------------------------------------------------------- branches, kinks, constants


def _gradient(result: ir.Tensor, x, **dims) -> np.ndarray:
    return run(vjp(result, [X], [X], scalar(real(1))), [X], [np.asarray(x, float)])[0]


def test_the_gradient_of_the_norm_is_zero_at_zero():
    assert (_gradient(calculus._norm(X), np.zeros(4)) == 0).all()


def test_a_branch_not_chosen_gives_no_nan_to_the_gradient():
    i = ir.Index(N, "i")
    entry = ir.access(X, i)
    root = ir.choose(apply("gt", entry, real(0)), apply("sqrt", entry), real(0))
    found = _gradient(scalar(summed(i, root)), [4, 0, -1, 1])
    np.testing.assert_array_equal(found, [0.25, 0, 0, 0.5])


def test_a_definition_used_only_in_a_branch_not_chosen_gives_no_nan():
    i, j = ir.Index(N, "i"), ir.Index(N, "j")
    entry = ir.access(X, i)
    root = ir.array((i,), apply("sqrt", entry), "root")
    picked = ir.choose(apply("gt", ir.access(X, j), real(0)), ir.access(root, j), real(0))
    np.testing.assert_array_equal(_gradient(scalar(summed(j, picked)), [4, 0, -1, 1]), [0.25, 0, 0, 0.5])


def test_a_sum_in_a_branch_not_chosen_gives_no_nan():
    i, j = ir.Index(N, "i"), ir.Index(N, "j")
    roots = summed(i, apply("sqrt", ir.access(X, i)))
    total = summed(j, ir.access(X, j))
    found = _gradient(scalar(ir.choose(apply("gt", total, real(0)), roots, mul(real(2), total))), [0, 0, -1, 0])
    np.testing.assert_array_equal(found, [2, 2, 2, 2])


def test_an_extremum_counts_its_first_best_entry():
    i = ir.Index(N, "i")
    largest = scalar(ir.reduce("max", (i,), ir.access(X, i)))
    np.testing.assert_array_equal(_gradient(largest, [1, 3, 3, 2]), [0, 1, 0, 0])


def test_a_product_has_a_gradient_where_entries_are_zero():
    np.testing.assert_array_equal(_gradient(calculus._product(X), [2, 0, 3, 1]), [0, 6, 0, 0])


def test_reads_of_one_entry_add_up():
    i = ir.Index(N, "i")
    first = ir.access(X, calculus.integer(0))
    np.testing.assert_array_equal(
        _gradient(scalar(summed(i, mul(first, ir.access(X, i)))), [1, 2, 3, 4]), [11, 1, 1, 1]
    )


def test_what_a_function_captures_is_constant():
    x, y = Input("x", "real"), Input("y", "real")
    result = scalar(mul(ir.access(x), ir.access(y)))
    assert run(vjp(result, [x], [y], scalar(real(1))), [y], [3.0], {}) == [3.0]


def test_a_function_under_an_index_has_its_gradient_for_each_value_of_it():
    i, j, k, p = (ir.Index(N, name) for name in "ijkp")
    s = calculus.S
    z = Input("z", "real", (N,))
    own = scalar(summed(j, mul(ir.access(s, i, j), ir.access(z, j), ir.access(z, j))))
    gradient = vjp(own, [z], [X], scalar(real(1)))[0]
    table = ir.array((i, p), ir.access(gradient, p), "table")
    rng = np.random.default_rng(0)
    a, x = rng.standard_normal((4, 4)), rng.standard_normal(4)
    np.testing.assert_allclose(run([table], [s, X], [a, x])[0], 2 * a * x)
    del k


# ---------------------------------------------------------------- loops, oracles, cost


def test_a_loop_without_a_largest_number_of_steps_has_no_gradient_and_says_which():
    z, counter = Input("z", "real"), Input("step", "int")
    half = scalar(mul(ir.access(z), real("1/2")))
    made = ir.loop(
        counter, [z], [X0 := Input("x", "real")], [half], condition=apply("gt", ir.access(z), real(1)), name="halving"
    )
    with pytest.raises(ir.IRError, match="halving"):
        run(vjp(ir.output(made, 0), [X0], [X0], scalar(real(1))), [X0], [9.0], {})


def test_a_loop_and_its_tangent_are_one_loop():
    made = jvp(CASES["loop"].result, [X, calculus.S], [X, calculus.S], [X, calculus.S])
    function = differentiate(Function("f", ("n",), (X, calculus.S), (("d", made),)))
    assert len(_all(function, ir.Loop)) == 1


def test_a_gradient_through_a_loop_runs_it_once_forward_and_once_back():
    case = CASES["loop"]
    made = vjp(case.result, case.parameters, case.parameters, X)
    function = differentiate(Function("f", ("n",), case.parameters, (("x", made[0]), ("s", made[1]))))
    assert sorted(loop.name for loop in _all(function, ir.Loop)) == ["power", "power_back"]


def _all(function: Function, kind: type) -> list:
    return [n for n in walk.postorder([t for _, t in function.results]) if isinstance(n, kind)]


def _oracle(opaque: bool = False) -> ir.Tensor:
    attributes = [("opaque", True)] if opaque else []
    return ir.output(ir.call("oracle f", [X], [("real", ())], attributes), 0)


def test_the_gradient_of_an_oracle_is_an_oracle_and_its_derivative_a_hessian_product():
    value = scalar(mul(real(3), ir.access(_oracle())))
    gradient = vjp(value, [X], [X], scalar(real(1)))[0]
    function = differentiate(Function("f", ("n",), (X,), (("g", gradient),)))
    assert [c.function for c in _all(function, ir.Call)] == ["oracle f.grad"]
    z = Input("z", "real", (N,))
    inner = walk.substitute([gradient], {X: z})[0]
    second = differentiate(Function("f", ("n",), (X,), (("h", jvp(inner, [z], [X], [X])),)))
    assert [c.function for c in _all(second, ir.Call)] == ["oracle f.hvp"]


def test_an_opaque_oracle_has_no_derivative_and_is_named():
    with pytest.raises(ir.IRError, match="f is opaque"):
        differentiate(Function("f", ("n",), (X,), (("g", vjp(_oracle(True), [X], [X], scalar(real(1)))[0]),)))


def test_the_gradient_of_the_logistic_loss_takes_two_products_with_the_matrix():
    case = CASES["logistic"]
    (made,) = vjp(case.result, case.parameters, case.parameters, scalar(real(1)))
    function = Function("f", ("m", "n"), (*case.parameters, *case.constants), (("g", made),))
    sizes = []
    for node in walk.postorder([t for _, t in pipeline.run(function).results]):
        if isinstance(node, ir.Reduce):
            sizes.append(len(node.indices) + len(node.free))
    assert max(sizes) == 2
    assert sizes.count(2) == 2


def test_the_gradient_of_weights_is_their_parts_end_to_end():
    case = CASES["network"]
    (made,) = vjp(case.result, case.parameters, case.parameters, scalar(real(1)))
    function = differentiate(Function("f", tuple(DIMS), (*case.parameters, *case.constants), (("g", made),)))
    ((_, gradient),) = function.results
    assert isinstance(gradient, ir.Concat)
    assert len(gradient.parts) == 2
    assert not any(isinstance(part.body, ir.Constant) for part in gradient.parts if isinstance(part, ir.Array))


def test_the_gradient_of_a_slice_stands_between_zeros():
    middle = ir.view(X, calculus.integer(1), (calculus.integer(2),), "middle")
    i = ir.Index(calculus.integer(2), "i")
    total = scalar(summed(i, mul(ir.access(middle, i), ir.access(middle, i))))
    np.testing.assert_array_equal(_gradient(total, [1, 2, 3, 4]), [0, 4, 6, 0])


def test_a_draw_is_differentiated_by_its_mean_and_deviation():
    mean, deviation, seed = Input("mean", "real"), Input("deviation", "real"), Input("seed", "u64")
    law = ir.draw("normal", [ir.access(mean), ir.access(deviation)], "z", ir.access(seed), [], calculus.integer(0))
    noise = ir.draw("normal", [real(0), real(1)], "z", ir.access(seed), [], calculus.integer(0))
    made = vjp(scalar(law), [mean, deviation], [mean, deviation], scalar(real(1)))
    by_mean, by_deviation, z = run([*made, scalar(noise)], [mean, deviation, seed], [0.5, 2.0, 7], {})
    assert (by_mean, by_deviation) == (1, z)
    assert add(real(0)) is real(0)
