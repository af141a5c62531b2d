"""Best rates: an exact certificate against the numeric answers of AutoLyap and PEPit, and whether these hold.

A peer's rate holds if a certificate proves it, and does not if a function of the class is slower.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Any

from optgen.bench.timing import Row, installed, interleaved

REPEATS = 3


def rates(cases: list[Mapping[str, Any]]) -> Iterator[Row]:
    """One row a method: seconds of each tool, the rate it found, and whether that holds exactly."""
    import optgen

    for case in cases:
        mu, L = case["class"]
        given = f"f in smooth_strongly_convex({mu}, {L})"

        def ours(case: Mapping[str, Any] = case, given: str = given) -> Any:
            return optgen.best_rate(getattr(optgen.specs, case["spec"]), given, case["algorithm"], **case["params"])

        ways: dict[str, Callable[[], Any]] = {"optgen, proved exactly": ours}
        if installed("autolyap") is not None and "autolyap" in case:
            ways["AutoLyap"] = lambda case=case, mu=mu, L=L: autolyap(case["autolyap"], mu, L)  # type: ignore[misc]
        if installed("PEPit") is not None and "step" in case:
            ways["PEPit, one step"] = lambda case=case, mu=mu, L=L: pepit(case["step"], mu, L)  # type: ignore[misc]
        found = ours()
        notes = {"optgen, proved exactly": f"rho {sqrt(found.proved):.7f}, by a certificate"}
        for name, way in list(ways.items())[1:]:
            answer = way()
            notes[name] = f"rho {sqrt(answer):.7f}, {exactly(case, given, answer, found)}"
        yield replace(interleaved(case["title"], ways, REPEATS), notes=notes)


ROUNDED_UP = ("1e-9", "1e-8", "1e-7", "1e-6", "1e-5", "1e-4")  # what is added to a squared rate that has no certificate


def exactly(case: Mapping[str, Any], given: str, answer: float, found: Any) -> str:
    """Whether a squared rate, read as the rational number that it is, has an exact certificate; if not, rounded up."""
    import optgen

    said = holds(answer, found)
    if said != "not decided":
        return said
    spec = getattr(optgen.specs, case["spec"])
    for more in ("0", *ROUNDED_UP):
        rate = Fraction(answer) + Fraction(more)
        if optgen.best_rate(spec, given, case["algorithm"], rate, **case["params"]).proved is not None:
            return "holds" if more == "0" else f"no certificate; holds with {more} more"
    return "no certificate"


def holds(answer: float, found: Any) -> str:
    """What our bracket says of another squared rate."""
    if answer >= found.proved:
        return "holds"
    return "does not hold" if found.refuted is not None and answer < found.refuted else "not decided"


def autolyap(method: list[Any], mu: float, L: float) -> float:
    """The squared rate of the distance that AutoLyap finds, with the solver that we use too."""
    from autolyap import IterationIndependent, SolverOptions, algorithms, problemclass

    problem = problemclass.InclusionProblem([problemclass.SmoothStronglyConvex(mu, L)])
    made = getattr(algorithms, method[0])(*method[1:])
    linear = IterationIndependent.LinearConvergence
    P, p, T, t = linear.get_parameters_distance_to_solution(made)
    options = SolverOptions(backend="cvxpy", cvxpy_solver="CLARABEL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = linear.bisection_search_rho(
            problem, made, P, T, p=p, t=t, S_equals_T=True, s_equals_t=True, remove_C3=True,
            tol=1e-6, solver_options=options, verbosity=0,
        )  # fmt: skip
    return float(found["rho"])


def pepit(step: float, mu: float, L: float) -> float:
    """The worst squared contraction of one step of gradient descent that PEPit finds."""
    from PEPit import PEP
    from PEPit.functions import SmoothStronglyConvexFunction

    problem = PEP()
    f = problem.declare_function(SmoothStronglyConvexFunction, mu=mu, L=L)
    minimiser, start = f.stationary_point(), problem.set_initial_point()
    problem.set_initial_condition((start - minimiser) ** 2 <= 1)
    problem.set_performance_metric((start - step * f.gradient(start) - minimiser) ** 2)
    return float(problem.solve(verbose=0))
