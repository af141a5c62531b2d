"""The table of classes: what holds between the points where a member of a class was asked.

`iff` means that points which satisfy the inequalities belong to a member of the class, so that a violation refutes a
claim; with `necessary` a proof is valid, a refutation is not.  Sources: Taylor, Hendrickx, Glineur 2017 (smooth
strongly convex, indicator, support); Ryu, Taylor, Bergeling, Giselsson 2020 (operators); Bousselmi, Hendrickx,
Glineur 2024 (quadratics, linear operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from optgen.proof.polynomial import Number
from optgen.proof.problem import ZERO, Membership, Oracle, Point, Problem, Quadratic, constant, inner, square, vector

HALF = Fraction(1, 2)
Argument = Number | None  # None is infinity
Matrix = tuple[tuple[Quadratic, ...], ...]


class ClassError(ValueError):
    """A class that has no inequality, lacks its minimiser, or has arguments that do not fit."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Quadratics that are >= 0, that are 0, and symmetric matrices of quadratics that are PSD, by their labels."""

    inequalities: Mapping[str, Quadratic] = field(default_factory=dict)
    equalities: Mapping[str, Quadratic] = field(default_factory=dict)
    matrices: Mapping[str, Matrix] = field(default_factory=dict)


Rule = Callable[..., Quadratic]


@dataclass(frozen=True, slots=True)
class Class:
    """One class: its parameters and the rules of its inequalities.

    pairs: q(i, j, *arguments) >= 0 for ordered pairs of points; unordered: the same with q(i, j) = q(j, i);
    points: q(i, *arguments) >= 0; star: q(i, star, *arguments) >= 0 for a minimiser star;
    equal, equal_pairs, equal_star: the same with = 0;
    gram: PSD matrices built from all points at once.
    """

    parameters: tuple[str, ...]
    exact: Literal["iff", "necessary"]
    meaning: str
    pairs: tuple[Rule, ...] = ()
    unordered: tuple[Rule, ...] = ()
    points: tuple[Rule, ...] = ()
    star: tuple[Rule, ...] = ()
    equal: tuple[Rule, ...] = ()
    equal_pairs: tuple[Rule, ...] = ()
    equal_star: tuple[Rule, ...] = ()
    gram: Callable[..., Mapping[str, Matrix]] | None = None
    needs_star: bool = False
    operator: bool = False


def curvature(low: Argument, high: Argument) -> Rule:
    """Second derivatives between low and high; `None` is no bound."""

    def pair(i: Point, j: Point) -> Quadratic:
        dx, dg = i.x - j.x, i.g - j.g
        if low is None and high is not None:  # f - high/2 |x|^2 is concave
            return j.f - i.f + inner(j.g, dx) + (high / 2) * square(dx)
        base = i.f - j.f - inner(j.g, dx)
        if low is None:
            return ZERO
        base = base - (low / 2) * square(dx)
        return base if high is None else base - (1 / (2 * (high - low))) * square(dg - low * dx)

    return pair


def known(argument: Argument) -> Number:
    if argument is None:
        raise ClassError("an infinite argument has no place here")
    return argument


def smooth_pair(i: Point, j: Point, L: Argument) -> Quadratic:
    return curvature(-known(L), known(L))(i, j)


def quadratic_gram(points: Sequence[Point], mu: Number, L: Number) -> dict[str, Matrix]:
    """(G - mu X)^T (L X - G) is PSD, symmetrised, with X measured from the minimiser."""
    star = minimiser_of(points, "quadratic")
    if star.x.terms:
        raise ClassError("the points of a quadratic are measured from its minimiser")
    rest = [p for p in points if p is not star]
    pairs = [(p.g - mu * (p.x - star.x), L * (p.x - star.x) - p.g) for p in rest]
    return {"range": symmetric([[inner(a, d) for _, d in pairs] for a, _ in pairs])}


def linear_gram(points: Sequence[Point], L: Number) -> dict[str, Matrix]:
    """L^2 X^T X - Y^T Y is PSD, for the points of the operator and for those of its adjoint."""
    sides = {"forward": [p for p in points if not p.adjoint], "adjoint": [p for p in points if p.adjoint]}
    return {
        name: symmetric([[(L * L) * inner(p.x, q.x) - inner(p.g, q.g) for q in side] for p in side])
        for name, side in sides.items()
        if side
    }


def symmetric(rows: list[list[Quadratic]]) -> Matrix:
    size = range(len(rows))
    return tuple(tuple(HALF * (rows[i][j] + rows[j][i]) for j in size) for i in size)


def adjoint_pair(i: Point, j: Point, *_: Argument) -> Quadratic:
    """<M x, u> = <x, M^T u> for a point of the operator and one of its adjoint."""
    if i.adjoint == j.adjoint:
        return ZERO
    return inner(i.x, j.g) - inner(i.g, j.x)


def center(i: Point, D: Argument, R: Argument) -> Quadratic:
    return ZERO if R is None else constant(R * R) - square(i.x - vector("center"))


CURVATURES: dict[str, Callable[..., tuple[Argument, Argument]]] = {
    "convex": lambda: (Fraction(0), None),
    "concave": lambda: (None, Fraction(0)),
    "strongly_convex": lambda mu: (mu, None),
    "weakly_convex": lambda rho: (-rho, None),
    "smooth_strongly_convex": lambda mu, L: (mu, L),
    "curved": lambda low, high: (low, high),
}


def curved(name: str, parameters: tuple[str, ...], meaning: str) -> Class:
    return Class(parameters, "iff", meaning, pairs=(lambda i, j, *a: curvature(*CURVATURES[name](*a))(i, j),))


CLASSES: dict[str, Class] = {
    "convex": curved("convex", (), "convex"),
    "concave": curved("concave", (), "concave"),
    "strongly_convex": curved("strongly_convex", ("mu",), "mu-strongly convex"),
    "weakly_convex": curved("weakly_convex", ("rho",), "rho-weakly convex"),
    "smooth_strongly_convex": curved("smooth_strongly_convex", ("mu", "L"), "mu-strongly convex and L-smooth"),
    "curved": curved("curved", ("low", "high"), "curved between low and high"),
    "linear_gradient": Class(
        ("L",),
        "iff",
        "of linear gradient",
        equal_pairs=(
            lambda i, j, L: i.f - j.f - HALF * inner(i.g + j.g, i.x - j.x),
            lambda i, j, L: square(i.g - j.g - L * (i.x - j.x)),
        ),
    ),
    "smooth": Class(
        ("L",),
        "iff",
        "L-smooth",
        pairs=(smooth_pair,),
        star=(lambda i, s, L: i.f - s.f - (1 / (2 * L)) * square(i.g),),
    ),
    "lipschitz": Class(
        ("M",), "necessary", "M-Lipschitz (with convex: iff)", points=(lambda i, M: constant(M * M) - square(i.g),)
    ),
    "indicator": Class(
        (), "iff", "the indicator of a convex set", pairs=(lambda i, j: -inner(j.g, i.x - j.x),), equal=(lambda i: i.f,)
    ),
    "bounded": Class(
        ("D", "R"),
        "iff",
        "the indicator of a convex set of diameter D in a ball of radius R",
        pairs=(lambda i, j, D, R: -inner(j.g, i.x - j.x),),
        unordered=(lambda i, j, D, R: ZERO if D is None else constant(D * D) - square(i.x - j.x),),
        points=(center,),
        equal=(lambda i, D, R: i.f,),
    ),
    "support": Class(
        ("M",),
        "iff",
        "the support function of a convex set in the ball of radius M",
        pairs=(lambda i, j, M: inner(j.x, j.g - i.g),),
        points=(lambda i, M: constant(M * M) - square(i.g),),
        equal=(lambda i, M: i.f - inner(i.g, i.x),),
    ),
    "homogeneous": Class(
        ("p",), "necessary", "homogeneous of degree p", equal=(lambda i, p: p * i.f - inner(i.g, i.x),)
    ),
    "quadratic": Class(
        ("mu", "L"),
        "iff",
        "quadratic with eigenvalues from mu to L",
        equal_pairs=(lambda i, j, mu, L: inner(i.x, j.g) - inner(j.x, i.g),),
        equal_star=(lambda i, s, mu, L: i.f - s.f - HALF * inner(i.x - s.x, i.g),),
        gram=quadratic_gram,
        needs_star=True,
    ),
    "pl": Class(
        ("mu",),
        "necessary",
        "Polyak-Lojasiewicz",
        star=(lambda i, s, mu: (1 / (2 * mu)) * square(i.g) - i.f + s.f, lambda i, s, mu: i.f - s.f),
        needs_star=True,
    ),
    "rsi": Class(
        ("mu",),
        "necessary",
        "of the restricted secant inequality",
        star=(lambda i, s, mu: inner(i.g, i.x - s.x) - mu * square(i.x - s.x),),
        needs_star=True,
    ),
    "error_bound": Class(
        ("L",),
        "necessary",
        "of gradient at most L |x - x*|",
        star=(lambda i, s, L: (L * L) * square(i.x - s.x) - square(i.g),),
        needs_star=True,
    ),
    "upper_growth": Class(
        ("L",),
        "iff",
        "convex and at most f* + L/2 |x - x*|^2",
        pairs=(lambda i, j, L: curvature(Fraction(0), None)(i, j),),
        star=(lambda j, s, L: s.f - j.f - inner(j.g, s.x - j.x) - (1 / (2 * L)) * square(j.g),),
        needs_star=True,
    ),
    "monotone": Class((), "iff", "monotone", unordered=(lambda i, j: inner(i.g - j.g, i.x - j.x),), operator=True),
    "strongly_monotone": Class(
        ("mu",),
        "iff",
        "mu-strongly monotone",
        unordered=(lambda i, j, mu: inner(i.g - j.g, i.x - j.x) - mu * square(i.x - j.x),),
        operator=True,
    ),
    "cocoercive": Class(
        ("b",),
        "iff",
        "b-cocoercive",
        unordered=(lambda i, j, b: inner(i.g - j.g, i.x - j.x) - b * square(i.g - j.g),),
        operator=True,
    ),
    "comonotone": Class(
        ("rho",),
        "iff",
        "rho-comonotone",
        unordered=(lambda i, j, rho: inner(i.g - j.g, i.x - j.x) + rho * square(i.g - j.g),),
        operator=True,
    ),
    "lipschitz_operator": Class(
        ("L",),
        "iff",
        "L-Lipschitz",
        unordered=(lambda i, j, L: (L * L) * square(i.x - j.x) - square(i.g - j.g),),
        operator=True,
    ),
    "nonexpansive": Class(
        (), "iff", "1-Lipschitz", unordered=(lambda i, j: square(i.x - j.x) - square(i.g - j.g),), operator=True
    ),
    "averaged": Class(
        ("a",),
        "iff",
        "a-averaged",
        unordered=(lambda i, j, a: (a * a) * square(i.x - j.x) - square(i.g - j.g - (1 - a) * (i.x - j.x)),),
        operator=True,
    ),
    "weak_minty": Class(
        ("rho",),
        "necessary",
        "of the weak Minty inequality",
        star=(lambda i, s, rho: inner(i.g, i.x - s.x) - rho * square(i.g),),
        needs_star=True,
        operator=True,
    ),
    "linear": Class(
        ("L",), "iff", "linear, of norm at most L", equal_pairs=(adjoint_pair,), gram=linear_gram, operator=True
    ),
    "skew": Class(
        (),
        "necessary",
        "skew",
        equal=(lambda i: inner(i.x, i.g),),
        equal_pairs=(lambda i, j: inner(i.x, j.g) + inner(j.x, i.g),),
        operator=True,
    ),
    "contractive": Class(
        ("alpha",),
        "necessary",
        "an alpha-contractive compressor",
        points=(lambda i, alpha: (1 - alpha) * square(i.x) - square(i.g - i.x),),
        operator=True,
    ),
    "unbiased": Class(
        ("omega",),
        "necessary",
        "an unbiased compressor with E|C(x) - x|^2 <= omega |x|^2",
        points=(lambda i, omega: omega * square(i.x) - square(i.g - i.x),),
        operator=True,
    ),
}

EXACT_TOGETHER = ({"curved", "lipschitz"}, {"convex", "lipschitz"}, {"linear", "skew"})  # iff as a pair


def joint(classes: Sequence[Membership]) -> tuple[Membership, ...]:
    """Bounds of curvature of one function made one class, which is tighter than each apart.

    convex and smooth(L) is curved(0, L); strongly_convex(mu) and smooth(L) is curved(mu, L); curved(L, L) has a linear
    gradient.  Bounds that can not be compared (two symbols) stay apart.
    """
    smooth = [known(c.arguments[0]) for c in classes if c.name == "smooth"]
    bounds = [CURVATURES[c.name](*c.arguments) for c in classes if c.name in CURVATURES]
    rest = [c for c in classes if c.name not in CURVATURES and c.name != "smooth"]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None] + smooth
    low, high = largest(lows), largest([-h for h in highs])
    if not bounds or (lows and low is None) or (highs and high is None):
        return tuple(classes)
    high = None if high is None else -high
    below = [-L for L in smooth]
    sharper = largest([*lows, *below])
    low = sharper if sharper is not None else low
    if low is not None and high is not None and low == high:
        return (Membership("linear_gradient", (low,)), *rest)
    if len(bounds) + len(smooth) == 1:
        return tuple(classes)
    return (Membership("curved", (low, high)), *rest)


def joined(problem: Problem) -> Problem:
    """A problem whose oracles have their joint classes: the form that certificates prove."""
    return replace(problem, oracles=tuple(replace(o, classes=joint(o.classes)) for o in problem.oracles))


def largest(numbers: Sequence[Number]) -> Number | None:
    """The largest of numbers; None if there is none or symbols hide it."""
    if not numbers:
        return None
    if all(isinstance(n, Fraction) for n in numbers):
        return max(n for n in numbers if isinstance(n, Fraction))
    first, *others = numbers
    return first if all(other == first for other in others) else None


def exact(classes: Sequence[Membership]) -> bool:
    """Whether points that satisfy the inequalities of all these classes belong to a common member."""
    names = [c.name for c in joint(classes)]
    if len(names) == 1:
        return CLASSES[names[0]].exact == "iff"
    return set(names) in [set(group) for group in EXACT_TOGETHER]


def without_interpolation(names: set[str]) -> str | None:
    """A class among those of one function whose conditions are only necessary: points give no member of it."""
    loose = sorted(name for name in names if name in CLASSES and CLASSES[name].exact == "necessary")
    kept = {"curved" if name in CURVATURES else name for name in names}
    return loose[0] if loose and kept not in EXACT_TOGETHER and names not in EXACT_TOGETHER else None


def class_named(membership: Membership) -> Class:
    """The class; ClassError if it has no inequality or its arguments do not fit."""
    known_class = CLASSES.get(membership.name)
    if known_class is None:
        raise ClassError(f"nothing is known that can be used of the points of a function in {membership.name}")
    if len(known_class.parameters) != len(membership.arguments):
        raise ClassError(f"{membership.name} takes {', '.join(known_class.parameters) or 'no argument'}")
    return known_class


def minimiser_of(points: Sequence[Point], name: str) -> Point:
    for point in points:
        if point.minimiser:
            return point
    raise ClassError(f"{name} speaks of a minimiser: add it to the points")


def conditions(oracle: Oracle, among: frozenset[str] | None = None) -> Conditions:
    """All conditions between the points of an oracle (those named in `among`), by their labels."""
    points = [p for p in oracle.points if among is None or p.name in among]
    inequalities: dict[str, Quadratic] = {}
    equalities: dict[str, Quadratic] = {}
    matrices: dict[str, Matrix] = {}
    for membership in oracle.classes:
        found = of_class(membership, points, f"{oracle.name} {membership.name}")
        inequalities |= found.inequalities
        equalities |= found.equalities
        matrices |= found.matrices
    return Conditions(inequalities, equalities, matrices)


def of_class(membership: Membership, points: Sequence[Point], prefix: str) -> Conditions:
    """The conditions of one class, labelled `prefix kind number points`."""
    rules, arguments = class_named(membership), membership.arguments
    star = minimiser_of(points, membership.name) if rules.needs_star else None
    stars = [star] if star else [p for p in points if p.minimiser]
    size = len(points)
    ordered = [(p, q) for p in points for q in points if p is not q]
    halves = [(points[a], points[b]) for a in range(size) for b in range(a + 1, size)]
    to_star = [(p, s) for s in stars for p in points if p is not s]
    singles = [(p,) for p in points]

    def applied(kind: str, group: Sequence[Rule], tuples: Sequence[tuple[Point, ...]]) -> dict[str, Quadratic]:
        made = {
            " ".join((prefix, kind, str(number), *(p.name for p in chosen))): rule(*chosen, *arguments)
            for number, rule in enumerate(group)
            for chosen in tuples
        }
        return {label: q for label, q in made.items() if q.products or q.values}

    inequalities = (
        applied("pair", rules.pairs, ordered)
        | applied("both", rules.unordered, halves)
        | applied("point", rules.points, singles)
        | applied("star", rules.star, to_star)
    )
    equalities = applied("equal", rules.equal, singles) | applied("equal_pair", rules.equal_pairs, halves)
    equalities |= applied("equal_star", rules.equal_star, to_star)
    grams = rules.gram(points, *arguments) if rules.gram else {}
    return Conditions(inequalities, equalities, {f"{prefix} {name}": m for name, m in grams.items()})
