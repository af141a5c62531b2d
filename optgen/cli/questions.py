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
        click.echo(f"{what} {word}: {'nothing found' if number is None else f'{float(number):.6g}'}")


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
        draw_map(cells, question.pair, question.plot)


def grid(low: str, high: str) -> list[str]:
    from fractions import Fraction

    a, b = Fraction(low), Fraction(high)
    return [str(a + (b - a) * Fraction(i, CELLS - 1)) for i in range(CELLS)]


def draw_map(cells: Sequence[Any], names: tuple[str, str], path: str) -> None:
    from optgen.cli.plots import new_figure

    figure = new_figure((5.5, 4.5))
    axes = figure.add_subplot()
    for word, colour in (("proved", "#2e7d32"), ("refuted", "#c62828"), ("unknown", "#bdbdbd")):
        chosen = [c for c in cells if c.verdict == word]
        axes.scatter([float(c.x) for c in chosen], [float(c.y) for c in chosen], s=30, marker="s", c=colour, label=word)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend()
    figure.savefig(path, dpi=150)
