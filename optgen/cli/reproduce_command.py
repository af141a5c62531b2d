"""`optgen reproduce`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("reproduce")
@click.argument("certificate", required=False, type=click.Path(path_type=Path))
@click.option("--evaluations", type=int, help="Fits, in place of as many as it took.")
@click.option("--workers", type=int, help="Threads; by default one a core.")
def command(certificate: Path | None, evaluations: int | None, workers: int | None) -> int:
    """Find a find again: prove the bound of CERTIFICATE, then run the search that it names.

    Without CERTIFICATE, a small find that ships, which takes less than two minutes.  Leaves with 1 if the search finds
    nothing as good.

    Example: optgen reproduce
    """
    import optgen
    from optgen.cli.watching import watching

    with watching() as watch:
        made = optgen.reproduce(certificate, evaluations=evaluations, workers=workers, watch=watch)
    recorded, again = made.recorded, made.again
    click.echo(f"recorded: {recorded.operations} operations, {recorded.measure} error of {recorded.target} "
               f"<= {recorded.bound:.6g} (proved again: interval)")  # fmt: skip
    click.echo(f"  by: {made.origin.command}")
    if again is None:
        click.echo(f"found now: nothing with at most {recorded.operations} operations")
    else:
        verdict = "the same program" if made.same else "as good" if made.good else "worse"
        click.echo(f"found now: {again.operations} operations, error <= {again.bound:.6g} (proved: interval), "
                   f"{made.seconds:.0f} s: {verdict}")  # fmt: skip
        click.echo("\n".join(f"     {line}" for line in again.equations().splitlines()))
    return 0 if made.good else 1
