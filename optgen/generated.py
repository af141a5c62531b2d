"""`python -m optgen.generated DIRECTORY`: the code kept in generated/, one file a method and backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

BACKENDS = ("jax", "numba")


def files() -> Iterator[tuple[str, str]]:
    """(name, text) of every file; `kept.toml` beside the shipped specs lists the methods."""
    import tomllib

    import optgen
    from optgen.compiler import source
    from optgen.shipped import directory

    listed = tomllib.loads((directory() / "kept.toml").read_text(encoding="utf-8"))
    for entry in listed["kept"]:
        loaded = getattr(optgen.specs, entry["spec"])
        algorithm, problem = entry["algorithm"], entry.get("problem")
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
