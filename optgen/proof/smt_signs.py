"""Signs of quotients on a domain, decided by two solvers of real arithmetic where coefficients do not tell.

The question is SMT-LIB text (quantifier-free, nonlinear reals), so that it can be kept and asked again.  z3 and cvc5
both have to answer `unsat`.
"""

from __future__ import annotations

from collections.abc import Sequence

from optgen.proof.polynomial import Number, Polynomial, ratio
from optgen.proof.problem import Interval, Problem
from optgen.proof.smt import ask, rational


def nonnegative(number: Number, problem: Problem, seconds: float = 5.0) -> bool:
    """Whether z3 and cvc5 agree that a number is finite and >= 0 on the domain of a problem."""
    text = question(number, problem.domain)
    return all(ask(text, solver, seconds).status == "unsat" for solver in ("z3", "cvc5"))


def question(number: Number, domain: Sequence[Interval]) -> str:
    """Is there a point of the domain where the number is negative or has a pole?  (`unsat`: no.)"""
    fraction = ratio(number)
    names = [interval.name for interval in domain]
    lines = [f"(declare-const |{name}| Real)" for name in names]
    for interval in domain:
        for bound, closed, order in (
            (interval.low, interval.low_closed, ("<", "<=")),
            (interval.high, interval.high_closed, (">", ">=")),
        ):
            if bound is not None:
                lines.append(f"(assert ({order[closed]} {quotient_text(bound)} |{interval.name}|))")
    top, bottom = polynomial_text(fraction.numerator), polynomial_text(fraction.denominator)
    lines.append(f"(assert (or (< (* {top} {bottom}) 0) (= {bottom} 0)))")
    return "\n".join((*lines, ""))


def quotient_text(number: Number) -> str:
    fraction = ratio(number)
    return f"(/ {polynomial_text(fraction.numerator)} {polynomial_text(fraction.denominator)})"


def polynomial_text(polynomial: Polynomial) -> str:
    terms = []
    for monomial, c in sorted(polynomial.terms.items()):
        factors = [f"|{name}|" for name, power in monomial for _ in range(power)]
        terms.append(f"(* {' '.join((rational(c), *factors))})" if factors else rational(c))
    return "0" if not terms else terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
