"""How lowering reports: one function that raises, so that all messages are made alike."""

from __future__ import annotations

from typing import NoReturn

from optgen.diagnostics import Diagnostic, Span, SpecError


def fail(
    code: str,
    message: str,
    span: Span | None,
    label: str = "",
    secondary: tuple[tuple[Span, str], ...] = (),
    help: str = "",
) -> NoReturn:
    """Raise one diagnostic."""
    raise SpecError([Diagnostic(code, message, span, label, secondary, help)])


class Poisoned(Exception):
    """Something that was already reported is used; says nothing itself."""
