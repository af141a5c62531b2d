"""Elementwise functions: what they mean, programs that compute them, what is proved of the programs' error.

In: an expression of the IR, a domain, an accuracy.  Out: a numpy.ufunc with its kernels, its error, its certificate.
Must not know: the language, specs, the runtime, who else calls the kernels.

    definition   a function with its kernels, and their machine code under the conventions of NumPy and XLA
    ufunc        a numpy.ufunc made from machine code, without a C compiler
"""
