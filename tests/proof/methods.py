"""Finite problems of classic methods, written by hand: what extraction gives for their specs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from optgen.proof.problem import (
    NOWHERE,
    ZERO,
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

STAR = Point("*", NOWHERE, NOWHERE, ZERO, minimiser=True)


@dataclass(frozen=True)
class Momentum:
    """x+ = x + b (x - x-) - a grad f(y), y = x + c (x - x-)."""

    a: Fraction
    b: Fraction = Fraction(0)
    c: Fraction = Fraction(0)


def lyapunov(method: Momentum, mu: Fraction, L: Fraction, rate: Fraction, h: int = 1) -> Problem:
    """Is there V over (x-, x, g_0..g_{h-1}) and f with V' <= rate V and V >= |y|^2?  (verification: section 3)"""
    xs = [vector("x_before"), vector("x")]
    points = [STAR]
    for k in range(h + 1):
        y = xs[-1] + method.c * (xs[-1] - xs[-2])
        points.append(Point(f"y{k}", y, vector(f"g{k}"), value(f"f{k}")))
        xs.append(xs[-1] + method.b * (xs[-1] - xs[-2]) - method.a * vector(f"g{k}"))
    states = [[xs[k], xs[k + 1]] + [vector(f"g{k + i}") for i in range(h)] for k in (0, 1)]
    decrease: dict[str, Quadratic] = {}
    positive: dict[str, Quadratic] = {}
    for i in range(len(states[0])):
        for j in range(i, len(states[0])):
            before, after = (inner(s[i], s[j]) for s in states)
            decrease[f"P{i}{j}"] = rate * before - after
            positive[f"P{i}{j}"] = before
    for i in range(h):
        decrease[f"p{i}"] = rate * value(f"f{i}") - value(f"f{i + 1}")
        positive[f"p{i}"] = value(f"f{i}")
    f = Oracle("f", (Membership("smooth_strongly_convex", (mu, L)),), tuple(points))
    early = frozenset(["*", *(f"y{i}" for i in range(h))])
    return Problem(
        (f,),
        (
            Statement("decrease", ZERO, decrease),
            Statement("positive", -square(points[1].x), positive, early),
        ),
    )


def near(number: float) -> Fraction:
    return Fraction(number).limit_denominator(10**10)


def tunings(mu: float, L: float) -> dict[str, Momentum]:
    """The classic tunings, at L = 1 (steps are multiplied by L)."""
    root, rest = sqrt(L / mu), 1 - sqrt(mu / L)
    nesterov = near((root - 1) / (root + 1))
    return {
        "gradient 1/L": Momentum(Fraction(1)),
        "gradient 2/(L+mu)": Momentum(near(2 * L / (L + mu))),
        "heavy ball": Momentum(near(4 * L / (sqrt(L) + sqrt(mu)) ** 2), near(((root - 1) / (root + 1)) ** 2)),
        "nesterov": Momentum(Fraction(1), nesterov, nesterov),
        "triple momentum": Momentum(
            near(1 + rest), near(rest**2 / (2 - rest)), near(rest**2 / ((1 + rest) * (2 - rest)))
        ),
    }
