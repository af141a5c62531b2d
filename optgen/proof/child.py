"""Foreign solvers in a process of their own: `python -m optgen.proof.child` answers one line of JSON with another.

A request names an attempt and its problem; the answer is a certificate, a counterexample, or nothing.  The parent kills
the child at a limit of time; a limit of memory makes it fail.  Nothing but data crosses the border.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from optgen.proof.examples import function_to_json
from optgen.proof.linear import LinearMethod
from optgen.proof.polynomial import Number, from_json
from optgen.proof.problem import (
    Form,
    Interval,
    Membership,
    Oracle,
    Point,
    Problem,
    Statement,
    read_quadratic,
)

MEMORY = 2 * 2**30
Answer = dict[str, Any]


def main() -> None:
    """Answers requests until the input ends."""
    limit_memory()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints goes where errors go
    for line in sys.stdin:
        try:
            request = json.loads(line)
            answer = ATTEMPTS[request["attempt"]](request)
        except MemoryError:
            answer = {"failed": "out of memory"}
        except (ArithmeticError, ValueError, AssertionError, TypeError, KeyError, IndexError) as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def limit_memory() -> None:
    try:
        import resource
    except ImportError:  # a system without it
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


# ---------------------------------------------------------------- attempts


def points(request: Mapping[str, Any]) -> Answer:
    from optgen.proof.refute_points import refute

    found = refute(read_problem(request["problem"]), request["seconds"])
    return {"counterexample": None if found is None else example_to_json(found)}


def multipliers(request: Mapping[str, Any]) -> Answer:
    from optgen.proof.decide import prove

    found = prove(read_problem(request["problem"]), request["seconds"])
    if found is None:
        return {"certificate": None}
    from optgen.proof.explain import explained, latex

    return {"certificate": found.to_json(), "mathematics": explained(found), "latex": latex(found)}


def stable(request: Mapping[str, Any]) -> Answer:
    from optgen.proof import smt_signs
    from optgen.proof.stability import prove_stable

    method, domain = read_method(request["method"]), read_domain(request["domain"])
    found = prove_stable(method, domain, request["curvature"], solver=smt_signs.nonnegative)
    if found is None:
        return {"certificate": None}
    from optgen.proof.explain import explained_stability

    return {"certificate": found, "mathematics": explained_stability(method, request["curvature"]), "latex": []}


def unstable(request: Mapping[str, Any]) -> Answer:
    """A quadratic on which a step with numbers has an eigenvalue outside the circle."""
    from optgen.proof.refute_linear import quadratic

    low, high, rate = (Fraction(request[name]) for name in ("low", "high", "rate"))
    found = quadratic(read_method(request["method"]), low, high, rate)
    return {"counterexample": None if found is None else example_to_json(found)}


def cycle(request: Mapping[str, Any]) -> Answer:
    """A function on which the iterates come back."""
    from optgen.proof.refute_linear import cycle

    found = cycle(read_method(request["method"]), Fraction(request["low"]), Fraction(request["high"]))
    return {"counterexample": None if found is None else example_to_json(found)}


def two_curvatures(request: Mapping[str, Any]) -> Answer:
    """The slowest function with one curvature on the left and another on the right, and its squared rate."""
    from optgen.proof.refute_slopes import slowest

    found = slowest(read_method(request["method"]), Fraction(request["low"]), Fraction(request["high"]))
    if found is None:
        return {"counterexample": None}
    return {"counterexample": example_to_json(found[1]), "rate": str(found[0])}


ATTEMPTS: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
    "points": points,
    "multipliers": multipliers,
    "stable": stable,
    "unstable": unstable,
    "cycle": cycle,
    "two curvatures": two_curvatures,
}


# ---------------------------------------------------------------- reading and writing


def read_problem(data: Mapping[str, Any]) -> Problem:
    """Reads what `problem_to_json` wrote."""
    oracles = tuple(
        Oracle(
            o["name"],
            tuple(Membership(n, tuple(None if a is None else from_json(a) for a in args)) for n, args in o["classes"]),
            tuple(read_point(p) for p in o["points"]),
        )
        for o in data["oracles"]
    )
    statements = tuple(
        Statement(
            s["name"],
            read_quadratic(s["claim"]),
            {n: read_quadratic(q) for n, q in s["terms"].items()},
            None if s["points"] is None else frozenset(s["points"]),
        )
        for s in data["statements"]
    )
    return Problem(
        oracles,
        statements,
        read_domain(data["domain"]),
        {n: read_quadratic(q) for n, q in data["assumptions"].items()},
        {n: read_quadratic(q) for n, q in data["equalities"].items()},
    )


def read_domain(data: list[Any]) -> tuple[Interval, ...]:
    def bound(item: Any) -> Number | None:
        return None if item is None else from_json(item)

    return tuple(Interval(n, bound(low), bound(high), lc, hc) for n, low, high, lc, hc in data)


def read_point(data: Mapping[str, Any]) -> Point:
    x, g = (Form({n: from_json(c) for n, c in data[key].items()}) for key in ("x", "g"))
    flags = (bool(data.get("minimiser")), bool(data.get("adjoint")))
    return Point(data["name"], x, g, read_quadratic(data["f"]), *flags)


def read_method(data: Mapping[str, Any]) -> LinearMethod:
    matrices = (tuple(tuple(from_json(n) for n in row) for row in data[name]) for name in "ABCD")
    return LinearMethod(tuple(data["states"]), tuple(data["oracles"]), *matrices)


def example_to_json(example: Any) -> Answer:
    """A counterexample as data: functions by their kind and numbers."""
    return {
        "kind": example.kind,
        "functions": {name: function_to_json(f) for name, f in example.functions.items()},
        "points": {name: [str(c) for c in v] for name, v in example.points.items()},
        "params": {name: str(n) for name, n in example.params.items()},
        "values": {name: str(n) for name, n in example.values.items()},
        "violated": example.violated,
        "amount": str(example.amount),
        "period": example.period,
    }


if __name__ == "__main__":
    main()
