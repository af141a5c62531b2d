"""Members of classes to try a claim on: separable quadratics and diagonal operators with curvatures of the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from random import Random
from typing import Any, Protocol

from optgen.proof.interpolation import CLASSES, CURVATURES
from optgen.proof.polynomial import at
from optgen.proof.problem import Oracle
from optgen.proof.reduce import SHIFTED

Range = tuple[Any, Any]
WIDTH = 5  # of a range without an end
ZERO, ONE = Fraction(0), Fraction(1)


class Member(Protocol):
    """A function with exact values: `answer` is its gradient, or what an operator gives."""

    @property
    def operator(self) -> bool: ...

    def value(self, x: Any) -> Any: ...

    def answer(self, x: Any) -> Any: ...

    def implicit(self, z: Any, t: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Diagonal:
    """f = sum of curvature/2 (x_i - centre_i)^2, or the operator that answers with its gradient."""

    curvatures: tuple[Fraction, ...]
    centre: tuple[Fraction, ...]
    operator: bool = False

    def value(self, x: Any) -> Any:
        return sum(c / 2 * (e - m) * (e - m) for c, m, e in self.entries(x))

    def answer(self, x: Any) -> Any:
        return [c * (e - m) for c, m, e in self.entries(x)]

    def implicit(self, z: Any, t: Any) -> Any:
        step = t.item() if hasattr(t, "item") else t
        return [(e + step * c * m) / (1 + step * c) for c, m, e in self.entries(z)]

    def conjugate(self, z: Any) -> Any:
        """max over x of <z, x> - f(x); ZeroDivisionError where it is infinite."""
        return sum(e * e / (2 * c) + m * e for c, m, e in self.entries(z))

    def conjugate_answer(self, z: Any) -> Any:
        return [e / c + m for c, m, e in self.entries(z)]

    def entries(self, x: Any) -> list[tuple[Any, Any, Any]]:
        """Curvature, centre and place of each entry, in the kind of number that x has."""
        kind = Fraction if all(isinstance(e, Fraction) for e in x) else float
        return [(kind(c), kind(m), e) for c, m, e in zip(self.curvatures, self.centre, x, strict=True)]


@dataclass(frozen=True, slots=True)
class Explicit:
    """A function of a counterexample."""

    function: Any
    operator: bool = False

    def value(self, x: Any) -> Any:
        return self.function.value(tuple(Fraction(e) for e in x))

    def answer(self, x: Any) -> Any:
        return list(self.function.gradient(tuple(Fraction(e) for e in x)))

    def implicit(self, z: Any, t: Any) -> Any:
        step = Fraction(t.item() if hasattr(t, "item") else t)
        return list(self.function.implicit(tuple(Fraction(e) for e in z), step))


def rebuilt(data: Mapping[str, Any], operator: bool = False) -> Explicit:
    """A function of a counterexample from its data."""
    from dataclasses import fields
    from typing import get_args

    from optgen.proof import examples

    kinds = {kind.__name__: kind for kind in get_args(examples.Function)}
    found = kinds[data["kind"]]
    return Explicit(found(**{f.name: exact(data[f.name]) for f in fields(found)}), operator)


def separable(data: Mapping[str, Any]) -> Diagonal:
    """A separable quadratic of a counterexample from its data."""
    return Diagonal(tuple(map(Fraction, data["curvatures"])), tuple(map(Fraction, data["centre"])))


def as_oracles(chosen: Mapping[str, Member]) -> dict[str, Callable[..., Any]]:
    """Members as what the reference evaluator asks; those of a family by their number."""
    found: dict[str, Callable[..., Any]] = {}
    for name, member in chosen.items():
        base, _, place = name.partition("[")
        if place:
            group = {n: m for n, m in chosen.items() if n.partition("[")[0] == base}
            found[f"oracle {base}[i]"] = lambda x, i, g=group, b=base: g[f"{b}[{int(i) + 1}]"].value(x)
            found[f"oracle {base}[i].grad"] = lambda x, i, g=group, b=base: g[f"{b}[{int(i) + 1}]"].answer(x)
            continue
        found[f"oracle {name}"] = member.answer if member.operator else member.value
        found[f"oracle {name}.grad"] = member.answer
        if isinstance(member, Diagonal):
            found[f"oracle {name}.conj"], found[f"oracle {name}.conj.grad"] = member.conjugate, member.conjugate_answer
        found[f"oracle {name}.prox"] = found[f"oracle {name}.resolvent"] = member.implicit
    return found


def exact(item: Any) -> Any:
    if isinstance(item, list):
        return tuple(exact(part) for part in item)
    return Fraction(item) if isinstance(item, str) else item


@dataclass(frozen=True, slots=True)
class Tilted:
    """(1 + scale) f(x) + <slope, x>."""

    whole: Member
    slope: tuple[Fraction, ...]
    scale: Fraction = Fraction(0)
    operator: bool = False

    def value(self, x: Any) -> Any:
        kind = type(x[0])
        tilt = sum((kind(s) * e for s, e in zip(self.slope, x, strict=True)), kind(0))
        return kind(1 + self.scale) * self.whole.value(x) + tilt

    def answer(self, x: Any) -> Any:
        kind = type(x[0])
        return [kind(1 + self.scale) * g + kind(s) for s, g in zip(self.slope, self.whole.answer(x), strict=True)]

    def implicit(self, z: Any, t: Any) -> Any:
        raise ArithmeticError("the proximal step of a sample has no formula")


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of members."""

    members: tuple[Member, ...]
    operator: bool = False

    def value(self, x: Any) -> Any:
        return sum(m.value(x) for m in self.members) / len(self.members)

    def answer(self, x: Any) -> Any:
        return [sum(gs) / len(self.members) for gs in zip(*(m.answer(x) for m in self.members), strict=True)]

    def implicit(self, z: Any, t: Any) -> Any:
        raise ArithmeticError("the proximal step of a mean has no formula")


@dataclass(frozen=True, slots=True)
class Coined:
    """A compressor that makes a vector longer or shorter by a part, as a coin falls."""

    part: Fraction
    coin: Callable[[tuple[Any, ...]], bool]
    operator: bool = True

    def value(self, x: Any) -> Any:
        raise ArithmeticError("a compressor has no value")

    def answer(self, x: Any) -> Any:
        factor = 1 + (self.part if self.coin(tuple(x)) else -self.part)
        return [type(e)(factor) * e for e in x]

    def implicit(self, z: Any, t: Any) -> Any:
        raise ArithmeticError("a compressor has no proximal step")


DIRECTIONS = (
    (Fraction(3, 5), Fraction(4, 5), ZERO),
    (ZERO, Fraction(-1), ZERO),
    (Fraction(2, 3), Fraction(1, 3), Fraction(2, 3)),
)


def family(
    f: Oracle | None,
    members_of: Sequence[Oracle | None],
    spread: tuple[Fraction, Fraction] | None,
    values: Mapping[str, Fraction],
    random: Random,
    centred: bool,
) -> tuple[Member, ...] | None:
    """f and members of which it is the mean: in their classes, or (two of them) with errors as large as is allowed."""
    if spread is None and any(o is not None for o in members_of):
        return balanced(f, members_of, values, random)
    if len(members_of) != 2:
        return None
    found = members([] if f is None else [f], values, random, centred)
    if found is None:
        return None
    whole = found[f.name] if f is not None else Diagonal((ZERO, ONE, -ONE), (ZERO,) * 3)
    constant, relative = spread or (ONE, ZERO)
    if relative and random.randint(0, 1):
        q = lower_root(relative)
        return whole, Tilted(whole, (ZERO,) * 3, q), Tilted(whole, (ZERO,) * 3, -q)
    slope = tuple(lower_root(constant) * e for e in random.choice(DIRECTIONS))
    return whole, Tilted(whole, slope), Tilted(whole, tuple(-e for e in slope))


def balanced(
    f: Oracle | None, members_of: Sequence[Oracle | None], values: Mapping[str, Fraction], random: Random
) -> tuple[Member, ...] | None:
    """Quadratics of the classes of members and of f, whose mean has its minimum at 0."""
    ranges = []
    for member in members_of:
        both = [o for o in (f, member) if o is not None]
        merged = Oracle("f", tuple(c for o in both for c in o.classes), tuple(p for o in both for p in o.points))
        bounds = curvatures(merged, values)
        if bounds is None:
            return None
        ranges.append(bounds)
    entries = []
    for _ in range(3):
        slopes = [low + (high - low) * Fraction(random.randint(0, 4), 4) for low, high in ranges]
        places = [Fraction(random.randint(-6, 6), 2) for _ in slopes[1:]]
        pulled = sum((c * p for c, p in zip(slopes[1:], places, strict=True)), ZERO)
        if pulled and not slopes[0]:
            places, pulled = [ZERO] * len(places), ZERO
        entries.append((slopes, [-pulled / slopes[0] if pulled else ZERO, *places]))
    count = range(len(ranges))
    made = tuple(Diagonal(tuple(s[k] for s, _ in entries), tuple(p[k] for _, p in entries)) for k in count)
    return Mean(made), *made


def lower_root(number: Fraction) -> Fraction:
    """A rational whose square is at most the number, and near it."""
    scale = 10**6
    exact_one = Fraction(isqrt(number.numerator), isqrt(number.denominator))
    return exact_one if exact_one**2 == number else Fraction(isqrt(int(number * scale**2)), scale)


# ---------------------------------------------------------------- curvatures of classes

RANGES: dict[str, Callable[..., Range]] = {
    **CURVATURES,
    "smooth": lambda L: (-L, L),
    "quadratic": lambda mu, L: (mu, L),
    "pl": lambda mu: (mu, None),
    "rsi": lambda mu: (mu, None),
    "error_bound": lambda L: (-L, L),
    "upper_growth": lambda L: (ZERO, L),
    "indicator": lambda: (ZERO, ZERO),
    "support": lambda M: (ZERO, ZERO),
    "bounded": lambda D, R: (ZERO, ZERO),
    "monotone": lambda: (ZERO, None),
    "strongly_monotone": lambda mu: (mu, None),
    "cocoercive": lambda b: (ZERO, 1 / b),
    "nonexpansive": lambda: (-ONE, ONE),
    "averaged": lambda a: (1 - 2 * a, ONE),
    "lipschitz_operator": lambda L: (-L, L),
    "linear": lambda L: (-L, L),
    "skew": lambda: (ZERO, ZERO),
    "contractive": lambda alpha: (alpha, 2 - alpha),
    "unbiased": lambda omega: (ONE, ONE),
}


def members(
    oracles: Sequence[Oracle], values: Mapping[str, Fraction], random: Random, centred: bool
) -> dict[str, Member] | None:
    """A member for each oracle, with its minimum at 0 if `centred`; None if a class has no curvatures here."""
    found: dict[str, Member] = {}
    for oracle in oracles:
        bounds = curvatures(oracle, values)
        if bounds is None:
            return None
        low, high = bounds
        choices = [low, high, *(low + (high - low) * Fraction(random.randint(0, 12), 12) for _ in range(2))]
        if random.randint(0, 2) == 0:  # all alike, where bounds are often attained
            choices = [random.choice((low, high))]
        is_operator = any(CLASSES[c.name].operator for c in oracle.classes)
        at_zero = centred or not {c.name for c in oracle.classes} <= SHIFTED - {"quadratic"}
        centre = tuple(Fraction(0) if at_zero else Fraction(random.randint(-6, 6), 2) for _ in range(3))
        found[oracle.name] = Diagonal(tuple(random.choice(choices) for _ in range(3)), centre, is_operator)
    return found


def curvatures(oracle: Oracle, values: Mapping[str, Fraction]) -> tuple[Fraction, Fraction] | None:
    """The curvatures that all classes of an oracle allow; not negative where it has a minimiser."""
    lows: list[Fraction] = [ZERO] if any(p.minimiser for p in oracle.points) else []
    highs: list[Fraction] = []
    for c in oracle.classes:
        if c.name not in RANGES:
            return None
        arguments = [None if a is None else at(a, values) for a in c.arguments]
        low, high = RANGES[c.name](*arguments)
        lows += [low] if low is not None else []
        highs += [high] if high is not None else []
    low = max(lows, default=None)
    high = min(highs, default=None)
    if low is None:
        low = (high or ZERO) - WIDTH
    if high is None:
        high = low + WIDTH
    return None if low > high else (low, high)
