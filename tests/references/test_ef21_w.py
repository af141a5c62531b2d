"""EF21-W: the measured numbers of steps, the theorem's bound, and where the two algorithms are one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import ef21_w as ef

COUNTS = {0: (390, 385, 385), 1: (1024, 528, 528), 1.5: (1983, 759, 759)}


def three_runs(spread: float) -> tuple[ef.Run, ef.Run, ef.Run]:
    """EF21 with the old step, EF21-W, EF21 with the new step."""
    clients = ef.synthetic(spread)
    L, each = clients.smoothness()
    old, new = ef.step_sizes(L, each, 0.1)
    equal, weighted = np.full(40, 1 / 40), each / each.sum()
    plans = ((equal, old), (weighted, new), (equal, new))
    return tuple(ef.run(clients, w, ef.top_k(1), gam, np.zeros(10)) for w, gam in plans)


@pytest.mark.parametrize("spread", COUNTS)
def test_runs_end_after_the_measured_number_of_steps(spread):
    assert tuple(found.steps for found in three_runs(spread)) == COUNTS[spread]


def test_the_constants_are_the_measured_ones():
    L, each = ef.synthetic(1).smoothness()
    means = L, np.mean(each), np.sqrt(np.mean(each**2))
    np.testing.assert_allclose(means, (8.84, 17.10, 33.20), atol=0.005)
    old, new = ef.step_sizes(L, each, 0.1)
    assert new / old == pytest.approx(1.915, abs=0.0005)


def test_weighting_changes_nothing_for_a_homogeneous_compressor_and_equal_steps():
    _, weighted, equal = three_runs(1)
    np.testing.assert_allclose(weighted.x, equal.x, rtol=1e-10, atol=1e-12)


def test_weighting_matters_for_a_compressor_that_is_not_homogeneous():
    clients = ef.synthetic(1)
    L, each = clients.smoothness()
    gam = ef.step_sizes(L, each, 8 / 9)[1]
    runs = [
        ef.run(clients, w, ef.nearest_power_of_two, gam, np.zeros(10), tol=0, steps=60)
        for w in (np.full(40, 1 / 40), each / each.sum())
    ]
    assert np.max(np.abs(runs[0].gradient - runs[1].gradient)) > 1


def test_the_mean_squared_gradient_is_below_the_bound_of_the_theorem():
    clients = ef.synthetic(1)
    L, each = clients.smoothness()
    gam = ef.step_sizes(L, each, 0.1)[1]
    found = ef.run(clients, each / each.sum(), ef.top_k(1), gam, np.zeros(10))
    start, theta = clients.values(np.zeros(10)).mean(), 1 - np.sqrt(0.9)
    bound = 2 * start / (gam * found.steps) + found.start_error / (theta * found.steps)  # the infimum is at least 0
    assert 0 < np.mean(found.gradient[:-1]) <= bound


def test_the_power_of_two_compressor_has_relative_error_at_most_a_third():
    v = np.random.default_rng(0).lognormal(0, 3, 1000)
    assert np.all((ef.nearest_power_of_two(v) - v) ** 2 <= v**2 / 9)


def test_gradients_are_slopes():
    clients, x, h = ef.synthetic(1), np.linspace(-1, 1, 10), 1e-6
    shifts = h * np.eye(10)
    slopes = np.stack([(clients.values(x + e) - clients.values(x - e)) / (2 * h) for e in shifts], axis=1)
    np.testing.assert_allclose(clients.gradients(x), slopes, rtol=1e-5, atol=1e-5)
