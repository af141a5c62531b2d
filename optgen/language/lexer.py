"""A text to its tokens, comments apart; Unicode spellings become their ASCII ones, places stay those of the text.

Habits from other notations (`**`, `&&`, `.5`, `x''`, ...) are told here, once, and read as what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from optgen.diagnostics import Diagnostic, Source, Span

WORD, PRIMED, NUMBER, STRING, NEWLINE = "WORD", "PRIMED", "NUMBER", "STRING", "NEWLINE"

#: Words that are never names.
RESERVED = frozenset(
    [
        "if",
        "then",
        "else",
        "and",
        "or",
        "not",
        "in",
        "mod",
        "where",
        "by",
        "of",
        "min",
        "max",
        "argmin",
        "argmax",
        "grad",
        "hess",
        "jac",
        "div",
        "laplacian",
    ]
)

SIGNS = {
    "==": "EQ", "!=": "NE", "<=": "LE", ">=": "GE", "->": "ARROW", "..": "RANGE", "<": "LT", ">": "GT", "=": "EQUAL",
    "~": "TILDE", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "@": "AT", "^": "CIRCUMFLEX", "%": "PERCENT",
    ",": "COMMA", ":": "COLON", ";": "SEMI", ".": "DOT", "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB",
    "{": "LBRACE", "}": "RBRACE",
}  # fmt: skip

_LETTERS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "ϵ": "eps", "ζ": "zeta", "η": "eta",
    "θ": "theta", "κ": "kappa", "λ": "lam", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lam", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ℝ": "R",
    "ℕ": "N", "ℤ": "Z", "ℓ": "ell",
}  # fmt: skip
_SUBSCRIPTS = {chr(0x2080 + digit): str(digit) for digit in range(10)}
_SPELLING = str.maketrans({**_LETTERS, **_SUBSCRIPTS, "′": "'"})

# one character, one or two tokens
_SYMBOLS: dict[str, tuple[tuple[str, str], ...]] = {
    "≤": (("LE", "<="),), "≥": (("GE", ">="),), "≠": (("NE", "!="),), "→": (("ARROW", "->"),), "−": (("MINUS", "-"),),
    "∘": (("STAR", "*"),), "·": (("STAR", "*"),), "×": (("STAR", "*"),), "⋅": (("STAR", "*"),), "∼": (("TILDE", "~"),),
    "∇": ((WORD, "grad"),), "∞": ((WORD, "inf"),), "∈": ((WORD, "in"),), "∧": ((WORD, "and"),), "∨": ((WORD, "or"),),
    "¬": ((WORD, "not"),), "²": (("CIRCUMFLEX", "^"), (NUMBER, "2")), "³": (("CIRCUMFLEX", "^"), (NUMBER, "3")),
}  # fmt: skip

# habit: what is read instead, the sentence, the fix
_HABITS: dict[str, tuple[tuple[str, str], str, str]] = {
    "**": (("CIRCUMFLEX", "^"), "powers are written with ^", "write x^2 for x**2"),
    "...": (("RANGE", ".."), "a range is written with two dots", "write 1..n for 1...n"),
    "&&": ((WORD, "and"), "conditions are joined by words", "write `and` for &&"),
    "||": ((WORD, "or"), "conditions are joined by words", "write `or` for ||"),
    "!": ((WORD, "not"), "negation is the word not", "write `not c` for !c"),
    ":=": (("EQUAL", "="), "definitions are written with =", "write = for :="),
    "=>": (("ARROW", "->"), "functions are written with ->", "write x -> x^2; what a claim assumes stands in `given`"),
    "//": (("SLASH", "/"), "/ is real division, and there is no //", "write floor(a/b) for a//b"),
    **{
        f"{sign}=": (
            ("EQUAL", "="),
            "an equation defines a value, it does not change one in place",
            f"write x' = x {sign} .., the value after the step",
        )
        for sign in "+-*/"
    },
}

_HEAD = "A-Za-z_" + "".join(_LETTERS)
_TOKENS = re.compile(
    rf"""(?P<space>[ \t\r]+)
    |(?P<word>[{_HEAD}][{_HEAD}0-9{"".join(_SUBSCRIPTS)}]*)(?P<primes>['′]*)
    |(?P<number>0x[0-9a-fA-F]+(?:\.[0-9a-fA-F]+)?(?:p[+-]?[0-9]+)?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<newline>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<string>"[^"\n]*"?)
    |(?P<half>\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<habit>\.\.\.|\*\*|&&|\|\||!(?!=)|:=|=>|//|[-+*/]=(?!=))
    |(?P<sign>==|!=|<=|>=|->|\.\.|[-<>=~+*/@^%,:;.()\[\]{{}}])
    |(?P<symbol>[{"".join(_SYMBOLS)}])
    |(?P<norm>‖)
    |(?P<other>.)""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """`kind` is a terminal of the grammar, or WORD or NEWLINE; `text` is canonical, `start` and `end` are places."""

    kind: str
    text: str
    start: int
    end: int


class Lexed(NamedTuple):
    """Tokens with a NEWLINE after each physical line that has one; the comments; what is wrong."""

    tokens: list[Token]
    comments: list[Token]
    problems: list[Diagnostic]


def lex(source: Source) -> Lexed:
    """The tokens of a text.  Never fails: what has no meaning is a problem, and left out."""
    tokens: list[Token] = []
    comments: list[Token] = []
    problems: list[Diagnostic] = []
    inside_norm = False

    def problem(code: str, message: str, start: int, end: int, fix: str) -> None:
        problems.append(Diagnostic(code, message, Span(source, start, end), help=fix))

    for match in _TOKENS.finditer(source.text):
        kind, (start, end) = match.lastgroup, match.span()
        text = match.group()
        if kind == "space":
            continue
        if kind == "primes":  # of a word, mostly none of them
            word = text if text.isascii() else text.translate(_SPELLING)
            if word[-1] != "'":
                tokens.append(Token(WORD, word, start, end))
                continue
            name = word.rstrip("'")
            if len(word) - len(name) > 1:
                problem("E0112", "a name has at most one prime", start, end, f"{name}' is the value after the step")
            tokens.append(Token(PRIMED, name + "'", start, end))
        elif kind == "sign":
            tokens.append(Token(SIGNS[text], text, start, end))
        elif kind == "number":
            tokens.append(Token(NUMBER, text, start, end))
            _after_number(source, tokens, text, end, problem)
        elif kind == "newline":
            inside_norm = False
            if tokens and tokens[-1].kind != NEWLINE:
                tokens.append(Token(NEWLINE, text, start, end))
        elif kind == "comment":
            comments.append(Token("COMMENT", text.rstrip(), start, start + len(text.rstrip())))
        elif kind == "string":
            if len(text) < 2 or text[-1] != '"':
                problem("E0103", "this text is not closed", start, start + len(text.rstrip()), 'close it with "')
                text = text.rstrip() + '"'
            tokens.append(Token(STRING, text, start, end))
        elif kind == "half":
            problem("E0112", "a number starts with a digit", start, end, f"write 0{text} for {text}")
            tokens.append(Token(NUMBER, "0" + text, start, end))
        elif kind == "habit":
            meant, sentence, fix = _HABITS[text]
            problem("E0112", sentence, start, end, fix)
            tokens.append(Token(*meant, start, end))
        elif kind == "symbol":
            tokens.extend(Token(*meant, start, end) for meant in _SYMBOLS[text])
        elif kind == "norm":
            pair = ((")", "RPAR"),) if inside_norm else (("norm", WORD), ("(", "LPAR"))
            tokens.extend(Token(name, spelled, start, end) for spelled, name in pair)
            inside_norm = not inside_norm
        else:
            problem("E0113", f"the character {text} has no meaning here", start, end, _character_fix(text))
    return Lexed(tokens, comments, problems)


def _after_number(source: Source, tokens: list[Token], text: str, end: int, problem: Callable[..., None]) -> None:
    """`5.` and `2x`: told, and read as `5` and `2*x`."""
    following = source.text[end : end + 2]
    if following[:1] == "." and following != ".." and not following[1:2].isalpha():
        fix = f"write {text}.0 or {text} for {text}."
        problem("E0112", "a number ends with a digit", end - len(text), end + 1, fix)
    elif re.match(rf"[{_HEAD}]", following):
        word = re.match(rf"[{_HEAD}0-9]*", source.text[end:])
        name = word.group() if word else ""
        start = end - len(text)
        problem("E0112", "a product needs its *", start, end + len(name), f"write {text}*{name} for {text}{name}")
        tokens.append(Token("STAR", "*", end, end))


_CHARACTER_FIXES = {
    "'": "a prime follows a state's name, x'; the transpose is A.T; texts stand between double quotes",
    "\\": "a line goes on after an operator or comma, and inside brackets",
    "|": "the absolute value is abs(x)",
    "&": "conditions are joined by `and`",
    "?": "a choice is written if c then a else b",
}


def _character_fix(character: str) -> str:
    if character.isalpha():
        return "names are made of letters a to z, Greek letters, digits and _"
    return _CHARACTER_FIXES.get(character, "")
