"""`optgen finds`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from optgen.finds import Comparison

HEAD = """# Finds beside approximation theory

Made by `optgen finds --markdown docs/finds.md` from the certificates in `specs/functions/found`. *found*: the proved
bound of the error of the best program with so many operations that a search has found; *classical*: that of the best
polynomial, continued fraction or square of one (`evolution/baseline`) with at most as many, polished and proved by the
same code: `optgen seeds EXPR --baseline -o DIR` writes both. *ratio*: how many times smaller the find's is. A classical
figure that repeats the line above is that of fewer operations: no classical program of the size is better, or its error
is not proved by Arb's boxes; then it has no certificate, and the ratio flatters. No figure: none is proved.
"""


@click.command("finds")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables to a file.")
def command(markdown: Path | None) -> None:
    """The finds that ship beside the best of approximation theory: proved errors by number of operations.

    Example: optgen finds
    """
    from optgen.finds import comparisons

    made = comparisons()
    if markdown is not None:
        markdown.write_text("\n".join([HEAD, *(_table(one) for one in made)]), encoding="utf-8")
        return
    for one in made:
        click.echo(f"{one.target} on {one.domain}, {one.measure} error")
        click.echo(f"{'operations':>12} {'found':>10} {'classical':>10} {'ratio':>8}")
        for size, cells in _rows(one):
            click.echo(f"{size:>12} {cells[0]:>10} {cells[1]:>10} {cells[2]:>8}")


def _rows(one: Comparison) -> list[tuple[int, list[str]]]:
    rows = []
    for size, bound in one.found.items():
        ahead, theirs = one.ahead(size), one.classical.get(size)
        cells = [f"{bound:.3g}", "" if theirs is None else f"{theirs:.3g}", "" if ahead is None else f"{ahead:.3g}"]
        rows.append((size, cells))
    return rows


def _table(one: Comparison) -> str:
    lines = [f"**{one.target}** on {one.domain}, {one.measure} error", ""]
    lines += ["| operations | found | classical | ratio |", "|---|---|---|---|"]
    lines += [f"| {size} | {' | '.join(cells)} |" for size, cells in _rows(one)]
    return "\n".join([*lines, ""])
