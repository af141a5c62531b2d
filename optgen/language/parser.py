"""A text to the tree of its blocks: each logical line is parsed alone, so one error never hides the next."""

from __future__ import annotations

from dataclasses import replace

from optgen.diagnostics import Diagnostic, Source, Span, SpecError
from optgen.language import automaton, tree
from optgen.language.blocks import BLOCKS
from optgen.language.layout import LogicalLine, layout
from optgen.language.lexer import lex
from optgen.language.make import NODES, PARTS
from optgen.language.mistakes import intended_block, misplaced, stuck


def parse(source: Source | str, name: str = "<text>") -> tree.File:
    """The tree of a spec; raises SpecError with every error of layout and syntax, in the order of the text."""
    if isinstance(source, str):
        source = Source(name, source)
    lexed = lex(source)
    problems = lexed.problems
    lines = layout(source, lexed.tokens, problems)
    body = _body(lines, "file", source, problems)
    if problems:
        raise SpecError(sorted(problems, key=lambda problem: problem.span.start if problem.span else 0))
    return tree.File(Span(source, 0, len(source.text)), body)


def parse_expression(text: str) -> tree.Expr:
    """One expression; raises SpecError."""
    source = Source("<expression>", text)
    line = parse_line(source, "function", prefix="value ")
    assert isinstance(line, tree.Line) and line.expr is not None
    return line.expr


def parse_line(source: Source, block: str, prefix: str = "") -> tree.Line | tree.Group:
    """The one logical line of a source, as it stands in a block of this kind; `prefix` are words read before it."""
    opening = lex(Source(source.name, prefix)).tokens
    lexed = lex(source)
    problems = lexed.problems
    lines = layout(source, lexed.tokens, problems)
    if not lines and not problems:
        problems.append(Diagnostic("E0114", "the text is empty", Span(source, 0, len(source.text))))
    made = None
    for line in lines[:1]:
        line.tokens[:0] = [token._replace(start=line.start, end=line.start) for token in opening]
        made = _line(line, block, source, problems)
    for line in lines[1:]:
        problems.append(Diagnostic("E0115", "the text goes on after its end", Span(source, line.start, line.end)))
    if problems or made is None:
        raise SpecError(problems)
    return made


def _body(
    lines: list[LogicalLine], block: str, source: Source, problems: list[Diagnostic]
) -> tuple[tree.Line | tree.Group, ...]:
    """The nodes of the lines of one block, with their own blocks; a line with a mistake leaves none."""
    body: list[tree.Line | tree.Group] = []
    for line in lines:
        made = _line(line, block, source, problems)
        inner = made.kind if isinstance(made, tree.Group) else None
        if made is None and line.children:
            inner = intended_block(line)
        if line.children and inner is None:
            first = line.children[0]
            if made is not None:
                message = "this line is indented, and the line above opens no block"
                problems.append(
                    Diagnostic(
                        "E0105",
                        message,
                        Span(source, first.start, first.end),
                        secondary=((made.span, "this line opens no block"),),
                        help="remove the extra spaces",
                    )
                )
            _body(line.children, block, source, problems)
        elif inner is not None:
            children = _body(line.children, inner, source, problems)
            if isinstance(made, tree.Group):
                made = replace(made, body=children)
        if made is not None:
            body.append(made)
    return tuple(body)


def _line(line: LogicalLine, block: str, source: Source, problems: list[Diagnostic]) -> tree.Line | tree.Group | None:
    """The node of one line, without its block; a mistake is added to `problems`, unless the line has one already."""
    wrong = misplaced(line, block, source)
    if wrong is None:
        try:
            made: tree.Line | tree.Group = automaton.run(BLOCKS[block].start, line.tokens, source, NODES, PARTS)
            return made
        except automaton.Stuck as error:
            wrong = stuck(error, line, block, source)
        except SpecError as error:
            problems.extend(error.diagnostics)
            return None
    if not any(told.span is not None and line.start <= told.span.start < line.end for told in problems):
        problems.append(wrong)
    return None
