"""Means over draws and over members of a family: which vectors depend on what, and what is orthogonal to what.

A random member and the member that a mean runs over are one thing: products of vectors stand for their means.  A vector
that belongs to a member is its mean over the members plus a deviation; what a sample answers is the gradient plus an
error.  Deviations and errors have mean 0 given all that does not depend on the same choice, so they are orthogonal to
it.  A choice is named by a *key*: the draw and its step, or the index of a mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeGuard

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.proof.polynomial import Number
from optgen.proof.problem import Form, Quadratic, constant, inner, square

OPEN = -1  # the place of a member that stands for all
MEMBER = "member of "  # begins the key of an index of a mean

# classes to which the mean of members belongs as well
MEANS_BELONG = frozenset({
    "convex", "concave", "smooth", "strongly_convex", "weakly_convex", "smooth_strongly_convex", "lipschitz"
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """The number of a member that is drawn, or over which a mean runs; `dimension` has the members."""

    key: str
    dimension: str
    offset: Fraction = Fraction(0)


@dataclass(slots=True)
class Averages:
    """depends: the keys a vector depends on, by its name; centred: forms of mean 0 given all that is free of a key.

    errors: at which point of which function a sample errs, by the error's name; families: what bare f is of its
    members, and over which dimension; batches: dimensions of samples, and whether one is a single member.
    """

    depends: dict[str, frozenset[str]] = field(default_factory=dict)
    centred: dict[str, tuple[Form, str]] = field(default_factory=dict)
    errors: dict[str, tuple[str, Form]] = field(default_factory=dict)
    families: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    dimensions: set[str] = field(default_factory=set)
    lengths: set[str] = field(default_factory=set)  # dimensions whose number is read
    labels: dict[str, str] = field(default_factory=dict)  # short names of keys
    batches: dict[str, bool] = field(default_factory=dict)
    draws: set[str] = field(default_factory=set)
    tied: Mapping[str, str] = field(default_factory=dict)  # dimension -> key of the draw that stands for its members
    normals: dict[str, Number] = field(default_factory=dict)  # vectors of standard normal numbers, and how many
    random: frozenset[str] = frozenset()  # compressors whose answers are drawn
    spreads: dict[str, tuple[Number, Number]] = field(default_factory=dict)  # bounds of noise: constant, relative
    compressors: frozenset[str] = frozenset()
    calls: dict[tuple[str, str], tuple[ir.Call, int]] = field(default_factory=dict)  # of compressors, by their points
    compressed: list[tuple[Form, str]] = field(default_factory=list)  # what they add, for each member of a dimension

    def keys(self, form: Form) -> frozenset[str]:
        """The keys on which a form depends."""
        return frozenset(key for name in form.terms for key in self.depends.get(name, ()))

    def label(self, key: str) -> str:
        """A short name of a choice: that of its draw, if no other has it."""
        short = key.removeprefix(MEMBER).rsplit("/", 1)[-1].removesuffix(";k")
        return short if self.labels.setdefault(short, key) == key else key

    def member_key(self, dimension: str) -> str:
        self.dimensions.add(dimension)
        return self.tied.get(dimension, MEMBER + dimension)

    def split(self, name: str, key: str, rest: frozenset[str]) -> Form:
        """A vector of a member as its mean and its deviation."""
        mean, deviation = f"mean {name}", f"({name} - mean)"
        self.depends |= {mean: rest - {key}, deviation: rest | {key}}
        one = Form({deviation: Fraction(1)})
        self.centred[deviation] = (one, key)
        return Form({mean: Fraction(1)}) + one

    def compressor(self, answer: Form, x: Form, name: str, members: Iterable[str]) -> None:
        """An unbiased compressor was asked at x: what it adds has mean 0 given all that is free of this call."""
        added = answer - x
        self.draws.add(name)
        self.centred[name] = (added, name)
        self.compressed += [(added, key.removeprefix(MEMBER)) for key in members]

    def error(self, name: str, key: str, rest: frozenset[str]) -> Form:
        """A vector of mean 0 given all that is free of the key."""
        one = Form({name: Fraction(1)})
        self.depends[name] = rest | {key}
        self.centred[name] = (one, key)
        return one

    def mean(self, form: Form, key: str) -> Form | None:
        """The mean of a form over what a key chooses; None if that is not known."""
        left = {n: c for n, c in form.terms.items() if key not in self.depends.get(n, ())}
        gone = form.terms.keys() - left.keys()
        if any(name not in self.centred or self.centred[name][1] != key for name in gone):
            return None
        return Form(left)

    def orthogonal(self, names: Iterable[str], after: Mapping[str, Form]) -> dict[str, Quadratic]:
        """What is 0 among the names that are left; `after` says what became of the centred forms."""
        found: dict[str, Quadratic] = {}
        for label, count in self.normals.items():
            found[f"{label} has so many normal numbers"] = square(after[label]) - constant(count)
        for label, (_, key) in self.centred.items():
            for name in sorted(names):
                if key not in self.depends.get(name, ()):
                    product = inner(after[label], Form({name: Fraction(1)}))
                    if product.products:
                        found[f"{label} is independent of {name}"] = product
        return found


def is_draw(key: str) -> bool:
    return not key.startswith(MEMBER)


def sampled(body: ir.Scalar, index: ir.Index) -> bool:
    """Whether members are drawn, one for each value of the index."""
    chosen = (n.arguments[1] for n in walk.postorder([body]) if is_member(n))
    return any(index in place.free and any(d.law == "index" for d in drawn_in(place)) for place in chosen)


def is_member(node: ir.AnyNode) -> TypeGuard[ir.Call]:
    """Whether a node asks a member of a family."""
    return isinstance(node, ir.Call) and node.function.startswith("oracle ") and node.function.endswith("[i]")


def drawn_in(body: ir.AnyNode) -> Iterable[ir.Draw]:
    return (n for n in walk.postorder([body]) if isinstance(n, ir.Draw))


def of_members(body: ir.Scalar, index: ir.Index) -> bool:
    """Whether an index chooses members: the number of a function, or the row of an array of vectors."""
    for node in walk.postorder([body]):
        if is_member(node) and index in node.arguments[1].free:
            return True
        if isinstance(node, ir.Access) and len(node.indices) > 1 and node.indices[0] is index:
            return True
    return False


def families_in(roots: Iterable[ir.AnyNode]) -> dict[str, tuple[str, str]]:
    """`mean` or `sum`, and the dimension, of every family that is asked for members."""
    found: dict[str, tuple[str, str]] = {}
    for node in walk.postorder(list(roots)):
        if is_member(node):
            kind, _, dimension = str(dict(node.attributes).get("members", "")).partition(" ")
            found[node.function.removeprefix("oracle ")[:-3]] = (kind, dimension)
    return found
