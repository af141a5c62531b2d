"""The one door to Arb and to SymPy: what an expression of the IR means over the reals.

In: scalar expressions of the IR over one or two real inputs.  Out: enclosures (numbers that certainly hold the value),
Taylor coefficients at balls, ranges by their ends, and whether a function has a value at all.
Must not know: float programs, backends, kernels.

    arb        an expression compiled for Arb: values and Taylor series, finite or refused
    jets       one rule an operation: how it acts on power series whose coefficients are balls
    special    the rules of functions that Arb has no series for
    limits     what values tend to
    pieces     the line cut where a function rises, falls or has no value
    parity     odd and even, by rules or by values
    names      numbers as a reader writes them
    facts      all of these of one function
    ranges     enclosures by their ends: saturated values, signs, infinities
"""
