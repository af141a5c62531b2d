"""`optgen bench`"""

from __future__ import annotations

import click


@click.command("bench")
@click.argument("names", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Compare with the installed peers: interleaved, medians, ratios, the machine first.

    Without names all comparisons run: start, first, call, step, solves, system, functions, verify, search.

    Example: optgen bench step system
    """
    from optgen.bench import CASES, run
    from optgen.bench.machine import description
    from optgen.diagnostics import suggestion

    for name in names:
        if name not in CASES:
            raise click.UsageError(f"no comparison {name}; {suggestion(name, CASES) or 'they are ' + ', '.join(CASES)}")
    click.echo(description())
    for row in run(names):
        click.echo("\n" + "\n".join(row.lines()))
