"""`optgen verify FILE --rate | --max PARAM | --map PARAM PARAM`"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CELLS = 20
MARKS = {"proved": "+", "refuted": "-", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks."""

    rate: bool
    largest: str | None
    pair: tuple[str, str] | None
    given: str | None
    at: tuple[str, ...]
    ranges: tuple[tuple[str, str], ...]
    algorithm: str | None
    plot: str | None
    as_json: bool


def answer(files: tuple[str, ...], question: Question) -> None:
    """Print the answer for one file."""
    import optgen
    from optgen.cli.options import pairs

    if len(files) != 1 or question.given is None:
        raise click.UsageError("a question is about one file and a class: --given 'f in smooth_strongly_convex(1, 10)'")
    spec = optgen.load(files[0])
    numbers: dict[str, Any] = dict(pairs(question.at, "--at"))
    common = {"given": question.given, "algorithm": question.algorithm, **numbers}
    if question.rate:
        show_bracket("squared rate", optgen.best_rate(spec, **common), question.as_json)
    if question.largest:
        low, high = question.ranges[0] if question.ranges else ("1/1000", "10")
        found = optgen.largest(spec, question.largest, low=low, high=high, **common)
        show_bracket(question.largest, found, question.as_json)
    if question.pair:
        show_map(spec, question, common)


def show_bracket(what: str, found: Any, as_json: bool) -> None:
    if as_json:
        import json

        ends = {name: None if (n := getattr(found, name)) is None else str(n) for name in ("proved", "refuted")}
        click.echo(json.dumps({"what": what, **ends}))
        return
    for word, number in (("proved", found.proved), ("refuted", found.refuted)):
        click.echo(f"{what} {word}: {'nothing found' if number is None else f'{float(number):.9g}'}")
    if what == "squared rate" and found.proved is not None:
        click.echo(f"so the distance shrinks by {float(found.proved) ** 0.5:.9g} a step, or better")


def show_map(spec: Any, question: Question, common: Mapping[str, Any]) -> None:
    """The map in signs, the second parameter upwards."""
    import optgen

    assert question.pair is not None
    if len(question.ranges) != 2:
        raise click.UsageError("a map needs two ranges: --range 0.01 1 --range 0 0.9")
    xs, ys = (grid(low, high) for low, high in question.ranges)
    cells = optgen.stability_map(spec, *question.pair, xs=xs, ys=ys, **common)
    if question.as_json:
        import json

        click.echo(json.dumps([{"x": str(c.x), "y": str(c.y), "verdict": c.verdict} for c in cells]))
    else:
        rows = [cells[k : k + len(xs)] for k in range(0, len(cells), len(xs))]
        for row in reversed(rows):
            click.echo(f"{float(row[0].y):8.4g} {''.join(MARKS[c.verdict] for c in row)}")
        click.echo(f"{question.pair[0]} from {xs[0]} to {xs[-1]}; + proved, - refuted, ? unknown")
    if question.plot:
        name = question.algorithm or spec.names("algorithm")[0]
        draw_map(cells, question.pair, f"{name}: convergence, {common['given']}", question.plot)


def grid(low: str, high: str) -> list[str]:
    from fractions import Fraction

    try:
        a, b = Fraction(low), Fraction(high)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{low} {high} are not two numbers", param_hint="--range") from None
    if not a < b:
        raise click.BadParameter(f"nothing lies between {low} and {high}", param_hint="--range")
    return [str(a + (b - a) * Fraction(i, CELLS - 1)) for i in range(CELLS)]


COLOURS = {"refuted": "#d1495b", "unknown": "#d9d9d9", "proved": "#2a9d8f"}


def draw_map(cells: Sequence[Any], names: tuple[str, str], title: str, path: str) -> None:
    """Cells in the colours of their verdicts, with the number of each."""
    from optgen.cli.plots import new_figure, save

    figure = new_figure((6.0, 5.0))
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    axes = figure.add_subplot()
    xs, ys = (sorted({float(getattr(cell, side)) for cell in cells}) for side in ("x", "y"))
    words = list(COLOURS)
    colours = [[0] * len(xs) for _ in ys]
    for cell in cells:
        colours[ys.index(float(cell.y))][xs.index(float(cell.x))] = words.index(cell.verdict)
    shades = ListedColormap(list(COLOURS.values()))
    axes.pcolormesh(xs, ys, colours, cmap=shades, vmin=-0.5, vmax=2.5, shading="nearest", edgecolors="white", lw=0.5)
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_title(title, fontsize=11)
    counts = {word: sum(cell.verdict == word for cell in cells) for word in ("proved", "refuted", "unknown")}
    patches = [Patch(color=COLOURS[word], label=f"{word} ({count})") for word, count in counts.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=3, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)
