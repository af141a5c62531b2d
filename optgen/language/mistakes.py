"""What a line that does not parse is told: what was read, what may stand there, the likely fix."""

from __future__ import annotations

import re
from typing import Any

from optgen.diagnostics import Diagnostic, Source, Span, suggestion
from optgen.language.layout import LogicalLine

# which lines may stand in which block (language.md section 2)
_COMMON = ("doc",)
ALLOWED: dict[str, tuple[str, ...]] = {
    "file": ("algorithm", "problem", "network", "function", "sde", "ode", "experiment", "search", "claim", "use", "let"),
    "algorithm": ("source", "dim", "param", "data", "oracle", "state", "draw", "let", "phase", "step", "record", "stop", "fail",
                  "diverged", "claim", "algorithm", "function"),
    "problem": ("source", "dim", "data", "param", "var", "let", "draw", "minimize", "maximize", "find", "subject", "where",
                "record", "claim", "function"),
    "function": ("source", "dim", "param", "let", "draw", "value", "where", "accuracy", "claim", "program"),
    "network": ("source", "dim", "input", "weight", "let", "value"),
    "sde": ("source", "dim", "data", "param", "state", "oracle", "draw", "let", "record", "stop", "claim"),
    "ode": ("source", "dim", "data", "param", "state", "oracle", "draw", "let", "record", "stop", "claim"),
    "phase": ("step", "stop", "record", "fail", "let"),
    "step": ("draw", "record", "when", "otherwise", "until", "algorithm", "fail"),
    "when": ("draw", "record", "when", "otherwise", "until", "algorithm", "fail"),
    "otherwise": ("draw", "record", "when", "otherwise", "until", "algorithm", "fail"),
    "program": (),
    "claim": ("given", "for", "let", "lyapunov", "at", "prove", "refute"),
    "experiment": ("dim", "data", "draw", "let", "problem", "run", "seeds", "quick", "expect", "table", "plot"),
    "search": ("target", "domain", "operations", "objective", "budget"),
}
_EQUATIONS = {"step", "when", "otherwise", "program", "file", "sde", "ode"}
_WORDS = {word for words in ALLOWED.values() for word in words}

# (pattern in the line, sentence, fix)
_HABITS: tuple[tuple[str, str, str], ...] = (
    (r"\*\*", "powers are written with ^", "write x^2 for x**2"),
    (r"\w''", "a name has at most one prime", "x' is the value after the step; the step after that has no name"),
    (r"(?<![\w.])\.\d", "a number starts with a digit", "write 0.5 for .5"),
    (r"\d\.(?![\d.])", "a number ends with a digit", "write 5.0 for 5."),
    (r"&&|\|\|", "conditions are joined by words", "write `and`, `or`"),
    (r"(?<![!<>=])!(?!=)", "negation is the word not", "write `not c`"),
    (r"[+\-*/]=", "equations do not change a name in place", "write x' = x + .., the value after the step"),
    (r":=", "definitions are written with =", "write x = .."),
    (r"\b\d+[A-Za-z_]\w*", "a product needs a *", "write 2*x for 2x"),
    (r"\blambda\b", "a function value is written with ->", "write x -> x^2"),
)


def not_here(line: LogicalLine, block: str, source: Source) -> Diagnostic | None:
    """A line whose first word opens a line of another block."""
    match = re.match(r"([A-Za-z_]\w*)(?=\s+[\w\"(]|\s*$)", line.text)
    if match is None:
        return None
    word = match.group(1)
    allowed = ALLOWED[block]
    if word in allowed or word in ("if", "min", "max", "grad"):
        return None
    span = Span(source, line.start, line.start + len(word))
    where = "at the top of a file" if block == "file" else f"in {_article(block)} {block}"
    if word in _WORDS and not re.match(r"\w+\s*(=|\[|,)", line.text):
        known = ", ".join(allowed) or "equations"
        return Diagnostic("E0110", f"{word} can't stand {where}", span, help=f"here may stand {known}")
    if re.match(r"\w+\s+[A-Za-z_\"]", line.text) and not re.match(r"\w+\s+(in|mod|and|or|for)\b", line.text):
        fix = suggestion(word, allowed)
        return Diagnostic("E0111", f"{word} is not a word that opens a line {where}", span,
                          help=fix or f"here may stand {', '.join(allowed)}{' and equations' if block in _EQUATIONS else ''}")
    return None


def explain_mistake(error: Any, line: LogicalLine, block: str, source: Source) -> Diagnostic:
    """The message for a line that does not parse."""
    bare = re.sub(r'"[^"]*"', lambda m: " " * len(m.group()), line.text)
    for pattern, sentence, fix in _HABITS:
        found = re.search(pattern, bare)
        if found:
            span = Span(source, line.start + found.start(), line.start + found.end())
            return Diagnostic("E0112", sentence, span, help=fix)
    token = getattr(error, "token", None)
    expected = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ())
    if token is None:
        at = getattr(error, "pos_in_stream", line.start)
        character = source.text[at : at + 1]
        return Diagnostic("E0113", f"{character} has no meaning here", Span(source, at, at + 1), help=_expected(expected))
    if token.type == "$END":
        return _unfinished(line, expected, source)
    start = token.start_pos if token.start_pos is not None else line.start
    span = Span(source, start, start + max(len(str(token)), 1))
    return _unexpected(str(token), span, expected, line)


def _unfinished(line: LogicalLine, expected: set[str], source: Source) -> Diagnostic:
    end = line.start + len(line.text)
    span = Span(source, max(end - 1, line.start), end)
    if "ELSE" in expected and " then " in line.text:
        return Diagnostic("E0114", "an `if` needs its `else`", span, help="write: if c then a else b")
    return Diagnostic("E0114", "the line ends before it is complete", span, help=_expected(expected))


def _unexpected(word: str, span: Span, expected: set[str], line: LogicalLine) -> Diagnostic:
    if word == "=" and expected & {"PLUS", "EQ", "LE"}:
        return Diagnostic("E0115", "= defines and can't stand inside an expression", span, help="to compare, write ==")
    if word == "==" and "EQUAL" in expected:
        return Diagnostic("E0115", "== compares; a definition is written with =", span, help="write =")
    if word in _RESERVED:
        return Diagnostic("E0116", f"{word} is a reserved word and can't be a name", span, help=f"call it {word}_ or something else")
    if word == "'":
        return Diagnostic("E0115", "a prime belongs to a state's name", span, help="transpose is .T, a derivative is grad f(x)")
    return Diagnostic("E0115", f"{word} can't stand here", span, help=_expected(expected))


_RESERVED = set("if then else and or not in mod where by of min max argmin argmax grad hess jac div laplacian".split())
_IN_WORDS = {
    "NAME": "a name", "NUMBER": "a number", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "EQUAL": "=", "COMMA": ",",
    "STRING": "a quoted text", "COLON": ":", "ELSE": "else", "THEN": "then", "WHEN": "when", "TILDE": "~", "$END": "the end of the line",
}


def _expected(expected: set[str]) -> str:
    if {"NAME", "NUMBER", "LPAR"} <= expected:
        return "an expression is expected here"
    words = [_IN_WORDS[name] for name in _IN_WORDS if name in expected]
    return f"expected {' or '.join(words[:4])}" if words else ""


def _article(block: str) -> str:
    return "an" if block[0] in "aeio" else "a"
