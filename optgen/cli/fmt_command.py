"""`optgen fmt FILE...`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit with 1 if a file is not formatted.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def command(files: tuple[str, ...], only_check: bool, diff: bool) -> None:
    """Format specs: ASCII spellings, one spacing, comments kept.  A formatted file does not change again.

    Example: optgen fmt --diff specs/adabelief.opt
    """
    import optgen
    from optgen.diagnostics import Source

    changed = 0
    for file in files:
        before = Path(file).read_text(encoding="utf-8")
        after = optgen.format_source(Source(file, before))
        if after == before:
            continue
        changed += 1
        if diff:
            import difflib

            lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), file, f"{file}, formatted")
            click.echo("".join(lines), nl=False)
        elif only_check:
            click.echo(f"{file} is not formatted")
        else:
            Path(file).write_text(after, encoding="utf-8")
            click.echo(f"{file}: formatted")
    raise click.exceptions.Exit(1 if changed and only_check else 0)
