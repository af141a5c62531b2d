"""A function of a vector taken apart: the pieces of which `prox` knows how to put together the answer.

`c*sum(i: a[i]*abs(x[i] - s[i]) + q[i]*x[i]^2 + b[i]*x[i]) + d*h(x)`, with h a function that has a prox of its own (a
norm, an indicator, an oracle).  Reads the IR of the function, never the text, so that it does not matter how it was
written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Scalar
from optgen.ir.operations import apply

Scale = Callable[[Scalar], Scalar]


@dataclass(frozen=True, slots=True)
class Entry:
    """a*abs(u - shift) + square*u^2 + slope*u of an entry u; None is 0."""

    square: Scalar | None = None
    slope: Scalar | None = None
    kinks: tuple[tuple[Scalar, Scalar | None], ...] = ()  # weight, shift


@dataclass(frozen=True, slots=True)
class Pieces:
    """The entry's piece over `indices`, and at most one base function: (kind, what, weight)."""

    entry: Entry
    indices: tuple[ir.Index, ...]
    base: tuple[str, Any, Scalar] | None = None


class Unknown(Exception):
    """A term that none of the rules takes."""


def add(a: Scalar | None, b: Scalar | None) -> Scalar | None:
    return b if a is None else a if b is None else apply("add", a, b)


def times(c: Scalar, a: Scalar | None) -> Scalar | None:
    return None if a is None else apply("mul", c, a)


def joined(a: Entry, b: Entry) -> Entry:
    return Entry(add(a.square, b.square), add(a.slope, b.slope), (*a.kinks, *b.kinks))


def scaled(c: Scalar, a: Entry) -> Entry:
    kinks = tuple((apply("mul", c, weight), shift) for weight, shift in a.kinks)
    return Entry(times(c, a.square), times(c, a.slope), kinks)


ONE, MINUS, HALF = ir.constant(1, "real"), ir.constant(-1, "real"), ir.constant(0.5, "real")


def taken_apart(result: Scalar, point: ir.Input, indices: tuple[ir.Index, ...], sets: Any) -> Pieces:
    """The pieces of a number that depends on the entries of `point`; Unknown if some term has no rule."""
    reader = _Reader(point, indices, sets)
    total = Pieces(Entry(), indices)
    for weight, term in reader.terms(result, ONE):
        piece = reader.term(term)
        if piece.base is not None and total.base is not None:
            raise Unknown
        base = None if piece.base is None else (*piece.base[:2], apply("mul", weight, piece.base[2]))
        total = Pieces(joined(total.entry, scaled(weight, piece.entry)), indices, base or total.base)
    return total


@dataclass(frozen=True, slots=True)
class _Reader:
    point: ir.Input
    indices: tuple[ir.Index, ...]
    sets: Any

    def reads(self, node: Any) -> bool:
        return any(part is self.point for part in walk.postorder([node]))

    def terms(self, node: Scalar, weight: Scalar) -> list[tuple[Scalar, Scalar]]:
        """The summands that depend on the point, each with a factor that does not."""
        if not self.reads(node):
            return []
        match node:
            case ir.Operation(name="add", arguments=(a, b)):
                return [*self.terms(a, weight), *self.terms(b, weight)]
            case ir.Operation(name="sub", arguments=(a, b)):
                return [*self.terms(a, weight), *self.terms(b, apply("neg", weight))]
            case ir.Operation(name="neg", arguments=(a,)):
                return self.terms(a, apply("neg", weight))
            case ir.Operation(name="mul", arguments=(a, b)) if not self.reads(a):
                return self.terms(b, apply("mul", weight, a))
            case ir.Operation(name="mul", arguments=(a, b)) if not self.reads(b):
                return self.terms(a, apply("mul", weight, b))
            case ir.Operation(name="div", arguments=(a, b)) if not self.reads(b):
                return self.terms(a, apply("div", weight, b))
            case ir.Access(tensor=ir.Array(indices=(), body=body)):
                return self.terms(body, weight)
        return [(weight, node)]

    def term(self, node: Scalar) -> Pieces:
        if node in self.sets and self.is_point(self.sets[node][1]):
            return Pieces(Entry(), self.indices, ("set", self.sets[node][0], ONE))
        match node:
            case ir.Access(tensor=ir.Output(source=ir.Call(function=name, arguments=(argument,)))) if name.startswith(
                "oracle "
            ) and self.is_point(argument):
                return Pieces(Entry(), self.indices, ("oracle", name.removeprefix("oracle "), ONE))
            case ir.Reduce(kind="sum", indices=indices, condition=None, body=body):
                return Pieces(self.entry(self.renamed(body, indices), ONE), self.indices)
            case ir.Reduce(
                kind="max", indices=indices, condition=None, body=ir.Operation(name="abs", arguments=(inner,))
            ) if self.own(self.renamed(inner, indices)):
                return Pieces(Entry(), self.indices, ("norminf", None, ONE))
            case ir.Choose(otherwise=ir.Operation(name="sqrt", arguments=(square,))) if self.sum_of_squares(square):
                return Pieces(Entry(), self.indices, ("norm", None, ONE))
        if not self.indices:
            return Pieces(self.entry(node, ONE), ())
        raise Unknown

    def is_point(self, tensor: Any) -> bool:
        return tensor is self.point

    def renamed(self, body: Scalar, indices: tuple[ir.Index, ...]) -> Scalar:
        """A summand with the point's own indices; each of the sum's must run along one axis of the point."""
        if len(indices) != len(self.indices):
            raise Unknown
        reads = {
            node.indices for node in walk.postorder([body]) if isinstance(node, ir.Access) and node.tensor is self.point
        }
        if len(reads) != 1 or set(next(iter(reads))) != set(indices):
            raise Unknown
        order = next(iter(reads))
        return walk.substitute([body], dict(zip(order, self.indices, strict=True)))[0]

    def own(self, node: Scalar) -> bool:
        return isinstance(node, ir.Access) and node.tensor is self.point and node.indices == self.indices

    def sum_of_squares(self, node: Scalar) -> bool:
        match node:
            case ir.Reduce(kind="sum", indices=indices, condition=None, body=body):
                match self.renamed(body, indices):
                    case ir.Operation(name="mul", arguments=(a, b)) if a is b and self.own(a):
                        return True
        return False

    # ------------------------------------------------------------ one entry

    def entry(self, node: Scalar, weight: Scalar) -> Entry:
        total = Entry()
        for factor, term in self.terms(node, weight):
            total = joined(total, scaled(factor, self.one(term)))
        return total

    def one(self, node: Scalar) -> Entry:
        if self.own(node):
            return Entry(slope=ONE)
        match node:
            case ir.Operation(name="abs", arguments=(inner,)):
                rate, offset = self.line(inner)
                shift = None if offset is None else apply("neg", apply("div", offset, rate))
                return Entry(kinks=((apply("abs", rate), shift),))
            case (
                ir.Operation(name="mul", arguments=(a, b))
                | ir.Operation(name="power_int", arguments=(a, ir.Constant(value=2) as b))
            ):
                (p, q), (r, s) = self.line(a), self.line(a if node.name == "power_int" else b)
                cross = add(times(p, s), times(r, q))
                return Entry(square=apply("mul", p, r), slope=cross)
            case ir.Operation(name="maximum", arguments=(a, ir.Constant(value=0))):
                size = self.one(apply("abs", a))
                rate, _ = self.line(a)
                return joined(scaled(HALF, size), Entry(slope=apply("mul", HALF, rate)))
        raise Unknown

    def line(self, node: Scalar) -> tuple[Scalar, Scalar | None]:
        """rate*u + offset."""
        rate: Scalar | None = None
        for factor, term in self.terms(node, ONE):
            if not self.own(term):
                raise Unknown
            rate = add(rate, factor)
        if rate is None:
            raise Unknown
        return rate, self.rest(node)

    def rest(self, node: Scalar) -> Scalar | None:
        """A line at u = 0."""
        if not self.reads(node):
            return None if isinstance(node, ir.Constant) and node.value == 0 else node
        match node:
            case ir.Operation(name="add", arguments=(a, b)):
                return add(self.rest(a), self.rest(b))
            case ir.Operation(name="sub", arguments=(a, b)):
                return add(self.rest(a), times(MINUS, self.rest(b)))
            case ir.Operation(name="neg", arguments=(a,)):
                return times(MINUS, self.rest(a))
            case ir.Operation(name="mul", arguments=(a, b)):
                return times(a, self.rest(b)) if not self.reads(a) else times(b, self.rest(a))
            case ir.Operation(name="div", arguments=(a, b)):
                return times(apply("div", ONE, b), self.rest(a))
        return None


__all__ = ["Entry", "Pieces", "Unknown", "replace", "taken_apart"]
