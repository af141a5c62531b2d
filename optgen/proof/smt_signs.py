"""Signs of quotients on a domain, decided by two solvers of real arithmetic where coefficients do not tell.

The question is SMT-LIB text (quantifier-free, nonlinear reals), so that it can be kept and asked again.  z3 and cvc5
both have to answer `unsat`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from optgen.proof.polynomial import Number, Polynomial, ratio
from optgen.proof.problem import Interval, Problem


def nonnegative(number: Number, problem: Problem, seconds: float = 5.0) -> bool:
    """Whether z3 and cvc5 agree that a number is finite and >= 0 on the domain of a problem."""
    text = question(number, problem.domain)
    return z3_unsat(text, seconds) and cvc5_unsat(text, seconds)


def question(number: Number, domain: Sequence[Interval]) -> str:
    """Is there a point of the domain where the number is negative or has a pole?  (`unsat`: no.)"""
    fraction = ratio(number)
    names = [interval.name for interval in domain]
    lines = ["(set-logic QF_NRA)", *(f"(declare-const |{name}| Real)" for name in names)]
    for interval in domain:
        for bound, closed, order in (
            (interval.low, interval.low_closed, ("<", "<=")),
            (interval.high, interval.high_closed, (">", ">=")),
        ):
            if bound is not None:
                lines.append(f"(assert ({order[closed]} {quotient_text(bound)} |{interval.name}|))")
    top, bottom = polynomial_text(fraction.numerator), polynomial_text(fraction.denominator)
    lines.append(f"(assert (or (< (* {top} {bottom}) 0) (= {bottom} 0)))")
    return "\n".join((*lines, "(check-sat)"))


def quotient_text(number: Number) -> str:
    fraction = ratio(number)
    return f"(/ {polynomial_text(fraction.numerator)} {polynomial_text(fraction.denominator)})"


def polynomial_text(polynomial: Polynomial) -> str:
    terms = []
    for monomial, c in sorted(polynomial.terms.items()):
        factors = [f"|{name}|" for name, power in monomial for _ in range(power)]
        terms.append(f"(* {' '.join((number_text(c), *factors))})" if factors else number_text(c))
    return "0.0" if not terms else terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"


def number_text(number: Fraction) -> str:
    size = f"(/ {abs(number.numerator)}.0 {number.denominator}.0)"
    return f"(- {size})" if number < 0 else size


def z3_unsat(text: str, seconds: float) -> bool:
    import z3

    solver = z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    solver.from_string(text)
    return bool(solver.check() == z3.unsat)


def cvc5_unsat(text: str, seconds: float) -> bool:
    try:
        import cvc5
    except ImportError:
        return False
    solver = cvc5.Solver()
    solver.setOption("tlimit-per", str(int(1000 * seconds)))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols = parser.getSymbolManager()
    answer = ""
    while not (command := parser.nextCommand()).isNull():
        answer = command.invoke(solver, symbols) or answer
    return answer.strip() == "unsat"
