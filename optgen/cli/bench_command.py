"""`optgen bench`"""

from __future__ import annotations

import click


@click.command("bench")
@click.argument("names", nargs=-1)
@click.option("--isa", type=click.Choice(["avx2"]), help="Everybody does without longer vectors, in a new process.")
def command(names: tuple[str, ...], isa: str | None) -> None:
    """Compare with the installed peers: interleaved, medians, ratios, the machine first.

    Without names all comparisons run: start, first, call, step, solves, gain, system, functions, verify, search.

    Example: optgen bench step system
    """
    from optgen.bench import CASES, run, run_restricted
    from optgen.bench.machine import description
    from optgen.diagnostics import suggestion

    for name in names:
        if name not in CASES:
            raise click.UsageError(f"no comparison {name}; {suggestion(name, CASES) or 'they are ' + ', '.join(CASES)}")
    if isa is not None:
        click.echo(f"With {isa.upper()} and no longer vectors:")
        raise SystemExit(run_restricted(names))
    click.echo(description())
    for row in run(names):
        click.echo("\n" + "\n".join(row.lines()))
