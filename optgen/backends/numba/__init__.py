"""Procedures as standalone Python source that numba compiles.

In: functions (or procedures in loop form).  Out: text that imports numpy, math and numba, and callables made from it.
Must not know: how a spec was written, another backend, the runtime.
"""

from optgen.backends.numba.compile import compile_function, source

__all__ = ["compile_function", "source"]
