"""Schemes: families of programs for functions with something in common, found by analysis and not by their names.

In: a target, the relative error that a polynomial may have. Out: straight-line programs, the cheaper first; none for a
function of another family. Must not know: who asks, how programs are judged.

    exponential   f(x + s) = 2 f(x): one polynomial, scaled by powers of 2
    logarithm     f(2 x) = f(x) + s: one polynomial, plus multiples of s
    circular      f'' = -f: quarter turns taken off, in integers where the argument is large
    turning       f(x + pi/2) = -1/f(x): quarter turns taken off, one quotient
    angle         the addition theorem of the arc tangent: one quotient, 16 centres
    arc           half angles of arc sine and cosine: one root
    hyperbolic    the addition theorem at multiples of log 2
    ratio         the addition theorem of the area tangent: one quotient, multiples of log(2)/2
    area          area sine and cosine: a polynomial near 0, the logarithm of a sum in two parts
    saturating    odd functions that rise to a limit: cells read off the bits of the argument
    logistic      1/f - 1 is an exponential: one division, corrected by its residual
    decaying      an exponential tail and a mirror: cells picked by the power of 2
    cells         polynomials of many cells, whose coefficients are picked from registers

The plain case alone, beside which a program in doubles stands for the rest (`joined`):

    shifted_exponential   f(x) + 1 is an exponential: the power of 2 less 1 is a float, and is added last
    shifted_logarithm     f(x - 1) is a logarithm: what 1 + x loses is put back
    roots                 f(2^p x) = 2^q f(x): close to one of 32 numbers, whose f is in registers
    gated                 x times a quotient of exponentials: one division, corrected by its residual
    gaussian              the tail of a bell and a mirror: a quadratic exponent in two parts
    bell_logarithm        the tail of a bell on one side, minus a square on the other
    reflected             f(a) + f(-a) grows like a bell's reciprocal: that power in parts, cells for the rest
    octaves               even, odd, or ended at 1: cells by the octave of the argument, or of 1 - x^2

In doubles, so that nearly all results are rounded correctly:

    wide_exponential    f(x + s) = 2 f(x), again
    wide_logarithm      f(2 x) = f(x) + s, and f(x - 1): 16 cells
    wide_hyperbolic     the addition theorem at multiples of log 2, again
    wide_angle          the addition theorem of the arc tangent, again
    mapped              smooth on half-lines but for powers and an exponential: half-lines become intervals
    power               f(2^p x) = 2^q f(x): one polynomial, and integers for the exponent
    ended               on [-e, e], with a square root or a logarithm at the ends
    tangent             f(x + pi/2) = -1/f(x): quarter turns taken off, a quotient
    binades             smooth on a stretch: cells found by bits, each with its polynomial or its zero
    series              Chebyshev's series, as long as they must be
"""
