"""`optgen list`"""

from __future__ import annotations

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def command(as_json: bool) -> None:
    """The shipped specs: what each defines, and what it is.

    Example: optgen list
    """
    import optgen
    from optgen.shipped import directory, paths

    rows = []
    for path in paths().values():
        for kind, name, doc in optgen.load(path).contents:
            rows.append({"kind": kind, "name": name, "about": doc, "file": str(path.relative_to(directory()))})
    if as_json:
        import json

        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for kind in dict.fromkeys(row["kind"] for row in rows):
        click.secho(f"{kind}s", bold=True)
        for row in rows:
            if row["kind"] == kind:
                click.echo(f"  {row['name']:<{width}}  {row['about']}")
