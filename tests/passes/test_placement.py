"""What is computed where: lifting, materialising, sharing, order, names and branches keep the meaning of a function."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, Scheduled
from optgen.ir.check import check
from optgen.ir.evaluate import evaluate
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from optgen.passes.assemble import function
from optgen.passes.common import common
from optgen.passes.schedule import schedule
from tests.backends.loop_programs import (
    Case,
    add,
    conjugate_gradients,
    dot,
    logistic,
    loss_of,
    mul,
    number,
    product,
    random_case,
    samples,
    sub,
    vector,
)
from tests.programs import PROGRAMS

N, M = ir.dim("n"), ir.dim("m")


def same_at_every_stage(case: Case) -> None:
    made, dims, arrays = case
    expected = evaluate(pipeline.expand(made), dims, arrays)
    for stage, after, _ in pipeline.stages(made):
        check(after, stage)
        compare(evaluate(after, dims, arrays), expected)
    compare(evaluate(common(pipeline.run(made)), dims, arrays), expected)


def compare(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for value, wanted in zip(found, expected, strict=True):
        assert value.dtype == wanted.dtype and value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_pass_keeps_the_meaning_and_the_rules(name: str) -> None:
    same_at_every_stage(PROGRAMS[name]())


@pytest.mark.parametrize("seed", range(300, 330))
def test_every_pass_keeps_the_meaning_of_random_functions(seed: int) -> None:
    same_at_every_stage(random_case(seed))


# ---------------------------------------------------------------- lift


def test_a_loop_under_an_index_runs_while_any_member_is_active() -> None:
    made, dims, arrays = PROGRAMS["members"]()
    lifted = pipeline.run(made)
    loops = [node for node in nodes(lifted) if isinstance(node, ir.Loop)]
    assert loops and all(not loop.free for loop in loops)
    compare(evaluate(lifted, dims, arrays), evaluate(pipeline.expand(made), dims, arrays))


def test_a_call_under_an_index_becomes_one_call_of_a_batch() -> None:
    from optgen.ir import calls

    w = ir.dim("w")
    a, b, member, j = (
        ir.Input("A", "real", (w, N, N)),
        ir.Input("b", "real", (w, N)),
        ir.Index(w, "w"),
        ir.Index(N, "j"),
    )
    r, s = ir.Index(N, "r"), ir.Index(N, "s")
    matrix, right = (
        ir.array([r, s], ir.access(a, member, r, s)),
        ir.array([t := ir.Index(N, "t")], ir.access(b, member, t)),
    )
    (x,) = calls.apply("solve", matrix, right)
    made = function("batch", [a, b], [("x", ir.array([member, j], ir.access(x, j), "x"))])
    found = [node for node in nodes(pipeline.run(made)) if isinstance(node, ir.Call)]
    assert len(found) == 1 and dict(found[0].attributes)["batch"] == 1
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2))]
    dims = {"w": 3, "n": 2}
    compare(evaluate(pipeline.run(made), dims, arrays), evaluate(pipeline.expand(made), dims, arrays))


# ---------------------------------------------------------------- materialise, common


def test_margins_of_a_gradient_are_computed_once() -> None:
    made = pipeline.run(logistic()[0])
    matrix = next(p for p in made.parameters if p.name == "A")
    assert sum(isinstance(node, ir.Access) and node.tensor is matrix for node in nodes(made)) == 2  # margins, gradient


def test_what_is_written_twice_gets_one_definition() -> None:
    a, y, x = ir.Input("A", "real", (M, N)), vector("y", M), vector("x")
    other = vector("z")
    parts = [loss_of(a, y, x), loss_of(a, y, x), loss_of(a, y, other)]
    made = pipeline.run(
        function("twice", [a, y, x, other], [("all", ir.array((), add(add(*parts[:2]), parts[2]), "all"))])
    )
    once = common(made)
    assert len(products_with(once, "A")) == 2
    data = samples()
    arrays = [data["A"], data["y"], data["x"], -data["x"]]
    compare(evaluate(once, {"m": 7, "n": 4}, arrays), evaluate(made, {"m": 7, "n": 4}, arrays))


def test_the_diagonal_of_a_choice_by_equality_is_computed_without_the_rest() -> None:
    w, x = ir.dim("w"), ir.Input("x", "real", (ir.dim("w"), N))
    i, j, k, p, q = ir.Index(w, "i"), ir.Index(w, "j"), ir.Index(N, "k"), ir.Index(w, "p"), ir.Index(N, "q")
    entry = ir.choose(apply("eq", i, j), mul(ir.access(x, i, k), ir.access(x, j, k)), ir.constant(0, "real"))
    square = ir.array([i, j, k], entry, "square")
    total = ir.array([p], ir.reduce("sum", [q], ir.access(square, p, p, q)), "total")
    case = function("diagonal", [x], [("total", total)]), {"w": 3, "n": 2}, [np.arange(6.0).reshape(3, 2)]
    assert max(len(node.axes) for node in nodes(pipeline.run(case[0])) if isinstance(node, ir.Array)) <= 2
    same_at_every_stage(case)


def test_a_product_is_computed_once_whatever_the_order_of_its_axes() -> None:
    a, b = ir.Input("A", "real", (M, N)), ir.Input("B", "real", (N, M))

    def entry(row: ir.Index, column: ir.Index) -> ir.Scalar:
        j = ir.Index(N, "j")
        return ir.reduce("sum", [j], mul(ir.access(a, row, j), ir.access(b, j, column)))

    i, k, p, q = ir.Index(M, "i"), ir.Index(M, "k"), ir.Index(M, "p"), ir.Index(M, "q")
    straight = ir.array([i, k], entry(i, k), "straight")
    across = ir.array([q, p], entry(p, q), "across")
    r, s = ir.Index(M, "r"), ir.Index(M, "s")
    both = ir.array([r, s], sub(apply("exp", ir.access(straight, r, s)), ir.access(across, r, s)), "both")
    made = function("products", [a, b], [("both", both)])
    assert sum(isinstance(node, ir.Reduce) for node in nodes(pipeline.run(made))) == 1
    rng = np.random.default_rng(0)
    same_at_every_stage((made, {"m": 3, "n": 2}, [rng.normal(size=(3, 2)), rng.normal(size=(2, 3))]))


def test_of_equal_definitions_the_author_s_name_stays() -> None:
    x = vector("x")
    i, j, k = ir.Index(N, "i"), ir.Index(N, "j"), ir.Index(N, "k")
    unnamed = ir.array([i], apply("exp", ir.access(x, i)), "value")
    named = ir.array([j], apply("exp", ir.access(x, j)), "weight")
    total = ir.array([k], add(ir.access(unnamed, k), ir.access(named, k)), "total")
    made = pipeline.run(function("names", [x], [("total", total)]))
    assert [node.name for node in nodes(made) if isinstance(node, ir.Array)] == ["weight", "total"]


def products_with(made: Function, name: str) -> list[ir.Access]:
    return [n for n in nodes(made) if isinstance(n, ir.Access) and getattr(n.tensor, "name", "") == name]


# ---------------------------------------------------------------- schedule


def test_what_does_not_change_in_a_loop_is_computed_before_it() -> None:
    a, b, x, k = ir.Input("A", "real", (N, N)), vector("b"), vector("x"), ir.Input("k", "int")
    i, j = ir.Index(N, "i"), ir.Index(N, "j")
    root = ir.array([i], apply("sqrt", ir.access(b, i)), "root")
    following = ir.array([j], mul(ir.access(product(a, x, "q"), j), ir.access(root, j)), "x_new")
    loop = ir.loop(k, [x], [b], [following], limit=ir.constant(3), name="steps")
    scheduled = schedule(pipeline.run(function("f", [a, b], [("x", ir.output(loop, 0, "x"))])))
    [node] = [n for n in scheduled.body.nodes if isinstance(n, ir.Loop)]
    names = [scheduled.names[n] for n in scheduled.body.nodes]
    assert names.index("root") < scheduled.body.nodes.index(node)
    inner = scheduled.body.loops[node]
    assert {scheduled.names[n] for n in (*inner.head.nodes, *inner.tail.nodes)} == {"q", "x_new"}


def test_the_head_of_a_loop_is_what_its_condition_needs() -> None:
    scheduled = schedule(pipeline.run(conjugate_gradients()[0]))
    [parts] = scheduled.body.loops.values()
    assert [scheduled.names[node] for node in parts.head.nodes] == ["sum_r_squared"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_names_are_legal_and_unique_and_each_node_stands_after_what_it_reads(name: str) -> None:
    scheduled = schedule(pipeline.run(PROGRAMS[name]()[0]))
    names = list(scheduled.names.values())
    assert len(set(names)) == len(names)
    assert all(n.isidentifier() and not keyword.iskeyword(n) for n in names)
    in_order(scheduled.body, set(scheduled.function.parameters))


def in_order(block: Block, known: set[ir.AnyNode]) -> None:
    """Every computed node comes after those it reads, in its own block and in those around it."""
    for node in block.nodes:
        if isinstance(node, ir.Loop):
            inside = {*known, *node.parameters, node.counter}
            in_order(block.loops[node].head, inside)
            in_order(block.loops[node].tail, inside)
        elif node not in block.branches:
            assert known.issuperset(read_by(node)), node
        known.add(node)


def read_by(node: ir.AnyNode) -> set[ir.AnyNode]:
    """The computed nodes that a node reads directly."""
    found: set[ir.AnyNode] = set()
    stack = list(walk.children(node))
    while stack:
        part = stack.pop()
        if isinstance(part, ir.Array | ir.Concat | ir.View | ir.Call | ir.Loop):
            found.add(part)
        else:
            stack.extend(walk.children(part))
    return found


def test_an_author_who_uses_words_of_python_gets_them_with_an_underscore() -> None:
    x, i = vector("lambda"), ir.Index(N, "i")
    made = function("f", [x], [("class", ir.array([i], mul(ir.access(x, i), ir.access(x, i)), "class"))])
    assert {"lambda_", "class_"} <= set(schedule(made).names.values())


# ---------------------------------------------------------------- branches


def solved_or_scaled(nested: bool = False) -> Case:
    """A linear system solved by a loop if s > 0, else a multiple of its right-hand side."""
    made, dims, arrays = conjugate_gradients()
    a, b = made.parameters
    solution = made.results[0][1]
    s, i = ir.Input("s", "real"), ir.Index(N, "i")
    chosen = apply("gt", ir.access(s), ir.constant(0, "real"))
    picked = ir.choose(chosen, ir.access(solution, i), mul(ir.constant(2, "real"), ir.access(b, i)))
    body = add(picked, ir.access(b, i)) if nested else picked
    return function("picked", [a, b, s], [("picked", ir.array([i], body, "picked"))]), dims, [*arrays, 1.0]


def branches(scheduled: Scheduled) -> list[tuple[Block, Block]]:
    return [(sides.then, sides.otherwise) for sides in scheduled.body.branches.values()]


@pytest.mark.parametrize("nested", [False, True])
def test_a_loop_that_one_side_of_a_choice_needs_stands_on_that_side(nested: bool) -> None:
    scheduled = schedule(pipeline.run(solved_or_scaled(nested)[0]))
    [(then, otherwise)] = branches(scheduled)
    assert any(isinstance(node, ir.Loop) for node in then.nodes)
    assert not otherwise.nodes
    assert not any(isinstance(node, ir.Loop) for node in scheduled.body.nodes)


def test_a_loop_that_is_read_elsewhere_too_is_always_computed() -> None:
    made, _, _ = solved_or_scaled()
    [loop] = [node for node in nodes(made) if isinstance(node, ir.Loop)]
    both = function("both", made.parameters, [*made.results, ("count", ir.output(loop, 3, "count"))])
    scheduled = schedule(pipeline.run(both))
    assert not scheduled.body.branches
    assert any(isinstance(node, ir.Loop) for node in scheduled.body.nodes)


def test_branches_nest() -> None:
    made, _, _ = solved_or_scaled()
    t, i = ir.Input("t", "real"), ir.Index(N, "i")
    inner = made.results[0][1]
    test = apply("lt", ir.access(t), ir.constant(1, "real"))
    outer = ir.array([i], ir.choose(test, ir.constant(0, "real"), ir.access(inner, i)), "outer")
    scheduled = schedule(pipeline.run(function("nested", [*made.parameters, t], [("outer", outer)])))
    [(then, otherwise)] = branches(scheduled)
    assert not then.nodes and [scheduled.names[node] for node in otherwise.nodes] == ["picked"]
    [inside] = otherwise.branches.values()
    assert any(isinstance(node, ir.Loop) for node in inside.then.nodes)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("backend", ["numpy", "jax", "numba", "llvm"])
def test_every_backend_takes_the_side_that_is_chosen(backend: str, nested: bool) -> None:
    if backend in ("jax", "numba"):
        pytest.importorskip(backend)
    made, dims, arrays = solved_or_scaled(nested)
    kernel = import_module(f"optgen.backends.{backend}").compile_function(pipeline.run(made), "float64")
    for s in (1.0, -1.0):
        given = [*arrays[:2], s]
        np.testing.assert_allclose(kernel(dims, given)[0], evaluate(made, dims, given)[0], rtol=1e-9)


def test_a_choice_inside_a_loop_spares_the_inner_loop_of_a_step() -> None:
    k, inner_k, x, y = ir.Input("k", "int"), ir.Input("l", "int"), ir.Input("x", "real"), ir.Input("y", "real")
    more = ir.array((), add(ir.access(y), ir.constant(1, "real")), "more")
    inner = ir.loop(inner_k, [y], [x], [more], limit=ir.constant(4), name="inner")
    even = apply("eq", apply("mod", ir.access(k), ir.constant(2)), ir.constant(0))
    following = ir.array((), ir.choose(even, ir.access(ir.output(inner, 0, "y")), ir.access(x)), "x_new")
    outer = ir.loop(k, [x], [number(0, "real")], [following], limit=ir.constant(5), name="outer")
    made = function("steps", [], [("x", ir.output(outer, 0, "x"))])
    scheduled = schedule(pipeline.run(made))
    [parts] = scheduled.body.loops.values()
    assert len(parts.tail.branches) == 1
    for backend in ("numpy", "llvm"):
        kernel = import_module(f"optgen.backends.{backend}").compile_function(pipeline.run(made), "float64")
        assert kernel({}, [])[0] == 12


def nodes(made: Function) -> list[ir.AnyNode]:
    return list(walk.postorder([tensor for _, tensor in made.results]))


def members(body: Callable[[ir.Input, ir.Scalar], ir.Tensor]) -> Case:
    """A loop for each member i: z becomes body(z, a[i]) while z is large; the sum of what all end with."""
    w = ir.dim("w")
    a, x, i, k, z = ir.Input("a", "real", (w,)), vector("x"), ir.Index(w, "i"), ir.Input("k", "int"), vector("z")
    test = apply("gt", dot(z, z), ir.constant(1e-2))
    following = body(z, ir.access(a, i))
    loop = ir.loop(k, [z], [x], [following], limit=ir.constant(4), condition=test, traces=[z], capacity=ir.constant(4))
    j, row, entry = ir.Index(N, "j"), ir.Index(ir.constant(4), "row"), ir.Index(N, "q")
    ends = ir.array([j], ir.reduce("sum", [i], ir.access(ir.output(loop, 0), j)), "ends")
    path = ir.array([entry], ir.reduce("sum", [i, row], ir.access(ir.output(loop, 2), row, entry)), "path")
    made = function("members", [a, x], [("ends", ends), ("path", path)])
    return made, {"w": 3, "n": 4}, [np.array([0.1, 0.5, -0.2]), np.array([0.3, 0.7, -0.4, 1.1])]


def shrunk(z: ir.Tensor, a: ir.Scalar, name: str = "z_new") -> ir.Tensor:
    q = ir.Index(z.axes[0], "q")
    return ir.array([q], sub(ir.access(z, q), mul(a, mul(ir.access(z, q), ir.access(z, q)))), name)


def through_an_inner_loop(z: ir.Input, a: ir.Scalar) -> ir.Tensor:
    inner, k = vector("y"), ir.Input("l", "int")
    return ir.output(ir.loop(k, [inner], [z], [shrunk(inner, a)], limit=ir.constant(2), name="inner"), 0, "y")


def through_views(z: ir.Input, a: ir.Scalar) -> ir.Tensor:
    return shrunk(ir.view(ir.concat([z, z], "twice"), N, (N,), "second"), a)


def through_a_call(z: ir.Input, a: ir.Scalar) -> ir.Tensor:
    from optgen.ir import calls

    return shrunk(calls.apply("sort", z)[0], a)


@pytest.mark.parametrize("body", [shrunk, through_an_inner_loop, through_views, through_a_call])
def test_a_loop_of_a_member_may_read_what_it_carries_as_a_whole(body: Callable[..., ir.Tensor]) -> None:
    same_at_every_stage(members(body))


def test_a_derivative_through_the_loops_of_all_members_is_lifted() -> None:
    made, dims, arrays = members(shrunk)
    a, x = made.parameters
    ends = made.results[0][1]
    j, one = ir.Index(N, "j"), number(1, "real")
    total = ir.function_value([x], [ir.array((), ir.reduce("sum", [j], ir.access(ends, j)))])
    slope = ir.output(ir.derivative("vjp", total, [x], [one]), 0, "slope")
    case = function("slope", [a, x], [("slope", slope)]), dims, arrays
    same_at_every_stage(case)
    expected = evaluate(pipeline.expand(case[0]), dims, arrays)[0]
    step = 1e-6 * np.eye(4)
    sums = [[evaluate(made, dims, [arrays[0], arrays[1] + s * d])[0].sum() for s in (1, -1)] for d in step]
    np.testing.assert_allclose(expected, [(up - down) / 2e-6 for up, down in sums], rtol=1e-6)


def test_the_length_of_an_axis_stays_a_formula():
    length = apply("sub", apply("mul", apply("add", N, ir.constant(1)), N), ir.constant(1))
    i, j = ir.Index(length, "i"), ir.Index(length, "j")
    up = ir.array([i], apply("to_real", apply("mul", length, i)), "up")
    down = ir.array([j], apply("to_real", apply("sub", length, j)), "down")
    once = common(function("both", [], [("up", up), ("down", down)]))
    assert [tensor.axes for _, tensor in once.results] == [(length,), (length,)]
    compare(evaluate(once, {"n": 3}, []), [11.0 * np.arange(11), 11.0 - np.arange(11)])
