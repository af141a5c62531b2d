"""The experiments of the shipped specs run on their data and show what their specs expect."""

from __future__ import annotations

import warnings
from functools import cache

import pytest

import optgen
from optgen.experiments import experiments, read
from optgen.runtime.claims import ClaimWarning
from optgen.shipped import paths

EXPERIMENTS = {name: path.stem for path in paths().values() for name in experiments(optgen.load(path).file)}


@cache
def results(experiment: str) -> dict[str, optgen.Result]:
    spec = optgen.load(paths()[EXPERIMENTS[experiment]])
    plan = read(experiments(spec.file)[experiment])
    found = {}
    for run in plan.runs:
        solver = optgen.compile(spec, algorithm=run.algorithm, problem=plan.problem)
        names = [slot.name for slot in solver.program.slots if slot.kind != "start"]
        found[run.name] = solver(**{**plan.inputs(names), **run.inputs})
    return found


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_run_ends_without_failure_and_lowers_the_objective(experiment):
    for result in results(experiment).values():
        assert result.status in ("converged", "max_steps", "completed")
        assert result.loss[-1] < result.loss[0]


def test_adabelief_is_ahead_of_adam_on_breast_cancer():
    found = results("adabelief_on_breast_cancer")
    assert found["adabelief"].loss[-1] <= min(1.05 * found["adam"].loss[-1], 0.07)


def test_newton_needs_at_most_15_steps_and_agrees_with_lbfgs():
    found = results("newton_cg_on_breast_cancer")
    assert found["newton_cg"].steps <= 15 and found["newton_cg"].gnorm[-1] <= 1e-9
    assert abs(found["newton_cg"].objective - found["lbfgs"].objective) <= 1e-12


def test_lbfgs_reaches_the_minimum_of_rosenbrock():
    assert results("lbfgs_on_rosenbrock")["lbfgs"].objective <= 1e-10


def test_momentum_and_nesterov_are_ahead_of_gradient_descent():
    ahead, behind = results("momentum_on_breast_cancer"), results("gradient_descent_on_breast_cancer")
    assert max(ahead["momentum"].objective, ahead["nesterov"].objective) < behind["short"].objective <= 0.1
    assert behind["long"].objective <= behind["short"].objective


def test_no_run_of_momentum_lies_outside_what_its_claims_prove():
    results.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ClaimWarning)
        assert results("momentum_on_breast_cancer")["momentum"].status == "max_steps"


def test_the_perceptron_fits_the_digits():
    assert results("mlp_on_digits")["adam"].loss[-1] <= 0.1
