"""The specs that ship: where they are, what they are called, and each as a value, `optgen.specs.NAME`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from optgen.diagnostics import suggestion

if TYPE_CHECKING:
    import numpy as np

    from optgen.compiler import Spec


@cache
def directory() -> Path:
    """The directory of the shipped specs: inside an installed package, else beside it in the repository."""
    installed = Path(__file__).parent / "shipped_specs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "specs"


@cache
def paths() -> dict[str, Path]:
    """The file of each shipped spec, by name; a problem is in `problems/`.  Functions and what is timed are apart."""
    apart = {directory() / "functions", directory() / "bench"}
    return {path.stem: path for path in sorted(directory().rglob("*.opt")) if not apart & set(path.parents)}


@cache
def function_paths() -> dict[str, Path]:
    """The file of each shipped function, by name: the fastest program that is good to 1 ulp."""
    return {path.stem: path for path in sorted((directory() / "functions").glob("*.opt"))}


@cache
def rounded_paths() -> dict[str, Path]:
    """The file of the correctly rounded program of a function, by name, where the fastest one is another."""
    return {path.stem: path for path in sorted((directory() / "functions" / "rounded").glob("*.opt"))}


def program_paths(name: str) -> list[Path]:
    """The files of the float32 programs of a function, the faster first."""
    return [paths[name] for paths in (function_paths(), rounded_paths()) if name in paths]


@cache
def double_paths() -> dict[str, Path]:
    """The file of the program for float64 of a shipped function, by name, where there is one."""
    return {path.stem: path for path in sorted((directory() / "functions" / "float64").glob("*.opt"))}


def function(name: str) -> np.ufunc:
    """The ufunc of a name of `optgen.functions`: a shipped function, or an expression with its choices.

    Raises AttributeError for a word that is no shipped function.
    """
    if name.isidentifier() and name not in function_paths():
        hint = suggestion(name, function_paths())
        raise AttributeError(f"no shipped function is called {name}" + (f"; {hint}" if hint else ""))
    from optgen.elementwise import function as compiled

    return compiled(name)


class _Specs:
    """The shipped specs as attributes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Spec:
        path = paths().get(name)
        if path is None or name.startswith("__"):
            hint = suggestion(name, paths())
            raise AttributeError(f"no shipped spec is called {name}" + (f"; {hint}" if hint else ""))
        from optgen.compiler import load

        return load(path)

    def __dir__(self) -> list[str]:
        return sorted(paths())


specs = _Specs()
