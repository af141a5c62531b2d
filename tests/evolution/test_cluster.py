"""A search on the workers of a Dask cluster."""

from __future__ import annotations

import pytest

import optgen


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_finds_the_same():
    distributed = pytest.importorskip("distributed")
    alone = optgen.search("2^x", (0, 1), seed=1, evaluations=300_000, largest=5)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def lose_one(progress):
            if progress.epoch == 1:
                next(iter(cluster.workers.values())).process.process.kill()

        there = optgen.search("2^x", (0, 1), seed=1, evaluations=300_000, largest=5, watch=lose_one,
                              scheduler=cluster.scheduler_address)  # fmt: skip
    assert [p.steps for p in there] == [p.steps for p in alone]
