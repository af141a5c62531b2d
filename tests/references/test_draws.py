"""Draws have the laws that they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references.draws import indices, normals, uniforms

stats = pytest.importorskip("scipy.stats")
COUNT = 4000


def test_uniforms_are_uniform():
    assert stats.kstest(uniforms(1, "here", (0,), COUNT), "uniform").pvalue > 0.01


def test_normals_are_normal():
    assert stats.kstest(normals(1, "here", (0,), COUNT), "norm").pvalue > 0.01


def test_every_index_is_as_likely_as_any_other():
    assert stats.chisquare(np.bincount(indices(1, "here", (0,), COUNT, 7), minlength=7)).pvalue > 0.01


@pytest.mark.parametrize("other", [(2, "here", (0,)), (1, "there", (0,)), (1, "here", (1,)), (1, "here", (0, 0))])
def test_seed_place_and_each_counter_make_other_numbers(other):
    first, second = uniforms(1, "here", (0,), 500), uniforms(*other, 500)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15 and not np.any(first == second)
