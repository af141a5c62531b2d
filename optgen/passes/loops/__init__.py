"""Pass 7: a scheduled function to a procedure of loop nests.

In: blocks of closed, materialised tensors (ir/blocks).  Out: the loop form (ir/imperative).  Must not know: a backend.

    procedure  a function: its parameters, results and memory around its blocks
    blocks     blocks to pieces: a nest or a few for each definition, each put where it can share a loop
    context    what these two know
    carried    loops with memory: next values in place where that is safe, else in a second buffer
    nests      one definition to loop nests: the order of loops, accumulators, scattered sums
    pieces     statements with what they touch; when two loops may become one
    settle     what fusion decided, put in place; buffers contracted to what one iteration needs
    statements pieces to statements
    scalars    names for what should be computed once
    writing    the blocks that are open meanwhile, and what locals hold
    bounds     which accesses lie inside their axes
    space      where values are kept

Preserves floats exactly but for the order of reductions.  Nothing is allocated inside a loop: all memory is listed in
the procedure.
"""

from optgen.passes.loops.procedure import loops

__all__ = ["loops"]
