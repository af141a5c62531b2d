"""Elementwise functions: what they mean, programs that compute them, what is proved of the programs' error.

In: an expression of the IR, a domain, an accuracy.  Out: a numpy.ufunc with its kernels, its error, its certificate.
Must not know: the language, specs, the runtime, who else calls the kernels.

    definition   a function with its kernels, and their machine code under the conventions of NumPy and XLA
    ufunc        a numpy.ufunc made from machine code, without a C compiler
    floats       float32 as bits, and what an ulp is
    reference    what a function is at every float32, with a bound: Taylor pieces in double, Arb where they end
    limits       what a function should give at zeros, poles, infinities and the ends of its domain
    compare      the machine code that compares a kernel with the reference
    sweep        every input, or strata of them, against the reference
    certificate  what a sweep found, as data that a command makes again
"""
