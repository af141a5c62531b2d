"""A diagnostic as text for a terminal, plain or coloured, and as JSON for an editor."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from optgen.diagnostics.message import Diagnostic
from optgen.diagnostics.span import Source, Span

_TAB = 4
_SHOWN_LINES = 4  # of a span that goes over more lines, only the first two and the last are shown

_BOLD, _PLAIN = "\033[1m", "\033[0m"
_BLUE, _RED, _YELLOW, _CYAN = "\033[1;34m", "\033[1;31m", "\033[1;33m", "\033[1;36m"
_SEVERITY_COLOURS = {"error": _RED, "warning": _YELLOW}


@dataclass(frozen=True, slots=True)
class _Mark:
    """The part of a span on one line: characters `start` to `end` of it; the label stands at the last line's mark."""

    line: int
    start: int
    end: int
    sign: str
    label: str


def render_text(diagnostic: Diagnostic, colour: bool = False) -> str:
    """The diagnostic as its code and sentence, the lines it is about with the places underlined, and the fix.

    With `colour`, ANSI codes are put round the parts; without them the text is the same, character for character.
    """
    paint = _painted if colour else _unpainted
    tone = _SEVERITY_COLOURS[diagnostic.severity]
    lines = [f"{paint(f'{diagnostic.severity}[{diagnostic.code}]', tone)}: {paint(diagnostic.message, _BOLD)}"]
    margin = 1
    if diagnostic.span is not None:
        marks = _marks_by_source(diagnostic)
        margin = max(len(str(mark.line)) for _, group in marks for mark in group)
        for place, (span, group) in enumerate(marks):
            arrow = "-->" if place == 0 else ":::"
            lines.append(f"{' ' * margin}{paint(arrow, _BLUE)} {span!r}")
            if span.source.text:
                lines.extend(_excerpt(span.source, group, margin, paint, tone))
    if diagnostic.help:
        lines.append(f"{' ' * margin} {paint('=', _BLUE)} {paint('help', _CYAN)}: {diagnostic.help}")
    return "\n".join(lines)


def render_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """The diagnostic as plain values; `span` has file, offsets from 0, and lines and columns from 1, or is None."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "span": None if diagnostic.span is None else _span_json(diagnostic.span),
        "label": diagnostic.label,
        "secondary": [{"span": _span_json(span), "label": label} for span, label in diagnostic.secondary],
        "help": diagnostic.help,
    }


def _span_json(span: Span) -> dict[str, Any]:
    line, column = span.source.line_column(span.start)
    end_line, end_column = span.source.line_column(span.end)
    return {
        "file": span.source.name,
        "start": span.start,
        "end": span.end,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _painted(text: str, tone: str) -> str:
    return f"{tone}{text}{_PLAIN}" if text else ""


def _unpainted(text: str, tone: str) -> str:
    return text


def _marks_by_source(diagnostic: Diagnostic) -> list[tuple[Span, list[_Mark]]]:
    """The marks in each source, the primary one first, with the span that heads it."""
    assert diagnostic.span is not None
    groups: list[tuple[Span, list[_Mark]]] = []
    places = [(diagnostic.span, diagnostic.label, "^"), *((span, label, "-") for span, label in diagnostic.secondary)]
    for span, label, sign in places:
        marks = _marks(span, label, sign)
        for head, group in groups:
            if head.source == span.source:
                group.extend(marks)
                break
        else:
            groups.append((span, marks))
    return groups


def _marks(span: Span, label: str, sign: str) -> list[_Mark]:
    first, start = span.source.line_column(span.start)
    last, end = span.source.line_column(max(span.end, span.start))
    if end == 1 and last > first:  # the span ends with a line's end
        last -= 1
        end = len(span.source.line(last)) + 1
    marks = []
    for number in range(first, last + 1):
        text = span.source.line(number)
        begin = start - 1 if number == first else len(text) - len(text.lstrip())
        finish = end - 1 if number == last else len(text.rstrip())
        if finish > begin or first == last:
            marks.append(_Mark(number, begin, max(finish, begin + 1), sign, ""))
    marks[-1] = _Mark(marks[-1].line, marks[-1].start, marks[-1].end, sign, label)
    return marks if len(marks) <= _SHOWN_LINES else [*marks[:2], marks[-1]]


def _excerpt(source: Source, marks: list[_Mark], margin: int, paint: Any, tone: str) -> list[str]:
    """The lines of the marks, numbered, each with its underlinings below."""
    bar = paint("|", _BLUE)
    lines = [f"{' ' * margin} {bar}"]
    shown = 0
    for number in sorted({mark.line for mark in marks}):
        if shown and number > shown + 2:
            lines.append(paint("...", _BLUE))
        elif shown and number == shown + 2:
            lines.append(_numbered(source, shown + 1, margin, paint))
        lines.append(_numbered(source, number, margin, paint))
        text = source.line(number)
        for mark in sorted((m for m in marks if m.line == number), key=lambda m: (m.sign != "^", m.start)):
            before = " " * _width(text[: mark.start])
            under = mark.sign * max(_width(text[: mark.end]) - len(before), 1 if mark.start >= len(text) else 0)
            label = f"{under} {mark.label}".rstrip()
            lines.append(f"{' ' * margin} {bar} {before}{paint(label, tone if mark.sign == '^' else _BLUE)}")
        shown = number
    return lines


def _numbered(source: Source, number: int, margin: int, paint: Any) -> str:
    text = _expanded(source.line(number)).rstrip()
    return f"{paint(str(number).rjust(margin), _BLUE)} {paint('|', _BLUE)} {text}".rstrip()


def _expanded(text: str) -> str:
    """Tabs as spaces, so that the underlining stands where a terminal shows the character."""
    return text.replace("\t", " " * _TAB)


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() and "\t" not in text else sum(map(_columns, text))


def _columns(character: str) -> int:
    if character == "\t":
        return _TAB
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
