"""Questions about a method: its best rate, the largest value of a param, where it converges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from optgen import compiler
from optgen.diagnostics import Diagnostic, SpecError, suggestion
from optgen.verification.claims import as_spec

if TYPE_CHECKING:
    from optgen.compiler import Spec
    from optgen.ir.claims import Claim
    from optgen.proof.questions import Bracket, Cell

Answer = TypeVar("Answer")


def best_rate(
    spec: Spec | str,
    given: str,
    algorithm: str | None = None,
    claimed: Fraction | None = None,
    **numbers: float | str,
) -> Bracket:
    """The best rate of a method that is proved: `proved` and `refuted` are squared rates of the distance a step.

    optgen.best_rate(optgen.specs.momentum, "f in smooth_strongly_convex(1, 10)", "momentum", lr="1/10", beta="1/4")

    `given` names the class of the function, as in a claim; numbers are exact (text, or the decimal that is printed).
    `claimed` is a squared rate: then `proved` is that one, or None where it has no certificate.
    Raises SpecError where the spec, the class or a number does not fit.
    """
    from optgen.proof.ask import rate_of

    return answered(lambda: rate_of(asked(spec, given, algorithm, numbers), claimed))


def largest(
    spec: Spec | str,
    name: str,
    given: str,
    algorithm: str | None = None,
    low: float | str = "1/1000",
    high: float | str = 10,
    **numbers: float | str,
) -> Bracket:
    """The largest value of a parameter, from low to high, with which the method is proved to converge on a class.

    optgen.largest(optgen.specs.gradient_descent, "lr", "f in smooth_strongly_convex(1, 10)", high=1).proved
    """
    from optgen.proof.ask import largest_of

    claim = asked(spec, given, algorithm, numbers, (name,))
    ends = exactly(low), exactly(high)
    if not ends[0] < ends[1]:
        raise SpecError([Diagnostic("E0706", f"nothing lies between low = {ends[0]} and high = {ends[1]}")])
    return answered(lambda: largest_of(claim, name, *ends))


def stability_map(
    spec: Spec | str,
    x: str,
    y: str,
    given: str,
    xs: Sequence[float | str],
    ys: Sequence[float | str],
    algorithm: str | None = None,
    **numbers: float | str,
) -> list[Cell]:
    """Where a method converges on a class: the verdict at every pair of values of two parameters.

    cells = optgen.stability_map(spec, "lr", "beta", "f in smooth_strongly_convex(1, 25)", [0.01, 0.1], [0, 0.5])
    """
    from optgen.proof.ask import map_of

    claim = asked(spec, given, algorithm, numbers, (x, y))
    for name, values in ((x, xs), (y, ys)):
        if not len(values):
            raise SpecError([Diagnostic("E0706", f"the map has no values of {name}")])
    return answered(lambda: map_of(claim, x, y, [exactly(v) for v in xs], [exactly(v) for v in ys]))


def asked(
    spec: Spec | str,
    given: str,
    algorithm: str | None,
    numbers: Mapping[str, float | str],
    moved: tuple[str, ...] = (),
) -> Claim:
    """The claim that a question is about: a method, a class, numbers; `moved` are the params it asks for."""
    from optgen.passes.lower import claim_in

    whole = as_spec(spec)
    name = compiler.choose(whole, "algorithm", algorithm)
    if name not in whole.names("algorithm"):
        hint = suggestion(name, whole.names("algorithm"))
        raise SpecError([Diagnostic("E0409", f"there is no algorithm {name} in the file", help=hint)])
    refuse_names(whole, name, given, numbers, moved)
    lines = [f'claim "question"\n  given {given}']
    if numbers:
        lines.append(f"  at {', '.join(f'{n} = {exactly(v)}' for n, v in numbers.items())}")
    (group,) = compiler.parse("\n".join([*lines, "  prove stable\n"]), "<question>").file.groups("claim")
    return claim_in(whole.file, compiler._shipped(whole.folder), name, group)


def refuse_names(
    spec: Spec, algorithm: str, given: str, numbers: Mapping[str, float | str], moved: tuple[str, ...]
) -> None:
    """SpecError for a name that neither the method nor its class has, or that is asked for and given, or twice."""
    import re

    group = next((g for g in spec.file.groups("algorithm") if g.name == algorithm), None)
    declared = [d.target for line in group.lines("param") for d in line.declarations] if group is not None else []
    params = [target.span.text for target in declared]
    symbols = re.findall(r"[A-Za-z_]\w*", given)
    for name in (*moved, *numbers):
        if group is not None and name not in (*params, *symbols):
            hint = suggestion(name, [*params, *symbols]) or f"its params are {', '.join(params)}"
            raise SpecError([Diagnostic("E0706", f"neither {algorithm} nor its class has a {name}", help=hint)])
        if name in moved and name in numbers:
            raise SpecError([Diagnostic("E0706", f"{name} is what is asked for, so it can't be {numbers[name]}")])
    if len(set(moved)) < len(moved):
        raise SpecError([Diagnostic("E0706", f"a map is of two parameters, not of {moved[0]} twice")])


def exactly(number: float | str) -> Fraction:
    """A number as the decimal or quotient that is written."""
    try:
        return Fraction(str(number))
    except ValueError:
        raise SpecError([Diagnostic("E0706", f"{number!r} is no number", help='write 0.1 or "1/10"')]) from None


def answered(work: Callable[[], Answer]) -> Answer:
    """The answer to a question, or what keeps it from having one as an error of the user."""
    from optgen.proof.ask import OpenQuestion
    from optgen.proof.domains import Contradiction
    from optgen.proof.quantities import NotLinear

    try:
        return work()
    except (OpenQuestion, NotLinear, Contradiction) as why:
        raise SpecError([Diagnostic("E0706", f"the question has no answer: {why}")]) from None
