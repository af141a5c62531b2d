"""Standalone files of array code, and their functions as callables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from optgen.backends.arrays.functions import Printed, print_function
from optgen.backends.arrays.helpers import helper_source
from optgen.backends.arrays.writer import Dialect
from optgen.ir.program import Function


def file_source(functions: Sequence[Function], dialect: Dialect, real: str, header: str) -> str:
    """The text of a file with these functions: imports the array library and nothing of optgen."""
    made = [print_function(function, dialect, real) for function in functions]
    text = _text(made, dialect, real)
    doubles = '\njax.config.update("jax_enable_x64", True)\n' if dialect == "jax" else ""
    return f'"""{header}\n"""\n\n{_preamble(text, dialect)}{doubles}\n\n{text}'


def load(function: Function, dialect: Dialect, real: str) -> tuple[Any, Printed]:
    """A function as a Python callable, and what is known of its keywords.  In jax it has to be called where doubles are
    on; a file turns them on for its process, and what is loaded does not.

    What is executed is text that this package wrote from IR; names in it passed `schedule.legal`.
    """
    made = print_function(function, dialect, real)
    text = _text([made], dialect, real)
    namespace: dict[str, Any] = {}
    exec(compile(_preamble(text, dialect) + text, f"<optgen {dialect}>", "exec"), namespace)  # noqa: S102
    return namespace[function.name], made


def keywords(printed: Printed, dims: Mapping[str, int]) -> dict[str, int]:
    """The dims that the function takes as keywords."""
    return {keyword: dims[name] for name, keyword in printed.dims.items()}


def _text(functions: Sequence[Printed], dialect: Dialect, real: str) -> str:
    helpers = set().union(*(function.helpers for function in functions))
    parts = [*helper_source(helpers, dialect, real), *("\n".join(function.lines) for function in functions)]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def _preamble(text: str, dialect: Dialect) -> str:
    """The imports that the text needs."""
    if dialect == "numpy":
        return "import numpy as np\n" + ("from scipy import special\n" if "special." in text else "")
    lines = ["from functools import partial\n\n"] if "@partial(" in text else []
    lines.append("import jax\nimport jax.numpy as jnp\n")
    lines += ["from jax import lax\n"] if re.search(r"\blax\.", text) else []
    lines += ["from jax.scipy import special\n"] if "special." in text else []
    return "".join(lines)
