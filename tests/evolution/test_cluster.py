"""A search on the workers of a Dask cluster."""

from __future__ import annotations

import pytest

import optgen


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_finds_the_same():
    options = {"seed": 1, "evaluations": 300_000, "largest": 5}
    alone = optgen.search("2^x", (0, 1), **options)
    there = on_a_cluster_that_loses_a_worker("2^x", (0, 1), **options)
    assert [p.steps for p in there] == [p.steps for p in alone]


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_finds_the_same_in_float32():
    options = {"seed": 1, "evaluations": 300_000, "on": "float32"}
    alone, there = [], []
    optgen.search("exp2", (0, 1), **options, watch=lambda progress: alone.append(progress.errors))
    on_a_cluster_that_loses_a_worker("exp2", (0, 1), **options, seen=there)
    assert len(alone) > 2 and there == alone


def on_a_cluster_that_loses_a_worker(*aim, seen=None, **options):
    """The front of a search on two workers, one of which is killed after the first epoch."""
    distributed = pytest.importorskip("distributed")
    errors = [] if seen is None else seen
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def lose_one(progress):
            errors.append(progress.errors)
            if progress.epoch == 1:
                next(iter(cluster.workers.values())).process.process.kill()

        return optgen.search(*aim, watch=lose_one, scheduler=cluster.scheduler_address, **options)
