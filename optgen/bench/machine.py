"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor


def description() -> str:
    """The processor, its number of cores, and how fast it moves memory (a copy of 128 MB, read and written)."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        name = models[0] if models else name
    cores = os.cpu_count() or 1
    speeds = ", ".join(f"{bandwidth(threads) / 1e9:.1f} GB/s by {threads}" for threads in sorted({1, cores}))
    return f"{name}, {cores} cores, Python {platform.python_version()}; memory {speeds} of them"


def bandwidth(threads: int) -> float:
    """Bytes a second that so many threads read and write, the best of a few copies of arrays that fit into no cache."""
    import numpy as np

    sources = np.ones((threads, 16_000_000 // threads))
    targets = np.empty_like(sources)
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(7):
            begun = time.perf_counter()
            list(pool.map(np.copyto, targets, sources))
            best = min(best, time.perf_counter() - begun)
    return 2 * sources.nbytes / best
