"""Lowering: the tree of a spec to a Program of the IR.

In: a parsed file, the names of an algorithm and a problem.  Out: a Program, or all that is wrong with the file.
Must not know: a method, a data set, a backend.

values        what expressions mean while lowering (grids, functions, laws, ...)
context       scopes, definitions lowered when needed, run-time failures
arithmetic    typing rules of elementwise arithmetic and products
expressions   one rule a kind of expression; binders, intrinsics, matrices, calculus, laws, families beside it
checks        all that is wrong with a file
claims        what a claim says, as `ir.claims`; claim_names, classes, claim_files beside it
elementwise   an expression of numbers alone, for `optgen.function`
definitions   names on the left, values when they are needed; subscripts: what stands in brackets
algorithms    blocks as values; oracles: their function arguments; states: their first values
machine       an algorithm's step; indexed equations; nested calls (loops)
programs      the top: what a Program takes; results: what it gives
"""

from optgen.passes.lower.checks import check
from optgen.passes.lower.claim_files import claim_in, claims
from optgen.passes.lower.programs import Options, lower

__all__ = ["Options", "check", "claim_in", "claims", "lower"]
