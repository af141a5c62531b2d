"""What is given of draws: bounds of the errors of samples, compressors that are right in the mean, expectations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.claims import Claim, Invariant, Lyapunov, Rate, Relation
from optgen.proof.answers import Asked
from optgen.proof.averages import MEANS_BELONG, MEMBER, Averages, drawn_in, families_in, is_draw
from optgen.proof.cancel import lowest
from optgen.proof.domains import Constraint
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import Form, Quadratic, constant, square
from optgen.proof.quantities import NotLinear, Root, Whole

SAMPLES = frozenset({"variance", "noise"})  # classes of what samples of a function are, not of the function


def averages_of(claim: Claim, sizes: Mapping[str, int]) -> Averages:
    """Families of a claim; a dimension whose members are drawn one at a time by one draw has it stand for them."""
    roots = list(tensors_of(claim))
    draws = {n for n in drawn_in_all(roots) if n.law == "index" and isinstance(n.parameters[0], ir.Dim)}
    iterated = any(isinstance(n, ir.Call) and n.function == "iterate" for n in walk.postorder(roots))
    tied: dict[str, str] = {}
    if len(draws) == 1 and not iterated:
        (draw,) = draws
        extents = {i.extent for i in draw.position.free}
        if all(isinstance(e, ir.Dim) and sizes.get(e.name) == 1 for e in extents):
            dimension = draw.parameters[0]
            assert isinstance(dimension, ir.Dim)
            tied[dimension.name] = draw.place
    random = frozenset(c.function for c in claim.classes if c.name == "unbiased")
    compressors = random | {c.function for c in claim.classes if c.name == "contractive"}
    return Averages(families=families_in(roots), tied=tied, random=random, compressors=compressors)


def drawn_in_all(roots: Iterable[ir.AnyNode]) -> Iterable[ir.Draw]:
    for root in roots:
        yield from drawn_in(root)


def tensors_of(claim: Claim) -> Iterable[ir.Tensor]:
    """Everything that a claim says and its step does."""
    for item in (*claim.domains, *claim.given, *claim.goals, *claim.lyapunov):
        match item:
            case Relation(left=left, right=right):
                yield from (left, right)
            case Lyapunov(value=value, following=after) if value is not None and after is not None:
                yield from (value, after)
            case Rate(value=value, following=after):
                yield from (value, after)
            case Invariant():
                continue
    if claim.program is not None:
        yield from (t for phase in claim.program.phases for t in phase.following)


def expected(inside: Whole, draws: str, averages: Averages) -> Whole:
    """The mean over all draws: of a quadratic it is meant already, as products are mean products."""
    names = {key.split(";")[0].rsplit("/", 1)[-1] for key in averages.draws}
    if draws and names - set(draws.split(", ")):
        raise NotLinear("an expectation over some of the draws")
    if isinstance(inside, Root):
        raise NotLinear("the expectation of a norm")
    if isinstance(inside, Form):
        if any(name.startswith(f"{compressor}'(") for name in inside.terms for compressor in averages.compressors):
            raise NotLinear("the expectation of what a compressor answers, as a vector")
        for key in sorted(k for k in averages.keys(inside) if is_draw(k)):
            mean = averages.mean(inside, key)
            if mean is None:
                raise NotLinear("the expectation of a vector that is not linear in the draws")
            inside = mean
    return inside


def bounds(
    claim: Claim,
    averages: Averages,
    asked: Mapping[str, Asked],
    number: Callable[[ir.Tensor, tuple[int, ...]], Number | None],
) -> dict[str, Quadratic]:
    """What `variance(f) <= v` and `f in noise(s, r)` say of the errors of samples."""
    found: dict[str, Quadratic] = {}
    for name, (base, x) in averages.errors.items():
        (key,) = (k for k in averages.depends[name] if averages.centred[name][1] == k)
        for membership in claim.classes:
            if membership.function != base or membership.name not in SAMPLES or not is_draw(key):
                continue
            if averages.families[base][0] != "mean":
                raise NotLinear("noise of a sum")
            arguments = [number(a, ()) for a in membership.arguments]
            constants = [a for a in arguments if a is not None]
            if len(constants) < len(arguments):
                continue
            error = square(averages.centred[name][0])
            if membership.name == "variance":
                averages.spreads[base] = (constants[0], Fraction(0))
                found[f"{base}: the variance at {name}"] = constant(constants[0]) - error
                continue
            s, r = constants
            averages.spreads[base] = (s * s, r)
            gradient = next(p.g for p in asked[base].points.values() if p.x == x)
            found[f"{base}: the noise at {name}"] = constant(s * s) + r * square(gradient) - error
    return found


def means_of_compressors(
    averages: Averages, after: Callable[[Form], Form], size: Callable[[str], Number]
) -> dict[str, Quadratic]:
    """What independent compressors add, averaged over n members: n E |mean|^2 is the mean of E |.|^2."""
    found: dict[str, Quadratic] = {}
    for added, dimension in averages.compressed:
        mean = averages.mean(added, MEMBER + dimension)
        if mean is not None:
            names = ", ".join(sorted(added.terms))
            found[f"compressors of members are independent: {names}"] = size(dimension) * square(after(mean)) - square(
                after(added)
            )
    return found


def refuse_means(name: str, key: str, averages: Averages) -> None:
    """A sample of several members is a mean of members: their class must have it as a member too."""
    if is_draw(key) and not all(averages.batches.values()) and name not in MEANS_BELONG:
        raise NotLinear(f"a mean of functions in {name} need not be in it: give the batch 1 by `at`")


def sizes(averages: Averages, known: Mapping[str, int], used: Iterable[str]) -> list[Constraint]:
    """Dimensions are at least 1."""
    names = (averages.dimensions | averages.batches.keys() | averages.lengths) - known.keys()
    return [Constraint(">=", lowest(symbol(n)), Fraction(1), n) for n in sorted(names & set(used))]
