"""The short way: code tied to its arrays gives what the long way gives, whatever changed between calls."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest

from optgen.runtime import Solver
from tests.runtime.programs import descent, descent_method, quadratic

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@dataclass
class Tied:
    """A kernel of Python that can be tied to arrays, as machine code can."""

    kernel: object
    ties: int = 0
    calls: int = 0

    def __call__(self, dims, arrays):
        return self.kernel(dims, arrays)

    def prepare(self, dims, arrays):
        self.ties += 1
        outer, shapes = self, [np.array(output) for output in self.kernel(dims, arrays)]

        class Prepared:
            outputs = shapes

            def __call__(self):
                outer.calls += 1
                for mine, made in zip(self.outputs, outer.kernel(dims, arrays), strict=True):
                    mine[...] = made

        return Prepared()


def tied(**changes) -> tuple[Solver, Tied]:
    solver = descent(descent_method(**changes))
    code = solver.code
    advance = Tied(code.advances[0])
    code = replace(code, setup=Tied(code.setup), advances=(advance,), finishes=(Tied(code.finishes[0]),))
    return Solver(code, solver.table, "numpy", "float64"), advance


def same(left, right):
    assert (left.status, left.reason, left.steps, left.objective) == (
        right.status,
        right.reason,
        right.steps,
        right.objective,
    )
    for name in ("x", "loss", "size", "residual"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


CASES = [
    {"lr": 0.5, "steps": 50},
    {"lr": 0.5, "steps": 3},
    {"lr": 0.5, "steps": 50, "x": np.array([1.0, 2.0, 3.0, 5.0])},
]


@pytest.mark.parametrize("case", CASES)
def test_the_short_way_gives_the_same_result(case):
    solver, advance = tied()
    fast = solver.bind(**quadratic(), **case)
    results = [fast() for _ in range(4)]
    assert advance.calls >= 2
    for result in results:
        same(result, descent()(**quadratic(), **case))


def test_a_call_of_a_solver_finds_the_short_way_by_itself():
    solver, advance = tied()
    for _ in range(4):
        same(solver(**quadratic(), lr=0.5, steps=20), descent()(**quadratic(), lr=0.5, steps=20))
    assert (advance.ties, advance.calls) == (1, 2)


def test_arrays_that_the_caller_changes_in_place_are_read_again():
    solver, _ = tied()
    inputs = quadratic()
    for scale in (1.0, 2.0, 3.0, 4.0):
        inputs["b"][:] = scale
        same(solver(**inputs, steps=20), descent()(**inputs, steps=20))


def test_changes_of_a_bound_call_hold_for_that_call_only():
    solver, advance = tied()
    fast = solver.bind(**quadratic(), lr=0.5, steps=20)
    plain = fast(), fast(), fast()
    start = np.full(4, 5.0)
    changed = fast(x=start, lr=0.25)
    start[:] = 6.0
    again = fast(x=start, lr=0.25)
    same(changed, descent()(**quadratic(), x=np.full(4, 5.0), lr=0.25, steps=20))
    same(again, descent()(**quadratic(), x=np.full(4, 6.0), lr=0.25, steps=20))
    same(fast(), plain[0])
    assert advance.calls >= 4


def test_results_do_not_share_memory_with_later_ones():
    fast = tied()[0].bind(**quadratic(), lr=0.5, steps=20)
    first, second, third = fast(), fast(), fast(x=np.ones(4))
    for name in ("x", "loss", "size", "residual"):
        assert not np.shares_memory(getattr(second, name), getattr(third, name))
    same(first, second)


def test_divergence_takes_the_long_way_and_finds_the_last_finite_states():
    solver, _ = tied()
    fast = solver.bind(**quadratic(), lr=0.5, steps=2000)
    fast(), fast()
    diverged = fast(lr=1.5)
    assert diverged.status == "diverged" and np.isfinite(diverged.x).all()


def test_other_sizes_take_the_long_way():
    fast = tied()[0].bind(**quadratic(), lr=0.5, steps=20)
    fast(), fast()
    assert fast(**quadratic(6)).x.shape == (6,)


def test_threads_that_share_a_plan_do_not_disturb_each_other():
    solver, _ = tied()
    expected = {n: descent()(**quadratic(), lr=0.1 * n, steps=15).x for n in range(1, 5)}
    found, threads = {}, []
    for _ in range(3):
        solver(**quadratic(), lr=0.1, steps=15)
    for n in expected:
        work = threading.Thread(target=lambda n=n: found.setdefault(n, solver(**quadratic(), lr=0.1 * n, steps=15).x))
        threads.append(work)
        work.start()
    for work in threads:
        work.join()
    for n, x in expected.items():
        np.testing.assert_array_equal(found[n], x)
