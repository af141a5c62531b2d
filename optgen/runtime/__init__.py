"""Compiled functions to results: checking inputs, running in chunks, traces, checkpoints, batches, the code cache.

In: a `Program` (what the inputs are and mean) and the compiled functions made from it.  Out: a `Solver`, called to give
`Result`s.  Must not know: the text of a spec, a pass, how a backend compiles.

`inputs` checks what the caller gives and binds it, `structure` maps nested arrays to flat vectors, `scalars` evaluates
small scalar expressions, `code` is what a backend hands over, `drive` is the loop over chunks, `result` what comes
back, `checkpoint`, `progress` and `cache` are what their names say, `solver` puts them together.
"""

from optgen.runtime.code import Code, Kernel
from optgen.runtime.result import Batch, Result
from optgen.runtime.solver import Bound, Solver

__all__ = ["Batch", "Bound", "Code", "Kernel", "Result", "Solver"]
