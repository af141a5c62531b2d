"""`optgen search`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from optgen.evolution import FloatFront, Front


@click.command("search")
@click.argument("target")
@click.option("--on", type=click.Choice(["reals", "float32"]), default="reals", show_default=True,
              help="Few operations over the reals, or fast loops of float32 instructions.")  # fmt: skip
@click.option("--domain", nargs=2, metavar="LOW HIGH",
              help="The interval: 0 1, in float32 all floats; '(0' or '2)' leaves an end out.")  # fmt: skip
@click.option("--operations", help="Over the reals, of add, sub, mul, div, sqrt; all but sqrt by default.")
@click.option("--start", metavar="PROGRAM", help="In float32, begin from a file or a shipped function; or 'nothing'.")
@click.option("--ulp", type=float, help="In float32, the accuracy looked for; 1 by default.")
@click.option("--largest", default=10, show_default=True, help="The most operations of a program.")
@click.option("--absolute", is_flag=True, help="Absolute errors in place of relative ones.")
@click.option("--budget", type=float, help="Seconds; 60 if there is no --evaluations.")
@click.option("--evaluations", type=int, help="Fits, after which to end.")
@click.option("--seed", default=0, show_default=True, help="Fixes what the search is made of.")
@click.option("--workers", type=int, help="Threads; by default one a core.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="A file to keep the search in.")
@click.option("--resume", type=click.Path(path_type=Path), help="A checkpoint to take up, and to go on writing.")
@click.option("--scheduler", metavar="ADDRESS", help="Run on the workers of a Dask cluster.")
@click.option("--baseline", is_flag=True, help="Compare with the best of approximation theory.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write each program and its certificate there.")
@click.option("--check", is_flag=True, help="TARGET is a certificate: prove its bound again.")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw the front to a file.")
def command(
    target: str, domain: tuple[str, str] | None, operations: str | None, resume: Path | None, checkpoint: Path | None,
    baseline: bool, picture: Path | None, output: Path | None, check: bool, **options: Any,
) -> int:  # fmt: skip
    """Evolve programs for TARGET, an expression, a shipped function, or a file with a `search` block.

    Examples: optgen search "2^x" --domain 0 1 --budget 60 --plot front.png;
    optgen search exp2 --on float32 --budget 60 -o found
    """
    import optgen
    from optgen.cli.watching import watching

    if check:
        found = optgen.check_find(target)
        click.echo(f"proved: {found.measure} error of {found.operations} operations <= {found.bound:.6g} (interval)")
        return 0
    aim = optgen.load(target) if target.endswith(".opt") else target
    interval = None if domain is None else _interval(*domain)
    with watching() as watch:
        front = optgen.search(
            aim,
            interval,
            None if operations is None else tuple(name.strip() for name in operations.split(",")),
            checkpoint=resume or checkpoint,
            resume=resume is not None,
            watch=watch,
            **options,
        )
    if front.measure == "ulp":
        _finish_in_float32(cast("FloatFront", front), picture, output)
    else:
        _finish(cast("Front", front), baseline, picture, output)
    if front.interrupted:
        click.echo("interrupted: these are the finds so far", err=True)
        return 130
    return 0


def _finish(front: Front, baseline: bool, picture: Path | None, output: Path | None) -> None:
    classical = front.baseline() if baseline else {}
    _report(front, classical)
    if picture is not None:
        from optgen.cli.plots import draw_front

        draw_front(front, classical, str(picture))
    if output is not None:
        for path in front.write(output):
            click.echo(f"wrote {path}")


def _finish_in_float32(front: FloatFront, picture: Path | None, output: Path | None) -> None:
    click.echo(f"{front.claim.meaning.doc}: the function takes {front.nanoseconds:.3f} ns an element")
    for found in front:
        where = f"{found.proof.findings.inputs:,} arguments"
        click.echo(f"{found.error:9.4f} ulp, {found.time.ratio:.3f} of its time ({where})")
    click.echo(f"{front.fits} programs in {front.epochs} epochs, {front.seconds:.0f} s, seed {front.seed}")
    best = front.best()
    if best is None:
        click.echo(f"no program keeps {front.claim.accuracy}")
    else:
        click.echo(str(best))
    if picture is not None:
        from optgen.cli.plots import draw_times

        draw_times(front, str(picture))
    if output is not None:
        for path in front.write(output):
            click.echo(f"wrote {path}")


def _interval(low: str, high: str) -> str:
    """`0 pi/2`, `(0 2`, `0 2)`: brackets that have no partner are the interval's."""
    opened = low[:1] in ("(", "[") and low.count("(") + low.count("[") > low.count(")") + low.count("]")
    closed = high[-1:] in (")", "]") and high.count(")") + high.count("]") > high.count("(") + high.count("[")
    return f"{low if opened else '[' + low}, {high if closed else high + ']'}"


def _report(front: Front, classical: dict[int, Any]) -> None:
    for found in front:
        beside = classical.get(found.operations)
        against = f"   classical {beside.error:.3g}" if beside is not None else ""
        proved = f"{found.measure} error <= {found.bound:.4g} (proved: interval)"
        click.echo(f"{found.operations:2d} operations: {proved}{against}")
        click.echo("\n".join(f"     {line}" for line in found.equations().splitlines()))
    click.echo(f"{front.fits} fits in {front.epochs} epochs, {front.seconds:.0f} s, seed {front.seed}")
