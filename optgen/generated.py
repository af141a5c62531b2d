"""`python -m optgen.generated DIRECTORY`: the code kept in generated/, one file a method and backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

# spec, algorithm, problem
METHODS = (
    ("adabelief", "adabelief", "logistic"),
    ("newton_cg", "newton_cg", "logistic"),
    ("lbfgs", "lbfgs", "rosenbrock"),
    ("sinkhorn_newton_sparse", "sinkhorn_newton_sparse", None),
    ("ef21_w", "ef21_top1", "robust_regression"),
    ("fit_flow", "fit_flow", None),
    ("hmc", "hmc", "logistic"),
    ("mlp", "adam", "classify"),
)
BACKENDS = ("jax", "numba")


def files() -> Iterator[tuple[str, str]]:
    """(name, text) of every file."""
    import optgen
    from optgen.compiler import source

    for spec, algorithm, problem in METHODS:
        loaded = getattr(optgen.specs, spec)
        for backend in BACKENDS:
            text = source(loaded, algorithm=algorithm, problem=problem, backend=backend)
            yield f"{backend}/{'_'.join(part for part in (algorithm, problem) if part)}.py", text


def main(directory: str) -> None:
    """Write all files below a directory."""
    for name, text in files():
        target = Path(directory) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"{target}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main(*sys.argv[1:])
