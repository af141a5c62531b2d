"""optgen: a compiler from declarative specs of numerical methods to fast solvers.

    spec   = optgen.load("specs/adabelief.opt")           # or optgen.parse(text), optgen.specs.adabelief
    solver = optgen.compile(spec, problem="logistic")
    result = solver(A=A, y=y, lr=1e-2, steps=500)
    result.x, result.status, result.loss

What is named here is the public API and nothing else; each part is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optgen.adapters.jax_functions import jax
    from optgen.compiler import check, compile, explain, load, objective, parse, source
    from optgen.diagnostics import Diagnostic, SpecError
    from optgen.elementwise import analyse, array_code, function
    from optgen.finds import reproduce
    from optgen.language.format import format_source
    from optgen.proof.verdict import Verdict
    from optgen.runtime import Result, Solver
    from optgen.runtime.claims import ClaimWarning
    from optgen.searching import check_find, search
    from optgen.shipped import specs
    from optgen.verification import best_rate, largest, stability_map, verify

__version__ = "0.1.0"

_HOMES = {
    "ClaimWarning": "optgen.runtime.claims",
    "Diagnostic": "optgen.diagnostics",
    "Result": "optgen.runtime",
    "Solver": "optgen.runtime",
    "SpecError": "optgen.diagnostics",
    "Verdict": "optgen.proof.verdict",
    "analyse": "optgen.elementwise",
    "array_code": "optgen.elementwise",
    "best_rate": "optgen.verification",
    "check": "optgen.compiler",
    "check_find": "optgen.searching",
    "compile": "optgen.compiler",
    "explain": "optgen.compiler",
    "format_source": "optgen.language.format",
    "function": "optgen.elementwise",
    "jax": "optgen.adapters.jax_functions",
    "largest": "optgen.verification",
    "load": "optgen.compiler",
    "objective": "optgen.compiler",
    "parse": "optgen.compiler",
    "reproduce": "optgen.finds",
    "search": "optgen.searching",
    "source": "optgen.compiler",
    "specs": "optgen.shipped",
    "stability_map": "optgen.verification",
    "verify": "optgen.verification",
}

__all__ = [
    "ClaimWarning", "Diagnostic", "Result", "Solver", "SpecError", "Verdict", "analyse", "array_code", "best_rate",
    "check", "check_find", "compile", "explain", "format_source", "function", "functions", "jax", "largest", "load",
    "objective", "parse", "reproduce", "search", "source", "specs", "stability_map", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "functions":  # the room that bears the name of what users find in it
        return import_module("optgen.functions")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"optgen has no {name}; it has {', '.join(__all__)}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
