"""The result: read by name, printed for people, saved without pickle."""

from __future__ import annotations

import json

import numpy as np
import pytest

from optgen.runtime import Result
from tests.runtime.programs import descent, everything, quadratic


def test_states_traces_and_lets_are_attributes():
    result = descent()(**quadratic(), steps=2)
    assert {"x", "loss", "size", "residual", "status"} <= set(dir(result))
    with pytest.raises(AttributeError, match="the result of descent has no y; it has x, loss, size, residual"):
        result.y  # noqa: B018


def test_a_field_wins_over_a_state_of_its_name():
    result = Result("m", {"steps": np.array(7)}, "converged", "", 3, 0.1)
    assert result.steps == 3 and result.states["steps"] == 7


def test_the_printed_result_says_how_it_ended_and_what_it_has():
    shown = repr(descent()(**quadratic(), lr=0.5))
    assert shown.splitlines()[0].startswith("descent: converged after 20 steps in ")
    assert "  stopped after 20 steps: the gradient is small" in shown
    assert "(21 entries)" in shown
    assert descent()(**quadratic(), lr=0.5)._repr_html_().startswith("<pre>descent")


def test_saved_results_are_read_back_by_numpy_without_pickle(tmp_path):
    weights = {"layer": {"W": np.ones((2, 3)), "b": np.zeros(2)}}
    result = everything()(w=weights, classes=[0], steps=2)
    result.save(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["state.w.layer.W"], weights["layer"]["W"])
        meta = json.loads(str(file["meta"]))
    assert meta["status"] == "max_steps" and meta["steps"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]
