"""Searches in both regimes, composed as solvers are in compiler.py: text -> target or claim -> front of programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen import compiler, elementwise
from optgen.compiler import Spec
from optgen.diagnostics import Diagnostic, SpecError
from optgen.language import tree
from optgen.language.parser import parse_expression

if TYPE_CHECKING:
    from optgen.evolution.course import Course, Progress
    from optgen.evolution.found import Found
    from optgen.evolution.hardware.search import FloatFront
    from optgen.evolution.search import Front, Options
    from optgen.evolution.target import Target
    from optgen.functions.request import Domain
    from optgen.ir.straight import Straight

REGIMES = ("reals", "float32")
OPERATIONS = ("add", "sub", "mul", "div")
NOTHING = "nothing"
TIMED = ("ulp", "time")  # the objective of a block that asks for float32


def search(
    target: str | Spec,
    domain: str | tuple[Any, Any] | None = None,
    ops: Sequence[str] | None = None,
    budget: float | None = None,
    evaluations: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    *,
    on: str = "reals",
    start: str | None = None,
    ulp: float | None = None,
    largest: int = 10,
    absolute: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Front | FloatFront:
    """Evolve programs that approximate an expression, over the reals or in float32 on this processor.

    front = optgen.search("2^x", (0, 1), budget=60)
    for p in front: print(p.operations, p.error, p.bound); print(p)

    Over the reals programs have few operations, and their errors are proved.  `domain` is a pair of numbers or texts
    (`(0, "pi/2")`), or an interval as in a spec (`"(0, 2]"`); [0, 1] if there is none.  Errors are relative, unless
    `absolute` or where the target vanishes inside the domain.

    front = optgen.search("exp2", on="float32", budget=60)
    for p in front: print(p.error, p.time.ratio); print(p)

    With `on="float32"` programs are straight lines of float32 and int32 operations, and the front is that of the
    largest error in ulps against the measured time of the vector loop.  The target may be the name of a shipped
    function.  The search begins from the function's program, from that of a file (`start="exp2.opt"`), or from x + 1
    (`start="nothing"`); it looks for `ulp` (1), and times are beside the function's own.  Without a domain every float
    is meant.

    `budget` is in seconds, `evaluations` counts fits; without either, a minute.  The seed fixes the epochs of a search;
    the budget, after which it ends.  `checkpoint` is a file that survives a kill; `resume` takes it up.  `scheduler` is
    the address of a Dask cluster.  Ctrl-C ends a search with what has been found.  A Spec stands for its `search`
    block, which asks for float32 by `objective ulp, time`.  Raises SpecError.
    """
    if on not in REGIMES:
        raise _wrong(f"there is no search on {on}", f"on is one of {', '.join(REGIMES)}")
    if isinstance(target, Spec) and _timed(target):
        on = "float32"
    said: dict[str, Any] = {
        "budget": 60.0 if budget is None and evaluations is None else budget, "evaluations": evaluations, "seed": seed,
        "workers": workers, "watch": watch, "resume": resume,
        "checkpoint": None if checkpoint is None else Path(checkpoint),
    }  # fmt: skip
    course: Any
    run: Callable[[Any], Front | FloatFront]
    if on == "reals":
        if start is not None or ulp is not None:
            raise _wrong("a search over the reals begins from nothing and counts no ulps", 'add on="float32"')
        from optgen.evolution.search import Options
        from optgen.evolution.search import search as evolve

        options = Options(operations=tuple(ops or OPERATIONS), largest=largest, **said)
        aim, course = _aimed(target, "[0, 1]" if domain is None else domain, options)
        run = partial(evolve, replace(aim, absolute=absolute or aim.absolute))
    else:
        if ops is not None or absolute:
            raise _wrong("a search in float32 has operations of its own and counts ulps", "leave ops and absolute out")
        from optgen.evolution.course import Course

        course = Course(**said)
        if isinstance(target, Spec):
            target, domain, course = _block(target, course)
        run = partial(_in_float32, target, domain, start, ulp)
    if scheduler is None:
        return run(course)
    from optgen.evolution.cluster import cluster

    with cluster(scheduler) as executor:
        return run(replace(course, executor=executor))


def _wrong(message: str, fix: str) -> SpecError:
    return SpecError([Diagnostic("E0901", message, help=fix)])


# ---------------------------------------------------------------- over the reals


def _aimed(target: str | Spec, domain: str | tuple[Any, Any], options: Options) -> tuple[Target, Options]:
    """The target, and the options with what the one `search` block of a file says."""
    if not isinstance(target, Spec):
        return _aim(parse_expression(target), *_interval(domain)), options
    group = _group(target)

    def line(word: str) -> tree.Line:
        found = group.lines(word)
        if not found:
            message = f"search {group.name} has no {word}"
            raise SpecError([Diagnostic("E0901", message, group.span, help=f"add: {word} ..")])
        return found[0]

    interval = _interval(line("domain").relations[0].span.text.partition(" in ")[2])
    expression = line("target").expr
    assert expression is not None
    for found in group.lines("operations"):
        options = replace(options, operations=tuple(found.names))
    return _aim(expression, *interval), _budgeted(group, options)


def _aim(expression: tree.Expr, low: tree.Expr, high: tree.Expr, open_low: bool, open_high: bool) -> Target:
    from optgen.evolution.target import Target
    from optgen.ir import nodes as ir
    from optgen.passes.differentiate import differentiate
    from optgen.passes.lower.elementwise import elementwise

    meaning = differentiate(elementwise(expression, compiler._shipped(None)))
    if len(meaning.parameters) != 1:
        many = len(meaning.parameters)
        raise SpecError([Diagnostic("E0901", f"the target of a search has one argument, not {many}", expression.span)])
    ends = []
    for end in (low, high):
        made = elementwise(end, compiler._shipped(None))
        if made.parameters:
            name = made.parameters[0].name
            raise SpecError([Diagnostic("E0901", f"{name} in the domain has no value", end.span)])
        ends.append(ir.access(made.results[0][1]))
    value = ir.access(meaning.results[0][1])
    text = f"{'(' if open_low else '['}{low.span.text}, {high.span.text}{')' if open_high else ']'}"
    variable, (lower, upper) = meaning.parameters[0], ends
    return Target(expression.span.text, value, variable, lower, upper, False, open_low, open_high, text)


def check_find(path: str | os.PathLike[str]) -> Found:
    """Prove again what the certificate of a find says: the program of the file with the bound that Arb gives now.

    Raises SpecError if the file is no certificate, or if its bound does not hold.
    """
    from optgen.evolution.bound import proven_error
    from optgen.evolution.files import read
    from optgen.evolution.target import wrong

    found, interval = read(Path(path))
    aim = replace(_aim(parse_expression(found.target), *_interval(interval)), absolute=found.measure == "absolute")
    claimed = found.bound or 0.0
    bound = proven_error(replace(found, error=claimed), aim, slack=1.0)
    if bound is None:
        raise wrong(f"{path}: the {found.measure} error is not proved to be at most {claimed:.6g} on {interval}")
    return replace(found, bound=bound)


def _interval(domain: str | tuple[Any, Any]) -> tuple[tree.Expr, tree.Expr, bool, bool]:
    """The ends of `(0, 2]` or of a pair, and which of them are open."""
    if not isinstance(domain, str):
        low, high = (end if isinstance(end, str) else repr(end) for end in domain)
        return parse_expression(low), parse_expression(high), False, False
    text = domain.strip()
    inner = text[1:-1]
    depth = [inner[:k].count("(") - inner[:k].count(")") for k in range(len(inner))]
    commas = [k for k, letter in enumerate(inner) if letter == "," and depth[k] == 0]
    if len(commas) != 1 or text[0] not in "[(" or text[-1] not in ")]":
        raise SpecError([Diagnostic("E0901", f"{domain} is no interval", help='for example "[0, 1]" or "(0, 2]"')])
    low, high = inner[: commas[0]].strip(), inner[commas[0] + 1 :].strip()
    return parse_expression(low), parse_expression(high), text[0] == "(", text[-1] == ")"


# ---------------------------------------------------------------- float32


def _in_float32(
    target: str, domain: str | tuple[Any, Any] | None, start: str | None, ulp: float | None, course: Course
) -> FloatFront:
    from optgen.evolution.hardware.search import search as evolve
    from optgen.functions.certificate import Claim
    from optgen.functions.errors import Refused
    from optgen.functions.files import identifier
    from optgen.functions.request import request

    wanted = request(target, ulp)
    meaning = elementwise._meaning(elementwise._expression(target))
    if len(meaning.parameters) != 1:
        raise _wrong(f"the target of a search has one argument, not {len(meaning.parameters)}", "x -> ..")
    claim = Claim(meaning, wanted.accuracy, _floats(domain))
    said = [f"optgen search {_word(target)} --on float32"]
    said += [f"--start {_word(start)}"] if start is not None else []
    said += [f"--ulp {ulp:g}"] if ulp is not None else []
    if claim.domain is not None:
        said.append(f"--domain {claim.domain.low!r} {claim.domain.high!r}")
    try:
        own = _program(target, ulp, claim.domain)
        return evolve(claim, _start(start, own), own, course, identifier(target), " ".join(said))
    except Refused as error:
        raise _wrong(f"{target} has no reference in float32: {error}", "state a smaller domain") from None


def _word(text: str) -> str:
    return text if text.isidentifier() else f'"{text}"'


def _floats(domain: str | tuple[Any, Any] | None) -> Domain | None:
    """The floats between two numbers; an open end is the next float inside."""
    if domain is None:
        return None
    import numpy as np

    from optgen.functions.request import Domain

    aim = _aim(parse_expression("x"), *_interval(domain))
    low, high = (np.float32(float(end)) for end in aim.ends())
    if aim.open_lower:
        low = np.nextafter(low, np.float32(np.inf))
    if aim.open_upper:
        high = np.nextafter(high, np.float32(-np.inf))
    if not low < high:
        raise _wrong(f"there is no float32 in {aim.interval}", "--domain 0 1")
    return Domain(float(low), float(high))


def _program(target: str, ulp: float | None, domain: Domain | None) -> Straight:
    """The function's own program: the one that ships, or that the generator makes."""
    made: Any = elementwise.function(target, ulp=ulp, domain=None if domain is None else (domain.low, domain.high))
    program: Straight = made.programs["float32"]
    return program


def _start(start: str | None, own: Straight) -> Straight | None:
    """The program to begin from; None for the simplest."""
    if start is None or start == NOTHING:
        return own if start is None else None
    if not start.endswith(".opt"):
        return _program(start, None, None)
    groups = [group for group in compiler.load(start).file.groups("function") if group.groups("program")]
    if not groups:
        raise _wrong(f"{start} has no function with a program", f"--start {NOTHING}, or a shipped function")
    return elementwise._programs(groups[0])[0]


# ---------------------------------------------------------------- blocks


def _group(spec: Spec) -> tree.Group:
    name = compiler.choose(spec, "search", None)
    return next(group for group in spec.file.groups("search") if group.name == name)


def _timed(spec: Spec) -> bool:
    """Whether the objective of the file's search is ulps against time."""
    said = [expression.span.text for line in _group(spec).lines("objective") for expression in line.exprs]
    return tuple(said) == TIMED


def _block(spec: Spec, course: Course) -> tuple[str, str | None, Course]:
    """Target, domain and course of a block for float32."""
    group = _group(spec)
    target = next((line.expr for line in group.lines("target") if line.expr is not None), None)
    if target is None:
        raise SpecError([Diagnostic("E0901", f"search {group.name} has no target", group.span, help="add: target ..")])
    if lines := group.lines("operations"):
        raise SpecError([Diagnostic("E0901", "a search in float32 has operations of its own", lines[0].span)])
    domain = next((line.relations[0].span.text.partition(" in ")[2] for line in group.lines("domain")), None)
    return target.span.text, domain, _budgeted(group, course)


def _budgeted(group: tree.Group, options: Any) -> Any:
    """The options of a search with the budget and the seed of its block."""
    for found in group.lines("budget"):
        numbers = [int(e.span.text) for e in found.exprs]
        unit = {"seconds": "budget", "minutes": "budget", "evaluations": "evaluations"}.get(found.names[0])
        if unit is None:
            sentence = f"a budget is not counted in {found.names[0]}"
            raise SpecError([Diagnostic("E0901", sentence, found.span, help="budget 60 seconds, seed 1")])
        amount = numbers[0] * (60 if found.names[0] == "minutes" else 1)
        seconds, fits = (amount, None) if unit == "budget" else (None, amount)
        options = replace(options, budget=seconds, evaluations=fits, seed=(*numbers, options.seed)[1])
    return options
