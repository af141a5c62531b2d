"""The data sets that ship: what is in them, their options, and what is said of a wrong name."""

from __future__ import annotations

import numpy as np
import pytest

from optgen import SpecError
from optgen.datasets import load, names

SHAPES = {"breast_cancer": (569, 30), "diabetes": (442, 10), "digits": (1797, 64), "iris": (150, 4), "wine": (178, 13)}


def message(*arguments) -> str:
    with pytest.raises(SpecError) as caught:
        load(*arguments)
    return str(caught.value)


def test_all_sets_are_listed():
    assert names() == sorted(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_a_set_is_what_scikit_learn_has(name):
    sets = pytest.importorskip("sklearn.datasets")
    features, labels = load(name)
    expected = getattr(sets, f"load_{name}")(return_X_y=True)
    assert features.shape == SHAPES[name] and features.dtype == np.float64
    np.testing.assert_array_equal(features, expected[0])
    np.testing.assert_array_equal(labels, expected[1])


def test_classes_are_whole_numbers_from_zero():
    _, labels = load("digits")
    assert labels.dtype == np.int64 and set(labels) == set(range(10))


def test_standardized_features_have_mean_0_and_deviation_1_and_constant_ones_are_0():
    features, _ = load("digits", {"standardized": ()})
    constant = np.ptp(load("digits")[0], axis=0) == 0
    assert constant.any() and np.all(features[:, constant] == 0)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(features[:, ~constant].std(axis=0), 1)


def test_scaled_features_reach_1_and_an_intercept_is_a_last_feature():
    features, _ = load("digits", {"scaled": (), "intercept": ()})
    assert features.shape == (1797, 65) and np.abs(features[:, :64]).max() == 1
    np.testing.assert_array_equal(features[:, 64], 1)


def test_labels_of_two_classes_become_the_given_numbers():
    _, plain = load("breast_cancer")
    _, labels = load("breast_cancer", {"labels": ("-1", "1")})
    np.testing.assert_array_equal(labels, 2 * plain - 1)


def test_labels_of_ten_classes_cannot_be_two_numbers():
    assert "digits has 10 classes, labels is for two" in message("digits", {"labels": ("-1", "1")})


def test_a_misspelt_set_and_a_misspelt_option_are_both_reported_with_what_was_meant():
    text = message("breast_cancr", {"standardised": ()})
    assert "there is no data set breast_cancr" in text and "did you mean breast_cancer?" in text
    assert "a data set has no option standardised" in text and "did you mean standardized?" in text


def test_files_are_plain_arrays():
    from pathlib import Path

    import optgen.datasets

    for path in (Path(optgen.datasets.__file__).parent / "data").glob("*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            assert sorted(archive.files) == ["features", "labels"]
            assert all(archive[name].dtype != object for name in archive.files)
