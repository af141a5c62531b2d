"""A claim run by the reference evaluator: numbers for all that it reads, its sides and its states as they come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.claims import Claim, Relation, scalar_of
from optgen.ir.evaluate import evaluate
from optgen.ir.nodes import AnyNode, Tensor
from optgen.ir.program import Function
from optgen.proof.quantities import NotLinear

Expand = Callable[[Function], Function]
Oracles = Mapping[str, Callable[..., Any]]


class NoValueError(ZeroDivisionError):
    """A side of a claim that has no value at these numbers: what is said of it says nothing there."""


def no_point(label: str) -> Any:
    raise NotLinear(f"{label} has no place")


@dataclass(slots=True)
class Evaluation:
    """`arrays`: nested lists of exact numbers by input; `size`: of every dim that `sizes` does not name; `place_of`:
    where a minimiser (`x*`, `argmin f`) or a fixed point (`z*`) lies.  `steps` is the largest iterate that was asked.
    """

    claim: Claim
    arrays: Mapping[ir.Input, Any]
    oracles: Oracles
    sizes: Mapping[str, int] = field(default_factory=dict)
    size: int = 1
    place_of: Callable[[str], Any] = no_point
    mean: Callable[[Tensor], Tensor] = lambda argument: argument  # of an expectation: what stands for it
    specials: dict[str, ir.Input] = field(default_factory=dict)
    steps: int = 0

    def sides(self, goal: Relation, expand: Expand) -> tuple[Any, Any]:
        """Both sides of a goal, exact where the evaluator can be; of vectors their squared distance, and 0."""
        first, second = self.values([goal.left, goal.right], expand)
        if not (all_finite(first) and all_finite(second)):
            raise NoValueError("a side without a value")
        if goal.left.axes:
            return sum((Fraction(a - b) ** 2 for a, b in zip(first, second, strict=True)), Fraction(0)), Fraction(0)
        left, right = first.item(), second.item()
        inexact = isinstance(left, float) or isinstance(right, float)
        return (float(left), float(right)) if inexact else (Fraction(left), Fraction(right))

    def values(self, given: Sequence[Tensor], expand: Expand) -> list[Any]:
        """Values of tensors of the claim or its program: fractions, or floats where a root is taken."""
        try:
            return self.run(given, expand)
        except ir.IRError:
            return self.run(given, expand, "float64")

    def run(self, given: Sequence[Tensor], expand: Expand, real: str = "exact") -> list[Any]:
        resolved = self.resolved(given)
        ready = expand(Function("claim", (), (), tuple((f"result {n}", t) for n, t in enumerate(resolved))))
        tensors = [t for _, t in ready.results]
        inside = {n for n in walk.postorder(tensors) if isinstance(n, ir.Input)}
        known = {made: array for made, array in self.arrays.items() if made in inside}
        known |= {made: self.place_of(label) for label, made in self.specials.items() if made in inside}
        dims = {n.name: self.size for n in walk.postorder(tensors) if isinstance(n, ir.Dim)} | dict(self.sizes)
        function = Function("claim", tuple(dims), tuple(known), ready.results)
        values = list(known.values())
        if real != "exact":
            values = [as_floats(v) for v in values]
        return evaluate(function, dims, values, real, self.oracles)

    # ------------------------------------------------------------ calls that only claims have

    def resolved(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Iterates as the step itself, points as inputs, expectations as what stands for them."""
        numbers: dict[AnyNode, AnyNode] = {
            made: ir.array((), ir.constant(array))
            for made, array in self.arrays.items()
            if not made.axes and made.dtype == "int" and isinstance(array, int)
        }
        return walk.rewrite(walk.substitute(tensors, numbers) if numbers else tensors, self.replaced)

    def replaced(self, node: AnyNode) -> AnyNode | None:
        if not isinstance(node, ir.Output) or not isinstance(node.source, ir.Call):
            return None
        call, attributes = node.source, dict(node.source.attributes)
        match call.function:
            case "expectation":
                return self.mean(call.arguments[0])
            case "iterate":
                return self.iterate(attributes["state"], call.arguments[0])
            case "argmin" | "argmax":
                name = f"{call.function} {attributes['function']}"
                return self.stand_in("x*" if len(self.claim.optima) == 1 else name, node.dtype, node.axes)
            case "fixed":
                return self.stand_in(f"{attributes['state']}*", node.dtype, node.axes)
        return None

    def stand_in(self, label: str, dtype: ir.Dtype, axes: tuple[ir.Scalar, ...]) -> ir.Input:
        """The input that stands for a point, whose place is asked for when it is read."""
        return self.specials.setdefault(label, ir.Input(label, dtype, axes))

    def iterate(self, state: str, place: Tensor) -> Tensor:
        number = scalar_of(place)
        if not isinstance(number, ir.Constant):
            raise NotLinear("an iterate whose number is not known")
        assert self.claim.program is not None
        names = [s.name for s in self.claim.program.states]
        return self.after(int(number.value))[names.index(state)]

    def after(self, steps: int) -> list[Tensor]:
        """The states after so many steps from the start."""
        program = self.claim.program
        assert program is not None
        self.steps = max(self.steps, steps)
        now: list[Tensor] = [s.initial for s in program.states]
        phase = program.phases[0]
        for k in range(steps):
            here: dict[AnyNode, AnyNode] = {s.input: t for s, t in zip(program.states, now, strict=True)}
            here[phase.done] = ir.array((), ir.constant(k))
            now = walk.substitute(phase.following, here)
        return now


def all_finite(array: Any) -> bool:
    return all(isfinite(entry) for entry in array.reshape(-1).tolist())


def as_floats(item: Any) -> Any:
    if isinstance(item, list):
        return [as_floats(part) for part in item]
    return float(item) if isinstance(item, Fraction) else item


def as_text(item: Any) -> Any:
    """Nested lists or an array of numbers as data."""
    if hasattr(item, "tolist"):
        item = item.tolist()
    if isinstance(item, list | tuple):
        return [as_text(part) for part in item]
    if isinstance(item, float) and not isfinite(item):
        raise NoValueError("no number")
    return item if isinstance(item, bool) else str(Fraction(item))


HOLDS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "<=": lambda left, right, slack: left <= right + slack,
    "<": lambda left, right, slack: left < right + slack,
    ">=": lambda left, right, slack: left + slack >= right,
    ">": lambda left, right, slack: left + slack > right,
    "==": lambda left, right, slack: abs(left - right) <= slack,
    "!=": lambda left, right, slack: left != right,
}


def holds_at(operator: str, left: Any, right: Any) -> bool:
    """Whether a relation holds between numbers; between floats, but for rounding."""
    inexact = isinstance(left, float) or isinstance(right, float)
    slack = 1e-9 * (1 + abs(float(left)) + abs(float(right))) if inexact else 0
    return bool(HOLDS[operator](left, right, slack))
