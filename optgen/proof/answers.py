"""What oracles were asked so far: points by their forms, values that wait for a point, means of members and draws.

Equal points of an oracle are one point, so a subgradient is the same at equal points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.proof.averages import MEMBER, Averages, is_draw
from optgen.proof.cancel import lowest
from optgen.proof.polynomial import Number, symbol, to_json
from optgen.proof.problem import NOWHERE, Form, Point, Quadratic, value, vector
from optgen.proof.quantities import NotLinear, form_key, placed

MARK = "the argument of "


@dataclass(slots=True)
class Asked:
    """The points where an oracle was asked so far, by their forms; `free` counts answers at points without a name."""

    points: dict[str, Point] = field(default_factory=dict)
    steps: dict[str, tuple[Form, Form]] = field(default_factory=dict)  # of a prox: (point, subgradient) by its input


@dataclass(slots=True)
class Answers:
    """`sizes` are lengths of axes by the names of their dims."""

    sizes: Mapping[str, int]
    asked: dict[str, Asked] = field(default_factory=dict)
    waiting: dict[str, tuple[str, Form]] = field(default_factory=dict)  # values at points with a marker
    names: dict[str, int] = field(default_factory=dict)
    averages: Averages = field(default_factory=Averages)

    def _dimension(self, name: str) -> Number:
        self.averages.lengths |= {name}
        return Fraction(self.sizes[name]) if name in self.sizes else lowest(symbol(name))

    def point(self, oracle: str, x: Form) -> Point:
        """The point of an oracle at x, asked for the first time or again."""
        if any(name.startswith(MARK) for name in x.terms):
            raise NotLinear("an operator inside a derivative")
        known = self.asked.setdefault(oracle, Asked()).points
        key = form_key(x)
        if key not in known:
            known[key] = self.answered(oracle, self.point_name(x), x)
        return known[key]

    def answered(self, oracle: str, name: str, x: Form) -> Point:
        """What an oracle says at a place where it was not asked before."""
        base, _, member = oracle.partition("[")
        if member and not member[:-1].isdigit():
            return self.of_member(oracle, base, member[:-1], name, x)
        if base in self.averages.families and not member:
            kind, dimension = self.averages.families[base]
            if dimension in self.sizes:  # f is what it is of its members
                points = [self.point(f"{base}[{i + 1}]", x) for i in range(self.sizes[dimension])]
                weight = Fraction(1, len(points)) if kind == "mean" else Fraction(1)
                g, f = NOWHERE, Quadratic({}, {})
                for p in points:
                    g, f = g + weight * p.g, f + weight * p.f
                return Point(name, x, g, f)
        keys = self.averages.keys(x)
        members = [key for key in keys if key.startswith(MEMBER)]
        if len(members) > 1:
            raise NotLinear("answers that depend on two members")
        answer = f"{oracle}'({name})"
        call = f"{oracle} drawn at {name}"
        keys |= {call} if oracle in self.averages.random else frozenset()
        self.averages.depends[answer] = keys
        g = self.averages.split(answer, members[0], keys) if members else vector(answer)
        if oracle in self.averages.random:
            self.averages.compressor(g, x, call, members)
        return Point(name, x, g, value(f"{oracle}({name})"))

    def of_member(self, oracle: str, base: str, key: str, name: str, x: Form) -> Point:
        """A member that is drawn, or stands for all: its gradient is that of f plus an error of mean 0."""
        keys = self.averages.keys(x)
        kind, dimension = self.averages.families[base]
        if any(k.startswith(MEMBER) and k != key for k in keys):
            raise NotLinear("a member asked where another member is")
        answer, own = f"{oracle}'({name})", value(f"{oracle}({name})")
        if key in keys:
            if not is_draw(key):
                return Point(name, x, self.averages.split(answer, key, keys), own)
            self.averages.depends[answer] = keys
            return Point(name, x, vector(answer), own)
        whole = self.point(base, x)
        weight = Fraction(1) if kind == "mean" else 1 / self._dimension(dimension)
        error_name = f"({base}[{self.averages.label(key)}] - {base})'({name})"
        error = self.averages.error(error_name, key, keys)
        self.averages.errors[error_name] = (base, x)
        return Point(name, x, weight * whole.g + error, weight * whole.f)

    def point_name(self, x: Form) -> str:
        """A short name: that of the vector it is, else a number of its own."""
        if len(x.terms) == 1 and next(iter(x.terms.values())) == 1:
            return next(iter(x.terms))
        key = form_key(x)
        if key not in self.names:
            self.names[key] = len(self.names) + 1
        return f"y{self.names[key]}"

    def asked_value(self, oracle: str, x: Form) -> Quadratic:
        if not any(name.startswith(MARK) for name in x.terms):
            return self.point(oracle, x).f
        name = f"{oracle} at {form_key(x)}"
        self.waiting[name] = (oracle, x)
        return value(name)

    def implicit(self, oracle: str, z: Form, step: Number) -> Form:
        """prox(h, t)(z) = z - t s, s a subgradient of h there (an answer of the operator)."""
        known = self.asked.setdefault(oracle, Asked())
        key = f"{form_key(z)} {to_json(lowest(step))}"
        if key not in known.steps:
            answer = f"{oracle}'({self.implicit_name(oracle)})"
            s = vector(answer)
            x = z - step * s
            name = answer[len(oracle) + 2 : -1]
            known.points[form_key(x)] = Point(name, x, s, value(f"{oracle}({name})"))
            known.steps[key] = (x, s)
        return known.steps[key][0]

    def implicit_name(self, oracle: str) -> str:
        return f"p{sum(len(a.steps) for a in self.asked.values()) + 1}"

    # ------------------------------------------------------------ gradients

    def differentiated(self, body: Quadratic, mark: str, point: Form) -> Form:
        total = NOWHERE
        for (a, b), c in body.products.items():
            for side, other in ((a, b), (b, a)):
                if side == mark:
                    total = total + c * vector(other)
        for name, c in body.values.items():
            if name in self.waiting:
                oracle, x = self.waiting[name]
                slope = x.terms.get(mark)
                if slope is not None:
                    total = total + (c * slope) * self.slope(oracle, placed(x, mark, point))
        return placed(total, mark, point)

    def slope(self, oracle: str, x: Form) -> Form:
        return self.point(oracle, x).g
