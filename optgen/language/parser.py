"""A text to the tree of its blocks: each logical line is parsed alone, so one error never hides the next."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen.diagnostics import Diagnostic, Source, Span, SpecError
from optgen.language import tree
from optgen.language.layout import LogicalLine, layout

if TYPE_CHECKING:
    from lark import Lark

# the start symbol of the lines inside each kind of block
INSIDE = {
    "file": "top", "algorithm": "body", "problem": "body", "network": "body", "function": "body", "sde": "body",
    "ode": "body", "phase": "body", "step": "step", "when": "step", "otherwise": "step", "program": "step",
    "claim": "claim", "experiment": "experiment", "search": "search",
}


@cache
def _grammar() -> Lark:
    """The one LALR parser, with a start symbol for each kind of block."""
    from lark import Lark

    text = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    starts = sorted({*INSIDE.values()})
    return Lark(text, start=starts, parser="lalr", maybe_placeholders=False, propagate_positions=True)


def _read(source: Source, start: int, text: str, symbol: str) -> Any:
    """The node of one line, which begins at `start`; blanks before it make positions those of the source."""
    from optgen.language.builder import Builder

    return Builder(source).transform(_grammar().parse(" " * start + text, start=symbol))


def parse(source: Source | str, name: str = "<text>") -> tree.File:
    """The tree of a spec; raises SpecError with every error of layout and syntax."""
    if isinstance(source, str):
        source = Source(name, source)
    plain = ascii_source(source)
    lines, problems = layout(plain.source)
    body = tuple(_item(line, "file", plain.source, problems) for line in lines)
    if problems:
        problems = [_to_original(problem, plain) for problem in problems]
        raise SpecError(sorted(problems, key=lambda p: p.span.start if p.span else 0))
    return tree.File(Span(source, 0, len(source.text)), tuple(item for item in body if item is not None))


def parse_expression(text: str) -> tree.Expr:
    """One expression, for tests and tools."""
    line = _read(Source("<expression>", "value " + text), 0, "value " + text, "body")
    return line.expr  # type: ignore[no-any-return]


def _item(line: LogicalLine, block: str, source: Source, problems: list[Diagnostic]) -> tree.Line | tree.Group | None:
    from lark.exceptions import UnexpectedInput

    from optgen.language.mistakes import explain_mistake, not_here

    made: tree.Line | tree.Group | None = None
    wrong = not_here(line, block, source)
    if wrong is not None:
        problems.append(wrong)
    else:
        try:
            made = _read(source, line.start, line.text, INSIDE[block])
        except UnexpectedInput as error:
            problems.append(explain_mistake(error, line, block, source))
    kind = made.kind if isinstance(made, tree.Group) else None
    if made is None:
        kind = _opened(line.text)
    if line.children and kind is None:
        first = line.children[0]
        if made is not None:
            problems.append(Diagnostic("E0105", "this line is indented, but the line above opens no block",
                                       Span(source, first.start, first.end)))
        return made
    children = tuple(_item(child, kind, source, problems) for child in line.children) if kind else ()
    if isinstance(made, tree.Group):
        return replace(made, body=tuple(child for child in children if child is not None))
    return made


def _opened(text: str) -> str | None:
    """The kind of block that a line with a mistake was meant to open."""
    word = re.match(r"\w+", text)
    return word.group() if word and word.group() in INSIDE else None


# ---------------------------------------------------------------- Unicode spellings


class _Plain:
    """A source in ASCII, and where each of its characters stands in the original."""

    def __init__(self, original: Source, source: Source, places: list[int] | None) -> None:
        self.original, self.source, self.places = original, source, places


_SPELLINGS = {
    "∇": "grad ", "≤": "<=", "≥": ">=", "≠": "!=", "∞": "inf", "∘": "*", "·": "*", "×": "*", "−": "-", "→": "->", "∈": " in ",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "ζ": "zeta", "η": "eta", "θ": "theta", "κ": "kappa",
    "λ": "lam", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lam", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "ℝ": "R", "′": "'", "²": "^2", "³": "^3",
    **{chr(0x2080 + digit): str(digit) for digit in range(10)},
}


def ascii_source(source: Source) -> _Plain:
    """The canonical ASCII spelling: `β₁ ∇f(x) ≤ ‖x‖` is `beta1 grad f(x) <= norm(x)`.  Quoted texts and comments stay."""
    if source.text.isascii():
        return _Plain(source, source, None)
    parts: list[str] = []
    places: list[int] = []
    inside_norm = quoted = comment = False
    for position, character in enumerate(source.text):
        if character == "\n":
            quoted = comment = False
        elif character == '"' and not comment:
            quoted = not quoted
        elif character == "#" and not quoted:
            comment = True
        spelled = character
        if not quoted and not comment:
            if character == "‖":
                spelled = ")" if inside_norm else "norm("
                inside_norm = not inside_norm
            else:
                spelled = _SPELLINGS.get(character, character)
        parts.append(spelled)
        places.extend([position] * len(spelled))
    places.append(len(source.text))
    return _Plain(source, Source(source.name, "".join(parts)), places)


def _to_original(problem: Diagnostic, plain: _Plain) -> Diagnostic:
    if plain.places is None or problem.span is None:
        return problem
    places = plain.places

    def moved(span: Span) -> Span:
        return Span(plain.original, places[min(span.start, len(places) - 1)], places[min(span.end, len(places) - 1)])

    return replace(problem, span=moved(problem.span), secondary=tuple((moved(s), text) for s, text in problem.secondary))
