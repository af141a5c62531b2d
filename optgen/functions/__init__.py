"""Elementwise functions: what they mean, programs that compute them, what is proved of the programs' error.

In: an expression of the IR, a domain, an accuracy.  Out: a numpy.ufunc with its kernels, its error, its certificate.
Must not know: the language, specs, the runtime, who else calls the kernels.

    request      what a user asks of a function, and the name under which it is found again
    definition   a function with its kernels, and their machine code under the conventions of NumPy and XLA
    ufunc        a numpy.ufunc made from machine code, without a C compiler
    floats       float32 as bits, and what an ulp is
    reference    what a function is at every float32, with a bound: Taylor pieces in double, Arb where they end
    limits       what a function should give at zeros, poles, infinities and the ends of its domain
    compare      the machine code that compares a kernel with the reference
    sweep        every input, or strata of them, against the reference
    certificate  what a sweep found, as data that a command makes again
    generate     from a meaning and an accuracy to a program: asks the schemes, takes the cheapest that holds
    schemes      families of programs, each found by analysis of the meaning
    doubles      the same for float64
    bounds       certified bounds of the error, for formats with too many numbers to run them all
    target       what a scheme wants to know of a function
    fit          minimax coefficients in high precision, rounded jointly
    anchors      zeros, poles, kinks and ends of a function, enclosed
    tables       a program for any function: polynomials found by the bits of the distance from an anchor
    composed     an expression evaluated as it is written, in doubles: a candidate, and the loop for float64
    formulas     the double formulas of the llvm backend, as instructions of a program
    repair       the few wrong results of a program in doubles, looked up
    speed        the time of loops, beside a baseline
    files        a function as files: C, header, library, certificate, plot
    make         from what is asked of a function to its ufunc

To users this package is where the shipped functions are: `optgen.functions.gelu`, made when first asked for.  A ufunc
pickles as its name here, and the name of one that does not ship says what it is: `exp(x); 4 ulp; domain -20 0`.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from optgen.shipped import function

    if name.startswith("__"):
        raise AttributeError(name)
    made = globals()[name] = function(name)
    return made


def __dir__() -> list[str]:
    from optgen.shipped import function_paths

    return sorted(function_paths())
