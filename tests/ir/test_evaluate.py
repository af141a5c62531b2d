"""The reference evaluator against NumPy and whole numbers by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import IRError
from optgen.ir.random import place_hash
from optgen.ir.reader import read_function
from tests.programs import PROGRAMS, TEXTS
from tests.references.threefry import threefry_word


def results(name: str, real: str = "float64") -> dict[str, Any]:
    made, dims, arrays = PROGRAMS[name]()
    return dict(zip([n for n, _ in made.results], evaluate(made, dims, arrays, real), strict=True))


def test_the_gradient_of_a_logistic_loss() -> None:
    _, _, (a, y, x) = TEXTS["gradient"]()
    margins = y * (a @ x)
    found = results("gradient")
    np.testing.assert_allclose(found["loss"], np.log1p(np.exp(-margins)).sum(), rtol=1e-14)
    np.testing.assert_allclose(found["slope"], a.T @ (-y / (1 + np.exp(margins))), rtol=1e-14)


def test_adaptive_steps_reject_what_is_not_accurate() -> None:
    found = results("runge_kutta")
    steps, errors = int(found["steps"]), found["errors"]
    assert abs(found["x"] - np.exp(-1)) < 1e-3
    assert found["rejected"] == np.sum(errors[:steps] > 1e-3) > 0
    assert not errors[steps:].any() and errors[:steps].all()


def test_rows_of_a_minibatch_and_the_entry_of_a_label() -> None:
    _, _, (features, labels, batch, weights) = TEXTS["minibatch"]()
    logits = features[batch] @ weights.T
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = results("minibatch")
    np.testing.assert_allclose(found["loss"], -np.log(chance[np.arange(5), labels[batch]]).mean(), rtol=1e-14)
    assert found["hits"] == np.sum(logits.argmax(axis=1) == labels[batch])


def test_a_call_under_an_index_is_made_for_each_of_its_values() -> None:
    _, _, (g, k) = TEXTS["top_k"]()
    kept = results("top_k")["kept"]
    assert np.all((kept == g) | (kept == 0)) and np.all((kept != 0).sum(axis=1) == k)
    assert np.all(np.abs(kept).max(axis=1) == np.abs(g).max(axis=1))


def test_the_two_loop_recursion_is_the_product_with_the_matrix_it_stands_for() -> None:
    _, _, (g, s, y, count) = TEXTS["two_loop"]()
    h = np.eye(4)
    for position in range(count - 3, count):  # a ring of three rows, the oldest first
        si, yi = s[position % 3], y[position % 3]
        left = np.eye(4) - np.outer(si, yi) / (si @ yi)
        h = left @ h @ left.T + np.outer(si, si) / (si @ yi)
    np.testing.assert_allclose(results("two_loop")["product"], h @ g, rtol=1e-10)


def test_draws_are_the_bits_of_seed_place_counters_and_position() -> None:
    found = results("draws")
    picked = 0
    for k in range(3):
        word = threefry_word(threefry_word(threefry_word(7, place_hash("walk/u")), k), 0)
        assert found["uniforms"][k] == -1 + 2 * ((word >> 11) * 2.0**-53)
        word = threefry_word(threefry_word(threefry_word(7, place_hash("walk/pick")), k), 0)
        picked += ((word >> 32) * 3) >> 32
    assert found["picked"] == picked


def test_a_loop_under_an_index_runs_as_long_as_each_member_needs() -> None:
    _, _, (a, goal) = TEXTS["members"]()
    expected = []
    for row, least in zip(a, goal, strict=True):
        size, steps = np.sum(row * row), 0
        while size > least:
            size, steps = size / 2, steps + 1
        expected.append(size + steps)
    np.testing.assert_allclose(results("members")["reached"], expected, rtol=1e-14)


def test_branches_not_chosen_and_empty_reductions() -> None:
    found = results("guarded")
    assert found["root"].tolist() == [2.0, 0.0, 0.5, 0.0]
    assert found["read"].tolist() == [0.25, np.inf, np.inf, 4.0]
    assert found["least"] == 0.25 and found["none"] == -np.inf


def test_reads_past_the_ends_of_an_axis_are_those_of_the_ends() -> None:
    assert results("halves")["joined"][-3:].tolist() == [7 - 6, 8 - 6, 8 - 7]


@pytest.mark.parametrize("name", ["exchange", "scattered", "matrices", "joined", "halves", "conjugate_gradients"])
def test_exact_values_are_what_floats_approximate(name: str) -> None:
    made, dims, arrays = PROGRAMS[name]()
    exact = evaluate(made, dims, arrays, "exact")
    for ours, rounded in zip(exact, evaluate(made, dims, arrays), strict=True):
        np.testing.assert_allclose(np.asarray(ours, float), rounded, rtol=1e-9)


def test_conjugate_gradients_end_exactly_after_n_steps_on_fractions() -> None:
    made, _, _ = PROGRAMS["conjugate_gradients"]()
    x, steps = evaluate(made, {"n": 3}, [[[4, 1, 0], [1, 3, 1], [0, 1, 2]], [1, 2, 3]], "exact")
    assert x.tolist() == [Fraction(2, 9), Fraction(1, 9), Fraction(13, 9)] and steps == 3


def test_what_has_no_exact_value_is_refused() -> None:
    made = read_function("function f()\n  input x : real\n  result y = scalar(sqrt(x))\n")
    with pytest.raises(IRError, match="sqrt has no exact value"):
        evaluate(made, {}, [2], "exact")
    assert evaluate(made, {}, [Fraction(9, 4)], "exact")[0] == Fraction(3, 2)


def test_single_precision_stays_single() -> None:
    assert {value.dtype for value in results("gradient", "float32").values()} == {np.dtype("float32")}


def test_derivatives_are_refused() -> None:
    made, dims, arrays = PROGRAMS["logistic"]()
    with pytest.raises(IRError, match="derivative"):
        evaluate(made, dims, arrays)
