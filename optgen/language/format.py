"""A text to its canonical form: ASCII spellings, two spaces a level, one logical line a line, one spacing of tokens.

Comments stay with their lines, and so do the author's line breaks inside a logical line and the choice of `a*b` or
`a * b`.  Formatting a formatted text changes nothing, and the tree of a text is that of its formatted form.
"""

from __future__ import annotations

from collections.abc import Iterator

from optgen.diagnostics import Source
from optgen.language.blocks import HOMES
from optgen.language.layout import LogicalLine, layout
from optgen.language.lexer import NUMBER, PRIMED, RESERVED, STRING, WORD, Token, lex
from optgen.language.parser import parse

_STEP = "  "
_CONTINUED = "    "  # more than a block, so that a continuation is not taken for one

_OPENING = frozenset(["LPAR", "LSQB", "LBRACE"])
_CLOSING = frozenset(["RPAR", "RSQB", "RBRACE"])
_ENDS_VALUE = frozenset([WORD, PRIMED, NUMBER, "RPAR", "RSQB", "RBRACE"])
_NEVER_SPACED = frozenset(["DOT", "RANGE", "CIRCUMFLEX"])
_ALWAYS_SPACED = frozenset(["AT", "EQ", "NE", "LE", "LT", "GE", "GT", "TILDE", "ARROW", "EQUAL"])
_AS_WRITTEN = frozenset(["STAR", "SLASH", "PLUS", "MINUS"])
_NOT_CALLED = RESERVED - {"min", "max", "argmin", "argmax"}


def format_source(source: Source | str) -> str:
    """The canonical text of a spec; raises SpecError if it does not parse."""
    if isinstance(source, str):
        source = Source("<text>", source)
    parse(source)
    lexed = lex(source)
    lines = layout(source, lexed.tokens, [])
    return _Formatter(source, lexed.comments).text(lines)


class _Formatter:
    """The text written so far, and the comments not yet written."""

    def __init__(self, source: Source, comments: list[Token]) -> None:
        self.source = source
        self.comments = comments
        self.next_comment = 0
        self.written: list[str] = []
        self.end = 0  # of the part of the source that is written

    def text(self, roots: list[LogicalLine]) -> str:
        open_levels: list[tuple[int, int]] = [(0, 0)]  # indentation in the source and depth, of the line before
        previous: LogicalLine | None = None
        for line, depth in _walk(roots, 0):
            apart = depth == 0 and previous is not None and bool(line.children or previous.children)
            self._comments_above(line, depth, open_levels, apart)
            self.written.append(_STEP * depth + self._line(line, depth))
            self.end = line.end
            self._comment_beside()
            open_levels = [level for level in open_levels if level[1] < depth] + [(line.indent, depth)]
            if depth == 0:
                previous = line
        self._comments_above(None, 0, open_levels, False)
        return "\n".join(self.written).rstrip("\n") + "\n" if self.written else ""

    # ------------------------------------------------------------ comments

    def _comments_above(
        self, line: LogicalLine | None, depth: int, open_levels: list[tuple[int, int]], apart: bool
    ) -> None:
        """Comments on lines of their own before `line` (None: at the end), and one blank line where there were some."""
        limit, indent = (len(self.source.text), 0) if line is None else (line.start, line.indent)
        for comment in self._taken(limit):
            column = comment.start - (self.source.text.rfind("\n", 0, comment.start) + 1)
            level = depth
            if column > indent:
                level = max((d for at, d in open_levels if at <= column), default=depth)
            self._blank_line(comment.start, apart and level == 0)
            apart = apart and level != 0
            self.written.append(_STEP * level + comment.text)
            self.end = comment.end
        if line is not None:
            self._blank_line(line.start, apart)

    def _blank_line(self, start: int, wanted: bool) -> None:
        blank = self.source.text.count("\n", self.end, start) > 1 or wanted
        if blank and self.written and self.written[-1]:
            self.written.append("")

    def _comment_beside(self) -> None:
        """The comment after the last token written, on the same line of the source."""
        stop = self.source.text.find("\n", self.end)
        stop = len(self.source.text) if stop < 0 else stop
        if self.next_comment < len(self.comments) and self.comments[self.next_comment].start < stop:
            between = self.source.text[self.end : self.comments[self.next_comment].start]
            if not between.strip(" \t\r;"):
                comment = self.comments[self.next_comment]
                self.next_comment += 1
                self.written[-1] += "  " + comment.text
                self.end = comment.end

    def _taken(self, limit: int) -> Iterator[Token]:
        while self.next_comment < len(self.comments) and self.comments[self.next_comment].start < limit:
            self.next_comment += 1
            yield self.comments[self.next_comment - 1]

    # ------------------------------------------------------------ one line

    def _line(self, line: LogicalLine, depth: int) -> str:
        """The tokens of a line with their spaces; its own line breaks stay, with the comments at them."""
        tokens = line.tokens
        parts = [tokens[0].text]
        opened: list[bool] = []  # per open bracket: whether a colon in it is a slice's
        unary = False
        self._note_bracket(tokens[0], None, opened)
        for place in range(1, len(tokens)):
            before, token = tokens[place - 1], tokens[place]
            after_break = "\n" in self.source.text[before.end : token.start]
            is_sign = token.kind == "MINUS" and (before.kind not in _ENDS_VALUE or _is_operator_word(before))
            is_sign = is_sign or (token.kind == "MINUS" and _is_option(tokens))
            if after_break:
                parts.append(self._break(before, token, depth))
            elif self._spaced(line, place, opened, unary):
                parts.append(" ")
            parts.append(token.text)
            unary = is_sign
            self._note_bracket(token, before, opened)
        return "".join(parts)

    @staticmethod
    def _note_bracket(token: Token, before: Token | None, opened: list[bool]) -> None:
        if token.kind in _OPENING:
            opened.append(token.kind == "LSQB")
        elif token.kind in _CLOSING and opened:
            opened.pop()

    def _break(self, before: Token, token: Token, depth: int) -> str:
        """A line break inside a logical line, with the comments that stand at it."""
        indent = "\n" + _STEP * depth + _CONTINUED
        text = ""
        for comment in self._taken(token.start):
            beside = "\n" not in self.source.text[before.end : comment.start]
            text += ("  " if beside else indent) + comment.text
        return text + indent

    def _spaced(self, line: LogicalLine, place: int, opened: list[bool], unary: bool) -> bool:
        """Whether a space stands before the token at this place."""
        before, token = line.tokens[place - 1], line.tokens[place]
        if before.kind in _OPENING or token.kind in _CLOSING or token.kind in ("COMMA", "SEMI", "PERCENT") or unary:
            return False
        if before.kind in ("COMMA", "SEMI"):
            return True
        if token.kind == "COLON":
            return self._colon_spaced(line, place, opened)
        if before.kind == "COLON":
            return not (opened and opened[-1])
        if before.kind in _NEVER_SPACED or token.kind in _NEVER_SPACED:
            return False
        if before.kind in _ALWAYS_SPACED or token.kind in _ALWAYS_SPACED:
            return True
        if token.kind in _AS_WRITTEN:
            if token.kind == "MINUS" and (before.kind not in _ENDS_VALUE or _is_operator_word(before)):
                return before.kind not in _AS_WRITTEN or self._written_apart(line, place - 1)
            return _is_option(line.tokens) or self._written_apart(line, place)
        if before.kind in _AS_WRITTEN:
            return self._written_apart(line, place - 1)
        if token.kind in ("LPAR", "LSQB"):
            return self._bracket_spaced(line, place, opened)
        return True

    def _written_apart(self, line: LogicalLine, place: int) -> bool:
        """Whether the author left a space on either side of an operator; at a line break there is one."""
        before, token = line.tokens[place - 1], line.tokens[place]
        following = line.tokens[place + 1]
        text = self.source.text
        return before.end < token.start or (token.end < following.start and bool(text[token.end].isspace()))

    def _colon_spaced(self, line: LogicalLine, place: int, opened: list[bool]) -> bool:
        """`x : R` has a space; `sum(i: e)` and `A[:, j]` have none; in parentheses as the author wrote it."""
        if not opened:
            return True
        return not opened[-1] and line.tokens[place - 1].end < line.tokens[place].start

    def _bracket_spaced(self, line: LogicalLine, place: int, opened: list[bool]) -> bool:
        """`f(x)`, `x[i]`, `grad (f)`, `in (0, 1)`; after a line's own words as the author wrote it."""
        before, token = line.tokens[place - 1], line.tokens[place]
        if before.kind == STRING:
            return True
        if before.kind != WORD:
            return False
        if before.text in _NOT_CALLED:
            return token.kind == "LPAR" or before.text not in ("grad", "hess", "jac", "div", "laplacian")
        by_author = not opened and line.tokens[0].kind == WORD and line.tokens[0].text in HOMES
        return by_author and before.end < token.start


def _walk(lines: list[LogicalLine], depth: int) -> Iterator[tuple[LogicalLine, int]]:
    """Every line with its depth, in the order of the text."""
    waiting = [(line, depth) for line in reversed(lines)]
    while waiting:
        line, level = waiting.pop()
        yield line, level
        waiting.extend((child, level + 1) for child in reversed(line.children))


def _is_operator_word(token: Token) -> bool:
    """A word after which a minus is a sign."""
    return token.kind == WORD and (token.text in RESERVED or token.text in HOMES or token.text in ("when", "within"))


def _is_option(tokens: list[Token]) -> bool:
    """`data A, y = dataset name (labels -1 1)`: a minus belongs to its number."""
    return tokens[0].text == "data" and any(token.text == "dataset" for token in tokens)
