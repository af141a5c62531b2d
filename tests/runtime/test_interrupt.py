"""Ctrl-C while machine code runs, and checkpoints: no work that was done is lost."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from optgen.diagnostics import SpecError
from optgen.runtime import Solver
from tests.runtime.programs import descent, descent_method, quadratic


@pytest.fixture(autouse=True)
def listens_to_ctrl_c() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore Ctrl-C: only the tests that send it listen."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Native:
    """A kernel that, like machine code, sees no exception of Python but looks at its flag in every step."""

    def __init__(self, kernel, slow_from: int) -> None:
        self.kernel, self.slow_from = kernel, slow_from
        self.interrupt = SimpleNamespace(value=0)
        self.threads = set()

    def __call__(self, dims, arrays):
        start, stop = int(arrays[-2]), int(arrays[-1])
        self.threads.add(threading.current_thread())
        reached = start
        while reached < stop and not self.interrupt.value:
            if reached >= self.slow_from:
                _thread.interrupt_main()
                deadline = time.monotonic() + 10
                while not self.interrupt.value and time.monotonic() < deadline:
                    time.sleep(0.001)
            reached += 1
        outputs = self.kernel(dims, [*arrays[:-1], np.array(reached)])
        padded = [np.concatenate([trace, np.zeros(stop - reached)]) for trace in outputs[5:]]
        return [*outputs[:5], *padded]


def native(slow_from: int) -> tuple[Solver, Native]:
    solver = descent(descent_method(stop=lambda inputs, states: False))
    kernel = Native(solver.code.advances[0], slow_from)
    return Solver(replace(solver.code, advances=(kernel,)), solver.table, "numpy", "float64"), kernel


def test_ctrl_c_ends_machine_code_and_keeps_the_whole_steps():
    solver, kernel = native(slow_from=5)
    result = solver(**quadratic(), steps=100)
    reference = descent()(**quadratic(), steps=result.steps)
    assert result.status == "interrupted" and 1 <= result.steps <= 5
    assert result.reason.startswith("interrupted after")
    np.testing.assert_array_equal(result.x, reference.x)
    np.testing.assert_array_equal(result.loss, reference.loss)
    assert kernel.interrupt.value == 0


def test_ctrl_c_in_the_first_step_returns_the_start():
    solver, _ = native(slow_from=0)
    result = solver(**quadratic(), x=[1.0, 1.0, 1.0, 1.0], steps=100)
    assert (result.status, result.steps) == ("interrupted", 0)
    np.testing.assert_array_equal(result.x, np.ones(4))


def test_code_of_unknown_speed_runs_beside_the_thread_that_listens():
    solver, kernel = native(slow_from=10**9)
    solver(**quadratic(), steps=50)
    assert threading.main_thread() not in {next(iter(kernel.threads))} or len(kernel.threads) > 1


def test_a_checkpoint_goes_on_where_it_was_written(tmp_path):
    file = tmp_path / "run.npz"
    inputs = quadratic() | {"tol": 0.0}
    whole = descent()(**inputs, steps=60)
    calls = []

    def stop_soon(state):
        calls.append(state.steps)
        return state.steps >= 10

    part = descent()(**inputs, steps=60, checkpoint=file, every=0.0, callback=stop_soon)
    assert part.status == "interrupted" and part.steps < 60
    resumed = descent()(**inputs, steps=60, resume=file)
    assert resumed.steps == 60
    np.testing.assert_array_equal(resumed.x, whole.x)
    np.testing.assert_array_equal(resumed.loss, whole.loss)
    np.testing.assert_array_equal(resumed.size, whole.size)
    assert resumed.seconds > part.seconds / 2


def test_an_interrupt_writes_the_checkpoint_even_if_it_is_not_due(tmp_path):
    file = tmp_path / "run.npz"
    solver, _ = native(slow_from=5)
    part = solver(**quadratic(), steps=100, checkpoint=file, every=1e9)
    resumed = descent(descent_method(stop=lambda i, s: False))(**quadratic(), steps=part.steps, resume=file)
    np.testing.assert_array_equal(resumed.x, part.x)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    descent()(**quadratic(), steps=50, tol=0.0, checkpoint=file, every=0.0)
    with pytest.raises(SpecError) as caught:
        descent()(**quadratic(), steps=60, tol=0.0, lr=0.2, resume=file)
    assert caught.value.diagnostics[0].code == "E0611"
    file.write_bytes(b"not a checkpoint")
    with pytest.raises(SpecError) as caught:
        descent()(**quadratic(), resume=file)
    assert caught.value.diagnostics[0].message.endswith("is not a checkpoint of optgen")
    with pytest.raises(SpecError):
        descent()(**quadratic(), resume=tmp_path / "missing.npz")
