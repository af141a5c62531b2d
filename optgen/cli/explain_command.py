"""`optgen explain FILE` and `optgen explain CODE`"""

from __future__ import annotations

import difflib
import re

import click

from optgen.cli.options import choice_options


@click.command("explain")
@click.argument("subject")
@choice_options
@click.option("--diff", is_flag=True, help="Show only what each pass changed.")
@click.option("--only", multiple=True, metavar="PASS", help="Show the program after this pass only; may be repeated.")
@click.option("--timings", is_flag=True, help="Show only how long each pass took.")
def command(
    subject: str, algorithm: str | None, problem: str | None, diff: bool, only: tuple[str, ...], timings: bool
) -> None:
    """The program after each pass, with the time each took; or, for an error code, what it means.

    Examples: optgen explain specs/adabelief.opt --problem logistic --diff; optgen explain E0201
    """
    if re.fullmatch(r"[EW]\d{4}", subject):
        _explain_code(subject)
        return
    import optgen

    before: list[str] = []
    for name, text, seconds in optgen.explain(optgen.load(subject), algorithm=algorithm, problem=problem):
        lines = text.splitlines()
        if not only or name in only:
            click.secho(f"# {name}  {seconds * 1e3:.2f} ms, {len(lines)} lines", bold=True)
            if not timings:
                shown = difflib.unified_diff(before, lines, "before", name, lineterm="", n=2) if diff else lines
                click.echo("\n".join(shown))
                click.echo()
        before = lines


def _explain_code(code: str) -> None:
    from optgen.diagnostics import suggestion
    from optgen.diagnostics.codes import CODES

    entry = CODES.get(code)
    if entry is None:
        hint = suggestion(code, CODES)
        raise click.ClickException(f"there is no message {code}" + (f"; {hint}" if hint else ""))
    title, explanation = entry
    click.secho(f"{code}: {title}", bold=True)
    click.echo(explanation)
