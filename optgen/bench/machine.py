"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import time


def description() -> str:
    """The processor, its number of cores, and how fast it moves memory (a copy of 64 MB, read and written)."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}; memory {bandwidth() / 1e9:.1f} GB/s"


def bandwidth() -> float:
    """Bytes a second that one thread reads and writes, the best of a few copies."""
    import numpy as np

    source = np.ones(8_000_000)
    target = np.empty_like(source)
    best = float("inf")
    for _ in range(7):
        begun = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - begun)
    return 2 * source.nbytes / best
