"""What the checker takes for granted, as a table of formulas: the inequalities of classes and the laws of functions.

A formula is a term (see `terms`) in the answers of an oracle: at a point it lies at `#x`, has the slope `#g` and the
value `#f`; at a second point `#y`, `#h`, `#e`.  Products of vectors are inner products.  The provers have a table of
their own (`interpolation`), which names the sources; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

Term = Any
PLACES = X, G, F, Y, H, E = "#x", "#g", "#f", "#y", "#h", "#e"


def add(*parts: Term) -> Term:
    return ["+", *parts]


def mul(*parts: Term) -> Term:
    return ["*", *parts]


def sub(left: Term, right: Term) -> Term:
    return ["+", left, ["*", "-1", right]]


def div(above: Term, below: Term) -> Term:
    return ["/", above, below]


def square(term: Term) -> Term:
    return ["*", term, term]


DX, DG, DF = sub(X, Y), sub(G, H), sub(F, E)  # from the second point to the first
BELOW = sub(DF, mul(H, DX))  # how far the function is above its tangent


def bend(low: Term | None, high: Term | None) -> Term:
    """Second derivatives between low and high (None: no bound)."""
    if low is None:
        return sub(mul("1/2", high, square(DX)), BELOW)
    gap = sub(BELOW, mul("1/2", low, square(DX)))
    return gap if high is None else sub(gap, div(square(sub(DG, mul(low, DX))), mul("2", sub(high, low))))


def within(radius: Term | None, vector: Term) -> Term:
    return "0" if radius is None else sub(square(radius), square(vector))


# (class, kind, number) -> the formula for the arguments of the class; >= 0, of kinds with `equal` = 0.  Kinds: a pair
# of points, `both` for pairs without order, a point, a point and a minimiser (star); a combination of points (range:
# but minimisers; of a linear operator forward, adjoint)
RULES: dict[tuple[str, str, int], Callable[..., Term]] = {
    ("convex", "pair", 0): lambda: bend("0", None),
    ("concave", "pair", 0): lambda: bend(None, "0"),
    ("strongly_convex", "pair", 0): lambda mu: bend(mu, None),
    ("weakly_convex", "pair", 0): lambda rho: bend(mul("-1", rho), None),
    ("smooth_strongly_convex", "pair", 0): bend,
    ("curved", "pair", 0): bend,
    ("linear_gradient", "equal_pair", 0): lambda L: sub(DF, mul("1/2", add(G, H), DX)),
    ("linear_gradient", "equal_pair", 1): lambda L: square(sub(DG, mul(L, DX))),
    ("smooth", "pair", 0): lambda L: bend(mul("-1", L), L),
    ("smooth", "star", 0): lambda L: sub(DF, div(square(G), mul("2", L))),
    ("lipschitz", "point", 0): lambda M: within(M, G),
    ("indicator", "pair", 0): lambda: mul("-1", H, DX),
    ("indicator", "equal", 0): lambda: F,
    ("bounded", "pair", 0): lambda D, R: mul("-1", H, DX),
    ("bounded", "both", 0): lambda D, R: within(D, DX),
    ("bounded", "point", 0): lambda D, R: within(R, sub(X, "center")),
    ("bounded", "equal", 0): lambda D, R: F,
    ("support", "pair", 0): lambda M: mul("-1", Y, DG),
    ("support", "point", 0): lambda M: within(M, G),
    ("support", "equal", 0): lambda M: sub(F, mul(G, X)),
    ("homogeneous", "equal", 0): lambda p: sub(mul(p, F), mul(G, X)),
    ("quadratic", "equal_pair", 0): lambda mu, L: sub(mul(X, H), mul(Y, G)),
    ("quadratic", "equal_star", 0): lambda mu, L: sub(DF, mul("1/2", DX, G)),
    ("quadratic", "range", 0): lambda mu, L: mul(sub(G, mul(mu, X)), sub(mul(L, X), G)),
    ("pl", "star", 0): lambda mu: sub(div(square(G), mul("2", mu)), DF),
    ("pl", "star", 1): lambda mu: DF,
    ("rsi", "star", 0): lambda mu: sub(mul(G, DX), mul(mu, square(DX))),
    ("error_bound", "star", 0): lambda L: sub(mul(square(L), square(DX)), square(G)),
    ("upper_growth", "pair", 0): lambda L: bend("0", None),
    ("upper_growth", "star", 0): lambda L: sub(sub(mul(G, DX), DF), div(square(G), mul("2", L))),
    ("monotone", "both", 0): lambda: mul(DG, DX),
    ("strongly_monotone", "both", 0): lambda mu: sub(mul(DG, DX), mul(mu, square(DX))),
    ("cocoercive", "both", 0): lambda b: sub(mul(DG, DX), mul(b, square(DG))),
    ("comonotone", "both", 0): lambda rho: add(mul(DG, DX), mul(rho, square(DG))),
    ("lipschitz_operator", "both", 0): lambda L: sub(mul(square(L), square(DX)), square(DG)),
    ("nonexpansive", "both", 0): lambda: sub(square(DX), square(DG)),
    ("averaged", "both", 0): lambda a: sub(mul(square(a), square(DX)), square(sub(DG, mul(sub("1", a), DX)))),
    ("weak_minty", "star", 0): lambda rho: sub(mul(G, DX), mul(rho, square(G))),
    ("linear", "equal_pair", 0): lambda L: sub(mul(X, H), mul(G, Y)),
    ("linear", "forward", 0): lambda L: sub(mul(square(L), square(X)), square(G)),
    ("linear", "adjoint", 0): lambda L: sub(mul(square(L), square(X)), square(G)),
    ("skew", "equal", 0): lambda: mul(X, G),
    ("skew", "equal_pair", 0): lambda: add(mul(X, H), mul(G, Y)),
    ("contractive", "point", 0): lambda alpha: sub(mul(sub("1", alpha), square(X)), square(sub(G, X))),
    ("unbiased", "point", 0): lambda omega: sub(mul(omega, square(X)), square(sub(G, X))),
}


def powers(parts: list[Any], function: Callable[[Term], Term]) -> tuple[Term, Term]:
    """f(m) to the power c for each (c, m): the product of those above the line, and of those below."""
    above = [["^", function(m), int(c)] for c, m in parts if int(c) > 0]
    below = [["^", function(m), -int(c)] for c, m in parts if int(c) < 0]
    return mul("1", *above), mul("1", *below)


def exponential(u: Term, *parts: Any) -> Any:
    """exp of a sum of c m is the product of exp(m)^c."""
    above, below = powers(list(parts), lambda m: ["exp", m])
    return [sub(u, add("0", *(mul(str(c), m) for c, m in parts)))], "=", sub(mul(["exp", u], below), above)


def power(base: Term, u: Term, *parts: Any) -> Any:
    """b to a sum of c m is the product of (b^m)^c, and b^1 is b."""
    above, below = powers(list(parts), lambda m: base if m == "1" else ["power", base, m])
    return [sub(u, add("0", *(mul(str(c), m) for c, m in parts)))], "=", sub(mul(["power", base, u], below), above)


def zero_if(condition: bool) -> Term:
    return "0" if condition else "1"


def positive(number: str) -> Term:
    return zero_if(Fraction(number) > 0)


PARTIAL = ("sqrt(", "inverse(", "power(", "log(")  # not defined everywhere: laws speak of those that occur in a claim
UNARY = ("sqrt", "inverse", "log")
DEFINED = ("root of a square",)  # but for laws that say where they are

# name -> what must be 0 (terms), and then the relation of a term to 0, wherever the term is defined
LAWS: dict[str, Callable[..., tuple[list[Term], str, Term]]] = {
    "root": lambda u: ([], "=", sub(square(["sqrt", u]), u)),
    "root of a square": lambda u, c, w: (
        [sub(u, square(mul(c, w))), positive(c)],
        "=",
        sub(["sqrt", u], mul(c, ["abs", w])),
    ),
    "size": lambda u: ([], "=", sub(square(["abs", u]), square(u))),
    "size of a number": lambda c: ([], "=", sub(["abs", c], str(abs(Fraction(c))))),
    "inverse": lambda u: ([], "=", sub(mul(["inverse", u], u), "1")),
    "exponential": exponential,
    "power": power,
    "zero at zero": lambda f: ([zero_if(f in ("sin", "tanh", "sign", "abs", "sqrt"))], "=", [f, "0"]),
    "order": lambda i, j: ([], "=", sub(add(["before", i, j], ["before", j, i], ["same", i, j]), "1")),
    "same label": lambda i, j, t: ([], "=", mul(["same", i, j], sub(t, ["named", {i: j}, t]))),
    "square": lambda u: ([], ">=", square(u)),
    "squares": lambda u, i, n: ([], ">=", ["sum", i, n, square(u)]),
    "root is not negative": lambda u: ([], ">=", ["sqrt", u]),
    "size is not negative": lambda u: ([], ">=", ["abs", u]),
    "exponential is positive": lambda u: ([], ">", ["exp", u]),
    "exponential of minus a root": lambda u: ([], ">=", sub("1", ["exp", mul("-1", ["sqrt", u])])),
    "exponential of minus a size": lambda u: ([], ">=", sub("1", ["exp", mul("-1", ["abs", u])])),
    "exponential of a root": lambda u: ([], ">=", sub(["exp", ["sqrt", u]], "1")),
    "exponential of a size": lambda u: ([], ">=", sub(["exp", ["abs", u]], "1")),
}
