"""Verdicts as a page of HTML that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optgen import Verdict

STYLE = """body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em; }
h2 { font-size: 1.1em; margin-bottom: 0; } pre { background: #f6f6f6; padding: 0.6em; overflow-x: auto; }
.proved { color: #176f2c; } .refuted { color: #b3261e; } .unknown { color: #8a6100; } small { color: #666; }"""


def page(found: Sequence[tuple[str, Verdict]]) -> str:
    """The whole page; `found` are files and verdicts."""
    counts = {word: sum(v.verdict == word for _, v in found) for word in ("proved", "refuted", "unknown")}
    summary = ", ".join(f"{count} {word}" for word, count in counts.items())
    sections = "\n".join(section(file, verdict) for file, verdict in found)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Verdicts</title><style>{STYLE}</style>\n'
        f"<h1>Verdicts</h1><p>{summary}</p>\n{sections}\n</html>\n"
    )


def section(file: str, verdict: Verdict) -> str:
    from optgen.cli.verdict_text import details, latex_of

    owner = f"{verdict.owner}: " if verdict.owner else ""
    trust = f" [{verdict.trust}]" if verdict.trust else ""
    lines = "\n".join(escape(line) for line in details(verdict))
    tex = "\n".join(escape(line) for line in latex_of(verdict.certificate)) if verdict.certificate else ""
    parts = [f"<h2>{escape(owner + verdict.claim)}</h2>"]
    parts.append(
        f'<p><span class="{verdict.verdict}">{verdict.verdict}</span>{trust} '
        f"<small>{escape(file)}, {verdict.seconds:.2f} s</small></p>"
    )
    parts += [f"<pre>{block}</pre>" for block in (lines, tex) if block]
    return "\n".join(parts)


def table(found: Sequence[tuple[str, Verdict]]) -> str:
    """All claims as a table in Markdown: where, what, verdict, what it rests on, seconds."""
    counts = {word: sum(v.verdict == word for _, v in found) for word in ("proved", "refuted", "unknown")}
    lines = [
        "# Claims of the shipped specs",
        "",
        "Written by `optgen verify specs --markdown docs/claims.md`; not edited by hand.",
        "",
        f"{len(found)} claims: {', '.join(f'{n} {word}' for word, n in counts.items())}.",
        "Trust: `exact` and `algebra` are checked again in rational arithmetic, `smt` is the word of two solvers.",
        "",
        "| spec | claim | the spec says | verdict | trust | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for file, v in found:
        owner = f"{v.owner}: " if v.owner else ""
        lines.append(f"| {file} | {owner}{v.claim} | {v.mode} | {v.verdict} | {v.trust} | {v.seconds:.2f} |")
    return "\n".join([*lines, ""])
