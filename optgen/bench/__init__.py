"""Comparisons with what a user would pick instead: interleaved in one run, medians, ratios.

In: names of comparisons.  Out: rows to print.  Must not know: anything but the public API, the installed peers,
and the rates that `evolution` measures of itself.

`timing` measures, `machine` says where, `cases` has one function a comparison, `functions` those of elementwise
functions (`function_peers` how others say them), `proofs` those of best rates, `peers` what others do; `restricted`
runs them in a process without vectors of 512 bits.
"""

from optgen.bench.cases import CASES, run
from optgen.bench.functions import against
from optgen.bench.restricted import run_restricted
from optgen.bench.timing import Row

__all__ = ["CASES", "Row", "against", "run", "run_restricted"]
