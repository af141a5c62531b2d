"""The machine computes what a program says, its derivatives, and constants that fit."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.evolution.fit import fit, largest_error, linear_constants, settle, workspace
from optgen.evolution.flow import flow
from optgen.evolution.machine import ADD, CONSTANT, DIV, LIMIT, MUL, SUB, X, derivatives, evaluate, table
from optgen.evolution.moves import structure, tidy
from optgen.evolution.rates import random_programs, rates
from optgen.evolution.scaling import rescale
from tests.evolution.programs import plain, random_program

POINTS = np.linspace(0.3, 1.9, 17)


def programs(count: int, size: int):
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield random_program(rng, size)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_are_those_of_the_operations_one_after_the_other():
    values = table(POINTS)
    for program in programs(200, 9):
        evaluate(*program, 9, values)
        np.testing.assert_allclose(values[8], plain(*program, 9, POINTS), rtol=1e-10)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_derivatives_are_those_of_differences():
    compared = 0
    values, adjoints = table(POINTS), np.empty((2 * LIMIT, len(POINTS)))
    weights = np.linspace(1, 2, len(POINTS))
    for kind, left, right, value in programs(300, 7):
        evaluate(kind, left, right, value, 7, values)
        if not np.isfinite(values[:7]).all() or np.abs(values[:7]).max() > 1e3 or np.abs(values[:7]).min() < 1e-3:
            continue
        k = derivatives(kind, left, right, value, 7, values, weights, adjoints, 0)
        places = [i for i in range(7) if CONSTANT in (left[i], right[i])]
        assert k == len(places)
        for row, place in zip(adjoints[LIMIT : LIMIT + k].copy(), places, strict=True):
            ends = []
            for step in (1e-6, -1e-6):
                moved = value.copy()
                moved[place] += step
                ends.append(plain(kind, left, right, moved, 7, POINTS))
            numeric = weights * (ends[0] - ends[1]) / 2e-6
            if np.isfinite(numeric).all():
                compared += 1
                np.testing.assert_allclose(row, numeric, rtol=1e-4, atol=1e-4 * (1 + np.abs(numeric).max()))
    assert compared > 100


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_programs_that_are_timed_have_nothing_dead_and_no_operation_of_two_constants():
    kinds, lefts, rights, values = random_programs(200, 16, 0)
    assert set(kinds.ravel()) == {0, 1, 2, 3} and (np.minimum(lefts, rights) >= CONSTANT).all()
    assert (np.maximum(lefts, rights) == np.arange(-1, 15)).all()
    measured = rates(1)
    assert set(measured) == {"evaluate", "limit", "numpy", "fit"} and min(measured.values()) > 0
    target, one = np.exp(POINTS), np.ones(17)
    for program in zip(kinds, lefts, rights, values, strict=True):
        worst = np.abs(plain(*program, 16, POINTS) - target).max()
        if worst < 1e3:
            np.testing.assert_allclose(largest_error(*program, 16, target, one, table(POINTS)), worst, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_largest_error_is_that_of_the_points_and_infinite_where_one_is_not_finite():
    target, weights, infinite = np.exp(POINTS), np.linspace(1, 2, 17), 0
    for program in programs(200, 9):
        errors = np.abs(weights * (plain(*program, 9, POINTS) - target))
        found = largest_error(*program, 9, target, weights, table(POINTS))
        if np.isfinite(errors).all():
            np.testing.assert_allclose(found, errors.max(), rtol=1e-9)
        else:
            infinite += 1
            assert found == np.inf
    assert infinite > 3


def three_fractions():
    """a1/(u + b1 + a2/(u + b2 + a3/(u + b3))) + c with u = x^2: its arrays, and constants that are cos on [0, pi/2]."""
    kind = np.array([MUL, ADD, DIV, ADD, ADD, DIV, ADD, ADD, DIV, ADD], np.int8)
    left = np.array([X, 0, CONSTANT, 0, 3, CONSTANT, 0, 6, CONSTANT, 8], np.int8)
    right = np.array([X, CONSTANT, 1, CONSTANT, 2, 4, CONSTANT, 5, 7, CONSTANT], np.int8)
    best = np.array([0, 41.0721559, 1650.32463, -4.9137908, 0, 3832.1932, 88.5517868, 0, 20839.4842, -104.669871])
    return (kind, left, right), best, (1 - np.cos((2 * np.arange(40) + 1) / 80 * np.pi)) * np.pi / 4


def test_a_fit_follows_a_valley_that_turns():
    """Three nested fractions of cos in x^2, from constants that are wrong by a factor of up to two."""
    rng = np.random.default_rng(5)
    code, best, points = three_fractions()
    space, reached = workspace(points), []
    for _ in range(200):
        value = best * 2.0 ** rng.uniform(-1, 1, 10)
        fit(*code, value, 10, np.cos(points), np.ones(40), 200, 1e-4, space)
        reached.append(largest_error(*code, value, 10, np.cos(points), np.ones(40), space[0]))
    assert np.mean(np.array(reached) < 1e-8) > 0.3  # straight steps: 0.12


def test_the_flow_reaches_what_steps_do_not():
    """Where steps stand still between 1e-10 and 1e-8, nearly all can go: the best is 1.0e-12."""
    rng = np.random.default_rng(5)
    code, best, points = three_fractions()
    ones, space, steps, flows = np.ones(40), workspace(points), [], []
    for _ in range(200):
        value = best * 2.0 ** rng.uniform(-1, 1, 10)
        fit(*code, value, 10, np.cos(points), ones, 2000, 1e-12, space)
        steps.append(largest_error(*code, value, 10, np.cos(points), ones, space[0]))
        before = np.sum((evaluated(code, value, points) - np.cos(points)) ** 2)
        after = flow(*code, value, 10, np.cos(points), ones, 60, space)
        assert after <= before * (1 + 1e-9)
        flows.append(largest_error(*code, value, 10, np.cos(points), ones, space[0]))
    assert np.mean(np.array(steps) < 3e-12) < 0.02 < 0.2 < np.mean(np.array(flows) < 3e-12)


def test_the_flow_leaves_constants_that_reach_nothing():
    """x + c for a target that differs from it by a wave: the best c, and nothing else to gain."""
    kind, left, right = np.array([ADD], np.int8), np.array([X], np.int8), np.array([CONSTANT], np.int8)
    points = np.linspace(0, 2 * np.pi, 41)[:-1]
    value = np.array([0.5])
    flow(kind, left, right, value, 1, points + 0.5 + np.sin(points), np.ones(40), 50, workspace(points))
    assert value[0] == 0.5


def evaluated(code, value, points):
    rows = table(points)
    evaluate(*code, value, len(value), rows)
    return rows[len(value) - 1].copy()


def test_a_fit_finds_the_constants_of_a_known_function():
    kind = np.array([ADD, DIV, SUB], np.int8)
    left, right = np.array([X, CONSTANT, 1], np.int8), np.array([CONSTANT, 0, CONSTANT], np.int8)
    target = 3.0 / (POINTS + 0.7) - 0.25
    value = np.ones(3)
    total = fit(kind, left, right, value, 3, target, np.ones(17), 60, 1e-12, workspace(POINTS))
    np.testing.assert_allclose(value, [0.7, 3.0, 0.25], rtol=1e-10)
    assert total < 1e-25
    assert largest_error(kind, left, right, value, 3, target, np.ones(17), table(POINTS)) < 1e-13


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rescaled_constants_compute_the_function_of_a_stretched_variable():
    changed = 0
    for kind, left, right, value in programs(400, 6):
        before = plain(kind, left, right, value, 6, 2.0 * POINTS)
        moved = value.copy()
        if rescale(kind, left, right, moved, 6, 2.0) and np.isfinite(before).all():
            changed += not np.array_equal(moved, value)
            np.testing.assert_allclose(plain(kind, left, right, moved, 6, POINTS), before, rtol=1e-9)
    assert changed > 50


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_tidying_changes_no_value():
    kept = 0
    for kind, left, right, value in programs(400, 8):
        before = plain(kind, left, right, value, 8, POINTS)
        n = tidy(kind, left, right, value, 8)
        if n:
            kept += 1
            np.testing.assert_allclose(plain(kind, left, right, value, n, POINTS), before, rtol=1e-10)
    assert kept > 50


def test_a_structure_forgets_constants_and_the_sides_of_sums_and_products():
    for kind, left, right, value in programs(100, 6):
        n = tidy(kind, left, right, value, 6)
        if not n:
            continue
        key = structure(kind, left, right, n)
        mirrored = [(right[i], left[i]) if kind[i] in (0, 2) else (left[i], right[i]) for i in range(n)]
        swapped = (np.array([pair[side] for pair in mirrored], np.int8) for side in (0, 1))
        assert structure(kind, *swapped, n) == key


def test_structures_of_different_functions_differ():
    keys = {}
    for kind, left, right, value in programs(500, 5):
        n = tidy(kind, left, right, value, 5)
        key = structure(kind, left, right, n) if n else 0
        if key:
            ones = np.where(value != 0, 1.37, 0.0)
            with np.errstate(all="ignore"):
                seen = plain(kind, left, right, ones, n, POINTS)
            if np.isfinite(seen).all():
                other = keys.setdefault(int(key), seen)
                np.testing.assert_allclose(seen, other, rtol=1e-9)
    assert len(keys) > 50


def test_constants_that_a_program_is_affine_in_are_settled_at_once():
    """a/(x + b) + c: with b given, a and c are those of linear least squares."""
    kind = np.array([ADD, DIV, ADD], np.int8)
    left, right = np.array([X, CONSTANT, 1], np.int8), np.array([CONSTANT, 0, CONSTANT], np.int8)
    linear = np.empty(3, np.bool_)
    assert linear_constants(kind, left, right, 3, linear) == 2 and list(linear) == [False, True, True]
    target, value = np.exp(POINTS), np.array([0.4, 7.0, -3.0])
    settle(kind, left, right, value, 3, linear, target, np.ones(17), workspace(POINTS))
    best = np.linalg.lstsq(np.c_[1 / (POINTS + 0.4), np.ones(17)], target, rcond=None)[0]
    np.testing.assert_allclose(value, [0.4, *best], rtol=1e-10)


def test_random_starts_find_a_fraction_of_fractions():
    """The (2, 2) fraction of cos in x^2: without elimination of constants, random starts end in valleys far from it."""
    rng = np.random.default_rng(1)
    kind = np.array([2, ADD, DIV, ADD, ADD, DIV, ADD], np.int8)
    left = np.array([X, 0, CONSTANT, 0, 3, CONSTANT, 5], np.int8)
    right = np.array([X, CONSTANT, 1, CONSTANT, 2, 4, CONSTANT], np.int8)
    points = np.linspace(0.01, np.pi / 2, 40)
    space, errors = workspace(points), []
    for _ in range(200):
        value = 2.0 ** rng.uniform(-1, 7, 7) * rng.choice([-1, 1], 7)
        fit(kind, left, right, value, 7, np.cos(points), np.ones(40), 200, 1e-5, space)
        errors.append(largest_error(kind, left, right, value, 7, np.cos(points), np.ones(40), space[0]))
    assert min(errors) < 2e-7
