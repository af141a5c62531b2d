"""Layout: a text to nested blocks of logical lines, before any grammar.

Indentation by spaces makes blocks.  A logical line ends at the line end or at `;` outside brackets, but goes on inside
brackets, after a binary operator, a comma or a word such as `then`, and before a line that starts with a binary
operator, `and`, `or`, `then`, `else`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from optgen.diagnostics import Diagnostic, Source, Span

_GOES_ON_AFTER = re.compile(r"(?:[-+*/@^=<>~,]|\.\.|->|(?<![\w'])(?:then|else|if|where|and|or|not|in|mod))\s*$")
_GOES_ON_BEFORE = re.compile(r"\s*(?:[+*/@^<>=~]|->|\.\.|- |(?:and|or|then|else|mod|where)(?![\w']))")
_TOKENS = re.compile(r'"[^"\n]*"|"|#[^\n]*|[()\[\]{};\n]')
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(slots=True)
class LogicalLine:
    """`text` is the source from `start` on, comments blanked; `children` are the lines indented under it."""

    start: int
    text: str
    indent: int
    children: list[LogicalLine] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def layout(source: Source) -> tuple[list[LogicalLine], list[Diagnostic]]:
    """The top-level logical lines with their children, and what is wrong with the layout."""
    problems: list[Diagnostic] = []
    roots: list[LogicalLine] = []
    stack: list[LogicalLine] = []
    levels: list[int] = []
    for pieces in _physical(source, problems):
        indent = pieces[0].indent
        while levels and indent < levels[-1]:
            levels.pop()
            if stack:
                stack.pop()
        if levels and indent > levels[-1] or not levels:
            if levels or indent == 0 or not roots:
                levels.append(indent)
        elif stack:
            stack.pop()
        if levels and indent != levels[-1]:
            span = Span(source, pieces[0].start, pieces[0].end)
            problems.append(Diagnostic("E0102", "this line is indented like no line above it", span,
                                       help=f"open levels are {', '.join(str(level) for level in levels)} spaces"))
            levels[-1] = indent
        parent = stack[-1].children if stack else roots
        parent.extend(pieces)
        stack.append(pieces[-1])
    return roots, problems


def _physical(source: Source, problems: list[Diagnostic]) -> Iterator[list[LogicalLine]]:
    """Groups of logical lines that start on one physical line (`;` separates them)."""
    text = source.text
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            position = end + 1
            continue
        indent = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:indent]:
            problems.append(Diagnostic("E0101", "indentation is by spaces, not tabs", Span(source, position, position + indent),
                                       help="replace each tab by spaces"))
        pieces, position = _logical(source, position + indent, indent, problems)
        if pieces:
            yield pieces


def _logical(source: Source, start: int, indent: int, problems: list[Diagnostic]) -> tuple[list[LogicalLine], int]:
    """The logical lines that begin at `start`, and where the next physical line begins."""
    text = source.text
    pieces: list[LogicalLine] = []
    buffer: list[str] = []
    opened: list[int] = []
    begin = position = start

    def finish(end: int) -> None:
        joined = "".join(buffer)
        body = joined.rstrip()
        lead = len(joined) - len(joined.lstrip())
        if body.strip():
            pieces.append(LogicalLine(begin + lead, body[lead:], indent))

    for match in _TOKENS.finditer(text, start):
        token, at = match.group(), match.start()
        buffer.append(text[position:at])
        position = match.end()
        if token.startswith("#"):
            buffer.append(" " * len(token))
        elif token == '"':
            problems.append(Diagnostic("E0103", "this text is not closed", Span(source, at, at + 1), help='close it with "'))
            buffer.append(" ")
        elif token in "([{":
            opened.append(at)
            buffer.append(token)
        elif token in ")]}":
            _close(source, token, at, opened, problems)
            buffer.append(token)
        elif token == ";" and not opened:
            finish(at)
            buffer, begin = [], position
        elif token == "\n":
            if opened and _looks_unclosed(text, position, indent):
                problems.append(_unclosed(source, opened[-1]))
                opened.clear()
            if opened or _goes_on("".join(buffer), text, position):
                buffer.append(" ")
                continue
            finish(at)
            return pieces, position
        else:
            buffer.append(token)
    buffer.append(text[position:])
    if opened:
        problems.append(_unclosed(source, opened[-1]))
    finish(len(text))
    return pieces, len(text)


def _close(source: Source, token: str, at: int, opened: list[int], problems: list[Diagnostic]) -> None:
    allowed = {")": "([", "]": "([", "}": "{"}[token]  # half-open intervals: (0, 1] and [0, 1)
    if not opened:
        problems.append(Diagnostic("E0104", f"{token} closes nothing", Span(source, at, at + 1)))
        return
    start = opened.pop()
    if source.text[start] not in allowed:
        problems.append(Diagnostic("E0104", f"{token} does not close {source.text[start]}", Span(source, at, at + 1),
                                   secondary=((Span(source, start, start + 1), "opened here"),)))


def _unclosed(source: Source, at: int) -> Diagnostic:
    return Diagnostic("E0104", f"{source.text[at]} is never closed", Span(source, at, at + 1))


_OPENER = re.compile(
    r"(algorithm|problem|network|function|sde|ode|experiment|search|claim|step|param|data|state|let|oracle|record|stop)\b[^=\n]*(=|$|:)", re.M
)


def _looks_unclosed(text: str, position: int, indent: int) -> bool:
    """Inside brackets: whether the next line starts a block at the left margin, so that a bracket was forgotten."""
    end = text.find("\n", position)
    line = text[position : len(text) if end < 0 else end]
    return bool(line) and not line[0].isspace() and line[0] not in ")]}#" and bool(_OPENER.match(line))


def _goes_on(line: str, text: str, position: int) -> bool:
    """Whether the logical line continues on the next physical line."""
    if not line.strip():
        return False
    if _GOES_ON_AFTER.search(line) and not re.search(r"(?:^|[^\w'])(?:when|step)\s*$", line):
        return True
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        following = text[position:end]
        if following.strip() and not following.strip().startswith("#"):
            return bool(_GOES_ON_BEFORE.match(following)) and not following.strip().startswith("where ")
        position = end + 1
    return False
