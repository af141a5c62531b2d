"""Nine theorems with symbols, as finite problems."""

from __future__ import annotations

from fractions import Fraction

from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import (
    Form,
    Interval,
    Membership,
    Oracle,
    Point,
    Problem,
    Quadratic,
    Statement,
    inner,
    square,
    value,
    vector,
)
from tests.proof.methods import STAR

ZERO = Fraction(0)
HALF = Fraction(1, 2)
lr, L, mu, k, a, q = (symbol(name) for name in ("lr", "L", "mu", "k", "a", "q"))
POSITIVE_L = Interval("L", ZERO)
CURVED = (Interval("mu", ZERO), Interval("L", mu))
STRONGLY = Membership("smooth_strongly_convex", (mu, L))


def gradient_step(classes: Membership, claim: Quadratic, domain: tuple[Interval, ...], step: Number = lr) -> Problem:
    """x' = x - step g, with values f, f' and gradients g, g'."""
    x, g = vector("x"), vector("g")
    points = (STAR, Point("x", x, g, value("f")), Point("x'", x - step * g, vector("g'"), value("f'")))
    return Problem((Oracle("f", (classes,), points),), (Statement("claim", claim),), domain)


def descent() -> Problem:
    claim = value("f") - value("f'") - lr * (1 - L * lr / 2) * square(vector("g"))
    return gradient_step(Membership("smooth", (L,)), claim, (POSITIVE_L, Interval("lr", ZERO)))


def distance(factor: Number, domain: tuple[Interval, ...], step: Number = lr) -> Problem:
    x = vector("x")
    claim = factor * factor * square(x) - square(x - step * vector("g"))
    return gradient_step(STRONGLY, claim, (*CURVED, *domain), step)


def short_distance() -> Problem:
    return distance(1 - lr * mu, (Interval("lr", ZERO, 2 / (L + mu), high_closed=True),))


def long_distance() -> Problem:
    return distance(lr * L - 1, (Interval("lr", 2 / (L + mu), 2 / L, low_closed=True),))


def best_distance() -> Problem:
    return distance((L - mu) / (L + mu), (), 2 / (L + mu))


def values() -> Problem:
    claim = (1 - lr * mu) ** 2 * value("f") - value("f'")
    return gradient_step(STRONGLY, claim, (*CURVED, Interval("lr", ZERO, 2 / (L + mu), high_closed=True)))


def sublinear() -> Problem:
    x = vector("x")
    before = 2 * lr * k * value("f") + square(x)
    after = 2 * lr * (k + 1) * value("f'") + square(x - lr * vector("g"))
    domain = (POSITIVE_L, Interval("lr", ZERO, 1 / L, high_closed=True), Interval("k", ZERO, low_closed=True))
    return gradient_step(Membership("smooth_strongly_convex", (ZERO, L)), before - after, domain)


def accelerated(
    classes: Membership, x: Form, y: Form, new: Form, claim: Quadratic, domain: tuple[Interval, ...]
) -> Problem:
    points = (
        STAR,
        Point("x", x, vector("g"), value("f")),
        Point("y", y, vector("gy"), value("fy")),
        Point("x'", new, vector("g'"), value("f'")),
    )
    return Problem((Oracle("f", (classes,), points),), (Statement("claim", claim),), domain)


def nesterov_convex() -> Problem:
    x, z, g = vector("x"), vector("z"), vector("gy")
    A = L * a * a - a
    y = (1 / (A + a)) * (A * x + a * z)
    claim = A * value("f") + HALF * square(z) - (A + a) * value("f'") - HALF * square(z - a * g)
    domain = (POSITIVE_L, Interval("a", 1 / L, low_closed=True))
    return accelerated(Membership("smooth_strongly_convex", (ZERO, L)), x, y, y - (1 / L) * g, claim, domain)


def nesterov_strongly() -> Problem:
    x, z, g, m = vector("x"), vector("z"), vector("gy"), q * q * L
    y = (1 / (1 + q)) * (x + q * z)
    after = (1 - q) * z + q * (y - (1 / m) * g)
    claim = (1 - q) * (value("f") + m / 2 * square(z)) - value("f'") - m / 2 * square(after)
    domain = (POSITIVE_L, Interval("q", ZERO, Fraction(1)))
    return accelerated(Membership("smooth_strongly_convex", (m, L)), x, y, y - (1 / L) * g, claim, domain)


def admm() -> Problem:
    """u = A(x - x*), v = B(z - z*), multiplier l - l*; both subproblems are solved in turn."""
    rho = symbol("rho")
    dual, v, u, new_v = vector("l"), vector("v"), vector("u'"), vector("v'")
    residual = u + new_v
    new_dual = dual + rho * residual
    first = Oracle("f", (Membership("monotone"),), (STAR, Point("u'", u, -(dual + rho * (u + v)))))
    second = Oracle("g", (Membership("monotone"),), (STAR, Point("v", v, -dual), Point("v'", new_v, -new_dual)))
    before, after = ((1 / rho) * square(p) + rho * square(s) for p, s in ((dual, v), (new_dual, new_v)))
    claim = before - after - rho * square(residual) - rho * square(new_v - v)
    return Problem((first, second), (Statement("claim", claim),), (Interval("rho", ZERO),))


def bregman() -> Problem:
    """grad h(x') = grad h(x) - lr grad f(x), with f and L h - f convex."""
    x, u, new = vector("x"), vector("u"), vector("x'")
    places = {"x": x, "u": u, "x'": new}
    gf = {name: vector(f"f {name}") for name in places}
    gh = {"x": vector("h x"), "u": vector("h u"), "x'": vector("h x") - lr * gf["x"]}
    f = {name: value(f"f {name}") for name in places}
    h = {name: value(f"h {name}") for name in places}

    def divergence(to: str, at: str) -> Quadratic:
        return h[to] - h[at] - inner(gh[at], places[to] - places[at])

    def oracle(name: str, g: dict[str, Form], v: dict[str, Quadratic]) -> Oracle:
        return Oracle(name, (Membership("convex"),), tuple(Point(n, places[n], g[n], v[n]) for n in places))

    slack = {n: L * gh[n] - gf[n] for n in places}, {n: L * h[n] - f[n] for n in places}
    claim = (
        divergence("u", "x") - divergence("u", "x'") - (1 - lr * L) * divergence("x'", "x") - lr * (f["x'"] - f["u"])
    )
    domain = (POSITIVE_L, Interval("lr", ZERO, 1 / L, high_closed=True))
    oracles = (oracle("f", gf, f), oracle("L h - f", *slack), oracle("h", gh, h))
    return Problem(oracles, (Statement("claim", claim),), domain)


def lion(brackets: bool = True) -> Problem:
    """Lion-K with implicit decay, for any convex K; K* enters as points of K.  Brackets: what the energy loses."""
    lam, b1, b2 = symbol("lam"), symbol("b1"), symbol("b2")
    x, g, m, sign = vector("x"), vector("g"), vector("m"), vector("k(mt)")
    mt, new_m = b1 * m - (1 - b1) * g, b2 * m - (1 - b2) * g
    new_x = (1 / (1 + lr * lam)) * (x + lr * sign)
    c = lr * b1 / (lr * lam * (1 - b1) + 1 - b2)
    xi, new_xi = vector("xi"), vector("xi'")
    points = (
        Point("xi", xi, lam * x, inner(xi, lam * x) - value("K*")),
        Point("xi'", new_xi, lam * new_x, inner(new_xi, lam * new_x) - value("K*'")),
        Point("m", m, vector("k(m)"), value("K(m)")),
        Point("m'", new_m, vector("k(m')"), value("K(m')")),
        Point("mt", mt, sign, value("K(mt)")),
    )
    f = (Point("x", x, g, value("f")), Point("x'", new_x, vector("g'"), value("f'")))

    def energy(at: Form, f_at: str, conjugate: str, moment: Form, of_moment: str) -> Quadratic:
        gap = value(conjugate) + value(of_moment) - lam * inner(moment, at)
        return value(f_at) + (1 / lam) * value(conjugate) + c * gap

    v = sign - lam * new_x
    claim = energy(x, "f", "K*", m, "K(m)") - energy(new_x, "f'", "K*'", new_m, "K(m')") + L * lr * lr / 2 * square(v)
    if brackets:
        claim = claim - lr * (1 + c * lam) * inner(v, mt - new_xi)
        claim = claim - c * (1 - b2) / (b2 - b1) * inner(sign - vector("k(m')"), mt - new_m)
    domain = (
        POSITIVE_L,
        Interval("lr", ZERO),
        Interval("lam", ZERO),
        Interval("b2", ZERO, Fraction(1)),
        Interval("b1", ZERO, b2),
    )
    oracles = (Oracle("f", (Membership("smooth", (L,)),), f), Oracle("K", (Membership("convex"),), points))
    return Problem(oracles, (Statement("claim", claim),), domain)


THEOREMS = {
    "descent of a smooth function": descent,
    "distance for short steps": short_distance,
    "distance for long steps": long_distance,
    "distance for the best step": best_distance,
    "values for short steps": values,
    "a sublinear rate": sublinear,
    "Nesterov, convex": nesterov_convex,
    "Nesterov, strongly convex": nesterov_strongly,
    "ADMM": admm,
    "a Bregman step": bregman,
    "Lion-K": lion,
}
