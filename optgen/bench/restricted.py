"""The same comparisons as on a machine with vectors of 256 bits: what everybody has for longer ones is left unused.

Each library reads its own wish from the environment when it starts, so this takes a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

WITHOUT = "OPTGEN_WITHOUT"  # what this package reads: names of features that stay unused begin so
LONGER = "avx512"


def environment() -> dict[str, str]:
    """The variables by which this package, NumPy, JAX and Numba do without AVX-512 on this processor."""
    import llvmlite.binding as llvm

    have = sorted(dict(llvm.get_host_cpu_features()).items())
    features = ",".join(f"{'+' if has and not name.startswith(LONGER) else '-'}{name}" for name, has in have)
    return {
        WITHOUT: LONGER,
        "NPY_DISABLE_CPU_FEATURES": " ".join(_dispatched_by_numpy()),
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_max_isa=AVX2".strip(),
        "NUMBA_CPU_NAME": llvm.get_host_cpu_name(),
        "NUMBA_CPU_FEATURES": features,
    }


def _dispatched_by_numpy() -> list[str]:
    """NumPy's names for sets of instructions with AVX-512 that it has code for and this processor can run."""
    from numpy.lib import introspect

    found = {
        name
        for table in introspect.opt_func_info().values()
        for one in table.values()
        for name in str(one["available"]).split()
    }
    return sorted(name for name in found if name.startswith("AVX512") or name == "X86_V4")


def run_restricted(names: Sequence[str]) -> int:
    """`optgen bench NAMES` in a process that uses vectors of at most 256 bits; its exit code."""
    command = [sys.executable, "-m", "optgen", "bench", *names]
    return subprocess.run(command, check=False, env={**os.environ, **environment()}).returncode
