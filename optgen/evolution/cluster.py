"""Islands on a Dask cluster: an epoch of an island is a pure function of it, so a lost worker costs a repetition."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from optgen.evolution.target import wrong


class _Cluster(Executor):
    """The part of an executor that epochs use."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def submit(self, task: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        return self.client.submit(task, *arguments, **named, pure=False, retries=10)  # type: ignore[no-any-return]


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor over the workers of the scheduler at an address.  Raises SpecError if there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise wrong("a Dask cluster needs Dask", 'pip install "optgen[dask]"') from None
    try:
        client: Any = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise wrong(f"there is no Dask scheduler at {address}: {error}", "for example tcp://127.0.0.1:8786") from None
    with client:
        yield _Cluster(client)
