"""The one door to Arb and to SymPy: what an expression of the IR means over the reals.

In: scalar expressions of the IR over one or two real inputs.  Out: enclosures (numbers that certainly hold the value),
Taylor coefficients at balls, ranges by their ends, and whether a function has a value at all.
Must not know: float programs, backends, kernels.

    arb        an expression compiled for Arb: values and Taylor series, finite or refused
    jets       one rule an operation: how it acts on power series whose coefficients are balls
    special    the rules of functions that Arb has no series for
    ranges     enclosures by their ends: saturated values, signs, infinities
"""
