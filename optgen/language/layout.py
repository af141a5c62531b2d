"""Layout: tokens to nested blocks of logical lines, before any grammar.

Indentation by spaces makes blocks.  A logical line ends at the line end or at `;` outside brackets, but goes on inside
brackets, after a binary operator, a comma or a word such as `then`, and before a line that starts with a binary
operator or a word such as `else`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from optgen.diagnostics import Diagnostic, Source, Span
from optgen.language.blocks import HOMES
from optgen.language.lexer import NEWLINE, PRIMED, RESERVED, WORD, Token

_BINARY = frozenset(
    ["PLUS", "STAR", "SLASH", "AT", "CIRCUMFLEX", "EQ", "NE", "LE", "LT", "GE", "GT", "TILDE", "RANGE", "ARROW"]
)
_GOES_ON_AFTER = _BINARY | {"MINUS", "COMMA"}
_GOES_ON_AFTER_WORDS = frozenset(["then", "else", "if", "where", "and", "or", "not", "in", "mod"])
_GOES_ON_BEFORE_WORDS = frozenset(["and", "or", "then", "else", "mod", "in"])
_OPENS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
# half-open intervals: (0, 1] and [0, 1)
_CLOSES = {"RPAR": ("LPAR", "LSQB"), "RSQB": ("LSQB", "LPAR"), "RBRACE": ("LBRACE",)}
_MANY = 50  # problems of a text after which an open bracket is not looked for beyond the next line that is not deeper
_SPELLED = {"LPAR": "(", "LSQB": "[", "LBRACE": "{", "RPAR": ")", "RSQB": "]", "RBRACE": "}"}


@dataclass(slots=True)
class LogicalLine:
    """The tokens of one line; `children` are the lines indented under it."""

    tokens: list[Token]
    indent: int
    children: list[LogicalLine] = field(default_factory=list)

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


@dataclass(frozen=True, slots=True)
class _Resume:
    """Where to go on if a bracket turns out never to be closed: the first line end with no deeper line after it."""

    position: int
    kept: int  # tokens of the line up to there
    bracket: Token
    deeper: bool = False


def layout(source: Source, tokens: list[Token], problems: list[Diagnostic]) -> list[LogicalLine]:
    """The top-level logical lines with their children; what is wrong with the layout is added to `problems`."""
    roots: list[LogicalLine] = []
    levels: list[tuple[int, list[LogicalLine]]] = []  # indentation, and the lines that begin there
    position = 0
    while position < len(tokens):
        if tokens[position].kind == NEWLINE:
            position += 1
            continue
        indent = _indent(source, tokens[position], problems)
        pieces, position = _logical_lines(source, tokens, position, indent, problems)
        if pieces:
            _level(source, indent, pieces[0], levels, roots, problems).extend(pieces)
    return roots


def _level(
    source: Source,
    indent: int,
    line: LogicalLine,
    levels: list[tuple[int, list[LogicalLine]]],
    roots: list[LogicalLine],
    problems: list[Diagnostic],
) -> list[LogicalLine]:
    """The list of lines to which a line with this indentation belongs."""
    if not levels:
        if indent:
            message = "the first line of a file starts at the margin"
            problems.append(Diagnostic("E0102", message, Span(source, line.start, line.end), help="remove the spaces"))
        levels.append((indent, roots))
    elif indent > levels[-1][0]:
        levels.append((indent, levels[-1][1][-1].children))
    else:
        open_levels = [level for level, _ in levels]
        left = levels[-1]
        while levels and indent < levels[-1][0]:
            left = levels.pop()
        if not levels or levels[-1][0] != indent:
            if left[1] is not roots or indent:
                choices = ", ".join(str(level) for level in open_levels)
                message = f"this line is indented by {indent} spaces, and no open block is"
                fix = f"the open blocks are indented by {choices} spaces"
                problems.append(Diagnostic("E0102", message, Span(source, line.start, line.end), help=fix))
            levels.append((indent, left[1]))  # read on as if it were meant
    return levels[-1][1]


def _indent(source: Source, token: Token, problems: list[Diagnostic]) -> int:
    begin = source.text.rfind("\n", 0, token.start) + 1
    blank = source.text[begin : token.start]
    if "\t" in blank:
        message = "indentation is by spaces, not tabs"
        problems.append(
            Diagnostic("E0101", message, Span(source, begin, token.start), help="write two spaces for a tab")
        )
        return len(blank.expandtabs(2))
    return len(blank)


def _logical_lines(
    source: Source, tokens: list[Token], begin: int, indent: int, problems: list[Diagnostic]
) -> tuple[list[LogicalLine], int]:
    """The logical lines that start on one physical line, and the position of the token after them."""
    pieces: list[LogicalLine] = []
    current: list[Token] = []
    opened: list[Token] = []
    resume: _Resume | None = None
    position = begin
    while position < len(tokens):
        token = tokens[position]
        position += 1
        kind = token.kind
        if kind == NEWLINE:
            following = tokens[position] if position < len(tokens) else None
            if opened:
                deeper = following is not None and _column(source, following) > indent
                hopeless = len(problems) > _MANY or _begins_line(tokens, position)
                if following is not None and (deeper or not hopeless):
                    if resume is None or (resume.deeper and not deeper):
                        resume = _Resume(position, len(current), opened[-1], deeper)
                    continue
                position = _resume(source, resume or _Resume(position, len(current), opened[-1]), current, problems)
                break
            if current and not _goes_on(source, current[-1], following, indent, problems):
                break
        elif kind == "SEMI" and not opened:
            _finish(pieces, current, indent)
            current = []
        else:
            current.append(token)
            if kind in _OPENS:
                opened.append(token)
            elif kind in _CLOSES:
                _close(source, token, opened, problems)
            if not opened:
                resume = None
    else:
        if opened:
            last = _Resume(position, len(current), opened[-1])
            position = _resume(source, resume or last, current, problems)
    _finish(pieces, current, indent)
    return pieces, position


def _resume(source: Source, at: _Resume, current: list[Token], problems: list[Diagnostic]) -> int:
    """Tell of a bracket that is never closed, and end the line where it was likely meant to end."""
    closing = _SPELLED[_OPENS[at.bracket.kind]]
    message = f"{_SPELLED[at.bracket.kind]} is never closed"
    span = Span(source, at.bracket.start, at.bracket.end)
    problems.append(Diagnostic("E0104", message, span, help=f"close it with {closing}"))
    del current[at.kept :]
    return at.position


def _finish(pieces: list[LogicalLine], tokens: list[Token], indent: int) -> None:
    if tokens:
        pieces.append(LogicalLine(tokens, indent))


def _column(source: Source, token: Token) -> int:
    return token.start - (source.text.rfind("\n", 0, token.start) + 1)


def _begins_line(tokens: list[Token], position: int) -> bool:
    """Whether what stands here can't stand inside brackets (`state x`, `x' =`), so that one was not closed above."""
    first, second = tokens[position : position + 2] if position + 1 < len(tokens) else (None, None)
    if first is None or second is None:
        return False
    if first.kind == PRIMED:
        return second.kind == "EQUAL"
    return first.kind == WORD and first.text in HOMES and second.kind == WORD and second.text not in RESERVED


def _goes_on(source: Source, last: Token, following: Token | None, indent: int, problems: list[Diagnostic]) -> bool:
    """Whether a logical line goes on with the next physical line, whose first token is `following`."""
    if following is None:
        return False
    if last.kind in _GOES_ON_AFTER or (last.kind == WORD and last.text in _GOES_ON_AFTER_WORDS):
        return True
    if last.kind == "EQUAL":
        message = "a line does not end in ="
        fix = "start the value on this line; it may go on after an operator, a comma, or inside brackets"
        problems.append(Diagnostic("E0106", message, Span(source, last.start, last.end), help=fix))
        return _column(source, following) > indent
    if following.kind == "MINUS":
        return source.text[following.end : following.end + 1] in (" ", "\n")
    return following.kind in _BINARY or (following.kind == WORD and following.text in _GOES_ON_BEFORE_WORDS)


def _close(source: Source, token: Token, opened: list[Token], problems: list[Diagnostic]) -> None:
    span = Span(source, token.start, token.end)
    if not opened:
        problems.append(Diagnostic("E0104", f"{_SPELLED[token.kind]} closes nothing", span))
        return
    opening = opened.pop()
    if opening.kind not in _CLOSES[token.kind]:
        message = f"{_SPELLED[token.kind]} can't close {_SPELLED[opening.kind]}"
        secondary = ((Span(source, opening.start, opening.end), "opened here"),)
        fix = f"close it with {_SPELLED[_OPENS[opening.kind]]}"
        problems.append(Diagnostic("E0104", message, span, secondary=secondary, help=fix))
