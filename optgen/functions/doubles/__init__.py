"""Programs for float64: families found by analysis of the meaning, as the schemes for float32 are.

In: a target, what is asked.  Out: straight-line programs from one double to a double, whose error `bounds` certifies.
Must not know: proofs, kernels, who asks.

    offers       the families in the order in which they are asked
    pairs        sums and products with their errors: what the last bit rests on
    exponential  f(x + s) = 2 f(x): one polynomial, scaled
    logarithm    f(2 x) = f(x) + s: the exponent, and an artanh
    logistic     1/(1 + an exponential): one division and its residual
    circular     sine and cosine, up to a size: quarter turns taken off in two doubles
    saturating   odd functions with a limit: a polynomial near 0, cells beyond
"""
