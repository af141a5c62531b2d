"""The order of a Runge-Kutta method, read off its step: the step is run on formal vectors, which gives the tableau.

The reference evaluator runs the step with a formal vector as state and a symbol as step length; what it asks of f,
and what it makes of the answers, are linear forms.  The tableau is attacked with differential equations, one for each
rooted tree: y_tree' is the product of the y of its branches.  There a step is exact in rationals and gives, for every
tree, the weight of the method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.evaluate import evaluate
from optgen.ir.program import Function, Program
from optgen.proof.attack import MistranslatedError
from optgen.proof.cancel import lowest
from optgen.proof.meanings import HIGHEST, check_order, density, trees, weight
from optgen.proof.polynomial import Number, Ratio, symbol
from optgen.proof.problem import Form, vector
from optgen.proof.quantities import NotLinear
from optgen.proof.verdict import Part

LENGTH = "h"
REPLAYED = Fraction(2, 3)  # the step length of the attack


@dataclass(frozen=True, slots=True, eq=False)
class Formal:
    """A vector that is only known by its name: it is added, and multiplied by numbers."""

    form: Form

    def __add__(self, other: Any) -> Formal:
        return self if is_zero(other) else Formal(self.form + formal(other).form)

    __radd__ = __add__

    def __neg__(self) -> Formal:
        return Formal(-self.form)

    def __sub__(self, other: Any) -> Formal:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Formal:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Formal:
        if isinstance(other, Formal):
            raise NotLinear("a product of vectors")
        return Formal(number(other) * self.form)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Formal:
        return Formal((1 / number(other)) * self.form)

    def __eq__(self, other: object) -> bool:
        raise NotLinear("a comparison of vectors")

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]


def is_zero(item: Any) -> bool:
    return not isinstance(item, Formal | Ratio) and item == 0


def formal(item: Any) -> Formal:
    if not isinstance(item, Formal):
        raise NotLinear("a number added to a vector")
    return item


def number(item: Any) -> Number:
    if not isinstance(item, int | Fraction | Ratio):
        raise NotLinear("a vector divides")
    return Fraction(item) if isinstance(item, int) else item


@dataclass(frozen=True, slots=True)
class Tableau:
    """Stages: y_i = z + h sum a_ij f(y_j) at t + c_i h; the step z + h sum b_i f(y_i)."""

    a: tuple[tuple[Fraction, ...], ...]
    b: tuple[Fraction, ...]


def order_claim(program: Program, claimed: Fraction) -> Part:
    """Whether a method has exactly this order: all conditions up to it hold, and one of the next does not."""
    part = Part()
    if claimed.denominator != 1 or not 1 <= claimed < HIGHEST:
        part.tried.append(("rooted trees", f"orders from 1 to {HIGHEST - 1}", 0.0))
        return part
    order = int(claimed)
    try:
        found = tableau(program)
    except (NotLinear, ir.IRError, TypeError) as why:
        part.tried.append(("rooted trees", f"not applicable: {why}", 0.0))
        return part
    attack(program, found, order + 1)
    wrong = failing(found, order)
    if wrong is not None:
        return refuted(part, wrong, found, f"order {order} does not hold")
    beyond = failing(found, order + 1)
    if beyond is None:
        part.tried.append(("rooted trees", f"the conditions of order {order + 1} hold too", 0.0))
        part.status = "refuted"
        part.counterexample = {"kind": "order", "violated": f"its order is at least {order + 1}", "replayed": True}
        return part
    a, b = [[str(e) for e in row] for row in found.a], [str(e) for e in found.b]
    part.certificate = {"kind": "order", "a": a, "b": b, "order": order, "not": beyond}
    report = check_order(part.certificate)
    part.status, part.trust, part.words = "proved", report.trust, report.words
    part.tried.append(("rooted trees", "the conditions hold", 0.0))
    return part


def refuted(part: Part, tree: Any, found: Tableau, why: str) -> Part:
    """A differential equation of polynomials on which a step errs."""
    size = len(flat(tree))
    error = weight(tree, found.a, found.b) - 1 / Fraction(density(tree))
    part.status = "refuted"
    part.counterexample = {
        "kind": "order",
        "functions": {"f": {"kind": "Tree", "equations": equations(tree)}},
        "violated": f"{why}: after a step of length h from 0 the error of the last is {error}*h^{size}",
        "replayed": True,
    }
    return part


def failing(found: Tableau, order: int) -> Any:
    """A tree of at most so many nodes whose condition does not hold."""
    every = (tree for size in range(1, order + 1) for tree in trees(size))
    return next((t for t in every if weight(t, found.a, found.b) * density(t) != 1), None)


# ---------------------------------------------------------------- the tableau of a step


def tableau(program: Program) -> Tableau:
    """The tableau of a step; NotLinear where it is none of a Runge-Kutta method."""
    h = lowest(symbol(LENGTH))
    asked: list[tuple[Form, Number | None]] = []

    def f(x: Any, t: Any = None) -> list[Formal]:
        (entry,) = x
        asked.append((formal(entry).form, None if t is None else number(t.item())))
        return [Formal(vector(f"k{len(asked)}"))]

    after = step(program, {"z": [Formal(vector("z"))]}, h, 1, f)
    names = [f"k{i + 1}" for i in range(len(asked))]
    rows = [coefficients(form, names, h) for form, _ in asked]
    for row, (_, time) in zip(rows, asked, strict=True):
        if time is not None and lowest(time - sum(row, Fraction(0)) * h) != 0:
            raise NotLinear("a stage does not stand at the sum of its row")
    return Tableau(tuple(rows), coefficients(formal(after[0]).form, names, h))


def coefficients(form: Form, names: Sequence[str], h: Number) -> tuple[Fraction, ...]:
    """z + h sum w_i k_i as the numbers w_i."""
    if form.terms.get("z") != 1:
        raise NotLinear("a stage that does not begin where the step does")
    found = []
    for name in names:
        w = lowest(form.terms.get(name, Fraction(0)) / h)
        if not isinstance(w, Fraction):
            raise NotLinear("weights that depend on the length of the step")
        found.append(w)
    return tuple(found)


def step(program: Program, start: Mapping[str, list[Any]], h: Number, size: int, f: Any) -> list[Any]:
    """The state after one step; its params but the only one that has no other meaning are not read."""
    vectors = [s for s in program.states if len(s.input.axes) == 1]
    if len(vectors) != 1 or len(program.phases) != 1 or len(program.oracles) != 1:
        raise NotLinear("a method with one function and one vector as its state is needed")
    place = [s.name for s in program.states].index(vectors[0].name)
    result = program.phases[0].following[place]
    lengths = [s for s in program.slots if s.kind == "param" and s.name not in ("steps", "tol")]
    if len(lengths) != 1:
        raise NotLinear("a method with one param, the length of its step, is needed")
    values: dict[ir.Input, Any] = {lengths[0].input: h, vectors[0].input: next(iter(start.values()))}
    values |= {s.input: Fraction(0) for s in program.states if not s.input.axes}
    dims = {axis.name: size for axis in vectors[0].input.axes if isinstance(axis, ir.Dim)}
    function = Function("step", tuple(dims), tuple(values), (("after", result),))
    (found,) = evaluate(function, dims, list(values.values()), "exact", {f"oracle {program.oracles[0]}": f})
    return list(found)


# ---------------------------------------------------------------- attack


def attack(program: Program, found: Tableau, order: int) -> None:
    """The step run on the equations of all trees gives their weights."""
    every = [tree for size in range(1, order + 1) for tree in trees(size)]
    places = {tree: k for k, tree in enumerate(every)}

    def f(x: Any, t: Any = None) -> list[Fraction]:
        return [product(x[places[branch]] for branch in tree) for tree in every]

    after = step(program, {"z": [Fraction(0)] * len(every)}, REPLAYED, len(every), f)
    for tree, value in zip(every, after, strict=True):
        if value != weight(tree, found.a, found.b) * REPLAYED ** len(flat(tree)):
            raise MistranslatedError(f"the tableau of {program.name} is not that of its step")


def product(items: Any) -> Fraction:
    total = Fraction(1)
    for item in items:
        total *= Fraction(item)
    return total


def flat(tree: Any) -> list[Any]:
    """A tree and all below it."""
    return [tree, *(node for branch in tree for node in flat(branch))]


def equations(tree: Any) -> list[str]:
    """The differential equations of a tree, the last is its own."""
    found: list[Any] = []
    for node in sorted(flat(tree), key=lambda n: len(flat(n))):
        if node not in found:
            found.append(node)
    name = {node: f"y{k + 1}" for k, node in enumerate(found)}
    return [f"{name[n]}' = {'*'.join(name[b] for b in n) or '1'}" for n in found]
