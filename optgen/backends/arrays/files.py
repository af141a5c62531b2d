"""Standalone files of array code, and their functions as callables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from optgen.backends.arrays.helpers import helper_source
from optgen.backends.arrays.statements import function_lines
from optgen.ir.nodes import Scalar
from optgen.ir.program import Function
from optgen.passes.schedule import schedule

Dialect = Literal["numpy", "jax"]

_IMPORTS = {
    "numpy": "import numpy as np\n",
    "jax": "import jax\nimport jax.numpy as jnp\n",
}


def file_source(functions: Sequence[Function], dialect: Dialect, real: str, header: str) -> str:
    """The text of a file with these functions: imports the array library and nothing of optgen."""
    bodies, helpers, _ = _printed(functions, dialect, real)
    text = "\n\n".join([*(part.strip("\n") + "\n" for part in helper_source(helpers, dialect, real)), *bodies])
    return f'"""{header}"""\n\n{_preamble(text, dialect)}\n\n{text}'


def _preamble(text: str, dialect: Dialect) -> str:
    lines = []
    if dialect == "jax" and "@partial(" in text:
        lines.append("from functools import partial\n\n")
    lines.append(_IMPORTS[dialect])
    if dialect == "jax" and re.search(r"\blax\.", text):
        lines.append("from jax import lax\n")
    if "special." in text:
        lines.append("from scipy import special\n" if dialect == "numpy" else "from jax.scipy import special\n")
    if dialect == "jax":
        lines.append('\njax.config.update("jax_enable_x64", True)\n')
    return "".join(lines)


def _printed(
    functions: Sequence[Function], dialect: Dialect, real: str
) -> tuple[list[str], set[str], dict[str, list[Scalar]]]:
    bodies, helpers, sizes = [], set(), {}
    for function in functions:
        lines, used, free = function_lines(schedule(function), dialect, real)
        if "uniform_bits" in used or "high_word" in used or "low_word" in used or "index_bits" in used:
            used.add("threefry")
        if dialect == "jax":
            static = [*function.dims, *(f"capacity{'' if k == 0 else f'_{k + 1}'}" for k in range(len(free)))]
            mark = f"@partial(jax.jit, static_argnames={tuple(static)!r})" if static else "@jax.jit"
            lines.insert(0, mark)
        bodies.append("\n".join(lines) + "\n")
        helpers |= used
        sizes[function.name] = free
    return bodies, helpers, sizes


def load(functions: Sequence[Function], dialect: Dialect, real: str) -> tuple[dict[str, Any], dict[str, list[Scalar]]]:
    """The functions of a file as Python callables, and the extents each wants as keywords.

    What is executed is text that this package wrote from IR; names in it passed `schedule.legal`.
    """
    bodies, helpers, sizes = _printed(functions, dialect, real)
    text = "\n\n".join([*helper_source(helpers, dialect, real), *bodies])
    namespace: dict[str, Any] = {}
    exec(compile(_preamble(text, dialect) + text, f"<optgen {dialect}>", "exec"), namespace)  # noqa: S102
    return {function.name: namespace[function.name] for function in functions}, sizes
