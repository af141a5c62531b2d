"""Certified bounds of the error of straight-line programs, for formats with too many numbers to run them all.

In: a program, its meaning, a domain.  Out: the largest error in ulps that it can have, as a certificate made again by a
command.  Must not know: schemes, kernels, who asks.

    formats     what a float format is: its rounding, its half ulps, its numbers in order
    enclosures  a value of a program on a piece of the arguments: polynomials in the argument and in earlier roundings
    rules       what each operation of a program does to enclosures
    paths       a program run on a piece, on which all that it decides is decided the same way
    pieces      a domain cut into such pieces, until the bound is good enough on each
    interval    the claim, the certificate
    stages      the steps of programs of two arguments, each as a function of one number
"""
