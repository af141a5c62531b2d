"""A proof proves the problem inside it, not the spec: so the spec itself is run, before anything is reported.

`attack_vectors`: the reference evaluator runs the claim in exact rationals on random vectors in place of the names; it
must ask the oracles at the problem's points, and give the problem's quadratic again.  `attack_members`: it runs on
random members of the classes; the claim must hold.  What fails is an error of optgen, never a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from random import Random
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.claims import Claim, Relation
from optgen.ir.nodes import Tensor
from optgen.proof.attack_draws import BLOCK, Coins, Mirror, all_outcomes, both_outcomes, drawn_member, mirror_of
from optgen.proof.averages import MEMBER, OPEN, drawn_in
from optgen.proof.domains import holds
from optgen.proof.evaluation import Evaluation, Expand, Oracles, holds_at
from optgen.proof.extract import Extracted
from optgen.proof.members import Coined, Diagonal, Member, as_oracles, curvatures, family, lower_root, members
from optgen.proof.polynomial import Number, at, names_of
from optgen.proof.problem import ONE, Form, Interval, Quadratic
from optgen.proof.quantities import NotLinear
from optgen.proof.relations import differences

Vector = tuple[Fraction, ...]
SIZE = 3
TWO = 2  # members of a family while a claim is attacked
MEMBERS = 20
SEEDS = range(10 * MEMBERS)  # tried until so many satisfy what is given
NORMAL = "normal "


class MistranslatedError(Exception):
    """The problem that was solved is not the claim: an internal error."""


# ---------------------------------------------------------------- running a claim


@dataclass(slots=True)
class Run:
    """Numbers for everything that a claim reads: scalars by input, vectors by name, answers of oracles."""

    claim: Claim
    found: Extracted
    values: Mapping[str, Fraction]
    vectors: Mapping[str, Vector]
    oracles: Oracles
    size: int = SIZE
    mirror: Mirror | None = None  # on vectors: what the other outcome of a draw is; None: all outcomes are run
    drawn: list[str] = field(default_factory=list)  # places of draws of members, in the order of their numbers
    coins: Coins = field(default_factory=Coins)
    chosen: Mapping[str, Member] = field(default_factory=dict)
    inexact: bool = False  # a mean was taken in floats
    expand: Expand = lambda function: function
    made: Evaluation | None = None

    def sides(self, goal: Relation, expand: Expand) -> tuple[Any, Any]:
        """Both sides of a goal, exact where the reference evaluator can be."""
        self.expand = expand
        left, right = self.evaluation.sides(goal, expand)
        return (float(left), float(right)) if self.inexact else (left, right)

    @property
    def evaluation(self) -> Evaluation:
        """The claim with these numbers, made once."""
        if self.made is None:
            arrays: dict[ir.Input, Any] = {}
            for made, parts in self.found.inputs.items():
                try:
                    arrays[made] = self.array(made, parts)
                except NotLinear:  # a symbol that nobody gave a number; only what is read has to have one
                    continue
            sizes = self.sizes(arrays)
            self.made = Evaluation(self.claim, arrays, self.oracles, sizes, self.size, self.special, self.expectation)
        return self.made

    def sizes(self, arrays: Mapping[ir.Input, Any]) -> dict[str, int]:
        schedules = schedules_of(self.claim)
        lengths = {s.axes[0]: len(array) for s, array in arrays.items() if s.name in schedules}
        averages = self.found.averages
        sizes = {axis.name: n for axis, n in lengths.items() if isinstance(axis, ir.Dim)}
        sizes |= dict.fromkeys(averages.dimensions, TWO) | dict.fromkeys(averages.batches, 1)
        return sizes | dict(self.found.sizes)

    def expectation(self, argument: Tensor) -> Tensor:
        """The mean of both outcomes, or a number that is the mean of all."""
        if self.mirror is not None:
            return both_outcomes(argument, self.drawn, self.normal)
        random = self.found.averages.random
        if not random and not any(True for _ in drawn_in(argument)):
            return argument
        if argument.axes:
            raise NotLinear("the expectation of a vector")
        outcomes = all_outcomes(argument, self.size)
        tensors = [walk.substitute([argument], outcome)[0] for outcome in outcomes]
        mean = self.coins.mean(lambda: sum(self.number(t) for t in tensors) / len(tensors))
        return ir.array((), ir.constant(mean))

    def number(self, tensor: Tensor) -> Fraction:
        try:
            (found,) = self.evaluation.run([tensor], self.expand)
        except ir.IRError:  # a root
            self.inexact = True
            (found,) = self.evaluation.run([tensor], self.expand, "float64")
        return Fraction(found.item())

    def normal(self, draw: ir.Draw) -> ir.Scalar:
        """An entry of the vector that stands for standard normal numbers."""
        names = [n for n in self.found.averages.normals if n == draw.place or n.startswith(draw.place + ";")]
        if len(names) != 1 or not isinstance(draw.position, ir.Index):
            raise NotLinear("several draws at one place")
        made = self.evaluation.stand_in(NORMAL + names[0], "real", (draw.position.extent,))
        return ir.access(made, draw.position)

    def special(self, label: str) -> Any:
        """The vector of an optimum, a fixed point or normal numbers, members as rows."""
        if label.startswith(NORMAL):
            return list(self.vectors[label.removeprefix(NORMAL)])
        if label in self.found.vectors:
            return list(self.placed(self.found.vectors[label]))
        rows = sorted(n for n in self.found.vectors if n.startswith(label + "["))
        return [list(self.placed(self.found.vectors[n])) for n in rows]

    def array(self, made: ir.Input, parts: Mapping[tuple[int, ...], Any]) -> Any:
        """An input as nested lists: a number, a vector, a vector for each member."""

        def entry(item: Any) -> Any:
            if isinstance(item, Form):
                return list(self.placed(item))
            number = at(item, self.values)
            if not isinstance(number, Fraction):
                raise NotLinear(f"{made.name} has no number")
            return int(number) if made.dtype == "int" else number

        def level(prefix: tuple[int, ...]) -> Any:
            if (*prefix, OPEN) in parts:  # a row for each of two members
                return [list(self.row(parts[(*prefix, OPEN)], other)) for other in (False, True)]
            if prefix in parts:
                return entry(parts[prefix])
            count = 1 + max((p[len(prefix)] for p in parts if p[: len(prefix)] == prefix), default=-1)
            return [level((*prefix, i)) for i in range(count)]

        return level(())

    def placed(self, form: Form, flips: Sequence[str] = ()) -> Vector:
        """A form as a vector, in the outcome in which what some keys choose is the other one."""
        vectors = self.vectors
        if flips and self.mirror is not None:
            vectors = {name: self.mirror.flipped(vector, flips) for name, vector in vectors.items()}
        return placed(form, vectors, self.values, self.size)

    def row(self, form: Form, other: bool) -> Vector:
        """The vector of one of two members: the mean with the deviation added, or taken away."""
        away = {n for n in form.terms if n in self.found.averages.centred}
        signed = Form({n: -c if other and n in away else c for n, c in form.terms.items()})
        return self.placed(signed)


def schedules_of(claim: Claim) -> set[str]:
    """Params that change with the step."""
    slots = claim.program.slots if claim.program is not None else ()
    return {s.name for s in slots if s.kind == "param" and len(s.input.axes) == 1}


def placed(form: Form, vectors: Mapping[str, Vector], values: Mapping[str, Fraction], size: int) -> Vector:
    total = [Fraction(0)] * size
    for name, c in form.terms.items():
        number = rational_at(c, values)
        vector = vectors.get(name, (Fraction(0),) * size)
        total = [t + number * e for t, e in zip(total, vector, strict=True)]
    return tuple(total)


def rational_at(c: Number, values: Mapping[str, Fraction]) -> Fraction:
    number = at(c, values)
    if not isinstance(number, Fraction):
        raise NotLinear(f"no number for {', '.join(names_of(number))}")
    return number


def measured(q: Quadratic, run: Run, f: Mapping[str, Fraction]) -> Fraction:
    """The number that a quadratic has."""
    zero = (Fraction(0),) * run.size
    total = rational_at(q.values.get(ONE, Fraction(0)), run.values)
    for (a, b), c in q.products.items():
        left, right = run.vectors.get(a, zero), run.vectors.get(b, zero)
        total += rational_at(c, run.values) * sum((x * y for x, y in zip(left, right, strict=True)), Fraction(0))
    for name, c in q.values.items():
        if name != ONE:
            total += rational_at(c, run.values) * f[name]
    return total


# ---------------------------------------------------------------- on vectors


def attack_vectors(claim: Claim, goal: Relation, found: Extracted, expand: Expand) -> None:
    """Raises MistranslatedError where the evaluator does not give the problem's quadratic again."""
    random = Random(7)
    values = {name: Fraction(random.randint(2, 40), random.randint(41, 60)) for name in symbols_of(found)}
    values |= {name: Fraction(random.randint(1, 9)) for name in integers_of(found)}
    mirror = mirror_of(found.averages)
    values |= sizes_of(found, mirror.size)
    vectors = {}
    for n in basis_of(found):
        blocks = mirror.support(n, found.averages)
        entries = (Fraction(random.randint(-9, 9), random.randint(1, 4)) for _ in range(mirror.size))
        vectors[n] = tuple(e if p // BLOCK in blocks else Fraction(0) for p, e in enumerate(entries))
    f = {n: Fraction(random.randint(-20, 20), 3) for n in value_names(found)}
    run = Run(claim, found, values, vectors, {}, mirror.size, mirror=mirror)
    run.oracles = recorded(found, run, f)
    try:
        left, right = run.sides(goal, expand)
    except ZeroDivisionError:
        return
    expected = measured(found.problem.statements[0].claim, run, f)
    if isinstance(left, float):
        found_sides = [q for p in (1, 2) for q in as_sides(goal, (Fraction(left) ** p, Fraction(right) ** p))]
        scale = 1e-9 * (1 + abs(float(expected)))
        if all(abs(float(measured(q, run, f) - expected)) > scale for q in found_sides):
            raise MistranslatedError(f"{claim.text}: run on vectors, the claim is not the problem that was made of it")
        return
    if all(measured(q, run, f) != expected for q in as_sides(goal, (left, right))):
        raise MistranslatedError(f"{claim.text}: run on vectors, the claim is not the problem that was made of it")


def as_sides(goal: Relation, sides: tuple[Fraction, Fraction]) -> list[Quadratic]:
    return differences(goal.operator, *sides)


def recorded(found: Extracted, run: Run, f: Mapping[str, Fraction]) -> dict[str, Callable[..., Any]]:
    """Oracles that answer at the problem's points, and nowhere else."""
    answers: dict[str, Callable[..., Any]] = {}
    for name in found.asked:
        base = name.partition("[")[0]
        member = "[i]" if "[" in name else ""

        def at_point(x: Any, kind: str, place: Any = None, base: str = base, member: str = member) -> Any:
            asked = tuple(Fraction(e) for e in x)
            for full, flips in ways(run, base, int(place) if member else None):
                for p in found.asked[full]:
                    if close(run.placed(p.x, flips), asked):
                        return measured(p.f, run, f) if kind == "value" else list(run.placed(p.g, flips))
            raise MistranslatedError(f"{base}{member} is asked at a point that is not in the problem")

        def implicit(z: Any, t: Any, name: str = name) -> Any:
            step, asked = Fraction(t.item() if hasattr(t, "item") else t), tuple(Fraction(e) for e in z)
            for _, flips in ways(run, name, None):
                for p in found.asked[name]:
                    x, g = run.placed(p.x, flips), run.placed(p.g, flips)
                    if close(tuple(a + step * b for a, b in zip(x, g, strict=True)), asked):
                        return list(x)
            raise MistranslatedError(f"prox of {name} is asked at a point that is not in the problem")

        operator = f"oracle {base}{member}"
        kind = "answer" if name in found.operators else "value"
        answers[operator] = lambda x, *place, k=kind, a=at_point: a(x, k, *place)
        answers[f"{operator}.grad"] = lambda x, *place, a=at_point: a(x, "answer", *place)
        answers[f"oracle {name}.prox"] = answers[f"oracle {name}.resolvent"] = implicit
    return answers


def ways(run: Run, base: str, place: int | None) -> Iterator[tuple[str, Sequence[str]]]:
    """Names under which a function may have been asked, with the keys whose other outcome it is."""
    asked = run.found.asked
    mirror = run.mirror or Mirror(())
    if place is None:
        yield from ((base, keys) for _, _, keys in mirror.flips() if base in asked)
        return
    if place >= 0 and f"{base}[{place + 1}]" in asked:
        yield f"{base}[{place + 1}]", ()
    for full in asked:
        if not full.startswith(f"{base}["):
            continue
        key = full[len(base) + 1 : -1]
        for other_members, other_draws, keys in mirror.flips():
            mine = other_members if key.startswith(MEMBER) else other_draws
            wanted = bool(place % 2) if place >= 0 else drawn_member(place, run.drawn, key)
            if wanted is mine and (place < 0) <= (not key.startswith(MEMBER)):
                yield full, keys


def sizes_of(found: Extracted, size: int) -> dict[str, Fraction]:
    """Lengths of vectors, members of a family and of a sample, while a claim is attacked."""
    averages = found.averages
    lengths = dict.fromkeys(averages.lengths - found.sizes.keys(), Fraction(size))
    return lengths | dict.fromkeys(averages.dimensions, Fraction(TWO)) | dict.fromkeys(averages.batches, Fraction(1))


def close(a: Vector, b: Vector) -> bool:
    """Equal, or equal but for the rounding of a run in floats."""
    return all(x == y or abs(float(x - y)) <= 1e-9 * (1 + abs(float(x))) for x, y in zip(a, b, strict=True))


def symbols_of(found: Extracted) -> set[str]:
    numbers = [n for parts in found.inputs.values() for n in parts.values() if not isinstance(n, Form)]
    return found.problem.symbols() | {name for n in numbers for name in names_of(n)}


def integers_of(found: Extracted) -> set[str]:
    """Symbols that count."""
    parts = [n for made, by_place in found.inputs.items() if made.dtype == "int" for n in by_place.values()]
    return {name for n in parts if not isinstance(n, Form) for name in names_of(n)}


def basis_of(found: Extracted) -> list[str]:
    forms = [*found.vectors.values(), *(q for ps in found.asked.values() for p in ps for q in (p.x, p.g))]
    names = {n for form in forms for n in form.terms} | found.problem.statements[0].claim.basis()
    return sorted(names)


def value_names(found: Extracted) -> list[str]:
    quadratics = [p.f for points in found.asked.values() for p in points] + [s.claim for s in found.problem.statements]
    return sorted({n for q in quadratics for n in q.values if n != ONE})


# ---------------------------------------------------------------- on members of the classes


def attack_members(claim: Claim, goal: Relation, found: Extracted, expand: Expand, seeds: range = SEEDS) -> int:
    """Runs the claim on members of the classes; how many.  Raises MistranslatedError where it fails on one."""
    done = 0
    for _, left, right in on_members(claim, goal, found, expand, seeds):
        if not holds_at(goal.operator, left, right):
            raise MistranslatedError(f"{claim.text} was proved, but fails on a member of its class: {left} and {right}")
        done += 1
    return done


def on_members(
    claim: Claim, goal: Relation, found: Extracted, expand: Expand, seeds: range = SEEDS
) -> Iterator[tuple[Run, Any, Any]]:
    """Both sides of a goal on random members of the classes, with numbers that satisfy all that is given."""
    if found.left_out or found.tied:
        return
    given = [f for f in claim.given if f"given {f.span.text}" in found.problem.assumptions and isinstance(f, Relation)]
    done = 0
    for seed in seeds:
        random = Random(seed)
        values = sample(found.problem.domain, random)
        given_names = {n for c in found.constraints for side in (c.left, c.right) for n in names_of(side)}
        for name in (symbols_of(found) | given_names) - values.keys():
            values[name] = Fraction(random.randint(1, 9), random.randint(1, 9))
        values |= {name: Fraction(ceil(values[name])) for name in integers_of(found) if name in values}
        values |= sizes_of(found, SIZE)
        if not holds(found.constraints, values):
            continue
        coins = Coins()
        chosen = chosen_members(found, values, random, coins)
        if chosen is None:
            continue
        vectors = start_vectors(claim, found, random)
        run = Run(claim, found, values, vectors, as_oracles(chosen), coins=coins, chosen=chosen)
        try:
            if not all(holds_at(fact.operator, *run.sides(fact, expand)) for fact in given):
                continue
            left, right = run.sides(goal, expand)
        except ZeroDivisionError:  # a conjugate that is infinite
            continue
        except NotLinear:
            return
        yield run, left, right
        done += 1
        if done == MEMBERS:
            return


def chosen_members(
    found: Extracted, values: Mapping[str, Fraction], random: Random, coins: Coins
) -> dict[str, Member] | None:
    """A member for each oracle, two for each family whose number of members is open; None if a class has none here."""
    averages = found.averages
    oracles = {o.name: o for o in found.problem.oracles}
    families = averages.families
    apart = {*families, *averages.random, *(f"L {h} - {f}" for f, _, h in found.relative)}
    plain = [o for n, o in oracles.items() if n.partition("[")[0] not in apart]
    chosen = members(plain, values, random, found.starred)
    if chosen is None:
        return None
    for f, L, h in found.relative:
        above = chosen.get(h)
        whole = chosen.get(f) or Diagonal((Fraction(2), Fraction(-1), Fraction(1)), (Fraction(0),) * SIZE)
        if not isinstance(above, Diagonal) or not isinstance(whole, Diagonal):
            return None
        limits = [rational_at(L, values) * c for c in above.curvatures]
        whole = replace(whole, curvatures=tuple(min(c, m) for c, m in zip(whole.curvatures, limits, strict=True)))
        bounds = curvatures(oracles[f], values) if f in oracles else None
        if bounds is not None and min(whole.curvatures) < bounds[0]:
            return None
        chosen[f] = whole
    for base, (kind, dimension) in families.items():
        count = found.sizes.get(dimension, TWO)
        if kind != "mean":
            return None
        open_member = next((o for n, o in oracles.items() if n.startswith(f"{base}[")), None)
        known = [oracles.get(f"{base}[{k + 1}]") for k in range(count)]
        each = known if dimension in found.sizes else [open_member] * count
        spread = averages.spreads.get(base)
        numbers = None if spread is None else (rational_at(spread[0], values), rational_at(spread[1], values))
        made = family(oracles.get(base), each, numbers, values, random, found.starred)
        if made is None:
            return None
        chosen |= dict(zip((base, *(f"{base}[{k + 1}]" for k in range(count))), made, strict=True))
    for name in averages.random:
        omega = next(c.arguments[0] for c in oracles[name].classes if c.name == "unbiased")
        assert omega is not None
        chosen[name] = Coined(lower_root(rational_at(omega, values)), coins.at)
    return chosen


def start_vectors(claim: Claim, found: Extracted, random: Random) -> dict[str, Vector]:
    """Random states and points; minimisers and fixed points are 0, as members then have their minimum there."""
    names = {n for form in found.vectors.values() for n in form.terms}
    stars = {n for n in names if n.split("[")[0].endswith("*") or n.startswith(("argmin", "argmax"))}
    return {
        n: tuple(Fraction(0) if n in stars else Fraction(random.randint(-9, 9), 2) for _ in range(SIZE)) for n in names
    }


def sample(domain: Sequence[Interval], random: Random) -> dict[str, Fraction]:
    """Numbers inside the intervals."""
    values: dict[str, Fraction] = {}
    for interval in domain:
        low, high = (None if b is None else rational_at(b, values) for b in (interval.low, interval.high))
        slack = Fraction(random.randint(1, 30), random.randint(1, 30))
        if low is not None and high is not None:
            values[interval.name] = low + (high - low) / (1 + slack)
        elif low is not None:
            values[interval.name] = low + slack
        else:
            values[interval.name] = -slack if high is None else high - slack
    return values
