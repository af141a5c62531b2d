"""Numbers, forms and quantities of a proof as text and as LaTeX: polynomials in factors, signs in front."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from optgen.proof.cancel import factorised
from optgen.proof.polynomial import Monomial, Number, Polynomial, ratio
from optgen.proof.problem import ONE, Form, Quadratic

Factor = tuple[Polynomial, int]  # with its power
Show = Callable[[Number], str]
GREEK = {
    name: f"\\{name}"
    for name in ("alpha", "beta", "gamma", "delta", "eta", "theta", "kappa", "lambda", "mu", "rho", "sigma", "omega")
} | {"lam": "\\lambda", "lr": "\\eta", "gam": "\\gamma"}


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


def form_text(form: Form, show: Show) -> str:
    """A linear form: `x - 1/L g`."""
    return joined_terms(term_text(show(c), name) for name, c in form.terms.items()) or "0"


def quadratic_text(q: Quadratic, show: Show) -> str:
    """Function values, then products of vectors: `f(a) - f(b) - <g, d> - mu/2 |d|^2`."""
    terms = [show(c) if name == ONE else term_text(show(c), name) for name, c in q.values.items()]
    terms += [term_text(show(c), f"|{a}|^2" if a == b else f"<{a}, {b}>") for (a, b), c in q.products.items()]
    return joined_terms(terms)


def term_text(number: str, name: str) -> str:
    return {"1": name, "-1": f"-{name}"}.get(number, f"{number} {name}")
