"""Options that several commands share, and the values of `--data` and `--set`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

backend_option = click.option(
    "--backend", type=click.Choice(["llvm", "numba", "jax", "numpy"]), default="llvm", show_default=True,
    help="What the method is compiled to.",
)  # fmt: skip
dtype_option = click.option(
    "--dtype",
    type=click.Choice(["float64", "float32"]),
    default="float64",
    show_default=True,
    help="Precision of reals.",
)


def choice_options(function: F) -> F:
    """`--algorithm` and `--problem`."""
    for name, what in (("problem", "problem to solve"), ("algorithm", "method")):
        decorate = click.option(f"--{name}", help=f"The {what}; may be left out when the file has one.")
        function = decorate(function)
    return function


def pairs(words: tuple[str, ...], option: str) -> dict[str, str]:
    """`name=value` words as a dict."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise click.BadParameter(f"{word} is not of the form name=value", param_hint=option)
        found[name.strip()] = value.strip()
    return found


def number(text: str, name: str) -> float | int | bool:
    """The value of `--set name=text`."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise click.BadParameter(f"{name} = {text} is not a number", param_hint="--set")


def read_array(place: str, name: str) -> np.ndarray:
    """The value of `--data name=place`: a .npy file, `file.npz:entry`, or a .csv or .txt table of numbers."""
    import numpy as np

    path, _, entry = place.partition(".npz:")
    file = Path(f"{path}.npz" if entry else place)
    if not file.is_file():
        raise click.BadParameter(f"{name}: there is no file {file}", param_hint="--data")
    try:
        if file.suffix == ".npy":
            return np.asarray(np.load(file, allow_pickle=False))
        if file.suffix == ".npz":
            return _entry(np.load(file, allow_pickle=False), entry, name)
        return np.loadtxt(file, delimiter="," if file.suffix == ".csv" else None)
    except ValueError as error:
        raise click.BadParameter(f"{name}: {file} can't be read as numbers: {error}", param_hint="--data") from None


def _entry(archive: Any, entry: str, name: str) -> np.ndarray:
    found: np.ndarray
    names = list(archive.files)
    if not entry and len(names) == 1:
        entry = names[0]
    if entry not in names:
        message = (
            f"{name}: the archive has {', '.join(names)}; say which: {name}=file.npz:{names[0] if names else 'entry'}"
        )
        raise click.BadParameter(message, param_hint="--data")
    found = archive[entry]
    return found
