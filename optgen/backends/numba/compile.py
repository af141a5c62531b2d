"""Source files and callables from functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optgen.backends.numba.helpers import helper_source
from optgen.backends.numba.printer import dims_by_shape, print_procedure
from optgen.ir.imperative import Procedure
from optgen.ir.program import Function

Compiled = Callable[[Mapping[str, int], Sequence[Any]], list[Any]]


def procedure_of(function: Function) -> Procedure:
    """The loop form of a function."""
    from optgen.passes.loops import loops
    from optgen.passes.schedule import schedule

    return loops(schedule(function))


def source(functions: Sequence[Function], real: str = "float64", header: str = "") -> str:
    """A standalone module with one compiled function a function: it imports math, numpy and numba."""
    return procedures_source([procedure_of(function) for function in functions], real, header)


def procedures_source(procedures: Sequence[Procedure], real: str, header: str = "") -> str:
    printed = [print_procedure(procedure, real) for procedure in procedures]
    helpers = helper_source({name for _, needed in printed for name in needed}, real)
    imports = "import math\n\nimport numpy as np\nfrom numba import njit\n"
    if real == "float32":
        imports += "from numpy import float32\n"
    start = f'"""{header}"""\n\n' if header else ""
    return start + "\n\n".join(part for part in (imports, helpers, *(text for text, _ in printed)) if part)


def compile_function(function: Function, real: str = "float64") -> Compiled:
    """The function compiled: (dims, arrays) -> results, in the orders of the function's parameters and results."""
    return compile_procedure(procedure_of(function), real)


def compile_procedure(procedure: Procedure, real: str = "float64") -> Compiled:
    import numpy as np

    scope: dict[str, Any] = {}
    text = procedures_source([procedure], real)
    exec(compile(text, f"<{procedure.name} for numba>", "exec"), scope)  # noqa: S102 - the printer's text, no user's
    compiled = scope[procedure.name]
    free, _ = dims_by_shape(procedure)
    dtypes = {"int": np.int64, "bool": np.bool_, "u64": np.uint64, "real": np.dtype(real).type}
    parameters, results = procedure.parameters, procedure.results

    def call(dims: Mapping[str, int], arrays: Sequence[Any]) -> list[Any]:
        arguments: list[Any] = [int(dims[name]) for name in free]
        for parameter, array in zip(parameters, arrays, strict=True):
            made: Any = np.ascontiguousarray(array, dtypes[parameter.dtype])
            arguments.append(made if parameter.axes else made.reshape(-1)[0])
        values = compiled(*arguments)
        return [np.asarray(value, dtypes[result.dtype]) for value, result in zip(values, results, strict=True)]

    return call
