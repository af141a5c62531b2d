"""Solving: what a solver gives back, and how a run ends."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.diagnostics import SpecError
from optgen.ir import nodes as ir
from optgen.ir.program import Exit
from tests.runtime.programs import Method, descent, descent_method, everything, quadratic, two_phases

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
NEVER = ir.constant(False)


def test_a_stop_rule_ends_the_solve_as_converged_and_gives_its_reason():
    result = descent()(**quadratic(), lr=0.5)
    assert result.status == "converged"
    assert result.reason == f"stopped after {result.steps} steps: the gradient is small"
    np.testing.assert_allclose(result.x, [1, 2, 3, 4], rtol=1e-5)


def test_a_start_that_satisfies_the_stop_rule_takes_no_step():
    result = descent()(**quadratic(), x=[1.0, 2.0, 3.0, 4.0])
    assert (result.status, result.steps, len(result.loss), len(result.size)) == ("converged", 0, 1, 0)


def test_the_cap_on_steps_ends_the_solve_as_max_steps():
    result = descent()(**quadratic(), steps=3)
    assert (result.status, result.steps) == ("max_steps", 3)
    assert "raise steps" in result.reason


def test_records_outside_the_step_have_one_entry_more_than_there_are_steps():
    result = descent()(**quadratic(), lr=0.5, steps=5)
    assert result.loss.shape == (6,)
    assert result.size.shape == (5,)
    assert result.loss[0] == 0 and result.loss[-1] == result.objective
    assert result.size[-1] == np.linalg.norm(result.x)


def test_how_a_run_is_cut_into_chunks_changes_nothing():
    method = descent_method(stop=lambda inputs, states: False)
    solver = descent(method)
    whole = solver(**quadratic(), steps=700)
    again = solver(**quadratic(), steps=700)
    assert method.chunks[0] == (0, 1) and len(method.chunks) > 2
    np.testing.assert_array_equal(whole.loss, again.loss)
    np.testing.assert_array_equal(whole.x, again.x)


def test_speed_measured_once_is_used_by_the_next_solve_of_the_same_size():
    method = descent_method()
    solver = descent(method)
    solver(**quadratic(), steps=200, tol=0.0)
    method.chunks.clear()
    solver(**quadratic(), steps=200, tol=0.0)
    first = method.chunks[0]
    method.chunks.clear()
    solver(**quadratic(7), steps=200, tol=0.0)
    assert first[1] > 1 and method.chunks[0] == (0, 1)


def test_divergence_returns_the_last_finite_states():
    result = descent()(**quadratic(), lr=1.5, steps=5000)
    assert result.status == "diverged"
    assert np.isfinite(result.x).all()
    assert f"in step {result.steps + 1}" in result.reason
    exact = descent(descent_method(stop=lambda inputs, states: False))(**quadratic(), lr=1.5, steps=result.steps)
    np.testing.assert_array_equal(result.x, exact.x)
    assert len(result.loss) == result.steps + 1


def test_first_states_that_are_not_finite_are_a_divergence_before_any_step():
    solver = descent()
    broken = solver.code.__class__(solver.program, lambda dims, arrays: [np.full(4, np.nan)], *_kernels(solver))
    result = solver.__class__(broken, solver.table, "numpy", "float64")(**quadratic())
    assert (result.status, result.steps) == ("diverged", 0)


def _kernels(solver):
    return solver.code.advances, solver.code.finishes


def test_until_ends_the_run_after_its_step():
    method = descent_method(until=lambda inputs, states: states[0][0] > 0.3, stop=lambda inputs, states: False)
    result = descent(method, untils=(Exit("x is past 0.3", NEVER),))(**quadratic())
    assert result.status == "converged" and result.reason.endswith("x is past 0.3")
    assert result.x[0] > 0.3 and result.steps == len(result.size)


def test_a_fail_rule_keeps_the_states_before_the_step():
    method = descent_method(fail=lambda inputs, states: states[0][0] > 0.3)
    result = descent(method, fails=(Exit("the oracle gave up", NEVER),))(**quadratic())
    reached = descent()(**quadratic(), steps=result.steps)
    assert result.status == "failed"
    assert result.reason == f"step {result.steps + 1} failed: the oracle gave up"
    np.testing.assert_array_equal(result.x, reached.x)
    assert len(result.loss) == result.steps + 1 and len(result.size) == result.steps


def test_a_step_with_a_range_completes():
    result = descent(descent_method(length=7, stop=lambda inputs, states: False))(**quadratic())
    assert (result.status, result.steps, result.reason) == ("completed", 7, "all 7 steps were done")


def counter(by: float, until: float, length: int = 2**62) -> Method:
    return Method(
        step=lambda inputs, states, k: [states[0] + by],
        stop=lambda inputs, states: states[0] >= until,
        outer=[lambda inputs, states: states[0]],
        length=length,
    )


def test_phases_run_in_order_and_share_states_and_traces():
    result = two_phases(counter(1, 3), counter(10, 30))()
    assert result.v == 33 and result.steps == 6
    assert result.reason == "stopped after 6 steps: second is over"
    np.testing.assert_array_equal(result.value, [0, 1, 2, 3, 13, 23, 33])


def test_a_trace_of_the_first_phase_only_ends_with_that_phase():
    silent = counter(10, 30)
    silent.outer = []
    result = two_phases(counter(1, 3), silent, ["value", "nothing"])()
    np.testing.assert_array_equal(result.value, [0, 1, 2, 3])


def test_the_cap_holds_for_all_phases_together():
    result = two_phases(counter(1, 3), counter(10, 300))(steps=5)
    assert (result.status, result.steps, result.v) == ("max_steps", 5, 23)


def test_a_phase_that_fails_to_stop_within_the_cap_ends_the_run():
    result = two_phases(counter(1, 10), counter(10, 30))(steps=5)
    assert (result.status, result.v) == ("max_steps", 5)
    np.testing.assert_array_equal(result.value, [0, 1, 2, 3, 4, 5])


def test_a_callback_sees_the_states_and_can_end_the_solve():
    seen = []

    def watch(state):
        seen.append((state.steps, state.x[0]))
        return state.steps >= 2

    result = descent(descent_method(stop=lambda inputs, states: False))(**quadratic(), callback=watch)
    assert result.status == "interrupted" and result.steps == seen[-1][0]
    assert seen[-1][1] == result.x[0]


def test_an_error_of_a_callback_reaches_the_caller():
    def watch(state):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        descent()(**quadratic(), callback=watch)


def test_ctrl_c_returns_the_states_so_far():
    def step(inputs, states, k):
        if k == 40:
            raise KeyboardInterrupt
        return [states[0] - 0.01 * (states[0] - 1)]

    result = descent(Method(step=step, outer=[lambda i, s: 0.0], inner=[lambda i, s: 0.0]))(**quadratic())
    assert result.status == "interrupted"
    assert 0 < result.steps < 40 and len(result.loss) == result.steps + 1


def test_map_takes_the_first_axis_of_inputs_apart():
    solver = descent()
    batch = solver.map(**quadratic(), lr=[0.1, 0.2, 0.5], steps=8)
    assert [result.steps for result in batch] == [8, 8, 8]
    assert batch.x.shape == (3, 4)
    np.testing.assert_array_equal(batch[1].x, solver(**quadratic(), lr=0.2, steps=8).x)


def test_map_refuses_unequal_lengths_and_nothing_to_map():
    with pytest.raises(SpecError, match="unequal lengths: lr has 2, seed has 3"):
        descent().map(**quadratic(), lr=[0.1, 0.2], seed=[1, 2, 3])
    with pytest.raises(SpecError, match="nothing to take apart"):
        descent().map(**quadratic())


def test_a_bound_solver_keeps_its_inputs_even_if_the_caller_changes_the_arrays():
    inputs = quadratic()
    fast = descent().bind(**inputs, lr=0.5)
    before = fast().x
    inputs["A"][:] = np.nan
    np.testing.assert_array_equal(fast().x, before)


def test_a_bound_solver_checks_what_a_call_changes():
    fast = descent().bind(**quadratic())
    assert fast(x=[1.0, 2.0, 3.0, 4.0]).steps == 0
    assert fast().steps > 0
    with pytest.raises(SpecError, match="n is 4 in A"):
        fast(x=np.ones(5))


def test_structures_come_back_as_they_were_given_and_indices_from_zero():
    weights = {"layer": {"W": np.arange(6.0).reshape(2, 3), "b": np.array([7.0, 8.0])}}
    result = everything()(w=weights, classes=[0, 1, 2], steps=2)
    np.testing.assert_array_equal(result.w["layer"]["W"], weights["layer"]["W"])
    np.testing.assert_array_equal(result.w["layer"]["b"], [7, 8])
    np.testing.assert_array_equal(result.labels, [0, 1, 2])


def test_a_schedule_may_be_a_default_a_number_an_array_or_a_function_of_the_step():
    solver, weights = everything(), {"w": np.ones(8), "h": 2, "d": 3, "classes": [0], "steps": 3}
    np.testing.assert_array_equal(solver(**weights).rates, [2, 1, 2 / 3])
    np.testing.assert_array_equal(solver(**weights, rate=0.5).rates, [0.5])
    np.testing.assert_array_equal(solver(**weights, rate=[3, 2]).rates, [3, 2])
    np.testing.assert_array_equal(solver(**weights, rate=lambda k: 10 * k).rates, [10, 20, 30])
