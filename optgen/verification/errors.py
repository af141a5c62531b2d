"""`error(p, exact) <= e` of a function's program: run on every float32 of its domain, or bounded for doubles.

An error is |p(x) - exact(x)| divided by |exact(x)|, or by the smallest normal number where that is more; p(x) is what
the program gives when it runs, rounding included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from optgen.proof.verdict import Part

if TYPE_CHECKING:
    from optgen.functions.request import Domain
    from optgen.ir.program import Function
    from optgen.ir.straight import Straight

DTYPE = {"f32": "float32", "f64": "float64"}
NORMAL = {"f32": Fraction(1, 2**126), "f64": Fraction(1, 2**1022)}
UNITS = 2**52  # of a double: an error of so many ulps is at most one of its value
POINTS = 500
BITS = 120
AGAIN = "optgen verify SPEC --no-cache, with the spec that has this program"


Ends = Fraction | None
Progress = Callable[[float], None]


class Ended(Exception):
    """An attempt that has no time left, or can't come to anything."""


def limit(seconds: float) -> Progress:
    """Called again and again, it ends a run when its time is over."""
    until = time.monotonic() + seconds

    def told(_: float) -> None:
        if time.monotonic() > until:
            raise Ended(f"not done in {seconds:g} s")

    return told


def measured(
    program: Straight, meaning: Function, low: Ends, high: Ends, bound: Fraction, seconds: float = 20.0
) -> Part:
    """The claim decided for a program of one float; unknown where neither way applies, or in that time."""
    from optgen.functions.errors import Refused

    part = Part()
    start = time.perf_counter()
    domain = domain_of(low, high)
    points = (x for x in points_of(program, domain) if exceeds(program, meaning, x, bound) is not None)
    wrong = next(points, None)
    part.tried.append(("points", "an error above" if wrong is not None else "none above", time.perf_counter() - start))
    if wrong is not None:
        return refuted(program, meaning, wrong, bound, part)
    start = time.perf_counter()
    try:
        by = WAYS.get(program.type)
        if by is None:
            part.tried.append(("sweep", f"not applicable: a program of {program.type}", 0.0))
            return part
        return by(program, meaning, domain, bound, part, limit(seconds))
    except (Refused, Ended, ValueError) as why:
        part.tried.append(("sweep", f"gave up: {why}", time.perf_counter() - start))
    return part


def domain_of(low: Ends, high: Ends) -> Domain | None:
    from optgen.functions.request import Domain

    return None if low is None or high is None else Domain(float(low), float(high))


def by_sweep(
    program: Straight, meaning: Function, domain: Domain | None, bound: Fraction, part: Part, progress: Progress
) -> Part:
    """Every float32 of the domain run, zeros and infinities apart, where the error is looked at alone."""
    from optgen.functions.certificate import Claim, prove
    from optgen.functions.floats import float_of
    from optgen.functions.request import Accuracy

    start = time.perf_counter()
    claim = Claim(meaning, Accuracy(bound, relative=True), domain)
    found = prove(program, claim, progress=progress).findings
    outcome = f"{found.inputs} floats, error at most {found.error:.7g}"
    part.tried.append(("sweep", outcome, time.perf_counter() - start))
    special = [float_of(wrong.bits) for wrong in found.wrong]
    worst = [x for x in (float_of(found.worst), *special) if exceeds(program, meaning, x, bound) is not None]
    if worst:
        return refuted(program, meaning, worst[0], bound, part)
    near = all(small_there(program, meaning, x, bound) for x in special)
    if not found.full or found.nan or not near or not found.error <= bound:
        return part
    part.status, part.trust = "proved", "exhaustive"
    part.certificate = certificate(program, meaning, domain, bound, part.trust) | {"inputs": found.inputs}
    part.words = (
        f"the program {program.digest[:16]} was run on all {found.inputs} floats of its domain",
        "what must be believed: the bounds of the exact values by Arb, LLVM's loop, the processor that ran it",
        f"again: {AGAIN}",
    )
    return part


def by_enclosures(
    program: Straight, meaning: Function, domain: Domain | None, bound: Fraction, part: Part, progress: Progress
) -> Part:
    """A bound in units in the last place, of which 2^52 are at most the value."""
    from optgen.functions.bounds.interval import certify
    from optgen.functions.certificate import Claim
    from optgen.functions.request import Accuracy

    start = time.perf_counter()

    def watch(error: float) -> None:
        progress(error)
        if error > bound * UNITS:
            raise Ended(f"a piece of the domain is only bounded by {error / UNITS:.4g} of the value")

    proof = certify(program, Claim(meaning, Accuracy(bound * UNITS), domain), watch=watch)
    outcome = f"error at most {proof.error / UNITS:.4g} of the value"
    part.tried.append(("enclosures", outcome, time.perf_counter() - start))
    special = [x for x, _, _ in proof.wrong if not small_there(program, meaning, x, bound)]
    if special or not proof.error <= bound * UNITS:
        return part
    part.status, part.trust = "proved", "interval"
    part.certificate = certificate(program, meaning, domain, bound, part.trust) | {"pieces": proof.found.pieces}
    part.words = (
        f"enclosures of the program {program.digest[:16]} on {proof.found.pieces} pieces cover its domain",
        "what must be believed: Arb, the rules of rounding, the processor's arithmetic",
        f"again: {AGAIN}",
    )
    return part


WAYS = {"f32": by_sweep, "f64": by_enclosures}


def certificate(
    program: Straight, meaning: Function, domain: Domain | None, bound: Fraction, trust: str
) -> dict[str, Any]:
    """What was claimed of which program, and how it is run again."""
    ends = None if domain is None else [domain.low.hex(), domain.high.hex()]
    return {
        "kind": "program", "trust": trust, "program": program.digest, "text": program.text.splitlines(),
        "exact": meaning.doc, "domain": ends, "error at most": str(bound), "again": AGAIN,
    }  # fmt: skip


# ---------------------------------------------------------------- points


def points_of(program: Straight, domain: Domain | None) -> Iterator[float]:
    """Floats spread over the domain, its ends and zero among them."""
    import numpy as np

    low, high = (-100.0, 100.0) if domain is None else (max(domain.low, -1e30), min(domain.high, 1e30))
    dtype = np.dtype(DTYPE.get(program.type, "float64"))
    spread = np.linspace(low, high, POINTS).astype(dtype).astype(float)
    yield from (x for x in dict.fromkeys([*spread.tolist(), 0.0]) if low <= x <= high)


def exceeds(program: Straight, meaning: Function, x: float, bound: Fraction) -> tuple[float, Any] | None:
    """What the program gives, and the exact value, where the error is surely above the bound."""
    found = error_there(program, meaning, x, bound)
    return None if found is None or not found[2] else found[:2]


def small_there(program: Straight, meaning: Function, x: float, bound: Fraction) -> bool:
    """Whether the error at a point is surely within the bound."""
    found = error_there(program, meaning, x, bound)
    return found is not None and bool(found[3])


def error_there(
    program: Straight, meaning: Function, x: float, bound: Fraction
) -> tuple[float, Any, bool, bool] | None:
    """Result, exact value, whether it is surely too far, whether surely near; None where there is no value."""
    import numpy as np
    from flint import arb

    from optgen.ir import nodes as ir
    from optgen.ir.straight import evaluate
    from optgen.symbolic.arb import Meaning, Undecided, Undefined, precision_of

    y = float(evaluate(program, [np.array([x], DTYPE[program.parameters[0][1]])])[0])
    (argument,), ((_, result),) = meaning.parameters, meaning.results
    try:
        with precision_of(BITS):
            value = Meaning.of(ir.access(result), [argument]).refined([x], BITS)
            if not value.is_finite():
                return None
            if y != y or y in (float("inf"), -float("inf")):
                return y, value, True, False
            least = arb(NORMAL[program.type].numerator) / arb(NORMAL[program.type].denominator)
            unit = abs(value).max(least)
            gap = abs(arb(y) - value)
            allowed = unit * arb(bound.numerator) / arb(bound.denominator)
            return y, value, bool(gap > allowed), bool(gap <= allowed)
    except (Undecided, Undefined, ZeroDivisionError, ValueError):
        return None


def refuted(program: Straight, meaning: Function, x: float, bound: Fraction, part: Part) -> Part:
    """The program run at a point as machine code gives the same, and the error there is above the bound."""
    found = exceeds(program, meaning, x, bound)
    assert found is not None
    y, value = found
    again = compiled_at(program, x)
    outcome = f"{program.name}({x!r}) = {again!r}, exactly {value.str(20, radius=False)}"
    part.tried.append(("replay", outcome, 0.0))
    if again == y or (again != again and y != y):
        part.status, part.words = "refuted", (f"replayed: compiled, {outcome}",)
        part.counterexample = {
            "kind": "error", "params": {"x": repr(x)}, "replayed": True,
            "violated": f"{program.name}({x!r}) is {y!r}, and {meaning.doc} is {value.str(20, radius=False)} there",
        }  # fmt: skip
    return part


def compiled_at(program: Straight, x: float) -> float:
    """The program at a number, in machine code."""
    import ctypes

    import numpy as np

    from optgen.backends.llvm.straight_loop import compile_loop

    loop = compile_loop(program)
    given = np.array([x], DTYPE[program.parameters[0][1]])
    found = np.empty(1, DTYPE[program.type])
    pointers = np.array([given.ctypes.data, found.ctypes.data], np.int64)
    steps, count = np.array([given.itemsize, found.itemsize], np.int64), np.array([1], np.int64)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(loop.address)
    function(pointers.ctypes.data, count.ctypes.data, steps.ctypes.data, None)
    return float(found[0])
