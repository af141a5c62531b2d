"""`optgen seeds`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from optgen.evolution import Front


@click.command("seeds")
@click.argument("target")
@click.option("--domain", nargs=2, default=("0", "1"), show_default=True, metavar="LOW HIGH",
              help="The interval; '(0' or '2)' leaves an end out.")  # fmt: skip
@click.option("--seeds", nargs=2, type=int, default=(1, 5), show_default=True, metavar="FIRST LAST")
@click.option("--operations", default="add,sub,mul,div", show_default=True, help="Of add, sub, mul, div, sqrt.")
@click.option("--largest", default=10, show_default=True, help="The most operations of a program.")
@click.option("--smallest", default=5, show_default=True, help="The fewest operations that are shown and written.")
@click.option("--absolute", is_flag=True, help="Absolute errors in place of relative ones.")
@click.option("--budget", type=float, help="Seconds of each search; 60 if there is no --evaluations.")
@click.option("--evaluations", type=int, help="Fits, after which each search ends.")
@click.option("--workers", type=int, help="Threads; by default one a core.")
@click.option("--baseline", is_flag=True, help="A row with the best of approximation theory.")
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="Keep the best of each size there, and those of the baseline in a folder of its own.")  # fmt: skip
def command(
    target: str, domain: tuple[str, str], seeds: tuple[int, int], operations: str, smallest: int, baseline: bool,
    output: Path | None, **options: Any,
) -> int:  # fmt: skip
    """Run the same search with several seeds: a row of proved errors for each, and the best finds on disk.

    A find that OUTPUT holds already is replaced by better ones only.

    Example: optgen seeds "2^x" --domain 0 1 --budget 270 --baseline -o specs/functions/found
    """
    from optgen.cli.search_command import _interval
    from optgen.cli.watching import watching
    from optgen.finds import search_seeds, write_classical

    sizes = range(smallest, options["largest"] + 1)
    click.echo(f"{'operations':<10} " + "".join(f"{size:>10}" for size in sizes) + "      fits   seconds")
    front: Front | None = None
    names = tuple(name.strip() for name in operations.split(","))
    with watching() as watch:
        numbers = range(seeds[0], seeds[1] + 1)
        for front in search_seeds(target, _interval(*domain), numbers, ops=names, watch=watch, **options):
            cells = "".join(_cell(front.at(size)) for size in sizes)
            click.echo(f"seed {front.seed:<5} {cells} {front.fits:>9} {front.seconds:>9.0f}")
            for path in front.write(output, smallest) if output is not None else ():
                click.echo(f"  wrote {path}")
    if front is not None and baseline:
        classical = front.baseline()
        click.echo("classical  " + "".join(_cell(classical.get(size)) for size in sizes))
        for path in write_classical(classical, sizes, front.target.interval, output) if output is not None else ():
            click.echo(f"  wrote {path}")
    return 130 if front is not None and front.interrupted else 0


def _cell(found: Any) -> str:
    """The bound of a find, right in ten columns."""
    return f"{'':>10}" if found is None else f"{found.bound or found.error:>10.3g}"
