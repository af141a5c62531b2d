"""A certificate as mathematics: the multipliers, the inequalities they belong to, the sum of squares that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from optgen.proof.cancel import factorised
from optgen.proof.certificate import Certificate, Square, eliminated_squares
from optgen.proof.interpolation import CLASSES
from optgen.proof.polynomial import Monomial, Number, Polynomial, ratio
from optgen.proof.problem import Form, Interval, Statement
from optgen.proof.program import program

Factor = tuple[Polynomial, int]  # with its power
GREEK = {
    name: f"\\{name}"
    for name in ("alpha", "beta", "gamma", "delta", "eta", "theta", "kappa", "lambda", "mu", "rho", "sigma", "omega")
} | {"lam": "\\lambda", "lr": "\\eta", "gam": "\\gamma"}


def explained(proof: Certificate) -> list[str]:
    """The proof in lines of text."""
    lines = [domain_text(proof.problem.domain)] if proof.problem.domain else []
    if proof.unknowns:
        chosen = (f"{number_text(number)} {name}" for name, number in proof.unknowns.items() if number != 0)
        lines.append(f"Take V = {joined_terms(chosen)}.")
    for statement in proof.problem.statements:
        lines.append(f"{statement.name}: what is claimed to be >= 0 is the sum of")
        for label, weight in proof.multipliers[statement.name].items():
            lines.append(f"  {number_text(weight)}  times  {condition_text(label)}")
        for label, directions in proof.matrices[statement.name].items():
            for weight, direction in directions:
                along = ", ".join(number_text(c) for c in direction)
                lines.append(f"  {number_text(weight)}  times  {condition_text(label)} along ({along})")
        for weight, form in sum_of_squares(proof, statement):
            lines.append(f"  {number_text(weight)}  times  |{form_text(form, number_text)}|^2")
    return lines


def latex(proof: Certificate) -> list[str]:
    """One displayed equation a statement: claim = multipliers times inequalities + squares."""
    displays = []
    for statement in proof.problem.statements:
        terms = [
            f"{number_latex(weight)}\\,\\left[\\text{{{condition_text(label)}}}\\right]"
            for label, weight in proof.multipliers[statement.name].items()
        ]
        terms += [
            f"{number_latex(weight)}\\left\\|{form_text(form, number_latex)}\\right\\|^2"
            for weight, form in sum_of_squares(proof, statement)
        ]
        displays.append(f"\\text{{{statement.name}}} = " + " + ".join(terms or ["0"]))
    return displays


def sum_of_squares(proof: Certificate, statement: Statement) -> tuple[Square, ...]:
    """The squares of a statement's residual; with numbers they follow by elimination."""
    if proof.problem.symbols() or statement.name in proof.squares:
        return tuple(proof.squares.get(statement.name, ()))
    given = program(proof.problem)
    values: list[Number] = []
    for variable in given.variables:
        if variable.statement is None:
            values.append(proof.unknowns[variable.label])
        elif variable.kind == "matrix":
            i, j = variable.place
            weight = proof.matrices[variable.statement][variable.label]
            values.append(sum((w * v[i] * v[j] for w, v in weight), start=Fraction(0)))
        else:
            values.append(proof.multipliers[variable.statement].get(variable.label, Fraction(0)))
    block = next((b for b in given.blocks if b.name == statement.name), None)
    return () if block is None else eliminated_squares(block, values)


def condition_text(label: str) -> str:
    """`f smooth pair 0 x x'`  ->  `f is smooth at x, x'`."""
    oracle, name, _, *rest = label.split(" ")
    if name not in CLASSES:
        return label
    return f"{oracle} is {CLASSES[name].meaning}" + (f" at {', '.join(rest[1:])}" if rest[1:] else "")


def domain_text(domain: tuple[Interval, ...]) -> str:
    parts = []
    for interval in domain:
        low = "-inf" if interval.low is None else number_text(interval.low)
        high = "inf" if interval.high is None else number_text(interval.high)
        left, right = "[" if interval.low_closed else "(", "]" if interval.high_closed else ")"
        parts.append(f"{interval.name} in {left}{low}, {high}{right}")
    return f"For all {', '.join(parts)}:"


@dataclass(frozen=True, slots=True)
class Written:
    """A coefficient as sign, factors above and factors below the line; numbers among the factors are whole."""

    negative: bool
    above: tuple[Factor, ...]
    below: tuple[Factor, ...]


def written(number: Number) -> Written:
    (c, above), (d, below) = (factorised(p) for p in (ratio(number).numerator, ratio(number).denominator))
    size = c / d

    def with_number(whole: int, parts: list[Factor]) -> tuple[Factor, ...]:
        return tuple(parts) if whole == 1 else ((Polynomial.of(whole), 1), *parts)

    return Written(size < 0, with_number(abs(size.numerator), above), with_number(size.denominator, below))


def number_text(number: Number) -> str:
    """A coefficient with its polynomials in factors: `2*lr*(1 - lr*mu)/L`."""
    parts = written(number)
    above, below = (product_text(factors) for factors in (parts.above, parts.below))
    bottom = "" if not parts.below else f"/({below})" if len(parts.below) > 1 else f"/{below}"
    return ("-" if parts.negative else "") + above + bottom


def product_text(factors: tuple[Factor, ...]) -> str:
    words = []
    for polynomial, power in factors:
        text = sum_text(polynomial)
        words.append((f"({text})" if len(polynomial.terms) > 1 else text) + (f"^{power}" if power > 1 else ""))
    return "*".join(words) or "1"


def number_latex(number: Number) -> str:
    parts = written(number)
    above, below = (product_latex(factors) for factors in (parts.above, parts.below))
    if not parts.below and len(parts.above) == 1 and len(parts.above[0][0].terms) > 1 and parts.above[0][1] == 1:
        above = f"({above})"
    return ("-" if parts.negative else "") + (f"\\frac{{{above}}}{{{below}}}" if parts.below else above)


def product_latex(factors: tuple[Factor, ...]) -> str:
    words = []
    for polynomial, power in factors:
        text = sum_latex(polynomial)
        grouped = len(polynomial.terms) > 1 and (len(factors) > 1 or power > 1)
        words.append((f"({text})" if grouped else text) + (f"^{{{power}}}" if power > 1 else ""))
    return "\\,".join(words) or "1"


def sum_text(polynomial: Polynomial) -> str:
    terms = sorted(polynomial.terms.items(), key=lambda item: (sum(p for _, p in item[0]), item[0]))
    return joined_terms(monomial_text(m, c) for m, c in terms)


def sum_latex(polynomial: Polynomial) -> str:
    terms = sorted(polynomial.terms.items(), key=lambda item: (sum(p for _, p in item[0]), item[0]))
    return joined_terms(monomial_latex(m, c) for m, c in terms)


def monomial_latex(monomial: Monomial, c: Fraction) -> str:
    names = [
        GREEK.get(n, n if len(n) == 1 else f"\\mathit{{{n}}}") + (f"^{{{p}}}" if p > 1 else "") for n, p in monomial
    ]
    if not names:
        return str(c)
    return ("-" if c == -1 else "" if c == 1 else f"{c}\\,") + "\\,".join(names)


def monomial_text(monomial: Monomial, c: Fraction) -> str:
    names = [name if power == 1 else f"{name}^{power}" for name, power in monomial]
    if not names:
        return str(c)
    sign = "-" if c == -1 else "" if c == 1 else f"{c}*"
    return sign + "*".join(names)


def joined_terms(terms: Iterable[str]) -> str:
    return " + ".join(terms).replace("+ -", "- ") or "0"


def form_text(form: Form, show: Callable[[Number], str]) -> str:
    """A linear form: `x - 1/L g`."""
    terms = []
    for name, c in form.terms.items():
        text = show(c)
        terms.append({"1": name, "-1": f"-{name}"}.get(text, f"{text} {name}"))
    return joined_terms(terms)
