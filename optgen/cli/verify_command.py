"""`optgen verify FILE...`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optgen import Verdict
    from optgen.diagnostics import Span
    from optgen.verification import Picture

COLOURS = {"proved": "green", "refuted": "red", "unknown": "yellow"}


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--explain", is_flag=True, help="Show the proof or the counterexample of each claim.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option("--html", type=click.Path(dir_okay=False), help="Write the verdicts with their proofs to this file.")
@click.option("--markdown", type=click.Path(dir_okay=False), help="Write a table of all claims to this file.")
@click.option("--rate", is_flag=True, help="Instead: the best rate that is proved (with --given, --at).")
@click.option("--max", "largest", metavar="PARAM", help="Instead: the largest value that is proved to converge.")
@click.option("--map", "pair", nargs=2, metavar="PARAM PARAM", help="Instead: where it converges, in two parameters.")
@click.option("--given", metavar="TEXT", help="For a question: the class, as in a claim: 'f in smooth(1)'.")
@click.option("--at", multiple=True, metavar="NAME=NUMBER", help="For a question: a number.")
@click.option("--range", "ranges", multiple=True, nargs=2, metavar="LOW HIGH", help="For a question: of a parameter.")
@click.option("--algorithm", help="For a question: the method, if the file has several.")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw the counterexamples, or the map, to this file.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    show_default=True,
    help="The limit of one attempt.",
)
@click.option("--no-cache", is_flag=True, help="Prove everything again.")
def command(
    files: tuple[str, ...], explain: bool, as_json: bool, html: str | None, markdown: str | None, rate: bool,
    largest: str | None, pair: tuple[str, str] | None, given: str | None, at: tuple[str, ...],
    ranges: tuple[tuple[str, str], ...], algorithm: str | None, plot: str | None, seconds: float, no_cache: bool,
) -> None:  # fmt: skip
    """A verdict on every claim: proved, refuted by an example that runs, or unknown.

    Leaves with 0 if all is as claimed, 1 if a claim is refuted, 2 if one is unknown, 3 on an error.

    \b
    Examples:
      optgen verify specs/gradient_descent.opt --explain
      optgen verify specs/momentum.opt --plot refuted.png --html verdicts.html
      optgen verify specs/gradient_descent.opt --max lr --range 0.01 1 \\
          --given "f in smooth_strongly_convex(1, 10)"
      optgen verify specs/momentum.opt --algorithm momentum --map lr beta \\
          --range 0.01 0.2 --range 0 0.9 --given "f in quadratic(1, 10)" --plot map.png
    """
    if rate or largest or pair:
        from optgen.cli.questions import Question, answer

        answer(files, Question(rate, largest, pair, given, at, ranges, algorithm, plot, as_json))
        return
    from optgen.diagnostics import SpecError
    from optgen.verification import verdicts

    found: list[tuple[str, Verdict]] = []
    broken = False
    for file in specs_in(files):
        try:
            for verdict in verdicts(file, seconds, not no_cache):
                found.append((file, verdict))
                if not as_json:
                    show(verdict, explain)
            if file in files and not as_json and file not in {name for name, _ in found}:
                click.echo(f"{file} has no claims", err=True)
        except SpecError as error:
            from optgen.cli.output import show as show_errors

            show_errors(error.diagnostics)
            broken = True
    if as_json:
        import json

        click.echo(json.dumps([{"file": file, **verdict.to_json()} for file, verdict in found], indent=2))
    if html is not None:
        from optgen.cli.verdict_pages import page

        Path(html).write_text(page(found, drawn(found)), encoding="utf-8")
        click.echo(f"verdicts: {html}", err=True)
    if markdown is not None:
        from optgen.cli.verdict_pages import table

        Path(markdown).write_text(table(found), encoding="utf-8")
    if plot is not None:
        draw_counterexamples(found, plot)
    raise click.exceptions.Exit(3 if broken else exit_code([verdict for _, verdict in found]))


def draw_counterexamples(found: list[tuple[str, Verdict]], path: str) -> None:
    """The pictures of all refuted claims in one file."""
    from optgen.cli.counterexamples import draw

    made = [picture for _, picture in pictured(found)]
    examples = sum(v.counterexample is not None for _, v in found)
    if not made:
        click.echo("no plot: no counterexample is a function of one or two numbers", err=True)
        return
    draw(made, path)
    click.echo(f"plot: {path}" + (f" ({len(made)} of {examples} counterexamples)" * (len(made) < examples)), err=True)


def pictured(found: list[tuple[str, Verdict]]) -> Iterator[tuple[Verdict, Picture]]:
    """The verdicts whose counterexamples can be drawn."""
    from optgen.verification import pictures

    for file in dict.fromkeys(file for file, verdict in found if verdict.counterexample is not None):
        yield from pictures(file, [v for f, v in found if f == file])


def drawn(found: list[tuple[str, Verdict]]) -> dict[Span, str]:
    """Pictures as SVG by the place of the claim; none without matplotlib."""
    from importlib.util import find_spec
    from io import StringIO

    from optgen.cli.counterexamples import draw

    made: dict[Span, str] = {}
    for verdict, picture in pictured(found) if find_spec("matplotlib") is not None else ():
        target = StringIO()
        draw([picture], target, "svg")
        if verdict.span is not None:
            made[verdict.span] = target.getvalue().partition("<svg")[1] + target.getvalue().partition("<svg")[2]
    return made


def specs_in(files: tuple[str, ...]) -> list[str]:
    """Files, and all specs below directories."""
    found: list[str] = []
    for file in files:
        place = Path(file)
        below = [str(p) for p in sorted(place.rglob("*.opt"))] if place.is_dir() else [file]
        if not below:
            raise click.BadParameter(f"there is no spec below {file}", param_hint="FILES")
        found += below
    return found


def exit_code(found: list[Verdict]) -> int:
    if any(not v.as_claimed and v.verdict != "unknown" for v in found):
        return 1
    return 2 if any(v.verdict == "unknown" for v in found) else 0


def show(verdict: Verdict, explain: bool) -> None:
    """One line a claim; with `explain` what is behind it."""
    from optgen.cli.output import colourful
    from optgen.cli.verdict_text import claim_lines, details

    word = click.style(f"{verdict.verdict:<8}", fg=COLOURS[verdict.verdict]) if colourful() else f"{verdict.verdict:<8}"
    trust = f" [{verdict.trust}]" if verdict.trust else ""
    wrong = "" if verdict.as_claimed or verdict.verdict == "unknown" else f"  (the spec says {verdict.mode})"
    owner = f"{verdict.owner}: " if verdict.owner else ""
    line = "" if verdict.span is None else verdict.span.source.line_column(verdict.span.start)[0]
    name = verdict.claim or f"the claim in line {line}"
    click.echo(f"{word} {owner}{name}{trust} {verdict.seconds:.2f} s{wrong}")
    if explain:
        for line in claim_lines(verdict.span):
            click.echo(f"    | {line}")
    if explain or not verdict.as_claimed:
        for line in details(verdict):
            click.echo(f"    {line}")
