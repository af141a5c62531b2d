"""Params against what the claims of a method say: a warning where nothing is proved, or where something is refuted.

Claims speak of regions of params (`ir.claims.Region`).  Claims about the same params stand for each other: it is enough
that one of them holds.  Regions of single values cover what lies on them, but nobody is warned for not meeting a point.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.ir.claims import Region, Relation, scalar_of
from optgen.runtime.inputs import Binding
from optgen.runtime.scalars import Environment, Evaluator, evaluator
from optgen.runtime.table import Table, computed, inputs_of

AFFORDABLE = 2**24  # multiplications for a constant of a class, such as the largest eigenvalue of A.T @ A
CLOSE = 1e-9  # relative: an equation between rounded numbers
SHOWN = 2  # claims named in a warning

Verdicts = Callable[[Sequence[Region]], Mapping[Span, str]]  # what is known on this machine, "" where nothing is


class ClaimWarning(UserWarning):
    """A parameter lies outside what the claims of a method prove, or inside what they refute."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`left operator right` as functions of an environment."""

    operator: str
    left: Evaluator
    right: Evaluator

    def holds(self, environment: Environment) -> bool:
        left, right = float(self.left(environment)), float(self.right(environment))
        if self.operator in ("==", "!="):
            return math.isclose(left, right, rel_tol=CLOSE) == (self.operator == "==")
        return COMPARE[self.operator](left, right)


COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b or math.isclose(a, b, rel_tol=CLOSE),
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b or math.isclose(a, b, rel_tol=CLOSE),
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A region whose comparisons can be evaluated."""

    region: Region
    applies: tuple[Fact, ...]
    facts: tuple[Fact, ...]


@dataclass(slots=True)
class Watch:
    """What a solver looks at when params change; a call with the params of the call before costs a comparison."""

    table: Table
    verdicts: Verdicts
    ready: tuple[Ready, ...] = ()
    inputs: tuple[ir.Input, ...] = ()  # params of the regions
    last: tuple[Any, ...] | None = None
    constants: dict[ir.Input, float] = field(default_factory=dict)
    measured: tuple[int, ...] = ()  # of which arrays the constants are

    def __call__(self, table: Table, binding: Binding) -> None:
        """Warn about the inputs of a call; `table` is of the variant that runs."""
        values = binding.values
        now = tuple([values.get(made) for made in self.inputs]) if table is self.table else None
        if now is not None and now == self.last:
            return
        self.last = now
        arrays = {name: binding.arrays[entry.position] for name, entry in table.entries.items()}
        found = self.sentences(arrays, binding.dims)
        if found:
            warnings.warn(found, ClaimWarning, stacklevel=_outside())

    def sentences(self, arrays: Mapping[str, np.ndarray], dims: Mapping[str, int]) -> str:
        """What there is to say about inputs; nothing, mostly."""
        self._measure(arrays, dims)
        worlds = [{**dims, **self.constants, **world} for world in self._worlds(arrays)]
        spoken = [r for r in self.ready if any(_all(r.applies, w) for w in worlds)]
        found = [finding for world in worlds for finding in findings(spoken, world)]
        if found:  # verdicts are looked up only now: whoever is inside what is claimed pays nothing for them
            words = self.verdicts([r.region for r in spoken])
            spoken = [r for r in spoken if words[r.region.span] in ("", as_claimed(r.region))]
            found = [finding for world in worlds for finding in findings(spoken, world)]
            lines = dict.fromkeys(said(finding, self, words) for finding in found)
            return "\n".join(lines)
        return ""

    def _worlds(self, arrays: Mapping[str, np.ndarray]) -> Iterable[dict[Any, Any]]:
        """Values by input: one world, or two where a param changes from step to step: its ends."""
        made = [slot.input for slot in self.table.program.slots if not slot.input.axes and slot.name in arrays]
        ends = [np.min, np.max] if any(arrays[m.name].ndim for m in made) else [np.min]
        return [{m: end(arrays[m.name]).item() for m in made if arrays[m.name].size} for end in ends]

    def _measure(self, arrays: Mapping[str, np.ndarray], dims: Mapping[str, int]) -> None:
        """Constants of classes at this data; one that would cost too much stays unknown."""
        formulas = {made: scalar for r in self.ready for made, scalar in r.region.constants}
        read = inputs_of(formulas.values(), self.table.program)
        by_input = {made: arrays[made.name] for made in read}
        identity = tuple(id(array) for array in by_input.values())
        if identity == self.measured:
            return
        self.measured, self.constants = identity, {}
        values: dict[ir.Scalar, float] = {}  # claims have symbols of their own for the same formula
        for scalar in formulas.values():
            known = inputs_of([scalar], self.table.program)
            if scalar not in values and sum(_cost(by_input[made].shape) for made in known) <= AFFORDABLE:
                name = f"constant_{len(values)}"
                values[scalar] = float(computed(self.table, name, ir.array((), scalar, name), dims, by_input))
        self.constants = {made: values[scalar] for made, scalar in formulas.items() if scalar in values}


def _cost(shape: tuple[int, ...]) -> int:
    return math.prod(shape) * min(shape, default=1)


def watch(table: Table, verdicts: Verdicts) -> Watch | None:
    """The watch over a program's claims; None where they say nothing of its params."""
    regions = table.program.regions
    if not regions:
        return None
    made = [_ready(region) for region in regions]
    ready = tuple(item for item in made if item is not None)
    named = {name for region in regions for name in region.params}
    return Watch(table, verdicts, ready, tuple(slot.input for slot in table.program.slots if slot.name in named))


def _ready(region: Region) -> Ready | None:
    sides = [[_fact(fact) for fact in facts] for facts in (region.applies, region.facts)]
    if any(fact is None for facts in sides for fact in facts):
        return None
    applies, facts = ([fact for fact in facts if fact is not None] for facts in sides)
    return Ready(region, tuple(applies), tuple(facts))


def _fact(fact: Relation) -> Fact | None:
    left, right = evaluator(scalar_of(fact.left)), evaluator(scalar_of(fact.right))
    return None if left is None or right is None else Fact(fact.operator, left, right)


# ---------------------------------------------------------------- findings


@dataclass(frozen=True, slots=True)
class Finding:
    """Params that no claim about them covers: the claims that prove elsewhere, those that are refuted here."""

    params: frozenset[str]
    world: Mapping[Any, Any]
    elsewhere: tuple[Region, ...]
    refuted: tuple[Region, ...]


def findings(spoken: Sequence[Ready], world: Mapping[Any, Any]) -> list[Finding]:
    """One finding for each set of params that is outside."""
    found = []
    for params in dict.fromkeys(r.region.params for r in spoken):
        own = [r for r in spoken if r.region.params == params and _all(r.applies, world)]
        proving = [r for r in own if r.region.mode == "prove"]
        if any(_all(r.facts, world) for r in proving):
            continue
        elsewhere = tuple(r.region for r in proving if r.region.wide)
        refuted = tuple(r.region for r in own if r.region.mode == "refute" and _all(r.facts, world))
        if elsewhere or refuted:
            found.append(Finding(params, world, elsewhere, refuted))
    return found


def _all(facts: Iterable[Fact], world: Mapping[Any, Any]) -> bool:
    """Whether all hold; what needs a number that is not known does not."""
    try:
        return all(fact.holds(world) for fact in facts)
    except KeyError:
        return False


def as_claimed(region: Region) -> str:
    return "proved" if region.mode == "prove" else "refuted"


def said(finding: Finding, of: Watch, verdicts: Mapping[Any, str]) -> str:
    """The finding as one sentence."""
    world = {made.name: value for made, value in finding.world.items() if isinstance(made, ir.Input)}
    values = ", ".join(f"{name} = {world[name]:.6g}" for name in sorted(finding.params) if name in world)
    first = {region.text: region for region in reversed(finding.elsewhere)}  # of claims with one region the first
    shown = list(reversed(first.values()))[:SHOWN]
    parts = []
    if shown:
        known = any(verdicts[region.span] for region in finding.elsewhere)
        covered = ", or ".join(f'{region.text} ("{region.claim}")' for region in shown)
        parts.append(f"outside what {'is proved' if known else 'its claims cover'}: {covered}")
    for region in finding.refuted[:SHOWN]:
        word = "is refuted" if verdicts[region.span] else "is claimed to be false"
        parts.append(f'where "{region.claim}" {word}: {region.text}')
    symbols = {made.name: of.constants[made] for r in (*shown, *finding.refuted) for made, _ in r.constants}
    here = ", ".join(f"{name} = {value:.6g}" for name, value in symbols.items())
    lie = "lies" if len(finding.params) == 1 else "lie"
    sentence = f"{of.table.program.name}: {values} {lie} {'; and '.join(parts)}"
    return sentence + (f"; here {here}" if here else "")


def _outside() -> int:
    """How many frames up the caller of optgen stands, so that the warning points to his line."""
    import sys

    home = str(Path(__file__).parent.parent)
    level, frame = 1, sys._getframe(1)
    while frame.f_code.co_filename.startswith(home) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    return level
