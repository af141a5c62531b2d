"""Text of a spec to its tree: layout, grammar, parser, formatter.

In: text.  Out: `tree.File`, or every error of the text at once.
Must not know: what any name means (passes/lower), SymPy, a backend.
"""

from optgen.language.parser import parse

__all__ = ["parse"]
