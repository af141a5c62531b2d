"""What `optgen bench` times is listed beside the shipped specs, and exists."""

from __future__ import annotations

import numpy as np
import pytest

import optgen
from optgen.bench import cases, peers
from optgen.shipped import directory, paths

LISTED = cases._listed()
SOLVES = [LISTED["first"], *LISTED["solves"]]


def test_the_specs_that_are_timed_ship():
    named = [LISTED["start"]["check"], LISTED["system"]["spec"], *(case["spec"] for case in SOLVES)]
    assert set(named) <= set(paths())
    assert (directory() / "bench" / f"{LISTED['step']['spec']}.opt").is_file()


def test_what_is_timed_alone_is_no_shipped_method():
    assert LISTED["step"]["spec"] not in paths()


@pytest.mark.parametrize("case", SOLVES, ids=lambda case: case["title"])
def test_a_solve_that_is_timed_can_be_compiled_and_its_inputs_are_taken(case):
    assert case.get("library", "minimize") in peers.LIBRARIES
    solver = optgen.compile(getattr(optgen.specs, case["spec"]), problem=case.get("problem"), backend="numpy")
    assert set(cases._inputs(case)) <= {slot.name for slot in solver.program.slots} | set(solver.program.dims)


@pytest.mark.parametrize("case", LISTED["gain"], ids=lambda case: case["title"])
def test_real_data_of_an_experiment_fit_the_solver_whose_gain_is_shown(case):
    data = cases._of_experiment(getattr(optgen.specs, case["data"]), case["experiment"])
    assert data["A"].shape == (569, 30)
    solver = optgen.compile(getattr(optgen.specs, case["spec"]), problem=case["problem"], backend="numpy")
    assert {*data, *case["inputs"]} <= {slot.name for slot in solver.program.slots}


def test_the_step_by_hand_is_the_step_of_the_spec():
    c = np.linspace(0, 1, 5)
    result = cases._step_solver()(c=c, steps=1)
    x = 1e-3 * c / (np.abs(c) + 1e-8)
    np.testing.assert_allclose(result.x, x, rtol=1e-12)
