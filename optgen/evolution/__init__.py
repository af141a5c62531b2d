"""optgen.search: programs of few operations, evolved without knowledge of what they are to compute.

In: a target (an expression of the IR, a domain, how errors count), a budget, a seed.  Out: a front of programs, each
better than all with fewer operations, with errors proved in interval arithmetic.
Must not know: the language, specs, the runtime; and the engine (machine, fit, flow, scaling, moves, island, epochs) not
even the target, which it sees as numbers at points.

    machine      programs as arrays, evaluated and differentiated for many at a time
    fit          least squares for their constants
    flow         constants along narrow valleys, where least squares by steps stands still
    scaling      constants for a stretched variable
    moves        random changes, and the normal form by which no structure is fitted twice
    island       a population that evolves by itself for an epoch
    epochs       islands side by side, in an order that the seed fixes
    target       the function to approximate: is it well-posed, and its exact values
    found        a program as people see it: equations, evaluation in any precision
    polish       from least squares to the least largest error, beyond double precision
    bound        the proof of that error
    baseline     what approximation theory offers with as many operations
    files        finds as function specs and certificates that say how they were found
    rates        how fast the machine is
    course       epochs until the budget is spent
    checkpoint   a search on disk
    cluster      islands on the workers of a Dask cluster
    search       all of it together
    hardware     the second regime: float32 programs, ulps against time
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optgen.evolution.course import Progress
    from optgen.evolution.hardware.search import FloatFront
    from optgen.evolution.search import Front, Options

__all__ = ["FloatFront", "Front", "Options", "Progress"]
