"""Text of a spec to its tree: lexer, layout, grammar, parser, formatter.

In: text.  Out: `tree.File`, or every error of the text at once.
Must not know: what any name means (passes/lower), SymPy, a backend.

    text -lexer-> tokens -layout-> blocks of logical lines -automaton-> nodes of `tree`, made by `make`
                                                          +-mistakes-> what a line that does not parse is told

`blocks` says which lines may stand where.  `grammar.lark` is the grammar of one line; `build` makes of it the tables
that the automaton runs, so that no user waits for a parser generator.  `format` writes the canonical text.
"""

from optgen.language.parser import parse, parse_expression

__all__ = ["parse", "parse_expression"]
