"""What the inputs of a claim mean: params are symbols, states and points are vectors, members apart or one for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.ir import claims as claim_form
from optgen.ir import nodes as ir
from optgen.ir.claims import Claim
from optgen.proof.averages import OPEN
from optgen.proof.cancel import lowest
from optgen.proof.forms import Frame, Reader
from optgen.proof.polynomial import Number, Ratio, symbol
from optgen.proof.problem import Form, vector
from optgen.proof.quantities import NotLinear, Value, Whole
from optgen.proof.relations import definition_of

MOST_STEPS = 40
Meaning = Callable[[tuple[int, ...]], Whole]


@dataclass(slots=True)
class Inputs:
    """The names of a claim, and the frames of its iterates."""

    claim: Claim
    numbers: Mapping[str, Number] = field(default_factory=dict)  # values of symbols: a boundary, a sample
    reader: Reader = field(init=False)
    base: Frame = field(init=False)
    frames: dict[int, Frame] = field(default_factory=dict)
    busy: set[ir.Input] = field(default_factory=set)
    defining: dict[ir.Input, claim_form.Fact] = field(default_factory=dict)  # the equation that says what a number is
    specials: dict[str, Form] = field(default_factory=dict)  # vectors of the claim by name
    of_member: dict[str, Fraction] = field(default_factory=dict)  # numbers of single members: L[2] = 3

    def sizes(self) -> dict[str, int]:
        """Dims with a number: by `at`, or declared with one."""
        known = {name: int(n) for name, n in self.claim.at.items() if n.denominator == 1}
        program = self.claim.program
        for name, size in program.sizes if program is not None else ():
            if isinstance(size, ir.Constant) and name not in known:
                known[name] = int(size.value)
        return known

    def inputs(self) -> dict[ir.Input, Meaning]:
        found: dict[ir.Input, Meaning] = {}
        program = self.claim.program
        if program is not None:
            for slot in program.slots:
                if slot.kind != "start":
                    found[slot.input] = self.parameter(slot.name, slot.input)
            for state in program.states:
                found[state.input] = self.named(state.name, state.input)
            for phase in program.phases:
                found[phase.done] = lambda _: self.symbol("k")
        for name in self.claim.names:
            if name.input is not None:
                is_point = name.kind == "point"
                make = self.named if is_point else self.parameter
                found[name.input] = make(name.name, name.input)
        for fact in self.claim.given:
            bound = definition_of(fact)
            if bound is not None and bound[0] in found and not self.has_value(bound[0]):
                self.defining[bound[0]] = fact
                found[bound[0]] = self.defined(*bound)
        return found

    def has_value(self, made: ir.Input) -> bool:
        """Whether something else says what a number is: then an equation is a condition."""
        return made in self.defining or made.name in self.claim.at or made.name in self.numbers

    def schedules(self, done: str | int) -> dict[ir.Input, Callable[[Value], Number]]:
        """Params that change with the step: the symbol is that of this step, with the step's number at iterates."""
        program = self.claim.program
        found: dict[ir.Input, Callable[[Value], Number]] = {}
        for slot in program.slots if program is not None else ():
            if slot.kind == "param" and len(slot.input.axes) == 1:
                found[slot.input] = lambda place, name=slot.name: self.scheduled(name, place, done)  # type: ignore[misc]
        return found

    def scheduled(self, name: str, place: Value, done: str | int) -> Number:
        here = self.symbol("k") if done == "k" else Fraction(done)
        if not isinstance(place, Fraction | Ratio) or lowest(place - here) != 0:
            raise NotLinear(f"{name} of another step")
        return self.symbol(name) if done == "k" else self.symbol(f"{name}({int(done) + 1})")

    def symbol(self, name: str) -> Number:
        if name in self.numbers:
            return self.numbers[name]
        known = self.claim.at.get(name, self.of_member.get(name))
        return lowest(symbol(name)) if known is None else known

    def parameter(self, name: str, made: ir.Input) -> Meaning:
        if not made.axes:
            return lambda _: self.symbol(name)
        program = self.claim.program
        if program is not None and any(s.input is made and s.kind == "param" for s in program.slots):
            return lambda places: self.symbol(f"{name}({places[0] + 1})" if self.frames else name)

        def member(places: tuple[int, ...]) -> Whole:
            if len(places) != len(made.axes):
                raise NotLinear(f"{name} is data")
            return self.symbol(f"{name}[{', '.join(str(p + 1) for p in places)}]")

        return member

    def named(self, name: str, made: ir.Input) -> Meaning:
        """An input with a vector's axis as a vector, members apart; without such an axis as a symbol."""

        def member(places: tuple[int, ...]) -> Whole:
            if OPEN in places:
                return self.of_members(name, made, places)
            full = name if not places else f"{name}[{', '.join(str(p + 1) for p in places)}]"
            if len(places) == len(made.axes):
                return self.symbol(full)
            return self.specials.setdefault(full, vector(full))

        return member

    def of_members(self, name: str, made: ir.Input, places: tuple[int, ...]) -> Whole:
        """The row of a state that belongs to a member which stands for all."""
        dimension = made.axes[0]
        if places != (OPEN,) or len(made.axes) != 2 or not isinstance(dimension, ir.Dim):
            raise NotLinear(f"{name} of a member")
        key = self.reader.averages.member_key(dimension.name)
        full = f"{name}[{dimension.name}]"
        if full not in self.specials:
            self.specials[full] = self.reader.averages.split(full, key, frozenset())
        return self.specials[full]

    def defined(self, made: ir.Input, side: ir.Scalar) -> Meaning:
        """A parameter that `given` defines: `lr = 2/(mu + L)`."""

        def value_of(_: tuple[int, ...]) -> Whole:
            if made in self.busy:
                raise NotLinear(f"{made.name} is given in terms of itself")
            self.busy.add(made)
            try:
                found = self.reader.scalar(side, self.base, {})
            finally:
                self.busy.discard(made)
            if not isinstance(found, Fraction | Ratio):
                raise NotLinear(f"{made.name} is given by vectors")
            return found

        return value_of

    def members(self, made: ir.Input) -> list[tuple[int, ...]]:
        places: list[tuple[int, ...]] = [()]
        sizes = [self.reader.size(axis, self.base, {}) for axis in made.axes]
        if made in self.base.schedules:
            return [(n,) for n in range(MOST_STEPS)]
        for place, size in enumerate(sizes):
            if size is not None:
                places = [(*p, n) for p in places for n in range(size)]
            elif None in sizes[place + 1 :]:  # a vector for each member
                places = [(*p, OPEN) for p in places]
        return places

    def places(self, axes: Sequence[ir.Scalar]) -> list[tuple[int, ...]] | None:
        """All places along axes of known length; None if one is that of a vector."""
        found: list[tuple[int, ...]] = [()]
        for axis in axes:
            size = self.reader.size(axis, self.base, {})
            if size is None:
                return None
            found = [(*place, k) for place in found for k in range(size)]
        return found
