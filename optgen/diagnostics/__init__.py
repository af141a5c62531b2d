"""Places in a text, messages about them, and the one renderer (text, colour, JSON).

In: spans and sentences from any room.  Out: `Diagnostic` objects, and `SpecError`, the one exception that carries them.
A leaf: imports nothing of optgen; anyone may import it.
"""

from optgen.diagnostics.message import Diagnostic, Severity, SpecError, suggestion
from optgen.diagnostics.span import Source, Span

__all__ = ["Diagnostic", "Severity", "Source", "Span", "SpecError", "suggestion"]
