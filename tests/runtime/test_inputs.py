"""What is wrong with inputs is said before anything is computed, all at once, in the caller's terms."""

from __future__ import annotations

import numpy as np
import pytest

from optgen.diagnostics import SpecError
from tests.runtime.programs import descent, everything, quadratic, symmetric

GOOD = {"w": np.ones(8), "h": 2, "d": 3, "classes": [0, 1]}


def problems(solver, **inputs) -> list[tuple[str, str, str]]:
    with pytest.raises(SpecError) as caught:
        solver(**inputs)
    return [(d.code, d.message, d.help) for d in caught.value.diagnostics]


def only(solver, **inputs) -> tuple[str, str, str]:
    found = problems(solver, **inputs)
    assert len(found) == 1, found
    return found[0]


def test_an_unknown_name_is_answered_with_the_nearest_known_one():
    assert only(descent(), **quadratic(), step=3) == ("E0601", "descent has no input step", "did you mean steps?")
    assert "its inputs are A, b, lr" in only(descent(), **quadratic(), momentum=0.9)[2]


def test_a_missing_input_is_named_with_its_shape():
    code, message, hint = only(descent(), A=np.eye(2))
    assert (code, message) == ("E0602", "the data b is not given")
    assert hint == "call with b = an array of shape (n,)"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (["one", "two"], "b holds text; it must hold real numbers"),
        ([1j, 2], "b holds complex numbers; it must hold real numbers"),
        ([True, False], "b holds values of dtype bool; it must hold real numbers"),
        ([object(), 1], "b holds Python objects; it must hold real numbers"),
        ([[1, 2], [3]], "b is not an array: its rows differ in length or kind"),
    ],
)
def test_a_wrong_kind_of_numbers_is_refused(value, said):
    assert only(descent(), A=np.eye(2), b=value)[:2] == ("E0603", said)


def test_integers_pass_for_reals_and_whole_reals_for_integers():
    result = descent()(A=np.eye(2, dtype=int), b=np.array([1, 2], np.int32), steps=3.0)
    assert result.x.dtype == np.float64 and result.steps == 3
    assert only(descent(), **quadratic(), steps=2.5)[1] == "steps holds reals that are not whole; it must hold integers"


def test_arrays_that_are_not_contiguous_are_accepted():
    inputs = quadratic()
    expected = descent()(**inputs).x
    strided = {"A": np.asfortranarray(inputs["A"]), "b": np.repeat(inputs["b"], 2)[::2]}
    np.testing.assert_array_equal(descent()(**strided).x, expected)


def test_a_length_that_differs_names_both_arrays():
    message = only(descent(), A=np.eye(3), b=np.ones(4))[1]
    assert message == "n is 3 in A with shape (3, 3), but 4 in b with shape (4,)"
    assert only(descent(), A=np.ones((3, 2)), b=np.ones(3))[1] == "n has two lengths in A with shape (3, 2)"


def test_a_wrong_number_of_axes_is_said_with_the_shape_wanted():
    assert only(descent(), A=np.ones(3), b=np.ones(3))[1] == "A has 1 axis, shape (3,); it must be shape (n, n)"
    assert only(descent(), A=np.eye(3), b=2.0)[1] == "b is a single number; it must be shape (n,)"
    assert only(descent(), **quadratic(), steps=[9])[1] == "steps has 1 axis, shape (1,); it must be a single number"


def test_the_first_entry_that_is_not_finite_is_pointed_out():
    inputs = quadratic()
    inputs["A"][1, 2] = np.inf
    inputs["A"][3, 0] = np.nan
    code, message, _ = only(descent(), **inputs)
    assert (code, message) == ("E0605", "A has 2 entries that are NaN or infinite, the first at [1, 2]")
    assert only(descent(), **quadratic(), lr=float("nan"))[1] == "lr is nan"


def test_finite_numbers_whose_squares_overflow_are_fine():
    descent()(A=np.eye(2), b=[1e200, -1e200], steps=1)


def test_a_parameter_outside_its_domain_is_told_its_value():
    assert only(descent(), **quadratic(), lr=-1)[:2] == ("E0606", "lr is -1.0: lr must be in (0, inf)")
    assert only(descent(), **quadratic(), steps=-1)[1] == "steps is -1: steps must be >= 0"


def test_a_condition_on_entries_points_to_the_first_that_breaks_it():
    def engine(function):
        def kernel(dims, arrays):
            equal = arrays[0] == arrays[0].T
            return [equal if function.name.startswith("inside") else np.asarray(equal.all())]

        return kernel

    solver = descent(condition=symmetric(), engine=engine)
    assert solver(A=np.eye(2), b=np.ones(2), lr=1.0).status == "converged"
    assert only(solver, A=[[1, 2], [0, 1]], b=[1, 1])[1] == "A[0, 1] is 2.0: A must be symmetric"


def test_everything_wrong_is_reported_together():
    found = problems(descent(), A=np.eye(3), b=["x"], lr=-1, stepz=3, x=np.ones(2), seed=-1)
    assert [code for code, *_ in found] == ["E0601", "E0603", "E0603", "E0604", "E0606"]


def test_a_seed_is_a_64_bit_integer():
    assert only(descent(), **quadratic(), seed=2**64)[0] == "E0603"
    assert only(descent(), **quadratic(), seed=0.5)[1] == "seed is 0.5; it must be an integer from 0 to 2^64 - 1"


def test_a_structure_names_its_missing_and_unknown_parts():
    found = problems(everything(), **{**GOOD, "w": {"layer": {"W": np.ones((2, 3)), "bias": np.ones(2)}}})
    assert [message for _, message, _ in found] == ["w has no part layer.bias", "w lacks its part layer.b"]
    assert found[0][2] == "did you mean layer.b?"


def test_the_parts_of_a_structure_fix_dims_and_must_agree():
    weights = {"layer": {"W": np.ones((2, 3)), "b": np.ones(5)}}
    assert only(everything(), w=weights, classes=[0])[1] == "h is 2, but 5 in w.layer.b with shape (5,)"
    assert everything()(w=(np.ones((2, 3)), np.ones(2)), classes=[0], steps=1).w["layer"]["W"].shape == (2, 3)


def test_a_flat_structure_has_the_length_its_dims_say():
    message = only(everything(), **{**GOOD, "w": np.ones(9)})[1]
    assert message == "w has shape (9,); its axis 1, h*d + h, must be 8"


def test_a_dim_no_array_fixes_must_be_given():
    code, message, hint = only(everything(), w=np.ones(8), classes=[0], h=2)
    assert (code, message) == ("E0608", "nothing that was given fixes the dimension d")
    assert hint.startswith("give d = ..")
    assert only(everything(), **{**GOOD, "h": -2})[0] == "E0603"


def test_a_derived_dim_follows_the_others_and_can_be_given():
    everything()(**GOOD, steps=1)
    assert only(everything(), **GOOD, double=np.ones(3))[1].endswith("its axis 1, twice, must be 4")
    everything()(**GOOD, steps=1, twice=3, double=np.ones(3))


def test_a_schedule_function_must_give_a_finite_number_a_step():
    assert only(everything(), **GOOD, steps=2, rate=lambda k: "high")[0] == "E0610"
    assert only(everything(), **GOOD, steps=2, rate=lambda k: [k])[0] == "E0610"
    assert only(everything(), **GOOD, steps=2, rate=lambda k: float("inf"))[0] == "E0605"


def test_a_solver_made_for_a_fixed_parameter_refuses_a_schedule():
    assert only(descent(), **quadratic(), lr=[0.1, 0.2])[:2] == ("E0610", "this solver was compiled for a fixed lr")
    assert only(descent(), **quadratic(), batch=8)[1] == "this solver was compiled for a fixed batch"
