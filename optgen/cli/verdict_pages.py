"""Verdicts as a page of HTML that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optgen import Verdict
    from optgen.diagnostics import Span

STYLE = """body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 64em; padding: 0 1em; color: #222; }
h2 { font-size: 1.1em; margin: 2em 0 0; }
pre { background: #f6f6f6; padding: 0.6em; overflow-x: auto; font-size: 14px; }
pre.claim { background: none; border-left: 3px solid #ccc; margin: 0.4em 0; padding: 0 0.8em; }
.proved { color: #176f2c; } .refuted { color: #b3261e; } .unknown { color: #8a6100; } small { color: #666; }
svg { max-width: 100%; height: auto; } summary { cursor: pointer; color: #555; }
a { color: inherit; } nav li { margin: 0.1em 0; }"""


def page(found: Sequence[tuple[str, Verdict]], drawn: Mapping[Span, str]) -> str:
    """The whole page; `found` are files and verdicts, `drawn` pictures of counterexamples by the place of the claim."""
    counts = {word: sum(v.verdict == word for _, v in found) for word in ("proved", "refuted", "unknown")}
    summary = ", ".join(f"{count} {word}" for word, count in counts.items())
    contents = "\n".join(
        f'<li><a href="#claim{n}">{escape(titled(v))}</a> <span class="{v.verdict}">{v.verdict}</span></li>'
        for n, (_, v) in enumerate(found)
    )
    sections = "\n".join(section(f"claim{n}", file, v, drawn) for n, (file, v) in enumerate(found))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Verdicts</title><style>{STYLE}</style>\n'
        f"<h1>Verdicts</h1><p>{summary}</p>\n<nav><ol>{contents}</ol></nav>\n{sections}\n</html>\n"
    )


def titled(verdict: Verdict) -> str:
    return (f"{verdict.owner}: " if verdict.owner else "") + verdict.claim


def section(name: str, file: str, verdict: Verdict, drawn: Mapping[Span, str]) -> str:
    from optgen.cli.verdict_text import claim_lines, details, latex_of

    trust = f" [{verdict.trust}]" if verdict.trust else ""
    wrong = "" if verdict.as_claimed else f", and the file says {verdict.mode}"
    parts = [f'<h2 id="{name}">{escape(titled(verdict))}</h2>']
    parts.append(
        f'<p><span class="{verdict.verdict}">{verdict.verdict}</span>{trust}{wrong} '
        f"<small>{escape(file)}, {verdict.seconds:.2f} s</small></p>"
    )
    parts.append(block(claim_lines(verdict.span), "claim"))
    parts.append(block(details(verdict)))
    if verdict.span is not None and verdict.span in drawn:
        parts.append(drawn[verdict.span])
    tex = block(latex_of(verdict.certificate)) if verdict.certificate else ""
    parts.append(f"<details><summary>LaTeX</summary>{tex}</details>" if tex else "")
    return "\n".join(part for part in parts if part)


def block(lines: Iterable[str], kind: str = "proof") -> str:
    """Lines as they are; nothing of none."""
    text = "\n".join(escape(line) for line in lines)
    return f'<pre class="{kind}">{text}</pre>' if text else ""


def table(found: Sequence[tuple[str, Verdict]]) -> str:
    """All claims as a table in Markdown: where, what, verdict, what it rests on, seconds."""
    counts = {word: sum(v.verdict == word for _, v in found) for word in ("proved", "refuted", "unknown")}
    lines = [
        "# Claims of the shipped specs",
        "",
        "Written by `optgen verify specs --markdown docs/claims.md`; not edited by hand.",
        "",
        f"{len(found)} claims: {', '.join(f'{n} {word}' for word, n in counts.items())}.",
        "Trust: `exact` and `algebra` are checked again in rational arithmetic, `interval` by enclosures of Arb;",
        "`exhaustive` ran a program on every input, `smt` is the word of two solvers.",
        "",
        "| spec | claim | the spec says | verdict | trust | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for file, v in found:
        owner = f"{v.owner}: " if v.owner else ""
        lines.append(f"| {file} | {owner}{v.claim} | {v.mode} | {v.verdict} | {v.trust} | {v.seconds:.2f} |")
    return "\n".join([*lines, ""])
