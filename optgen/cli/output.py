"""What commands print: diagnostics as text or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from optgen.diagnostics import Diagnostic


def colourful() -> bool:
    """Whether messages go to a terminal that wants colour."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def show(diagnostics: Iterable[Diagnostic], as_json: bool = False) -> int:
    """Print diagnostics; the exit code they mean: 1 if there is an error among them."""
    diagnostics = tuple(diagnostics)
    if as_json:
        import json

        from optgen.diagnostics.render import render_json

        click.echo(json.dumps([render_json(diagnostic) for diagnostic in diagnostics], indent=2))
    elif diagnostics:
        from optgen.diagnostics.render import render_text

        for diagnostic in diagnostics:
            click.echo(render_text(diagnostic, colour=colourful()), err=True)
            click.echo(err=True)
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    return 1 if errors else 0


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    counts = [sum(d.severity == severity for d in diagnostics) for severity in ("error", "warning")]
    words = [
        f"{count} {word}{'s'[: count != 1]}" for count, word in zip(counts, ("error", "warning"), strict=True) if count
    ]
    return ", ".join(words)


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """What is said of claims within is printed as lines; other warnings stay what they are."""
    import warnings

    from optgen import ClaimWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ClaimWarning)
        yield
    for line in dict.fromkeys(str(item.message) for item in caught if issubclass(item.category, ClaimWarning)):
        click.echo(f"warning: {line}", err=True)
    for item in caught:
        if not issubclass(item.category, ClaimWarning):
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
