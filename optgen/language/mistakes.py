"""What the author of a line that does not parse is told: what was read, what may stand there, the likely fix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from optgen.diagnostics import Diagnostic, Source, Span, suggestion
from optgen.language.automaton import END, Stuck, tables
from optgen.language.blocks import BLOCKS, HOMES
from optgen.language.layout import LogicalLine
from optgen.language.lexer import NUMBER, PRIMED, RESERVED, STRING, WORD, Token

# ---------------------------------------------------------------- lines in the wrong block

MEANT = {  # words for lines that other texts have
    "forall": "for all", "all": "for all", "assume": "given", "assuming": "given", "suppose": "given", "if": "given",
    "show": "prove", "proof": "prove", "then": "prove", "theorem": "prove", "disprove": "refute",
}  # fmt: skip

_EQUATION_MARKS = frozenset(["EQUAL", "LSQB", "DOT", "COMMA", "LPAR"])


def misplaced(line: LogicalLine, block: str, source: Source) -> Diagnostic | None:
    """A line whose first word opens no line of this block; an equation where none may stand."""
    first, second = line.tokens[0], line.tokens[1] if len(line.tokens) > 1 else None
    kind = BLOCKS[block]
    span = Span(source, first.start, first.end)
    place = "at the top of a file" if block == "file" else f"in {article(block)}"
    if first.kind == WORD and first.text not in kind.words:
        like_equation = second is not None and second.kind in _EQUATION_MARKS
        if first.text in HOMES and not like_equation:
            homes = " or ".join(article(home) for home in HOMES[first.text][:3] if home != "file")
            message = f"`{first.text}` can't stand {place}"
            label = f"it stands in {homes}" if homes else "it stands at the top of a file"
            return Diagnostic("E0110", message, span, label, help=f"here may stand {holds(block)}")
        if second is None or (second.kind in (WORD, STRING, NUMBER, PRIMED) and second.text not in RESERVED):
            if first.text in RESERVED:
                return None
            message = f"`{first.text}` opens no line {place}"
            meant = MEANT.get(first.text, "")
            fix = f"write {meant}" if meant.split(" ")[0] in kind.words else suggestion(first.text, kind.words)
            return Diagnostic("E0111", message, span, help=fix or f"here may stand {holds(block)}")
    if kind.start != "step" and first.kind in (WORD, PRIMED) and _is_equation(line, block):
        whole = Span(source, line.start, line.end)
        fix = "write it in a step" if first.kind == PRIMED else f"write let {whole.text}"
        if "let" not in kind.words:
            fix = f"here may stand {holds(block)}"
        if any(token.text in ("dataset", "file") for token in line.tokens):
            fix = f"write data {whole.text}"
        return Diagnostic("E0120", f"an equation can't stand {place}", whole, help=fix)
    return None


def _is_equation(line: LogicalLine, block: str) -> bool:
    """Whether a line of a block without equations looks like one."""
    first = line.tokens[0]
    if block in ("file", "sde", "ode") and first.kind != PRIMED:
        return False
    if first.kind == WORD and first.text in BLOCKS[block].words:
        return False
    depth = 0
    for token in line.tokens:
        depth += (token.kind in ("LPAR", "LSQB", "LBRACE")) - (token.kind in ("RPAR", "RSQB", "RBRACE"))
        if token.kind == "EQUAL" and depth == 0:
            return True
    return False


def intended_block(line: LogicalLine) -> str | None:
    """The kind of block that a line with a mistake was meant to open."""
    word = line.tokens[0].text
    if word in BLOCKS:
        return word
    fix = suggestion(word, BLOCKS)
    return next((kind for kind in BLOCKS if fix == f"did you mean {kind}?"), None)


def article(block: str) -> str:
    """`a problem`, `an algorithm`."""
    return f"{'an' if block[0] in 'aeio' or block == 'sde' else 'a'} {block}"


def holds(block: str) -> str:
    """What may stand in a block, as a list in words."""
    kind = BLOCKS[block]
    return ", ".join((*kind.words, *([kind.others] if kind.others else [])))


# ---------------------------------------------------------------- lines that do not parse


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line got stuck: the token, the one before, what could stand there."""

    source: Source
    block: str
    before: tuple[Token, ...]
    token: Token
    terminal: str
    accepted: frozenset[str]

    @property
    def span(self) -> Span:
        return Span(self.source, self.token.start, self.token.end)

    @property
    def previous(self) -> Token:
        return self.before[-1]

    def shown(self, token: Token) -> str:
        """The token as the author spelled it."""
        return self.source.text[token.start : token.end] or "the end of the line"

    def previous_is(self, *kinds: str) -> bool:
        return bool(self.before) and self.terminal_of(self.previous) in kinds

    @staticmethod
    def terminal_of(token: Token) -> str:
        return tables().words.get(token.text, "NAME") if token.kind == WORD else token.kind


def stuck(error: Stuck, line: LogicalLine, block: str, source: Source) -> Diagnostic:
    """The message for a line of this block in which the automaton got stuck."""
    tokens = line.tokens
    token = tokens[error.place] if error.place < len(tokens) else Token(END, "", line.end, line.end)
    place = _Place(source, block, tuple(tokens[: error.place]), token, error.terminal, error.accepted)
    for rule in _RULES:
        told = rule(place)
        if told is not None:
            return told
    return _unexpected(place)


def _missing_else(at: _Place) -> Diagnostic | None:
    words = [token for token in at.before if token.kind == WORD]
    opened = [token for token in words if token.text == "if"]
    if "ELSE" not in at.accepted or not opened or len(opened) <= sum(token.text == "else" for token in words):
        return None
    last = opened[-1]
    span = Span(at.source, last.start, last.end)
    return Diagnostic("E0114", "an `if` needs its `else`", span, help="write: if c then a else b")


def _equal_inside(at: _Place) -> Diagnostic | None:
    if at.terminal != "EQUAL" or at.previous_is("OPT", "CALC") or not at.accepted & {"PLUS", "EQ"}:
        return None
    return Diagnostic("E0115", "= defines, and can't stand inside an expression", at.span, help="to compare, write ==")


def _compares(at: _Place) -> Diagnostic | None:
    if at.terminal != "EQ" or "EQUAL" not in at.accepted:
        return None
    return Diagnostic("E0115", "== compares; a definition is written with =", at.span, help="write = for ==")


def _reserved(at: _Place) -> Diagnostic | None:
    """A reserved word where a name is meant: `param min = 3`, `state where : R`, `let of = 2`."""
    word = None
    if at.previous_is("OPT", "CALC") and at.terminal in ("EQUAL", "COLON", "TILDE"):
        word = at.previous
    elif at.token.kind == WORD and at.token.text in RESERVED and "NAME" in at.accepted:
        opens_line = len(at.before) == 1 or at.previous_is("COMMA")
        if "NUMBER" not in at.accepted or (opens_line and not at.previous_is("WHEN", "UNTIL", "PROVE")):
            word = at.token
    if word is None:
        return None
    span = Span(at.source, word.start, word.end)
    message = f"`{word.text}` is a reserved word and can't be a name"
    return Diagnostic("E0116", message, span, help=f"choose another name, such as {word.text}_1")


def _python_function(at: _Place) -> Diagnostic | None:
    words = [token for token in at.before if token.kind == WORD and token.text == "lambda"]
    if not words:
        return None
    span = Span(at.source, words[-1].start, words[-1].end)
    return Diagnostic("E0112", "a function value is written with ->", span, help="write x -> x^2")


def _misspelt_word(at: _Place) -> Diagnostic | None:
    """A word near to one that could stand here: `stop whne c`."""
    if at.token.kind != WORD:
        return None
    words = [word for word, terminal in tables().words.items() if terminal in at.accepted]
    if at.accepted & {"NAME", "NUMBER"}:
        words = [word for word in words if word in RESERVED]
    fix = suggestion(at.token.text, words) if len(at.token.text) > 2 else ""
    return Diagnostic("E0115", f"`{at.token.text}` can't stand here", at.span, help=fix) if fix else None


_CALCULUS = ("grad", "hess", "jac", "div", "laplacian")
_ENDS_VALUE = ("NAME", PRIMED, NUMBER, "RPAR", "RSQB")


def _missing_operator(at: _Place) -> Diagnostic | None:
    starts_value = at.terminal in ("NAME", PRIMED, NUMBER, "CALC", "OPT", "LPAR")
    if not starts_value or not at.previous_is(*_ENDS_VALUE) or "STAR" not in at.accepted:
        return None
    if at.token.text in HOMES:
        fix = "write it on a line of its own, or after a ;"
        return Diagnostic("E0115", f"`{at.token.text}` begins another line", at.span, help=fix)
    if at.token.text == "to":
        return Diagnostic("E0115", "a range is written with ..", at.span, help="write 1..n for 1 to n")
    span = Span(at.source, at.previous.start, at.token.end)
    left, right = at.shown(at.previous), at.shown(at.token)
    if at.previous.kind not in (WORD, PRIMED, NUMBER):
        return Diagnostic("E0115", f"an operator is missing before `{right}`", span, help="products are written with *")
    fix = suggestion(left, _CALCULUS) if len(left) > 3 else ""
    if at.previous.kind == PRIMED:
        fix = f"{left} is the value after the step; the transpose is {left[:-1]}.T, a product {left}*{right}"
    message = f"an operator is missing between `{left}` and `{right}`"
    product = f"a product is written {left}*{right}" + (".." if at.terminal in ("CALC", "OPT") else "")
    if at.before and at.before[0].text in ("given", "prove", "refute", "where", "at"):
        fix = fix or "conditions are separated by commas"
    return Diagnostic("E0115", message, span, help=fix or product)


def _percent(at: _Place) -> Diagnostic | None:
    if at.terminal != "PERCENT":
        return None
    fix = "the remainder is written a mod b; a tolerance is written within 10%"
    return Diagnostic("E0115", "% stands only after the number of `within`", at.span, help=fix)


def _stop_without_when(at: _Place) -> Diagnostic | None:
    if at.before and at.before[0].text in ("stop", "fail", "diverged") and at.accepted <= {"WHEN", STRING}:
        word = at.before[0].text
        return Diagnostic("E0115", f"`{word}` needs `when`", at.span, help=f"write {word} when c")
    return None


def _ended(at: _Place) -> Diagnostic | None:
    if at.terminal != END:
        return None
    last = at.previous
    span = Span(at.source, last.start, last.end)
    label = expected(at.accepted)
    return Diagnostic("E0114", f"the line ends after `{at.shown(last)}` before it is complete", span, label)


def _line_start(at: _Place) -> Diagnostic | None:
    if at.before:
        return None
    place = "at the top of a file" if at.block == "file" else f"in {article(at.block)}"
    shown = "a text" if at.token.kind == STRING else f"`{at.token.text}`"
    fix = f"here may stand {holds(at.block)}"
    if at.token.text == "if":
        fix = "a block under a condition is opened by `when c`, a value is written if c then a else b"
    return Diagnostic("E0115", f"{shown} opens no line {place}", at.span, help=fix)


def _other_branch(at: _Place) -> Diagnostic | None:
    """`else` on its own line, `otherwise if c`: branches as other languages write them."""
    if at.terminal == "IF" and at.before[-1].text == "otherwise":
        return Diagnostic("E0115", "`otherwise` is followed by `when`", at.span, help="write otherwise when c")
    if at.terminal == "ELSE" and BLOCKS[at.block].start == "step":
        fix = "the other block of a `when` is `otherwise`"
        return Diagnostic("E0115", "this `else` has no `if`", at.span, help=fix)
    return None


def _went_on(at: _Place) -> Diagnostic | None:
    """A line that was to end, but went on after an operator or inside a bracket with the line below."""
    opened: list[Token] = []
    tokens = (*at.before, at.token)
    for before, token in pairwise(tokens):
        if before.kind in ("LPAR", "LSQB", "LBRACE"):
            opened.append(before)
        elif before.kind in ("RPAR", "RSQB", "RBRACE") and opened:
            opened.pop()
        if token.kind in (WORD, PRIMED) and "\n" in at.source.text[before.end : token.start]:
            rest = at.source.text[token.start :].split("\n", 1)[0]
            opens_line = token.text in HOMES and len(rest.split()) > 1
            if opens_line or (opened and token.kind == PRIMED and rest[len(token.text) :].lstrip().startswith("=")):
                last = opened[-1] if opened else before
                span = Span(at.source, last.start, last.end)
                if opened:
                    return Diagnostic("E0104", f"{last.text} is not closed on this line", span, help="close it")
                message = f"the line ends after `{last.text}` before it is complete"
                return Diagnostic("E0114", message, span, help=f"after {last.text} a line goes on with the next one")
    return None


_RULES: tuple[Callable[[_Place], Diagnostic | None], ...] = (
    _line_start,
    _went_on,
    _other_branch,
    _missing_else,
    _compares,
    _equal_inside,
    _reserved,
    _python_function,
    _percent,
    _misspelt_word,
    _stop_without_when,
    _missing_operator,
    _ended,
)


def _unexpected(at: _Place) -> Diagnostic:
    shown = f"the text {at.token.text}" if at.token.kind == STRING else f"`{at.shown(at.token)}`"
    after = f" after `{at.shown(at.previous)}`" if at.before else ""
    return Diagnostic("E0115", f"{shown} can't stand here{after}", at.span, expected(at.accepted))


_EXPRESSION = frozenset(["NAME", NUMBER, "LPAR"])
_OPERATORS = frozenset(
    [
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "AT",
        "CIRCUMFLEX",
        "MOD",
        "EQ",
        "NE",
        "LE",
        "LT",
        "GE",
        "GT",
        "RANGE",
        "ARROW",
        "AND",
        "OR",
        "LPAR",
        "LSQB",
        "DOT",
        "IN",
        "TILDE",
    ]
)
_IN_WORDS = {
    "NAME": "a name", PRIMED: "a state with '", NUMBER: "a number", STRING: "a quoted text", END: "the end of the line",
    "CALC": "a derivative", "OPT": "min or max", "DEFINITE": "psd or spd", "DW": "dW",
}  # fmt: skip
_SIGNS = {
    "COMMA": ",",
    "COLON": ":",
    "EQUAL": "=",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "RBRACE": "}",
    "TILDE": "~",
    "SEMI": ";",
    "LBRACE": "{",
    "ARROW": "->",
    "PERCENT": "%",
}


def expected(accepted: frozenset[str]) -> str:
    """`expected ) or ,`: what could stand at a place, in words; the long list of operators is one word."""
    rest = set(accepted)
    words: list[str] = []
    if rest >= _EXPRESSION:
        words.append("an expression")
        rest -= _EXPRESSION | {PRIMED, "LSQB", "LBRACE", "MINUS", "NOT", "IF", "CALC", "OPT"}
    elif "STAR" in rest:
        words.append("an operator")
        rest -= _OPERATORS
    spelled = {terminal: word for word, terminal in tables().words.items()}
    for terminal in sorted(rest, key=lambda name: (name not in _SIGNS, name == END, name)):
        if terminal in _SIGNS:
            words.append(_SIGNS[terminal])
        elif terminal in _IN_WORDS:
            words.append(_IN_WORDS[terminal])
        elif terminal in spelled:
            words.append(spelled[terminal])
    if len(words) > 6:
        words = words[:6]
    return f"expected {' or '.join(words)}" if words else ""
