"""An IR expression over the reals, compiled for Arb: enclosures of its value and of its Taylor coefficients.

    meaning = Meaning.of(expression, [x])
    meaning.value([ball], precision)                  a ball that holds f at every point of the argument balls
    meaning.taylor(ball, order, precision)            balls of f^(k)/k! at every point, k = 0 .. order - 1
    meaning.refined(point, bits)                      f at an exact point to so many bits, whatever cancels

All raise `Undefined` where f has no value at any point, `Undecided` where no finite enclosure was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import flint
from flint import arb

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import Input, Scalar
from optgen.symbolic import jets, ranges
from optgen.symbolic.jets import Jet, Undecided, Undefined
from optgen.symbolic.special import RULES

__all__ = ["Meaning", "Undecided", "Undefined", "exact", "precision_of", "to_fraction"]
LARGEST_PRECISION = 8192


class Unsupported(ValueError):
    """The expression is no scalar function of its inputs: it reads tensors, draws, or calls."""


@contextmanager
def precision_of(bits: int, order: int = 1) -> Iterator[None]:
    """Arb's working precision and the length of series, set for a block: both are global to the process."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = bits, order + 2
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


def exact(value: float | Fraction | int) -> Any:
    """A dyadic rational as an exact ball, whatever the precision."""
    if isinstance(value, float):
        return arb(value)
    made = Fraction(value)
    if made.denominator & (made.denominator - 1):
        raise ValueError(f"{made} is no dyadic rational")
    with precision_of(max(53, made.numerator.bit_length() + 2)):
        return arb(flint.fmpz(made.numerator)) * arb(flint.fmpz(2)) ** (1 - made.denominator.bit_length())


def near(value: float | Fraction, precision: int) -> Any:
    """A rational number as a ball of that precision; exact if it is dyadic."""
    made = Fraction(value)
    if made.denominator & (made.denominator - 1) == 0:
        return exact(made)
    with precision_of(precision):
        return exact(made.numerator) / exact(made.denominator)


def to_fraction(ball: Any) -> Fraction:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


@dataclass(frozen=True, slots=True)
class Step:
    """One node, of kind input, constant, truth, choose, compare, logic or operation, with its earlier steps."""

    kind: str
    name: str
    arguments: tuple[int, ...]
    value: Any = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """An expression as steps, each after what it needs; the last is the result.  If it chooses, it is `lazy`:
    steps run when they are read."""

    steps: tuple[Step, ...]
    inputs: int
    lazy: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lazy", any(step.kind == "choose" for step in self.steps))

    @staticmethod
    def of(expression: Scalar, inputs: Sequence[Input]) -> Meaning:
        """Compile an expression of the IR over rank-0 real inputs."""
        places = {node: number for number, node in enumerate(inputs)}
        numbered: dict[Any, int] = {}
        steps: list[Step] = []
        for node in walk.postorder([expression]):
            if isinstance(node, ir.Access) and isinstance(node.tensor, ir.Array) and not node.indices:
                numbered[node] = numbered[node.tensor.body]
                continue
            step = _step(node, places, numbered)
            if step is not None:
                numbered[node] = len(steps)
                steps.append(step)
        return Meaning(tuple(steps), len(inputs))

    def value(self, arguments: Sequence[Any], precision: int) -> Any:
        """A finite ball that holds f(arguments)."""
        with precision_of(precision, 1):
            made = self._run([jets.jet([a], 1) for a in arguments], 1)
        return jets.head(made)

    def taylor(self, at: Any, order: int, precision: int) -> list[Any]:
        """Balls of the Taylor coefficients of a function of one input, valid at every point of the ball `at`."""
        with precision_of(precision, order):
            made = self._run([jets.jet([at, arb(1)] if order > 1 else [at], order)], order)
            found = list(made.coeffs())
        return found + [arb(0)] * (order - len(found))

    def partial(self, at: Sequence[Any], which: int, order: int, precision: int) -> list[Any]:
        """Balls of the Taylor coefficients along input `which`, the other inputs constant."""
        with precision_of(precision, order):
            seeds = [jets.jet([a, arb(1)] if k == which and order > 1 else [a], order) for k, a in enumerate(at)]
            found = list(self._run(seeds, order).coeffs())
        return found + [arb(0)] * (order - len(found))

    def range(self, at: Sequence[ranges.Range], precision: int) -> ranges.Range:
        """Exact ends between which f lies for all arguments between the given ends; (-inf, inf) if nothing is known."""
        made = self._ranges(at, precision)[-1]
        if isinstance(made, Undefined):
            raise made
        return made  # type: ignore[no-any-return]

    def bounded(self, at: Sequence[ranges.Range], precision: int) -> bool:
        """Whether something is known of every step of the range: then f has a value at all these arguments."""
        return not any(value == ranges.FULL or isinstance(value, Undefined) for value in self._ranges(at, precision))

    def _ranges(self, at: Sequence[ranges.Range], precision: int) -> list[Any]:
        """What lies between which ends, step by step; `Undefined` as a value where there is none."""
        values: list[Any] = []
        with precision_of(precision, 1):
            for step in self.steps:
                values.append(_do_ends(step, [values[k] for k in step.arguments], at))
        return values

    def refined(self, point: Sequence[float | Fraction], bits: int) -> Any:
        """f at rational points, with an error below 2^-bits |f|, or exactly 0; raises as `value`.

        The precision is doubled until that holds; `Undecided` at LARGEST_PRECISION.
        """
        precision = bits + 32
        while precision <= LARGEST_PRECISION:
            try:
                ball = self.value([near(value, precision) for value in point], precision)
                if ball.rel_accuracy_bits() >= bits or ball.is_zero():
                    return ball
            except Undecided:
                pass
            precision *= 2
        raise Undecided(f"no value of {bits} bits at {', '.join(str(float(p)) for p in point)}")

    def in_turns(self) -> Meaning | None:
        """f of u = x/(2 pi), for an f that reads its one input only as sin(x), cos(x) or tan(x); else None.

        sin and cos are those of pi times a rational: exact at quarter turns.
        """
        places = {number for number, step in enumerate(self.steps) if step.kind == "input"}
        steps: list[Step] = []
        moved: list[int] = []
        for step in self.steps:
            reads = places & set(step.arguments)
            if reads and not (step.kind == "operation" and step.name in ("sin", "cos", "tan")):
                return None
            arguments = tuple(moved[k] for k in step.arguments)
            if not reads:
                steps.append(replace(step, arguments=arguments))
            elif step.name == "tan":
                steps += [Step("operation", f"{name} of turns", arguments, TURNS[name]) for name in ("sin", "cos")]
                steps.append(Step("operation", "div", (len(steps) - 2, len(steps) - 1), RULES["div"]))
            else:
                steps.append(Step("operation", f"{step.name} of turns", arguments, TURNS[step.name]))
            moved.append(len(steps) - 1)
        return Meaning(tuple(steps), self.inputs) if places else None

    def reciprocal(self) -> Meaning | None:
        """1/f, for an f that is a quotient: finite at its poles."""
        last = self.steps[-1]
        if last.name != "div":
            return None
        return Meaning((*self.steps[:-1], replace(last, arguments=last.arguments[::-1])), self.inputs)

    def _run(self, seeds: Sequence[Jet], order: int) -> Jet:
        values: list[Any] = []
        if self.lazy:
            values = [None] * len(self.steps)
            _evaluate(self.steps, len(self.steps) - 1, seeds, order, values)
        else:
            for step in self.steps:
                values.append(_do(step, [values[k] for k in step.arguments], seeds, order))
        if values[-1].prec < order:
            raise Undecided("a coefficient is missing")  # and must not count as 0
        return jets.finite(values[-1])


def _step(node: Any, places: dict[Any, int], numbered: dict[Any, int]) -> Step | None:
    match node:
        case ir.Input():
            return None
        case ir.Access(tensor=ir.Input() as tensor, indices=()) if tensor in places:
            return Step("input", tensor.name, (), places[tensor])
        case ir.Array(indices=()):
            return None
        case ir.Constant(dtype="bool", value=value):
            return Step("truth", "", (), bool(value))
        case ir.Constant(value=value):
            return Step("constant", "", (), jets.rational(value))
        case ir.Choose(condition=c, then=a, otherwise=b):
            return Step("choose", "", (numbered[c], numbered[a], numbered[b]))
        case ir.Operation(name=name, arguments=arguments):
            places_of = tuple(numbered[a] for a in arguments)
            if name in jets.HOLDS and arguments[0] is arguments[1]:
                return Step("truth", "", (), name in ("eq", "le", "ge"))  # over the reals nothing is NaN
            if name in jets.HOLDS:
                return Step("compare", name, places_of)
            if name in ("and", "or", "not"):
                return Step("logic", name, places_of)
            if name in RULES:
                return Step("operation", name, places_of, RULES[name])
            raise Unsupported(f"{name} has no meaning over the reals")
    raise Unsupported(f"{type(node).__name__} is no elementwise expression")


def _evaluate(steps: Sequence[Step], goal: int, seeds: Sequence[Jet], order: int, values: list[Any]) -> None:
    """Run the steps that the goal needs; of a choice only the branch that is chosen."""
    stack = [goal]
    while stack:
        number = stack[-1]
        if values[number] is not None:
            stack.pop()
            continue
        step = steps[number]
        if step.kind == "choose" and values[step.arguments[0]] is not None:
            needed: tuple[int, ...] = (step.arguments[1 if values[step.arguments[0]] else 2],)
        else:
            needed = step.arguments[:1] if step.kind == "choose" else step.arguments
        missing = [k for k in needed if values[k] is None]
        if missing:
            stack.extend(missing)
        elif step.kind == "choose" and needed[0] == step.arguments[0]:
            continue
        else:
            values[number] = _do(step, [values[k] for k in needed], seeds, order)
            stack.pop()


def _do(step: Step, arguments: list[Any], seeds: Sequence[Jet], order: int) -> Any:
    match step.kind:
        case "operation":
            return step.value(order, *arguments)
        case "input":
            return seeds[step.value]
        case "constant":
            return jets.jet([jets.number(step.value)], order)
        case "truth":
            return step.value
        case "choose":
            return arguments[0]
        case "compare":
            return jets.compare(step.name, jets.head(arguments[0]), jets.head(arguments[1]))
    return LOGIC[step.name](*arguments)


def _do_ends(step: Step, arguments: list[Any], at: Sequence[ranges.Range]) -> Any:
    """A step on ranges: a range, a truth value or None for an undecided one, or `Undefined` as a value."""
    if step.kind == "choose":
        return _chosen_range(*arguments)
    failed = [a for a in arguments if isinstance(a, Undefined)]
    if failed:
        return failed[0]
    match step.kind:
        case "input":
            return at[step.value]
        case "constant":
            return ranges.made(jets.number(step.value), jets.number(step.value))
        case "truth":
            return step.value
        case "compare":
            return ranges.compare_ends(step.name, *arguments)
        case "logic":
            return None if None in arguments else LOGIC[step.name](*arguments)
    try:
        return ranges.apply_ends(step.name, tuple(arguments))
    except Undefined as undefined:
        return undefined


def _chosen_range(condition: Any, then: Any, otherwise: Any) -> Any:
    """The branch that is chosen, or the hull of both where that is not decided."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if isinstance(condition, Undefined):
        return condition
    known = [branch for branch in (then, otherwise) if not isinstance(branch, Undefined)]
    if len(known) < 2:
        return ranges.FULL if known else then
    return ranges.hull(then[0], then[1], otherwise[0], otherwise[1])


TURNS: dict[str, Callable[..., Jet]] = {
    "sin": lambda order, a: (2 * a).sin_pi(),
    "cos": lambda order, a: (2 * a).cos_pi(),
}

LOGIC: dict[str, Callable[..., bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}
