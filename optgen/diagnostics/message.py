"""A message about a text, and the exception that carries messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from optgen.diagnostics.span import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem, in the author's terms.

    `code` names the kind (`E0201`; the table is in `codes.py`), `message` is one sentence, `label` stands under the
    underlined span, `secondary` are other places with a label each, `help` is the likely fix.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    secondary: tuple[tuple[Span, str], ...] = ()
    help: str = ""
    severity: Severity = "error"


class SpecError(Exception):
    """One or more problems of a spec or of what was given to a solver."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from optgen.diagnostics.render import render_text

        return "\n\n".join(render_text(diagnostic) for diagnostic in self.diagnostics)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean beta1?` for the nearest known word, or an empty string."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    near += [name for name in names if name != word and (name.lower() == word.lower() or sorted(name) == sorted(word))]
    return f"did you mean {near[0]}?" if near else ""
