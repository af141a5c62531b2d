"""`optgen check FILE...`"""

from __future__ import annotations

import click

from optgen.cli.output import show, summary


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the messages as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about files without errors.")
def command(files: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Check names, types, shapes and domains of specs.

    Every error of every file is reported, with its place and a likely fix.

    Example: optgen check specs/adabelief.opt
    """
    import optgen

    found: list[optgen.Diagnostic] = []
    for file in files:
        diagnostics = optgen.check(file)
        found.extend(diagnostics)
        if not as_json and not quiet and not diagnostics:
            click.echo(f"{file}: no errors")
    code = show(found, as_json)
    if found and not as_json:
        click.echo(summary(found), err=True)
    raise click.exceptions.Exit(code)
