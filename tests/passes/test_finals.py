"""Finals of a loop are what its region says where its condition failed, with and without them in the loop."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.evaluate import evaluate
from optgen.ir.operations import apply
from optgen.ir.program import Function
from optgen.passes import pipeline
from optgen.passes.assemble import assemble, function
from optgen.passes.finals import has_finals, with_plain_loops
from tests.backends.loop_programs import CASES, N, descent, vector


def loops_of(function: Function) -> list[ir.Loop]:
    nodes = walk.postorder([tensor for _, tensor in function.results])
    return [node for node in nodes if isinstance(node, ir.Loop)]


@pytest.mark.parametrize("name", ["converged", "unfinished"])
def test_loops_without_finals_say_the_same_after_them(name: str) -> None:
    made, dims, arrays = CASES[name]()
    plain = with_plain_loops(made)
    assert has_finals([t for _, t in made.results]) and not has_finals([t for _, t in plain.results])
    for ours, theirs in zip(evaluate(plain, dims, arrays), evaluate(made, dims, arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_loop_that_its_limit_ends_says_nothing_of_its_end() -> None:
    made, dims, arrays = CASES["unfinished"]()
    found = dict(zip([name for name, _ in made.results], evaluate(made, dims, arrays), strict=True))
    assert found["steps"] == 3 and np.any(found["x"])
    assert not np.any(found["value"]) and not np.any(found["outer"]) and not np.any(found["at"])


def test_finals_that_nobody_reads_are_dropped() -> None:
    made, _, _ = CASES["converged"]()
    results = tuple(pair for pair in made.results if pair[0] in ("x", "small"))
    (loop,) = loops_of(pipeline.run(Function(made.name, made.dims, made.parameters, results)))
    assert len(loop.finals) == 1 and not loop.traces


def _decay() -> tuple[ir.Input, ir.Loop]:
    """Halves until it is below 1; says the cube of where it ends."""
    start, z = ir.Input("start", "real"), ir.Input("z", "real")
    half = ir.array((), apply("mul", ir.constant(0.5), ir.access(z)))
    cube = ir.array((), apply("power_int", ir.access(z), ir.constant(3)))
    going = apply("ge", ir.access(z), ir.constant(1, "real"))
    k = ir.Input("k", "int")
    return start, ir.loop(
        k, [z], [start], [half], limit=ir.constant(9), condition=going, finals=[cube], capacity=ir.constant(9)
    )


def test_derivatives_pass_through_finals() -> None:
    start, loop = _decay()
    value = ir.function_value([start], [ir.output(loop, 2)])
    at, one = ir.Input("at", "real"), ir.array((), ir.constant(1, "real"))
    slopes = [ir.output(ir.derivative(kind, value, [at], [one]), 0) for kind in ("jvp", "vjp")]  # type: ignore[arg-type]
    made = function("slopes", [at], list(zip(["jvp", "vjp"], slopes, strict=True)))
    for found in evaluate(pipeline.run(made), {}, [5.0]):
        assert float(found) == 3 * (5.0 / 8) ** 2 / 8


def test_loops_under_an_index_keep_what_each_member_says() -> None:
    start, loop = _decay()
    starts, i = vector("starts"), ir.Index(N, "i")
    member = walk.substitute([ir.output(loop, 2)], {start: ir.array((), ir.access(starts, i))})[0]
    made = function("members", [starts], [("cubes", ir.array([i], ir.access(member), "cubes"))])
    (found,) = evaluate(pipeline.run(made), {"n": 3}, [np.array([0.5, 5.0, 7.0])])
    np.testing.assert_array_equal(found, np.array([0.5, 5.0 / 8, 7.0 / 8]) ** 3)


def test_a_shared_head_is_computed_once_a_step() -> None:
    """What a step and a final read stands before the test; what only the final reads, where the loop ends."""
    from optgen.backends.numba.compile import procedure_of
    from optgen.backends.numba.printer import print_procedure

    made, _, _ = descent(40)
    text, _ = print_procedure(procedure_of(pipeline.run(made)), "float64")
    assert text.count("A[") == 1
    ending = text[text.index("if not") : text.index("break")]
    assert "outer[" in ending and text.count("outer[") == 2  # the other clears it


def test_steps_that_say_how_they_end_leave_no_finish() -> None:
    import optgen
    from optgen.compiler import lowered

    program = lowered(optgen.specs.adam, problem="logistic")
    assert list(assemble(program)) == ["setup", "advance_0", "finish_0"]
    joined = assemble(program, joined=True)
    assert list(joined) == ["setup", "advance_0"]
    names = [name for name, _ in joined["advance_0"].results]
    assert names[-4:] == ["stop_end", "loss_end", "gnorm_end", "objective_end"]


def test_steps_stay_whole_where_the_condition_computes_nothing() -> None:
    """Without a rule that needs the values, what a final shares with a step is no reason to cut the step in two."""
    from optgen.ir.blocks import LoopBlocks
    from optgen.passes.schedule import schedule

    made, _, _ = descent(40)
    loop = next(loop for loop in loops_of(made) if loop.finals)

    def blocks(condition: ir.Scalar | None) -> LoopBlocks:
        changed = ir.loop(
            loop.counter, loop.parameters, loop.initial, loop.body, limit=loop.limit, condition=condition,
            traces=loop.traces, capacity=loop.capacity, finals=loop.finals,
        )  # fmt: skip
        results = [(f"r{k}", ir.output(changed, k)) for k in range(len(made.results))]
        scheduled = schedule(pipeline.run(function("f", made.parameters, results)))
        return next(found for node, found in scheduled.body.loops.items() if node.finals)

    shared, whole = blocks(loop.condition), blocks(apply("lt", ir.access(loop.counter), ir.constant(20)))
    assert shared.head.nodes and not whole.head.nodes
    assert len(whole.close.nodes) > len(shared.close.nodes)
    assert not set(whole.tail.nodes) & set(whole.close.nodes)
